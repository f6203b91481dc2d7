//! Queries and paths that make no sense.

use crate::product_file::Product;
use crate::world::World;

pub async fn every_wrong_parameter_is_named_at_once(world: World) {
    let cases: [(&str, &[&str]); 34] = [
        ("limit=0", &["?limit"]),
        ("limit=-1", &["?limit"]),
        ("limit=251", &["?limit"]),
        ("limit=abc", &["?limit"]),
        ("limit=", &["?limit"]),
        ("limit=1.5", &["?limit"]),
        ("limit=99999999999999999999", &["?limit"]),
        ("limit=%D9%A1", &["?limit"]),
        ("limit=1&limit=2", &["?limit"]),
        ("limit=1&limit=1&limit=1", &["?limit"]),
        ("sort=", &["?sort"]),
        ("sort=price&sort=title", &["?sort"]),
        ("sort=--price", &["?sort"]),
        ("sort=created_at", &["?sort"]),
        ("filter[vendor]=", &["?filter[vendor]"]),
        ("filter[inStock]=maybe", &["?filter[inStock]"]),
        ("filter[price][min]=-1", &["?filter[price][min]"]),
        ("filter[price][min]=1e3", &["?filter[price][min]"]),
        ("filter[price][min]=1,50", &["?filter[price][min]"]),
        ("filter[price][max]=99999999999999999999", &["?filter[price][max]"]),
        ("filter[price][min]=10&filter[price][max]=9", &["?filter[price][max]"]),
        ("currency=", &["?currency"]),
        ("currency=jpy", &["?currency"]),
        ("currency=XXX", &["?currency"]),
        ("currency=EUR'--&currency=EUR", &["?currency"]),
        ("filter[colour]=red", &["?filter[colour]"]),
        ("attribute.=red", &["?attribute."]),
        ("attribute.Colour=red&attribute=red", &["?attribute", "?attribute.Colour"]),
        ("attribute.a=1&attribute.a=2", &["?attribute.a"]),
        ("attribute.not-declared=red&attribute.neither=", &["?attribute.neither"]),
        ("Limit=1&fields=colour&page=2", &["?Limit", "?fields", "?page"]),
        ("fields=id&fields=id", &["?fields"]),
        ("fields=%00,id", &["?fields"]),
        (
            "limit=0&sort=x&filter[inStock]=x&filter[price][min]=x&cursor=x&count=1&who=1",
            &["?limit", "?sort", "?filter[inStock]", "?filter[price][min]", "?cursor", "?count", "?who"],
        ),
    ];
    for (query, places) in cases {
        let answer = world.ours.shopper.get(&format!("/api/v1/products?{query}")).send().await;
        let (mut found, mut expected) = (answer.expect_problem(422, "invalid-request").places(), places.to_vec());
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    for (query, place) in [("limit=0", "?limit"), ("cursor=x", "?cursor"), ("sort=path", "?sort")] {
        let answer = world.ours.shopper.get(&format!("/api/v1/categories?{query}")).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), [place], "{query}");
    }
    let answer = world.ours.merchant.post("/api/v1/imports?dryRun=perhaps").body("text/csv", "Handle,Title,Price\n");
    assert_eq!(answer.send().await.expect_problem(422, "invalid-request").places(), ["?dryRun"]);
    // The prices a list is narrowed by may be as large as a price can be.
    let answer =
        world.ours.shopper.get("/api/v1/products?filter[price][min]=0&filter[price][max]=922337203685477").send().await;
    answer.expect(200);
}

pub async fn a_cursor_made_up_is_refused(world: World) {
    let vendor = world.name("cursor");
    let products: Vec<Product> =
        (0..3).map(|at| Product::simple(&world.name(&format!("cursor-{at}")), "1", 1).vendor(&vendor)).collect();
    world.ours.import(&products).await;
    let query =
        |cursor: &str| [("filter[vendor]", vendor.clone()), ("limit", "1".to_owned()), ("cursor", cursor.to_owned())];
    let page = world.ours.shopper.get("/api/v1/products").query(&query("")[..2]).send().await.expect(200).json();
    let good = page["nextCursor"].as_str().unwrap().to_owned();
    let swapped: String = good.chars().rev().collect();
    let made_up = [
        "",
        "x",
        "====",
        "!!!",
        "AAAA",
        &swapped,
        &good[1..],
        &format!("{good}A"),
        &format!("{good}=="),
        &good.to_uppercase(),
        &"A".repeat(4_097),
        "../../etc/passwd",
        "null",
        "-1",
        "prod_01h455vb4pex5vsknk084sn02q",
    ];
    for cursor in made_up {
        let answer = world.ours.shopper.get("/api/v1/products").query(&query(cursor)).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?cursor"], "{cursor}");
        let answer = world.ours.shopper.get("/api/v1/categories").query(&[("cursor", cursor)]).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), ["?cursor"], "{cursor}");
    }
    // Cut at any place and changed at any place, a cursor is refused or leads somewhere; it breaks nothing.
    for at in 0..good.len() {
        let cut = &good[..at];
        let changed = format!("{cut}{}{}", if good[at..].starts_with('Q') { 'R' } else { 'Q' }, &good[at + 1..]);
        for cursor in [cut, &changed] {
            let answer = world.ours.shopper.get("/api/v1/products").query(&query(cursor)).send().await;
            assert!(matches!(answer.status, 200 | 422), "{cursor}: {answer}");
        }
    }
}

pub async fn bad_percent_encoding_finds_nothing(world: World) {
    let key = world.ours.merchant.key().unwrap();
    let get = async |target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {key}\r\n\r\n");
        let answer = crate::raw::exchange(world.nobody.url(), request.into_bytes()).await;
        let answer = answer.unwrap_or_else(|| panic!("{target}: no answer"));
        assert!(answer.header("x-request-id").is_some(), "not the API's own: {answer}");
        answer
    };
    for segment in [
        "%",
        "%zz",
        "%f",
        "%ff",
        "%c3%28",
        "%00",
        "a%00b",
        "%e2%82",
        "%ed%a0%80",
        "%2e%2e",
        "..%2f..%2fetc",
        "%0d%0aX:y",
        "%25%32%65",
        "*",
    ] {
        for path in ["products", "cart", "checkouts", "orders"] {
            assert_eq!(get(&format!("/api/v1/{path}/{segment}")).await.status, 404, "{path}/{segment}");
        }
    }
    for (query, status) in [
        ("%", 422),
        ("%zz=1", 422),
        ("limit=%", 422),
        ("limit=%ff", 422),
        ("filter[vendor]=%ff%fe", 422),
        ("filter[tag]=%c3%28", 422),
        ("%ff=1", 422),
        ("filter[vendor]=%00", 200),
        ("filter[vendor]=%zz", 200),
        ("filter%5Bvendor%5D=%0d%0aX:y", 200),
        ("&&&", 200),
        ("=", 422),
        ("", 200),
    ] {
        assert_eq!(get(&format!("/api/v1/products?{query}")).await.status, status, "{query}");
    }
}
