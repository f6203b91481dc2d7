//! The audit log's operation, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ApiKeyKind, AuditKind, CheckoutKind, OrderKind, StoreKind};
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use http::Method;
use serde_json::{Value, json};

use super::http::AuditLogBody;
use super::usecase::SORT;
use crate::openapi::{Answer, Budget, Cache, Header, Operation, Parameter, credentials, database, id, money, of, time};
use crate::problem::Problem;

pub fn operations() -> Vec<Operation> {
    vec![list()]
}

fn list() -> Operation {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    Operation::new(Method::GET, "/api/v1/audit-log", "listAuditLog", "Audit")
        .says(
            "Lists the audit log",
            "One page of what was changed in the key's store, and in its organization as a whole: who did what to \
             which thing, with its state before and after. Written in the same commit as the change, never changed, \
             and chained by hashes.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .parameters([
            Parameter::query(
                "filter[subject]",
                "The id of what was changed.",
                text.clone(),
                id::<OrderKind>(1).to_string(),
            ),
            Parameter::query(
                "filter[actor]",
                "The id of the key or account that did it, or `operator`.",
                text,
                id::<ApiKeyKind>(1).to_string(),
            ),
        ])
        .answer(Answer::json::<AuditLogBody>(200, "A page of the log.").headers([Header::Link]).example(
            "order",
            "An order was placed",
            log_example(),
        ))
        .problems(credentials(Scope::AuditRead))
        .problems(vec![of(
            Problem::parameter("limit", "the limit must be a number between 1 and 250"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
        .problems(database())
}

fn log_example() -> Value {
    json!({
        "items": [{
            "id": id::<AuditKind>(1).to_string(),
            "number": 42,
            "storeId": id::<StoreKind>(1).to_string(),
            "actor": id::<ApiKeyKind>(1).to_string(),
            "action": "order.place",
            "subject": id::<OrderKind>(1).to_string(),
            "before": null,
            "after": {
                "checkoutId": id::<CheckoutKind>(1).to_string(),
                "state": "confirmed",
                "paymentState": "pending",
                "fulfillmentState": "unfulfilled",
                "email": "[redacted]",
                "total": money(37_800),
            },
            "requestId": "01938f6b7c2e4f60a1d2c3b4e5f60718",
            "occurredAt": time(25),
            "hash": "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456",
        }],
        "nextCursor": Cursor::new(SORT, vec![CursorPart::Integer(42)]).to_string(),
    })
}
