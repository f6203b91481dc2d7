//! Orders that are paid by a payment provider: the sandbox, whose tokens say what comes of a payment.

use serde_json::{Value, json};

use super::gift_cards::issued;
use crate::batches::for_batches;
use crate::client::Answer;
use crate::world::{Shop, World};

pub const PROVIDERS: &str = "/api/v1/payment-providers";

/// Of the webhooks of each.
pub const SECRET: &str = "whsec_0123456789abcdef";

pub fn euros(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// A sandbox of the shop's own.
pub async fn sandbox(world: &World, name: &str, capture: &str) -> String {
    let body = json!({
        "kind": "sandbox", "name": world.name(name), "capture": capture, "webhookSecret": SECRET,
    });
    let made = world.ours.merchant.post(PROVIDERS).json(&body).send().await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

pub fn by(provider: &str, token: &str) -> Value {
    json!({ "payment": { "provider": provider, "token": token, "returnUrl": "https://shop.example/paid" } })
}

pub async fn completed(shop: &Shop, checkout: &str, key: &str, body: &Value) -> Answer {
    let call = shop.shopper.post(&format!("/api/v1/checkouts/{checkout}/complete")).header("idempotency-key", key);
    call.json(body).send().await
}

pub async fn gone_on(shop: &Shop, checkout: &str, body: &Value) -> Value {
    shop.shopper.post(&format!("/api/v1/checkouts/{checkout}/payment")).json(body).send().await.expect(200).json()
}

pub async fn moved(shop: &Shop, order: &Value, what: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/orders/{}/payment/{what}", order["id"].as_str().unwrap());
    shop.merchant.post(&path).json(body).send().await
}

pub async fn refunded(shop: &Shop, order: &Value, key: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/orders/{}/refunds", order["id"].as_str().unwrap());
    shop.merchant.post(&path).header("idempotency-key", key).json(body).send().await
}

pub async fn shown(shop: &Shop, order: &Value) -> Value {
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    shop.merchant.get(&path).send().await.expect(200).json()
}

pub fn states(order: &Value) -> Value {
    json!([order["state"], order["paymentState"], order["payment"]["state"]])
}

pub async fn a_provider_is_set_up_and_its_secret_never_shown(world: World) {
    let shop = &world.ours;
    let body = json!({ "kind": "sandbox", "name": world.name("till"), "webhookSecret": SECRET });
    let made = shop.merchant.post(PROVIDERS).json(&body).send().await.expect(201);
    let (path, provider) = (made.the("location").to_owned(), made.json());
    assert!(!String::from_utf8_lossy(&made.body).contains("whsec_"), "{made}");
    assert_eq!(
        json!([provider["kind"], provider["active"], provider["capture"]]),
        json!(["sandbox", true, "automatic"])
    );
    let twice = shop.merchant.post(PROVIDERS).json(&body).send().await.expect_problem(422, "invalid-request");
    assert_eq!(twice.places(), ["#/name"]);
    let off = shop.merchant.patch(&path).header("if-match", "\"1\"").json(&json!({ "active": false })).send().await;
    assert_eq!(off.expect(200).json()["version"], 2);
    let late = shop.merchant.patch(&path).header("if-match", "\"1\"").json(&json!({ "name": "x" })).send().await;
    late.expect_problem(412, "version-mismatch");
    let listed = shop.merchant.get(PROVIDERS).send().await.expect(200).json();
    assert!(listed["items"].as_array().unwrap().iter().any(|one| one["id"] == provider["id"]), "{listed}");

    // Nobody pays by one that is off, or by another shop's.
    let sold = world.sell("unpayable", "10", 5).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let body = by(provider["id"].as_str().unwrap(), "sandbox_success");
    let refused = completed(shop, &checkout, &world.name("off"), &body).await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/payment/provider"]);
    assert_eq!(shop.stock(&sold.handle).await, [5]);
    shop.merchant.delete(&path).header("if-match", "\"2\"").send().await.expect(204);
    shop.merchant.get(&path).send().await.expect(404);
}

pub async fn an_order_is_confirmed_when_its_provider_has_the_money(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "paid", "automatic").await;
    let sold = world.sell("paid", "10", 50).await;
    let checkout = shop.opened(&[(&sold.variant, 2)]).await;
    let (key, body) = (world.name("paid"), by(&provider, "sandbox_success"));
    let placed = completed(shop, &checkout, &key, &body).await.expect(201);
    let order = placed.json();
    assert_eq!(states(&order), json!(["confirmed", "captured", "captured"]));
    assert_eq!(json!([order["payment"]["provider"], order["payment"]["amount"]]), json!([provider, euros("20.00")]));
    assert_eq!(order["payment"].get("payableUntil"), None, "{order}");
    let again = completed(shop, &checkout, &key, &body).await.expect(201);
    assert!(again.is_replayed() && again.json() == order, "{again}");
    assert_eq!(shown(shop, &order).await, order);
    assert_eq!(shop.stock(&sold.handle).await, [48]);
    // One that has payments stays.
    let path = format!("{PROVIDERS}/{provider}");
    shop.merchant.delete(&path).send().await.expect_problem(409, "payment-provider-in-use");

    // A read, the commit that places it, and the one that goes on with it.
    let mut number = 0;
    let completing = async || {
        number += 1;
        let checkout = shop.opened(&[(&sold.variant, 1)]).await;
        completed(shop, &checkout, &world.name(&format!("batches-{number}")), &body).await.expect(201)
    };
    for_batches(3, completing).await;
    // Without a provider, a read and the commit.
    let completing = async || {
        let checkout = shop.opened(&[(&sold.variant, 1)]).await;
        shop.complete(&checkout, &world.name(&format!("plain-{checkout}"))).await.expect(201)
    };
    for_batches(2, completing).await;
}

pub async fn whose_card_is_declined_pays_by_another_one(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "declined", "automatic").await;
    let sold = world.sell("declined", "10", 5).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let order =
        completed(shop, &checkout, &world.name("no"), &by(&provider, "sandbox_declined")).await.expect(201).json();
    assert_eq!(states(&order), json!(["pending", "pending", "pending"]));
    assert_eq!(order["payment"]["declinedFor"], "card_declined");
    assert!(order["payment"]["payableUntil"].is_string(), "{order}");
    assert_eq!(shop.stock(&sold.handle).await, [4], "it is held");
    let order = gone_on(shop, &checkout, &json!({})).await;
    assert_eq!(states(&order), json!(["pending", "pending", "pending"]));
    let order = gone_on(shop, &checkout, &json!({ "token": "sandbox_no_such_token" })).await;
    assert_eq!(order["payment"]["declinedFor"], "card_declined");
    let order = gone_on(shop, &checkout, &json!({ "token": "sandbox_success" })).await;
    assert_eq!(states(&order), json!(["confirmed", "captured", "captured"]));
    assert_eq!(order["payment"].get("declinedFor"), None, "{order}");
    assert_eq!(gone_on(shop, &checkout, &json!({ "token": "sandbox_success" })).await, order, "once");
}

