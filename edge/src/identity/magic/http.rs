//! `/api/v1/auth/magic`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::{NotRedeemable, OneTimePurpose, OneTimeToken, PkceChallenge, PkceVerifier, Scope};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::limits::Class;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::usecase::{self, ExchangeError};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Json, Parse};
use crate::identity::http::{TokensBody, answer, device};
use crate::identity::mailed::{self, Ask};
use crate::identity::registration::http::accepted;
use crate::identity::second_factor::http::required;
use crate::limits::ClientAddress;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    let begin = Access::Key(Scope::AuthBegin);
    Routes::new().class(Class::Auth).post("/api/v1/auth/magic", begin, ask).post(
        "/api/v1/auth/magic/exchange",
        begin,
        exchange,
    )
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AskForMagicLink", deny_unknown_fields)]
pub struct MagicBody {
    #[schemars(required, email)]
    pub email: Option<String>,
    /// Binds the link to this browser: the SHA-256, in base64url, of a secret it keeps (S256, RFC 7636).
    #[schemars(regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub code_challenge: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExchangeMagicLink", deny_unknown_fields)]
pub struct ExchangeBody {
    /// The `token` in the link's fragment.
    #[schemars(required, regex(pattern = "^[0-9A-Za-z_-]{43}$"))]
    pub token: Option<String>,
    /// The secret of the browser that asked, where the link is bound to it.
    #[schemars(regex(pattern = "^[0-9A-Za-z._~-]{43,128}$"))]
    pub code_verifier: Option<String>,
}

/// Who asks for a link.
pub struct Asked {
    email: Email,
    bound_to: Option<PkceChallenge>,
}

/// The link's token, where it is one, and what the client proves to be.
pub struct Exchange {
    token: Option<OneTimeToken>,
    proof: Option<PkceChallenge>,
}

impl Parse for MagicBody {
    type Parsed = Asked;

    fn parse(self, errors: &mut FieldErrors) -> Option<Asked> {
        let email = errors.required("email", self.email, |email| email.parse());
        let bound_to = errors.optional("codeChallenge", self.code_challenge, |text| text.parse::<PkceChallenge>());
        Some(Asked { email: email?, bound_to })
    }
}

impl Parse for ExchangeBody {
    type Parsed = Exchange;

    fn parse(self, errors: &mut FieldErrors) -> Option<Exchange> {
        let token = errors.required("token", self.token, Ok::<_, Infallible>);
        let verifier = errors.optional("codeVerifier", self.code_verifier, |text| text.parse::<PkceVerifier>());
        let proof = verifier.map(|verifier| PkceChallenge::of_digest(Sha256::digest(verifier.as_str()).into()));
        // A text that is no token is a link that never was one.
        Some(Exchange { token: token?.parse().ok(), proof })
    }
}

async fn ask(ctx: Ctx, address: Option<ClientAddress>, body: Json<MagicBody>) -> Result<Response, Problem> {
    let Asked { email, bound_to } = &body.parsed;
    let (purpose, bound_to) = (OneTimePurpose::MagicLink, *bound_to);
    mailed::ask(&ctx, &Ask { email, purpose, bound_to, address, publishable_key: None, action: "magic-link.ask" })
        .await?;
    Ok(accepted())
}

async fn exchange(ctx: Ctx, headers: HeaderMap, body: Json<ExchangeBody>) -> Result<Response, Problem> {
    let Some(token) = &body.parsed.token else { return Err(NotRedeemable::Gone.into()) };
    let tokens = usecase::exchange(&ctx, token, body.parsed.proof, &device(&headers)).await?;
    Ok(answer(StatusCode::OK, &TokensBody::from(tokens)))
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Problem {
        match error {
            ExchangeError::Link(error) => error.into(),
            ExchangeError::SecondFactor { challenge } => required(&challenge),
        }
    }
}
