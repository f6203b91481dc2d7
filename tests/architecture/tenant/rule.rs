//! The rule, on the source as it is.

use std::collections::BTreeMap;

use super::bindings::Bindings;
use super::check::statements;
use super::literals::{Read, Sql, all, read};
use super::schema::{Schema, migrations};
use crate::source::sources;

/// Statements that stand above tenants, each with its reason.
const ABOVE_TENANTS: [(&str, &str); 13] = [
    (
        "payments::due (all tenants)",
        "the cron looks for payments that wait; each is gone on with in its own store, by its order's id",
    ),
    (
        "payments::refunds_due (all tenants)",
        "the cron looks for refunds that wait; each is asked for in its own store, by its own id",
    ),
    (
        "notifications::due (all tenants)",
        "the cron looks for organizations that have mail to send; their mails are taken by each one's own id",
    ),
    (
        "media::due (all tenants)",
        "the cron looks for organizations that have objects to remove; those are taken by each one's own id",
    ),
    (
        "products::stores_with_jobs_over (all tenants)",
        "the cron looks for stores with bulk upserts that are over; those are removed by each one's own ids",
    ),
    (
        "pricing::stores_with_deleted_lists (all tenants)",
        "the cron looks for stores with price lists that are deleted; their rules are removed by each one's own ids",
    ),
    (
        "promotions::stores_with_deleted (all tenants)",
        "the cron looks for stores with promotions that are deleted; their codes are removed by each one's own ids",
    ),
    (
        "catalog::due_purges (all tenants)",
        "the cron looks for organizations of which a CDN is to be told; that is taken by each one's own id",
    ),
    (
        "catalog::give_up_purges (all tenants)",
        "the cron drops what a CDN was not told for a day, whoever's it is; no route names a row",
    ),
    (
        "catalog::unfilled_collections (all tenants)",
        "the cron looks for collections that not all products are held against; each is gone on with in its own store",
    ),
    (
        "organizations::stores (all tenants)",
        "the operator's command line lists every store of a database; no route leads to it",
    ),
    (
        "organizations::organizations (all tenants)",
        "the operator's command line lists every organization of a database; no route leads to it",
    ),
    (
        "identity::data_keys (all tenants)",
        "the operator changes the master key of every organization; no route leads to it",
    ),
];

/// Migrations that fill a new column in the rows of all tenants, or look whether there are any, each with what the
/// rule says of it.
const FILLS: [(&str, &[&str]); 13] = [
    (
        "202611211630_catalog_facet_order.sql",
        &[
            "updates product_facet without product_facet.organization_id = ?1",
            "reads p without p.organization_id = ?1",
            "updates product without product.organization_id = ?1",
        ],
    ),
    ("202611211900_orders_sealed.sql", &["reads orders without orders.organization_id = ?1"]),
    (
        "202611212130_identity_linked_identities.sql",
        &["updates external_identity without external_identity.organization_id = ?1"],
    ),
    ("202611212135_organizations_plan.sql", &["updates organization without organization.id = ?1"]),
    ("202611212140_organizations_store_health.sql", &["updates store without store.organization_id = ?1"]),
    (
        "202611220730_catalog_source.sql",
        &[
            "updates product without product.organization_id = ?1",
            "reads variant without variant.organization_id = ?1",
            "reads s without s.organization_id = ?1",
            "adds rows to facet whose owner is not ?1",
            "reads product_facet without product_facet.organization_id = ?1",
        ],
    ),
    (
        "202611220740_catalog_category_tree.sql",
        &[
            "updates category without category.organization_id = ?1",
            "updates product_facet without product_facet.organization_id = ?1",
            "updates product without product.organization_id = ?1",
        ],
    ),
    ("202611220830_catalog_seo.sql", &["updates product without product.organization_id = ?1"]),
    (
        "202611221535_catalog_attribute_ranges.sql",
        &[
            "updates product_facet without product_facet.organization_id = ?1",
            "reads a without a.organization_id = ?1",
            "updates product_facet without product_facet.organization_id = ?1",
            "reads a without a.organization_id = ?1",
        ],
    ),
    (
        "202611221940_catalog_handles.sql",
        &[
            "adds rows to category_address whose owner is not ?1",
            "reads category without category.organization_id = ?1",
        ],
    ),
    ("202611221945_identity_devices.sql", &["updates session without session.organization_id = ?1"]),
    (
        "202611231600_inventory_locations.sql",
        &["adds rows to location whose owner is not ?1", "reads s without s.organization_id = ?1"],
    ),
    // All rows, into the same tables made anew.
    (
        "202611231606_ledger_books.sql",
        &[
            "adds rows to ledger_account_anew whose owner is not ?1",
            "reads ledger_account without ledger_account.organization_id = ?1",
            "adds rows to ledger_transaction_anew whose owner is not ?1",
            "reads ledger_transaction without ledger_transaction.organization_id = ?1",
            "adds rows to ledger_entry_anew whose owner is not ?1",
            "reads ledger_entry without ledger_entry.organization_id = ?1",
            "adds rows to gift_card_anew whose owner is not ?1",
            "reads gift_card without gift_card.organization_id = ?1",
            "adds rows to order_tender_anew whose owner is not ?1",
            "reads order_tender without order_tender.organization_id = ?1",
        ],
    ),
];