pub async fn a_buyer_who_has_to_act_comes_back(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "acting", "automatic").await;
    let sold = world.sell("acting", "10", 5).await;
    for (token, state) in [("sandbox_action", "confirmed"), ("sandbox_action_failed", "pending")] {
        let checkout = shop.opened(&[(&sold.variant, 1)]).await;
        let order = completed(shop, &checkout, &world.name(token), &by(&provider, token)).await.expect(201).json();
        assert_eq!(states(&order), json!(["pending", "pending", "pending"]));
        assert!(order["payment"]["action"]["url"].as_str().unwrap().starts_with("https://"), "{order}");
        let order = gone_on(shop, &checkout, &json!({})).await;
        assert_eq!(order["state"], state, "{order}");
        assert_eq!(order["payment"].get("action"), None, "{order}");
    }
}

pub async fn whoever_is_told_first_goes_on_with_it_once(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "told-first", "automatic").await;
    let sold = world.sell("told-first", "10", 5).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let body = by(&provider, "sandbox_webhook_first");
    let order = completed(shop, &checkout, &world.name("told"), &body).await.expect(201).json();
    assert_eq!(states(&order), json!(["confirmed", "captured", "captured"]));
    assert_eq!(shown(shop, &order).await, order);
}

pub async fn a_repeat_finds_what_was_charged_and_charges_nothing(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "lost", "automatic").await;
    let sold = world.sell("lost", "10", 5).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let (key, body) = (world.name("lost"), by(&provider, "sandbox_lost_answer"));
    let order = completed(shop, &checkout, &key, &body).await.expect(201).json();
    assert_eq!(order["state"], "pending", "nobody knows yet: {order}");
    let order = completed(shop, &checkout, &key, &body).await.expect(201);
    assert!(order.is_replayed(), "{order}");
    assert_eq!(states(&order.json()), json!(["confirmed", "captured", "captured"]));
    assert_eq!(shop.stock(&sold.handle).await, [4]);
}

