//! Orders that are allowed, looked at or blocked. Each story is of a shop of its own: rules are for all that it sells.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::sign_ups::own_shop;
use super::taxed::sell;
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::{Shop, World, order_form};

const SETTINGS: &str = "/api/v1/fraud-settings";
const REVIEWS: &str = "/api/v1/fraud-reviews";

const WITHIN: Duration = Duration::from_secs(20);

fn rule(reason: &str, outcome: &str, when: Value) -> Value {
    json!({ "reason": reason, "outcome": outcome, "when": when })
}

fn over(by: &str, count: i64) -> Value {
    json!([{ "kind": "count", "by": by, "over": count }])
}

/// Puts rules in the place of those before.
async fn judged_by(shop: &Shop, rules: Value) -> Value {
    let call = shop.merchant.call(Method::PUT, SETTINGS);
    call.json(&json!({ "rules": rules })).send().await.expect(200).json()
}

/// A checkout of one piece, with whatever is changed of the form.
async fn opened(shop: &Shop, variant: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut form = order_form(&shop.filled_cart(&[(variant, 1)]).await);
    change(&mut form);
    let checkout = shop.shopper.post("/api/v1/checkouts").json(&form).send().await.expect(201).json();
    checkout["id"].as_str().unwrap().to_owned()
}

async fn bought(shop: &Shop, variant: &str, key: &str, change: impl FnOnce(&mut Value)) -> Answer {
    shop.complete(&opened(shop, variant, change).await, key).await
}

async fn reviews(owner: &Client) -> Vec<Value> {
    let list = owner.get(REVIEWS).query(&[("limit", "250")]).send().await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

fn reasons(of: &Value) -> Vec<&str> {
    of["reasons"].as_array().unwrap().iter().map(|reason| reason["reason"].as_str().unwrap()).collect()
}

async fn logged(owner: &Client, subject: &str) -> Vec<Value> {
    let log = owner.get("/api/v1/audit-log").query(&[("filter[subject]", subject)]).send().await.expect(200).json();
    log["items"].as_array().unwrap().clone()
}

pub async fn an_order_is_placed_looked_at_or_refused(world: World) {
    let (shop, owner) = own_shop(&world, "judged", "EUR").await;
    let tent = sell(&shop, "tent", ["90.00", "EUR"], json!({})).await;
    let told = owner.get(SETTINGS).send().await.expect(200).json();
    assert_eq!(json!([told["rules"], told["withoutCounts"], told["version"]]), json!([[], "review", 0]));

    let far = json!([{ "kind": "order-total", "amount": { "amount": "90.00", "currency": "EUR" } },
        { "kind": "distance", "over": 5_000 }]);
    judged_by(&shop, json!([rule("dear-and-far", "review", far), rule("near", "allow", json!([]))])).await;
    let billed_to = |country: &'static str| {
        move |form: &mut Value| {
            form["billingAddress"] = form["shippingAddress"].clone();
            form["billingAddress"]["countryCode"] = json!(country);
        }
    };
    // Rules that count nothing cost nothing more.
    let mut orders = 0..;
    eventually("an order for two batches of SQL and no question to Redis", WITHIN, async || {
        let key = format!("near-{}", orders.next().unwrap());
        let spent = bought(&shop, &tent, &key, billed_to("FR")).await.expect(201).spent();
        (spent.sql == 2 && spent.redis == 0).then_some(())
    })
    .await;
    assert_eq!(reviews(&owner).await, Vec::<Value>::new());

    let far = bought(&shop, &tent, "far", billed_to("US")).await.expect(201).json();
    assert_eq!(far["billingAddress"]["countryCode"], "US");
    assert_eq!((far["state"].as_str(), far.get("reasons")), (Some("confirmed"), None));
    let [review] = reviews(&owner).await.try_into().unwrap();
    assert_eq!((review["orderId"].clone(), review["state"].as_str()), (far["id"].clone(), Some("open")));
    assert_eq!(reasons(&review), ["dear-and-far", "near"]);
    let signals = &review["signals"];
    assert_eq!(
        json!([signals["shippingCountry"], signals["billingCountry"], signals["counts"], signals["total"]["amount"]]),
        json!(["GB", "US", null, "90.00"])
    );
    assert!(signals["distanceKm"].as_i64().unwrap() > 5_000, "{signals}");

    // Whoever is refused hears nothing of why; the staff does.
    judged_by(
        &shop,
        json!([rule("not-to-them", "block", json!([{ "kind": "shipping-country", "countries": ["GB"] }]))]),
    )
    .await;
    let stock = shop.stock("tent").await;
    let checkout = opened(&shop, &tent, |_| {}).await;
    for _ in 0..2 {
        let refused = shop.complete(&checkout, "refused").await.expect_problem(422, "order-blocked");
        assert!(!String::from_utf8_lossy(&refused.body).contains("not-to-them"), "{refused}");
    }
    assert_eq!(shop.stock("tent").await, stock);
    let rows = logged(&owner, &checkout).await;
    let blocked = rows.iter().find(|row| row["action"] == "checkout.block").unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!(reasons(&blocked["after"]), ["not-to-them"]);
    // The same request is an order once the rule is gone, and stays one when it is back.
    judged_by(&shop, json!([])).await;
    let order = shop.complete(&checkout, "refused").await.expect(201).json();
    judged_by(&shop, json!([rule("nobody", "block", json!([]))])).await;
    let again = shop.complete(&checkout, "refused").await.expect(201);
    assert_eq!((again.json(), again.is_replayed()), (order, true));
}

