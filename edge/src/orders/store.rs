//! The tables `orders`, `order_line` and `payment`.

use headlesspro_shared::checkout::{ManualPayment, PlacedLine};
use headlesspro_shared::kernel::id::{
    AccountId, ChannelId, CheckoutId, OrderId, OrderLineId, PaymentId, PaymentProviderId,
};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::orders::{FulfillmentState, OrderState, PaymentState};
use headlesspro_shared::shipping::Charge;
use headlesspro_shared::totals::{DeliveryTotals, ENGINE_VERSION, Question, Totals};
use serde_json::{Map, Value, json};

use crate::app::Tenant;
use crate::extract::{stored, stored_in};
use crate::failure::Unavailable;
use crate::identity::wrapped_key;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};
use crate::totals::{LineSums, kind_name};
use crate::vault::WrappedKey;
use crate::wire::value_of;

/// Numbers count from 1001 in each store; the transaction is the only writer, so they have no gaps.
const INSERT: &str = "-- orders::insert
INSERT INTO orders (organization_id, store_id, id, checkout_id, number, state, payment_state, fulfillment_state,
  email_hash, currency, total_minor, document, placed_at, personal_sealed, account_id,
  channel_id)
SELECT ?1, ?2, ?3, ?4, next.number, ?5, ?6, ?7, ?8, ?9, ?10, json_set(?11, '$.number', next.number), ?12, ?13, ?14,
  ?15
FROM (SELECT coalesce(max(number), 1000) + 1 AS number FROM orders WHERE organization_id = ?1 AND store_id = ?2) next";

const INSERT_LINES: &str = "-- orders::insert_lines
INSERT INTO order_line (organization_id, id, order_id, position, variant_id, product_id, sku, title, quantity,
  unit_price_minor, total_minor, discount_minor, tax_minor, gross_minor)
SELECT ?1, r.value ->> 'id', ?2, r.key, r.value ->> 'variant', r.value ->> 'product', r.value ->> 'sku',
  r.value ->> 'title', r.value ->> 'quantity', r.value ->> 'unitPrice', r.value ->> 'total',
  r.value ->> 'discount', r.value ->> 'tax', r.value ->> 'gross'
FROM json_each(?3) r";

const INSERT_DELIVERIES: &str = "-- orders::insert_deliveries
INSERT INTO order_delivery (organization_id, order_id, position, method_id, service, location_id, kind, name,
  amount_minor, discount_minor, tax_minor, gross_minor, why)
SELECT ?1, ?2, r.key, r.value ->> 'method', r.value ->> 'service', r.value ->> 'location', r.value ->> 'kind',
  r.value ->> 'name', r.value ->> 'amount', r.value ->> 'discount', r.value ->> 'tax', r.value ->> 'gross',
  r.value -> 'why'
FROM json_each(?3) r";

const INSERT_TOTALS: &str = "-- orders::insert_totals
INSERT INTO order_totals (organization_id, order_id, engine, question, totals) VALUES (?1, ?2, ?3, ?4, ?5)";

/// An order that a customer's first one was not, since there was another meanwhile. One that was called off is none.
const GUARD_FIRST: &str = "-- orders::guard_first
INSERT INTO violation (what)
SELECT 'there is an order of this buyer already'
WHERE EXISTS (SELECT 1 FROM orders o
    WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.email_hash = ?3 AND o.id <> ?5 AND o.state <> 'cancelled')
  OR EXISTS (SELECT 1 FROM orders a
    WHERE a.organization_id = ?1 AND +a.store_id = ?2 AND a.account_id = ?4 AND a.id <> ?5
      AND a.state <> 'cancelled')";

const IS_FIRST: &str = "-- orders::is_first
SELECT NOT EXISTS (SELECT 1 FROM orders o
    WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.email_hash = ?3 AND o.state <> 'cancelled')
  AND NOT EXISTS (SELECT 1 FROM orders a
    WHERE a.organization_id = ?1 AND +a.store_id = ?2 AND a.account_id = ?4 AND a.state <> 'cancelled') AS is_first";

