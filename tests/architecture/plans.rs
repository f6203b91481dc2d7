//! How the database runs the statements: on an index that leaves little, never by reading a whole table or all that a
//! store has in it, and lists in the order of an index. Asked of the real engine with the real schema, for each constant
//! in the source, and for what requests put together of them (`requests`). Where an index has the order but for ties, what
//! has the same place alone is sorted ("RIGHT PART OF ORDER BY"): that is no exception.

use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::port::sql::{Sql, Statement, Value};

use crate::tenant::check::statements;
use crate::tenant::literals::all;
use crate::tenant::schema::Schema;

/// Statements that read a whole table, or all that an organization or store has in it, each with its reason.
const WHOLE_TABLES: [(&str, &str); 14] = [
    ("organizations::stores (all tenants)", "lists every store, which is the whole table"),
    ("organizations::organizations (all tenants)", "lists every organization, which is the whole table"),
    ("identity::data_keys (all tenants)", "every key is wrapped anew"),
    ("identity::all_token_keys", "every key is wrapped anew"),
    ("catalog::due_purges (all tenants)", "one an organization, each by its first entry of the index"),
    ("catalog::list", "the beginning of a list, which ends at its page: see `product_lists`"),
    ("ledger::untouched", "whoever verifies a ledger reads it whole"),
    ("orders::insert", "the highest number, which is the last entry of the index"),
    ("organizations::close_expired_invitations", "those that are open, by an index of these alone"),
    ("organizations::offered_invitations", "those that an organization's staff made, when one of them goes"),
    ("organizations::revoke_offered_invitations", "those that are open, by an index of these alone"),
    ("pricing::stores_with_deleted_lists (all tenants)", "those that are deleted, by an index of these alone"),
    ("promotions::stores_with_deleted (all tenants)", "those that are deleted, by an index of these alone"),
    ("organizations::organization", "counts what its plan limits, from indexes alone"),
];

/// Tables of which an organization or store has so few that all of them may be read.
const FEW: [(&str, &str); 24] = [
    ("organization_key", "one an organization"),
    ("audit_head", "one an organization"),
    ("catalog_version", "one a store"),
    ("relying_party", "one a store"),
    ("store", "as many as the plan has"),
    ("api_key", "as many as the plan has, with those that are replaced"),
    ("custom_role", "100 an organization"),
    ("location", "100 a store"),
    ("channel", "100 a store"),
    ("attribute_definition", "250 a store"),
    ("price_setting", "one a store"),
    ("price_list", "250 a store"),
    ("exchange_pair", "1,000 a store"),
    ("promotion_group", "12 a store"),
    ("promotion_group_set", "one a store"),
    ("promotion_standing", "one a store"),
    ("tax_version", "one a store"),
    ("tax_setting", "one a store"),
    ("tax_zone", "300 a store"),
    ("shipping_zone", "300 a store"),
    ("shipping_version", "one a store"),
    ("shipping_setting", "one a store"),
    ("fraud_setting", "one a store"),
    ("invoice_setting", "one a store"),
];

/// Indexes of few of a table.
const OF_FEW: [(&str, &str); 1] = [("collection_rule", "250 collections with a rule a store")];

/// Columns that leave an organization or store most of what it has.
const OWNERS: [&str; 4] = ["organization_id", "store_id", "status", "active"];

/// Statements that sort what they found, each with the reason why that is little.
const SORTED: [(&str, &str); 18] = [
    ("catalog::categories", "a page, of which its bytes leave a part"),
    ("catalog::child_categories", "a page, of which its bytes leave a part"),
    ("catalog::collections", "a page, of which its bytes leave a part"),
    ("catalog::export_slice", "a slice, of which its bytes leave a part"),
    ("catalog::category_steps", "the ways to the categories of a slice, each of ten at most"),
    ("catalog::products_named", "the products that a request names"),
    ("catalog::all_products", "a page of each status, merged"),
    ("catalog::products_in_channels", "a page of each channel, merged"),
    ("catalog::products_in_channels_active", "a page of each channel, merged"),
    ("catalog::products_in_channels_hidden", "1,000 of the status or of each channel"),
    ("catalog::due_purges (all tenants)", "one an organization"),
    ("identity::all_token_keys", "every key, of which there are a few"),
    ("journal::list", "a page of the store's and one of the organization's, merged"),
    ("orders::of_account", "a page of the account's and one of its address's, merged"),
    ("organizations::organizations (all tenants)", "lists every organization, for whoever runs the platform"),
    ("organizations::stores (all tenants)", "lists every store, for whoever runs the platform"),
    ("shipping::zones_to", "the zones of a destination's country"),
    ("tax::zones_to", "the same of taxes, and those of where the store sells from"),
];

