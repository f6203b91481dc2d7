//! A shopper says where to.

use serde_json::{Value, json};

use crate::product_file::{Product, Variant};
use crate::world::{World, order_form};

pub async fn all_wrong_fields_are_named_at_once(world: World) {
    let open = async |body: Value| world.ours.shopper.post("/api/v1/checkouts").json(&body).send().await;
    let cart = world.ours.new_cart().await;
    for (body, places) in [
        (json!({}), &["#/cartId", "#/email", "#/shippingAddress"][..]),
        (
            json!({ "cartId": null, "email": null, "shippingAddress": null }),
            &["#/cartId", "#/email", "#/shippingAddress"],
        ),
        (
            json!({ "cartId": "nonsense", "email": "ada", "shippingAddress": {} }),
            &[
                "#/cartId",
                "#/email",
                "#/shippingAddress/name",
                "#/shippingAddress/line1",
                "#/shippingAddress/city",
                "#/shippingAddress/countryCode",
            ],
        ),
        (
            json!({
                "cartId": cart,
                "email": "ada@example.com",
                "coupon": "FREE",
                "shippingAddress": {
                    "name": " ",
                    "company": "",
                    "line1": "a\u{0}b",
                    "line2": 7,
                    "city": "x".repeat(201),
                    "region": ["BW"],
                    "postalCode": "123456789012345678901",
                    "countryCode": "gb",
                    "phone": { "home": 1 },
                    "planet": "Mars",
                },
            }),
            &[
                "#/shippingAddress/line2",
                "#/shippingAddress/region",
                "#/shippingAddress/phone",
                "#/coupon",
                "#/shippingAddress/planet",
                "#/shippingAddress/name",
                "#/shippingAddress/company",
                "#/shippingAddress/line1",
                "#/shippingAddress/city",
                "#/shippingAddress/postalCode",
                "#/shippingAddress/countryCode",
            ],
        ),
    ] {
        let answer = open(body.clone()).await.expect_problem(422, "invalid-request");
        let (mut found, mut expected) = (answer.places(), places.to_vec());
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
    let no_such_cart = open(order_form("cart_01h455vb4pex5vsknk084sn02q")).await.expect_problem(422, "invalid-request");
    assert_eq!(no_such_cart.places(), ["#/cartId"]);
}

pub async fn a_checkout_agrees_to_todays_prices(world: World) {
    let sold = world.sell("agree", "19.99", 10).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 3)]).await;
    world.ours.import(&[Product::simple(&sold.handle, "20.01", 10)]).await;
    let opened = world.ours.open(&cart).await.expect(201);
    let checkout = opened.json();
    let id = checkout["id"].as_str().unwrap();
    assert_eq!(opened.the("location"), format!("/api/v1/checkouts/{id}"));
    assert_eq!((&checkout["cartId"], &checkout["state"]), (&json!(cart), &json!("open")));
    assert_eq!((&checkout["email"], &checkout["currency"]), (&json!("ada@example.com"), &json!("EUR")));
    assert_eq!(checkout["shippingAddress"]["city"], "London");
    assert_eq!(checkout["lines"][0]["unitPrice"]["amount"], "20.01");
    assert_eq!(checkout["lines"][0]["total"]["amount"], "60.03");
    assert_eq!(checkout["total"], json!({ "amount": "60.03", "currency": "EUR" }));
    assert!(checkout["createdAt"].as_str().unwrap() < checkout["expiresAt"].as_str().unwrap());
    let shown = world.ours.shopper.get(opened.the("location")).send().await.expect(200).json();
    assert_eq!(shown, checkout);
    // The cart is the shopper's to go on with; the checkout stays as it was agreed.
    world.ours.add(&cart, &sold.variant, 1).await.expect(200);
    assert_eq!(world.ours.shopper.get(opened.the("location")).send().await.expect(200).json(), checkout);
    for missing in ["chk_01h455vb4pex5vsknk084sn02q", "nonsense", &cart] {
        world.ours.shopper.get(&format!("/api/v1/checkouts/{missing}")).send().await.expect_problem(404, "not-found");
    }
}

pub async fn an_empty_cart_cannot_be_checked_out(world: World) {
    let cart = world.ours.new_cart().await;
    world.ours.open(&cart).await.expect_problem(422, "cart-empty");
}

pub async fn every_line_in_the_way_is_listed(world: World) {
    let handle = world.name("in-the-way");
    let variant = |name: &str, stock| Variant::new(&world.name(name), "1").options(&[name]).stock(stock);
    let product = || Product::new(&handle, "Box").option_names(&["Size"]);
    let before = product()
        .variant(variant("fine", 9))
        .variant(variant("short", 9))
        .variant(variant("out", 9))
        .variant(variant("gone", 9));
    world.ours.import(&[before]).await;
    let variants = world.ours.variants(&handle).await;
    let [fine, short, out, gone] = variants.as_slice() else { panic!("{variants:?}") };
    let cart = world.ours.filled_cart(&[(fine, 5), (short, 5), (out, 5), (gone, 5)]).await;
    let after = product().variant(variant("fine", 9)).variant(variant("short", 2)).variant(variant("out", 0));
    world.ours.import(&[after]).await;
    let refused = world.ours.open(&cart).await.expect_problem(409, "lines-not-available");
    assert_eq!(
        refused.json()["lines"],
        json!([
            { "variantId": short, "problem": "insufficient-stock", "requested": 5, "available": 2 },
            { "variantId": out, "problem": "sold-out", "requested": 5, "available": 0 },
            { "variantId": gone, "problem": "removed" },
        ])
    );
}

pub async fn a_repeated_opening_is_the_same_checkout(world: World) {
    let sold = world.sell("reopen", "1", 10).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let key = world.name("reopen");
    let open = async |body: &Value| {
        world.ours.shopper.post("/api/v1/checkouts").header("idempotency-key", &key).json(body).send().await
    };
    let body = order_form(&cart);
    let answers = futures_util::future::join_all((0..10).map(|_| open(&body))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{answer}");
        assert_eq!(answer.the("location"), answers[0].the("location"));
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_replayed()).count(), 9);
    let mut other = body.clone();
    other["email"] = json!("eve@example.com");
    assert_eq!(open(&other).await.expect_problem(422, "idempotency-key-reused").places(), ["Idempotency-Key:"]);
    // Without a key each is a checkout of its own: it reserves and buys nothing yet, and each can become an order.
    let (one, two) = (world.ours.open(&cart).await.expect(201), world.ours.open(&cart).await.expect(201));
    assert_ne!(one.json()["id"], two.json()["id"]);
}
