//! What nobody else has gone on with: orders that wait for their payment, authorizations that may have lapsed, refunds that
//! nobody has heard of.

use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::orders::OrderState;

use super::deciding::{Acting, drive};
use super::desk::Desk;
use super::refunding;
use super::store::payment::{self, Payment};
use super::store::refund;
use crate::app::App;
use crate::failure::Unavailable;
use crate::jobs::{committed, is_over};
use crate::port::sql::{Commit, Sql};

/// That one run looks at in a database; the rest is the next run's, a minute later.
const MOST: i64 = 500;

/// None is begun after this, in milliseconds: hosts give a run 30 s.
const BUDGET: i64 = 15_000;

/// When one that could not be gone on with is looked at again, in milliseconds.
const AGAIN: i64 = 60_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Orders that were decided.
    pub decided: u64,
    /// Payments and refunds that were looked at.
    pub seen: u64,
    pub failed: u64,
}

/// Goes on with all that is due, in every database.
///
/// # Errors
/// [`Unavailable`] when a database does not answer.
pub async fn sweep_all(app: &App) -> Result<Swept, Unavailable> {
    let (started, mut swept) = (app.clock.now(), Swept::default());
    for (_, sql) in app.databases.all() {
        let rows = sql.read_current(vec![payment::due(started, MOST), refund::due(started, MOST)]).await?;
        for due in rows.first().map(payment::due_of).transpose()?.unwrap_or_default() {
            if is_over(&*app.clock, started, BUDGET) {
                return Ok(swept);
            }
            let desk = Desk::of_nobody(app, due.tenant, "sweeper", None);
            swept.seen = swept.seen.saturating_add(1);
            match sweep(&desk, &**sql, &due).await {
                Ok(true) => swept.decided = swept.decided.saturating_add(1),
                Ok(false) => {}
                Err(error) => {
                    log::error!("payment of {}: {error}", due.order);
                    swept.failed = swept.failed.saturating_add(1);
                }
            }
        }
        for due in rows.get(1).map(refund::due_of).transpose()?.unwrap_or_default() {
            if is_over(&*app.clock, started, BUDGET) {
                return Ok(swept);
            }
            let desk = Desk::of_nobody(app, due.tenant, "sweeper", None);
            swept.seen = swept.seen.saturating_add(1);
            if let Err(error) = ask_again(&desk, &**sql, &due).await {
                log::error!("{}: {error}", due.refund);
                swept.failed = swept.failed.saturating_add(1);
            }
        }
    }
    Ok(swept)
}

/// Whether its order is decided with that.
async fn sweep(desk: &Desk<'_>, sql: &dyn Sql, due: &payment::Due) -> Result<bool, Unavailable> {
    let rows = desk.read(vec![payment::of_order(desk.tenant, due.order)]).await?;
    let Some(found) = payment::payment_of(rows.first())? else { return Ok(false) };
    let (was_pending, at) = (found.order_state == OrderState::Pending, found.due_at);
    let (seen, driven) = (found.clone(), drive(desk, found, Acting::default()).await);
    let is = driven.as_ref().map_or(&seen, |driven| &driven.payment);
    if is.due_at.is_some() && is.due_at <= at {
        postpone(desk, sql, is).await?;
    }
    Ok(was_pending && driven?.payment.order_state != OrderState::Pending)
}

/// Nobody waits for one that is looked at every time and never comes further. It is looked at in the moment in which the
/// buyer's time is over.
async fn postpone(desk: &Desk<'_>, sql: &dyn Sql, payment: &Payment) -> Result<(), Unavailable> {
    let later = desk.now.checked_add_millis(AGAIN).unwrap_or(desk.now);
    let end = payment.ends_at.filter(|ends_at| desk.now < *ends_at);
    let later = end.map_or(later, |end| end.min(later));
    let mut commit = Commit::new();
    commit.push(payment::postpone(desk.tenant, payment, later));
    committed(sql, &commit).await.map(drop)
}

async fn ask_again(desk: &Desk<'_>, sql: &dyn Sql, due: &refund::Due) -> Result<(), Unavailable> {
    let later: Timestamp = desk.now.checked_add_millis(AGAIN).unwrap_or(desk.now);
    let mut commit = Commit::new();
    commit.push(refund::postpone(desk.tenant, due.refund, later));
    committed(sql, &commit).await?;
    let rows = desk.read(vec![payment::of_order(desk.tenant, due.order)]).await?;
    let Some(payment) = payment::payment_of(rows.first())? else { return Ok(()) };
    refunding::look(desk, &payment, due.refund).await
}