#[tokio::test]
async fn every_statement_runs_on_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let schema = Schema::of_migrations();
    let found = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let meets = found.iter().find(|sql| sql.constant.as_deref() == Some("MEETS")).expect("a rule's condition");
    let statements: Vec<_> = found.iter().filter(|sql| !sql.is_fragment && !sql.findings.tables.is_empty()).collect();
    let mut faults = Vec::new();
    for statement in &statements {
        let text = statement.text.replace("/*meets*/", &meets.text);
        let plan = plan(&sql, &text, Vec::new()).await;
        let deletes = text.lines().any(|line| line.starts_with("DELETE"));
        // By an index of what is over everything is found that is not.
        let by_end = plan.iter().any(|step| step.split_whitespace().any(|word| word.ends_with("_over")));
        assert!(!by_end || deletes, "{text}\n{}", plan.join("\n"));
        faults.extend(unlike(&plan, &text, &schema));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(statements.len() > 30, "only {} statements were found", statements.len());
    for (name, _) in WHOLE_TABLES.iter().chain(&SORTED) {
        assert!(statements.iter().any(|statement| statement.name() == Some(name)), "there is no {name}");
    }
}

/// What a plan does that its statement is no exception for, and the exceptions that it is none of.
pub fn unlike(plan: &[String], text: &str, schema: &Schema) -> Vec<String> {
    let name = text.trim_start().strip_prefix("-- ").and_then(|text| text.lines().next()).unwrap_or_default();
    let whole = [scans(plan, text, schema), searches(plan, text, schema)].concat();
    let sorts: Vec<String> = plan.iter().filter(|step| *step == "USE TEMP B-TREE FOR ORDER BY").cloned().collect();
    [(whole, WHOLE_TABLES.as_slice()), (sorts, SORTED.as_slice())]
        .into_iter()
        .filter(|(found, exceptions)| found.is_empty() == exceptions.iter().any(|(exception, _)| *exception == name))
        .map(|(found, _)| format!("{text}\n{}\n{found:?}", plan.join("\n")))
        .collect()
}

/// What holds a file is looked up, however much the store has.
#[tokio::test]
async fn a_files_guards_run_on_what_holds_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let found = all("edge/src", &Schema::of_migrations()).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    for (name, steps) in [
        (
            "media::guard_unused",
            &[
                "f USING PRIMARY KEY (store_id=? AND kind=? AND value=?)",
                "f USING COVERING INDEX category_facet_child (store_id=? AND key=? AND value=?)",
                "f USING COVERING INDEX collection_facet_handle (store_id=? AND key=? AND value=?)",
                "c USING INDEX category_image (store_id=? AND image_url>? AND image_url<?)",
                "c USING INDEX collection_image (store_id=? AND image_url>? AND image_url<?)",
            ][..],
        ),
        ("media::guard_ready", &["f USING INDEX sqlite_autoindex_media_file_1 (id=?)"]),
        ("media::guard_image", &["f USING INDEX media_file_object (store_id=? AND object_key=?)"]),
    ] {
        let statement = found.iter().find(|sql| sql.name() == Some(name)).expect(name);
        let plan = plan(&sql, &statement.text, Vec::new()).await.join("\n");
        for step in steps {
            assert!(plan.contains(&format!("SEARCH {step}")), "{step}\n{plan}");
        }
    }
}

#[tokio::test]
async fn a_scan_is_recognised() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let schema = Schema::of_migrations();
    for (text, expected) in [
        ("SELECT id FROM product WHERE title = 'x'", vec!["product"]),
        ("SELECT p.id FROM product p JOIN json_each('[]') j WHERE p.title = j.value", vec!["p"]),
        ("SELECT count(*) FROM variant", vec!["variant"]),
        ("UPDATE orders SET state = '' WHERE state = 'x'", vec!["orders"]),
        // The tables that refer to the deleted row are searched for it.
        ("DELETE FROM api_key WHERE id = 'x'", vec!["api_key"]),
        ("SELECT id FROM product WHERE id = 'x'", vec![]),
        ("SELECT value FROM json_each('[]')", vec![]),
    ] {
        let plan = plan(&sql, text, Vec::new()).await;
        assert_eq!(scans(&plan, text, &schema), expected, "{text}\n{}", plan.join("\n"));
    }
}

