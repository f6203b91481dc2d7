//! A merchant lays down what is given away: promotions, their codes, and how they combine.
//!
//! Whatever is made here applies to this story's products alone, or by code: other stories buy in the same shop.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::world::{Sold, World};

const PATH: &str = "/api/v1/promotions";
const GROUPS: &str = "/api/v1/promotion-groups";

/// Five euros off an order, for whoever has a code.
fn by_code(world: &World, name: &str) -> Value {
    json!({
        "name": world.name(name),
        "trigger": "code",
        "condition": { "type": "subtotal", "atLeast": { "EUR": "20.00" } },
        "effect": { "type": "reduce", "by": { "type": "per-order", "amounts": { "EUR": "5.00" } } },
    })
}

async fn make(client: &Client, body: &Value) -> Value {
    client.post(PATH).json(body).send().await.expect(201).json()
}

fn one(promotion: &Value) -> String {
    format!("{PATH}/{}", promotion["id"].as_str().unwrap())
}

async fn put(client: &Client, path: &str, version: i64, body: &Value) -> Answer {
    client.call(Method::PUT, path).header("if-match", format!("\"{version}\"")).json(body).send().await
}

/// What a list has of this story, a page of two at a time.
async fn all(client: &Client, path: &str) -> Vec<Value> {
    let (mut found, mut target) = (Vec::new(), format!("{path}?limit=2"));
    loop {
        let page = client.get(&target).send().await.expect(200);
        assert!(page.spent().sql <= 2, "{page}");
        let page = page.json();
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else { return found };
        target = format!("{path}?limit=2&cursor={next}");
    }
}

