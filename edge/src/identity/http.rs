//! `/api/v1/auth` and the public keys.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{
    DEFAULT_OVERLAP_SECONDS, LONGEST_OVERLAP_SECONDS, Password, RefreshToken, Scope, device_of,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountKind, SessionKind, StoreId, StoreKind};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::limits::Class;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::caller::Person;
use super::newest::Newest;
use super::opening::Tokens;
use super::store::session::SessionSummary;
use super::usecase::{self, Login, LoginError, RefreshError, SessionEnded};
use super::{
    addresses, api_keys, apps, customers, email, federation, identities, magic, oauth, passkeys, password, profile,
    providers, registration, second_factor,
};
use crate::app::{App, Ctx, Spent};
use crate::extract::{FieldErrors, Json, Parse, Parsed, PathId, next_link};
use crate::failure::{Denied, Failure};
use crate::limits::ClientAddress;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let begin = Access::Key(Scope::AuthBegin);
    let own = Access::Key(Scope::SessionsWrite);
    Routes::new()
        .post("/api/v1/auth/refresh", begin, refresh)
        .post("/api/v1/auth/logout", own, log_out)
        .get("/api/v1/auth/sessions", own, list)
        .delete("/api/v1/auth/sessions", own, revoke_all)
        .delete("/api/v1/auth/sessions/{id}", own, revoke)
        .get("/api/v1/auth/me", Access::Key(Scope::ProfileRead), me)
        .class(Class::Read)
        .get("/.well-known/jwks.json", Access::Public, jwks)
        .and(api_keys::http::routes())
        .and(apps::http::routes())
        .and(oauth::http::routes())
        .and(registration::http::routes())
        .and(password::http::routes())
        .and(magic::http::routes())
        .and(email::http::routes())
        .and(federation::http::routes())
        .and(identities::http::routes())
        .and(providers::http::routes())
        .and(profile::http::routes())
        .and(addresses::http::routes())
        .and(customers::http::routes())
        .and(passkeys::http::routes())
        .and(second_factor::http::routes())
        .class(Class::Auth)
        .postponed()
        .post("/api/v1/auth/login", begin, log_in)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LogIn", deny_unknown_fields)]
pub struct LoginBody {
    #[schemars(required, email)]
    pub email: Option<String>,
    #[schemars(required, length(max = 512))]
    pub password: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RefreshTokens", deny_unknown_fields)]
pub struct RefreshBody {
    #[schemars(required, regex(pattern = "^rt_[0-9A-Za-z_-]{103}$"))]
    pub refresh_token: Option<String>,
    /// Of staff: the store to be in from now on. Left out, the session stays where it is.
    #[schemars(with = "Option<IdText<StoreKind>>")]
    pub store_id: Option<String>,
}

/// How a session is to go on.
pub struct Continuation {
    /// `None`: the text is none.
    token: Option<RefreshToken>,
    store: Option<StoreId>,
}

/// An access token for 15 minutes, and the token to get the next one with, which is good once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Tokens")]
pub struct TokensBody {
    /// A JWT (EdDSA); the keys are at `/.well-known/jwks.json`.
    #[schemars(regex(pattern = r"^[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+$"))]
    pub access_token: String,
    #[schemars(extend("const" = "Bearer"))]
    pub token_type: String,
    /// Seconds.
    #[schemars(range(min = 1, max = 900))]
    pub expires_in: i64,
    #[schemars(regex(pattern = "^rt_[0-9A-Za-z_-]{103}$"))]
    pub refresh_token: String,
    pub account: TokenAccountBody,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TokenAccount")]
pub struct TokenAccountBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub id: String,
    /// `customer`, a role of the staff, or the id of a custom role.
    pub role: String,
}

/// One login.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Session")]
pub struct SessionBody {
    #[schemars(with = "IdText<SessionKind>")]
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The browser and the system that logged in, as far as its `User-Agent` told: `Firefox on Windows`.
    pub device: String,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub last_used_at: String,
    #[schemars(with = "MomentText")]
    pub expires_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Sessions")]
pub struct SessionsBody {
    /// The newest first.
    pub items: Vec<SessionBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The account that is logged in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Account")]
pub struct AccountBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub id: String,
    pub email: String,
    pub name: Option<String>,
    /// `customer`, a role of the staff, or the id of a custom role.
    pub role: String,
    /// With blanks between.
    pub scopes: String,
    pub locale: String,
    #[schemars(with = "Option<MomentText>")]
    pub email_verified_at: Option<String>,
    /// Grows with each change.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

/// A set of public keys (RFC 7517, RFC 8037).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeySet")]
pub struct KeySetBody {
    pub keys: Vec<KeyBody>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PublicKey")]
pub struct KeyBody {
    #[schemars(extend("const" = "OKP"))]
    pub kty: String,
    #[schemars(extend("const" = "Ed25519"))]
    pub crv: String,
    /// 32 bytes in base64url.
    #[schemars(regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub x: String,
    pub kid: String,
    #[schemars(extend("const" = "sig"))]
    pub r#use: String,
    #[schemars(extend("const" = "EdDSA"))]
    pub alg: String,
}

/// What a login asks with.
pub struct Credentials {
    email: Email,
    password: Password,
}

impl Parse for LoginBody {
    type Parsed = Credentials;

