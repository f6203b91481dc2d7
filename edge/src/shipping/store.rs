//! The tables of shipping.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{LocationId, ShippingMethodId, ShippingMethodKind, ShippingZoneKind};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::shipping::{Pickup, ShippingMethod, ShippingRules, ShippingZone};

use super::provider::{RateProvider, RateProviders};
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::identity::wrapped_key;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::tax::{Ruled, ZoneSql, ZoneWords, text_of};

const LIST: &str = "-- shipping::zones
SELECT z.id, z.name, z.position, z.areas, z.methods AS rules, z.version, z.created_at, z.updated_at FROM shipping_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND (z.position, z.id) > (?3, ?4)
ORDER BY z.position, z.id LIMIT ?5";

const FIND: &str = "-- shipping::zone
SELECT z.id, z.name, z.position, z.areas, z.methods AS rules, z.version, z.created_at, z.updated_at FROM shipping_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND z.id = ?3";

/// Behind the last one where no place is given.
const INSERT: &str = "-- shipping::insert_zone
INSERT INTO shipping_zone (organization_id, store_id, id, name, position, areas, methods, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, coalesce(?5, (SELECT min(coalesce(max(z.position) + 1, 0), 1000000) FROM shipping_zone z
  WHERE z.organization_id = ?1 AND z.store_id = ?2)), ?6, ?7, ?8, ?8)";

const REPLACE: &str = "-- shipping::replace_zone
UPDATE shipping_zone SET name = ?5, position = ?6, areas = ?7, methods = ?8, updated_at = ?9, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- shipping::delete_zone
DELETE FROM shipping_zone WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

/// Whether the store keeps any zone, or anything to pick up by, tells that it ships by methods. Pick-ups are those of locations
/// that are active and offer it. The organization's data key opens what questions to
/// providers are signed with.
const STANDING: &str = "-- shipping::standing
SELECT coalesce((SELECT v.version FROM shipping_version v WHERE v.organization_id = ?1 AND v.store_id = ?2), 0) AS version,
  EXISTS (SELECT 1 FROM shipping_zone z WHERE z.organization_id = ?1 AND z.store_id = ?2)
    OR coalesce(t.pickups, '{}') <> '{}' AS is_kept,
  t.providers, k.wrapped, k.master_key_id, (SELECT json_group_object(p.key, json(p.value)) FROM json_each(t.pickups) p
    CROSS JOIN location l ON l.organization_id = ?1 AND l.id = p.key
    WHERE l.store_id = ?2 AND l.active = 1 AND l.offers_pickup = 1) AS pickups
FROM (SELECT 1) LEFT JOIN shipping_setting t ON t.organization_id = ?1 AND t.store_id = ?2
LEFT JOIN organization_key k ON k.organization_id = t.organization_id";

const SETTINGS: &str = "-- shipping::settings
SELECT t.providers, t.pickups, t.version, t.updated_at FROM shipping_setting t
WHERE t.organization_id = ?1 AND t.store_id = ?2";

/// Nothing where they are at another version than `?3`, which is 0 where there are none.
const CHANGE_SETTINGS: &str = "-- shipping::change_settings
INSERT INTO shipping_setting (organization_id, store_id, providers, updated_at, pickups) VALUES (?1, ?2, ?4, ?5, ?6)
ON CONFLICT (store_id) DO UPDATE SET providers = excluded.providers, updated_at = excluded.updated_at,
  pickups = excluded.pickups, version = version + 1
WHERE organization_id = ?1 AND version = ?3";

/// Refuses the commit when the zones are at another version.
const GUARD: &str = "-- shipping::guard_rules
INSERT INTO violation (what) SELECT 'the rules of shipping have changed'
WHERE coalesce((SELECT v.version FROM shipping_version v WHERE v.organization_id = ?1 AND v.store_id = ?2), 0) <> ?3";

/// By their ids: of all that a store has they are few.
const ZONES_TO: &str = "-- shipping::zones_to
SELECT z.id, z.name, z.areas, z.methods FROM shipping_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND z.id IN (SELECT c.zone_id FROM shipping_zone_country c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.country IN ('*', ?3))
ORDER BY +z.position, z.id";

impl Ruled for ShippingMethod {
    type ZoneKind = ShippingZoneKind;
    type Kind = ShippingMethodKind;

