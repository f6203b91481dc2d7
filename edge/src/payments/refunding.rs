//! Giving money back: what is asked for is kept first, then asked of the provider, then what came of it.

use headlesspro_shared::kernel::id::{OrderId, OrderLineId, RefundId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::payments::{RefundState, portion, refundable};

use super::desk::Desk;
use super::moving::{MoveError, Outcome, rejected};
use super::providers::{Provider, RefundSaid};
use super::store::payment::{self, Payment};
use super::store::refund::{self as store, Basis, Refund, RefundedLine};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, Claim};
use crate::orders;
use crate::port::sql::{Commit, Committed, Rows};

/// When a refund that nobody has heard of is asked for again, in milliseconds.
const ASK_AGAIN_MILLIS: i64 = 60 * 1_000;

/// What is to be given back.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Units of lines, each line once.
    pub lines: Vec<(OrderLineId, i64)>,
    pub shipping: Option<Money>,
    /// Beside them.
    pub amount: Option<Money>,
    pub reason: Option<String>,
}

/// A refund that was asked for, or the same again.
pub struct Asked {
    pub refund: Refund,
    pub is_replay: bool,
}

/// The refunds of an order, the oldest first.
pub async fn list(ctx: &Ctx, order: OrderId) -> Outcome<Vec<Refund>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::list(tenant, order, None), orders::document(tenant, order)]).await?;
    orders::reached(ctx, order, rows.get(1)).await?;
    Ok(rows.first().map(store::refunds_of).transpose()?.unwrap_or_default())
}

/// Gives back what is wanted of an order: all that is left of its payment, where nothing is said.
pub async fn refund(ctx: &Ctx, order: OrderId, wanted: &Wanted, claim: &Claim) -> Outcome<Asked> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_refund(&ctx, order, wanted, claim).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::Unavailable(Unavailable::Contended))
}

async fn try_refund(ctx: &Ctx, order: OrderId, wanted: &Wanted, claim: &Claim) -> Outcome<Asked> {
    let tenant = ctx.tenant();
    let rows = ctx
        .read(vec![
            payment::of_order(tenant, order),
            orders::document(tenant, order),
            store::basis(tenant, order),
            journal::idempotency_record(tenant, &claim.key),
            store::list(tenant, order, None),
        ])
        .await?;
    orders::reached(ctx, order, rows.get(1)).await?;
    if let Some(asked) = replayed(claim, rows.get(3), rows.get(4))? {
        return Ok(asked);
    }
    let payment = payment::payment_of(rows.first())?.ok_or(Failure::Rejected(MoveError::NoPayment))?;
    let basis = rows.get(2).map(store::basis_of).transpose()?.unwrap_or_default();
    let desk = Desk::of(ctx).await?;
    let provider = desk.provider(&payment)?;
    let refund = planned(&desk, &payment, &basis, wanted, &*provider)?;
    let mut commit = begun(&desk, &payment, &refund)?;
    let location = location(&refund);
    commit.push(journal::record(tenant, claim, 201, &location, &refund.id.to_string(), ctx.now));
    commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    commit.push_diagnosis(store::list(tenant, order, None));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        Committed::Refused { refusal, diagnosis, .. } => {
            if let Some(asked) = replayed(claim, diagnosis.first(), diagnosis.get(1))? {
                return Ok(asked);
            }
            let beyond = ["REFUND_BEYOND_PAYMENT", "REFUND_BEYOND_LINES", "REFUND_BEYOND_SHIPPING"];
            return if beyond.iter().any(|word| refusal.is_raised(word)) {
                rejected(MoveError::Changing)
            } else {
                Err(Unavailable::corrupt(format!("a refund was refused: {refusal:?}")).into())
            };
        }
    }
    let refund = ask(&desk, &payment, refund, &*provider).await?;
    Ok(Asked { refund, is_replay: false })
}

pub fn location(refund: &Refund) -> String {
    format!("/api/v1/orders/{}/refunds", refund.order)
}

/// The refund that was asked for with the same key, as it stands by now. What is kept of the answer is its id.
fn replayed(claim: &Claim, recorded: Option<&Rows>, refunds: Option<&Rows>) -> Outcome<Option<Asked>> {
    let Some(first) = journal::replay(Some(claim), recorded)? else { return Ok(None) };
    let id = first.body;
    let found = refunds.map(store::refunds_of).transpose()?.unwrap_or_default();
    let found = found.into_iter().find(|refund| refund.id.to_string() == id);
    let refund = found.ok_or_else(|| Unavailable::corrupt("a refund that was answered is not there"))?;
    Ok(Some(Asked { refund, is_replay: true }))
}

