//! By what categories and collections are found: ids, and handles and paths in each locale; and those that they had. The
//! tables `category_address`, `collection_handle` and `collection_former_handle`, which triggers write: a handle is
//! somebody's, or leads on, from the commit on that says so.
//!
//! A path is looked up handle by handle, at most ten: a category that moves or is called otherwise changes what is found
//! below it without a row of that being written. A former path is looked up in the same way, where each handle leads to
//! what stands there or stood there.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::tree::{Step, is_path};
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::{CategoryId, CollectionId};
use headlesspro_shared::kernel::locale::Locale;
use serde_json::json;

use super::list::ListFilter;
use super::{category, collection};
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement, Value};

// In the statements below ?3 is what is asked for, ?4 the chain of locales, the nearest first.

/// The category with a path whose handles are said in one of the locales, or its own. No two of one parent are meant by
/// one handle in one language, whose locales are all that a chain has.
const CATEGORY_FOUND: &str = "-- catalog::category_found
WITH RECURSIVE asked (handles) AS MATERIALIZED (SELECT '[\"' || replace(?3, '/', '\",\"') || '\"]'),
way (id, level) AS (
  SELECT '', 0
  UNION
  SELECT a.category_id, way.level + 1
  FROM way CROSS JOIN asked
  CROSS JOIN category_address a ON a.organization_id = ?1 AND a.store_id = ?2 AND a.parent = way.id
    AND a.handle = asked.handles ->> way.level AND a.until_version = 9007199254740991
    AND (a.locale = '' OR a.locale IN (SELECT value FROM json_each(?4))))
SELECT way.id FROM way WHERE way.level = 1 + length(?3) - length(replace(?3, '/', '')) LIMIT 1";

/// The category that had the path last, and is there. Each handle leads to what stands there or stood there, while all
/// before it led there; so far as [`MOST_STEPS`] go, the latest first.
const FORMER_CATEGORY: &str = "-- catalog::former_category
WITH RECURSIVE asked (handles) AS MATERIALIZED (SELECT '[\"' || replace(?3, '/', '\",\"') || '\"]'),
way (id, level, low, high) AS (
  SELECT '', 0, 0, 9007199254740991 WHERE NOT EXISTS (
    SELECT 1 FROM category n WHERE n.organization_id = ?1 AND n.store_id = ?2 AND n.path = ?3)
  UNION
  SELECT a.category_id, way.level + 1, max(way.low, a.from_version), min(way.high, a.until_version)
  FROM way CROSS JOIN asked
  CROSS JOIN category_address a ON a.organization_id = ?1 AND a.store_id = ?2 AND a.parent = way.id
    AND a.handle = asked.handles ->> way.level
    AND (a.locale = '' OR a.locale IN (SELECT value FROM json_each(?4)))
    AND max(way.low, a.from_version) < min(way.high, a.until_version)
  ORDER BY 4 DESC LIMIT ?5)
SELECT c.id/*told*/
FROM way CROSS JOIN category c ON c.id = way.id AND c.organization_id = ?1
WHERE way.level = 1 + length(?3) - length(replace(?3, '/', ''))
ORDER BY way.high DESC LIMIT 1";

/// A category's path as it is said in the locales; `?9` is its id.
const PATH_IN: &str = "-- catalog::category_path_in
WITH RECURSIVE up (parent_id, path) AS (
  SELECT s.parent_id, coalesce((SELECT a.handle FROM category_address a
      WHERE a.organization_id = ?1 AND a.category_id = s.id AND a.until_version = 9007199254740991
        AND +a.locale IN (SELECT value FROM json_each(?4))
      ORDER BY a.locale DESC LIMIT 1), s.handle)
  FROM category s WHERE s.organization_id = ?1 AND +s.store_id = ?2 AND s.id = ?9
  UNION ALL
  SELECT s.parent_id, coalesce((SELECT a.handle FROM category_address a
      WHERE a.organization_id = ?1 AND a.category_id = s.id AND a.until_version = 9007199254740991
        AND +a.locale IN (SELECT value FROM json_each(?4))
      ORDER BY a.locale DESC LIMIT 1), s.handle) || '/' || up.path
  FROM up CROSS JOIN category s ON s.organization_id = ?1 AND s.id = up.parent_id)
