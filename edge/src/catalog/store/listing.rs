//! The rows of `product_facet` that say which products stand in a list that is gone.

use crate::app::Tenant;
use crate::port::sql::Commit;

const CLEAR: &str = "-- catalog::clear_listing
DELETE FROM product_facet
WHERE organization_id = ?1 AND store_id = ?2 AND kind = ?3 AND value = ?4 AND product_id IN (
  SELECT f.product_id FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = ?3 AND f.value = ?4 LIMIT ?5)";

const IS_LEFT: &str = "-- catalog::is_left_of_listing
SELECT 1 AS is_left FROM product_facet f
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = ?3 AND f.value = ?4 LIMIT 1";

/// Takes `size` products out of a list; what is read after it has a row while there are more.
pub fn clear(commit: &mut Commit, tenant: Tenant, kind: &str, id: &str, size: i64) {
    commit.push(tenant.statement(CLEAR).bind(kind).bind(id).bind(size));
    commit.push_after(tenant.statement(IS_LEFT).bind(kind).bind(id));
}
