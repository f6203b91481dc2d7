//! Access tokens of other issuers (Clerk and the like), shown together with a publishable key: the key says which
//! tenant, the token who. What they may do is said by our database alone.

use std::sync::Arc;

use headlesspro_shared::identity::federation::check_token;
use headlesspro_shared::identity::{ApiKeyClaim, KeyKind};
use headlesspro_shared::kernel::id::SessionId;
use headlesspro_shared::kernel::time::Timestamp;
use sha2::{Digest, Sha256};

use super::exchange::profile_of;
use super::jws::Unverified;
use super::kept::Asking;
use super::remembered::ProviderError;
use super::settle::{Arrival, settle};
use super::usecase::{FederationError, fresh, only};
use crate::app::{App, Ctx, Spent, Tenant};
use crate::failure::{Denied, Failure};
use crate::identity::caller::{Caller, KeyHash, Needed, Person, Principal, hash_of};
use crate::identity::fresh::session_of as asking_session;
use crate::identity::opening::Tokens;
use crate::identity::store::external;
use crate::identity::store::provider::{self, Provider};
use crate::identity::store::tenant::open_only;
use crate::port::sql::Rows;

/// The longest that either text may be: longer ones are not hashed.
const LONGEST: usize = 16 * 1024;

/// What such a caller is remembered by, and counted for.
pub fn hash_of_both(key: &str, token: &str) -> Option<KeyHash> {
    let is_key = key.len() == ApiKeyClaim::LENGTH;
    (is_key && token.len() <= LONGEST).then(|| hash_of(&format!("{key}\n{token}")))
}

/// The caller who shows a publishable key and another issuer's token: one read, and none where this isolate remembers
/// both; the issuer is asked for its keys where they are not remembered.
///
/// # Errors
/// [`Failure`]: denied unless both are good, the issuer is allowed and the subject has an account here.
pub async fn caller(
    app: &App,
    spent: &Spent,
    (key, token): (&str, &str),
    needed: Needed,
    void_before: Option<Timestamp>,
) -> Result<Caller, Failure<FederationError>> {
    let bad = || Failure::Denied(Denied::BadCredentials);
    let now = app.clock.now();
    let hash = hash_of_both(key, token).ok_or_else(bad)?;
    let verifier = app.verifier();
    let mut has_changed = false;
    if let Some((tenant, principal)) = verifier.recall(hash, now) {
        match Caller::of_principal(tenant, (hash, principal), needed, void_before) {
            // What they may do has changed since; the token is as good as it was.
            Err(Denied::BadCredentials) => has_changed = true,
            known => return known.map_err(Failure::Denied),
        }
    }
    let claim: ApiKeyClaim = key.parse().map_err(|_| bad())?;
    let token = Unverified::read(token).filter(|_| claim.kind == KeyKind::Publishable).ok_or_else(bad)?;
    let (issuer, subject) = (token.claims.iss.as_deref(), token.claims.sub.as_deref());
    let (issuer, subject) = issuer.zip(subject).ok_or_else(bad)?;
    let tenant = Tenant { organization: claim.organization, store: claim.store };
    spent.add_issuer();
    let verification = external::verify(tenant, &hash_of(key), (issuer, subject), now);
    let sql = app.databases.of(tenant.organization);
    // A replica may not have heard of the change yet.
    let rows =
        if has_changed { sql.read_current(vec![verification]).await? } else { sql.read(vec![verification]).await? };
    let row = rows.first().and_then(Rows::first).ok_or_else(bad)?;
    let found = external::found(row)?;
    // The issuer's word is one factor: such an account is opened by a session, which asks for the other.
    if found.account.has_second_factor {
        return Err(bad());
    }
    // Nobody is called, and nothing computed, for an issuer that is not allowed or a person that is not known.
    let asking = Asking { app, spent, organization: tenant.organization, provider: found.provider };
    if !found.account.known.is_active || !is_good(asking, issuer, &found.audiences, &token).await? {
        return Err(bad());
    }
    open_only(row)?;
    let account = found.account.known.account;
    let principal = Arc::new(Principal {
        actor: account.to_string(),
        permissions: found.account.permissions,
        currency: found.currency,
        storefront: found.storefront,
        locales: found.locales,
        channel: found.channel,
        person: Some(Person { account, session: session_of(issuer, subject) }),
        impersonator: None,
        // Whatever was revoked before is not in the database any more.
        issued_at: Some(now),
    });
    let ends = token.claims.exp.map(|exp| Timestamp::from_millis(exp.saturating_mul(1_000)));
    verifier.remember(hash, tenant, &principal, now, ends);
    Caller::of_principal(tenant, (hash, principal), needed, void_before).map_err(Failure::Denied)
}

/// Trades another issuer's token for a session of ours; whoever it is about is linked to an account, or gets one, as
/// who comes back from a login there. With `wanted`, to the account that asks.
pub async fn exchange(
    ctx: &Ctx,
    text: &str,
    wanted: Option<Person>,
    device: &str,
) -> Result<Tokens, Failure<FederationError>> {
    let not_good = || Failure::Rejected(FederationError::Provider(ProviderError::NotGood("the token")));
    let token = Unverified::read(text).ok_or_else(not_good)?;
    let issuer = token.claims.iss.as_deref().ok_or_else(not_good)?;
    let mut reads = vec![provider::of_issuer(ctx.tenant(), issuer)];
    reads.extend(wanted.map(|person| asking_session(ctx.tenant(), person)));
    let rows = ctx.read(reads).await?;
    let (provider, _): (Provider, _) = only(rows.first())?.ok_or_else(not_good)?;
    fresh(ctx, rows.get(1), wanted).await?;
    if !is_good(Asking::of(ctx, &provider), issuer, &provider.token_audiences, &token).await? {
        return Err(not_good());
    }
    let subject = token.claims.sub.clone().ok_or_else(not_good)?;
    let profile = profile_of(subject, &token.claims);
    let wanted = wanted.map(|person| person.account);
    let arrival = Arrival { provider: &provider, profile, wanted, device };
    settle(ctx, &arrival).await
}

/// Whether the issuer has signed the token, for one of our audiences, and it holds now.
async fn is_good(
    asking: Asking<'_>,
    issuer: &str,
    audiences: &[String],
    token: &Unverified,
) -> Result<bool, Failure<FederationError>> {
    // First what costs nothing.
    if check_token(&token.claims, issuer, audiences, asking.app.clock.now()).is_err() {
        return Ok(false);
    }
    let issuers = &asking.app.verifier().issuers;
    let signed = match issuers.metadata(asking, issuer).await {
        Ok(metadata) => token.is_signed(asking, &metadata.jwks_uri).await,
        Err(error) => Err(error),
    };
    match signed {
        Ok(signed) => Ok(signed),
        Err(ProviderError::NotGood(_)) => Ok(false),
        Err(error) => Err(Failure::Rejected(FederationError::Provider(error))),
    }
}

/// The session is the other issuer's; here it has a name that is always the same, and no row.
fn session_of(issuer: &str, subject: &str) -> SessionId {
    let hash = Sha256::digest(format!("{issuer}\n{subject}"));
    let mut name = [0; 16];
    for (byte, digit) in name.iter_mut().zip(hash) {
        *byte = digit;
    }
    SessionId::from_u128(u128::from_be_bytes(name))
}
