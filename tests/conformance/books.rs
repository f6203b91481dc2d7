//! What customers owe, what providers hold and what is given back, as payments move: posted by the database, held against a
//! provider's report by `hp reconcile`.

use std::fs;
use std::process::Command;

use headlesspro_edge::port::sql::Sql;

use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::ledger::{done, furnish, value};

const PROVIDER: &str = "psp_00000000000000000000000001";
const HEADER: &str =
    "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id";

/// What is on an account of the organization's in euros.
async fn on(sql: &dyn Sql, account: &str) -> i64 {
    let text = format!(
        "SELECT coalesce((SELECT balance_minor FROM ledger_account WHERE organization_id = '$org' AND id = '{account}'
           AND currency = 'EUR'), 0) AS value"
    );
    value(sql, &text).await
}

/// Sales, what is owed, what the provider holds, and refunds.
async fn all(sql: &dyn Sql) -> [i64; 4] {
    [on(sql, "sales").await, on(sql, "receivable").await, on(sql, PROVIDER).await, on(sql, "refunds").await]
}

async fn payment(sql: &dyn Sql) {
    furnish(sql).await;
    done(
        sql,
        &format!(
            "INSERT INTO payment_provider (organization_id, store_id, id, kind, name, is_active, capture, secrets_sealed,
               created_at, updated_at) VALUES ('$org', '$store', '{PROVIDER}', 'stripe', 'Stripe', 1, 'manual', '', 1, 1)"
        ),
    )
    .await;
    done(
        sql,
        &format!(
            "INSERT INTO payment (organization_id, id, order_id, provider, method, state, currency, amount_minor, created_at,
               provider_id, reference)
             VALUES ('$org', 'pay', '$order', 'manual', 'on-account', 'pending', 'EUR', 900, 1, '{PROVIDER}', 'pi_1')"
        ),
    )
    .await;
}

async fn refund(sql: &dyn Sql, id: &str, amount: i64) {
    done(
        sql,
        &format!(
            "INSERT INTO refund (id, organization_id, order_id, payment_id, currency, amount_minor, lines, state, reference,
               created_at, updated_at)
             VALUES ('{id}', '$org', '$order', 'pay', 'EUR', {amount}, '[]', 'pending', 're_{id}', 1, 1)"
        ),
    )
    .await;
}

async fn turn(sql: &dyn Sql, id: &str, state: &str) {
    done(sql, &format!("UPDATE refund SET state = '{state}' WHERE organization_id = '$org' AND id = '{id}'")).await;
}

async fn capture(sql: &dyn Sql, minor: i64) {
    done(
        sql,
        &format!(
            "UPDATE payment SET state = 'captured', authorized_minor = 900, captured_minor = {minor}
             WHERE organization_id = '$org' AND id = 'pay'"
        ),
    )
    .await;
}

async fn everything_that_moves_is_posted(sql: &dyn Sql) {
    payment(sql).await;
    assert_eq!(all(sql).await, [900, -900, 0, 0], "the order is owed");
    capture(sql, 400).await;
    assert_eq!(all(sql).await, [900, -500, -400, 0]);
    capture(sql, 400).await;
    capture(sql, 900).await;
    assert_eq!(all(sql).await, [900, 0, -900, 0], "each cent once");
    refund(sql, "r_1", 300).await;
    assert_eq!(all(sql).await, [900, 0, -900, 0], "nothing has arrived yet");
    turn(sql, "r_1", "succeeded").await;
    assert_eq!(all(sql).await, [900, 0, -600, -300]);
    refund(sql, "r_2", 100).await;
    turn(sql, "r_2", "succeeded").await;
    turn(sql, "r_2", "failed").await;
    assert_eq!(all(sql).await, [900, 0, -600, -300], "what came back is there again");
    refund(sql, "r_3", 100).await;
    turn(sql, "r_3", "failed").await;
    assert_eq!(all(sql).await, [900, 0, -600, -300], "what never went has moved nothing");

    // Called off, the customer is owed the rest.
    done(sql, "UPDATE payment SET refunded_minor = 300 WHERE organization_id = '$org' AND id = 'pay'").await;
    done(sql, "UPDATE orders SET state = 'cancelled' WHERE organization_id = '$org' AND id = '$order'").await;
    assert_eq!(all(sql).await, [0, 600, -600, 0]);
    refund(sql, "r_4", 600).await;
    turn(sql, "r_4", "succeeded").await;
    assert_eq!(all(sql).await, [0, 0, 0, 0], "as if there had been none");
}

