//! What is personal is nowhere in the database in the clear: every cell of every table is read.

use headlesspro_edge::port::sql::{Commit, Sql, Statement};
use serde_json::{Value, json};

use super::identity_providers::set_up;
use crate::app::{Kind, Stage};
use crate::authenticator::Authenticator;
use crate::client::Client;
use crate::hosts::start_identity_provider;
use crate::stories::passkeys::{ORIGIN, registration_options, set_party};
use crate::stories::people::sign_up;
use crate::stories::sessions::{as_person, log_in, log_in_with};
use crate::world::order_form;

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";

/// Each stands in some request of the proof and nowhere else.
const SECRETS: [&str; 11] = [
    "Zebedee",
    "zebedee",
    "Quillfeather",
    "Moorhen",
    "Ottery",
    "EX11 9QQ",
    "+44 1404 555",
    "correct horse",
    "Snettisham",
    "Ottilie",
    "ottilie",
];

pub fn nothing_personal_is_readable(stage: &Stage, kind: Kind) {
    stage.run(async {
        let world = stage.world();
        let email = "Zebedee.Quillfeather@example.com";
        sign_up(&world, email).await;
        let tokens = log_in_with(&world.ours, email, "correct horse battery").await.expect(200);
        let person = as_person(&world, &tokens);
        // What a browser says of itself may name its owner.
        let login =
            world.ours.shopper.post("/api/v1/auth/login").header("user-agent", "Zebedee's (iPhone) Safari/604.1");
        login.json(&json!({ "email": email, "password": "correct horse battery" })).send().await.expect(200);
        let sessions = person.get("/api/v1/auth/sessions").send().await.expect(200).json();
        let devices: Vec<&Value> = sessions["items"].as_array().unwrap().iter().map(|one| &one["device"]).collect();
        assert!(devices.contains(&&json!("Safari on iOS")), "{devices:?}");
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

        set_party(&owner).await;
        let mut authenticator = Authenticator::es256("sealed", ORIGIN);
        let credential = authenticator.create(&registration_options(&person).await);
        let passkey = json!({ "name": "Ottilie's telephone", "credential": credential });
        let registered = person.post("/api/v1/auth/passkeys").json(&passkey).send().await.expect(201);
        let path = registered.the("location");
        assert_eq!(registered.json()["name"], "Ottilie's telephone");
        let renamed = person.patch(path).json(&json!({ "name": "Ottilie's own" })).send().await.expect(200);
        let listed = person.get("/api/v1/auth/passkeys").send().await.expect(200).json();
        assert!(
            listed["items"] == json!([renamed.json()]) && listed["items"][0]["name"] == "Ottilie's own",
            "{listed}"
        );
        // Names were not sealed once.
        let renamed_id = renamed.json()["id"].as_str().unwrap().to_owned();
        let name = |name: &str| {
            let mut commit = Commit::new();
            commit.push(
                Statement::new("UPDATE passkey SET name = ?2 WHERE id = ?1").bind(renamed_id.as_str()).bind(name),
            );
            commit
        };
        stage.sql().commit(&name("Key ring")).await.unwrap();
        let listed = person.get("/api/v1/auth/passkeys").send().await.expect(200).json();
        assert_eq!(listed["items"][0]["name"], "Key ring");
        person.patch(path).json(&json!({ "name": "Ottilie's own" })).send().await.expect(200);
        let invited = json!({ "email": "Ottilie.Quillfeather@example.com", "role": "viewer" });
        owner.post("/api/v1/invitations").json(&invited).send().await.expect(201);
        link_another(stage, &owner, &person).await;

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

/// Links the person to what another issuer says of somebody.
async fn link_another(stage: &Stage, owner: &Client, person: &Client) {
    let provider = start_identity_provider(stage.provider_port()).unwrap();
    let (issuer, audience) = (format!("{}/told", provider.url), "https://shop.example");
    set_up(owner, json!({ "clientId": "shop", "issuer": issuer, "tokenAudiences": [audience] })).await;
    let now = stage.app().clock.now().millis() / 1_000;
    let claims = json!({ "iss": issuer, "sub": "1845", "azp": audience, "iat": now, "exp": now + 60,
        "email": "ottilie@example.org", "email_verified": true, "name": "Ottilie Quillfeather" });
    let wanted = json!({ "alg": "RS256", "claims": claims });
    let signed = reqwest::Client::new().post(format!("{issuer}/sign")).body(wanted.to_string()).send().await;
    let signed: Value = serde_json::from_slice(&signed.unwrap().bytes().await.unwrap()).unwrap();
    let link = person.post("/api/v1/auth/providers/link-token").json(&json!({ "token": signed["token"] }));
    link.send().await.expect(200);
    let linked = person.get("/api/v1/auth/identities").send().await.expect(200).json();
    assert_eq!(linked["items"][0]["email"], "ottilie@example.org", "{linked}");
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
