//! How a store ships is read without reading what it says of other countries, and a commit that has read it holds only
//! while it is so.

use headlesspro_edge::app::Tenant;
use headlesspro_edge::port::sql::{Commit, Committed, Sql};
use headlesspro_edge::shipping::{RULES_STATEMENTS, StoreShipping, guard, rules, rules_of};
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{OrganizationId, ShippingZoneId, StoreId};

use crate::plans::database;
use crate::steps::Counted;

fn tenant(number: u128) -> Tenant {
    Tenant { organization: OrganizationId::from_u128(number), store: StoreId::from_u128(number) }
}

fn zone(number: u128) -> String {
    ShippingZoneId::from_u128(number).to_string()
}

#[tokio::test]
async fn a_destination_reads_its_own_zones_and_writes_advance_the_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let counted = Counted::open(&folder.path().join("test.db"));
    counted.execute("PRAGMA foreign_keys = OFF");
    let country = |code: &str| code.parse::<Country>().expect("a country");
    let codes: Vec<Country> = Country::all().filter(|code| *code != country("DE")).collect();
    for number in [1, 2] {
        let Tenant { organization, store } = tenant(number);
        let one = |id: u128, areas: &str| {
            let id = zone(id);
            counted.execute(&format!(
                "INSERT INTO shipping_zone (id, organization_id, store_id, name, position, areas, methods, created_at,
                   updated_at) VALUES ('{id}', '{organization}', '{store}', 'x', 0, '{areas}', '[]', 0, 0)"
            ));
        };
        one(number * 1_000, r#"[{"country":"DE"}]"#);
        one(number * 1_000 + 1, "[{}]");
        for (at, code) in (2..).zip(&codes) {
            one(number * 1_000 + at, &format!(r#"[{{"country":"{}"}}]"#, code.code()));
        }
    }
    let statements = rules(tenant(1), country("DE"));
    assert_eq!(statements.len(), RULES_STATEMENTS);
    for statement in &statements {
        let (_, steps) = counted.query(&statement.sql, &statement.args);
        assert!(steps < 1_000, "{steps} steps: {}", statement.sql);
    }
    let sql: &dyn Sql = &sql;
    let read = async |number| {
        let rows = sql.read(rules(tenant(number), country("DE")).to_vec()).await.expect("the rows");
        rules_of(&rows).expect("rules")
    };
    let StoreShipping { rules: own, is_kept, version, .. } = read(1).await;
    let found: Vec<String> = own.zones.iter().map(|zone| zone.id.to_string()).collect();
    assert_eq!((found, is_kept), (vec![zone(1_000), zone(1_001)], true));
    assert!(!read(3).await.is_kept);
    assert_eq!(read(3).await.version, 0);

    let guarded = async |number, version| {
        let mut commit = Commit::new();
        commit.push(guard(tenant(number), version));
        matches!(sql.commit(&commit).await.expect("an answer"), Committed::Done { .. })
    };
    assert!(guarded(1, version).await && !guarded(1, version - 1).await && guarded(3, 0).await);
    let other = read(2).await.version;
    let (id, organization) = (zone(1_000), tenant(1).organization);
    for write in [
        format!("UPDATE shipping_zone SET position = 7 WHERE id = '{id}' AND organization_id = '{organization}'"),
        format!("DELETE FROM shipping_zone WHERE id = '{id}' AND organization_id = '{organization}'"),
    ] {
        let before = read(1).await.version;
        counted.execute(&write);
        assert!(!guarded(1, before).await && guarded(1, before + 1).await, "{write}");
    }
    assert!(guarded(2, other).await, "what another store writes is nothing to this one");
}
