//! Rules of collections: conditions that products meet or not.
//!
//! What is read here is made sure to mean something; which products meet it is found where they are kept, in SQL,
//! inside the commit that writes the rule or the products.

use super::PriceBound;
use super::attribute::{Bound, Range};
use crate::kernel::id::CategoryId;
use crate::kernel::line::Line;

/// Conditions of a rule at most.
pub const MOST_CONDITIONS: usize = 20;

/// How a product's text compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
    AtLeast,
    AtMost,
}

named!(Operator, UnknownOperator, "equals, contains, starts-with, ends-with, at-least or at-most", {
    Equals = "equals",
    Contains = "contains",
    StartsWith = "starts-with",
    EndsWith = "ends-with",
    AtLeast = "at-least",
    AtMost = "at-most",
});

/// One condition, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `title`, `vendor`, `productType`, `price`, `inStock`, `tag`, `category` or `attribute:` with a key.
    pub field: String,
    pub operator: Operator,
    /// Whether it is met by what it does not describe.
    pub negated: bool,
    /// As it was given, in lower case where case does not matter.
    pub value: String,
    /// Of a price, in ten-thousandths of the currency; of `inStock`, 1 or 0.
    pub number: Option<i64>,
}

impl Condition {
    /// The values of an attribute that meet it, where it asks for a range of them.
    pub fn range(&self) -> Option<Range> {
        let of = match self.operator {
            Operator::AtLeast => Range::AtLeast,
            Operator::AtMost => Range::AtMost,
            Operator::Equals | Operator::Contains | Operator::StartsWith | Operator::EndsWith => return None,
        };
        self.field.starts_with("attribute:").then(|| self.value.parse().ok().map(of)).flatten()
    }
}

/// Why something is no condition, by the member that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCondition {
    pub member: &'static str,
    pub detail: &'static str,
}

/// Reads a condition: `operator` is a name of [`Operator`], after `not-` for its opposite.
///
/// # Errors
/// [`InvalidCondition`].
pub fn condition(
    field: &str,
    operator: &str,
    attribute: Option<&str>,
    value: &str,
) -> Result<Condition, InvalidCondition> {
    let wrong = |member, detail| Err(InvalidCondition { member, detail });
    let Ok(line) = value.parse::<Line<255>>() else {
        return wrong("value", "must be one line of 1 to 255 characters");
    };
    let (plain, negated) = operator.strip_prefix("not-").map_or((operator, false), |operator| (operator, true));
    let Ok(operator) = plain.parse::<Operator>() else {
        return wrong("operator", "must be such as equals, contains, starts-with, ends-with, at-least or at-most");
    };
    let is_text = matches!(field, "title" | "vendor" | "productType");
    let fits = match operator {
        Operator::Equals => field != "price",
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => is_text,
        Operator::AtLeast | Operator::AtMost => matches!(field, "price" | "attribute") && !negated,
    };
    let mut kept =
        Condition { field: field.to_owned(), operator, negated, value: line.as_str().to_owned(), number: None };
    match field {
        "title" | "tag" => kept.value = kept.value.to_lowercase(),
        "vendor" | "productType" => {}
        "price" => match value.parse::<PriceBound>() {
            Ok(bound) => kept.number = Some(bound.ten_thousandths()),
            Err(_) => return wrong("value", "must be a decimal such as 12 or 12.50, zero or above"),
        },
        "inStock" => match value {
            "true" | "false" => kept.number = Some(i64::from(value == "true")),
            _ => return wrong("value", "must be true or false"),
        },
        "category" if value.parse::<CategoryId>().is_err() => return wrong("value", "must be the id of a category"),
        "category" => {}
        "attribute" => match attribute.map(str::parse::<Line<64>>) {
            Some(Ok(key)) => {
                kept.field = format!("attribute:{}", key.as_str());
                // As the texts that attributes are found by.
                kept.value = kept.value.to_lowercase();
                let compares = matches!(operator, Operator::AtLeast | Operator::AtMost);
                if compares && kept.value.parse::<Bound>().is_err() {
                    return wrong("value", "must be a decimal such as -3 or 12.50, or a date such as 2026-11-22");
                }
            }
            _ => return wrong("attribute", "must name the attribute in 1 to 64 characters"),
        },
        _ => {
            return wrong("field", "must be title, vendor, productType, price, inStock, tag, category or attribute");
        }
    }
    if attribute.is_some() && field != "attribute" {
        return wrong("attribute", "is for the field attribute only");
    }
    if fits { Ok(kept) } else { wrong("operator", "does not go with this field") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn conditions_are_read() {
        let read = |field, operator, value| condition(field, operator, None, value).unwrap();
        assert_eq!(read("title", "not-contains", " Zelt ").value, "zelt");
        assert!(read("title", "not-contains", "Zelt").negated);
        assert_eq!(read("vendor", "starts-with", "North").value, "North");
        assert_eq!(read("price", "at-least", "12.5").number, Some(125_000));
        assert_eq!(read("inStock", "equals", "false").number, Some(0));
        let material = condition("attribute", "equals", Some("material"), "wool").unwrap();
        assert_eq!((material.field.as_str(), material.range()), ("attribute:material", None));
        let people = condition("attribute", "at-least", Some("people"), "2").unwrap();
        assert_eq!(people.range().unwrap().ordinals(), ("a2", "~"));
        let since = condition("attribute", "at-most", Some("since"), "2026-01-01").unwrap();
        assert_eq!(since.range().unwrap().ordinals(), ("0", "2026-01-01"));
        assert_eq!(read("price", "at-most", "9").range(), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_member() {
        for (field, operator, attribute, value, member) in [
            ("titel", "equals", None, "x", "field"),
            ("title", "is", None, "x", "operator"),
            ("title", "at-least", None, "1", "operator"),
            ("price", "equals", None, "1", "operator"),
            ("price", "not-at-least", None, "1", "operator"),
            ("price", "at-most", None, "-1", "value"),
            ("tag", "contains", None, "x", "operator"),
            ("inStock", "equals", None, "yes", "value"),
            ("category", "equals", None, "tents", "value"),
            ("attribute", "equals", None, "x", "attribute"),
            ("attribute", "at-least", Some("people"), "two", "value"),
            ("attribute", "not-at-most", Some("people"), "2", "operator"),
            ("attribute", "contains", Some("people"), "2", "operator"),
            ("title", "equals", Some("x"), "x", "attribute"),
            ("title", "equals", None, "", "value"),
            ("title", "equals", None, "a\nb", "value"),
        ] {
            let error = condition(field, operator, attribute, value).unwrap_err();
            assert_eq!(error.member, member, "{field} {operator} {value}");
        }
    }

    proptest! {
        #[test]
        fn hostile_texts_are_no_panic(field in ".{0,20}", operator in ".{0,20}", value in ".{0,40}") {
            let _ = condition(&field, &operator, Some(&value), &value);
        }
    }
}
