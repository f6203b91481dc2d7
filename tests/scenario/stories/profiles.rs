//! People keep their profiles and address books.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::people::sign_up;
use super::sessions::{as_person, log_in, log_in_with};
use crate::client::{Answer, Client};
use crate::world::{World, order_form};

const ME: &str = "/api/v1/customers/me";
const BOOK: &str = "/api/v1/customers/me/addresses";

pub async fn a_profile_is_changed_in_parts_and_guarded_by_its_version(world: World) {
    let person = customer(&world, "profile").await;
    let before = person.get(ME).send().await.expect(200);
    assert_eq!((&before.json()["name"], &before.json()["locale"]), (&Value::Null, &json!("en")));
    let etag = before.the("etag").to_owned();
    let change = async |body: Value| person.patch(ME).json(&body).send().await;
    let named = change(json!({ "name": "Grace \u{1f980} Hopper", "phone": "+49 30 1234567" })).await.expect(200);
    let localized = change(json!({ "locale": "ko-kr" })).await.expect(200).json();
    assert_eq!(localized["name"], "Grace \u{1f980} Hopper");
    assert_eq!((&localized["phone"], &localized["locale"]), (&json!("+49 30 1234567"), &json!("ko-KR")));
    assert_eq!(person.get(ME).send().await.expect(200).json(), localized);
    let cleared = change(json!({ "phone": "" })).await.expect(200).json();
    assert_eq!((&cleared["phone"], &cleared["name"]), (&Value::Null, &localized["name"]));

    let stale = person.patch(ME).header("if-match", &etag).json(&json!({ "name": "x" })).send().await;
    let stale = stale.expect_problem(412, "version-mismatch").json();
    assert_eq!(stale["version"], cleared["version"]);
    let fresh = format!("\"{}\"", cleared["version"]);
    person.patch(ME).header("if-match", &fresh).json(&json!({ "name": "G. H." })).send().await.expect(200);
    assert!(named.spent().sql <= 2, "{named}");
    let mut places = change(json!({ "name": "a\nb", "phone": "1".repeat(41), "locale": "x", "role": "owner" }))
        .await
        .expect_problem(422, "invalid-request")
        .places();
    places.sort();
    assert_eq!(places, ["#/locale", "#/name", "#/phone", "#/role"]);
    // Staff have a profile too; a key has none.
    let viewer = as_person(&world, &log_in(&world.ours, "viewer@example.com").await.expect(200));
    viewer.get(ME).send().await.expect(200);
    world.ours.merchant.get(ME).send().await.expect_problem(403, "missing-scope");
}

pub async fn an_address_book_has_one_default_of_each_kind(world: World) {
    let person = customer(&world, "book").await;
    let first = add(&person, "first", json!({})).await.expect(201).json();
    assert_eq!((&first["isDefaultShipping"], &first["isDefaultBilling"]), (&json!(true), &json!(true)));
    let second = add(&person, "second", json!({ "isDefaultBilling": true })).await.expect(201).json();
    assert_eq!((&second["isDefaultShipping"], &second["isDefaultBilling"]), (&json!(false), &json!(true)));
    assert_eq!(defaults(&person).await, ("first".to_owned(), "second".to_owned()));

    let path = format!("{BOOK}/{}", second["id"].as_str().unwrap());
    let replaced = json!({ "address": address("moved"), "isDefaultShipping": true });
    let moved = person.patch(&path).header("if-match", "\"1\"").json(&replaced).send().await.expect(200);
    assert_eq!((&moved.json()["address"]["line1"], moved.the("etag")), (&json!("moved"), "\"2\""));
    assert_eq!(moved.json()["isDefaultBilling"], true, "what is left out stays");
    assert_eq!(defaults(&person).await, ("moved".to_owned(), "moved".to_owned()));
    let stale = person.patch(&path).header("if-match", "\"1\"").json(&json!({})).send().await;
    assert_eq!(stale.expect_problem(412, "version-mismatch").json()["version"], 2);

    // Of many at once one is left, whichever.
    let paths = [path.clone(), format!("{BOOK}/{}", first["id"].as_str().unwrap())];
    let all = (0..20).map(|at| person.patch(&paths[at % 2]).json(&json!({ "isDefaultShipping": true })).send());
    join_all(all).await.into_iter().for_each(|answer| drop(answer.expect(200)));
    let book = person.get(BOOK).send().await.expect(200).json();
    let count = book["items"].as_array().unwrap().iter().filter(|entry| entry["isDefaultShipping"] == true).count();
    assert_eq!(count, 1, "{book}");

    person.delete(&path).send().await.expect(204);
    person.delete(&path).send().await.expect_problem(404, "not-found");
    person.patch(&path).json(&json!({})).send().await.expect_problem(404, "not-found");
    let mut wrong = address("x");
    wrong["countryCode"] = json!("Germany");
    wrong["city"] = json!("");
    let mut places = person.post(BOOK).json(&json!({ "address": wrong })).send().await.expect(422).places();
    places.sort();
    assert_eq!(places, ["#/address/city", "#/address/countryCode"]);
}

