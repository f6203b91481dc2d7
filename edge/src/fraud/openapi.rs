//! The operations of fraud, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountKind, FraudReviewKind, OrderKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{ApproveBody, RejectBody, ReviewBody, ReviewsBody, SettingsBody};
use super::settings::WriteError;
use super::wire::{PreviewBody, ReplaceBody, VerdictBody};
use crate::catalog::query_problems;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, if_match, json_body, money, not_found, of, time,
};

const REVIEW: &str = "/api/v1/fraud-reviews/{id}";

pub fn operations() -> Vec<Operation> {
    vec![show_settings(), replace_settings(), preview(), list(), show(), approve(), reject()]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    let budget = if scope == Scope::OrdersRead { Budget::new(1, 2, 0) } else { Budget::growing(2, 0) };
    Operation::new(method, path, id, "Fraud")
        .cache(Cache::Personal)
        .budget(budget)
        .problems(credentials(scope))
        .problems(database())
}

fn show_settings() -> Operation {
    operation(Method::GET, "/api/v1/fraud-settings", "getFraudSettings", Scope::OrdersRead)
        .says("Shows how the store judges orders", "Without rules every order is placed, and nothing is counted.")
        .answer(settings_answer())
}

fn replace_settings() -> Operation {
    operation(Method::PUT, "/api/v1/fraud-settings", "replaceFraudSettings", Scope::OrdersWrite)
        .says(
            "Replaces how the store judges orders",
            "The sharpest outcome of all rules that hold decides. Attempts to complete a checkout count once each, however often \
             they are repeated. Where counters do not answer in `timeoutMillis`, `withoutCounts` holds for orders that a rule \
             would need them for.",
        )
        .parameters([Parameter::if_match()])
        .body(RequestBody::json::<ReplaceBody>("All of it.").example(
            "many",
            "A fifth attempt in an hour from far away is blocked, and dear orders from elsewhere are looked at",
            json!({ "rules": rules() }),
        ))
        .answer(settings_answer())
        .problems(json_body())
        .problems(writing())
}

fn preview() -> Operation {
    operation(Method::POST, "/api/v1/fraud-settings/preview", "previewFraud", Scope::OrdersRead)
        .says("Judges signals that are made up", "By the store's rules. Nothing is counted, and nothing is kept.")
        .body(RequestBody::json::<PreviewBody>("What is known; each may be left out.").example(
            "elsewhere",
            "A dear order from one country to another",
            json!({
                "counts": { "email": 2, "address": 1 },
                "shippingCountry": "DE",
                "billingCountry": "US",
                "total": money(80_000),
            }),
        ))
        .answer(Answer::json::<VerdictBody>(200, "The verdict.").example(
            "elsewhere",
            "It is looked at",
            json!({ "outcome": "review", "reasons": [{ "reason": "dear-and-far", "outcome": "review" }] }),
        ))
        .problems(json_body())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/fraud-reviews", "listFraudReviews", Scope::OrdersRead)
        .says("Lists orders that a person looks at", "Those that are open first, and the oldest of them.")
        .parameters(Parameter::page())
        .answer(Answer::json::<ReviewsBody>(200, "A page of reviews.").headers([Header::Link]).example(
            "one",
            "One is open",
            json!({ "items": [review("open")], "nextCursor": null }),
        ))
        .problems(query_problems())
}

fn show() -> Operation {
    operation(Method::GET, REVIEW, "getFraudReview", Scope::OrdersRead)
        .says("Shows an order that a person looks at", "With the reasons, and what they were asked about.")
        .parameters([review_id()])
        .answer(answer())
        .problems(not_found())
}

fn approve() -> Operation {
    decision("/api/v1/fraud-reviews/{id}/approve", "approveFraudReview")
        .says("Approves an order that was looked at", "Tells `fraud.approved`. The same again changes nothing.")
        .body(RequestBody::json::<ApproveBody>("A note, or nothing.").example(
            "known",
            "The staff knows the buyer",
            json!({ "note": "Called back; it is them." }),
        ))
}

fn reject() -> Operation {
    decision("/api/v1/fraud-reviews/{id}/reject", "rejectFraudReview")
        .says(
            "Rejects an order that was looked at",
            "Records the decision and tells `fraud.rejected`. The order stays as it is: whoever listens cancels it.",
        )
        .body(RequestBody::json::<RejectBody>("Why.").example(
            "stolen",
            "The card is not the buyer's",
            json!({ "note": "The cardholder knows of nothing." }),
        ))
}

fn decision(path: &'static str, id: &'static str) -> Operation {
    operation(Method::POST, path, id, Scope::OrdersWrite)
        .parameters([review_id(), Parameter::if_match()])
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(writing())
        .problems(vec![of(WriteError::Decided, "It was decided otherwise before.").with::<AllowedActions>()])
}

fn writing() -> Vec<crate::openapi::Problem> {
    let mut problems = entropy();
    problems.extend(if_match(WriteError::VersionMismatch { current: 8 }));
    problems.push(of(WriteError::Changing, "Somebody else is changing the same.").with::<AllowedActions>());
    problems
}

fn review_id() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^frev_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The review's id.", schema, id::<FraudReviewKind>(1).to_string())
}

fn rules() -> Value {
    json!([
        {
            "reason": "fifth-from-far",
            "outcome": "block",
            "when": [{ "kind": "count", "by": "email", "over": 4 }, { "kind": "distance", "over": 5_000 }],
        },
        {
            "reason": "dear-and-far",
            "outcome": "review",
            "when": [{ "kind": "order-total", "amount": money(50_000) }, { "kind": "distance", "over": 1_000 }],
        },
    ])
}

fn settings_answer() -> Answer {
    Answer::json::<SettingsBody>(200, "The settings.").headers([Header::Etag]).example(
        "many",
        "Two rules",
        json!({
            "rules": rules(),
            "windows": { "email": 3_600, "address": 3_600, "ip": 3_600, "card": 3_600 },
            "timeoutMillis": 500,
            "withoutCounts": "review",
            "version": 1,
            "updatedAt": time(0),
        }),
    )
}

fn answer() -> Answer {
    Answer::json::<ReviewBody>(200, "The review.")
        .headers([Header::Etag])
        .example("open", "One that is open", review("open"))
        .example("rejected", "One that was rejected", review("rejected"))
}

fn review(state: &str) -> Value {
    let is_open = state == "open";
    json!({
        "id": id::<FraudReviewKind>(1).to_string(),
        "orderId": id::<OrderKind>(1).to_string(),
        "state": state,
        "reasons": [{ "reason": "dear-and-far", "outcome": "review" }],
        "signals": {
            "counts": { "email": 2, "address": 1, "ip": 1 },
            "shippingCountry": "DE",
            "billingCountry": "US",
            "distanceKm": 7_785,
            "total": money(80_000),
            "firstOrder": true,
            "providerRisk": null,
        },
        "note": (!is_open).then_some("The cardholder knows of nothing."),
        "decidedBy": (!is_open).then(|| id::<AccountKind>(1).to_string()),
        "decidedAt": (!is_open).then(|| time(1)),
        "version": if is_open { 1 } else { 2 },
        "createdAt": time(0),
    })
}
