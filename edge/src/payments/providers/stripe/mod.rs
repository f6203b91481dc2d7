//! Stripe: payment intents, which are made first and then confirmed with what the shop's page has got from Stripe for it.
//!
//! Where a key was used before, Stripe answers what it has answered then: it is asked again how things stand by now. What it
//! has refused has not been done; of anything else that is no answer nobody knows.

mod answers;
#[cfg(test)]
mod tests;
mod wire;

use headlesspro_shared::kernel::id::RefundId;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::payments::{Capabilities, RefundState, Report, Standing, to_stripe};
use http::HeaderMap;
use serde_json::Value;

use super::{Call, Means, NoAnswer, NotAuthentic, Provider, RefundSaid, Said, Told};
use crate::app::{App, Spent};
use crate::payments::settings::Secrets;
use crate::payments::signature;
use crate::port::BoxFuture;
use wire::{Answer, Wire, is_old};

const INTENTS: &str = "/v1/payment_intents";
const REFUNDS: &str = "/v1/refunds";

/// The header of a webhook's signature.
const SIGNATURE: &str = "stripe-signature";

/// What begins the token of a confirmation; others are of means of payment.
const CONFIRMATION: &str = "ctoken_";

pub struct Stripe<'a> {
    wire: Wire<'a>,
    webhook_secret: String,
    now: Timestamp,
}