SELECT up.path FROM up WHERE up.parent_id IS NULL";

/// All that the categories on the way to one are called; `?9` is its id.
const WAY: &str = "-- catalog::category_way
WITH RECURSIVE up (id, parent_id, handle, level) AS (
  SELECT s.id, s.parent_id, s.handle, 0
  FROM category s WHERE s.organization_id = ?1 AND +s.store_id = ?2 AND s.id = ?9
  UNION ALL
  SELECT s.id, s.parent_id, s.handle, up.level + 1
  FROM up CROSS JOIN category s ON s.organization_id = ?1 AND s.id = up.parent_id)
SELECT json_group_array(json_array(up.level, up.handle, json((
  SELECT json_group_object(a.locale, a.handle) FROM category_address a
  WHERE a.organization_id = ?1 AND a.category_id = up.id AND a.until_version = 9007199254740991
    AND a.locale > '')))) FROM up";

/// The collection with a handle in one of the locales, or of its own.
const COLLECTION_FOUND: &str = "-- catalog::collection_found
SELECT coalesce(
  (SELECT h.collection_id FROM collection_handle h WHERE h.organization_id = ?1 AND h.store_id = ?2
    AND h.handle = ?3 AND h.locale IN (SELECT value FROM json_each(?4)) LIMIT 1),
  (SELECT o.id FROM collection o WHERE o.organization_id = ?1 AND o.store_id = ?2 AND o.handle = ?3))";

const FORMER_COLLECTION: &str = "-- catalog::former_collection
SELECT c.id, coalesce((SELECT h.handle FROM collection_handle h
    WHERE h.organization_id = ?1 AND h.collection_id = c.id AND +h.locale IN (SELECT value FROM json_each(?4))
    ORDER BY h.locale DESC LIMIT 1), c.handle) AS told
FROM collection c
WHERE c.organization_id = ?1 AND +c.store_id = ?2 AND c.id = coalesce(
  (SELECT f.collection_id FROM collection_former_handle f WHERE f.organization_id = ?1 AND f.store_id = ?2
    AND f.handle = ?3 AND f.locale IN (SELECT value FROM json_each(?4)) LIMIT 1),
  (SELECT f.collection_id FROM collection_former_handle f WHERE f.organization_id = ?1 AND f.store_id = ?2
    AND f.handle = ?3 AND f.locale = ''))";

/// The locales of translations whose handle another category of the parent has.
const CATEGORY_TAKEN: &str = "-- catalog::category_handles_taken
SELECT said.key AS locale FROM json_each(?5) said
WHERE EXISTS (
  SELECT 1 FROM category_address a WHERE a.organization_id = ?1 AND a.store_id = ?2 AND a.parent = coalesce(?4, '')
    AND a.handle = said.value ->> '$.handle' AND a.until_version = 9007199254740991 AND a.category_id <> ?3
    AND (a.locale = '' OR a.language = substr(said.key, 1, instr(said.key || '-', '-') - 1)))";

/// The same of a collection, in its store.
const COLLECTION_TAKEN: &str = "-- catalog::collection_handles_taken
SELECT said.key AS locale FROM json_each(?4) said
WHERE EXISTS (
  SELECT 1 FROM collection c WHERE c.organization_id = ?1 AND c.store_id = ?2
    AND c.handle = said.value ->> '$.handle' AND c.id <> ?3)
OR EXISTS (
  SELECT 1 FROM collection_handle h WHERE h.organization_id = ?1 AND h.store_id = ?2
    AND h.handle = said.value ->> '$.handle' AND h.collection_id <> ?3
    AND h.language = substr(said.key, 1, instr(said.key || '-', '-') - 1))";

