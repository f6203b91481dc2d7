//! The tables of taxes.

use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{TaxRateKind, TaxZoneId, TaxZoneKind};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::RoundedPer;
use headlesspro_shared::tax::{CrossBorder, RoundingPer, ShippingTax, TaxRate, TaxRules, TaxZone};
use serde_json::{Value, json};

use super::provider::TaxProvider;
use super::zones::{Ruled, ZoneSql, ZoneWords};
use crate::app::Tenant;
use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::wire::value_of;

const ZONES: ZoneSql = ZoneSql { list: LIST, find: FIND, insert: INSERT, replace: REPLACE, delete: DELETE };

const LIST: &str = "-- tax::zones
SELECT z.id, z.name, z.position, z.areas, z.rates AS rules, z.version, z.created_at, z.updated_at FROM tax_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND (z.position, z.id) > (?3, ?4)
ORDER BY z.position, z.id LIMIT ?5";

const FIND: &str = "-- tax::zone
SELECT z.id, z.name, z.position, z.areas, z.rates AS rules, z.version, z.created_at, z.updated_at FROM tax_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND z.id = ?3";

/// Behind the last one where no place is given.
const INSERT: &str = "-- tax::insert_zone
INSERT INTO tax_zone (organization_id, store_id, id, name, position, areas, rates, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, coalesce(?5, (SELECT min(coalesce(max(z.position) + 1, 0), 1000000) FROM tax_zone z
  WHERE z.organization_id = ?1 AND z.store_id = ?2)), ?6, ?7, ?8, ?8)";

const REPLACE: &str = "-- tax::replace_zone
UPDATE tax_zone SET name = ?5, position = ?6, areas = ?7, rates = ?8, updated_at = ?9, version = version + 1
WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const DELETE: &str = "-- tax::delete_zone
DELETE FROM tax_zone WHERE organization_id = ?1 AND store_id = ?2 AND id = ?3 AND version = ?4";

const PRESETS: &str = "-- tax::presets
SELECT z.id, z.name, z.preset FROM tax_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND z.preset IS NOT NULL
ORDER BY z.preset";

/// Behind the last one, in their order.
const INSERT_PRESETS: &str = "-- tax::insert_presets
INSERT INTO tax_zone (organization_id, store_id, id, name, position, areas, rates, preset, created_at, updated_at)
SELECT ?1, ?2, w.value ->> '$.zone.id', w.value ->> '$.zone.name',
  min(w.key + (SELECT coalesce(max(z.position) + 1, 0) FROM tax_zone z
    WHERE z.organization_id = ?1 AND z.store_id = ?2), 1000000),
  w.value -> '$.zone.areas', w.value -> '$.zone.rates', w.value ->> '$.preset', ?4, ?4
FROM json_each(?3) w";

const SETTINGS: &str = "-- tax::settings
SELECT coalesce((SELECT v.version FROM tax_version v WHERE v.organization_id = ?1 AND v.store_id = ?2), 0) AS rules_version,
  t.cross_border, t.tax_rounded_per, t.discounts_rounded_per, t.shipping_tax, t.sells_from, t.provider,
  t.provider_secret_sealed, t.version, t.updated_at
FROM (SELECT 1) LEFT JOIN tax_setting t ON t.organization_id = ?1 AND t.store_id = ?2";

/// Nothing where they are at another version than `?3`, which is 0 where there are none.
const CHANGE_SETTINGS: &str = "-- tax::change_settings
INSERT INTO tax_setting (organization_id, store_id, cross_border, tax_rounded_per, discounts_rounded_per, shipping_tax,
  sells_from, updated_at, provider, provider_secret_sealed)
