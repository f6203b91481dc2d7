//! Redemptions: what the commit of an order counts.

use headlesspro_shared::kernel::id::{OrderId, PromotionCodeId, PromotionId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::Redemption;
use serde_json::{Value, json};

use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

/// A trigger counts each. A promotion that is gone is a NULL, and so is the text of a code that is.
const REDEEM: &str = "-- promotions::redeem
INSERT INTO promotion_redemption (organization_id, store_id, order_id, promotion_id, code_id, code, customer, currency,
  amount_minor, redeemed_at)
SELECT ?1, ?2, ?3, p.id, r.value ->> 'code', c.code, r.value ->> 'customer', ?5, r.value ->> 'amount', ?6
FROM json_each(?4) r
LEFT JOIN promotion p ON p.id = r.value ->> 'promotion' AND p.organization_id = ?1 AND +p.store_id = ?2
LEFT JOIN promotion_code c ON c.id = r.value ->> 'code' AND c.organization_id = ?1 AND +c.promotion_id = p.id";

/// In the order's own commit what it has counted already is no reason.
const EXHAUSTED: &str = "-- promotions::exhausted
SELECT s.promotion_id, s.code_id, s.spent FROM (
  SELECT r.value ->> 'promotion' AS promotion_id, r.value ->> 'code' AS code_id, CASE
    WHEN p.id IS NULL THEN 'promotion-gone'
    WHEN r.value ->> 'code' IS NOT NULL AND c.id IS NULL THEN 'code-gone'
    WHEN p.remaining < 1 THEN 'promotion'
    WHEN c.remaining < 1 THEN 'code'
    WHEN p.limit_per_customer <= coalesce(u.used, 0) THEN 'customer' END AS spent
  FROM json_each(?4) r
  LEFT JOIN promotion p ON p.id = r.value ->> 'promotion' AND p.organization_id = ?1 AND +p.store_id = ?2
  LEFT JOIN promotion_code c ON c.id = r.value ->> 'code' AND c.organization_id = ?1 AND +c.promotion_id = p.id
  LEFT JOIN promotion_customer u
    ON u.promotion_id = p.id AND u.customer = r.value ->> 'customer' AND u.organization_id = ?1
  WHERE NOT EXISTS (SELECT 1 FROM promotion_redemption o
    WHERE o.organization_id = ?1 AND o.order_id = ?3 AND o.promotion_id = r.value ->> 'promotion')) s
WHERE s.spent IS NOT NULL";

/// What has no use left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The promotion was deleted.
    PromotionGone,
    /// The code was deleted.
    CodeGone,
    /// As many orders have the promotion as may.
    Promotion,
    /// As many orders have the code as may.
    Code,
    /// The customer has had the promotion as often as a customer may.
    Customer,
}

/// A promotion, or the code that led to it, that an order cannot have any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    pub promotion: PromotionId,
    pub code: Option<PromotionCodeId>,
    pub spent: Spent,
}

/// Counts what an order has of promotions, in the commit that inserts the order, after it; nothing where there are none.
/// The commit is refused as a whole where a limit is reached, or a promotion or code is gone: [`exhausted`] says which.
/// Whether the promotions apply was decided before.
pub fn redeem(
    commit: &mut Commit,
    tenant: Tenant,
    order: OrderId,
    redemptions: &[Redemption],
    currency: Currency,
    now: Timestamp,
) {
    if !redemptions.is_empty() {
        let statement = tenant.statement(REDEEM).bind(order.to_string()).bind(rows_of(redemptions));
        commit.push(statement.bind(currency.code()).bind(now.millis()));
    }
}

/// The statement whose rows [`exhausted_of`] takes: a diagnosis of the commit that [`redeem`] is part of.
pub fn exhausted(tenant: Tenant, order: OrderId, redemptions: &[Redemption]) -> Statement {
    tenant.statement(EXHAUSTED).bind(order.to_string()).bind(rows_of(redemptions))
}

/// Those of the redemptions that cannot be had any more: none where the commit was refused for something else.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn exhausted_of(rows: &Rows) -> Result<Vec<Exhausted>, SqlError> {
    let of = |row: Row<'_>| {
        let spent = match row.get("spent")? {
            "promotion-gone" => Spent::PromotionGone,
            "code-gone" => Spent::CodeGone,
            "promotion" => Spent::Promotion,
            "code" => Spent::Code,
            "customer" => Spent::Customer,
            other => return Err(SqlError::Statement(format!("column spent holds {other}"))),
        };
        let code = row.get::<Option<&str>>("code_id")?.map(|_| row.parse("code_id")).transpose()?;
        Ok(Exhausted { promotion: row.parse("promotion_id")?, code, spent })
    };
    rows.iter().map(of).collect()
}

fn rows_of(redemptions: &[Redemption]) -> String {
    let row = |redemption: &Redemption| {
        json!({
            "promotion": redemption.promotion.to_string(),
            "code": redemption.code.map(|code| code.to_string()),
            "customer": redemption.customer,
            "amount": redemption.amount,
        })
    };
    Value::from_iter(redemptions.iter().map(row)).to_string()
}
