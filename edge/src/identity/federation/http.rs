//! `/api/v1/auth/providers`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::identity::federation::{LinkError, RedirectUri};
use headlesspro_shared::kernel::id::IdentityProviderKind;
use headlesspro_shared::limits::Class;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::external;
use super::remembered::ProviderError;
use super::usecase::{self, FederationError, Finish, LOGIN_SECONDS};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse, PathId};
use crate::identity::http::{TokensBody, answer, device, not_fresh, person};
use crate::identity::second_factor::http::required;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::wire::IdText;

/// The longest code or state that is looked at, in bytes.
const LONGEST: usize = 4_096;

pub fn routes() -> Routes {
    let begin = Access::Key(Scope::AuthBegin);
    Routes::new()
        .get("/api/v1/auth/providers", begin, list)
        .class(Class::Auth)
        .post("/api/v1/auth/providers/{id}/begin", begin, begin_login)
        .post("/api/v1/auth/providers/{id}/link", Access::Key(Scope::ProfileWrite), begin_link)
        .post("/api/v1/auth/providers/finish", begin, finish)
        .post("/api/v1/auth/providers/exchange", begin, exchange)
        .post("/api/v1/auth/providers/link-token", Access::Key(Scope::ProfileWrite), link_token)
}

/// Where a browser can be sent to log in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LoginProvider")]
pub struct LoginProviderBody {
    #[schemars(with = "IdText<IdentityProviderKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["oidc", "google", "kakao", "naver"]))]
    pub kind: String,
    pub name: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LoginProviders")]
pub struct LoginProvidersBody {
    /// In the order in which they were set up.
    pub items: Vec<LoginProviderBody>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BeginProviderLogin", deny_unknown_fields)]
pub struct BeginBody {
    /// The page to come back to: one of the provider's `redirectUris`, letter by letter.
    #[schemars(required, length(max = 500))]
    pub redirect_uri: Option<String>,
}

/// A login that was begun.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProviderLogin")]
pub struct BegunBody {
    /// Send the browser there.
    pub authorization_url: String,
    /// Keep it in this browser (session storage, a cookie): the login ends in this browser or not at all.
    #[schemars(regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub browser_token: String,
    /// Seconds.
    pub expires_in: i64,
}

/// What the browser came back with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FinishProviderLogin", deny_unknown_fields)]
pub struct FinishBody {
    /// From the address that the provider sent the browser back to, as are `code` and `iss`.
    #[schemars(required)]
    pub state: Option<String>,
    #[schemars(required)]
    pub code: Option<String>,
    /// The one that came with the address to go to.
    #[schemars(required)]
    pub browser_token: Option<String>,
    /// Where the provider sends one (RFC 9207).
    pub iss: Option<String>,
}

/// Another issuer's access token.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ForeignToken", deny_unknown_fields)]
pub struct TokenBody {
    /// A JWT, signed by RS256, ES256 or EdDSA.
    #[schemars(required)]
    pub token: Option<String>,
}

impl Parse for TokenBody {
    type Parsed = String;

    fn parse(self, errors: &mut FieldErrors) -> Option<String> {
        errors.required("token", self.token, Ok::<_, Infallible>)
    }
}

impl Parse for BeginBody {
    type Parsed = RedirectUri;

    fn parse(self, errors: &mut FieldErrors) -> Option<RedirectUri> {
        errors.required("redirectUri", self.redirect_uri, |uri| uri.parse::<RedirectUri>())
    }
}

impl Parse for FinishBody {
    type Parsed = Finish;

