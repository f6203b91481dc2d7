//! A shopper buys.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::product_file::{Product, Variant};
use crate::world::World;

pub async fn an_order_takes_stock_and_says_its_number(world: World) {
    let handle = world.name("order");
    let variant = |name: &str, price: &str| Variant::new(&world.name(name), price).options(&[name]);
    let product =
        Product::new(&handle, "Mug").option_names(&["Size"]).variant(variant("S", "2.50")).variant(variant("L", "4"));
    world.ours.import(&[product]).await;
    let variants = world.ours.variants(&handle).await;
    let checkout = world.ours.opened(&[(&variants[0], 3), (&variants[1], 1)]).await;
    let placed = world.ours.complete(&checkout, &world.name("order")).await.expect(201);
    let order = placed.json();
    assert_eq!(placed.the("location"), format!("/api/v1/orders/{}", order["id"].as_str().unwrap()));
    assert!(!placed.is_replayed());
    assert!(1_001 <= order["number"].as_i64().unwrap(), "{order}");
    assert_eq!(order["checkoutId"], checkout);
    assert_eq!(
        json!([order["state"], order["paymentState"], order["fulfillmentState"]]),
        json!(["confirmed", "pending", "unfulfilled"])
    );
    assert_eq!(order["total"], json!({ "amount": "11.50", "currency": "EUR" }));
    assert_eq!(order["payment"]["method"], "on-account");
    assert_eq!(order["payment"]["amount"], order["total"]);
    assert_eq!(order["shippingAddress"]["name"], "Ada Lovelace");
    let lines: Vec<Value> = order["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            json!([
                line["variantId"],
                line["sku"],
                line["quantity"],
                line["unitPrice"]["amount"],
                line["total"]["amount"]
            ])
        })
        .collect();
    assert_eq!(
        json!(lines),
        json!([[variants[0], world.name("S"), 3, "2.50", "7.50"], [variants[1], world.name("L"), 1, "4.00", "4.00"]])
    );
    assert_eq!(world.ours.stock(&handle).await, [7, 9]);
    let checkout = world.ours.shopper.get(&format!("/api/v1/checkouts/{checkout}")).send().await.expect(200).json();
    assert_eq!(checkout["state"], "completed");
}

