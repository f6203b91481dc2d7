//! The ledger in raw SQL: whatever is written, it sums to zero, no holder is below zero, and nothing ever changes.

use std::process::Command;

use headlesspro_edge::ledger::verify;
use headlesspro_edge::port::sql::{Commit, Committed, Sql, Statement};
use headlesspro_shared::kernel::id::{OrderId, OrganizationId, StoreId};

use crate::databases::{EmbeddedDatabase, SqldDatabase};

fn fill(text: &str) -> String {
    let (organization, store) = (OrganizationId::from_u128(1), StoreId::from_u128(1));
    let text = text.replace("$org", &organization.to_string()).replace("$store", &store.to_string());
    text.replace("$order", &OrderId::from_u128(1).to_string()).replace("$hash", &"0".repeat(64))
}

/// What refused it, if something did.
async fn run(sql: &dyn Sql, text: &str) -> Option<String> {
    let mut commit = Commit::new();
    commit.push(Statement::new(fill(text)));
    match sql.commit(&commit).await.unwrap() {
        Committed::Done { .. } => None,
        Committed::Refused { refusal, .. } => Some(refusal.into_message()),
    }
}

pub async fn done(sql: &dyn Sql, text: &str) {
    assert_eq!(run(sql, text).await, None, "{text}");
}

async fn refused(sql: &dyn Sql, text: &str, word: &str) {
    let refusal = run(sql, text).await;
    assert!(refusal.as_ref().is_some_and(|refusal| refusal.contains(word)), "{text}: {refusal:?}");
}

/// Entries of an account in euros, with their amounts.
fn post(id: &str, kind: &str, order: &str, entries: &[(&str, &str)]) -> String {
    let entry = |(account, amount): &(&str, &str)| {
        format!(r#"{{"account":"{account}","currency":"EUR","kind":"x","amount":{amount}}}"#)
    };
    let entries: Vec<String> = entries.iter().map(entry).collect();
    format!(
        "INSERT INTO ledger_transaction (organization_id, id, store_id, kind, order_id, entries, created_at)
         VALUES ('$org', '{id}', '$store', '{kind}', {order}, '[{}]', 1)",
        entries.join(",")
    )
}

pub async fn value(sql: &dyn Sql, text: &str) -> i64 {
    let rows = sql.read(vec![Statement::new(fill(text))]).await.unwrap();
    rows[0].first().unwrap().get("value").unwrap()
}

pub async fn furnish(sql: &dyn Sql) {
    for text in [
        "INSERT INTO organization (id, name, currency, status, created_at) VALUES ('$org', 'a', 'EUR', 'active', 1)",
        "INSERT INTO store (id, organization_id, name, currency, minor_unit_scale, created_at)
         VALUES ('$store', '$org', 'a', 'EUR', 100, 1)",
        "INSERT INTO checkout (id, organization_id, store_id, cart_id, state, personal_sealed, currency, lines,
           total_minor, created_at, expires_at)
         VALUES ('chk', '$org', '$store', 'c', 'open', '', 'EUR', '[]', 900, 1, 1)",
        "INSERT INTO orders (id, organization_id, store_id, checkout_id, number, state, payment_state, fulfillment_state,
           email_hash, personal_sealed, currency, total_minor, document, placed_at)
         VALUES ('$order', '$org', '$store', 'chk', 1, 'confirmed', 'pending', 'unfulfilled', '$hash', '', 'EUR', 900,
           '{}', 1)",
        "INSERT INTO order_line (id, organization_id, order_id, position, variant_id, product_id, sku, title, quantity,
           unit_price_minor, total_minor, gross_minor)
         VALUES ('line', '$org', '$order', 0, 'v', 'p', 's', 't', 1, 900, 900, 900)",
        "INSERT INTO ledger_account (organization_id, id, currency, kind) VALUES ('$org', 'card', 'EUR', 'gift-card'),
           ('$org', 'issuance', 'EUR', 'issuance'), ('$org', 'sales', 'EUR', 'sales')",
    ] {
        done(sql, text).await;
    }
}

