//! What the audit log keeps of what has many members: those that are another, long ones in short.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A longer member is told by its length and its SHA-256.
const MOST_BYTES: usize = 2_000;

/// An object in short.
pub fn whole(source: &Value) -> Value {
    let members = source.as_object().into_iter().flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), short(value))).collect())
}

/// The members that differ, as they were and as they are.
pub fn difference(was: &Value, is: &Value) -> (Value, Value) {
    let empty = Map::new();
    let (was, is) = (was.as_object().unwrap_or(&empty), is.as_object().unwrap_or(&empty));
    let of = |one: &Map<String, Value>, other: &Map<String, Value>| {
        let differing = one.iter().filter(|(name, value)| other.get(*name) != Some(*value));
        Value::Object(differing.map(|(name, value)| (name.clone(), short(value))).collect())
    };
    (of(was, is), of(is, was))
}

fn short(value: &Value) -> Value {
    let text = value.to_string();
    if text.len() <= MOST_BYTES {
        return value.clone();
    }
    json!({ "bytes": text.len(), "sha256": hex::encode(Sha256::digest(text)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told_and_long_texts_in_short() {
        let long = "x".repeat(MOST_BYTES);
        let was = json!({ "title": "Tent", "vendor": "Acme", "description": long });
        let is = json!({ "title": "Tent", "vendor": "Northwind", "tags": ["new"] });
        let (before, after) = difference(&was, &is);
        assert_eq!(after, json!({ "vendor": "Northwind", "tags": ["new"] }));
        assert_eq!(before["vendor"], "Acme");
        assert_eq!(before["description"]["bytes"], MOST_BYTES + 2);
        assert_eq!(before.get("title"), None);
        assert_eq!(whole(&is), is);
    }
}
