//! The totals engine for browsers, Node and points of sale: JSON in, JSON out.
//!
//! `hp totals build` makes a module for JavaScript of it: `exports.rs` is what `js/engine.js` calls. The shapes are those
//! of [`headlesspro_shared::totals`], which `js/totals.d.ts` tells to TypeScript.

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod exports;
mod reader;

use headlesspro_shared::totals::{self, Cart, Explanation, Question, Rules, Totals, TotalsError};
use serde::de::DeserializeOwned;

pub use reader::Unread;

/// The largest integer that JavaScript tells from its neighbours. Source: ECMA-262, `Number.MAX_SAFE_INTEGER`.
const MOST: i64 = 9_007_199_254_740_991;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("this is no question: {0}")]
    Question(Unread),
    #[error("these are no rules: {0}")]
    Rules(Unread),
    #[error("this is no cart: {0}")]
    Cart(Unread),
    #[error("there are no rules yet")]
    NoRules,
    #[error("the answer cannot be told: {0}")]
    Answer(#[from] serde_json::Error),
    #[error(transparent)]
    Totals(#[from] TotalsError),
    /// JavaScript would be told another amount.
    #[error("an amount is above {MOST}, the most that JavaScript knows exactly")]
    Inexact,
}

/// The totals of a question.
///
/// # Errors
/// [`Refused`].
pub fn total(question: &[u8]) -> Result<Vec<u8>, Refused> {
    told(&read::<Question>(question, Refused::Question)?.total()?)
}

/// The totals of a question, with all that was considered on the way.
///
/// # Errors
/// [`Refused`].
pub fn explain(question: &[u8]) -> Result<Vec<u8>, Refused> {
    told_why(&read::<Question>(question, Refused::Question)?.explain()?)
}

/// The rules for [`total_of`] and [`explain_of`], which are this engine's.
///
/// # Errors
/// [`Refused::Rules`].
pub fn rules(text: &[u8]) -> Result<Rules, Refused> {
    read(text, Refused::Rules)
}

/// The totals of a cart.
///
/// # Errors
/// [`Refused`].
pub fn total_of(rules: &Rules, cart: &[u8]) -> Result<Vec<u8>, Refused> {
    told(&totals::total(rules, &read::<Cart>(cart, Refused::Cart)?)?)
}

/// The totals of a cart, with all that was considered on the way.
///
/// # Errors
/// [`Refused`].
pub fn explain_of(rules: &Rules, cart: &[u8]) -> Result<Vec<u8>, Refused> {
    told_why(&totals::explain(rules, &read::<Cart>(cart, Refused::Cart)?)?)
}

fn read<T: DeserializeOwned>(text: &[u8], none: fn(Unread) -> Refused) -> Result<T, Refused> {
    reader::read(text).map_err(none)
}

fn told(totals: &Totals) -> Result<Vec<u8>, Refused> {
    if is_exact(totals) { Ok(serde_json::to_vec(totals)?) } else { Err(Refused::Inexact) }
}

fn told_why(explanation: &Explanation) -> Result<Vec<u8>, Refused> {
    let Explanation { totals, promotions, .. } = explanation;
    let is_exact = is_exact(totals) && promotions.alternatives.iter().all(|one| one.saves <= MOST);
    if is_exact { Ok(serde_json::to_vec(explanation)?) } else { Err(Refused::Inexact) }
}

/// Whether JavaScript knows all amounts: each of the others is a part of one of these.
fn is_exact(totals: &Totals) -> bool {
    let Totals { subtotal, shipping, net, tax, total, .. } = totals;
    let sums = [subtotal, shipping, net, tax, total].into_iter();
    let gifts = totals.gifts.iter().map(|gift| &gift.amount);
    let redeemed = totals.redemptions.iter().map(|redemption| &redemption.amount);
    sums.chain(gifts).chain(redeemed).all(|amount| *amount <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = include_str!("../../tests/golden/totals/exclusive.json");

    #[test]
    fn whatever_is_no_question_is_refused_in_words() {
        let refused = |text: &str| total(text.as_bytes()).unwrap_err().to_string();
        assert!(refused("").starts_with("this is no question: EOF"));
        assert!(refused("{\"engine\": 2}").contains("missing field `rules`"));
        assert!(refused(&QUESTION.replacen("\"cart\"", "\"basket\"", 1)).contains("unknown field `basket`"));
        // What a condition holds is read by a function that calls itself.
        let (open, close) = (r#"{"type":"not","of":"#.repeat(50_000), "}".repeat(50_000));
        let deep = format!("{open}{{\"type\":\"first-order\"}}{close}");
        let condition = format!("\"trigger\": \"automatic\", \"condition\": {deep},");
        let buried = include_str!("../../tests/golden/totals/tiers-for-a-group.json");
        assert!(refused(&buried.replacen("\"trigger\": \"automatic\",", &condition, 1)).contains("recursion limit"));
        let other = QUESTION.replacen("\"engine\": 2", "\"engine\": 1", 1);
        assert!(refused(&other).starts_with("it was asked of engine 1"));
    }

    #[test]
    fn an_explanation_has_the_totals() {
        let [totals, explanation] = [total, explain]
            .map(|of| serde_json::from_slice::<serde_json::Value>(&of(QUESTION.as_bytes()).unwrap()).unwrap());
        assert_eq!(explanation["totals"], totals);
    }

    #[test]
    fn a_cart_comes_to_the_same_by_rules_that_were_read_before() {
        let question: serde_json::Value = serde_json::from_str(QUESTION).unwrap();
        let [rules, cart] = ["rules", "cart"].map(|part| question[part].to_string());
        let rules = super::rules(rules.as_bytes()).unwrap();
        assert_eq!(total_of(&rules, cart.as_bytes()).unwrap(), total(QUESTION.as_bytes()).unwrap());
        assert_eq!(explain_of(&rules, cart.as_bytes()).unwrap(), explain(QUESTION.as_bytes()).unwrap());
        assert!(total_of(&rules, b"{}").unwrap_err().to_string().starts_with("this is no cart: missing field"));
        assert!(super::rules(b"{}").unwrap_err().to_string().starts_with("these are no rules: missing field"));
    }

    #[test]
    fn an_amount_that_javascript_would_change_is_refused() {
        let mut totals: Totals = serde_json::from_slice(&total(QUESTION.as_bytes()).unwrap()).unwrap();
        assert!(is_exact(&totals));
        totals.shipping = MOST;
        assert!(is_exact(&totals));
        totals.shipping = MOST + 1;
        assert!(!is_exact(&totals));
    }
}
