//! A provider that takes no money: the token says what comes of a payment. What it knows is in a table of its own, which
//! stands where another provider's database would: it is asked, and nothing else reads it.

use headlesspro_shared::kernel::id::{OrganizationId, PaymentProviderId, RefundId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::payments::{Capabilities, RefundState, Report, Standing};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{BuyerAction, Call, Means, NoAnswer, NotAuthentic, Provider, RefundSaid, Said, Told};
use crate::app::{App, Spent};
use crate::payments::hearing::hear;
use crate::payments::signature;
use crate::payments::store::sandbox::{self, Sandboxed};
use crate::port::BoxFuture;
use crate::port::sql::{Commit, Statement};

/// What each token does; every other one is declined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Succeeds,
    Declines,
    /// The buyer has to act, and has, with this outcome, when somebody looks the next time; `None`: never does.
    Asks(Option<Standing>),
    /// It is decided when somebody looks the next time.
    Processes,
    /// No call comes through.
    TimesOut,
    /// Money is taken, and the answer lost.
    LosesAnswer,
    /// Takes another amount than it was asked for.
    TakesMore,
    /// Refuses to give anything back.
    RefusesRefunds,
    /// Tells of it by a webhook, twice, before it answers.
    TellsFirst,
}

fn script(token: &str) -> Script {
    match token {
        "sandbox_success" => Script::Succeeds,
        "sandbox_action" => Script::Asks(Some(Standing::Captured)),
        "sandbox_action_failed" => Script::Asks(Some(Standing::Declined)),
        "sandbox_action_ignored" => Script::Asks(None),
        "sandbox_processing" => Script::Processes,
        "sandbox_timeout" => Script::TimesOut,
        "sandbox_lost_answer" => Script::LosesAnswer,
        "sandbox_wrong_amount" => Script::TakesMore,
        "sandbox_refund_refused" => Script::RefusesRefunds,
        "sandbox_webhook_first" => Script::TellsFirst,
        _ => Script::Declines,
    }
}

pub struct Sandbox<'app> {
    app: &'app App,
    organization: OrganizationId,
    provider: PaymentProviderId,
    webhook_secret: String,
    spent: Option<&'app Spent>,
}

impl<'app> Sandbox<'app> {
    pub fn new(
        app: &'app App,
        (organization, provider): (OrganizationId, PaymentProviderId),
        webhook_secret: String,
        spent: Option<&'app Spent>,
    ) -> Sandbox<'app> {
        Sandbox { app, organization, provider, webhook_secret, spent }
    }

    /// Counts a question, as one to another provider is.
    fn count(&self) {
        if let Some(spent) = self.spent {
            spent.add_provider();
        }
    }

    async fn known(&self, call: &Call) -> Result<Option<Sandboxed>, NoAnswer> {
        let sql = self.app.databases.of(self.organization);
        let rows = sql.read_current(vec![sandbox::find(self.organization, call.payment)]).await.map_err(down)?;
        sandbox::sandboxed_of(rows.first()).map_err(down)
    }

    /// Does it, and says how it stands then.
    async fn done(&self, call: &Call, statement: Statement) -> Result<Sandboxed, NoAnswer> {
        let mut commit = Commit::new();
        commit.push(statement);
        self.app.databases.of(self.organization).commit(&commit).await.map_err(down)?;
        Ok(self.known(call).await?.unwrap_or_else(|| open(call)))
    }

    /// Tells that a payment has turned, as a webhook does.
    async fn tell(&self, call: &Call) {
        let body = json!({ "id": call.payment.to_string(), "type": "payment.updated", "paymentId": call.payment });
        let body = body.to_string();
        let signed = signature::sign(body.as_bytes(), &self.webhook_secret, self.app.clock.now());
        let mut headers = HeaderMap::new();
        headers.extend(HeaderValue::from_str(&signed).ok().map(|signed| (HeaderName::from_static(SIGNATURE), signed)));
        let (of, spent) = ((self.organization, self.provider), Spent::default());
        // Whoever is told may be down.
        if let Err(error) = hear(self.app, of, (&headers, body.as_bytes()), ("sandbox", &spent)).await {
            log::warn!("the sandbox was not heard: {error:?}");
        }
    }

    async fn turned(&self, call: &Call, was: &Sandboxed, becomes: Standing) -> Result<Sandboxed, NoAnswer> {
        let is = is_now(was, becomes, call.captures_later);
        self.done(call, sandbox::turn(self.organization, call.payment, was.standing, &is)).await
    }
}

/// The header of a webhook's signature.
const SIGNATURE: &str = "hp-signature";

fn down(_: impl std::error::Error) -> NoAnswer {
    NoAnswer("the sandbox cannot be reached".to_owned())
}

/// One that nothing was tried with.
fn open(call: &Call) -> Sandboxed {
    Sandboxed {
        amount: call.amount.minor(),
        standing: Standing::Open,
        becomes: None,
        authorized: 0,
        captured: 0,
        charges: 0,
        token: String::new(),
        attempt: 0,
        refunds: Map::new(),
    }
}

/// With another standing, and the money that goes with it.
fn is_now(was: &Sandboxed, standing: Standing, captures_later: bool) -> Sandboxed {
    let standing = match standing {
        Standing::Captured if captures_later => Standing::Authorized,
        standing => standing,
    };
    let (authorized, captured, charge) = match standing {
        Standing::Captured => (was.amount, was.amount, 1),
        Standing::Authorized => (was.amount, 0, 0),
        _ => (was.authorized, was.captured, 0),
    };
    let charges = was.charges.saturating_add(charge);
    Sandboxed { standing, becomes: None, authorized, captured, charges, ..was.clone() }
}