    const SQL: ZoneSql = ZoneSql { list: LIST, find: FIND, insert: INSERT, replace: REPLACE, delete: DELETE };
    const WORDS: ZoneWords = ZoneWords {
        path: "/api/v1/shipping-zones",
        list: "shipping-zones",
        rules: "methods",
        id: "shippingZoneId",
        made: ("shipping-zone.create", "shipping-zone.created"),
        replaced: ("shipping-zone.replace", "shipping-zone.replaced"),
        deleted: ("shipping-zone.delete", "shipping-zone.deleted"),
        too_many: "SHIPPING_ZONE_COUNT",
        too_large: "SHIPPING_ZONE_SIZE",
        unknown: Some(("SHIPPING_PROVIDER_UNKNOWN", "names a provider that the store's shipping settings do not have")),
    };

    fn id(&mut self) -> &mut ShippingMethodId {
        &mut self.id
    }
}

/// How a store ships, as far as it concerns a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreShipping {
    pub rules: ShippingRules,
    /// Whether it has any zones or pick-ups; without, it does not ship by methods, and charges nothing.
    pub is_kept: bool,
    /// For [`guard`].
    pub version: i64,
    /// Whom it asks for rates.
    pub providers: RateProviders,
}

/// The settings as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptSettings {
    pub providers: BTreeMap<String, RateProvider>,
    /// By where it is fetched.
    pub pickups: BTreeMap<LocationId, ShippingMethod>,
    /// 0: the store has none of its own yet.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
}

/// How many [`rules`] are.
pub const RULES_STATEMENTS: usize = 2;

/// The statements, for a batch of reads, whose rows [`rules_of`] takes: of the zones those that hold in the destination's
/// country.
pub fn rules(tenant: Tenant, destination: Country) -> [Statement; RULES_STATEMENTS] {
    [tenant.statement(STANDING), tenant.statement(ZONES_TO).bind(destination.code())]
}

/// # Errors
/// [`SqlError::Statement`] when rows are missing, or one is of another shape.
pub fn rules_of(rows: &[Rows]) -> Result<StoreShipping, SqlError> {
    let [standing, zones] = rows else {
        return Err(SqlError::Statement(format!("{} answers for rules of shipping", rows.len())));
    };
    let standing = standing.first().ok_or_else(|| SqlError::Statement("no standing of shipping".to_owned()))?;
    let zone = |row: Row<'_>| {
        Ok(ShippingZone {
            id: row.parse("id")?,
            name: row.get::<&str>("name")?.to_owned(),
            areas: stored_in(row, "areas")?,
            methods: stored_in(row, "methods")?,
        })
    };
    let zones = zones.iter().map(zone).collect::<Result<_, SqlError>>()?;
    let pickups: BTreeMap<LocationId, ShippingMethod> = stored_in(standing, "pickups")?;
    let pickups = pickups.into_iter().map(|(location, method)| Pickup { location, method }).collect();
    Ok(StoreShipping {
        rules: ShippingRules { zones, pickups },
        is_kept: standing.get("is_kept")?,
        version: standing.get("version")?,
        providers: match standing.get::<Option<&str>>("providers")? {
            None => RateProviders::default(),
            Some(_) => RateProviders { by_name: stored_in(standing, "providers")?, key: Some(wrapped_key(standing)?) },
        },
    })
}

/// The statement whose rows [`settings_of`] takes.
pub fn settings(tenant: Tenant) -> Statement {
    tenant.statement(SETTINGS)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn settings_of(rows: Option<&Rows>) -> Result<KeptSettings, SqlError> {
    let Some(row) = rows.and_then(Rows::first) else { return Ok(KeptSettings::default()) };
    Ok(KeptSettings {
        providers: stored_in(row, "providers")?,
        pickups: stored_in(row, "pickups")?,
        version: row.get("version")?,
        updated_at: Some(Timestamp::from_millis(row.get("updated_at")?)),
    })
}

/// Changes settings that are at the version of these.
pub fn change_settings(tenant: Tenant, settings: &KeptSettings, now: Timestamp) -> Statement {
    let statement = tenant.statement(CHANGE_SETTINGS).bind(settings.version).bind(text_of(&settings.providers));
    statement.bind(now.millis()).bind(text_of(&settings.pickups))
}

/// Refuses the commit when the store's rules of shipping are not at `version` any more.
pub fn guard(tenant: Tenant, version: i64) -> Statement {
    tenant.statement(GUARD).bind(version)
}
