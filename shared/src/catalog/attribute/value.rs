//! Values: whether they are of their type, their canonical form, and the text that lists are narrowed by.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Definition, Target, ValueType};
use crate::catalog::import::check_image_url;
use crate::catalog::source::Reader;
use crate::kernel::id::{CategoryId, CollectionId, FileId, ProductId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::time::Timestamp;

const MOST_TEXT_CHARS: usize = 5_000;
const MOST_ELEMENTS: usize = 128;
const MOST_JSON_BYTES: usize = 16 << 10;
/// Longer texts are not filtered by.
const MOST_FACET_CHARS: usize = 255;
/// The largest integer that every JSON reader holds.
const MOST_NUMBER: i64 = 9_007_199_254_740_991;
const MOST_WHOLE_DIGITS: usize = 15;
const MOST_DECIMALS: usize = 9;

/// What a value is held against beside its definition.
pub struct Known<'a> {
    pub currency: Currency,
    /// Those of the ids that the values may name which are the store's.
    pub ids: &'a BTreeSet<String>,
}

impl Definition {
    /// The canonical form of a value; reports what is wrong with it.
    pub(super) fn canonical(&self, reader: &mut Reader, value: &Value, known: &Known<'_>) -> Option<Value> {
        match (self.value_type, value) {
            (ValueType::List, Value::Array(items)) if items.len() <= MOST_ELEMENTS => {
                let one = |(at, item): (usize, &Value)| {
                    reader.below(&at.to_string(), |reader| self.element(reader, item, known))
                };
                // Each is read, so that all that is wrong is found.
                let read: Vec<Option<Value>> = items.iter().enumerate().map(one).collect();
                read.into_iter().collect::<Option<Vec<Value>>>().map(Value::Array)
            }
            (ValueType::List, Value::Array(_)) => {
                reader.fault("", format!("has more than {MOST_ELEMENTS} elements"));
                None
            }
            (ValueType::List, _) => {
                reader.fault("", "must be a list");
                None
            }
            _ => self.element(reader, value, known),
        }
    }

    fn element(&self, reader: &mut Reader, value: &Value, known: &Known<'_>) -> Option<Value> {
        let scalar = self.scalar();
        let value = reader.scalar(scalar, self.target, value, known.currency)?;
        if let Some(text) = value.as_str() {
            if !self.choices.is_empty() && self.choices.iter().all(|choice| choice != text) {
                reader.fault("", format!("must be one of: {}", listed(self.choices.iter().map(String::as_str))));
            }
            if scalar == ValueType::Reference && !known.ids.contains(text) {
                reader.fault("", "is not there");
            }
        }
        let rank_of = |value: &Value| rank(scalar, value, known.currency);
        for (bound, is_over, side) in [(&self.min, false, "at least"), (&self.max, true, "at most")] {
            let Some(bound) = bound else { continue };
            let (of_value, of_bound) = (rank_of(&value), rank_of(bound));
            if (is_over && of_bound < of_value) || (!is_over && of_value < of_bound) {
                let bound = facet_text(scalar, bound).unwrap_or_default();
                reader.fault("", format!("must be {side} {bound}"));
            }
        }
        Some(value)
    }

    /// What lists find a canonical value by. An empty text says no more than that there is a value.
    pub fn facet_texts(&self, value: &Value) -> BTreeSet<String> {
        let scalar = self.scalar();
        let of = |value: &Value| facet_text(scalar, value).unwrap_or_default();
        match value {
            Value::Array(items) if self.value_type == ValueType::List => {
                let mut texts: BTreeSet<String> = items.iter().map(of).collect();
                if texts.is_empty() {
                    texts.insert(String::new());
                }
                texts
            }
            value => BTreeSet::from([of(value)]),
        }
    }

    /// The facet text of what is asked for in a query.
    ///
    /// # Errors
    /// Why it can be no value of this attribute.
    pub fn asked(&self, text: &str, currency: Currency) -> Result<String, String> {
        let scalar = self.scalar();
        let value = match scalar {
            ValueType::Number => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            ValueType::Boolean => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            ValueType::Money => json!({ "amount": text, "currency": currency.code() }),
            _ => text.into(),
        };
        let mut reader = Reader::default();
        let read = reader.scalar(scalar, self.target, &value, currency);
        let reason = |reader: Reader| reader.faults.into_iter().next().map(|fault| fault.reason);
        let found = read.and_then(|value| facet_text(scalar, &value));
        found.ok_or_else(|| reason(reader).unwrap_or_else(|| "cannot be asked for".to_owned()))
    }
}

