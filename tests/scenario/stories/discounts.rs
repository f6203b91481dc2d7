//! A shopper has promotions, in the cart, in the checkout and in the order.
//!
//! Other stories buy in the same shop: what is automatic here is for this story's products alone.

use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use http::Method;
use serde_json::{Value, json};

use super::gift_cards::issued;
use super::people::sign_up;
use super::sessions::{as_person, log_in_with};
use crate::client::{Answer, Client};
use crate::world::{Sold, World, order_form};

fn euros(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// 10 % off everything.
fn tenth() -> Value {
    json!({ "type": "reduce", "by": { "type": "percent", "rate": 100_000 } })
}

/// So many units of a product.
fn units(sold: &Sold, at_least: i64) -> Value {
    json!({ "type": "quantity", "lines": { "anyOf": { "products": [sold.product] } }, "atLeast": at_least })
}

fn path(promotion: &Value) -> String {
    format!("/api/v1/promotions/{}", promotion["id"].as_str().unwrap())
}

/// A promotion as it was written, and as it is.
async fn promote(world: &World, body: Value) -> (Value, Value) {
    let made = world.ours.merchant.post("/api/v1/promotions").json(&body).send().await.expect(201).json();
    (body, made)
}

/// A promotion that is had by a code, which is this story's own; the code.
async fn by_code(world: &World, name: &str, effect: Value, more: Value, limit: Option<i64>) -> (Value, String) {
    let mut body = json!({ "name": name, "trigger": "code", "effect": effect });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (_, made) = promote(world, body).await;
    let code = world.name(name).to_uppercase();
    let mut codes = json!({ "codes": [code] });
    if let Some(limit) = limit {
        codes["limit"] = json!(limit);
    }
    world.ours.merchant.post(&format!("{}/codes", path(&made))).json(&codes).send().await.expect(201);
    (made, code)
}

async fn replace(world: &World, made: &Value, body: &Value) -> Value {
    let version = format!("\"{}\"", made["version"]);
    let call = world.ours.merchant.call(Method::PUT, &path(made)).header("if-match", version);
    call.json(body).send().await.expect(200).json()
}

async fn enter(world: &World, cart: &str, codes: &[&str]) -> Value {
    let call = world.ours.shopper.call(Method::PUT, &format!("/api/v1/cart/{cart}/codes"));
    call.json(&json!({ "codes": codes })).send().await.expect(200).json()
}

async fn opened(world: &World, cart: &str) -> Value {
    world.ours.open(cart).await.expect(201).json()
}

async fn completed(world: &World, checkout: &Value, key: &str) -> Answer {
    world.ours.complete(checkout["id"].as_str().unwrap(), &world.name(key)).await
}

async fn used(world: &World, promotion: &Value) -> Value {
    let now = world.ours.merchant.get(&path(promotion)).send().await.expect(200).json();
    json!([now["used"], now["remaining"]])
}

pub async fn a_code_takes_its_share_off_cart_checkout_and_order(world: World) {
    let (cheap, dear) = (world.sell("cheap", "0.99", 50).await, world.sell("dear", "10", 50).await);
    let (promotion, code) = by_code(&world, "tenth", tenth(), json!({ "limit": 5 }), None).await;
    let cart = world.ours.filled_cart(&[(&cheap.variant, 3), (&dear.variant, 2)]).await;
    let unknown = world.name("nobody-knows");
    let entered = enter(&world, &cart, &[&code.to_lowercase(), &unknown]).await;
    assert_eq!(entered["codes"][0]["code"], json!(code));
    assert_eq!(entered["codes"][0]["discount"], euros("2.30"));
    let refused = &entered["codes"][1];
    assert_eq!((&refused["applied"], &refused["reason"]), (&json!(false), &json!("unknown")), "{entered}");
    assert_eq!(
        entered["totals"],
        json!({ "subtotal": euros("22.97"), "discount": euros("2.30"), "total": euros("20.67") })
    );
    // 10 % of 2.97 are 0.297, and of 20.00 are 2.00; each line is rounded by itself.
    let lines = |body: &Value| -> Value {
        let line = |line: &Value| json!([line["discount"]["amount"], line["total"]["amount"]]);
        body["lines"].as_array().unwrap().iter().map(line).collect()
    };
    let agreed = json!([["0.30", "2.67"], ["2.00", "18.00"]]);
    assert_eq!(lines(&entered), agreed);
    assert_eq!(world.ours.cart(&cart).await["totals"], entered["totals"]);
    // A change of lines tells no promotions, and keeps the codes.
    let changed = world.ours.add(&cart, &dear.variant, 1).await.expect(200).json();
    assert_eq!((&changed["totals"], &changed["codes"][0]["applied"]), (&Value::Null, &Value::Null), "{changed}");
    let line = format!("/api/v1/cart/{cart}/items/{}", dear.variant);
    world.ours.shopper.patch(&line).json(&json!({ "quantity": 2 })).send().await.expect(200);

    let checkout = opened(&world, &cart).await;
    assert_eq!((lines(&checkout), &checkout["total"]), (agreed.clone(), &euros("20.67")), "{checkout}");
    assert_eq!(used(&world, &promotion).await, json!([0, 5]), "a checkout uses nothing");
    let order = completed(&world, &checkout, "tenth").await.expect(201).json();
    assert_eq!((lines(&order), &order["total"]), (agreed, &euros("20.67")), "{order}");
    assert_eq!(order["payment"]["amount"], order["total"]);
    assert_eq!(used(&world, &promotion).await, json!([1, 4]));
    let redemptions = world.ours.merchant.get(&format!("{}/redemptions", path(&promotion))).send().await.expect(200);
    let redemption = &redemptions.json()["items"][0];
    assert_eq!(
        json!([redemption["orderId"], redemption["code"], redemption["amount"]]),
        json!([order["id"], code, euros("2.30")])
    );
    // The order says why, for the merchant alone.
    let why = format!("/api/v1/orders/{}/explain", order["id"].as_str().unwrap());
    let explained = world.ours.merchant.get(&why).send().await.expect(200).json();
    assert_eq!(explained["totals"]["lines"][0]["discounts"][0]["promotion"], promotion["id"]);
    assert_eq!(json!([explained["totals"]["discount"], explained["totals"]["total"]]), json!([230, 2_067]));
    world.ours.shopper.get(&why).send().await.expect_problem(403, "missing-scope");
    world.theirs.merchant.get(&why).send().await.expect_problem(404, "not-found");
}

pub async fn what_is_automatic_applies_to_whoever_meets_it(world: World) {
    let sold = world.sell("automatic", "5", 50).await;
    let lines = json!({ "anyOf": { "products": [sold.product] } });
    let effect = json!({
        "type": "buy-get", "buy": lines, "buyQuantity": 2, "get": lines, "getQuantity": 1, "rate": 1_000_000,
    });
    let (_, made) = promote(&world, json!({ "name": "Three for two", "trigger": "automatic", "effect": effect })).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    assert_eq!(world.ours.cart(&cart).await["totals"]["discount"], euros("0.00"));
    world.ours.add(&cart, &sold.variant, 1).await.expect(200);
    let shown = world.ours.cart(&cart).await;
    assert_eq!(json!([shown["totals"]["total"], shown["lines"][0]["total"]]), json!([euros("10.00"), euros("10.00")]));
    // Theirs sees none of it.
    let foreign = world.theirs.merchant.get(&path(&made)).send().await;
    foreign.expect_problem(404, "not-found");
    let why = world.ours.merchant.get(&format!("/api/v1/carts/{cart}/explain")).send().await.expect(200).json();
    let considered = why["promotions"]["considered"].as_array().unwrap();
    let outcome = considered.iter().find(|one| one["promotion"] == made["id"]).unwrap();
    assert_eq!(outcome["outcome"], json!({ "status": "applied", "amount": 500 }), "{why}");
    world.ours.shopper.get(&format!("/api/v1/carts/{cart}/explain")).send().await.expect_problem(403, "missing-scope");
}

pub async fn a_gift_comes_as_one_more_line_and_out_of_stock(world: World) {
    let (tent, mug) = (world.sell("tent", "100", 9).await, world.sell("mug", "7.50", 2).await);
    let gift = json!({
        "name": "A mug with two tents", "trigger": "automatic", "condition": units(&tent, 2),
        "effect": { "type": "gift", "variant": mug.variant, "quantity": 1 },
    });
    promote(&world, gift).await;
    let cart = world.ours.filled_cart(&[(&tent.variant, 1)]).await;
    assert_eq!(world.ours.cart(&cart).await["gifts"], json!([]));
    world.ours.add(&cart, &tent.variant, 1).await.expect(200);
    let shown = world.ours.cart(&cart).await;
    let given = &shown["gifts"][0];
    assert_eq!(
        json!([given["variantId"], given["quantity"], given["unitPrice"], shown["totals"]["total"]]),
        json!([mug.variant, 1, euros("7.50"), euros("200.00")])
    );
    for (key, left) in [("first", 1), ("second", 0)] {
        let order = completed(&world, &opened(&world, &cart).await, key).await.expect(201).json();
        let line = &order["lines"][1];
        assert_eq!(
            json!([line["variantId"], line["unitPrice"], line["discount"], line["total"], order["total"]]),
            json!([mug.variant, euros("7.50"), euros("7.50"), euros("0.00"), euros("200.00")])
        );
        assert_eq!(world.ours.stock(&mug.handle).await, [left]);
    }
    // None is left: the tents are sold without.
    assert_eq!(world.ours.cart(&cart).await["gifts"], json!([]));
    let order = completed(&world, &opened(&world, &cart).await, "third").await.expect(201).json();
    assert_eq!(order["lines"].as_array().unwrap().len(), 1, "{order}");
}

pub async fn a_changed_promotion_is_told_with_both_totals(world: World) {
    let sold = world.sell("changing", "10", 50).await;
    let off = |rate: i64| {
        json!({
            "name": "Some off", "trigger": "automatic",
            "effect": {
                "type": "reduce", "lines": { "anyOf": { "products": [sold.product] } },
                "by": { "type": "percent", "rate": rate },
            },
        })
    };
    let (mut body, mut made) = promote(&world, off(100_000)).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    let checkout = opened(&world, &cart).await;
    // Of another name it takes off the same: what was agreed to is sold.
    body["name"] = json!("A tenth off");
    made = replace(&world, &made, &body).await;
    completed(&world, &checkout, "renamed").await.expect(201);

    let checkout = opened(&world, &cart).await;
    made = replace(&world, &made, &off(250_000)).await;
    let refused = completed(&world, &checkout, "changed").await.expect_problem(409, "totals-changed").json();
    assert_eq!(
        json!([refused["agreed"]["total"], refused["current"]["total"], refused["lines"]]),
        json!([euros("18.00"), euros("15.00"), [{
            "variantId": sold.variant, "agreedTotal": euros("18.00"), "currentTotal": euros("15.00"),
        }]])
    );
    assert_eq!(world.ours.stock(&sold.handle).await, [48], "nothing was taken");
    // A refusal is no first answer: once it is as it was, the same key buys at what was agreed to.
    made = replace(&world, &made, &off(100_000)).await;
    let order = completed(&world, &checkout, "changed").await.expect(201).json();
    assert_eq!(order["total"], euros("18.00"));
    // What is gone takes nothing off.
    let checkout = opened(&world, &cart).await;
    body["active"] = json!(false);
    replace(&world, &made, &body).await;
    let refused = completed(&world, &checkout, "ended").await.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["current"]["total"], euros("20.00"));
    let order = completed(&world, &opened(&world, &cart).await, "anew").await.expect(201).json();
    assert_eq!(order["total"], euros("20.00"));
}

