//! The table `location`.

use std::collections::BTreeSet;

use headlesspro_shared::inventory::Coordinates;
use headlesspro_shared::kernel::id::LocationId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::wire::AddressBody;

/// `?5` is NULL for whoever sees them all.
const LIST: &str = "-- inventory::locations
SELECT l.id, l.name, l.address, l.latitude, l.longitude, l.priority, l.active, l.fulfils_online, l.offers_pickup,
  l.is_default, l.version, l.created_at, l.updated_at
FROM location l
WHERE l.organization_id = ?1 AND l.store_id = ?2 AND ?3 < l.id
  AND (?5 IS NULL OR l.id IN (SELECT value FROM json_each(?5)))
ORDER BY l.id LIMIT ?4";

const FIND: &str = "-- inventory::location
SELECT l.id, l.name, l.address, l.latitude, l.longitude, l.priority, l.active, l.fulfils_online, l.offers_pickup,
  l.is_default, l.version, l.created_at, l.updated_at
FROM location l
WHERE l.organization_id = ?1 AND l.store_id = ?2 AND l.id = ?3";

const INSERT: &str = "-- inventory::insert_location
INSERT INTO location (organization_id, store_id, id, name, address, latitude, longitude, priority, active,
  fulfils_online, offers_pickup, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)";

const REPLACE: &str = "-- inventory::replace_location
UPDATE location SET name = ?4, address = ?5, latitude = ?6, longitude = ?7, priority = ?8, active = ?9,
  fulfils_online = ?10, offers_pickup = ?11, updated_at = ?12, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?13";

const DELETE: &str = "-- inventory::delete_location
DELETE FROM location
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4 AND is_default = 0";

/// More than a store has.
const ALL: i64 = 1_000;

/// Where a store keeps what it sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub id: LocationId,
    /// Unique in its store.
    pub name: String,
    pub address: Option<AddressBody>,
    pub coordinates: Option<Coordinates>,
    /// The smaller, the sooner it is taken from.
    pub priority: i32,
    pub active: bool,
    /// Whether orders are sent from it.
    pub fulfils_online: bool,
    pub offers_pickup: bool,
    /// Where what products and imports say of stock is.
    pub is_default: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The statement whose rows [`locations_of`] takes: those after the id `after`, of all or of some.
pub fn list(tenant: Tenant, after: &str, limit: i64, some: Option<&BTreeSet<LocationId>>) -> Statement {
    let some = some.map(|some| serde_json::to_string(some).unwrap_or_default());
    tenant.statement(LIST).bind(after).bind(limit).bind(some)
}

/// The statement whose rows [`locations_of`] takes: all of the store's.
pub fn all(tenant: Tenant) -> Statement {
    list(tenant, "", ALL, None)
}

/// The statement whose rows [`locations_of`] takes: the one with this id, if it is there.
pub fn find(tenant: Tenant, id: LocationId) -> Statement {
    tenant.statement(FIND).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn locations_of(rows: &Rows) -> Result<Vec<Location>, SqlError> {
    rows.iter().map(location_of).collect()
}

fn location_of(row: Row<'_>) -> Result<Location, SqlError> {
    let point = row.get::<Option<i64>>("latitude")?.zip(row.get::<Option<i64>>("longitude")?);
    let point = point.map(|(latitude, longitude)| Coordinates::new(latitude, longitude)).transpose();
    let corrupt = |column: &str| SqlError::Statement(format!("column {column} of a location"));
    Ok(Location {
        id: row.parse("id")?,
        name: row.get::<&str>("name")?.to_owned(),
        address: row.get::<Option<&str>>("address")?.map(|_| stored_in(row, "address")).transpose()?,
        coordinates: point.map_err(|_| corrupt("latitude"))?,
        priority: i32::try_from(row.get::<i64>("priority")?).map_err(|_| corrupt("priority"))?,
        active: row.get("active")?,
        fulfils_online: row.get("fulfils_online")?,
        offers_pickup: row.get("offers_pickup")?,
        is_default: row.get("is_default")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

pub fn insert(tenant: Tenant, location: &Location) -> Statement {
    described(tenant.statement(INSERT), location).bind(location.created_at.millis())
}

/// Replaces one that is at `location.version`: to be followed by a guard.
pub fn replace(tenant: Tenant, location: &Location, now: Timestamp) -> Statement {
    described(tenant.statement(REPLACE), location).bind(now.millis()).bind(location.version)
}

fn described(statement: Statement, location: &Location) -> Statement {
    let address = location.address.as_ref().map(|address| serde_json::to_string(address).unwrap_or_default());
    statement
        .bind(location.id.to_string())
        .bind(location.name.as_str())
        .bind(address)
        .bind(location.coordinates.map(|point| i64::from(point.latitude())))
        .bind(location.coordinates.map(|point| i64::from(point.longitude())))
        .bind(i64::from(location.priority))
        .bind(location.active)
        .bind(location.fulfils_online)
        .bind(location.offers_pickup)
}

/// Deletes one that is at `version` and not the default: to be followed by a guard.
pub fn delete(tenant: Tenant, id: LocationId, version: i64) -> Statement {
    tenant.statement(DELETE).bind(id.to_string()).bind(version)
}
