//! Showing and changing an organization and its stores, and opening stores.

use std::collections::BTreeMap;

use headlesspro_shared::identity::{Resource, Scope};
use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::notifications::BaseUrl;
use headlesspro_shared::organizations::{ConnectError, Platform, Settings, SettingsChange, Status, connect};
use serde_json::{Value as Json, json};

use crate::app::Ctx;
use crate::failure::{Failure, PlanExceeded, Unavailable};
use crate::journal::{self, Change, Claim};
use crate::organizations::members::usecase::unexplained;
use crate::organizations::store::guard_changed;
use crate::organizations::store::settings::{self, NewStore, Organization, OwnSettings, Store};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};
use crate::vault::{Place, WrappedKey};

/// How often a change is made anew when somebody else was quicker.
const ATTEMPTS: usize = 4;

/// The secrets in the links of mails go there: as an identity provider can, the page can log in as any customer.
const SETS_STOREFRONT: Scope = Scope::ProvidersWrite;

/// What an organization or a store is called.
pub type Name = Line<200>;

/// Values by their names, which a platform asks for. Secret: never shown, logged or kept in the clear.
pub type Credentials = BTreeMap<String, String>;

/// What of an organization is to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrganizationChange {
    pub name: Option<Name>,
    pub settings: SettingsChange,
}

/// A setting of a store's own: to be left, taken away, or set.
pub type Own<T> = Option<Option<T>>;

/// What of a store is to be changed.
#[derive(Clone, Default)]
pub struct StoreChange {
    pub name: Option<Name>,
    pub timezone: Own<headlesspro_shared::organizations::Timezone>,
    pub locale: Own<headlesspro_shared::kernel::locale::Locale>,
    pub locales: Own<headlesspro_shared::kernel::locale::LocaleList>,
    pub tax_mode: Own<headlesspro_shared::organizations::TaxMode>,
    pub rounding: Own<headlesspro_shared::organizations::RoundingMode>,
    pub status: Option<Status>,
    pub credentials: Option<Credentials>,
    pub storefront: Own<BaseUrl>,
    pub currencies: Option<Vec<Currency>>,
}

