//! Merchants sign up, confirm their addresses and run their shops.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::people::{PASSWORD, register};
use super::sessions::{as_person, log_in_with};
use crate::client::{Answer, Client};
use crate::eventually::eventually;
use crate::world::{Shop, World};

const PATH: &str = "/api/v1/organizations";

pub async fn a_merchant_signs_up_confirms_and_runs_the_shop(world: World) {
    let email = world.email("founder");
    let answer = world.nobody.post(PATH).json(&founding(&world, &email)).send().await.expect(201);
    assert_eq!((answer.spent().sql, answer.spent().redis), (1, 1), "{answer}");
    assert_eq!((answer.the("location"), answer.the("cache-control")), ("/api/v1/organization", "private, no-store"));
    let told = answer.json();
    let shop = shop_of(&world, &told);
    shop.shopper.get("/api/v1/products").send().await.expect(200);

    // Anybody may found in any name: until an owner has read a mail, customers are sent none.
    let (early, late) = (world.email("early"), world.email("after"));
    register(&shop, &early, PASSWORD).await.expect(202);
    // Until the address is confirmed the password opens nothing, and the link alone sets none.
    log_in_with(&shop, &email, PASSWORD).await.expect_problem(401, "login-refused");
    let (key, token) = link(&world, &email).await;
    assert_eq!(told["publishableKey"], key, "the page learns from the link which store it is");
    let confirm = json!({ "token": token, "password": PASSWORD });
    let confirmed = shop.shopper.post("/api/v1/auth/verify-email").json(&confirm).send().await.expect(200);
    assert_eq!(confirmed.json(), json!({ "passwordSet": true }));
    world.mail(&email, "Grace Hopper").await;
    let tokens = log_in_with(&shop, &email, PASSWORD).await.expect(200);
    assert_eq!(
        (&tokens.json()["account"]["role"], &tokens.json()["account"]["id"]),
        (&json!("owner"), &told["accountId"])
    );

    register(&shop, &late, PASSWORD).await.expect(202);
    world.mailed_secret(&late, "account/verify").await;
    assert_eq!(world.mails(&early), []);

    let owner = as_person(&world, &tokens);
    let organization = owner.get("/api/v1/organization").send().await.expect(200).json();
    assert_eq!((&organization["id"], &organization["settings"]["currency"]), (&told["organizationId"], &json!("KRW")));
    assert_eq!(organization["plan"]["members"], json!({ "used": 1, "most": 100 }));
    let stores = owner.get("/api/v1/stores").send().await.expect(200).json();
    assert_eq!((&stores["items"][0]["id"], stores["items"].as_array().unwrap().len()), (&told["storeId"], 1));
    let made = json!({ "kind": "secret", "name": "Server" });
    let secret = owner.post("/api/v1/api-keys").json(&made).send().await.expect(201).json();
    world.nobody.with_key(secret["key"].as_str().unwrap()).get("/api/v1/customers").send().await.expect(200);
    let log = owner.get("/api/v1/audit-log?limit=250").send().await.expect(200).json();
    let first = log["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&first["action"], &first["number"]), (&json!("organization.sign-up"), &json!(1)), "{log}");
    assert!(!log.to_string().contains(&email), "{log}");
    // It is a tenant like any other.
    let theirs = format!("/api/v1/customers/{}", told["accountId"].as_str().unwrap());
    world.ours.merchant.get(&theirs).send().await.expect_problem(404, "not-found");
}

pub async fn an_owner_who_lost_the_link_gets_another_and_a_forgotten_password_is_reset(world: World) {
    let email = world.email("late");
    let told = world.nobody.post(PATH).json(&founding(&world, &email)).send().await.expect(201).json();
    let shop = shop_of(&world, &told);
    let (_, first) = link(&world, &email).await;
    let resend = shop.shopper.post("/api/v1/auth/verify-email/resend").json(&json!({ "email": email }));
    resend.send().await.expect(202);
    let [(key, token), _] = links(&world, &email).await;
    assert_eq!(told["publishableKey"], key, "it names the store, as the first one did");
    let confirm = async |token: &str| {
        let body = json!({ "token": token, "password": PASSWORD });
        shop.shopper.post("/api/v1/auth/verify-email").json(&body).send().await
    };
    // A link that was sent again sets no password: whoever asked for it need not be who chose one.
    assert_eq!(confirm(&token).await.expect(200).json(), json!({ "passwordSet": false }));
    confirm(&first).await.expect_problem(410, "link-gone");
    let forgot = shop.shopper.post("/api/v1/auth/password/forgot").json(&json!({ "email": email }));
    forgot.send().await.expect(202);
    let token = world.mailed_secret(&email, "account/reset-password").await;
    let reset = json!({ "token": token, "newPassword": "incorrect mule cell" });
    shop.shopper.post("/api/v1/auth/password/reset").json(&reset).send().await.expect(204);
    log_in_with(&shop, &email, PASSWORD).await.expect_problem(401, "login-refused");
    let tokens = log_in_with(&shop, &email, "incorrect mule cell").await.expect(200);
    assert_eq!(tokens.json()["account"]["role"], "owner");
}

pub async fn a_repeated_sign_up_founds_nothing_more(world: World) {
    let email = world.email("repeats");
    let (body, key) = (founding(&world, &email), world.name("found"));
    let found = |body: &Value| world.nobody.post(PATH).header("idempotency-key", &key).json(body).send();
    let all = join_all((0..10).map(|_| found(&body))).await;
    let bodies: Vec<String> = all.iter().map(|answer| answer.clone().expect(201).json().to_string()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(all.iter().filter(|answer| !answer.is_replayed()).count(), 1);
    let again = found(&body).await.expect(201);
    assert_eq!((again.is_replayed(), again.json().to_string()), (true, bodies[0].clone()));
    assert_eq!(again.the("location"), "/api/v1/organization");
    let mut other = body.clone();
    other["storeName"] = json!("Another shop");
    found(&other).await.expect_problem(422, "idempotency-key-reused");
    let mut other = body.clone();
    other["password"] = json!("incorrect mule cell");
    found(&other).await.expect_problem(422, "idempotency-key-reused");
    link(&world, &email).await;
    assert_eq!(world.mails(&email).len(), 1, "one mail for one organization");

    // The same key of somebody else is another one, and an address may found as often as it likes.
    let mut other = body.clone();
    other["email"] = json!(world.email("somebody-else"));
    let others = found(&other).await.expect(201);
    assert!(!others.is_replayed() && others.json()["organizationId"] != again.json()["organizationId"]);
    let second = world.nobody.post(PATH).json(&body).send().await.expect(201).json();
    assert_ne!(second["organizationId"], again.json()["organizationId"]);
    // Nothing of that is a repeat, and so all of it was counted: once, once and once.
    for name in ["fourth", "fifth"] {
        world.nobody.post(PATH).json(&founding(&world, &world.email(name))).send().await.expect(201);
    }
    let refused = world.nobody.post(PATH).json(&founding(&world, &world.email("sixth"))).send().await;
    refused.expect_problem(429, "too-many-organizations");
    assert!(found(&body).await.expect(201).is_replayed());
}

pub async fn one_network_address_founds_five_in_an_hour(world: World) {
    let many = join_all((0..12).map(|number| {
        let body = founding(&world, &world.email(&format!("flood-{number}")));
        world.nobody.post(PATH).json(&body).send()
    }));
    let (founded, refused): (Vec<Answer>, Vec<Answer>) =
        many.await.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((founded.len(), refused.len()), (5, 7));
    for answer in refused {
        let answer = answer.expect_problem(429, "too-many-organizations");
        let wait: u32 = answer.the("retry-after").parse().unwrap();
        assert!((3_500..=3_600).contains(&wait), "{answer}");
        assert_eq!((answer.spent().sql, answer.spent().redis), (0, 1), "{answer}");
    }
    // Somebody elsewhere is not kept waiting.
    let elsewhere = world.at_own_address();
    let body = founding(&elsewhere, &elsewhere.email("elsewhere"));
    elsewhere.nobody.post(PATH).json(&body).send().await.expect(201);
}

pub async fn strangers_in_many_places_found_five_for_one_address(world: World) {
    let email = world.email("Victim");
    for number in 0..7 {
        let stranger = world.clone().at_own_address();
        let typed = match number % 3 {
            0 => email.clone(),
            1 => email.to_uppercase(),
            _ => email.replace('@', &format!("+{number}@")),
        };
        let answer = stranger.nobody.post(PATH).json(&founding(&world, &typed)).send().await;
        if number < 5 {
            answer.expect(201);
        } else {
            let answer = answer.expect_problem(429, "too-many-organizations");
            assert_eq!((answer.spent().sql, answer.spent().redis), (0, 1), "{answer}");
        }
    }
    let stranger = world.clone().at_own_address();
    stranger.nobody.post(PATH).json(&founding(&world, &world.email("other"))).send().await.expect(201);
}

pub async fn what_was_founded_in_the_name_of_an_address_sends_it_few_mails(world: World) {
    let email = world.email("victim");
    let told = world.nobody.post(PATH).json(&founding(&world, &email)).send().await.expect(201).json();
    let ask = async |path: &str| {
        let shop = shop_of(&world.clone().at_own_address(), &told);
        shop.shopper.post(path).json(&json!({ "email": email })).send().await.expect(202);
    };
    for path in ["/api/v1/auth/password/forgot", "/api/v1/auth/magic"] {
        ask(path).await;
    }
    for _ in 0..8 {
        ask("/api/v1/auth/verify-email/resend").await;
    }
    // The first one and five more, and nothing else.
    let [(_, newest), ..] = links::<6>(&world, &email).await;
    assert_eq!(world.mails(&email).len(), 6);
    let body = json!({ "token": newest, "password": PASSWORD });
    let shop = shop_of(&world, &told);
    shop.shopper.post("/api/v1/auth/verify-email").json(&body).send().await.expect(200);
    ask("/api/v1/auth/password/forgot").await;
    world.mailed_secret(&email, "account/reset-password").await;
}

pub async fn all_wrong_fields_of_a_sign_up_are_named(world: World) {
    let found = async |body: Value| world.nobody.post(PATH).json(&body).send().await;
    let required = ["#/currency", "#/email", "#/organizationName", "#/password", "#/storeName"];
    assert_eq!(places(found(json!({})).await), required);
    let wrong = json!({ "organizationName": "", "storeName": "a\nb", "currency": "EURO", "email": "ada", "password": "x",
        "name": "\u{7}", "locale": "english", "role": "owner" });
    let named = ["#/currency", "#/email", "#/locale", "#/name", "#/organizationName", "#/role", "#/storeName"];
    assert_eq!(places(found(wrong).await), named);
    let email = world.email("weak");
    for password in ["short", "password", email.as_str()] {
        let mut body = founding(&world, &email);
        body["password"] = json!(password);
        assert_eq!(places(found(body).await), ["#/password"], "{password}");
    }
    // A key changes nothing: who is logged in elsewhere founds like anybody.
    let body = founding(&world, &world.email("with-a-key"));
    world.ours.shopper.post(PATH).json(&body).send().await.expect(201);
}

fn places(answer: Answer) -> Vec<String> {
    let mut places = answer.expect_problem(422, "invalid-request").places();
    places.sort();
    places
}

fn founding(world: &World, email: &str) -> Value {
    json!({
        "organizationName": world.name("Acme"),
        "storeName": "Acme shop",
        "currency": "KRW",
        "email": email,
        "password": PASSWORD,
        "name": "Grace Hopper",
    })
}

/// A shop that nobody else sells in or changes the rules of, and its owner.
pub async fn own_shop(world: &World, name: &str, currency: &str) -> (Shop, Client) {
    let email = world.email(name);
    let mut body = founding(world, &email);
    body["currency"] = json!(currency);
    let told = world.nobody.post(PATH).json(&body).send().await.expect(201).json();
    let mut shop = shop_of(world, &told);
    let (_, token) = link(world, &email).await;
    let confirm = json!({ "token": token, "password": PASSWORD });
    shop.shopper.post("/api/v1/auth/verify-email").json(&confirm).send().await.expect(200);
    let owner = as_person(world, &log_in_with(&shop, &email, PASSWORD).await.expect(200));
    let made = json!({ "kind": "secret", "name": "Server" });
    let secret = owner.post("/api/v1/api-keys").json(&made).send().await.expect(201).json();
    shop.merchant = world.nobody.with_key(secret["key"].as_str().unwrap());
    (shop, owner)
}

/// The shop that was founded; it has no secret key yet.
fn shop_of(world: &World, told: &Value) -> Shop {
    let shopper: Client = world.nobody.with_key(told["publishableKey"].as_str().unwrap());
    Shop { merchant: shopper.clone(), shopper }
}

/// What the mail's link holds: the new store's publishable key, and the secret.
async fn link(world: &World, email: &str) -> (String, String) {
    let [link] = links(world, email).await;
    link
}

/// The same of so many mails, newest first.
async fn links<const MAILS: usize>(world: &World, email: &str) -> [(String, String); MAILS] {
    let found = eventually("the mails to the founder", std::time::Duration::from_secs(20), async || {
        let links = world.mails(email).into_iter().filter_map(|mail| {
            let (_, text) = mail.text.split_once("/account/verify?key=")?;
            let (key, rest) = text.split_once("#token=")?;
            Some((key.to_owned(), rest.split_whitespace().next()?.to_owned()))
        });
        links.collect::<Vec<_>>().try_into().ok()
    });
    found.await
}
