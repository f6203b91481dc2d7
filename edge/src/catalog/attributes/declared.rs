//! What a store declares, as it is read beside what is to be written.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::attribute::{Definition, Definitions, Known, Owner, named_ids};
use headlesspro_shared::catalog::source::{Fault, Source};
use headlesspro_shared::kernel::money::Currency;
use serde_json::{Map, Value};

use crate::app::Tenant;
use crate::catalog::store::ReadVersion;
use crate::catalog::store::attribute::{self, Declared};
use crate::failure::Unavailable;
use crate::port::sql::{Rows, Statement};

/// A store's attributes.
#[derive(Debug)]
pub struct Attributes {
    pub definitions: Definitions,
    /// By key, what they were read at.
    versions: BTreeMap<String, ReadVersion>,
    currency: Currency,
}

/// The statements whose rows [`Attributes::of`] and [`Attributes::settle`] take, of products' JSON.
pub fn reads<'a>(tenant: Tenant, products: impl IntoIterator<Item = &'a Value>) -> [Statement; 2] {
    [attribute::all(tenant), attribute::referenced(tenant, &products.into_iter().flat_map(named_ids).collect())]
}

/// What may be referred to: what was found, and the files with these ids.
///
/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn referenced(found: Option<&Rows>, files: Vec<String>) -> Result<BTreeSet<String>, Unavailable> {
    let mut ids = found.map(attribute::referenced_of).transpose()?.unwrap_or_default();
    ids.extend(files);
    Ok(ids)
}

impl Attributes {
    /// # Errors
    /// [`Unavailable`] when a row does not read back.
    pub fn of(rows: Option<&Rows>, currency: Currency) -> Result<Attributes, Unavailable> {
        let declared = rows.map(attribute::declared_of).transpose()?.unwrap_or_default();
        let mut versions = BTreeMap::new();
        let mut definitions = Vec::with_capacity(declared.len());
        for one in declared {
            let definition = definition_of(&one, currency)?;
            versions.insert(definition.key.clone(), ReadVersion { id: one.id.to_string(), version: one.version });
            definitions.push(definition);
        }
        Ok(Attributes { definitions: definitions.into_iter().collect(), versions, currency })
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Puts a product's values into their canonical form, and answers what is wrong with them. `referenced` are the ids
    /// that may be referred to: see [`referenced`].
    pub fn settle(&self, source: &mut Source, was: Option<&Source>, referenced: &BTreeSet<String>) -> Vec<Fault> {
        self.definitions.settle(source, was, &Known { currency: self.currency, ids: referenced })
    }

    /// What `patch` makes of the values that `was` there, of a category or a collection: see [`Definitions::patched`].
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn patched(
        &self,
        of: Owner,
        was: &Map<String, Value>,
        patch: &Value,
        referenced: &BTreeSet<String>,
    ) -> Result<Map<String, Value>, Vec<Fault>> {
        self.definitions.patched(of, was, patch, &Known { currency: self.currency, ids: referenced })
    }

    /// What the attributes of these values were read at: a commit that writes them refuses if they are another.
    pub fn guarded<'a>(&self, values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<ReadVersion> {
        let used = self.definitions.used(values);
        used.into_iter().filter_map(|key| self.versions.get(key).cloned()).collect()
    }
}

/// # Errors
/// [`Unavailable::Corrupt`] when it does not read back.
pub fn definition_of(declared: &Declared, currency: Currency) -> Result<Definition, Unavailable> {
    let read = serde_json::from_str(&declared.definition).ok();
    let read = read.and_then(|json: Value| Definition::read(&json, currency).ok());
    read.ok_or_else(|| Unavailable::corrupt("an attribute's definition"))
}