fn said(call: &Call, is: &Sandboxed) -> Said {
    let asks = is.standing == Standing::ActionRequired;
    let declines = is.standing == Standing::Declined;
    Said {
        reference: Some(format!("sandbox_{}", call.payment)),
        report: Report { standing: is.standing, amount: is.amount, authorized: is.authorized, captured: is.captured },
        action: asks.then(|| BuyerAction::Url(format!("https://sandbox.invalid/actions/{}", call.payment))),
        declined_for: declines.then(|| "card_declined".to_owned()),
    }
}

impl Provider for Sandbox<'_> {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn create<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.fetch(call)
    }

    fn confirm<'a>(&'a self, call: &'a Call, means: &'a Means, attempt: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.count();
        Box::pin(async move {
            let script = script(&means.token);
            let begun = Sandboxed { token: means.token.clone(), attempt, ..open(call) };
            let of = |standing| is_now(&begun, standing, call.captures_later);
            let is = match script {
                Script::TimesOut => return Err(NoAnswer("it timed out".to_owned())),
                Script::Succeeds | Script::LosesAnswer | Script::RefusesRefunds | Script::TellsFirst => {
                    of(Standing::Captured)
                }
                Script::Declines => of(Standing::Declined),
                Script::Asks(becomes) => Sandboxed { becomes, ..of(Standing::ActionRequired) },
                Script::Processes => Sandboxed { becomes: Some(Standing::Captured), ..of(Standing::Processing) },
                Script::TakesMore => {
                    let amount = begun.amount.saturating_add(1);
                    is_now(&Sandboxed { amount, ..begun.clone() }, Standing::Captured, call.captures_later)
                }
            };
            let is = self.done(call, sandbox::attempt(self.organization, call.payment, &is)).await?;
            if script == Script::TellsFirst {
                self.tell(call).await;
                self.tell(call).await;
            }
            match script {
                Script::LosesAnswer => Err(NoAnswer("the answer was lost".to_owned())),
                _ => Ok(said(call, &is)),
            }
        })
    }

    fn capture<'a>(&'a self, call: &'a Call, amount: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.count();
        Box::pin(async move {
            let Some(was) = self.known(call).await? else { return Ok(said(call, &open(call))) };
            if was.standing != Standing::Authorized {
                return Ok(said(call, &was));
            }
            let charges = was.charges.saturating_add(1);
            let is = Sandboxed { standing: Standing::Captured, captured: amount, charges, ..was.clone() };
            Ok(said(call, &self.done(call, sandbox::turn(self.organization, call.payment, was.standing, &is)).await?))
        })
    }

    fn void<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.count();
        Box::pin(async move {
            match self.known(call).await? {
                // Nothing was tried, and nothing is to come any more: an attempt that is late finds it ended.
                None => {
                    let ended = Sandboxed { standing: Standing::Cancelled, ..open(call) };
                    Ok(said(call, &self.done(call, sandbox::attempt(self.organization, call.payment, &ended)).await?))
                }
                Some(was) => match was.standing {
                    Standing::Captured | Standing::Cancelled | Standing::Processing => Ok(said(call, &was)),
                    _ => Ok(said(call, &self.turned(call, &was, Standing::Cancelled).await?)),
                },
            }
        })
    }

    fn refund<'a>(
        &'a self,
        call: &'a Call,
        refund: RefundId,
        amount: i64,
    ) -> BoxFuture<'a, Result<RefundSaid, NoAnswer>> {
        self.count();
        Box::pin(async move {
            let failed = |why: &str| {
                Ok(RefundSaid { state: RefundState::Failed, reference: None, failed_for: Some(why.to_owned()) })
            };
            let Some(was) = self.known(call).await? else { return failed("no_such_payment") };
            if script(&was.token) == Script::RefusesRefunds {
                return failed("refund_refused");
            }
            let others = was.refunds.iter().filter(|(id, _)| **id != refund.to_string());
            let sum = others.filter_map(|(_, amount)| Value::as_i64(amount)).fold(0, i64::saturating_add);
            if was.captured.saturating_sub(sum) < amount {
                return failed("charge_already_refunded");
            }
            self.done(call, sandbox::refund(self.organization, call.payment, refund, amount)).await?;
            let reference = Some(format!("sandbox_{refund}"));
            Ok(RefundSaid { state: RefundState::Succeeded, reference, failed_for: None })
        })
    }

    fn fetch<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.count();
        Box::pin(async move {
            let is = match self.known(call).await? {
                None => open(call),
                Some(was) => match was.becomes {
                    Some(becomes) => self.turned(call, &was, becomes).await?,
                    None => was,
                },
            };
            Ok(said(call, &is))
        })
    }

    fn parse_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Told, NotAuthentic> {
        let signed = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        signature::verify(signed, body, &self.webhook_secret, now)?;
        let event: Value = serde_json::from_slice(body).map_err(|_| NotAuthentic::Body)?;
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let (id, kind) = text("id").zip(text("type")).ok_or(NotAuthentic::Body)?;
        Ok(Told {
            event: id.to_owned(),
            name: kind.to_owned(),
            payment: text("paymentId").and_then(|id| id.parse().ok()),
            refund: None,
        })
    }
}