pub async fn a_gift_that_is_gone_is_told_before_anybody_pays(world: World) {
    let (tent, mug) = (world.sell("big-tent", "100", 9).await, world.sell("last-mug", "7.50", 1).await);
    let gift = json!({
        "name": "A mug with each tent", "trigger": "automatic", "condition": units(&tent, 1),
        "effect": { "type": "gift", "variant": mug.variant, "quantity": 1 },
    });
    promote(&world, gift).await;
    let cart = world.ours.filled_cart(&[(&tent.variant, 1)]).await;
    let (one, two) = (opened(&world, &cart).await, opened(&world, &cart).await);
    completed(&world, &one, "with").await.expect(201);
    let refused = completed(&world, &two, "without").await.expect_problem(409, "totals-changed").json();
    assert_eq!(
        json!([refused["giftsGone"], refused["lines"], refused["current"]["total"]]),
        json!([[mug.variant], [], euros("100.00")])
    );
    // Who pays by a card of just as much is told the same: nothing is missing on the card.
    let card = issued(&world.ours, "100.00").await;
    let path = format!("/api/v1/checkouts/{}/complete", two["id"].as_str().unwrap());
    let call = world.ours.shopper.post(&path).header("idempotency-key", world.name("by-card"));
    let refused = call.json(&json!({ "giftCards": [card["code"]] })).send().await;
    refused.expect_problem(409, "totals-changed");
    assert_eq!(world.ours.stock(&tent.handle).await, [8], "nothing was taken");
}

