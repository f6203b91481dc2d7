//! The operations of this context, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{GiftCardKind, LedgerTransactionKind, OrderKind};
use headlesspro_shared::ledger::{Problem as Why, Shortfall, Source};
use http::Method;
use serde_json::{Value, json};

use super::tenders::Unusable;
use super::writing::WriteError;
use super::{cards, credit};
use crate::ledger::wire::{AdjustBody, EntriesBody};
use crate::openapi::{
    AllowedActions, Answer, Budget, Header, Operation, Problems, RequestBody, euros, id, money, of, time,
};
use crate::wire::MoneyBody;

pub fn operations() -> Vec<Operation> {
    [cards::openapi::operations(), credit::openapi::operations()].into_iter().flatten().collect()
}

/// A read spends one round trip. A write spends two, and where others write the same up to four times as many.
pub fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::managed((method, path), id, "Gift cards", scope, [Budget::new(1, 4, 0), Budget::new(2, 9, 0)])
}

/// Of a write that is decided anew where others were quicker.
pub fn changing() -> Problems {
    vec![of(WriteError::Changing, "Others are changing the same.").with::<AllowedActions>()]
}

/// What is refused of a change of a balance.
pub fn insufficient() -> Problems {
    let none_left = WriteError::Insufficient { balance: euros(500) };
    vec![of(none_left, "More would be taken off than there is; `balance` is what there is.").with::<Insufficient>()]
}

#[derive(schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BalanceInsufficient")]
pub struct Insufficient {
    /// What there is.
    pub balance: MoneyBody,
    /// What can still be done.
    pub allowed_actions: Vec<String>,
}

pub fn adjustment() -> RequestBody {
    RequestBody::json::<AdjustBody>("What is added, or below zero taken off, and why.")
        .example("added", "A parcel that was late", json!({ "amount": money(500), "reason": "Late parcel" }))
        .example("deducted", "A mistake", json!({ "amount": money(-500), "reason": "Granted twice" }))
}

pub fn entries_answer() -> Answer {
    let entry = json!({
        "transactionId": id::<LedgerTransactionKind>(2).to_string(),
        "number": 2,
        "type": "redeem",
        "amount": money(-5_000),
        "balance": money(0),
        "reason": null,
        "orderId": id::<OrderKind>(1).to_string(),
        "createdAt": time(25),
    });
    Answer::json::<EntriesBody>(200, "A page of entries.").headers([Header::Link]).example(
        "redeemed",
        "It has paid for an order",
        json!({ "items": [entry], "nextCursor": null }),
    )
}

/// The tenders of an order.
pub fn tenders_example() -> Value {
    json!([{
        "type": "gift-card",
        "giftCardId": id::<GiftCardKind>(1).to_string(),
        "lastFour": "7KQ2",
        "amount": money(5_000),
    }])
}

/// A card that others have spent, and credit that is short.
pub fn unusable_example() -> Unusable {
    let short = |source, cents| Shortfall { source, problem: Why::Insufficient { balance: euros(cents) } };
    let shortfalls = vec![short(Source::Card(0), 0), short(Source::Credit, 250)];
    Unusable { shortfalls, last_fours: vec!["7KQ2".to_owned()] }
}