const TOTALS: &str = "-- orders::totals
SELECT t.engine, t.question, t.totals FROM order_totals t
JOIN orders o ON o.organization_id = t.organization_id AND o.id = t.order_id
WHERE t.organization_id = ?1 AND o.store_id = ?2 AND t.order_id = ?3";

const DELIVERIES: &str = "-- orders::deliveries
SELECT d.position, d.why FROM order_delivery d
JOIN orders o ON o.organization_id = d.organization_id AND o.id = d.order_id
WHERE d.organization_id = ?1 AND o.store_id = ?2 AND d.order_id = ?3 ORDER BY d.position";

const INSERT_PAYMENT: &str = "-- orders::insert_payment
INSERT INTO payment (organization_id, id, order_id, provider, method, state, currency, amount_minor, created_at,
  provider_id, return_url, attempts, ends_at, due_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// The states of an order, as they are kept and as they are shown.
const TURN: &str = "-- orders::turn
UPDATE orders SET state = ?4, payment_state = ?5, document = json_patch(document, ?6)
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3";

/// The state of its payment, as the payment has it.
const FOLLOW_PAYMENT: &str = "-- orders::follow_payment
UPDATE orders SET payment_state = p.state,
  document = json_patch(document, json_object('paymentState', p.state, 'payment', json_object('state', p.state)))
FROM payment p
WHERE orders.organization_id = ?1 AND orders.store_id = ?2 AND orders.id = ?3
  AND p.organization_id = ?1 AND p.order_id = ?3";

const PRODUCTS: &str = "-- orders::products
SELECT DISTINCT l.product_id FROM order_line l WHERE l.organization_id = ?1 AND l.order_id = ?2";

const DOCUMENT: &str = "-- orders::document
SELECT o.id, o.document, o.personal_sealed, o.channel_id, o.document ->> 'quoteId' AS quote_id, k.wrapped, k.master_key_id
FROM orders o JOIN organization_key k ON k.organization_id = o.organization_id
WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.id = ?3";

const BY_CHECKOUT: &str = "-- orders::by_checkout
SELECT o.id, o.document, o.personal_sealed, k.wrapped, k.master_key_id
FROM orders o JOIN organization_key k ON k.organization_id = o.organization_id
WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.checkout_id = ?3 AND o.id IS NOT ?4";

/// Those of the account, and those that were placed with its address: once that is confirmed, a guest's orders are
/// the account's.
const OF_ACCOUNT: &str = "-- orders::of_account
SELECT own.id, own.document, own.personal_sealed, k.wrapped, k.master_key_id FROM (
  SELECT * FROM (
    SELECT o.organization_id, o.id, o.document, o.personal_sealed FROM orders o
    WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.account_id = ?3 AND o.id < ?4
    ORDER BY o.id DESC LIMIT ?5)
  UNION
  SELECT * FROM (
    SELECT g.organization_id, g.id, g.document, g.personal_sealed FROM account a
    JOIN orders g ON g.organization_id = a.organization_id AND g.email_hash = a.email_hash
    WHERE a.organization_id = ?1 AND a.id = ?3 AND a.email_verified_at IS NOT NULL AND g.store_id = ?2 AND g.id < ?4
    ORDER BY g.id DESC LIMIT ?5)) own
JOIN organization_key k ON k.organization_id = ?1
ORDER BY own.id DESC LIMIT ?5";

/// An order to be placed.
#[derive(Debug)]
pub struct NewOrder {
    pub id: OrderId,
    pub checkout: CheckoutId,
    pub state: OrderState,
    pub payment_state: PaymentState,
    pub fulfillment_state: FulfillmentState,
    /// The keyed hash of the buyer's address, in hex.
    pub email_hash: String,
    /// Of [`Personal`], sealed.
    pub personal_sealed: String,
    /// The customer who is logged in.
    pub account: Option<AccountId>,
    /// The channel that it came through.
    pub channel: Option<ChannelId>,
    pub total: Money,
    pub lines: Vec<(OrderLineId, PlacedLine)>,
    /// What each line comes to; none for a checkout from before there were promotions, whose lines come to their totals.
    pub sums: Vec<LineSums>,
    /// What it was totalled from, and what came of it.
    pub totals: Option<(Question, Totals)>,
    /// By what it is sent: one for each delivery of the totals.
    pub charges: Vec<Charge>,
    /// Of what no tender pays; none where nothing is left.
    pub payment: Option<NewPayment>,
    /// The rendered order without what is sealed; the commit sets its `number`.
    pub document: String,
}

/// How what is left of an order is paid.
#[derive(Debug)]
pub struct NewPayment {
    pub id: PaymentId,
    pub by: PaidBy,
    pub amount: Money,
}

#[derive(Debug)]
pub enum PaidBy {
    Manual(ManualPayment),
    Provider(ProviderPayment),
}

/// A payment that a provider is asked for after the commit.
#[derive(Debug)]
pub struct ProviderPayment {
    pub provider: PaymentProviderId,
    /// The kind of provider.
    pub kind: &'static str,
    /// Where the buyer comes back to.
    pub return_url: Option<String>,
    /// Until when the buyer may pay.
    pub ends_at: Timestamp,
    /// When somebody looks how it stands, where nobody has until then.
    pub due_at: Timestamp,
}

impl PaidBy {
    /// As it is shown: `manual` or the provider's id, and the method.
    pub fn names(&self) -> (String, &'static str) {
        match self {
            PaidBy::Manual(method) => ("manual".to_owned(), method.name()),
            PaidBy::Provider(payment) => (payment.provider.to_string(), payment.kind),
        }
    }
}

/// What is recorded of an order's totals.
pub enum RecordedTotals {
    /// What they were made from by the engine that this is.
    OfThis(Box<Question>),
    /// What another engine came to.
    OfAnother(Map<String, Value>),
}

/// Adds the order itself, to which the rest of the commit refers; then its lines and payment.
/// The first of the statements refuses a second order of the same checkout.
pub fn insert(commit: &mut Commit, tenant: Tenant, order: &NewOrder, now: Timestamp) {
    let id = order.id.to_string();
    commit.push(
        tenant
            .statement(INSERT)
            .bind(id.as_str())
            .bind(order.checkout.to_string())
            .bind(order.state.to_string())
            .bind(order.payment_state.to_string())
            .bind(order.fulfillment_state.to_string())
            .bind(order.email_hash.as_str())
            .bind(order.total.currency().to_string())
            .bind(order.total.minor())
            .bind(order.document.as_str())
            .bind(now.millis())
            .bind(order.personal_sealed.as_str())
            .bind(order.account.map(|id| id.to_string()))
            .bind(order.channel.map(|id| id.to_string())),
    );
    let lines: Vec<_> = order
        .lines
        .iter()
        .enumerate()
        .map(|(place, (id, line))| {
            let sums = order.sums.get(place);
            json!({
                "id": id.to_string(),
                "variant": line.variant.to_string(),
                "product": line.product.to_string(),
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity.get(),
                "unitPrice": line.unit_price.minor(),
                "total": line.total.minor(),
                "discount": sums.map_or(0, |sums| sums.discount.minor()),
                "tax": sums.map_or(0, |sums| sums.tax.minor()),
                "gross": sums.map_or(line.total, |sums| sums.total).minor(),
            })
        })
        .collect();
    let organization = tenant.organization.to_string();
    let lines = json!(lines).to_string();
    commit.push(Statement::new(INSERT_LINES).bind(organization.as_str()).bind(id.as_str()).bind(lines));
    if let Some((question, totals)) = &order.totals {
        if !order.charges.is_empty() {
            let deliveries = json!(deliveries(&order.charges, totals)).to_string();
            let statement = Statement::new(INSERT_DELIVERIES).bind(organization.as_str());
            commit.push(statement.bind(id.as_str()).bind(deliveries));
        }
        commit.push(
            Statement::new(INSERT_TOTALS)
                .bind(organization.as_str())
                .bind(id.as_str())
                .bind(i64::from(totals.engine))
                .bind(serde_json::to_string(question).unwrap_or_default())
                .bind(serde_json::to_string(totals).unwrap_or_default()),
        );
    }
    if let Some(payment) = &order.payment {
        let (name, method) = payment.by.names();
        let provider = match &payment.by {
            PaidBy::Manual(_) => None,
            PaidBy::Provider(provider) => Some(provider),
        };
        commit.push(
            Statement::new(INSERT_PAYMENT)
                .bind(organization)
                .bind(payment.id.to_string())
                .bind(id)
                .bind(provider.map_or(name, |provider| provider.kind.to_owned()))
                .bind(method)
                .bind(order.payment_state.to_string())
                .bind(payment.amount.currency().to_string())
                .bind(payment.amount.minor())
                .bind(now.millis())
                .bind(provider.map(|provider| provider.provider.to_string()))
                .bind(provider.and_then(|provider| provider.return_url.as_deref()))
                .bind(i64::from(provider.is_some()))
                .bind(provider.map(|provider| provider.ends_at.millis()))
                .bind(provider.map(|provider| provider.due_at.millis())),
        );
    }
}

/// Turns an order's states, and with them the members of what is shown of it that `patch` (RFC 7396) names. To be decided
/// by a guard of the same commit.
pub fn turn(tenant: Tenant, id: OrderId, state: OrderState, payment_state: PaymentState, patch: &Value) -> Statement {
    let statement = tenant.statement(TURN).bind(id.to_string());
    statement.bind(state.to_string()).bind(payment_state.to_string()).bind(patch.to_string())
}

/// Has an order say of its payment what that says.
pub fn follow_payment(tenant: Tenant, id: OrderId) -> Statement {
    tenant.statement(FOLLOW_PAYMENT).bind(id.to_string())
}

/// The statement whose rows [`products_of`] takes.
pub fn products(tenant: Tenant, id: OrderId) -> Statement {
    Statement::new(PRODUCTS).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// The ids of the products of an order's lines.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn products_of(rows: &Rows) -> Result<Vec<String>, SqlError> {
    rows.iter().map(|row| Ok(row.get::<&str>("product_id")?.to_owned())).collect()
}

fn deliveries(charges: &[Charge], totals: &Totals) -> Vec<Value> {
    let of = |(charge, costs): (&Charge, &DeliveryTotals)| {
        json!({
            "method": charge.method.to_string(),
            "service": charge.service,
            "location": charge.place().map(|location| location.to_string()),
            "kind": kind_name(charge.kind),
            "name": costs.name,
            "amount": costs.amount,
            "discount": costs.discount,
            "tax": costs.taxes.tax,
            "gross": costs.taxes.gross,
            "why": value_of(&charge.why),
        })
    };
    charges.iter().zip(&totals.deliveries).map(of).collect()
}

/// An order as it was placed, what is personal still sealed.
pub struct StoredOrder {
    pub id: OrderId,
    pub document: String,
    pub personal_sealed: String,
    pub key: WrappedKey,
}

/// The statement whose rows [`orders_of`] takes: the one order, if it is there.
pub fn document(tenant: Tenant, id: OrderId) -> Statement {
    tenant.statement(DOCUMENT).bind(id.to_string())
}

/// Refuses the commit of an order that is not the first of its buyer: of the address, and of the account if there is one.
pub fn guard_first(tenant: Tenant, order: &NewOrder) -> Statement {
    let statement = tenant.statement(GUARD_FIRST).bind(order.email_hash.as_str());
    statement.bind(order.account.map(|id| id.to_string())).bind(order.id.to_string())
}

/// The statement whose rows [`is_first_of`] takes.
pub fn is_first(tenant: Tenant, email_hash: &str, account: Option<AccountId>) -> Statement {
    tenant.statement(IS_FIRST).bind(email_hash).bind(account.map(|id| id.to_string()))
}

/// Whether nobody has ordered with an address, nor the account anything.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn is_first_of(rows: &Rows) -> Result<bool, SqlError> {
    Ok(rows.first().map(|row| row.get::<bool>("is_first")).transpose()?.unwrap_or(true))
}

