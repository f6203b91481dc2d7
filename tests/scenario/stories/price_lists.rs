//! A merchant keeps price lists for groups of customers, and rates for other currencies.

use serde_json::{Value, json};

use super::people::sign_up;
use crate::client::Client;
use crate::world::World;

const LISTS: &str = "/api/v1/price-lists";
const GROUPS: &str = "/api/v1/customer-groups";
const RATES: &str = "/api/v1/exchange-rates";
const SETTINGS: &str = "/api/v1/price-settings";
/// Nobody's.
const NOTHING: &str = "01h455vb4pex5vsknk084sn02q";

fn sale(world: &World, name: &str) -> Value {
    json!({ "name": world.name(name), "kind": "sale", "active": true })
}

async fn made(client: &Client, path: &str, body: &Value) -> Value {
    client.post(path).json(body).send().await.expect(201).json()
}

fn at(path: &str, thing: &Value) -> String {
    format!("{path}/{}", thing["id"].as_str().unwrap())
}

/// All pages of a list, one item each.
async fn pages(client: &Client, path: &str) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let (mut items, mut target) = (Vec::new(), format!("{path}{sign}limit=1"));
    loop {
        let page = client.get(&target).send().await.expect(200);
        assert!(page.spent().sql <= 2, "{page}");
        let page = page.json();
        items.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else { return items };
        target = format!("{path}{sign}limit=1&cursor={next}");
    }
}

