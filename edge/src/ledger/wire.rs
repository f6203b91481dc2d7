//! What gift cards, credit and tenders look like on the wire.

use headlesspro_shared::kernel::id::{GiftCardKind, LedgerTransactionKind, OrderKind};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use headlesspro_shared::ledger::{Account, Problem as Why, Shortfall, Source, Tender};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::store::entry::{Moved, Page};
use super::tenders::{Tenders, Unusable};
use super::writing::{Adjustment, Reason};
use crate::extract::{FieldErrors, Parse, Query, QueryParams};
use crate::problem::Problem;
use crate::wire::{IdText, MomentText, MoneyBody};

/// What has moved a balance.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LedgerEntry")]
pub struct EntryBody {
    #[schemars(with = "IdText<LedgerTransactionKind>")]
    pub transaction_id: String,
    /// Counts from 1 in each currency, without gaps.
    #[schemars(range(min = 1))]
    pub number: i64,
    /// `issue`: the card was issued. `adjust`: the staff has changed the balance. `redeem`: it has paid for an order.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["issue", "adjust", "redeem", "refund"]))]
    pub kind: String,
    /// Below zero: was taken off.
    pub amount: MoneyBody,
    /// After it.
    pub balance: MoneyBody,
    /// What the staff has said of it.
    pub reason: Option<String>,
    #[schemars(with = "Option<IdText<OrderKind>>")]
    pub order_id: Option<String>,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LedgerEntries")]
pub struct EntriesBody {
    /// By currency, in each the newest first.
    pub items: Vec<EntryBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl From<Moved> for EntryBody {
    fn from(moved: Moved) -> EntryBody {
        EntryBody {
            transaction_id: moved.transaction.to_string(),
            number: moved.number,
            kind: moved.kind,
            amount: moved.amount.into(),
            balance: moved.balance.into(),
            reason: moved.reason,
            order_id: moved.order.map(|id| id.to_string()),
            created_at: moved.at.to_string(),
        }
    }
}

/// The entries have one sort.
pub const NEWEST: &str = "newest-by-currency";

/// Where the page after an entry begins.
pub fn place_of(moved: &Moved) -> Vec<CursorPart> {
    vec![CursorPart::Text(moved.amount.currency().code().to_owned()), CursorPart::Integer(moved.number)]
}

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default().get();
        Page { behind: params.take("cursor", behind), limit }
    }
}

fn behind(cursor: &str) -> Result<(Currency, i64), &'static str> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    match cursor.parts_for(NEWEST) {
        Ok([CursorPart::Text(currency), CursorPart::Integer(number)]) => {
            Ok((currency.parse().map_err(|_| FOREIGN)?, *number))
        }
        _ => Err(FOREIGN),
    }
}

/// A change of a balance.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AdjustBalance", deny_unknown_fields)]
pub struct AdjustBody {
    /// Below zero: is taken off.
    #[schemars(required, with = "Option<MoneyBody>")]
    pub amount: Option<Money>,
    /// Stands in the history, which the holder reads too.
    #[schemars(required, length(min = 1, max = 200))]
    pub reason: Option<String>,
}

impl Parse for AdjustBody {
    type Parsed = Adjustment;

    fn parse(self, errors: &mut FieldErrors) -> Option<Adjustment> {
        let amount = errors.required("amount", self.amount, |amount| match amount.is_zero() {
            true => Err("must not be zero"),
            false => Ok(amount),
        });
        let reason = errors.required("reason", self.reason, |reason| reason.parse::<Reason>());
        Some(Adjustment { amount: amount?, reason: reason? })
    }
}

/// Above zero.
pub fn positive(amount: Money) -> Result<Money, &'static str> {
    if 0 < amount.minor() { Ok(amount) } else { Err("must be above zero") }
}

/// A part of an order's total that no payment has to pay.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Tender")]
pub struct TenderBody {
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["gift-card", "store-credit"]))]
    pub kind: &'static str,
    /// Left out of store credit, as is the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<GiftCardKind>>")]
    pub gift_card_id: Option<String>,
    /// Of the card's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_four: Option<String>,
    pub amount: MoneyBody,
}

/// What of an order is paid by whom.
pub fn tenders(tenders: &Tenders) -> Vec<TenderBody> {
    let body = |tender: &Tender| {
        let card = match tender.account {
            Account::GiftCard(id) => Some(id),
            Account::StoreCredit(_) | Account::Sales | Account::Issuance | Account::Adjustment => None,
        };
        TenderBody {
            kind: tender.account.kind(),
            gift_card_id: card.map(|id| id.to_string()),
            last_four: card.and_then(|id| tenders.last_four_of(id)).map(str::to_owned),
            amount: tender.amount.into(),
        }
    };
    tenders.split().tenders.iter().map(body).collect()
}

/// What cannot be used as wanted, and what is left of it.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TendersNotAvailable")]
pub struct TendersNotAvailableBody {
    pub gift_cards: Vec<UnusableCardBody>,
    /// Null where it can be used.
    pub store_credit: Option<UnusableCreditBody>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UnusableGiftCard")]
pub struct UnusableCardBody {
    /// Its place among those that were entered, from 0 on.
    #[schemars(range(min = 0))]
    pub index: i64,
    /// Of the code that was entered.
    pub last_four: String,
    /// `unknown`: there is no such card, or it is disabled or expired. `insufficient`: `balance` is all that is left.
    #[schemars(extend("enum" = ["unknown", "other-currency", "insufficient"]))]
    pub problem: String,
    /// Left out unless it is `insufficient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<MoneyBody>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UnusableStoreCredit")]
pub struct UnusableCreditBody {
    /// `unknown`: no customer is logged in. `insufficient`: `balance` is all that is left.
    #[schemars(extend("enum" = ["unknown", "other-currency", "insufficient"]))]
    pub problem: String,
    /// Left out unless it is `insufficient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<MoneyBody>,
}

/// 409 with every card that cannot be used, and the credit.
pub fn tenders_not_available(unusable: &Unusable) -> Problem {
    let (mut cards, mut credit) = (Vec::new(), Value::Null);
    for Shortfall { source, problem } in &unusable.shortfalls {
        let (problem, balance) = match problem {
            Why::Unknown => ("unknown", None),
            Why::OtherCurrency => ("other-currency", None),
            Why::Insufficient { balance } => ("insufficient", Some(*balance)),
        };
        let mut told = json!({ "problem": problem });
        if let Some(balance) = balance {
            put(&mut told, "balance", json!(MoneyBody::from(balance)));
        }
        match source {
            Source::Credit => credit = told,
            Source::Card(at) => {
                put(&mut told, "index", json!(at));
                put(&mut told, "lastFour", json!(unusable.last_fours.get(*at)));
                cards.push(told);
            }
        }
    }
    Problem::new(StatusCode::CONFLICT, "tenders-not-available")
        .detail("Gift cards or store credit cannot be used as wanted; all of them are listed, with what is left.")
        .with("giftCards", cards.into())
        .with("storeCredit", credit)
}

fn put(told: &mut Value, name: &str, value: Value) {
    if let Some(members) = told.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