pub async fn what_begins_or_ends_before_the_order_is_told(world: World) {
    let sold = world.sell("timely", "10", 50).await;
    let body = json!({
        "name": "A tenth off, for a time", "trigger": "automatic",
        "effect": {
            "type": "reduce", "lines": { "anyOf": { "products": [sold.product] } },
            "by": { "type": "percent", "rate": 100_000 },
        },
    });
    let (_, mut made) = promote(&world, body.clone()).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    for (turn, before, after) in [("startsAt", "10.00", "9.00"), ("endsAt", "9.00", "10.00")] {
        let (checkout, at) = loop {
            let at = SystemClock.now().checked_add_millis(3_000).unwrap();
            let mut body = body.clone();
            body[turn] = json!(at.to_string());
            made = replace(&world, &made, &body).await;
            let checkout = opened(&world, &cart).await;
            // On a busy machine the three seconds may be over.
            if checkout["total"] == euros(before) {
                break (checkout, at);
            }
        };
        while SystemClock.now() <= at {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let refused = completed(&world, &checkout, turn).await.expect_problem(409, "totals-changed").json();
        assert_eq!(
            json!([refused["agreed"]["total"], refused["current"]["total"]]),
            json!([euros(before), euros(after)])
        );
        assert_eq!(opened(&world, &cart).await["total"], euros(after));
    }
}

pub async fn an_account_is_one_customer_whatever_address_it_orders_with(world: World) {
    let (own, other) = (world.email("own"), world.email("other"));
    sign_up(&world, &own).await;
    let person = as_person(&world, &log_in_with(&world.ours, &own, "correct horse battery").await.expect(200));
    let sold = world.sell("per-account", "10", 50).await;
    let (_, each) = by_code(&world, "each-account", tenth(), json!({ "limitPerCustomer": 1 }), None).await;
    let (_, first) =
        by_code(&world, "first-of-all", tenth(), json!({ "condition": { "type": "first-order" } }), None).await;
    let open = async |buyer: &Client, email: &str| {
        let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
        enter(&world, &cart, &[&each, &first]).await;
        let mut form = order_form(&cart);
        form["email"] = json!(email);
        buyer.post("/api/v1/checkouts").json(&form).send().await.expect(201).json()
    };
    let refused = json!(["customer-limit-reached", "condition-not-met"]);
    let reasons = |checkout: &Value| json!([checkout["codes"][0]["reason"], checkout["codes"][1]["reason"]]);
    let checkout = open(&person, &other).await;
    let id = checkout["id"].as_str().unwrap();
    world.ours.complete_by(&person, id, id, "on-account").await.expect(201);
    assert_eq!(reasons(&open(&person, &own).await), refused, "with another address");
    assert_eq!(reasons(&open(&world.ours.shopper, &other).await), refused, "without the account");
    assert_eq!(open(&world.ours.shopper, &own).await["codes"][0]["applied"], json!(true), "a stranger's address");
}

pub async fn a_code_for_one_use_is_used_once(world: World) {
    let sold = world.sell("once", "10", 50).await;
    let (promotion, code) = by_code(&world, "single", tenth(), json!({}), Some(1)).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    enter(&world, &cart, &[&code]).await;
    let (one, two) = (opened(&world, &cart).await, opened(&world, &cart).await);
    let order = completed(&world, &one, "single-1").await.expect(201).json();
    assert_eq!(order["total"], euros("9.00"));
    let refused = completed(&world, &two, "single-2").await.expect_problem(409, "totals-changed").json();
    assert_eq!(
        json!([refused["current"]["total"], refused["codes"][0]["reason"]]),
        json!([euros("10.00"), "code-limit-reached"])
    );
    assert_eq!(used(&world, &promotion).await, json!([1, null]));
    // The cart says so too, and buys without.
    let shown = world.ours.cart(&cart).await;
    assert_eq!(json!([shown["totals"]["total"], shown["codes"][0]["applied"]]), json!([euros("10.00"), false]));
    let order = completed(&world, &opened(&world, &cart).await, "single-3").await.expect(201).json();
    assert_eq!(order["total"], euros("10.00"));
}

pub async fn a_customer_has_it_as_often_as_a_customer_may(world: World) {
    let sold = world.sell("per-customer", "10", 50).await;
    let (_, code) = by_code(&world, "each", tenth(), json!({ "limitPerCustomer": 1 }), None).await;
    let (_, first) = by_code(&world, "first", tenth(), json!({ "condition": { "type": "first-order" } }), None).await;
    let open = async |email: &str, code: &str| {
        let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
        enter(&world, &cart, &[code]).await;
        let mut form = order_form(&cart);
        form["email"] = json!(format!("{}@example.com", world.name(email)));
        world.ours.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(201).json()
    };
    let (one, two) = (open("ada", &code).await, open("ada", &code).await);
    completed(&world, &one, "ada-1").await.expect(201);
    completed(&world, &two, "ada-2").await.expect_problem(409, "totals-changed");
    let again = open("ada", &code).await;
    assert_eq!(json!([again["total"], again["codes"][0]["reason"]]), json!([euros("10.00"), "customer-limit-reached"]));
    assert_eq!(open("grace", &code).await["total"], euros("9.00"), "somebody else has it");
    // A first order is one, of two that were opened at once.
    let (one, two) = (open("hedy", &first).await, open("hedy", &first).await);
    completed(&world, &one, "hedy-1").await.expect(201);
    let refused = completed(&world, &two, "hedy-2").await.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["codes"][0]["reason"], "condition-not-met");
}

pub async fn what_another_instant_would_have_cost_is_explained(world: World) {
    let sold = world.sell("later", "10", 50).await;
    let body = json!({
        "name": "From 2099 on", "trigger": "automatic", "startsAt": "2099-01-01T00:00:00Z",
        "effect": {
            "type": "reduce", "lines": { "anyOf": { "products": [sold.product] } },
            "by": { "type": "percent", "rate": 500_000 },
        },
    });
    promote(&world, body).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    assert_eq!(world.ours.cart(&cart).await["totals"]["total"], euros("10.00"));
    let asked = async |at: &str| {
        let explained = world.ours.merchant.get(&format!("/api/v1/carts/{cart}/explain{at}")).send().await.expect(200);
        explained.json()["totals"]["total"].as_i64().unwrap()
    };
    assert_eq!((asked("").await, asked("?at=2098-12-31T23:59:59Z").await), (1_000, 1_000));
    assert_eq!(asked("?at=2099-01-01T00:00:00Z").await, 500);
}
