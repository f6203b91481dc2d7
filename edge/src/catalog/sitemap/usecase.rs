//! Writing sitemaps, a part at a time: a whole page may have more megabytes than a host has to spare.

use std::convert::Infallible;
use std::str::FromStr;

use headlesspro_shared::catalog::sitemap::{
    INDEX, LONGEST_PATH, categories_of_page, category_page, collection_page, entries, has_room, pages_in,
    products_of_page, told_in,
};
use headlesspro_shared::catalog::tree::path_in;
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::{CategoryId, CollectionId, ProductId};
use headlesspro_shared::kernel::locale::{Locale, Locales};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Ctx;
use crate::catalog::store;
use crate::failure::Failure;
use crate::port::sql::{Rows, SqlError};

/// Addresses that are read in one round trip: about a megabyte.
const AT_ONCE: i64 = 5_000;

/// The same of categories, with all that those above them are called.
const CATEGORIES_AT_ONCE: i64 = 1_000;

/// What a page begins with, by its id.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    Product(ProductId),
    Category(CategoryId),
    Collection(CollectionId),
}

/// A text that is the id of nothing that sitemaps have.
#[derive(Debug)]
pub struct UnknownPage;

impl FromStr for Start {
    type Err = UnknownPage;

    fn from_str(text: &str) -> Result<Start, UnknownPage> {
        let product = text.parse().map(Start::Product);
        let category = || text.parse().map(Start::Category);
        product.or_else(|_| category()).or_else(|_| text.parse().map(Start::Collection)).map_err(|_| UnknownPage)
    }
}

impl Start {
    /// How many a page has in a store of so many locales.
    fn of_page(self, locales: usize) -> i64 {
        match self {
            Start::Category(_) => categories_of_page(locales),
            Start::Product(_) | Start::Collection(_) => products_of_page(locales),
        }
    }
}

/// A part of a page.
pub struct Part {
    pub xml: String,
    /// Where the next part begins; `None` where the page ends.
    pub rest: Option<Rest>,
    /// Until when at most the page is so without a write: then something is published, or is so no more.
    pub turn: Option<Timestamp>,
}

/// What of a page is still to be read.
pub struct Rest {
    from: Start,
    /// Products, or whatever it has.
    left: i64,
    /// Of what is read.
    bytes: usize,
}

/// What has a page in the storefront.
struct Entry {
    id: String,
    updated_at: Timestamp,
    /// Whether it is shown at this moment.
    shown: bool,
    /// Its paths, each with the locale, the default first.
    told: Vec<(String, String)>,
}

/// The index of all pages, which the storefront serves as `sitemaps/{id of what it begins with}.xml`.
pub async fn index(ctx: &Ctx) -> Result<String, Failure<Infallible>> {
    let mut guess = (ctx.locales(), ctx.channel());
    loop {
        let locales = guess.0.all().count();
        let of_page = [products_of_page(locales), categories_of_page(locales), products_of_page(locales)];
        let mut reads = vec![store::version(ctx.tenant())];
        reads.extend(store::sitemap_pages(ctx.tenant(), guess.1, of_page));
        let rows = ctx.read(reads).await?;
        ctx.spent().tell_catalog_version(store::version_of(rows.first())?);
        // What an isolate has not heard of yet is known once something was read.
        let known = (ctx.locales(), ctx.channel());
        if known != guess {
            guess = known;
            continue;
        }
        let storefront = ctx.storefront_of(Role::Customer);
        let mut xml = INDEX.before.to_owned();
        for rows in rows.iter().skip(1) {
            for page in store::sitemap_pages_of(rows)? {
                INDEX.add(&mut xml, &storefront.page(&format!("sitemaps/{}.xml", page.start)), page.changed);
            }
        }
        xml.push_str(INDEX.after);
        return Ok(xml);
    }
}

/// The first part of a page, from something on that need not be there any more.
pub async fn page(ctx: &Ctx, from: Start) -> Result<Part, Failure<Infallible>> {
    let mut guess = (ctx.locales(), ctx.channel());
    loop {
        let left = from.of_page(guess.0.all().count());
        let first = part(ctx, &Rest { from, left, bytes: 0 }).await?;
        let known = (ctx.locales(), ctx.channel());
        if known == guess {
            return Ok(first);
        }
        guess = known;
    }
}

