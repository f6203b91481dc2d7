//! What variants are shipped by.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::VariantId;
use headlesspro_shared::shipping::Goods;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const GOODS: &str = "-- catalog::goods
SELECT v.id, v.weight_grams, v.needs_shipping, p.document -> '$.tags' AS tags
FROM json_each(?3) wanted
CROSS JOIN variant v ON v.id = wanted.value AND v.organization_id = ?1 AND +v.store_id = ?2
CROSS JOIN product p ON p.id = v.product_id AND p.organization_id = ?1";

/// The statement whose rows [`goods_of`] takes. Variants that are not this store's are left out.
pub fn goods(tenant: Tenant, variants: impl IntoIterator<Item = VariantId>) -> Statement {
    let ids: Vec<String> = variants.into_iter().map(|id| id.to_string()).collect();
    tenant.statement(GOODS).bind(json!(ids).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn goods_of(rows: &Rows) -> Result<BTreeMap<VariantId, Goods>, SqlError> {
    let of = |row: Row<'_>| {
        let tags = row.get::<Option<&str>>("tags")?.unwrap_or("[]");
        let goods = Goods {
            needs_shipping: row.get("needs_shipping")?,
            weight_grams: row.get("weight_grams")?,
            // Stock is in one place.
            location: None,
            tags: serde_json::from_str(tags).map_err(|_| SqlError::Statement("tags do not read back".to_owned()))?,
        };
        Ok((row.parse("id")?, goods))
    };
    rows.iter().map(of).collect()
}