/// The statement whose rows [`totals_of`] takes.
pub fn totals(tenant: Tenant, id: OrderId) -> Statement {
    tenant.statement(TOTALS).bind(id.to_string())
}

/// What an order was totalled from, or came to; none for one from before there were promotions.
///
/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn totals_of(rows: &Rows) -> Result<Option<RecordedTotals>, Unavailable> {
    let Some(row) = rows.first() else { return Ok(None) };
    let corrupt = |_| Unavailable::corrupt("an order's totals");
    if row.get::<i64>("engine")? != i64::from(ENGINE_VERSION) {
        return Ok(Some(RecordedTotals::OfAnother(serde_json::from_str(row.get("totals")?).map_err(corrupt)?)));
    }
    Ok(Some(RecordedTotals::OfThis(stored(row.get("question")?).map_err(corrupt)?)))
}

/// The statement whose rows [`shipped_by`] takes.
pub fn deliveries_of(tenant: Tenant, id: OrderId) -> Statement {
    tenant.statement(DELIVERIES).bind(id.to_string())
}

/// How the price of each of an order's deliveries came about.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn shipped_by(rows: &Rows) -> Result<Vec<Value>, SqlError> {
    let of = |row: Row<'_>| {
        let (key, why): (i64, Value) = (row.get("position")?, stored_in(row, "why")?);
        Ok(json!({ "key": key, "why": why }))
    };
    rows.iter().map(of).collect()
}

