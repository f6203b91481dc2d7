//! A shopper is taxed, in the cart, in the checkout and in the order.
//!
//! Each story is of a shop of its own: taxes are for all that it sells.

use std::time::Duration;

use futures_util::future::{join, join_all};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::port::clock::Clock;
use http::Method;
use serde_json::{Value, json};

use super::sign_ups::own_shop;
use crate::batches::for_batches;
use crate::client::{Answer, Client};
use crate::world::{Shop, World, order_form};

const ZONES: &str = "/api/v1/tax-zones";

pub fn rate(name: &str, class: &str, ppm: i64) -> Value {
    json!({ "name": name, "classes": [class], "ppm": ppm })
}

pub async fn zone(shop: &Shop, name: &str, areas: Value, rates: Value) -> Value {
    let body = json!({ "name": name, "areas": areas, "rates": rates });
    shop.merchant.post(ZONES).json(&body).send().await.expect(201).json()
}

async fn replace(shop: &Shop, zone: &Value, rates: Value) -> Value {
    let path = format!("{ZONES}/{}", zone["id"].as_str().unwrap());
    let body = json!({ "name": zone["name"], "areas": zone["areas"], "rates": rates });
    shop.merchant.call(Method::PUT, &path).json(&body).send().await.expect(200).json()
}

/// The variant of a new product, of which there are 50.
pub async fn sell(shop: &Shop, name: &str, price: [&str; 2], more: Value) -> String {
    let [amount, currency] = price;
    let mut variant =
        json!({ "price": { "amount": amount, "currency": currency }, "sku": name, "inventory": { "quantity": 50 } });
    variant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({ "handle": name, "title": name, "status": "active", "variants": [variant] });
    let made = shop.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json();
    made["variants"][0]["id"].as_str().unwrap().to_owned()
}

async fn open(shop: &Shop, cart: &str, country: &str, region: Option<&str>, postcode: &str) -> Value {
    let mut form = order_form(cart);
    let address = &mut form["shippingAddress"];
    (address["countryCode"], address["postalCode"]) = (json!(country), json!(postcode));
    if let Some(region) = region {
        address["region"] = json!(region);
    }
    shop.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(201).json()
}

async fn complete(shop: &Shop, checkout: &Value, key: &str) -> Answer {
    shop.complete(checkout["id"].as_str().unwrap(), key).await
}

pub async fn explained(owner: &Client, order: &Value) -> Value {
    let path = format!("/api/v1/orders/{}/explain", order["id"].as_str().unwrap());
    owner.get(&path).send().await.expect(200).json()
}

/// The amounts of taxes: net, tax, and of each rate its name and tax.
pub fn amounts(taxes: &Value) -> Value {
    let amount = |money: &Value| money["amount"].clone();
    let rates = taxes["rates"].as_array().unwrap().iter();
    let rates: Vec<Value> = rates.map(|rate| json!([rate["name"], rate["ppm"], amount(&rate["tax"])])).collect();
    json!([amount(&taxes["net"]), amount(&taxes["tax"]), rates])
}

