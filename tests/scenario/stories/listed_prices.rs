//! A shopper pays what price lists say, in the cart, in the checkout and in the order.
//!
//! Other stories buy in the same shop: the rules here are for this story's variants alone.

use std::time::Duration;

use futures_util::future::{join, join_all};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use http::Method;
use serde_json::{Value, json};

use super::people::sign_up;
use super::prices::sells_abroad;
use super::sessions::{as_person, log_in_with};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::product_file::Product;
use crate::world::{Shop, Sold, World, order_form};

fn money(amount: &str, currency: &str) -> Value {
    json!({ "amount": amount, "currency": currency })
}

fn euros(amount: &str) -> Value {
    money(amount, "EUR")
}

/// A price from a number of units on.
fn fixed(sold: &Sold, from: i64, price: Value) -> Value {
    json!({ "target": { "variant": sold.variant }, "minQuantity": from, "price": { "fixed": price } })
}

fn percent(sold: &Sold, ppm: i64) -> Value {
    json!({ "target": { "product": sold.product }, "price": { "changePpm": ppm } })
}

/// A list that is in force, but for what `more` says; its path.
async fn list(world: &World, kind: &str, more: Value, rules: &[Value]) -> String {
    let mut body = json!({ "name": world.name(kind), "kind": kind, "active": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = world.ours.merchant.post("/api/v1/price-lists").json(&body).send().await.expect(201);
    put(world, made.the("location"), rules).await;
    made.the("location").to_owned()
}

async fn put(world: &World, list: &str, rules: &[Value]) {
    world.ours.merchant.put(&format!("{list}/rules")).json(&json!({ "rules": rules })).send().await.expect(200);
}

fn id(list: &str) -> &str {
    list.rsplit('/').next().unwrap()
}

/// What a cart, a checkout or an order says of its lines, and that it adds up.
fn lines(body: &Value) -> Value {
    let line = |line: &Value| json!([line["quantity"], line["unitPrice"]["amount"], line["total"]["amount"]]);
    let all: Vec<Value> = body["lines"].as_array().unwrap().iter().map(line).collect();
    let total = |line: &Value| line[2].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    let sum: i64 = all.iter().map(total).sum();
    let told = body["totals"]["total"]["amount"].as_str().unwrap().replace('.', "");
    assert_eq!(told, sum.to_string(), "{body}");
    all.into()
}

async fn opened(shop: &Shop, cart: &str) -> Value {
    shop.open(cart).await.expect(201).json()
}

async fn completed(world: &World, shop: &Shop, checkout: &Value, key: &str) -> Answer {
    shop.complete(checkout["id"].as_str().unwrap(), &world.name(key)).await
}

/// Refused, for it comes to something else: what was agreed to, and what it is now.
async fn changed(world: &World, shop: &Shop, checkout: &Value, key: &str) -> [Value; 2] {
    let refused = completed(world, shop, checkout, key).await.expect_problem(409, "totals-changed").json();
    ["agreed", "current"].map(|name| refused[name]["total"].clone())
}

async fn explained(world: &World, path: &str) -> Value {
    world.ours.merchant.get(&format!("/api/v1/{path}/explain")).send().await.expect(200).json()
}

/// What became of a list for the first line.
fn verdict(explained: &Value, list: &str) -> Value {
    let considered = explained["prices"][0]["considered"].as_array().unwrap();
    let own = considered.iter().find(|one| one["source"] == json!({ "list": id(list) }));
    own.unwrap_or_else(|| panic!("{explained}"))["verdict"].clone()
}

pub async fn a_group_buys_at_its_list_and_nobody_else_does(world: World) {
    let us = &world.ours.merchant;
    let sold = world.sell("wholesale", "10.00", 50).await;
    let email = world.email("reseller");
    sign_up(&world, &email).await;
    let tokens = log_in_with(&world.ours, &email, "correct horse battery").await.expect(200);
    let reseller = Shop { shopper: as_person(&world, &tokens), ..world.ours.clone() };
    let group = us.post("/api/v1/customer-groups").json(&json!({ "name": world.name("resellers") })).send().await;
    let account = tokens.json()["account"]["id"].as_str().unwrap().to_owned();
    let member = format!("{}/members/{account}", group.expect(201).the("location"));
    let group = member.split('/').nth(4).unwrap();
    let staff = us.post("/api/v1/customer-groups").json(&json!({ "name": world.name("staff") })).send().await;
    let staff = json!({ "priority": 9, "groups": [staff.expect(201).json()["id"]] });
    let others = list(&world, "override", staff, &[fixed(&sold, 1, euros("5.00"))]).await;
    let list = list(&world, "override", json!({ "groups": [group] }), &[fixed(&sold, 1, euros("8.00"))]).await;

    // The catalog's for whoever is in no group yet.
    let cart = reseller.filled_cart(&[(&sold.variant, 2)]).await;
    assert_eq!(lines(&reseller.cart(&cart).await), json!([[2, "10.00", "20.00"]]));
    us.put(&member).send().await.expect(204);
    let shown = reseller.cart(&cart).await;
    assert_eq!(lines(&shown), json!([[2, "8.00", "16.00"]]));
    assert_eq!(json!([shown["subtotal"], shown["lines"][0]["previousPrice"]]), json!([euros("16.00"), null]));
    // The same cart is somebody else's who names the address, and the staff's who buy for it.
    assert_eq!(lines(&world.ours.cart(&cart).await), json!([[2, "10.00", "20.00"]]));
    let mut form = order_form(&cart);
    form["email"] = json!(email);
    for buyer in [&world.ours.shopper, us] {
        let checkout = buyer.post("/api/v1/checkouts").json(&form).send().await.expect(201).json();
        assert_eq!(lines(&checkout), json!([[2, "10.00", "20.00"]]));
    }

    let checkout = opened(&reseller, &cart).await;
    assert_eq!((lines(&checkout), &checkout["total"]), (json!([[2, "8.00", "16.00"]]), &euros("16.00")));
    // Whoever is in the group no more has the choice; nothing is sold until then.
    us.delete(&member).send().await.expect(204);
    assert_eq!(changed(&world, &reseller, &checkout, "reseller").await, [euros("16.00"), euros("20.00")]);
    assert_eq!(world.ours.stock(&sold.handle).await, [50]);
    us.put(&member).send().await.expect(204);
    let order = completed(&world, &reseller, &checkout, "reseller").await.expect(201).json();
    assert_eq!((lines(&order), &order["payment"]["amount"]), (json!([[2, "8.00", "16.00"]]), &euros("16.00")));
    let why = explained(&world, &format!("orders/{}", order["id"].as_str().unwrap())).await;
    let price = &why["totals"]["lines"][0]["price"];
    assert_eq!((&price["source"], verdict(&why, &list)), (&json!({ "list": id(&list) }), json!("won")), "{why}");
    // What others pay is not kept with it.
    assert!(!why.to_string().contains(id(&others)), "{why}");
    // The staff, who are asked, are in no group.
    let why = explained(&world, &format!("carts/{cart}")).await;
    assert_eq!([verdict(&why, &list), verdict(&why, &others)], ["other-group", "other-group"]);
}

pub async fn more_units_cost_less_each(world: World) {
    let (sold, other) = (world.sell("tiered", "10.00", 99).await, world.sell("untiered", "1.00", 99).await);
    list(
        &world,
        "override",
        json!({}),
        &[fixed(&sold, 10, euros("9.00")), fixed(&sold, 20, euros("8.00")), percent(&other, -100_000)],
    )
    .await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 9), (&other.variant, 1)]).await;
    assert_eq!(lines(&world.ours.cart(&cart).await), json!([[9, "10.00", "90.00"], [1, "0.90", "0.90"]]));
    let line = format!("/api/v1/cart/{cart}/items/{}", sold.variant);
    for (units, each, sum) in [(10, "9.00", "90.00"), (19, "9.00", "171.00"), (20, "8.00", "160.00")] {
        world.ours.shopper.patch(&line).json(&json!({ "quantity": units })).send().await.expect(200);
        assert_eq!(lines(&world.ours.cart(&cart).await), json!([[units, each, sum], [1, "0.90", "0.90"]]));
    }
    let checkout = opened(&world.ours, &cart).await;
    let order = completed(&world, &world.ours, &checkout, "tiered").await.expect(201).json();
    assert_eq!(
        (lines(&order), &order["total"]),
        (json!([[20, "8.00", "160.00"], [1, "0.90", "0.90"]]), &euros("160.90"))
    );
}

