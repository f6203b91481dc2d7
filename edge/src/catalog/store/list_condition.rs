//! What a list of products is narrowed by, each as a condition on one product and as the set of all that meet it.

use headlesspro_shared::catalog::attribute::Range;

use super::list::{Args, Asked};

// Fragments, in which `:id` stands for a product's id, and `:kind`, `:value`, `:low` and `:high` for the numbers of
// arguments.

/// Before the facet's value.
const HAS_FACET: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.product_id = :id AND f.kind = :kind/*value*/)";
const HAS_VENDOR: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.id = :id AND p.vendor = :value)";
const HAS_STOCK: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.id = :id AND p.in_stock = :value)";
/// `+` keeps the planner to the product's own facets.
const HAS_VALUE: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND +f.store_id = ?2 AND f.product_id = :id AND +f.kind = :kind
    AND f.ordinal >= :low AND f.ordinal <= :high)";
/// Before the bounds.
const HAS_PRICE: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.id = :id/*bounds*/)";
const HAS_PRICE_ABROAD: &str = " AND EXISTS (SELECT 1 FROM product_price_range x
  WHERE x.organization_id = ?1 AND x.product_id = :id AND x.currency = :value/*bounds*/)";

// Whether there is anything of the kind at all: a list would read all that it may to find nothing.

const ANY_OF_FACET: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = :kind/*value*/)";
const ANY_OF_VENDOR: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.vendor = :value)";
const ANY_IN_STOCK: &str = " AND EXISTS (SELECT 1 FROM product p
  WHERE p.organization_id = ?1 AND p.store_id = ?2 AND p.status = 'active' AND p.in_stock = :value)";

// The value of a facet. A category is meant by its id or path, a collection by its id or handle.

const IS_VALUE: &str = " AND f.value = :value";
const IS_CATEGORY: &str = "
  AND f.value = (SELECT c.id FROM category c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = :value OR c.path = :value))";
const IS_COLLECTION: &str = "
  AND f.value = (SELECT c.id FROM collection c
    WHERE c.organization_id = ?1 AND c.store_id = ?2 AND (c.id = :value OR c.handle = :value))";

// Of a product that leads.

const OF_VENDOR: &str = " AND p.vendor = :value";
const OF_STOCK: &str = " AND p.in_stock = :value";

/// What is in a range of values. A product has several values where its variants do. ?3 is the facet's kind, ?4 and ?5 are
/// the lowest and the highest ordinal, ?6 is the moment.
const WITHIN: &str = "-- catalog::list_within
SELECT DISTINCT f.product_id AS id FROM product_facet f
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?3
  AND f.ordinal >= ?4 AND f.ordinal <= ?5
  AND coalesce(f.publish_at <= ?6, 1) AND coalesce(f.unpublish_at > ?6, 1)";

/// A condition, by the numbers of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Facet {
        is: &'static str,
        kind: usize,
        value: usize,
    },
    Vendor(usize),
    Stock(usize),
    /// Of an attribute's values, by their ordinals.
    Range {
        kind: usize,
        low: usize,
        high: usize,
    },
}

impl Condition {
    pub(super) fn facet(args: &mut Args, kind: &str, value: &str) -> Condition {
        let is = match kind {
            "category" => IS_CATEGORY,
            "collection" => IS_COLLECTION,
            _ => IS_VALUE,
        };
        Condition::Facet { is, kind: args.add(kind), value: args.add(value) }
    }

    pub(super) fn range(args: &mut Args, key: &str, range: &Range) -> Condition {
        let (low, high) = range.ordinals();
        Condition::Range { kind: args.add(format!("attribute:{key}")), low: args.add(low), high: args.add(high) }
    }

    pub(super) fn is_facet(self) -> bool {
        matches!(self, Condition::Facet { .. })
    }

    /// The number of what it asks for.
    pub(super) fn value(self) -> usize {
        match self {
            Condition::Facet { value, .. } | Condition::Vendor(value) | Condition::Stock(value) => value,
            Condition::Range { low, .. } => low,
        }
    }

    /// The value that a facet `f` of the kind has to have.
    pub(super) fn value_of_facet(self) -> String {
        match self {
            Condition::Facet { is, value, .. } => is.replace(":value", &format!("?{value}")),
            Condition::Vendor(_) | Condition::Stock(_) | Condition::Range { .. } => String::new(),
        }
    }

    /// That a product `p` which leads a list meets it.
    pub(super) fn of_product(self) -> String {
        let of = match self {
            Condition::Vendor(_) => OF_VENDOR,
            Condition::Stock(_) => OF_STOCK,
            Condition::Facet { .. } | Condition::Range { .. } => "",
        };
        of.replace(":value", &format!("?{}", self.value()))
    }

    /// That the product with this id meets it.
    pub(super) fn met_by(self, id: &str) -> String {
        let text = match self {
            Condition::Facet { .. } => HAS_FACET,
            Condition::Vendor(_) => HAS_VENDOR,
            Condition::Stock(_) => HAS_STOCK,
            Condition::Range { .. } => HAS_VALUE,
        };
        self.filled(text).replace(":id", id)
    }

    /// That any product does. Nothing of a range.
    pub(super) fn met_by_any(self) -> String {
        match self {
            Condition::Facet { .. } => self.filled(ANY_OF_FACET),
            Condition::Vendor(_) => self.filled(ANY_OF_VENDOR),
            Condition::Stock(_) => self.filled(ANY_IN_STOCK),
            Condition::Range { .. } => String::new(),
        }
    }

    fn filled(self, text: &str) -> String {
        match self {
            Condition::Facet { kind, .. } => {
                text.replace(":kind", &format!("?{kind}")).replace("/*value*/", &self.value_of_facet())
            }
            Condition::Vendor(value) | Condition::Stock(value) => text.replace(":value", &format!("?{value}")),
            Condition::Range { kind, low, high } => text
                .replace(":kind", &format!("?{kind}"))
                .replace(":low", &format!("?{low}"))
                .replace(":high", &format!("?{high}")),
        }
    }

    /// The ids of all that meet it and are shown.
    pub(super) fn set(self, asked: &Asked) -> String {
        match self {
            Condition::Range { kind, low, high } => {
                // From the end, so that none is taken for another.
                let numbers = [("?6", asked.now), ("?5", high), ("?4", low), ("?3", kind)];
                let fill = |text: String, (from, to): (&str, usize)| text.replace(from, &format!("?_{to}"));
                numbers.into_iter().fold(WITHIN.to_owned(), fill).replace("?_", "?")
            }
            Condition::Facet { .. } | Condition::Vendor(_) | Condition::Stock(_) => asked.set(Some(self)),
        }
    }
}

/// That the price of the product with this id is in the range that is asked for, if one is.
pub(super) fn priced(asked: &Asked, id: &str) -> String {
    let Some(range) = asked.prices else { return String::new() };
    match asked.currency {
        None => HAS_PRICE.replace(":id", id).replace("/*bounds*/", &asked.both_bounds("p", range)),
        Some(currency) => {
            let text = HAS_PRICE_ABROAD.replace(":id", id).replace(":value", &format!("?{currency}"));
            text.replace("/*bounds*/", &asked.both_bounds("x", range))
        }
    }
}
