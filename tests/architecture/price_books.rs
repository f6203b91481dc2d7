//! What decides the prices of a cart is read without reading the rules for anything else, and a commit that has read it
//! holds only while it is so.

use headlesspro_edge::app::Tenant;
use headlesspro_edge::port::sql::{Commit, Committed, Sql};
use headlesspro_edge::pricing::{BOOK_STATEMENTS, Book, book, book_of, guard};
use headlesspro_shared::kernel::id::{
    AccountId, CustomerGroupId, OrganizationId, PriceListId, ProductId, StoreId, VariantId,
};
use headlesspro_shared::kernel::money::{Currency, Money, Rounding};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{BasePrice, PriceQuestion, PricingError, resolve};

use crate::plans::database;
use crate::steps::Counted;

const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);

fn tenant(number: u128) -> Tenant {
    Tenant { organization: OrganizationId::from_u128(number), store: StoreId::from_u128(number) }
}

/// Two stores that have the same, each with its own ids: a sale for everybody, a list of a group that is based on one
/// which is not active, one that has not begun, and a sale of 50,000 other variants.
fn fill(database: &Counted, number: u128) {
    let Tenant { organization, store } = tenant(number);
    let [variant, group, account] = [
        VariantId::from_u128(number).to_string(),
        CustomerGroupId::from_u128(number).to_string(),
        AccountId::from_u128(number).to_string(),
    ];
    let product = ProductId::from_u128(number);
    database.execute(&format!(
        "INSERT INTO organization (id, name, created_at) VALUES ('{organization}', 'x{number}', 0);
         INSERT INTO store (id, organization_id, name, currency, minor_unit_scale, created_at)
         VALUES ('{store}', '{organization}', 'x', 'EUR', 100, 0);
         INSERT INTO price_setting (store_id, organization_id, version, endings)
         VALUES ('{store}', '{organization}', 5,
           '[{{\"currency\":\"KRW\",\"step\":1000,\"offset\":900,\"toward\":\"nearest\"}}]');
         INSERT INTO variant (id, product_id, organization_id, store_id, position, sku, title, option_key,
           document, price_minor, currency, sellable)
         VALUES ('{variant}', '{product}', '{organization}', '{store}', 0, 'x', 'x', '', '{{}}', 10000, 'EUR', 1);
         INSERT INTO customer_group (id, organization_id, name, created_at, updated_at)
         VALUES ('{group}', '{organization}', 'x', 0, 0);
         INSERT INTO customer_group_member (group_id, account_id, organization_id, added_at)
         VALUES ('{group}', '{account}', '{organization}', 0);
         INSERT INTO exchange_pair (store_id, organization_id, pair) VALUES ('{store}', '{organization}', 'EUR/KRW');
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 999)
         INSERT INTO exchange_rate (store_id, organization_id, pair, as_of, valid_until, rate, source)
         SELECT '{store}', '{organization}', 'EUR/KRW', {now} - n * 60000, {now} + 60000, 1400 + n, 'x' FROM n",
        now = NOW.millis()
    ));
    let id = |at: u128| PriceListId::from_u128(number * 100 + at).to_string();
    let later = NOW.millis() + 60_000;
    for (at, kind, active, starts_at, base, groups) in [
        (1, "sale", 1, "NULL".to_owned(), None, String::new()),
        (2, "override", 1, "NULL".to_owned(), Some(3), format!("\"{group}\"")),
        (3, "override", 0, "NULL".to_owned(), None, String::new()),
        (4, "override", 1, later.to_string(), None, String::new()),
        (5, "sale", 1, "NULL".to_owned(), None, String::new()),
    ] {
        let based_on = base.map_or_else(|| "null".to_owned(), |base| format!("\"{}\"", id(base)));
        let starts =
            if starts_at == "NULL" { "null".to_owned() } else { format!("\"{}\"", Timestamp::from_millis(later)) };
        let column = base.map_or_else(|| "NULL".to_owned(), |base| format!("'{}'", id(base)));
        database.execute(&format!(
            "INSERT INTO price_list (id, organization_id, store_id, document, kind, active, priority, starts_at, based_on,
               created_at, updated_at)
             VALUES ('{id}', '{organization}', '{store}', '{{\"id\":\"{id}\",\"name\":\"x\",\"kind\":\"{kind}\",
               \"active\":{active_json},\"groups\":[{groups}],\"startsAt\":{starts},\"basedOn\":{based_on}}}',
               '{kind}', {active}, 0, {starts_at}, {column}, 0, 0)",
            id = id(at),
            active_json = active == 1,
        ));
    }
    let rule = |at: u128, target: &str, currency: &str, price: &str| {
        format!("('{organization}', '{store}', '{}', '{target}', '{currency}', 1, {price})", id(at))
    };
    let rules = [
        rule(1, &variant, "EUR", "9000, NULL"),
        rule(2, &product.to_string(), "", "NULL, -200000"),
        rule(2, "all", "", "NULL, -10000"),
        rule(3, &variant, "EUR", "100, NULL"),
        rule(4, &variant, "EUR", "1, NULL"),
    ];
    database.execute(&format!(
        "INSERT INTO price_list_rule (organization_id, store_id, list_id, target, currency, min_quantity, price_minor,
           change_ppm)
         VALUES {};
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000)
         INSERT INTO price_list_rule (organization_id, store_id, list_id, target, currency, min_quantity, price_minor)
         SELECT '{organization}', '{store}', '{}', 'var_' || printf('%026d', n + 1000), 'EUR', 1, n FROM n",
        rules.join(", "),
        id(5)
    ));
}

