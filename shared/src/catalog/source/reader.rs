//! Reading JSON field by field: everything that is wrong is found at once, each with its place.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::catalog::price::price;
use crate::kernel::money::{Currency, Money};

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Names and numbers from the root, with `/` between: `variants/2/sku`. Empty for the whole.
    pub path: String,
    /// Completes a sentence that begins with the field.
    pub reason: String,
}

/// More wrong fields than anyone reads are not told.
const MOST_FAULTS: usize = 50;

/// Of a name that nobody knows, as much is repeated.
const MOST_NAME_CHARS: usize = 100;

#[derive(Debug, Default)]
pub(in crate::catalog) struct Reader {
    path: String,
    pub(in crate::catalog) faults: Vec<Fault>,
}

/// An object's members. One that is null is as if it were left out.
#[derive(Clone, Copy)]
pub(in crate::catalog) struct Members<'a>(Option<&'a Map<String, Value>>);

impl<'a> Members<'a> {
    pub(in crate::catalog) fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    /// Whether it is an object.
    pub(super) fn is_there(self) -> bool {
        self.0.is_some()
    }
}

impl Reader {
    /// `name` is of the member that is wrong, empty for what is being read.
    pub(in crate::catalog) fn fault(&mut self, name: &str, reason: impl Display) {
        if self.faults.len() < MOST_FAULTS {
            let between = if self.path.is_empty() || name.is_empty() { "" } else { "/" };
            self.faults.push(Fault { path: format!("{}{between}{name}", self.path), reason: reason.to_string() });
        }
    }

    /// Reads what stands below `name`.
    pub(in crate::catalog) fn below<T>(&mut self, name: &str, read: impl FnOnce(&mut Reader) -> T) -> T {
        let length = self.path.len();
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(name);
        let found = read(self);
        self.path.truncate(length);
        found
    }

