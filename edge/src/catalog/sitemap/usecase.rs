//! Writing sitemaps, a part at a time: a whole page may have more megabytes than a host has to spare.

use std::convert::Infallible;

use headlesspro_shared::catalog::sitemap::{INDEX, MOST_URLS, PAGE, product_page};
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::ProductId;

use crate::app::Ctx;
use crate::catalog::store;
use crate::failure::Failure;

/// Products that are read in one round trip: about a megabyte.
const AT_ONCE: i64 = 5_000;

/// A part of a page.
pub struct Part {
    pub xml: String,
    /// Where the next part begins; `None` where the page ends.
    pub rest: Option<Rest>,
}

/// What of a page is still to be read.
pub struct Rest {
    from: ProductId,
    left: i64,
}

impl Rest {
    /// A whole page, from a product on that need not be there any more.
    pub fn of_page(from: ProductId) -> Rest {
        Rest { from, left: MOST_URLS }
    }
}

/// The index of all pages, which the storefront serves as `sitemaps/{id of its first product}.xml`.
pub async fn index(ctx: &Ctx) -> Result<String, Failure<Infallible>> {
    let rows = ctx.read(vec![store::sitemap_pages(ctx.tenant())]).await?;
    // Known once something was read.
    let storefront = ctx.storefront_of(Role::Customer);
    let mut xml = INDEX.before.to_owned();
    for page in rows.first().map(store::sitemap_pages_of).transpose()?.unwrap_or_default() {
        INDEX.add(&mut xml, &storefront.page(&format!("sitemaps/{}.xml", page.start)), page.changed);
    }
    xml.push_str(INDEX.after);
    Ok(xml)
}

/// The next part of a page, without what stands before the first and after the last one.
pub async fn part(ctx: &Ctx, rest: &Rest) -> Result<Part, Failure<Infallible>> {
    let wanted = rest.left.min(AT_ONCE);
    // One more tells where the next part begins.
    let products = store::sitemap_products(ctx.tenant(), rest.from, wanted.saturating_add(1), ctx.now);
    let rows = ctx.read(vec![products]).await?;
    let found = rows.first().map(store::sitemap_products_of).transpose()?.unwrap_or_default();
    let storefront = ctx.storefront_of(Role::Customer);
    let (mut xml, mut next) = (String::new(), None);
    for (at, product) in (0..).zip(&found) {
        if at == wanted {
            next = product.id.parse().ok();
        } else if product.shown {
            PAGE.add(&mut xml, &storefront.page(&product_page(&product.handle)), product.updated_at);
        }
    }
    let left = rest.left.saturating_sub(wanted);
    Ok(Part { xml, rest: next.filter(|_| 0 < left).map(|from| Rest { from, left }) })
}
