//! Promotions: what a basket is reduced by, which gifts come with it, and why.
//!
//! [`evaluate`] is a pure function of the merchant's promotions, the basket and the moment. What it holds to:
//! - Amounts are minor units of the basket's one currency. Nothing is converted: a rule names its amounts for each
//!   currency, and where it does not name the basket's it is refused.
//! - No discount is above what is left of its line or delivery, so nothing is ever negative.
//! - Promotions apply one after the other, each to what the ones before it left. So do commercetools ("Cart Discounts
//!   apply in the order of their rank", each to the already reduced price), Optimizely ("Prioritize discounts": 20 %
//!   and then 30 % of 100 leave 56) and Medusa (pull request 6300). Shopify differs for discounts of whole orders: it
//!   takes each percentage off the same subtotal ("Examples of discount combinations": 10 % and 15 % off 350 leave
//!   262.50; here 267.75).
//! - Their order is that of the groups' priorities, then their own, the higher number first as commercetools'
//!   `sortOrder` and as price lists here; where these are equal, those of some lines come before percentages of all
//!   lines, these before amounts off the order, these before deliveries and gifts (Shopify's order); then that of their
//!   ids. So neither the order of codes nor that of the lines matters. What cannot be divided goes to lines by largest
//!   remainder, the lower key first.
//! - Of groups that exclude each other, and of promotions that apply only alone, those apply that save the customer
//!   most in all. Ties go to whichever has the first promotion in that order.
//! - A percentage is rounded once for each line, or once for the order and then allocated, as the basket says; never
//!   once for each unit (Vendure issue 3003).
//! - Units that were got for others keep a price of their own from then on: what is left of one is no part of what is
//!   left of its line's others.
//! - Limits hold for automatic promotions as well as for codes (Vendure issue 4353). The counters are facts; whoever
//!   commits the redemptions guards them again, as two evaluations may see the same count.

mod alternatives;
mod amounts;
mod apply;
mod basket;
mod book;
mod buy_get;
mod candidate;
mod code;
mod condition;
mod definition;
mod discounts;
mod entered;
mod evaluate;
mod left;
mod reduce;
mod selector;
#[cfg(test)]
mod tests;
mod validate;

pub use amounts::Amounts;
pub use basket::{Basket, BasketLine, GiftOffer, RoundedPer, ShippingCharge, UnknownRoundedPer};
pub use book::{BookedCode, BookedPromotion, MOST_GROUPS, PromotionBook, StackingGroup, UnknownWithin, Within};
pub use code::{Code, InvalidCode, MOST_CODES};
pub use condition::{Condition, ConditionKind, Fact, MOST_CONDITIONS, MOST_DEPTH, UnknownConditionKind, UnknownFact};
pub use definition::{Definition, Effect, Reduction, Threshold, Tier, Trigger, UnknownTrigger};
pub use discounts::{
    Alternative, CodeOutcome, Considered, Discount, DiscountKind, Discounted, Discounts, Gift, Outcome, Redemption,
    Refusal, Trace, UnknownDiscountKind,
};
pub use evaluate::{PromotionError, evaluate};
pub use selector::{Items, Selector};
pub use validate::{MOST_ITEMS, MOST_TIERS, validate, validate_group};
