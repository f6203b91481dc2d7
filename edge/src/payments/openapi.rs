//! The payments' operations, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{
    OrderKind, OrderLineKind, OrganizationKind, PaymentKind, PaymentProviderKind, RefundKind,
};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::orders::PaymentState;
use headlesspro_shared::payments::{Action, NotMovable};
use http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::http::{CaptureBody, PaymentRunBody, RefundBody, RefundOrderBody, RefundsBody};
use super::moving::MoveError;
use super::providers::NotAuthentic;
use super::settings;
use crate::failure::Unavailable;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, Problems, RequestBody, credentials, database,
    id, idempotency, json_body, money, not_found, of, time,
};
use crate::orders::{OrderBody, order_example};
use crate::wire::MoneyBody;

pub fn operations() -> Vec<Operation> {
    let mut all = settings::openapi::operations();
    all.extend([capture(), void(), list(), refund(), hear(), run()]);
    all
}

/// Of what goes on with a payment: where others do at the same time it is decided anew, up to sixteen times of three round
/// trips each.
pub const MOST_SQL: u32 = 52;

/// A move reads and asks, and commits what was said: twice where others do at the same time.
fn moving(path: &'static str, id: &'static str) -> Operation {
    let budgets = [Budget::new(1, 3, 0), Budget::new(2, MOST_SQL, 0)];
    Operation::managed((Method::POST, path), id, "Payments", Scope::PaymentsWrite, budgets)
        .parameters([which()])
        .problems(not_found())
        .problems(vec![
            of(MoveError::NoPayment, "Nothing was left for a payment.").with::<AllowedActions>(),
            of(
                MoveError::NotMovable {
                    action: "capture",
                    why: NotMovable::State(PaymentState::Captured),
                    allowed: vec![Action::Refund],
                    currency: Currency::EUR,
                },
                "The payment is in another state, or its provider cannot do that.",
            )
            .with::<AllowedActions>(),
            of(MoveError::NoAnswer, "The payment provider does not answer."),
        ])
}

/// Members of a refusal of more than there is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentExceeded")]
struct ExceededBody {
    /// What may be done with the payment.
    allowed_actions: Vec<String>,
    remaining: MoneyBody,
}

fn exceeded(action: &'static str) -> Problems {
    let error = MoveError::NotMovable {
        action,
        why: NotMovable::MoreThan { remaining: 2_000 },
        allowed: vec![Action::Refund],
        currency: Currency::EUR,
    };
    vec![of(error, "There is less of it; `remaining` is how much.").with::<ExceededBody>()]
}

/// Of what is decided anew where others were quicker.
pub fn changing() -> Problems {
    vec![of(MoveError::Changing, "Others are changing the same.").with::<AllowedActions>()]
}

fn refused() -> Problems {
    vec![of(MoveError::Refused, "The payment provider has not done it.").with::<AllowedActions>()]
}

fn capture() -> Operation {
    moving("/api/v1/orders/{id}/payment/capture", "capturePayment")
        .says(
            "Captures a payment",
            "One that was authorized, once: all of it, or less, and what is not captured is let go. What is owed on account \
             is captured when the merchant has it.",
        )
        .body(
            RequestBody::json::<CaptureBody>("How much.")
                .example("all", "All of it", json!({}))
                .example("less", "Twenty euros", json!({ "amount": money(2_000) })),
        )
        .answer(Answer::json::<OrderBody>(200, "The order.").example("order", "An order", order_example()))
        .problems(json_body())
        .problems(exceeded("capture"))
        .problems(refused())
}

fn void() -> Operation {
    moving("/api/v1/orders/{id}/payment/void", "voidPayment")
        .says(
            "Ends a payment",
            "One that was authorized is let go, and the order stays. An order that still waits for its payment, or for \
             somebody to look at it, is called off: what it holds is given back, and so is what was paid for it.",
        )
        .answer(Answer::json::<OrderBody>(200, "The order.").example("order", "An order", order_example()))
        .problems(refused())
}

