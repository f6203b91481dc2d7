//! The external providers that a store asks for rates: one question to each that methods of the destination name, all at once.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use headlesspro_shared::shipping::{
    Charge, Delivery, ExternalOutcome, GroupOutcome, RateAnswer, RateQuestion, ShippingError, questions,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store::StoreShipping;
use crate::app::{Ctx, Tenant};
use crate::extract::stored;
use crate::failure::Unavailable;
use crate::identity::data_key;
use crate::outbound::{self, NoAnswer};
use crate::tax::text_of;
use crate::vault::{DataKey, Place, WrappedKey};

/// Whom a store asks, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateProvider {
    pub url: String,
    /// From sending to the last byte of the answer.
    pub timeout_millis: u16,
    /// What requests are signed with.
    pub secret_sealed: String,
}

/// All of them, with what opens their secrets; none without any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateProviders {
    pub by_name: BTreeMap<String, RateProvider>,
    pub key: Option<WrappedKey>,
}

/// What was answered for a delivery, as a checkout keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answers {
    /// A hash of the questions, and of the version of the rules that they were asked by.
    asked: String,
    outcomes: Vec<GroupOutcome>,
}

impl Answers {
    /// The same without what nobody has chosen.
    #[must_use]
    pub fn chosen(mut self, charges: &[Charge]) -> Answers {
        for outcome in &mut self.outcomes {
            let location = outcome.location;
            if let ExternalOutcome::Answered { rates } = &mut outcome.outcome {
                let is_taken = |service: &str| {
                    charges
                        .iter()
                        .any(|charge| charge.location == location && charge.service.as_deref() == Some(service))
                };
                rates.retain(|rate| is_taken(&rate.service));
            }
        }
        self
    }
}

/// Where the secret stands that questions to a provider are signed with; `row` is of [`secret_row`].
pub fn secret_place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "shipping_setting", column: "providers", row }
}

pub fn secret_row(tenant: Tenant, provider: &str) -> String {
    format!("{}/{provider}", tenant.store)
}

/// Why there are no answers, not even that somebody has none.
#[derive(Debug)]
pub enum NotAsked {
    /// What is to be shipped is out of bounds.
    Shipping(ShippingError),
    Unavailable(Unavailable),
}

/// Adds to `delivery` what providers say of it, and answers what of it is to be kept; nothing where nobody is asked. What is
/// the same as `before`, by the same rules, has the answers of then, and nobody is asked again.
///
/// # Errors
/// [`NotAsked`].
pub async fn ask(
    ctx: &Ctx,
    store: &StoreShipping,
    delivery: &mut Delivery,
    before: Option<&Answers>,
) -> Result<Option<Answers>, NotAsked> {
    let questions = questions(&store.rules, delivery).map_err(NotAsked::Shipping)?;
    let Some(wrapped) = store.providers.key.as_ref().filter(|_| !questions.is_empty()) else { return Ok(None) };
    let bodies: Vec<(RateQuestion, String)> =
        questions.into_iter().map(|question| (question.clone(), text_of(&question))).collect();
    let mut hash = Sha256::new();
    hash.update(store.version.to_be_bytes());
    for (question, body) in &bodies {
        hash.update(format!("{}\n{body}\n", question.provider));
    }
    let asked = hex::encode(hash.finalize());
    let answers = match before.filter(|before| before.asked == asked) {
        Some(before) => before.clone(),
        None => {
            let key = data_key(ctx.app(), ctx.tenant(), wrapped).map_err(NotAsked::Unavailable)?;
            let asking = bodies.into_iter().map(|(question, body)| one(ctx, store, &key, question, body));
            Answers { asked, outcomes: join_all(asking).await.into_iter().flatten().collect() }
        }
    };
    delivery.external.clone_from(&answers.outcomes);
    Ok(Some(answers))
}

async fn one(
    ctx: &Ctx,
    store: &StoreShipping,
    key: &DataKey,
    question: RateQuestion,
    body: String,
) -> Vec<GroupOutcome> {
    let failed = |reason: &str| ExternalOutcome::Failed { reason: reason.to_owned() };
    let answer = async {
        let provider = store.providers.by_name.get(&question.provider).ok_or_else(|| failed("it is not set up"))?;
        let row = secret_row(ctx.tenant(), &question.provider);
        let secret = key.open_text(secret_place(ctx.tenant(), &row), &provider.secret_sealed);
        let secret = secret.map_err(|_| failed("its secret does not read back"))?;
        let asked = outbound::Question {
            url: &provider.url,
            timeout_millis: provider.timeout_millis,
            secret: &secret,
            same: &body.clone(),
            body,
        };
        let text = outbound::ask(ctx, asked).await.map_err(|error| match error {
            NoAnswer::TimedOut { after_millis } => ExternalOutcome::TimedOut { after_millis },
            NoAnswer::Failed { reason } => ExternalOutcome::Failed { reason },
        })?;
        stored::<RateAnswer>(&text).map_err(|_| failed("its answer is not as agreed"))
    };
    let answer = answer.await;
    question.outcomes(answer)
}
