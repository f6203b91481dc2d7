//! A merchant keeps what is sold at several places.

use serde_json::{Value, json};

use crate::world::World;

const LOCATIONS: &str = "/api/v1/locations";

fn warehouse(world: &World) -> Value {
    json!({
        "name": world.name("warehouse"),
        "address": {
            "name": "Northwind", "company": null, "line1": "Kaistrasse 1", "line2": null, "city": "Kiel",
            "region": "DE-SH", "postalCode": "24103", "countryCode": "DE", "phone": null,
        },
        "coordinates": { "latitude": 54_323_293, "longitude": 10_122_765 },
        "priority": 3,
        "active": true,
        "fulfilsOnlineOrders": true,
        "offersPickup": true,
    })
}

pub async fn a_store_has_one_and_makes_more(world: World) {
    let us = &world.ours.merchant;
    let mut body = warehouse(&world);
    let create = || us.post(LOCATIONS).header("idempotency-key", world.name("once")).json(&body).send();
    let first = create().await.expect(201);
    let again = create().await.expect(201);
    assert!(again.is_replayed() && again.json() == first.json(), "{again}");
    let made = first.json();
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    assert_eq!((&made["isDefault"], &made["version"]), (&json!(false), &json!(1)));
    let path = first.the("location").to_owned();
    let shown = us.get(&path).send().await.expect(200);
    assert_eq!((shown.the("etag"), shown.json()), ("\"1\"", made.clone()));
    us.post(LOCATIONS).json(&body).send().await.expect_problem(422, "invalid-request");

    // Every store has one that is the default, from the beginning.
    let listed = us.get(&format!("{LOCATIONS}?limit=250")).send().await.expect(200);
    assert!(listed.spent().sql <= 2, "{listed}");
    let items = listed.json()["items"].as_array().unwrap().clone();
    let defaults: Vec<&Value> = items.iter().filter(|item| item["isDefault"] == true).collect();
    assert_eq!((defaults.len(), &defaults[0]["address"]), (1, &Value::Null));
    assert!(items.contains(&made));
    let main = format!("{LOCATIONS}/{}", defaults[0]["id"].as_str().unwrap());
    us.delete(&main).send().await.expect_problem(409, "location-is-default");

    body = json!({ "name": world.name("outlet"), "fulfilsOnlineOrders": false });
    let put = |version: &str| us.put(&path).header("if-match", format!("\"{version}\"")).json(&body).send();
    put("7").await.expect_problem(412, "version-mismatch");
    let changed = put("1").await.expect(200).json();
    assert_eq!((&changed["name"], &changed["version"]), (&body["name"], &json!(2)));
    assert_eq!(
        (&changed["address"], &changed["priority"], &changed["active"]),
        (&Value::Null, &json!(0), &json!(true))
    );
    assert_eq!(put("2").await.expect(200).json(), changed, "the same again changes nothing");
    us.delete(&path).header("if-match", "\"1\"").send().await.expect_problem(412, "version-mismatch");
    us.delete(&path).header("if-match", "\"2\"").send().await.expect(204);
    us.get(&path).send().await.expect_problem(404, "not-found");
}

pub async fn everything_that_is_wrong_with_a_location_is_told_at_once(world: World) {
    let us = &world.ours.merchant;
    let body = json!({
        "name": " ", "address": { "name": "Northwind", "city": "Kiel", "countryCode": "Germany" },
        "coordinates": { "latitude": 90_000_001 }, "priority": -1, "open": true,
    });
    let refused = us.post(LOCATIONS).json(&body).send().await.expect_problem(422, "invalid-request");
    let mut places = refused.places();
    places.sort();
    let wrong = [
        "address/countryCode",
        "address/line1",
        "coordinates/latitude",
        "coordinates/longitude",
        "name",
        "open",
        "priority",
    ];
    assert_eq!(places, wrong.map(|place| format!("#/{place}")));
}

pub async fn locations_are_their_stores_own(world: World) {
    let (us, them) = (&world.ours.merchant, &world.theirs.merchant);
    let made = us.post(LOCATIONS).json(&warehouse(&world)).send().await.expect(201).json();
    let path = format!("{LOCATIONS}/{}", made["id"].as_str().unwrap());
    for call in [them.get(&path), them.put(&path).json(&warehouse(&world)), them.delete(&path)] {
        call.send().await.expect_problem(404, "not-found");
    }
    let listed = them.get(&format!("{LOCATIONS}?limit=250")).send().await.expect(200).json();
    assert!(listed["items"].as_array().unwrap().iter().all(|item| item["id"] != made["id"]));
    for shopper in [&world.ours.shopper, &world.theirs.shopper] {
        shopper.get(&path).send().await.expect_problem(403, "missing-scope");
        shopper.get(LOCATIONS).send().await.expect_problem(403, "missing-scope");
    }
}