async fn balances_move_by_whole_transactions_alone(sql: &dyn Sql) {
    furnish(sql).await;
    // A registration that nobody has confirmed may be anybody's.
    let account = |id: &str, verified: &str| {
        format!(
            "INSERT INTO account (id, organization_id, email_hash, email_sealed, role, state, locale, email_verified_at,
               created_at, updated_at)
             VALUES ('{id}', '$org', '{id}' || substr('$hash', length('{id}') + 1), '', 'customer', 'active', 'en',
               {verified}, 1, 1)"
        )
    };
    let credit = |id: &str| {
        format!(
            "INSERT INTO ledger_account (organization_id, id, currency, kind) VALUES ('$org', '{id}', 'EUR', 'store-credit')"
        )
    };
    done(sql, &account("known", "1")).await;
    done(sql, &account("unknown", "NULL")).await;
    done(sql, &credit("known")).await;
    refused(sql, &credit("unknown"), "LEDGER_UNVERIFIED").await;
    refused(sql, &credit("nobody"), "LEDGER_UNVERIFIED").await;
    done(sql, &post("t1", "issue", "NULL", &[("card", "1000"), ("issuance", "-1000")])).await;
    done(
        sql,
        "INSERT INTO gift_card (organization_id, id, store_id, code_hash, last_four, currency, issued_minor, state,
           created_at, updated_at)
         VALUES ('$org', 'card', '$store', '$hash', '7KQ2', 'EUR', 1000, 'active', 1, 1)",
    )
    .await;
    let card = "SELECT balance_minor AS value FROM ledger_account WHERE organization_id = '$org' AND id = 'card'";
    assert_eq!(value(sql, card).await, 1_000);

    // A transaction that is none.
    for (entries, word) in [
        (&[("card", "5"), ("issuance", "-4")][..], "LEDGER_UNBALANCED"),
        (&[("card", "5")], "LEDGER_UNBALANCED"),
        (&[], "LEDGER_UNBALANCED"),
        (&[("card", "0"), ("issuance", "0")], "CHECK"),
        (&[("card", "0.5"), ("issuance", "-0.5")], "REAL"),
        (&[("card", "null"), ("issuance", "-5")], "NULL"),
        (&[("nobody", "5"), ("issuance", "-5")], "NULL"),
        (&[("card", "5"), ("card", "-5")], "LEDGER_NOT_POSTED"),
        (&[("card", "-1001"), ("issuance", "1001")], "CHECK"),
        (&[("card", "9007199254739992"), ("issuance", "-9007199254739992")], "CHECK"),
        (&[("card", "9223372036854775807"), ("issuance", "-9223372036854775807")], "REAL"),
    ] {
        let refusal = run(sql, &post("t2", "adjust", "NULL", entries)).await;
        // Which of two constraints speaks first is the engine's.
        let is_refused = refusal.as_ref().is_some_and(|refusal| refusal.contains(word) || refusal.contains("UNIQUE"));
        assert!(is_refused, "{entries:?}: {refusal:?}");
    }

    // Nothing goes around it.
    for text in [
        "INSERT INTO ledger_transaction (organization_id, id, store_id, kind, created_at)
         VALUES ('$org', 't2', '$store', 'adjust', 1)",
        "INSERT OR REPLACE INTO ledger_transaction (organization_id, id, store_id, kind, entries, created_at)
         VALUES ('$org', 't1', '$store', 'adjust', '[]', 1)",
        "INSERT INTO ledger_entry (organization_id, account_id, currency, number, transaction_id, amount_minor,
           balance_minor) VALUES ('$org', 'card', 'EUR', 2, 't1', 5, 1005)",
        "INSERT OR REPLACE INTO ledger_entry (organization_id, account_id, currency, number, transaction_id, amount_minor,
           balance_minor) VALUES ('$org', 'card', 'EUR', 1, 't1', 5, 5)",
        "UPDATE ledger_account SET balance_minor = 5 WHERE id = 'card'",
        "UPDATE ledger_account SET balance_minor = 5, entry_count = 2 WHERE id = 'card'",
        "INSERT OR REPLACE INTO ledger_account (organization_id, id, currency, kind)
         VALUES ('$org', 'card', 'EUR', 'gift-card')",
        "INSERT INTO ledger_account (organization_id, id, currency, kind, balance_minor)
         VALUES ('$org', 'other', 'EUR', 'gift-card', 5)",
    ] {
        refused(sql, text, "LEDGER_NOT_POSTED").await;
    }
    for text in [
        "UPDATE ledger_transaction SET reason = 'x'",
        "UPDATE ledger_transaction SET entries = '[]'",
        "DELETE FROM ledger_transaction",
        "UPDATE ledger_entry SET amount_minor = 5",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_account",
    ] {
        refused(sql, text, "LEDGER_NEVER_CHANGES").await;
    }
    assert_eq!(value(sql, card).await, 1_000);

    // An order is paid to the last cent, by what the ledger has moved for it, once.
    let complete = "UPDATE checkout SET state = 'completed' WHERE id = 'chk'";
    refused(sql, complete, "not paid").await;
    done(sql, &post("r1", "redeem", "'$order'", &[("card", "-400"), ("sales", "400")])).await;
    refused(sql, &post("r2", "redeem", "'$order'", &[("card", "-400"), ("sales", "400")]), "UNIQUE").await;
    let tender = |amount: i64| {
        format!(
            "INSERT INTO order_tender (organization_id, order_id, position, kind, account_id, currency, amount_minor,
               transaction_id) VALUES ('$org', '$order', 0, 'gift-card', 'card', 'EUR', {amount}, 'r1')"
        )
    };
    refused(sql, &tender(399), "TENDER_NOT_PAID").await;
    for (unusable, usable) in [
        ("UPDATE gift_card SET state = 'disabled'", "UPDATE gift_card SET state = 'active'"),
        ("UPDATE gift_card SET expires_at = 1", "UPDATE gift_card SET expires_at = 2"),
    ] {
        done(sql, unusable).await;
        refused(sql, &tender(400), "TENDER_NOT_PAID").await;
        done(sql, usable).await;
    }
    done(sql, &tender(400)).await;
    refused(sql, "UPDATE order_tender SET amount_minor = 1", "never change").await;
    refused(sql, "DELETE FROM order_tender", "never change").await;
    refused(sql, complete, "not paid").await;
    done(
        sql,
        "INSERT INTO payment (organization_id, id, order_id, provider, method, state, currency, amount_minor, created_at)
         VALUES ('$org', 'pay', '$order', 'manual', 'paid', 'captured', 'EUR', 500, 1)",
    )
    .await;
    done(sql, complete).await;
    let delivery =
        "INSERT INTO order_delivery (organization_id, order_id, position, method_id, kind, name, amount_minor,
         discount_minor, tax_minor, gross_minor, why)
       VALUES ('$org', '$order', 0, 'm', 'delivery', 'n', 0, 0, 0, 0, '{}')";
    done(sql, delivery).await;
    refused(sql, "DELETE FROM order_delivery", "never changes").await;
    assert_eq!(value(sql, card).await, 600);
    assert_eq!(value(sql, "SELECT sum(amount_minor) AS value FROM ledger_entry").await, 0);
    assert_eq!(value(sql, "SELECT sum(balance_minor) AS value FROM ledger_account").await, 0);
}

