//! A merchant imports a product file.

use serde_json::{Value, json};

use crate::product_file::{Generation, Product, Variant, file};
use crate::world::World;

/// A jacket in two sizes and two colours, with everything a product can have.
fn jacket(world: &World, handle: &str) -> Product {
    let handle = world.name(handle);
    let sku = |name: &str| format!("{}-{name}", handle.to_uppercase());
    Product::new(&handle, "Trail Jacket \u{201c}Fjäll\u{201d}")
        .body("<p>Keeps \"dry\",\nand warm.</p>")
        .vendor(&world.name("Nordwand"))
        .category(&format!("{0} Outdoor > {0} Jackets", world.mark))
        .tags("Rain, Winter , rain")
        .option_names(&["Size", "Colour"])
        .variant(Variant::new(&sku("1"), "129.00").options(&["M", "Red"]).compare_at("159").stock(4).grams("450", "kg"))
        .variant(Variant::new(&sku("2"), "129.5").options(&["M", "Blue"]).stock(0).barcode("4006381333931"))
        .variant(Variant::new(&sku("3"), "139").options(&["L", "Red"]).uncounted())
        .variant(Variant::new(&sku("4"), "0.05").options(&["L", "Blue"]).stock(0).continue_selling())
        .image("https://images.example.com/jacket-front.jpg", "Front")
        .image("https://images.example.com/jacket-back.jpg", "Back")
}

/// `product` without what differs between two products that are otherwise alike.
fn alike(mut product: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in ["id", "handle", "sku", "createdAt", "updatedAt", "category", "canonicalUrl"] {
                    members.remove(name);
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    product["jsonLd"]["url"].take();
    strip(&mut product);
    product
}

pub async fn both_generations_of_the_header_give_the_same_catalog(world: World) {
    for (generation, handle) in [(Generation::Older, "older"), (Generation::Newer, "newer")] {
        let report = world.ours.import_file(file(generation, &[jacket(&world, handle)])).await.expect(200).json();
        assert_eq!(report["products"]["created"], 1, "{generation:?}: {report}");
        assert_eq!(report["variants"]["written"], 4, "{generation:?}: {report}");
        assert_eq!(report["errorCount"], 0, "{generation:?}: {report}");
    }
    let older = world.ours.product(&world.name("older")).await;
    let newer = world.ours.product(&world.name("newer")).await;
    assert_eq!(alike(older), alike(newer));
}

pub async fn importing_again_changes_nothing(world: World) {
    let products = [jacket(&world, "again"), Product::simple(&world.name("again-too"), "5", 1)];
    let file = file(Generation::Older, &products);
    world.ours.import_file(file.as_str()).await.expect(200);
    let path = format!("/api/v1/products/{}", world.name("again"));
    let before = world.ours.shopper.get(&path).send().await.expect(200);
    let report = world.ours.import_file(file).await.expect(200).json();
    assert_eq!(report["products"], json!({ "created": 0, "updated": 0, "unchanged": 2, "failed": 0 }), "{report}");
    assert_eq!(report["variants"], json!({ "written": 0, "removed": 0 }), "{report}");
    let after = world.ours.shopper.get(&path).send().await.expect(200);
    assert_eq!(before.body, after.body);
    assert_eq!(before.the("etag"), after.the("etag"));
}

pub async fn what_was_sold_stays_sold_until_another_count(world: World) {
    let handle = world.name("sold");
    let product = |stock: i64| Product::simple(&handle, "5", stock);
    world.ours.import(&[product(10)]).await;
    let variants = world.ours.variants(&handle).await;
    let checkout = world.ours.opened(&[(&variants[0], 4)]).await;
    world.ours.complete(&checkout, &world.name("sold")).await.expect(201);
    assert_eq!(world.ours.stock(&handle).await, [6]);

    let report = world.ours.import(&[product(10)]).await;
    assert_eq!(report["products"]["unchanged"], 1, "{report}");
    assert_eq!(world.ours.stock(&handle).await, [6]);
    // Another text, the same quantity: written anew, and still nothing given back.
    world.ours.import(&[product(10).vendor("Another")]).await;
    assert_eq!(world.ours.stock(&handle).await, [6]);
    world.ours.import(&[product(12)]).await;
    assert_eq!(world.ours.stock(&handle).await, [12]);
}

pub async fn a_changed_product_keeps_its_ids(world: World) {
    let handle = world.name("changed");
    let variant =
        |name: &str, price: &str| Variant::new(&format!("{}-{name}", handle.to_uppercase()), price).options(&[name]);
    let product = |title: &str| Product::new(&handle, title).option_names(&["Size"]);
    let image = "https://images.example.com/a.jpg";
    let first = product("Tent").variant(variant("S", "10")).variant(variant("M", "11")).variant(variant("L", "12"));
    world.ours.import(&[first.image(image, "")]).await;
    let before = world.ours.product(&handle).await;

    // Another title, another order, one variant gone, one new.
    let second =
        product("Big tent").variant(variant("L", "20")).variant(variant("S", "10")).variant(variant("XL", "30"));
    let report = world.ours.import(&[second.image("https://images.example.com/b.jpg", "").image(image, "A")]).await;
    assert_eq!(report["products"]["updated"], 1, "{report}");
    assert_eq!(report["variants"]["removed"], 1, "{report}");
    let after = world.ours.product(&handle).await;
    let variants = |product: &Value| -> Vec<(String, String)> {
        let variants = product["variants"].as_array().unwrap().iter();
        variants.map(|variant| (text(&variant["title"]), text(&variant["id"]))).collect()
    };
    let id_of = |product: &Value, title: &str| {
        variants(product).into_iter().find_map(|(name, id)| (name == title).then_some(id)).unwrap()
    };
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["title"], "Big tent");
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert_eq!(after["version"], 2);
    let titles: Vec<String> = variants(&after).into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["L", "S", "XL"]);
    assert_eq!(id_of(&after, "S"), id_of(&before, "S"));
    assert_eq!(id_of(&after, "L"), id_of(&before, "L"));
    assert_eq!(after["images"][1]["id"], before["images"][0]["id"]);
    assert_eq!(after["priceRange"]["max"], json!({ "amount": "30.00", "currency": "EUR" }));
}

