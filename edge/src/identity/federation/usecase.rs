//! Logins by another identity provider: begun, and finished.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_shared::identity::federation::{LinkError, RedirectUri};
use headlesspro_shared::identity::{Challenge, PkceChallenge, PkceVerifier};
use headlesspro_shared::kernel::id::IdentityProviderId;
use sha2::{Digest, Sha256};

use super::exchange::{Code, profile};
use super::kept::Asking;
use super::remembered::ProviderError;
use super::settle::{Arrival, settle};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::caller::{Person, hash_of};
use crate::identity::fresh::{has_fresh_login, session_of};
use crate::identity::newest::Newest;
use crate::identity::opening::Tokens;
use crate::identity::store::provider::{self, NewLogin, Provider};
use crate::identity::usecase::{committed, data_key};
use crate::port::sql::{Commit, Rows};
use crate::vault::{Place, Purpose, WrappedKey};

/// How long a login may take, from the address to the code, in seconds.
pub const LOGIN_SECONDS: i64 = 600;

/// Logins that are over are kept no longer than this, in milliseconds.
const KEPT_MILLIS: i64 = 86_400_000;

/// Why a login by a provider does not come to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FederationError {
    /// The page is none that the provider may send a browser back to.
    Redirect,
    /// There is no such login: it was finished, took too long, or was begun in another browser. Never said which.
    Over,
    /// The answer is from another issuer than the one that was asked (RFC 9207).
    OtherIssuer,
    Provider(ProviderError),
    Link(LinkError),
    /// The identity leads to an account with a second factor; the challenge stands for the provider's word.
    SecondFactor {
        challenge: Challenge,
    },
    /// The login of who wants a link is too long ago, or somebody else's.
    NotFresh,
}

/// Where to send the browser, and what it needs to come back.
pub struct Begun {
    pub authorization_url: String,
    /// Stays in the browser, beside the address it comes back to.
    pub browser_token: String,
}

/// What a browser came back with.
pub struct Finish {
    pub state: String,
    pub code: String,
    pub browser_token: String,
    /// RFC 9207.
    pub issuer: Option<String>,
}

/// The providers that people can be sent to, the oldest first: of the newest 250, which is more than a page shows.
pub async fn list(ctx: &Ctx) -> Result<Vec<Provider>, Failure<FederationError>> {
    let rows = ctx.read(vec![provider::list(ctx.tenant(), &Newest::first())]).await?;
    let all = rows.first().map(provider::providers_of).transpose()?.unwrap_or_default();
    Ok(all
        .into_iter()
        .rev()
        .map(|(provider, _)| provider)
        .filter(|provider| !provider.redirect_uris.is_empty())
        .collect())
}

/// Begins a login: one read, one commit. `person` is who is logged in and wants the identity linked.
pub async fn begin(
    ctx: &Ctx,
    id: IdentityProviderId,
    redirect_uri: &RedirectUri,
    person: Option<Person>,
) -> Result<Begun, Failure<FederationError>> {
    let tenant = ctx.tenant();
    let mut reads = vec![provider::find(tenant, id)];
    reads.extend(person.map(|person| session_of(tenant, person)));
    let rows = ctx.read(reads).await?;
    let (provider, _) = only(rows.first())?.ok_or(Failure::NotFound)?;
    fresh(ctx, rows.get(1), person).await?;
    let account = person.map(|person| person.account);
    let client_id = provider.client_id.as_deref().ok_or(Failure::NotFound)?;
    if !provider.redirect_uris.iter().any(|known| known == redirect_uri.as_str()) {
        return Err(Failure::Rejected(FederationError::Redirect));
    }
    let (state, browser_token) = (secret(ctx)?, secret(ctx)?);
    let endpoint = match provider.kind.endpoints() {
        Some(endpoints) => endpoints.authorization.to_owned(),
        None => {
            let metadata = ctx.app().verifier().issuers.metadata(Asking::of(ctx, &provider), &provider.issuer).await;
            metadata.map_err(refused)?.authorization_endpoint.clone()
        }
    };
    // The browser goes there, and must not be sent to just any scheme.
    if !ctx.app().tenant_fetch().is_some_and(|fetch| fetch.admits(&endpoint)) {
        return Err(refused(ProviderError::NotGood("its authorization endpoint")));
    }
    let mut commit = Commit::new();
    commit.push(provider::forget(tenant, ctx.now.checked_add_millis(KEPT_MILLIS.saturating_neg()).unwrap_or(ctx.now)));
    let login = NewLogin {
        state_hash: &hash_of(&state).to_hex(),
        browser_hash: &hash_of(&browser_token).to_hex(),
        provider: provider.id,
        redirect_uri: redirect_uri.as_str(),
        account,
        expires_at: ctx.now.checked_add_millis(LOGIN_SECONDS.saturating_mul(1_000)).unwrap_or(ctx.now),
    };
    commit.push(provider::begin(tenant, &login));
    committed(ctx.commit(&commit).await?)?;

    let challenge = PkceChallenge::of_digest(Sha256::digest(verifier(ctx, &state).as_str()).into());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri.as_str()),
        ("state", &state),
    ]);
    // What a provider of OAuth 2.0 alone does not know is not sent.
    if provider.kind.endpoints().is_none() {
        query.extend_pairs([
            ("scope", provider.scope.as_str()),
            ("nonce", &nonce(ctx, &state)),
            ("code_challenge", &challenge.to_string()),
            ("code_challenge_method", PkceChallenge::METHOD),
        ]);
    }
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    Ok(Begun { authorization_url: format!("{endpoint}{separator}{}", query.finish()), browser_token })
}