pub async fn attempts_are_counted_by_email_and_by_address(world: World) {
    let (shop, owner) = own_shop(&world, "counted", "EUR").await;
    let mug = sell(&shop, "mug", ["5.00", "EUR"], json!({})).await;
    judged_by(&shop, json!([rule("third", "block", over("email", 2)), rule("crowd", "review", over("address", 3))]))
        .await;
    let by = |email: &'static str, line1: &'static str| {
        move |form: &mut Value| {
            form["email"] = json!(email);
            form["shippingAddress"]["line1"] = json!(line1);
        }
    };
    let (house, other) = ("12 St James's Square", "1 Other Street");
    bought(&shop, &mug, "ann-1", by("ann@example.com", house)).await.expect(201);
    bought(&shop, &mug, "ann-2", by("Ann@Example.com", other)).await.expect(201);
    let third = opened(&shop, &mug, by("ann@example.com", other)).await;
    for _ in 0..3 {
        shop.complete(&third, "ann-3").await.expect_problem(422, "order-blocked");
    }
    // Repeats count once: it is still the third.
    let judged = json!([rule("fourth", "block", over("email", 3)), rule("crowd", "review", over("address", 3))]);
    judged_by(&shop, judged).await;
    shop.complete(&third, "ann-3").await.expect(201);
    bought(&shop, &mug, "ann-4", by("ann@example.com", "2 Third Street")).await.expect_problem(422, "order-blocked");

    // Another buyer is nobody that was seen; an address is the same however it is written.
    bought(&shop, &mug, "ben", by("ben@example.com", "12, ST. JAMES'S SQUARE")).await.expect(201);
    bought(&shop, &mug, "cam", by("cam@example.com", house)).await.expect(201);
    assert_eq!(reviews(&owner).await, Vec::<Value>::new());
    let order = bought(&shop, &mug, "dan", by("dan@example.com", "12 St. James’s square")).await.expect(201).json();
    let [review] = reviews(&owner).await.try_into().unwrap();
    assert_eq!((&review["orderId"], reasons(&review)), (&order["id"], vec!["crowd"]));
    let counts = &review["signals"]["counts"];
    assert_eq!(json!([counts["email"], counts["address"]]), json!([1, 4]));
    assert!(!review.to_string().contains("example.com"), "{review}");
}

pub async fn of_many_at_once_no_more_get_through_than_may(world: World) {
    let (shop, _) = own_shop(&world, "crowd", "EUR").await;
    let mug = sell(&shop, "mug", ["5.00", "EUR"], json!({})).await;
    judged_by(&shop, json!([rule("fourth", "block", over("email", 3))])).await;
    let mut checkouts = Vec::new();
    for _ in 0..8 {
        checkouts.push(opened(&shop, &mug, |_| {}).await);
    }
    let completed = checkouts
        .iter()
        .enumerate()
        .map(async |(at, checkout)| shop.complete(checkout, &format!("crowd-{at}")).await.status);
    let mut answers = join_all(completed).await;
    answers.sort_unstable();
    assert_eq!(answers, [201, 201, 201, 422, 422, 422, 422, 422]);
}

pub async fn the_staff_decides_once(world: World) {
    let (shop, owner) = own_shop(&world, "decided", "EUR").await;
    let mug = sell(&shop, "mug", ["5.00", "EUR"], json!({})).await;
    judged_by(&shop, json!([rule("all", "review", json!([]))])).await;
    for key in ["a", "b", "c"] {
        bought(&shop, &mug, key, |_| {}).await.expect(201);
    }
    let open = reviews(&owner).await;
    let path = |review: &Value| format!("{REVIEWS}/{}", review["id"].as_str().unwrap());
    let [first, second, third] = [path(&open[0]), path(&open[1]), path(&open[2])];
    let decide = |path: &str, decision: &str| owner.post(&format!("{path}/{decision}"));

    let shown = owner.get(&first).send().await.expect(200);
    assert_eq!((shown.the("etag"), shown.json()), ("\"1\"", open[0].clone()));
    let refused = decide(&first, "reject").json(&json!({})).send().await.expect_problem(422, "invalid-request");
    assert_eq!(refused.places(), ["#/note"]);
    let stale = decide(&first, "approve").header("if-match", "\"2\"").json(&json!({})).send().await;
    stale.expect_problem(412, "version-mismatch");
    let body = json!({ "note": "Called back; it is them." });
    let approved = decide(&first, "approve").header("if-match", "\"1\"").json(&body).send().await.expect(200).json();
    assert_eq!(json!([approved["state"], approved["note"], approved["version"]]), json!(["approved", body["note"], 2]));
    assert!(approved["decidedAt"].is_string() && approved["decidedBy"].is_string(), "{approved}");
    // The same again is as it was; the other decision comes too late.
    assert_eq!(decide(&first, "approve").json(&json!({})).send().await.expect(200).json(), approved);
    decide(&first, "reject").json(&body).send().await.expect_problem(409, "fraud-review-decided");
    assert_eq!(logged(&owner, approved["id"].as_str().unwrap()).await.len(), 1);

    // Two at once: one of them has decided.
    let both = ["approve", "reject"].map(|decision| decide(&second, decision).json(&body).send());
    let mut statuses: Vec<u16> = join_all(both).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    decide(&third, "reject").json(&body).send().await.expect(200);

    // The open ones first, the oldest of them before; page by page.
    let order = bought(&shop, &mug, "d", |_| {}).await.expect(201).json();
    let page = owner.get(&format!("{REVIEWS}?limit=1")).send().await.expect(200).json();
    assert_eq!((&page["items"][0]["orderId"], page["items"][0]["state"].as_str()), (&order["id"], Some("open")));
    let next = format!("{REVIEWS}?limit=250&cursor={}", page["nextCursor"].as_str().unwrap());
    let rest = owner.get(&next).send().await.expect(200).json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0]["id"]), (3, &approved["id"]));

    // Another shop's staff finds none of them, and shoppers may not look.
    let theirs = &world.theirs.merchant;
    theirs.get(&first).send().await.expect_problem(404, "not-found");
    theirs.post(&format!("{third}/approve")).json(&json!({})).send().await.expect_problem(404, "not-found");
    shop.shopper.get(REVIEWS).send().await.expect_problem(403, "missing-scope");
}

