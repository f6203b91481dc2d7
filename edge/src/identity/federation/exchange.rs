//! Trading a code for who somebody is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headlesspro_shared::identity::PkceVerifier;
use headlesspro_shared::identity::federation::{Endpoints, Expected, ForeignClaims, IsVerified, check_id_token};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;

use super::jws::Unverified;
use super::kept::Asking;
use super::remembered::{Metadata, ProviderError, send};
use crate::app::App;
use crate::identity::store::provider::Provider;

/// What a login brings back from a provider.
pub struct Code<'a> {
    pub code: &'a str,
    pub state: &'a str,
    pub verifier: &'a PkceVerifier,
    pub nonce: &'a str,
    pub redirect_uri: &'a str,
}

/// Who somebody is to a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    pub subject: String,
    pub email: Option<String>,
    /// `None`: it does not say.
    pub is_verified: Option<bool>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    id_token: Option<String>,
}

/// Naver's member profile.
#[derive(Deserialize)]
struct NaverAnswer {
    resultcode: String,
    response: Option<NaverProfile>,
}

#[derive(Deserialize)]
struct NaverProfile {
    id: String,
    email: Option<String>,
    name: Option<String>,
}

/// # Errors
/// [`ProviderError`].
pub async fn profile(
    asking: Asking<'_>,
    provider: &Provider,
    secret: Option<&str>,
    code: &Code<'_>,
) -> Result<Profile, ProviderError> {
    let client = provider.client_id.as_deref().ok_or(ProviderError::NotGood("it has no client here"))?;
    match provider.kind.endpoints() {
        Some(endpoints) => from_profile(asking.app, endpoints, (client, secret), code).await,
        None => from_id_token(asking, provider, (client, secret), code).await,
    }
}

async fn from_id_token(
    asking: Asking<'_>,
    provider: &Provider,
    (client, secret): (&str, Option<&str>),
    code: &Code<'_>,
) -> Result<Profile, ProviderError> {
    let app = asking.app;
    let metadata = app.verifier().issuers.metadata(asking, &provider.issuer).await?;
    let form = vec![
        ("grant_type", "authorization_code"),
        ("code", code.code),
        ("redirect_uri", code.redirect_uri),
        ("code_verifier", code.verifier.as_str()),
    ];
    let answer = tokens(app, &metadata.token_endpoint, form, (client, secret), posts(&metadata)).await?;
    let token = answer.id_token.as_deref().and_then(Unverified::read);
    let token = token.ok_or(ProviderError::NotGood("there is no ID token, or none that counts"))?;
    if !token.is_signed(asking, &metadata.jwks_uri).await? {
        return Err(ProviderError::NotGood("nobody has signed the ID token"));
    }
    let expected = Expected { issuer: &provider.issuer, client_id: client, nonce: code.nonce };
    let subject = check_id_token(&token.claims, &expected, app.clock.now());
    let subject = subject.map_err(|_| ProviderError::NotGood("the ID token is for something else"))?.to_owned();
    let profile = profile_of(subject, &token.claims);
    let is_whole = profile.email.is_some() && profile.is_verified.is_some();
    let (false, Some(url), Some(token)) = (is_whole, &metadata.userinfo_endpoint, &answer.access_token) else {
        return Ok(profile);
    };
    let told: ForeignClaims = get(app, url, token).await?;
    // The answer of one person's token must not be taken for another's (OpenID Connect Core, section 5.3.2).
    if told.sub.as_deref() != Some(profile.subject.as_str()) {
        return Err(ProviderError::NotGood("its userinfo is about somebody else"));
    }
    let told = profile_of(profile.subject.clone(), &told);
    Ok(Profile {
        is_verified: if told.email.is_some() { told.is_verified } else { profile.is_verified },
        email: told.email.or(profile.email),
        name: profile.name.or(told.name),
        subject: profile.subject,
    })
}

/// OAuth 2.0 alone: who the access token belongs to, as the profile endpoint says over TLS.
async fn from_profile(
    app: &App,
    endpoints: Endpoints,
    client: (&str, Option<&str>),
    code: &Code<'_>,
) -> Result<Profile, ProviderError> {
    let form = vec![("grant_type", "authorization_code"), ("code", code.code), ("state", code.state)];
    let answer = tokens(app, endpoints.token, form, client, true).await?;
    let token = answer.access_token.ok_or(ProviderError::NotGood("there is no access token"))?;
    let told: NaverAnswer = get(app, endpoints.profile, &token).await?;
    let profile = told.response.filter(|profile| told.resultcode == "00" && !profile.id.is_empty());
    let profile = profile.ok_or(ProviderError::NotGood("there is no profile"))?;
    Ok(Profile { subject: profile.id, email: profile.email, is_verified: None, name: profile.name })
}

/// What claims say of a person.
pub fn profile_of(subject: String, claims: &ForeignClaims) -> Profile {
    Profile {
        subject,
        email: claims.email.clone(),
        is_verified: claims.email_verified.as_ref().map(IsVerified::holds),
        name: claims.name.clone(),
    }
}

/// Whether the client says in the form who it is; by default it does so by HTTP Basic.
fn posts(metadata: &Metadata) -> bool {
    let methods = &metadata.token_endpoint_auth_methods_supported;
    let knows = |wanted: &str| methods.iter().any(|method| method == wanted);
    knows("client_secret_post") && !knows("client_secret_basic")
}

async fn tokens(
    app: &App,
    url: &str,
    mut form: Vec<(&str, &str)>,
    (client, secret): (&str, Option<&str>),
    posts: bool,
) -> Result<TokenAnswer, ProviderError> {
    let mut request = http::Request::post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    match secret {
        Some(secret) if !posts => {
            // RFC 6749, section 2.3.1: each encoded as in a form first.
            let basic = STANDARD.encode(format!("{}:{}", encoded(client), encoded(secret)));
            request = request.header(AUTHORIZATION, format!("Basic {basic}"));
        }
        Some(secret) => form.extend([("client_id", client), ("client_secret", secret)]),
        None => form.push(("client_id", client)),
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = request.body(Bytes::from(body));
    let request = request.map_err(|_| ProviderError::NotGood("a token endpoint that is none"))?;
    let answer = send(app, request).await?;
    serde_json::from_slice(&answer).map_err(|_| ProviderError::NotGood("tokens that do not read"))
}

async fn get<T: serde::de::DeserializeOwned>(app: &App, url: &str, token: &str) -> Result<T, ProviderError> {
    let request = http::Request::get(url)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(ACCEPT, "application/json")
        .body(Bytes::new());
    let request = request.map_err(|_| ProviderError::NotGood("an access token that is none"))?;
    let answer = send(app, request).await?;
    serde_json::from_slice(&answer).map_err(|_| ProviderError::NotGood("a profile that does not read"))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