/// What somebody with the database's token may do, and what is said of it. The card has 1,300 entries of one cent.
const TAMPERING: &[(&str, &str)] = &[
    ("UPDATE ledger_account SET balance_minor = 9 WHERE id = 'issuance'", "issuance in EUR: the balance is 9, and"),
    ("UPDATE ledger_account SET entry_count = 1298 WHERE id = 'card'", "card in EUR: entries 1299 to 1300 are nothing"),
    ("DELETE FROM ledger_entry WHERE account_id = 'card' AND number = 1001", "card in EUR: entry 1001 is gone"),
    (
        "UPDATE ledger_entry SET balance_minor = 7 WHERE account_id = 'card' AND number = 1100",
        "card in EUR: after entry 1100 there are 7, and should be 1100",
    ),
    (
        "UPDATE ledger_entry SET amount_minor = 3 WHERE account_id = 'card' AND number = 1200",
        "t1200: its entries in EUR sum to 2, and not to zero",
    ),
    (
        "INSERT INTO ledger_transaction (organization_id, id, store_id, kind, created_at)
         VALUES ('$org', 'none', '$store', 'adjust', 1)",
        "none: it has no entries",
    ),
    ("UPDATE ledger_account SET balance_minor = 5 WHERE id = 'sales'", "sales in EUR: the balance is 5, and"),
];