pub async fn rules_are_replaced_and_tried(world: World) {
    let (_, owner) = own_shop(&world, "rules", "EUR").await;
    let put = |body: &Value| owner.call(Method::PUT, SETTINGS).json(body);
    let wrong = json!({
        "rules": [
            rule("Shouted", "refuse", json!([{ "kind": "count", "by": "phone", "over": 1_001 }])),
            rule("twice", "review", json!([{ "kind": "first-order", "over": 1 }, { "kind": "mood" }])),
            rule("twice", "review", json!([{ "kind": "billing-country", "countries": ["XX"] }])),
            rule("counters-unavailable", "allow", json!([])),
        ],
        "windows": { "email": 59 },
        "timeoutMillis": 5_001,
        "withoutCounts": "perhaps",
    });
    let refused = put(&wrong).send().await.expect_problem(422, "invalid-request");
    for place in [
        "#/rules/0/reason",
        "#/rules/0/outcome",
        "#/rules/0/when/0/by",
        "#/rules/0/when/0/over",
        "#/rules/1/when/0/over",
        "#/rules/1/when/1/kind",
        "#/rules/2/when/0/countries/0",
        "#/rules/3/reason",
        "#/windows/email",
        "#/timeoutMillis",
        "#/withoutCounts",
    ] {
        assert!(refused.places().iter().any(|named| named == place), "{place}: {refused}");
    }
    let body = json!({
        "rules": [
            rule("seen-often", "block", json!([{ "kind": "count", "by": "card", "over": 3 }])),
            rule("provider-warns", "review", json!([{ "kind": "provider-risk", "level": "elevated" }])),
            rule("abroad", "review", json!([{ "kind": "countries-differ" }, { "kind": "first-order" }])),
        ],
        "windows": { "card": 86_400 },
        "timeoutMillis": 200,
        "withoutCounts": "allow",
    });
    let kept = put(&body).header("if-match", "\"0\"").send().await.expect(200);
    assert_eq!(kept.the("etag"), "\"1\"");
    let told = kept.json();
    assert_eq!(json!([told["rules"], told["timeoutMillis"]]), json!([body["rules"], 200]));
    assert_eq!(told["windows"], json!({ "email": 3_600, "address": 3_600, "ip": 3_600, "card": 86_400 }));
    put(&body).header("if-match", "\"0\"").send().await.expect_problem(412, "version-mismatch");
    assert_eq!(put(&body).send().await.expect(200).json(), told, "the same again is no change");
    assert_eq!(owner.get(SETTINGS).send().await.expect(200).json(), told);

    let preview = async |signals: Value| {
        let call = owner.post(&format!("{SETTINGS}/preview")).json(&signals);
        let verdict = call.send().await.expect(200).json();
        let told: Vec<String> = reasons(&verdict).into_iter().map(str::to_owned).collect();
        json!([verdict["outcome"], told])
    };
    let nothing = json!({ "counts": {} });
    assert_eq!(preview(nothing).await, json!(["allow", []]));
    assert_eq!(preview(json!({})).await, json!(["allow", ["counters-unavailable"]]));
    let all = json!({
        "counts": { "card": 4 }, "shippingCountry": "DE", "billingCountry": "AT", "firstOrder": true,
        "providerRisk": "highest",
    });
    assert_eq!(preview(all).await, json!(["block", ["seen-often", "provider-warns", "abroad"]]));
    // What another shop has laid down is another's.
    let theirs = world.theirs.merchant.get(SETTINGS).send().await.expect(200).json();
    assert_ne!(theirs["rules"], told["rules"]);
}
