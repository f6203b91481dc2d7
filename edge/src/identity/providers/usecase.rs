//! Setting up, listing, changing and removing identity providers.

use headlesspro_shared::identity::federation::ProviderKind;
use headlesspro_shared::kernel::id::IdentityProviderId;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::federation::secret_place;
use crate::identity::newest::Newest;
use crate::identity::repeat::{Repeatable, repeat_reads};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::keys;
use crate::identity::store::provider::{self, Provider};
use crate::identity::usecase::{data_key, no_data_key, unexplained};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};

/// A provider to be set up, already found to make sense.
pub struct Wanted {
    pub kind: ProviderKind,
    pub name: String,
    pub issuer: String,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub scope: String,
    pub redirect_uris: Vec<String>,
    pub token_audiences: Vec<String>,
    pub signs_up: bool,
    pub trusts_email: bool,
}

/// What of a provider is to be changed. What is `None` stays; the inner `None` takes it away.
#[derive(Default)]
pub struct ProviderChange {
    pub name: Option<String>,
    pub client_id: Option<Option<String>>,
    pub client_secret: Option<Option<String>>,
    /// Without one, what the kind needs.
    pub scope: Option<Option<String>>,
    pub redirect_uris: Option<Vec<String>>,
    pub token_audiences: Option<Vec<String>>,
    pub signs_up: Option<bool>,
    pub trusts_email: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderConfigError {
    /// Its issuer leads to a private address, or is not reached by https.
    Address,
    /// The organization has a provider with this issuer.
    Exists,
    /// Fields that do not go together, each with what is wrong.
    Senseless(Vec<(&'static str, &'static str)>),
    VersionMismatch {
        current: i64,
    },
    /// Others were quicker, each time.
    Changing,
}

/// How often a change is made anew when somebody else was quicker.
const ATTEMPTS: usize = 4;

/// Which fields of a configuration do not go together. A kind that is not known has no rules of its own.
pub fn senseless(
    kind: Option<ProviderKind>,
    has_client: bool,
    has_pages: bool,
    has_audiences: bool,
) -> Vec<(&'static str, &'static str)> {
    let is_plain = kind.is_some_and(|kind| kind.endpoints().is_some());
    let rules = [
        (
            !has_pages && !has_audiences,
            "redirectUris",
            "say here where people come back to, or in tokenAudiences which tokens are taken",
        ),
        (has_pages && !has_client, "clientId", "is required where people are sent there"),
        (is_plain && has_audiences, "tokenAudiences", "this kind has no tokens that could be verified"),
    ];
    rules.into_iter().filter(|(is_broken, ..)| *is_broken).map(|(_, field, detail)| (field, detail)).collect()
}

/// Sets up a provider: one read, one commit. `told` is how it is answered.
pub async fn create(
    ctx: &Ctx,
    wanted: Wanted,
    claim: Option<&Claim>,
    told: fn(&Provider) -> String,
) -> Result<Answered, Failure<ProviderConfigError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    if !app.tenant_fetch().is_some_and(|fetch| fetch.admits(&wanted.issuer)) {
        return Err(Failure::Rejected(ProviderConfigError::Address));
    }
    let mut reads = vec![keys::data_key(tenant)];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(1..))?;
    if let Some(first) = first {
        return Ok(first);
    }
    let row = rows.first().and_then(Rows::first).ok_or_else(no_data_key)?;
    let key = data_key(app, tenant, &keys::wrapped(row)?)?;
    let id: IdentityProviderId = ctx.new_id()?;
    let text = id.to_string();
    let seal = |secret: &String| key.seal(secret_place(ctx, &text), secret.as_bytes(), &*app.entropy);
    let provider = Provider {
        id,
        kind: wanted.kind,
        name: wanted.name,
        issuer: wanted.issuer,
        client_id: wanted.client_id,
        client_secret_sealed: wanted.client_secret.as_ref().map(seal).transpose()?,
        scope: wanted.scope,
        redirect_uris: wanted.redirect_uris,
        token_audiences: wanted.token_audiences,
        signs_up: wanted.signs_up,
        trusts_email: wanted.trusts_email,
        version: 1,
        created_at: ctx.now,
    };
    let actor = &ctx.principal().await?.actor;
    let answered = Answered::first(format!("/api/v1/identity-providers/{id}"), told(&provider));
    let mut commit = Commit::new();
    commit.push(provider::insert(tenant, &provider));
    repeatable.keep(ctx, &mut commit, &answered)?;
    let change = Change::new("identity-provider.create", id).after(state(&provider)).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { refusal, diagnosis, .. } => match repeatable.answered(ctx, diagnosis.first())? {
            Some(first) => Ok(first),
            None if matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. }) => {
                Err(Failure::Rejected(ProviderConfigError::Exists))
            }
            None => Err(unexplained(&refusal)),
        },
    }
}

