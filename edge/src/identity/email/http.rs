//! `/api/v1/auth/email`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::{NotRedeemable, OneTimeToken, Password, Scope};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::limits::Class;
use schemars::JsonSchema;
use serde::Deserialize;

use super::usecase::{self, ChangeEmail, EmailError};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse};
use crate::identity::http::{not_fresh, nothing, person};
use crate::identity::password::usecase::ChangeError;
use crate::identity::registration::http::accepted;
use crate::identity::second_factor::http::shown;
use crate::identity::second_factor::usecase::Shown;
use crate::identity::usecase::LoginError;
use crate::limits::ClientAddress;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    Routes::new().class(Class::Auth).post("/api/v1/auth/email", Access::Key(Scope::ProfileWrite), ask).post(
        "/api/v1/auth/email/confirm",
        Access::Key(Scope::AuthBegin),
        confirm,
    )
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeEmail", deny_unknown_fields)]
pub struct ChangeEmailBody {
    /// The new address.
    #[schemars(required, email)]
    pub email: Option<String>,
    /// Where the account has a password.
    #[schemars(length(max = 512))]
    pub current_password: Option<String>,
    /// Six digits from the authenticator app, beside the password where the account has a second factor. Where it has
    /// no password, in its place; without either the login must be of the last ten minutes.
    pub code: Option<String>,
    /// One of the recovery codes, in the place of `code`.
    pub recovery_code: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ConfirmEmail", deny_unknown_fields)]
pub struct ConfirmEmailBody {
    /// The `token` in the link's fragment.
    #[schemars(required, regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub token: Option<String>,
}

/// The new address, and what is shown for it.
pub struct Wish {
    email: Email,
    password: Option<Password>,
    shown: Option<Shown>,
}

impl Parse for ChangeEmailBody {
    type Parsed = Wish;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wish> {
        let email = errors.required("email", self.email, |email| email.parse::<Email>());
        let password =
            errors.optional("currentPassword", self.current_password, |password| Password::presented(&password));
        let is_shown = self.code.is_some() || self.recovery_code.is_some();
        let shown = is_shown.then(|| shown(self.code, self.recovery_code, errors));
        Some(Wish { email: email?, password, shown: shown.flatten() })
    }
}

impl Parse for ConfirmEmailBody {
    /// `None`: a text that is no token is a link that never was one.
    type Parsed = Option<OneTimeToken>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Option<OneTimeToken>> {
        Some(errors.required("token", self.token, Ok::<_, Infallible>)?.parse().ok())
    }
}

async fn ask(ctx: Ctx, address: Option<ClientAddress>, body: Json<ChangeEmailBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let Wish { email, password, shown } = &body.parsed;
    let wish = ChangeEmail { email, password: password.as_ref(), shown: shown.as_ref(), address };
    usecase::ask(&ctx, person, &wish).await?;
    Ok(accepted())
}

async fn confirm(ctx: Ctx, body: Json<ConfirmEmailBody>) -> Result<Response, Problem> {
    let token = body.parsed.as_ref().ok_or(NotRedeemable::Gone)?;
    usecase::confirm(&ctx, token).await?;
    Ok(nothing())
}

fn at(field: &str, detail: &str) -> Problem {
    Problem::invalid(vec![FieldError { at: Place::Pointer(format!("#/{field}")), detail: detail.to_owned() }])
}

impl From<EmailError> for Problem {
    fn from(error: EmailError) -> Problem {
        match error {
            EmailError::Same => at("email", "is the address of this account already"),
            EmailError::PasswordMissing => at("currentPassword", "is required: the account has a password"),
            EmailError::CodeMissing => at("code", "is required: the account has a second factor"),
            EmailError::WrongPassword => ChangeError::Wrong.into(),
            EmailError::Wait { millis } => LoginError::Wait { millis }.into(),
            EmailError::NotFresh => not_fresh("Log in again, or show a code of the authenticator app"),
            EmailError::SecondFactor(error) => error.into(),
        }
    }
}
