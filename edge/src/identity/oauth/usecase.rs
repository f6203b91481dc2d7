//! What the token, revocation and introspection endpoints do.

use headlesspro_shared::identity::{ACCESS_SECONDS, Access, AccessClaims, Role, ScopeRefused, Scopes, Subject, narrow};
use headlesspro_shared::kernel::id::AppId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Ctx;
use crate::failure::{Failure, Halt, Unavailable};
use crate::identity::caller::{KeyHash, hash_of, revocations_of, subjects_of};
use crate::identity::opening::signing_key;
use crate::identity::signing::{PublicKey, UnverifiedToken};
use crate::identity::store::{keys, void};
use crate::identity::usecase::{committed, void_tokens};
use crate::journal::{self, Change};
use crate::limits::script::{LIMITS, answer, call};
use crate::port::kv::KvError;
use crate::port::sql::{Commit, Rows};

/// An access token for an app.
pub struct Issued {
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
    pub scopes: Scopes,
}

/// The client's id, once it is known to be the client.
pub async fn authenticated<E>(ctx: &Ctx) -> Result<AppId, Failure<E>> {
    let actor = &ctx.principal().await?.actor;
    actor.parse().map_err(|_| Failure::Unavailable(Unavailable::Corrupt("an app's id".to_owned())))
}

/// A token with the scopes asked for: one read, which also verifies the client.
pub async fn issue(ctx: &Ctx, asked: Option<&str>) -> Result<Issued, Failure<ScopeRefused>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![keys::signing_keys(ctx.now)]).await?;
    let app = authenticated(ctx).await?;
    let principal = ctx.principal().await?;
    let scopes = narrow(principal.permissions.scopes(), asked).map_err(Failure::Rejected)?;
    let mut commit = Commit::new();
    let key = signing_key(ctx, rows.first(), &mut commit)?;
    // The first token of an installation makes the key.
    if !commit.statements().is_empty() {
        committed(ctx.commit(&commit).await?)?;
    }
    let access = Access {
        org: tenant.organization,
        store: tenant.store,
        currency: principal.currency,
        chan: None,
        sid: None,
        role: Role::App,
        scopes,
        grants: Vec::new(),
        act: None,
        iat_ms: ctx.now.millis(),
    };
    let claims = AccessClaims::new(ctx.app().verifier().issuer.clone(), Subject::App(app), access, ctx.now);
    let access_token = key.sign(&claims).map_err(Failure::Unavailable)?;
    Ok(Issued { access_token, expires_in: ACCESS_SECONDS, scopes })
}

/// Voids a token that was issued to the client that asks, everywhere within 30 s. What is no such token is void
/// already (RFC 7009, section 2.2).
pub async fn revoke(ctx: &Ctx, text: &str) -> Result<(), Failure<ScopeRefused>> {
    let app = authenticated(ctx).await?;
    let Some(token) = UnverifiedToken::read(text) else { return Ok(()) };
    let claims = &token.claims;
    let is_own = claims.sub == Subject::App(app) && claims.access.org == ctx.tenant().organization;
    // Of a token that nobody signed nothing is kept.
    if !is_own || !is_signed(ctx, &token, hash_of(text)).await? {
        return Ok(());
    }
    // A token has no name; its moment tells it from the app's others.
    let change = Change::new("app.revoke-token", app)
        .turned("isGood", true.into(), false.into())
        .had("issuedAt", Timestamp::from_millis(claims.access.iat_ms).to_string().into());
    let hash = hash_of(text).to_hex();
    let mut commit = Commit::new();
    commit.push(void::void(ctx.tenant(), &hash, ctx.now));
    commit.push(journal::audit(ctx, ctx.new_id()?, &app.to_string(), change));
    committed(ctx.commit(&commit).await?)?;
    void_tokens(ctx, &[], &[hash]).await;
    Ok(())
}

/// The claims of a token that is good now and of this organization; of any other nothing is told.
pub async fn introspect(ctx: &Ctx, text: &str) -> Result<Option<AccessClaims>, Failure<ScopeRefused>> {
    let found = UnverifiedToken::read(text).filter(|token| token.claims.access.org == ctx.tenant().organization);
    let Some(token) = found else {
        ctx.principal().await?;
        return Ok(None);
    };
    if !is_signed(ctx, &token, hash_of(text)).await? {
        return Ok(None);
    }
    let asked = revocations_of(&token, hash_of(text));
    let (keys, args) = call(ctx.now, &[], &asked);
    let told = answer(&ctx.script(&LIMITS, keys, args).await?, 0, asked.len(), ctx.now);
    let told = told.ok_or_else(|| KvError::Garbage("the answer of the limits' script".to_owned()))?;
    let revoked = told.values.iter().flatten();
    let revoked = revoked.map(|before| Timestamp::from_millis(before.parse().unwrap_or(i64::MAX)));
    let epoch = token.claims.sub.is_renewable().then_some(told.void_before);
    let is_void = revoked.chain(epoch).any(|before| token.claims.is_void(before));
    Ok(if is_void { None } else { Some(token.claims) })
}

/// Whether a key of ours signed it, its claims hold now, the database does not say that it is void, and its tenant,
/// which is of the organization that asks, does business.
async fn is_signed(ctx: &Ctx, token: &UnverifiedToken, hash: KeyHash) -> Result<bool, Failure<ScopeRefused>> {
    let (verifier, tenant) = (ctx.app().verifier(), token.tenant());
    let database = ctx.app().databases.number_of(tenant.organization);
    let known = verifier.keys.get(database, &token.kid, ctx.now);
    if let Some((key, open)) = known.zip(verifier.open(tenant, ctx.now)) {
        ctx.principal().await?;
        return Ok(token.is_good(&key, &verifier.issuer, ctx.now) && !open.voids(token, hash));
    }
    let rows = ctx.read(vec![keys::verifying_key(tenant, &token.kid, &subjects_of(token, hash), ctx.now)]).await?;
    let Some(row) = rows.first().and_then(Rows::first) else { return Ok(false) };
    let Some(key) = PublicKey::from_base64(row.get("public_key")?) else { return Ok(false) };
    verifier.keys.put(database, &token.kid, key.clone(), ctx.now);
    // Of what nobody signed the tenant is not looked at.
    if !token.is_good(&key, &verifier.issuer, ctx.now) {
        return Ok(false);
    }
    match verifier.opened(token, row, ctx.now) {
        Ok(_) => Ok(true),
        Err(Halt::Denied(_)) => Ok(false),
        Err(halt) => Err(halt.into()),
    }
}