pub async fn a_price_list_is_made_replaced_and_deleted(world: World) {
    let us = &world.ours.merchant;
    let group = made(us, GROUPS, &json!({ "name": world.name("group") })).await;
    let channel = json!({ "name": "Till", "handle": world.name("till") });
    let channel = made(us, "/api/v1/admin/channels", &channel).await;
    let mut body = json!({
        "name": world.name("wholesale"), "kind": "override", "priority": 7, "active": true,
        "channels": [channel["id"]], "groups": [group["id"]], "currencies": ["EUR"],
        "startsAt": "2026-11-27T00:00:00.000Z", "endsAt": "2026-12-01T00:00:00.000Z",
        "endings": [{ "currency": "EUR", "step": 100, "offset": 99, "toward": "down" }],
    });
    let create = || us.post(LISTS).header("idempotency-key", world.name("once")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    let list = first.json();
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(list[name], *value, "{name}");
    }
    assert_eq!((&list["version"], &list["ruleCount"], &list["basedOn"]), (&json!(1), &json!(0), &json!(null)));
    let path = first.the("location").to_owned();
    let shown = us.get(&path).send().await.expect(200);
    assert_eq!((shown.json(), shown.the("etag")), (list.clone(), "\"1\""));

    // What is left out is as in a new one.
    body = json!({ "name": world.name("retail"), "kind": "sale", "active": false });
    let replace = |version: &str, body: &Value| us.put(&path).header("if-match", version).json(body).send();
    let changed = replace("\"1\"", &body).await.expect(200);
    assert_eq!((changed.the("etag"), &changed.json()["channels"]), ("\"2\"", &json!([])));
    assert_eq!(changed.json()["startsAt"], json!(null));
    let refused = replace("\"1\"", &body).await.expect_problem(412, "version-mismatch");
    assert_eq!(refused.json()["version"], 2);
    assert_eq!(us.put(&path).json(&body).send().await.expect(200).the("etag"), "\"2\"", "it is so already");

    let another = made(us, LISTS, &sale(&world, "another")).await;
    let ids: Vec<Value> = pages(us, LISTS).await.into_iter().map(|item| item["id"].clone()).collect();
    assert!(ids.contains(&list["id"]) && ids.contains(&another["id"]), "{ids:?}");

    us.delete(&path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    us.delete(&path).header("if-match", "\"2\"").send().await.expect(204);
    us.get(&path).send().await.expect_problem(404, "not-found");
    us.delete(&path).send().await.expect_problem(404, "not-found");
}

pub async fn a_list_whose_channel_and_group_are_gone_is_put_back_as_it_was(world: World) {
    let us = &world.ours.merchant;
    let group = made(us, GROUPS, &json!({ "name": world.name("leaving") })).await;
    let channel = made(us, "/api/v1/admin/channels", &json!({ "name": "Fair", "handle": world.name("fair") })).await;
    let mut list = sale(&world, "fair");
    (list["channels"], list["groups"]) = (json!([channel["id"]]), json!([group["id"]]));
    let path = at(LISTS, &made(us, LISTS, &list).await);
    us.delete(&at(GROUPS, &group)).send().await.expect(204);
    us.delete(&at("/api/v1/admin/channels", &channel)).send().await.expect(204);

    let mut shown = us.get(&path).send().await.expect(200).json();
    assert_eq!((&shown["channels"], &shown["groups"]), (&list["channels"], &list["groups"]));
    for kept_by_us in ["id", "ruleCount", "version", "createdAt", "updatedAt"] {
        shown.as_object_mut().unwrap().remove(kept_by_us);
    }
    assert_eq!(us.put(&path).json(&shown).send().await.expect(200).json()["version"], 1, "it is so already");
    shown["priority"] = json!(3);
    let changed = us.put(&path).json(&shown).send().await.expect(200).json();
    assert_eq!((&changed["priority"], &changed["groups"]), (&json!(3), &list["groups"]));
    // Once it names them no more, they are nothing to name.
    (shown["channels"], shown["groups"]) = (json!([]), json!([group["id"], format!("cgrp_{NOTHING}")]));
    let refused = us.put(&path).json(&shown).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/groups/1"]);
    shown["groups"] = json!([]);
    us.put(&path).json(&shown).send().await.expect(200);
    shown["channels"] = list["channels"].clone();
    let refused = us.put(&path).json(&shown).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/channels/0"]);
}

pub async fn everything_that_is_wrong_with_a_price_list_is_told_at_once(world: World) {
    let us = &world.ours.merchant;
    let theirs = made(&world.theirs.merchant, GROUPS, &json!({ "name": world.name("theirs") })).await;
    let wrong = json!({
        "kind": "discount", "priority": 1.5, "startsAt": "2026-12-01T00:00:00.000Z",
        "endsAt": "2026-12-01T00:00:00.000Z", "active": true, "rank": 1,
        "endings": [{ "currency": "EUR", "step": 0, "offset": 0, "toward": "up" }],
    });
    let mut places = us.post(LISTS).json(&wrong).send().await.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/endings/0/step", "#/endsAt", "#/kind", "#/name", "#/priority", "#/rank"]);
    // What is named must be there, and the tenant's own.
    let mut list = sale(&world, "named");
    list["channels"] = json!([format!("chan_{NOTHING}")]);
    list["groups"] = json!([format!("cgrp_{NOTHING}"), theirs["id"]]);
    list["basedOn"] = json!(format!("plist_{NOTHING}"));
    let places = us.post(LISTS).json(&list).send().await.expect_problem(422, "invalid-request").places();
    assert_eq!(places, ["#/channels/0", "#/groups/0", "#/groups/1", "#/basedOn"]);
}

pub async fn lists_are_based_on_each_other_and_never_in_a_circle(world: World) {
    let us = &world.ours.merchant;
    let mut lists = Vec::new();
    let mut base = json!(null);
    for name in ["first", "second", "third"] {
        let mut list = sale(&world, name);
        list["basedOn"] = base;
        lists.push(made(us, LISTS, &list).await);
        base = lists.last().unwrap()["id"].clone();
    }
    let [first, second, third] = [0, 1, 2].map(|number| at(LISTS, &lists[number]));
    let mut circle = sale(&world, "first");
    circle["basedOn"] = lists[2]["id"].clone();
    let refused = us.put(&first).json(&circle).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/basedOn"]);
    for path in [&first, &second] {
        us.delete(path).send().await.expect_problem(409, "price-list-in-use");
    }
    for path in [third, second, first] {
        us.delete(&path).send().await.expect(204);
    }
}

pub async fn rules_are_put_listed_and_deleted(world: World) {
    let us = &world.ours.merchant;
    let sold = world.sell("tent", "100.00", 5).await;
    // Others buy in the same shop: what is for all products is in a list that is not in force.
    let mut tiers = sale(&world, "tiers");
    tiers["active"] = json!(false);
    let path = at(LISTS, &made(us, LISTS, &tiers).await);
    let product = us.get(&format!("/api/v1/products/{}", world.name("tent"))).send().await.expect(200).json();
    let (variant, product) = (json!({ "variant": sold.variant }), json!({ "product": product["id"] }));
    let euros = |amount: &str| json!({ "fixed": { "amount": amount, "currency": "EUR" } });
    let rule =
        |target: &Value, from: u16, price: Value| json!({ "target": target, "minQuantity": from, "price": price });
    let all = json!("all");
    let rules = [
        rule(&all, 1, json!({ "changePpm": -50_000 })),
        rule(&product, 1, json!({ "changePpm": -100_000 })),
        rule(&variant, 1, euros("90.00")),
        rule(&variant, 10, euros("80.00")),
    ];
    let path = format!("{path}/rules");
    let put = |rules: Value| us.put(&path).json(&json!({ "rules": rules })).send();
    let list = put(json!(rules)).await.expect(200);
    assert_eq!((list.the("etag"), &list.json()["ruleCount"]), ("\"2\"", &json!(4)));
    assert_eq!(pages(us, &path).await, rules);
    let of = |name: &str, id: &Value| format!("{path}?{name}={}", id.as_str().unwrap());
    assert_eq!(pages(us, &of("variantId", &variant["variant"])).await, rules[2..]);
    assert_eq!(pages(us, &of("productId", &product["product"])).await, rules[1..2]);
    assert_eq!(pages(us, &format!("{path}?all=true")).await, rules[..1]);

    // The same once more is another price; all others stay.
    let cheaper = rule(&variant, 10, euros("75.00"));
    assert_eq!(put(json!([cheaper])).await.expect(200).json()["ruleCount"], 4);
    assert_eq!(pages(us, &of("variantId", &variant["variant"])).await, [rules[2].clone(), cheaper]);

    // Wrong ones are all told, and none is written.
    let wrong = json!([
        rule(&json!({ "variant": format!("var_{NOTHING}") }), 1, euros("1.00")),
        rule(&all, 5, json!({ "changePpm": -1_000_001 })),
        rule(&variant, 7, euros("1.00")),
        rule(&variant, 7, euros("2.00")),
    ]);
    let mut places = put(wrong).await.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/rules/0/target", "#/rules/1/price", "#/rules/3"]);
    assert_eq!(put(json!([])).await.expect_problem(422, "invalid-request").places(), ["#/rules"]);
    let many = json!(vec![rule(&all, 1, euros("1.00")); 1_001]);
    assert_eq!(put(many).await.expect_problem(422, "invalid-request").places(), ["#/rules"]);
    let tiers = |of: u16| json!((1..=of).map(|from| rule(&all, from, euros("1.00"))).collect::<Vec<_>>());
    put(tiers(101)).await.expect_problem(409, "too-many-price-tiers");
    let stale = us.put(&path).header("if-match", "\"1\"").json(&json!({ "rules": [rules[0]] })).send().await;
    stale.expect_problem(412, "version-mismatch");
    assert_eq!(pages(us, &path).await.len(), 4);

    // Named ones go, and then all.
    let gone = async |query: &str| us.delete(&format!("{path}?{query}")).send().await;
    let variant = variant["variant"].as_str().unwrap();
    gone(&format!("variantId={variant}&minQuantity=10")).await.expect(204);
    gone(&format!("variantId={variant}&currency=USD")).await.expect(204);
    assert_eq!(pages(us, &path).await, rules[..3]);
    for wrong in ["minQuantity=10", "currency=EUR", "all=no", &format!("all=true&variantId={variant}")] {
        gone(wrong).await.expect_problem(422, "invalid-request");
    }
    gone("all=true").await.expect(204);
    assert_eq!(pages(us, &path).await, rules[1..3]);
    us.delete(&path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    us.delete(&path).send().await.expect(204);
    assert_eq!(pages(us, &path).await, [] as [Value; 0]);
}

pub async fn customers_are_put_into_groups(world: World) {
    let us = &world.ours.merchant;
    let create = || {
        us.post(GROUPS).header("idempotency-key", world.name("once")).json(&json!({ "name": world.name("b2b") })).send()
    };
    let group = create().await.expect(201);
    assert!(create().await.expect(201).is_replayed());
    let path = group.the("location").to_owned();
    let taken = us.post(GROUPS).json(&json!({ "name": world.name("b2b") })).send().await;
    assert_eq!(taken.expect_problem(422, "invalid-request").places(), ["#/name"]);
    for wrong in [json!({}), json!({ "name": " " }), json!({ "name": "x", "tier": 1 })] {
        us.post(GROUPS).json(&wrong).send().await.expect_problem(422, "invalid-request");
    }
    let other = at(GROUPS, &made(us, GROUPS, &json!({ "name": world.name("other") })).await);
    let rename = |version: &str, name: &str| {
        us.patch(&path).header("if-match", version).json(&json!({ "name": world.name(name) })).send()
    };
    assert_eq!(rename("\"1\"", "other").await.expect_problem(422, "invalid-request").places(), ["#/name"]);
    assert_eq!(rename("\"1\"", "resellers").await.expect(200).the("etag"), "\"2\"");
    rename("\"1\"", "x").await.expect_problem(412, "version-mismatch");
    assert_eq!(us.get(&path).send().await.expect(200).json()["name"], world.name("resellers"));
    let ids: Vec<Value> = pages(us, GROUPS).await.into_iter().map(|group| group["id"].clone()).collect();
    assert!(ids.contains(&group.json()["id"]), "{ids:?}");

    let emails = ["ada", "grace"].map(|name| world.email(name));
    let mut accounts = Vec::new();
    for email in &emails {
        sign_up(&world, email).await;
        let found = us.get("/api/v1/customers").query(&[("filter[email]", email)]).send().await.expect(200).json();
        accounts.push(found["items"][0]["id"].as_str().unwrap().to_owned());
    }
    let member = |account: &str| format!("{path}/members/{account}");
    for account in [&accounts[0], &accounts[1], &accounts[0]] {
        us.put(&member(account)).send().await.expect(204);
    }
    accounts.sort();
    let members = async || {
        let found = pages(us, &format!("{path}/members")).await;
        found.into_iter().map(|member| member["accountId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(members().await, accounts);
    for _ in 0..2 {
        us.delete(&member(&accounts[0])).send().await.expect(204);
    }
    assert_eq!(members().await, accounts[1..]);
    us.put(&member(&format!("usr_{NOTHING}"))).send().await.expect_problem(404, "not-found");

    us.delete(&path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    for path in [&path, &other] {
        us.delete(path).send().await.expect(204);
        us.get(&format!("{path}/members")).send().await.expect_problem(404, "not-found");
    }
}

pub async fn rates_are_kept_with_their_history(world: World) {
    let us = &world.ours.merchant;
    // Days of long ago, and a pair that no other story has.
    let day = |day: u8| format!("1999-01-{day:02}T15:00:00.000Z");
    let put = |from: u8, pairs: Value| {
        let body = json!({ "source": "ecb", "asOf": day(from), "validUntil": day(from + 2), "rates": pairs });
        us.put(RATES).json(&body).send()
    };
    let pair = |quote: &str, rate: &str| json!({ "base": "XAF", "quote": quote, "rate": rate });
    put(4, json!([pair("BIF", "3.50"), pair("CDF", "4.5")])).await.expect(204);
    put(6, json!([pair("BIF", "3.6")])).await.expect(204);
    let known = async |moment: String| {
        let found = pages(us, &format!("{RATES}?at={moment}")).await;
        let own = found.into_iter().filter(|rate| rate["base"] == "XAF");
        own.map(|rate| (rate["quote"].clone(), rate["rate"].clone())).collect::<Vec<_>>()
    };
    let of = |quote: &str, rate: &str| (json!(quote), json!(rate));
    assert_eq!(known(day(3)).await, []);
    assert_eq!(known(day(5)).await, [of("BIF", "3.5"), of("CDF", "4.5")]);
    assert_eq!(known(day(7)).await, [of("BIF", "3.6"), of("CDF", "4.5")]);
    // A correction.
    put(6, json!([pair("BIF", "3.7")])).await.expect(204);
    assert_eq!(known(day(7)).await, [of("BIF", "3.7"), of("CDF", "4.5")]);
    assert_eq!(known(day(5)).await, [of("BIF", "3.5"), of("CDF", "4.5")]);
    let shown = pages(us, &format!("{RATES}?at={}", day(5))).await;
    let first = shown.iter().find(|rate| rate["base"] == "XAF").unwrap();
    assert_eq!(
        (&first["source"], &first["asOf"], &first["validUntil"]),
        (&json!("ecb"), &json!(day(4)), &json!(day(6)))
    );

    let delete = |query: &str| us.delete(&format!("{RATES}?{query}")).send();
    for (query, places) in [("quote=BIF", ["?base"]), ("base=XAF&quote=bif", ["?quote"])] {
        assert_eq!(delete(query).await.expect_problem(422, "invalid-request").places(), places);
    }
    world.theirs.merchant.delete(&format!("{RATES}?base=XAF&quote=BIF")).send().await.expect_problem(404, "not-found");
    delete("base=XAF&quote=BIF").await.expect(204);
    delete("base=XAF&quote=BIF").await.expect_problem(404, "not-found");
    assert_eq!(known(day(7)).await, [of("CDF", "4.5")]);

    let wrong = json!({
        "source": "", "asOf": day(6), "validUntil": day(6),
        "rates": [pair("XAF", "1"), pair("BIF", "0"), pair("CDF", "1"), pair("CDF", "2")],
    });
    let places = us.put(RATES).json(&wrong).send().await.expect_problem(422, "invalid-request").places();
    assert!(places.iter().any(|place| place.starts_with("#/rates")), "{places:?}");
    let wrong = json!({
        "source": "", "asOf": day(6), "validUntil": day(6), "rates": [pair("XAF", "1"), pair("CDF", "1"), pair("CDF", "2")],
    });
    let mut places = us.put(RATES).json(&wrong).send().await.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/rates/0/quote", "#/rates/2/quote", "#/source", "#/validUntil"]);
}

pub async fn endings_of_conversions_are_set(world: World) {
    let us = &world.ours.merchant;
    let shown = us.get(SETTINGS).send().await.expect(200);
    assert_eq!(shown.json()["settlementCurrency"], "EUR");
    assert_eq!(world.theirs.merchant.get(SETTINGS).send().await.expect(200).json()["settlementCurrency"], "BHD");
    let step = 1_000 + i64::try_from(world.mark.len()).unwrap();
    let body = json!({ "endings": [{ "currency": "KRW", "step": step, "offset": 900, "toward": "nearest" }] });
    let set = us.put(SETTINGS).json(&body).send().await.expect(200);
    assert_eq!(set.json()["endings"], body["endings"]);
    let stale = us.put(SETTINGS).header("if-match", "\"-1\"").json(&json!({ "endings": [] })).send().await;
    stale.expect_problem(412, "version-mismatch");
    let wrong = json!({ "endings": [
        { "currency": "KRW", "step": 10, "offset": 10, "toward": "up" },
        { "currency": "KRW", "step": 10, "offset": 0, "toward": "up" },
    ] });
    let places = us.put(SETTINGS).json(&wrong).send().await.expect_problem(422, "invalid-request").places();
    assert_eq!(places, ["#/endings/0/offset", "#/endings/1/currency"]);
}

pub async fn price_lists_are_their_tenants_own(world: World) {
    let us = &world.ours.merchant;
    let sold = world.sell("mug", "9.00", 5).await;
    let list = at(LISTS, &made(us, LISTS, &sale(&world, "ours")).await);
    let group = at(GROUPS, &made(us, GROUPS, &json!({ "name": world.name("ours") })).await);
    let them = &world.theirs.merchant;
    for path in [&list, &group, &format!("{list}/rules"), &format!("{group}/members")] {
        them.get(path).send().await.expect_problem(404, "not-found");
        // Wholesale prices are nothing for a storefront.
        world.ours.shopper.get(path).send().await.expect_problem(403, "missing-scope");
    }
    them.put(&list).json(&sale(&world, "theirs")).send().await.expect_problem(404, "not-found");
    let rules = json!({ "rules": [{ "target": "all", "price": { "changePpm": 0 } }] });
    them.put(&format!("{list}/rules")).json(&rules).send().await.expect_problem(404, "not-found");
    them.delete(&format!("{list}/rules")).send().await.expect_problem(404, "not-found");
    them.patch(&group).json(&json!({ "name": "x" })).send().await.expect_problem(404, "not-found");
    for path in [&list, &group] {
        them.delete(path).send().await.expect_problem(404, "not-found");
        us.get(path).send().await.expect(200);
    }
    // Nor do they set a price of what is ours in a list of theirs, or base theirs on ours.
    let own = at(LISTS, &made(them, LISTS, &sale(&world, "theirs")).await);
    let rules = json!({ "rules": [{ "target": { "variant": sold.variant }, "price": { "changePpm": 0 } }] });
    let refused = them.put(&format!("{own}/rules")).json(&rules).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/rules/0/target"]);
    let mut based = sale(&world, "based");
    based["basedOn"] = json!(list.rsplit('/').next().unwrap());
    let refused = them.put(&own).json(&based).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/basedOn"]);
}
