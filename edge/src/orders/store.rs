//! The tables `orders`, `order_line` and `payment`.

use headlesspro_shared::checkout::{ManualPayment, PlacedLine};
use headlesspro_shared::kernel::id::{CheckoutId, OrderId, OrderLineId, PaymentId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::orders::{FulfillmentState, OrderState, PaymentState};
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Commit, Rows, SqlError, Statement};

/// Numbers count from 1001 in each store; the transaction is the only writer, so they have no gaps.
const INSERT: &str = "-- orders::insert
INSERT INTO orders (organization_id, store_id, id, checkout_id, number, state, payment_state, fulfillment_state,
  email, currency, total_minor, document, placed_at)
SELECT ?1, ?2, ?3, ?4, next.number, ?5, ?6, ?7, ?8, ?9, ?10, json_set(?11, '$.number', next.number), ?12
FROM (SELECT coalesce(max(number), 1000) + 1 AS number FROM orders WHERE organization_id = ?1 AND store_id = ?2) next";

const INSERT_LINES: &str = "-- orders::insert_lines
INSERT INTO order_line (organization_id, id, order_id, position, variant_id, product_id, sku, title, quantity,
  unit_price_minor, total_minor)
SELECT ?1, r.value ->> 'id', ?2, r.key, r.value ->> 'variant', r.value ->> 'product', r.value ->> 'sku',
  r.value ->> 'title', r.value ->> 'quantity', r.value ->> 'unitPrice', r.value ->> 'total'
FROM json_each(?3) r";

const INSERT_PAYMENT: &str = "-- orders::insert_payment
INSERT INTO payment (organization_id, id, order_id, provider, method, state, currency, amount_minor, created_at)
VALUES (?1, ?2, ?3, 'manual', ?4, ?5, ?6, ?7, ?8)";

const DOCUMENT: &str = "-- orders::document
SELECT document FROM orders WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3";

const BY_CHECKOUT: &str = "-- orders::by_checkout
SELECT id FROM orders WHERE organization_id = ?1 AND store_id = ?2 AND checkout_id = ?3 AND id <> ?4";

/// An order to be placed.
#[derive(Debug)]
pub struct NewOrder {
    pub id: OrderId,
    pub checkout: CheckoutId,
    pub state: OrderState,
    pub payment_state: PaymentState,
    pub fulfillment_state: FulfillmentState,
    pub email: String,
    pub total: Money,
    pub lines: Vec<(OrderLineId, PlacedLine)>,
    pub payment: PaymentId,
    pub method: ManualPayment,
    /// The rendered order; the commit sets its `number`.
    pub document: String,
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
            .bind(order.email.as_str())
            .bind(order.total.currency().to_string())
            .bind(order.total.minor())
            .bind(order.document.as_str())
            .bind(now.millis()),
    );
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|(id, line)| {
            json!({
                "id": id.to_string(),
                "variant": line.variant.to_string(),
                "product": line.product.to_string(),
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity.get(),
                "unitPrice": line.unit_price.minor(),
                "total": line.total.minor(),
            })
        })
        .collect();
    let organization = tenant.organization.to_string();
    let lines = json!(lines).to_string();
    commit.push(Statement::new(INSERT_LINES).bind(organization.as_str()).bind(id.as_str()).bind(lines));
    commit.push(
        Statement::new(INSERT_PAYMENT)
            .bind(organization)
            .bind(order.payment.to_string())
            .bind(id)
            .bind(order.method.name())
            .bind(order.payment_state.to_string())
            .bind(order.total.currency().to_string())
            .bind(order.total.minor())
            .bind(now.millis()),
    );
}

/// The statement whose rows [`document_of`] takes.
pub fn document(tenant: Tenant, id: OrderId) -> Statement {
    tenant.statement(DOCUMENT).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn document_of(rows: &Rows) -> Result<Option<String>, SqlError> {
    rows.first().map(|row| row.get::<&str>("document").map(str::to_owned)).transpose()
}

/// The order of a checkout other than `own`, which a refused commit still sees of itself.
pub fn by_checkout(tenant: Tenant, checkout: CheckoutId, own: OrderId) -> Statement {
    tenant.statement(BY_CHECKOUT).bind(checkout.to_string()).bind(own.to_string())
}
