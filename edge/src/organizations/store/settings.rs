//! Settings: the tables `organization` and `store`, as a merchant sees them.

use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use headlesspro_shared::kernel::locale::{Locale, LocaleList, Locales};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::BaseUrl;
use headlesspro_shared::organizations::{
    Health, OrganizationStatus, Plan, RoundingMode, Settings, Status, TaxMode, Timezone,
};
use serde_json::json;

use super::{data_key, of_organization};
use crate::app::Tenant;
use crate::failure::PlanExceeded;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::vault::WrappedKey;

const ORGANIZATION: &str = "-- organizations::organization
SELECT o.id, o.name, o.currency, o.timezone, o.locale, o.locales, o.tax_mode, o.rounding, o.status, o.most_stores, o.most_members,
  o.most_api_keys, o.version, o.created_at,
  (SELECT count(*) FROM store s WHERE s.organization_id = o.id) AS stores,
  (SELECT count(*) FROM account a WHERE a.organization_id = o.id AND a.role <> 'customer') AS members,
  (SELECT count(*) FROM api_key k WHERE k.organization_id = o.id AND k.revoked_at IS NULL AND (k.replaced_by IS NULL
    OR EXISTS (SELECT 1 FROM api_key n WHERE n.organization_id = ?1 AND n.id = k.replaced_by AND n.revoked_at IS NOT NULL))
    AND (k.expires_at IS NULL OR ?2 < k.expires_at)) AS api_keys
FROM organization o WHERE o.id = ?1";

const CHANGE_ORGANIZATION: &str = "-- organizations::change_organization
UPDATE organization SET name = ?3, currency = ?4, timezone = ?5, locale = ?6, tax_mode = ?7, rounding = ?8,
  locales = ?9, version = version + 1
WHERE id = ?1 AND version = ?2";

const STORES: &str = "-- organizations::stores_of_organization
SELECT s.id, s.name, s.currency, s.timezone, s.locale, s.locales, s.tax_mode, s.rounding, s.status, s.platform,
  s.credentials_sealed IS NOT NULL AS has_credentials, s.health, s.health_message, s.health_at, s.last_sync_at,
  s.storefront_url, s.currencies, s.version, s.created_at,
  o.timezone AS default_timezone, o.locale AS default_locale, o.locales AS default_locales, o.tax_mode AS default_tax_mode,
  o.rounding AS default_rounding, o.currency AS default_currency, k.wrapped, k.master_key_id
FROM store s
JOIN organization o ON o.id = s.organization_id
JOIN organization_key k ON k.organization_id = s.organization_id
WHERE s.organization_id = ?1 AND ?2 < s.id ORDER BY s.id LIMIT ?3";

const STORE: &str = "-- organizations::store
SELECT s.id, s.name, s.currency, s.timezone, s.locale, s.locales, s.tax_mode, s.rounding, s.status, s.platform,
  s.credentials_sealed IS NOT NULL AS has_credentials, s.health, s.health_message, s.health_at, s.last_sync_at,
  s.storefront_url, s.currencies, s.version, s.created_at,
  o.timezone AS default_timezone, o.locale AS default_locale, o.locales AS default_locales, o.tax_mode AS default_tax_mode,
  o.rounding AS default_rounding, o.currency AS default_currency, k.wrapped, k.master_key_id
FROM store s
JOIN organization o ON o.id = s.organization_id
JOIN organization_key k ON k.organization_id = s.organization_id
WHERE s.organization_id = ?1 AND s.id = ?2";

/// What a new store needs: its organization's key and currency.
const DEFAULTS: &str = "-- organizations::store_defaults
SELECT o.currency, k.wrapped, k.master_key_id
FROM organization o JOIN organization_key k ON k.organization_id = o.id WHERE o.id = ?1";

/// The default first, and then the list, which may name it again.
const LOCALES: &str = "-- organizations::locales
SELECT coalesce(s.locale, o.locale) AS locale, coalesce(s.locales, o.locales) AS locales
FROM store s JOIN organization o ON o.id = s.organization_id
WHERE s.organization_id = ?1 AND s.id = ?2";

const MONEY_RULES: &str = "-- organizations::money_rules
SELECT s.currency, coalesce(s.tax_mode, o.tax_mode) AS tax_mode, coalesce(s.rounding, o.rounding) AS rounding
FROM store s JOIN organization o ON o.id = s.organization_id
WHERE s.organization_id = ?1 AND s.id = ?2";

const INSERT_STORE: &str = "-- organizations::insert_connected_store
INSERT INTO store (organization_id, id, name, currency, minor_unit_scale, timezone, locale, tax_mode, rounding,
  locales, platform, credentials_sealed, created_at, storefront_url, currencies)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// New credentials have not been tried yet: nothing has been seen of them.
