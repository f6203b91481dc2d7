//! Makes a large shop of a small one: copies of all its products, by SQL alone.

use std::fmt::Write as _;
use std::path::Path;

use libsql::{Builder, Connection, Rows, params};

use crate::Outcome;

/// Only for data that can be made again: nothing is synced, and nothing could be rolled back.
const SETTINGS: &str = "
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA foreign_keys = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -400000;";

/// The numbers of the copies, from 1 to below `?1`.
const COPIES: &str = "WITH RECURSIVE copy (number) AS (
  SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number + 1 < ?1)";

/// What stands in a copy's columns in place of the original's. Columns that are not named are copied.
const TABLES: [(&str, &[(&str, &str)]); 5] = [
    (
        "product",
        &[
            ("id", NEW_ID),
            ("handle", "o.handle || '-' || number"),
            ("title", "o.title || ' ' || number"),
            ("title_key", "o.title_key || ' ' || number"),
            ("created_at", "o.created_at - 1000 * number"),
            ("document", "replace(replace(o.document, o.id, NEW(o.id)), o.handle, o.handle || '-' || number)"),
            ("card", "replace(replace(o.card, o.id, NEW(o.id)), o.handle, o.handle || '-' || number)"),
        ],
    ),
    (
        "variant",
        &[
            ("id", NEW_ID),
            ("product_id", NEW_PRODUCT_ID),
            ("sku", "o.sku || '-' || number"),
            ("document", "replace(replace(o.document, o.id, NEW(o.id)), o.sku, o.sku || '-' || number)"),
        ],
    ),
    ("stock", &[("variant_id", "NEW(o.variant_id)"), ("product_id", NEW_PRODUCT_ID)]),
    ("product_image", &[("id", NEW_ID), ("product_id", NEW_PRODUCT_ID)]),
    (
        "product_facet",
        &[
            ("product_id", NEW_PRODUCT_ID),
            ("title_key", "o.title_key || ' ' || number"),
            ("created_at", "o.created_at - 1000 * number"),
        ],
    ),
];

const NEW_ID: &str = "NEW(o.id)";
const NEW_PRODUCT_ID: &str = "NEW(o.product_id)";

/// `NEW(id)`: ids end in random characters; a copy takes the id whose last two are `number` further on,
/// so that all stay well formed and different.
const NEW: &str = "(substr(ID, 1, length(ID) - 2)
  || substr('ALPHABET', (32 * instr('ALPHABET', substr(ID, -2, 1)) + instr('ALPHABET', substr(ID, -1, 1)) - 33 + number)
     % 1024 / 32 + 1, 1)
  || substr('ALPHABET', (instr('ALPHABET', substr(ID, -1, 1)) - 1 + number) % 32 + 1, 1))";
/// Crockford's base 32, as TypeID has it.
const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// Turns each product into `copies` (up to 1024), itself among them. Copy `n` has the handle `<handle>-<n>`.
///
/// # Errors
/// What the database says.
pub async fn multiply(database: &Path, copies: usize) -> Outcome {
    make(database, copies).await.map_err(|error| format!("{}: {error}", database.display()))
}

async fn make(database: &Path, copies: usize) -> Result<(), libsql::Error> {
    let connection = Builder::new_local(database).build().await?.connect()?;
    connection.execute_batch(SETTINGS).await?;
    // An index made of what is there is faster than one that grows, and the copies' stock is copied too.
    let (mut drops, mut creates) = (String::new(), String::new());
    let others = "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL";
    let mut rows = connection.query(others, ()).await?;
    while let Some(row) = rows.next().await? {
        let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // Infallible: these are strings.
        let _infallible = write!(drops, "DROP {kind} {name};").and_then(|()| write!(creates, "{sql};"));
    }
    drop(rows);
    connection.execute_batch(&drops).await?;
    let copies = i64::try_from(copies).unwrap_or(i64::MAX);
    for (table, changes) in TABLES {
        // From a table of its own: SQLite would first put aside all that it selects from the one it fills.
        connection.execute_batch(&format!("CREATE TEMP TABLE o AS SELECT * FROM {table}")).await?;
        connection.execute(&copy_of(&connection, table, changes).await?, params![copies]).await?;
        connection.execute_batch("DROP TABLE temp.o").await?;
    }
    connection.execute_batch(&creates).await?;
    connection.execute_batch("PRAGMA journal_mode = WAL;").await?;
    Ok(())
}

/// The statement that inserts all copies of a table's rows, those of one row side by side.
async fn copy_of(connection: &Connection, table: &str, changes: &[(&str, &str)]) -> Result<String, libsql::Error> {
    let mut rows: Rows = connection.query("SELECT name FROM pragma_table_info(?1)", params![table]).await?;
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().await? {
        let column: String = row.get(0)?;
        let change = changes.iter().find(|(changed, _)| *changed == column).map(|(_, value)| with_new_ids(value));
        values.push(change.unwrap_or_else(|| format!("o.{column}")));
        columns.push(column);
    }
    let (columns, values) = (columns.join(", "), values.join(", "));
    Ok(format!("{COPIES} INSERT INTO {table} ({columns}) SELECT {values} FROM temp.o CROSS JOIN copy"))
}

/// `value` with each `NEW(column)` written out.
fn with_new_ids(value: &str) -> String {
    let mut written = String::new();
    let mut rest = value;
    while let Some((before, (column, after))) =
        rest.split_once("NEW(").and_then(|(before, from)| Some((before, from.split_once(')')?)))
    {
        written.push_str(before);
        written.push_str(&NEW.replace("ALPHABET", ALPHABET).replace("ID", column));
        rest = after;
    }
    written.push_str(rest);
    written
}