impl<'a> Stripe<'a> {
    pub fn new(app: &'a App, spent: Option<&'a Spent>, secrets: Secrets, now: Timestamp) -> Stripe<'a> {
        let secret_key = secrets.api_key.unwrap_or_default();
        let wire = Wire { fetch: app.provider_fetch(), url: &app.stripe_url, secret_key, spent };
        Stripe { wire, webhook_secret: secrets.webhook_secret.unwrap_or_default(), now }
    }

    /// The payment as an answer says that it stands, or as it stands by now where the answer is an old one.
    async fn read(&self, call: &Call, body: &Value, is_replayed: bool) -> Result<Said, NoAnswer> {
        let said = answers::intent(body, call)?;
        match &said.reference {
            Some(reference) if is_replayed => self.look(call, reference).await,
            _ => Ok(said),
        }
    }

    async fn look(&self, call: &Call, reference: &str) -> Result<Said, NoAnswer> {
        let answer = self.wire.get(&format!("{INTENTS}/{reference}"), &[]).await?;
        if answer.is_ok() { answers::intent(&answer.body, call) } else { Err(answer.as_no_answer()) }
    }

    /// The payment as it is there, or made now; without a reference where Stripe will not have it.
    async fn there(&self, call: &Call) -> Result<Said, NoAnswer> {
        if let Some(reference) = &call.reference {
            return self.look(call, reference).await;
        }
        if is_old(call.payment, self.now)
            && let Some(said) = self.found(call).await?
        {
            return Ok(said);
        }
        let Ok(amount) = to_stripe(call.amount) else { return Ok(never(call, "amount_not_chargeable".to_owned())) };
        let (amount, payment) = (amount.to_string(), call.payment.to_string());
        let currency = call.amount.currency().code().to_ascii_lowercase();
        let mut fields = vec![
            ("amount", amount.as_str()),
            ("currency", currency.as_str()),
            ("capture_method", if call.captures_later { "manual" } else { "automatic" }),
            ("automatic_payment_methods[enabled]", "true"),
            ("metadata[payment_id]", payment.as_str()),
        ];
        if call.return_url.is_none() {
            fields.push(("automatic_payment_methods[allow_redirects]", "never"));
        }
        let answer = self.wire.post_anew(INTENTS, &fields, &payment).await?;
        if answer.is_ok() {
            return self.read(call, &answer.body, answer.is_replayed).await;
        }
        // It is there, and the merchant has changed since when money is captured: what it was made with counts.
        if answer.is_of_other_parameters() {
            return self.found(call).await?.ok_or_else(|| answer.as_no_answer());
        }
        if answer.is_refused() { Ok(never(call, answer.code())) } else { Err(answer.as_no_answer()) }
    }

    /// One that was made: of several the one that has the money. Stripe finds what is a minute old.
    async fn found(&self, call: &Call) -> Result<Option<Said>, NoAnswer> {
        let query = format!("metadata[\"payment_id\"]:\"{}\"", call.payment);
        let answer = self.wire.get(&format!("{INTENTS}/search"), &[("query", &query)]).await?;
        let found = elements(&answer)?.iter().filter(|body| answers::is_of(body, call));
        let found = found.map(|body| answers::intent(body, call)).collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().max_by_key(|said| (said.report.captured, said.report.authorized)))
    }

    async fn confirmed(&self, call: &Call, means: &Means, attempt: i64) -> Result<Said, NoAnswer> {
        let reference = match &call.reference {
            Some(reference) => reference.clone(),
            None => match self.there(call).await? {
                Said { reference: Some(reference), report, .. } if is_triable(report.standing) => reference,
                said => return Ok(said),
            },
        };
        let is_confirmation = means.token.starts_with(CONFIRMATION);
        let token = if is_confirmation { "confirmation_token" } else { "payment_method" };
        let back = means.return_url.as_deref().map_or(("use_stripe_sdk", "true"), |url| ("return_url", url));
        let (path, key) = (format!("{INTENTS}/{reference}/confirm"), format!("{}-{attempt}", call.payment));
        let answer = self.wire.post(&path, &[(token, &means.token), back], Some(&key)).await?;
        if answer.is_ok() {
            return self.read(call, &answer.body, answer.is_replayed).await;
        }
        // Whoever does not have the means of payment says so with a 404.
        if !(answer.is_refused() || answer.is_of_other_parameters() || answer.status == 404) {
            return Err(answer.as_no_answer());
        }
        let said = match answer.body.pointer("/error/payment_intent") {
            Some(body) if answer.status == 402 => self.read(call, body, answer.is_replayed).await?,
            _ => self.look(call, &reference).await?,
        };
        if !is_triable(said.report.standing) {
            return Ok(said);
        }
        let report = Report { standing: Standing::Declined, ..said.report };
        Ok(Said { report, declined_for: Some(answer.code()), ..said })
    }

    /// After a move that Stripe may refuse because of how the payment stands: then that is what it says.
    async fn moved(&self, call: &Call, reference: &str, answer: Answer) -> Result<Said, NoAnswer> {
        if answer.is_ok() {
            self.read(call, &answer.body, answer.is_replayed).await
        } else if answer.is_refused() || answer.is_of_other_parameters() {
            self.look(call, reference).await
        } else {
            Err(answer.as_no_answer())
        }
    }

    async fn captured(&self, call: &Call, amount: i64) -> Result<Said, NoAnswer> {
        let reference = match &call.reference {
            Some(reference) => reference,
            None => return self.there(call).await,
        };
        let Ok(amount) = to_stripe(Money::new(amount, call.amount.currency())) else {
            return self.look(call, reference).await;
        };
        // A payment is captured once, whatever the key: the amount is part of it, so that another one can be tried.
        let key = format!("{}-capture-{amount}", call.payment);
        let path = format!("{INTENTS}/{reference}/capture");
        let answer = self.wire.post_anew(&path, &[("amount_to_capture", &amount.to_string())], &key).await?;
        self.moved(call, reference, answer).await
    }

    async fn ended(&self, call: &Call) -> Result<Said, NoAnswer> {
        let reference = match &call.reference {
            Some(reference) => reference.clone(),
            None => match self.there(call).await? {
                Said { reference: Some(reference), .. } => reference,
                said => return Ok(said),
            },
        };
        // Without a key: it ends once, and a refusal while it was in process is not to be repeated.
        let fields = [("cancellation_reason", "requested_by_customer")];
        let answer = self.wire.post(&format!("{INTENTS}/{reference}/cancel"), &fields, None).await?;
        self.moved(call, &reference, answer).await
    }

    async fn refunded(&self, call: &Call, id: RefundId, amount: i64) -> Result<RefundSaid, NoAnswer> {
        let failed = |why: String| RefundSaid { state: RefundState::Failed, reference: None, failed_for: Some(why) };
        let Some(intent) = call.reference.as_deref() else { return Ok(failed("no_such_payment".to_owned())) };
        if is_old(id, self.now)
            && let Some(said) = self.found_refund(intent, id).await?
        {
            return Ok(said);
        }
        let Ok(amount) = to_stripe(Money::new(amount, call.amount.currency())) else {
            return Ok(failed("amount_not_chargeable".to_owned()));
        };
        let (amount, payment, key) = (amount.to_string(), call.payment.to_string(), id.to_string());
        let fields = [
            ("payment_intent", intent),
            ("amount", amount.as_str()),
            ("metadata[payment_id]", payment.as_str()),
            ("metadata[refund_id]", key.as_str()),
        ];
        let answer = self.wire.post(REFUNDS, &fields, Some(&key)).await?;
        if answer.is_refused() {
            return Ok(failed(answer.code()));
        }
        // Never under another key: it may have been done.
        if answer.is_broken() && answer.is_replayed {
            return self.found_refund(intent, id).await?.ok_or_else(|| answer.as_no_answer());
        }
        if !answer.is_ok() {
            return Err(answer.as_no_answer());
        }
        let said = answers::refund(&answer.body, id)?;
        let Some(reference) = said.reference.as_deref().filter(|_| answer.is_replayed) else { return Ok(said) };
        let answer = self.wire.get(&format!("{REFUNDS}/{reference}"), &[]).await?;
        if answer.is_ok() { answers::refund(&answer.body, id) } else { Err(answer.as_no_answer()) }
    }

    async fn found_refund(&self, intent: &str, id: RefundId) -> Result<Option<RefundSaid>, NoAnswer> {
        let answer = self.wire.get(REFUNDS, &[("payment_intent", intent), ("limit", "100")]).await?;
        let found = elements(&answer)?.iter().find(|body| answers::is_refund(body, id));
        found.map(|body| answers::refund(body, id)).transpose()
    }
}

