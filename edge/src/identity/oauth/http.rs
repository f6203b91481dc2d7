//! `/oauth`, and its description at `/.well-known/oauth-authorization-server`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{AccessClaims, Role, Scope, ScopeRefused, Scopes, Subject};
use headlesspro_shared::limits::Class;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client::{Form, Unknown, client};
use super::usecase::{self, Issued};
use crate::app::{App, Ctx};
use crate::extract::{Arrival, RawBody};
use crate::failure::{Denied, Failure};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// Of a form, so many bytes are read: a token has 8 KiB at most.
pub const FORM_LIMIT: usize = 16 * 1024;

pub fn routes() -> Routes {
    Routes::new()
        .get("/.well-known/oauth-authorization-server", Access::Public, metadata)
        .class(Class::Auth)
        .post("/oauth/token", Access::Public, token)
        .post("/oauth/revoke", Access::Public, revoke)
        .post("/oauth/introspect", Access::Key(Scope::TokensIntrospect), introspect)
}

/// What a client asks the token endpoint for, as a form.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TokenRequest")]
#[expect(dead_code, reason = "the form's schema; it is read member by member")]
pub struct TokenForm {
    #[schemars(extend("const" = "client_credentials"))]
    grant_type: String,
    /// With blanks between; all of the app's when left out.
    scope: Option<String>,
    /// Where the client does not use HTTP Basic.
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// A token, and, for the client that does not use HTTP Basic, who asks.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TokenForm")]
#[expect(dead_code, reason = "the form's schema; it is read member by member")]
pub struct OneTokenForm {
    token: String,
    /// `access_token`; nothing else is looked for.
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// An access token (RFC 6749, section 5.1).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AppToken")]
pub struct TokenBody {
    /// A JWT (EdDSA); the keys are at `/.well-known/jwks.json`.
    pub access_token: String,
    #[schemars(extend("const" = "Bearer"))]
    pub token_type: String,
    /// Seconds.
    #[schemars(range(min = 1, max = 900))]
    pub expires_in: i64,
    /// What the token carries.
    pub scope: String,
}

/// An error (RFC 6749, section 5.2).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OAuthError")]
pub struct ErrorBody {
    #[schemars(extend("enum" = ["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]))]
    pub error: &'static str,
    /// For people; may change.
    pub error_description: &'static str,
}

/// What a token says (RFC 7662, section 2.2). Of one that is not good, only that.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Introspection")]
pub struct IntrospectionBody {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The app it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `usr_...`, `app_...` or `svc_...`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}

/// Nothing more is to be said.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revoked")]
pub struct RevokedBody {}

/// The description of the authorization server (RFC 8414).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthorizationServer")]
pub struct MetadataBody {
    pub issuer: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub revocation_endpoint: String,
    pub introspection_endpoint: String,
    pub scopes_supported: Vec<&'static str>,
    /// None: there is no authorization endpoint.
    pub response_types_supported: Vec<&'static str>,
    pub grant_types_supported: Vec<&'static str>,
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
}

/// Why an endpoint of OAuth 2.0 does not do what is asked.
#[derive(Debug)]
pub enum Refusal {
    Request(&'static str),
    Client,
    GrantType,
    Scope,
    /// Not the client's fault.
    Problem(Problem),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (error, error_description) = match self {
            Refusal::Problem(problem) => return problem.into_response(),
            Refusal::Request(description) => ("invalid_request", description),
            Refusal::Client => ("invalid_client", "The client is unknown, or its secret is wrong."),
            Refusal::GrantType => ("unsupported_grant_type", "Only client_credentials is supported."),
            Refusal::Scope => ("invalid_scope", "A scope is unknown, or more than the client has."),
        };
        let body = ErrorBody { error, error_description };
        if error != "invalid_client" {
            return answer(StatusCode::BAD_REQUEST, &body);
        }
        let mut response = answer(StatusCode::UNAUTHORIZED, &body);
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"headlesspro\", charset=\"UTF-8\""));
        response
    }
}

impl From<Failure<ScopeRefused>> for Refusal {
    fn from(failure: Failure<ScopeRefused>) -> Refusal {
        match failure {
            Failure::Rejected(ScopeRefused) => Refusal::Scope,
            Failure::Denied(Denied::BadCredentials | Denied::NoCredentials) => Refusal::Client,
            Failure::NotFound => Refusal::Problem(Problem::not_found()),
            Failure::IdempotencyMismatch => Refusal::Problem(Problem::from(Failure::<Problem>::IdempotencyMismatch)),
            Failure::Denied(denied) => Refusal::Problem(Problem::from(denied)),
            Failure::Unavailable(unavailable) => Refusal::Problem(Problem::from(unavailable)),
        }
    }
}

