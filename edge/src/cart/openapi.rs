//! The cart's operations, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CartKind, ProductKind, VariantKind};
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::http::{AddItemBody, CartBody, CreateCartBody, EnterCodesBody, SetItemBody};
use super::shipping::openapi::rates;
use super::usecase::CartError;
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, carts, credentials, database, entropy, id,
    idempotency, if_match, json_body, money, not_found, of, time,
};
use crate::totals::ExplanationBody;
use crate::totals::{entered_code_example, explained_at, explanation_example, totals_example};

pub fn operations() -> Vec<Operation> {
    vec![create(), show(), add(), set(), remove(), enter(), explain(), rates()]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Cart")
        .cache(Cache::Personal)
        .problems(credentials(Scope::CartWrite))
        .problems(database())
        .problems(carts())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/cart", "createCart")
        .says("Opens a cart", "An empty cart in the store's currency, or in a further one that it sells in.")
        .budget(Budget::new(0, 2, 1))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<CreateCartBody>("A new cart needs nothing.")
                .example("empty", "Nothing to say", json!({}))
                .example("yen", "In a further currency", json!({ "currency": "JPY" })),
        )
        .answer(
            Answer::json::<CartBody>(201, "The new cart.")
                .headers([Header::Etag, Header::Location, Header::IdempotentReplayed])
                .example("empty", "An empty cart", cart_example(1, &[])),
        )
        .problems(idempotency())
        .problems(json_body())
        .problems(entropy())
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/cart/{id}", "getCart")
        .says(
            "Shows a cart",
            "The cart at today's prices and stock. A line that cannot be bought says so in its `status`; it is \
             never left out.",
        )
        .budget(SHOWN)
        .parameters([cart_id()])
        .answer(shown().example(
            "changed",
            "A line whose price has changed, and one that is sold out",
            cart_example(
                3,
                &[
                    line(1, "Moss", 2, 18_900, "available", 12, Some(17_900)),
                    line(2, "Sand", 1, 20_900, "sold-out", 0, None),
                ],
            ),
        ))
        .problems(not_found())
        .problems(vec![too_expensive()])
}

/// Where a gift is earned, whether it can be had is asked for beside the rest.
const SHOWN: Budget = Budget::new(1, 3, 1);

/// To a cart in another currency than the store's own, a variant is added with a second look at its price; and what is
/// offered in a channel is looked up again where its key was not heard of yet.
const IN_FURTHER_CURRENCY: Budget = Budget { most_redis: 2, ..Budget::new(0, 3, 1) };

fn add() -> Operation {
    operation(Method::POST, "/api/v1/cart/{id}/items", "addCartItem")
        .says(
            "Adds units of a variant",
            "Adds to the line of the variant, or makes one. Parallel calls all count. Stock is not reserved before \
             checkout. Each line is shown as it was offered when it was last added to: only `GET` tells what costs \
             something else by now, is sold out or removed.",
        )
        .budget(IN_FURTHER_CURRENCY)
        .parameters([cart_id(), Parameter::idempotency_key(false), Parameter::if_match()])
        .body(RequestBody::json::<AddItemBody>("What to add.").example(
            "two",
            "Two units",
            json!({ "variantId": id::<VariantKind>(1).to_string(), "quantity": 2 }),
        ))
        .answer(shown().headers([Header::IdempotentReplayed]).example("twoUnits", "A cart with one line", filled()))
        .problems(not_found())
        .problems(if_match(CartError::VersionMismatch { current: 7 }))
        .problems(idempotency())
        .problems(json_body())
        .problems(vec![
            of(CartError::NotForSale, "The variant is not there, not published, or has no price."),
            of(CartError::OverQuantity { would_hold: 10_001 }, "A line holds at most 9999 units.")
                .with::<LineTooLarge>(),
            of(CartError::OverLines, "A cart has at most 250 lines."),
            too_expensive(),
        ])
}

fn set() -> Operation {
    operation(Method::PATCH, "/api/v1/cart/{id}/items/{variantId}", "setCartItem")
        .says(
            "Sets the units of a line",
            "The line must be there; 0 units take it away. Each line is shown as it was offered when it was last added \
             to: only `GET` tells what costs something else by now, is sold out or removed.",
        )
        .budget(Budget::new(0, 1, 1))
        .parameters([cart_id(), variant_id(), Parameter::if_match()])
        .body(RequestBody::json::<SetItemBody>("How many.").example("two", "Two units", json!({ "quantity": 2 })))
        .answer(shown().example("twoUnits", "A cart with one line", filled()))
        .problems(not_found())
        .problems(vec![of(CartError::NoLine, "The cart has no line of this variant.")])
        .problems(if_match(CartError::VersionMismatch { current: 7 }))
        .problems(json_body())
        .problems(vec![
            of(CartError::OverQuantity { would_hold: 10_001 }, "A line holds at most 9999 units.")
                .with::<LineTooLarge>(),
            too_expensive(),
        ])
}

