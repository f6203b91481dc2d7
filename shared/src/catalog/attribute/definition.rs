//! What a store declares of an attribute.

use serde::Serialize;
use serde_json::{Map, Value};

use super::value::rank;
use super::{Owner, Target, ValueType};
use crate::catalog::source::{Fault, Reader, merge_patch};
use crate::kernel::id::AttributeId;
use crate::kernel::money::Currency;

/// Of a store. Whatever is written with values is read with all of them.
pub const MOST_DEFINITIONS: usize = 250;

const MOST_CHOICES: usize = 100;
/// Of all choices together, as JSON.
const MOST_CHOICES_BYTES: usize = 8 << 10;
const MOST_CHARS: usize = 255;
const MOST_KEY_BYTES: usize = 64;

const MEMBERS: [&str; 10] = ["key", "name", "of", "type", "items", "target", "filterable", "choices", "min", "max"];

/// An attribute that products, variants, categories or collections of a store may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// See [`is_key`]. One of its own in the store.
    pub key: String,
    /// For people.
    pub name: String,
    pub of: Owner,
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// What the elements of a list are: neither lists nor JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<ValueType>,
    /// Of a reference, or a list of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Whether lists can be narrowed by it.
    pub filterable: bool,
    /// The texts that there are; any where none are said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The lowest and the highest number, decimal, date or amount, in canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
}

/// 1 to 64 lower-case letters, digits, `-` and `_`, a letter first; nothing that could be an attribute's id.
pub fn is_key(text: &str) -> bool {
    text.len() <= MOST_KEY_BYTES
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        && text.parse::<AttributeId>().is_err()
}

impl Definition {
    /// Reads a definition in a store of this currency.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn read(json: &Value, currency: Currency) -> Result<Definition, Vec<Fault>> {
        let mut reader = Reader::default();
        match definition(&mut reader, json, currency) {
            Some(definition) if reader.faults.is_empty() => Ok(definition),
            _ => Err(reader.faults),
        }
    }

    /// The same with what `patch`, a JSON Merge Patch (RFC 7396), says.
    ///
    /// # Errors
    /// All that is wrong; another key is.
    pub fn patched(&self, patch: &Value, currency: Currency) -> Result<Definition, Vec<Fault>> {
        let mut reader = Reader::default();
        // Of what is not there, null would leave no trace.
        reader.members(patch, &MEMBERS);
        let mut json = serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()));
        merge_patch(&mut json, patch);
        let mut faults = reader.faults;
        match Definition::read(&json, currency) {
            Ok(read) if faults.is_empty() && read.key != self.key => {
                Err(vec![Fault { path: "key".to_owned(), reason: "cannot be changed".to_owned() }])
            }
            Ok(read) if faults.is_empty() => Ok(read),
            read => {
                let found = read.err().unwrap_or_default();
                faults.retain(|fault| !found.contains(fault));
                faults.extend(found);
                Err(faults)
            }
        }
    }

    /// What its values are, a list's elements where it is one.
    pub fn scalar(&self) -> ValueType {
        self.items.unwrap_or(self.value_type)
    }

    /// The ids of the files that a canonical value refers to.
    pub fn files<'a>(&self, value: &'a Value) -> impl Iterator<Item = &'a str> {
        let items = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        let items = if self.target == Some(Target::File) { items } else { &[] };
        items.iter().filter_map(Value::as_str)
    }

    /// Whether a value of `other` may be none of this, or stand elsewhere.
    pub fn is_other_than(&self, other: &Definition) -> bool {
        (self.of, self.value_type, self.items, self.target) != (other.of, other.value_type, other.items, other.target)
    }
}

fn definition(reader: &mut Reader, json: &Value, currency: Currency) -> Option<Definition> {
    let of = reader.members(json, &MEMBERS);
    for name in ["key", "name", "of", "type"] {
        if json.is_object() && of.get(name).is_none() {
            reader.fault(name, "is required");
        }
    }
    let key = reader.text(of, "key").unwrap_or_default().to_owned();
    if of.get("key").is_some_and(Value::is_string) && !is_key(&key) {
        reader.fault("key", "must be 1 to 64 lower-case letters, digits, - and _, a letter first");
    }
    let name = reader.line(of, "name", MOST_CHARS);
    if name.is_none() && of.get("name").and_then(Value::as_str).is_some_and(|name| name.trim().is_empty()) {
        reader.fault("name", "must not be empty");
    }
    let owner = reader.parsed::<Owner>(of, "of");
    let value_type = reader.parsed::<ValueType>(of, "type");
    let items = reader.parsed::<ValueType>(of, "items");
    let target = reader.parsed::<Target>(of, "target");
    let is_list = value_type == Some(ValueType::List);
    match items {
        Some(ValueType::List | ValueType::Json) => reader.fault("items", "must be neither list nor json"),
        Some(_) if !is_list => reader.fault("items", "is for lists only"),
        None if is_list && of.get("items").is_none() => reader.fault("items", "is required of a list"),
        _ => {}
    }
    let scalar = if is_list { items } else { value_type };
    let is_reference = scalar == Some(ValueType::Reference);
    match target {
        Some(_) if scalar.is_some() && !is_reference => reader.fault("target", "is for references only"),
        None if is_reference && of.get("target").is_none() => reader.fault("target", "is required of a reference"),
        _ => {}
    }
    let filterable = reader.boolean(of, "filterable", false);
    if filterable && matches!(scalar, Some(ValueType::Url | ValueType::Json)) {
        reader.fault("filterable", "must be false: lists are not narrowed by values of this type");
    }
    let choices = reader.each(of, "choices", MOST_CHOICES, |reader, choice| reader.line_element(choice, MOST_CHARS));
    let choices: Vec<String> = choices.into_iter().flatten().collect();
    if !choices.is_empty() && scalar.is_some_and(|scalar| scalar != ValueType::Text) {
        reader.fault("choices", "are for texts only");
    }
    if choices.iter().enumerate().any(|(at, choice)| choices.iter().take(at).any(|other| other == choice)) {
        reader.fault("choices", "has a choice twice");
    }
    if serde_json::to_string(&choices).is_ok_and(|text| MOST_CHOICES_BYTES < text.len()) {
        reader.fault("choices", format!("has more than {MOST_CHOICES_BYTES} bytes as JSON"));
    }
    let [min, max] = ["min", "max"].map(|name| {
        let value = of.get(name)?;
        match scalar? {
            scalar @ (ValueType::Number | ValueType::Decimal | ValueType::Date | ValueType::Money) => {
                reader.below(name, |reader| reader.scalar(scalar, None, value, currency))
            }
            _ => {
                reader.fault(name, "is for numbers, decimals, dates and money only");
                None
            }
        }
    });
    if let (Some(scalar), Some(min), Some(max)) = (scalar, &min, &max)
        && rank(scalar, max, currency) < rank(scalar, min, currency)
    {
        reader.fault("max", "is below min");
    }
    Some(Definition {
        key,
        name: name?,
        of: owner?,
        value_type: value_type?,
        items,
        target,
        filterable,
        choices,
        min,
        max,
    })
}
