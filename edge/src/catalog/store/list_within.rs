//! Lists of products that are narrowed by ranges of attributes' values.
//!
//! A range is one of the index `product_facet_ordinal`, in an order that no list has. So that a list does not read more
//! when fewer products fit, each range is asked first whether it leaves [`FEW`] products at most: those of the first one
//! that does are sorted. Where all leave more, the list is read in its order, as it is without them, and passes by what
//! is in none of them.

use headlesspro_shared::catalog::attribute::Range;

use super::list::{Args, FEW, ListFilter};
use super::list_in::numbered;

/// What a range leaves, as far as it matters. A product has several values where its variants do. ?3 is the facet's kind,
/// ?4 and ?5 are the lowest and the highest ordinal, ?6 is the moment: see [`numbered`].
const WITHIN: &str = "-- catalog::list_within
SELECT DISTINCT f.product_id FROM product_facet f
WHERE f.organization_id = ?1 AND f.store_id = ?2 AND f.active = 1 AND f.kind = ?3
  AND f.ordinal >= ?4 AND f.ordinal <= ?5
  AND coalesce(f.publish_at <= ?6, 1) AND coalesce(f.unpublish_at > ?6, 1)
LIMIT 1001";

// Below, `:kind`, `:low` and `:high` stand for the numbers of arguments.

/// `+` keeps the planner to the product's own facets.
const HAS_VALUE: &str = " AND EXISTS (SELECT 1 FROM product_facet f
  WHERE f.organization_id = ?1 AND +f.store_id = ?2 AND f.product_id = p.id AND +f.kind = :kind
    AND f.ordinal >= :low AND f.ordinal <= :high)";

/// Ranges, by the numbers of their arguments: the kind of the facet, the lowest and the highest ordinal.
pub(super) struct Ranges(Vec<[usize; 3]>);

impl Ranges {
    pub(super) fn of(filter: &ListFilter, args: &mut Args) -> Ranges {
        let range = |(key, range): &(String, Range)| {
            let (low, high) = range.ordinals();
            [args.add(format!("attribute:{key}")), args.add(low), args.add(high)]
        };
        Ranges(filter.ranges.iter().map(range).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That a product has a value in each of them.
    pub(super) fn has(&self) -> Vec<String> {
        let filled = |[kind, low, high]: &[usize; 3]| {
            let text = HAS_VALUE.replace(":kind", &format!("?{kind}")).replace(":low", &format!("?{low}"));
            text.replace(":high", &format!("?{high}"))
        };
        self.0.iter().map(filled).collect()
    }

    /// What each of them leaves at the moment that is the argument `now`.
    pub(super) fn left(&self, now: usize) -> Vec<String> {
        let left = |[kind, low, high]: &[usize; 3]| numbered(WITHIN, &[(3, *kind), (4, *low), (5, *high), (6, now)]);
        self.0.iter().map(left).collect()
    }

    /// That all of them leave more than few, in a LIMIT.
    pub(super) fn all_leave_many(&self) -> String {
        (0..self.0.len()).map(leaves_many).collect()
    }

    /// `many`, a list that finds nothing unless [all leave many](Ranges::all_leave_many), after the lists of what the
    /// ranges leave. `few` makes one of these, from the table with the products, what they have to have beside, and what
    /// else its LIMIT asks for.
    pub(super) fn few_first(&self, many: &str, now: usize, few: &dyn Fn(&str, &str, &str) -> String) -> String {
        let mut sql = String::from("-- catalog::list_with_ranges\nWITH ");
        let mut between = "";
        for (at, left) in self.left(now).iter().enumerate() {
            sql.push_str(&format!("{between}within{at} (value) AS MATERIALIZED (\n{left})"));
            between = ",\n";
        }
        let (mut before, has) = (String::new(), self.has());
        for at in 0..self.0.len() {
            let others = has.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, has)| has.as_str());
            let others: String = others.collect();
            let only = format!("{before} AND (SELECT count(*) FROM within{at}) <= {FEW}");
            sql.push_str(&format!("\nSELECT * FROM (\n{})\nUNION ALL", few(&format!("within{at}"), &others, &only)));
            before.push_str(&leaves_many(at));
        }
        sql.push_str(&format!("\nSELECT * FROM (\n{many})"));
        sql
    }
}

fn leaves_many(at: usize) -> String {
    format!(" AND {FEW} < (SELECT count(*) FROM within{at})")
}
