//! Tokens that no login gives: of somebody who acts as another, and of services of our own.

use headlesspro_shared::identity::{
    ACCESS_SECONDS, Access, AccessClaims, Impersonator, Permissions, Role, Scopes, Service, Subject,
};
use headlesspro_shared::kernel::id::{AccountId, SessionId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use super::caller::hash_of;
use super::opening::signing_key;
use super::operator;
use super::signing::{PublicKey, SignedToken, SigningKey};
use super::store::session::NewSession;
use super::store::{keys, session, void};
use crate::app::{App, Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::journal::Change;
use crate::port::sql::{Commit, Rows, SqlError, Statement};
use crate::vault::new_key;

/// Who is acted as, by whom.
pub struct Impersonation<'a> {
    pub account: AccountId,
    pub role: Role,
    pub permissions: &'a Permissions,
    pub by: AccountId,
}

/// A session of an impersonation, whose token can be told once its commit is done.
pub struct Acting {
    key: SigningKey,
    account: AccountId,
    access: Access,
    pub session: SessionId,
}

/// The statement whose rows [`act_as`] needs.
pub fn signing_keys(now: Timestamp) -> Statement {
    keys::signing_keys(now)
}

/// The statement whose rows [`payload_of`] takes: the key that a token names, if it had not retired by `then`.
pub fn key_of(token: &SignedToken<'_>, then: Timestamp) -> Statement {
    keys::key_of_token(&token.kid, then)
}

/// What a token says. `None` where it was not signed by the key that it names, or there is none.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn payload_of(token: &SignedToken<'_>, rows: Option<&Rows>) -> Result<Option<Vec<u8>>, SqlError> {
    let Some(row) = rows.and_then(Rows::first) else { return Ok(None) };
    let key = PublicKey::from_base64(row.get("public_key")?);
    Ok(key.and_then(|key| token.payload(&key)))
}

/// Adds a session to `commit` in which one acts as another. It has no refresh token, so it ends with its access token;
/// its owner sees it among the own sessions, and can end it.
///
/// # Errors
/// [`Failure::Unavailable`], or the caller is not good.
pub async fn act_as<E>(
    ctx: &Ctx,
    rows: Option<&Rows>,
    acting: &Impersonation<'_>,
    commit: &mut Commit,
) -> Result<Acting, Failure<E>> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let key = signing_key(ctx, rows, commit)?;
    let id: SessionId = ctx.new_id()?;
    let device = format!("impersonated by {}", acting.by);
    // Of a token that nobody is told.
    let token_hash = hash_of(&new_key(&*app.entropy)?).to_hex();
    let expires_at = ctx.now.checked_add_millis(ACCESS_SECONDS.saturating_mul(1_000)).unwrap_or(ctx.now);
    let new = NewSession { id, account: acting.account, token_hash, device: &device, expires_at };
    commit.push(session::insert(tenant, &new, ctx.now));
    let (scopes, grants) = acting.permissions.to_claims();
    let access = Access {
        org: tenant.organization,
        store: tenant.store,
        currency: ctx.principal().await?.currency,
        chan: None,
        sid: Some(id),
        role: acting.role,
        scopes,
        grants,
        act: Some(Impersonator { sub: acting.by }),
        iat_ms: ctx.now.millis(),
    };
    Ok(Acting { key, account: acting.account, access, session: id })
}

impl Acting {
    /// # Errors
    /// [`Unavailable`] when the token cannot be written.
    pub fn token(self, ctx: &Ctx) -> Result<String, Unavailable> {
        let issuer = ctx.app().verifier().issuer.clone();
        self.key.sign(&AccessClaims::new(issuer, Subject::Account(self.account), self.access, ctx.now))
    }
}

/// A token for a part of our own that calls the API of a deployment: a scheduler, a worker of a queue. It lives as
/// long as any access token, and stands in the audit log.
///
/// # Errors
/// [`Unavailable`].
pub async fn service_token(
    app: &App,
    (tenant, currency): (Tenant, Currency),
    issuer: &str,
    service: Service,
    scopes: Scopes,
) -> Result<String, Unavailable> {
    let subject = Subject::Service(service.clone());
    let now = app.clock.now();
    let change = Change::new("service-token.issue", &subject).after(json!({ "scopes": scopes }));
    let mut commit = Commit::new();
    commit.push(operator::audit(app, tenant, change, now)?);
    operator::done(app.databases.of(tenant.organization).commit(&commit).await?)?;
    signed_service_token(app, (tenant, currency), issuer, service, scopes).await
}

/// Voids the tokens of a service that name this tenant's organization and were issued until now: everywhere within 30 s.
/// One that is issued afterwards is good. It stands in the audit log.
///
/// # Errors
/// [`Unavailable`].
pub async fn revoke_service_tokens(app: &App, tenant: Tenant, service: Service) -> Result<(), Unavailable> {
    let (subject, now) = (Subject::Service(service).to_string(), app.clock.now());
    let change = Change::new("service-token.revoke", &subject).has("issuedUntil", now.to_string().into());
    let mut commit = Commit::new();
    commit.push(void::void(tenant, &subject, now));
    commit.push(operator::audit(app, tenant, change, now)?);
    operator::done(app.databases.of(tenant.organization).commit(&commit).await?)
}

/// The token alone: by the key of the database that the organization is asked for in, whether it lives there or not.
///
/// # Errors
/// [`Unavailable`].
pub async fn signed_service_token(
    app: &App,
    (tenant, currency): (Tenant, Currency),
    issuer: &str,
    service: Service,
    scopes: Scopes,
) -> Result<String, Unavailable> {
    let now = app.clock.now();
    let sql = app.databases.of(tenant.organization);
    let rows = sql.read(vec![keys::signing_keys(now)]).await?;
    let key = match keys::signer(rows.first(), now)? {
        Some(stored) => SigningKey::open(&stored, &app.vault.masters)?,
        None => {
            let (key, stored) = SigningKey::generate(&app.vault.masters, &*app.entropy, now)?;
            let mut commit = Commit::new();
            commit.push(keys::insert_token_key(&stored, now));
            operator::done(sql.commit(&commit).await?)?;
            key
        }
    };
    let access = Access {
        org: tenant.organization,
        store: tenant.store,
        currency,
        chan: None,
        sid: None,
        role: Role::App,
        scopes,
        grants: Vec::new(),
        act: None,
        iat_ms: now.millis(),
    };
    key.sign(&AccessClaims::new(issuer.to_owned(), Subject::Service(service), access, now))
}