pub async fn prices_hold_the_tax_of_a_country(world: World) {
    let (shop, owner) = own_shop(&world, "inclusive", "EUR").await;
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({})).await;
    let book = sell(&shop, "book", ["10.70", "EUR"], json!({ "taxClass": "books" })).await;
    let voucher = sell(&shop, "voucher", ["5.00", "EUR"], json!({ "taxable": false })).await;
    let cart = shop.filled_cart(&[(&mug, 2), (&book, 1), (&voucher, 1)]).await;
    let untaxed = shop.cart(&cart).await;
    assert_eq!(untaxed["totals"].as_object().unwrap().len(), 3, "subtotal, discount, total: {untaxed}");

    let rates = json!([rate("MwSt.", "standard", 190_000), rate("MwSt. ermäßigt", "books", 70_000)]);
    let germany = zone(&shop, "Germany", json!([{ "country": "DE" }]), rates).await;
    assert_eq!(shop.cart(&cart).await["totals"].get("taxes"), None, "nobody knows where it goes");
    let home = json!({ "sellsFrom": { "country": "DE" } });
    shop.merchant.patch("/api/v1/tax-settings").json(&home).send().await.expect(200);
    let show = async || shop.shopper.get(&format!("/api/v1/cart/{cart}")).send().await.expect(200);
    let taxed = for_batches(1, show).await.json();
    let expected = json!(["35.00", "4.50", [["MwSt.", 190_000, "3.80"], ["MwSt. ermäßigt", 70_000, "0.70"]]]);
    let lines = json!([
        ["23.80", ["20.00", "3.80", [["MwSt.", 190_000, "3.80"]]]],
        ["10.70", ["10.00", "0.70", [["MwSt. ermäßigt", 70_000, "0.70"]]]],
        ["5.00", ["5.00", "0.00", []]],
    ]);
    let of = |body: &Value| -> Value {
        let line = |line: &Value| json!([line["total"]["amount"], amounts(&line["taxes"])]);
        body["lines"].as_array().unwrap().iter().map(line).collect()
    };
    let checkout = open(&shop, &cart, "DE", None, "10827").await;
    let order = complete(&shop, &checkout, "german").await.expect(201).json();
    for body in [&taxed, &checkout, &order] {
        let totals = &body["totals"];
        assert_eq!((amounts(&totals["taxes"]), &totals["taxIncluded"]), (expected.clone(), &json!(true)), "{body}");
        assert_eq!((&totals["total"]["amount"], of(body)), (&json!("39.50"), lines.clone()), "{body}");
    }
    // To where no zone is, the same is paid and none of it is said to be tax.
    let british = open(&shop, &cart, "GB", None, "SW1Y 4JH").await;
    assert_eq!((&british["total"], british["totals"].get("taxes")), (&checkout["total"], None));

    // An order keeps its tax, whatever becomes of the rate; and says by which rule it is.
    replace(&shop, &germany, json!([rate("MwSt.", "standard", 160_000)])).await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).send().await.expect(200).json()["totals"], order["totals"]);
    let why = explained(&owner, &order).await["totals"].clone();
    assert_eq!(why["taxZone"], json!({ "id": germany["id"], "name": "Germany" }));
    assert_eq!(why["lines"][0]["taxes"]["rates"][0]["rate"], germany["rates"][0]["id"]);
    let reasons: Vec<&Value> =
        why["lines"].as_array().unwrap().iter().map(|line| &line["taxes"]["why"]["kind"]).collect();
    assert_eq!(reasons, ["rated", "rated", "not-taxable"]);
}

pub async fn tax_comes_on_top_by_state_and_postcode(world: World) {
    let (shop, owner) = own_shop(&world, "exclusive", "USD").await;
    owner.patch("/api/v1/organization").json(&json!({ "taxMode": "exclusive" })).send().await.expect(200);
    let us = json!([{ "country": "US" }]);
    zone(&shop, "United States", us, json!([])).await;
    let california = json!([{ "country": "US", "region": "US-CA" }]);
    zone(&shop, "California", california, json!([rate("CA", "standard", 72_500)])).await;
    let hills = json!([{ "country": "US", "region": "US-CA", "postcodes": ["902*"] }]);
    let rates = json!([rate("CA", "standard", 72_500), rate("Beverly Hills", "standard", 22_500)]);
    zone(&shop, "Beverly Hills", hills, rates).await;
    let tent = sell(&shop, "tent", ["99.99", "USD"], json!({})).await;
    let cart = shop.filled_cart(&[(&tent, 1)]).await;
    assert_eq!(shop.cart(&cart).await["totals"]["total"]["amount"], "99.99", "nobody knows where it goes");
    for (region, postcode, total, taxes) in [
        ("TX", "73301", "99.99", json!(["99.99", "0.00", []])),
        ("CA", "94016", "107.24", json!(["99.99", "7.25", [["CA", 72_500, "7.25"]]])),
        (
            "CA",
            "90210-1234",
            "109.49",
            json!(["99.99", "9.50", [["CA", 72_500, "7.25"], ["Beverly Hills", 22_500, "2.25"]]]),
        ),
    ] {
        let checkout = open(&shop, &cart, "US", Some(region), postcode).await;
        let order = complete(&shop, &checkout, postcode).await.expect(201).json();
        for body in [&checkout, &order] {
            let totals = &body["totals"];
            assert_eq!((amounts(&totals["taxes"]), &totals["taxIncluded"]), (taxes.clone(), &json!(false)), "{body}");
            let sums = [&totals["subtotal"]["amount"], &body["lines"][0]["total"]["amount"], &body["total"]["amount"]];
            assert_eq!(sums, ["99.99", total, total], "{body}");
        }
        assert_eq!(order["payment"]["amount"]["amount"], total);
    }
    // What is said in the merchant's settings is the tax that a cart has until it has an address.
    let home = json!({ "sellsFrom": { "country": "US", "region": "US-CA" } });
    shop.merchant.patch("/api/v1/tax-settings").json(&home).send().await.expect(200);
    assert_eq!(shop.cart(&cart).await["totals"]["total"]["amount"], "107.24");
}