/// Which of the paths, each with its parent's and its handle, are another category's in some locale.
const PATHS_TAKEN: &str = "-- catalog::category_paths_taken
SELECT w.value ->> 0 AS path FROM json_each(?3) w
WHERE EXISTS (
  SELECT 1 FROM category_address a WHERE a.organization_id = ?1 AND a.store_id = ?2
    AND a.parent = iif(w.value ->> 1 = '', '', (
      SELECT c.id FROM category c
      WHERE c.organization_id = ?1 AND c.store_id = ?2 AND c.path = w.value ->> 1))
    AND a.handle = w.value ->> 2 AND a.until_version = 9007199254740991)
AND NOT EXISTS (
  SELECT 1 FROM category t WHERE t.organization_id = ?1 AND t.store_id = ?2 AND t.path = w.value ->> 0)";

/// Beginnings of former paths that are followed: some hundred steps of the database's machine each.
const MOST_STEPS: i64 = 250;

/// What stands, or stood, somewhere: where it is now.
pub struct Moved {
    pub id: String,
    /// The path, or the handle, in the locale.
    pub to: String,
}

/// The statements of one category by its id, or its path in the locales of `chain`: its row, and the row that
/// [`moved_of`] takes.
pub fn category(tenant: Tenant, key: &str, chain: &[Locale]) -> [Statement; 2] {
    let path = if is_path(key) { key } else { "" };
    let mut former = tenant.statement(FORMER_CATEGORY).bind(path).bind(json!(chain).to_string()).bind(MOST_STEPS);
    former.sql = former.sql.replace("/*told*/", &told("c.id", 4)).into();
    [found(category::find(tenant, key), "c.path = ?3", path, CATEGORY_FOUND, chain), former]
}

/// The same of one collection, by its id or its handle in the locales of `chain`.
pub fn collection(tenant: Tenant, key: &str, chain: &[Locale]) -> [Statement; 2] {
    let former = tenant.statement(FORMER_COLLECTION).bind(key).bind(json!(chain).to_string());
    let handle = if key.parse::<Handle>().is_ok() { key } else { "" };
    [found(collection::find(tenant, key), "c.handle = ?3", handle, COLLECTION_FOUND, chain), former]
}

/// By the id that `sql` finds in the place of the `own` condition. In the default locale there is nothing to find, and
/// what is empty is nobody's.
fn found(mut one: Statement, own: &str, key: &str, sql: &str, chain: &[Locale]) -> Statement {
    if !chain.is_empty() && !key.is_empty() {
        one.args.push(json!(chain).to_string().into());
        one.sql = one.sql.replace(own, &format!("c.id = (\n{sql})")).into();
    }
    one
}

/// The row of one category with all that [`way_of`] takes.
#[must_use]
pub fn with_way(mut one: Statement) -> Statement {
    let way = WAY.replace("?9", "c.id");
    one.sql = one.sql.replace("/*told*/", &format!(", (\n{way}) AS way")).into();
    one
}

/// The rows of a page of categories with all that [`told_of`] takes, where it is not in the default locale; `?5` is the
/// chain.
#[must_use]
pub fn with_paths(mut page: Statement, chain: &[Locale]) -> Statement {
    if !chain.is_empty() {
        page.sql = page.sql.replace("/*told*/", &told("c.id", 5)).into();
    }
    page
}

/// A further column with the path of the category `id` as it is said in the locales of the argument `chain`.
fn told(id: &str, chain: usize) -> String {
    format!(", ({}) AS told", path_of(id, chain))
}

/// The path of the category `id` as it is said in the locales of the argument `chain`, in the place of a value.
pub fn path_of(id: &str, chain: usize) -> String {
    format!("\n{}", numbered(&PATH_IN.replace("?9", id), &[(4, chain)]))
}

