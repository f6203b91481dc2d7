//! Some members of a rendered document, as they are written there.

use std::fmt;

use headlesspro_shared::catalog::fieldset::{Fieldset, Members};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The members of `document` that are wanted, in its order and as it writes them. What it does not have is left out.
///
/// # Errors
/// When it is no JSON, or a text or a number stands where something is wanted in part.
pub fn select(fields: &Fieldset, document: &str) -> Result<String, serde_json::Error> {
    let mut selected = String::new();
    let mut deserializer = serde_json::Deserializer::from_str(document);
    Select { wanted: Wanted::Fields(fields), selected: &mut selected }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(selected)
}

/// What is wanted of a value.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    All,
    Fields(&'a Fieldset),
    Members(&'a Members),
}

impl<'a> Wanted<'a> {
    /// What is wanted of its member of this name.
    fn of(self, name: &str) -> Option<(&'static str, Wanted<'a>)> {
        match self {
            Wanted::All => None,
            Wanted::Fields(fields) => {
                let (name, members) = fields.wants(name)?;
                Some((name, members.map_or(Wanted::All, Wanted::Members)))
            }
            Wanted::Members(members) => Some((*members.get(name)?, Wanted::All)),
        }
    }
}

/// Copies what is wanted of a value, in one pass: what is wanted whole as it is written, and of the rest nothing is
/// built.
struct Select<'a> {
    wanted: Wanted<'a>,
    selected: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Select<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if matches!(self.wanted, Wanted::All) {
            self.selected.push_str(<&RawValue>::deserialize(deserializer)?.get());
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Select<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, a list of objects, or null")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.selected.push_str("null");
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Select { wanted, selected } = self;
        selected.push('[');
        while elements.next_element_seed(Select { wanted, selected: &mut *selected })?.is_some() {
            selected.push(',');
        }
        close(selected, ']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Select { wanted, selected } = self;
        selected.push('{');
        while let Some(member) = members.next_key_seed(Name(wanted))? {
            let Some((name, wanted)) = member else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            for text in ["\"", name, "\":"] {
                selected.push_str(text);
            }
            members.next_value_seed(Select { wanted, selected: &mut *selected })?;
            selected.push(',');
        }
        close(selected, '}');
        Ok(())
    }
}

/// Ends a list in which a comma follows each element.
fn close(text: &mut String, end: char) {
    if text.ends_with(',') {
        text.pop();
    }
    text.push(end);
}

/// A member's name, as what is wanted of it.
struct Name<'a>(Wanted<'a>);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<(&'static str, Wanted<'a>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<(&'static str, Wanted<'a>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.of(name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headlesspro_shared::catalog::fieldset::Field;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::super::fields::PRODUCT;
    use super::*;

    /// Members of a product: those that documents here have.
    const SHOWN: [&str; 6] = ["id", "title", "attributes", "seo", "images", "variants"];

    fn parse(text: &str) -> Fieldset {
        Fieldset::parse(text, PRODUCT).unwrap()
    }

    #[test]
    fn what_is_wanted_stays_as_it_is_written() {
        let document = r#" {"title":"\u00e9 \"x\"","id" : "p","seo":null,"attributes":{"a":[1.50]},
            "variants":[{"sku":"S","price":{"amount":"1.0"},"id":"v"},{}],"images":[]} "#;
        for (fields, selected) in [
            ("id", r#"{"id":"p"}"#),
            ("title,attributes", r#"{"title":"\u00e9 \"x\"","id":"p","attributes":{"a":[1.50]}}"#),
            ("seo.title", r#"{"id":"p","seo":null}"#),
            ("variants.sku", r#"{"id":"p","variants":[{"sku":"S","id":"v"},{}]}"#),
            (
                "images.id,variants.price",
                r#"{"id":"p","variants":[{"price":{"amount":"1.0"},"id":"v"},{}],"images":[]}"#,
            ),
        ] {
            assert_eq!(select(&parse(fields), document).unwrap(), selected, "{fields}");
        }
        let some = parse("seo.title");
        for broken in ["", "[", "1", "{\"id\":1", "{\"id\":}", "{\"seo\":1}", "{} {}"] {
            assert!(select(&some, broken).is_err(), "{broken}");
        }
    }

    /// The same, of what was read whole.
    fn selected(document: &Value, names: &[String]) -> Value {
        let is_wanted = |name: &str| name == "id" || names.iter().any(|wanted| wanted == name);
        let of = |name: &str, value: &Value| -> Option<Value> {
            let some = |object: &Map<String, Value>| -> Value {
                let comes = |member: &str| member == "id" && name != "seo";
                let wanted = |member: &str| comes(member) || names.contains(&format!("{name}.{member}"));
                let kept = object.iter().filter(|(member, _)| wanted(member));
                kept.map(|(member, value)| (member.clone(), value.clone())).collect()
            };
            match value {
                _ if is_wanted(name) => Some(value.clone()),
                _ if !names.iter().any(|wanted| wanted.split_once('.').is_some_and(|(first, _)| first == name)) => None,
                Value::Object(object) => Some(some(object)),
                Value::Array(all) => Some(all.iter().map(|one| one.as_object().map_or(Value::Null, some)).collect()),
                _ => Some(Value::Null),
            }
        };
        let members = document.as_object().unwrap().iter();
        members.filter_map(|(name, value)| Some((name.clone(), of(name, value)?))).collect()
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = proptest::sample::select(vec![json!(null), json!(1.5), json!("a,\"b\":{"), json!([]), json!({})]);
        let member = |names: &'static [&'static str]| proptest::sample::select(names);
        let object = proptest::collection::btree_map(
            member(&["id", "title", "description", "url", "sku", "price", "other"]),
            leaf.clone(),
            0..5,
        );
        let object = object.prop_map(|members| json!(members));
        let nested = prop_oneof![
            object.clone(),
            proptest::collection::vec(prop_oneof![object, Just(Value::Null)], 0..4).prop_map(Value::from),
            Just(Value::Null),
        ];
        let whole = proptest::collection::btree_map(member(&["id", "title", "attributes", "other"]), leaf, 0..5);
        let parts = proptest::collection::btree_map(member(&["seo", "images", "variants"]), nested, 0..4);
        (whole, parts).prop_map(|(whole, parts)| json!(whole.into_iter().chain(parts).collect::<BTreeMap<_, _>>()))
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        let of = |field: &Field| {
            let members = field.members.iter().map(|member| format!("{}.{member}", field.name));
            members.chain([field.name.to_owned()]).collect::<Vec<_>>()
        };
        let shown = PRODUCT.iter().filter(|field| SHOWN.contains(&field.name));
        proptest::collection::vec(proptest::sample::select(shown.flat_map(of).collect::<Vec<_>>()), 1..12)
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_is_wanted(names in names(), document in document()) {
            let left = select(&parse(&names.join(",")), &document.to_string()).unwrap();
            let left: Value = serde_json::from_str(&left).unwrap();
            prop_assert_eq!(left, selected(&document, &names));
        }


        #[test]
        fn hostile_text_is_no_panic(document in ".{0,60}") {
            let _ = select(&parse("seo.title,title"), &document);
        }
    }
}
