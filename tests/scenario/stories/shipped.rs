//! A shopper chooses how it is shipped, and pays for that: in the checkout and in the order.
//!
//! Each story is of a shop of its own: zones are for all that it sells.

use futures_util::future::{join, join_all};
use http::Method;
use serde_json::{Value, json};

use super::sign_ups::own_shop;
use super::taxed::{amounts, explained, rate, sell, zone as tax_zone};
use crate::batches::for_batches;
use crate::client::{Answer, Client};
use crate::world::{Shop, World, order_form};

const ZONES: &str = "/api/v1/shipping-zones";

fn flat(name: &str, amount: &str) -> Value {
    json!({ "name": name, "price": { "by": "flat", "amounts": { "EUR": amount } } })
}

/// By weight: up to a kilogram, and above.
fn parcel() -> Value {
    let rows = json!({ "EUR": [{ "upTo": 1_000, "amount": "4.90" }, { "upTo": 5_000, "amount": "8.90" }] });
    json!({ "name": "Parcel", "price": { "by": "table", "measure": "weight", "rows": rows } })
}

async fn zone(shop: &Shop, country: &str, methods: &[Value]) -> Value {
    let body = json!({ "name": country, "areas": [{ "country": country }], "methods": methods });
    shop.merchant.post(ZONES).json(&body).send().await.expect(201).json()
}

fn path(zone: &Value) -> String {
    format!("{ZONES}/{}", zone["id"].as_str().unwrap())
}

async fn replace(shop: &Shop, zone: &Value) -> Value {
    let body = json!({ "name": zone["name"], "areas": zone["areas"], "methods": zone["methods"] });
    shop.merchant.call(Method::PUT, &path(zone)).json(&body).send().await.expect(200).json()
}

/// A checkout of a cart to Germany.
fn form(cart: &str, methods: &[&Value]) -> Value {
    let mut form = order_form(cart);
    (form["shippingAddress"]["countryCode"], form["shippingAddress"]["postalCode"]) = (json!("DE"), json!("10827"));
    if !methods.is_empty() {
        let choice = |method: &&Value| json!({ "methodId": method["id"] });
        form["shippingMethods"] = methods.iter().map(choice).collect();
    }
    form
}

async fn open(shop: &Shop, form: &Value) -> Answer {
    shop.shopper.post("/api/v1/checkouts").json(form).send().await
}

async fn opened(shop: &Shop, cart: &str, method: &Value) -> Value {
    open(shop, &form(cart, &[method])).await.expect(201).json()
}

async fn complete(shop: &Shop, checkout: &Value, key: &str) -> Answer {
    shop.complete(checkout["id"].as_str().unwrap(), key).await
}

/// Shipping before discounts, what is taken off it, and what all comes to.
fn told(body: &Value) -> Value {
    let totals = &body["totals"];
    json!([totals["shipping"]["amount"], totals["shippingDiscount"]["amount"], totals["total"]["amount"]])
}

/// A promotion by code, which is `CODE`.
async fn by_code(shop: &Shop, code: &str, definition: Value) {
    let mut body = json!({ "name": code, "trigger": "code" });
    body.as_object_mut().unwrap().extend(definition.as_object().unwrap().clone());
    let made = shop.merchant.post("/api/v1/promotions").json(&body).send().await.expect(201).json();
    let codes = format!("/api/v1/promotions/{}/codes", made["id"].as_str().unwrap());
    shop.merchant.post(&codes).json(&json!({ "codes": [code] })).send().await.expect(201);
}

async fn enter(shop: &Shop, cart: &str, codes: &[&str]) {
    let call = shop.shopper.call(Method::PUT, &format!("/api/v1/cart/{cart}/codes"));
    call.json(&json!({ "codes": codes })).send().await.expect(200);
}

async fn shown(owner: &Client, order: &Value) -> Value {
    owner.get(&format!("/api/v1/orders/{}", order["id"].as_str().unwrap())).send().await.expect(200).json()
}