fn list() -> Operation {
    let budgets = [Budget::new(1, 3, 0); 2];
    let path = (Method::GET, "/api/v1/orders/{id}/refunds");
    Operation::managed(path, "listRefunds", "Payments", Scope::OrdersRead, budgets)
        .says("Lists an order's refunds", "The oldest first.")
        .parameters([which()])
        .answer(Answer::json::<RefundsBody>(200, "All of them.").example(
            "one",
            "One refund",
            json!({ "items": [refunded()] }),
        ))
        .problems(not_found())
}

fn refund() -> Operation {
    moving("/api/v1/orders/{id}/refunds", "refundOrder")
        .says(
            "Gives money back",
            "By lines, for shipping, any amount, or all that is left: never more than was captured and not given back. What \
             the provider says of it is the refund's `state`; one that it has not answered is asked for again.",
        )
        .parameters([Parameter::idempotency_key(true)])
        .body(
            RequestBody::json::<RefundOrderBody>("What is given back.")
                .example("all", "All that is left", json!({}))
                .example(
                    "line",
                    "One of two tents",
                    json!({ "lines": [{ "lineId": id::<OrderLineKind>(1).to_string(), "quantity": 1 }], "reason": "torn" }),
                ),
        )
        .answer(
            Answer::json::<RefundBody>(201, "The refund.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("refund", "A refund", refunded()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(exceeded("refund"))
        .problems(changing())
        .problems(vec![of(Unavailable::Contended, "Others change the same things at this moment.")])
}

fn hear() -> Operation {
    Operation::new(Method::POST, "/api/v1/payment-webhooks/{organizationId}/{id}", "hearPaymentWebhook", "Payments")
        .says(
            "Hears a payment provider",
            "An event that the provider has signed, in the form that it has. Whatever it says, the provider is asked how the \
             payment stands. An event that was heard before changes nothing.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(2, MOST_SQL, 0))
        .parameters([
            Parameter::path_id::<OrganizationKind>("organizationId", "The organization's id."),
            Parameter::path_id::<PaymentProviderKind>("id", "The provider's id."),
        ])
        .answer(Answer::empty(204, "It is heard."))
        .problems(not_found())
        .problems(database())
        .problems(vec![
            of(NotAuthentic::Signature, "The signature is not the provider's, is too old, or the body is no event."),
            of(Unavailable::PaymentProvider(String::new()), "The provider does not answer: it is to be told again."),
        ])
}

fn run() -> Operation {
    Operation::new(Method::POST, "/api/v1/jobs/payments", "sweepPayments", "Jobs")
        .says(
            "Decides what waits for a payment",
            "For a scheduler, every minute, on hosts without a cron of their own: orders that nobody else has gone on with \
             are confirmed or cancelled as their payments stand, and refunds asked for again.",
        )
        .cache(Cache::Never)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<PaymentRunBody>(200, "What was done.").example(
            "two",
            "Two were looked at, and one order decided",
            json!({ "seen": 2, "decided": 1, "failed": 0 }),
        ))
        .problems(credentials(Scope::JobsRun))
        .problems(database())
}

fn which() -> Parameter {
    Parameter::path_id::<OrderKind>("id", "The order's id.")
}

fn refunded() -> Value {
    json!({
        "id": id::<RefundKind>(1).to_string(),
        "orderId": id::<OrderKind>(1).to_string(),
        "paymentId": id::<PaymentKind>(1).to_string(),
        "amount": money(17_010),
        "state": "succeeded",
        "lines": [{ "lineId": id::<OrderLineKind>(1).to_string(), "quantity": 1, "amount": money(17_010) }],
        "shipping": money(0),
        "reason": "torn",
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}

/// An order whose last means of payment was declined.
pub fn pending_order_example() -> Value {
    let mut order = order_example();
    if let Some(members) = order.as_object_mut() {
        members.insert("state".to_owned(), "pending".into());
        let payment = json!({
            "id": id::<PaymentKind>(1).to_string(),
            "provider": id::<PaymentProviderKind>(1).to_string(),
            "method": "sandbox",
            "state": "pending",
            "amount": money(29_020),
            "declinedFor": "card_declined",
            "payableUntil": time(720),
        });
        members.insert("payment".to_owned(), payment);
    }
    order
}
