//! The table `channel`, and the facets that say what is published in which.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::source::MOST_CHANNELS;
use headlesspro_shared::kernel::id::ChannelId;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::bulk::FacetRow;
use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

/// Of what is published in a channel.
pub const KIND: &str = "channel";

/// Before the id of a channel that a product's source names.
pub const NAMED: char = '=';

const LIST: &str = "-- catalog::channels
SELECT c.id, c.handle, c.name, c.filled_to, c.version, c.created_at, c.updated_at FROM channel c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND ?3 < c.handle
ORDER BY c.handle LIMIT ?4";

/// An id has a `_` in it, which no handle has.
const FIND: &str = "-- catalog::channel
SELECT c.id, c.handle, c.name, c.filled_to, c.version, c.created_at, c.updated_at FROM channel c
WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = ?3 OR c.handle = ?3)";

const INSERT: &str = "-- catalog::insert_channel
INSERT INTO channel (organization_id, store_id, id, handle, name, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";

const CHANGE: &str = "-- catalog::change_channel
UPDATE channel SET handle = ?5, name = ?6, updated_at = ?7, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- catalog::delete_channel
DELETE FROM channel WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Refuses the commit while a product names the channel.
const GUARD_UNNAMED: &str = "-- catalog::guard_unnamed_channel
INSERT INTO violation (what) SELECT 'a product names the channel' WHERE EXISTS (
  SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.kind = 'channel' AND f.value = '=' || ?3)";

/// Refuses the commit when one of the channels is gone.
const GUARD_THERE: &str = "-- catalog::guard_channels
INSERT INTO violation (what)
SELECT 'a channel is gone'
FROM json_each(?3) w
WHERE NOT EXISTS (SELECT 1 FROM channel c
  WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = w.value)";

/// Publishes products in every channel. What a facet has of its product is copied from the product's row.
const PUBLISH: &str = "-- catalog::publish_in_channels
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at)
SELECT ?1, ?2, 'channel', c.id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min, p.publish_at,
  p.unpublish_at
FROM channel c
CROSS JOIN json_each(?3) w
CROSS JOIN product p ON p.id = w.value AND p.organization_id = ?1 AND +p.store_id = ?2
WHERE c.organization_id = ?1 AND c.store_id = ?2";

/// Publishes the next `?5` products after `?4` in a channel, but those that name channels. Those that were written since
/// it is there are in it already.
const FILL: &str = "-- catalog::fill_channel
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at)
SELECT ?1, ?2, 'channel', c.id, p.id, p.status = 'active', p.created_at, p.title_key, p.price_min, p.publish_at,
  p.unpublish_at
FROM channel c
CROSS JOIN (SELECT n.id FROM product n
  WHERE n.organization_id = ?1 AND n.store_id = ?2 AND n.version > 0 AND ?4 < n.id ORDER BY n.id LIMIT ?5) next
CROSS JOIN product p ON p.id = next.id AND p.organization_id = ?1
WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = ?3 AND NOT EXISTS (
  SELECT 1 FROM product_facet f WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.product_id = p.id
    AND f.kind = 'channel' AND f.value >= '=' AND f.value < '>')
ON CONFLICT DO NOTHING";

/// Nothing where another request has filled it further.
const FILLED: &str = "-- catalog::filled_channel
UPDATE channel SET filled_to = (SELECT max(n.id) FROM (SELECT p.id FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.version > 0 AND ?4 < p.id ORDER BY p.id LIMIT ?5) n)
WHERE organization_id = ?1 AND +store_id = ?2 AND id = ?3 AND filled_to = ?4";

/// In a statement that reads products as `p`.
const IS_ACTIVE: &str = "p.status = 'active'";

/// After it: whether they are published in the channel, in the place of whose argument `:channel` stands.
const IS_PUBLISHED: &str = " AND EXISTS (SELECT 1 FROM product_facet chan
    WHERE chan.organization_id = ?1 AND chan.store_id = ?2 AND chan.kind = 'channel' AND chan.value = :channel
      AND chan.product_id = p.id)";

/// Where a store sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub id: ChannelId,
    /// Unique in its store.
    pub handle: String,
    pub name: String,
    /// Up to which product those that were there before it are published in it; `None`: all are.
    pub filled_to: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`channels_of`] takes: those after the handle `after`.