    fn parse(self, errors: &mut FieldErrors) -> Option<Credentials> {
        let email = errors.required("email", self.email, |email| email.parse());
        let password = errors.required("password", self.password, |password| Password::presented(&password));
        Some(Credentials { email: email?, password: password? })
    }
}

impl Parse for RefreshBody {
    type Parsed = Continuation;

    fn parse(self, errors: &mut FieldErrors) -> Option<Continuation> {
        let text = errors.required("refreshToken", self.refresh_token, Ok::<_, Infallible>);
        let store = errors.optional("storeId", self.store_id, |id| id.parse());
        // A text that is no token is a token that is not good: nothing is told of the form.
        Some(Continuation { token: text?.parse().ok(), store })
    }
}

async fn log_in(
    ctx: Ctx,
    address: Option<ClientAddress>,
    headers: HeaderMap,
    body: Json<LoginBody>,
) -> Result<Response, Problem> {
    let Credentials { email, password } = &body.parsed;
    let device = device(&headers);
    let wanted = ctx.app().password_hashing;
    let login = Login { email, password, address, device: &device, wanted };
    Ok(answer(StatusCode::OK, &TokensBody::from(usecase::log_in(&ctx, &login).await?)))
}

async fn refresh(ctx: Ctx, body: Json<RefreshBody>) -> Result<Response, Problem> {
    let Continuation { token, store } = &body.parsed;
    let Some(token) = token else { return Err(Problem::from(RefreshError::Ended)) };
    Ok(answer(StatusCode::OK, &TokensBody::from(usecase::refresh(&ctx, token, *store).await?)))
}

async fn log_out(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::revoke(&ctx, person, person.session, "logout").await?;
    Ok(nothing())
}

async fn list(ctx: Ctx, Parsed(wanted): Parsed<Newest>, uri: Uri) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let (sessions, next) = usecase::list(&ctx, person, &wanted).await?;
    let items = sessions.into_iter().map(|session| SessionBody::of(session, person)).collect();
    let body = SessionsBody { items, next_cursor: next.map(Newest::cursor) };
    Ok(linked(answer(StatusCode::OK, &body), &uri, body.next_cursor.as_deref()))
}

async fn revoke(ctx: Ctx, PathId(id): PathId<SessionKind>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::revoke(&ctx, person, id, "revoked").await?;
    Ok(nothing())
}

async fn revoke_all(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::revoke_all(&ctx, person).await?;
    Ok(nothing())
}

async fn me(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let account = usecase::account::<SessionEnded>(&ctx, person).await?;
    let body = AccountBody {
        id: account.id.to_string(),
        email: account.email,
        name: account.name,
        role: account.role.to_string(),
        scopes: ctx.principal().await?.permissions.scopes().to_string(),
        locale: account.locale,
        email_verified_at: account.email_verified_at.map(|at| at.to_string()),
        version: account.version,
        created_at: account.created_at.to_string(),
    };
    Ok(answer(StatusCode::OK, &body))
}

async fn jwks(State(app): State<Arc<App>>, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    key_set(&app, &spent, app.clock.now()).await
}

/// The keys that had not retired by `then`.
pub async fn key_set(app: &App, spent: &Spent, then: Timestamp) -> Result<Response, Problem> {
    app.databases.all().for_each(|_| spent.add_sql());
    let set = usecase::public_keys(app, then).await.map_err(Failure::<SessionEnded>::Unavailable)?;
    let is_whole = set.is_complete && !set.keys.is_empty();
    let keys = set.keys.into_iter().map(|(kid, x)| KeyBody {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x,
        kid,
        r#use: "sig".to_owned(),
        alg: "EdDSA".to_owned(),
    });
    let mut response = answer(StatusCode::OK, &KeySetBody { keys: keys.collect() });
    // One that lacks some is not kept, nor one without any: the first key of all signs at once.
    let kept = if is_whole { "public, max-age=60" } else { "no-store" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(response)
}

/// The person behind the token; a key has none.
pub(super) async fn person(ctx: &Ctx) -> Result<Person, Problem> {
    if let Some(person) = ctx.person() {
        return Ok(person);
    }
    ctx.principal().await?;
    Err(Problem::from(Denied::MissingScope(Scope::SessionsWrite)))
}

/// What only the owner may do, who logged in a moment ago.
pub(super) fn not_fresh(what_to_do: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "login-not-fresh")
        .detail(format!("{what_to_do}: the login is too long ago for this."))
}

/// What its owner knows the device by that asks.
pub(super) fn device(headers: &HeaderMap) -> String {
    device_of(&headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes())).unwrap_or_default())
}

pub(super) fn answer<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let headers = [(CACHE_CONTROL, "private, no-store"), (CONTENT_TYPE, "application/json")];
    (status, headers, serde_json::to_string(body).unwrap_or_default()).into_response()
}

