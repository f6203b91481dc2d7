//! Bringing an order that waits for its payment to its end: [`next`] says what is done, and this does it, whoever it is.

use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::orders::{Machine, OrderAction, OrderState, PaymentState};
use headlesspro_shared::payments::{Held, Phase, Standing, Step, next};
use serde_json::{Value, json};

use super::desk::Desk;
use super::providers::{BuyerAction, Means, NoAnswer, Provider, Said};
use super::refunding;
use super::store::payment::{self as store, Attempt, Event, Payment};
use crate::catalog::{Advance, Touched, advance_at, guard_changed, written_at};
use crate::failure::Unavailable;
use crate::journal::Change;
use crate::port::sql::{Commit, Committed, Rows};
use crate::{inventory, ledger, orders, promotions};

/// What nobody should need; who comes to this leaves the rest to the sweeper.
const MOST_STEPS: usize = 16;

/// When somebody looks again at what waits, in milliseconds.
const LOOK_AGAIN_MILLIS: i64 = 60 * 1_000;

/// And at what is authorized, which may lapse.
const AUTHORIZED_MILLIS: i64 = 6 * 60 * 60 * 1_000;

/// What whoever acts brings.
#[derive(Default)]
pub struct Acting {
    /// A means of payment that was not tried yet.
    pub means: Option<Means>,
    /// What the provider has told.
    pub event: Option<Event>,
    /// Whether the merchant wants it ended, paid or not.
    pub calls_off: bool,
}

/// How far it has come.
pub struct Driven {
    pub payment: Payment,
    /// The order after the last commit; `None`: there was none.
    pub document: Option<Rows>,
    /// Why it has not come further.
    pub no_answer: Option<NoAnswer>,
    /// How it stands at the provider, which was asked.
    standing: Option<Standing>,
}

/// Goes on with a payment until there is nothing to do, or others have to.
///
/// # Errors
/// [`Unavailable`]. What was not done is done by whoever comes next.
pub async fn drive(desk: &Desk<'_>, payment: Payment, mut acting: Acting) -> Result<Driven, Unavailable> {
    let mut driven = Driven { payment, document: None, no_answer: None, standing: None };
    if driven.payment.by.is_none() {
        return Ok(driven);
    }
    let provider = desk.provider(&driven.payment)?;
    let mut said: Option<Said> = None;
    for _ in 0..MOST_STEPS {
        let payment = &driven.payment;
        let step = match &said {
            // Whoever was told something looks first.
            None if acting.event.is_some() || acting.calls_off => Step::Fetch,
            said => what_next(payment, said.as_ref(), &acting, desk.now),
        };
        let asked = match step {
            Step::Create | Step::Fetch | Step::Confirm | Step::Cancel => {
                let known = said.as_ref().and_then(|said| said.reference.as_deref());
                ask(&*provider, (payment, known), step, &mut acting.means).await
            }
            Step::Refund => {
                let knows = said.as_ref().is_none_or(|said| payment.sums.learn(&said.report) == payment.sums);
                if !knows && settle(desk, &mut driven, said.as_ref(), Step::Note, &mut acting).await? {
                    continue;
                }
                let payment = &driven.payment;
                refunding::give_all_back(desk, payment, &*provider).await?;
                if payment.order_state != OrderState::Pending {
                    return Ok(driven);
                }
                // What is given back pays for nothing any more.
                if !settle(desk, &mut driven, said.as_ref(), Step::Release, &mut acting).await? {
                    return Ok(driven);
                }
                continue;
            }
            Step::Advance | Step::Release | Step::Note | Step::Wait | Step::Mismatch | Step::Done => {
                if settle(desk, &mut driven, said.as_ref(), step, &mut acting).await? {
                    continue;
                }
                return Ok(driven);
            }
        };
        match asked {
            Ok(answer) => {
                driven.standing = Some(answer.report.standing);
                said = Some(answer);
            }
            Err(no_answer) => {
                log::warn!("payment {}: {no_answer}", driven.payment.id);
                driven.no_answer = Some(no_answer);
                return Ok(driven);
            }
        }
    }
    Ok(driven)
}

impl Driven {
    /// Whether the buyer may try another means of payment.
    pub fn is_triable(&self, desk: &Desk<'_>) -> bool {
        let is_in_time = self.payment.ends_at.is_some_and(|ends_at| desk.now < ends_at);
        let waits = matches!(self.standing, Some(Standing::Open | Standing::Declined));
        is_in_time && waits && self.payment.order_state == OrderState::Pending && self.payment.review.is_none()
    }
}