pub async fn a_method_is_chosen_and_paid_for(world: World) {
    let (shop, owner) = own_shop(&world, "chosen", "EUR").await;
    let rates = json!([rate("MwSt.", "standard", 190_000), rate("MwSt. ermäßigt", "books", 70_000)]);
    tax_zone(&shop, "Germany", json!([{ "country": "DE" }]), rates).await;
    let mut express = flat("Express", "12.00");
    express["tax"] = json!({ "by": "class", "class": "books" });
    let germany = zone(&shop, "DE", &[parcel(), express]).await;
    let [parcel, express] = [&germany["methods"][0], &germany["methods"][1]];
    let mug = sell(&shop, "mug", ["11.90", "EUR"], json!({ "weightGrams": 400 })).await;
    let song = sell(&shop, "song", ["1.19", "EUR"], json!({ "requiresShipping": false })).await;
    let cart = shop.filled_cart(&[(&song, 1), (&mug, 2)]).await;

    // Whoever chooses nothing is told what there is.
    let refused = open(&shop, &form(&cart, &[])).await.expect_problem(422, "shipping-method-required");
    assert_eq!(refused.places(), ["#/shippingMethods"]);
    let group = refused.json()["groups"][0].clone();
    assert_eq!(json!([group["lines"], group["weightGrams"], group["quantity"]]), json!([[1], 800, 2]));
    let offers = group["offers"].as_array().unwrap().iter();
    let offers: Value = offers.map(|offer| json!([offer["methodId"], offer["price"]["amount"]])).collect();
    assert_eq!(offers, json!([[parcel["id"], "4.90"], [express["id"], "12.00"]]));

    let form = form(&cart, &[parcel]);
    // One read, one commit.
    let answer =
        for_batches(2, async || shop.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(201)).await;
    let checkout = answer.json();
    let order = complete(&shop, &checkout, "parcel").await.expect(201).json();
    for body in [&checkout, &shop.shopper.get(answer.the("location")).send().await.expect(200).json(), &order] {
        assert_eq!(told(body), json!(["4.90", "0.00", "29.89"]), "{body}");
        assert_eq!(body["total"]["amount"], "29.89");
        let [delivery] = body["deliveries"].as_array().unwrap().as_slice() else { panic!("{body}") };
        assert_eq!(
            json!([delivery["methodId"], delivery["kind"], delivery["name"], delivery["lines"]]),
            json!([parcel["id"], "delivery", "Parcel", [1]])
        );
        // As the goods, of which there are 19 % in all.
        assert_eq!(amounts(&delivery["taxes"]), json!(["4.12", "0.78", [["MwSt.", 190_000, "0.78"]]]));
        assert_eq!(
            json!([delivery["price"]["amount"], delivery["total"]["amount"], body["totals"]["taxes"]["tax"]["amount"]]),
            json!(["4.90", "4.90", "4.77"])
        );
    }
    assert_eq!((&order["payment"]["amount"], shown(&owner, &order).await), (&order["total"], order.clone()));
    let why = explained(&owner, &order).await;
    let expected = json!({ "kind": "table", "measure": "weight", "measured": 800, "upTo": 1_000 });
    assert_eq!(why["shipping"], json!([{ "key": 0, "why": expected }]));
    let delivery = &why["totals"]["deliveries"][0];
    assert_eq!(
        json!([delivery["method"], delivery["amount"], delivery["taxes"]["tax"]]),
        json!([parcel["id"], 490, 78])
    );

    // By its own class, or by the store's where a method has none.
    let checkout = opened(&shop, &cart, express).await;
    let taxes = json!(["11.21", "0.79", [["MwSt. ermäßigt", 70_000, "0.79"]]]);
    assert_eq!(amounts(&checkout["deliveries"][0]["taxes"]), taxes);
    let reduced = json!({ "shippingTax": { "by": "class", "class": "books" } });
    shop.merchant.patch("/api/v1/tax-settings").json(&reduced).send().await.expect(200);
    let checkout = opened(&shop, &cart, parcel).await;
    assert_eq!(checkout["deliveries"][0]["taxes"]["tax"]["amount"], "0.32");

    // Tax that comes on top comes on shipping too.
    owner.patch("/api/v1/organization").json(&json!({ "taxMode": "exclusive" })).send().await.expect(200);
    let checkout = opened(&shop, &cart, parcel).await;
    let order = complete(&shop, &checkout, "on-top").await.expect(201).json();
    assert_eq!(told(&order), json!(["4.90", "0.00", "34.98"]), "24.99 at 19 % and 4.90 at 7 %: {order}");
    assert_eq!(order["deliveries"][0]["total"]["amount"], "5.24");
}

