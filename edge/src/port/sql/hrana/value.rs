//! One value on the wire, to both sides.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::port::sql::Value;

/// A value as Hrana writes it: integers are strings, so that no JSON library rounds them.
pub(crate) struct ValueOnWire<'a>(pub &'a Value);

impl Serialize for ValueOnWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serializer.serialize_map(None)?;
        match self.0 {
            Value::Null => value.serialize_entry("type", "null")?,
            Value::Integer(integer) => {
                value.serialize_entry("type", "integer")?;
                value.serialize_entry("value", &Displayed(integer))?;
            }
            Value::Real(real) => {
                value.serialize_entry("type", "float")?;
                value.serialize_entry("value", real)?;
            }
            Value::Text(text) => {
                value.serialize_entry("type", "text")?;
                value.serialize_entry("value", text)?;
            }
            Value::Blob(bytes) => {
                value.serialize_entry("type", "blob")?;
                value.serialize_entry("base64", &Displayed(Base64Display::new(bytes, &STANDARD_NO_PAD)))?;
            }
        }
        value.end()
    }
}

/// A string written without building it first.
struct Displayed<T>(T);

impl<T: std::fmt::Display> Serialize for Displayed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A value that was read.
pub(crate) struct WireValue(pub Value);

impl<'de> Deserialize<'de> for WireValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = WireValue;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WireValue, A::Error> {
                let mut kind = None;
                let mut payload = Payload::Null;
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Type => kind = Some(map.next_value::<Kind>()?),
                        Key::Value | Key::Base64 => payload = map.next_value()?,
                        Key::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let kind = kind.ok_or_else(|| A::Error::missing_field("type"))?;
                payload.into_value(kind).map(WireValue).ok_or_else(|| A::Error::custom("a value of another type"))
            }
        }

        deserializer.deserialize_map(ValueVisitor)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Type,
    Value,
    Base64,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Kind {
    Null,
    Integer,
    Float,
    Text,
    Blob,
}

/// What stands beside the type. An infinite real arrives as `null`, and is refused.
enum Payload<'de> {
    Null,
    Integer(i64),
    Real(f64),
    Text(Cow<'de, str>),
}

impl Payload<'_> {
    fn into_value(self, kind: Kind) -> Option<Value> {
        match (kind, self) {
            (Kind::Null, Payload::Null) => Some(Value::Null),
            (Kind::Integer, Payload::Text(digits)) => digits.parse().ok().map(Value::Integer),
            (Kind::Integer, Payload::Integer(integer)) => Some(Value::Integer(integer)),
            (Kind::Float, Payload::Real(real)) => Some(Value::Real(real)),
            // A server may write 3.0 as 3.
            (Kind::Float, Payload::Integer(integer)) => Some(Value::Real(integer as f64)),
            (Kind::Text, Payload::Text(text)) => Some(Value::Text(text.into_owned())),
            (Kind::Blob, Payload::Text(text)) => BASE64.decode(text.as_bytes()).ok().map(Value::Blob),
            (Kind::Null | Kind::Integer | Kind::Float | Kind::Text | Kind::Blob, _) => None,
        }
    }
}

/// The specification says "without padding"; servers differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl<'de> Deserialize<'de> for Payload<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PayloadVisitor;

        impl<'de> Visitor<'de> for PayloadVisitor {
            type Value = Payload<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string, a number or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Payload<'de>, E> {
                Ok(Payload::Null)
            }

            fn visit_i64<E: Error>(self, integer: i64) -> Result<Payload<'de>, E> {
                Ok(Payload::Integer(integer))
            }

            fn visit_u64<E: Error>(self, integer: u64) -> Result<Payload<'de>, E> {
                // Beyond i64 it can only be a real.
                Ok(i64::try_from(integer).map_or(Payload::Real(integer as f64), Payload::Integer))
            }

            fn visit_f64<E: Error>(self, real: f64) -> Result<Payload<'de>, E> {
                Ok(Payload::Real(real))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Payload<'de>, E> {
                Ok(Payload::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Payload<'de>, E> {
                Ok(Payload::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Payload<'de>, E> {
                Ok(Payload::Text(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_any(PayloadVisitor)
    }
}