/// The statement whose rows [`orders_of`] takes: the order of a checkout, if there is one, other than `own`, which a
/// refused commit still sees of itself.
pub fn by_checkout(tenant: Tenant, checkout: CheckoutId, own: Option<OrderId>) -> Statement {
    tenant.statement(BY_CHECKOUT).bind(checkout.to_string()).bind(own.map(|id| id.to_string()))
}

/// The statement whose rows [`orders_of`] takes: an account's orders before `below`, newest first.
pub fn of_account(tenant: Tenant, account: AccountId, below: &str, limit: i64) -> Statement {
    tenant.statement(OF_ACCOUNT).bind(account.to_string()).bind(below).bind(limit)
}

/// The channel that the order of [`document`] came through.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn channel_of(rows: &Rows) -> Result<Option<ChannelId>, SqlError> {
    let of = |row: Row<'_>| row.get::<Option<&str>>("channel_id")?.map(|_| row.parse("channel_id")).transpose();
    Ok(rows.first().map(of).transpose()?.flatten())
}

/// The quote whose prices the order of [`document`] has.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn quote_of(rows: &Rows) -> Result<Option<String>, SqlError> {
    let of = |row: Row<'_>| Ok(row.get::<Option<&str>>("quote_id")?.map(str::to_owned));
    Ok(rows.first().map(of).transpose()?.flatten())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn orders_of(rows: &Rows) -> Result<Vec<StoredOrder>, SqlError> {
    let stored = |row: Row<'_>| {
        Ok(StoredOrder {
            id: row.parse("id")?,
            document: row.get::<&str>("document")?.to_owned(),
            personal_sealed: row.get::<&str>("personal_sealed")?.to_owned(),
            key: wrapped_key(row)?,
        })
    };
    rows.iter().map(stored).collect()
}
