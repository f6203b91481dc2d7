//! What a storefront is shown, with what a write needs to know to take it back where it is kept.

use std::sync::Arc;

use headlesspro_shared::identity::RecordId;
use headlesspro_shared::kernel::id::{CategoryId, PurgeId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;

use super::{purges, store};
use crate::app::{App, Ctx, Tenant};
use crate::cache::written::tell_written;
use crate::failure::Failure;
use crate::port::entropy::NoEntropy;
use crate::port::sql::{Commit, Rows, SqlError};

/// An answer put together from stored pieces, with what it was made of.
pub struct Answer {
    pub json: String,
    /// What a write names that changes it: see [`Touched`].
    pub tags: Vec<String>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The one product, category or collection that it shows, for grants that are narrowed to records.
    pub record: Option<RecordId>,
    /// Where what was asked for is now, by another name.
    pub moved_to: Option<String>,
}

impl Answer {
    /// That what was asked for is at `to` now, by another name: a path of the API. `member` is that name, of something
    /// with this id, all of which the `json` says.
    pub fn moved(store: StoreId, id: &str, (member, name): (&str, &str), to: String) -> Answer {
        let json = serde_json::json!({ "id": id, member: name }).to_string();
        // Another may take the former name, which touches all of them.
        Answer {
            json,
            tags: vec![id.to_owned(), categories_tag(store)],
            next: None,
            record: id.parse().ok(),
            moved_to: Some(to),
        }
    }
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
    /// The category that was moved, with all that is below it. Which those are, the commit knows: see [`Advance::and`].
    pub below: Option<CategoryId>,
}

impl Touched {
    /// Categories with these ids were written, and so was where products stand.
    pub fn of_categories(ids: Vec<String>) -> Touched {
        // The answers that name them are taken back as those are that show products.
        Touched { products: ids, lists: true, categories: true, ..Touched::default() }
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

/// Of every answer.
pub fn catalog_tag(store: StoreId) -> String {
    format!("catalog-{store}")
}

/// The tags, or where they are more than `most` the one that every answer of the store's has: a CDN takes some hundred
/// tags in one call, and few calls a minute, and a file of products has thousands.
pub fn at_most(most: usize, store: StoreId, tags: Vec<String>) -> Vec<String> {
    if tags.len() <= most { tags } else { vec![catalog_tag(store)] }
}

/// A commit that raises the catalog's version, to be told of when it is done.
#[must_use = "what the commit changes is shown on until it is told of: see `written`"]
pub struct Advance {
    /// The number of the statement that raises the version.
    statement: usize,
    tags: Vec<String>,
    /// What the commit itself keeps for a CDN, where there is one.
    purge: Option<PurgeId>,
}

impl Advance {
    /// The same, of a commit that has told what else it touched.
    pub fn and(mut self, tags: Vec<String>) -> Advance {
        self.tags.extend(tags);
        self
    }

    /// The same, of a commit that others follow: of the last of them a CDN is told right away. It takes few calls a minute,
    /// so that it is told of this one by the job.
    pub fn followed(mut self) -> Advance {
        self.purge = None;
        self
    }
}

/// Has a commit raise the catalog's version, and keep what a CDN is to take back of what it `touched`: it is told of it
/// whatever becomes of this process.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn advance(ctx: &Ctx, commit: &mut Commit, touched: Touched) -> Result<Advance, NoEntropy> {
    advance_at(ctx.app(), ctx.tenant(), ctx.now, commit, touched)
}

/// As [`advance`], of a commit that no request makes.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn advance_at(
    app: &App,
    tenant: Tenant,
    now: Timestamp,
    commit: &mut Commit,
    touched: Touched,
) -> Result<Advance, NoEntropy> {
    let statement = commit.push(store::advance(tenant));
    let below = touched.below;
    let tags = touched.tags(tenant.store);
    let mut purge = None;
    if let Some(cdn) = app.cdn() {
        let mut random = [0; 10];
        app.entropy.fill(&mut random)?;
        let id = PurgeId::new(now, random);
        let told = at_most(cdn.most_tags(), tenant.store, tags.clone());
        commit.push(store::purge::enqueue(tenant, id, &told, below, now));
        purge = Some(id);
    }
    Ok(Advance { statement, tags, purge })
}

/// To be called when a commit is done that was given to [`advance`]: takes back what is shown of what it touched, and
/// tells the client the version.
///
/// # Errors
/// [`Failure::Unavailable`] when the commit answered something else than a version.
pub fn written<E>(ctx: &Ctx, rows: &[Rows], advance: Advance) -> Result<(), Failure<E>> {
    let version = store::version_of(rows.get(advance.statement))?;
    let store = ctx.tenant().store;
    ctx.app().answers().0.purge(store, &advance.tags, version);
    ctx.spent().tell_catalog_version(version);
    if ctx.app().tells_of_writes() {
        let (app, tags) = (Arc::clone(ctx.app()), advance.tags.clone());
        ctx.later(async move {
            // Where it fails, others show what they have until its time is over.
            let _may_be_unknown = tell_written(&*app.kv, store, version, &tags).await;
        });
    }
    if let Some((id, cdn)) = advance.purge.zip(ctx.app().cdn()) {
        purges::send_later(ctx, id, at_most(cdn.most_tags(), store, advance.tags));
    }
    Ok(())
}

/// As [`written`], of a commit that no request has made. What it keeps for a CDN is told by the job.
///
/// # Errors
/// [`SqlError::Statement`] when the commit answered something else than a version.
pub async fn written_at(app: &App, tenant: Tenant, rows: &[Rows], advance: &Advance) -> Result<(), SqlError> {
    let version = store::version_of(rows.get(advance.statement))?;
    app.answers().0.purge(tenant.store, &advance.tags, version);
    if app.tells_of_writes() {
        // As above.
        let _may_be_unknown = tell_written(&*app.kv, tenant.store, version, &advance.tags).await;
    }
    Ok(())
}