/// A page of a list with the `Link` to the next one, where there is one.
pub(super) fn linked(mut response: Response, uri: &Uri, next: Option<&str>) -> Response {
    let link = next.and_then(|next| HeaderValue::from_str(&next_link(uri, next)).ok());
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    response
}

/// How long a secret stays good that is replaced, in seconds; a day when left out.
pub(super) fn overlap(seconds: Option<i64>, errors: &mut FieldErrors) -> Option<i64> {
    let seconds = seconds.unwrap_or(DEFAULT_OVERLAP_SECONDS);
    if (0..=LONGEST_OVERLAP_SECONDS).contains(&seconds) {
        return Some(seconds);
    }
    errors.push("overlapSeconds", "must be between 0 and 604800 (a week)");
    None
}

pub(super) fn nothing() -> Response {
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, "private, no-store")]).into_response()
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> TokensBody {
        TokensBody {
            access_token: tokens.access_token,
            token_type: "Bearer".to_owned(),
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            account: TokenAccountBody { id: tokens.account.to_string(), role: tokens.role.to_string() },
        }
    }
}

impl SessionBody {
    fn of(session: SessionSummary, person: Person) -> SessionBody {
        SessionBody {
            id: session.id.to_string(),
            current: session.id == person.session,
            device: session.device,
            created_at: session.created_at.to_string(),
            last_used_at: session.last_used_at.to_string(),
            expires_at: session.expires_at.to_string(),
        }
    }
}

/// A 401 names a scheme (RFC 9110, 15.5.2), also where the credentials stand in the body.
fn unauthorized(code: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\""))
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Problem {
        match error {
            LoginError::Refused => unauthorized("login-refused")
                .detail("The e-mail address or the password is wrong, or the address has not been verified yet."),
            LoginError::SecondFactor { challenge } => second_factor::http::required(&challenge),
            LoginError::Wait { millis } => {
                let seconds = millis.saturating_add(999).div_euclid(1_000).max(1);
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-logins")
                    .detail("There were too many failed logins. Wait, then try again.")
                    .header(RETRY_AFTER, HeaderValue::from(seconds))
                    .with("retryAfterSeconds", json!(seconds))
            }
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Problem {
        match error {
            RefreshError::Ended => SessionEnded.into(),
            RefreshError::StaffOnly => Problem::new(StatusCode::FORBIDDEN, "staff-only")
                .detail("Only members of the staff choose the store that they are in."),
        }
    }
}

impl From<SessionEnded> for Problem {
    fn from(_: SessionEnded) -> Problem {
        unauthorized("session-ended").detail("The refresh token is not good, or not any more. Log in again.")
    }
}