pub async fn a_changed_rate_is_told_with_both_totals(world: World) {
    let (shop, _) = own_shop(&world, "changing", "EUR").await;
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({})).await;
    let vat = |ppm| json!([rate("VAT", "standard", ppm)]);
    let mut here = zone(&shop, "Here", json!([{ "country": "DE" }]), vat(190_000)).await;
    let cart = shop.filled_cart(&[(&mug, 1)]).await;

    let checkout = open(&shop, &cart, "DE", None, "10827").await;
    here["name"] = json!("There");
    here = replace(&shop, &here, vat(190_000)).await;
    complete(&shop, &checkout, "renamed").await.expect(201);

    // What is paid is the same, and what of it is tax is not.
    let checkout = open(&shop, &cart, "DE", None, "10827").await;
    here = replace(&shop, &here, vat(70_000)).await;
    let refused = complete(&shop, &checkout, "changed").await.expect_problem(409, "totals-changed").json();
    let of = |side: &str| json!([refused[side]["total"]["amount"], refused[side]["taxes"]["tax"]["amount"]]);
    assert_eq!([of("agreed"), of("current")], [json!(["11.90", "1.90"]), json!(["11.90", "0.78"])]);
    let line = &refused["lines"][0];
    assert_eq!(json!([line["agreedTax"]["amount"], line["currentTax"]["amount"]]), json!(["1.90", "0.78"]));
    replace(&shop, &here, vat(190_000)).await;
    complete(&shop, &checkout, "changed").await.expect(201);

    // A zone that was not there when it was opened is asked as well.
    let checkout = open(&shop, &cart, "AT", None, "1010").await;
    assert_eq!(checkout["totals"].get("taxes"), None);
    zone(&shop, "Austria", json!([{ "country": "AT" }]), vat(200_000)).await;
    let refused = complete(&shop, &checkout, "austrian").await.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["current"]["taxes"]["tax"]["amount"], "1.98");
}

pub async fn what_is_taxed_as_something_else_by_now_is_told(world: World) {
    let (shop, _) = own_shop(&world, "reclassed", "EUR").await;
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({})).await;
    let rates = json!([rate("VAT", "standard", 190_000), rate("VAT reduced", "books", 70_000)]);
    zone(&shop, "Here", json!([{ "country": "DE" }]), rates).await;
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let mut variant =
        shop.merchant.patch("/api/v1/products/mug").json(&json!({})).send().await.expect(200).json()["variants"][0]
            .clone();
    for (member, value, tax) in [("taxClass", json!("books"), "0.78"), ("taxable", json!(false), "0.00")] {
        let checkout = open(&shop, &cart, "DE", None, "10827").await;
        variant[member] = value;
        let body = json!({ "variants": [variant] });
        shop.merchant.patch("/api/v1/products/mug").json(&body).send().await.expect(200);
        let refused = complete(&shop, &checkout, member).await.expect_problem(409, "totals-changed").json();
        assert_eq!(refused["current"]["total"]["amount"], "11.90");
        assert_eq!(refused["lines"][0]["currentTax"]["amount"], tax, "{refused}");
    }
}

