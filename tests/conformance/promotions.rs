//! Redemptions: the database counts them, and refuses the order that comes too late.

use headlesspro_edge::app::Tenant;
use headlesspro_edge::port::sql::{Commit, Committed, Sql, Statement};
use headlesspro_edge::promotions;
use headlesspro_shared::kernel::id::{OrderId, OrganizationId, PromotionCodeId, PromotionId, StoreId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::{PromotionBook, Redemption};

use crate::databases::{EmbeddedDatabase, SqldDatabase};

const NOW: Timestamp = Timestamp::from_millis(1_000);
const HALF: &str =
    r#"{"name":"x","trigger":"automatic","effect":{"type":"reduce","by":{"type":"percent","rate":500000}}}"#;

pub fn tenant() -> Tenant {
    Tenant { organization: OrganizationId::from_u128(1), store: StoreId::from_u128(1) }
}

fn promotion(number: u128) -> PromotionId {
    PromotionId::from_u128(number)
}

pub fn order(number: u128) -> OrderId {
    OrderId::from_u128(number)
}

pub async fn execute(sql: &dyn Sql, text: String) {
    let done = tried(sql, text).await;
    assert!(matches!(done, Committed::Done { .. }), "{done:?}");
}

pub async fn tried(sql: &dyn Sql, text: String) -> Committed {
    let mut commit = Commit::new();
    commit.push(Statement::new(text));
    sql.commit(&commit).await.unwrap()
}

/// A store with orders 1 to 9 and these promotions: twice in all, once for each customer, by a code for a single use.
pub async fn furnish(sql: &dyn Sql) {
    let Tenant { organization, store } = tenant();
    execute(
        sql,
        format!(
            "INSERT INTO organization (id, name, currency, status, created_at)
             VALUES ('{organization}', 'a', 'EUR', 'active', 1)"
        ),
    )
    .await;
    execute(
        sql,
        format!(
            "INSERT INTO store (id, organization_id, name, currency, minor_unit_scale, created_at)
             VALUES ('{store}', '{organization}', 'a', 'EUR', 100, 1)"
        ),
    )
    .await;
    for number in 1..10 {
        let id = order(number);
        execute(
            sql,
            format!(
                "INSERT INTO checkout (id, organization_id, store_id, cart_id, state, personal_sealed, currency, lines,
                   total_minor, created_at, expires_at)
                 VALUES ('{number}', '{organization}', '{store}', 'c', 'open', '', 'EUR', '[]', 0, 1, 1)"
            ),
        )
        .await;
        execute(
            sql,
            format!(
                "INSERT INTO orders (id, organization_id, store_id, checkout_id, number, state, payment_state,
                   fulfillment_state, email_hash, personal_sealed, currency, total_minor, document, placed_at)
                 VALUES ('{id}', '{organization}', '{store}', '{number}', {number}, 'confirmed', 'pending',
                   'unfulfilled', '{:064}', '', 'EUR', 0, '{{}}', 1)",
                // Order 9 is of the address of order 1.
                number % 8
            ),
        )
        .await;
    }
    for (number, by, remaining, per_customer) in
        [(1, "automatic", "2", "NULL"), (2, "automatic", "NULL", "1"), (3, "code", "NULL", "NULL")]
    {
        let id = promotion(number);
        let definition = HALF.replace("automatic", by);
        execute(
            sql,
            format!(
                "INSERT INTO promotion (id, organization_id, store_id, definition, active, triggered_by, starts_at,
                   ends_at, limit_per_customer, remaining, created_at, updated_at)
                 VALUES ('{id}', '{organization}', '{store}', '{definition}', 1, '{by}', 0, 9007199254740991,
                   {per_customer}, {remaining}, 1, 1)"
            ),
        )
        .await;
    }
    let (id, of) = (PromotionCodeId::from_u128(1), promotion(3));
    execute(
        sql,
        format!(
            "INSERT INTO promotion_code (id, organization_id, store_id, promotion_id, code, use_limit, remaining,
               created_at)
             VALUES ('{id}', '{organization}', '{store}', '{of}', 'ONCE', 1, 1, 1)"
        ),
    )
    .await;
}