pub async fn options_images_prices_and_weights_arrive(world: World) {
    world.ours.import(&[jacket(&world, "whole")]).await;
    let product = world.ours.product(&world.name("whole")).await;
    assert_eq!(product["title"], "Trail Jacket \u{201c}Fjäll\u{201d}");
    assert_eq!(product["description"], "<p>Keeps \"dry\",\nand warm.</p>");
    assert_eq!(product["vendor"], world.name("Nordwand"));
    assert_eq!(product["category"]["name"], format!("{} Jackets", world.mark));
    let tags: Vec<String> =
        product["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_lowercase()).collect();
    assert_eq!(tags, ["rain", "winter"]);
    assert_eq!(
        product["options"],
        json!([{ "name": "Size", "values": ["M", "L"] }, { "name": "Colour", "values": ["Red", "Blue"] }])
    );
    let urls: Vec<&Value> = product["images"].as_array().unwrap().iter().map(|image| &image["url"]).collect();
    assert_eq!(urls, ["https://images.example.com/jacket-front.jpg", "https://images.example.com/jacket-back.jpg"]);
    assert_eq!(product["images"][1]["alt"], "Back");
    assert_eq!(
        product["priceRange"],
        json!({ "min": { "amount": "0.05", "currency": "EUR" }, "max": { "amount": "139.00", "currency": "EUR" } })
    );
    let seen: Vec<Value> = product["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| {
            json!([
                variant["title"],
                variant["price"]["amount"],
                variant["compareAtPrice"]["amount"],
                variant["weightGrams"],
                variant["weightUnit"],
                variant["barcode"],
                variant["availability"],
            ])
        })
        .collect();
    let stock = |in_stock: bool, quantity: Option<i64>| json!({ "inStock": in_stock, "quantity": quantity });
    assert_eq!(
        json!(seen),
        json!([
            ["M / Red", "129.00", "159.00", 450, "kg", null, stock(true, Some(4))],
            ["M / Blue", "129.50", null, null, null, "4006381333931", stock(false, Some(0))],
            ["L / Red", "139.00", null, null, null, null, stock(true, None)],
            ["L / Blue", "0.05", null, null, null, null, stock(true, Some(0))],
        ])
    );
    assert_eq!(product["variants"][0]["options"][1], json!({ "name": "Colour", "value": "Red" }));
}