pub async fn an_address_says_what_its_taxes_depend_on(world: World) {
    let (shop, _) = own_shop(&world, "addressed", "USD").await;
    let tent = sell(&shop, "tent", ["99.99", "USD"], json!({})).await;
    let areas = json!([{ "country": "US", "region": "US-CA" }, { "country": "CA", "postcodes": ["V5K*"] }]);
    zone(&shop, "West", areas, json!([rate("Sales tax", "standard", 72_500)])).await;
    let cart = shop.filled_cart(&[(&tent, 1)]).await;
    let mut form = order_form(&cart);
    for (address, lacks) in [
        (json!({ "countryCode": "US", "postalCode": "94016" }), "#/shippingAddress/region"),
        (json!({ "countryCode": "US", "region": "Kalifornien", "postalCode": "94016" }), "#/shippingAddress/region"),
        (json!({ "countryCode": "CA", "postalCode": null }), "#/shippingAddress/postalCode"),
    ] {
        form["shippingAddress"].as_object_mut().unwrap().extend(address.as_object().unwrap().clone());
        let refused = shop.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(422);
        assert_eq!(refused.places(), [lacks], "{refused}");
    }
    // Who is taxed nowhere says as much as the post needs.
    form["shippingAddress"]["countryCode"] = json!("IE");
    shop.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(201);
    for (region, tax) in [("TX", None), ("CA", Some("6.76"))] {
        let checkout = open(&shop, &cart, "US", Some(region), "94016").await;
        let told = checkout["totals"]["taxes"]["tax"]["amount"].as_str();
        assert_eq!(told, tax, "{checkout}");
    }
}

pub async fn a_rate_ends_by_itself(world: World) {
    let (shop, _) = own_shop(&world, "ending", "EUR").await;
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({})).await;
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let turn = SystemClock.now().checked_add_millis(3_000).unwrap();
    let with = |member: &str, ppm| {
        let mut rate = rate("VAT", "standard", ppm);
        rate[member] = json!(turn.to_string());
        rate
    };
    let rates = json!([with("until", 190_000), with("from", 70_000)]);
    zone(&shop, "Here", json!([{ "country": "DE" }]), rates).await;
    let checkout = open(&shop, &cart, "DE", None, "10827").await;
    assert_eq!(checkout["totals"]["taxes"]["tax"]["amount"], "1.90", "{checkout}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let refused = complete(&shop, &checkout, "late").await.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["current"]["taxes"]["tax"]["amount"], "0.78");
}

pub async fn what_crosses_a_border_keeps_its_net_or_its_price(world: World) {
    let (shop, _) = own_shop(&world, "border", "EUR").await;
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({})).await;
    for (country, ppm) in [("DE", 190_000), ("FR", 200_000)] {
        zone(&shop, country, json!([{ "country": country }]), json!([rate("VAT", "standard", ppm)])).await;
    }
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let told = async |country: &str| {
        let checkout = open(&shop, &cart, country, None, "1000").await;
        let totals = &checkout["totals"];
        let tax = totals["taxes"]["tax"]["amount"].clone();
        // The subtotal is what is paid, unless it holds another tax; net and tax are in any case.
        let cents = |money: &Value| money["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        assert_eq!(cents(&totals["taxes"]["net"]) + cents(&totals["taxes"]["tax"]), cents(&totals["total"]));
        let adds_up = cents(&totals["subtotal"]) - cents(&totals["discount"]) == cents(&totals["total"]);
        assert_eq!(totals.get("taxIncluded"), adds_up.then_some(&json!(true)), "{totals}");
        json!([checkout["total"]["amount"], tax, checkout["lines"][0]["total"]["amount"]])
    };
    assert_eq!(told("FR").await, json!(["11.90", "1.98", "11.90"]), "everybody pays the price as shown");
    let net = json!({ "crossBorder": { "keep": "net", "origin": { "country": "DE" } } });
    shop.merchant.patch("/api/v1/tax-settings").json(&net).send().await.expect(200);
    assert_eq!(told("DE").await, json!(["11.90", "1.90", "11.90"]));
    assert_eq!(told("FR").await, json!(["12.00", "2.00", "12.00"]));
    // Where no zone is, the tax of where the price is made is taken off.
    assert_eq!(told("CH").await, json!(["10.00", "0.00", "10.00"]));
}