pub fn list(tenant: Tenant, after: &str, limit: i64) -> Statement {
    tenant.statement(LIST).bind(after).bind(limit)
}

/// The statement whose rows [`ids_by_handle`] takes: all of the store's.
pub fn all(tenant: Tenant) -> Statement {
    list(tenant, "", i64::try_from(MOST_CHANNELS).unwrap_or(i64::MAX))
}

/// The statement whose rows [`channels_of`] takes: the one with this id or handle, if it is there.
pub fn find(tenant: Tenant, key: &str) -> Statement {
    tenant.statement(FIND).bind(key)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn channels_of(rows: &Rows) -> Result<Vec<Channel>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Channel {
            id: row.parse("id")?,
            handle: row.get::<&str>("handle")?.to_owned(),
            name: row.get::<&str>("name")?.to_owned(),
            filled_to: row.get::<Option<&str>>("filled_to")?.map(str::to_owned),
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn ids_by_handle(rows: Option<&Rows>) -> Result<BTreeMap<String, String>, SqlError> {
    let text = |row: Row<'_>, column| row.get::<&str>(column).map(str::to_owned);
    rows.into_iter().flat_map(Rows::iter).map(|row| Ok((text(row, "handle")?, text(row, "id")?))).collect()
}

pub fn insert(tenant: Tenant, channel: &Channel) -> Statement {
    let statement = tenant.statement(INSERT).bind(channel.id.to_string()).bind(channel.handle.as_str());
    statement.bind(channel.name.as_str()).bind(channel.created_at.millis())
}

/// Changes a channel that is at `channel.version`.
pub fn change(tenant: Tenant, channel: &Channel, now: Timestamp) -> Statement {
    let statement = tenant.statement(CHANGE).bind(channel.id.to_string()).bind(channel.version);
    statement.bind(channel.handle.as_str()).bind(channel.name.as_str()).bind(now.millis())
}

/// Deletes a channel that is at `version`.
pub fn delete(tenant: Tenant, id: ChannelId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}

pub fn guard_unnamed(tenant: Tenant, id: ChannelId) -> Statement {
    tenant.statement(GUARD_UNNAMED).bind(id.to_string())
}

/// Publishes the next `size` products after `after` in a channel, and says so of it.
pub fn fill(commit: &mut Commit, tenant: Tenant, id: ChannelId, after: &str, size: i64) {
    for sql in [FILL, FILLED] {
        commit.push(tenant.statement(sql).bind(id.to_string()).bind(after).bind(size));
    }
    commit.push_after(find(tenant, &id.to_string()));
}

/// Adds the statements that publish `products`, whose `facets` say which of them name channels: those in these alone,
/// which must be there, and all others everywhere.
pub(super) fn publish(commit: &mut Commit, tenant: Tenant, products: &[&str], facets: &[FacetRow]) {
    let named = || facets.iter().filter(|facet| facet.kind == KIND && facet.value.starts_with(NAMED));
    let channels: BTreeSet<&str> = named().filter_map(|facet| facet.value.strip_prefix(NAMED)).collect();
    if !channels.is_empty() {
        commit.push(tenant.statement(GUARD_THERE).bind(json!(channels).to_string()));
    }
    let restricted: BTreeSet<&str> = named().map(|facet| facet.product.as_str()).collect();
    let everywhere: Vec<&&str> = products.iter().filter(|product| !restricted.contains(**product)).collect();
    if !everywhere.is_empty() {
        commit.push(tenant.statement(PUBLISH).bind(json!(everywhere).to_string()));
    }
}

/// The same statement, which finds of products that are active those that are published in the channel.
#[must_use]
pub fn in_channel(mut statement: Statement, channel: Option<ChannelId>) -> Statement {
    if let Some(channel) = channel.filter(|_| statement.sql.contains(IS_ACTIVE)) {
        statement.args.push(channel.to_string().into());
        let is_published = IS_PUBLISHED.replace(":channel", &format!("?{}", statement.args.len()));
        statement.sql = statement.sql.replace(IS_ACTIVE, &format!("{IS_ACTIVE}{is_published}")).into();
    }
    statement
}
