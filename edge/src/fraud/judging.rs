//! The verdict on a checkout, and what becomes of it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use headlesspro_shared::fraud::{Counted, Counts, FraudSettings, Outcome, RiskLevel, Signals, Verdict, judge};
use headlesspro_shared::kernel::id::{CheckoutId, FraudReviewId, OrderId};
use headlesspro_shared::kernel::money::Money;
use serde_json::{Value, json};

use super::script::{self, ATTEMPTS};
use super::store;
use crate::app::Ctx;
use crate::failure::{Failure, Halt};
use crate::journal::{self, Change};
use crate::port::entropy::NoEntropy;
use crate::port::sql::Commit;
use crate::vault::Purpose;
use crate::wire::{AddressBody, value_of};

/// What is known of an attempt to buy.
pub struct Attempt<'a> {
    /// Its name: the same for a repeat of the same request.
    pub name: String,
    /// The keyed hash of the buyer's address.
    pub email_hash: &'a str,
    pub shipping_address: &'a AddressBody,
    /// That of shipping where there is no other.
    pub billing_address: Option<&'a AddressBody>,
    pub total: Money,
    pub is_first_order: Option<bool>,
    /// What a payment provider calls the card.
    pub card: Option<&'a str>,
    pub provider_risk: Option<RiskLevel>,
}

/// A verdict, and what it was made of.
#[derive(Debug)]
pub struct Judged {
    pub verdict: Verdict,
    pub signals: Signals,
}

/// Judges an attempt by a store's rules. Redis is asked where a rule counts, for as long as the settings say.
///
/// # Errors
/// [`Halt`], for a caller who may not. That Redis does not answer is none.
pub async fn judge_at_checkout(ctx: &Ctx, settings: &FraudSettings, attempt: &Attempt<'_>) -> Result<Judged, Halt> {
    let country = |address: &AddressBody| address.country_code.as_deref().and_then(|code| code.parse().ok());
    let signals = Signals {
        counts: if settings.counts() { counts(ctx, settings, attempt).await? } else { None },
        shipping_country: country(attempt.shipping_address),
        billing_country: country(attempt.billing_address.unwrap_or(attempt.shipping_address)),
        total: Some(attempt.total),
        is_first_order: attempt.is_first_order,
        provider_risk: attempt.provider_risk,
    };
    Ok(Judged { verdict: judge(settings, &signals), signals })
}

/// `None`: the counters did not answer in time.
async fn counts(ctx: &Ctx, settings: &FraudSettings, attempt: &Attempt<'_>) -> Result<Option<Counts>, Halt> {
    let store = ctx.tenant().store;
    let known = [
        (Counted::Email, Some(attempt.email_hash.to_owned())),
        (Counted::Address, Some(place_of(attempt.shipping_address))),
        (Counted::Ip, ctx.network_address()),
        (Counted::Card, attempt.card.map(str::to_owned)),
    ];
    let known: Vec<(Counted, String)> = known.into_iter().filter_map(|(by, what)| Some((by, what?))).collect();
    let key = |(by, what): &(Counted, String)| {
        let hash =
            ctx.app().vault.lookup.mac(ctx.tenant().organization, Purpose::Attempt, format!("{by}|{what}").as_bytes());
        (format!("attempts:{store}:{by}:{}", hex::encode(hash)), settings.windows.of(*by))
    };
    let keys: Vec<(String, u32)> = known.iter().map(key).collect();
    let (keys, args) = script::call(ctx.now.millis(), &attempt.name, &keys);
    let asked = pin!(ctx.script(&ATTEMPTS, keys, args));
    let patience = Duration::from_millis(settings.timeout_millis.into());
    let reply = match select(asked, ctx.app().clock.sleep(patience)).await {
        Either::Left((Ok(reply), _)) => reply,
        Either::Left((Err(denied @ Halt::Denied(_)), _)) => return Err(denied),
        Either::Left((Err(Halt::Unavailable(reason)), _)) => {
            log::warn!("fraud: attempts are not counted, because {reason}");
            return Ok(None);
        }
        Either::Right(((), _)) => {
            log::warn!("fraud: attempts are not counted in {} ms", settings.timeout_millis);
            return Ok(None);
        }
    };
    let Some(counted) = script::answer(&reply, known.len()) else {
        log::error!("fraud: Redis answered {}", reply.shape());
        return Ok(None);
    };
    let of = |wanted| known.iter().zip(&counted).find(|((by, _), _)| *by == wanted).map(|(_, count)| *count);
    let [email, address, ip, card] = [Counted::Email, Counted::Address, Counted::Ip, Counted::Card].map(of);
    Ok(Some(Counts { email, address, ip, card }))
}

/// An address as it is counted: its letters and digits alone, so that a comma more makes no other.
fn place_of(address: &AddressBody) -> String {
    let AddressBody { line1, line2, city, postal_code, country_code, .. } = address;
    let parts = [line1, line2, city, postal_code, country_code].into_iter().flatten();
    parts.flat_map(|part| part.chars()).filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Judged {
    pub fn is_blocked(&self) -> bool {
        self.verdict.outcome == Outcome::Block
    }

    /// What the staff is told. Nothing of it is personal.
    fn told(&self) -> Value {
        json!({ "reasons": value_of(&self.verdict.reasons), "signals": value_of(&self.signals) })
    }
}

/// Has the staff hear of an attempt that is refused: the shopper hears nothing of the reasons.
///
/// # Errors
/// [`Failure`], where it is not recorded.
pub async fn tell_blocked<E>(ctx: &Ctx, checkout: CheckoutId, judged: &Judged) -> Result<(), Failure<E>> {
    let mut commit = Commit::new();
    let change = Change::new("checkout.block", checkout).after(judged.told());
    journal::tell(ctx, &mut commit, "fraud.blocked", &[("checkoutId", checkout.to_string())], change).await?;
    ctx.commit(&commit).await?;
    Ok(())
}

/// Adds to an order's commit that a person looks at it, where the verdict says so.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn open_review(ctx: &Ctx, commit: &mut Commit, order: OrderId, judged: &Judged) -> Result<(), NoEntropy> {
    if judged.verdict.outcome != Outcome::Review {
        return Ok(());
    }
    let id: FraudReviewId = ctx.new_id()?;
    commit.push(store::open(ctx.tenant(), id, order, judged, ctx.now));
    let payload = [("fraudReviewId", id.to_string()), ("orderId", order.to_string())];
    journal::announce(ctx, commit, "fraud.opened", &payload)
}
