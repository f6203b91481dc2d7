//! The operations of gift cards, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::GiftCardKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{BalanceBody, CardBody, CardsBody, IssueBody, LookUpBody};
use crate::catalog::query_problems;
use crate::ledger::openapi::{adjustment, changing, entries_answer, insufficient, operation};
use crate::ledger::writing::WriteError;
use crate::openapi::{
    Answer, Header, Operation, Parameter, RequestBody, id, idempotency, if_match, json_body, money, not_found, time,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), issue(), show(), disable(), enable(), adjust(), entries(), look_up()]
}

fn list() -> Operation {
    let state = json!({ "type": "string", "enum": ["active", "disabled"] });
    let last_four = json!({ "type": "string", "pattern": "^[0-9A-Za-z]{4}$" });
    operation(Method::GET, "/api/v1/gift-cards", "listGiftCards", Scope::GiftCardsRead)
        .says("Lists gift cards", "The newest first.")
        .parameters([
            Parameter::query("filter[state]", "Only those in this state.", state, "active"),
            Parameter::query("filter[lastFour]", "Only those whose codes end so.", last_four, "7KQ2"),
        ])
        .parameters(Parameter::page())
        .answer(Answer::json::<CardsBody>(200, "A page of cards.").headers([Header::Link]).example(
            "one",
            "One card",
            json!({ "items": [card()], "nextCursor": null }),
        ))
        .problems(query_problems())
}

fn issue() -> Operation {
    let mut issued = card();
    if let Some(members) = issued.as_object_mut() {
        members.insert("code".to_owned(), "J4XK-0W8M-TQ2B-7KQ2".into());
    }
    let printed = json!({
        "amount": money(2_500),
        "code": "WINTER26-4F7Q-9ZTK",
        "expiresAt": "2036-12-31T23:59:59.000Z",
        "note": "Sold at the counter",
    });
    operation(Method::POST, "/api/v1/gift-cards", "issueGiftCard", Scope::GiftCardsWrite)
        .says(
            "Issues a gift card",
            "The answer is the only one that has its code: what is kept is a keyed hash and the last four characters.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<IssueBody>("What is on it.")
                .example("fifty", "Fifty euros", json!({ "amount": money(5_000) }))
                .example("printed", "One that is printed already", printed),
        )
        .answer(
            Answer::json::<CardBody>(201, "The card, with its code.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("fifty", "A new card", issued),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(changing())
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/gift-cards/{id}", "getGiftCard", Scope::GiftCardsRead)
        .says("Shows a gift card", "With what is on it, and without its code.")
        .parameters([card_id()])
        .answer(answer())
        .problems(not_found())
}

fn disable() -> Operation {
    of_state("/api/v1/gift-cards/{id}/disable", "disableGiftCard")
        .says("Disables a gift card", "What is on it stays, and pays for nothing until it is enabled again.")
}

fn enable() -> Operation {
    of_state("/api/v1/gift-cards/{id}/enable", "enableGiftCard").says("Enables a gift card", "That was disabled.")
}

fn of_state(path: &'static str, id: &'static str) -> Operation {
    operation(Method::POST, path, id, Scope::GiftCardsWrite)
        .parameters([card_id(), Parameter::if_match()])
        .answer(answer())
        .problems(not_found())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
}

fn adjust() -> Operation {
    let answer = Answer::json::<CardBody>(201, "The card, with what is on it now.");
    operation(Method::POST, "/api/v1/gift-cards/{id}/adjustments", "adjustGiftCard", Scope::GiftCardsWrite)
        .says("Changes what is on a gift card", "The reason stands in its history. It is never below zero.")
        .parameters([card_id(), Parameter::idempotency_key(false)])
        .body(adjustment())
        .answer(answer.headers([Header::Location, Header::IdempotentReplayed]).example("fifty", "The card", card()))
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(insufficient())
        .problems(changing())
}

fn entries() -> Operation {
    operation(Method::GET, "/api/v1/gift-cards/{id}/entries", "listGiftCardEntries", Scope::GiftCardsRead)
        .says("Lists what has moved the balance of a gift card", "The newest first.")
        .parameters([card_id()])
        .parameters(Parameter::page())
        .answer(entries_answer())
        .problems(not_found())
        .problems(query_problems())
}

fn look_up() -> Operation {
    operation(Method::POST, "/api/v1/gift-cards/lookup", "lookUpGiftCard", Scope::CheckoutWrite)
        .says(
            "Tells what is on a gift card",
            "To whoever has its code, which stands in no URL. A code that there is not, one of another store and one of a \
             card that is disabled or over are not told apart.",
        )
        .body(RequestBody::json::<LookUpBody>("The code.").example(
            "typed",
            "As it is printed",
            json!({ "code": "J4XK-0W8M-TQ2B-7KQ2" }),
        ))
        .answer(Answer::json::<BalanceBody>(200, "What is on it.").example(
            "fifty",
            "Fifty euros",
            json!({ "lastFour": "7KQ2", "balance": money(5_000), "expiresAt": null }),
        ))
        .problems(json_body())
        .problems(not_found())
}

fn card_id() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^gcard_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The card's id.", schema, id::<GiftCardKind>(1).to_string())
}

fn answer() -> Answer {
    Answer::json::<CardBody>(200, "The card.").headers([Header::Etag]).example("fifty", "A card", card())
}

fn card() -> Value {
    json!({
        "id": id::<GiftCardKind>(1).to_string(),
        "lastFour": "7KQ2",
        "state": "active",
        "balance": money(5_000),
        "issued": money(5_000),
        "expiresAt": null,
        "note": null,
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}
