//! The orders' operations, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CheckoutKind, OrderKind, OrderLineKind, PaymentKind, ProductKind, VariantKind};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::http::{OrderBody, OwnOrdersBody};
use crate::ledger::tenders_example;
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, address_answer, credentials, database, id, money, not_found,
    of, time,
};
use crate::problem::Problem;
use crate::totals::ExplanationBody;
use crate::totals::{delivery_example, explained_at, explanation_example, shipped_totals_example, taxes_example};

pub fn operations() -> Vec<Operation> {
    vec![show(), explain(), list_own()]
}

fn show() -> Operation {
    let schema = json!({ "type": "string", "pattern": "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Operation::new(Method::GET, "/api/v1/orders/{id}", "getOrder", "Orders")
        .says("Shows an order", "The order as it was placed, whatever became of its products since.")
        .cache(Cache::Personal)
        .budget(Budget::new(1, 1, 0))
        .parameters([Parameter::path("id", "The order's id.", schema, id::<OrderKind>(1).to_string())])
        .answer(Answer::json::<OrderBody>(200, "The order.").example("order", "Two tents, on account", order_example()))
        .problems(credentials(Scope::OrdersRead))
        .problems(not_found())
        .problems(database())
}

fn explain() -> Operation {
    let schema = json!({ "type": "string", "pattern": "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    let nothing = Problem::new(StatusCode::CONFLICT, "nothing-to-explain");
    Operation::new(Method::GET, "/api/v1/orders/{id}/explain", "explainOrder", "Orders")
        .says(
            "Explains what an order cost",
            "Totalled again from what it was made with: per line the price, the promotions and the taxes with their \
             amounts, in order; and how the price of each delivery came about when it was placed. With `at`, what the same cart would have cost at another instant by the rules recorded, \
             which are those that had a part in it.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(1, 1, 0))
        .parameters([
            Parameter::path("id", "The order's id.", schema, id::<OrderKind>(1).to_string()),
            explained_at(),
        ])
        .answer(Answer::json::<ExplanationBody>(200, "Why it cost that.").example(
            "order",
            "Two tents at a tenth off",
            explanation(),
        ))
        .problems(credentials(Scope::OrdersRead))
        .problems(not_found())
        .problems(vec![
            of(
                nothing,
                "The order is from before totals were recorded, or `at` is asked of totals by another release's engine.",
            ),
            of(
                Problem::parameter("at", "expected an RFC 3339 instant"),
                "Query parameters are unknown or not valid; `errors` lists them all.",
            ),
        ])
        .problems(database())
}

fn list_own() -> Operation {
    Operation::new(Method::GET, "/api/v1/customers/me/orders", "listOwnOrders", "Orders")
        .says(
            "Lists one's own orders",
            "Those placed while logged in, and, once the address is confirmed, those placed with it as a guest.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<OwnOrdersBody>(200, "A page of orders.").headers([Header::Link]).example(
            "one",
            "One order",
            json!({ "items": [order_example()], "nextCursor": null }),
        ))
        .problems(credentials(Scope::ProfileRead))
        .problems(vec![of(
            Problem::parameter("limit", "the limit must be a number between 1 and 250"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
        .problems(database())
}

fn explanation() -> Value {
    let mut explanation = explanation_example();
    if let Some(members) = explanation.as_object_mut() {
        let why = json!({ "kind": "table", "measure": "weight", "measured": 4_700, "upTo": 5_000 });
        members.insert("shipping".to_owned(), json!([{ "key": 0, "why": why }]));
    }
    explanation
}

pub fn order_example() -> Value {
    json!({
        "id": id::<OrderKind>(1).to_string(),
        "number": 1001,
        "checkoutId": id::<CheckoutKind>(1).to_string(),
        "state": "confirmed",
        "paymentState": "pending",
        "fulfillmentState": "unfulfilled",
        "email": "grace@example.com",
        "shippingAddress": address_answer(),
        "lines": [{
            "id": id::<OrderLineKind>(1).to_string(),
            "variantId": id::<VariantKind>(1).to_string(),
            "productId": id::<ProductKind>(1).to_string(),
            "sku": "TT2-MOSS",
            "title": "Tunnel Tent 2",
            "variantTitle": "Moss",
            "quantity": 2,
            "unitPrice": money(18_900),
            "discount": money(3_780),
            "taxes": taxes_example(),
            "total": money(34_020),
        }],
        "deliveries": [delivery_example()],
        "totals": shipped_totals_example(),
        "total": money(34_020),
        "tenders": tenders_example(),
        "payment": {
            "id": id::<PaymentKind>(1).to_string(),
            "provider": "manual",
            "method": "on-account",
            "state": "pending",
            "amount": money(29_020),
        },
        "placedAt": time(25),
    })
}