/// Keeps what a provider has said of a payment whose order is decided.
///
/// # Errors
/// [`Unavailable`].
pub async fn keep(desk: &Desk<'_>, payment: Payment, said: &Said) -> Result<Driven, Unavailable> {
    let mut driven = Driven { payment, document: None, no_answer: None, standing: Some(said.report.standing) };
    for _ in 0..MOST_STEPS {
        if !settle(desk, &mut driven, Some(said), Step::Note, &mut Acting::default()).await? {
            return Ok(driven);
        }
    }
    Err(Unavailable::Contended)
}

fn what_next(payment: &Payment, said: Option<&Said>, acting: &Acting, now: Timestamp) -> Step {
    let held = Held {
        phase: phase(payment.order_state),
        amount: payment.amount.minor(),
        is_known: payment.reference.is_some(),
        ends_at: payment.ends_at.unwrap_or(now),
        has_means: acting.means.is_some(),
        awaits_capture: payment.sums.state() == PaymentState::Authorized,
    };
    let report = said.map(|said| &said.report);
    match report.map(|report| report.standing) {
        Some(Standing::Captured) if acting.calls_off && held.phase == Phase::Pending => Step::Refund,
        Some(Standing::Open | Standing::Declined | Standing::ActionRequired | Standing::Authorized)
            if acting.calls_off && held.phase == Phase::Pending =>
        {
            Step::Cancel
        }
        _ => next(&held, report, now),
    }
}

const fn phase(order: OrderState) -> Phase {
    match order {
        OrderState::Pending => Phase::Pending,
        OrderState::Cancelled => Phase::Released,
        OrderState::Confirmed
        | OrderState::Processing
        | OrderState::Fulfilled
        | OrderState::Completed
        | OrderState::Returned => Phase::Advanced,
    }
}

async fn ask(
    provider: &dyn Provider,
    (payment, known): (&Payment, Option<&str>),
    step: Step,
    means: &mut Option<Means>,
) -> Result<Said, NoAnswer> {
    let mut call = payment.call();
    call.reference = call.reference.or_else(|| known.map(str::to_owned));
    match (step, means.take_if(|_| step == Step::Confirm)) {
        (Step::Confirm, Some(means)) => provider.confirm(&call, &means, payment.attempts).await,
        (Step::Cancel, _) => provider.void(&call).await,
        (Step::Fetch, _) if call.reference.is_some() => provider.fetch(&call).await,
        _ => provider.create(&call).await,
    }
}

/// Commits what was learned, and what becomes of the order. Whether somebody else was quicker, and it is to be looked at
/// anew.
async fn settle(
    desk: &Desk<'_>,
    driven: &mut Driven,
    said: Option<&Said>,
    step: Step,
    acting: &mut Acting,
) -> Result<bool, Unavailable> {
    let was = &driven.payment;
    let is = learned(was, said, step, desk.now);
    let action = match (phase(was.order_state), step) {
        (Phase::Pending, Step::Advance) => Some(OrderAction::Confirm),
        (Phase::Pending, Step::Release) => Some(OrderAction::Cancel),
        _ => None,
    };
    let order = match action {
        Some(action) => was.order_state.next(action).unwrap_or(was.order_state),
        None => was.order_state,
    };
    let has_news = said.is_some_and(|said| said.action.is_some() || said.declined_for.is_some());
    let is_same = (is.state, is.sums, &is.reference, &is.review, order)
        == (was.state, was.sums, &was.reference, &was.review, was.order_state);
    if is_same && !has_news {
        if let Some(event) = acting.event.take() {
            let mut commit = Commit::new();
            commit.push(store::hear(desk.tenant, &event, desk.now));
            desk.commit(&commit).await?;
        }
        return Ok(false);
    }
    let mut commit = Commit::new();
    commit.push(store::learn(desk.tenant, &is));
    let guard = commit.push(guard_changed());
    if let Some(attempt) = said.and_then(|said| attempt(&is, said)) {
        commit.push(store::turn_attempt(desk.tenant, is.id, &attempt, desk.now));
    }
    let advance = match action {
        Some(OrderAction::Cancel) => Some(release(desk, &mut commit, &is).await?),
        _ => None,
    };
    let patch = patch(&is, said, order);
    commit.push(orders::turn(desk.tenant, is.order, order, is.state, &patch));
    tell(desk, &mut commit, was, &is, action)?;
    if let Some(event) = &acting.event {
        commit.push(store::hear(desk.tenant, event, desk.now));
    }
    commit.push_after(orders::document(desk.tenant, is.order));
    match desk.commit(&commit).await? {
        Committed::Done { rows, after } => {
            if let Some(advance) = &advance {
                written_at(desk.app, desk.tenant, &rows, advance).await?;
            }
            acting.event = None;
            driven.document = after.into_iter().next();
            driven.payment = Payment { version: is.version.saturating_add(1), order_state: order, ..is };
            Ok(false)
        }
        Committed::Refused { statement, .. } if statement == guard => {
            let rows = desk.read(vec![store::of_order(desk.tenant, was.order)]).await?;
            driven.payment = store::payment_of(rows.first())?
                .ok_or_else(|| Unavailable::corrupt("a payment that was there is gone"))?;
            Ok(true)
        }
        Committed::Refused { refusal, .. } => {
            Err(Unavailable::corrupt(format!("a payment's commit was refused: {refusal:?}")))
        }
    }
}

