//! The operations of sitemaps, for the OpenAPI document.

use headlesspro_shared::catalog::sitemap::{INDEX, PAGE};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::ProductKind;
use headlesspro_shared::kernel::time::Timestamp;
use http::Method;
use serde_json::json;

use crate::openapi::{Answer, Budget, Cache, Header, Operation, Parameter, credentials, database, id, not_found};

pub fn operations() -> Vec<Operation> {
    vec![index(), page()]
}

fn operation(path: &'static str, id: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, "Catalog")
        .cache(Cache::Catalog)
        .problems(credentials(Scope::CatalogRead))
        .problems(database())
}

fn index() -> Operation {
    let url = format!("https://shop.example/sitemaps/{}.xml", id::<ProductKind>(1));
    let example = framed(INDEX.before, INDEX.after, |xml, at| INDEX.add(xml, &url, at));
    operation("/api/v1/sitemaps", "getSitemapIndex")
        .says(
            "Lists the sitemaps",
            "A sitemap index (sitemaps.org) for the storefront to serve at its own address, where it serves \
             `sitemaps/{page}.xml` from `/api/v1/sitemaps/{page}`. Products, categories and collections have pages of \
             their own, and what is new comes to the last of these.",
        )
        .budget(Budget::new(1, 2, 0))
        .answer(
            Answer::text(200, "application/xml", "The index.")
                .headers([Header::CacheTag, Header::CatalogVersion, Header::Vary])
                .example("one", "One page", json!(example)),
        )
}

fn page() -> Operation {
    let url = "https://shop.example/products/tunnel-tent-2";
    let example = framed(PAGE.before, PAGE.after, |xml, at| PAGE.add(xml, url, at));
    let schema = json!({ "type": "string", "pattern": "^(prod|cat|col)_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    operation("/api/v1/sitemaps/{page}", "getSitemap")
        .says(
            "Shows a sitemap",
            "The pages of 50,000 products or collections at most that are shown now, or of 5,000 categories, in the order \
             of their ids; in a store of several locales of fewer, each in every locale that something is said in, with \
             the others as its alternates (`hreflang`). A long one is read in parts while it is sent.",
        )
        .budget(Budget::growing(1, 0))
        .parameters([Parameter::path("page", "Of the index.", schema, id::<ProductKind>(1).to_string())])
        .answer(
            Answer::text(200, "application/xml", "The sitemap.")
                .headers([Header::CacheTag, Header::CatalogVersion, Header::Vary])
                .example("one", "One product", json!(example)),
        )
        .problems(not_found())
}

fn framed(before: &str, after: &str, add: impl FnOnce(&mut String, Timestamp)) -> String {
    let mut xml = before.to_owned();
    add(&mut xml, id::<ProductKind>(1).created_at());
    xml + after
}
