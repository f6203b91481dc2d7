//! Redemptions: what the commit of an order counts.

use headlesspro_shared::kernel::id::OrderId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::Redemption;
use serde_json::{Value, json};

use crate::app::Tenant;
use crate::port::sql::{Commit, Statement};

/// A trigger counts each. A promotion that is gone is a NULL, and so is the text of a code that is.
const REDEEM: &str = "-- promotions::redeem
INSERT INTO promotion_redemption (organization_id, store_id, order_id, promotion_id, code_id, code, customer, currency,
  amount_minor, redeemed_at)
SELECT ?1, ?2, ?3, p.id, r.value ->> 'code', c.code, r.value ->> 'customer', ?5, r.value ->> 'amount', ?6
FROM json_each(?4) r
LEFT JOIN promotion p ON p.id = r.value ->> 'promotion' AND p.organization_id = ?1 AND +p.store_id = ?2
LEFT JOIN promotion_code c ON c.id = r.value ->> 'code' AND c.organization_id = ?1 AND +c.promotion_id = p.id";

const GIVE_BACK: &str = "-- promotions::give_back
DELETE FROM promotion_redemption WHERE organization_id = ?1 AND order_id = ?2";

/// Counts what an order has of promotions, in the commit that inserts the order, after it; nothing where there are none.
/// The commit is refused as a whole where a limit is reached, or a promotion or code is gone: totalled again, it says
/// which. Whether the promotions apply was decided before.
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

/// An order has had no promotion any more: a trigger counts them back. A second time nothing.
pub fn give_back(tenant: Tenant, order: OrderId) -> Statement {
    Statement::new(GIVE_BACK).bind(tenant.organization.to_string()).bind(order.to_string())
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
