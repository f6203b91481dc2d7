//! The checker catches what it must: statements that keep to a tenant, and statements that do not.

use super::check::{fragment, statements};
use super::schema::Schema;

fn schema() -> Schema {
    let mut schema = Schema::default();
    let tables = "
        CREATE TABLE organization (id TEXT PRIMARY KEY, name TEXT) STRICT;
        CREATE TABLE product (id TEXT PRIMARY KEY, organization_id TEXT NOT NULL, handle TEXT) STRICT;
        CREATE TABLE variant (id TEXT PRIMARY KEY, organization_id TEXT NOT NULL, product_id TEXT) STRICT;
        CREATE TABLE violation (what TEXT) STRICT;";
    schema.add(tables).expect("tables");
    schema
}

fn faults(sql: &str) -> Vec<String> {
    statements(sql, &schema()).unwrap_or_else(|error| panic!("{sql}: {error}")).faults
}

#[test]
fn statements_that_keep_to_a_tenant_pass() {
    for sql in [
        "SELECT id FROM product WHERE organization_id = ?1",
        "SELECT id FROM product WHERE +organization_id = ?1 AND id = ?2",
        "-- a comment\nSELECT p.id FROM product p WHERE ?1 = p.organization_id AND p.handle = ?2",
        "SELECT 1 FROM product AS p WHERE (p.organization_id = ?1 AND p.id = ?2) ORDER BY p.id LIMIT ?3",
        "SELECT 1 FROM product p JOIN variant v ON v.product_id = p.id AND v.organization_id = p.organization_id
         WHERE p.organization_id = ?1",
        "SELECT 1 FROM variant v JOIN product p ON p.id = v.product_id AND v.organization_id = p.organization_id
         WHERE p.organization_id = ?1",
        "SELECT 1 FROM json_each(?2) j JOIN product p ON p.id = j.value AND p.organization_id = ?1",
        "SELECT 1 FROM json_each(?2) j LEFT JOIN product p ON p.id = j.value AND p.organization_id = ?1",
        "SELECT 1 FROM product p, variant v WHERE p.organization_id = ?1 AND v.organization_id = ?1",
        "SELECT (SELECT count(*) FROM variant v WHERE v.organization_id = p.organization_id) FROM product p
         WHERE p.organization_id = ?1",
        "SELECT id FROM product WHERE organization_id = ?1 UNION ALL SELECT id FROM variant WHERE organization_id = ?1",
        "WITH mine AS (SELECT id FROM product WHERE organization_id = ?1) SELECT id FROM mine",
        "SELECT id FROM (SELECT id FROM product WHERE organization_id = ?1) q",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2)",
        "INSERT INTO product (id, organization_id) SELECT j.value, ?1 FROM json_each(?2) j",
        "INSERT INTO variant (organization_id, id) SELECT p.organization_id, 'x' FROM product p WHERE p.organization_id = ?1",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET handle = excluded.handle WHERE product.organization_id = ?1",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2)
         ON CONFLICT (id) DO UPDATE SET handle = 'x' WHERE product.organization_id = excluded.organization_id",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2)
         ON CONFLICT (organization_id, handle) DO UPDATE SET handle = 'x'",
        "UPDATE product SET handle = ?2 WHERE organization_id = ?1 AND id = ?3",
        "UPDATE product SET handle = j.value FROM json_each(?2) j WHERE product.organization_id = ?1 AND product.id = j.key",
        "DELETE FROM product WHERE organization_id = ?1 AND id IN (SELECT value FROM json_each(?2))",
        "INSERT INTO organization (id, name) VALUES (?1, ?2)",
        "INSERT INTO violation (what) SELECT 'x' FROM product p WHERE p.organization_id = ?1",
        "SELECT 1; BEGIN IMMEDIATE; COMMIT",
        "CREATE TRIGGER t AFTER INSERT ON product BEGIN
           UPDATE variant SET id = id WHERE product_id = NEW.id AND organization_id = NEW.organization_id;
           INSERT INTO variant (organization_id, id) VALUES (NEW.organization_id, 'x');
           DELETE FROM variant WHERE organization_id = OLD.organization_id;
         END",
    ] {
        assert_eq!(faults(sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn statements_that_leave_the_tenant_are_caught() {
    for sql in [
        "SELECT id FROM product",
        "SELECT id FROM product WHERE id = ?1",
        "SELECT id FROM product WHERE organization_id = ?2",
        "SELECT id FROM product WHERE organization_id <> ?1",
        "SELECT id FROM product WHERE -organization_id = ?1",
        "SELECT id FROM product WHERE +id = ?1",
        "SELECT id FROM product WHERE organization_id = organization_id",
        "SELECT id FROM product p WHERE p.organization_id = p.organization_id",
        "SELECT id FROM product WHERE organization_id = 'org_1'",
        "SELECT id FROM product WHERE organization_id = ?1 OR id = ?2",
        "SELECT id FROM product WHERE NOT (organization_id = ?1)",
        "SELECT id FROM product WHERE organization_id IN (?1, ?2)",
        "select id from PRODUCT",
        "SELECT id FROM \"product\"",
        "SELECT id FROM main.product",
        "SELECT organization_id = ?1 FROM product",
        "SELECT 1 FROM product p JOIN variant v ON v.product_id = p.id WHERE p.organization_id = ?1",
        "SELECT 1 FROM product p JOIN variant v ON v.organization_id = p.organization_id",
        // The ON of a LEFT JOIN does not narrow what stands left of it.
        "SELECT 1 FROM product p LEFT JOIN variant v ON p.organization_id = ?1 AND v.organization_id = ?1",
        "SELECT 1 FROM product p, variant v WHERE p.organization_id = ?1",
        // Which table's column is not clear, or it is another table's.
        "SELECT 1 FROM product p JOIN variant v WHERE organization_id = ?1",
        "SELECT (SELECT count(*) FROM variant v WHERE v.product_id = p.id) FROM product p WHERE p.organization_id = ?1",
        "SELECT 1 FROM product p WHERE p.organization_id = ?1 AND EXISTS (SELECT 1 FROM variant)",
        "SELECT 1 WHERE ?2 IN (SELECT id FROM product)",
        "SELECT 1 WHERE ?2 IN product",
        "SELECT max(1, (SELECT count(*) FROM product))",
        "SELECT 1 ORDER BY (SELECT id FROM product)",
        "SELECT 1 LIMIT (SELECT count(*) FROM product)",
        "SELECT CASE WHEN 1 THEN (SELECT id FROM product) END",
        "SELECT 1 FROM json_each((SELECT json_group_array(id) FROM product))",
        "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM product)) FROM violation",
        "SELECT id FROM product WHERE organization_id = ?1 UNION SELECT id FROM variant",
        "WITH theirs AS (SELECT id FROM product) SELECT id FROM theirs",
        "SELECT id FROM (SELECT id FROM product) q",
        "INSERT INTO product (id, handle) VALUES (?1, ?2)",
        "INSERT INTO product VALUES (?1, ?2, ?3)",
        "INSERT INTO product (id, organization_id) VALUES (?1, ?2)",
        "INSERT INTO product (organization_id, id) VALUES (?1, 'a'), (?2, 'b')",
        "INSERT INTO variant (organization_id, id) SELECT p.organization_id, p.id FROM product p",
        "INSERT INTO variant (organization_id, id) SELECT ?1, p.id FROM product p",
        "INSERT OR REPLACE INTO product (organization_id, id) VALUES (?1, ?2)",
        "REPLACE INTO product (organization_id, id) VALUES (?1, ?2)",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET handle = 'x'",
        "INSERT INTO product (organization_id, id) VALUES (?1, ?2) RETURNING (SELECT id FROM variant)",
        "INSERT INTO violation (what) SELECT handle FROM product",
        "UPDATE product SET handle = ?1 WHERE id = ?2",
        "UPDATE product SET handle = ?1",
        "UPDATE product SET organization_id = ?2 WHERE organization_id = ?1",
        "UPDATE product SET handle = (SELECT id FROM variant) WHERE organization_id = ?1",
        "UPDATE product SET handle = v.id FROM variant v WHERE product.organization_id = ?1 AND v.product_id = product.id",
        "DELETE FROM product WHERE id = ?1",
        "DELETE FROM product",
        "SELECT name FROM organization",
        "CREATE VIEW everything AS SELECT id FROM product",
        "CREATE TRIGGER t AFTER INSERT ON product BEGIN UPDATE variant SET id = id WHERE product_id = NEW.id; END",
        "CREATE TRIGGER t AFTER INSERT ON product BEGIN INSERT INTO variant (organization_id) VALUES ('x'); END",
        "CREATE TRIGGER t AFTER INSERT ON violation BEGIN
           DELETE FROM variant WHERE organization_id = NEW.organization_id; END",
    ] {
        assert!(!faults(sql).is_empty(), "not caught: {sql}");
    }
}

#[test]
fn conditions_that_code_adds_are_checked_too() {
    let faults = |sql: &str| fragment(sql, &schema()).expect("a fragment").faults;
    let good =
        " AND EXISTS (SELECT 1 FROM variant v WHERE v.organization_id = ?1 AND v.id = ?_ AND v.product_id = p.id)";
    assert_eq!(faults(good), Vec::<String>::new());
    assert_eq!(faults(" AND p.handle = ?_"), Vec::<String>::new());
    // The outer table is not in sight: it cannot vouch for the inner one.
    for bad in [
        " AND EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id AND v.id = ?_)",
        " AND EXISTS (SELECT 1 FROM variant v WHERE v.organization_id = p.organization_id)",
        " AND EXISTS (SELECT 1 FROM variant v WHERE v.organization_id = ?_)",
    ] {
        assert!(!faults(bad).is_empty(), "not caught: {bad}");
    }
}

#[test]
fn tables_are_found_by_name_and_alias() {
    let findings = statements("SELECT 1 FROM product p, violation WHERE p.organization_id = ?1", &schema());
    let pair = |table: &str, alias: &str| (table.to_owned(), alias.to_owned());
    assert_eq!(findings.expect("SQL").tables, [pair("product", "p"), pair("violation", "violation")]);
    assert!(statements("SELECT FROM WHERE", &schema()).is_err());
}