VALUES (?1, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (store_id) DO UPDATE SET cross_border = excluded.cross_border,
  tax_rounded_per = excluded.tax_rounded_per, discounts_rounded_per = excluded.discounts_rounded_per,
  shipping_tax = excluded.shipping_tax, sells_from = excluded.sells_from, updated_at = excluded.updated_at,
  provider = excluded.provider, provider_secret_sealed = excluded.provider_secret_sealed, version = version + 1
WHERE organization_id = ?1 AND version = ?3";

/// Those of the destination `?3`, of where the store sells from and where its prices are made, by their ids: of all that a
/// store has they are few.
const ZONES_TO: &str = "-- tax::zones_to
SELECT z.id, z.name, z.areas, z.rates FROM tax_zone z
WHERE z.organization_id = ?1 AND z.store_id = ?2 AND z.id IN (SELECT c.zone_id FROM tax_zone_country c
  WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.country IN ('*', ?3,
    (SELECT t.sells_from ->> '$.country' FROM tax_setting t WHERE t.organization_id = ?1 AND t.store_id = ?2),
    (SELECT t.cross_border ->> '$.origin.country' FROM tax_setting t
      WHERE t.organization_id = ?1 AND t.store_id = ?2)))
ORDER BY +z.position, z.id";

/// Refuses the commit when the rules are at another version.
const GUARD: &str = "-- tax::guard_rules
INSERT INTO violation (what) SELECT 'the tax rules have changed'
WHERE coalesce((SELECT v.version FROM tax_version v WHERE v.organization_id = ?1 AND v.store_id = ?2), 0) <> ?3";

/// How a store taxes, beside its zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxSettings {
    pub cross_border: CrossBorder,
    pub tax_rounded_per: RoundingPer,
    pub discounts_rounded_per: RoundedPer,
    /// How what a delivery costs is taxed, unless its method says so itself.
    pub shipping_tax: ShippingTax,
    /// Whose tax holds as long as nobody knows where something goes.
    pub sells_from: Option<Place>,
    /// Who says what the tax of a checkout is, in the place of the zones.
    pub provider: Option<TaxProvider>,
}

impl Default for TaxSettings {
    fn default() -> TaxSettings {
        TaxSettings {
            cross_border: CrossBorder::default(),
            tax_rounded_per: RoundingPer::Line,
            discounts_rounded_per: RoundedPer::Line,
            shipping_tax: ShippingTax::Proportional { lines: Vec::new() },
            sells_from: None,
            provider: None,
        }
    }
}

/// The settings as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSettings {
    pub settings: TaxSettings,
    /// 0: the store has none of its own yet.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    /// Of settings and zones together.
    pub rules_version: i64,
    /// What requests to the provider are signed with.
    pub secret_sealed: Option<String>,
}

/// All that a store's taxes follow from, as far as it concerns a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreTaxes {
    pub rules: TaxRules,
    pub settings: TaxSettings,
    /// What requests to the provider are signed with.
    pub secret_sealed: Option<String>,
    /// For [`guard`].
    pub version: i64,
}

/// How many [`rules`] are.
pub const RULES_STATEMENTS: usize = 2;

impl Ruled for TaxRate {
    type ZoneKind = TaxZoneKind;
    type Kind = TaxRateKind;

    const SQL: ZoneSql = ZONES;
    const WORDS: ZoneWords = ZoneWords {
        path: "/api/v1/tax-zones",
        list: "tax-zones",
        rules: "rates",
        id: "taxZoneId",
        made: ("tax-zone.create", "tax-zone.created"),
        replaced: ("tax-zone.replace", "tax-zone.replaced"),
        deleted: ("tax-zone.delete", "tax-zone.deleted"),
        too_many: "TAX_ZONE_COUNT",
        too_large: "TAX_ZONE_SIZE",
        unknown: None,
    };

    fn id(&mut self) -> &mut headlesspro_shared::kernel::id::TaxRateId {
        &mut self.id
    }
}

/// The statements, for a batch of reads, whose rows [`rules_of`] takes: settings, and the zones that hold in the country
/// of a destination, where the store sells from and where its prices are made. Without a destination those two alone.
pub fn rules(tenant: Tenant, destination: Option<Country>) -> Vec<Statement> {
    vec![tenant.statement(SETTINGS), tenant.statement(ZONES_TO).bind(destination.map(Country::code))]
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn rules_of(rows: &[Rows]) -> Result<StoreTaxes, SqlError> {
    let KeptSettings { settings, rules_version, secret_sealed, .. } = settings_of(rows.first())?;
    let zone = |row: Row<'_>| {
        Ok(TaxZone {
            id: row.parse("id")?,
            name: row.get::<&str>("name")?.to_owned(),
            areas: stored_in(row, "areas")?,
            rates: stored_in(row, "rates")?,
        })
    };
    let zones = rows.get(1).into_iter().flat_map(Rows::iter).map(zone).collect::<Result<_, SqlError>>()?;
    let rules = TaxRules { zones, cross_border: settings.cross_border.clone(), ..TaxRules::none() };
    Ok(StoreTaxes { rules, settings, secret_sealed, version: rules_version })
}

