//! A merchant says which taxes hold where.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::channels::product;
use crate::client::{Answer, Call};
use crate::world::World;

const ZONES: &str = "/api/v1/tax-zones";
const SETTINGS: &str = "/api/v1/tax-settings";

fn quebec(name: &str) -> Value {
    json!({
        "name": name,
        "areas": [{ "country": "CA", "region": "CA-QC" }, { "country": "CA", "postcodes": ["H2*", "G1A-0A1"] }],
        "rates": [
            { "name": "GST", "classes": ["standard"], "ppm": 50_000 },
            { "name": "QST", "classes": ["standard", "books"], "ppm": 99_750, "compound": true,
                "from": "2013-01-01T05:00:00.000Z" },
        ],
    })
}

fn at(call: Call, version: &str) -> Call {
    call.header("if-match", format!("\"{version}\""))
}

pub async fn a_zone_is_made_replaced_and_deleted(world: World) {
    let us = &world.ours.merchant;
    let body = quebec(&world.name("quebec"));
    let create = || us.post(ZONES).header("idempotency-key", world.name("zone")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    us.post(ZONES).header("idempotency-key", world.name("zone")).json(&quebec("x")).send().await.expect(422);
    let made = first.json();
    assert_eq!((first.header("etag"), &made["version"], &made["name"]), (Some("\"1\""), &json!(1), &body["name"]));
    assert_eq!(made["areas"][1]["postcodes"], json!(["H2*", "G1A0A1"]), "as they are compared");
    assert_eq!((&made["rates"][1]["compound"], &made["rates"][0]["compound"]), (&json!(true), &json!(false)));
    let path = first.the("location").to_owned();
    let shown = us.get(&path).send().await.expect(200);
    assert_eq!((shown.json(), shown.header("etag")), (made.clone(), Some("\"1\"")));

    // A rate that is named keeps its id, what is left out is gone, and the place stays.
    let kept = made["rates"][1].clone();
    let mut next = quebec(&world.name("quebec-2"));
    next["rates"] = json!([kept, { "name": "Eco", "classes": ["eco"], "ppm": 0 }]);
    let replace = |version: &str, body: &Value| at(us.call(Method::PUT, &path).json(body), version).send();
    replace("9", &next).await.expect_problem(412, "version-mismatch");
    let replaced = replace("1", &next).await.expect(200).json();
    assert_eq!((&replaced["rates"][0], &replaced["version"]), (&kept, &json!(2)), "{replaced}");
    assert_eq!((&replaced["position"], &replaced["name"]), (&made["position"], &next["name"]));
    assert_eq!(replaced["rates"].as_array().map(Vec::len), Some(2));
    assert_eq!(replace("1", &next).await.expect_problem(412, "version-mismatch").json()["version"], 2);
    let unchanged = us.call(Method::PUT, &path).json(&json!({
        "name": replaced["name"], "areas": replaced["areas"], "rates": replaced["rates"],
    }));
    assert_eq!(unchanged.send().await.expect(200).json()["version"], 2, "nothing was changed");
    let mut foreign = next.clone();
    foreign["rates"][1]["id"] = json!("trate_01h455vb4pex5vsknk084sn02q");
    assert_eq!(replace("2", &foreign).await.expect(422).places(), ["#/rates/1/id"]);
    foreign["rates"][1]["id"] = kept["id"].clone();
    assert_eq!(replace("2", &foreign).await.expect(422).places(), ["#/rates/1/id"]);

    // Nobody else's, and nothing for shoppers.
    let them = &world.theirs.merchant;
    for call in [them.get(&path), them.call(Method::PUT, &path).json(&next), them.delete(&path)] {
        call.send().await.expect(404);
    }
    for call in [world.ours.shopper.get(&path), world.ours.shopper.get(ZONES)] {
        assert_eq!(call.send().await.expect(403).json()["scope"], "tax:read");
    }

    // Each page goes on where the one before it ends.
    let other = us.post(ZONES).json(&quebec(&world.name("second"))).send().await.expect(201).json();
    assert!(made["position"].as_i64() < other["position"].as_i64(), "{other}");
    let (mut cursor, mut found) = (String::new(), Vec::new());
    loop {
        let page = us.get(&format!("{ZONES}?limit=1{cursor}")).send().await.expect(200);
        assert!(page.spent().sql <= 2, "{page}");
        let page = page.json();
        found.extend(page["items"].as_array().unwrap().iter().map(|zone| zone["id"].clone()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let place = |id: &Value| found.iter().position(|found| found == id);
    assert!(place(&made["id"]).is_some() && place(&made["id"]) < place(&other["id"]), "{found:?}");
    us.get(&format!("{ZONES}?cursor=x")).send().await.expect(422);

    at(us.delete(&path), "1").send().await.expect_problem(412, "version-mismatch");
    at(us.delete(&path), "2").send().await.expect(204);
    us.get(&path).send().await.expect(404);
    us.delete(&path).send().await.expect(404);
}

pub async fn what_is_wrong_with_a_zone_is_named(world: World) {
    let us = &world.ours.merchant;
    let rate = |more: Value| {
        let mut rate = json!({ "name": "VAT", "classes": ["standard"], "ppm": 190_000 });
        rate.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "name": "x", "areas": [{}], "rates": [rate] })
    };
    let area = |area: Value| json!({ "name": "x", "areas": [area] });
    for (body, places) in [
        (json!({}), vec!["#/areas", "#/name"]),
        (json!({ "name": "x", "areas": [] }), vec!["#/areas"]),
        (json!({ "name": "x", "areas": [{}], "position": -1 }), vec!["#/position"]),
        (area(json!({ "country": "XX" })), vec!["#/areas/0/country"]),
        (area(json!({ "region": "CA-QC" })), vec!["#/areas/0/country"]),
        (area(json!({ "country": "US", "region": "CA-QC" })), vec!["#/areas/0/region"]),
        (area(json!({ "country": "DE", "postcodes": ["10*", "9*9"] })), vec!["#/areas/0/postcodes/1"]),
        (rate(json!({ "ppm": 10_000_001, "classes": [] })), vec!["#/rates/0/classes", "#/rates/0/ppm"]),
        (rate(json!({ "classes": ["Not A Class"] })), vec!["#/rates/0/classes", "#/rates/0/classes/0"]),
        (rate(json!({ "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z" })), vec!["#/rates/0/until"]),
        (rate(json!({ "id": "trate_01h455vb4pex5vsknk084sn02q" })), vec!["#/rates/0/id"]),
        (rate(json!({ "percent": 19 })), vec!["#/rates/0/percent"]),
    ] {
        let refused = us.post(ZONES).json(&body).send().await.expect_problem(422, "invalid-request");
        let mut found = refused.places();
        found.sort();
        assert_eq!(found, places, "{body}");
    }
}

pub async fn shipped_rates_are_laid_down_once(world: World) {
    let us = &world.ours.merchant;
    let path = format!("{ZONES}/presets");
    let lay = |key: String| {
        us.post(&path).header("idempotency-key", key).json(&json!({ "countries": ["PT", "KR", "PT"] })).send()
    };
    // Whoever comes at once lays down each zone once.
    let keys = ["a", "b", "c"].map(|key| world.name(key));
    let answers: Vec<Answer> = join_all(keys.iter().map(|key| lay(key.clone()))).await;
    let names = |answer: &Answer, list: &str| -> Vec<String> {
        let zones = answer.json()[list].as_array().unwrap().clone();
        zones.iter().map(|zone| zone["name"].as_str().unwrap().to_owned()).collect()
    };
    let (mut made, mut all) = (Vec::new(), Vec::new());
    for answer in &answers {
        if answer.status == 409 {
            assert_eq!(answer.code(), "changed-meanwhile");
            continue;
        }
        assert_eq!(answer.status, 201, "{answer}");
        made.extend(names(answer, "made"));
        let mut zones = [names(answer, "made"), names(answer, "kept")].concat();
        zones.sort();
        all.push(zones);
    }
    assert_eq!(all[0], ["Azores", "Madeira", "Portugal", "South Korea"], "with the territories that have other rates");
    assert!(all.iter().all(|zones| *zones == all[0]), "{all:?}");
    assert!(made.is_empty() || made.len() == 4, "each once: {made:?}");
    let again = lay(keys[0].clone()).await;
    assert!(again.is_replayed() || answers[0].status == 409, "{again}");
    let later = lay(world.name("later")).await.expect(201).json();
    assert_eq!(later["made"], json!([]));
    let korea = later["kept"].as_array().unwrap().iter().find(|zone| zone["name"] == "South Korea").unwrap().clone();
    let korea = us.get(&format!("{ZONES}/{}", korea["id"].as_str().unwrap())).send().await.expect(200).json();
    assert_eq!(korea["areas"], json!([{ "country": "KR" }]));
    let standard =
        korea["rates"].as_array().unwrap().iter().find(|rate| rate["classes"] == json!(["standard"])).unwrap();
    assert_eq!(standard["ppm"], 100_000, "{standard}");
    let sources = &later["sources"][1];
    assert_eq!(sources["country"], "KR");
    assert!(sources["sources"][0]["name"].as_str().unwrap().contains("National Tax Service"), "{sources}");
    assert!(sources["sources"][0]["date"].is_string(), "{sources}");
    let wrong = us.post(&path).json(&json!({ "countries": ["DE", "US", "xx"] })).send().await.expect(422);
    assert_eq!(wrong.places(), ["#/countries/1", "#/countries/2"]);
    assert_eq!(us.post(&path).json(&json!({})).send().await.expect(422).places(), ["#/countries"]);
}

pub async fn a_store_says_how_it_taxes(world: World) {
    let us = &world.ours.merchant;
    let before = us.get(SETTINGS).send().await.expect(200);
    let version = before.json()["version"].as_i64().unwrap();
    assert_eq!(before.header("etag"), Some(format!("\"{version}\"").as_str()));
    assert!(before.json()["crossBorder"]["keep"].is_string(), "{before}");
    let change = |version: i64, body: Value| at(us.patch(SETTINGS).json(&body), &version.to_string()).send();
    let net = json!({
        "crossBorder": { "keep": "net", "origin": { "country": "ES", "region": "ES-CN", "postcode": "35001" } },
        "taxRoundedPer": "rate",
        "discountsRoundedPer": "order",
        "shippingTax": { "by": "class", "class": "delivery" },
        "sellsFrom": { "country": "ES" },
    });
    let changed = change(version, net.clone()).await.expect(200);
    let now = changed.json();
    assert_eq!(now["version"], version + 1);
    for (name, value) in net.as_object().unwrap() {
        assert_eq!(&now[name], value, "{name}");
    }
    assert_eq!(us.get(SETTINGS).send().await.expect(200).json(), now);
    assert_eq!(
        change(version, net.clone()).await.expect_problem(412, "version-mismatch").json()["version"],
        version + 1
    );
    assert_eq!(change(version + 1, net).await.expect(200).json()["version"], version + 1, "nothing is changed");
    let gross = json!({ "crossBorder": { "keep": "gross" }, "sellsFrom": null });
    let gross = change(version + 1, gross).await.expect(200).json();
    assert_eq!((&gross["crossBorder"], &gross["sellsFrom"]), (&json!({ "keep": "gross" }), &Value::Null));
    assert_eq!(gross["taxRoundedPer"], "rate", "what is left out stays");
    for (wrong, places) in [
        (json!({ "crossBorder": { "keep": "net" } }), vec!["#/crossBorder/origin"]),
        (json!({ "crossBorder": { "keep": "all" } }), vec!["#/crossBorder/keep"]),
        (json!({ "crossBorder": { "keep": "gross", "origin": { "country": "DE" } } }), vec!["#/crossBorder/origin"]),
        (
            json!({ "taxRoundedPer": "unit", "discountsRoundedPer": "unit" }),
            vec!["#/discountsRoundedPer", "#/taxRoundedPer"],
        ),
        (json!({ "shippingTax": { "by": "class" } }), vec!["#/shippingTax/class"]),
        (json!({ "sellsFrom": { "country": "Germany" } }), vec!["#/sellsFrom/country"]),
        (json!({ "taxMode": "inclusive" }), vec!["#/taxMode"]),
    ] {
        let mut found = us.patch(SETTINGS).json(&wrong).send().await.expect_problem(422, "invalid-request").places();
        found.sort();
        assert_eq!(found, places, "{wrong}");
    }
    assert_eq!(world.ours.shopper.get(SETTINGS).send().await.expect(403).json()["scope"], "tax:read");
    let theirs = world.theirs.merchant.get(SETTINGS).send().await.expect(200).json();
    assert_ne!(theirs["taxRoundedPer"], "rate", "another store's settings are its own");
}

pub async fn variants_say_their_tax_class(world: World) {
    let us = &world.ours.merchant;
    let mut body = product(&world, "book", json!(null));
    body["variants"][0]["taxClass"] = json!("books");
    body["variants"][0]["weightGrams"] = json!(350);
    let made = us.post("/api/v1/products").json(&body).send().await.expect(201).json();
    assert_eq!(made["variants"][0]["taxClass"], "books");
    let path = format!("/api/v1/products/{}", world.name("book"));
    assert_eq!(world.ours.shopper.get(&path).send().await.expect(200).json()["variants"][0]["taxClass"], "books");
    let mut variants = made["variants"].clone();
    variants[0]["taxClass"] = json!("Books!");
    let refused = us.patch(&path).json(&json!({ "variants": variants })).send().await.expect(422);
    assert_eq!(refused.places(), ["#/variants/0/taxClass"]);
    variants[0]["taxClass"] = Value::Null;
    let plain = us.patch(&path).json(&json!({ "variants": variants })).send().await.expect(200).json();
    assert_eq!(plain["variants"][0].get("taxClass"), None, "as `standard`: {plain}");
}
