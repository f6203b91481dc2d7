//! A shopper looks around.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::product_file::{Product, Variant};
use crate::world::World;

/// Other stories write to the same shop meanwhile, and each address has its own copy in caches: so both are asked for as
/// they are now, again where they differ, and have to be the same within a few tries.
async fn assert_same_page(world: &World, target: &str, path: &str, query: &[(&str, &str)]) {
    let mut pages = (Value::Null, Value::Null);
    for _ in 0..10 {
        let current = |path| world.ours.merchant.get(path).header("cache-control", "no-cache");
        let by_link = current(target).send().await.expect(200).json();
        let by_cursor = current(path).query(query).send().await.expect(200).json();
        if by_link == by_cursor {
            return;
        }
        pages = (by_link, by_cursor);
    }
    assert_eq!(pages.0, pages.1);
}

/// Follows `nextCursor` to the end.
async fn walk(world: &World, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut pairs = query.to_vec();
        pairs.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = world.ours.shopper.get(path).query(&pairs).send().await.expect(200);
        let page = answer.json();
        let found = page["items"].as_array().unwrap().clone();
        let next = page["nextCursor"].as_str().map(str::to_owned);
        match (&next, answer.header("link")) {
            (None, None) => {}
            (Some(_), Some(link)) => {
                // The link alone leads on to the same page as the cursor.
                let target = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
                let mut by_cursor = query.to_vec();
                by_cursor.extend(next.as_deref().map(|cursor| ("cursor", cursor)));
                assert_same_page(world, target, path, &by_cursor).await;
                assert!(!found.is_empty());
            }
            (next, link) => panic!("{path} {query:?}: next cursor {next:?}, link {link:?}"),
        }
        items.extend(found);
        assert!(items.len() <= 1_000, "{path} {query:?} does not end");
        match next {
            Some(next) => cursor = Some(next),
            None => return items,
        }
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn cents(amount: &Value) -> i64 {
    amount["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

pub async fn every_sort_walks_all_pages_without_loss_or_duplicates(world: World) {
    const COUNT: usize = 23;
    let vendor = world.name("walk");
    // Many share a title or a price, so that a page often ends between equals. Two imports, so that
    // not all were created in the same moment.
    let products: Vec<Product> = (0..COUNT)
        .map(|at| {
            let handle = world.name(&format!("walk-{at}"));
            let title = ["Äpfel", "apples", "Zelt \u{1f3d5}", "apples"][at % 4];
            let price = ["10", "2.50", "100"][at % 3];
            Product::new(&handle, title).vendor(&vendor).variant(Variant::new(&handle, price))
        })
        .collect();
    world.ours.import(&products[..COUNT / 2]).await;
    world.ours.import(&products[COUNT / 2..]).await;
    let all: BTreeSet<String> =
        ids(&walk(&world, "/api/v1/products", &[("filter[vendor]", &vendor), ("limit", "250")]).await)
            .into_iter()
            .collect();
    assert_eq!(all.len(), COUNT);
    for sort in ["newest", "title", "-title", "price", "-price"] {
        let mut first: Option<Vec<String>> = None;
        for limit in ["1", "4", "7", "23"] {
            let query = [("filter[vendor]", vendor.as_str()), ("sort", sort), ("limit", limit)];
            let items = walk(&world, "/api/v1/products", &query).await;
            let walked = ids(&items);
            assert_eq!(walked.len(), COUNT, "{sort} by {limit}");
            assert_eq!(walked.iter().cloned().collect::<BTreeSet<_>>(), all, "{sort} by {limit}");
            match &first {
                Some(first) => assert_eq!(&walked, first, "{sort} by {limit}"),
                None => first = Some(walked),
            }
            let titles: Vec<String> = items.iter().map(|item| item["title"].as_str().unwrap().to_lowercase()).collect();
            let prices: Vec<i64> = items.iter().map(|item| cents(&item["priceRange"]["min"])).collect();
            let sorted = match sort {
                "title" => titles.is_sorted(),
                "-title" => titles.iter().rev().is_sorted(),
                "price" => prices.is_sorted(),
                "-price" => prices.iter().rev().is_sorted(),
                _ => true,
            };
            assert!(sorted, "{sort}: {titles:?} {prices:?}");
        }
    }
    let newest = walk(&world, "/api/v1/products", &[("filter[vendor]", &vendor), ("limit", "250")]).await;
    let in_second = |item: &Value| products[COUNT / 2..].iter().any(|product| product.handle() == item["handle"]);
    assert!(newest[..COUNT - COUNT / 2].iter().all(in_second), "the newest come first");
}

pub async fn lists_are_narrowed_by_each_filter(world: World) {
    let vendor = world.name("Wide & Co, 100%");
    let tag = world.name("Sale");
    let root = format!("{} Root", world.mark);
    let product = |name: &str, price: &str| {
        let handle = world.name(name);
        Product::new(&handle, name).vendor(&vendor).variant(Variant::new(&handle, price))
    };
    let two_prices = Product::new(&world.name("both"), "both")
        .vendor(&vendor)
        .option_names(&["Size"])
        .variant(Variant::new(&world.name("both-s"), "5").options(&["S"]))
        .variant(Variant::new(&world.name("both-l"), "25").options(&["L"]).stock(0))
        .category(&format!("{root} > Leaf"));
    let sold_out = Product::new(&world.name("gone"), "gone")
        .vendor(&vendor)
        .variant(Variant::new(&world.name("gone"), "15").stock(0));
    world
        .ours
        .import(&[
            product("cheap", "4.99").tags(&format!("x, {tag}")),
            product("dear", "20").category(&format!("{root} > Other")),
            two_prices,
            sold_out.category(&root),
        ])
        .await;
    let (lower, upper) = (tag.to_lowercase(), tag.to_uppercase());
    let slug = root.to_lowercase().replace(' ', "-");
    let leaf = format!("{slug}/leaf");
    let leaf_id = {
        let categories = walk(&world, "/api/v1/categories", &[("limit", "250")]).await;
        let found = categories.iter().find(|category| category["path"] == leaf).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    type Case<'a> = (Vec<(&'a str, &'a str)>, Vec<&'a str>);
    let cases: Vec<Case<'_>> = vec![
        (vec![], vec!["both", "cheap", "dear", "gone"]),
        (vec![("filter[tag]", &tag)], vec!["cheap"]),
        (vec![("filter[tag]", &lower)], vec!["cheap"]),
        (vec![("filter[tag]", &upper)], vec!["cheap"]),
        (vec![("filter[category]", &slug)], vec!["both", "dear", "gone"]),
        (vec![("filter[category]", &leaf)], vec!["both"]),
        (vec![("filter[category]", &leaf_id)], vec!["both"]),
        (vec![("filter[category]", "there-is-none")], vec![]),
        (vec![("filter[price][min]", "5")], vec!["both", "dear", "gone"]),
        (vec![("filter[price][max]", "5.00")], vec!["both", "cheap"]),
        (vec![("filter[price][max]", "4.989")], vec![]),
        (vec![("filter[price][min]", "5.0001")], vec!["dear", "gone"]),
        (vec![("filter[price][min]", "20"), ("filter[price][max]", "20")], vec!["dear"]),
        (vec![("filter[price][min]", "100000000000")], vec![]),
        (vec![("filter[inStock]", "true")], vec!["both", "cheap", "dear"]),
        (vec![("filter[inStock]", "false")], vec!["gone"]),
        (vec![("filter[inStock]", "false"), ("filter[tag]", &tag)], vec![]),
        (vec![("filter[inStock]", "true"), ("filter[category]", &slug), ("filter[price][max]", "19")], vec!["both"]),
    ];
    let mut query;
    for (filter, expected) in cases {
        for sort in ["newest", "title", "-price"] {
            query = vec![("filter[vendor]", vendor.as_str()), ("sort", sort), ("limit", "2")];
            query.extend(&filter);
            let found: BTreeSet<String> = walk(&world, "/api/v1/products", &query)
                .await
                .iter()
                .map(|item| item["title"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(found, expected.iter().map(|name| (*name).to_owned()).collect(), "{filter:?} by {sort}");
        }
        // How many there are is said where it is asked for, on each page and whatever its size.
        query = vec![("filter[vendor]", vendor.as_str()), ("limit", "1"), ("count", "true")];
        query.extend(&filter);
        let page = world.ours.shopper.get("/api/v1/products").query(&query).send().await.expect(200).json();
        let said = (page["count"].as_u64(), page["isCountExact"].as_bool());
        assert_eq!(said, (Some(expected.len() as u64), Some(true)), "{filter:?}");
    }
}

pub async fn a_card_says_price_range_image_and_availability(world: World) {
    let vendor = world.name("cards");
    let full = Product::new(&world.name("full"), "Full")
        .vendor(&vendor)
        .option_names(&["Size"])
        .variant(Variant::new(&world.name("full-s"), "7.5").options(&["S"]).stock(0))
        .variant(Variant::new(&world.name("full-m"), "8").options(&["M"]).stock(1))
        .image("https://images.example.com/1.jpg", "One")
        .image("https://images.example.com/2.jpg", "Two");
    let bare =
        Product::new(&world.name("bare"), "Bare").vendor(&vendor).variant(Variant::new(&world.name("b"), "1").stock(0));
    world.ours.import(&[full, bare]).await;
    let items = walk(&world, "/api/v1/products", &[("filter[vendor]", &vendor), ("sort", "title")]).await;
    let [bare, full] = items.as_slice() else { panic!("{items:?}") };
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!(full["handle"], world.name("full"));
    assert_eq!(full["vendor"], vendor);
    assert_eq!(full["priceRange"], json!({ "min": eur("7.50"), "max": eur("8.00") }));
    assert_eq!(full["image"]["url"], "https://images.example.com/1.jpg");
    assert_eq!(full["image"]["alt"], "One");
    assert_eq!((&full["inStock"], &bare["inStock"]), (&json!(true), &json!(false)));
    assert_eq!(bare["image"], Value::Null);
}

pub async fn a_product_is_found_by_id_and_by_handle(world: World) {
    // Handles may hold letters of any script; in a path they are percent-encoded.
    let handle = world.name("größe-куртка");
    world.ours.import(&[Product::simple(&handle, "1", 1)]).await;
    let by_handle = world.ours.shopper.get(&format!("/api/v1/products/{handle}")).send().await.expect(200);
    let id = by_handle.json()["id"].as_str().unwrap().to_owned();
    let by_id = world.ours.shopper.get(&format!("/api/v1/products/{id}")).send().await.expect(200);
    assert_eq!(by_handle.body, by_id.body);
    assert_eq!(by_handle.the("etag"), by_id.the("etag"));
    assert_eq!(by_handle.json()["handle"], handle);
    for missing in [world.name("missing"), id.replace("prod_", "prod_0"), format!("{id}x"), id.to_uppercase()] {
        world.ours.shopper.get(&format!("/api/v1/products/{missing}")).send().await.expect_problem(404, "not-found");
    }
}

pub async fn categories_form_a_tree(world: World) {
    let mark = &world.mark;
    let product = |name: &str, category: String| Product::simple(&world.name(name), "1", 1).category(&category);
    world
        .ours
        .import(&[
            product("a", format!("{mark} Garden > Tools > Rakes & Hoes")),
            product("b", format!("{mark} Garden > Tools")),
            product("c", format!("{mark} Garden > Seeds")),
        ])
        .await;
    let all = walk(&world, "/api/v1/categories", &[("limit", "3")]).await;
    let paths: Vec<&str> = all.iter().map(|category| category["path"].as_str().unwrap()).collect();
    assert!(paths.is_sorted(), "{paths:?}");
    assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "{paths:?}");
    let ours: Vec<&Value> =
        all.iter().filter(|category| category["path"].as_str().unwrap().starts_with(mark)).collect();
    let garden = format!("{mark}-garden");
    let expected =
        [garden.clone(), format!("{garden}/seeds"), format!("{garden}/tools"), format!("{garden}/tools/rakes-hoes")];
    assert_eq!(ours.iter().map(|category| category["path"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    assert_eq!(ours[0]["parentId"], Value::Null);
    assert_eq!(ours[1]["parentId"], ours[0]["id"]);
    assert_eq!(ours[3]["parentId"], ours[2]["id"]);
    assert_eq!(ours[3]["name"], "Rakes & Hoes");
    let product = world.ours.product(&world.name("a")).await;
    assert_eq!(product["category"]["id"], ours[3]["id"]);
}

pub async fn a_cursor_belongs_to_its_sort(world: World) {
    let vendor = world.name("cursors");
    let products: Vec<Product> =
        (0..3).map(|at| Product::simple(&world.name(&format!("cursor-{at}")), "1", 1).vendor(&vendor)).collect();
    world.ours.import(&products).await;
    let page = |sort: &'static str, cursor: Option<String>| {
        let mut query = vec![("filter[vendor]".to_owned(), vendor.clone()), ("limit".to_owned(), "2".to_owned())];
        query.push(("sort".to_owned(), sort.to_owned()));
        query.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor)));
        world.ours.shopper.get("/api/v1/products").query(&query).send()
    };
    let cursor = page("title", None).await.expect(200).json()["nextCursor"].as_str().unwrap().to_owned();
    page("title", Some(cursor.clone())).await.expect(200);
    for sort in ["price", "newest", "-title"] {
        let answer = page(sort, Some(cursor.clone())).await.expect_problem(422, "invalid-request");
        assert_eq!(answer.places(), ["?cursor"], "{sort}");
    }
}
