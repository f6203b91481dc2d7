//! Prices as expressions: data, of bounded size, computed exactly.

use serde::{Deserialize, Serialize};

use super::delivery::Totals;

/// Of one expression: constants and measures, sums and products.
pub const MOST_TERMS: usize = 64;
/// How deeply terms stand within terms.
pub const MOST_DEPTH: usize = 8;

/// `base + ceil((weight - 1000) / 500) × step`, as data:
///
/// ```json
/// {"sum": [{"constant": 500}, {"product": [{"constant": 100},
///   {"steps": {"of": {"sum": ["weight", {"constant": -1000}]}, "size": 500}}]}]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expression {
    /// Minor units, grams or units, as the place asks for.
    Constant(i64),
    /// Of the group, in grams.
    Weight,
    /// Of the group, in minor units.
    Subtotal,
    /// Units of the group.
    Quantity,
    Sum(Vec<Expression>),
    Product(Vec<Expression>),
    Min(Vec<Expression>),
    Max(Vec<Expression>),
    /// How many steps of `size` it takes to reach `of`, a begun one counted: the quotient rounded up, below zero where
    /// `of` is by a whole step. `size` is above zero.
    Steps {
        of: Box<Expression>,
        size: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an expression has at most {MOST_TERMS} terms, {MOST_DEPTH} within each other, and steps above zero")]
pub struct ExpressionTooLarge;

impl Expression {
    /// Whether the expression may be kept.
    ///
    /// # Errors
    /// [`ExpressionTooLarge`].
    pub fn check(&self) -> Result<(), ExpressionTooLarge> {
        let mut terms = 0usize;
        self.count(MOST_DEPTH, &mut terms).ok_or(ExpressionTooLarge)
    }

    fn count(&self, depth: usize, terms: &mut usize) -> Option<()> {
        *terms = terms.checked_add(1).filter(|&terms| terms <= MOST_TERMS)?;
        let below = depth.checked_sub(1)?;
        match self {
            Expression::Constant(_) | Expression::Weight | Expression::Subtotal | Expression::Quantity => Some(()),
            Expression::Sum(all) | Expression::Product(all) | Expression::Min(all) | Expression::Max(all) => {
                all.iter().try_for_each(|term| term.count(below, terms))
            }
            Expression::Steps { of, size } => {
                if *size <= 0 {
                    return None;
                }
                of.count(below, terms)
            }
        }
    }

    /// The value. `None` where an intermediate one leaves `i64`, the least or greatest of nothing is asked for, or the
    /// expression is larger than [`Expression::check`] allows.
    pub(super) fn value(&self, of: &Totals) -> Option<i64> {
        self.check().ok()?;
        self.compute(of)
    }

    fn compute(&self, totals: &Totals) -> Option<i64> {
        match self {
            Expression::Constant(value) => Some(*value),
            Expression::Weight => Some(totals.weight),
            Expression::Subtotal => Some(totals.subtotal),
            Expression::Quantity => Some(totals.quantity),
            Expression::Sum(all) => all.iter().try_fold(0i64, |sum, term| sum.checked_add(term.compute(totals)?)),
            Expression::Product(all) => {
                all.iter().try_fold(1i64, |product, term| product.checked_mul(term.compute(totals)?))
            }
            Expression::Min(all) => {
                all.iter().map(|term| term.compute(totals)).collect::<Option<Vec<_>>>()?.into_iter().min()
            }
            Expression::Max(all) => {
                all.iter().map(|term| term.compute(totals)).collect::<Option<Vec<_>>>()?.into_iter().max()
            }
            Expression::Steps { of, size } => {
                let value = of.compute(totals)?;
                let whole = value.checked_div_euclid(*size)?;
                if value.checked_rem_euclid(*size)? == 0 { Some(whole) } else { whole.checked_add(1) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(json: &str, weight: i64) -> Option<i64> {
        let expression: Expression = serde_json::from_str(json).unwrap();
        expression.value(&Totals { weight, subtotal: 20_000, quantity: 3 })
    }

    #[test]
    fn a_begun_step_is_charged() {
        let json = r#"{"sum": [{"constant": 500}, {"product": [{"constant": 100}, {"max": [{"constant": 0},
            {"steps": {"of": {"sum": ["weight", {"constant": -1000}]}, "size": 500}}]}]}]}"#;
        for (weight, expected) in [(0, 500), (1_000, 500), (1_001, 600), (1_500, 600), (1_501, 700), (5_000, 1_300)] {
            assert_eq!(value(json, weight), Some(expected), "{weight} g");
        }
    }

    #[test]
    fn a_percentage_is_steps_of_a_product() {
        // 1.5 % of the subtotal, the begun minor unit charged.
        let json = r#"{"steps": {"of": {"product": ["subtotal", {"constant": 15}]}, "size": 1000}}"#;
        assert_eq!(value(json, 0), Some(300));
        assert_eq!(value(r#"{"min": ["quantity", "weight"]}"#, 2), Some(2));
    }

    #[test]
    fn what_is_too_large_has_no_value() {
        let deep = |levels: usize| (0..levels).fold(Expression::Weight, |inner, _| Expression::Sum(vec![inner]));
        assert_eq!(deep(MOST_DEPTH - 1).check(), Ok(()));
        assert_eq!(deep(MOST_DEPTH).check(), Err(ExpressionTooLarge));
        assert_eq!(deep(MOST_DEPTH).value(&Totals::default()), None);
        let wide = |terms| Expression::Sum(vec![Expression::Constant(1); terms]);
        assert_eq!(wide(MOST_TERMS - 1).check(), Ok(()));
        assert_eq!(wide(MOST_TERMS).check(), Err(ExpressionTooLarge));
        let no_step = Expression::Steps { of: Box::new(Expression::Weight), size: 0 };
        assert_eq!(no_step.check(), Err(ExpressionTooLarge));
        assert_eq!(value(r#"{"product": ["weight", "weight"]}"#, i64::MAX), None);
        assert_eq!(value(r#"{"max": []}"#, 1), None);
    }

    fn any_expression() -> impl Strategy<Value = Expression> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Expression::Constant),
            Just(Expression::Weight),
            Just(Expression::Subtotal),
            Just(Expression::Quantity),
        ];
        leaf.prop_recursive(10, 80, 5, |inner| {
            let all = prop::collection::vec(inner.clone(), 0..5);
            prop_oneof![
                all.clone().prop_map(Expression::Sum),
                all.clone().prop_map(Expression::Product),
                all.clone().prop_map(Expression::Min),
                all.prop_map(Expression::Max),
                (inner, any::<i64>()).prop_map(|(of, size)| Expression::Steps { of: Box::new(of), size }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_expression_panics(expression in any_expression(), weight: i64, subtotal: i64, quantity: i64) {
            let value = expression.value(&Totals { weight, subtotal, quantity });
            prop_assert!(value.is_none() || expression.check().is_ok());
        }
    }
}