    /// The members of an object that may have these; none where it is no object.
    pub(in crate::catalog) fn members<'a>(&mut self, value: &'a Value, names: &[&str]) -> Members<'a> {
        let Value::Object(members) = value else {
            self.fault("", "must be an object");
            return Members(None);
        };
        for unknown in members.keys().filter(|name| !names.contains(&name.as_str())) {
            let name: String = unknown.chars().take(MOST_NAME_CHARS).collect();
            self.fault(&name, "is not a field of this request");
        }
        Members(Some(members))
    }

    /// A member that is an object with these members; `None` where it is left out.
    pub(in crate::catalog) fn object<'a, T>(
        &mut self,
        of: Members<'a>,
        name: &str,
        names: &[&str],
        read: impl FnOnce(&mut Reader, Members<'a>) -> T,
    ) -> Option<T> {
        let value = of.get(name)?;
        Some(self.below(name, |reader| {
            let members = reader.members(value, names);
            read(reader, members)
        }))
    }

    /// Each element of a member that is a list of at most `most`.
    pub(in crate::catalog) fn each<'a, T>(
        &mut self,
        of: Members<'a>,
        name: &str,
        most: usize,
        mut read: impl FnMut(&mut Reader, &'a Value) -> T,
    ) -> Vec<T> {
        match of.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) if items.len() <= most => self.below(name, |reader| {
                let one = |(at, item): (usize, &'a Value)| reader.below(&at.to_string(), |reader| read(reader, item));
                items.iter().enumerate().map(one).collect()
            }),
            Some(Value::Array(_)) => {
                self.fault(name, format!("has more than {most} elements"));
                Vec::new()
            }
            Some(_) => {
                self.fault(name, "must be a list");
                Vec::new()
            }
        }
    }

    /// Each member that is not null of a member whose own members the merchant names, at most `most`.
    pub(in crate::catalog) fn entries<T>(
        &mut self,
        of: Members<'_>,
        name: &str,
        most: usize,
        read: &mut dyn FnMut(&mut Reader, &str, &Value) -> T,
    ) -> Vec<T> {
        let Some(value) = of.get(name) else { return Vec::new() };
        self.below(name, |reader| reader.entries_of(value, most, read))
    }

    /// As [`Reader::entries`], of a value.
    pub(in crate::catalog) fn entries_of<T>(
        &mut self,
        value: &Value,
        most: usize,
        read: &mut dyn FnMut(&mut Reader, &str, &Value) -> T,
    ) -> Vec<T> {
        match value {
            Value::Object(members) if members.len() <= most => {
                let given = members.iter().filter(|(_, value)| !value.is_null());
                given.map(|(name, value)| self.below(&escaped(name), |reader| read(reader, name, value))).collect()
            }
            Value::Object(_) => {
                self.fault("", format!("has more than {most} members"));
                Vec::new()
            }
            _ => {
                self.fault("", "must be an object");
                Vec::new()
            }
        }
    }

    pub(in crate::catalog) fn text<'a>(&mut self, of: Members<'a>, name: &str) -> Option<&'a str> {
        let text = of.get(name)?.as_str();
        if text.is_none() {
            self.fault(name, "must be a text");
        }
        text
    }

    /// One line, without blanks around it; `None` where nothing is left, or it is wrong.
    pub(in crate::catalog) fn line(&mut self, of: Members<'_>, name: &str, most: usize) -> Option<String> {
        let text = self.text(of, name)?;
        self.below(name, |reader| reader.line_of(text, most))
    }

    /// As [`Reader::line`], of an element.
    pub(in crate::catalog) fn line_element(&mut self, value: &Value, most: usize) -> Option<String> {
        match value {
            Value::String(text) => {
                let line = self.line_of(text, most);
                if text.trim().is_empty() {
                    self.fault("", "must not be empty");
                }
                line
            }
            _ => {
                self.fault("", "must be a text");
                None
            }
        }
    }

    fn line_of(&mut self, text: &str, most: usize) -> Option<String> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            self.fault("", "must not contain line breaks or other control characters");
            return None;
        }
        if text.chars().nth(most).is_some() {
            self.fault("", format!("must have at most {most} characters"));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(in crate::catalog) fn parsed<T: FromStr<Err: Display>>(&mut self, of: Members<'_>, name: &str) -> Option<T> {
        match self.text(of, name)?.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.fault(name, error);
                None
            }
        }
    }

    pub(in crate::catalog) fn boolean(&mut self, of: Members<'_>, name: &str, default: bool) -> bool {
        match of.get(name) {
            None => default,
            Some(Value::Bool(value)) => *value,
            Some(_) => {
                self.fault(name, "must be true or false");
                default
            }
        }
    }

    /// A whole number from `least` to `most`.
    pub(in crate::catalog) fn integer(&mut self, of: Members<'_>, name: &str, least: i64, most: i64) -> Option<i64> {
        let number = of.get(name)?.as_i64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.fault(name, format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// An amount of zero or more in `currency`.
    pub(in crate::catalog) fn money(&mut self, of: Members<'_>, name: &str, currency: Currency) -> Option<Money> {
        let value = of.get(name)?;
        self.below(name, |reader| reader.money_element(value, currency))
    }

    /// As [`Reader::money`], of an element.
    pub(in crate::catalog) fn money_element(&mut self, value: &Value, currency: Currency) -> Option<Money> {
        let money = self.members(value, &["amount", "currency"]);
        match self.text(money, "currency") {
            Some(code) if code != currency.code() => {
                self.fault("currency", format!("must be {currency}"));
            }
            None if money.0.is_some() && money.get("currency").is_none() => self.fault("currency", "is required"),
            _ => {}
        }
        if money.0.is_some() && money.get("amount").is_none() {
            self.fault("amount", "is required");
        }
        match price(self.text(money, "amount")?, currency) {
            Ok(price) => Some(price),
            Err(reason) => {
                self.fault("amount", reason);
                None
            }
        }
    }

    /// Values of attributes, which are read where those are known: an object as [`Reader::free`] reads it.
    pub(in crate::catalog) fn attributes(&mut self, of: Members<'_>, most: usize) -> Map<String, Value> {
        let mut values = self.free(of, "attributes", most);
        values.retain(|_, value| !value.is_null());
        values
    }

    /// Free data: an object whose JSON has at most `most` bytes.
    pub(in crate::catalog) fn free(&mut self, of: Members<'_>, name: &str, most: usize) -> Map<String, Value> {
        match of.get(name) {
            None => Map::new(),
            Some(Value::Object(members)) if is_within(members, most) => members.clone(),
            Some(Value::Object(_)) => {
                self.fault(name, format!("has more than {most} bytes as JSON"));
                Map::new()
            }
            Some(_) => {
                self.fault(name, "must be an object");
                Map::new()
            }
        }
    }
}

/// A name that somebody else gives, as it stands in a path. Source: RFC 6901, section 3.
pub(in crate::catalog) fn escaped(name: &str) -> String {
    let name: String = name.chars().take(MOST_NAME_CHARS).collect();
    name.replace('~', "~0").replace('/', "~1")
}

fn is_within(members: &Map<String, Value>, most: usize) -> bool {
    serde_json::to_string(members).is_ok_and(|text| text.len() <= most)
}
