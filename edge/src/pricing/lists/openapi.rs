//! The operations of price lists, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ChannelKind, CustomerGroupKind, PriceListKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{PriceListBody, PriceListsBody, WritePriceListBody};
use crate::openapi::{
    AllowedActions, Answer, Header, Operation, Parameter, Problems, RequestBody, id, idempotency, if_match, json_body,
    not_found, of, time, wrong_query,
};
use crate::pricing::openapi::{changing, list_id, operation};
use crate::pricing::writing::{Most, WriteError};

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), replace(), delete()]
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/price-lists", "listPriceLists", Scope::PricingRead)
        .says("Lists price lists", "The oldest first; a store has 250 at most.")
        .parameters(Parameter::page())
        .answer(Answer::json::<PriceListsBody>(200, "A page of price lists.").headers([Header::Link]).example(
            "one",
            "One price list",
            json!({ "items": [wholesale()], "nextCursor": null }),
        ))
        .problems(wrong_query())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/price-lists", "createPriceList", Scope::PricingWrite)
        .says(
            "Makes a price list",
            "Without prices, which are its rules: `PUT /api/v1/price-lists/{id}/rules`. From `startsAt` to `endsAt` it \
             holds by itself, without a job. Of overrides the one of the highest priority sets the regular price; of \
             sales the one of the highest priority that is lower.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(body("The price list."))
        .answer(
            Answer::json::<PriceListBody>(201, "The price list.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("wholesale", "A new price list", wholesale()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(changing())
        .problems(vec![of(WriteError::TooMany(Most::Lists), "There are 250 already.").with::<AllowedActions>()])
        .problems(too_large())
}

/// Of all active ones together.
fn too_large() -> Problems {
    vec![
        of(WriteError::TooMany(Most::Bytes), "The active ones would have more than 256 KiB together.")
            .with::<AllowedActions>(),
    ]
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/price-lists/{id}", "getPriceList", Scope::PricingRead)
        .says("Shows a price list", "Without its rules.")
        .parameters([list_id()])
        .answer(answer())
        .problems(not_found())
}

fn replace() -> Operation {
    operation(Method::PUT, "/api/v1/price-lists/{id}", "replacePriceList", Scope::PricingWrite)
        .says(
            "Replaces a price list",
            "What is left out is as in a new one. Its rules stay. Channels and groups that it names already may be gone \
             since, and stay named: for them it is for nobody.",
        )
        .parameters([list_id(), Parameter::if_match()])
        .body(body("The price list as it is to be."))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
        .problems(too_large())
}

fn delete() -> Operation {
    operation(Method::DELETE, "/api/v1/price-lists/{id}", "deletePriceList", Scope::PricingWrite)
        .says("Deletes a price list", "With its rules. One that another is based on stays.")
        .parameters([list_id(), Parameter::if_match()])
        .answer(Answer::empty(204, "The price list is gone."))
        .problems(not_found())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
        .problems(vec![of(WriteError::IsABase, "Another list is based on it.").with::<AllowedActions>()])
}

fn body(says: &'static str) -> RequestBody {
    RequestBody::json::<WritePriceListBody>(says).example("wholesale", "Prices of a group in one channel", written())
}

fn answer() -> Answer {
    Answer::json::<PriceListBody>(200, "The price list.").headers([Header::Etag]).example(
        "wholesale",
        "A price list",
        wholesale(),
    )
}

fn written() -> Value {
    json!({
        "name": "Wholesale",
        "kind": "override",
        "priority": 10,
        "active": true,
        "channels": [id::<ChannelKind>(1).to_string()],
        "groups": [id::<CustomerGroupKind>(1).to_string()],
        "currencies": ["EUR"],
        "startsAt": time(0),
        "endsAt": time(72),
        "endings": [{ "currency": "EUR", "step": 100, "offset": 99, "toward": "down" }],
    })
}

pub fn wholesale() -> Value {
    let mut list = written();
    let more = json!({
        "id": id::<PriceListKind>(1).to_string(),
        "basedOn": null,
        "ruleCount": 0,
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    });
    if let (Some(list), Value::Object(more)) = (list.as_object_mut(), more) {
        list.extend(more);
    }
    list
}
