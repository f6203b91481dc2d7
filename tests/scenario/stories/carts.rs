//! A shopper fills a cart.

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};

use crate::buyers::{Buyer, Repeats};
use crate::client::Answer;
use crate::product_file::{Product, Variant};
use crate::world::World;

fn line<'a>(cart: &'a Value, variant: &str) -> Option<&'a Value> {
    cart["lines"].as_array().unwrap().iter().find(|line| line["variantId"] == variant)
}

fn quantities(cart: &Value) -> Vec<(String, i64)> {
    let lines = cart["lines"].as_array().unwrap().iter();
    lines.map(|line| (line["variantId"].as_str().unwrap().to_owned(), line["quantity"].as_i64().unwrap())).collect()
}

pub async fn lines_are_added_set_and_removed(world: World) {
    let handle = world.name("cart");
    let variant = |name: &str, price: &str| Variant::new(&world.name(name), price).options(&[name]);
    let product = Product::new(&handle, "Mug")
        .option_names(&["Size"])
        .variant(variant("S", "2.50"))
        .variant(variant("L", "4"))
        .image("https://images.example.com/mug.jpg", "");
    world.ours.import(&[product]).await;
    let variants = world.ours.variants(&handle).await;
    let [small, large] = variants.as_slice() else { panic!("{variants:?}") };

    let created = world.ours.shopper.post("/api/v1/cart").json(&json!({})).send().await.expect(201);
    let cart = created.json();
    let id = cart["id"].as_str().unwrap();
    assert_eq!(created.the("location"), format!("/api/v1/cart/{id}"));
    assert_eq!(created.the("etag"), "\"1\"");
    assert_eq!((&cart["version"], &cart["itemCount"]), (&json!(1), &json!(0)));
    assert_eq!(cart["subtotal"], json!({ "amount": "0.00", "currency": "EUR" }));

    world.ours.add(id, large, 1).await.expect(200);
    world.ours.add(id, small, 2).await.expect(200);
    let added = world.ours.add(id, large, 2).await.expect(200);
    assert_eq!(added.the("etag"), "\"4\"");
    let cart = added.json();
    // In the order they were first added.
    assert_eq!(quantities(&cart), [(large.clone(), 3), (small.clone(), 2)]);
    assert_eq!(cart["itemCount"], 5);
    assert_eq!(cart["subtotal"]["amount"], "17.00");
    let first = line(&cart, large).unwrap();
    assert_eq!(first["unitPrice"]["amount"], "4.00");
    assert_eq!(first["total"]["amount"], "12.00");
    assert_eq!((&first["title"], &first["variantTitle"]), (&json!("Mug"), &json!("L")));
    assert_eq!((&first["productHandle"], &first["sku"]), (&json!(handle), &json!(world.name("L"))));
    assert_eq!(first["imageUrl"], "https://images.example.com/mug.jpg");
    assert_eq!((&first["status"], &first["available"]), (&json!("available"), &json!(10)));
    // What is shown is what the mutation said, which knows no promotions.
    let mut shown = world.ours.cart(id).await;
    assert_eq!(shown["totals"].take()["total"]["amount"], "17.00");
    for line in shown["lines"].as_array_mut().unwrap() {
        assert_eq!(line["discount"].take()["amount"], "0.00");
    }
    assert_eq!(shown, cart);

    let one = |variant: &str| format!("/api/v1/cart/{id}/items/{variant}");
    let set = async |variant: &str, quantity: i64| {
        world.ours.shopper.patch(&one(variant)).json(&json!({ "quantity": quantity })).send().await
    };
    let cart = set(large, 7).await.expect(200).json();
    assert_eq!(quantities(&cart), [(large.clone(), 7), (small.clone(), 2)]);
    let cart = set(large, 0).await.expect(200).json();
    assert_eq!(quantities(&cart), [(small.clone(), 2)]);
    set(large, 1).await.expect_problem(404, "no-such-line");
    let cart = world.ours.shopper.delete(&one(small)).send().await.expect(200).json();
    assert_eq!(quantities(&cart), []);
    world.ours.shopper.delete(&one(small)).send().await.expect_problem(404, "no-such-line");
    assert_eq!(world.ours.cart(id).await["version"], 7);

    // Without a quantity one unit is meant.
    let body = json!({ "variantId": small });
    let cart = world.ours.shopper.post(&format!("/api/v1/cart/{id}/items")).json(&body).send().await.expect(200).json();
    assert_eq!(quantities(&cart), [(small.clone(), 1)]);
}

