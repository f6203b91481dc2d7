//! Settings, and the zones that are shipped with the program.

use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::TaxZoneId;
use headlesspro_shared::promotions::RoundedPer;
use headlesspro_shared::tax::{CrossBorder, ProviderFallback, RoundingPer, ShippingTax, TaxZone, vat};
use serde_json::{Value, json};

use super::provider::{TaxProvider, secret_place};
use super::store::{self, KeptSettings, LaidZone, TaxSettings};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::identity;
use crate::journal::{self, Answered, Change, Claim, told};
use crate::outbound::{self, NewEndpoint, origin_of};
use crate::port::sql::{Commit, Committed, Refusal, Rows};
use crate::wire::value_of;

/// What is left out stays.
#[derive(Default)]
pub struct SettingsChange {
    pub cross_border: Option<CrossBorder>,
    pub tax_rounded_per: Option<RoundingPer>,
    pub discounts_rounded_per: Option<RoundedPer>,
    pub shipping_tax: Option<ShippingTax>,
    pub sells_from: Option<Option<Place>>,
    /// The inner `None` takes the provider away.
    pub provider: Option<Option<NewProvider>>,
}

/// Whom a store is to ask for its taxes.
pub struct NewProvider {
    pub endpoint: NewEndpoint,
    pub fallback: ProviderFallback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxError {
    TooManyZones,
    ZonesTooLarge,
    /// The provider's address leads to a private one, or is not reached by https.
    ProviderAddress,
    NoProviderAddress,
    /// Requests to the provider have to be signed with something.
    NoProviderSecret,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

pub type Outcome<T> = Result<T, Failure<TaxError>>;

fn rejected<T>(error: TaxError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub async fn settings(ctx: &Ctx) -> Outcome<KeptSettings> {
    let rows = ctx.read(vec![store::settings(ctx.tenant())]).await?;
    Ok(store::settings_of(rows.first())?)
}

/// Changes what is given and leaves the rest.
pub async fn change_settings(ctx: &Ctx, change: &SettingsChange, expected: Option<i64>) -> Outcome<KeptSettings> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, change, expected).await) {
            return settled;
        }
    }
    rejected(TaxError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_change(ctx: &Ctx, change: &SettingsChange, expected: Option<i64>) -> Outcome<Option<KeptSettings>> {
    let tenant = ctx.tenant();
    let new = change.provider.as_ref().and_then(Option::as_ref);
    let secret = new.and_then(|new| new.endpoint.secret.as_deref());
    let mut reads = vec![store::settings(tenant)];
    reads.extend(secret.map(|_| identity::data_key_statement(tenant)));
    let rows = ctx.read(reads).await?;
    let was = store::settings_of(rows.first())?;
    if expected.is_some_and(|version| version != was.version) {
        return rejected(TaxError::VersionMismatch { current: was.version });
    }
    let Some(is) = changed(was.settings.clone(), change) else { return rejected(TaxError::NoProviderAddress) };
    if is == was.settings && secret.is_none() {
        return Ok(ctx.is_current().then_some(was));
    }
    let url_of = |settings: &TaxSettings| settings.provider.as_ref().map(|provider| provider.url.clone());
    let new_url = url_of(&is).filter(|url| Some(url) != url_of(&was.settings).as_ref());
    if new_url.as_ref().is_some_and(|url| !outbound::admits(ctx, url)) {
        return rejected(TaxError::ProviderAddress);
    }
    let secret_sealed = match (&is.provider, secret) {
        (None, _) => None,
        (Some(_), None) => Some(was.secret_sealed.ok_or(Failure::Rejected(TaxError::NoProviderSecret))?),
        (Some(_), Some(secret)) => Some(sealed(ctx, rows.get(1), secret)?),
    };
    let mut commit = Commit::new();
    commit.push(store::change_settings(tenant, &is, secret_sealed.as_deref(), was.version, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, mut after) = told::difference(&state(&was.settings), &state(&is));
    if let Value::Object(members) = &mut after {
        let news = [("hasNewProviderUrl", new_url.is_some()), ("hasNewProviderSecret", secret.is_some())];
        members.extend(news.into_iter().filter(|(_, is)| *is).map(|(name, _)| (name.to_owned(), true.into())));
    }
    let told = Change::new("tax-settings.change", tenant.store).before(before).after(after);
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    journal::announce(ctx, &mut commit, "tax-settings.changed", &[("storeId", tenant.store.to_string())])?;
    commit.push_after(store::settings(tenant));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => Ok(Some(store::settings_of(after.first())?)),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// A provider's secret as it is kept, with the rows of the organization's data key.
fn sealed(ctx: &Ctx, rows: Option<&Rows>, secret: &str) -> Outcome<String> {
    let tenant = ctx.tenant();
    let key = identity::data_key_of(ctx.app(), tenant, rows)?;
    Ok(key.seal(secret_place(tenant, &tenant.store.to_string()), secret.as_bytes(), &*ctx.app().entropy)?)
}

/// `None`: there is a provider without an address.
fn changed(mut settings: TaxSettings, change: &SettingsChange) -> Option<TaxSettings> {
    fn take<T: Clone>(value: &mut T, given: Option<&T>) {
        if let Some(given) = given {
            value.clone_from(given);
        }
    }
    take(&mut settings.cross_border, change.cross_border.as_ref());
    take(&mut settings.tax_rounded_per, change.tax_rounded_per.as_ref());
    take(&mut settings.discounts_rounded_per, change.discounts_rounded_per.as_ref());
    take(&mut settings.shipping_tax, change.shipping_tax.as_ref());
    take(&mut settings.sells_from, change.sells_from.as_ref());
    settings.provider = match &change.provider {
        None => settings.provider,
        Some(None) => None,
        Some(Some(NewProvider { endpoint, fallback })) => Some(TaxProvider {
            url: endpoint.url.clone().or_else(|| settings.provider.map(|provider| provider.url))?,
            timeout_millis: endpoint.timeout_millis,
            fallback: *fallback,
        }),
    };
    Some(settings)
}

/// What the audit log keeps.
fn state(settings: &TaxSettings) -> Value {
    json!({
        "crossBorder": value_of(&settings.cross_border),
        "taxRoundedPer": settings.tax_rounded_per.name(),
        "discountsRoundedPer": settings.discounts_rounded_per.name(),
        "shippingTax": value_of(&settings.shipping_tax),
        "sellsFrom": value_of(&settings.sells_from),
        "provider": settings.provider.as_ref().map(|provider| json!({
            "origin": origin_of(&provider.url),
            "timeoutMillis": provider.timeout_millis,
            "fallback": provider.fallback.name(),
        })),
    })
}

/// What laying down shipped zones has come to.
pub struct LaidDown {
    pub made: Vec<LaidZone>,
    /// They were there already, and are as they were.
    pub kept: Vec<LaidZone>,
}

/// Lays down the shipped zones of `countries`, those that the store does not have, behind its own. `render` makes the
/// answer, which is kept for repeats.
pub async fn lay_down(
    ctx: &Ctx,
    countries: &[Country],
    claim: Option<&Claim>,
    render: impl Fn(&LaidDown) -> String,
) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_lay_down(&ctx, countries, claim, &render).await) {
            return settled;
        }
    }
    rejected(TaxError::Changing)
}

