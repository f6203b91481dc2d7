//! People find their own orders.

use serde_json::{Value, json};

use super::people::sign_up;
use super::sessions::{as_person, log_in, log_in_with};
use crate::client::Client;
use crate::world::{World, order_form};

const OWN: &str = "/api/v1/customers/me/orders";

pub async fn a_guests_orders_are_the_accounts_once_its_address_is_confirmed(world: World) {
    let (email, other) = (world.email("guest"), world.email("other"));
    let first = buy(&world, &world.ours.shopper, &email.to_uppercase()).await;
    let second = buy(&world, &world.ours.shopper, &email).await;
    buy(&world, &world.ours.shopper, &other).await;
    sign_up(&world, &email).await;
    let person = as_person(&world, &log_in_with(&world.ours, &email, "correct horse battery").await.expect(200));
    let own = person.get(OWN).send().await.expect(200);
    assert!(own.spent().sql <= 1, "{own}");
    assert_eq!(own.json()["items"], json!([second, first]), "the newest first");
    // The other shop has an account of the same address, and none of the orders.
    let theirs = as_person(&world, &log_in(&world.theirs, "customer@example.com").await.expect(200));
    let items = theirs.get(OWN).send().await.expect(200).json()["items"].clone();
    assert!(items.as_array().unwrap().iter().all(|order| order["id"] != first["id"]), "{items}");
    world.ours.merchant.get(OWN).send().await.expect_problem(403, "missing-scope");
}

pub async fn orders_placed_while_logged_in_are_ones_own_and_walk_all_pages(world: World) {
    let email = world.email("buyer");
    sign_up(&world, &email).await;
    let person = as_person(&world, &log_in_with(&world.ours, &email, "correct horse battery").await.expect(200));
    let mut placed = Vec::new();
    for address in [email.clone(), world.email("gift"), email.clone()] {
        placed.push(buy(&world, &person, &address).await);
    }
    placed.reverse();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{OWN}?limit=1{cursor}")).send().await.expect(200);
        seen.extend(page.json()["items"].as_array().unwrap().iter().cloned());
        match page.json()["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert!(page.header("link").is_some(), "{page}");
    }
    assert_eq!(seen, placed);
    assert_eq!(person.get(&format!("{OWN}?cursor=x&limit=0")).send().await.expect(422).places().len(), 2);
}

/// The order of one unit, placed for that address.
async fn buy(world: &World, buyer: &Client, email: &str) -> Value {
    let sold = world.sell(&format!("unit-{}", handle_of(email)), "1", 100).await;
    let mut form = order_form(&world.ours.filled_cart(&[(&sold.variant, 1)]).await);
    form["email"] = json!(email);
    let checkout = buyer.post("/api/v1/checkouts").json(&form).send().await.expect(201).json();
    let id = checkout["id"].as_str().unwrap();
    world.ours.complete_by(buyer, id, id, "on-account").await.expect(201).json()
}

/// A handle for an address.
fn handle_of(email: &str) -> String {
    email.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}