    fn parse(self, errors: &mut FieldErrors) -> Option<Finish> {
        let short = |text: String| {
            let is_short = (1..=LONGEST).contains(&text.len());
            if is_short { Ok(text) } else { Err("must have 1 to 4096 characters") }
        };
        let state = errors.required("state", self.state, short);
        let code = errors.required("code", self.code, short);
        let browser_token = errors.required("browserToken", self.browser_token, short);
        let issuer = errors.optional("iss", self.iss, Ok::<_, Infallible>);
        Some(Finish { state: state?, code: code?, browser_token: browser_token?, issuer })
    }
}

async fn list(ctx: Ctx) -> Result<Response, Problem> {
    let items = usecase::list(&ctx).await?.into_iter().map(|provider| LoginProviderBody {
        id: provider.id.to_string(),
        kind: provider.kind.name().to_owned(),
        name: provider.name,
    });
    Ok(answer(StatusCode::OK, &LoginProvidersBody { items: items.collect() }))
}

async fn begin_login(
    ctx: Ctx,
    PathId(id): PathId<IdentityProviderKind>,
    body: Json<BeginBody>,
) -> Result<Response, Problem> {
    Ok(begun(usecase::begin(&ctx, id, &body.parsed, None).await?))
}

async fn begin_link(
    ctx: Ctx,
    PathId(id): PathId<IdentityProviderKind>,
    body: Json<BeginBody>,
) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    Ok(begun(usecase::begin(&ctx, id, &body.parsed, Some(person)).await?))
}

fn begun(begun: usecase::Begun) -> Response {
    let usecase::Begun { authorization_url, browser_token } = begun;
    answer(StatusCode::OK, &BegunBody { authorization_url, browser_token, expires_in: LOGIN_SECONDS })
}

async fn finish(ctx: Ctx, headers: HeaderMap, body: Json<FinishBody>) -> Result<Response, Problem> {
    let tokens = usecase::finish(&ctx, &body.parsed, &device(&headers)).await?;
    Ok(answer(StatusCode::OK, &TokensBody::from(tokens)))
}

async fn exchange(ctx: Ctx, headers: HeaderMap, body: Json<TokenBody>) -> Result<Response, Problem> {
    let tokens = external::exchange(&ctx, &body.parsed, None, &device(&headers)).await?;
    Ok(answer(StatusCode::OK, &TokensBody::from(tokens)))
}

async fn link_token(ctx: Ctx, headers: HeaderMap, body: Json<TokenBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let tokens = external::exchange(&ctx, &body.parsed, Some(person), &device(&headers)).await?;
    Ok(answer(StatusCode::OK, &TokensBody::from(tokens)))
}

impl From<FederationError> for Problem {
    fn from(error: FederationError) -> Problem {
        match error {
            FederationError::Redirect => {
                let detail = "is none of the pages that this provider may send a browser back to".to_owned();
                Problem::invalid(vec![FieldError { at: Place::Pointer("#/redirectUri".to_owned()), detail }])
            }
            FederationError::Over => Problem::new(StatusCode::GONE, "provider-login-over")
                .detail("This login was finished, took too long, or was begun in another browser. Begin again."),
            FederationError::OtherIssuer => not_proven("the answer is from another issuer"),
            FederationError::Provider(ProviderError::NotGood(reason)) => not_proven(reason),
            FederationError::Provider(ProviderError::Unavailable(cause)) => Problem::provider_unavailable(cause),
            FederationError::Link(error) => Problem::from(error),
            FederationError::SecondFactor { challenge } => required(&challenge),
            FederationError::NotFresh => not_fresh("Log in again"),
        }
    }
}

/// What the provider says proves nothing. The reason holds nothing that it said.
fn not_proven(reason: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "identity-not-proven")
        .detail(format!("The identity provider's word was not taken: {reason}."))
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\""))
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Problem {
        let reason = match error {
            LinkError::Suspended => {
                return Problem::new(StatusCode::UNAUTHORIZED, "login-refused")
                    .detail("This account cannot be logged in to.")
                    .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\""));
            }
            LinkError::LinkedElsewhere => "linked-elsewhere",
            LinkError::NoEmail => "no-email",
            LinkError::EmailNotVerified => "email-not-verified",
            LinkError::AccountNotVerified => "account-not-verified",
            LinkError::SecondFactor => "account-has-second-factor",
            LinkError::SignUpClosed => "sign-up-closed",
        };
        Problem::new(StatusCode::CONFLICT, "identity-not-linked")
            .detail(format!("The identity leads to no account: {error}."))
            .with("reason", reason.into())
    }
}
