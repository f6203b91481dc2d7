//! The `stock` table. Its triggers keep the catalog's copies.

use headlesspro_shared::catalog::source::SourceVariant;
use headlesspro_shared::checkout::PlacedLine;
use headlesspro_shared::kernel::id::{OrderId, VariantId};
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::Statement;

/// A quantity that is another than the last import's is a new count; the same one says nothing new, and
/// what was sold since stays sold.
const SET_LEVELS: &str = "-- inventory::set_levels
INSERT INTO stock (organization_id, store_id, variant_id, product_id, available, imported, tracked, continue_selling,
  updated_at)
SELECT ?1, ?2, r.value ->> 'variant', r.value ->> 'product', r.value ->> 'units', r.value ->> 'units',
  r.value ->> 'tracked', r.value ->> 'continueSelling', ?4
FROM json_each(?3) r WHERE true
ON CONFLICT (variant_id) DO UPDATE SET
  available = CASE
    WHEN stock.imported <> excluded.imported THEN excluded.available
    WHEN excluded.tracked AND NOT excluded.continue_selling THEN max(stock.available, 0)
    ELSE stock.available
  END,
  imported = excluded.imported, tracked = excluded.tracked, continue_selling = excluded.continue_selling,
  updated_at = excluded.updated_at
WHERE stock.organization_id = ?1 AND stock.store_id = ?2";

/// Demand is summed by variant before the guard, and the guard is the table's own CHECK.
const TAKE: &str = "-- inventory::take
UPDATE stock SET available = available - wanted.units, updated_at = ?4
FROM (SELECT value ->> 'variant' AS variant, SUM(value ->> 'units') AS units FROM json_each(?3) GROUP BY 1) wanted
WHERE stock.variant_id = wanted.variant AND stock.organization_id = ?1 AND stock.store_id = ?2";

/// What an order still holds.
const RELEASE: &str = "-- inventory::release
UPDATE stock SET available = available + held.units, updated_at = ?4
FROM (SELECT l.variant_id AS variant, sum(l.quantity - l.released) AS units FROM order_line l
  WHERE l.organization_id = ?1 AND l.order_id = ?3 AND l.released < l.quantity GROUP BY 1) held
WHERE stock.variant_id = held.variant AND stock.organization_id = ?1 AND stock.store_id = ?2";

const RELEASED: &str = "-- inventory::released
UPDATE order_line SET released = quantity WHERE organization_id = ?1 AND order_id = ?2 AND released < quantity";

/// The stock of one variant, as the merchant says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    pub variant: String,
    pub product: String,
    pub units: i64,
    /// Whether units are counted at all.
    pub tracked: bool,
    pub continue_selling: bool,
}

impl Level {
    /// What the merchant says of a variant of `product` that has its id.
    pub fn of(product: &str, variant: &SourceVariant) -> Level {
        Level {
            variant: variant.id.as_ref().map(VariantId::to_string).unwrap_or_default(),
            product: product.to_owned(),
            units: variant.inventory.quantity,
            tracked: variant.inventory.tracked,
            continue_selling: variant.inventory.continue_selling,
        }
    }
}

pub fn set_levels(tenant: Tenant, levels: &[Level], now: Timestamp) -> Statement {
    tenant.statement(SET_LEVELS).bind(json!(levels).to_string()).bind(now.millis())
}

/// Takes the units of `lines`; refused as a whole when one variant has too few.
pub fn take(tenant: Tenant, lines: &[PlacedLine], now: Timestamp) -> Statement {
    let lines: Vec<_> =
        lines.iter().map(|line| json!({ "variant": line.variant.to_string(), "units": line.quantity.get() })).collect();
    tenant.statement(TAKE).bind(json!(lines).to_string()).bind(now.millis())
}

/// Gives back what an order still holds; a second time nothing.
pub fn release(tenant: Tenant, order: OrderId, now: Timestamp) -> Vec<Statement> {
    let released = Statement::new(RELEASED).bind(tenant.organization.to_string()).bind(order.to_string());
    vec![tenant.statement(RELEASE).bind(order.to_string()).bind(now.millis()), released]
}
