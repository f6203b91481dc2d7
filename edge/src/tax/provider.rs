//! The external provider that a store asks for its taxes, and whatever comes of it: an outcome that the engine knows what to
//! do with.

use headlesspro_shared::tax::{ProviderAnswer, ProviderFallback, ProviderOutcome, TaxQuestion};
use serde::{Deserialize, Serialize};

use super::store::text_of;
use crate::app::{Ctx, Tenant};
use crate::extract::stored;
use crate::failure::Unavailable;
use crate::outbound::{self, NoAnswer, host_of};
use crate::vault::{DataKey, Place};

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
        host_of(&self.url)
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
    let asked = outbound::Question {
        url: &provider.url,
        timeout_millis: provider.timeout_millis,
        secret: &secret,
        body: text_of(question),
        same: &text_of(&whenever(question)),
    };
    let answer = outbound::ask(ctx, asked).await.and_then(|text| {
        let failed = |reason: &str| NoAnswer::Failed { reason: reason.to_owned() };
        let answer: ProviderAnswer = stored(&text).map_err(|_| failed("its answer is not as agreed"))?;
        answer.check(question).map_err(failed)?;
        Ok(answer)
    });
    Ok(match answer {
        Ok(answer) => ProviderOutcome::Answered { provider: name, answer },
        Err(NoAnswer::TimedOut { after_millis }) => ProviderOutcome::TimedOut { provider: name, after_millis },
        Err(NoAnswer::Failed { reason }) => ProviderOutcome::Failed { provider: name, reason },
    })
}

/// The same question at any moment of its day: rates begin and end with days.
fn whenever(question: &TaxQuestion) -> TaxQuestion {
    const DAY_MILLIS: i64 = 86_400_000;
    let into_day = question.at.millis().rem_euclid(DAY_MILLIS);
    let at = question.at.checked_add_millis(into_day.saturating_neg()).unwrap_or(question.at);
    TaxQuestion { at, ..question.clone() }
}
