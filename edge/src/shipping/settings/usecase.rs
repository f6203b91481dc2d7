//! Showing and changing the settings.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::{LocationId, ShippingMethodId};
use headlesspro_shared::shipping::{MOST_METHODS, MOST_PROVIDERS, ProviderName, ShippingMethod};
use serde_json::{Map, Value, json};

use super::super::provider::{RateProvider, secret_place, secret_row};
use super::super::store::{self, KeptSettings};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::identity;
use crate::journal::{self, Change, told};
use crate::outbound::{self, NewEndpoint, origin_of};
use crate::port::sql::{Commit, Committed};
use crate::tax::text_of;
use crate::wire::value_of;

/// What is not there stays, and `None` takes one away.
#[derive(Debug, Clone, Default)]
pub struct SettingsChange {
    pub providers: BTreeMap<ProviderName, Option<NewEndpoint>>,
    /// Methods whose id is 0 keep the one that is there, or get one.
    pub pickups: BTreeMap<LocationId, Option<ShippingMethod>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsError {
    TooMany,
    /// The address of the provider leads to a private one, or is not reached by https.
    Address(ProviderName),
    NoAddress(ProviderName),
    /// Questions have to be signed with something.
    NoSecret(ProviderName),
    /// A method names one that would be gone.
    InUse,
    TooManyPickups,
    /// In bytes as they are kept.
    PickupsTooLarge,
    /// The store has no such location.
    UnknownLocation,
    /// The method of a location has another id.
    OtherMethod(LocationId),
    VersionMismatch {
        current: i64,
    },
    Changing,
}

/// Of pick-ups, in bytes.
const MOST_KEPT: usize = 200_000;

pub type Outcome<T> = Result<T, Failure<SettingsError>>;

fn rejected<T>(error: SettingsError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub async fn settings(ctx: &Ctx) -> Outcome<KeptSettings> {
    let rows = ctx.read(vec![store::settings(ctx.tenant())]).await?;
    Ok(store::settings_of(rows.first())?)
}

/// Changes what is given and leaves the rest.
pub async fn change(ctx: &Ctx, change: &SettingsChange, expected: Option<i64>) -> Outcome<KeptSettings> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, change, expected).await) {
            return settled;
        }
    }
    rejected(SettingsError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_change(ctx: &Ctx, change: &SettingsChange, expected: Option<i64>) -> Outcome<Option<KeptSettings>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::settings(tenant), identity::data_key_statement(tenant)]).await?;
    let was = store::settings_of(rows.first())?;
    if expected.is_some_and(|version| version != was.version) {
        return rejected(SettingsError::VersionMismatch { current: was.version });
    }
    let key = identity::data_key_of(ctx.app(), tenant, rows.get(1))?;
    let mut providers = was.providers.clone();
    let mut news = Map::new();
    for (name, new) in &change.providers {
        let known = providers.remove(&name.to_string());
        let Some(NewEndpoint { url, secret, timeout_millis }) = new else { continue };
        let (known_url, known_secret) = known.map(|known| (known.url, known.secret_sealed)).unzip();
        let is_new = url.is_some() && *url != known_url;
        let url = url.clone().or(known_url).ok_or_else(|| Failure::Rejected(SettingsError::NoAddress(name.clone())))?;
        if is_new && !outbound::admits(ctx, &url) {
            return rejected(SettingsError::Address(name.clone()));
        }
        let row = secret_row(tenant, &name.to_string());
        let secret_sealed = match secret {
            Some(secret) => key.seal(secret_place(tenant, &row), secret.as_bytes(), &*ctx.app().entropy)?,
            None => known_secret.ok_or_else(|| Failure::Rejected(SettingsError::NoSecret(name.clone())))?,
        };
        news.insert(name.to_string(), json!({ "hasNewUrl": is_new, "hasNewSecret": secret.is_some() }));
        providers.insert(name.to_string(), RateProvider { url, timeout_millis: *timeout_millis, secret_sealed });
    }
    if MOST_PROVIDERS < providers.len() {
        return rejected(SettingsError::TooMany);
    }
    let pickups = pickups(ctx, &was.pickups, &change.pickups)?;
    let now = KeptSettings { providers, pickups, version: was.version, updated_at: was.updated_at };
    if now == was {
        return Ok(ctx.is_current().then_some(was));
    }
    let mut commit = Commit::new();
    commit.push(store::change_settings(tenant, &now, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, mut after) = told::difference(&state(&was), &state(&now));
    if let Value::Object(members) = &mut after {
        members.insert("news".to_owned(), news.into());
    }
    let told = Change::new("shipping-settings.change", tenant.store).before(before).after(after);
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    journal::announce(ctx, &mut commit, "shipping-settings.changed", &[("storeId", tenant.store.to_string())])?;
    commit.push_after(store::settings(tenant));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => Ok(Some(store::settings_of(after.first())?)),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } if refusal.is_raised("SHIPPING_PROVIDER_IN_USE") => {
            rejected(SettingsError::InUse)
        }
        Committed::Refused { refusal, .. } if refusal.is_raised("SHIPPING_PICKUP_UNKNOWN") => {
            rejected(SettingsError::UnknownLocation)
        }
        Committed::Refused { refusal, .. } => {
            Err(Unavailable::corrupt(format!("settings of shipping were refused: {refusal:?}")).into())
        }
    }
}

/// Those that were there, changed.
fn pickups(
    ctx: &Ctx,
    were: &BTreeMap<LocationId, ShippingMethod>,
    change: &BTreeMap<LocationId, Option<ShippingMethod>>,
) -> Outcome<BTreeMap<LocationId, ShippingMethod>> {
    let mut pickups = were.clone();
    for (location, new) in change {
        let known = pickups.remove(location).map(|known| known.id);
        let Some(new) = new else { continue };
        let id = match known {
            Some(known) => known,
            None => ctx.new_id()?,
        };
        if ![ShippingMethodId::from_u128(0), id].contains(&new.id) {
            return rejected(SettingsError::OtherMethod(*location));
        }
        pickups.insert(*location, ShippingMethod { id, ..new.clone() });
    }
    if MOST_METHODS < pickups.len() {
        return rejected(SettingsError::TooManyPickups);
    }
    if MOST_KEPT < text_of(&pickups).len() {
        return rejected(SettingsError::PickupsTooLarge);
    }
    Ok(pickups)
}

/// What the audit log keeps: neither secrets nor what of an address may be one.
fn state(settings: &KeptSettings) -> Value {
    let shown = |provider: &RateProvider| json!({ "origin": origin_of(&provider.url), "timeoutMillis": provider.timeout_millis });
    let shown = settings.providers.iter().map(|(name, provider)| (name.clone(), shown(provider)));
    json!({ "providers": Value::Object(shown.collect()), "pickups": value_of(&settings.pickups) })
}