fn of(number: u128, customer: &str) -> Redemption {
    let code = (number == 3).then(|| PromotionCodeId::from_u128(1));
    Redemption { promotion: promotion(number), code, customer: Some(customer.to_owned()), amount: 500 }
}

/// Whether the order has them.
async fn redeem(sql: &dyn Sql, number: u128, redemptions: &[Redemption]) -> bool {
    let mut commit = Commit::new();
    promotions::redeem(&mut commit, tenant(), order(number), redemptions, Currency::EUR, NOW);
    matches!(sql.commit(&commit).await.unwrap(), Committed::Done { .. })
}

async fn book(sql: &dyn Sql, codes: &[&str], customer: &str) -> PromotionBook {
    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    let statements = promotions::book(tenant(), &codes, &[customer.to_owned()], NOW);
    assert_eq!(statements.len(), promotions::BOOK_STATEMENTS);
    promotions::book_of(&sql.read(statements).await.unwrap()).unwrap()
}

async fn limits_are_the_databases(sql: &dyn Sql) {
    furnish(sql).await;
    assert_eq!(book(sql, &[], "ada").await.promotions.len(), 2);
    assert!(redeem(sql, 1, &[of(1, "ada"), of(2, "ada"), of(3, "ada")]).await);
    let known = book(sql, &["once", "none", "a b"], "ada").await;
    let counted: Vec<_> = known.promotions.iter().map(|one| (one.id, one.used, one.used_by_customer)).collect();
    assert_eq!(counted, [(promotion(1), 1, 1), (promotion(2), 1, 1), (promotion(3), 1, 1)]);
    assert_eq!((known.codes.len(), known.codes[0].used, known.codes[0].limit), (1, 1, Some(1)));
    assert_eq!(book(sql, &[], "bob").await.promotions[1].used_by_customer, 0);

    // All of an order's, or none: the customer has had the second one, and the third one's code is spent.
    assert!(!redeem(sql, 2, &[of(1, "ada"), of(2, "ada")]).await);
    assert!(!redeem(sql, 2, &[of(1, "ada"), of(3, "ada")]).await);
    assert_eq!(book(sql, &[], "ada").await.promotions[0].used, 1, "nothing was counted");
    assert!(redeem(sql, 2, &[of(1, "bob"), of(2, "bob")]).await);
    assert!(!redeem(sql, 3, &[of(1, "eve")]).await, "two orders have it");
    let anybody = Redemption { customer: None, ..of(2, "") };
    assert!(!redeem(sql, 3, &[anybody]).await, "a limit for each customer needs one");
    assert!(!redeem(sql, 9, &[of(2, "eve")]).await, "the address has had it with an account");
    assert_eq!(book(sql, &[], &format!("{:064}", 1)).await.promotions[1].used_by_customer, 1);
    assert!(redeem(sql, 3, &[of(2, "eve")]).await);
    assert!(redeem(sql, 4, &[]).await);

    execute(sql, "DELETE FROM promotion_code".to_owned()).await;
    assert!(!redeem(sql, 5, &[of(3, "eve")]).await, "the code is gone");
    assert!(!redeem(sql, 5, &[of(7, "eve")]).await, "there is none");
    // Another tenant's are not there.
    let theirs = Tenant { organization: OrganizationId::from_u128(2), store: StoreId::from_u128(2) };
    let mut commit = Commit::new();
    promotions::redeem(&mut commit, theirs, order(6), &[of(1, "eve")], Currency::EUR, NOW);
    let refused = sql.commit(&commit).await.unwrap();
    assert!(matches!(refused, Committed::Refused { .. }), "{refused:?}");
}

#[tokio::test]
async fn embedded() {
    let database = EmbeddedDatabase::migrated().await;
    limits_are_the_databases(&database.sql).await;
}

#[tokio::test]
async fn sqld() {
    let database = SqldDatabase::migrated().await;
    limits_are_the_databases(&database.sql).await;
}
