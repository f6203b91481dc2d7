//! A customer with a certificate pays no tax, and a merchant says who has one.

use http::Method;
use serde_json::{Value, json};

use super::apps::program;
use super::people::{PASSWORD, confirm, register};
use super::sessions::{as_person, log_in_with};
use super::sign_ups::own_shop;
use crate::batches::for_batches;
use crate::client::{Call, Client};
use crate::world::{Shop, World, order_form};

const EXEMPTIONS: &str = "/api/v1/tax-exemptions";
const SETTINGS: &str = "/api/v1/tax-settings";

fn at(call: Call, version: &str) -> Call {
    call.header("if-match", format!("\"{version}\""))
}

/// A shop that sells a mug of 11.90 with the taxes of Germany and France in it; the mug, and the two zones.
async fn taxed_shop(world: &World, name: &str) -> (Shop, Client, String, [String; 2]) {
    let (shop, owner) = own_shop(world, name, "EUR").await;
    let mut zones = Vec::new();
    for (country, ppm) in [("DE", 190_000), ("FR", 200_000)] {
        let rates = json!([{ "name": "VAT", "classes": ["standard"], "ppm": ppm }]);
        let zone = json!({ "name": country, "areas": [{ "country": country }], "rates": rates });
        let made = shop.merchant.post("/api/v1/tax-zones").json(&zone).send().await.expect(201).json();
        zones.push(made["id"].as_str().unwrap().to_owned());
    }
    let home = json!({ "sellsFrom": { "country": "DE" } });
    shop.merchant.patch(SETTINGS).json(&home).send().await.expect(200);
    let variant = json!({
        "price": { "amount": "11.90", "currency": "EUR" }, "sku": "mug", "inventory": { "quantity": 50 },
    });
    let body = json!({ "handle": "mug", "title": "Mug", "status": "active", "variants": [variant] });
    let made = shop.merchant.post("/api/v1/products").json(&body).send().await.expect(201).json();
    (shop, owner, made["variants"][0]["id"].as_str().unwrap().to_owned(), zones.try_into().unwrap())
}

/// A customer of the shop who is logged in, as a shopper of it, and the account's id.
async fn customer(world: &World, shop: &Shop, name: &str) -> (Shop, String) {
    let email = world.email(name);
    register(shop, &email, PASSWORD).await.expect(202);
    let token = world.mailed_secret(&email, "account/verify").await;
    confirm(shop, &token, PASSWORD).await.expect(200);
    let tokens = log_in_with(shop, &email, PASSWORD).await.expect(200);
    let account = tokens.json()["account"]["id"].as_str().unwrap().to_owned();
    (Shop { shopper: as_person(world, &tokens), ..shop.clone() }, account)
}

async fn open(shop: &Shop, cart: &str, country: &str) -> Value {
    let mut form = order_form(cart);
    form["shippingAddress"]["countryCode"] = json!(country);
    shop.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(201).json()
}

/// Total and tax.
fn sums(body: &Value) -> Value {
    json!([body["totals"]["total"]["amount"], body["totals"]["taxes"]["tax"]["amount"]])
}

