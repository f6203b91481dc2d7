//! A shopper has a quote, and pays what it says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::people::sign_up;
use super::sessions::{as_person, log_in, log_in_with};
use super::sign_ups::own_shop;
use crate::client::{Answer, Client};
use crate::product_file::Product;
use crate::world::{Shop, World, order_form};

fn euros(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

async fn make(client: &Client, cart: &str, body: Value) -> Answer {
    client.post(&format!("/api/v1/carts/{cart}/quotes")).json(&body).send().await
}

pub async fn quote(shop: &Shop, cart: &str) -> Value {
    make(&shop.shopper, cart, json!({})).await.expect(201).json()
}

/// What a token says, whoever has signed it.
fn claims(quote: &Value) -> Value {
    let payload = quote["token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn form(cart: &str, token: &Value) -> Value {
    let mut form = order_form(cart);
    form["quote"] = token.clone();
    form
}

pub async fn open(client: &Client, cart: &str, quote: &Value) -> Answer {
    client.post("/api/v1/checkouts").json(&form(cart, &quote["token"])).send().await
}

async fn complete(world: &World, shop: &Shop, checkout: &Value, key: &str) -> Answer {
    shop.complete(checkout["id"].as_str().unwrap(), &world.name(key)).await
}

async fn reprice(world: &World, handle: &str, price: &str, stock: i64) {
    world.ours.import(&[Product::simple(handle, price, stock)]).await;
}

/// A promotion of a tenth that is had by a code, as often as `more` says; the code.
async fn tenth(world: &World, name: &str, more: Value) -> String {
    let us = &world.ours.merchant;
    let mut body = json!({
        "name": name, "trigger": "code",
        "effect": { "type": "reduce", "by": { "type": "percent", "rate": 100_000 } },
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = us.post("/api/v1/promotions").json(&body).send().await.expect(201).json();
    let (code, id) = (world.name(name).to_uppercase(), made["id"].as_str().unwrap());
    us.post(&format!("/api/v1/promotions/{id}/codes")).json(&json!({ "codes": [code] })).send().await.expect(201);
    code
}

async fn enter(world: &World, cart: &str, code: &str) {
    let call = world.ours.shopper.call(Method::PUT, &format!("/api/v1/cart/{cart}/codes"));
    call.json(&json!({ "codes": [code] })).send().await.expect(200);
}

pub async fn what_was_quoted_is_paid_whatever_it_costs_by_now(world: World) {
    let (sold, other) = (world.sell("quoted", "10.00", 50).await, world.sell("beside", "0.99", 50).await);
    let code = tenth(&world, "quoted-tenth", json!({})).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2), (&other.variant, 3)]).await;
    enter(&world, &cart, &code).await;
    let quoted = quote(&world.ours, &cart).await;
    let totals = json!({ "subtotal": euros("22.97"), "discount": euros("2.30"), "total": euros("20.67") });
    assert_eq!((&quoted["cartId"], &quoted["totals"]), (&json!(cart), &totals), "{quoted}");
    assert!(quoted["createdAt"].as_str() < quoted["expiresAt"].as_str(), "{quoted}");
    let told = claims(&quoted);
    assert_eq!(
        json!([told["aud"], told["jti"], told["cart"], told["currency"], told["discount"], told["total"]]),
        json!(["checkout", quoted["id"], cart, "EUR", 230, 2067])
    );
    assert_eq!(
        told["lines"][0],
        json!({ "variant": sold.variant, "quantity": 2, "unitPrice": 1000, "discount": 200, "tax": 0, "total": 1800 })
    );
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 86_400);

    reprice(&world, &sold.handle, "12.00", 50).await;
    assert_eq!(world.ours.cart(&cart).await["totals"]["total"], euros("24.27"));
    let now = world.ours.open(&cart).await.expect(201).json();
    assert_eq!((&now["total"], now.get("quoteId")), (&euros("24.27"), None));
    let opened = open(&world.ours.shopper, &cart, &quoted).await.expect(201).json();
    assert_eq!((&opened["quoteId"], &opened["totals"]), (&quoted["id"], &totals), "{opened}");
    assert_eq!(opened["lines"][0]["unitPrice"], euros("10.00"));
    assert!(opened["expiresAt"].as_str() <= quoted["expiresAt"].as_str(), "{opened}");

    reprice(&world, &sold.handle, "13.00", 50).await;
    tenth(&world, "another-tenth", json!({})).await;
    let order = complete(&world, &world.ours, &opened, "quoted").await.expect(201).json();
    assert_eq!((&order["quoteId"], &order["totals"]), (&quoted["id"], &totals), "{order}");
    assert_eq!(order["payment"]["amount"], euros("20.67"));
    assert_eq!(world.ours.stock(&sold.handle).await, [48]);
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    let kept = world.ours.merchant.get(&path).send().await.expect(200).json();
    assert_eq!(kept["quoteId"], quoted["id"]);
    let why = world.ours.merchant.get(&format!("{path}/explain")).send().await.expect(200).json();
    assert_eq!((&why["quoteId"], &why["totals"]["total"]), (&quoted["id"], &json!(2067)), "{why}");
    assert_eq!(why["totals"]["lines"][0]["price"]["unitPrice"], euros("10.00"));
}

