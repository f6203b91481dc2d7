//! Values that categories and collections are given: read beside what is to be written, decided, and guarded in the
//! commit.

use std::collections::BTreeSet;

use headlesspro_shared::catalog::attribute::{Owner, named_ids};
use headlesspro_shared::catalog::source::Fault;
use serde_json::{Map, Value, json};

use super::declared::{self, Attributes, referenced};
use crate::app::{Ctx, Tenant};
use crate::catalog::files::files_shown;
use crate::catalog::rendering::typed_value;
use crate::catalog::store::facet::FacetValue;
use crate::catalog::store::{ReadVersion, attribute};
use crate::failure::{Failure, Unavailable};
use crate::media;
use crate::port::sql::{Commit, Rows, Statement};

/// What a commit is to know of values that were decided.
#[derive(Debug, Default)]
pub struct Given {
    /// What their attributes were read at.
    attributes: Vec<ReadVersion>,
    /// Files that new ones refer to.
    files: Vec<String>,
    /// By what lists find them. `None`: they are as they were.
    pub values: Option<Vec<FacetValue>>,
}

/// The statements whose rows [`give`] takes.
pub fn reads(tenant: Tenant, patch: &Value) -> Vec<Statement> {
    let json = json!({ "attributes": patch });
    let files: Vec<&str> = named_ids(&json).into_iter().filter(|id| id.starts_with("file_")).collect();
    let mut reads = Vec::from(declared::reads(tenant, [&json]));
    reads.push(media::ready(tenant, &files));
    reads
}

/// Puts what `patch`, a JSON Merge Patch of values by key, makes of them in the place of `shown`: the JSON by key that a
/// storefront is shown. `rows` are those of [`reads`].
///
/// # Errors
/// All that is wrong with the values, and those of the database.
pub async fn give(
    ctx: &Ctx,
    of: Owner,
    patch: &Value,
    shown: &mut String,
    rows: &[Rows],
) -> Result<Given, Failure<Vec<Fault>>> {
    let attributes = Attributes::of(rows.first(), ctx.principal().await?.currency)?;
    let ready = rows.get(2).map(media::files_of).transpose()?.unwrap_or_default();
    let referenced = referenced(rows.get(1), ready.iter().map(|file| file.id.to_string()).collect())?;
    let there: Map<String, Value> =
        serde_json::from_str(shown).map_err(|_| Unavailable::corrupt("values of attributes"))?;
    let values = attributes.patched(of, &values_of(&there), patch, &referenced).map_err(Failure::Rejected)?;
    let files = files_shown(ctx, rows.get(2), BTreeSet::new()).await?;
    let (mut said, mut referred) = (Map::new(), BTreeSet::new());
    for (key, definition, value) in attributes.definitions.typed(&values) {
        // The files of a value that is not given were not read, and stay as they are shown.
        let one = match there.get(key).filter(|_| patch.get(key).is_none()) {
            Some(one) => one.clone(),
            None => {
                referred.extend(definition.files(value).map(str::to_owned));
                let body = serde_json::to_value(typed_value(definition, value, &files));
                body.map_err(|error| Unavailable::Corrupt(error.to_string()))?
            }
        };
        said.insert(key.clone(), one);
    }
    let said = Value::Object(said).to_string();
    if *shown == said {
        return Ok(Given::default());
    }
    *shown = said;
    let definitions = &attributes.definitions;
    let facet = |(key, value): (String, String)| FacetValue { ordinal: definitions.ordinal(&key, &value), key, value };
    Ok(Given {
        attributes: attributes.guarded(&values),
        files: referred.into_iter().collect(),
        values: Some(definitions.facets(&values).into_iter().map(facet).collect()),
    })
}

/// The values by key, of what a storefront is shown.
pub fn values_of(shown: &Map<String, Value>) -> Map<String, Value> {
    shown.iter().filter_map(|(key, one)| Some((key.clone(), one.get("value")?.clone()))).collect()
}

impl Given {
    /// Has the commit refuse attributes and files that are no more what they were read as. Answers the numbers of the
    /// statements that do.
    pub fn guard(&self, commit: &mut Commit, tenant: Tenant) -> Vec<usize> {
        let mut guards = Vec::new();
        if !self.attributes.is_empty() {
            guards.push(commit.push(attribute::guard_declared(tenant, &self.attributes)));
        }
        if !self.files.is_empty() {
            guards.push(commit.push(media::guard_ready(tenant, &self.files)));
        }
        guards
    }
}