pub async fn a_book_holds_fifty_addresses(world: World) {
    let person = customer(&world, "fifty").await;
    let added = join_all((0..55).map(|at| {
        let person = person.clone();
        async move { add(&person, &format!("line {at}"), json!({})).await }
    }))
    .await;
    let (added, refused): (Vec<Answer>, Vec<Answer>) = added.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((added.len(), refused.len()), (50, 5));
    refused.into_iter().for_each(|answer| drop(answer.expect_problem(409, "address-book-full")));
    let book = person.get(BOOK).send().await.expect(200).json();
    assert_eq!(book["items"].as_array().unwrap().len(), 50);
}

pub async fn a_repeated_addition_is_one_address(world: World) {
    let person = customer(&world, "repeats").await;
    let key = world.name("add");
    let add = |line: &str| {
        let body = json!({ "address": address(line) });
        person.post(BOOK).header("idempotency-key", &key).json(&body).send()
    };
    let first = add("one").await.expect(201);
    for again in join_all((0..10).map(|_| add("one"))).await {
        let again = again.expect(201);
        assert_eq!((again.is_replayed(), &again.body), (true, &first.body), "byte for byte");
    }
    add("two").await.expect_problem(422, "idempotency-key-reused");
    assert_eq!(person.get(BOOK).send().await.expect(200).json()["items"].as_array().unwrap().len(), 1);
}

pub async fn one_idempotency_key_of_two_customers_is_two_keys(world: World) {
    let both = [customer(&world, "one").await, customer(&world, "two").await];
    let key = world.name("shared");
    let body = json!({ "address": address("the same") });
    let add = |person: &Client| person.post(BOOK).header("idempotency-key", &key).json(&body).send();
    let first = join_all(both.iter().map(add)).await;
    let again = join_all(both.iter().map(add)).await;
    let mut ids = Vec::new();
    for ((person, first), again) in both.iter().zip(first).zip(again) {
        let (first, again) = (first.expect(201), again.expect(201));
        assert!(!first.is_replayed() && again.is_replayed() && first.body == again.body, "{again}");
        let book = person.get(BOOK).send().await.expect(200).json();
        assert_eq!(book["items"].as_array().unwrap().len(), 1, "{book}");
        assert_eq!(book["items"][0]["id"], first.json()["id"]);
        ids.push(first.json()["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    // The storefront's key is another caller, and so is the merchant's.
    let key = world.name("checkout");
    let sold = world.sell("shared", "1", 9).await;
    let mut carts = Vec::new();
    for client in [&world.ours.shopper, &world.ours.merchant, &both[0]] {
        let cart = world.ours.filled_cart(&[(&sold.variant, 1)]).await;
        let open = || client.post("/api/v1/checkouts").header("idempotency-key", &key).json(&order_form(&cart)).send();
        let (first, again) = (open().await.expect(201), open().await.expect(201));
        assert!(!first.is_replayed() && again.is_replayed() && first.body == again.body, "{again}");
        carts.push(first.json()["id"].clone());
    }
    carts.dedup();
    assert_eq!(carts.len(), 3);
}

pub async fn nobody_elses_book_is_there(world: World) {
    let (mine, other) = (customer(&world, "mine").await, customer(&world, "other").await);
    let entry = add(&mine, "mine", json!({})).await.expect(201).json();
    let path = format!("{BOOK}/{}", entry["id"].as_str().unwrap());
    let theirs = as_person(&world, &log_in(&world.theirs, "customer@example.com").await.expect(200));
    for stranger in [&other, &theirs] {
        stranger.patch(&path).json(&json!({})).send().await.expect_problem(404, "not-found");
        stranger.delete(&path).send().await.expect_problem(404, "not-found");
        let book = stranger.get(BOOK).send().await.expect(200).json();
        assert!(book["items"].as_array().unwrap().iter().all(|seen| seen["id"] != entry["id"]), "{book}");
    }
}

/// Somebody with a confirmed address who is logged in.
async fn customer(world: &World, name: &str) -> Client {
    let email = world.email(name);
    sign_up(world, &email).await;
    as_person(world, &log_in_with(&world.ours, &email, "correct horse battery").await.expect(200))
}

async fn add(person: &Client, line: &str, flags: Value) -> Answer {
    let mut body = flags;
    body["address"] = address(line);
    person.post(BOOK).json(&body).send().await
}

fn address(line: &str) -> Value {
    json!({ "name": "Grace Hopper", "line1": line, "city": "Berlin", "postalCode": "10827", "countryCode": "DE" })
}

/// The first lines of the default addresses, for shipping and for billing.
async fn defaults(person: &Client) -> (String, String) {
    let book = person.get(BOOK).send().await.expect(200).json();
    let of = |flag: &str| {
        let entries = book["items"].as_array().unwrap().iter();
        let found: Vec<&Value> = entries.filter(|entry| entry[flag] == true).collect();
        assert_eq!(found.len(), 1, "{flag} in {book}");
        found[0]["address"]["line1"].as_str().unwrap().to_owned()
    };
    (of("isDefaultShipping"), of("isDefaultBilling"))
}