pub async fn an_exempt_customer_buys_without_tax_while_the_certificate_holds(world: World) {
    let (shop, owner, mug, [germany, _]) = taxed_shop(&world, "exempt").await;
    let (reseller, account) = customer(&world, &shop, "reseller").await;
    let cart = reseller.filled_cart(&[(&mug, 1)]).await;
    let before = open(&reseller, &cart, "DE").await;
    assert_eq!(sums(&before), json!(["11.90", "1.90"]));

    let body = json!({ "accountId": account, "number": "DE-4711", "note": "Seen", "zones": [germany] });
    let create = || shop.merchant.post(EXEMPTIONS).header("idempotency-key", world.name("texm")).json(&body).send();
    let made = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == made.json(), "{again}");
    let (path, id) = (made.the("location").to_owned(), made.json()["id"].clone());
    // What was agreed to with the tax is the buyer's choice again.
    let complete =
        async |checkout: &Value, key: &str| reseller.complete(checkout["id"].as_str().unwrap(), &world.name(key)).await;
    let refused = complete(&before, "before").await.expect_problem(409, "totals-changed").json();
    assert_eq!(refused["current"]["total"]["amount"], "10.00");

    let show = async || reseller.shopper.get(&format!("/api/v1/cart/{cart}")).send().await.expect(200);
    assert_eq!(sums(&for_batches(1, show).await.json()), json!(["10.00", "0.00"]));
    let checkout = open(&reseller, &cart, "DE").await;
    assert_eq!((sums(&checkout), &checkout["lines"][0]["taxes"]["exemptionId"]), (json!(["10.00", "0.00"]), &id));
    // The same cart is a guest's as well, who has none.
    assert_eq!(sums(&open(&shop, &cart, "DE").await), json!(["11.90", "1.90"]));

    // Whatever changes of the certificate, the buyer is asked, and another customer is not.
    let (other, _) = customer(&world, &shop, "other").await;
    // What was agreed to without tax is for whose certificate it is, and for the staff: an id alone opens nothing.
    let (id_of, shown) =
        (checkout["id"].as_str().unwrap(), format!("/api/v1/checkouts/{}", checkout["id"].as_str().unwrap()));
    for stranger in [&shop, &other] {
        stranger.shopper.get(&shown).send().await.expect_problem(404, "not-found");
        stranger.complete(id_of, &world.name("stolen")).await.expect_problem(404, "not-found");
    }
    for good in [&reseller.shopper, &shop.merchant] {
        good.get(&shown).send().await.expect(200);
    }
    let others = open(&other, &other.filled_cart(&[(&mug, 1)]).await, "DE").await;
    let ended = json!({ "number": "DE-4711", "zones": [germany], "until": "2026-01-01T00:00:00Z" });
    at(shop.merchant.call(Method::PUT, &path).json(&ended), "1").send().await.expect(200);
    complete(&checkout, "ended").await.expect_problem(409, "totals-changed");
    other.complete(others["id"].as_str().unwrap(), &world.name("other")).await.expect(201);
    let renewed = json!({ "number": "DE-4712", "zones": [germany] });
    at(shop.merchant.call(Method::PUT, &path).json(&renewed), "2").send().await.expect(200);

    let order = complete(&checkout, "exempt").await.expect(201);
    let again = complete(&checkout, "exempt").await.expect(201);
    assert!(again.is_replayed() && again.body == order.body, "{again}");
    let order = order.json();
    assert_eq!((sums(&order), &order["lines"][0]["taxes"]["exemptionId"]), (json!(["10.00", "0.00"]), &id));
    assert_eq!(order["taxExemption"], json!({ "id": id, "number": "DE-4712" }));
    // What becomes of the certificate is nothing to the order.
    at(shop.merchant.delete(&path), "3").send().await.expect(204);
    let kept = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(owner.get(&kept).send().await.expect(200).json(), order);
    let why = owner.get(&format!("{kept}/explain")).send().await.expect(200).json();
    assert_eq!(why["totals"]["lines"][0]["taxes"]["why"], json!({ "kind": "exempt", "certificate": id }));
    assert_eq!(sums(&open(&reseller, &cart, "DE").await), json!(["11.90", "1.90"]));
}