async fn who_writes_without_the_triggers_is_found(sql: &dyn Sql, named: [&str; 2]) {
    let hp = || {
        let hp = Command::new(env!("CARGO_BIN_EXE_hp")).args(["ledger", "verify"]).args(named).output().unwrap();
        (hp.status.code(), String::from_utf8(hp.stdout).unwrap(), String::from_utf8(hp.stderr).unwrap())
    };
    furnish(sql).await;
    let mut commit = Commit::new();
    for number in 1..=1_300 {
        let transaction = post(&format!("t{number}"), "issue", "NULL", &[("card", "1"), ("issuance", "-1")]);
        commit.push(Statement::new(fill(&transaction)));
    }
    assert!(matches!(sql.commit(&commit).await.unwrap(), Committed::Done { .. }));
    let organization = OrganizationId::from_u128(1);
    assert_eq!(hp(), (Some(0), format!("{organization}: 2600 entries, adds up\n"), String::new()));

    let triggers = "SELECT name AS value FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'ledger_%'";
    let triggers = sql.read(vec![Statement::new(triggers)]).await.unwrap();
    for trigger in triggers[0].iter() {
        done(sql, &format!("DROP TRIGGER {}", trigger.get::<&str>("value").unwrap())).await;
    }
    for (tampering, expected) in TAMPERING {
        done(sql, tampering).await;
        let found = verify(sql, organization).await.unwrap();
        assert!(found.faults.iter().any(|fault| fault.to_string().starts_with(expected)), "{expected}: {found:?}");
    }
    let (code, told, why) = hp();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.starts_with(&format!("{organization}: 2599 entries, DOES NOT ADD UP\n")), "{told}");
    assert!(TAMPERING.iter().all(|(_, expected)| told.contains(expected)), "{told}");
    assert_eq!(why, format!("hp: the ledger does not add up, in {} places\n", told.lines().count() - 1));
}

#[tokio::test]
async fn embedded() {
    let database = EmbeddedDatabase::migrated().await;
    balances_move_by_whole_transactions_alone(&database.sql).await;
}

#[tokio::test]
async fn sqld() {
    let database = SqldDatabase::migrated().await;
    balances_move_by_whole_transactions_alone(&database.sql).await;
}

#[tokio::test]
async fn embedded_verified() {
    let database = EmbeddedDatabase::migrated().await;
    let folder = database.folder.path().to_str().unwrap().to_owned();
    who_writes_without_the_triggers_is_found(&database.sql, ["--data", &folder]).await;
}

#[tokio::test]
async fn sqld_verified() {
    let database = SqldDatabase::migrated().await;
    who_writes_without_the_triggers_is_found(&database.sql, ["--database", &database.server.url()]).await;
}