/// A page of the organization's providers, and the one behind it.
pub async fn list(ctx: &Ctx, wanted: &Newest) -> Result<(Vec<Provider>, Option<Newest>), Failure<ProviderConfigError>> {
    let rows = ctx.read(vec![provider::list(ctx.tenant(), wanted)]).await?;
    let all = rows.first().map(provider::providers_of).transpose()?.unwrap_or_default();
    let all = all.into_iter().map(|(provider, _)| provider).collect();
    Ok(wanted.page(all, |provider: &Provider| (provider.created_at, provider.id.to_string())))
}

/// Changes what is given of a provider, and leaves the rest: one read, one commit.
pub async fn change(
    ctx: &Ctx,
    id: IdentityProviderId,
    change: &ProviderChange,
    expected: Option<i64>,
) -> Result<Provider, Failure<ProviderConfigError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let rejected = |error| Err(Failure::Rejected(error));
    for _ in 0..ATTEMPTS {
        let rows = ctx.read(vec![provider::find(tenant, id)]).await?;
        let found = rows.first().map(provider::providers_of).transpose()?.unwrap_or_default();
        let (before, wrapped) = found.into_iter().next().ok_or(Failure::NotFound)?;
        if expected.is_some_and(|expected| expected != before.version) {
            return rejected(ProviderConfigError::VersionMismatch { current: before.version });
        }
        let mut after = merged(before.clone(), change);
        let broken = senseless(
            Some(after.kind),
            after.client_id.is_some(),
            !after.redirect_uris.is_empty(),
            !after.token_audiences.is_empty(),
        );
        if !broken.is_empty() {
            return rejected(ProviderConfigError::Senseless(broken));
        }
        let has_new_secret = match &change.client_secret {
            None => false,
            Some(None) => {
                after.client_secret_sealed = None;
                false
            }
            Some(Some(secret)) => {
                let key = data_key(app, tenant, &wrapped)?;
                let sealed = key.seal(secret_place(ctx, &id.to_string()), secret.as_bytes(), &*app.entropy)?;
                after.client_secret_sealed = Some(sealed);
                true
            }
        };
        let (was, mut is) = (state(&before), state(&after));
        if was == is && !has_new_secret {
            return Ok(before);
        }
        if let Value::Object(members) = &mut is {
            members.insert("hasNewSecret".to_owned(), has_new_secret.into());
        }
        let actor = &ctx.principal().await?.actor;
        let mut commit = Commit::new();
        commit.push(provider::change(tenant, &after));
        let guard = commit.push(guard_changed());
        let change = Change::new("identity-provider.change", id).before(was).after(is).of_organization();
        commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => return Ok(Provider { version: before.version.saturating_add(1), ..after }),
            Committed::Refused { statement, .. } if statement == guard => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    rejected(ProviderConfigError::Changing)
}

/// All of a change but its secret.
fn merged(provider: Provider, change: &ProviderChange) -> Provider {
    let scope = match &change.scope {
        None => provider.scope,
        Some(scope) => scope.clone().unwrap_or_else(|| provider.kind.scope().to_owned()),
    };
    Provider {
        name: change.name.clone().unwrap_or(provider.name),
        client_id: change.client_id.clone().unwrap_or(provider.client_id),
        scope,
        redirect_uris: change.redirect_uris.clone().unwrap_or(provider.redirect_uris),
        token_audiences: change.token_audiences.clone().unwrap_or(provider.token_audiences),
        signs_up: change.signs_up.unwrap_or(provider.signs_up),
        trusts_email: change.trusts_email.unwrap_or(provider.trusts_email),
        ..provider
    }
}

/// Takes a provider away. Whom it vouched for stays linked to its issuer, should it be set up again.
pub async fn remove(ctx: &Ctx, id: IdentityProviderId) -> Result<(), Failure<ProviderConfigError>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![provider::find(tenant, id)]).await?;
    let found = rows.first().map(provider::providers_of).transpose()?.unwrap_or_default();
    let (provider, _) = found.into_iter().next().ok_or(Failure::NotFound)?;
    let actor = &ctx.principal().await?.actor;
    let mut commit = Commit::new();
    commit.push(provider::remove(tenant, id, ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("identity-provider.remove", id).before(state(&provider)).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { statement, .. } if statement == guard => Err(Failure::NotFound),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// What the audit log keeps of a provider: whether there is a secret, never what it is.
fn state(provider: &Provider) -> Value {
    json!({
        "id": provider.id.to_string(),
        "kind": provider.kind.name(),
        "name": provider.name,
        "issuer": provider.issuer,
        "clientId": provider.client_id,
        "hasSecret": provider.client_secret_sealed.is_some(),
        "scope": provider.scope,
        "redirectUris": provider.redirect_uris,
        "tokenAudiences": provider.token_audiences,
        "signsUp": provider.signs_up,
        "trustsEmail": provider.trusts_email,
    })
}
