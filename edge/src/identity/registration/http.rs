//! `/api/v1/auth/register` and `/api/v1/auth/verify-email`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::{NotRedeemable, OneTimePurpose, OneTimeToken, Password, Scope};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::limits::Class;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, Register};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse};
use crate::identity::http::answer;
use crate::identity::mailed::{self, Ask};
use crate::limits::ClientAddress;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    let begin = Access::Key(Scope::AuthBegin);
    Routes::new()
        .class(Class::Auth)
        .post("/api/v1/auth/register", begin, register)
        .post("/api/v1/auth/verify-email", begin, verify)
        .post("/api/v1/auth/verify-email/resend", begin, resend)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Register", deny_unknown_fields)]
pub struct RegisterBody {
    #[schemars(required, email)]
    pub email: Option<String>,
    /// 8 to 128 characters; neither the address nor one that everybody chooses.
    #[schemars(required, length(min = 8, max = 128))]
    pub password: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The language of mails, such as `de` or `ko-KR`; `en` when left out.
    pub locale: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "VerifyEmail", deny_unknown_fields)]
pub struct VerifyBody {
    /// The `token` in the link's fragment.
    #[schemars(required, regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub token: Option<String>,
    /// The one chosen at registration, typed again. Anybody can register an address: without it, or with another, the
    /// address is confirmed and no password set.
    #[schemars(length(max = 512))]
    pub password: Option<String>,
}

/// The address is confirmed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EmailVerified")]
pub struct VerifiedBody {
    /// Whether the account has a password now. Where not, let the person choose one by a reset, or log in by a link.
    pub password_set: bool,
}

/// What an address is confirmed with.
pub struct Verify {
    /// `None`: a text that is no token is a link that never was one.
    token: Option<OneTimeToken>,
    password: Option<Password>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "EmailAddress", deny_unknown_fields)]
pub struct EmailBody {
    #[schemars(required, email)]
    pub email: Option<String>,
}

/// A mail tells the rest, to whoever reads the address. The answer is the same whether it has an account or not.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Accepted")]
pub struct AcceptedBody {
    #[schemars(extend("const" = "check-mail"))]
    pub next: String,
}

impl Parse for RegisterBody {
    type Parsed = Register;

    fn parse(self, errors: &mut FieldErrors) -> Option<Register> {
        let email = errors.required("email", self.email, |email| email.parse::<Email>());
        let password = errors.required("password", self.password, Ok::<_, Infallible>);
        let password = match (&email, password) {
            (Some(email), password) => errors.optional("password", password, |text| Password::chosen(&text, email)),
            (None, _) => None,
        };
        let name = errors.optional("name", self.name, |name| name.parse::<Line<200>>());
        let locale = errors.optional("locale", self.locale, |locale| locale.parse::<Locale>());
        Some(Register { email: email?, password: password?, name, locale: locale.unwrap_or_default() })
    }
}

impl Parse for VerifyBody {
    type Parsed = Verify;

    fn parse(self, errors: &mut FieldErrors) -> Option<Verify> {
        let text = errors.required("token", self.token, Ok::<_, Infallible>);
        let password = errors.optional("password", self.password, |password| Password::presented(&password));
        Some(Verify { token: text?.parse().ok(), password })
    }
}

impl Parse for EmailBody {
    type Parsed = Email;

    fn parse(self, errors: &mut FieldErrors) -> Option<Email> {
        errors.required("email", self.email, |email| email.parse())
    }
}

async fn register(ctx: Ctx, address: Option<ClientAddress>, body: Json<RegisterBody>) -> Result<Response, Problem> {
    usecase::register(&ctx, &body.parsed, address).await?;
    Ok(accepted())
}

async fn verify(ctx: Ctx, body: Json<VerifyBody>) -> Result<Response, Problem> {
    let Verify { token, password } = &body.parsed;
    let token = token.as_ref().ok_or(NotRedeemable::Gone)?;
    let password_set = usecase::verify(&ctx, token, password.as_ref()).await?;
    Ok(answer(StatusCode::OK, &VerifiedBody { password_set }))
}

async fn resend(
    ctx: Ctx,
    address: Option<ClientAddress>,
    headers: HeaderMap,
    body: Json<EmailBody>,
) -> Result<Response, Problem> {
    let credential = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ask = Ask {
        email: &body.parsed,
        purpose: OneTimePurpose::VerifyEmail,
        bound_to: None,
        address,
        publishable_key: credential.rsplit(' ').next().filter(|key| key.starts_with("pk_")),
        action: "account.resend-verification",
    };
    mailed::ask(&ctx, &ask).await?;
    Ok(accepted())
}

/// What everybody is answered who asks for a mail.
pub fn accepted() -> Response {
    answer(StatusCode::ACCEPTED, &AcceptedBody { next: "check-mail".to_owned() })
}

impl From<NotRedeemable> for Problem {
    fn from(error: NotRedeemable) -> Problem {
        match error {
            NotRedeemable::Gone => Problem::new(StatusCode::GONE, "link-gone")
                .detail("The link was used before, its time is over, or it never was one. Ask for another."),
            NotRedeemable::BoundElsewhere => Problem::new(StatusCode::CONFLICT, "link-bound")
                .detail("The link works in the browser that asked for it. Open it there, or ask for one here."),
        }
    }
}
