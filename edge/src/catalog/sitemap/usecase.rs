//! Writing sitemaps, a part at a time: a whole page may have more megabytes than a host has to spare.

use std::convert::Infallible;

use headlesspro_shared::catalog::sitemap::{INDEX, entries, has_room, products_of_page, told_in};
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Ctx;
use crate::catalog::store;
use crate::failure::Failure;

/// Addresses that are read in one round trip: about a megabyte.
const AT_ONCE: i64 = 5_000;

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
    from: ProductId,
    /// Products.
    left: i64,
    /// Of what is read.
    bytes: usize,
}

/// The index of all pages, which the storefront serves as `sitemaps/{id of its first product}.xml`.
pub async fn index(ctx: &Ctx) -> Result<String, Failure<Infallible>> {
    let mut guess = (ctx.locales(), ctx.channel());
    loop {
        let products = products_of_page(guess.0.all().count());
        let pages = store::sitemap_pages(ctx.tenant(), guess.1, products);
        let rows = ctx.read(vec![pages, store::version(ctx.tenant())]).await?;
        ctx.spent().tell_catalog_version(store::version_of(rows.get(1))?);
        // What an isolate has not heard of yet is known once something was read.
        let known = (ctx.locales(), ctx.channel());
        if known != guess {
            guess = known;
            continue;
        }
        let storefront = ctx.storefront_of(Role::Customer);
        let mut xml = INDEX.before.to_owned();
        for page in rows.first().map(store::sitemap_pages_of).transpose()?.unwrap_or_default() {
            INDEX.add(&mut xml, &storefront.page(&format!("sitemaps/{}.xml", page.start)), page.changed);
        }
        xml.push_str(INDEX.after);
        return Ok(xml);
    }
}

/// The first part of a page, from a product on that need not be there any more.
pub async fn page(ctx: &Ctx, from: ProductId) -> Result<Part, Failure<Infallible>> {
    let mut guess = (ctx.locales(), ctx.channel());
    loop {
        let left = products_of_page(guess.0.all().count());
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
    let addresses = i64::try_from(ctx.locales().all().count()).unwrap_or(i64::MAX);
    let wanted = AT_ONCE.saturating_div(addresses).clamp(1, rest.left.max(1));
    // One more tells where the next part begins.
    let most = wanted.saturating_add(1);
    let products = store::sitemap_products(ctx.tenant(), ctx.channel(), rest.from, most, ctx.now);
    let rows = ctx.read(vec![products, store::version(ctx.tenant()), store::turn(ctx.tenant(), ctx.now)]).await?;
    ctx.spent().tell_catalog_version(store::version_of(rows.get(1))?);
    let turn = store::turn_of(rows.get(2))?;
    let found = rows.first().map(store::sitemap_products_of).transpose()?.unwrap_or_default();
    let (storefront, locales) = (ctx.storefront_of(Role::Customer), ctx.locales());
    let base = storefront.page("").len();
    let (mut xml, mut next) = (String::new(), None);
    for (at, product) in (0..).zip(&found) {
        if at == wanted {
            next = product.id.parse().ok();
        } else if product.shown {
            let told = told_in(&locales, &product.handle, &product.said).into_iter();
            let pages: Vec<_> = told.map(|(locale, path)| (locale.as_str(), storefront.page(&path))).collect();
            let mut more = entries(&pages, product.updated_at);
            let (bytes, left) = (rest.bytes.saturating_add(xml.len()), rest.left.saturating_sub(at));
            if 1 < pages.len() && !has_room(bytes, more.len(), left, base) {
                more = entries(pages.get(..1).unwrap_or_default(), product.updated_at);
            }
            xml.push_str(&more);
        }
    }
    let (left, bytes) = (rest.left.saturating_sub(wanted), rest.bytes.saturating_add(xml.len()));
    Ok(Part { rest: next.filter(|_| 0 < left).map(|from| Rest { from, left, bytes }), xml, turn })
}
