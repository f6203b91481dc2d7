//! A merchant says what is shipped where and how, and a storefront asks what it costs.
//!
//! Each story is of a shop of its own: zones are for all that it sells.

use http::Method;
use serde_json::{Value, json};

use super::sign_ups::own_shop;
use super::taxed::sell;
use crate::batches::for_batches;
use crate::client::Answer;
use crate::world::World;

const ZONES: &str = "/api/v1/shipping-zones";
const RATES: &str = "/api/v1/shipping-rates";

fn zone(name: &str, country: &str, methods: Value) -> Value {
    json!({ "name": name, "areas": [{ "country": country }], "methods": methods })
}

fn methods() -> Value {
    json!([
        {
            "name": "Parcel",
            "price": { "by": "table", "measure": "weight", "rows": {
                "EUR": [{ "upTo": 1_000, "amount": "4.90" }, { "upTo": 5_000, "amount": "8.90" }],
                "JPY": [{ "amount": "900" }],
            } },
            "freeOver": { "of": "order", "amounts": { "EUR": "50.00" } },
            "tax": { "by": "class", "class": "reduced" },
        },
        {
            "name": "Express",
            "price": { "by": "expression", "expressions": { "EUR": { "sum": [{ "constant": 1_000 }, "weight"] } } },
            "conditions": { "quantity": { "max": 3 }, "subtotal": { "EUR": { "max": "45.00" } }, "tags": { "noneOf": ["bulky"] } },
        },
        { "name": "Letter", "price": { "by": "flat", "amounts": { "EUR": "1.80" } }, "conditions": { "weight": { "max": 500 } } },
    ])
}

