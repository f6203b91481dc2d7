//! What is to be done from time to time, whichever clock calls: a Worker's cron, `hp dev`'s own.

use crate::app::App;
use crate::{catalog, media, notifications};

/// Does what is due. What fails is logged, and done by a later run.
pub async fn run_due(app: &App) {
    // First: what a CDN shows meanwhile is old.
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
}
