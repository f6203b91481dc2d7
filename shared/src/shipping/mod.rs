//! Shipping: which ways there are to get what is bought, what each costs, and why one is not offered.
//!
//! Invariants:
//! - Lines that ship from different locations are different groups; each group has its own choice, and what shipping
//!   costs is the sum. What needs no shipping is in no group.
//! - One zone decides for a group, the closest to where it goes ([`crate::kernel::area`]); picking up needs no zone.
//! - A price is data: a flat amount, a table, or an expression of bounded size. No price is negative.
//! - Amounts are minor units of one currency; weights are grams.

mod choice;
mod conditions;
mod delivery;
mod expression;
mod external;
mod offer;
mod price;
mod rates;
mod rules;

#[cfg(test)]
mod tests;

pub use choice::{Charge, Choice, ChoiceError, Chosen, choose};
pub use conditions::{Conditions, Span, Terms};
pub use delivery::{Delivery, DeliveryLine, Goods, MOST_LINES};
pub use expression::{Expression, ExpressionTooLarge, MOST_DEPTH, MOST_TERMS};
pub use external::{
    ExternalFallback, ExternalOutcome, ExternalRate, GroupAnswer, GroupOutcome, InvalidProviderName, MOST_PROVIDERS,
    MOST_RATE, MOST_SERVICES, ProviderName, RateAnswer, RateGroup, RateQuestion,
};
pub use offer::{Group, NoZone, Offer, OfferKind, Offered, WhyNot, WhyPrice};
pub use price::{Amounts, FreeOver, FreeOverOf, Measure, Price, Row, UnknownFreeOverOf, UnknownMeasure};
pub use rates::{ShippingError, questions, rates};
pub use rules::{
    InvalidShippingRules, MOST_METHODS, MOST_ROWS, MOST_ZONES, MethodFault, Pickup, ShippingMethod, ShippingRules,
    ShippingZone,
};