pub async fn a_zone_is_made_replaced_and_deleted(world: World) {
    let (shop, _) = own_shop(&world, "zones", "EUR").await;
    let us = &shop.merchant;
    let body = zone(&world.name("zone"), "IS", methods());
    let create = || us.post(ZONES).header("idempotency-key", world.name("zone")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    let made = first.json();
    let path = first.the("location").to_owned();
    assert_eq!(us.get(&path).send().await.expect(200).json(), made);
    // What was given is shown, with ids and defaults.
    for (given, shown) in methods().as_array().unwrap().iter().zip(made["methods"].as_array().unwrap()) {
        assert!(shown["id"].as_str().unwrap().starts_with("smeth_"), "{shown}");
        for (name, value) in given.as_object().unwrap() {
            assert_eq!(&shown[name], value, "{name}");
        }
    }
    assert_eq!(made["methods"][1].get("tax"), None, "as the store's settings say");
    let mut next = json!({ "name": made["name"], "areas": made["areas"], "methods": [made["methods"][2]] });
    let replace = |version: &str, body: &Value| {
        us.call(Method::PUT, &path).header("if-match", format!("\"{version}\"")).json(body).send()
    };
    next["methods"][0]["price"]["amounts"]["EUR"] = json!("1.85");
    replace("7", &next).await.expect_problem(412, "version-mismatch");
    let replaced = replace("1", &next).await.expect(200).json();
    assert_eq!((&replaced["version"], &replaced["methods"]), (&json!(2), &next["methods"]));
    for call in [world.theirs.merchant.get(&path), world.theirs.merchant.delete(&path)] {
        call.send().await.expect(404);
    }
    assert_eq!(shop.shopper.get(ZONES).send().await.expect(403).json()["scope"], "shipping:read");
    let page = us.get(&format!("{ZONES}?limit=250")).send().await.expect(200).json();
    assert!(page["items"].as_array().unwrap().contains(&replaced), "{page}");
    us.delete(&path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    us.delete(&path).send().await.expect(204);
    us.get(&path).send().await.expect(404);
}

pub async fn what_is_wrong_with_a_method_is_named(world: World) {
    let us = &world.ours.merchant;
    let priced = |price: Value| json!({ "name": "x", "price": price });
    let deep = (0..9).fold(json!("weight"), |inner, _| json!({ "sum": [inner] }));
    for (method, places) in [
        (json!({}), vec!["name", "price"]),
        (priced(json!({})), vec!["price/by"]),
        (priced(json!({ "by": "flat" })), vec!["price/amounts"]),
        (
            priced(json!({ "by": "flat", "amounts": { "EUR": "-1.00", "XXQ": "1", "JPY": "1.5" } })),
            vec!["price/amounts/EUR", "price/amounts/JPY", "price/amounts/XXQ"],
        ),
        (
            priced(json!({ "by": "flat", "amounts": { "EUR": "-1.00", "USD": "-2" } })),
            vec!["price/amounts/EUR", "price/amounts/USD"],
        ),
        (priced(json!({ "by": "flat", "amounts": {}, "measure": "weight" })), vec!["price/measure"]),
        (
            priced(json!({ "by": "table", "measure": "weight", "rows": {
                "EUR": [{ "upTo": 5, "amount": "1" }, { "upTo": 5, "amount": "-1" }, { "amount": "3" }, { "amount": "4" }],
            } })),
            vec!["price/rows/EUR/1/amount", "price/rows/EUR/1/upTo", "price/rows/EUR/3/upTo"],
        ),
        (
            priced(json!({ "by": "table", "measure": "subtotal", "rows": { "EUR": [{ "upTo": 5, "amount": "1" }] } })),
            vec!["price/rows/EUR/0/upTo"],
        ),
        (priced(json!({ "by": "expression", "expressions": { "EUR": deep } })), vec!["price/expressions/EUR"]),
        (priced(json!({ "by": "external" })), vec!["price/fallback", "price/provider"]),
        (
            priced(json!({ "by": "external", "provider": "A B", "fallback": { "kind": "hide", "amounts": {} } })),
            vec!["price/fallback/amounts", "price/provider"],
        ),
        (
            priced(json!({ "by": "external", "provider": "a", "fallback": { "kind": "guess" } })),
            vec!["price/fallback/kind"],
        ),
        (
            priced(json!({ "by": "external", "provider": "a", "fallback": { "kind": "flat" } })),
            vec!["price/fallback/amounts"],
        ),
        (
            json!({ "name": "x", "price": { "by": "flat", "amounts": {} }, "conditions": { "countries": ["Mars"],
                "classes": { "anyOf": ["!"] } }, "freeOver": { "of": "all" }, "tax": {} }),
            vec!["conditions/classes/anyOf/0", "conditions/countries/0", "freeOver/amounts", "freeOver/of", "tax/by"],
        ),
    ] {
        let body = zone("x", "IS", json!([method]));
        let mut found = us.post(ZONES).json(&body).send().await.expect_problem(422, "invalid-request").places();
        found.sort();
        let places: Vec<String> = places.into_iter().map(|place| format!("#/methods/0/{place}")).collect();
        assert_eq!(found, places, "{method}");
    }
}

pub async fn a_storefront_asks_what_shipping_costs(world: World) {
    let (shop, _) = own_shop(&world, "rates", "EUR").await;
    let us = &shop.merchant;
    us.post(ZONES).json(&zone("Greenland", "GL", methods())).send().await.expect(201);
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({ "weightGrams": 400 })).await;
    let song = sell(&shop, "song", ["10.00", "EUR"], json!({ "requiresShipping": false })).await;
    let line = |variant: &str, quantity: i64| json!({ "variantId": variant, "quantity": quantity });
    let ask = |body: Value| shop.shopper.post(RATES).json(&body).send();
    let offers = |answer: &Answer| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let groups = answer.json()["groups"].as_array().unwrap().clone();
        assert_eq!(groups.len(), 1, "{answer}");
        let offers = groups[0]["offers"].as_array().unwrap().clone();
        offers.iter().map(|offer| (text(&offer["name"]), text(&offer["price"]["amount"]))).collect()
    };
    let named = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, amount)| ((*name).to_owned(), (*amount).to_owned())).collect()
    };
    let to_greenland = |lines: Value| json!({ "destination": { "country": "GL", "postcode": "3900" }, "lines": lines });
    // At ten euros each: by weight, and as long as the conditions hold.
    let one = ask(to_greenland(json!([line(&mug, 1), line(&song, 1)]))).await.expect(200);
    assert!(one.spent().sql <= 2, "{one}");
    assert_eq!(offers(&one), named(&[("Parcel", "4.90"), ("Express", "14.00"), ("Letter", "1.80")]));
    let group = one.json()["groups"][0].clone();
    assert_eq!((&group["lines"], &group["weightGrams"]), (&json!([0]), &json!(400)), "a song is not shipped");
    assert_eq!(group["subtotal"], json!({ "amount": "10.00", "currency": "EUR" }));
    assert_eq!(one.json()["totals"]["total"]["amount"], "20.00", "nothing is chosen");
    let four = ask(to_greenland(json!([line(&mug, 4)]))).await.expect(200);
    assert_eq!(offers(&four), named(&[("Parcel", "8.90")]));
    let five = ask(to_greenland(json!([line(&mug, 5)]))).await.expect(200);
    assert_eq!(offers(&five), named(&[("Parcel", "0.00")]), "from 50 euros on");
    assert_eq!(five.json()["groups"][0]["offers"][0]["otherwise"]["amount"], "8.90");

    // What a list says they cost is what is shipped, and the same is asked of a cart, with what is chosen.
    let list = json!({ "name": "Sale", "kind": "sale", "active": true });
    let list = us.post("/api/v1/price-lists").json(&list).send().await.expect(201).the("location").to_owned();
    let price = json!({ "fixed": { "amount": "9.00", "currency": "EUR" } });
    let rules = json!({ "rules": [{ "target": { "variant": mug }, "minQuantity": 1, "price": price }] });
    us.put(&format!("{list}/rules")).json(&rules).send().await.expect(200);
    // Of four and a song at ten euros each nothing would be charged.
    let cart = shop.filled_cart(&[(&mug, 4), (&song, 1)]).await;
    let place = json!({ "country": "GL", "postcode": "3900" });
    let ask_of_cart = json!({ "cartId": cart, "destination": place });
    let of_cart = for_batches(1, async || ask(ask_of_cart.clone()).await.expect(200)).await;
    assert_eq!(offers(&of_cart), named(&[("Parcel", "8.90")]), "{of_cart}");
    assert_eq!(of_cart.json()["groups"][0]["subtotal"]["amount"], "36.00");
    assert_eq!(of_cart.json()["groups"][0]["lines"], json!([0]));
    let parcel = of_cart.json()["groups"][0]["offers"][0]["methodId"].clone();
    let choice = json!([{ "methodId": parcel }]);
    let chosen =
        ask(json!({ "cartId": cart, "destination": place, "shippingMethods": choice })).await.expect(200).json();
    let totals = &chosen["totals"];
    let sums = [&totals["subtotal"], &totals["shipping"], &totals["shippingDiscount"], &totals["total"]];
    assert_eq!(sums.map(|sum| &sum["amount"]), ["46.00", "8.90", "0.00", "54.90"], "{chosen}");
    assert_eq!(chosen["deliveries"][0]["name"], "Parcel");
    let shown = shop.cart(&cart).await;
    assert_eq!(shown["totals"].get("shipping"), None, "a cart goes nowhere yet");

    let far = ask(json!({ "destination": { "country": "AQ" }, "lines": [line(&mug, 1)] })).await.expect(200).json();
    assert_eq!(far["groups"][0]["noZone"], "not-served");
    assert_eq!(ask(to_greenland(json!([line(&song, 1)]))).await.expect(200).json()["groups"], json!([]));

    let missing = json!({ "variantId": "var_01h455vb4pex5vsknk084sn02q", "quantity": 1 });
    let refused = ask(to_greenland(json!([line(&mug, 1), missing]))).await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/lines/1/variantId"]);
    let theirs = to_greenland(json!([line(&mug, 1)]));
    world.theirs.shopper.post(RATES).json(&theirs).send().await.expect_problem(422, "invalid-request");
    let of_theirs = json!({ "cartId": cart, "destination": place });
    let refused = world.theirs.shopper.post(RATES).json(&of_theirs).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/cartId"]);
    for (wrong, places) in [
        (json!({}), vec!["#/lines", "#/destination"]),
        (json!({ "lines": [], "destination": place }), vec!["#/lines"]),
        (json!({ "lines": [{ "variantId": mug, "quantity": 0 }], "destination": place }), vec!["#/lines/0/quantity"]),
        (json!({ "currency": "EURO", "lines": [line(&mug, 1)], "destination": place }), vec!["#/currency"]),
        (json!({ "cartId": cart, "lines": [], "destination": {} }), vec!["#/lines", "#/destination/country"]),
        (json!({ "cartId": cart, "destination": place, "paymentMethod": "shells" }), vec!["#/paymentMethod"]),
        (
            json!({ "cartId": cart, "destination": place, "shippingMethods": [{}] }),
            vec!["#/shippingMethods/0/methodId"],
        ),
    ] {
        assert_eq!(ask(wrong).await.expect(422).places(), places);
    }
}
