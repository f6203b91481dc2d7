//! How the database runs the statements: on an index, never by reading a whole table. Asked of the real
//! engine with the real schema, for each constant in the source.

use headlesspro_edge::host::native::libsql::{Durability, EmbeddedSql};
use headlesspro_edge::migrate::migrate;
use headlesspro_edge::port::sql::{Sql, Statement, Value};

use crate::tenant::check::statements;
use crate::tenant::literals::all;
use crate::tenant::schema::Schema;

/// Statements that read a whole table, each with its reason.
const WHOLE_TABLES: [(&str, &str); 4] = [
    ("organizations::stores (all tenants)", "lists every store, which is the whole table"),
    ("organizations::organizations (all tenants)", "lists every organization, which is the whole table"),
    ("identity::data_keys (all tenants)", "every key is wrapped anew"),
    ("identity::all_token_keys", "every key is wrapped anew"),
];

#[tokio::test]
async fn every_statement_runs_on_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = database(&folder).await;
    let schema = Schema::of_migrations();
    let found = all("edge/src", &schema).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let mut count = 0;
    for statement in found.iter().filter(|sql| !sql.is_fragment && !sql.findings.tables.is_empty()) {
        let is_exception = WHOLE_TABLES.iter().any(|(name, _)| statement.name() == Some(name));
        let plan = plan(&sql, &statement.text, Vec::new()).await;
        let scans = scans(&plan, &statement.text, &schema);
        assert_eq!(is_exception, !scans.is_empty(), "{}\n{}\nscans {scans:?}", statement.text, plan.join("\n"));
        // By an index of what is over everything is found that is not.
        let by_end = plan.iter().any(|step| step.split_whitespace().any(|word| word.ends_with("_over")));
        let deletes = statement.text.lines().any(|line| line.starts_with("DELETE"));
        assert!(!by_end || deletes, "{}\n{}", statement.text, plan.join("\n"));
        count += 1;
    }
    assert!(count > 30, "only {count} statements were found");
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
