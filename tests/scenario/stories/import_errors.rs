//! A merchant's product file is wrong.

use serde_json::{Value, json};

use crate::product_file::{Generation, Product, Variant, file};
use crate::world::World;

pub async fn errors_name_line_and_column_while_good_products_go_in(world: World) {
    let product = |name: &str, price: &str| Product::simple(&world.name(name), price, 1);
    let stock = |name: &str, units: &str| {
        let sku = world.name(name);
        format!("{sku},Tent,{sku},1.00,shopify,{units}\n")
    };
    // Of the two prices that are wrong in one product, both are listed.
    let two = Product::new(&world.name("two"), "Two")
        .option_names(&["Size"])
        .variant(Variant::new(&world.name("two-1"), "1.2.3").options(&["S"]))
        .variant(Variant::new(&world.name("two-2"), "EUR 5").options(&["M"]));
    let products = [
        product("good-1", "1234.50"),
        product("thousands", "1,234.50"),
        product("digits", "12.345"),
        product("negative", "-1"),
        two,
        product("good-2", "0"),
    ];
    for (generation, column) in [(Generation::Older, "Variant Price"), (Generation::Newer, "Price")] {
        let report = world.ours.import_file(file(generation, &products)).await.expect(200).json();
        assert_eq!(report["products"]["failed"], 4, "{report}");
        assert_eq!(report["errorCount"], 5, "{report}");
        let seen: Vec<Value> =
            errors(&report).map(|error| json!([error["line"], error["column"], error["handle"]])).collect();
        let expected = [(3, "thousands"), (4, "digits"), (5, "negative"), (6, "two"), (7, "two")]
            .map(|(line, name)| json!([line, column, world.name(name)]));
        assert_eq!(seen, expected, "{report}");
        assert!(errors(&report).all(|error| error["reason"].as_str().is_some_and(|reason| 5 < reason.len())));
    }
    for (name, amount) in [("good-1", "1234.50"), ("good-2", "0.00")] {
        assert_eq!(world.ours.product(&world.name(name)).await["priceRange"]["min"]["amount"], amount);
    }
    for name in ["thousands", "digits", "negative", "two"] {
        world.ours.shopper.get(&format!("/api/v1/products/{}", world.name(name))).send().await.expect(404);
    }

    let header = "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\n";
    let text =
        format!("{header}{}{}{}", stock("many", "many"), stock("half", "1.5"), stock("lots", "99999999999999999999"));
    let report = world.ours.import_file(text).await.expect(200).json();
    let seen: Vec<Value> = errors(&report).map(|error| json!([error["line"], error["column"]])).collect();
    assert_eq!(seen, [2, 3, 4].map(|line| json!([line, "Variant Inventory Qty"])), "{report}");
}

fn errors(report: &Value) -> impl Iterator<Item = &Value> {
    report["errors"].as_array().unwrap().iter()
}

pub async fn a_sku_of_another_product_is_refused(world: World) {
    let sku = world.name("one-sku");
    let product = |name: &str| Product::new(&world.name(name), name).variant(Variant::new(&sku, "1"));
    world.ours.import(&[product("owner")]).await;
    let products = [product("thief"), Product::simple(&world.name("bystander"), "1", 1)];
    for (generation, column, done) in
        [(Generation::Newer, "SKU", "created"), (Generation::Older, "Variant SKU", "unchanged")]
    {
        let report = world.ours.import_file(file(generation, &products)).await.expect(200).json();
        assert_eq!((&report["products"][done], &report["products"]["failed"]), (&json!(1), &json!(1)), "{report}");
        assert_eq!((&report["errors"][0]["line"], &report["errors"][0]["column"]), (&json!(2), &json!(column)));
        assert!(report["errors"][0]["reason"].as_str().unwrap().contains(&world.name("owner")), "{report}");
    }
    world.ours.product(&world.name("bystander")).await;
    world.ours.shopper.get(&format!("/api/v1/products/{}", world.name("thief"))).send().await.expect(404);
}

pub async fn what_is_no_product_file_is_refused_with_its_reason(world: World) {
    // A good product before the mistake, which must not go in alone.
    let good = world.name("of-no-file");
    let header = &format!("Handle,Title,Variant Price\n{good},Good,1\n");
    let utf_16: Vec<u8> = format!("\u{feff}{header}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("windows-1252", [header.as_bytes(), b"a,Gr\xf6\xdfe,1\n"].concat(), "UTF-8"),
        ("UTF-16", utf_16, "UTF-8"),
        ("semicolons", b"Handle;Title;Variant Price\na;b;1\n".to_vec(), "semicolon"),
        ("no handle", b"Title,Variant Price\na,1\n".to_vec(), "Handle"),
        ("a column twice", b"Handle,Title,Price,Variant Price\na,b,1,1\n".to_vec(), "Price"),
        ("nothing", Vec::new(), "empty"),
    ];
    for (name, bytes, told) in cases {
        let answer = world.ours.import_file(bytes).await.expect_problem(422, "file-not-importable");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(told), "{name}: {detail}");
    }
    world.ours.shopper.get(&format!("/api/v1/products/{good}")).send().await.expect(404);
    let json = world.ours.merchant.post("/api/v1/imports").json(&json!({})).send().await;
    json.expect_problem(415, "not-csv");
}

/// More than a thousand are counted, and the first thousand listed.
pub async fn errors_and_warnings_beyond_a_thousand_are_counted(world: World) {
    let mut text = "Handle,Title,Variant Price,Variant Inventory Qty\n".to_owned();
    for at in 0..1_005 {
        text.push_str(&format!("{0}-warned-{at},Warned,1,-1\n{0}-wrong-{at},Wrong,x,1\n", world.mark));
    }
    let path = "/api/v1/imports?dryRun=true";
    let report = world.ours.merchant.post(path).body("text/csv", text).send().await.expect(200).json();
    for (count, list) in [("errorCount", "errors"), ("warningCount", "warnings")] {
        assert_eq!((&report[count], report[list].as_array().unwrap().len()), (&json!(1_005), 1_000), "{count}");
    }
}