pub async fn a_byte_order_mark_carriage_returns_and_quoted_newlines_are_read(world: World) {
    let (good, bad) = (world.name("crlf"), world.name("crlf-bad"));
    let text = format!(
        "\u{feff}Handle,Title,Body (HTML),Vendor,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,\
         Variant Price\r\n\
         {good},\"Say \"\"hi\"\", you\",\"<p>one\r\ntwo\r\nthree</p>\",Größe & Søn,{good}-s,shopify,3,9.90\r\n\
         {bad},Tent,,,{bad}-s,shopify,3,nine\r\n"
    );
    let report = world.ours.import_file(text).await.expect(200).json();
    assert_eq!(report["products"], json!({ "created": 1, "updated": 0, "unchanged": 0, "failed": 1 }), "{report}");
    // The bad row starts on the fifth line: the good one's description takes up three.
    assert_eq!(report["errors"][0]["line"], 5, "{report}");
    let product = world.ours.product(&good).await;
    assert_eq!(product["title"], "Say \"hi\", you");
    assert_eq!(product["vendor"], "Größe & Søn");
    assert_eq!(product["description"].as_str().unwrap().replace("\r\n", "\n"), "<p>one\ntwo\nthree</p>");
}

pub async fn made_up_skus_stay_the_same(world: World) {
    let handle = world.name("no-sku");
    let product = |price: &str| {
        let variant = |value: &str| Variant::new("", price).options(&[value]);
        Product::new(&handle, "No SKU").option_names(&["Size"]).variant(variant("1/2")).variant(variant("1-2"))
    };
    let skus = |product: &Value| -> Vec<String> {
        product["variants"].as_array().unwrap().iter().map(|variant| text(&variant["sku"])).collect()
    };
    world.ours.import(&[product("1")]).await;
    let before = world.ours.product(&handle).await;
    world.ours.import(&[product("2")]).await;
    let after = world.ours.product(&handle).await;
    assert_eq!(skus(&before), skus(&after));
    assert!(skus(&after).iter().all(|sku| !sku.is_empty()));
    assert_ne!(skus(&after)[0], skus(&after)[1]);
    assert_eq!(before["variants"][0]["id"], after["variants"][0]["id"]);
}

pub async fn scripts_in_descriptions_are_not_served(world: World) {
    let handle = world.name("scripts");
    let html = "<p onclick=\"steal()\">Fine</p><script>steal()</script><iframe src=\"//evil.example\"></iframe>\
                <a href=\"javascript:steal()\">x</a><img src=x onerror=steal()>";
    let product = Product::simple(&handle, "1", 1).body(html);
    world.ours.import(&[product]).await;
    let description = text(&world.ours.product(&handle).await["description"]);
    assert!(description.contains("Fine"), "{description}");
    for harmful in ["script", "steal", "iframe", "onclick", "onerror"] {
        assert!(!description.contains(harmful), "{description}");
    }
}

pub async fn a_dry_run_tells_and_changes_nothing(world: World) {
    let (known, new, wrong) = (world.name("dry-known"), world.name("dry-new"), world.name("dry-wrong"));
    world.ours.import(&[Product::simple(&known, "1", 1)]).await;
    let products =
        [Product::simple(&known, "2", 1), Product::simple(&new, "1", 1), Product::simple(&wrong, "1,000.00", 1)];
    let answer = world
        .ours
        .merchant
        .post("/api/v1/imports?dryRun=true")
        .body("text/csv; charset=utf-8", file(Generation::Newer, &products))
        .send()
        .await
        .expect(200);
    let report = answer.json();
    assert_eq!(report["dryRun"], true);
    assert_eq!(report["products"], json!({ "created": 1, "updated": 1, "unchanged": 0, "failed": 1 }), "{report}");
    assert_eq!(report["errors"][0]["handle"], wrong, "{report}");
    assert_eq!(world.ours.product(&known).await["priceRange"]["min"]["amount"], "1.00");
    world.ours.shopper.get(&format!("/api/v1/products/{new}")).send().await.expect(404);
}

