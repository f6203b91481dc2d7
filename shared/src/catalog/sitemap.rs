//! Sitemaps: the pages of a storefront, for search engines. Source: sitemaps.org, protocol 0.9; for pages in several
//! locales, developers.google.com/search/docs/specialty/international/localized-versions: each names all of them, and
//! itself.

use super::tree::MOST_PATH_BYTES;
use crate::kernel::handle::Handle;
use crate::kernel::locale::{Locale, Locales};
use crate::kernel::time::Timestamp;

/// URLs that one sitemap may have.
const MOST_URLS: usize = 50_000;

/// Bytes that one sitemap may have.
const MOST_BYTES: usize = 52_428_800;

/// So many entries of the longest paths fit into a sitemap.
const MOST_CATEGORIES: i64 = 5_000;

/// What the longest path of a category's page, in which all is escaped, has beyond that of a handle.
pub const LONGEST_PATH: usize = 3 * (MOST_PATH_BYTES - Handle::MAX_BYTES);

/// The longest path of a product's page, of a handle of 255 bytes that are all escaped, in an entry.
const MOST_OF_ENTRY: usize = 900;

const _: () = assert!(5_000 * (100 + MOST_OF_ENTRY + LONGEST_PATH) <= MOST_BYTES);

/// Products of a sitemap in a store of so many locales: as many as their pages fit in, told in all of them, if
/// addresses are not much longer than usual.
pub fn products_of_page(locales: usize) -> i64 {
    const ENTRY: usize = 150;
    const LINK: usize = 130;
    let bytes = locales.saturating_add(1).saturating_mul(LINK).saturating_add(ENTRY).saturating_mul(locales);
    let by_urls = MOST_URLS.checked_div(locales).unwrap_or(MOST_URLS);
    let by_bytes = MOST_BYTES.checked_div(bytes).unwrap_or(MOST_URLS);
    i64::try_from(by_urls.min(by_bytes).max(1)).unwrap_or(i64::MAX)
}

/// Categories of a sitemap: fewer, for their paths are longer.
pub fn categories_of_page(locales: usize) -> i64 {
    products_of_page(locales).min(MOST_CATEGORIES)
}

/// Whether a page of so many bytes has room for so many more where `left` products are still to come, each in its
/// default locale at least. `base` are the bytes of the storefront's address, and what a path may have beyond a handle.
pub fn has_room(bytes: usize, more: usize, left: i64, base: usize) -> bool {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let kept = left.saturating_mul(base.saturating_add(MOST_OF_ENTRY));
    bytes.saturating_add(more).saturating_add(kept) <= MOST_BYTES
}

/// The locales that a product is told in, each with the path of its page there: the default first, with the product's
/// own `handle`, then those that something is said in. `said` are handles by the locales of its translations.
pub fn told_in<'a>(locales: &'a Locales, handle: &str, said: &[(String, String)]) -> Vec<(&'a Locale, String)> {
    pages_in(locales, product_page(handle), |chain| {
        let (_, handle) = chain.iter().find_map(|near| said.iter().find(|(locale, _)| locale == near.as_str()))?;
        Some(product_page(handle))
    })
}

/// The same of any page: that of the default locale, and what it is called in a locale with this chain, where something
/// is said.
pub fn pages_in(locales: &Locales, own: String, page: impl Fn(&[Locale]) -> Option<String>) -> Vec<(&Locale, String)> {
    let others = locales.all().skip(1).filter_map(|locale| {
        let page = page(&locales.chain(locale))?;
        Some((locale, format!("{locale}/{page}")))
    });
    std::iter::once((locales.default_locale(), own)).chain(others).collect()
}

/// The path of a product's page in its storefront, without a slash before it, as it stands in a URL.
pub fn product_page(handle: &str) -> String {
    format!("products/{}", segment(handle))
}

/// The same of a collection.
pub fn collection_page(handle: &str) -> String {
    format!("collections/{}", segment(handle))
}

/// The same of a category.
pub fn category_page(path: &str) -> String {
    path.split('/').fold("categories".to_owned(), |page, handle| page + "/" + &segment(handle))
}

/// Text as one segment of a URL's path. Source: RFC 3986, section 2.3.
pub fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

/// A sitemap, or an index of them: what stands before and after its entries, and how each begins and ends.
pub struct Frame {
    pub before: &'static str,
    pub after: &'static str,
    entry: &'static str,
}

pub const PAGE: Frame = Frame {
    before: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
        xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n",
    after: "</urlset>\n",
    entry: "url",
};

pub const INDEX: Frame = Frame {
    before: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    after: "</sitemapindex>\n",
    entry: "sitemap",
};

impl Frame {
    /// Adds what is at `url`, in which nothing needs escaping, and when it was changed last.
    pub fn add(&self, xml: &mut String, url: &str, changed: Timestamp) {
        self.add_with(xml, url, changed, "");
    }