pub async fn database(folder: &tempfile::TempDir) -> EmbeddedSql {
    let sql = EmbeddedSql::open(folder.path().join("test.db"), Durability::Process).expect("a database");
    migrate(&sql).await.expect("the schema");
    sql
}

/// The steps that `EXPLAIN QUERY PLAN` names.
pub async fn plan(sql: &EmbeddedSql, text: &str, mut args: Vec<Value>) -> Vec<String> {
    args.resize(args.len().max(parameters(text)), Value::Null);
    let statement = Statement { sql: format!("EXPLAIN QUERY PLAN {text}").into(), args };
    let rows = (sql as &dyn Sql).read(vec![statement]).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    let rows = rows.first().expect("an answer");
    rows.iter().map(|row| row.get::<&str>("detail").expect("a detail").to_owned()).collect()
}

/// The highest number of a `?1`.
fn parameters(text: &str) -> usize {
    let numbers = text.split('?').skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    numbers.max().unwrap_or(0)
}

/// The tables, by their names in the statement, that the plan reads from end to end.
///
/// An INSERT's plan also names tables that refer to its own; those are looked at only while a deferred
/// foreign key is open, and ours are not deferred. A DELETE does look for rows that refer to the deleted.
pub fn scans(plan: &[String], text: &str, schema: &Schema) -> Vec<String> {
    let findings = statements(text, schema).unwrap_or_else(|error| panic!("{text}: {error}"));
    let code = text.lines().find(|line| !line.starts_with("--")).unwrap_or_default();
    let mut names: Vec<&str> = findings.tables.iter().map(|(_, alias)| alias.as_str()).collect();
    if code.starts_with("INSERT") {
        names.remove(0);
    } else if code.starts_with("DELETE") {
        names.extend(schema.tables.iter().map(String::as_str));
    }
    let scanned = plan.iter().filter_map(|step| step.strip_prefix("SCAN ")?.split_whitespace().next());
    scanned.filter(|name| names.contains(name)).map(str::to_owned).collect()
}

/// The tables, by their names in the statement, of which all that an organization or store has is searched, and not for a
/// page.
pub fn searches(plan: &[String], text: &str, schema: &Schema) -> Vec<String> {
    let findings = statements(text, schema).unwrap_or_else(|error| panic!("{text}: {error}"));
    let searched = plan.iter().filter_map(|step| {
        let step = step.strip_prefix("SEARCH ")?;
        let name = step.split_whitespace().next()?;
        let (table, alias) = findings.tables.iter().find(|(_, alias)| alias == name)?;
        let by = step.rsplit_once('(').and_then(|(_, by)| by.split_once(')')).map_or("", |(by, _)| by);
        let columns = || by.split(" AND ").map(|by| by.split(['=', '<', '>']).next().unwrap_or_default());
        let few = FEW.iter().any(|(few, _)| few == table)
            || OF_FEW.iter().any(|(index, _)| step.split_whitespace().any(|word| word == *index));
        let is_whole = columns().all(|column| column.is_empty() || OWNERS.contains(&column));
        (is_whole && !few && !is_page(text, table, alias)).then(|| alias.clone())
    });
    searched.collect()
}

/// Whether what is read of a table ends at a LIMIT, wherever the statement reads it by this name.
fn is_page(text: &str, table: &str, alias: &str) -> bool {
    let named = if table == alias { table.to_owned() } else { format!("{table} {alias}") };
    let mut pages = text.match_indices(&named).filter_map(|(at, _)| {
        let (before, from) = text.split_at(at);
        let word = before.split_whitespace().next_back().unwrap_or_default();
        let is_read = ["FROM", "JOIN", "UPDATE"].iter().any(|verb| word.ends_with(verb));
        let ends =
            from.split_at(named.len()).1.chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '_');
        (is_read && ends).then(|| has_limit(from))
    });
    pages.next().is_some_and(|first| first && pages.all(|page| page))
}

/// Whether there is a LIMIT before the SELECT ends that a text begins in.
fn has_limit(text: &str) -> bool {
    let mut depth = 0;
    let pieces = text.replace('(', " ( ").replace(')', " ) ");
    for word in pieces.split_whitespace() {
        match word {
            "(" => depth += 1,
            ")" if depth == 0 => return false,
            ")" => depth -= 1,
            "LIMIT" if depth == 0 => return true,
            _ => {}
        }
    }
    false
}