/// A store to be opened.
pub struct Wanted {
    pub name: Name,
    /// The organization's, unless it is another.
    pub currency: Option<Currency>,
    pub own: OwnSettings,
    pub platform: Option<&'static Platform>,
    pub credentials: Option<Credentials>,
    pub storefront: Option<BaseUrl>,
    /// Beside that one.
    pub currencies: Vec<Currency>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsError {
    NameTaken,
    Credentials(ConnectError),
    /// The store's own is not one of the others.
    OwnCurrency(Currency),
    PlanLimit(PlanExceeded),
    /// Nobody could log in any more.
    LastStore,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

type Outcome<T> = Result<T, Failure<SettingsError>>;

pub async fn organization(ctx: &Ctx) -> Outcome<Organization> {
    let rows = ctx.read(vec![settings::organization(ctx.tenant(), ctx.now)]).await?;
    rows.first().map(settings::organization_of).transpose()?.flatten().ok_or(Failure::NotFound)
}

/// Changes what is given and leaves the rest.
pub async fn change_organization(
    ctx: &Ctx,
    change: &OrganizationChange,
    expected: Option<i64>,
) -> Outcome<Organization> {
    for _ in 0..ATTEMPTS {
        let before = organization(ctx).await?;
        expect(expected, before.version)?;
        let after = Organization {
            name: change.name.as_ref().map_or_else(|| before.name.clone(), ToString::to_string),
            settings: before.settings.clone().with(change.settings.clone()),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let mut commit = Commit::new();
        commit.push(settings::change_organization(ctx.tenant(), before.version, &after.name, &after.settings));
        let guard = commit.push(guard_changed());
        let change = Change::new("organization.change", before.id)
            .before(of_organization(&before))
            .after(of_organization(&after))
            .of_organization();
        commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
        journal::announce(ctx, &mut commit, "organization.changed", &after.told())?;
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => return Ok(Organization { version: before.version.saturating_add(1), ..after }),
            Committed::Refused { statement, .. } if statement == guard => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(SettingsError::Changing))
}

/// One page of the stores, in the order of their ids, and whether there are more.
pub async fn stores(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Store>, bool)> {
    let rows = ctx.read(vec![settings::stores(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let mut found = rows.first().map(settings::stores_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = limit < found.len();
    found.truncate(limit);
    Ok((found, more))
}

/// One store, where the caller's grants reach it.
pub async fn store(ctx: &Ctx, id: StoreId) -> Outcome<Store> {
    let rows = ctx.read(vec![settings::store(ctx.tenant(), id)]).await?;
    let found = only(rows.first())?;
    if ctx.reaches(&Resource::of_store(id).record(id)).await? { Ok(found) } else { Err(Failure::NotFound) }
}

/// Opens a store. Answers whether it is the answer to a repeat.
pub async fn open(ctx: &Ctx, wanted: &Wanted, claim: Option<&Claim>) -> Outcome<(Store, bool)> {
    let tenant = ctx.tenant();
    let mut reads = vec![settings::defaults(tenant)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    if wanted.storefront.is_some() {
        ctx.require_everywhere(SETS_STOREFRONT).await?;
    }
    if let Some(first) = replayed(ctx, claim, rows.get(1)).await? {
        return Ok((first, true));
    }
    let (currency, key) = rows.first().map(settings::defaults_of).transpose()?.flatten().ok_or(Failure::NotFound)?;
    let currency = wanted.currency.unwrap_or(currency);
    further(currency, &wanted.currencies)?;
    let id: StoreId = ctx.new_id()?;
    let sealed = sealed(ctx, &key, id, wanted.platform, wanted.credentials.as_ref())?;
    let new = NewStore {
        id,
        name: wanted.name.as_str(),
        currency,
        own: &wanted.own,
        platform: wanted.platform.map(|platform| platform.id),
        credentials_sealed: sealed.as_deref(),
        storefront: wanted.storefront.as_ref(),
        currencies: &wanted.currencies,
    };
    let mut commit = Commit::new();
    let insert = commit.push(settings::insert_store(tenant, &new, ctx.now));
    commit.push_diagnosis(settings::organization(tenant, ctx.now));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location(id), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    let state = json!({
        "name": new.name,
        "currency": new.currency.to_string(),
        "currencies": new.currencies,
        "platform": new.platform,
        "hasCredentials": sealed.is_some(),
    });
    let change = Change::new("store.open", id).after(state).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, &mut commit, "store.created", &[("storeId", id.to_string())])?;
    commit.push_after(settings::store(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => Ok((only(after.first())?, false)),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = replayed(ctx, claim, diagnosis.get(1)).await? {
                return Ok((first, true));
            }
            let there = diagnosis.first().map(settings::organization_of).transpose()?.flatten();
            Err(match refusal {
                refusal if refusal.is_raised("PLAN_LIMIT") => {
                    let exceeded = there.and_then(|there| there.exceeded_stores());
                    exceeded.map_or_else(
                        || unexplained(&refusal),
                        |exceeded| Failure::Rejected(SettingsError::PlanLimit(exceeded)),
                    )
                }
                refusal if statement == insert && is_taken(&refusal) => Failure::Rejected(SettingsError::NameTaken),
                refusal => unexplained(&refusal),
            })
        }
    }
}

/// Changes what is given of a store, and leaves the rest.
pub async fn change_store(ctx: &Ctx, id: StoreId, change: &StoreChange, expected: Option<i64>) -> Outcome<Store> {
    let tenant = ctx.tenant();
    for _ in 0..ATTEMPTS {
        let mut store = self::store(ctx, id).await?;
        if change.storefront.as_ref().is_some_and(|storefront| *storefront != store.storefront) {
            ctx.require_everywhere(SETS_STOREFRONT).await?;
        }
        expect(expected, store.version)?;
        further(store.settings.currency, change.currencies.as_deref().unwrap_or_default())?;
        let platform = store.platform.as_deref().and_then(Platform::of);
        let sealed = sealed(ctx, &store.key, id, platform, change.credentials.as_ref())?;
        let before = of_store(&store, false);
        apply(&mut store, change);
        let after = of_store(&store, sealed.is_some());
        if before == after {
            return Ok(store);
        }
        let mut commit = Commit::new();
        let update = commit.push(settings::change_store(tenant, &store, sealed.as_deref()));
        let guard = commit.push(guard_changed());
        let change = Change::new("store.change", id).before(before).after(after).of_organization();
        commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
        let payload = [("storeId", id.to_string()), ("status", store.status.name().to_owned())];
        journal::announce(ctx, &mut commit, "store.changed", &payload)?;
        commit.push_after(settings::store(tenant, id));
        match ctx.commit(&commit).await? {
            Committed::Done { after, .. } => return only(after.first()),
            Committed::Refused { statement, .. } if statement == guard => {}
            Committed::Refused { refusal, .. } if refusal.is_raised("LAST_STORE") => {
                return Err(Failure::Rejected(SettingsError::LastStore));
            }
            Committed::Refused { statement, refusal, .. } if statement == update && is_taken(&refusal) => {
                return Err(Failure::Rejected(SettingsError::NameTaken));
            }
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(SettingsError::Changing))
}

fn apply(store: &mut Store, change: &StoreChange) {
    if let Some(name) = &change.name {
        store.name = name.to_string();
    }
    if let Some(own) = &change.timezone {
        store.own.timezone.clone_from(own);
    }
    if let Some(own) = &change.locale {
        store.own.locale.clone_from(own);
    }
    if let Some(own) = &change.locales {
        store.own.locales.clone_from(own);
    }
    if let Some(own) = change.tax_mode {
        store.own.tax_mode = own;
    }
    if let Some(own) = change.rounding {
        store.own.rounding = own;
    }
    if let Some(status) = change.status {
        store.status = status;
    }
    if let Some(storefront) = &change.storefront {
        store.storefront.clone_from(storefront);
    }
    if let Some(currencies) = &change.currencies {
        store.currencies.clone_from(currencies);
    }
}

/// Refuses the store's own currency among the others.
fn further(own: Currency, others: &[Currency]) -> Outcome<()> {
    if others.contains(&own) { Err(Failure::Rejected(SettingsError::OwnCurrency(own))) } else { Ok(()) }
}

/// The credentials of a store, sealed; `None` where there are none to be kept.
fn sealed(
    ctx: &Ctx,
    key: &WrappedKey,
    id: StoreId,
    platform: Option<&Platform>,
    credentials: Option<&Credentials>,
) -> Outcome<Option<String>> {
    let Some(credentials) = credentials else { return Ok(None) };
    connect(platform, credentials).map_err(|error| Failure::Rejected(SettingsError::Credentials(error)))?;
    let (app, organization) = (ctx.app(), ctx.tenant().organization);
    let key = app.vault.masters.data_key(organization, key);
    let key = key.map_err(|error| Unavailable::Corrupt(error.to_string()))?;
    let row = id.to_string();
    let place = Place { organization, table: "store", column: "credentials", row: &row };
    let plain = serde_json::to_vec(credentials).unwrap_or_default();
    Ok(Some(key.seal(place, &plain, &*app.entropy)?))
}

pub fn location(id: StoreId) -> String {
    format!("/api/v1/stores/{id}")
}

/// The first answer to the same request, read anew.
async fn replayed(ctx: &Ctx, claim: Option<&Claim>, rows: Option<&Rows>) -> Outcome<Option<Store>> {
    let (Some(claim), Some(rows)) = (claim, rows) else { return Ok(None) };
    let Some(first) = claim.replay(journal::recorded(rows)?)? else { return Ok(None) };
    let id = first.location.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    let rows = ctx.read(vec![settings::store(ctx.tenant(), id)]).await?;
    only(rows.first()).map(Some)
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => Err(Failure::Rejected(SettingsError::VersionMismatch { current })),
        _ => Ok(()),
    }
}

fn of_organization(organization: &Organization) -> Json {
    let settings: &Settings = &organization.settings;
    json!({
        "name": organization.name,
        "currency": settings.currency.to_string(),
        "timezone": settings.timezone,
        "locale": settings.locale,
        "locales": settings.locales.to_string(),
        "taxMode": settings.tax_mode,
        "rounding": settings.rounding,
    })
}

fn of_store(store: &Store, has_new_credentials: bool) -> Json {
    json!({
        "name": store.name,
        "timezone": store.own.timezone,
        "locale": store.own.locale,
        "locales": store.own.locales.as_ref().map(ToString::to_string),
        "taxMode": store.own.tax_mode,
        "rounding": store.own.rounding,
        "status": store.status,
        "storefrontUrl": store.storefront.as_ref().map(BaseUrl::as_str),
        "currencies": store.currencies,
        "newCredentials": has_new_credentials,
    })
}

fn is_taken(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. })
}

fn only(rows: Option<&Rows>) -> Outcome<Store> {
    rows.map(settings::stores_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}
