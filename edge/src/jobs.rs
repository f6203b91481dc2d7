//! What is to be done from time to time, whichever clock calls: a Worker's cron, `hp dev`'s own.

mod leftovers;

pub use leftovers::Leftovers;

use headlesspro_shared::kernel::time::Timestamp;

use crate::app::App;
use crate::failure::Unavailable;
use crate::port::clock::Clock;
use crate::port::sql::{Commit, Committed, Rows, Sql};
use crate::{catalog, media, notifications, payments, pricing, products, promotions};

/// Does what is due. What fails is logged, and done by a later run.
pub async fn run_due(app: &App) {
    // Before all else: somebody waits for it, and stock is held.
    match payments::sweep_all(app).await {
        Ok(done) if done.seen == 0 => {}
        Ok(done) => log::info!("payments: {} seen, {} decided, {} failed", done.seen, done.decided, done.failed),
        Err(error) => log::error!("payments: {error}"),
    }
    // What a CDN shows meanwhile is old.
    match catalog::send_purges(app).await {
        Ok(done) if done.sent == 0 && done.postponed == 0 && done.failed == 0 => {}
        Ok(done) => log::info!("purges: {} sent, {} postponed, {} given up", done.sent, done.postponed, done.failed),
        Err(error) => log::error!("purges: {error}"),
    }
    match notifications::deliver_all(app).await {
        Ok(done) if done.sent == 0 && done.postponed == 0 && done.failed == 0 => {}
        Ok(done) => log::info!("mail: {} sent, {} postponed, {} given up", done.sent, done.postponed, done.failed),
        Err(error) => log::error!("mail: {error}"),
    }
    match media::remove_all(app).await {
        Ok(done) if done.removed == 0 && done.postponed == 0 => {}
        Ok(done) => log::info!("files: {} removed, {} postponed", done.removed, done.postponed),
        Err(error) => log::error!("files: {error}"),
    }
    match products::sweep_all(app).await {
        Ok(done) if done.removed == 0 && !done.is_cut_short => {}
        Ok(done) => log::info!("bulk upserts that are over: {} rows removed", done.removed),
        Err(error) => log::error!("bulk upserts: {error}"),
    }
    for leftovers in [pricing::DELETED_LISTS, promotions::DELETED] {
        leftovers.remove_all(app).await;
    }
    // Last: nothing else waits for it.
    match catalog::fill_lists(app).await {
        Ok(done) if done.commits == 0 => {}
        Ok(done) => log::info!("lists: {} commits, {} ready", done.commits, done.filled),
        Err(error) => log::error!("lists: {error}"),
    }
}

/// The rows of a commit that nothing refuses: what a job writes has no guards.
///
/// # Errors
/// [`Unavailable`] when the database does not answer, or refuses.
pub async fn committed(sql: &dyn Sql, commit: &Commit) -> Result<Vec<Rows>, Unavailable> {
    match sql.commit(commit).await? {
        Committed::Done { rows, .. } => Ok(rows),
        Committed::Refused { refusal, .. } => Err(Unavailable::corrupt(format!("a commit was refused: {refusal:?}"))),
    }
}

/// Whether what was started then has used up its time, in milliseconds. So it has where the clock was put back.
pub fn is_over(clock: &dyn Clock, started: Timestamp, millis: i64) -> bool {
    !clock.now().millis_since(started).is_some_and(|elapsed| (0..millis).contains(&elapsed))
}