/// Where SQL may be that names no table of the migrations.
const INFRASTRUCTURE: [&str; 3] = ["edge/src/host/", "edge/src/migrate/", "edge/src/port/"];

#[test]
fn the_tenant_tables_are_found_in_the_migrations() {
    let schema = Schema::of_migrations();
    for table in ["api_key", "store", "product", "variant", "stock", "orders", "outbox", "idempotency_record"] {
        assert_eq!(schema.owners.get(table), Some(&"organization_id"), "{table}");
    }
    let unowned: Vec<&str> =
        schema.tables.iter().map(String::as_str).filter(|table| !schema.owners.contains_key(*table)).collect();
    // Rows of `violation` never stay. One installation signs the tokens of all its organizations.
    assert_eq!(unowned, ["token_key", "violation"], "a table without organization_id is a decision: name it here");
}

#[test]
fn every_statement_keeps_to_one_tenant() {
    let schema = Schema::of_migrations();
    let found = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("this SQL cannot be read:\n{unreadable}"));
    assert!(found.len() > 30, "only {} statements were found", found.len());
    let is_above = |name: Option<&str>| ABOVE_TENANTS.iter().any(|(above, _)| Some(*above) == name);
    let mut faults = Vec::new();
    for sql in &found {
        if !is_above(sql.name()) {
            faults.extend(sql.findings.faults.iter().map(|fault| format!("{}: {fault}\n{}", sql.file, sql.text)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    for (name, reason) in ABOVE_TENANTS {
        let needed = found.iter().any(|sql| sql.name() == Some(name) && !sql.findings.faults.is_empty());
        assert!(needed, "{name} is no longer an exception ({reason}): remove it here");
    }
}

#[test]
fn sql_stands_in_stores_beside_its_mapping_and_has_a_name() {
    let schema = Schema::of_migrations();
    let found = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("this SQL cannot be read:\n{unreadable}"));
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for sql in &found {
        let is_store = sql.file.ends_with("/store.rs") || sql.file.contains("/store/");
        if INFRASTRUCTURE.iter().any(|folder| sql.file.starts_with(folder)) {
            assert_eq!(sql.findings.tables, [], "{}: only a store names tables", sql.file);
            continue;
        }
        assert!(is_store, "{}: SQL belongs into the context's store: {}", sql.file, sql.text);
        assert!(sql.constant.is_some(), "{}: SQL belongs into a constant: {}", sql.file, sql.text);
        if sql.is_fragment {
            continue;
        }
        let context = sql.file.split('/').nth(2).unwrap_or_default();
        let name = sql.name().unwrap_or_default().to_owned();
        assert!(
            name.starts_with(&format!("{context}::")),
            "{}: must begin with `-- {context}::...`: {}",
            sql.file,
            sql.text
        );
        if let Some(other) = names.insert(name.clone(), &sql.file) {
            panic!("{name} is in {other} and in {}", sql.file);
        }
    }
}

#[test]
fn triggers_keep_to_the_tenant_of_their_row() {
    let schema = Schema::of_migrations();
    for (name, text) in migrations() {
        let findings = statements(&text, &schema).unwrap_or_else(|error| panic!("migrations/{name}: {error}"));
        let fill = FILLS.iter().find(|(file, _)| *file == name).map_or(&[][..], |(_, faults)| *faults);
        assert_eq!(findings.faults, fill, "migrations/{name}");
    }
}

/// That `?1` is the organization is half of the rule; the other half is what is bound to it, wherever a statement is
/// made.
#[test]
fn the_first_argument_of_every_statement_is_the_organization() {
    let schema = Schema::of_migrations();
    let found = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("this SQL cannot be read:\n{unreadable}"));
    let mut bound = 0;
    for source in sources("edge/src") {
        if INFRASTRUCTURE.iter().any(|folder| source.path.starts_with(folder)) {
            continue;
        }
        let is_free = |sql: &&Sql| {
            let is_owned = sql.findings.tables.iter().any(|(table, _)| schema.owners.contains_key(table));
            let is_above = ABOVE_TENANTS.iter().any(|(name, _)| sql.name() == Some(name));
            sql.file == source.path && !sql.is_fragment && (!is_owned || is_above)
        };
        let free = found.iter().filter(is_free).filter_map(|sql| sql.constant.as_deref());
        let bindings = Bindings::of(&source.syntax, free);
        bound += bindings.bound;
        assert_eq!(bindings.unbound, Vec::<String>::new(), "{}: the first bind must be the organization", source.path);
    }
    assert!(60 < bound, "only {bound} bindings were found");
}

#[test]
fn text_that_is_no_sql_is_left_alone_and_sql_that_cannot_be_read_is_not() {
    let schema = Schema::of_migrations();
    for text in [
        "update product",
        "select a product",
        "Select one of the stores",
        "from product to variant",
        " AND p.vendor = ?_",
        "Update",
    ] {
        assert!(matches!(read(text, &schema), Read::Text), "{text}");
    }
    for text in ["SELECT {columns} FROM product", "JOIN variant v ON {condition}"] {
        assert!(matches!(read(text, &schema), Read::Unreadable), "{text}");
    }
    assert!(matches!(read("select id from product", &schema), Read::Sql { is_fragment: false, .. }));
}
