//! A shopper fetches what is bought where the merchant keeps it.
//!
//! Each story is of a shop of its own: what can be fetched is for all that it sells.

use serde_json::{Value, json};

use super::sign_ups::own_shop;
use super::taxed::sell;
use crate::client::Answer;
use crate::world::{Shop, World, order_form};

const SETTINGS: &str = "/api/v1/shipping-settings";
const LOCATIONS: &str = "/api/v1/locations";

async fn location(shop: &Shop, name: &str, offers_pickup: bool) -> String {
    let body = json!({ "name": name, "offersPickup": offers_pickup });
    shop.merchant.post(LOCATIONS).json(&body).send().await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn fetched(amount: &str) -> Value {
    json!({ "name": "Pick up", "price": { "by": "flat", "amounts": { "EUR": amount } } })
}

async fn set(shop: &Shop, pickups: Value) -> Answer {
    shop.merchant.patch(SETTINGS).json(&json!({ "pickups": pickups })).send().await
}

async fn offered(shop: &Shop, cart: &str) -> Vec<Value> {
    let body = json!({ "cartId": cart, "destination": { "country": "FR" } });
    let rates = shop.shopper.post("/api/v1/shipping-rates").json(&body).send().await.expect(200).json();
    rates["groups"].as_array().unwrap().iter().flat_map(|group| group["offers"].as_array().unwrap().clone()).collect()
}

async fn open(shop: &Shop, cart: &str, method: &Value) -> Answer {
    let mut form = order_form(cart);
    form["shippingAddress"]["countryCode"] = json!("FR");
    form["shippingMethods"] = json!([{ "methodId": method }]);
    shop.shopper.post("/api/v1/checkouts").json(&form).send().await
}

/// To France, where nothing is shipped.
pub async fn what_is_not_shipped_there_can_be_fetched(world: World) {
    let (shop, owner) = own_shop(&world, "fetched", "EUR").await;
    let (kiel, hidden) = (location(&shop, "Kiel", true).await, location(&shop, "Depot", false).await);
    let settings = set(&shop, json!({ kiel.as_str(): fetched("1.50"), hidden.as_str(): fetched("0.00") })).await;
    let settings = settings.expect(200).json();
    let method = &settings["pickups"][&kiel]["id"];
    assert_eq!(shop.merchant.get(SETTINGS).send().await.expect(200).json(), settings);

    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let cart = shop.filled_cart(&[(&mug, 2)]).await;
    let [offer] = offered(&shop, &cart).await.try_into().expect("one offer");
    assert_eq!(
        json!([offer["methodId"], offer["pickupLocationId"], offer["price"]["amount"]]),
        json!([method, kiel, "1.50"])
    );
    let checkout = open(&shop, &cart, method).await.expect(201).json();
    let order = shop.complete(checkout["id"].as_str().unwrap(), "fetched").await.expect(201).json();
    let shown = owner.get(&format!("/api/v1/orders/{}", order["id"].as_str().unwrap())).send().await.expect(200).json();
    for body in [&checkout, &order, &shown] {
        let delivery = &body["deliveries"][0];
        assert_eq!(
            json!([delivery["kind"], delivery["locationId"], delivery["total"]["amount"], body["total"]["amount"]]),
            json!(["pickup", kiel, "1.50", "21.50"]),
            "{body}"
        );
    }
}

/// What was agreed to is not sold where it cannot be fetched any more.
pub async fn a_place_that_closes_is_told_before_it_is_paid(world: World) {
    let (shop, _) = own_shop(&world, "closing", "EUR").await;
    let kiel = location(&shop, "Kiel", true).await;
    let made = set(&shop, json!({ kiel.as_str(): fetched("0.00") })).await.expect(200).json();
    let method = made["pickups"][&kiel]["id"].clone();
    let mug = sell(&shop, "mug", ["10.00", "EUR"], json!({})).await;
    let opened = async || {
        let cart = shop.filled_cart(&[(&mug, 1)]).await;
        open(&shop, &cart, &method).await.expect(201).json()["id"].as_str().unwrap().to_owned()
    };
    let open_to = async |offers: bool| {
        let body = json!({ "name": "Kiel", "offersPickup": offers });
        shop.merchant.put(&format!("{LOCATIONS}/{kiel}")).json(&body).send().await.expect(200);
    };
    let checkout = opened().await;
    open_to(false).await;
    shop.complete(&checkout, "closed").await.expect_problem(409, "shipping-changed");
    // It opens again: the same is sold.
    open_to(true).await;
    shop.complete(&checkout, "open-again").await.expect(201);

    let checkout = opened().await;
    set(&shop, json!({ kiel.as_str(): fetched("2.00") })).await.expect(200);
    shop.complete(&checkout, "dearer").await.expect_problem(409, "totals-changed");

    // Where the location is gone, so is what it costs to fetch from there.
    let checkout = opened().await;
    shop.merchant.delete(&format!("{LOCATIONS}/{kiel}")).send().await.expect(204);
    shop.complete(&checkout, "gone").await.expect_problem(409, "shipping-changed");
    let after = shop.merchant.get(SETTINGS).send().await.expect(200).json();
    assert_eq!(after["pickups"], json!({}));
}

pub async fn everything_that_is_wrong_with_a_pickup_is_told_at_once(world: World) {
    let (shop, _) = own_shop(&world, "wrong-pickups", "EUR").await;
    let kiel = location(&shop, "Kiel", true).await;
    let mut negative = fetched("-1.00");
    negative["name"] = json!("");
    let wrong = set(&shop, json!({ "kiel": fetched("0.00"), kiel.as_str(): negative })).await;
    let wrong = wrong.expect_problem(422, "invalid-request");
    let at = |end: &str| format!("#/pickups/{kiel}/{end}");
    let mut places = wrong.places();
    places.sort_unstable();
    let mut expected = vec!["#/pickups".to_owned(), at("name"), at("price/amounts/EUR")];
    expected.sort_unstable();
    assert_eq!(places, expected, "{wrong}");
    let price = json!({ "by": "external", "provider": "acme", "fallback": { "kind": "hide" } });
    let asked = set(&shop, json!({ kiel.as_str(): { "name": "Asked", "price": price } })).await;
    assert_eq!(asked.expect_problem(422, "invalid-request").places(), [at("price/by")]);
    // Somebody else's location is none of the store's.
    let (foreign, _) = own_shop(&world, "elsewhere", "EUR").await;
    let theirs = location(&foreign, "Theirs", true).await;
    let unknown = set(&shop, json!({ theirs.as_str(): fetched("0.00") })).await;
    assert_eq!(unknown.expect_problem(422, "invalid-request").places(), ["#/pickups"]);
    let mut other = fetched("0.00");
    other["id"] = json!("smeth_00000000000000000000000001");
    let other = set(&shop, json!({ kiel.as_str(): other })).await;
    assert_eq!(other.expect_problem(422, "invalid-request").places(), [at("id")]);
    // What was shown may be sent back.
    let made = set(&shop, json!({ kiel.as_str(): fetched("1.00") })).await.expect(200).json();
    let again = set(&shop, made["pickups"].clone()).await.expect(200).json();
    assert_eq!(again, made);
    let gone = set(&shop, json!({ kiel.as_str(): null })).await.expect(200).json();
    assert_eq!((&gone["pickups"], &gone["version"]), (&json!({}), &json!(2)));
}
