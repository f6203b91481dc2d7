//! Members that stand twice in an object. Parsers differ in which of the two counts (RFC 8259, 4), so neither does.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The paths (`shippingAddress/city`) of all members that stand in their object more than once. What is no JSON has
/// those before its mistake.
pub(super) fn duplicates(text: &str) -> BTreeSet<String> {
    let found = RefCell::new(BTreeSet::new());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let _read = Within { path: "", found: &found }.deserialize(&mut deserializer);
    found.into_inner()
}

/// A value at a path.
struct Within<'a> {
    path: &'a str,
    found: &'a RefCell<BTreeSet<String>>,
}

impl Within<'_> {
    fn below(&self, key: impl fmt::Display) -> String {
        if self.path.is_empty() { key.to_string() } else { format!("{}/{key}", self.path) }
    }
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = access.next_key::<String>()? {
            let path = self.below(&key);
            access.next_value_seed(Within { path: &path, found: self.found })?;
            if !seen.insert(key) {
                self.found.borrow_mut().insert(path);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut at = 0_usize;
        while access.next_element_seed(Within { path: &self.below(at), found: self.found })?.is_some() {
            at = at.saturating_add(1);
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_stand_twice_are_found_wherever_they_are() {
        for (text, expected) in [
            (r#"{"a":1,"b":[null,true,1.5,-1,"x",{}]}"#, &[][..]),
            (r#"{"a":1,"b":2,"a":3,"a":4}"#, &["a"]),
            (r#"{"a":{"b":1,"c":{"d":1,"d":{}}},"a":1}"#, &["a", "a/c/d"]),
            (r#"[{"a":1},{"a":1,"\u0061":2}]"#, &["1/a"]),
            (r#"{"a":1,"a":2,"#, &["a"]),
            ("", &[]),
        ] {
            assert_eq!(duplicates(text).iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
