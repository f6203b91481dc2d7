//! What the merchant does with a payment, and how a buyer goes on with one.

use headlesspro_shared::kernel::id::{CheckoutId, OrderId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::orders::OrderState;
use headlesspro_shared::payments::{Action, NotMovable, Standing, allowed, capturable, voidable};

use super::deciding::{Acting, Driven, drive, keep};
use super::desk::Desk;
use super::providers::{Means, Provider, Said};
use super::store::payment::{self as store, Payment};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::orders;
use crate::port::sql::{Commit, Committed};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveError {
    /// Gift cards and store credit have paid for all of it.
    NoPayment,
    NotMovable {
        action: &'static str,
        why: NotMovable,
        /// What may be done with it instead.
        allowed: Vec<Action>,
        currency: Currency,
    },
    /// The provider has not done it.
    Refused,
    /// Nobody knows whether the provider has done it.
    NoAnswer,
    /// A field is of another currency than the payment.
    Currency {
        path: &'static str,
        currency: Currency,
    },
    NoSuchLine {
        at: usize,
    },
    /// Of a line, less is left.
    TooManyUnits {
        at: usize,
        remaining: i64,
    },
    /// Others are changing the same.
    Changing,
}

impl MoveError {
    pub fn not_movable(action: &'static str, payment: &Payment, provider: &dyn Provider, why: NotMovable) -> MoveError {
        let allowed = allowed(&payment.sums, payment.refunding, provider.capabilities());
        MoveError::NotMovable { action, why, allowed, currency: payment.amount.currency() }
    }
}

pub type Outcome<T> = Result<T, Failure<MoveError>>;

pub fn rejected<T>(error: MoveError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

async fn found(ctx: &Ctx, order: OrderId) -> Outcome<Payment> {
    let ctx = &ctx.clone().reading_what_is_current();
    let rows = ctx.read(vec![store::of_order(ctx.tenant(), order), orders::document(ctx.tenant(), order)]).await?;
    orders::reached(ctx, order, rows.get(1)).await?;
    store::payment_of(rows.first())?.ok_or(Failure::Rejected(MoveError::NoPayment))
}

/// Captures what was authorized: all of it, or less.
pub async fn capture(ctx: &Ctx, order: OrderId, amount: Option<Money>) -> Outcome<String> {
    let payment = found(ctx, order).await?;
    let currency = payment.amount.currency();
    if amount.is_some_and(|amount| amount.currency() != currency) {
        return rejected(MoveError::Currency { path: "amount", currency });
    }
    let desk = Desk::of(ctx).await?;
    let provider = desk.provider(&payment)?;
    let amount = capturable(&payment.sums, amount.map(Money::minor), provider.capabilities());
    let amount =
        amount.map_err(|why| Failure::Rejected(MoveError::not_movable("capture", &payment, &*provider, why)))?;
    let said = provider.capture(&payment.call(), amount).await;
    moved(ctx, &desk, payment, said, Standing::Captured).await
}

/// Ends a payment: one that is authorized, or the one that a pending order waits for, which is called off with it. What such
/// a one has paid meanwhile is given back.
pub async fn void(ctx: &Ctx, order: OrderId) -> Outcome<String> {
    let payment = found(ctx, order).await?;
    let desk = Desk::of(ctx).await?;
    if payment.order_state == OrderState::Pending && payment.by.is_some() {
        let driven = drive(&desk, payment, Acting { calls_off: true, ..Acting::default() }).await?;
        return match (driven.payment.order_state, &driven.no_answer) {
            (OrderState::Cancelled, _) => shown(ctx, order, driven).await,
            (_, Some(_)) => rejected(MoveError::NoAnswer),
            (_, None) => rejected(MoveError::Refused),
        };
    }
    let provider = desk.provider(&payment)?;
    voidable(&payment.sums)
        .map_err(|why| Failure::Rejected(MoveError::not_movable("void", &payment, &*provider, why)))?;
    let said = provider.void(&payment.call()).await;
    moved(ctx, &desk, payment, said, Standing::Cancelled).await
}

/// Keeps what a provider has said of a move.
async fn moved(
    ctx: &Ctx,
    desk: &Desk<'_>,
    payment: Payment,
    said: Result<Said, super::providers::NoAnswer>,
    wanted: Standing,
) -> Outcome<String> {
    let Ok(said) = said else { return rejected(MoveError::NoAnswer) };
    let (order, is_done) = (payment.order, said.report.standing == wanted);
    let driven = keep(desk, payment, &said).await?;
    if is_done { shown(ctx, order, driven).await } else { rejected(MoveError::Refused) }
}

/// The order as it is by now, whole.
pub async fn shown<E>(ctx: &Ctx, order: OrderId, driven: Driven) -> Result<String, Failure<E>> {
    let rows = match driven.document {
        Some(rows) => rows,
        None => {
            let ctx = ctx.clone().reading_what_is_current();
            ctx.read(vec![orders::document(ctx.tenant(), order)]).await?.into_iter().next().unwrap_or_default()
        }
    };
    let found = orders::orders_of(&rows)?;
    let order = found.first().ok_or(Failure::NotFound)?;
    Ok(orders::whole(ctx.app(), ctx.tenant(), order)?)
}

/// Goes on with the payment of the order that a checkout has become: looks how it stands, and tries another means of payment
/// where one is brought and the last was declined.
pub async fn go_on(ctx: &Ctx, checkout: CheckoutId, means: Option<Means>) -> Outcome<String> {
    for _ in 0..MOST_TRIES {
        let ctx = &ctx.clone().reading_what_is_current();
        let rows = ctx.read(vec![store::of_checkout(ctx.tenant(), checkout)]).await?;
        let payment = store::payment_of(rows.first())?.ok_or(Failure::NotFound)?;
        let (desk, order) = (Desk::of(ctx).await?, payment.order);
        let driven = drive(&desk, payment, Acting::default()).await?;
        let Some(means) = means.as_ref().filter(|_| driven.is_triable(&desk)) else {
            return shown(ctx, order, driven).await;
        };
        let number = driven.payment.attempts.saturating_add(1);
        let mut commit = Commit::new();
        commit.push(store::count_attempt(desk.tenant, &driven.payment, number, means.return_url.as_deref()));
        let guard = commit.push(guard_changed());
        commit.push(store::begin_attempt(desk.tenant, driven.payment.id, number, desk.now));
        match desk.commit(&commit).await? {
            Committed::Done { .. } => {}
            Committed::Refused { statement, .. } if statement == guard => continue,
            Committed::Refused { refusal, .. } => {
                return Err(Unavailable::corrupt(format!("an attempt was refused: {refusal:?}")).into());
            }
        }
        let version = driven.payment.version.saturating_add(1);
        let payment = Payment { attempts: number, version, ..driven.payment };
        let acting = Acting { means: Some(means.clone()), ..Acting::default() };
        return shown(ctx, order, drive(&desk, payment, acting).await?).await;
    }
    rejected(MoveError::Changing)
}

/// Of somebody else's at the same time.
const MOST_TRIES: usize = 4;