pub async fn two_hundred_parallel_adds_of_one_are_two_hundred(world: World) {
    let sold = world.sell("parallel", "1", 10).await;
    let cart = world.ours.new_cart().await;
    let repeats = Repeats::default();
    let adds = (0..200).map(|number| {
        let buyer = Buyer { shop: &world.ours, name: world.name(&format!("parallel-{number}")), repeats: &repeats };
        let (cart, variant) = (&cart, &sold.variant);
        async move { buyer.add(cart, variant, 1).await }
    });
    let answers = futures_util::future::join_all(adds).await;
    let mut seen: Vec<i64> =
        answers.into_iter().map(|answer| answer.expect(200).json()["itemCount"].as_i64().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=200).collect::<Vec<i64>>(), "each add saw the one before");
    let cart = world.ours.cart(&cart).await;
    assert_eq!((&cart["itemCount"], &cart["version"]), (&json!(200), &json!(201)));
}

pub async fn a_repeated_add_counts_once(world: World) {
    let sold = world.sell("repeated", "1", 10).await;
    let cart = world.ours.new_cart().await;
    let key = world.name("repeated");
    let add = async |quantity: i64| -> Answer {
        let body = json!({ "variantId": sold.variant, "quantity": quantity });
        let call = world.ours.shopper.post(&format!("/api/v1/cart/{cart}/items"));
        call.header("idempotency-key", &key).json(&body).send().await
    };
    let answers = futures_util::future::join_all((0..10).map(|_| add(2))).await;
    let first = answers.iter().find(|answer| !answer.is_replayed()).unwrap().clone();
    for answer in answers.iter().chain([&add(2).await]) {
        assert_eq!((answer.status, &answer.body), (200, &first.body), "{answer}");
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_replayed()).count(), 9);
    assert_eq!(world.ours.cart(&cart).await["itemCount"], 2);
    // The replay is of the first answer, whatever happened since.
    world.ours.add(&cart, &sold.variant, 5).await.expect(200);
    assert_eq!(add(2).await.expect(200).body, first.body);
    assert_eq!(add(3).await.expect_problem(422, "idempotency-key-reused").places(), ["Idempotency-Key:"]);
    assert_eq!(world.ours.cart(&cart).await["itemCount"], 7);

    let create =
        async || world.ours.shopper.post("/api/v1/cart").header("idempotency-key", world.name("new")).send().await;
    let (first, again) = (create().await.expect(201), create().await.expect(201));
    assert_eq!(first.body, again.body);
    assert!(!first.is_replayed() && again.is_replayed());
}

pub async fn a_stale_version_is_refused(world: World) {
    let sold = world.sell("stale", "1", 10).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let path = format!("/api/v1/cart/{cart}/items/{}", sold.variant);
    let set = async |version: &str, quantity: i64| {
        let call = world.ours.shopper.patch(&path).header("if-match", version);
        call.json(&json!({ "quantity": quantity })).send().await
    };
    let etag = set("\"2\"", 3).await.expect(200).the("etag").to_owned();
    let refused = set("\"2\"", 4).await.expect_problem(412, "version-mismatch");
    assert_eq!(refused.json()["version"], 3);
    set(&etag, 5).await.expect(200);
    set("*", 6).await.expect(200);
    let deleted = world.ours.shopper.delete(&path).header("if-match", "\"1\"").send().await;
    deleted.expect_problem(412, "version-mismatch");
    let body = json!({ "variantId": sold.variant });
    let added = world.ours.shopper.post(&format!("/api/v1/cart/{cart}/items")).header("if-match", "\"99\"").json(&body);
    added.send().await.expect_problem(412, "version-mismatch");
    for nonsense in ["7", "W/\"7\"", "\"seven\"", "\"\"", "\"99999999999999999999\"", "\"1\", \"2\""] {
        let refused = set(nonsense, 9).await.expect_problem(400, "invalid-header");
        assert_eq!(refused.places(), ["If-Match:"], "{nonsense}");
    }
    assert_eq!(world.ours.cart(&cart).await["itemCount"], 6);

    // Of ten who saw the same version, one gets through.
    let version = format!("\"{}\"", world.ours.cart(&cart).await["version"]);
    let answers = futures_util::future::join_all((1..=10).map(|quantity| set(&version, quantity))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 9]].concat());
}