pub async fn a_sale_is_below_the_regular_price_and_an_override_is_it(world: World) {
    let sold = world.sell("dearer", "10.00", 50).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let regular = list(&world, "override", json!({ "priority": 1 }), &[fixed(&sold, 1, euros("12.00"))]).await;
    assert_eq!(lines(&world.ours.cart(&cart).await), json!([[1, "12.00", "12.00"]]));
    // No sale: it is not below.
    let none = list(&world, "sale", json!({ "priority": 3 }), &[fixed(&sold, 1, euros("12.00"))]).await;
    let sale =
        list(&world, "sale", json!({ "priority": 2, "basedOn": id(&regular) }), &[percent(&sold, -250_000)]).await;
    let shown = world.ours.cart(&cart).await;
    assert_eq!(lines(&shown), json!([[1, "9.00", "9.00"]]));
    let why = explained(&world, &format!("carts/{cart}")).await;
    let verdicts = [&regular, &none, &sale].map(|list| verdict(&why, list));
    assert_eq!(verdicts, ["replaced", "not-lower", "won"]);
    assert_eq!(why["totals"]["lines"][0]["price"]["compareAtPrice"], euros("12.00"));
    // A code takes its share of the price of the list.
    let promotion = json!({
        "name": "Half", "trigger": "code",
        "effect": { "type": "reduce", "by": { "type": "percent", "rate": 500_000 } },
    });
    let made = world.ours.merchant.post("/api/v1/promotions").json(&promotion).send().await.expect(201);
    let codes = json!({ "codes": [world.name("half").to_uppercase()] });
    world.ours.merchant.post(&format!("{}/codes", made.the("location"))).json(&codes).send().await.expect(201);
    let enter = world.ours.shopper.call(Method::PUT, &format!("/api/v1/cart/{cart}/codes")).json(&codes);
    assert_eq!(lines(&enter.send().await.expect(200).json()), json!([[1, "9.00", "4.50"]]));
    let checkout = opened(&world.ours, &cart).await;
    assert_eq!(completed(&world, &world.ours, &checkout, "half").await.expect(201).json()["total"], euros("4.50"));
}