pub async fn from_a_subtotal_on_it_costs_nothing(world: World) {
    let (shop, owner) = own_shop(&world, "free", "EUR").await;
    let mut free = flat("Parcel", "4.90");
    free["freeOver"] = json!({ "of": "order", "amounts": { "EUR": "50.00" } });
    let germany = zone(&shop, "DE", &[free]).await;
    let method = &germany["methods"][0];
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let tenth = json!({ "effect": { "type": "reduce", "by": { "type": "percent", "rate": 100_000 } } });
    by_code(&shop, "TENTH", tenth).await;
    for (units, codes, expected) in [
        (4, &[][..], json!(["4.90", "0.00", "44.90"])),
        (5, &[], json!(["0.00", "0.00", "50.00"])),
        // What is left of the lines counts.
        (5, &["TENTH"], json!(["4.90", "0.00", "49.90"])),
        (6, &["TENTH"], json!(["0.00", "0.00", "54.00"])),
    ] {
        let cart = shop.filled_cart(&[(&mug, units)]).await;
        enter(&shop, &cart, codes).await;
        let checkout = opened(&shop, &cart, method).await;
        assert_eq!(told(&checkout), expected, "{units} {codes:?}");
        let order = complete(&shop, &checkout, &format!("{units} {codes:?}")).await.expect(201).json();
        assert_eq!((told(&order), &order["total"]), (expected, &checkout["total"]));
        let why = explained(&owner, &order).await["shipping"][0]["why"].clone();
        let is_free = order["totals"]["shipping"]["amount"] == "0.00";
        assert_eq!(why["kind"], if is_free { "free-over" } else { "flat" }, "{why}");
    }
}

pub async fn a_code_ships_for_nothing(world: World) {
    let (shop, owner) = own_shop(&world, "code", "EUR").await;
    let vat = json!([rate("VAT", "standard", 190_000)]);
    tax_zone(&shop, "Germany", json!([{ "country": "DE" }]), vat).await;
    let germany = zone(&shop, "DE", &[parcel(), flat("Express", "12.00")]).await;
    let [parcel, express] = [&germany["methods"][0], &germany["methods"][1]];
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let by_parcel = json!({ "type": "shipping-method", "anyOf": [parcel["id"]] });
    by_code(&shop, "FREE", json!({ "effect": { "type": "free-shipping" }, "condition": by_parcel })).await;
    let tenth = json!({ "type": "reduce", "by": { "type": "percent", "rate": 100_000 } });
    by_code(
        &shop,
        "FAST",
        json!({ "effect": tenth, "condition": { "type": "shipping-method", "anyOf": [express["id"]] } }),
    )
    .await;
    let cart = shop.filled_cart(&[(&mug, 2)]).await;
    enter(&shop, &cart, &["FREE", "FAST"]).await;
    let applied = |body: &Value| json!([body["codes"][0]["applied"], body["codes"][1]["applied"]]);

    let checkout = opened(&shop, &cart, parcel).await;
    assert_eq!((told(&checkout), applied(&checkout)), (json!(["4.90", "4.90", "20.00"]), json!([true, false])));
    let delivery = &checkout["deliveries"][0];
    assert_eq!(
        json!([delivery["price"]["amount"], delivery["discount"]["amount"], delivery["total"]["amount"]]),
        json!(["4.90", "4.90", "0.00"])
    );
    assert_eq!(checkout["totals"]["taxes"]["tax"]["amount"], "3.19", "of what is paid");
    let order = complete(&shop, &checkout, "free").await.expect(201).json();
    assert_eq!((told(&order), &order["deliveries"]), (told(&checkout), &checkout["deliveries"]));
    let why = explained(&owner, &order).await["totals"].clone();
    assert_eq!(why["deliveries"][0]["discounts"][0]["kind"], "free-shipping");
    assert_eq!(json!([why["shipping"], why["shippingDiscount"]]), json!([490, 490]));

    // The other method has the other promotion, whose lines are what is reduced.
    let checkout = opened(&shop, &cart, express).await;
    assert_eq!((told(&checkout), applied(&checkout)), (json!(["12.00", "0.00", "30.00"]), json!([false, true])));
    complete(&shop, &checkout, "fast").await.expect(201);
}

