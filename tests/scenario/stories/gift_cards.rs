//! Gift cards and store credit: the staff gives them, and they pay for orders.

use std::time::Duration;

use serde_json::{Value, json};

use super::people::{PASSWORD, register, sign_up};
use super::sessions::{as_person, log_in, log_in_with};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::{Shop, World};

pub const CARDS: &str = "/api/v1/gift-cards";

fn euros(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

fn owed() -> Value {
    json!({ "provider": "manual", "method": "on-account" })
}

/// A new card with so many euros, its code among what is told.
pub async fn issued(shop: &Shop, amount: &str) -> Value {
    let body = json!({ "amount": euros(amount) });
    shop.merchant.post(CARDS).json(&body).send().await.expect(201).json()
}

fn path(card: &Value) -> String {
    format!("{CARDS}/{}", card["id"].as_str().unwrap())
}

async fn shown(shop: &Shop, card: &Value) -> Value {
    shop.merchant.get(&path(card)).send().await.expect(200).json()
}

async fn balance(shop: &Shop, card: &Value) -> Value {
    shown(shop, card).await["balance"]["amount"].clone()
}

async fn looked_up(client: &Client, code: &Value) -> Answer {
    client.post(&format!("{CARDS}/lookup")).json(&json!({ "code": code })).send().await
}

async fn completed(client: &Client, checkout: &str, key: &str, body: &Value) -> Answer {
    let call = client.post(&format!("/api/v1/checkouts/{checkout}/complete")).header("idempotency-key", key);
    call.json(body).send().await
}

/// The newest entries of a card or of credit: what each moved, what was there then, and why.
async fn moves(client: &Client, list: &str) -> Value {
    let page = client.get(list).send().await.expect(200).json();
    let of = |entry: &Value| {
        json!([entry["type"], entry["amount"]["amount"], entry["balance"]["amount"], entry["reason"], entry["orderId"]])
    };
    page["items"].as_array().unwrap().iter().map(of).collect()
}

pub async fn a_card_is_issued_once_and_its_code_told_once(world: World) {
    let body = json!({ "amount": euros("50.00"), "expiresAt": "2999-01-01T00:00:00.000Z", "note": "For Grace" });
    let issue = || world.ours.merchant.post(CARDS).header("idempotency-key", world.name("issue")).json(&body).send();
    let (first, again) = (issue().await.expect(201), issue().await.expect(201));
    assert!(again.is_replayed() && first.body == again.body, "{again}");
    let card = first.json();
    let code = card["code"].as_str().unwrap();
    assert_eq!(code.len(), 19, "XXXX-XXXX-XXXX-XXXX");
    assert!(code.ends_with(card["lastFour"].as_str().unwrap()), "{card}");
    assert_eq!(
        json!([card["state"], card["balance"], card["issued"], card["expiresAt"], card["note"], card["version"]]),
        json!(["active", euros("50.00"), euros("50.00"), "2999-01-01T00:00:00.000Z", "For Grace", 1])
    );
    let mut without = card.clone();
    without.as_object_mut().unwrap().remove("code");
    let found = world.ours.merchant.get(first.the("location")).send().await.expect(200);
    assert_eq!((found.json(), found.the("etag")), (without, "\"1\""));
    assert!(found.spent().sql <= 1, "{found}");

    // Whoever has the code reads it as it is printed, or as people type it.
    for typed in [code.to_owned(), code.to_lowercase().replace('-', " ")] {
        let told = looked_up(&world.ours.shopper, &json!(typed)).await.expect(200).json();
        let expected =
            json!({ "lastFour": card["lastFour"], "balance": euros("50.00"), "expiresAt": card["expiresAt"] });
        assert_eq!(told, expected);
    }
    assert_eq!(
        moves(&world.ours.merchant, &format!("{}/entries", path(&card))).await,
        json!([["issue", "50.00", "50.00", null, null],])
    );

    // One that is printed already is a store's own.
    let printed = world.name("printed card").to_uppercase().replace('-', "");
    let printed = format!("{printed:0<24}").chars().filter(char::is_ascii_alphanumeric).take(32).collect::<String>();
    let body = json!({ "amount": euros("5.00"), "code": printed });
    let told = world.ours.merchant.post(CARDS).json(&body).send().await.expect(201).json();
    assert_eq!(looked_up(&world.ours.shopper, &told["code"]).await.expect(200).json()["balance"], euros("5.00"));
    let twice = world.ours.merchant.post(CARDS).json(&body).send().await.expect_problem(422, "invalid-request");
    assert_eq!(twice.places(), ["#/code"]);
    let wrong = json!({ "amount": euros("0.00"), "code": "short", "note": "", "amountt": 1 });
    let wrong = world.ours.merchant.post(CARDS).json(&wrong).send().await.expect_problem(422, "invalid-request");
    assert_eq!(wrong.places().len(), 4, "{wrong}");
    let most = json!({ "amount": euros("10000000.00") });
    world.ours.merchant.post(CARDS).json(&most).send().await.expect(201);
    let more = json!({ "amount": euros("10000000.01") });
    let more = world.ours.merchant.post(CARDS).json(&more).send().await.expect_problem(422, "invalid-request");
    assert_eq!(more.json()["errors"][0]["detail"], "must be 10000000.00 EUR at most", "{more}");
    let over = json!({ "amount": euros("1.00"), "expiresAt": "2001-01-01T00:00:00Z" });
    let over = world.ours.merchant.post(CARDS).json(&over).send().await.expect_problem(422, "invalid-request");
    assert_eq!(over.places(), ["#/expiresAt"]);
}

pub async fn what_is_on_a_card_is_corrected_with_a_reason_and_never_below_zero(world: World) {
    let card = issued(&world.ours, "10.00").await;
    let adjustments = format!("{}/adjustments", path(&card));
    let adjust = async |amount: &str, key: &str| {
        let body = json!({ "amount": euros(amount), "reason": "Wrong amount" });
        let call = world.ours.merchant.post(&adjustments).header("idempotency-key", world.name(key));
        call.json(&body).send().await
    };
    assert_eq!(adjust("-7.50", "less").await.expect(201).json()["balance"], euros("2.50"));
    assert!(adjust("-7.50", "less").await.expect(201).is_replayed());
    let refused = adjust("-2.51", "too much").await.expect_problem(409, "balance-insufficient");
    assert_eq!(refused.json()["balance"], euros("2.50"));
    assert_eq!(adjust("0.01", "more").await.expect(201).json()["balance"], euros("2.51"));
    let huge = adjust("90071992547409.91", "huge").await.expect_problem(422, "invalid-request");
    assert_eq!(huge.places(), ["#/amount"]);
    let yen = json!({ "amount": { "amount": "5", "currency": "JPY" }, "reason": "x" });
    let yen = world.ours.merchant.post(&adjustments).json(&yen).send().await.expect_problem(422, "invalid-request");
    assert_eq!(yen.places(), ["#/amount/currency"]);
    let nothing = json!({ "amount": euros("0.00") });
    let nothing = world.ours.merchant.post(&adjustments).json(&nothing).send().await.expect(422);
    assert_eq!(nothing.places(), ["#/amount", "#/reason"]);

    let entries = format!("{}/entries", path(&card));
    let expected = json!([
        ["adjust", "0.01", "2.51", "Wrong amount", null],
        ["adjust", "-7.50", "2.50", "Wrong amount", null],
        ["issue", "10.00", "10.00", null, null],
    ]);
    assert_eq!(moves(&world.ours.merchant, &entries).await, expected);
    let first = world.ours.merchant.get(&format!("{entries}?limit=2")).send().await.expect(200).json();
    let next = first["nextCursor"].as_str().unwrap();
    assert_eq!(moves(&world.ours.merchant, &format!("{entries}?cursor={next}")).await, json!([expected[2]]));
}

pub async fn a_disabled_card_pays_for_nothing_until_it_is_enabled(world: World) {
    let card = issued(&world.ours, "10.00").await;
    let set = async |state: &str, version: &str| {
        let call = world.ours.merchant.post(&format!("{}/{state}", path(&card))).header("if-match", version);
        call.send().await
    };
    let stale = set("disable", "\"7\"").await.expect_problem(412, "version-mismatch");
    assert_eq!(stale.json()["version"], 1);
    let disabled = set("disable", "\"1\"").await.expect(200);
    assert_eq!((disabled.json()["state"].as_str(), disabled.the("etag")), (Some("disabled"), "\"2\""));
    assert_eq!(set("disable", "\"2\"").await.expect(200).json()["version"], 2, "it stays so");
    // As if there were no such card.
    let nothing = looked_up(&world.ours.shopper, &json!("0000-0000-0000-0000")).await.expect_problem(404, "not-found");
    let gone = looked_up(&world.ours.shopper, &card["code"]).await.expect_problem(404, "not-found");
    let without_id = |answer: &Answer| {
        let mut told = answer.json();
        told.as_object_mut().unwrap().remove("requestId");
        told
    };
    assert_eq!(without_id(&gone), without_id(&nothing));
    let sold = world.sell("mug", "4.00", 10).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let body = json!({ "giftCards": [card["code"]] });
    let pay = || completed(&world.ours.shopper, &checkout, &checkout, &body);
    let refused = pay().await.expect_problem(409, "tenders-not-available").json();
    assert_eq!(
        refused["giftCards"],
        json!([{ "index": 0, "lastFour": card["lastFour"], "problem": "unknown" }]),
        "{refused}"
    );
    set("enable", "\"2\"").await.expect(200);
    pay().await.expect(201);
    assert_eq!(balance(&world.ours, &card).await, "6.00");
}

pub async fn cards_are_listed_newest_first_and_found_by_what_is_known_of_them(world: World) {
    let mut cards = Vec::new();
    for amount in ["1.00", "2.00", "3.00"] {
        cards.push(issued(&world.ours, amount).await);
    }
    world.ours.merchant.post(&format!("{}/disable", path(&cards[1]))).send().await.expect(200);
    let listed = async |query: String| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.ours.merchant.get(&format!("{CARDS}?limit=2{query}{cursor}")).send().await.expect(200);
            found.extend(page.json()["items"].as_array().unwrap().iter().cloned());
            match page.json()["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let ours = |card: &Value| cards.iter().position(|own| own["id"] == card["id"]);
        found.iter().filter_map(ours).collect::<Vec<_>>()
    };
    assert_eq!(listed(String::new()).await, [2, 1, 0]);
    assert_eq!(listed("&filter[state]=disabled".to_owned()).await, [1]);
    assert_eq!(listed("&filter[state]=active".to_owned()).await, [2, 0]);
    let last_four = cards[0]["lastFour"].as_str().unwrap().to_lowercase();
    assert_eq!(listed(format!("&filter[lastFour]={last_four}")).await, [0]);
    assert_eq!(listed(format!("&filter[lastFour]={last_four}&filter[state]=disabled")).await, [0; 0]);
    // As it is printed: what looks like a digit is read as one.
    let printed = format!("{}{}", world.name("looks").to_uppercase(), "0000000000000000");
    let printed: String = printed.chars().filter(char::is_ascii_alphanumeric).take(28).chain("COIL".chars()).collect();
    let body = json!({ "amount": euros("4.00"), "code": printed });
    cards.push(world.ours.merchant.post(CARDS).json(&body).send().await.expect(201).json());
    let last = cards[3]["id"].clone();
    let found = world.ours.merchant.get(&format!("{CARDS}?filter[lastFour]=coil")).send().await.expect(200).json();
    assert!(found["items"].as_array().unwrap().iter().any(|card| card["id"] == last), "{found}");
    let wrong = world.ours.merchant.get(&format!("{CARDS}?filter[state]=x&filter[lastFour]=12")).send().await;
    assert_eq!(wrong.expect(422).places().len(), 2);
}

pub async fn cards_pay_in_their_order_and_the_rest_is_due(world: World) {
    let (small, large) = (issued(&world.ours, "3.00").await, issued(&world.ours, "100.00").await);
    let unneeded = issued(&world.ours, "9.00").await;
    let sold = world.sell("pan", "10.00", 10).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;

    // Without a word on how the rest is paid nothing is sold, and nothing moved.
    let body = json!({ "giftCards": [small["code"]] });
    let refused = completed(&world.ours.shopper, &checkout, &checkout, &body).await;
    assert_eq!(refused.expect_problem(422, "payment-required").json()["due"], euros("7.00"));
    assert_eq!(balance(&world.ours, &small).await, "3.00");

    let body = json!({ "giftCards": [small["code"]], "payment": owed() });
    let first = completed(&world.ours.shopper, &checkout, &world.name("first"), &body).await.expect(201);
    assert_eq!((first.spent().sql, first.json()["total"].clone()), (2, euros("10.00")), "one read and one commit");
    let order = first.json();
    assert_eq!(
        order["tenders"],
        json!([{ "type": "gift-card", "giftCardId": small["id"], "lastFour": small["lastFour"],
            "amount": euros("3.00") }])
    );
    let told = json!([order["payment"]["amount"], order["payment"]["state"], order["paymentState"]]);
    assert_eq!(told, json!([euros("7.00"), "pending", "pending"]));
    let again = completed(&world.ours.shopper, &checkout, &world.name("first"), &body).await.expect(201);
    assert!(again.is_replayed() && again.body == first.body, "{again}");
    let order_path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(world.ours.merchant.get(&order_path).send().await.expect(200).body, first.body);
    // Whoever asks with another key hears that it was placed, though the card has nothing more.
    let other = completed(&world.ours.shopper, &checkout, &world.name("other"), &body).await;
    assert_eq!(other.expect_problem(409, "checkout-completed").json()["orderId"], order["id"]);
    let entries = moves(&world.ours.merchant, &format!("{}/entries", path(&small))).await;
    assert_eq!(entries[0], json!(["redeem", "-3.00", "0.00", null, order["id"]]));

    let (checkout, key) = (world.ours.opened(&[(&sold.variant, 3)]).await, world.name("second"));
    let body = json!({ "giftCards": [large["code"], unneeded["code"]], "payment": owed() });
    let order = completed(&world.ours.shopper, &checkout, &key, &body).await.expect(201).json();
    assert_eq!(order["tenders"].as_array().unwrap().len(), 1, "what is not needed pays nothing: {order}");
    assert_eq!(balance(&world.ours, &large).await, "70.00");
    assert_eq!(balance(&world.ours, &unneeded).await, "9.00");
}

pub async fn an_order_that_cards_pay_needs_no_payment(world: World) {
    let card = issued(&world.ours, "25.00").await;
    let sold = world.sell("pot", "12.50", 10).await;
    for (at, payment) in [None, Some(owed())].into_iter().enumerate() {
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        let mut body = json!({ "giftCards": [card["code"]] });
        if let Some(payment) = payment {
            body["payment"] = payment;
        }
        let order = completed(&world.ours.shopper, &checkout, &checkout, &body).await.expect(201).json();
        assert_eq!((order.get("payment"), order["paymentState"].as_str()), (None, Some("captured")), "{at}: {order}");
    }
    assert_eq!(balance(&world.ours, &card).await, "0.00");
    // An order has to be paid by somebody.
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let nobody = completed(&world.ours.shopper, &checkout, &checkout, &json!({})).await;
    assert_eq!(nobody.expect_problem(422, "invalid-request").places(), ["#/payment"]);
}

pub async fn everything_that_cannot_be_used_is_told_at_once(world: World) {
    let card = issued(&world.ours, "5.00").await;
    let yen = json!({ "amount": { "amount": "500", "currency": "JPY" } });
    let yen = world.ours.merchant.post(CARDS).json(&yen).send().await.expect(201).json();
    let spent = issued(&world.ours, "1.00").await;
    let nothing = json!({ "amount": euros("-1.00"), "reason": "Spent" });
    world.ours.merchant.post(&format!("{}/adjustments", path(&spent))).json(&nothing).send().await.expect(201);
    let sold = world.sell("cup", "10.00", 10).await;
    let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
    let body = json!({
        "giftCards": [card["code"], "0000-0000-0000-0000", yen["code"], spent["code"]],
        "storeCredit": {},
        "payment": owed(),
    });
    let refused = completed(&world.ours.shopper, &checkout, &checkout, &body).await;
    let refused = refused.expect_problem(409, "tenders-not-available").json();
    assert_eq!(
        refused["giftCards"],
        json!([
            { "index": 1, "lastFour": "0000", "problem": "unknown" },
            { "index": 2, "lastFour": yen["lastFour"], "problem": "other-currency" },
            { "index": 3, "lastFour": spent["lastFour"], "problem": "insufficient", "balance": euros("0.00") },
        ])
    );
    // Nobody is logged in.
    assert_eq!(refused["storeCredit"], json!({ "problem": "unknown" }));
    let twice = json!({ "giftCards": [card["code"], card["code"], "x"], "storeCredit": { "amount": euros("-1.00") } });
    let twice =
        completed(&world.ours.shopper, &checkout, &checkout, &twice).await.expect_problem(422, "invalid-request");
    assert_eq!(twice.places(), ["#/giftCards/1", "#/giftCards/2", "#/storeCredit/amount"]);
    assert_eq!(balance(&world.ours, &card).await, "5.00");
    assert_eq!(world.ours.stock(&sold.handle).await, [10]);
}

pub async fn a_customer_pays_with_the_own_credit_alone(world: World) {
    let own = async |name: &str| {
        let email = world.email(name);
        sign_up(&world, &email).await;
        as_person(&world, &log_in_with(&world.ours, &email, "correct horse battery").await.expect(200))
    };
    let (grace, ada) = (own("grace").await, own("ada").await);
    let mine = "/api/v1/customers/me/store-credit";
    let id = grace.get("/api/v1/auth/me").send().await.expect(200).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(grace.get(mine).send().await.expect(200).json(), json!({ "balances": [] }));
    let credit = format!("/api/v1/customers/{id}/store-credit");
    let grant = async |amount: Value, reason: &str| {
        let body = json!({ "amount": amount, "reason": reason });
        world.ours.merchant.post(&credit).header("idempotency-key", world.name(reason)).json(&body).send().await
    };
    grant(euros("20.00"), "Late parcel").await.expect(201);
    assert!(grant(euros("20.00"), "Late parcel").await.expect(201).is_replayed());
    grant(json!({ "amount": "500", "currency": "JPY" }), "In Japan").await.expect(201);
    let balances = grant(euros("-5.00"), "Too much").await.expect(201).json();
    assert_eq!(balances, json!({ "balances": [euros("15.00"), { "amount": "500", "currency": "JPY" }] }));
    let refused = grant(euros("-15.01"), "More").await.expect_problem(409, "balance-insufficient");
    assert_eq!(refused.json()["balance"], euros("15.00"));
    assert_eq!(grace.get(mine).send().await.expect(200).json(), balances);
    assert_eq!(world.ours.merchant.get(&credit).send().await.expect(200).json(), balances);

    let sold = world.sell("lamp", "8.00", 50).await;
    let pay = async |client: &Client, credit: Value, rest: Option<Value>| {
        let checkout = world.ours.opened(&[(&sold.variant, 1)]).await;
        let mut body = json!({ "storeCredit": credit });
        if let Some(rest) = rest {
            body["payment"] = rest;
        }
        completed(client, &checkout, &checkout, &body).await
    };
    // As much as is wanted, as much as is needed, and what is left of it.
    let order = pay(&grace, json!({ "amount": euros("2.00") }), Some(owed())).await.expect(201).json();
    assert_eq!(order["tenders"], json!([{ "type": "store-credit", "amount": euros("2.00") }]));
    assert_eq!(order["payment"]["amount"], euros("6.00"));
    let second = pay(&grace, json!({}), None).await.expect(201).json();
    assert_eq!((second["tenders"][0]["amount"].clone(), second.get("payment")), (euros("8.00"), None));
    let refused = pay(&grace, json!({ "amount": euros("6.00") }), Some(owed())).await;
    let refused = refused.expect_problem(409, "tenders-not-available").json();
    assert_eq!(refused["storeCredit"], json!({ "problem": "insufficient", "balance": euros("5.00") }));
    let yen = pay(&grace, json!({ "amount": { "amount": "5", "currency": "JPY" } }), Some(owed())).await;
    let yen = yen.expect_problem(409, "tenders-not-available").json();
    assert_eq!(yen["storeCredit"], json!({ "problem": "other-currency" }));
    let third = pay(&grace, json!({}), Some(owed())).await.expect(201).json();
    assert_eq!(third["payment"]["amount"], euros("3.00"));
    let history = moves(&grace, &format!("{mine}/entries")).await;
    assert_eq!(
        history,
        json!([
            ["adjust", "500", "500", "In Japan", null],
            ["redeem", "-5.00", "0.00", null, third["id"]],
            ["redeem", "-8.00", "5.00", null, second["id"]],
            ["redeem", "-2.00", "13.00", null, order["id"]],
            ["adjust", "-5.00", "15.00", "Too much", null],
            ["adjust", "20.00", "20.00", "Late parcel", null],
        ])
    );
    assert_eq!(moves(&world.ours.merchant, &format!("{credit}/entries")).await, history);
    let mut walked = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = grace.get(&format!("{mine}/entries?limit=1{cursor}")).send().await.expect(200).json();
        walked.push(page["items"][0]["number"].clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(json!(walked), json!([1, 5, 4, 3, 2, 1]));

    // Whoever only acts as the customer spends nothing of it.
    let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
    let body = json!({ "accountId": id, "reason": "Ticket 4711" });
    let begun = owner.post("/api/v1/impersonations").json(&body).send().await.expect(201);
    grant(euros("1.00"), "Sorry").await.expect(201);
    let refused = pay(&as_person(&world, &begun), json!({}), Some(owed())).await;
    let refused = refused.expect_problem(409, "tenders-not-available").json();
    assert_eq!(refused["storeCredit"], json!({ "problem": "unknown" }));
    assert_eq!(grace.get(mine).send().await.expect(200).json()["balances"][0], euros("1.00"));

    // Nobody has confirmed this address, so that whose it is takes the registration over, and all that it had is gone.
    let email = world.email("unconfirmed");
    register(&world.ours, &email, PASSWORD).await.expect(202);
    let found = eventually("the registration", Duration::from_secs(20), async || {
        let call = world.ours.merchant.get("/api/v1/customers").query(&[("filter[email]", &email)]);
        call.send().await.expect(200).json()["items"][0]["id"].as_str().map(str::to_owned)
    });
    let credit = format!("/api/v1/customers/{}/store-credit", found.await);
    let body = json!({ "amount": euros("5.00"), "reason": "Welcome" });
    world.ours.merchant.post(&credit).json(&body).send().await.expect_problem(409, "customer-unverified");
    assert_eq!(world.ours.merchant.get(&credit).send().await.expect(200).json(), json!({ "balances": [] }));

    // Another customer has none of it.
    assert_eq!(ada.get(mine).send().await.expect(200).json(), json!({ "balances": [] }));
    let nothing = pay(&ada, json!({}), Some(owed())).await.expect(201).json();
    assert_eq!((nothing.get("tenders"), nothing["payment"]["amount"].clone()), (None, euros("8.00")));
    grace.get(&credit).send().await.expect_problem(403, "missing-scope");
    world.ours.merchant.get(mine).send().await.expect_problem(403, "missing-scope");
}

pub async fn cards_and_credit_are_their_tenants_own(world: World) {
    let card = issued(&world.ours, "10.00").await;
    world.theirs.merchant.get(&path(&card)).send().await.expect_problem(404, "not-found");
    looked_up(&world.theirs.shopper, &card["code"]).await.expect_problem(404, "not-found");
    for what in ["disable", "enable"] {
        let call = world.theirs.merchant.post(&format!("{}/{what}", path(&card)));
        call.send().await.expect_problem(404, "not-found");
    }
    let adjust = json!({ "amount": euros("-10.00"), "reason": "Theirs" });
    let call = world.theirs.merchant.post(&format!("{}/adjustments", path(&card))).json(&adjust);
    call.send().await.expect_problem(404, "not-found");
    // A publishable key reads what a code opens, and nothing else.
    world.ours.shopper.get(&path(&card)).send().await.expect_problem(403, "missing-scope");
    let issue = json!({ "amount": euros("10.00") });
    world.ours.shopper.post(CARDS).json(&issue).send().await.expect_problem(403, "missing-scope");
    assert_eq!(balance(&world.ours, &card).await, "10.00");
}
