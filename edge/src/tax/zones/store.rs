//! What statements of zones bind and answer.

use headlesspro_shared::kernel::area::Area;
use headlesspro_shared::kernel::id::Id;
use headlesspro_shared::kernel::time::Timestamp;

use super::Ruled;
use super::usecase::NewZone;
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::tax::text_of;

/// The statements of a kind of zones.
#[derive(Debug, Clone, Copy)]
pub struct ZoneSql {
    /// A page after a place (`?3`) and an id (`?4`).
    pub list: &'static str,
    pub find: &'static str,
    pub insert: &'static str,
    /// One at the version `?4`.
    pub replace: &'static str,
    pub delete: &'static str,
}

/// Where the same rules hold.
pub struct Zone<R: Ruled> {
    pub id: Id<R::ZoneKind>,
    pub name: String,
    /// The first one holds where two describe a place equally closely.
    pub position: i64,
    pub areas: Vec<Area>,
    pub rules: Vec<R>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl<R: Ruled> Zone<R> {
    /// Whether nothing of it is to be written in the place of `other`.
    pub fn says_the_same(&self, other: &Zone<R>) -> bool {
        (&self.name, self.position, &self.areas, &self.rules)
            == (&other.name, other.position, &other.areas, &other.rules)
    }
}

/// The statement whose rows [`zones_of`] takes: those after a place and an id.
pub fn list<R: Ruled>(tenant: Tenant, after: &(i64, String), limit: i64) -> Statement {
    tenant.statement(R::SQL.list).bind(after.0).bind(after.1.as_str()).bind(limit)
}

/// The statement whose rows [`zones_of`] takes.
pub fn find<R: Ruled>(tenant: Tenant, id: Id<R::ZoneKind>) -> Statement {
    tenant.statement(R::SQL.find).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn zones_of<R: Ruled>(rows: &Rows) -> Result<Vec<Zone<R>>, SqlError> {
    let of = |row: Row<'_>| {
        Ok(Zone {
            id: row.parse("id")?,
            name: row.get::<&str>("name")?.to_owned(),
            position: row.get("position")?,
            areas: stored_in(row, "areas")?,
            rules: stored_in(row, "rules")?,
            version: row.get("version")?,
            created_at: Timestamp::from_millis(row.get("created_at")?),
            updated_at: Timestamp::from_millis(row.get("updated_at")?),
        })
    };
    rows.iter().map(of).collect()
}

/// At the end, where `new` has no place.
pub fn insert<R: Ruled>(tenant: Tenant, id: Id<R::ZoneKind>, new: &NewZone<R>, now: Timestamp) -> Statement {
    let statement = tenant.statement(R::SQL.insert).bind(id.to_string()).bind(new.name.as_str()).bind(new.position);
    statement.bind(text_of(&new.areas)).bind(text_of(&new.rules)).bind(now.millis())
}

/// Replaces a zone that is at `zone.version`.
pub fn replace<R: Ruled>(tenant: Tenant, zone: &Zone<R>, now: Timestamp) -> Statement {
    let statement = tenant.statement(R::SQL.replace).bind(zone.id.to_string()).bind(zone.version);
    let statement = statement.bind(zone.name.as_str()).bind(zone.position);
    statement.bind(text_of(&zone.areas)).bind(text_of(&zone.rules)).bind(now.millis())
}

/// Deletes a zone that is at `version`.
pub fn delete<R: Ruled>(tenant: Tenant, id: Id<R::ZoneKind>, version: i64) -> Statement {
    tenant.statement(R::SQL.delete).bind(id.to_string()).bind(version)
}