pub async fn a_quote_is_for_the_lines_that_it_was_made_for(world: World) {
    let (sold, other) = (world.sell("kept", "10.00", 50).await, world.sell("added", "1.00", 50).await);
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    let quoted = quote(&world.ours, &cart).await;
    let refused = async || open(&world.ours.shopper, &cart, &quoted).await.expect_problem(409, "quote-cart-changed");
    world.ours.add(&cart, &other.variant, 1).await.expect(200);
    refused().await;
    let line = |variant: &str| format!("/api/v1/cart/{cart}/items/{variant}");
    world.ours.shopper.delete(&line(&other.variant)).send().await.expect(200);
    world.ours.shopper.patch(&line(&sold.variant)).json(&json!({ "quantity": 3 })).send().await.expect(200);
    refused().await;
    world.ours.shopper.patch(&line(&sold.variant)).json(&json!({ "quantity": 2 })).send().await.expect(200);
    let twin = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    open(&world.ours.shopper, &twin, &quoted).await.expect_problem(409, "quote-cart-changed");
    open(&world.ours.shopper, &cart, &quoted).await.expect(201);
}

pub async fn what_was_not_signed_here_is_no_quote(world: World) {
    let sold = world.sell("forged", "10.00", 50).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let quoted = quote(&world.ours, &cart).await;
    let token = quoted["token"].as_str().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let mut cheaper = claims(&quoted);
    cheaper["total"] = json!(1);
    let cheaper = URL_SAFE_NO_PAD.encode(cheaper.to_string());
    let header = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
    let none = header(json!({ "alg": "none", "typ": "quote+jwt", "kid": "x" }));
    let nobodys = header(json!({ "alg": "EdDSA", "typ": "quote+jwt", "kid": "nobodys" }));
    let access = log_in(&world.ours, "owner@example.com").await.expect(200).json();
    for forged in [
        format!("{}.{cheaper}.{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
        format!("{none}.{}.", parts[1]),
        format!("{nobodys}.{}.{}", parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.x"),
        access["accessToken"].as_str().unwrap().to_owned(),
        "nonsense".to_owned(),
    ] {
        let refused = open(&world.ours.shopper, &cart, &json!({ "token": forged })).await;
        assert_eq!(refused.expect_problem(422, "quote-not-valid").places(), ["#/quote"], "{forged}");
    }
    // It opens a checkout, and nothing else.
    let refused = world.nobody.with_key(token).get("/api/v1/products?limit=1").send().await;
    refused.expect_problem(401, "bad-credentials");

    let goods = world.name("theirs");
    world.theirs.import(&[Product::simple(&goods, "10.000", 50)]).await;
    let elsewhere = world.theirs.filled_cart(&[(&world.theirs.first_variant(&goods).await.variant, 1)]).await;
    let theirs = quote(&world.theirs, &elsewhere).await;
    assert_eq!(claims(&theirs)["total"], json!(10_000));
    let refused = open(&world.ours.shopper, &cart, &theirs).await;
    assert_eq!(refused.expect_problem(422, "quote-of-another-store").places(), ["#/quote"]);
    open(&world.theirs.shopper, &elsewhere, &theirs).await.expect(201);
    // Nor is anybody else's cart quoted.
    make(&world.theirs.shopper, &cart, json!({})).await.expect_problem(404, "not-found");
    make(&world.theirs.merchant, &cart, json!({})).await.expect_problem(404, "not-found");
}

pub async fn a_quote_becomes_one_order(world: World) {
    let sold = world.sell("once", "10.00", 50).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    let quoted = quote(&world.ours, &cart).await;
    let mut checkouts = Vec::new();
    for _ in 0..5 {
        checkouts.push(open(&world.ours.shopper, &cart, &quoted).await.expect(201).json());
    }
    let keys: Vec<String> = (0..5).map(|number| format!("once-{number}")).collect();
    let tried = checkouts.iter().zip(&keys).map(|(checkout, key)| complete(&world, &world.ours, checkout, key));
    let answers = join_all(tried).await;
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((placed.len(), refused.len()), (1, 4));
    for answer in refused {
        answer.expect_problem(409, "quote-used");
    }
    assert_eq!(world.ours.stock(&sold.handle).await, [49]);
    open(&world.ours.shopper, &cart, &quoted).await.expect_problem(409, "quote-used");
    // The cart is the shopper's to buy again, at what it costs then.
    world.ours.open(&cart).await.expect(201);
}

pub async fn limits_and_stock_hold_what_was_quoted(world: World) {
    let sold = world.sell("limited", "10.00", 3).await;
    let code = tenth(&world, "limited-tenth", json!({ "limit": 1 })).await;
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    enter(&world, &cart, &code).await;
    let quoted = quote(&world.ours, &cart).await;
    let opened = open(&world.ours.shopper, &cart, &quoted).await.expect(201).json();
    assert_eq!(opened["total"], euros("18.00"));
    let first = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
    enter(&world, &first, &code).await;
    let taken = world.ours.open(&first).await.expect(201).json();
    complete(&world, &world.ours, &taken, "first").await.expect(201);
    let refused = complete(&world, &world.ours, &opened, "limited").await.expect_problem(409, "totals-changed").json();
    assert_eq!(
        json!([refused["agreed"]["total"], refused["current"]["total"]]),
        json!([euros("18.00"), euros("20.00")])
    );
    assert_eq!(world.ours.stock(&sold.handle).await, [2]);
    reprice(&world, &sold.handle, "12.00", 1).await;
    let short = complete(&world, &world.ours, &opened, "short").await.expect_problem(409, "lines-not-available").json();
    assert_eq!(short["lines"][0]["problem"], "insufficient-stock", "{short}");
}

pub async fn a_customers_quote_is_for_that_customer(world: World) {
    let sold = world.sell("own", "10.00", 50).await;
    let people = [world.email("quoted"), world.email("curious")];
    let mut shops = Vec::new();
    for email in &people {
        sign_up(&world, email).await;
        let tokens = log_in_with(&world.ours, email, "correct horse battery").await.expect(200);
        shops.push(Shop { shopper: as_person(&world, &tokens), ..world.ours.clone() });
    }
    let cart = shops[0].filled_cart(&[(&sold.variant, 1)]).await;
    let quoted = quote(&shops[0], &cart).await;
    assert!(claims(&quoted)["customer"].as_str().unwrap().starts_with("usr_"), "{quoted}");
    assert!(!claims(&quoted).to_string().contains('@'));
    for client in [&shops[1].shopper, &world.ours.shopper] {
        let refused = open(client, &cart, &quoted).await.expect_problem(422, "quote-of-another-customer");
        assert_eq!(refused.places(), ["#/quote"]);
    }
    for client in [&shops[0].shopper, &world.ours.merchant] {
        open(client, &cart, &quoted).await.expect(201);
    }
}

pub async fn a_quote_is_made_of_what_can_be_bought(world: World) {
    let sold = world.sell("asked", "10.00", 2).await;
    let shopper = &world.ours.shopper;
    let empty = world.ours.new_cart().await;
    make(shopper, &empty, json!({})).await.expect_problem(422, "cart-empty");
    make(shopper, "cart_01h455vb4pex5vsknk084sn02q", json!({})).await.expect_problem(404, "not-found");
    let cart = world.ours.filled_cart(&[(&sold.variant, 2)]).await;
    for (body, place) in [
        (json!({ "expiresIn": 59 }), "#/expiresIn"),
        (json!({ "expiresIn": 604_801 }), "#/expiresIn"),
        (json!({ "expiresIn": 86_401 }), "#/expiresIn"),
        (json!({ "destination": {} }), "#/destination/country"),
        (json!({ "prices": "mine" }), "#/prices"),
    ] {
        let refused = make(shopper, &cart, body.clone()).await.expect_problem(422, "invalid-request");
        assert_eq!(refused.places(), [place], "{body}");
    }
    // More than a day is the merchant's to give.
    let long = make(&world.ours.merchant, &cart, json!({ "expiresIn": 604_800 })).await.expect(201).json();
    let told = claims(&long);
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 604_800);

    let path = format!("/api/v1/carts/{cart}/quotes");
    let repeated =
        async || shopper.post(&path).header("idempotency-key", world.name("quote")).json(&json!({})).send().await;
    let answers = join_all((0..5).map(|_| repeated())).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{answer}");
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_replayed()).count(), 4);

    reprice(&world, &sold.handle, "10.00", 1).await;
    let refused = make(shopper, &cart, json!({})).await.expect_problem(409, "lines-not-available").json();
    assert_eq!(refused["lines"][0]["problem"], "insufficient-stock");
}

