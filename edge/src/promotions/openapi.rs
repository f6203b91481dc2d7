//! The operations of promotions, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CollectionKind, OrderKind, PromotionCodeKind, PromotionKind, VariantKind};
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::codes::http::{AddBody, AddedBody, CodeListBody};
use super::groups::http::{GroupsBody, WriteGroupsBody};
use super::http::{PromotionBody, PromotionListBody, RedemptionListBody};
use super::preview::http::{PreviewAskedBody, PreviewBody};
use super::usecase::PromotionError;
use super::wire::DefinitionBody;
use crate::catalog::query_problems;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body, money, not_found, of, time,
};

/// One that reads, one that commits; again where somebody else was quicker.
const WRITE: Budget = Budget::new(2, 9, 0);

pub fn operations() -> Vec<Operation> {
    vec![
        list(),
        create(),
        show(),
        replace(),
        delete(),
        redemptions(),
        codes(),
        add_codes(),
        remove_code(),
        groups(),
        replace_groups(),
        preview(),
    ]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    let is_read = method == Method::GET;
    let scope = if is_read { Scope::PromotionsRead } else { Scope::PromotionsWrite };
    Operation::new(method, path, id, "Promotions")
        .cache(Cache::Personal)
        .budget(if is_read { Budget::new(1, 2, 0) } else { WRITE })
        .problems(credentials(scope))
        .problems(database())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/promotions", "listPromotions")
        .says("Lists promotions", "The newest first.")
        .parameters(Parameter::page())
        .answer(Answer::json::<PromotionListBody>(200, "A page of promotions.").headers([Header::Link]).example(
            "one",
            "One promotion",
            json!({ "items": [promotion()], "nextCursor": null }),
        ))
        .problems(query_problems())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/promotions", "createPromotion")
        .says(
            "Makes a promotion",
            "Everything that is wrong with it is told at once, each at its place. A store has at most 200 automatic \
             promotions that are active and not over; of those by code any number.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(body("The promotion."))
        .answer(
            Answer::json::<PromotionBody>(201, "The promotion.")
                .headers([Header::Etag, Header::Location, Header::IdempotentReplayed])
                .example("autumn", "A new promotion", promotion()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![too_many()])
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/promotions/{id}", "getPromotion")
        .says("Shows a promotion", "With how often it was redeemed.")
        .parameters([key()])
        .answer(answer())
        .problems(not_found())
}

fn replace() -> Operation {
    operation(Method::PUT, "/api/v1/promotions/{id}", "replacePromotion")
        .says(
            "Replaces a promotion",
            "What it counted stays: of another limit as many are left as were not redeemed. Orders keep what they were \
             given.",
        )
        .parameters([key(), Parameter::if_match()])
        .body(body("What the promotion says from now on."))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(mismatch()))
        .problems(vec![too_many(), changing()])
}

fn delete() -> Operation {
    operation(Method::DELETE, "/api/v1/promotions/{id}", "deletePromotion")
        .says("Deletes a promotion", "With its codes. One that orders have stays: deactivate it.")
        .parameters([key(), Parameter::if_match()])
        .answer(Answer::empty(204, "The promotion is gone."))
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(mismatch()))
        .problems(vec![of(PromotionError::Redeemed, "Orders have it.").with::<AllowedActions>(), changing()])
}

fn redemptions() -> Operation {
    operation(Method::GET, "/api/v1/promotions/{id}/redemptions", "listPromotionRedemptions")
        .says("Lists the orders that have a promotion", "The newest first.")
        .parameters([key()])
        .parameters(Parameter::page())
        .answer(Answer::json::<RedemptionListBody>(200, "A page of redemptions.").headers([Header::Link]).example(
            "one",
            "One order",
            json!({
                "items": [{
                    "orderId": id::<OrderKind>(1).to_string(),
                    "codeId": id::<PromotionCodeKind>(1).to_string(),
                    "code": "AUTUMN-7KQ2MWX4",
                    "amount": money(500),
                    "redeemedAt": time(1),
                }],
                "nextCursor": null,
            }),
        ))
        .problems(not_found())
        .problems(query_problems())
}