/// The next part of a page, without what stands before the first and after the last one.
pub async fn part(ctx: &Ctx, rest: &Rest) -> Result<Part, Failure<Infallible>> {
    let tenant = ctx.tenant();
    let addresses = i64::try_from(ctx.locales().all().count()).unwrap_or(i64::MAX);
    let at_once = if matches!(rest.from, Start::Category(_)) { CATEGORIES_AT_ONCE } else { AT_ONCE };
    let wanted = at_once.saturating_div(addresses).clamp(1, rest.left.max(1));
    // One more tells where the next part begins.
    let most = wanted.saturating_add(1);
    let found = match rest.from {
        Start::Product(from) => store::sitemap_products(tenant, ctx.channel(), from, most, ctx.now),
        Start::Category(from) => store::sitemap_categories(tenant, from, most),
        Start::Collection(from) => store::sitemap_collections(tenant, from, most),
    };
    let rows = ctx.read(vec![found, store::version(tenant), store::turn(tenant, ctx.now)]).await?;
    ctx.spent().tell_catalog_version(store::version_of(rows.get(1))?);
    let turn = store::turn_of(rows.get(2))?;
    let (storefront, locales) = (ctx.storefront_of(Role::Customer), ctx.locales());
    let found = entries_of(rest.from, rows.first(), &locales)?;
    let beyond = if matches!(rest.from, Start::Category(_)) { LONGEST_PATH } else { 0 };
    let base = storefront.page("").len().saturating_add(beyond);
    let (mut xml, mut next) = (String::new(), None);
    for (at, entry) in (0..).zip(&found) {
        if at == wanted {
            next = entry.id.parse().ok();
        } else if entry.shown {
            let told = entry.told.iter();
            let pages: Vec<_> = told.map(|(locale, path)| (locale.as_str(), storefront.page(path))).collect();
            let mut more = entries(&pages, entry.updated_at);
            let (bytes, left) = (rest.bytes.saturating_add(xml.len()), rest.left.saturating_sub(at));
            if 1 < pages.len() && !has_room(bytes, more.len(), left, base) {
                more = entries(pages.get(..1).unwrap_or_default(), entry.updated_at);
            }
            xml.push_str(&more);
        }
    }
    let (left, bytes) = (rest.left.saturating_sub(wanted), rest.bytes.saturating_add(xml.len()));
    Ok(Part { rest: next.filter(|_| 0 < left).map(|from| Rest { from, left, bytes }), xml, turn })
}

fn entries_of(start: Start, rows: Option<&Rows>, locales: &Locales) -> Result<Vec<Entry>, SqlError> {
    let Some(rows) = rows else { return Ok(Vec::new()) };
    let named = |told: Vec<(&Locale, String)>| {
        told.into_iter().map(|(locale, path)| (locale.to_string(), path)).collect::<Vec<_>>()
    };
    Ok(match start {
        Start::Product(_) => {
            let entry = |product: store::SitemapProduct| Entry {
                told: named(told_in(locales, &product.handle, &product.said)),
                id: product.id,
                updated_at: product.updated_at,
                shown: product.shown,
            };
            store::sitemap_products_of(rows)?.into_iter().map(entry).collect()
        }
        Start::Category(_) => {
            let entry = |category: store::SitemapCategory| {
                let page = |chain: &[Locale]| category_page(&path_in(&category.way, chain));
                let is_said =
                    |chain: &[Locale]| chain.iter().any(|near| category.said.iter().any(|l| l == near.as_str()));
                let told = pages_in(locales, page(&[]), |chain| is_said(chain).then(|| page(chain)));
                Entry { told: named(told), id: category.id.clone(), updated_at: category.updated_at, shown: true }
            };
            store::sitemap_categories_of(rows)?.into_iter().map(entry).collect()
        }
        Start::Collection(_) => {
            let entry = |collection: store::SitemapCollection| {
                let page = |chain: &[Locale]| {
                    let said = |near: &Locale| collection.said.iter().find(|(locale, _)| locale == near.as_str());
                    let mut said = chain.iter().filter_map(said).peekable();
                    said.peek()?;
                    let own = said.find_map(|(_, handle)| handle.as_deref());
                    Some(collection_page(own.unwrap_or(&collection.handle)))
                };
                let told = pages_in(locales, collection_page(&collection.handle), page);
                Entry { told: named(told), id: collection.id.clone(), updated_at: collection.updated_at, shown: true }
            };
            store::sitemap_collections_of(rows)?.into_iter().map(entry).collect()
        }
    })
}
