//! What the job asks for that has a CDN told: the steps do not grow with what has come together while it was away.

use headlesspro_edge::port::sql::Value;

use crate::plans::database;
use crate::steps::Counted;
use crate::tenant::literals::all;
use crate::tenant::schema::Schema;

/// Of 60 organizations 50 have two purges that are due each, and one has 20,000 of them, in between.
const FILL: &str = "
  PRAGMA foreign_keys = 0;
  INSERT INTO cache_purge (id, organization_id, store_id, tags, next_attempt_at, created_at)
  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 60)
  SELECT printf('prg_%d_%d', n, k.value), printf('org_%02d', n), 'store', '[]', iif(n <= 50, 100 - n, 2000), 0
  FROM n CROSS JOIN json_each('[1, 2]') k;
  INSERT INTO cache_purge (id, organization_id, store_id, tags, next_attempt_at, created_at)
  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
  SELECT printf('prg_many_%d', n), 'org_30', 'store', '[]', 1 + n % 1000, 0 FROM n";

#[tokio::test]
async fn what_is_due_is_found_by_organization_however_much_it_is() {
    const FEW_STEPS: i32 = 5_000;
    let folder = tempfile::tempdir().expect("a folder");
    drop(database(&folder).await);
    let database = Counted::open(&folder.path().join("test.db"));
    database.execute(FILL);
    let statements = all("edge/src", &Schema::of_migrations()).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let text = |name: &str| {
        let found = statements.iter().find(|statement| statement.name() == Some(name)).expect("the statement");
        found.text.clone()
    };
    let number = Value::Integer;
    let (due, steps) = database.query(&text("catalog::due_purges (all tenants)"), &[number(1_000), number(40)]);
    assert!(steps < FEW_STEPS, "{steps} steps");
    // Who has waited the longest comes first; the ten of which nothing is due come not at all.
    let oldest = ["org_30".to_owned()].into_iter();
    let expected = oldest.chain((1..=50).rev().filter(|n| *n != 30).map(|n| format!("org_{n:02}")));
    assert_eq!(due, expected.take(40).collect::<Vec<_>>());
    let args = [Value::Text("org_30".to_owned()), number(1_000), number(61_000), number(40), number(100)];
    let (taken, steps) = database.query(&text("catalog::claim_purges"), &args);
    assert!(taken.len() == 40 && steps < FEW_STEPS, "{} in {steps} steps", taken.len());
}