pub async fn a_promotion_is_made_replaced_and_deleted(world: World) {
    let us = &world.ours.merchant;
    let mut body = by_code(&world, "autumn");
    body["limit"] = json!(100);
    let create = || us.post(PATH).header("idempotency-key", world.name("once")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    us.post(PATH).header("idempotency-key", world.name("once")).json(&by_code(&world, "x")).send().await.expect(422);
    let made = first.json();
    assert_eq!((&made["active"], &made["used"], &made["remaining"]), (&json!(true), &json!(0), &json!(100)), "{made}");
    assert_eq!(made["condition"]["atLeast"], json!({ "EUR": "20.00" }));
    let path = first.the("location");
    assert_eq!(path, one(&made));
    let shown = us.get(path).send().await.expect(200);
    assert_eq!((shown.header("etag"), shown.json()), (Some("\"1\""), made.clone()));

    let mut other = by_code(&world, "winter");
    other["active"] = json!(false);
    other["limit"] = json!(7);
    other["startsAt"] = json!("2026-12-01T00:00:00.000Z");
    let changed = put(us, path, 1, &other).await.expect(200);
    assert_eq!((changed.header("etag"), &changed.json()["name"]), (Some("\"2\""), &json!(world.name("winter"))));
    assert_eq!((&changed.json()["remaining"], &changed.json()["version"]), (&json!(7), &json!(2)));
    let late = put(us, path, 1, &body).await.expect_problem(412, "version-mismatch");
    assert_eq!(late.json()["version"], 2);
    // The same again is no change.
    assert_eq!(put(us, path, 2, &other).await.expect(200).json(), changed.json());

    make(us, &by_code(&world, "second")).await;
    make(us, &by_code(&world, "third")).await;
    let listed: Vec<Value> = all(us, PATH).await.into_iter().map(|item| item["name"].clone()).collect();
    let place = |name: &str| listed.iter().position(|listed| *listed == json!(world.name(name))).expect(name);
    assert!(place("third") < place("second") && place("second") < place("winter"), "the newest first: {listed:?}");

    us.delete(path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    us.delete(path).header("if-match", "\"2\"").send().await.expect(204);
    us.get(path).send().await.expect_problem(404, "not-found");
    us.delete(path).send().await.expect_problem(404, "not-found");
    put(us, path, 2, &other).await.expect_problem(404, "not-found");
}

pub async fn everything_that_is_wrong_with_a_promotion_is_told_at_once(world: World) {
    let us = &world.ours.merchant;
    let refused = async |body: Value| us.post(PATH).json(&body).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused(json!({})).await.places(), ["#/name", "#/trigger", "#/effect"]);
    let mut body = by_code(&world, "wrong");
    body["group"] = json!(world.name("nobodys"));
    body["limit"] = json!(0);
    body["startsAt"] = json!("2026-12-01T00:00:00.000Z");
    body["endsAt"] = json!("2026-11-01T00:00:00.000Z");
    body["condition"] = json!({ "type": "all", "of": [{ "type": "quantity", "atLeast": 0 }, { "type": "time" }] });
    body["effect"]["by"] = json!({ "type": "percent", "rate": 2_000_000 });
    let mut places = refused(body).await.places();
    places.sort();
    let expected =
        ["#/condition/of/0/atLeast", "#/condition/of/1", "#/effect/by/rate", "#/endsAt", "#/group", "#/limit"];
    assert_eq!(places, expected);
    let mut body = by_code(&world, "wrong");
    body["maxDiscount"] = json!({ "EUR": "1,50" });
    body["effect"]["by"]["amounts"] = json!({ "EUR": 500 });
    body["unknown"] = json!(1);
    let mut places = refused(body).await.places();
    places.sort();
    assert_eq!(places, ["#/effect", "#/maxDiscount", "#/unknown"]);
    // One that says more than a promotion may.
    let mut body = by_code(&world, "long");
    let methods: Vec<String> = (0..250).map(|number| format!("{number:064}")).collect();
    let of = vec![json!({ "type": "payment-method", "anyOf": methods }); 3];
    body["condition"] = json!({ "type": "any", "of": of });
    assert_eq!(refused(body).await.places(), ["#"]);
    let path = one(&make(us, &by_code(&world, "right")).await);
    assert_eq!(put(us, &path, 1, &json!({ "name": "x" })).await.expect(422).places(), ["#/trigger", "#/effect"]);
}

pub async fn codes_are_given_or_made(world: World) {
    let us = &world.ours.merchant;
    let mut automatic = by_code(&world, "automatic");
    automatic["trigger"] = json!("automatic");
    automatic["active"] = json!(false);
    let path = format!("{}/codes", one(&make(us, &automatic).await));
    let refused = us.post(&path).json(&json!({ "codes": [world.name("no")] })).send().await;
    refused.expect_problem(409, "promotion-automatic");

    let promotion = make(us, &by_code(&world, "coded")).await;
    let path = format!("{}/codes", one(&promotion));
    let save = world.name("save");
    let body = json!({ "codes": [save, world.name("more")], "limit": 3 });
    let add = || us.post(&path).header("idempotency-key", world.name("codes")).json(&body).send();
    let added = add().await.expect(201);
    assert_eq!(added.the("location"), path);
    let first = &added.json()["items"][0];
    assert_eq!((&first["code"], &first["remaining"]), (&json!(save.to_uppercase()), &json!(3)));
    let again = add().await.expect(201);
    assert!(again.is_replayed() && again.json() == added.json());

    // One of its own in the store, whatever its case and promotion.
    let second = make(us, &by_code(&world, "second")).await;
    let other = format!("{}/codes", one(&second));
    let taken = json!({ "codes": [world.name("new"), save.to_uppercase()] });
    let taken = us.post(&other).json(&taken).send().await.expect_problem(422, "invalid-request");
    assert_eq!(taken.places(), ["#/codes/1"]);
    assert_eq!(all(us, &other).await, [] as [Value; 0], "all are added or none");
    for (wrong, places) in [
        (json!({}), vec!["#/codes"]),
        (json!({ "codes": [] }), vec!["#/codes"]),
        (json!({ "codes": ["a", "b c", "A"], "limit": 0 }), vec!["#/limit", "#/codes/1"]),
        (json!({ "codes": ["aa", "b", "AA"] }), vec!["#/codes/2"]),
        (json!({ "codes": ["a"], "generate": { "count": 1 } }), vec!["#/codes"]),
        (
            json!({ "generate": { "count": 1001, "length": 9, "prefix": "a b" } }),
            vec!["#/generate/count", "#/generate/length", "#/generate/prefix"],
        ),
    ] {
        let refused = us.post(&other).json(&wrong).send().await.expect_problem(422, "invalid-request");
        assert_eq!(refused.places(), places, "{wrong}");
    }

    let prefix = format!("{}-", world.mark.to_uppercase());
    let generate = json!({ "generate": { "count": 1000, "prefix": &prefix[..prefix.len().min(24)] }, "limit": 1 });
    let made = us.post(&other).json(&generate).send().await.expect(201).json();
    let made: std::collections::BTreeSet<&str> =
        made["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(made.len(), 1_000);
    let length = prefix.len().min(24) + 12;
    assert!(made.iter().all(|code| code.len() == length && code.starts_with(&prefix[..prefix.len().min(24)])));
    assert_eq!(us.get(&one(&second)).send().await.expect(200).json()["codes"], 1_000);
    let page = us.get(&format!("{other}?limit=250")).send().await.expect(200).json();
    let listed: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(listed, made.iter().take(250).copied().collect::<Vec<_>>(), "in their order");

    let listed = all(us, &path).await;
    assert_eq!(listed.len(), 2);
    let code = format!("{path}/{}", listed[0]["id"].as_str().unwrap());
    // By the way of another promotion it is not there.
    us.delete(&code.replace(&path, &other)).send().await.expect_problem(404, "not-found");
    us.delete(&code).send().await.expect(204);
    us.delete(&code).send().await.expect_problem(404, "not-found");
    assert_eq!(us.get(&one(&promotion)).send().await.expect(200).json()["codes"], 1);
    us.delete(&one(&second)).send().await.expect(204);
    us.get(&other).send().await.expect_problem(404, "not-found");
    // Its codes are gone with it.
    us.post(&path).json(&json!({ "codes": [listed_code(&page)] })).send().await.expect(201);
}

fn listed_code(page: &Value) -> &str {
    page["items"][0]["code"].as_str().unwrap()
}

pub async fn groups_are_written_as_one_and_stay_while_in_use(world: World) {
    let us = &world.ours.merchant;
    let [codes, sale] = ["codes", "sale"].map(|name| format!("g{}", world.name(name)).to_lowercase());
    let both = json!({ "groups": [
        { "key": sale, "within": "stack", "excludes": [codes] },
        { "key": codes, "within": "best", "priority": 5 },
    ] });
    let version = us.get(GROUPS).send().await.expect(200).json()["version"].as_i64().unwrap();
    let written = put(us, GROUPS, version, &both).await.expect(200);
    let expected = json!({
        "groups": [
            { "key": codes, "priority": 5, "within": "best", "excludes": [] },
            { "key": sale, "priority": 0, "within": "stack", "excludes": [codes] },
        ],
        "version": version + 1,
    });
    assert_eq!(written.json(), expected);
    let shown = us.get(GROUPS).send().await.expect(200);
    assert_eq!((shown.json(), shown.the("etag")), (expected, format!("\"{}\"", version + 1).as_str()));
    put(us, GROUPS, version, &both).await.expect_problem(412, "version-mismatch");

    let mut body = by_code(&world, "grouped");
    body["group"] = json!(codes);
    let promotion = make(us, &body).await;
    let without = json!({ "groups": [{ "key": sale, "within": "stack" }] });
    let kept = put(us, GROUPS, version + 1, &without).await.expect_problem(409, "promotion-groups-in-use");
    assert_eq!(kept.json()["groups"], json!([codes]));
    for (wrong, places) in [
        (json!({}), vec!["#/groups"]),
        (json!({ "groups": [{ "key": "A b", "within": "most" }] }), vec!["#/groups/0/within"]),
        (json!({ "groups": [{ "key": "A b", "within": "best" }] }), vec!["#/groups/0/key"]),
        (
            json!({ "groups": [{ "key": "a", "within": "best" }, { "key": "a", "within": "best", "excludes": ["z"] }] }),
            vec!["#/groups/0/key", "#/groups/1/key", "#/groups/1/excludes"],
        ),
        (json!({ "groups": vec![json!({ "key": "a", "within": "best" }); 13] }), vec!["#/groups"]),
    ] {
        let refused = put(us, GROUPS, version + 1, &wrong).await.expect_problem(422, "invalid-request");
        assert_eq!(refused.places(), places, "{wrong}");
    }
    us.delete(&one(&promotion)).send().await.expect(204);
    let none = put(us, GROUPS, version + 1, &json!({ "groups": [] })).await.expect(200).json();
    assert_eq!(none, json!({ "groups": [], "version": version + 2 }));
}

pub async fn a_preview_says_what_a_promotion_takes_off_and_why(world: World) {
    let us = &world.ours.merchant;
    let Sold { variant: mug, product, .. } = world.sell("mug", "20.00", 5).await;
    let Sold { variant: spoon, .. } = world.sell("spoon", "3.00", 5).await;
    let half = json!({
        "name": world.name("half"),
        "trigger": "automatic",
        "priority": 1,
        "effect": {
            "type": "reduce",
            "lines": { "anyOf": { "products": [product] } },
            "by": { "type": "percent", "rate": 500_000 },
        },
    });
    let half = make(us, &half).await;
    let mut five = by_code(&world, "five");
    five["condition"] = json!({ "type": "subtotal", "atLeast": { "EUR": "20.00" }, "afterDiscounts": true });
    let five = make(us, &five).await;
    let path = format!("{}/preview", one(&five));
    let mut cart = json!({ "currency": "EUR", "lines": [
        { "variantId": mug, "quantity": 1 },
        { "variantId": spoon, "quantity": 2 },
    ] });
    let ask = async |cart: &Value| us.post(&path).json(cart).send().await;
    let euros = |amount: &str| json!({ "amount": amount, "currency": "EUR" });

    let shown = ask(&cart).await.expect(200);
    assert!(shown.spent().sql <= 2, "{shown}");
    let shown = shown.json();
    assert_eq!(shown["alone"]["discount"], euros("5.00"), "without its code: {shown}");
    // The other one leaves too little.
    assert_eq!(shown["together"]["discount"], euros("10.00"), "{shown}");
    let line = &shown["together"]["lines"][0];
    assert_eq!((&line["amount"], &line["discount"]), (&json!(2_000), &json!(1_000)), "{shown}");
    assert_eq!(line["discounts"][0]["promotion"], half["id"]);
    let considered = shown["together"]["trace"]["considered"].as_array().unwrap();
    let outcome = &considered.iter().find(|considered| considered["promotion"] == five["id"]).unwrap()["outcome"];
    assert_eq!(outcome["reason"], json!({ "type": "minimum-not-met", "minimum": 2_000, "missing": 400 }), "{shown}");

    cart["lines"][0]["quantity"] = json!(2);
    assert_eq!(ask(&cart).await.expect(200).json()["together"]["discount"], euros("25.00"));
    // As it would be, with a gift whose price is read as well.
    let mut gift = five.clone();
    let given = ["name", "trigger"].map(|name| (name.to_owned(), gift[name].take()));
    let mut definition = Value::Object(given.into_iter().collect());
    definition["effect"] = json!({ "type": "gift", "variant": spoon, "quantity": 2 });
    cart["definition"] = definition;
    let shown = ask(&cart).await.expect(200).json();
    assert_eq!(shown["alone"]["discount"], euros("6.00"), "{shown}");
    assert_eq!(shown["together"]["discount"], euros("26.00"), "{shown}");
    cart["definition"]["effect"] = json!({ "type": "free-shipping" });
    cart["shipping"] = json!([{ "method": "parcel", "amount": "4.90" }]);
    assert_eq!(ask(&cart).await.expect(200).json()["alone"]["discount"], euros("4.90"));

    cart["definition"]["limit"] = json!(0);
    assert_eq!(ask(&cart).await.expect_problem(422, "invalid-request").places(), ["#/definition/limit"]);
    let theirs = "var_01h455vb4pex5vsknk084sn02q";
    let wrong = json!({ "currency": "EUR", "lines": [{ "variantId": theirs, "quantity": 1 }] });
    assert_eq!(ask(&wrong).await.expect_problem(422, "invalid-request").places(), ["#/lines/0/variantId"]);
    let wrong = json!({ "currency": "JPY", "lines": [{ "variantId": mug, "quantity": 1 }] });
    assert_eq!(ask(&wrong).await.expect_problem(422, "invalid-request").places(), ["#/lines/0/variantId"]);
    let wrong = json!({ "currency": "EURO", "lines": [{ "quantity": 0 }], "shipping": [{}], "at": "now" });
    let mut places = ask(&wrong).await.expect_problem(422, "invalid-request").places();
    places.sort();
    let expected = [
        "#/at",
        "#/currency",
        "#/lines/0/quantity",
        "#/lines/0/variantId",
        "#/shipping/0/amount",
        "#/shipping/0/method",
    ];
    assert_eq!(places, expected);
    // It applies to whoever buys in this shop.
    us.delete(&one(&half)).send().await.expect(204);
}

pub async fn promotions_are_the_shops_own_and_the_staffs(world: World) {
    let (us, them) = (&world.ours.merchant, &world.theirs.merchant);
    let made = make(us, &by_code(&world, "ours")).await;
    let path = one(&made);
    let code = json!({ "codes": [world.name("code")] });
    let added = us.post(&format!("{path}/codes")).json(&code).send().await.expect(201).json();
    let of_code = format!("{path}/codes/{}", added["items"][0]["id"].as_str().unwrap());
    let cart =
        json!({ "currency": "BHD", "lines": [{ "variantId": "var_01h455vb4pex5vsknk084sn02q", "quantity": 1 }] });
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::PUT, path.clone(), Some(by_code(&world, "theirs"))),
        (Method::DELETE, path.clone(), None),
        (Method::GET, format!("{path}/codes"), None),
        (Method::POST, format!("{path}/codes"), Some(code.clone())),
        (Method::DELETE, of_code, None),
        (Method::GET, format!("{path}/redemptions"), None),
        (Method::POST, format!("{path}/preview"), Some(cart)),
    ] {
        let ask = |client: &Client| match &body {
            Some(body) => client.call(method.clone(), &path).json(body).send(),
            None => client.call(method.clone(), &path).send(),
        };
        ask(them).await.expect_problem(404, "not-found");
        ask(&world.ours.shopper).await.expect_problem(403, "missing-scope");
    }
    assert!(all(them, PATH).await.iter().all(|theirs| theirs["id"] != made["id"]));
    assert_eq!(us.get(&path).send().await.expect(200).json()["codes"], 1);
    assert_eq!(all(us, &format!("{path}/redemptions")).await, [] as [Value; 0]);
    // The same code is another one in another store.
    let theirs = make(them, &by_code(&world, "theirs")).await;
    them.post(&format!("{}/codes", one(&theirs))).json(&code).send().await.expect(201);
}
