//! Checkouts: a release that does not know what a newer one has agreed to completes none of them.

use headlesspro_edge::app::Tenant;
use headlesspro_edge::port::sql::{Committed, Sql};

use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::promotions::{execute, furnish, order, tenant, tried};

#[tokio::test]
async fn embedded() {
    no_older_release_completes_what_it_does_not_know(&EmbeddedDatabase::migrated().await.sql).await;
}

#[tokio::test]
async fn embedded_quotes() {
    whoever_completes_a_checkout_uses_its_quote_up(&EmbeddedDatabase::migrated().await.sql).await;
}

#[tokio::test]
async fn sqld_quotes() {
    whoever_completes_a_checkout_uses_its_quote_up(&SqldDatabase::migrated().await.sql).await;
}

#[tokio::test]
async fn sqld() {
    no_older_release_completes_what_it_does_not_know(&SqldDatabase::migrated().await.sql).await;
}

async fn no_older_release_completes_what_it_does_not_know(sql: &dyn Sql) {
    furnish(sql).await;
    // One from before promotions, one that was totalled, and one that was taxed as well.
    let taxed = "question = '{}', engine = 1, rules_version = 0, tax_version = 0";
    for (number, agreed) in [(1, "question = NULL"), (2, "question = '{}', engine = 1, rules_version = 0"), (3, taxed)]
    {
        execute(sql, format!("UPDATE checkout SET {agreed} WHERE id = '{number}'")).await;
        line(sql, number, "NULL").await;
    }
    assert_eq!([is_completed(sql, 1).await, is_completed(sql, 2).await], [true, false]);
    totals(sql, 2).await;
    totals(sql, 3).await;
    assert_eq!([is_completed(sql, 2).await, is_completed(sql, 3).await], [true, false]);
    let exempt = format!("{taxed}, exemptions_version = 1");
    execute(sql, format!("UPDATE checkout SET {exempt} WHERE id = '4'")).await;
    line(sql, 4, "0").await;
    totals(sql, 4).await;
    assert!(!is_completed(sql, 4).await, "whoever buys has certificates");
    execute(sql, "UPDATE checkout SET exemptions_guarded = 1 WHERE id = '4'".to_owned()).await;
    assert!(is_completed(sql, 4).await);

    // With a delivery that is not there, with it, and with one that is no part of the total.
    for number in [5, 6] {
        execute(
            sql,
            format!("UPDATE checkout SET {taxed}, shipping_version = 1, deliveries = '[1]' WHERE id = '{number}'"),
        )
        .await;
        line(sql, number, "0").await;
        totals(sql, number).await;
    }
    assert!(!is_completed(sql, 5).await);
    delivery(sql, 5, 0).await;
    delivery(sql, 6, 490).await;
    assert_eq!([is_completed(sql, 5).await, is_completed(sql, 6).await], [true, false]);
}

/// A release that knows no quotes as well.
async fn whoever_completes_a_checkout_uses_its_quote_up(sql: &dyn Sql) {
    furnish(sql).await;
    let Tenant { organization, store } = tenant();
    execute(
        sql,
        format!(
            "INSERT INTO quote (id, organization_id, store_id, token_hash, cart_id, question, engine, deliveries, created_at,
               expires_at)
             VALUES ('q', '{organization}', '{store}', '{:064}', 'c', '{{}}', 1, '[]', 1, 1)",
            0
        ),
    )
    .await;
    for (number, quote, completes) in [(1, "q", true), (2, "q", false), (3, "gone", false)] {
        execute(sql, format!("UPDATE checkout SET quote_id = '{quote}' WHERE id = '{number}'")).await;
        assert_eq!(is_completed(sql, number).await, completes, "{number}");
    }
    // What is completed already may be said again.
    assert!(is_completed(sql, 1).await);
}

async fn is_completed(sql: &dyn Sql, number: u128) -> bool {
    let text = format!("UPDATE checkout SET state = 'completed' WHERE id = '{number}'");
    matches!(tried(sql, text).await, Committed::Done { .. })
}

/// A line of the order of a checkout, with what is paid for it.
async fn line(sql: &dyn Sql, number: u128, gross: &str) {
    let (Tenant { organization, .. }, order) = (tenant(), order(number));
    execute(
        sql,
        format!(
            "INSERT INTO order_line (id, organization_id, order_id, position, variant_id, product_id, sku, title,
               quantity, unit_price_minor, total_minor, gross_minor)
             VALUES ('{number}', '{organization}', '{order}', 0, 'v', 'p', 's', 't', 1, 0, 0, {gross})"
        ),
    )
    .await;
}

/// A delivery of the order of a checkout, which comes to nothing in all.
async fn delivery(sql: &dyn Sql, number: u128, gross: i64) {
    let (Tenant { organization, .. }, order) = (tenant(), order(number));
    execute(
        sql,
        format!(
            "INSERT INTO order_delivery (organization_id, order_id, position, method_id, kind, name, amount_minor,
               discount_minor, tax_minor, gross_minor, why)
             VALUES ('{organization}', '{order}', 0, 'm', 'delivery', 'Parcel', {gross}, 0, 0, {gross}, '{{}}')"
        ),
    )
    .await;
}

async fn totals(sql: &dyn Sql, number: u128) {
    let (Tenant { organization, .. }, order) = (tenant(), order(number));
    let values = format!("('{organization}', '{order}', 1, '{{}}', '{{}}')");
    execute(
        sql,
        format!("INSERT INTO order_totals (organization_id, order_id, engine, question, totals) VALUES {values}"),
    )
    .await;
}
