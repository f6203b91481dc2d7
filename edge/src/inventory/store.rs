//! The `stock` table. Its triggers keep the catalog's copies.

use std::collections::BTreeMap;

use headlesspro_shared::checkout::PlacedLine;
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const LEVELS: &str = "-- inventory::levels
SELECT s.variant_id, s.product_id, s.imported, s.tracked, s.continue_selling
FROM json_each(?3) wanted
CROSS JOIN stock s ON s.product_id = wanted.value AND s.organization_id = ?1 AND s.store_id = ?2";

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

/// The stock of one variant, as a file says it.
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
    /// Units that are there, where they are counted.
    pub fn counted(&self) -> Option<i64> {
        self.tracked.then_some(self.units)
    }

    /// Whether one can be bought.
    pub fn is_sellable(&self) -> bool {
        0 < self.units || !self.tracked || self.continue_selling
    }
}

/// What the last import said of all variants of `products`.
pub fn levels(tenant: Tenant, products: &[String]) -> Statement {
    tenant.statement(LEVELS).bind(json!(products).to_string())
}

/// By variant.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn levels_of(rows: &Rows) -> Result<BTreeMap<String, Level>, SqlError> {
    rows.iter()
        .map(|row| {
            let level = Level {
                variant: row.get::<&str>("variant_id")?.to_owned(),
                product: row.get::<&str>("product_id")?.to_owned(),
                units: row.get("imported")?,
                tracked: row.get("tracked")?,
                continue_selling: row.get("continue_selling")?,
            };
            Ok((level.variant.clone(), level))
        })
        .collect()
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
