//! Typed attributes: what a store declares of its products, their variants, its categories and its collections, and the
//! values that these have.
//!
//! A value is kept in its canonical form, of which there is one for each value: `1.50` is kept as `1.5`. What lists are
//! narrowed by is its facet text, in lower case.

mod definition;
mod definitions;
mod range;
#[cfg(test)]
mod tests;
mod value;

pub use definition::{Definition, MOST_DEFINITIONS, is_key};
pub use definitions::{Definitions, named_ids};
pub use range::{Bound, InvalidBound, Range};
pub use value::Known;

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// At most 5,000 characters.
    Text,
    /// A whole number that every JSON reader holds.
    Number,
    /// A decimal in a text: at most 15 digits before the point and 9 after it.
    Decimal,
    Boolean,
    /// `2026-11-22`.
    Date,
    /// In the store's currency, zero or more.
    Money,
    /// Absolute, `http` or `https`.
    Url,
    /// The id of something else of the store.
    Reference,
    /// Of values of one of the types above.
    List,
    /// Any JSON of at most 16 KiB.
    Json,
}

named!(ValueType, UnknownValueType, "text, number, decimal, boolean, date, money, url, reference, list or json", {
    Text = "text",
    Number = "number",
    Decimal = "decimal",
    Boolean = "boolean",
    Date = "date",
    Money = "money",
    Url = "url",
    Reference = "reference",
    List = "list",
    Json = "json",
});

/// What has the attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Product,
    Variant,
    Category,
    Collection,
}

named!(Owner, UnknownOwner, "product, variant, category or collection", {
    Product = "product",
    Variant = "variant",
    Category = "category",
    Collection = "collection",
});

/// What a reference refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Product,
    Category,
    Collection,
    File,
}

named!(Target, UnknownTarget, "product, category, collection or file", {
    Product = "product",
    Category = "category",
    Collection = "collection",
    File = "file",
});
