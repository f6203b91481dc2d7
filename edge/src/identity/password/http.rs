//! `/api/v1/auth/password`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::{OneTimePurpose, OneTimeToken, Password, PasswordError, Scope};
use headlesspro_shared::limits::Class;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::usecase::{self, ChangeError, ChangePassword, ResetError};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse};
use crate::identity::http::{nothing, person};
use crate::identity::mailed::{self, Ask};
use crate::identity::registration::http::{EmailBody, accepted};
use crate::identity::usecase::LoginError;
use crate::limits::ClientAddress;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    let begin = Access::Key(Scope::AuthBegin);
    Routes::new()
        .class(Class::Auth)
        .post("/api/v1/auth/password", Access::Key(Scope::ProfileWrite), change)
        .post("/api/v1/auth/password/forgot", begin, forgot)
        .post("/api/v1/auth/password/reset", begin, reset)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangePassword", deny_unknown_fields)]
pub struct ChangePasswordBody {
    #[schemars(required, length(max = 512))]
    pub current_password: Option<String>,
    /// 8 to 128 characters; neither the address nor one that everybody chooses.
    #[schemars(required, length(min = 8, max = 128))]
    pub new_password: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ResetPassword", deny_unknown_fields)]
pub struct ResetPasswordBody {
    /// The `token` in the link's fragment.
    #[schemars(required, regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub token: Option<String>,
    /// 8 to 128 characters; neither the address nor one that everybody chooses.
    #[schemars(required, length(min = 8, max = 128))]
    pub new_password: Option<String>,
}

/// The current password, and the new one as it was typed.
pub struct Change {
    current: Password,
    new: String,
}

/// The link's token, where it is one, and the new password as it was typed.
pub struct Reset {
    token: Option<OneTimeToken>,
    new: String,
}

impl Parse for ChangePasswordBody {
    type Parsed = Change;

    fn parse(self, errors: &mut FieldErrors) -> Option<Change> {
        let current =
            errors.required("currentPassword", self.current_password, |password| Password::presented(&password));
        let new = errors.required("newPassword", self.new_password, Ok::<_, Infallible>);
        Some(Change { current: current?, new: new? })
    }
}

impl Parse for ResetPasswordBody {
    type Parsed = Reset;

    fn parse(self, errors: &mut FieldErrors) -> Option<Reset> {
        let token = errors.required("token", self.token, Ok::<_, Infallible>);
        let new = errors.required("newPassword", self.new_password, Ok::<_, Infallible>);
        // A text that is no token is a link that never was one.
        Some(Reset { token: token?.parse().ok(), new: new? })
    }
}

async fn change(ctx: Ctx, address: Option<ClientAddress>, body: Json<ChangePasswordBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let wish = ChangePassword { current: &body.parsed.current, new: &body.parsed.new, address };
    usecase::change(&ctx, person, &wish).await?;
    Ok(nothing())
}

async fn forgot(ctx: Ctx, address: Option<ClientAddress>, body: Json<EmailBody>) -> Result<Response, Problem> {
    let purpose = OneTimePurpose::ResetPassword;
    let ask =
        Ask { email: &body.parsed, purpose, bound_to: None, address, publishable_key: None, action: "password.forget" };
    mailed::ask(&ctx, &ask).await?;
    Ok(accepted())
}

async fn reset(ctx: Ctx, body: Json<ResetPasswordBody>) -> Result<Response, Problem> {
    let gone = headlesspro_shared::identity::NotRedeemable::Gone;
    let Some(token) = &body.parsed.token else { return Err(gone.into()) };
    usecase::reset(&ctx, token, &body.parsed.new).await?;
    Ok(nothing())
}

/// Why a new password may not be chosen, at its field.
fn not_chosen(error: PasswordError) -> Problem {
    let at = Place::Pointer("#/newPassword".to_owned());
    Problem::invalid(vec![FieldError { at, detail: error.to_string() }])
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Problem {
        match error {
            ChangeError::Wrong => Problem::new(StatusCode::FORBIDDEN, "wrong-password")
                .detail("The current password is another one. Whoever has none resets it by mail."),
            ChangeError::Wait { millis } => LoginError::Wait { millis }.into(),
            ChangeError::NotChosen(error) => not_chosen(error),
        }
    }
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Problem {
        match error {
            ResetError::Link(error) => error.into(),
            ResetError::NotChosen(error) => not_chosen(error),
        }
    }
}
