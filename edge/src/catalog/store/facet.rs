//! The tables `category_facet` and `collection_facet`: the values of attributes that categories and collections have.
//! They tell whether an attribute or a file is in use, and lead the lists that are narrowed by a value.

use std::collections::BTreeSet;

use headlesspro_shared::catalog::attribute::Range;
use headlesspro_shared::kernel::id::{CategoryId, CollectionId};
use serde::Serialize;
use serde_json::json;

use crate::app::Tenant;
use crate::port::sql::{Commit, Statement};

const CLEAR_CATEGORY: &str = "-- catalog::clear_category_values
DELETE FROM category_facet WHERE organization_id = ?1 AND +store_id = ?2 AND category_id = ?3";

/// What a list is in the order of is copied from the category's row, written before.
const INSERT_CATEGORY: &str = "-- catalog::insert_category_values
INSERT INTO category_facet (organization_id, store_id, category_id, key, value, ordinal, path, parent_id, position)
SELECT ?1, ?2, c.id, r.value ->> 'key', r.value ->> 'value', r.value ->> 'ordinal', c.path, c.parent_id, c.position
FROM json_each(?4) r
CROSS JOIN category c ON c.id = ?3 AND c.organization_id = ?1 AND +c.store_id = ?2";

const CLEAR_COLLECTION: &str = "-- catalog::clear_collection_values
DELETE FROM collection_facet WHERE organization_id = ?1 AND +store_id = ?2 AND collection_id = ?3";

const INSERT_COLLECTION: &str = "-- catalog::insert_collection_values
INSERT INTO collection_facet (organization_id, store_id, collection_id, key, value, ordinal, handle)
SELECT ?1, ?2, c.id, r.value ->> 'key', r.value ->> 'value', r.value ->> 'ordinal', c.handle
FROM json_each(?4) r
CROSS JOIN collection c ON c.id = ?3 AND c.organization_id = ?1 AND +c.store_id = ?2";

/// A value, by what lists find it.
#[derive(Debug, Clone, Serialize)]
pub struct FacetValue {
    /// The attribute's.
    pub key: String,
    pub value: String,
    /// Where it stands among others, of those that have an order.
    pub ordinal: Option<String>,
}

/// What a list is narrowed by of attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeFilter {
    /// Keys with the text that values are found by.
    pub values: Vec<(String, String)>,
    /// Keys with what values are between.
    pub ranges: Vec<(String, Range)>,
}

impl AttributeFilter {
    /// Those that are asked for.
    pub fn keys(&self) -> BTreeSet<&str> {
        let values = self.values.iter().map(|(key, _)| key.as_str());
        values.chain(self.ranges.iter().map(|(key, _)| key.as_str())).collect()
    }
}

/// Puts these values in the place of a category's, which is written before.
pub fn set_of_category(commit: &mut Commit, tenant: Tenant, id: CategoryId, values: &[FacetValue]) {
    commit.push(tenant.statement(CLEAR_CATEGORY).bind(id.to_string()));
    commit.push(tenant.statement(INSERT_CATEGORY).bind(id.to_string()).bind(json!(values).to_string()));
}

/// Puts these values in the place of a collection's, which is written before.
pub fn set_of_collection(commit: &mut Commit, tenant: Tenant, id: CollectionId, values: &[FacetValue]) {
    commit.push(tenant.statement(CLEAR_COLLECTION).bind(id.to_string()));
    commit.push(tenant.statement(INSERT_COLLECTION).bind(id.to_string()).bind(json!(values).to_string()));
}

/// Narrows a list that is led by the value which is bound next, with its key, or by nothing where that is NULL. For all
/// else that is asked for, it has `has_all` in the place of `/*d*/` and `/*f*/`, of what these two `ids` name. Ranges
/// never lead it: it passes by what is in none of them, of the 10,000 that a store has at most.
pub fn narrow(statement: Statement, asked: &AttributeFilter, has_all: &str, ids: [&str; 2]) -> Statement {
    let (led_by, further) = match asked.values.split_first() {
        Some((first, further)) => (Some(first), further),
        None => (None, asked.values.as_slice()),
    };
    let (key, value) = led_by.map(|(key, value)| (key.as_str(), value.as_str())).unzip();
    let mut statement = statement.bind(key).bind(value);
    let ranges = asked.ranges.iter().map(|(key, range)| {
        let (low, high) = range.ordinals();
        json!({ "key": key, "low": low, "high": high })
    });
    let further = further.iter().map(|(key, value)| json!({ "key": key, "value": value }));
    let further: Vec<_> = further.chain(ranges).collect();
    if further.is_empty() {
        return statement;
    }
    statement = statement.bind(json!(further).to_string());
    let has_all = has_all.replace(":asked", &format!("?{}", statement.args.len()));
    let [of_row, of_facet] = ids.map(|id| has_all.replace(":id", id));
    statement.sql = statement.sql.replace("/*d*/", &of_row).replace("/*f*/", &of_facet).into();
    statement
}