/// Refuses the commit when the store's tax rules are not at `version` any more.
pub fn guard(tenant: Tenant, version: i64) -> Statement {
    tenant.statement(GUARD).bind(version)
}

/// The statement whose rows [`settings_of`] takes.
pub fn settings(tenant: Tenant) -> Statement {
    tenant.statement(SETTINGS)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn settings_of(rows: Option<&Rows>) -> Result<KeptSettings, SqlError> {
    let row = rows.and_then(|rows| rows.iter().next());
    let row = row.ok_or_else(|| SqlError::Statement("no row of tax settings".to_owned()))?;
    let rules_version = row.get("rules_version")?;
    let Some(version) = row.get::<Option<i64>>("version")? else {
        let settings = TaxSettings::default();
        return Ok(KeptSettings { settings, version: 0, updated_at: None, rules_version, secret_sealed: None });
    };
    let settings = TaxSettings {
        cross_border: stored_in(row, "cross_border")?,
        tax_rounded_per: row.parse("tax_rounded_per")?,
        discounts_rounded_per: row.parse("discounts_rounded_per")?,
        shipping_tax: stored_in(row, "shipping_tax")?,
        sells_from: row.get::<Option<&str>>("sells_from")?.map(|_| stored_in(row, "sells_from")).transpose()?,
        provider: row.get::<Option<&str>>("provider")?.map(|_| stored_in(row, "provider")).transpose()?,
    };
    let updated_at = Some(Timestamp::from_millis(row.get("updated_at")?));
    let secret_sealed = row.get::<Option<&str>>("provider_secret_sealed")?.map(str::to_owned);
    Ok(KeptSettings { settings, version, updated_at, rules_version, secret_sealed })
}

/// Changes settings that are at `version`. `secret_sealed` is the provider's.
pub fn change_settings(
    tenant: Tenant,
    settings: &TaxSettings,
    secret_sealed: Option<&str>,
    version: i64,
    now: Timestamp,
) -> Statement {
    tenant
        .statement(CHANGE_SETTINGS)
        .bind(version)
        .bind(text_of(&settings.cross_border))
        .bind(settings.tax_rounded_per.name())
        .bind(settings.discounts_rounded_per.name())
        .bind(text_of(&settings.shipping_tax))
        .bind(settings.sells_from.as_ref().map(text_of))
        .bind(now.millis())
        .bind(settings.provider.as_ref().map(text_of))
        .bind(secret_sealed)
}

/// A zone that was laid down as one of those that are shipped with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaidZone {
    pub id: TaxZoneId,
    pub name: String,
    /// The id of that one, which is the same everywhere.
    pub preset: TaxZoneId,
}

/// The statement whose rows [`presets_of`] takes.
pub fn presets(tenant: Tenant) -> Statement {
    tenant.statement(PRESETS)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn presets_of(rows: Option<&Rows>) -> Result<Vec<LaidZone>, SqlError> {
    let of = |row: Row<'_>| {
        let name = row.get::<&str>("name")?.to_owned();
        Ok(LaidZone { id: row.parse("id")?, name, preset: row.parse("preset")? })
    };
    rows.into_iter().flat_map(Rows::iter).map(of).collect()
}

/// Adds zones, each with what it is laid down as.
pub fn insert_presets(tenant: Tenant, zones: &[(TaxZoneId, TaxZone)], now: Timestamp) -> Statement {
    let zones: Vec<_> =
        zones.iter().map(|(preset, zone)| json!({ "preset": preset.to_string(), "zone": value_of(zone) })).collect();
    tenant.statement(INSERT_PRESETS).bind(Value::Array(zones).to_string()).bind(now.millis())
}

/// As it stands in a column.
pub fn text_of<T: serde::Serialize>(kept: &T) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}