    fn add_with(&self, xml: &mut String, url: &str, changed: Timestamp, more: &str) {
        let entry = self.entry;
        xml.push_str(&format!("<{entry}><loc>{url}</loc><lastmod>{changed}</lastmod>{more}</{entry}>\n"));
    }
}

/// The entries of a page of which there is one in each of these locales, the default first: by their names, with what
/// needs no escaping.
pub fn entries(pages: &[(&str, String)], changed: Timestamp) -> String {
    let link =
        |locale: &str, url: &str| format!("<xhtml:link rel=\"alternate\" hreflang=\"{locale}\" href=\"{url}\"/>");
    let mut links = String::new();
    if 1 < pages.len() {
        links = pages.iter().map(|(locale, url)| link(locale, url)).collect();
        links.extend(pages.first().map(|(_, url)| link("x-default", url)));
    }
    let mut xml = String::new();
    for (_, url) in pages {
        PAGE.add_with(&mut xml, url, changed, &links);
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_in_ascii() {
        assert_eq!(product_page("tunnel-tent-2"), "products/tunnel-tent-2");
        assert_eq!(product_page("größe"), "products/gr%C3%B6%C3%9Fe");
        assert_eq!(product_page("텐트"), "products/%ED%85%90%ED%8A%B8");
        assert_eq!(product_page("<&\"'>"), "products/%3C%26%22%27%3E");
        assert_eq!(category_page("größe/텐트"), "categories/gr%C3%B6%C3%9Fe/%ED%85%90%ED%8A%B8");
        assert_eq!(segment("outdoor/tents"), "outdoor%2Ftents");
    }

    #[test]
    fn entries_stand_in_their_frame() {
        let mut xml = PAGE.before.to_owned();
        PAGE.add(&mut xml, "https://shop.example/products/tent", Timestamp::from_millis(0));
        xml.push_str(PAGE.after);
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
             xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n\
             <url><loc>https://shop.example/products/tent</loc><lastmod>1970-01-01T00:00:00.000Z</lastmod></url>\n\
             </urlset>\n"
        );
    }

    #[test]
    fn a_page_is_told_in_the_locales_that_something_is_said_in() {
        let locales = Locales::new("en".parse().unwrap(), "fr fr-CA de".parse().unwrap());
        let said = [("fr".to_owned(), "größe".to_owned()), ("de-AT".to_owned(), "zelt".to_owned())];
        let told = told_in(&locales, "tent", &said);
        let told: Vec<_> = told.iter().map(|(locale, path)| (locale.as_str(), path.as_str())).collect();
        let french = ["fr/products/gr%C3%B6%C3%9Fe", "fr-CA/products/gr%C3%B6%C3%9Fe"];
        assert_eq!(told, [("en", "products/tent"), ("fr", french[0]), ("fr-CA", french[1])]);

        let pages = [("en", "https://s.example/a".to_owned()), ("fr", "https://s.example/fr/b".to_owned())];
        let changed = Timestamp::from_millis(0);
        let links = "<xhtml:link rel=\"alternate\" hreflang=\"en\" href=\"https://s.example/a\"/>\
            <xhtml:link rel=\"alternate\" hreflang=\"fr\" href=\"https://s.example/fr/b\"/>\
            <xhtml:link rel=\"alternate\" hreflang=\"x-default\" href=\"https://s.example/a\"/>";
        let entry = |url: &str, links: &str| {
            format!("<url><loc>{url}</loc><lastmod>1970-01-01T00:00:00.000Z</lastmod>{links}</url>\n")
        };
        let both = entry("https://s.example/a", links) + &entry("https://s.example/fr/b", links);
        assert_eq!(entries(&pages, changed), both);
        assert_eq!(entries(&pages[..1], changed), entry("https://s.example/a", ""));
    }

    #[test]
    fn a_page_keeps_within_the_limits() {
        assert_eq!([1, 2, 4, 21].map(products_of_page), [50_000, 25_000, 12_500, 829]);
        assert_eq!(products_of_page(0), 50_000);
        assert_eq!([1, 21].map(categories_of_page), [5_000, 829]);
        // In each locale's own address and in all links, as long as they may be.
        for locales in [2, 5, 21] {
            let (base, mut left, mut bytes) = (60_usize, products_of_page(locales), 0_usize);
            while 0 < left {
                left -= 1;
                let (bare, told) = (base + MOST_OF_ENTRY, (base + MOST_OF_ENTRY) * locales * (locales + 2));
                bytes += if has_room(bytes, told, left, base) { told } else { bare };
            }
            assert!(bytes <= MOST_BYTES, "{locales} locales: {bytes}");
        }
    }
}
