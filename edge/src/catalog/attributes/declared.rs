//! What a store declares, as it is read beside what is to be written.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::attribute::{Definition, Definitions, Known, named_ids};
use headlesspro_shared::catalog::source::{Fault, Source};
use headlesspro_shared::kernel::money::Currency;
use serde_json::Value;

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

/// The statements whose rows [`Attributes::of`] and [`Attributes::settle`] take, of a product's JSON.
pub fn reads(tenant: Tenant, product: &Value) -> [Statement; 2] {
    [attribute::all(tenant), attribute::referenced(tenant, &named_ids(product))]
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

    /// Puts a product's values into their canonical form, and answers what is wrong with them. `files` are the ids of
    /// those that may be referred to.
    ///
    /// # Errors
    /// [`Unavailable`] when a row does not read back.
    pub fn settle(
        &self,
        source: &mut Source,
        was: Option<&Source>,
        referenced: Option<&Rows>,
        files: Vec<String>,
    ) -> Result<Vec<Fault>, Unavailable> {
        let mut ids: BTreeSet<String> = referenced.map(attribute::referenced_of).transpose()?.unwrap_or_default();
        ids.extend(files);
        Ok(self.definitions.settle(source, was, &Known { currency: self.currency, ids: &ids }))
    }

    /// What the attributes that a product has were read at: a commit that writes it refuses if they are another.
    pub fn guarded(&self, source: &Source) -> Vec<ReadVersion> {
        self.definitions.used(source).filter_map(|key| self.versions.get(key).cloned()).collect()
    }
}

/// # Errors
/// [`Unavailable::Corrupt`] when it does not read back.
pub fn definition_of(declared: &Declared, currency: Currency) -> Result<Definition, Unavailable> {
    let read = serde_json::from_str(&declared.definition).ok();
    let read = read.and_then(|json: Value| Definition::read(&json, currency).ok());
    read.ok_or_else(|| Unavailable::corrupt("an attribute's definition"))
}