impl Reader {
    /// A value of a type that is no list, in its canonical form.
    pub(super) fn scalar(
        &mut self,
        of: ValueType,
        target: Option<Target>,
        value: &Value,
        currency: Currency,
    ) -> Option<Value> {
        let (read, reason): (Option<Value>, &str) = match of {
            ValueType::Text => {
                (value.as_str().and_then(text), "must be a text of 1 to 5000 characters without control characters")
            }
            ValueType::Number => {
                let number = value.as_i64().filter(|number| (-MOST_NUMBER..=MOST_NUMBER).contains(number));
                (number.map(Value::from), "must be a whole number of at most 9007199254740991 either side of zero")
            }
            ValueType::Decimal => {
                let canonical = value.as_str().and_then(|text| decimal(text, MOST_WHOLE_DIGITS)).map(Value::from);
                (canonical, "must be a decimal in a text such as \"12.5\": 15 digits before the point and 9 after it")
            }
            ValueType::Boolean => (value.as_bool().map(Value::from), "must be true or false"),
            ValueType::Date => {
                (value.as_str().filter(|text| is_date(text)).map(Value::from), "must be a date such as 2026-11-22")
            }
            ValueType::Money => {
                let money = self.money_element(value, currency)?;
                return Some(json!({ "amount": money.amount_text(), "currency": currency.code() }));
            }
            ValueType::Url => {
                let url = value.as_str().map(str::trim).filter(|url| check_image_url(url).is_ok());
                (url.map(Value::from), "must be an absolute http or https URL of at most 2048 bytes")
            }
            ValueType::Reference => {
                let id = value.as_str().filter(|id| target.is_some_and(|target| is_id(target, id)));
                let name = target.map(Target::name).unwrap_or_default();
                if id.is_none() {
                    self.fault("", format!("must be the id of a {name}"));
                }
                return id.map(Value::from);
            }
            ValueType::Json => {
                let fits = serde_json::to_string(value).is_ok_and(|text| text.len() <= MOST_JSON_BYTES);
                (fits.then(|| value.clone()), "has more than 16384 bytes as JSON")
            }
            ValueType::List => (None, "must be no list"),
        };
        if read.is_none() {
            self.fault("", reason);
        }
        read
    }
}

/// As it is kept: line breaks and tabs are its only control characters.
fn text(text: &str) -> Option<Value> {
    let text = text.trim();
    let is_clean = !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'));
    (is_clean && !text.is_empty() && text.chars().nth(MOST_TEXT_CHARS).is_none()).then(|| text.into())
}

/// Without what changes nothing: `-0.50` as `-0.5`, `007` as `7`.
pub(super) fn decimal(text: &str, most_whole_digits: usize) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    if most_whole_digits < whole.len() || MOST_DECIMALS < fraction.len() {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.starts_with(|first: char| first.is_ascii_digit())
        && format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok()
}

fn is_id(target: Target, text: &str) -> bool {
    match target {
        Target::Product => text.parse::<ProductId>().is_ok(),
        Target::Category => text.parse::<CategoryId>().is_ok(),
        Target::Collection => text.parse::<CollectionId>().is_ok(),
        Target::File => text.parse::<FileId>().is_ok(),
    }
}

/// Where a canonical value stands among those of its type; `None` of types without an order.
pub(super) fn rank(of: ValueType, value: &Value, currency: Currency) -> Option<i128> {
    match of {
        ValueType::Number => value.as_i64().map(i128::from),
        ValueType::Decimal => {
            let text = value.as_str()?;
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{fraction:0<MOST_DECIMALS$}").parse().ok()
        }
        ValueType::Date => value.as_str()?.replace('-', "").parse().ok(),
        ValueType::Money => {
            let amount = value.get("amount")?.as_str()?;
            Money::parse_amount(amount, currency).ok().map(|money| i128::from(money.minor()))
        }
        _ => None,
    }
}

/// What a canonical value is found by; `None` of what lists are not narrowed by.
fn facet_text(of: ValueType, value: &Value) -> Option<String> {
    let found = match (of, value) {
        (ValueType::Url | ValueType::Json | ValueType::List, _) => return None,
        (ValueType::Text, Value::String(text)) => text.to_lowercase(),
        (ValueType::Money, money) => money.get("amount")?.as_str()?.to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    };
    found.chars().nth(MOST_FACET_CHARS).is_none().then_some(found)
}

/// Names for people, the first of them where there are many.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let mut names: Vec<&str> = names.take(MOST.saturating_add(1)).collect();
    let more = if MOST < names.len() { ", and more" } else { "" };
    names.truncate(MOST);
    format!("{}{more}", names.join(", "))
}
