//! What a storefront is shown, with what a write needs to know to take it back where it is kept.

use std::sync::Arc;
use std::time::Duration;

use headlesspro_shared::identity::RecordId;
use headlesspro_shared::kernel::id::StoreId;
use headlesspro_shared::kernel::time::Timestamp;

use super::store;
use crate::app::{Ctx, Tenant};
use crate::failure::Failure;
use crate::port::clock::Clock;
use crate::port::purger::CachePurger;
use crate::port::sql::{Commit, Rows};

/// An answer put together from stored pieces, with what it was made of.
pub struct Answer {
    pub json: String,
    /// What a write names that changes it: see [`Touched`].
    pub tags: Vec<String>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Of the one product that it shows, for grants that are narrowed to records.
    pub record: Option<RecordId>,
    /// Where what was asked for is now, by another name.
    pub moved_to: Option<String>,
}

/// An answer, or that there is none, with the catalog's version that said so.
pub struct Read {
    pub version: i64,
    /// Until when at most it is so without a write: then something is published, or is so no more.
    pub turn: Option<Timestamp>,
    pub answer: Option<Answer>,
}

/// What a commit changed of what is shown.
#[derive(Debug, Default)]
pub struct Touched {
    /// Whose own answers, and the lists that have them, are others now.
    pub products: Vec<String>,
    /// Whether lists may have other products, or others first.
    pub lists: bool,
    /// Whether something may have been sold out, or is there again.
    pub stock: bool,
    pub categories: bool,
}

impl Touched {
    /// Categories with these ids were written, and so was where products stand.
    pub fn of_categories(ids: Vec<String>) -> Touched {
        // The answers that name them are taken back as those are that show products.
        Touched { products: ids, lists: true, stock: false, categories: true }
    }

    fn tags(self, store: StoreId) -> Vec<String> {
        let of_store = [
            (self.lists, lists_tag as fn(StoreId) -> String),
            (self.stock, stock_tag),
            (self.categories, categories_tag),
        ];
        let of_store = of_store.into_iter().filter(|(is_touched, _)| *is_touched).map(|(_, tag)| tag(store));
        self.products.into_iter().chain(of_store).collect()
    }
}

/// Takes back what a CDN shows, after the response. A CDN that does not hear of it shows it until its time is over, two
/// minutes at most.
async fn purge(cdn: &dyn CachePurger, clock: &dyn Clock, tags: Vec<String>) {
    const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(2)];
    for pause in PAUSES {
        if cdn.purge(tags.clone()).await.is_ok() {
            return;
        }
        clock.sleep(pause).await;
    }
    let count = tags.len();
    if let Err(error) = cdn.purge(tags).await {
        log::warn!("{count} tags are not taken back from the CDN: {error}");
    }
}

/// Of every list of products.
pub fn lists_tag(store: StoreId) -> String {
    format!("products-{store}")
}

/// Of lists that are narrowed by what is in stock.
pub fn stock_tag(store: StoreId) -> String {
    format!("stock-{store}")
}

/// Of every list of categories.
pub fn categories_tag(store: StoreId) -> String {
    format!("categories-{store}")
}

/// Has a commit raise the catalog's version, and answers the number of the statement, for [`written`].
pub fn advance(commit: &mut Commit, tenant: Tenant) -> usize {
    commit.push(store::advance(tenant))
}

/// To be called when a commit is done that was given to [`advance`]: takes back what is shown of what it `touched`, and
/// tells the client the version.
///
/// # Errors
/// [`Failure::Unavailable`] when the commit answered something else than a version.
pub fn written<E>(ctx: &Ctx, rows: &[Rows], advance: usize, touched: Touched) -> Result<(), Failure<E>> {
    let version = store::version_of(rows.get(advance))?;
    let store = ctx.tenant().store;
    let tags = touched.tags(store);
    ctx.app().answers().0.purge(store, &tags, version);
    ctx.spent().tell_catalog_version(version);
    if let Some(cdn) = ctx.app().cdn() {
        let (cdn, clock) = (Arc::clone(cdn), Arc::clone(&ctx.app().clock));
        ctx.later(async move { purge(&*cdn, &*clock, tags).await });
    }
    Ok(())
}