pub async fn a_list_that_has_changed_is_told_with_both_totals(world: World) {
    let us = &world.ours.merchant;
    let sold = world.sell("relisted", "10.00", 50).await;
    let list = list(&world, "sale", json!({}), &[fixed(&sold, 1, euros("8.00"))]).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    let checkout = opened(&world.ours, &cart).await;
    put(&world, &list, &[fixed(&sold, 1, euros("9.00"))]).await;
    assert_eq!(changed(&world, &world.ours, &checkout, "listed").await, [euros("16.00"), euros("18.00")]);
    // What changes nothing of the price is sold, whatever the catalog says: of the list, and of what it stands on.
    put(&world, &list, &[fixed(&sold, 1, euros("8.00")), fixed(&sold, 9, euros("7.00"))]).await;
    world.ours.import(&[Product::simple(&sold.handle, "11.00", 50)]).await;
    let order = completed(&world, &world.ours, &checkout, "listed").await.expect(201).json();
    assert_eq!(lines(&order), json!([[2, "8.00", "16.00"]]));

    let checkout = opened(&world.ours, &cart).await;
    us.delete(&list).send().await.expect(204);
    assert_eq!(changed(&world, &world.ours, &checkout, "gone").await, [euros("16.00"), euros("22.00")]);
    // A list that comes after the checkout was opened at the catalog's price changes it as well.
    let checkout = opened(&world.ours, &cart).await;
    self::list(&world, "sale", json!({}), &[percent(&sold, -500_000)]).await;
    assert_eq!(changed(&world, &world.ours, &checkout, "came").await, [euros("22.00"), euros("11.00")]);
    // A share of the catalog's price is another one with that.
    let checkout = opened(&world.ours, &cart).await;
    world.ours.import(&[Product::simple(&sold.handle, "12.00", 50)]).await;
    assert_eq!(changed(&world, &world.ours, &checkout, "dearer").await, [euros("11.00"), euros("12.00")]);
    let none_left = Product::simple(&sold.handle, "12.00", 1);
    world.ours.import(&[none_left]).await;
    let refused = completed(&world, &world.ours, &checkout, "short").await.expect_problem(409, "lines-not-available");
    assert_eq!(refused.json()["lines"][0]["problem"], "insufficient-stock");
}

pub async fn what_was_agreed_to_is_paid_while_the_list_changes(world: World) {
    let sold = world.sell("flickering", "10.00", 50).await;
    let list = list(&world, "sale", json!({}), &[fixed(&sold, 1, euros("8.00"))]).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let checkouts = join_all((0..10).map(|_| opened(&world.ours, &cart))).await;
    let changes = async {
        for price in ["9.00", "8.00", "9.00", "8.00", "9.00"] {
            put(&world, &list, &[fixed(&sold, 1, euros(price))]).await;
        }
    };
    let completions = checkouts.iter().enumerate().map(async |(number, checkout)| {
        (checkout, completed(&world, &world.ours, checkout, &format!("flickering-{number}")).await)
    });
    let (answers, ()) = join(join_all(completions), changes).await;
    let mut placed = 0;
    for (checkout, answer) in answers {
        match answer.status {
            201 => {
                placed += 1;
                let order = answer.json();
                assert_eq!((&order["total"], lines(&order)), (&checkout["total"], json!([[1, "8.00", "8.00"]])));
            }
            _ => drop(answer.expect_problem(409, "totals-changed")),
        }
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [50 - placed]);
}