pub async fn only_active_products_are_shown(world: World) {
    let vendor = world.name("status");
    let product = |status: &str| Product::simple(&world.name(status), "1", 1).vendor(&vendor).status(status);
    world.ours.import(&[product("active"), product("draft"), product("archived")]).await;
    let listed = world.ours.shopper.get("/api/v1/products").query(&[("filter[vendor]", &vendor)]).send().await;
    let listed = listed.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["items"][0]["handle"], world.name("active"));
    for status in ["draft", "archived"] {
        world.ours.shopper.get(&format!("/api/v1/products/{}", world.name(status))).send().await.expect(404);
    }
    // Published later, it appears; withdrawn, it goes.
    world.ours.import(&[product("draft").status("active")]).await;
    world.ours.import(&[product("active").status("archived")]).await;
    world.ours.product(&world.name("draft")).await;
    world.ours.shopper.get(&format!("/api/v1/products/{}", world.name("active"))).send().await.expect(404);
}

pub async fn two_imports_at_once_make_no_duplicates(world: World) {
    let vendor = world.name("twice");
    let products: Vec<Product> = (0..30)
        .map(|at| {
            let category = format!("{0} Twice > {0} Shelf {1}", world.mark, at % 3);
            Product::simple(&world.name(&format!("twice-{at}")), "1", 1).vendor(&vendor).category(&category)
        })
        .collect();
    let imports = (0..4).map(|_| world.ours.import(&products));
    let reports = futures_util::future::join_all(imports).await;
    let sum = |count: &str| reports.iter().map(|report| report["products"][count].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("created"), sum("failed")), (30, 0), "{reports:?}");
    assert_eq!(sum("created") + sum("updated") + sum("unchanged"), 120, "{reports:?}");
    let listed = world.ours.shopper.get("/api/v1/products?limit=250").query(&[("filter[vendor]", &vendor)]).send();
    assert_eq!(listed.await.expect(200).json()["items"].as_array().unwrap().len(), 30);
}

/// Each has variants of its own in the same products. Whoever comes last in has the whole product; nothing is mixed.
pub async fn twelve_imports_at_once_leave_one_of_them_whole(world: World) {
    const PRODUCTS: usize = 5;
    let handle = |at: usize| world.name(&format!("contended-{at}"));
    let sizes = |number: usize| vec!["All".to_owned(), format!("Size {number}"), format!("Size {}", number % 3)];
    let file = |number: usize| {
        let mut sizes = sizes(number);
        sizes.dedup();
        let product = |at: usize| {
            let product = Product::new(&handle(at), &format!("Title {number}")).option_names(&["Size"]);
            sizes.iter().collect::<std::collections::BTreeSet<_>>().into_iter().fold(product, |product, size| {
                product.variant(Variant::new(&format!("{}-{size}", handle(at)), "1").options(&[size]))
            })
        };
        file_of(&(0..PRODUCTS).map(product).collect::<Vec<_>>())
    };
    let answers = futures_util::future::join_all((0..12).map(|number| world.ours.import_file(file(number)))).await;
    let mut done = 0;
    for answer in answers {
        if answer.status == 200 {
            assert_eq!(answer.json()["products"]["failed"], 0, "{answer}");
            done += 1;
        } else {
            let refused = answer.expect_problem(503, "contended");
            assert!((1..=60).contains(&refused.the("retry-after").parse::<u64>().unwrap()), "{refused}");
        }
    }
    assert!(0 < done, "somebody always wins");
    for at in 0..PRODUCTS {
        let product = world.ours.product(&handle(at)).await;
        let number: usize = product["title"].as_str().unwrap().replace("Title ", "").parse().unwrap();
        let mut expected: Vec<String> = sizes(number).iter().map(|size| format!("{}-{size}", handle(at))).collect();
        expected.sort();
        expected.dedup();
        let variants = product["variants"].as_array().unwrap().iter();
        let mut skus: Vec<String> = variants.map(|variant| text(&variant["sku"])).collect();
        skus.sort();
        assert_eq!(skus, expected, "{product}");
    }
}