pub async fn what_is_called_off_gives_everything_back(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "off", "automatic").await;
    let sold = world.sell("off", "10", 5).await;
    let card = issued(shop, "4.00").await;
    let mut body = by(&provider, "sandbox_declined");
    body["giftCards"] = json!([card["code"]]);
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let order = completed(shop, &checkout, &world.name("off"), &body).await.expect(201).json();
    assert_eq!(order["payment"]["amount"], euros("6.00"));
    let balance = async || {
        let path = format!("/api/v1/gift-cards/{}", card["id"].as_str().unwrap());
        shop.merchant.get(&path).send().await.expect(200).json()["balance"].clone()
    };
    assert_eq!(balance().await, euros("0.00"));
    let off = moved(shop, &order, "void", &json!({})).await.expect(200).json();
    assert_eq!(states(&off), json!(["cancelled", "failed", "failed"]));
    assert_eq!((balance().await, shop.stock(&sold.handle).await), (euros("4.00"), vec![5]));
    moved(shop, &order, "void", &json!({})).await.expect_problem(409, "payment-action-not-allowed");
    assert_eq!((balance().await, shop.stock(&sold.handle).await), (euros("4.00"), vec![5]), "once");
    assert_eq!(gone_on(shop, &checkout, &json!({ "token": "sandbox_success" })).await["state"], "cancelled");

    // Another amount than the order's is somebody's to look at, and to call off: the money goes back.
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let body = by(&provider, "sandbox_wrong_amount");
    let order = completed(shop, &checkout, &world.name("wrong"), &body).await.expect(201).json();
    assert_eq!(json!([order["state"], order["payment"]["review"]]), json!(["pending", "amount-mismatch"]));
    let off = moved(shop, &order, "void", &json!({})).await.expect(200).json();
    assert_eq!(states(&off), json!(["cancelled", "refunded", "refunded"]));
    assert_eq!(shop.stock(&sold.handle).await, [5]);
    // Nor in an address, where they would be kept by whoever logs it.
    let asked = shop.shopper.get("/api/v1/products?q=4242%204242%204242%204242").send().await;
    let asked = asked.expect_problem(422, "invalid-request");
    assert!(!String::from_utf8_lossy(&asked.body).contains("4242"), "{asked}");
    // Numbers of goods may look like one.
    let variant = json!({ "price": euros("1.00"), "sku": "4000056655665556", "barcode": "4242424242424242" });
    let body = json!({ "handle": world.name("like-a-card"), "title": "Like a card", "variants": [variant] });
    shop.merchant.post("/api/v1/products").json(&body).send().await.expect(201);
}

pub async fn what_is_authorized_is_captured_or_let_go(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "later", "manual").await;
    let sold = world.sell("later", "10", 5).await;
    let mut orders = Vec::new();
    for name in ["captured", "let go"] {
        let checkout = shop.opened(&[(&sold.variant, 1)]).await;
        let placed = completed(shop, &checkout, &world.name(name), &by(&provider, "sandbox_success")).await;
        orders.push(placed.expect(201).json());
        assert_eq!(states(orders.last().unwrap()), json!(["confirmed", "authorized", "authorized"]));
    }
    let more = moved(shop, &orders[0], "capture", &json!({ "amount": euros("10.01") })).await;
    assert_eq!(more.expect_problem(409, "payment-exceeded").json()["remaining"], euros("10.00"));
    let less = moved(shop, &orders[0], "capture", &json!({ "amount": euros("7.50") })).await.expect(200).json();
    assert_eq!(states(&less), json!(["confirmed", "captured", "captured"]));
    let twice = moved(shop, &orders[0], "capture", &json!({})).await;
    let twice = twice.expect_problem(409, "payment-action-not-allowed");
    assert_eq!(twice.json()["allowedActions"], json!(["refund"]));
    let over = refunded(shop, &orders[0], &world.name("over"), &json!({ "amount": euros("7.51") })).await;
    over.expect_problem(409, "payment-exceeded");
    let gone = moved(shop, &orders[1], "void", &json!({})).await.expect(200).json();
    assert_eq!(states(&gone), json!(["confirmed", "voided", "voided"]));
}

