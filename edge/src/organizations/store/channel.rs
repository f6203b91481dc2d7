//! Of the table `channel` what grants are given by: whose store it is.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::kernel::id::{ChannelId, StoreId};
use serde_json::json;

use super::of_organization;
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const STORES: &str = "-- organizations::stores_of_channels
SELECT c.id, c.store_id FROM json_each(?2) w
CROSS JOIN channel c ON c.id = w.value AND c.organization_id = ?1";

/// Refuses the commit when one of the channels is gone. A channel never changes its store.
const GUARD_THERE: &str = "-- organizations::guard_channels
INSERT INTO violation (what)
SELECT 'a channel is gone'
FROM json_each(?2) w
WHERE NOT EXISTS (SELECT 1 FROM channel c WHERE c.organization_id = ?1 AND c.id = w.value)";

/// The statement whose rows [`stores_of`] takes.
pub fn stores(tenant: Tenant, channels: &BTreeSet<ChannelId>) -> Statement {
    of_organization(STORES, tenant).bind(json!(channels).to_string())
}

/// The stores of those that are there.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn stores_of(rows: &Rows) -> Result<BTreeMap<ChannelId, StoreId>, SqlError> {
    rows.iter().map(|row| Ok((row.parse("id")?, row.parse("store_id")?))).collect()
}

/// The statement that refuses the commit unless all of them are there.
pub fn guard_there(tenant: Tenant, channels: &BTreeSet<ChannelId>) -> Statement {
    of_organization(GUARD_THERE, tenant).bind(json!(channels).to_string())
}