fn remove() -> Operation {
    operation(Method::DELETE, "/api/v1/cart/{id}/items/{variantId}", "removeCartItem")
        .says(
            "Takes a line away",
            "Answers with what is left. Each line is shown as it was offered when it was last added to: only `GET` \
             tells what costs something else by now, is sold out or removed.",
        )
        .budget(Budget::new(0, 1, 1))
        .parameters([cart_id(), variant_id(), Parameter::if_match()])
        .answer(shown().example("empty", "Nothing is left", cart_example(8, &[])))
        .problems(not_found())
        .problems(vec![of(CartError::NoLine, "The cart has no line of this variant.")])
        .problems(if_match(CartError::VersionMismatch { current: 7 }))
        .problems(vec![too_expensive()])
}

fn enter() -> Operation {
    operation(Method::PUT, "/api/v1/cart/{id}/codes", "enterCartCodes")
        .says(
            "Enters codes of promotions",
            "In the place of those before; an empty list takes them away. A code that does not apply stays and says why: \
             it may once the cart has more in it. Limits are counted when the order is placed.",
        )
        .budget(SHOWN)
        .parameters([cart_id(), Parameter::if_match()])
        .body(RequestBody::json::<EnterCodesBody>("The codes.").example("one", "One code", json!({ "codes": ["TENT10"] })))
        .answer(shown().example("entered", "A cart with a code that applies", entered()))
        .problems(not_found())
        .problems(if_match(CartError::VersionMismatch { current: 7 }))
        .problems(json_body())
        .problems(vec![too_expensive()])
}

fn explain() -> Operation {
    Operation::new(Method::GET, "/api/v1/carts/{id}/explain", "explainCart", "Cart")
        .cache(Cache::Personal)
        .says(
            "Explains what a cart costs",
            "Per line the price and where it comes from, the promotions with their amounts and the taxes, in order; and \
             each promotion that was considered, with why it does not apply. For staff: it tells of promotions that \
             nobody has announced.",
        )
        .budget(SHOWN)
        .parameters([cart_id(), explained_at()])
        .answer(Answer::json::<ExplanationBody>(200, "Why it costs that.").example(
            "one",
            "A tent at a tenth off",
            explanation_example(),
        ))
        .problems(credentials(Scope::PromotionsRead))
        .problems(database())
        .problems(carts())
        .problems(not_found())
        .problems(vec![
            too_expensive(),
            of(
                crate::problem::Problem::parameter("at", "expected an RFC 3339 instant"),
                "Query parameters are unknown or not valid; `errors` lists them all.",
            ),
        ])
}

fn cart_id() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^cart_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The cart's id.", schema, id::<CartKind>(1).to_string())
}

fn variant_id() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^var_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("variantId", "The variant of the line.", schema, id::<VariantKind>(1).to_string())
}

fn shown() -> Answer {
    Answer::json::<CartBody>(200, "The cart.").headers([Header::Etag])
}

fn too_expensive() -> crate::openapi::Problem {
    of(CartError::TooExpensive, "The total is larger than money can be counted.")
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineTooLarge {
    /// The units the line would hold.
    pub would_hold: i64,
}

fn filled() -> Value {
    cart_example(7, &[line(1, "Moss", 2, 18_900, "available", 12, None)])
}

fn entered() -> Value {
    let mut cart = filled();
    if let Some(members) = cart.as_object_mut() {
        members.insert("codes".to_owned(), json!([entered_code_example()]));
        members.insert("totals".to_owned(), totals_example());
    }
    cart
}

fn cart_example(version: i64, lines: &[(Value, i64, i64)]) -> Value {
    json!({
        "id": id::<CartKind>(1).to_string(),
        "version": version,
        "currency": "EUR",
        "lines": lines.iter().map(|(line, ..)| line).collect::<Vec<_>>(),
        "itemCount": lines.iter().map(|(_, units, _)| units).sum::<i64>(),
        "subtotal": money(lines.iter().map(|(.., cents)| cents).sum()),
        "codes": [],
        "gifts": [],
        "totals": null,
        "createdAt": time(24),
    })
}

/// A line with its units and what it adds to the subtotal.
fn line(
    number: u8,
    colour: &str,
    units: i64,
    cents: i64,
    status: &str,
    available: i64,
    before: Option<i64>,
) -> (Value, i64, i64) {
    let total = cents.saturating_mul(units);
    let line = json!({
        "variantId": id::<VariantKind>(number).to_string(),
        "productId": id::<ProductKind>(1).to_string(),
        "productHandle": "tunnel-tent-2",
        "sku": format!("TT2-{}", colour.to_uppercase()),
        "title": "Tunnel Tent 2",
        "variantTitle": colour,
        "imageUrl": "https://images.example.com/tunnel-tent-2.jpg",
        "quantity": units,
        "unitPrice": money(cents),
        "discount": null,
        "total": money(total),
        "previousPrice": before.map(money),
        "status": status,
        "available": available,
    });
    (line, units, if status == "sold-out" { 0 } else { total })
}