fn codes() -> Operation {
    operation(Method::GET, "/api/v1/promotions/{id}/codes", "listPromotionCodes")
        .says("Lists the codes of a promotion", "In the order of their texts.")
        .parameters([key()])
        .parameters(Parameter::page())
        .answer(Answer::json::<CodeListBody>(200, "A page of codes.").headers([Header::Link]).example(
            "one",
            "One code",
            json!({ "items": [code()], "nextCursor": null }),
        ))
        .problems(not_found())
        .problems(query_problems())
}

fn add_codes() -> Operation {
    operation(Method::POST, "/api/v1/promotions/{id}/codes", "addPromotionCodes")
        .says(
            "Adds codes to a promotion",
            "Up to 1,000 at once: given ones, or ones that are made, which nobody guesses. All are added or none; a \
             promotion has 100,000 at most.",
        )
        .parameters([key(), Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<AddBody>("The codes.")
                .example(
                    "generated",
                    "Codes for a single use",
                    json!({ "generate": { "count": 2, "prefix": "AUTUMN-" }, "limit": 1 }),
                )
                .example("given", "A code that everybody knows", json!({ "codes": ["AUTUMN26"] })),
        )
        .answer(
            Answer::json::<AddedBody>(201, "The codes.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("one", "One code", json!({ "items": [code()] })),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(PromotionError::NotByCode, "It applies without a code.").with::<AllowedActions>(),
            of(PromotionError::TooManyCodes, "It would have more than 100,000.").with::<AllowedActions>(),
            changing(),
        ])
}

fn remove_code() -> Operation {
    let schema = json!({ "type": "string" });
    let of_code = Parameter::path("codeId", "The code's id.", schema, id::<PromotionCodeKind>(1).to_string());
    operation(Method::DELETE, "/api/v1/promotions/{id}/codes/{codeId}", "deletePromotionCode")
        .says("Deletes a code", "Orders that have it keep it.")
        .parameters([key(), of_code])
        .answer(Answer::empty(204, "The code is gone."))
        .problems(not_found())
        .problems(entropy())
}

fn groups() -> Operation {
    operation(Method::GET, "/api/v1/promotion-groups", "getPromotionGroups")
        .says(
            "Shows the stacking groups of the store",
            "Promotions of one group add up, or the best of them alone applies; a group may exclude others.",
        )
        .answer(groups_answer())
}

fn replace_groups() -> Operation {
    operation(Method::PUT, "/api/v1/promotion-groups", "replacePromotionGroups")
        .says(
            "Replaces the stacking groups of the store",
            "All of them, at most twelve. One that promotions are in stays.",
        )
        .parameters([Parameter::if_match()])
        .body(RequestBody::json::<WriteGroupsBody>("The groups.").example(
            "two",
            "The best code, and whatever else there is",
            json!({ "groups": [
                { "key": "codes", "within": "best", "priority": 10 },
                { "key": "clearance", "within": "stack", "excludes": ["codes"] },
            ] }),
        ))
        .answer(groups_answer())
        .problems(json_body())
        .problems(entropy())
        .problems(if_match(mismatch()))
        .problems(vec![
            of(PromotionError::GroupsInUse(vec!["codes".to_owned()]), "Promotions are in a group that would go.")
                .with::<GroupsInUse>(),
            changing(),
        ])
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionGroupsInUse")]
pub struct GroupsInUse {
    /// What can still be done.
    pub allowed_actions: Vec<String>,
    /// The keys of the groups.
    pub groups: Vec<String>,
}

fn preview() -> Operation {
    let asked = json!({
        "currency": "EUR",
        "lines": [{ "variantId": id::<VariantKind>(1).to_string(), "quantity": 3 }],
        "codes": ["AUTUMN26"],
        "shipping": [{ "method": "parcel", "amount": "4.90" }],
    });
    let discount = json!({ "promotion": id::<PromotionKind>(1).to_string(), "amount": 500, "kind": "per-order" });
    let previewed = json!({
        "discount": money(500),
        "lines": [{ "key": 0, "amount": 6000, "discount": 500, "discounts": [discount] }],
        "shipping": [{ "key": 0, "amount": 490, "discount": 0 }],
        "gifts": [],
        "codes": [],
        "trace": { "considered": [{
            "promotion": id::<PromotionKind>(1).to_string(),
            "outcome": { "status": "applied", "amount": 500 },
        }] },
    });
    Operation::new(Method::POST, "/api/v1/promotions/{id}/preview", "previewPromotion", "Promotions")
        .cache(Cache::Personal)
        .budget(Budget::new(1, 4, 0))
        .says(
            "Shows what a promotion takes off a cart",
            "And why: as it is stored or as the body says it would be, alone and together with the store's others, for a \
             customer who has had none of them. A promotion by code needs no code here. Prices are the catalog's.",
        )
        .parameters([key()])
        .body(RequestBody::json::<PreviewAskedBody>("The cart.").example("cart", "A cart", asked))
        .answer(Answer::json::<PreviewBody>(200, "What it takes off.").example(
            "five",
            "Five euros off the order",
            json!({ "currency": "EUR", "alone": previewed, "together": previewed }),
        ))
        .problems(credentials(Scope::PromotionsRead))
        .problems(database())
        .problems(json_body())
        .problems(not_found())
}

fn mismatch() -> PromotionError {
    PromotionError::VersionMismatch { current: 8 }
}

fn changing() -> crate::openapi::Problem {
    of(PromotionError::Changing, "Somebody else is changing the same.").with::<AllowedActions>()
}

fn too_many() -> crate::openapi::Problem {
    of(PromotionError::TooMany, "200 automatic ones are active already, or 256 KiB of them.").with::<AllowedActions>()
}

fn key() -> Parameter {
    let schema = json!({ "type": "string" });
    Parameter::path("id", "The promotion's id.", schema, id::<PromotionKind>(1).to_string())
}

fn body(description: &'static str) -> RequestBody {
    let two = json!({
        "name": "Two mugs, the third for nothing",
        "trigger": "automatic",
        "effect": {
            "type": "buy-get",
            "buy": { "anyOf": { "collections": [id::<CollectionKind>(1).to_string()] } },
            "buyQuantity": 2,
            "get": { "anyOf": { "collections": [id::<CollectionKind>(1).to_string()] } },
            "getQuantity": 1,
            "rate": 1_000_000,
        },
    });
    RequestBody::json::<DefinitionBody>(description)
        .example("autumn", "Five euros off, from fifty on", definition())
        .example("threeForTwo", "Three for two", two)
}

fn answer() -> Answer {
    let answer = Answer::json::<PromotionBody>(200, "The promotion.").headers([Header::Etag]);
    answer.example("autumn", "A promotion by code", promotion())
}

fn groups_answer() -> Answer {
    Answer::json::<GroupsBody>(200, "The groups.").headers([Header::Etag]).example(
        "two",
        "Two groups",
        json!({
            "groups": [
                { "key": "clearance", "priority": 0, "within": "stack", "excludes": ["codes"] },
                { "key": "codes", "priority": 10, "within": "best", "excludes": [] },
            ],
            "version": 3,
        }),
    )
}

fn definition() -> Value {
    json!({
        "name": "Autumn",
        "trigger": "code",
        "startsAt": time(0),
        "condition": { "type": "subtotal", "atLeast": { "EUR": "50.00" } },
        "effect": { "type": "reduce", "by": { "type": "per-order", "amounts": { "EUR": "5.00" } } },
        "limit": 1000,
        "limitPerCustomer": 1,
    })
}

fn promotion() -> Value {
    json!({
        "id": id::<PromotionKind>(1).to_string(),
        "name": "Autumn",
        "active": true,
        "trigger": "code",
        "startsAt": time(0),
        "endsAt": null,
        "condition": { "type": "subtotal", "lines": {}, "atLeast": { "EUR": "50.00" } },
        "effect": { "type": "reduce", "lines": {}, "by": { "type": "per-order", "amounts": { "EUR": "5.00" } } },
        "group": null,
        "priority": 0,
        "exclusive": false,
        "maxDiscount": {},
        "limit": 1000,
        "limitPerCustomer": 1,
        "used": 0,
        "remaining": 1000,
        "codes": 0,
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}

fn code() -> Value {
    json!({
        "id": id::<PromotionCodeKind>(1).to_string(),
        "code": "AUTUMN-7KQ2MWX4PBRD",
        "used": 0,
        "limit": 1,
        "remaining": 1,
        "createdAt": time(0),
    })
}