/// The elements of a list.
fn elements(answer: &Answer) -> Result<&[Value], NoAnswer> {
    let list = answer.body.get("data").and_then(Value::as_array).filter(|_| answer.is_ok());
    list.map(Vec::as_slice).ok_or_else(|| answer.as_no_answer())
}

const fn is_triable(standing: Standing) -> bool {
    matches!(standing, Standing::Open | Standing::Declined)
}

/// One that Stripe will not have: it was not made, and nothing can be charged for it.
fn never(call: &Call, why: String) -> Said {
    let report = Report { standing: Standing::Cancelled, amount: call.amount.minor(), authorized: 0, captured: 0 };
    Said { reference: None, report, action: None, declined_for: Some(why) }
}

impl Provider for Stripe<'_> {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn create<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        Box::pin(self.there(call))
    }

    fn confirm<'a>(&'a self, call: &'a Call, means: &'a Means, attempt: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        Box::pin(self.confirmed(call, means, attempt))
    }

    fn capture<'a>(&'a self, call: &'a Call, amount: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        Box::pin(self.captured(call, amount))
    }

    fn void<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        Box::pin(self.ended(call))
    }

    fn refund<'a>(
        &'a self,
        call: &'a Call,
        refund: RefundId,
        amount: i64,
    ) -> BoxFuture<'a, Result<RefundSaid, NoAnswer>> {
        Box::pin(self.refunded(call, refund, amount))
    }

    fn fetch<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        Box::pin(self.there(call))
    }

    fn parse_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Told, NotAuthentic> {
        let signed = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        signature::verify(signed, body, &self.webhook_secret, now)?;
        let body: Value = serde_json::from_slice(body).map_err(|_| NotAuthentic::Body)?;
        answers::event(&body).ok_or(NotAuthentic::Body)
    }
}
