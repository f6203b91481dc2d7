//! What is personal is nowhere in the database in the clear: every cell of every table is read.

use headlesspro_edge::port::sql::{Commit, Sql, Statement};
use serde_json::{Value, json};

use crate::app::{Kind, Stage};
use crate::stories::people::sign_up;
use crate::stories::sessions::{as_person, log_in, log_in_with};
use crate::world::order_form;

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";

/// Each stands in some request of the proof and nowhere else.
const SECRETS: [&str; 9] = [
    "Zebedee",
    "zebedee",
    "Quillfeather",
    "Moorhen",
    "Ottery",
    "EX11 9QQ",
    "+44 1404 555",
    "correct horse",
    "Snettisham",
];

pub fn nothing_personal_is_readable(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let email = "Zebedee.Quillfeather@example.com";
        sign_up(&world, email).await;
        let tokens = log_in_with(&world.ours, email, "correct horse battery").await.expect(200);
        let person = as_person(&world, &tokens);
        let profile = json!({ "name": "Zebedee Quillfeather", "phone": "+44 1404 555 777" });
        person.patch("/api/v1/customers/me").json(&profile).send().await.expect(200);
        let address = json!({
            "name": "Zebedee Quillfeather", "company": "Snettisham Ltd", "line1": "3 Moorhen Lane", "city": "Ottery",
            "postalCode": "EX11 9QQ", "countryCode": "GB", "phone": "+44 1404 555 777",
        });
        let book = person.post("/api/v1/customers/me/addresses").header("idempotency-key", "book");
        book.json(&json!({ "address": address })).send().await.expect(201);

        let sold = world.sell("sealed", "1", 10).await;
        let mut form = order_form(&world.ours.filled_cart(&[(&sold.variant, 1)]).await);
        form["email"] = json!(email);
        form["shippingAddress"] = address;
        let open = || world.ours.shopper.post("/api/v1/checkouts").header("idempotency-key", "open").json(&form).send();
        let checkout = open().await.expect(201);
        assert_eq!(open().await.expect(201).body, checkout.body, "byte for byte");
        let id = checkout.json()["id"].as_str().unwrap().to_owned();
        let placed = world.ours.complete(&id, "complete").await.expect(201);
        let again = world.ours.complete(&id, "complete").await.expect(201);
        assert!(again.is_replayed() && again.body == placed.body, "byte for byte");
        let order = format!("/api/v1/orders/{}", placed.json()["id"].as_str().unwrap());
        let shown = world.ours.merchant.get(&order).send().await.expect(200);
        assert_eq!(shown.body, placed.body);
        assert_eq!(shown.json()["shippingAddress"]["line1"], "3 Moorhen Lane");

        // What is kept for a repeat holds a secret, and is sealed.
        let owner = as_person(&world, &log_in(&world.ours, "owner@example.com").await.expect(200));
        let key = json!({ "kind": "secret", "name": "Kept" });
        let made = owner.post("/api/v1/api-keys").header("idempotency-key", "key").json(&key).send().await.expect(201);
        let made = made.json();
        let key = made["key"].as_str().unwrap();

        let cells = cells(stage.sql()).await;
        for (place, text) in &cells {
            for secret in SECRETS.into_iter().chain([key]) {
                assert!(!text.contains(secret), "{place} holds {secret}: {text}");
            }
        }
        assert!(cells.len() > 200, "only {} cells were read", cells.len());
        println!("{kind}: {} cells hold nothing personal", cells.len());

        // A day later a secret is not kept any more once there is another; an order's record stays.
        let mut aging = Commit::new();
        aging.push(Statement::new("UPDATE idempotency_record SET created_at = created_at - 86400001"));
        stage.sql().commit(&aging).await.unwrap();
        let other = json!({ "kind": "secret", "name": "Other" });
        let make = |body: Value| owner.post("/api/v1/api-keys").header("idempotency-key", "other").json(&body).send();
        make(other.clone()).await.expect(201);
        assert!(make(other).await.expect(201).is_replayed());
        let key = json!({ "kind": "secret", "name": "Kept" });
        let anew = owner.post("/api/v1/api-keys").header("idempotency-key", "key").json(&key).send().await.expect(201);
        assert!(!anew.is_replayed() && anew.json()["key"] != made["key"]);
        let again = world.ours.complete(&id, "complete").await.expect(201);
        assert!(again.is_replayed() && again.body == placed.body, "byte for byte");
    });
}

/// Everything that stands in a database, as text, each with its table and column.
pub async fn cells(sql: &dyn Sql) -> Vec<(String, String)> {
    let read = |text: String| async move {
        sql.read(vec![Statement { sql: text.into(), args: Vec::new() }]).await.unwrap().remove(0)
    };
    let mut cells = Vec::new();
    for table in read(TABLES.to_owned()).await.iter() {
        let name = table.get::<&str>("name").unwrap().to_owned();
        let columns = read(format!("SELECT name FROM pragma_table_info('{name}')")).await;
        let columns: Vec<&str> = columns.iter().map(|column| column.get("name").unwrap()).collect();
        let whole: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT) AS {column}")).collect();
        for row in read(format!("SELECT {} FROM {name}", whole.join(", "))).await.iter() {
            for column in &columns {
                if let Some(text) = row.get::<Option<&str>>(column).unwrap() {
                    cells.push((format!("{name}.{column}"), text.to_owned()));
                }
            }
        }
    }
    cells
}