type Body = Result<RawBody<FORM_LIMIT>, Problem>;

/// The form, and the client that sent it, who is not verified yet.
fn arrived(app: Arc<App>, arrival: Arrival, headers: &HeaderMap, body: Body) -> Result<(Form, Ctx), Refusal> {
    let form = form(headers, body)?;
    let authorization = match headers.get(AUTHORIZATION).map(HeaderValue::to_str) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(Refusal::Client),
    };
    let caller = client(authorization, &form).map_err(|unknown| match unknown {
        Unknown::Client => Refusal::Client,
        Unknown::Ambiguous => Refusal::Request("The client must say in one way only who it is."),
    })?;
    Ok((form, Ctx::of_arrival(app, caller, &arrival)))
}

fn form(headers: &HeaderMap, body: Body) -> Result<Form, Refusal> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::Request("The body must be sent as application/x-www-form-urlencoded."));
    }
    let RawBody(body) = body.map_err(|problem| match problem.status() {
        StatusCode::BAD_REQUEST => Refusal::Request("The body broke off."),
        _ => Refusal::Problem(problem),
    })?;
    let form = Form::read(&body).ok_or(Refusal::Request("A parameter is there twice, or is not UTF-8."))?;
    if form.has_card_number() {
        return Err(Refusal::Request("A parameter looks like a card number."));
    }
    Ok(form)
}

async fn token(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (form, ctx) = arrived(app, arrival, &headers, body)?;
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return Err(Refusal::GrantType),
        None => return Err(Refusal::Request("grant_type is missing.")),
    }
    let Issued { access_token, expires_in, scopes } = usecase::issue(&ctx, form.get("scope")).await?;
    let body = TokenBody { access_token, token_type: "Bearer".to_owned(), expires_in, scope: scopes.to_string() };
    Ok(answer(StatusCode::OK, &body))
}

async fn revoke(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (form, ctx) = arrived(app, arrival, &headers, body)?;
    let token = form.get("token").ok_or(Refusal::Request("token is missing."))?;
    usecase::revoke(&ctx, token).await?;
    Ok(answer(StatusCode::OK, &RevokedBody {}))
}

async fn introspect(ctx: Ctx, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let form = form(&headers, body)?;
    let token = form.get("token").ok_or(Refusal::Request("token is missing."))?;
    let claims = match usecase::introspect(&ctx, token).await {
        // The caller of this route shows a bearer token, and no client secret.
        Err(Failure::Denied(denied)) => return Err(Refusal::Problem(Problem::from(denied))),
        claims => claims?,
    };
    Ok(answer(StatusCode::OK, &IntrospectionBody::of(claims)))
}

async fn metadata(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let issuer = app.verifier().issuer.as_str();
    // Without the setting ISSUER nobody here knows where the API is reached.
    if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
        return Err(Problem::no_route());
    }
    let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
    let by_secret = || vec!["client_secret_basic", "client_secret_post"];
    let apps = Role::App.built_in_scopes().unwrap_or(Scopes::NONE);
    let body = MetadataBody {
        issuer: issuer.to_owned(),
        token_endpoint: at("/oauth/token"),
        jwks_uri: at("/.well-known/jwks.json"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        scopes_supported: apps.iter().map(Scope::name).collect(),
        response_types_supported: Vec::new(),
        grant_types_supported: vec!["client_credentials"],
        token_endpoint_auth_methods_supported: by_secret(),
        revocation_endpoint_auth_methods_supported: by_secret(),
        introspection_endpoint_auth_methods_supported: vec!["Bearer"],
    };
    let mut response = answer(StatusCode::OK, &body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response.headers_mut().remove(PRAGMA);
    Ok(response)
}

impl IntrospectionBody {
    fn of(claims: Option<AccessClaims>) -> IntrospectionBody {
        let client_id = match claims.as_ref().map(|claims| &claims.sub) {
            Some(Subject::App(app)) => Some(app.to_string()),
            Some(Subject::Account(_) | Subject::Service(_)) | None => None,
        };
        IntrospectionBody {
            active: claims.is_some(),
            scope: claims.as_ref().map(|claims| claims.access.permissions().scopes().to_string()),
            client_id,
            sub: claims.as_ref().map(|claims| claims.sub.to_string()),
            token_type: claims.is_some().then(|| "Bearer".to_owned()),
            iat: claims.as_ref().map(|claims| claims.iat),
            exp: claims.as_ref().map(|claims| claims.exp),
            iss: claims.map(|claims| claims.iss),
        }
    }
}

/// Never kept by anyone (RFC 6749, section 5.1).
fn answer<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache"), (CONTENT_TYPE, "application/json")];
    (status, headers, serde_json::to_string(body).unwrap_or_default()).into_response()
}
