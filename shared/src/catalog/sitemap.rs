//! Sitemaps: the pages of a storefront, for search engines. Source: sitemaps.org, protocol 0.9.

use crate::kernel::time::Timestamp;

/// URLs that one sitemap may have.
pub const MOST_URLS: i64 = 50_000;

/// The path of a product's page in its storefront, without a slash before it, as it stands in a URL.
pub fn product_page(handle: &str) -> String {
    let mut path = "products/".to_owned();
    for byte in handle.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// A sitemap, or an index of them: what stands before and after its entries, and how each begins and ends.
pub struct Frame {
    pub before: &'static str,
    pub after: &'static str,
    entry: &'static str,
}

pub const PAGE: Frame = Frame {
    before: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
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
        let entry = self.entry;
        xml.push_str(&format!("<{entry}><loc>{url}</loc><lastmod>{changed}</lastmod></{entry}>\n"));
    }
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
    }

    #[test]
    fn entries_stand_in_their_frame() {
        let mut xml = PAGE.before.to_owned();
        PAGE.add(&mut xml, "https://shop.example/products/tent", Timestamp::from_millis(0));
        xml.push_str(PAGE.after);
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n\
             <url><loc>https://shop.example/products/tent</loc><lastmod>1970-01-01T00:00:00.000Z</lastmod></url>\n\
             </urlset>\n"
        );
    }
}
