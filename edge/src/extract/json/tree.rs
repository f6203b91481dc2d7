//! A JSON body as a tree, and how a wire type is read from it.
//!
//! The tree is read by one deserializer that knows at each value where it stands. So a wrong type is reported with
//! its path and unknown members all at once, and each wire type is compiled for this one deserializer alone.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Of members that stand twice, as many are told as anyone reads, each by the first part of its path: both are the
/// client's, and a long name with many members below it would be repeated for each of them.
const MOST_TWICE: usize = 50;
const LONGEST_PATH: usize = 200;

/// Where a value stands in its body.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Member { of: &'a Path<'a>, key: &'a str },
    Element { of: &'a Path<'a>, index: usize },
}

impl Path<'_> {
    fn keys(&self) -> Vec<String> {
        let (of, key) = match self {
            Path::Root => return Vec::new(),
            Path::Member { of, key } => (of, (*key).to_owned()),
            Path::Element { of, index } => (of, index.to_string()),
        };
        let mut keys = of.keys();
        keys.push(key);
        keys
    }
}

/// The tree of `text`, and the paths (`shippingAddress/city`) of the members that stand in their object more than
/// once. Parsers differ in which of the two counts (RFC 8259, 4), so neither does.
///
/// # Errors
/// The text is not JSON.
pub(super) fn parse(text: &str) -> Result<(Value, BTreeSet<String>), serde_json::Error> {
    let twice = RefCell::new(BTreeSet::new());
    let mut json = serde_json::Deserializer::from_str(text);
    let tree = Plant { path: &Path::Root, twice: &twice }.deserialize(&mut json)?;
    json.end()?;
    Ok((tree, twice.into_inner()))
}

/// A value to be, at a path.
struct Plant<'a> {
    path: &'a Path<'a>,
    twice: &'a RefCell<BTreeSet<String>>,
}

impl<'de> DeserializeSeed<'de> for Plant<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plant<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let path = Path::Member { of: self.path, key: &key };
            let value = access.next_value_seed(Plant { path: &path, twice: self.twice })?;
            if members.contains_key(&key) && self.twice.borrow().len() < MOST_TWICE {
                self.twice.borrow_mut().insert(path.keys().join("/").chars().take(LONGEST_PATH).collect());
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        loop {
            let path = Path::Element { of: self.path, index: elements.len() };
            let Some(element) = access.next_element_seed(Plant { path: &path, twice: self.twice })? else {
                return Ok(Value::Array(elements));
            };
            elements.push(element);
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// What was found while a tree was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// The paths of members that the wire type does not have.
    pub unknown: Vec<String>,
    /// The keys to the value that is of a wrong type.
    pub wrong: Vec<String>,
}

/// Reads a wire type. Objects become structures, and nothing else does: serde's derive would also take an array,
/// field by field in the order of the source code, which no description of the API tells.
pub(super) fn read<'de, T: Deserialize<'de>>(tree: &'de Value) -> (Result<T, serde_json::Error>, Findings) {
    let findings = RefCell::default();
    let read = T::deserialize(Node { value: tree, path: &Path::Root, findings: &findings });
    (read, findings.into_inner())
}

/// A value of the tree, to be read.
struct Node<'de, 'a> {
    value: &'de Value,
    path: &'a Path<'a>,
    findings: &'a RefCell<Findings>,
}

impl<'de> Node<'de, '_> {
    /// Reads what stands here, or remembers that it could not be read. Those around it fail after it.
    fn seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, serde_json::Error> {
        let Node { path, findings, .. } = self;
        seed.deserialize(self).inspect_err(|_| remember_wrong(path, findings))
    }

    fn elements<V: Visitor<'de>>(self, elements: &'de [Value], visitor: V) -> Result<V::Value, serde_json::Error> {
        let mut elements = Elements { rest: elements.iter().enumerate(), of: self };
        let read = visitor.visit_seq(&mut elements)?;
        match elements.rest.len() {
            0 => Ok(read),
            more => Err(Error::custom(format_args!("has {more} elements too many"))),
        }
    }

    fn unexpected(&self) -> Unexpected<'de> {
        match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => Unexpected::Unsigned(number),
                (None, Some(number)) => Unexpected::Signed(number),
                (None, None) => Unexpected::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