pub async fn money_goes_back_by_lines_and_never_more_than_came(world: World) {
    let shop = &world.ours;
    let provider = sandbox(&world, "back", "automatic").await;
    let sold = world.sell("back", "3.33", 9).await;
    let checkout = shop.opened(&[(&sold.variant, 3)]).await;
    let placed = completed(shop, &checkout, &world.name("back"), &by(&provider, "sandbox_success")).await;
    let order = placed.expect(201).json();
    let line = order["lines"][0]["id"].clone();
    let of = |units: i64| json!({ "lines": [{ "lineId": line, "quantity": units }], "reason": "torn" });
    let first = refunded(shop, &order, &world.name("one"), &of(1)).await.expect(201);
    let again = refunded(shop, &order, &world.name("one"), &of(1)).await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    assert_eq!(json!([first.json()["state"], first.json()["amount"]]), json!(["succeeded", euros("3.33")]));
    assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "partially-refunded", "partially-refunded"]));
    let more = refunded(shop, &order, &world.name("more"), &of(3)).await.expect_problem(422, "invalid-request");
    assert_eq!(more.places(), ["#/lines/0/quantity"]);
    let over = refunded(shop, &order, &world.name("over"), &json!({ "amount": euros("6.67") })).await;
    assert_eq!(over.expect_problem(409, "payment-exceeded").json()["remaining"], euros("6.66"));
    let rest = refunded(shop, &order, &world.name("rest"), &json!({})).await.expect(201).json();
    assert_eq!(rest["amount"], euros("6.66"));
    assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "refunded", "refunded"]));
    refunded(shop, &order, &world.name("none"), &json!({})).await.expect_problem(409, "payment-action-not-allowed");
    let path = format!("/api/v1/orders/{}/refunds", order["id"].as_str().unwrap());
    let listed = shop.merchant.get(&path).send().await.expect(200).json();
    assert_eq!(listed["items"], json!([first.json(), rest]));
    world.theirs.merchant.get(&path).send().await.expect(404);

    // What a provider refuses is told, and the money stays where it is.
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let placed = completed(shop, &checkout, &world.name("kept"), &by(&provider, "sandbox_refund_refused")).await;
    let order = placed.expect(201).json();
    let failed = refunded(shop, &order, &world.name("refused"), &json!({})).await.expect(201).json();
    assert_eq!(json!([failed["state"], failed["failedFor"]]), json!(["failed", "refund_refused"]));
    assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "captured", "captured"]));
}

pub async fn the_merchants_own_word_is_captured_and_given_back(world: World) {
    let shop = &world.ours;
    let sold = world.sell("owed", "10", 5).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let order = shop.complete(&checkout, &world.name("owed")).await.expect(201).json();
    refunded(shop, &order, &world.name("early"), &json!({})).await.expect_problem(409, "payment-action-not-allowed");
    let paid = moved(shop, &order, "capture", &json!({})).await.expect(200).json();
    assert_eq!(states(&paid), json!(["confirmed", "captured", "captured"]));
    refunded(shop, &order, &world.name("back"), &json!({ "amount": euros("2.50") })).await.expect(201);
    assert_eq!(states(&shown(shop, &order).await), json!(["confirmed", "partially-refunded", "partially-refunded"]));
}

pub async fn card_numbers_are_taken_nowhere(world: World) {
    let shop = &world.ours;
    let sold = world.sell("card", "10", 5).await;
    let checkout = shop.opened(&[(&sold.variant, 1)]).await;
    let provider = sandbox(&world, "card", "automatic").await;
    let body = by(&provider, "4242424242424242");
    let refused = completed(shop, &checkout, &world.name("card"), &body).await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/payment/token"]);
    assert!(!String::from_utf8_lossy(&refused.body).contains("4242"), "{refused}");
    assert_eq!(shop.stock(&sold.handle).await, [5]);
}