pub async fn a_quote_has_the_taxes_of_its_destination(world: World) {
    let (shop, owner) = own_shop(&world, "quoted-taxes", "EUR").await;
    let rates = |ppm: i64| json!([{ "name": "VAT", "classes": ["standard"], "ppm": ppm }]);
    let mut zones = Vec::new();
    for (name, area, ppm) in [
        ("Germany", json!({ "country": "DE" }), 190_000),
        ("Helgoland", json!({ "country": "DE", "postcodes": ["27498"] }), 0),
        ("France", json!({ "country": "FR" }), 200_000),
        ("California", json!({ "country": "US", "region": "US-CA" }), 72_500),
    ] {
        let body = json!({ "name": name, "areas": [area], "rates": rates(ppm) });
        zones.push(shop.merchant.post("/api/v1/tax-zones").json(&body).send().await.expect(201).json());
    }
    let body = json!({
        "handle": "tent", "title": "Tent", "status": "active",
        "variants": [{ "sku": "TENT", "price": euros("119.00"), "inventory": { "quantity": 9 } }],
    });
    let made = shop.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json();
    let cart = shop.filled_cart(&[(made["variants"][0]["id"].as_str().unwrap(), 1)]).await;
    let to = |country: &str| json!({ "destination": { "country": country } });
    let german = make(&shop.shopper, &cart, to("DE")).await.expect(201).json();
    assert_eq!(german["totals"]["taxes"]["tax"], euros("19.00"), "{german}");
    let nowhere = quote(&shop, &cart).await;
    assert_eq!(nowhere["totals"].get("taxes"), None, "{nowhere}");
    let open_to = async |quote: &Value, country: &str, postcode: &str| {
        let mut form = form(&cart, &quote["token"]);
        let address = &mut form["shippingAddress"];
        (address["countryCode"], address["postalCode"]) = (json!(country), json!(postcode));
        shop.shopper.post("/api/v1/checkouts").json(&form).send().await
    };
    for (quote, country, postcode) in
        [(&german, "FR", "75001"), (&german, "DE", "27498"), (&german, "CH", "8001"), (&nowhere, "DE", "10115")]
    {
        open_to(quote, country, postcode).await.expect_problem(409, "quote-destination");
    }
    // Where it takes more to say what is taxed, that is asked for, with a quote as without.
    let vague = make(&shop.shopper, &cart, to("US")).await.expect_problem(422, "invalid-request");
    assert_eq!(vague.places(), ["#/destination/region"]);
    let vague = open_to(&nowhere, "US", "94016").await.expect_problem(422, "invalid-request");
    assert_eq!(vague.places(), ["#/shippingAddress/region"]);
    open_to(&nowhere, "CH", "8001").await.expect(201);

    let path = format!("/api/v1/tax-zones/{}", zones[0]["id"].as_str().unwrap());
    let body = json!({ "name": "Germany", "areas": zones[0]["areas"], "rates": rates(160_000) });
    shop.merchant.call(Method::PUT, &path).json(&body).send().await.expect(200);
    let opened = open_to(&german, "DE", "10115").await.expect(201).json();
    let order = complete(&world, &shop, &opened, "german").await.expect(201).json();
    assert_eq!(order["totals"], german["totals"]);
    let path = format!("/api/v1/orders/{}/explain", order["id"].as_str().unwrap());
    let why = owner.get(&path).send().await.expect(200).json();
    assert_eq!((&why["quoteId"], &why["totals"]["rates"][0]["ppm"]), (&german["id"], &json!(190_000)), "{why}");
}