fn planned(
    desk: &Desk<'_>,
    payment: &Payment,
    basis: &[Basis],
    wanted: &Wanted,
    provider: &dyn Provider,
) -> Outcome<Refund> {
    let currency = payment.amount.currency();
    let zero = Money::zero(currency);
    for (path, money) in [("shipping", wanted.shipping), ("amount", wanted.amount)] {
        if money.is_some_and(|money| money.currency() != currency) {
            return rejected(MoveError::Currency { path, currency });
        }
    }
    let mut lines = Vec::with_capacity(wanted.lines.len());
    for (at, (id, quantity)) in wanted.lines.iter().enumerate() {
        let Some(of) = basis.iter().find(|basis| basis.line == *id) else {
            return rejected(MoveError::NoSuchLine { at });
        };
        let Some(amount) = portion(of.gross, of.quantity, of.refunded, *quantity) else {
            let remaining = of.quantity.saturating_sub(of.refunded);
            return rejected(MoveError::TooManyUnits { at, remaining });
        };
        lines.push(RefundedLine { line_id: *id, quantity: *quantity, amount });
    }
    let shipping = wanted.shipping.unwrap_or(zero);
    let parts = lines.iter().map(|line| line.amount).chain([shipping.minor()]);
    let sum = parts.chain(wanted.amount.map(Money::minor)).try_fold(0_i64, i64::checked_add);
    let says = !lines.is_empty() || wanted.shipping.is_some() || wanted.amount.is_some();
    let sum = says.then_some(sum.unwrap_or(i64::MAX));
    let amount = refundable(&payment.sums, payment.refunding, sum, provider.capabilities());
    let amount = amount.map_err(|why| Failure::Rejected(MoveError::not_movable("refund", payment, &*provider, why)))?;
    Ok(Refund {
        id: desk.new_id()?,
        order: payment.order,
        payment: payment.id,
        amount: Money::new(amount, currency),
        shipping,
        lines,
        reason: wanted.reason.clone(),
        state: RefundState::Pending,
        failed_for: None,
        reference: None,
        created_at: desk.now,
        updated_at: desk.now,
    })
}

/// The commit of a refund that is still to be asked for.
fn begun(desk: &Desk<'_>, payment: &Payment, refund: &Refund) -> Result<Commit, Unavailable> {
    let mut commit = Commit::new();
    commit.push(store::insert(desk.tenant, refund, again(desk.now)));
    let change = Change::new("order.refund", refund.order)
        .has("refundId", refund.id.to_string().into())
        .has("amount", refund.amount.amount_text().into())
        .has("currency", refund.amount.currency().code().into())
        .has("reason", refund.reason.clone().into());
    desk.audit(&mut commit, payment, change)?;
    Ok(commit)
}

fn again(now: Timestamp) -> Timestamp {
    now.checked_add_millis(ASK_AGAIN_MILLIS).unwrap_or(now)
}

/// Asks the provider, and keeps what it says. Where it says nothing, the refund waits for the sweeper.
///
/// # Errors
/// [`Unavailable`].
pub async fn ask(
    desk: &Desk<'_>,
    payment: &Payment,
    refund: Refund,
    provider: &dyn Provider,
) -> Result<Refund, Unavailable> {
    match provider.refund(&payment.call(), refund.id, refund.amount.minor()).await {
        Ok(said) => keep(desk, refund, said).await,
        Err(no_answer) => {
            log::warn!("refund {}: {no_answer}", refund.id);
            Ok(refund)
        }
    }
}

/// Keeps what a provider has said of a refund.
async fn keep(desk: &Desk<'_>, refund: Refund, said: RefundSaid) -> Result<Refund, Unavailable> {
    let was = refund.state;
    let mut refund = Refund { state: was.learn(said.state), updated_at: desk.now, ..refund };
    refund.reference = said.reference.or(refund.reference);
    refund.failed_for = said.failed_for;
    if refund.state == was {
        return Ok(refund);
    }
    let mut commit = Commit::new();
    let due_at = Some(again(desk.now)).filter(|_| refund.state == RefundState::Pending);
    commit.push(store::turn(desk.tenant, &refund, due_at, desk.now));
    commit.push(guard_changed());
    commit.push(store::sum_up(desk.tenant, &refund));
    commit.push(orders::follow_payment(desk.tenant, refund.order));
    let event = match refund.state {
        RefundState::Succeeded => "order.refunded",
        RefundState::Pending | RefundState::Failed => "order.refund_failed",
    };
    let payload = [
        ("orderId", refund.order.to_string()),
        ("refundId", refund.id.to_string()),
        ("amount", refund.amount.amount_text()),
        ("currency", refund.amount.currency().to_string()),
    ];
    desk.announce(&mut commit, event, &payload)?;
    commit.push_diagnosis(store::list(desk.tenant, refund.order, Some(refund.id)));
    match desk.commit(&commit).await? {
        Committed::Done { .. } => Ok(refund),
        // Somebody else has kept the same.
        Committed::Refused { diagnosis, .. } => {
            let found = diagnosis.first().map(store::refunds_of).transpose()?.unwrap_or_default();
            found.into_iter().next().ok_or_else(|| Unavailable::corrupt("a refund that was asked for is gone"))
        }
    }
}

/// Asks how a refund of the payment stands, and for it again where nobody knows.
///
/// # Errors
/// [`Unavailable`], also where the provider does not answer.
pub async fn look(desk: &Desk<'_>, payment: &Payment, id: RefundId) -> Result<(), Unavailable> {
    let rows = desk.read(vec![store::list(desk.tenant, payment.order, Some(id))]).await?;
    let Some(refund) = rows.first().map(store::refunds_of).transpose()?.unwrap_or_default().pop() else {
        return Ok(());
    };
    let said = desk.provider(payment)?.refund(&payment.call(), refund.id, refund.amount.minor()).await;
    keep(desk, refund, said.map_err(|no_answer| Unavailable::PaymentProvider(no_answer.0))?).await.map(drop)
}

/// Gives back what is left of a payment whose order is not to be.
///
/// # Errors
/// [`Unavailable`].
pub async fn give_all_back(desk: &Desk<'_>, payment: &Payment, provider: &dyn Provider) -> Result<(), Unavailable> {
    let Ok(refund) = planned(desk, payment, &[], &Wanted::default(), provider) else { return Ok(()) };
    let commit = begun(desk, payment, &refund)?;
    match desk.commit(&commit).await? {
        Committed::Done { .. } => ask(desk, payment, refund, provider).await.map(drop),
        // Somebody else is giving it back.
        Committed::Refused { .. } => Ok(()),
    }
}