pub async fn what_has_changed_since_it_was_chosen_is_told(world: World) {
    let (shop, _) = own_shop(&world, "meanwhile", "EUR").await;
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let cart = shop.filled_cart(&[(&mug, 1)]).await;

    // What was agreed to before there was any shipping is not to be shipped for nothing.
    let before = open(&shop, &form(&cart, &[])).await.expect(201).json();
    assert_eq!(before.get("deliveries"), None, "{before}");
    let mut germany = zone(&shop, "DE", &[flat("Parcel", "4.90"), flat("Express", "12.00")]).await;
    let refused = complete(&shop, &before, "before").await.expect_problem(409, "shipping-changed").json();
    assert_eq!(json!([refused["methodId"], refused["groups"][0]["offers"][0]["name"]]), json!([null, "Parcel"]));

    // The same price under another name is sold.
    let [parcel, express] = [germany["methods"][0].clone(), germany["methods"][1].clone()];
    let checkout = opened(&shop, &cart, &parcel).await;
    germany["methods"][0]["name"] = json!("Package");
    germany = replace(&shop, &germany).await;
    let order = complete(&shop, &checkout, "renamed").await.expect(201).json();
    assert_eq!((told(&order), &order["deliveries"][0]["name"]), (told(&checkout), &json!("Package")));

    let checkout = opened(&shop, &cart, &parcel).await;
    germany["methods"][0]["price"]["amounts"]["EUR"] = json!("5.90");
    germany = replace(&shop, &germany).await;
    let refused = complete(&shop, &checkout, "dearer").await.expect_problem(409, "totals-changed").json();
    let of = |side: &str| json!([refused[side]["shipping"]["amount"], refused[side]["total"]["amount"]]);
    assert_eq!([of("agreed"), of("current")], [json!(["4.90", "14.90"]), json!(["5.90", "15.90"])]);
    // What comes to the same again is sold after all.
    germany["methods"][0]["price"]["amounts"]["EUR"] = json!("4.90");
    germany = replace(&shop, &germany).await;
    complete(&shop, &checkout, "dearer").await.expect(201);

    let [one, other] = [opened(&shop, &cart, &express).await, opened(&shop, &cart, &express).await];
    germany["methods"].as_array_mut().unwrap().truncate(1);
    germany = replace(&shop, &germany).await;
    let refused = complete(&shop, &one, "gone").await.expect_problem(409, "shipping-changed").json();
    assert_eq!(refused["methodId"], express["id"]);
    let offers = refused["groups"][0]["offers"].as_array().unwrap();
    assert_eq!(offers.iter().map(|offer| &offer["methodId"]).collect::<Vec<_>>(), [&parcel["id"]]);
    shop.merchant.delete(&path(&germany)).send().await.expect(204);
    complete(&shop, &other, "closed").await.expect_problem(409, "shipping-changed");
    assert_eq!(shop.stock("mug").await, [48]);
}

pub async fn where_nothing_is_to_be_chosen_nothing_is_charged(world: World) {
    let (shop, _) = own_shop(&world, "nothing", "EUR").await;
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let song = sell(&shop, "song", ["1.00", "EUR"], json!({ "requiresShipping": false })).await;
    let sold = async |cart: &str, key: &str| {
        let checkout = open(&shop, &form(cart, &[])).await.expect(201).json();
        let order = complete(&shop, &checkout, key).await.expect(201).json();
        for body in [&checkout, &order] {
            assert_eq!((body.get("deliveries"), body["totals"].get("shipping")), (None, None), "{body}");
            assert_eq!(body["totals"]["total"], body["lines"][0]["total"]);
        }
    };
    sold(&shop.filled_cart(&[(&mug, 1)]).await, "without-zones").await;
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let nobodys = json!({ "id": "smeth_01h455vb4pex5vsknk084sn02q" });
    let refused = open(&shop, &form(&cart, &[&nobodys])).await.expect_problem(422, "shipping-method-not-offered");
    assert_eq!(
        (refused.places(), &refused.json()["groups"]),
        (vec!["#/shippingMethods/0/methodId".to_owned()], &json!([]))
    );
    zone(&shop, "DE", &[flat("Parcel", "4.90")]).await;
    sold(&shop.filled_cart(&[(&song, 1)]).await, "nothing-to-ship").await;
}

pub async fn what_cannot_be_shipped_is_not_sold(world: World) {
    let (shop, _) = own_shop(&world, "refused", "EUR").await;
    let germany = zone(&shop, "DE", &[parcel()]).await;
    let austria = zone(&shop, "AT", &[flat("Paket", "9.00")]).await;
    let anvil = sell(&shop, "anvil", ["99.00", "EUR"], json!({ "weightGrams": 3_000 })).await;
    let cart = shop.filled_cart(&[(&anvil, 1)]).await;
    let refused = open(&shop, &order_form(&cart)).await.expect_problem(422, "not-shippable");
    assert_eq!(
        (refused.places(), &refused.json()["groups"][0]["noZone"]),
        (vec!["#/shippingAddress".to_owned()], &json!("not-served"))
    );
    let refused = open(&shop, &form(&cart, &[&austria["methods"][0]])).await;
    let refused = refused.expect_problem(422, "shipping-method-not-offered");
    assert_eq!(refused.places(), ["#/shippingMethods/0/methodId"]);
    assert_eq!(refused.json()["groups"][0]["offers"][0]["methodId"], germany["methods"][0]["id"]);
    let method = &germany["methods"][0];
    let twice = open(&shop, &form(&cart, &[method, method])).await.expect_problem(422, "shipping-method-not-offered");
    assert_eq!(twice.places(), ["#/shippingMethods/1/methodId"]);
    open(&shop, &form(&cart, &[method])).await.expect(201);
    // Two are too heavy.
    shop.add(&cart, &anvil, 1).await.expect(200);
    let refused = open(&shop, &form(&cart, &[])).await.expect_problem(422, "not-shippable").json();
    assert_eq!(json!([refused["groups"][0]["zoneId"], refused["groups"][0]["offers"]]), json!([germany["id"], []]));
    let wrong = json!([{ "methodId": "parcel" }, { "methodId": method["id"], "locationId": "x", "service": "" }]);
    let mut body = form(&cart, &[]);
    (body["shippingMethods"], body["paymentMethod"]) = (wrong, json!("shells"));
    let mut places = open(&shop, &body).await.expect_problem(422, "invalid-request").places();
    places.sort();
    let expected =
        ["paymentMethod", "shippingMethods/0/methodId", "shippingMethods/1/locationId", "shippingMethods/1/service"];
    assert_eq!(places, expected.map(|place| format!("#/{place}")));
}