pub async fn tax_is_rounded_for_each_line_or_once(world: World) {
    let (shop, _) = own_shop(&world, "rounding", "EUR").await;
    zone(&shop, "Here", json!([{ "country": "DE" }]), json!([rate("VAT", "standard", 190_000)])).await;
    let mut lines = Vec::new();
    for name in ["red", "green", "blue"] {
        lines.push(sell(&shop, name, ["0.10", "EUR"], json!({})).await);
    }
    let lines: Vec<(&str, i64)> = lines.iter().map(|variant| (variant.as_str(), 1)).collect();
    let cart = shop.filled_cart(&lines).await;
    for (per, of_lines, of_all) in
        [("line", ["0.02", "0.02", "0.02"], "0.06"), ("order", ["0.02", "0.02", "0.01"], "0.05")]
    {
        shop.merchant.patch("/api/v1/tax-settings").json(&json!({ "taxRoundedPer": per })).send().await.expect(200);
        let checkout = open(&shop, &cart, "DE", None, "10827").await;
        let lines = checkout["lines"].as_array().unwrap().iter();
        let taxes: Value = lines.map(|line| line["taxes"]["tax"]["amount"].clone()).collect();
        let told = json!([taxes, checkout["totals"]["taxes"]["tax"]["amount"]]);
        assert_eq!(told, json!([of_lines, of_all]), "{per}");
        assert_eq!(checkout["total"]["amount"], "0.30");
    }
}

pub async fn no_order_is_taxed_by_a_rate_that_is_gone(world: World) {
    let (shop, _) = own_shop(&world, "meanwhile", "EUR").await;
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({})).await;
    let vat = |ppm| json!([rate("VAT", "standard", ppm)]);
    let here = zone(&shop, "Here", json!([{ "country": "DE" }]), vat(190_000)).await;
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let mut checkouts = Vec::new();
    for _ in 0..12 {
        checkouts.push(open(&shop, &cart, "DE", None, "10827").await);
    }
    let names: Vec<String> = (0..12).map(|number| format!("meanwhile-{number}")).collect();
    let all = || join_all(checkouts.iter().zip(&names).map(|(checkout, name)| complete(&shop, checkout, name)));
    let (answers, _) = join(all(), replace(&shop, &here, vat(70_000))).await;
    let tax = |body: &Value| body["totals"]["taxes"]["tax"]["amount"].clone();
    for (answer, again) in answers.iter().zip(all().await) {
        if answer.status == 201 {
            assert_eq!((tax(&answer.json()), &answer.json()), (json!("1.90"), &again.json()), "{answer}");
        } else {
            let refused = answer.clone().expect_problem(409, "totals-changed").json();
            assert_eq!(refused["current"]["taxes"]["tax"]["amount"], "0.78");
            again.expect_problem(409, "totals-changed");
        }
    }
    // Whoever agrees anew has the new one.
    let checkout = open(&shop, &cart, "DE", None, "10827").await;
    assert_eq!(tax(&complete(&shop, &checkout, "anew").await.expect(201).json()), "0.78");
}

pub async fn another_rounding_is_told_where_nothing_is_taxed(world: World) {
    let (shop, owner) = own_shop(&world, "untaxed", "EUR").await;
    let half = json!({
        "name": "Half", "trigger": "automatic",
        "effect": { "type": "reduce", "by": { "type": "percent", "rate": 500_000 } },
    });
    shop.merchant.post("/api/v1/promotions").json(&half).send().await.expect(201);
    let pin = sell(&shop, "pin", ["0.05", "EUR"], json!({})).await;
    let cart = shop.filled_cart(&[(&pin, 1)]).await;
    let checkout = open(&shop, &cart, "DE", None, "10827").await;
    assert_eq!(checkout["totals"]["discount"]["amount"], "0.03");
    owner.patch("/api/v1/organization").json(&json!({ "rounding": "half-down" })).send().await.expect(200);
    let refused = complete(&shop, &checkout, "halves").await.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["current"]["discount"]["amount"], "0.02", "{refused}");
}
