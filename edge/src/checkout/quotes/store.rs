//! The `quote` table.

use headlesspro_shared::checkout::Quoted;
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::id::{AccountId, CartId, ChannelId, QuoteId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::shipping::Charge;
use headlesspro_shared::totals::{ENGINE_VERSION, Question, Totals};

use crate::app::{App, Tenant};
use crate::extract::{stored, stored_in};
use crate::failure::Unavailable;
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Row, Rows, Statement};
use crate::tax::UsedExemption;
use crate::vault::{self, DataKey};

const INSERT: &str = "-- checkout::insert_quote
INSERT INTO quote (organization_id, store_id, id, token_hash, cart_id, channel_id, account_id, question, engine, created_at,
  expires_at, destination, deliveries, exemption_sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

const FIND: &str = "-- checkout::find_quote
SELECT q.id, q.cart_id, q.channel_id, q.account_id, q.question, q.engine, q.expires_at, q.checkout_id, q.destination,
  q.deliveries, q.exemption_sealed
FROM quote q WHERE q.organization_id = ?1 AND q.store_id = ?2 AND q.token_hash = ?3";

/// A few at a time: each quote that is made takes more away than it adds.
const FORGET: &str = "-- checkout::forget_quotes
DELETE FROM quote WHERE organization_id = ?1 AND store_id = ?2 AND expires_at <= (SELECT max(x.expires_at) FROM (
  SELECT q.expires_at FROM quote q WHERE q.organization_id = ?1 AND q.store_id = ?2 AND q.expires_at < ?3
  ORDER BY q.expires_at LIMIT 20) x)";

/// A quote to be kept.
pub struct NewQuote<'a> {
    pub id: QuoteId,
    /// Of its token, in hex.
    pub token_hash: String,
    pub cart: CartId,
    pub channel: Option<ChannelId>,
    pub customer: Option<AccountId>,
    pub question: &'a Question,
    /// Where alone it goes; none: wherever the same tax zone holds.
    pub destination: Option<&'a Place>,
    /// What it is sent by: one for each delivery of the question.
    pub charges: &'a [Charge],
    /// By [`seal`].
    pub exemption_sealed: Option<String>,
    pub expires_at: Timestamp,
}

/// A quote as it is kept, with what it was totalled from.
pub struct StoredQuote {
    pub id: QuoteId,
    pub quoted: Quoted,
    pub question: Question,
    pub totals: Totals,
    pub charges: Vec<Charge>,
    pub tax_exemption: Option<UsedExemption>,
}

pub fn insert(tenant: Tenant, quote: &NewQuote<'_>, now: Timestamp) -> Statement {
    tenant
        .statement(INSERT)
        .bind(quote.id.to_string())
        .bind(quote.token_hash.as_str())
        .bind(quote.cart.to_string())
        .bind(quote.channel.map(|id| id.to_string()))
        .bind(quote.customer.map(|id| id.to_string()))
        .bind(serde_json::to_string(quote.question).unwrap_or_default())
        .bind(i64::from(quote.question.engine))
        .bind(now.millis())
        .bind(quote.expires_at.millis())
        .bind(quote.destination.map(|place| serde_json::to_string(place).unwrap_or_default()))
        .bind(serde_json::to_string(quote.charges).unwrap_or_default())
        .bind(quote.exemption_sealed.as_deref())
}

/// The certificate that a quote's customer is exempt by: its number may be a person's.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn seal(app: &App, tenant: Tenant, key: &DataKey, id: QuoteId, used: &UsedExemption) -> Result<String, NoEntropy> {
    let text = serde_json::to_string(used).unwrap_or_default();
    key.seal(place(tenant, &id.to_string()), text.as_bytes(), &*app.entropy)
}

fn place<'a>(tenant: Tenant, row: &'a str) -> vault::Place<'a> {
    vault::Place { organization: tenant.organization, table: "quote", column: "exemption", row }
}

/// Forgets some of the quotes that were over before `before`.
pub fn forget(tenant: Tenant, before: Timestamp) -> Statement {
    tenant.statement(FORGET).bind(before.millis())
}

/// The statement whose rows [`quote_of`] takes.
pub fn find(tenant: Tenant, token_hash: &str) -> Statement {
    tenant.statement(FIND).bind(token_hash)
}

/// `None` where there is none, or another engine has totalled it: what that came to is not to be had of this one.
///
/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn quote_of(tenant: Tenant, key: &DataKey, rows: Option<&Rows>) -> Result<Option<StoredQuote>, Unavailable> {
    let Some(row) = rows.and_then(Rows::first) else { return Ok(None) };
    if row.get::<i64>("engine")? != i64::from(ENGINE_VERSION) {
        return Ok(None);
    }
    from_row(tenant, key, row).map(Some)
}

fn from_row(tenant: Tenant, key: &DataKey, row: Row<'_>) -> Result<StoredQuote, Unavailable> {
    let question: Question = stored_in(row, "question")?;
    let totals = question.total().map_err(|error| Unavailable::corrupt(format!("a quote's totals: {error}")))?;
    let quoted = Quoted {
        cart: row.parse("cart_id")?,
        channel: row.get::<Option<&str>>("channel_id")?.map(|_| row.parse("channel_id")).transpose()?,
        customer: row.get::<Option<&str>>("account_id")?.map(|_| row.parse("account_id")).transpose()?,
        lines: question.cart.lines.iter().map(|line| (line.variant, line.quantity)).collect(),
        tax_zone: totals.tax_zone.as_ref().map(|zone| zone.id),
        destination: row.get::<Option<&str>>("destination")?.map(|_| stored_in(row, "destination")).transpose()?,
        is_shipped: !question.cart.deliveries.is_empty(),
        expires_at: Timestamp::from_millis(row.get("expires_at")?),
        is_used: row.get::<Option<&str>>("checkout_id")?.is_some(),
    };
    let opened = |sealed| {
        let text = key.open_text(place(tenant, row.get("id")?), sealed);
        let text = text.map_err(|error| Unavailable::corrupt(format!("a quote's certificate: {error}")))?;
        stored(&text).map_err(|_| Unavailable::corrupt("a quote's certificate"))
    };
    let tax_exemption = row.get::<Option<&str>>("exemption_sealed")?.map(opened).transpose()?;
    Ok(StoredQuote {
        id: row.parse("id")?,
        quoted,
        question,
        totals,
        charges: stored_in(row, "deliveries")?,
        tax_exemption,
    })
}
