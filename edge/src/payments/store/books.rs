//! What the ledger has posted against what a provider holds.

use headlesspro_shared::kernel::id::{OrganizationId, PaymentProviderId, StoreId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::reconcile::{PostKind, Side, ToPost};
use serde_json::json;

use crate::port::sql::{Row, SqlError, Statement};

const STRIPES: &str = "-- payments::stripe_providers
SELECT p.id, p.store_id, p.name FROM payment_provider p WHERE p.organization_id = ?1 AND p.kind = 'stripe' ORDER BY p.id
LIMIT 1000";

/// A transaction's id ends with that of its refund. An order has one payment.
const POSTED: &str = "-- payments::posted
SELECT e.currency, e.number, e.amount_minor, t.kind, t.order_id, p.reference, r.reference AS refund_reference
FROM ledger_entry e
JOIN ledger_transaction t ON t.organization_id = e.organization_id AND t.id = e.transaction_id
JOIN payment p ON p.organization_id = t.organization_id AND p.order_id = t.order_id
LEFT JOIN refund r ON r.organization_id = t.organization_id AND r.id = substr(t.id, instr(t.id, '_') + 1)
WHERE e.organization_id = ?1 AND e.account_id = ?2 AND (e.currency, e.number) > (?3, ?4) AND t.kind IN ('capture', 'return')
  AND ?5 <= t.created_at AND t.created_at < ?6
ORDER BY e.currency, e.number LIMIT ?7";

const OPEN: &str = "-- payments::open_books
INSERT INTO ledger_account (organization_id, id, currency, kind)
SELECT DISTINCT ?1, k.id, m.value ->> 'currency', k.kind
FROM json_each(?2) m, (SELECT 'fees' AS id, 'fees' AS kind UNION ALL SELECT 'bank', 'bank' UNION ALL SELECT ?3, 'clearing') k
WHERE NOT EXISTS (SELECT 1 FROM ledger_account a
  WHERE a.organization_id = ?1 AND a.id = k.id AND a.currency = m.value ->> 'currency')";

/// Each once: what is posted already is left alone.
const POST: &str = "-- payments::post_movements
INSERT INTO ledger_transaction (organization_id, id, store_id, kind, entries, created_at)
SELECT ?1, m.value ->> 'id', ?4, m.value ->> 'kind', json_array(
    json_object('account', ?3, 'currency', m.value ->> 'currency', 'amount', m.value ->> 'amount'),
    json_object('account', m.value ->> 'account', 'currency', m.value ->> 'currency', 'amount', -(m.value ->> 'amount'))), ?5
FROM json_each(?2) m
WHERE NOT EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.organization_id = ?1 AND t.id = m.value ->> 'id')
RETURNING id";

/// A store's account at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeAccount {
    pub provider: PaymentProviderId,
    pub store: StoreId,
    pub name: String,
}

/// An entry of the account of what a provider holds.
pub struct Posted {
    pub currency: Currency,
    pub number: i64,
    pub side: Side,
    /// Minor units: of a capture what came, of a refund what went.
    pub amount: i64,
    pub order: String,
    /// The provider's id of the payment or the refund.
    pub reference: Option<String>,
}

/// The statement whose rows [`account_of`] takes.
pub fn accounts(organization: OrganizationId) -> Statement {
    Statement::new(STRIPES).bind(organization.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn account_of(row: Row<'_>) -> Result<StripeAccount, SqlError> {
    Ok(StripeAccount {
        provider: row.parse("id")?,
        store: row.parse("store_id")?,
        name: row.get::<&str>("name")?.to_owned(),
    })
}

/// The statement whose rows [`posted_of`] takes: captures and refunds from `since` to before `until`, behind an entry.
pub fn posted(
    organization: OrganizationId,
    provider: PaymentProviderId,
    behind: Option<(Currency, i64)>,
    (since, until): (Timestamp, Timestamp),
    limit: i64,
) -> Statement {
    let (currency, number) = behind.map_or(("", 0), |(currency, number)| (currency.code(), number));
    Statement::new(POSTED)
        .bind(organization.to_string())
        .bind(provider.to_string())
        .bind(currency)
        .bind(number)
        .bind(since.millis())
        .bind(until.millis())
        .bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn posted_of(row: Row<'_>) -> Result<Posted, SqlError> {
    let amount: i64 = row.get("amount_minor")?;
    let (side, amount, reference) = match row.get("kind")? {
        "capture" => (Side::Capture, amount.saturating_neg(), "reference"),
        _ => (Side::Refund, amount, "refund_reference"),
    };
    Ok(Posted {
        currency: row.parse("currency")?,
        number: row.get("number")?,
        side,
        amount,
        order: row.get::<&str>("order_id")?.to_owned(),
        reference: row.get::<Option<&str>>(reference)?.map(str::to_owned),
    })
}

/// The statements that post what is not posted yet; the last one answers a row for each that was.
pub fn post(organization: OrganizationId, account: &StripeAccount, all: &[ToPost], now: Timestamp) -> [Statement; 2] {
    let rows: Vec<_> = all
        .iter()
        .map(|post| {
            json!({
                "id": format!("{}_{}", post.kind.name(), post.id),
                "kind": post.kind.name(),
                "account": match post.kind {
                    PostKind::Fee => "fees",
                    PostKind::Payout => "bank",
                },
                "currency": post.currency.code(),
                "amount": post.amount,
            })
        })
        .collect();
    let (rows, organization) = (json!(rows).to_string(), organization.to_string());
    let provider = account.provider.to_string();
    [
        Statement::new(OPEN).bind(organization.as_str()).bind(rows.as_str()).bind(provider.as_str()),
        Statement::new(POST)
            .bind(organization.as_str())
            .bind(rows)
            .bind(provider)
            .bind(account.store.to_string())
            .bind(now.millis()),
    ]
}
