//! The `checkout` table.

use headlesspro_shared::checkout::{CheckoutState, PlacedLine};
use headlesspro_shared::kernel::id::{CartId, ChannelId, CheckoutId, QuoteId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::shipping::Charge;
use headlesspro_shared::totals::{ENGINE_VERSION, Question};
use serde::{Deserialize, Serialize};

use crate::app::{App, Tenant};
use crate::extract::{stored, stored_in};
use crate::failure::Unavailable;
use crate::identity::{data_key, wrapped_key};
use crate::orders::{Of, Personal};
use crate::port::sql::{Row, Rows, Statement};
use crate::shipping::Answers;
use crate::tax::text_of;
use crate::totals::{Agreed, Standing};
use crate::vault::DataKey;

const INSERT: &str = "-- checkout::insert
INSERT INTO checkout (organization_id, store_id, id, cart_id, state, personal_sealed, currency, lines, total_minor,
  created_at, expires_at, channel_id, question, engine, rules_version, rules_turn_at, prices_version,
  tax_version, shipping_version, deliveries, exemptions_version, quote_id, shipping_answers)
VALUES (?1, ?2, ?3, ?4, 'open', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";

/// Who opened it without looking for certificates has agreed at no version of them, which is -1: it is totalled again.
const FIND: &str = "-- checkout::find
SELECT c.id, c.cart_id, c.state, c.personal_sealed, c.currency, c.lines, c.total_minor, c.created_at, c.expires_at,
  c.channel_id, c.question, c.engine, c.rules_version, c.rules_turn_at, c.prices_version,
  coalesce(c.tax_version, 0) AS tax_version, c.shipping_version, c.deliveries,
  coalesce(c.exemptions_version, -1) AS exemptions_version, c.quote_id, c.shipping_answers, k.wrapped, k.master_key_id
FROM checkout c JOIN organization_key k ON k.organization_id = c.organization_id
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.id = ?3";

const COMPLETE: &str = "-- checkout::complete
UPDATE checkout SET state = 'completed', exemptions_guarded = 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3";

/// What a buyer has agreed to.
#[derive(Debug, Clone)]
pub struct Checkout {
    pub id: CheckoutId,
    pub cart: CartId,
    pub state: CheckoutState,
    pub personal: Personal,
    pub lines: Vec<PlacedLine>,
    pub total: Money,
    /// What the total was agreed to by; none for a checkout from before there were promotions, which has none.
    pub agreed: Option<Agreed>,
    /// What it is sent by: one for each delivery of the totals. None for a checkout from before methods were chosen, which
    /// is sent by none.
    pub charges: Option<Vec<Charge>>,
    /// What providers have said of what was chosen.
    pub answers: Option<Answers>,
    /// The quote that it was opened with.
    pub quote: Option<QuoteId>,
    /// That of the caller who opened it.
    pub channel: Option<ChannelId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Checkout {
    /// Whose redemptions it counts: an account's id, or the hash of a guest's address.
    pub fn customer(&self) -> Option<&str> {
        self.agreed.as_ref().and_then(|agreed| agreed.question.cart.customer.as_deref())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineRow {
    variant: String,
    product: String,
    sku: String,
    title: String,
    variant_title: String,
    quantity: i64,
    unit_price: i64,
    total: i64,
}

/// `personal_sealed` is of [`Checkout::personal`].
pub fn insert(tenant: Tenant, checkout: &Checkout, personal_sealed: &str) -> Statement {
    let lines: Vec<LineRow> = checkout.lines.iter().map(row_of).collect();
    let agreed = checkout.agreed.as_ref();
    tenant
        .statement(INSERT)
        .bind(checkout.id.to_string())
        .bind(checkout.cart.to_string())
        .bind(personal_sealed)
        .bind(checkout.total.currency().to_string())
        .bind(serde_json::to_string(&lines).unwrap_or_default())
        .bind(checkout.total.minor())
        .bind(checkout.created_at.millis())
        .bind(checkout.expires_at.millis())
        .bind(checkout.channel.map(|id| id.to_string()))
        .bind(agreed.map(|agreed| serde_json::to_string(&agreed.question).unwrap_or_default()))
        .bind(agreed.map(|agreed| i64::from(agreed.question.engine)))
        .bind(agreed.map(|agreed| agreed.standing.promotions))
        .bind(agreed.and_then(|agreed| agreed.standing.turns_at).map(Timestamp::millis))
        .bind(agreed.map_or(0, |agreed| agreed.standing.prices))
        .bind(agreed.map(|agreed| agreed.standing.tax))
        .bind(agreed.and_then(|agreed| agreed.standing.shipping))
        .bind(checkout.charges.as_ref().map(|charges| serde_json::to_string(charges).unwrap_or_default()))
        .bind(agreed.map(|agreed| agreed.standing.exemptions))
        .bind(checkout.quote.map(|id| id.to_string()))
        .bind(checkout.answers.as_ref().map(text_of))
}

/// The statement whose rows [`checkout_of`] takes.
pub fn find(tenant: Tenant, id: CheckoutId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

pub fn complete(tenant: Tenant, id: CheckoutId) -> Statement {
    tenant.statement(COMPLETE).bind(id.to_string())
}

/// A checkout, and the organization's data key.
///
/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn checkout_of(app: &App, tenant: Tenant, rows: &Rows) -> Result<Option<(Checkout, DataKey)>, Unavailable> {
    let Some(row) = rows.first() else { return Ok(None) };
    let key = data_key(app, tenant, &wrapped_key(row)?)?;
    Ok(Some((from_row(tenant, &key, row)?, key)))
}

fn from_row(tenant: Tenant, key: &DataKey, row: Row<'_>) -> Result<Checkout, Unavailable> {
    let currency: Currency = row.parse("currency")?;
    let lines: Vec<LineRow> =
        serde_json::from_str(row.get("lines")?).map_err(|_| Unavailable::corrupt("a checkout's lines"))?;
    let id: CheckoutId = row.parse("id")?;
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    let engine = row.get::<Option<i64>>("engine")?;
    let is_of_this_engine = engine.is_none_or(|engine| engine == i64::from(ENGINE_VERSION));
    Ok(Checkout {
        id,
        cart: row.parse("cart_id")?,
        state: match row.get("state")? {
            "open" => CheckoutState::Open,
            "completed" => CheckoutState::Completed,
            _ => return Err(Unavailable::corrupt("a checkout's state")),
        },
        personal: Personal::open(tenant, key, Of::Checkout(id), row.get("personal_sealed")?)?,
        lines: lines.into_iter().map(|line| line_of(line, currency)).collect::<Result<_, _>>()?,
        total: Money::new(row.get("total_minor")?, currency),
        agreed: if is_of_this_engine { agreed_of(row)? } else { None },
        charges: row.get::<Option<&str>>("deliveries")?.map(|_| stored_in(row, "deliveries")).transpose()?,
        answers: row
            .get::<Option<&str>>("shipping_answers")?
            .map(|_| stored_in(row, "shipping_answers"))
            .transpose()?,
        quote: row.get::<Option<&str>>("quote_id")?.map(|_| row.parse("quote_id")).transpose()?,
        channel: row.get::<Option<&str>>("channel_id")?.map(|_| row.parse("channel_id")).transpose()?,
        created_at,
        // Another engine may come to something else than the buyer has agreed to.
        expires_at: if is_of_this_engine { Timestamp::from_millis(row.get("expires_at")?) } else { created_at },
    })
}

fn agreed_of(row: Row<'_>) -> Result<Option<Agreed>, Unavailable> {
    let Some(question) = row.get::<Option<&str>>("question")? else { return Ok(None) };
    let question: Question = stored(question).map_err(|_| Unavailable::corrupt("what a checkout was totalled from"))?;
    Ok(Some(Agreed {
        totals: question.total().map_err(|error| Unavailable::corrupt(format!("a checkout's totals: {error}")))?,
        question,
        standing: Standing {
            promotions: row.get("rules_version")?,
            prices: row.get("prices_version")?,
            tax: row.get("tax_version")?,
            shipping: row.get("shipping_version")?,
            exemptions: row.get("exemptions_version")?,
            turns_at: row.get::<Option<i64>>("rules_turn_at")?.map(Timestamp::from_millis),
        },
    }))
}

fn row_of(line: &PlacedLine) -> LineRow {
    LineRow {
        variant: line.variant.to_string(),
        product: line.product.to_string(),
        sku: line.sku.clone(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        quantity: line.quantity.get(),
        unit_price: line.unit_price.minor(),
        total: line.total.minor(),
    }
}

fn line_of(row: LineRow, currency: Currency) -> Result<PlacedLine, Unavailable> {
    Ok(PlacedLine {
        variant: row.variant.parse().map_err(|_| Unavailable::corrupt("a checkout's variant"))?,
        product: row.product.parse().map_err(|_| Unavailable::corrupt("a checkout's product"))?,
        sku: row.sku,
        title: row.title,
        variant_title: row.variant_title,
        quantity: Quantity::try_from(row.quantity).map_err(|_| Unavailable::corrupt("a checkout's quantity"))?,
        unit_price: Money::new(row.unit_price, currency),
        total: Money::new(row.total, currency),
    })
}