/// Finishes a login: it is used up first, whatever comes of it.
pub async fn finish(ctx: &Ctx, back: &Finish, device: &str) -> Result<Tokens, Failure<FederationError>> {
    let tenant = ctx.tenant();
    let state_hash = hash_of(&back.state).to_hex();
    let mut commit = Commit::new();
    let used = commit.push(provider::use_up(tenant, &state_hash, &hash_of(&back.browser_token).to_hex(), ctx.now));
    commit.push_after(provider::of_login(tenant, &state_hash));
    let (rows, after) = committed(ctx.commit(&commit).await?)?;
    let over = || Failure::Rejected(FederationError::Over);
    let login = provider::used(rows.get(used).and_then(Rows::first).ok_or_else(over)?)?;
    let (provider, wrapped) = only(after.first())?.ok_or_else(over)?;
    if back.issuer.as_ref().is_some_and(|issuer| *issuer != provider.issuer) {
        return Err(Failure::Rejected(FederationError::OtherIssuer));
    }
    let code = Code {
        code: &back.code,
        state: &back.state,
        verifier: &verifier(ctx, &back.state),
        nonce: &nonce(ctx, &back.state),
        redirect_uri: &login.redirect_uri,
    };
    let secret = client_secret(ctx, &provider, &wrapped)?;
    let profile = profile(Asking::of(ctx, &provider), &provider, secret.as_deref(), &code).await.map_err(refused)?;
    let arrival = Arrival { provider: &provider, profile, wanted: login.account, device };
    settle(ctx, &arrival).await
}

/// Refuses a link that is asked for by anybody but the owner, who logged in a moment ago.
pub(super) async fn fresh(
    ctx: &Ctx,
    rows: Option<&Rows>,
    person: Option<Person>,
) -> Result<(), Failure<FederationError>> {
    let Some(person) = person else { return Ok(()) };
    let is_fresh = has_fresh_login(ctx, rows, person).await?;
    if is_fresh { Ok(()) } else { Err(Failure::Rejected(FederationError::NotFresh)) }
}

/// The secret that the provider knows us by.
fn client_secret<E>(ctx: &Ctx, provider: &Provider, wrapped: &WrappedKey) -> Result<Option<String>, Failure<E>> {
    let Some(sealed) = &provider.client_secret_sealed else { return Ok(None) };
    let key = data_key(ctx.app(), ctx.tenant(), wrapped)?;
    let row = provider.id.to_string();
    let opened = key.open_text(secret_place(ctx, &row), sealed);
    opened.map(Some).map_err(|_| Failure::Unavailable(Unavailable::Corrupt("a provider's secret".to_owned())))
}

/// Where the client secret of a provider stands.
pub fn secret_place<'a>(ctx: &Ctx, row: &'a str) -> Place<'a> {
    Place { organization: ctx.tenant().organization, table: "identity_provider", column: "client_secret", row }
}

/// PKCE's verifier and the nonce come from the state, under a key of ours: nothing of a login has to be kept secret
/// in the database, and whoever sees the state cannot tell them.
fn verifier(ctx: &Ctx, state: &str) -> PkceVerifier {
    PkceVerifier::mint(derived(ctx, "verifier", state))
}

fn nonce(ctx: &Ctx, state: &str) -> String {
    URL_SAFE_NO_PAD.encode(derived(ctx, "nonce", state))
}

fn derived(ctx: &Ctx, what: &str, state: &str) -> [u8; 32] {
    let message = format!("{what}|{state}");
    ctx.app().vault.lookup.mac(ctx.tenant().organization, Purpose::ProviderLogin, message.as_bytes())
}

/// 256 random bits in base64url.
fn secret(ctx: &Ctx) -> Result<String, Failure<FederationError>> {
    let mut random = [0; 32];
    ctx.app().entropy.fill(&mut random)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

pub(super) fn only(rows: Option<&Rows>) -> Result<Option<(Provider, WrappedKey)>, Unavailable> {
    Ok(rows.map(provider::providers_of).transpose()?.unwrap_or_default().into_iter().next())
}

fn refused(error: ProviderError) -> Failure<FederationError> {
    Failure::Rejected(FederationError::Provider(error))
}
