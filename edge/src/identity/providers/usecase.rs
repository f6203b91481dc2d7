//! Setting up, listing and removing identity providers.

use headlesspro_shared::identity::federation::ProviderKind;
use headlesspro_shared::kernel::id::IdentityProviderId;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::federation::secret_place;
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::keys;
use crate::identity::store::provider::{self, Provider};
use crate::identity::usecase::{data_key, no_data_key, unexplained};
use crate::journal::{self, Change};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderConfigError {
    /// Its issuer leads to a private address, or is not reached by https.
    Address,
    /// The organization has a provider with this issuer.
    Exists,
}

/// Sets up a provider: one read, one commit.
pub async fn create(ctx: &Ctx, wanted: Wanted) -> Result<Provider, Failure<ProviderConfigError>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    if !app.tenant_fetch().is_some_and(|fetch| fetch.admits(&wanted.issuer)) {
        return Err(Failure::Rejected(ProviderConfigError::Address));
    }
    let rows = ctx.read(vec![keys::data_key(tenant)]).await?;
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
        created_at: ctx.now,
    };
    let actor = &ctx.principal().await?.actor;
    let mut commit = Commit::new();
    commit.push(provider::insert(tenant, &provider));
    let change = Change::new("identity-provider.create", id).after(state(&provider)).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(provider),
        Committed::Refused { refusal: Refusal::Constraint { constraint: Constraint::Unique, .. }, .. } => {
            Err(Failure::Rejected(ProviderConfigError::Exists))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The organization's providers, in the order in which they were set up.
pub async fn list(ctx: &Ctx) -> Result<Vec<Provider>, Failure<ProviderConfigError>> {
    let rows = ctx.read(vec![provider::list(ctx.tenant())]).await?;
    let all = rows.first().map(provider::providers_of).transpose()?.unwrap_or_default();
    Ok(all.into_iter().map(|(provider, _)| provider).collect())
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