async fn every_cent_that_differs_is_named(sql: &dyn Sql, named: [&str; 2]) {
    payment(sql).await;
    capture(sql, 900).await;
    refund(sql, "r_1", 300).await;
    turn(sql, "r_1", "succeeded").await;
    let folder = tempfile::tempdir().unwrap();
    let reconcile = |rows: &str, more: &[&str]| {
        let file = folder.path().join("report.csv");
        fs::write(&file, format!("{HEADER}\n{rows}")).unwrap();
        let mut hp = Command::new(env!("CARGO_BIN_EXE_hp"));
        let hp = hp.arg("reconcile").arg(&file).args(named).args(more).output().unwrap();
        (hp.status.code(), String::from_utf8(hp.stdout).unwrap(), String::from_utf8(hp.stderr).unwrap())
    };
    let good = "txn_1,,eur,9.00,0.51,8.49,charge,ch_1,pi_1\ntxn_2,,eur,-3.00,0,-3.00,refund,re_r_1,pi_1\n\
                txn_3,,eur,-5.00,0,-5.00,payout,po_1,\n";
    let (code, told, why) = reconcile(good, &["--post"]);
    assert_eq!((code, why.as_str()), (Some(0), ""), "{told}");
    assert_eq!(
        told,
        format!(
            "{PROVIDER} (Stripe): 3 movements, 2 payments and refunds matched, the same on both sides\n  \
             EUR: captured 9.00, refunded 3.00, fees 0.51, paid out 5.00, other 0.00; the balance moved by 0.49\n  \
             2 fees and payouts were posted that were not before\n"
        )
    );
    assert_eq!([on(sql, PROVIDER).await, on(sql, "fees").await, on(sql, "bank").await], [-49, -51, -500]);
    let (code, told, _) = reconcile(good, &["--post"]);
    assert!(code == Some(0) && told.ends_with("  0 fees and payouts were posted that were not before\n"), "{told}");
    let verified = Command::new(env!("CARGO_BIN_EXE_hp")).args(["ledger", "verify"]).args(named).output().unwrap();
    assert!(verified.status.success(), "{verified:?}");

    let wrong = "txn_1,,eur,8.99,0.51,8.48,charge,ch_1,pi_1\ntxn_4,,eur,1.00,0,1.00,charge,ch_2,pi_2\n";
    let (code, told, why) = reconcile(wrong, &[]);
    assert_eq!((code, why.as_str()), (Some(1), "hp: the report and the ledger differ, in 3 places\n"));
    let differences: Vec<&str> = told.lines().skip(2).collect();
    let [amount, missing, unknown] = differences[..] else { panic!("{told}") };
    assert!(amount.ends_with("the payment pi_1 was posted with 900 EUR, and is reported with 899: -1"), "{amount}");
    assert!(missing.ends_with("300 EUR of the refund re_r_1 are not in the report"), "{missing}");
    assert_eq!(unknown, "  txn_4: 100 EUR of the payment pi_2, which the ledger does not know");
    // Of another time nothing is missing.
    let (code, told, _) = reconcile("", &["--from", "2001-01-01T00:00:00Z", "--to", "2001-02-01T00:00:00Z"]);
    assert!(code == Some(0) && told.contains("0 movements, 0 payments and refunds matched"), "{told}");
    let (code, _, why) = reconcile("txn_1,,eur,x,0,0,fee,,\n", &[]);
    assert!(code == Some(1) && why.ends_with("report.csv: row 2: `x` is no amount of EUR\n"), "{why}");
}

#[tokio::test]
async fn embedded() {
    let database = EmbeddedDatabase::migrated().await;
    everything_that_moves_is_posted(&database.sql).await;
}

#[tokio::test]
async fn sqld() {
    let database = SqldDatabase::migrated().await;
    everything_that_moves_is_posted(&database.sql).await;
}

#[tokio::test]
async fn embedded_reconciled() {
    let database = EmbeddedDatabase::migrated().await;
    let folder = database.folder.path().to_str().unwrap().to_owned();
    every_cent_that_differs_is_named(&database.sql, ["--data", &folder]).await;
}

#[tokio::test]
async fn sqld_reconciled() {
    let database = SqldDatabase::migrated().await;
    every_cent_that_differs_is_named(&database.sql, ["--database", &database.server.url()]).await;
}