pub async fn what_cannot_be_added_is_named(world: World) {
    let sold = world.sell("addable", "1", 10).await;
    let draft = world.name("draft");
    world.ours.import(&[Product::simple(&draft, "1", 1)]).await;
    let hidden = world.ours.first_variant(&draft).await;
    world.ours.import(&[Product::simple(&draft, "1", 1).status("draft")]).await;
    let cart = world.ours.new_cart().await;
    for variant in [hidden.variant.as_str(), "var_01h455vb4pex5vsknk084sn02q"] {
        let refused = world.ours.add(&cart, variant, 1).await.expect_problem(422, "variant-not-for-sale");
        assert_eq!(refused.places(), ["#/variantId"]);
    }
    for (variant, quantity, places) in [
        (sold.product.as_str(), 1, &["#/variantId"][..]),
        (&sold.handle, 0, &["#/variantId", "#/quantity"]),
        (&sold.variant, -1, &["#/quantity"]),
        (&sold.variant, 10_000, &["#/quantity"]),
        (&sold.variant, i64::MIN, &["#/quantity"]),
    ] {
        let refused = world.ours.add(&cart, variant, quantity).await.expect_problem(422, "invalid-request");
        assert_eq!(refused.places(), places, "{variant} {quantity}");
    }
    assert_eq!(world.ours.cart(&cart).await["version"], 1, "nothing of it changed the cart");
}

pub async fn a_cart_holds_250_lines(world: World) {
    let handle = world.name("many");
    let variants =
        (0..251).map(|at| Variant::new(&world.name(&format!("many-{at}")), "1").options(&[&format!("No {at}")]));
    let product = variants.fold(Product::new(&handle, "Many").option_names(&["Number"]), Product::variant);
    world.ours.import(&[product]).await;
    let variants = world.ours.variants(&handle).await;
    assert_eq!(variants.len(), 251);
    let cart = world.ours.new_cart().await;
    let adds = stream::iter(&variants).map(|variant| world.ours.add(&cart, variant, 1));
    let answers: Vec<Answer> = adds.buffer_unordered(10).collect().await;
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    let [refused] = refused.as_slice() else { panic!("{} were refused", refused.len()) };
    assert_eq!((refused.status, refused.code().as_str()), (422, "cart-full"), "{refused}");
    let shown = world.ours.cart(&cart).await;
    assert_eq!(shown["lines"].as_array().unwrap().len(), 250);
    // A line that is there still takes more.
    let there = quantities(&shown).first().unwrap().0.clone();
    world.ours.add(&cart, &there, 1).await.expect(200);
    let opened = world.ours.open(&cart).await.expect(201).json();
    assert_eq!(opened["lines"].as_array().unwrap().len(), 250);
    assert_eq!(opened["total"]["amount"], "251.00");
}

