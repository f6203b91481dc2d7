//! What a store declares, all of it, and what products, categories and collections make of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::value::{Known, listed};
use super::{Definition, Owner, Target};
use crate::catalog::source::{Fault, MOST_ATTRIBUTES_BYTES, Reader, Source, escaped, merge_patch};

/// The attributes of a store, by their keys.
#[derive(Debug, Clone, Default)]
pub struct Definitions(BTreeMap<String, Definition>);

impl FromIterator<Definition> for Definitions {
    fn from_iter<T: IntoIterator<Item = Definition>>(definitions: T) -> Definitions {
        Definitions(definitions.into_iter().map(|definition| (definition.key.clone(), definition)).collect())
    }
}

impl Definitions {
    /// Puts the values of a product into their canonical form. Answers what is wrong with them; what `was` there stays
    /// good, though its attribute may have other limits now.
    pub fn settle(&self, source: &mut Source, was: Option<&Source>, known: &Known<'_>) -> Vec<Fault> {
        let there: BTreeSet<_> = was.into_iter().flat_map(Source::attribute_values).map(kept).collect();
        let mut reader = Reader::default();
        self.settle_in(&mut reader, Owner::Product, &mut source.attributes, &there, known);
        reader.below("variants", |reader| {
            for (at, variant) in source.variants.iter_mut().enumerate() {
                reader.below(&at.to_string(), |reader| {
                    self.settle_in(reader, Owner::Variant, &mut variant.attributes, &there, known);
                });
            }
        });
        reader.faults
    }

    /// What `patch`, a JSON Merge Patch (RFC 7396), makes of the values of something else than a product, in their
    /// canonical form. What `was` there stays good.
    ///
    /// # Errors
    /// All that is wrong, from `attributes` on.
    pub fn patched(
        &self,
        of: Owner,
        was: &Map<String, Value>,
        patch: &Value,
        known: &Known<'_>,
    ) -> Result<Map<String, Value>, Vec<Fault>> {
        let mut json = json!({ "attributes": was });
        merge_patch(&mut json, &json!({ "attributes": patch }));
        let mut reader = Reader::default();
        let members = reader.members(&json, &["attributes"]);
        let mut values = reader.attributes(members, MOST_ATTRIBUTES_BYTES);
        self.settle_in(&mut reader, of, &mut values, &was.iter().map(kept).collect(), known);
        self.report_unknown(&mut reader, of, patch);
        if reader.faults.is_empty() { Ok(values) } else { Err(reader.faults) }
    }

    fn settle_in(
        &self,
        reader: &mut Reader,
        of: Owner,
        values: &mut Map<String, Value>,
        there: &BTreeSet<(&str, String)>,
        known: &Known<'_>,
    ) {
        reader.below("attributes", |reader| {
            for (key, value) in values {
                let Some(definition) = self.0.get(key).filter(|definition| definition.of == of) else {
                    reader.fault(&escaped(key), self.undeclared(of));
                    continue;
                };
                if there.contains(&kept((key, value))) {
                    continue;
                }
                let read = reader.below(key, |reader| definition.canonical(reader, value, known));
                *value = read.unwrap_or(Value::Null);
            }
        });
    }

    /// Attributes that `patch`, a JSON Merge Patch of a product, takes away and nobody has declared: they leave no
    /// trace in the product.
    pub fn unknown_in(&self, patch: &Value) -> Vec<Fault> {
        let mut reader = Reader::default();
        if let Some(values) = patch.get("attributes") {
            self.report_unknown(&mut reader, Owner::Product, values);
        }
        reader.faults
    }

    fn report_unknown(&self, reader: &mut Reader, of: Owner, patch: &Value) {
        let members = patch.as_object().into_iter().flatten();
        for (key, _) in members.filter(|(key, value)| value.is_null() && !self.0.contains_key(*key)) {
            reader.below("attributes", |reader| reader.fault(&escaped(key), self.undeclared(of)));
        }
    }

    fn undeclared(&self, of: Owner) -> String {
        let keys = listed(self.0.values().filter(|one| one.of == of).map(|one| one.key.as_str()));
        match keys.as_str() {
            "" => format!("is not declared: there are no attributes of a {of}"),
            keys => format!("is not an attribute of a {of}: there are {keys}"),
        }
    }

    /// The values with what is declared of them; one that nobody has declared is left out.
    pub fn typed<'a>(
        &'a self,
        values: &'a Map<String, Value>,
    ) -> impl Iterator<Item = (&'a String, &'a Definition, &'a Value)> {
        values.iter().filter_map(|(key, value)| Some((key, self.0.get(key)?, value)))
    }

    /// Whether values may refer to files.
    pub fn have_files(&self) -> bool {
        self.0.values().any(|definition| definition.target == Some(Target::File))
    }

    /// The ids of the files that values refer to.
    pub fn files<'a>(&self, values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for (key, value) in values {
            let found = self.0.get(key).into_iter().flat_map(|definition| definition.files(value));
            ids.extend(found.map(str::to_owned));
        }
        ids
    }

    /// The keys of values with the texts that lists find them by.
    pub fn facets<'a>(&self, values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> BTreeSet<(String, String)> {
        let of = |(key, value): (&String, &Value)| {
            let texts = self.0.get(key).map(|definition| definition.facet_texts(value)).unwrap_or_default();
            let key = key.clone();
            texts.into_iter().map(move |text| (key.clone(), text))
        };
        values.into_iter().flat_map(of).collect()
    }

    /// Where the value with this facet text stands among others; `None` of what has no order.
    pub fn ordinal(&self, key: &str, facet_text: &str) -> Option<String> {
        self.0.get(key)?.ordinal(facet_text)
    }

    /// The keys of values that are declared, each once.
    pub fn used<'a>(&self, values: impl IntoIterator<Item = (&'a String, &'a Value)>) -> BTreeSet<&'a str> {
        values.into_iter().map(|(key, _)| key.as_str()).filter(|key| self.0.contains_key(*key)).collect()
    }

    pub fn get(&self, key: &str) -> Option<&Definition> {
        self.0.get(key)
    }
}

fn kept<'a>((key, value): (&'a String, &Value)) -> (&'a str, String) {
    (key, value.to_string())
}

/// The ids that a product's JSON may name in its attributes.
pub fn named_ids(product: &Value) -> BTreeSet<&str> {
    const PREFIXES: [&str; 4] = ["prod_", "cat_", "col_", "file_"];
    let variants = product.get("variants").and_then(Value::as_array).into_iter().flatten();
    let owners = std::iter::once(product).chain(variants);
    let values = owners.filter_map(|owner| owner.get("attributes")?.as_object()).flat_map(Map::values);
    let texts = values.flat_map(|value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect::<Vec<&str>>(),
    });
    texts.filter(|text| text.len() < 40 && PREFIXES.iter().any(|prefix| text.starts_with(prefix))).collect()
}