pub async fn a_quote_has_its_shipping_and_its_destination(world: World) {
    let (shop, _) = own_shop(&world, "quoted-shipping", "EUR").await;
    let zones = "/api/v1/shipping-zones";
    let body = |amount: &str| {
        let price = json!({ "by": "flat", "amounts": { "EUR": amount } });
        json!({ "name": "DE", "areas": [{ "country": "DE" }], "methods": [{ "name": "Parcel", "price": price }] })
    };
    let zone = shop.merchant.post(zones).json(&body("4.90")).send().await.expect(201).json();
    let product = json!({
        "handle": "tent", "title": "Tent", "status": "active",
        "variants": [{ "sku": "TENT", "price": euros("119.00"), "inventory": { "quantity": 9 } }],
    });
    let made = shop.merchant.post("/api/v1/products").json(&product).send().await.expect(201).json();
    let cart = shop.filled_cart(&[(made["variants"][0]["id"].as_str().unwrap(), 1)]).await;
    let berlin = json!({ "country": "DE", "postcode": "10115" });
    let refused = make(&shop.shopper, &cart, json!({ "destination": berlin })).await;
    refused.expect_problem(422, "shipping-method-required");
    let methods = json!([{ "methodId": zone["methods"][0]["id"] }]);
    let refused = make(&shop.shopper, &cart, json!({ "shippingMethods": methods })).await.expect(422);
    assert_eq!(refused.places(), ["#/shippingMethods"]);
    let asked = json!({ "destination": berlin, "shippingMethods": methods });
    let quoted = make(&shop.shopper, &cart, asked).await.expect(201).json();
    assert_eq!((&quoted["totals"]["total"], &quoted["deliveries"][0]["price"]), (&euros("123.90"), &euros("4.90")));
    assert_eq!((&claims(&quoted)["shipping"], &claims(&quoted)["total"]), (&json!(490), &json!(12_390)));
    let unsent = quote(&shop, &cart).await;

    let mut dearer = body("9.90");
    dearer["methods"][0]["id"] = zone["methods"][0]["id"].clone();
    let path = format!("{zones}/{}", zone["id"].as_str().unwrap());
    shop.merchant.call(Method::PUT, &path).json(&dearer).send().await.expect(200);
    let open_to = async |quote: &Value, postcode: &str, more: Value| {
        let mut form = form(&cart, &quote["token"]);
        let address = &mut form["shippingAddress"];
        (address["countryCode"], address["postalCode"]) = (json!("DE"), json!(postcode));
        form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.shopper.post("/api/v1/checkouts").json(&form).send().await
    };
    open_to(&quoted, "27498", json!({})).await.expect_problem(409, "quote-destination");
    open_to(&unsent, "10115", json!({})).await.expect_problem(409, "quote-not-shipped");
    let twice = open_to(&quoted, "10115", json!({ "shippingMethods": methods })).await.expect(422);
    assert_eq!(twice.places(), ["#/shippingMethods"]);
    let opened = open_to(&quoted, "10115", json!({})).await.expect(201).json();
    let order = complete(&world, &shop, &opened, "sent").await.expect(201).json();
    assert_eq!((&order["total"], &order["deliveries"]), (&euros("123.90"), &quoted["deliveries"]));
}
