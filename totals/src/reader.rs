//! JSON as the engine's types are read from it: by one small deserializer. It knows no numbers but integers, reads structures
//! from objects alone, and says what is wrong in few words: each of these is code that browsers would have to load for each
//! type.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// How deeply values stand within values.
const MOST_DEPTH: u8 = 128;

/// What is wrong with a text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unread(Box<str>);

impl Error for Unread {
    fn custom<T: fmt::Display>(told: T) -> Unread {
        Unread(told.to_string().into())
    }

    // What is expected is told, and what is found is not: the texts of all that may be found are large.

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Unread {
        told("expected ", expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Unread {
        told("expected ", expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Unread {
        told("expected ", expected)
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Unread {
        named("unknown variant", variant)
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Unread {
        named("unknown field", field)
    }

    fn missing_field(field: &'static str) -> Unread {
        named("missing field", field)
    }

    fn duplicate_field(field: &'static str) -> Unread {
        named("duplicate field", field)
    }
}

#[cold]
#[inline(never)]
fn told(what: &str, expected: &dyn Expected) -> Unread {
    Unread(format!("{what}{expected}").into())
}

#[cold]
#[inline(never)]
fn named(what: &str, name: &str) -> Unread {
    Unread(format!("{what} `{name}`").into())
}

#[cold]
#[inline(never)]
fn wrong(what: &str, at: usize) -> Unread {
    Unread(format!("{what} at byte {at}").into())
}

/// Reads a value, and nothing behind it.
///
/// # Errors
/// [`Unread`].
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unread> {
    let text = std::str::from_utf8(text).map_err(|error| wrong("no UTF-8", error.valid_up_to()))?;
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = T::deserialize(&mut reader)?;
    match reader.next() {
        None => Ok(value),
        Some(_) => Err(wrong("trailing characters", reader.at)),
    }
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

impl<'de> Reader<'de> {
    /// The next byte that is no blank, which is not passed.
    #[inline(never)]
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at = self.at.saturating_add(1),
                byte => return byte.copied(),
            }
        }
    }

    fn pass(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    #[cold]
    #[inline(never)]
    fn unlike(&self, what: &str) -> Unread {
        match self.text.len() <= self.at {
            true => wrong("EOF: no", self.at).of(what),
            false => wrong("no", self.at).of(what),
        }
    }

    /// Passes this byte, where it is next.
    #[inline(never)]
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.next() == Some(byte);
        if is_next {
            self.pass();
        }
        is_next
    }

    /// Passes a word whose first letter is next.
    #[inline(never)]
    fn word(&mut self, word: &'static str) -> Result<(), Unread> {
        let end = self.at.saturating_add(word.len());
        if self.text.get(self.at..end) != Some(word) {
            return Err(self.unlike("value"));
        }
        self.at = end;
        Ok(())
    }

    /// An integer, whose sign or first digit is next. One with a fraction is none.
    #[inline(never)]
    fn number(&mut self) -> Result<Number, Unread> {
        let start = self.at;
        let is_negative = self.takes(b'-');
        let (first, mut size) = (self.at, Some(0_u64));
        while let Some(digit @ b'0'..=b'9') = self.text.as_bytes().get(self.at).copied() {
            let digit = u64::from(digit.wrapping_sub(b'0'));
            size = size.and_then(|size| size.checked_mul(10)?.checked_add(digit));
            self.pass();
        }
        let digits = self.at.saturating_sub(first);
        let is_padded = 1 < digits && self.text.as_bytes().get(first) == Some(&b'0');
        let is_fraction = matches!(self.text.as_bytes().get(self.at), Some(b'.' | b'e' | b'E'));
        let number = match size {
            Some(size) if !is_negative => Some(Number::Positive(size)),
            // A zero below zero is a number of another kind.
            Some(size) => 0_i64.checked_sub_unsigned(size).filter(|number| *number < 0).map(Number::Negative),
            None => None,
        };
        match number {
            Some(number) if 0 < digits && !is_padded && !is_fraction => Ok(number),
            _ => Err(wrong("no integer of 64 bits", start)),
        }
    }

    /// A text whose quotation mark is next.
    #[inline(never)]
    fn string(&mut self) -> Result<Cow<'de, str>, Unread> {
        if !self.takes(b'"') {
            return Err(self.unlike("text"));
        }
        let mut start = self.at;
        let mut read = String::new();
        loop {
            let Some(byte) = self.text.as_bytes().get(self.at).copied() else {
                return Err(self.unlike("end of a text"));
            };
            match byte {
                b'"' | b'\\' => {
                    let part = self.text.get(start..self.at).unwrap_or_default();
                    self.pass();
                    if byte == b'"' && read.is_empty() {
                        return Ok(Cow::Borrowed(part));
                    }
                    read.push_str(part);
                    if byte == b'"' {
                        return Ok(Cow::Owned(read));
                    }
                    read.push(self.escaped()?);
                    start = self.at;
                }
                0..=0x1f => return Err(wrong("a control character", self.at)),
                _ => self.pass(),
            }
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Result<char, Unread> {
        let at = self.at;
        let escape = self.text.as_bytes().get(at).copied();
        self.pass();
        let known = match escape {
            Some(b'"') => Some('"'),
            Some(b'\\') => Some('\\'),
            Some(b'/') => Some('/'),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            Some(b'u') => self.unit().and_then(|first| self.of_units(first)),
            _ => None,
        };
        known.ok_or_else(|| wrong("no escape", at))
    }

    /// Four hex digits.
    fn unit(&mut self) -> Option<u32> {
        let end = self.at.saturating_add(4);
        let digits = self.text.get(self.at..end)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at = end;
        is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }

    /// The character that begins with this unit of UTF-16.
    fn of_units(&mut self, first: u32) -> Option<char> {
        if !matches!(first, 0xd800..=0xdbff) {
            return char::from_u32(first);
        }
        self.word("\\u").ok()?;
        let second = self.unit().filter(|second| matches!(second, 0xdc00..=0xdfff))?;
        let high = first.checked_sub(0xd800)?.checked_mul(0x400)?;
        char::from_u32(high.checked_add(second.checked_sub(0xdc00)?)?.checked_add(0x1_0000)?)
    }

    /// Goes into an array or an object, whose bracket is next.
    #[inline(never)]
    fn enter(&mut self, bracket: u8) -> Result<(), Unread> {
        if !self.takes(bracket) {
            return Err(self.unlike(if bracket == b'[' { "array" } else { "object" }));
        }
        self.depth = self.depth.saturating_add(1);
        if MOST_DEPTH < self.depth { Err(wrong("recursion limit exceeded", self.at)) } else { Ok(()) }
    }

    /// Whether there is another element, to which it goes; else leaves.
    #[inline(never)]
    fn goes_on(&mut self, bracket: u8, is_first: bool) -> Result<bool, Unread> {
        if self.takes(bracket) {
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if is_first || self.takes(b',') { Ok(true) } else { Err(self.unlike("`,`")) }
    }

    /// The name of the next member; none where there is no other.
    #[inline(never)]
    fn member(&mut self, is_first: bool) -> Result<Option<Cow<'de, str>>, Unread> {
        if !self.goes_on(b'}', is_first)? {
            return Ok(None);
        }
        let name = self.string()?;
        if self.takes(b':') { Ok(Some(name)) } else { Err(self.unlike("`:`")) }
    }
}

impl Unread {
    fn of(self, what: &str) -> Unread {
        Unread(self.0.replacen("no", &format!("no {what}"), 1).into())
    }
}

enum Number {
    Positive(u64),
    Negative(i64),
}

fn tell<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, Unread> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_str(&text),
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unread;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match self.next() {
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b'"') => self.deserialize_str(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            _ => self.deserialize_i64(visitor),
        }
    }

    // What follows asks for one kind of value, so that a visitor is compiled for that kind alone.

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        let is_true = self.next() == Some(b't');
        self.word(if is_true { "true" } else { "false" })?;
        visitor.visit_bool(is_true)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        if !matches!(self.next(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.unlike("value of this kind"));
        }
        match self.number()? {
            Number::Positive(number) => visitor.visit_u64(number),
            Number::Negative(number) => visitor.visit_i64(number),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        tell(self.string()?, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.next();
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        if self.next() != Some(b'n') {
            return visitor.visit_some(self);
        }
        self.word("null")?;
        visitor.visit_none()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.enter(b'[')?;
        let mut elements = Elements { reader: self, is_first: true, is_over: false };
        let read = visitor.visit_seq(&mut elements)?;
        // Whoever wants so many has not asked for another.
        let Elements { reader, is_first, is_over } = elements;
        let has_more = !is_over && reader.goes_on(b']', is_first)?;
        if has_more { Err(reader.unlike("end of the array")) } else { Ok(read) }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.enter(b'{')?;
        visitor.visit_map(Members { reader: self, is_first: true })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        if self.next() != Some(b'{') {
            return visitor.visit_enum(Variant { name: self.string()?, of: None });
        }
        self.enter(b'{')?;
        let name = self.member(true)?.ok_or_else(|| self.unlike("variant"))?;
        let read = visitor.visit_enum(Variant { name, of: Some(self) })?;
        match self.member(false)? {
            None => Ok(read),
            Some(_) => Err(self.unlike("other variant")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_i64(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char bytes byte_buf unit_struct tuple_struct ignored_any
    }
}

struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    is_first: bool,
    is_over: bool,
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Unread;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unread> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        self.is_over = !self.reader.goes_on(b']', is_first)?;
        if self.is_over { Ok(None) } else { seed.deserialize(&mut *self.reader).map(Some) }
    }
}

struct Members<'a, 'de> {
    reader: &'a mut Reader<'de>,
    is_first: bool,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Unread;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unread> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        match self.reader.member(is_first)? {
            None => Ok(None),
            Some(Cow::Borrowed(name)) => seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some),
            Some(Cow::Owned(name)) => seed.deserialize(name.as_str().into_deserializer()).map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unread> {
        seed.deserialize(&mut *self.reader)
    }
}

struct Variant<'a, 'de> {
    name: Cow<'de, str>,
    /// Where what it holds is next.
    of: Option<&'a mut Reader<'de>>,
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a, 'de> {
    type Error = Unread;
    type Variant = Held<'a, 'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Held<'a, 'de>), Unread> {
        let name: serde::de::value::StrDeserializer<'_, Unread> = (*self.name).into_deserializer();
        Ok((seed.deserialize(name)?, Held(self.of)))
    }
}

struct Held<'a, 'de>(Option<&'a mut Reader<'de>>);

impl<'a, 'de> Held<'a, 'de> {
    fn reader(self) -> Result<&'a mut Reader<'de>, Unread> {
        self.0.ok_or_else(|| Unread("a variant without what it holds".into()))
    }
}

impl<'de> VariantAccess<'de> for Held<'_, 'de> {
    type Error = Unread;

    fn unit_variant(self) -> Result<(), Unread> {
        match self.0 {
            None => Ok(()),
            Some(reader) => reader.deserialize_unit(serde::de::IgnoredAny).map(drop),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Unread> {
        seed.deserialize(self.reader()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unread> {
        self.reader()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Unread> {
        self.reader()?.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headlesspro_shared::totals::Question;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    const QUESTIONS: [&str; 3] = [
        include_str!("../../tests/golden/totals/exclusive.json"),
        include_str!("../../tests/golden/totals/tiers-for-a-group.json"),
        include_str!("../../tests/golden/totals/provider.json"),
    ];

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Mixed {
        number: i64,
        #[serde(default)]
        maybe: Option<u32>,
        #[serde(default)]
        words: Vec<String>,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        amounts: BTreeMap<String, i64>,
        #[serde(default)]
        pair: Option<(i64, bool)>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        Plain,
        Held(i64),
        Named { word: String },
    }

    #[test]
    fn what_is_json_is_read_and_nothing_else_is() {
        for (text, is_read) in [
            (r#"{"number":1}"#, true),
            (" { \"number\" : -9223372036854775808 , \"maybe\" : null } ", true),
            (r#"{"number":9223372036854775807,"words":[],"kind":"plain"}"#, true),
            (r#"{"number":0,"words":["a","b"],"kind":{"held":5},"pair":[1,true]}"#, true),
            (r#"{"number":0,"kind":{"named":{"word":"\u00e9\ud83c\udfd4\n\\"}},"amounts":{"EUR":1}}"#, true),
            (r#"{"number":9223372036854775808}"#, false),
            (r#"{"number":1.0}"#, false),
            (r#"{"number":1e3}"#, false),
            (r#"{"number":01}"#, false),
            (r#"{"number":-}"#, false),
            (r#"{"number":-0}"#, false),
            (r#"{"number":"1"}"#, false),
            (r#"{"number":1,}"#, false),
            (r#"{"number":1"#, false),
            (r#"{"number":1}}"#, false),
            (r#"{"number":1,"number":1}"#, false),
            (r#"{"number":1,"other":1}"#, false),
            (r#"{"number":1,"words":["a",]}"#, false),
            (r#"{"number":1,"words":["a" "b"]}"#, false),
            (r#"{"number":1,"words":["\ud83c"]}"#, false),
            (r#"{"number":1,"words":["\x"]}"#, false),
            ("{\"number\":1,\"words\":[\"\t\"]}", false),
            (r#"{"number":1,"kind":{"held":5,"plain":null}}"#, false),
            (r#"{"number":1,"kind":"held"}"#, false),
            (r#"{"number":1,"pair":[1,true,2]}"#, false),
            (r#"{"number":1,"pair":[1]}"#, false),
            (r#"{"maybe":nul}"#, false),
            ("", false),
        ] {
            let other: Option<Mixed> = serde_json::from_str(text).ok();
            let ours: Result<Mixed, Unread> = read(text.as_bytes());
            assert_eq!((ours.is_ok(), ours.as_ref().ok()), (is_read, other.as_ref()), "{text}: {ours:?}");
        }
        assert!(read::<String>(&[b'"', 0xff, b'"']).unwrap_err().to_string().starts_with("no UTF-8"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

        #[test]
        fn every_text_is_read_as_it_was_written(text: String, number: i64) {
            prop_assert_eq!(read::<String>(serde_json::to_string(&text).unwrap().as_bytes()), Ok(text));
            prop_assert_eq!(read::<i64>(number.to_string().as_bytes()), Ok(number));
        }

        /// As the other reader that there is would have it.
        #[test]
        fn a_question_with_a_wrong_byte_is_read_alike(which in 0usize..3, at: prop::sample::Index, byte: u8, removes: bool) {
            let mut text = QUESTIONS[which].as_bytes().to_vec();
            let at = at.index(text.len());
            if removes {
                text.remove(at);
            } else {
                text[at] = byte;
            }
            let other: Option<Question> = serde_json::from_slice(&text).ok();
            prop_assert_eq!(read::<Question>(&text).ok(), other);
        }
    }
}
