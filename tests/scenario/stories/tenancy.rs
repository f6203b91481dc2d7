//! Two tenants behind one address.

use serde_json::json;

use crate::product_file::{Generation, Product, file};
use crate::world::{World, order_form};

pub async fn another_tenants_ids_are_not_there(world: World) {
    let sold = world.sell("ours", "10", 5).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let checkout = world.ours.open(&cart).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let done = world.ours.opened(&[(&sold.variant, 1)]).await;
    let order =
        world.ours.complete(&done, &world.name("ours")).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let body = json!({ "payment": { "provider": "manual", "method": "on-account" } });
    for client in [&world.theirs.shopper, &world.theirs.merchant] {
        for path in [
            format!("/api/v1/products/{}", sold.product),
            format!("/api/v1/products/{}", sold.handle),
            format!("/api/v1/cart/{cart}"),
            format!("/api/v1/checkouts/{checkout}"),
            format!("/api/v1/checkouts/{done}"),
        ] {
            client.get(&path).send().await.expect_problem(404, "not-found");
            client.head(&path).send().await.expect(404);
        }
        let line = format!("/api/v1/cart/{cart}/items/{}", sold.variant);
        client.patch(&line).json(&json!({ "quantity": 9 })).send().await.expect_problem(404, "not-found");
        client.delete(&line).send().await.expect_problem(404, "not-found");
        for id in [&checkout, &done] {
            // Neither a fresh key nor the one that placed the order finds anything.
            for key in [world.name("theirs"), world.name("ours")] {
                let call = client.post(&format!("/api/v1/checkouts/{id}/complete")).header("idempotency-key", &key);
                call.json(&body).send().await.expect_problem(404, "not-found");
            }
        }
        let open = client.post("/api/v1/checkouts").json(&order_form(&cart)).send().await;
        assert_eq!(open.expect_problem(422, "invalid-request").places(), ["#/cartId"]);
        let own = client.post("/api/v1/cart").send().await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let add = client.post(&format!("/api/v1/cart/{own}/items")).json(&json!({ "variantId": sold.variant }));
        add.send().await.expect_problem(422, "variant-not-for-sale");
        client
            .post(&format!("/api/v1/cart/{cart}/items"))
            .json(&json!({ "variantId": sold.variant }))
            .send()
            .await
            .expect(422);
    }
    let order = format!("/api/v1/orders/{order}");
    world.theirs.merchant.get(&order).send().await.expect_problem(404, "not-found");
    world.theirs.shopper.get(&order).send().await.expect_problem(403, "missing-scope");
    // And nothing of it did anything.
    world.ours.merchant.get(&order).send().await.expect(200);
    assert_eq!(world.ours.cart(&cart).await["itemCount"], 1);
    assert_eq!(world.ours.stock(&sold.handle).await, [4]);
}

pub async fn the_same_handles_and_skus_live_apart(world: World) {
    let (handle, vendor) = (world.name("same"), world.name("same"));
    let product = |price: &str, stock| {
        Product::simple(&handle, price, stock).vendor(&vendor).tags(&vendor).category(&world.mark.to_uppercase())
    };
    let report = world.ours.import(&[product("1", 5)]).await;
    assert_eq!(report["products"]["created"], 1, "{report}");
    let report = world.theirs.import_file(file(Generation::Older, &[product("2.345", 7)])).await.expect(200).json();
    assert_eq!(report["products"]["created"], 1, "{report}");
    let (ours, theirs) = (world.ours.product(&handle).await, world.theirs.product(&handle).await);
    assert_ne!(ours["id"], theirs["id"]);
    assert_ne!(ours["category"]["id"], theirs["category"]["id"]);
    assert_eq!(ours["variants"][0]["sku"], theirs["variants"][0]["sku"]);
    assert_eq!(ours["variants"][0]["price"], json!({ "amount": "1.00", "currency": "EUR" }));
    assert_eq!(theirs["variants"][0]["price"], json!({ "amount": "2.345", "currency": "BHD" }));
    for (shop, id) in [(&world.ours, &ours["id"]), (&world.theirs, &theirs["id"])] {
        for (filter, value) in
            [("filter[vendor]", &vendor), ("filter[tag]", &vendor), ("filter[category]", &world.mark)]
        {
            let listed = shop.shopper.get("/api/v1/products").query(&[(filter, value)]).send().await;
            let items = listed.expect(200).json()["items"].clone();
            assert_eq!(items.as_array().unwrap().len(), 1, "{filter}");
            assert_eq!(&items[0]["id"], id, "{filter}");
        }
    }

    let variant = theirs["variants"][0]["id"].as_str().unwrap();
    let checkout = world.theirs.opened(&[(variant, 2)]).await;
    let order = world.theirs.complete(&checkout, &world.name("same")).await.expect(201).json();
    assert_eq!(order["total"], json!({ "amount": "4.690", "currency": "BHD" }));
    assert_eq!((world.ours.stock(&handle).await, world.theirs.stock(&handle).await), (vec![5], vec![5]));
    world.theirs.import(&[product("9", 1)]).await;
    assert_eq!(world.ours.product(&handle).await, ours);
}

pub async fn the_same_idempotency_key_is_two_keys(world: World) {
    let handle = world.name("one-key-two-shops");
    let key = world.name("shared");
    let mut orders = Vec::new();
    for shop in [&world.ours, &world.theirs] {
        shop.import(&[Product::simple(&handle, "1", 5)]).await;
        let sold = shop.first_variant(&handle).await;
        let with_key = async |path: &str, body: &serde_json::Value| {
            shop.shopper.post(path).header("idempotency-key", &key).json(body).send().await
        };
        let cart = with_key("/api/v1/cart", &json!({})).await.expect(201);
        assert!(!cart.is_replayed(), "{cart}");
        let cart = cart.json()["id"].as_str().unwrap().to_owned();
        shop.add(&cart, &sold.variant, 1).await.expect(200);
        let checkout = shop.open(&cart).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let placed = shop.complete(&checkout, &key).await.expect(201);
        assert!(!placed.is_replayed(), "{placed}");
        orders.push(placed.json()["id"].clone());
        assert_eq!(shop.stock(&handle).await, [4]);
    }
    assert_ne!(orders[0], orders[1]);
}