pub async fn a_list_begins_while_a_checkout_is_open(world: World) {
    let sold = world.sell("soon", "10.00", 50).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    let begins = SystemClock.now().checked_add_millis(6_000).unwrap();
    list(&world, "sale", json!({ "startsAt": begins }), &[percent(&sold, -500_000)]).await;
    let checkout = opened(&world.ours, &cart).await;
    assert_eq!(checkout["total"], euros("20.00"));
    assert_eq!(lines(&world.ours.cart(&cart).await), json!([[2, "10.00", "20.00"]]));
    eventually("the sale", Duration::from_secs(20), async || {
        (world.ours.cart(&cart).await["totals"]["total"] == euros("10.00")).then_some(())
    })
    .await;
    assert_eq!(changed(&world, &world.ours, &checkout, "soon").await, [euros("20.00"), euros("10.00")]);
    let path = format!("/api/v1/carts/{cart}/explain?at={}", begins.checked_add_millis(-1).unwrap());
    let before = world.ours.merchant.get(&path).send().await.expect(200).json();
    assert_eq!(before["totals"]["total"], 2_000);
}

pub async fn what_the_catalog_has_no_price_for_is_sold_by_rate_or_list(world: World) {
    let owner: Client = sells_abroad(&world).await.0;
    let (by_rate, by_list) = (world.sell("by-rate", "10.00", 50).await, world.sell("by-list", "20.00", 50).await);
    list(&world, "override", json!({}), &[fixed(&by_list, 1, money("15.00", "CHF"))]).await;
    let quote = async |rate: &str, millis: i64| {
        let now = SystemClock.now();
        let (source, until) = ("manual", now.checked_add_millis(millis).unwrap());
        let rates = json!([{ "base": "EUR", "quote": "CHF", "rate": rate }]);
        let body = json!({ "source": source, "asOf": now, "validUntil": until, "rates": rates });
        owner.put("/api/v1/exchange-rates").json(&body).send().await.expect(204);
    };
    quote("0.95", 3_600_000).await;
    let cart = world.ours.shopper.post("/api/v1/cart").json(&json!({ "currency": "CHF" })).send().await.expect(201);
    let cart = cart.json()["id"].as_str().unwrap().to_owned();
    for (sold, price) in [(&by_rate, "9.50"), (&by_list, "15.00")] {
        let filled = world.ours.add(&cart, &sold.variant, 2).await.expect(200).json();
        let line = filled["lines"].as_array().unwrap().iter().find(|line| line["variantId"] == sold.variant).unwrap();
        assert_eq!(line["unitPrice"], money(price, "CHF"));
    }
    let agreed = json!([[2, "9.50", "19.00"], [2, "15.00", "30.00"]]);
    assert_eq!(lines(&world.ours.cart(&cart).await), agreed);
    let checkout = opened(&world.ours, &cart).await;
    assert_eq!((lines(&checkout), &checkout["total"]), (agreed.clone(), &money("49.00", "CHF")));
    quote("0.96", 3_600_000).await;
    let francs = |amount: &str| money(amount, "CHF");
    assert_eq!(changed(&world, &world.ours, &checkout, "francs").await, [francs("49.00"), francs("49.20")]);
    assert_eq!(world.ours.cart(&cart).await["lines"][0]["previousPrice"], francs("9.50"));
    // Without a rate that holds it is not sold; what has a price of its own is.
    quote("0.95", 500).await;
    let shown = eventually("the rate's end", Duration::from_secs(20), async || {
        let shown = world.ours.cart(&cart).await;
        (shown["lines"][0]["status"] == "removed").then_some(shown)
    })
    .await;
    assert_eq!((&shown["lines"][1]["status"], &shown["totals"]["total"]), (&json!("available"), &francs("30.00")));
    let refused = completed(&world, &world.ours, &checkout, "francs").await.expect_problem(409, "lines-not-available");
    assert_eq!(refused.json()["lines"], json!([{ "variantId": by_rate.variant, "problem": "removed" }]));
    quote("0.95", 3_600_000).await;
    let order = completed(&world, &world.ours, &checkout, "francs").await.expect(201).json();
    assert_eq!((lines(&order), &order["total"]), (agreed, &francs("49.00")));
    let why = explained(&world, &format!("orders/{}", order["id"].as_str().unwrap())).await;
    let steps = why["totals"]["lines"][0]["price"]["steps"].as_array().unwrap().iter();
    assert_eq!(steps.map(|step| step["step"].clone()).collect::<Vec<_>>(), ["catalog", "converted"]);
}
