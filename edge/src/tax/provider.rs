//! The external provider that a store asks for its taxes: one request over the port [`crate::port::fetch`], and whatever
//! comes of it is an outcome that the engine knows what to do with.

use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::tax::{ProviderAnswer, ProviderFallback, ProviderOutcome, TaxQuestion};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store::text_of;
use crate::app::{Ctx, Tenant};
use crate::extract::stored;
use crate::failure::Unavailable;
use crate::port::fetch::FetchError;
use crate::port::mac::hmac_sha256;
use crate::vault::{DataKey, Place};

/// Of an answer, in bytes.
const LONGEST: usize = 256 * 1024;

/// Whom a store asks, as it is kept; the secret stands elsewhere, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxProvider {
    pub url: String,
    /// From sending to the last byte of the answer.
    pub timeout_millis: u16,
    /// What is done without an answer.
    pub fallback: ProviderFallback,
}

impl TaxProvider {
    /// What answers and orders call it.
    fn name(&self) -> String {
        let uri = self.url.parse::<http::Uri>().ok();
        uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default()
    }
}

/// Where the secret stands that requests are signed with; `store` is the store's id.
pub fn secret_place(tenant: Tenant, store: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "tax_setting", column: "provider_secret", row: store }
}

/// What the provider says that the tax is, or that it does not say it. `key` is the organization's.
///
/// # Errors
/// [`Unavailable`] when the secret does not read back.
pub async fn ask(
    ctx: &Ctx,
    (provider, secret_sealed): (&TaxProvider, Option<&str>),
    key: &DataKey,
    question: &TaxQuestion,
) -> Result<ProviderOutcome, Unavailable> {
    let (tenant, name) = (ctx.tenant(), provider.name());
    let store = tenant.store.to_string();
    let secret = secret_sealed.and_then(|sealed| key.open_text(secret_place(tenant, &store), sealed).ok());
    let secret = secret.ok_or_else(|| Unavailable::corrupt("a tax provider's secret"))?;
    Ok(match answer(ctx, provider, &secret, question).await {
        Ok(answer) => ProviderOutcome::Answered { provider: name, answer },
        Err(FetchError::Timeout(_)) => {
            ProviderOutcome::TimedOut { provider: name, after_millis: provider.timeout_millis.into() }
        }
        // What is kept of it is in our words: an error's own may tell of our network, an answer's of anything.
        Err(error) => ProviderOutcome::Failed {
            provider: name,
            reason: match error {
                FetchError::Connection(reason) => reason,
                FetchError::TooLarge(_) => "it answers too much".to_owned(),
                FetchError::Refused(_) | FetchError::Timeout(_) => "its address is refused".to_owned(),
            },
        },
    })
}

/// An answer that is none has the reason in [`FetchError::Connection`].
async fn answer(
    ctx: &Ctx,
    provider: &TaxProvider,
    secret: &str,
    question: &TaxQuestion,
) -> Result<ProviderAnswer, FetchError> {
    let failed = |reason: &str| FetchError::Connection(reason.to_owned());
    let fetch = ctx.app().tenant_fetch().ok_or_else(|| failed("this host makes no calls"))?;
    let request = request(provider, secret, question, ctx.now).ok_or_else(|| failed("its address is none"))?;
    let within = Duration::from_millis(provider.timeout_millis.into());
    let answered = fetch.send_within(within, request, LONGEST).await.map_err(|error| match error {
        FetchError::Connection(_) => failed("it cannot be reached"),
        error => error,
    })?;
    if answered.status() != StatusCode::OK {
        return Err(failed(&format!("it answers {}", answered.status().as_u16())));
    }
    let text = std::str::from_utf8(answered.body()).map_err(|_| failed("it answers no text"))?;
    let answer: ProviderAnswer = stored(text).map_err(|_| failed("its answer is not as agreed"))?;
    answer.check(question).map_err(failed)?;
    Ok(answer)
}

/// The question as it is signed: by the secret over the second, a point and the body.
fn request(
    provider: &TaxProvider,
    secret: &str,
    question: &TaxQuestion,
    now: Timestamp,
) -> Option<http::Request<Bytes>> {
    let body = text_of(question);
    let second = now.millis().div_euclid(1_000);
    let signature = hmac_sha256(secret.as_bytes(), format!("{second}.{body}").as_bytes());
    http::Request::post(&provider.url)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .header(HeaderName::from_static("idempotency-key"), hex::encode(Sha256::digest(&body)))
        .header(HeaderName::from_static("hp-timestamp"), second)
        .header(HeaderName::from_static("hp-signature"), format!("v1={}", hex::encode(signature)))
        .body(Bytes::from(body))
        .ok()
}