async fn try_lay_down(
    ctx: &Ctx,
    countries: &[Country],
    claim: Option<&Claim>,
    render: &impl Fn(&LaidDown) -> String,
) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let mut reads = vec![store::settings(tenant), store::presets(tenant)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    if let Some(first) = journal::replay(claim, rows.get(2))? {
        return Ok(Some(first.into()));
    }
    let version = store::settings_of(rows.first())?.rules_version;
    let shipped = vat::zones(countries);
    let mut kept = store::presets_of(rows.get(1))?;
    kept.retain(|laid| shipped.iter().any(|zone| zone.id == laid.preset));
    let mut zones = Vec::new();
    for mut zone in shipped.into_iter().filter(|zone| kept.iter().all(|laid| laid.preset != zone.id)) {
        // A store's own ids from here on: they are nobody else's.
        let preset = std::mem::replace(&mut zone.id, ctx.new_id()?);
        for rate in &mut zone.rates {
            rate.id = ctx.new_id()?;
        }
        zones.push((preset, zone));
    }
    let laid =
        |(preset, zone): &(TaxZoneId, TaxZone)| LaidZone { id: zone.id, name: zone.name.clone(), preset: *preset };
    let laid = LaidDown { made: zones.iter().map(laid).collect(), kept };
    let body = render(&laid);
    let mut commit = Commit::new();
    let guard = commit.push(store::guard(tenant, version));
    commit.push(store::insert_presets(tenant, &zones, ctx.now));
    let ids = |zones: &[LaidZone]| zones.iter().map(|zone| zone.id.to_string()).collect::<Vec<_>>();
    let state = json!({ "countries": value_of(&countries), "made": ids(&laid.made), "kept": ids(&laid.kept) });
    let told = Change::new("tax-zone.preset", tenant.store).after(told::whole(&state));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    for id in ids(&laid.made) {
        journal::announce(ctx, &mut commit, "tax-zone.created", &[("taxZoneId", id)])?;
    }
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, "", &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(Answered::first(String::new(), body))),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = journal::replay(claim, diagnosis.first())? {
                return Ok(Some(first.into()));
            }
            match refusal {
                _ if statement == guard => Ok(None),
                refusal if refusal.is_raised("TAX_ZONE_COUNT") => rejected(TaxError::TooManyZones),
                refusal if refusal.is_raised("TAX_ZONE_SIZE") => rejected(TaxError::ZonesTooLarge),
                refusal => Err(unexplained(&refusal)),
            }
        }
    }
}

fn unexplained(refusal: &Refusal) -> Failure<TaxError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("taxes were refused: {refusal:?}")))
}