pub async fn a_promotion_asks_how_it_is_paid(world: World) {
    let (shop, _) = own_shop(&world, "payment", "EUR").await;
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let promotion = json!({
        "name": "On account", "trigger": "automatic",
        "condition": { "type": "payment-method", "anyOf": ["on-account"] },
        "effect": { "type": "reduce", "by": { "type": "percent", "rate": 100_000 } },
    });
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let opened = async |method: Option<&str>| {
        let mut form = order_form(&cart);
        if let Some(method) = method {
            form["paymentMethod"] = json!(method);
        }
        let checkout = open(&shop, &form).await.expect(201).json();
        assert_eq!(checkout.get("paymentMethod"), method.map(|method| json!(method)).as_ref());
        (checkout["id"].as_str().unwrap().to_owned(), checkout["total"]["amount"].as_str().unwrap().to_owned())
    };
    // Nothing depends on it: it is paid in either way.
    let (checkout, _) = opened(Some("on-account")).await;
    shop.complete_by(&shop.merchant, &checkout, "either", "paid").await.expect(201);

    shop.merchant.post("/api/v1/promotions").json(&promotion).send().await.expect(201);
    let (unsaid, total) = opened(None).await;
    assert_eq!(total, "10.00", "nobody has said how");
    let order = shop.complete(&unsaid, "unsaid").await.expect(201).json();
    assert_eq!(order["total"]["amount"], "10.00");
    let (said, total) = opened(Some("on-account")).await;
    assert_eq!(total, "9.00");
    let refused = shop.complete_by(&shop.merchant, &said, "otherwise", "paid").await;
    let refused = refused.expect_problem(409, "totals-changed").json();
    let of = |side: &str| refused[side]["total"]["amount"].clone();
    assert_eq!([of("agreed"), of("current")], ["9.00", "10.00"]);
    let order = shop.complete(&said, "as-said").await.expect(201).json();
    assert_eq!((&order["total"]["amount"], &order["payment"]["method"]), (&json!("9.00"), &json!("on-account")));
}

pub async fn no_order_is_shipped_at_a_price_that_is_gone(world: World) {
    let (shop, _) = own_shop(&world, "race", "EUR").await;
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let mut germany = zone(&shop, "DE", &[flat("Parcel", "4.90")]).await;
    let method = germany["methods"][0].clone();
    let cart = shop.filled_cart(&[(&mug, 1)]).await;
    let mut checkouts = Vec::new();
    for _ in 0..12 {
        checkouts.push(opened(&shop, &cart, &method).await);
    }
    let names: Vec<String> = (0..12).map(|number| format!("race-{number}")).collect();
    let all = || join_all(checkouts.iter().zip(&names).map(|(checkout, name)| complete(&shop, checkout, name)));
    germany["methods"][0]["price"]["amounts"]["EUR"] = json!("6.90");
    let (answers, _) = join(all(), replace(&shop, &germany)).await;
    for (answer, again) in answers.iter().zip(all().await) {
        if answer.status == 201 {
            assert_eq!((told(&answer.json()), &answer.json()), (json!(["4.90", "0.00", "14.90"]), &again.json()));
        } else {
            let refused = answer.clone().expect_problem(409, "totals-changed").json();
            assert_eq!(refused["current"]["shipping"]["amount"], "6.90");
            again.expect_problem(409, "totals-changed");
        }
    }
    let anew = complete(&shop, &opened(&shop, &cart, &method).await, "anew").await.expect(201).json();
    assert_eq!(told(&anew), json!(["6.90", "0.00", "16.90"]));
}