#[tokio::test]
async fn a_cart_is_priced_from_its_own_rules_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let counted = Counted::open(&folder.path().join("test.db"));
    // Products and accounts of nobody's will do.
    counted.execute("PRAGMA foreign_keys = OFF");
    (1..=2).for_each(|number| fill(&counted, number));
    let variants = [VariantId::from_u128(1), VariantId::from_u128(2)];
    let of = |account, currency| book(tenant(1), &variants, currency, account, NOW);
    let statements = of(Some(AccountId::from_u128(1)), Currency::KRW);
    assert_eq!(statements.len(), BOOK_STATEMENTS);
    for statement in &statements {
        let (_, steps) = counted.query(&statement.sql, &statement.args);
        assert!(steps < 1_000, "{steps} steps: {}", statement.sql);
    }
    let sql: &dyn Sql = &sql;
    let rows = sql.read(statements).await.expect("the rows");
    let Book { prices: book_read, groups, version, is_sold_in } = book_of(&rows).expect("a book");
    assert_eq!((book_read.settlement(), groups.as_slice()), (Currency::EUR, &[CustomerGroupId::from_u128(1)][..]));
    let held = |at: u128| book_read.list(PriceListId::from_u128(at)).map(|list| list.rules.len());
    // The base is there, and gives no price; what says nothing of the variants is not, nor what is another store's.
    assert_eq!([101, 102, 103, 104, 105, 201].map(held), [Some(1), Some(2), Some(0), Some(1), None, None]);
    let documents = rows[1].iter().filter(|row| row.get::<Option<&str>>("document").expect("a document").is_some());
    assert_eq!(documents.count(), 4, "of the others nothing is read");
    // What has not begun gives no price either, and says when it does; the rate holds no more at the same moment.
    assert_eq!(book_read.turns_at(NOW), NOW.checked_add_millis(60_000));
    let base = [BasePrice { price: Money::new(10_000, Currency::EUR), compare_at_price: None }];
    let price = |groups: &[CustomerGroupId], currency| {
        let question = PriceQuestion {
            variant: VariantId::from_u128(1),
            product: ProductId::from_u128(1),
            quantity: Quantity::MIN,
            currency,
            channel: None,
            groups,
            at: NOW,
            base: &base,
            rounding: Rounding::HalfUp,
        };
        resolve(&book_read, &question).expect("a price").unit_price.minor()
    };
    assert_eq!(price(&[], Currency::EUR), 9_000);
    assert_eq!(price(&groups, Currency::EUR), 8_000);
    // At the last rate that is known the catalog says 140,000 won, at the store's ending 139,900; and 20 % less.
    assert_eq!(price(&groups, Currency::KRW), 111_920);

    // In the store's own currency there is no rate to be read, and in won it does not sell.
    let nobody = sql.read(of(None, Currency::EUR)).await.expect("the rows");
    let nobody = book_of(&nobody).expect("a book");
    assert_eq!((nobody.groups.len(), nobody.is_sold_in, is_sold_in), (0, true, false));
    let won = nobody.prices.convert(base[0].price, Currency::KRW, NOW, Rounding::HalfUp);
    assert!(won.is_err_and(|error| matches!(error, PricingError::NoRate { .. })));
    assert!(book_of(&[]).is_err());

    // A store that has none of it pays next to nothing.
    let Tenant { organization, store } = tenant(3);
    counted.execute(&format!(
        "INSERT INTO store (id, organization_id, name, currency, minor_unit_scale, created_at)
         VALUES ('{store}', '{organization}', 'x', 'EUR', 100, 0)"
    ));
    for statement in &book(tenant(3), &[VariantId::from_u128(3)], Currency::EUR, None, NOW) {
        let (_, steps) = counted.query(&statement.sql, &statement.args);
        assert!(steps < 200, "{steps} steps: {}", statement.sql);
    }

    // The commit of whoever has read it holds while nothing was written.
    let guarded = async |version: i64| {
        let mut commit = Commit::new();
        commit.push(guard(tenant(1), version));
        matches!(sql.commit(&commit).await.expect("an answer"), Committed::Done { .. })
    };
    assert_eq!(version, 5);
    assert!(guarded(5).await && !guarded(4).await);
    counted.execute("DELETE FROM price_setting");
    assert!(guarded(0).await && !guarded(5).await, "what was never written is at 0");
}

#[tokio::test]
async fn a_list_says_how_many_rules_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(database(&folder).await);
    let counted = Counted::open(&folder.path().join("test.db"));
    counted.execute("PRAGMA foreign_keys = OFF");
    fill(&counted, 1);
    let count = || counted.query("SELECT rule_count FROM price_list ORDER BY id", &[]).0;
    assert_eq!(count(), ["1", "2", "1", "1", "50000"]);
    counted.execute("DELETE FROM price_list_rule WHERE target = 'all'");
    assert_eq!(count(), ["1", "1", "1", "1", "50000"]);
    counted.execute("UPDATE price_list SET rule_count = 100000 WHERE rule_count = 50000");
    let one_more = "INSERT INTO price_list_rule (organization_id, store_id, list_id, target, currency, min_quantity,
      change_ppm) SELECT organization_id, store_id, id, 'all', '', 1, 0 FROM price_list WHERE rule_count = 100000";
    assert!(counted.try_execute(one_more).is_err_and(|error| error.contains("CHECK")));
}
