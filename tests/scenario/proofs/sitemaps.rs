//! A large shop's sitemaps: each product in one of them, once, and no page with more than search engines take.

use std::collections::BTreeSet;

use headlesspro_edge::port::sql::{Commit, Committed, Statement};
use tokio::time::Instant;

use crate::app::{Kind, Stage};

/// Ten of them are drafts.
const PRODUCTS: i64 = 50_018;

/// Every seventh handle is as long as one may be.
const FILL: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
INSERT INTO product (organization_id, store_id, id, handle, title, title_key, vendor, product_type, status, body_html,
  document, card, source_hash, version, created_at, updated_at)
SELECT s.organization_id, s.id, printf('prod_0%025d', i), iif(i % 7, 'h', replace(printf('%246s', ''), ' ', 'x')) || i,
  't', 't', '', '', iif(i % 5000, 'active', 'draft'), '', '{}', '{}', '', 1, i, i
FROM n JOIN store s ON s.organization_id = ?1";

pub fn every_product_of_a_large_shop_is_in_one_sitemap(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let mut fill = Commit::new();
        fill.push(Statement::new(FILL).bind(stage.our_organization()).bind(PRODUCTS));
        let filled = stage.sql().commit(&fill).await.unwrap();
        assert!(matches!(filled, Committed::Done { .. }), "{filled:?}");
        let get = async |path: &str| {
            let began = Instant::now();
            let answer = world.ours.shopper.get(path).send().await.expect(200);
            (String::from_utf8(answer.body.to_vec()).unwrap(), began.elapsed())
        };
        let (index, took) = get("/api/v1/sitemaps").await;
        let pages: Vec<&str> =
            index.split("/sitemaps/").skip(1).map(|rest| rest.split(".xml").next().unwrap()).collect();
        println!("{kind}: {PRODUCTS} products, {} sitemaps; their index took {took:?}", pages.len());
        let (mut seen, mut counts) = (BTreeSet::new(), Vec::new());
        for page in pages {
            let (xml, took) = get(&format!("/api/v1/sitemaps/{page}")).await;
            assert!(xml.starts_with("<?xml ") && xml.ends_with("</urlset>\n"));
            let urls: Vec<&str> = xml.split("<loc>").skip(1).map(|rest| rest.split("</loc>").next().unwrap()).collect();
            println!("{kind}: one of {} URLs and {} bytes took {took:?}", urls.len(), xml.len());
            counts.push(urls.len());
            for url in urls {
                assert!(seen.insert(url.to_owned()), "{url} twice");
            }
        }
        // Every 5,000th is a draft, and drafts have no place in a page.
        assert_eq!(counts, [50_000, 8]);
    });
}