/// The payment with what was said of it.
fn learned(was: &Payment, said: Option<&Said>, step: Step, now: Timestamp) -> Payment {
    let mut is = was.clone();
    if let Some(said) = said {
        is.sums = was.sums.learn(&said.report);
        is.reference = was.reference.clone().or_else(|| said.reference.clone());
    }
    is.state = is.sums.state();
    if step == Step::Mismatch {
        is.review = Some("amount-mismatch".to_owned());
    }
    let later = |millis| now.checked_add_millis(millis);
    let is_pending = was.order_state == OrderState::Pending;
    is.due_at = match (step, is.state) {
        (Step::Mismatch | Step::Release, _) => None,
        (Step::Wait | Step::Note, _) if is_pending => later(LOOK_AGAIN_MILLIS),
        (_, PaymentState::Authorized) => later(AUTHORIZED_MILLIS),
        _ => None,
    };
    is
}

fn attempt(payment: &Payment, said: &Said) -> Option<Attempt> {
    let state = match said.report.standing {
        Standing::Open => return None,
        Standing::Declined => "declined",
        Standing::ActionRequired => "action",
        Standing::Processing => "processing",
        Standing::Authorized | Standing::Captured => "succeeded",
        Standing::Cancelled => "ended",
    };
    (0 < payment.attempts).then(|| Attempt { number: payment.attempts, state, declined_for: said.declined_for.clone() })
}

/// What changes of the order as it is shown (RFC 7396).
fn patch(payment: &Payment, said: Option<&Said>, order: OrderState) -> Value {
    let is_pending = order == OrderState::Pending;
    let action = said.and_then(|said| said.action.as_ref()).filter(|_| is_pending);
    let action = action.map(|action| match action {
        BuyerAction::Url(url) => json!({ "url": url, "clientSecret": null }),
        BuyerAction::ClientSecret(secret) => json!({ "url": null, "clientSecret": secret }),
    });
    let declined = said.and_then(|said| said.declined_for.as_ref());
    json!({
        "state": order.to_string(),
        "paymentState": payment.state.to_string(),
        "payment": {
            "state": payment.state.to_string(),
            "action": action,
            "declinedFor": declined,
            "review": payment.review,
            "payableUntil": payment.ends_at.filter(|_| is_pending).map(|at| at.to_string()),
        },
    })
}

/// What is told of a change.
fn tell(
    desk: &Desk<'_>,
    commit: &mut Commit,
    was: &Payment,
    is: &Payment,
    action: Option<OrderAction>,
) -> Result<(), Unavailable> {
    let (event, change) = match action {
        Some(OrderAction::Confirm) => ("order.confirmed", "order.confirm"),
        Some(_) => ("order.cancelled", "order.cancel"),
        None if was.review != is.review => ("order.payment_review", "order.payment-review"),
        None if was.state != is.state => ("order.payment_changed", "order.payment-change"),
        None => return Ok(()),
    };
    let payload =
        [("orderId", is.order.to_string()), ("paymentId", is.id.to_string()), ("paymentState", is.state.to_string())];
    desk.announce(commit, event, &payload)?;
    let change =
        Change::new(change, is.order).turned("paymentState", was.state.to_string().into(), is.state.to_string().into());
    desk.audit(commit, is, change)?;
    Ok(())
}

/// Gives back what the order holds.
async fn release(desk: &Desk<'_>, commit: &mut Commit, payment: &Payment) -> Result<Advance, Unavailable> {
    let (tenant, order) = (desk.tenant, payment.order);
    let rows = desk.read(vec![orders::products(tenant, order)]).await?;
    let products = rows.first().map(orders::products_of).transpose()?.unwrap_or_default();
    for statement in inventory::release(tenant, order, desk.now) {
        commit.push(statement);
    }
    let touched = Touched { products, stock: true, ..Touched::default() };
    let advance = advance_at(desk.app, tenant, desk.now, commit, touched)?;
    commit.push(ledger::give_back(tenant, order, desk.new_id()?, desk.now));
    commit.push(promotions::give_back(tenant, order));
    Ok(advance)
}