fn remember_wrong(path: &Path<'_>, findings: &RefCell<Findings>) {
    let wrong = &mut findings.borrow_mut().wrong;
    if wrong.is_empty() {
        *wrong = path.keys();
    }
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => self.elements(elements, visitor),
            Value::Object(members) => visitor.visit_map(Members { rest: members.iter(), value: None, of: self }),
        }
    }

    // What follows asks for one kind of value, so that a visitor is compiled for that kind alone.

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::Object(members) => visitor.visit_map(Members { rest: members.iter(), value: None, of: self }),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::Array(elements) => self.elements(elements, visitor),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A variant without content is its name, and one with content the only member of an object.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        match self.value {
            Value::String(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Value::Object(members) if members.len() == 1 => {
                visitor.visit_enum(Members { rest: members.iter(), value: None, of: self })
            }
            _ => Err(Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.findings.borrow_mut().unknown.push(self.path.keys().join("/"));
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct identifier
    }
}

/// The members of an object that are not read yet.
struct Members<'de, 'a> {
    rest: serde_json::map::Iter<'de>,
    /// Of the member whose key has been read.
    value: Option<(&'de str, &'de Value)>,
    of: Node<'de, 'a>,
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, serde_json::Error> {
        self.value = self.rest.next().map(|(key, value)| (key.as_str(), value));
        self.value.map(|(key, _)| seed.deserialize(BorrowedStrDeserializer::new(key))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, serde_json::Error> {
        let (key, value) = self.value.take().ok_or_else(|| Error::custom("a value was asked for before its key"))?;
        let path = Path::Member { of: self.of.path, key };
        Node { value, path: &path, findings: self.of.findings }.seed(seed)
    }
}

impl<'de> EnumAccess<'de> for Members<'de, '_> {
    type Error = serde_json::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), serde_json::Error> {
        let name = self.next_key_seed(seed)?.ok_or_else(|| Error::custom("has no variant"))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Members<'de, '_> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), serde_json::Error> {
        Err(Error::invalid_type(Unexpected::Map, &"a name alone"))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, serde_json::Error> {
        self.next_value_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, serde_json::Error> {
        Err(Error::invalid_type(Unexpected::NewtypeVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        self.next_value_seed(Fields(visitor))
    }
}

/// What reads the fields of a variant that has them by name.
struct Fields<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_map(self.0)
    }
}

/// The elements of an array that are not read yet.
struct Elements<'de, 'a> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    of: Node<'de, 'a>,
}

impl<'de> SeqAccess<'de> for Elements<'de, '_> {
    type Error = serde_json::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, serde_json::Error> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        let path = Path::Element { of: self.of.path, index };
        Node { value, path: &path, findings: self.of.findings }.seed(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::shipping::Expression;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: Option<i64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Colour {
        Red,
        Mixed(Point),
        Faded { from: Box<Colour>, to: i64 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Shape {
        centre: Option<Point>,
        corners: Option<Vec<Point>>,
        colour: Option<Colour>,
        span: Option<(bool, String)>,
    }

    fn parsed(text: &str) -> Value {
        parse(text).unwrap().0
    }

    /// The error, the keys to what is wrong and the unknown members.
    fn fails(text: &str) -> (String, String, Vec<String>) {
        let tree = parsed(text);
        let (read, findings) = read::<Shape>(&tree);
        (read.unwrap_err().to_string(), findings.wrong.join("/"), findings.unknown)
    }

    #[test]
    fn a_structure_is_read_from_an_object_and_a_list_from_an_array() {
        let tree = parsed(r#"{"centre":{"x":-1},"corners":[{"x":2},{"x":null}],"colour":"red","span":[true,"é\n"]}"#);
        let point = |x| Point { x: Some(x) };
        let shape = Shape {
            centre: Some(point(-1)),
            corners: Some(vec![point(2), Point { x: None }]),
            colour: Some(Colour::Red),
            span: Some((true, "é\n".to_owned())),
        };
        let (read, findings) = read::<Shape>(&tree);
        assert_eq!((read.unwrap(), findings), (shape, Findings::default()));
    }

    #[test]
    fn a_variant_with_content_is_read_from_an_object_of_one_member() {
        let tree = parsed(r#"{"colour":{"mixed":{"x":1}}}"#);
        let (read, findings) = read::<Shape>(&tree);
        assert_eq!((read.unwrap().colour, findings), (Some(Colour::Mixed(Point { x: Some(1) })), Findings::default()));
    }

    #[test]
    fn a_variant_with_fields_is_read_from_an_object_within() {
        let tree = parsed(r#"{"colour":{"faded":{"from":{"faded":{"from":"red","to":1}},"to":2,"by":3}}}"#);
        let (read, findings) = read::<Shape>(&tree);
        let faded = |from, to| Colour::Faded { from: Box::new(from), to };
        assert_eq!(read.unwrap().colour, Some(faded(faded(Colour::Red, 1), 2)));
        assert_eq!(findings.unknown, ["colour/faded/by"]);
    }

    #[test]
    fn what_merchants_compute_with_reads_back_as_it_was_written() {
        let text = r#"{"steps":{"of":{"steps":{"of":"weight","size":2}},"size":500}}"#;
        let tree = parsed(text);
        let read = read::<Expression>(&tree).0.unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn what_is_wrong_is_found_where_it_stands() {
        for (text, wrong, error) in [
            ("[null,null]", "", "invalid type: sequence, expected struct Shape"),
            ("1.5", "", "invalid type: floating point `1.5`, expected struct Shape"),
            (r#"{"centre":[1]}"#, "centre", "invalid type: sequence, expected struct Point"),
            (r#"{"centre":{"x":"1"}}"#, "centre/x", r#"invalid type: string "1", expected i64"#),
            (r#"{"centre":{"x":1e30}}"#, "centre/x", "invalid type: floating point `1e+30`, expected i64"),
            (r#"{"centre":{"x":18446744073709551615}}"#, "centre/x", "invalid value"),
            (r#"{"corners":[{},{"x":true}]}"#, "corners/1/x", "invalid type: boolean `true`, expected i64"),
            (r#"{"corners":{"x":1}}"#, "corners", "invalid type: map, expected a sequence"),
            (r#"{"colour":"blue"}"#, "colour", "unknown variant `blue`, expected one of `red`, `mixed`, `faded`"),
            (r#"{"colour":"mixed"}"#, "colour", "invalid type: unit variant, expected newtype variant"),
            (r#"{"colour":{"red":null}}"#, "colour", "invalid type: map, expected a name alone"),
            (r#"{"colour":{"mixed":{"x":true}}}"#, "colour/mixed/x", "invalid type: boolean `true`, expected i64"),
            (r#"{"colour":{"mixed":{},"red":1}}"#, "colour", "invalid type: map, expected enum Colour"),
            (
                r#"{"colour":{"faded":[1]}}"#,
                "colour/faded",
                "invalid type: sequence, expected struct variant Colour::Faded",
            ),
            (
                r#"{"colour":{"faded":{"from":"red","to":"1"}}}"#,
                "colour/faded/to",
                r#"invalid type: string "1", expected i64"#,
            ),
            (r#"{"colour":{}}"#, "colour", "invalid type: map, expected enum Colour"),
            (r#"{"span":[true]}"#, "span", "invalid length 1, expected a tuple of size 2"),
            (r#"{"span":[true,"",1]}"#, "span", "has 1 elements too many"),
        ] {
            let (told, at, _) = fails(text);
            assert_eq!(at, wrong, "{text}");
            assert!(told.starts_with(error), "{text}: {told}");
        }
    }

    #[test]
    fn unknown_members_are_all_named() {
        let tree = parsed(r#"{"other":[[]],"centre":{"y":1,"x":1},"corners":[{},{"z":{"deep":1}}]}"#);
        let (read, findings) = read::<Shape>(&tree);
        assert!(read.is_ok());
        assert_eq!(findings.unknown, ["centre/y", "corners/1/z", "other"]);
    }

    #[test]
    fn members_that_stand_twice_are_found_wherever_they_are() {
        for (text, expected) in [
            (r#"{"a":1,"b":[null,true,1.5,-1,"x",{}]}"#, &[][..]),
            (r#"{"a":1,"b":2,"a":3,"a":4}"#, &["a"]),
            (r#"{"a":{"b":1,"c":{"d":1,"d":{}}},"a":1}"#, &["a", "a/c/d"]),
            (r#"[{"a":1},{"a":1,"\u0061":2}]"#, &["1/a"]),
        ] {
            assert_eq!(parse(text).unwrap().1.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn of_many_that_stand_twice_some_are_told_in_short() {
        let twice: Vec<String> = (0..8_000).map(|number| format!(r#""{number}":0,"{number}":0"#)).collect();
        let text = format!(r#"{{"{}":{{{}}}}}"#, "long".repeat(25_000), twice.join(","));
        let (_, told) = parse(&text).unwrap();
        assert_eq!(told.len(), 1, "those of one long name are alike from the first part on");
        assert_eq!(parse(&format!("{{{}}}", twice.join(","))).unwrap().1.len(), MOST_TWICE);
        assert!(told.iter().all(|path| path.len() <= LONGEST_PATH));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{}{}", "{} x", "[1,]", r#"{"a":1e999}"#, "\u{feff}{}", &"[".repeat(200)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