const CHANGE_STORE: &str = "-- organizations::change_store
UPDATE store SET name = ?4, timezone = ?5, locale = ?6, tax_mode = ?7, rounding = ?8, locales = ?9,
  status = ?10,
  health = iif(?11 IS NULL, health, 'unknown'), health_message = iif(?11 IS NULL, health_message, NULL),
  health_at = iif(?11 IS NULL, health_at, NULL),
  credentials_sealed = coalesce(?11, credentials_sealed), storefront_url = ?12, currencies = ?13, version = version + 1
WHERE organization_id = ?1 AND id = ?2 AND version = ?3";

/// What a store's settings say of amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyRules {
    /// In which the merchant is paid.
    pub currency: Currency,
    pub tax_mode: TaxMode,
    pub rounding: RoundingMode,
}

/// The statement whose rows [`money_rules_of`] takes.
pub fn money_rules(tenant: Tenant) -> Statement {
    tenant.statement(MONEY_RULES)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn money_rules_of(rows: &Rows) -> Result<MoneyRules, SqlError> {
    let row = rows.first().ok_or_else(|| SqlError::Statement("a store has no settings".to_owned()))?;
    Ok(MoneyRules {
        currency: row.parse("currency")?,
        tax_mode: row.parse("tax_mode")?,
        rounding: row.parse("rounding")?,
    })
}

/// An organization as its staff sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub settings: Settings,
    pub status: OrganizationStatus,
    pub plan: Plan,
    /// How many there are, as of the next two.
    pub stores: i64,
    pub members: i64,
    pub api_keys: i64,
    pub version: i64,
    pub created_at: Timestamp,
}

impl Organization {
    /// What is said where the plan allows no more stores.
    pub fn exceeded_stores(&self) -> Option<PlanExceeded> {
        Some(PlanExceeded { limit: "stores", most: self.plan.stores?, used: self.stores })
    }

    /// What the events of a change say.
    pub fn told(&self) -> [(&'static str, String); 2] {
        [("organizationId", self.id.to_string()), ("status", self.status.to_string())]
    }

    /// What is said where the plan allows no more members.
    pub fn exceeded_members(&self) -> Option<PlanExceeded> {
        Some(PlanExceeded { limit: "members", most: self.plan.members?, used: self.members })
    }
}

/// What a store has of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnSettings {
    pub timezone: Option<Timezone>,
    pub locale: Option<Locale>,
    pub locales: Option<LocaleList>,
    pub tax_mode: Option<TaxMode>,
    pub rounding: Option<RoundingMode>,
}

/// A store as the staff sees it.
pub struct Store {
    /// The organization's data key.
    pub key: WrappedKey,
    pub id: StoreId,
    pub name: String,
    /// Of its own or, where it has none, its organization's.
    pub settings: Settings,
    pub own: OwnSettings,
    pub status: Status,
    pub platform: Option<String>,
    pub has_credentials: bool,
    pub health: Health,
    pub health_message: Option<String>,
    pub health_at: Option<Timestamp>,
    pub last_sync_at: Option<Timestamp>,
    /// Where the links in customers' mails lead, if not where the deployment says.
    pub storefront: Option<BaseUrl>,
    /// Beside the one in its settings, in which every product has its price.
    pub currencies: Vec<Currency>,
    pub version: i64,
    pub created_at: Timestamp,
}

/// A store to be opened.
pub struct NewStore<'a> {
    pub id: StoreId,
    pub name: &'a str,
    pub currency: Currency,
    pub own: &'a OwnSettings,
    pub platform: Option<&'a str>,
    pub credentials_sealed: Option<&'a str>,
    pub storefront: Option<&'a BaseUrl>,
    pub currencies: &'a [Currency],
}

/// The statement whose rows [`organization_of`] takes.
pub fn organization(tenant: Tenant, now: Timestamp) -> Statement {
    of_organization(ORGANIZATION, tenant).bind(now.millis())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn organization_of(rows: &Rows) -> Result<Option<Organization>, SqlError> {
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Organization {
        id: row.parse("id")?,
        name: row.get::<&str>("name")?.to_owned(),
        settings: Settings {
            currency: row.parse("currency")?,
            timezone: row.parse("timezone")?,
            locale: row.parse("locale")?,
            locales: row.parse("locales")?,
            tax_mode: row.parse("tax_mode")?,
            rounding: row.parse("rounding")?,
        },
        status: row.parse("status")?,
        plan: Plan {
            stores: row.get("most_stores")?,
            members: row.get("most_members")?,
            api_keys: row.get("most_api_keys")?,
        },
        stores: row.get("stores")?,
        members: row.get("members")?,
        api_keys: row.get("api_keys")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    }))
}

/// Changes an organization that is at `version`.
pub fn change_organization(tenant: Tenant, version: i64, name: &str, settings: &Settings) -> Statement {
    of_organization(CHANGE_ORGANIZATION, tenant)
        .bind(version)
        .bind(name)
        .bind(settings.currency.to_string())
        .bind(settings.timezone.as_str())
        .bind(settings.locale.as_str())
        .bind(settings.tax_mode.name())
        .bind(settings.rounding.name())
        .bind(settings.locales.to_string())
}