pub async fn a_certificate_that_does_not_hold_is_told_with_its_reason(world: World) {
    let (shop, _, mug, [germany, _]) = taxed_shop(&world, "refused").await;
    let (reseller, account) = customer(&world, &shop, "refused-reseller").await;
    let mut ids = Vec::new();
    for more in [
        json!({ "zones": [germany] }),
        json!({ "until": "2026-01-01T00:00:00Z" }),
        json!({ "from": "2999-01-01T00:00:00Z" }),
    ] {
        let mut body = json!({ "accountId": account, "number": "4711" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ids.push(shop.merchant.post(EXEMPTIONS).json(&body).send().await.expect(201).json()["id"].clone());
    }
    let cart = reseller.filled_cart(&[(&mug, 1)]).await;
    let checkout = open(&reseller, &cart, "FR").await;
    assert_eq!(sums(&checkout), json!(["11.90", "1.98"]));
    let refused = |id: &Value, reason: &str| json!({ "id": id, "reason": reason });
    let expected =
        json!([refused(&ids[0], "other-zone"), refused(&ids[1], "expired"), refused(&ids[2], "not-yet-valid"),]);
    assert_eq!(checkout["totals"]["refusedExemptions"], expected);
    assert_eq!(open(&reseller, &cart, "DE").await["totals"].get("refusedExemptions"), None, "the first one holds");

    // Each page goes on where the one before it ends, and a customer's are told apart.
    let (_, other) = customer(&world, &shop, "without").await;
    let list = async |query: &str| shop.merchant.get(&format!("{EXEMPTIONS}?{query}")).send().await.expect(200).json();
    let first = list(&format!("limit=2&filter[accountId]={account}")).await;
    let rest = list(&format!("cursor={}", first["nextCursor"].as_str().unwrap())).await;
    let found: Vec<&Value> = [&first, &rest].iter().flat_map(|page| page["items"].as_array().unwrap()).collect();
    assert_eq!(found.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), ids);
    assert_eq!((&found[1]["number"], &rest["nextCursor"]), (&json!("4711"), &Value::Null));
    assert_eq!(list(&format!("filter[accountId]={other}")).await["items"], json!([]));
    // Nobody else's, and nothing for shoppers.
    let path = format!("{EXEMPTIONS}/{}", ids[0].as_str().unwrap());
    world.theirs.merchant.get(&path).send().await.expect(404);
    world.theirs.merchant.delete(&path).send().await.expect(404);
    assert_eq!(reseller.shopper.get(&path).send().await.expect(403).json()["scope"], "tax:read");
    // A customer has twenty.
    for _ in 3..20 {
        let body = json!({ "accountId": account, "number": "4711" });
        shop.merchant.post(EXEMPTIONS).json(&body).send().await.expect(201);
    }
    let body = json!({ "accountId": account, "number": "4711" });
    shop.merchant.post(EXEMPTIONS).json(&body).send().await.expect_problem(409, "too-many-tax-exemptions");
}

pub async fn what_is_wrong_with_a_certificate_is_named(world: World) {
    let us = &world.ours.merchant;
    let somebody = "usr_01h455vb4pex5vsknk084sn02q";
    for (body, places) in [
        (json!({}), vec!["#/number"]),
        (json!({ "number": "1" }), vec!["#/accountId"]),
        (json!({ "accountId": "x", "number": "a\nb", "note": "" }), vec!["#/accountId", "#/note", "#/number"]),
        (json!({ "accountId": somebody, "number": "1" }), vec!["#/accountId"]),
        (json!({ "number": "1", "zones": ["x"] }), vec!["#/zones/0"]),
        (
            json!({ "accountId": somebody, "number": "1", "zones": ["tzone_01h455vb4pex5vsknk084sn02q"] }),
            vec!["#/accountId", "#/zones/0"],
        ),
        (json!({ "number": "1", "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z" }), vec!["#/until"]),
        (json!({ "number": "1", "valid": true }), vec!["#/valid"]),
    ] {
        let mut found = us.post(EXEMPTIONS).json(&body).send().await.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{body}");
    }
}

pub async fn a_store_sets_and_unsets_a_tax_provider_and_never_sees_its_secret(world: World) {
    let (shop, owner) = own_shop(&world, "provider", "EUR").await;
    let us = &shop.merchant;
    let provider = |more: Value| {
        let mut provider = json!({ "url": "https://tax.example/quotes", "fallback": "rules" });
        provider.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "provider": provider })
    };
    let secret = "not-to-be-seen-by-anybody";
    for (change, places) in [
        (json!({}), vec!["#/provider/secret"]),
        (json!({ "secret": "short" }), vec!["#/provider/secret"]),
        (json!({ "secret": secret, "url": "http://tax.example/quotes" }), vec!["#/provider/url"]),
        (json!({ "secret": secret, "url": "https://169.254.169.254/" }), vec!["#/provider/url"]),
        (json!({ "secret": secret, "url": "https://[::1]/" }), vec!["#/provider/url"]),
        (json!({ "secret": secret, "url": "https://metadata.google.internal/" }), vec!["#/provider/url"]),
        (json!({ "secret": secret, "url": "tax.example" }), vec!["#/provider/url"]),
        (json!({ "timeoutMillis": 99, "fallback": "guess" }), vec!["#/provider/fallback", "#/provider/timeoutMillis"]),
    ] {
        let mut found = us.patch(SETTINGS).json(&provider(change)).send().await.expect(422).places();
        found.sort();
        assert_eq!(found, places);
    }
    let set = us.patch(SETTINGS).json(&provider(json!({ "secret": secret }))).send().await.expect(200);
    let shown = json!({ "origin": "https://tax.example", "timeoutMillis": 2_000, "fallback": "rules" });
    assert_eq!(set.json()["provider"], shown);
    assert_eq!(us.get(SETTINGS).send().await.expect(200).json()["provider"], shown);
    // Whoever may only look at the settings does not learn whom it asks, and nobody learns where exactly.
    let viewer = program(&world, &owner, "tax:read").await;
    assert_eq!(viewer.get(SETTINGS).send().await.expect(200).json()["provider"]["origin"], Value::Null);
    // What is left out stays.
    let timed =
        us.patch(SETTINGS).json(&json!({ "provider": { "fallback": "rules", "timeoutMillis": 900 } })).send().await;
    assert_eq!(timed.expect(200).json()["provider"]["timeoutMillis"], 900);
    let set = us.patch(SETTINGS).json(&provider(json!({}))).send().await.expect(200);
    // The secret stays where none is given, and what is the same is no change.
    let same = us.patch(SETTINGS).json(&provider(json!({}))).send().await.expect(200);
    assert_eq!(same.json()["version"], set.json()["version"]);
    let refuse = us.patch(SETTINGS).json(&provider(json!({ "fallback": "refuse" }))).send().await.expect(200);
    assert_eq!(refuse.json()["provider"]["fallback"], "refuse");
    let renewed = us.patch(SETTINGS).json(&provider(json!({ "fallback": "refuse", "secret": secret }))).send().await;
    assert!(refuse.json()["version"].as_i64() < renewed.expect(200).json()["version"].as_i64(), "another secret");
    let log = owner.get("/api/v1/audit-log").send().await.expect(200);
    assert!(!String::from_utf8_lossy(&log.body).contains(secret), "{log}");
    let told = String::from_utf8_lossy(&log.body).into_owned();
    assert!(told.contains("hasNewProviderSecret") && told.contains("hasNewProviderUrl"), "{log}");
    assert!(told.contains("https://tax.example") && !told.contains("/quotes"), "{log}");
    let unset = us.patch(SETTINGS).json(&json!({ "provider": null })).send().await.expect(200).json();
    assert_eq!(unset["provider"], Value::Null);
    us.patch(SETTINGS).json(&provider(json!({}))).send().await.expect(422);
}