pub async fn a_line_holds_9999_units(world: World) {
    let sold = world.sell("units", "1", 10).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 9_998)]).await;
    let refused = world.ours.add(&cart, &sold.variant, 2).await.expect_problem(422, "line-too-large");
    assert_eq!(refused.places(), ["#/quantity"]);
    assert_eq!(refused.json()["wouldHold"], 10_000);
    let shown = world.ours.add(&cart, &sold.variant, 1).await.expect(200).json();
    assert_eq!(line(&shown, &sold.variant).unwrap()["status"], "insufficient-stock");
    assert_eq!(line(&shown, &sold.variant).unwrap()["available"], 10);
    let path = format!("/api/v1/cart/{cart}/items/{}", sold.variant);
    let set = world.ours.shopper.patch(&path).json(&json!({ "quantity": 10_000 })).send().await;
    assert_eq!(set.expect_problem(422, "invalid-request").places(), ["#/quantity"]);
}

pub async fn removed_and_sold_out_variants_stay_and_say_so(world: World) {
    let handle = world.name("fading");
    let variant = |name: &str, price: &str, stock| Variant::new(&world.name(name), price).options(&[name]).stock(stock);
    let product = || Product::new(&handle, "Fading").option_names(&["Size"]);
    let before = product()
        .variant(variant("stays", "1", 9))
        .variant(variant("dearer", "2", 9))
        .variant(variant("sells-out", "4", 9))
        .variant(variant("goes", "8", 9));
    let hidden = world.name("hidden");
    world.ours.import(&[before, Product::simple(&hidden, "16", 9)]).await;
    let variants = world.ours.variants(&handle).await;
    let [stays, dearer, sells_out, goes] = variants.as_slice() else { panic!("{variants:?}") };
    let hidden_variant = world.ours.first_variant(&hidden).await.variant;
    let lines = [stays, dearer, sells_out, goes, &hidden_variant].map(|variant| (variant.as_str(), 2));
    let cart = world.ours.filled_cart(&lines).await;
    assert_eq!(world.ours.cart(&cart).await["subtotal"]["amount"], "62.00");

    let after = product().variant(variant("stays", "1", 1)).variant(variant("dearer", "3", 9)).variant(variant(
        "sells-out",
        "4",
        0,
    ));
    world.ours.import(&[after, Product::simple(&hidden, "16", 9).status("archived")]).await;
    let shown = world.ours.cart(&cart).await;
    assert_eq!(quantities(&shown).len(), 5, "{shown}");
    for (variant, status, available, price, previous) in [
        (stays, "insufficient-stock", json!(1), "1.00", None),
        (dearer, "available", json!(9), "3.00", Some("2.00")),
        (sells_out, "sold-out", json!(0), "4.00", None),
        (goes, "removed", Value::Null, "8.00", None),
        (&hidden_variant, "removed", Value::Null, "16.00", None),
    ] {
        let line = line(&shown, variant).unwrap();
        assert_eq!((&line["status"], &line["available"]), (&json!(status), &available), "{line}");
        assert_eq!(line["unitPrice"]["amount"], price, "{line}");
        assert_eq!(line["previousPrice"]["amount"].as_str(), previous, "{line}");
        assert!(line["title"].as_str().is_some_and(|title| !title.is_empty()), "{line}");
    }
    // What cannot be had is not summed up; what is short is.
    assert_eq!(shown["subtotal"]["amount"], "8.00");
}

pub async fn carts_that_are_not_there_are_404(world: World) {
    let sold = world.sell("no-cart", "1", 1).await;
    for cart in [
        "cart_01h455vb4pex5vsknk084sn02q",
        "cart_",
        "nonsense",
        sold.product.as_str(),
        "cart_01H455VB4PEX5VSKNK084SN02Q",
    ] {
        world.ours.shopper.get(&format!("/api/v1/cart/{cart}")).send().await.expect_problem(404, "not-found");
        world.ours.add(cart, &sold.variant, 1).await.expect_problem(404, "not-found");
        let path = format!("/api/v1/cart/{cart}/items/{}", sold.variant);
        world.ours.shopper.patch(&path).json(&json!({ "quantity": 1 })).send().await.expect_problem(404, "not-found");
        world.ours.shopper.delete(&path).send().await.expect_problem(404, "not-found");
    }
}