/// The statement whose rows [`stores_of`] takes: those whose ids come after `after`.
pub fn stores(tenant: Tenant, after: &str, limit: i64) -> Statement {
    of_organization(STORES, tenant).bind(after).bind(limit)
}

/// The statement whose rows [`stores_of`] takes: the one store, if it is there.
pub fn store(tenant: Tenant, id: StoreId) -> Statement {
    of_organization(STORE, tenant).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn stores_of(rows: &Rows) -> Result<Vec<Store>, SqlError> {
    rows.iter().map(store_of).collect()
}

fn store_of(row: Row<'_>) -> Result<Store, SqlError> {
    let is_there = |column| Ok::<_, SqlError>(row.get::<Option<&str>>(column)?.is_some());
    let own = OwnSettings {
        timezone: if is_there("timezone")? { Some(row.parse("timezone")?) } else { None },
        locale: if is_there("locale")? { Some(row.parse("locale")?) } else { None },
        locales: if is_there("locales")? { Some(row.parse("locales")?) } else { None },
        tax_mode: if is_there("tax_mode")? { Some(row.parse("tax_mode")?) } else { None },
        rounding: if is_there("rounding")? { Some(row.parse("rounding")?) } else { None },
    };
    let defaults = Settings {
        currency: row.parse("currency")?,
        timezone: row.parse("default_timezone")?,
        locale: row.parse("default_locale")?,
        locales: row.parse("default_locales")?,
        tax_mode: row.parse("default_tax_mode")?,
        rounding: row.parse("default_rounding")?,
    };
    Ok(Store {
        key: data_key(row)?,
        id: row.parse("id")?,
        name: row.get::<&str>("name")?.to_owned(),
        settings: defaults.with(own.clone().into()),
        own,
        status: row.parse("status")?,
        platform: row.get::<Option<&str>>("platform")?.map(str::to_owned),
        has_credentials: row.get("has_credentials")?,
        health: row.parse("health")?,
        health_message: row.get::<Option<&str>>("health_message")?.map(str::to_owned),
        health_at: row.get::<Option<i64>>("health_at")?.map(Timestamp::from_millis),
        last_sync_at: row.get::<Option<i64>>("last_sync_at")?.map(Timestamp::from_millis),
        storefront: if is_there("storefront_url")? { Some(row.parse("storefront_url")?) } else { None },
        currencies: serde_json::from_str(row.get("currencies")?)
            .map_err(|error| SqlError::Statement(format!("a store's currencies: {error}")))?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

impl From<OwnSettings> for headlesspro_shared::organizations::SettingsChange {
    fn from(own: OwnSettings) -> Self {
        let OwnSettings { timezone, locale, locales, tax_mode, rounding } = own;
        Self { currency: None, timezone, locale, locales, tax_mode, rounding }
    }
}

/// The statement whose row [`locales_of`] takes: those of the caller's store.
pub fn locales(tenant: Tenant) -> Statement {
    tenant.statement(LOCALES)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn locales_of(rows: &Rows) -> Result<Option<Locales>, SqlError> {
    rows.first().map(|row| Ok(Locales::new(row.parse("locale")?, row.parse("locales")?))).transpose()
}

/// The statement whose rows [`defaults_of`] takes.
pub fn defaults(tenant: Tenant) -> Statement {
    of_organization(DEFAULTS, tenant)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn defaults_of(rows: &Rows) -> Result<Option<(Currency, WrappedKey)>, SqlError> {
    rows.first().map(|row| Ok((row.parse("currency")?, data_key(row)?))).transpose()
}

pub fn insert_store(tenant: Tenant, new: &NewStore<'_>, now: Timestamp) -> Statement {
    own_settings(
        of_organization(INSERT_STORE, tenant)
            .bind(new.id.to_string())
            .bind(new.name)
            .bind(new.currency.to_string())
            .bind(super::tenant::scale_of(new.currency)),
        new.own,
    )
    .bind(new.platform)
    .bind(new.credentials_sealed)
    .bind(now.millis())
    .bind(new.storefront.map(BaseUrl::as_str))
    .bind(json!(new.currencies).to_string())
}

/// Changes a store that is at `store.version` to be like `store`; `credentials` of `None` stay as they are.
pub fn change_store(tenant: Tenant, store: &Store, credentials_sealed: Option<&str>) -> Statement {
    let statement =
        of_organization(CHANGE_STORE, tenant).bind(store.id.to_string()).bind(store.version).bind(store.name.as_str());
    own_settings(statement, &store.own)
        .bind(store.status.name())
        .bind(credentials_sealed)
        .bind(store.storefront.as_ref().map(BaseUrl::as_str))
        .bind(json!(store.currencies).to_string())
}

fn own_settings(statement: Statement, own: &OwnSettings) -> Statement {
    statement
        .bind(own.timezone.as_ref().map(Timezone::as_str))
        .bind(own.locale.as_ref().map(Locale::as_str))
        .bind(own.tax_mode.map(TaxMode::name))
        .bind(own.rounding.map(RoundingMode::name))
        .bind(own.locales.as_ref().map(LocaleList::to_string))
}