pub async fn a_changed_price_is_told_with_old_and_new(world: World) {
    let sold = world.sell("repriced", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    for (price, key) in [("12.50", "up"), ("9.99", "down")] {
        world.ours.import(&[Product::simple(&sold.handle, price, 5)]).await;
        let refused = world.ours.complete(&checkout, &world.name(key)).await.expect_problem(409, "lines-not-available");
        let amount = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
        let current = if price == "12.50" { amount("12.50") } else { amount("9.99") };
        assert_eq!(
            refused.json()["lines"],
            json!([{
                "variantId": sold.variant,
                "problem": "price-changed",
                "agreedPrice": amount("10.00"),
                "currentPrice": current,
            }])
        );
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [5]);
    // A refusal is no first answer: once the price is back, the same key buys.
    world.ours.import(&[Product::simple(&sold.handle, "10", 5)]).await;
    let placed = world.ours.complete(&checkout, &world.name("up")).await.expect(201).json();
    assert_eq!(placed["total"]["amount"], "20.00");
    assert_eq!(world.ours.stock(&sold.handle).await, [3]);
}

pub async fn short_lines_are_listed_at_once_and_nothing_is_taken(world: World) {
    let handle = world.name("short");
    let variant = |name: &str, price: &str, stock| Variant::new(&world.name(name), price).options(&[name]).stock(stock);
    let product = || Product::new(&handle, "Box").option_names(&["Size"]);
    let before = product()
        .variant(variant("fine", "1", 9))
        .variant(variant("less", "1", 9))
        .variant(variant("out", "1", 9))
        .variant(variant("dearer", "1", 9))
        .variant(variant("gone", "1", 9));
    world.ours.import(&[before]).await;
    let variants = world.ours.variants(&handle).await;
    let [fine, less, out, dearer, gone] = variants.as_slice() else { panic!("{variants:?}") };
    let checkout = world.ours.opened(&[(fine, 4), (less, 4), (out, 4), (dearer, 4), (gone, 4)]).await;
    let after = product()
        .variant(variant("fine", "1", 9))
        .variant(variant("less", "1", 3))
        .variant(variant("out", "1", 0))
        .variant(variant("dearer", "2", 9));
    world.ours.import(&[after]).await;
    let refused = world.ours.complete(&checkout, &world.name("short")).await.expect_problem(409, "lines-not-available");
    let amount = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!(
        refused.json()["lines"],
        json!([
            { "variantId": less, "problem": "insufficient-stock", "requested": 4, "available": 3 },
            { "variantId": out, "problem": "sold-out", "requested": 4, "available": 0 },
            { "variantId": dearer, "problem": "price-changed", "agreedPrice": amount("1.00"), "currentPrice": amount("2.00") },
            { "variantId": gone, "problem": "removed" },
        ])
    );
    assert_eq!(world.ours.stock(&handle).await, [9, 3, 0, 9]);
    let shown = world.ours.shopper.get(&format!("/api/v1/checkouts/{checkout}")).send().await.expect(200).json();
    assert_eq!(shown["state"], "open");

    // Short only in the commit: two checkouts are open for the same last units.
    let lines = [(fine.as_str(), 5), (less.as_str(), 2)];
    let (one, two) = (world.ours.opened(&lines).await, world.ours.opened(&lines).await);
    world.ours.complete(&one, &world.name("short-1")).await.expect(201);
    let refused = world.ours.complete(&two, &world.name("short-2")).await.expect_problem(409, "lines-not-available");
    assert_eq!(
        refused.json()["lines"],
        json!([
            { "variantId": fine, "problem": "insufficient-stock", "requested": 5, "available": 4 },
            { "variantId": less, "problem": "insufficient-stock", "requested": 2, "available": 1 },
        ])
    );
    assert_eq!(world.ours.stock(&handle).await, [4, 1, 0, 9]);
}

pub async fn a_replay_is_byte_identical(world: World) {
    let sold = world.sell("replay", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    let key = world.name("replay");
    let first = world.ours.complete(&checkout, &key).await.expect(201);
    // Neither other prices nor an empty shelf change what was answered.
    world.ours.import(&[Product::simple(&sold.handle, "99", 0).status("draft")]).await;
    for _ in 0..3 {
        let again = world.ours.complete(&checkout, &key).await.expect(201);
        assert_eq!(again.body, first.body);
        assert!(again.is_replayed());
        for header in ["location", "content-type", "cache-control"] {
            assert_eq!(again.header(header), first.header(header), "{header}");
        }
    }
}

pub async fn an_idempotency_key_is_for_one_request(world: World) {
    let sold = world.sell("one-request", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let key = world.name("one-request");
    let merchant = &world.ours.merchant;
    let placed = world.ours.complete_by(merchant, &checkout, &key, "on-account").await.expect(201);
    // The same key with another body, another checkout, another route.
    let other_body = world.ours.complete_by(merchant, &checkout, &key, "paid").await;
    let other = world.ours.opened(&[(&sold.variant, 1)]).await;
    let other_checkout = world.ours.complete_by(merchant, &other, &key, "on-account").await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let form = crate::world::order_form(&cart);
    let other_route = merchant.post("/api/v1/checkouts").header("idempotency-key", &key).json(&form).send().await;
    for answer in [other_body, other_checkout, other_route] {
        let answer = answer.expect_problem(422, "idempotency-key-reused");
        assert_eq!(answer.places(), ["Idempotency-Key:"]);
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [4]);
    let again = world.ours.complete_by(merchant, &checkout, &key, "on-account").await.expect(201);
    assert_eq!(again.body, placed.body);
    // Another caller's key is another one, and shows nobody's answer.
    world.ours.complete(&checkout, &key).await.expect_problem(409, "checkout-completed");
}

pub async fn a_completed_checkout_names_its_order(world: World) {
    let sold = world.sell("completed", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let order = world.ours.complete(&checkout, &world.name("completed-1")).await.expect(201).json();
    let refused = world.ours.complete(&checkout, &world.name("completed-2")).await;
    let refused = refused.expect_problem(409, "checkout-completed");
    assert_eq!(refused.json()["orderId"], order["id"]);
    assert_eq!(world.ours.stock(&sold.handle).await, [4]);
}

pub async fn only_the_merchant_can_say_paid(world: World) {
    let sold = world.sell("paid", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let by = async |client| world.ours.complete_by(client, &checkout, &world.name("paid"), "paid").await;
    let refused = by(&world.ours.shopper).await.expect_problem(403, "missing-scope");
    assert_eq!(refused.json()["scope"], "payments:write");
    assert_eq!(world.ours.stock(&sold.handle).await, [5]);
    let order = by(&world.ours.merchant).await.expect(201).json();
    assert_eq!((&order["paymentState"], &order["payment"]["state"]), (&json!("captured"), &json!("captured")));
    assert_eq!(order["payment"]["method"], "paid");
}

pub async fn twenty_requests_with_one_key_are_one_order(world: World) {
    let sold = world.sell("one-key", "10", 50).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    let key = world.name("one-key");
    let answers = futures_util::future::join_all((0..20).map(|_| world.ours.complete(&checkout, &key))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{answer}");
    }
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
    assert_eq!(world.ours.stock(&sold.handle).await, [48]);
}

pub async fn twenty_requests_with_twenty_keys_are_one_order(world: World) {
    let sold = world.sell("many-keys", "10", 50).await;
    let checkout = world.ours.opened(&[(&sold.variant, 2)]).await;
    let keys: Vec<String> = (0..20).map(|at| world.name(&format!("many-keys-{at}"))).collect();
    let answers = futures_util::future::join_all(keys.iter().map(|key| world.ours.complete(&checkout, key))).await;
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(placed.len(), 1);
    let order = placed[0].json()["id"].clone();
    for answer in refused {
        let answer = answer.expect_problem(409, "checkout-completed");
        assert_eq!(answer.json()["orderId"], order, "{answer}");
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [48]);
}

pub async fn uncounted_and_backordered_variants_can_always_be_bought(world: World) {
    let handle = world.name("endless");
    let product = Product::new(&handle, "Endless")
        .option_names(&["Kind"])
        .variant(Variant::new(&world.name("uncounted"), "1").options(&["uncounted"]).uncounted())
        .variant(Variant::new(&world.name("backorder"), "1").options(&["backorder"]).stock(2).continue_selling());
    world.ours.import(&[product]).await;
    let variants = world.ours.variants(&handle).await;
    let mut orders = BTreeSet::new();
    for at in 0..2 {
        let checkout = world.ours.opened(&[(&variants[0], 9_999), (&variants[1], 9_999)]).await;
        let order = world.ours.complete(&checkout, &world.name(&format!("endless-{at}"))).await.expect(201).json();
        orders.insert(order["number"].as_i64().unwrap());
    }
    assert_eq!(orders.len(), 2);
    let product = world.ours.product(&handle).await;
    // Nobody is shown a negative stock.
    assert_eq!(product["variants"][0]["availability"], json!({ "inStock": true, "quantity": null }));
    assert_eq!(product["variants"][1]["availability"], json!({ "inStock": true, "quantity": 0 }));
}

pub async fn an_idempotency_key_is_required(world: World) {
    let sold = world.sell("keyless", "10", 5).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let path = format!("/api/v1/checkouts/{checkout}/complete");
    let body = json!({ "payment": { "provider": "manual", "method": "on-account" } });
    let without = world.ours.shopper.post(&path).json(&body).send().await.expect_problem(400, "invalid-header");
    assert_eq!(without.places(), ["Idempotency-Key:"]);
    for key in ["", &"k".repeat(256), "schlüssel"] {
        let answer = world.ours.shopper.post(&path).header("idempotency-key", key).json(&body).send().await;
        assert_eq!(answer.expect_problem(400, "invalid-header").places(), ["Idempotency-Key:"], "{key}");
    }
    for (body, places) in [
        (json!({}), &["#/payment"][..]),
        // What else is wanted follows from who takes the payment.
        (json!({ "payment": {} }), &["#/payment/provider"]),
        (json!({ "payment": { "provider": "stripe", "method": "card" } }), &["#/payment/provider"]),
        (json!({ "payment": { "provider": "manual", "method": "card" } }), &["#/payment/method"]),
        (json!({ "payment": { "provider": "manual" } }), &["#/payment/method"]),
    ] {
        let answer = world.ours.shopper.post(&path).header("idempotency-key", "k").json(&body).send().await;
        assert_eq!(answer.expect_problem(422, "invalid-request").places(), places, "{body}");
    }
    let nowhere = world.ours.complete("chk_01h455vb4pex5vsknk084sn02q", &world.name("nowhere")).await;
    nowhere.expect_problem(404, "not-found");
    assert_eq!(world.ours.stock(&sold.handle).await, [5]);
}
