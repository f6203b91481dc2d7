//! `/api/v1/auth/second-factor` and the second step of a login.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::{Challenge, OneTimePurpose, RecoveryCode, Scope, TotpCode};
use headlesspro_shared::limits::Class;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, SecondFactorError, Shown};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse};
use crate::identity::http::{TokensBody, answer, device, not_fresh, nothing, person};
use crate::identity::usecase::LoginError;
use crate::limits::ClientAddress;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    let own = Access::Key(Scope::ProfileWrite);
    Routes::new()
        .class(Class::Auth)
        .post("/api/v1/auth/second-factor", own, enroll)
        .post("/api/v1/auth/second-factor/confirm", own, confirm)
        .post("/api/v1/auth/second-factor/disable", own, disable)
        .post("/api/v1/auth/second-factor/recovery-codes", own, replace_codes)
        .postponed()
        .post("/api/v1/auth/login/second-factor", Access::Key(Scope::AuthBegin), log_in)
}

/// What an authenticator app needs. It is shown this once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EnrolledSecondFactor")]
pub struct EnrolledBody {
    /// For typing it in: base32 (RFC 4648).
    #[schemars(regex(pattern = "^[A-Z2-7]{32}$"))]
    pub secret: String,
    /// For a QR code: `otpauth://totp/...`.
    pub uri: String,
}

/// Ten codes, each good once where the app is lost. They are shown this once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RecoveryCodes")]
pub struct RecoveryCodesBody {
    pub recovery_codes: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ConfirmSecondFactor", deny_unknown_fields)]
pub struct ConfirmBody {
    /// Six digits from the app.
    #[schemars(required, regex(pattern = "^[0-9 ]{6,}$"))]
    pub code: Option<String>,
}

/// One of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShowSecondFactor", deny_unknown_fields)]
pub struct ShownBody {
    /// Six digits from the app.
    pub code: Option<String>,
    /// One of the recovery codes, in its place.
    pub recovery_code: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LogInWithSecondFactor", deny_unknown_fields)]
pub struct LoginStepBody {
    /// Of the answer `second-factor-required`.
    #[schemars(required, regex(pattern = "^[0-9a-z]{54}[0-9A-Za-z_-]{43}$"))]
    pub challenge: Option<String>,
    /// Six digits from the app.
    pub code: Option<String>,
    /// One of the recovery codes, in its place.
    pub recovery_code: Option<String>,
}

/// The challenge, where it is one, and what is shown.
pub struct LoginStep {
    challenge: Option<Challenge>,
    shown: Shown,
}

impl Parse for ConfirmBody {
    type Parsed = TotpCode;

    fn parse(self, errors: &mut FieldErrors) -> Option<TotpCode> {
        errors.required("code", self.code, |code| code.parse())
    }
}

impl Parse for ShownBody {
    type Parsed = Shown;

    fn parse(self, errors: &mut FieldErrors) -> Option<Shown> {
        shown(self.code, self.recovery_code, errors)
    }
}

impl Parse for LoginStepBody {
    type Parsed = LoginStep;

    fn parse(self, errors: &mut FieldErrors) -> Option<LoginStep> {
        let challenge = errors.required("challenge", self.challenge, Ok::<_, Infallible>);
        let shown = shown(self.code, self.recovery_code, errors);
        // A text that is no challenge is one that is over.
        Some(LoginStep { challenge: challenge?.parse().ok(), shown: shown? })
    }
}

/// One of the two, which must be there.
pub(in crate::identity) fn shown(
    code: Option<String>,
    recovery_code: Option<String>,
    errors: &mut FieldErrors,
) -> Option<Shown> {
    match (code, recovery_code) {
        (code, None) => errors.required("code", code, |code| code.parse()).map(Shown::Code),
        (None, recovery) => {
            errors.required("recoveryCode", recovery, |code| code.parse::<RecoveryCode>()).map(Shown::Recovery)
        }
        (Some(_), Some(_)) => {
            errors.push("recoveryCode", "must be left out where there is a code");
            None
        }
    }
}

async fn enroll(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let enrolled = usecase::enroll(&ctx, person).await?;
    Ok(answer(StatusCode::OK, &EnrolledBody { secret: enrolled.secret, uri: enrolled.uri }))
}

async fn confirm(ctx: Ctx, address: Option<ClientAddress>, body: Json<ConfirmBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    Ok(told_once(&usecase::confirm(&ctx, person, body.parsed, address).await?))
}

async fn replace_codes(ctx: Ctx, address: Option<ClientAddress>, body: Json<ConfirmBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    Ok(told_once(&usecase::replace_codes(&ctx, person, body.parsed, address).await?))
}

fn told_once(codes: &[RecoveryCode]) -> Response {
    let recovery_codes = codes.iter().map(RecoveryCode::grouped).collect();
    answer(StatusCode::OK, &RecoveryCodesBody { recovery_codes })
}

async fn disable(ctx: Ctx, address: Option<ClientAddress>, body: Json<ShownBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::disable(&ctx, person, body.parsed, address).await?;
    Ok(nothing())
}

async fn log_in(
    ctx: Ctx,
    address: Option<ClientAddress>,
    headers: HeaderMap,
    body: Json<LoginStepBody>,
) -> Result<Response, Problem> {
    let LoginStep { challenge, shown } = body.parsed;
    let Some(challenge) = challenge else { return Err(SecondFactorError::ChallengeGone.into()) };
    let tokens = usecase::log_in(&ctx, &challenge, shown, address, &device(&headers)).await?;
    Ok(answer(StatusCode::OK, &TokensBody::from(tokens)))
}

/// A 401 names a scheme (RFC 9110, 15.5.2), also where the credentials stand in the body.
fn unauthorized(code: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\""))
}

/// The first factor was right; the challenge stands for it until the second is there too.
pub fn required(challenge: &Challenge) -> Problem {
    let seconds = i64::from(OneTimePurpose::SecondFactor.minutes()).saturating_mul(60);
    unauthorized("second-factor-required")
        .detail("Show a code of the authenticator app, or a recovery code, with the challenge.")
        .with("challenge", json!(challenge.as_str()))
        .with("expiresIn", json!(seconds))
}

impl From<SecondFactorError> for Problem {
    fn from(error: SecondFactorError) -> Problem {
        match error {
            SecondFactorError::Active => Problem::new(StatusCode::CONFLICT, "second-factor-active")
                .detail("The account has a second factor. Disable it first."),
            SecondFactorError::Missing => Problem::new(StatusCode::CONFLICT, "second-factor-missing")
                .detail("The account has no second factor. Enroll one first."),
            SecondFactorError::Wrong => unauthorized("second-factor-wrong")
                .detail("The code is wrong, or was used before. Wait for the next one."),
            SecondFactorError::Wait { millis } => LoginError::Wait { millis }.into(),
            SecondFactorError::NotFresh => not_fresh("Log in again"),
            SecondFactorError::ChallengeGone => Problem::new(StatusCode::GONE, "challenge-gone")
                .detail("The challenge was used, or its time is over. Log in again."),
        }
    }
}
