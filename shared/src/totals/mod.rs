//! Totals: what a cart costs a buyer at a moment, to the minor unit, and why.
//!
//! [`total`] is a pure function of the merchant's [`Rules`] and a [`Cart`]. It is used for carts, checkouts, orders,
//! refunds and quotes, and gives the same on a server and in a browser.
//!
//! In this order:
//! 1. Prices ([`crate::pricing`]): one for each line, by the units of its variant in the whole cart, so that splitting a
//!    line changes none.
//! 2. Deliveries: what the chosen offers cost is part of the cart, since it may be a carrier's answer.
//! 3. Promotions ([`crate::promotions`]): what is taken off lines and deliveries, and which gifts come with them.
//! 4. Tax ([`crate::tax`]): of what is left.
//!
//! What always holds:
//! - Lines, gifts and deliveries sum to the totals, and net + tax = gross for each of them.
//! - Nothing is negative, and no discount is above what it is taken off.
//! - All amounts are minor units of the cart's currency; each is rounded where its own module says, once.
//! - What is given back of a line adds up to what was paid for it, in whatever steps ([`refund`]).
//!
//! Every answer names the [`ENGINE_VERSION`] that gave it. A change that gives another amount for any input raises it,
//! so that an order can be totalled again by the engine that it was made with.

mod answer;
mod cart;
mod compute;
mod groups;
mod refund;
#[cfg(test)]
mod tests;

pub use answer::{DeliveryTotals, Explanation, GiftTotals, LineTotals, PriceExplanation, Settlement, Taxes, Totals};
pub use cart::{Cart, CartLine, Delivery, GiftItem, Rules};
pub use compute::{ENGINE_VERSION, TotalsError, explain, total};
pub use refund::{Refund, RefundError, refund};

#[cfg(test)]
mod wire {
    use super::tests::random::case;
    use super::{Totals, total};

    #[test]
    fn what_is_written_reads_back_and_gives_the_same() {
        for seed in 0..500 {
            let (rules, cart) = case(seed);
            let totals = total(&rules, &cart).unwrap();
            let text = serde_json::to_string(&(&rules, &cart)).unwrap();
            let (rules, cart) = serde_json::from_str(&text).unwrap();
            assert_eq!(total(&rules, &cart).unwrap(), totals, "case {seed}");
            let text = serde_json::to_string(&totals).unwrap();
            assert_eq!(serde_json::from_str::<Totals>(&text).unwrap(), totals, "case {seed}");
        }
    }
}