pub async fn a_made_up_sku_gives_way_to_the_one_that_another_product_names(world: World) {
    let (unnamed, names) = (world.name("unnamed"), world.name("names"));
    let made_up = format!("{unnamed}_M");
    let without =
        Product::new(&unnamed, "Unnamed").option_names(&["Size"]).variant(Variant::new("", "1").options(&["M"]));
    let with = Product::new(&names, "Names").variant(Variant::new(&made_up, "1"));
    let sku = async |handle: &str| text(&world.ours.product(handle).await["variants"][0]["sku"]);
    // In one file, whichever comes first.
    for products in [[without.clone(), with.clone()], [with, without.clone()]] {
        let report = world.ours.import(&products).await;
        assert_eq!(report["products"]["failed"], 0, "{report}");
        assert_eq!(sku(&names).await, made_up);
        let other = sku(&unnamed).await;
        assert!(other.starts_with(&format!("{unnamed}_m.")), "{other}");
    }
    // In a file of its own, and again.
    let before = world.ours.product(&unnamed).await;
    for _ in 0..2 {
        let report = world.ours.import(std::slice::from_ref(&without)).await;
        assert_eq!(report["products"]["unchanged"], 1, "{report}");
    }
    assert_eq!(world.ours.product(&unnamed).await, before);
}

/// Two chunks apart as well as side by side: whoever comes first in the file, the SKU moves.
pub async fn skus_are_swapped_and_moved_between_products(world: World) {
    let sku = |name: &str| world.name(&format!("sku-{name}"));
    let product =
        |name: &str, sku: &str| Product::new(&world.name(name), name).variant(Variant::new(sku, "1").stock(3));
    let skus = async |names: [&str; 3]| -> Vec<String> {
        let mut found = Vec::new();
        for name in names {
            found.push(text(&world.ours.product(&world.name(name)).await["variants"][0]["sku"]));
        }
        found
    };
    let names = ["swap-a", "swap-b", "swap-c"];
    let (a, b, c, d) = (sku("a"), sku("b"), sku("c"), sku("d"));
    let file = |between: usize, skus: [&str; 3]| -> Vec<Product> {
        let [first, second, third] = [0, 1, 2].map(|at| product(names[at], skus[at]));
        let fill = (0..between).map(|at| Product::simple(&world.name(&format!("swap-{at}")), "1", 1));
        [first].into_iter().chain(fill).chain([second, third]).collect()
    };
    world.ours.import(&file(120, [&a, &b, &c])).await;
    let id = text(&world.ours.product(&world.name("swap-a")).await["variants"][0]["id"]);

    for (between, given) in [
        // Two swap, and the third stays as it is.
        (0, [&b, &a, &c]),
        (120, [&a, &b, &c]),
        // In a ring.
        (0, [&b, &c, &a]),
        (120, [&c, &a, &b]),
        // One gets a new SKU, and its own moves on: up the file, and down.
        (120, [&a, &d, &b]),
        (120, [&d, &b, &a]),
    ] {
        let given = given.map(String::as_str);
        let path = "/api/v1/imports?dryRun=true";
        let text = file_of(&file(between, given));
        let dry = world.ours.merchant.post(path).body("text/csv", text).send().await.expect(200).json();
        let report = world.ours.import(&file(between, given)).await;
        assert_eq!(report["products"]["failed"], 0, "{given:?} with {between} between: {report}");
        assert_eq!(dry["products"], report["products"], "{given:?} with {between} between: {dry}");
        assert_eq!(skus(names).await, given, "with {between} between");
    }
    // A variant is told by its options: it is still the same one.
    assert_eq!(text(&world.ours.product(&world.name("swap-a")).await["variants"][0]["id"]), id);

    // One that is refused keeps its SKU, so nobody else can have it.
    let thief = Product::new(&world.name("swap-b"), "b").variant(Variant::new(&c, "1"));
    let heir = product("swap-c", &b);
    world.ours.import(&[product("swap-other", &c)]).await;
    let report = world.ours.import_file(file_of(&[heir, thief])).await.expect(200).json();
    assert_eq!(report["products"]["failed"], 2, "{report}");
    assert!(report["errors"][0]["line"].as_u64() < report["errors"][1]["line"].as_u64(), "{report}");
    assert_eq!(skus(names).await, [&d, &b, &a].map(String::clone));
}

fn file_of(products: &[Product]) -> String {
    file(Generation::Newer, products)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
