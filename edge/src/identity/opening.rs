//! Opening sessions, whatever somebody has shown for it, and the tokens of those that are open.

use headlesspro_shared::identity::{
    ACCESS_SECONDS, Access, AccessClaims, Generation, Permissions, RefreshClaim, Role, Subject,
};
use headlesspro_shared::kernel::id::{AccountId, SessionId};
use headlesspro_shared::kernel::time::Timestamp;

use super::caller::{Person, hash_of};
use super::signing::SigningKey;
use super::store::session::{NewSession, OpenStore};
use super::store::{keys, session};
use crate::app::{App, Ctx, Tenant};
use crate::failure::Failure;
use crate::journal::{self, Change};
use crate::port::sql::{Commit, Rows};
use crate::vault::Purpose;

/// A session lives so long after its last refresh.
const SESSION_MILLIS: i64 = 30 * 86_400_000;

/// A session is kept so long after its end: whoever shows an old token of it is told apart from a thief.
const KEPT_MILLIS: i64 = 30 * 86_400_000;

/// The word of the trigger that refuses a session of an account that was suspended meanwhile.
pub const SUSPENDED: &str = "ACCOUNT_SUSPENDED";

/// What a login or refresh gives.
pub struct Tokens {
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: String,
    pub account: AccountId,
    pub role: Role,
}

/// Whose session is to be opened.
pub struct Opening<'a> {
    pub account: AccountId,
    pub role: Role,
    pub permissions: Permissions,
    /// What its owner knows the device by.
    pub device: &'a str,
}

/// A session whose tokens can be told once its commit is done.
pub struct Opened {
    pub key: SigningKey,
    pub person: Person,
    pub role: Role,
    pub permissions: Permissions,
    pub refresh_token: String,
    /// Where its access token is good, if not in the store of the key that asks.
    pub elsewhere: Option<OpenStore>,
}

/// Adds a session to `commit`, with its line in the audit log. `rows` are those of [`keys::signing_keys`].
///
/// # Errors
/// [`Failure::Unavailable`].
pub fn open<E>(
    ctx: &Ctx,
    rows: Option<&Rows>,
    opening: Opening<'_>,
    commit: &mut Commit,
) -> Result<Opened, Failure<E>> {
    let tenant = ctx.tenant();
    let key = signing_key(ctx, rows, commit)?;
    let (session, expires_at): (SessionId, _) = (ctx.new_id()?, session_end(ctx.now));
    let refresh_token = refresh_token(ctx.app(), tenant, session, Generation::FIRST);
    commit.push(session::insert(
        tenant,
        &NewSession {
            id: session,
            account: opening.account,
            token_hash: hash_of(&refresh_token).to_hex(),
            device: opening.device,
            expires_at,
        },
        ctx.now,
    ));
    let over = ctx.now.checked_add_millis(KEPT_MILLIS.saturating_neg()).unwrap_or(ctx.now);
    commit.push(session::forget(tenant, over));
    let actor = opening.account.to_string();
    let change = Change::new("session.open", session)
        .has("accountId", actor.as_str().into())
        .has("role", opening.role.to_string().into())
        .has("expiresAt", expires_at.to_string().into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    let person = Person { account: opening.account, session };
    Ok(Opened { key, person, role: opening.role, permissions: opening.permissions, refresh_token, elsewhere: None })
}

impl Opened {
    /// The tokens of a session that is kept.
    ///
    /// # Errors
    /// [`Failure`] when the caller is not good.
    pub async fn tokens<E>(self, ctx: &Ctx) -> Result<Tokens, Failure<E>> {
        let tenant = ctx.tenant();
        let (scopes, grants) = self.permissions.to_claims();
        let principal = ctx.principal().await?;
        let store = self.elsewhere.unwrap_or(OpenStore { id: tenant.store, currency: principal.currency });
        // A customer who logs in with a key of a channel is shown no more than that. The staff see everything elsewhere
        // anyway, but for what their grants are for.
        let chan = principal.channel.filter(|_| self.role == Role::Customer);
        let access = Access {
            org: tenant.organization,
            store: store.id,
            currency: store.currency,
            chan,
            sid: Some(self.person.session),
            role: self.role,
            scopes,
            grants,
            act: None,
            iat_ms: ctx.now.millis(),
        };
        let issuer = ctx.app().verifier().issuer.clone();
        let claims = AccessClaims::new(issuer, Subject::Account(self.person.account), access, ctx.now);
        let access_token = self.key.sign(&claims).map_err(Failure::Unavailable)?;
        let (account, role) = (self.person.account, self.role);
        Ok(Tokens { access_token, expires_in: ACCESS_SECONDS, refresh_token: self.refresh_token, account, role })
    }
}

/// The key to sign with, or the first of all, which `commit` keeps from now on.
///
/// # Errors
/// [`Failure::Unavailable`].
pub fn signing_key<E>(ctx: &Ctx, rows: Option<&Rows>, commit: &mut Commit) -> Result<SigningKey, Failure<E>> {
    let app = ctx.app();
    match keys::signer(rows, ctx.now)? {
        Some(stored) => SigningKey::open(&stored, &app.vault.masters).map_err(Failure::Unavailable),
        None => {
            let (key, stored) = SigningKey::generate(&app.vault.masters, &*app.entropy, ctx.now)?;
            commit.push(keys::insert_token_key(&stored, ctx.now));
            Ok(key)
        }
    }
}

/// The text of a session's refresh token: the same each time, so that parallel refreshes get the same successor.
pub fn refresh_token(app: &App, tenant: Tenant, session: SessionId, generation: Generation) -> String {
    let claim = RefreshClaim { organization: tenant.organization, session, generation };
    let message = claim.authenticated();
    claim.with_mac(&app.vault.lookup.mac(tenant.organization, Purpose::RefreshToken, message.as_bytes()))
}

/// When a session ends that is opened or refreshed at `now`.
pub fn session_end(now: Timestamp) -> Timestamp {
    now.checked_add_millis(SESSION_MILLIS).unwrap_or(now)
}