/// A list's statement in which its category and collection are those that are called so in the locales of `chain`.
#[must_use]
pub fn called_so(mut list: Statement, filter: &ListFilter, chain: &[Locale]) -> Statement {
    let category = filter.category.as_deref().filter(|path| is_path(path));
    let collection = filter.collection.as_deref().filter(|handle| handle.parse::<Handle>().is_ok());
    if chain.is_empty() || (category.is_none() && collection.is_none()) {
        return list;
    }
    let keys: Vec<Option<String>> = list.args.iter().map(|arg| text_of(arg).map(str::to_owned)).collect();
    list.args.push(json!(chain).to_string().into());
    let chain = list.args.len();
    for (at, key) in (1..).zip(&keys) {
        for (own, asked, sql) in [("path", category, CATEGORY_FOUND), ("handle", collection, COLLECTION_FOUND)] {
            if asked.is_some() && key.as_deref() == asked {
                let sql = numbered(sql, &[(3, at), (4, chain)]);
                let own = format!("(c.id = ?{at} OR c.{own} = ?{at})");
                list.sql = list.sql.replace(&own, &format!("c.id = (\n{sql})")).into();
            }
        }
    }
    list
}

/// `text` with other numbers of arguments.
fn numbered(text: &str, numbers: &[(usize, usize)]) -> String {
    let mut parts = text.split('?');
    let mut sql = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
        let (digits, rest) = part.split_at(end);
        let known: usize = digits.parse().unwrap_or_default();
        let number = numbers.iter().find(|(from, _)| *from == known).map_or(known, |(_, to)| *to);
        sql.push_str(&format!("?{number}{rest}"));
    }
    sql
}

fn text_of(arg: &Value) -> Option<&str> {
    match arg {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Where what was asked for is now.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn moved_of(rows: Option<&Rows>) -> Result<Option<Moved>, SqlError> {
    let of =
        |row: Row<'_>| Ok(Moved { id: row.get::<&str>("id")?.to_owned(), to: row.get::<&str>("told")?.to_owned() });
    rows.and_then(Rows::first).map(of).transpose()
}

/// The path as it is said.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn told_of(row: Row<'_>) -> Result<String, SqlError> {
    row.get::<&str>("told").map(str::to_owned)
}

/// All that the categories from the root to the row's are called.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn way_of(row: Row<'_>) -> Result<Vec<Step>, SqlError> {
    let steps: Vec<(usize, String, BTreeMap<String, String>)> = serde_json::from_str(row.get("way")?)
        .map_err(|error| SqlError::Statement(format!("the way to a category: {error}")))?;
    let steps: BTreeMap<usize, Step> =
        steps.into_iter().map(|(level, handle, said)| (level, Step { handle, said })).collect();
    Ok(steps.into_values().rev().collect())
}

/// The statement whose rows [`taken_of`] takes: of a category that is to stand below `parent`.
pub fn category_taken(tenant: Tenant, id: CategoryId, parent: Option<CategoryId>, translations: &str) -> Statement {
    let parent = parent.map(|parent| parent.to_string());
    tenant.statement(CATEGORY_TAKEN).bind(id.to_string()).bind(parent).bind(translations)
}

/// The same of a collection.
pub fn collection_taken(tenant: Tenant, id: CollectionId, translations: &str) -> Statement {
    tenant.statement(COLLECTION_TAKEN).bind(id.to_string()).bind(translations)
}

/// The locales in which another one is called so.
///
/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn taken_of(rows: Option<&Rows>) -> Result<Vec<String>, SqlError> {
    rows.map_or(Ok(Vec::new()), |rows| rows.iter().map(|row| row.get::<&str>("locale").map(str::to_owned)).collect())
}

/// The statement whose rows [`paths_taken_of`] takes: which of these paths are no category's and cannot become one's.
pub fn paths_taken(tenant: Tenant, paths: &[String]) -> Statement {
    let named = |path: &String| match path.rsplit_once('/') {
        Some((parent, handle)) => json!([path, parent, handle]),
        None => json!([path, "", path]),
    };
    tenant.statement(PATHS_TAKEN).bind(json!(paths.iter().map(named).collect::<Vec<_>>()).to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn paths_taken_of(rows: &Rows) -> Result<Vec<String>, SqlError> {
    rows.iter().map(|row| row.get::<&str>("path").map(str::to_owned)).collect()
}
