//! Totals: what a cart costs a buyer at a moment, to the minor unit, and why.
//!
//! [`total`] is a pure function of the merchant's [`Rules`] and a [`Cart`]. It is used for carts, checkouts, orders,
//! refunds and quotes, and gives the same on a server and in a browser.
//!
//! In this order:
//! 1. Prices ([`crate::pricing`]): one for each line, by the units of its variant in the whole cart, so that splitting a
//!    line changes none.
//! 2. Deliveries: what the chosen offers cost is part of the cart, since it may be a carrier's answer. They are offered by
//!    what the cart comes to without any ([`to_ship`]).
//! 3. Promotions ([`crate::promotions`]): what is taken off lines and deliveries, and which gifts come with them.
//! 4. Tax ([`crate::tax`]): of what is left. Where an external provider is to say what it is, [`tax_question`] is asked,
//!    and its outcome becomes part of the cart.
//!
//! What always holds:
//! - Lines and deliveries sum to the totals, and net + tax = gross for each of them. Gifts cost nothing, and are in
//!   neither.
//! - Nothing is negative, and no discount is above what it is taken off.
//! - All amounts are minor units of the cart's currency; each is rounded where its own module says, once.
//! - What is given back of a line or a delivery adds up to what was paid for it, rate by rate and in whatever steps
//!   ([`refund`], [`refund_amount`]).
//!
//! Every answer names the [`ENGINE_VERSION`] that gave it. A change that gives another amount for any input raises it,
//! so that an order can be totalled again by the engine that it was made with; a [`Question`] is refused by another one.
//! Recorded ones are in `tests/golden/totals`.

mod answer;
mod cart;
mod compute;
mod groups;
mod refund;
mod shipment;
#[cfg(test)]
mod tests;

pub use answer::{DeliveryTotals, Explanation, GiftTotals, LineTotals, PriceExplanation, Settlement, Taxes, Totals};
pub use cart::{Cart, CartLine, Delivery, GiftItem, Question, Rules};
pub use compute::{ENGINE_VERSION, TotalsError, explain, tax_question, total};
pub use refund::{Refund, RefundError, refund, refund_amount};
pub use shipment::{deliveries, to_ship};

#[cfg(test)]
mod wire {
    use super::tests::random::case;
    use super::{Question, Totals, TotalsError};

    #[test]
    fn what_is_written_reads_back_and_gives_the_same() {
        for seed in 0..500 {
            let (rules, cart) = case(seed);
            let mut question = Question::new(rules, cart);
            let totals = question.total().unwrap();
            let text = serde_json::to_string(&question).unwrap();
            assert_eq!(serde_json::from_str::<Question>(&text).unwrap().total().unwrap(), totals, "case {seed}");
            question.engine += 1;
            let asked = question.engine;
            assert_eq!(question.total(), Err(TotalsError::OtherEngine { asked }));
            let text = serde_json::to_string(&totals).unwrap();
            assert_eq!(serde_json::from_str::<Totals>(&text).unwrap(), totals, "case {seed}");
        }
    }
}
