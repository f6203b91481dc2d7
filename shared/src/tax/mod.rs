//! Tax: what of an amount is tax, by the rules of the place that it goes to, and why.
//!
//! Invariants:
//! - For every line net + tax = gross, and the lines sum to the order, whatever is rounded where.
//! - A rounding is named by the question ([`RoundingPer`] and the store's mode) and happens once per line, per rate or
//!   per order; what it gives is shared out by largest remainder. So is the tax that is taken off a price which holds
//!   another one than is charged: once, before what is left is taxed.
//! - One zone decides, the closest ([`crate::kernel::area`]); a class that it has no rate for is taxed as `standard`,
//!   and a zone without rates taxes nothing.
//! - Amounts are minor units of one currency, after discounts, and never negative: what is given back follows from what
//!   was recorded, not from a question with the sign turned.

mod answer;
mod compute;
mod concern;
mod exemption;
mod items;
mod plans;
mod provider;
mod question;
mod rates;
mod rounding;
mod rules;
pub mod vat;

#[cfg(test)]
mod tests;

pub use crate::kernel::tax_class::{InvalidTaxClass, TaxClass};
pub use answer::{LineRate, RateSum, TaxReason, TaxSource, Taxed, TaxedLine, ZoneName};
pub use compute::{TaxError, tax};
pub use concern::Missing;
pub use exemption::{Exemption, NotExempt, RefusedExemption};
pub use provider::{
    ProviderAnswer, ProviderFallback, ProviderLine, ProviderOutcome, ProviderRate, UnknownProviderFallback, settle,
};
pub use question::{MOST_LINES, RoundingPer, ShippingCharge, ShippingTax, TaxLine, TaxQuestion, UnknownRoundingPer};
pub(crate) use question::{is_yes, yes};
pub use rules::{CrossBorder, InvalidTaxRules, MOST_RATES, MOST_ZONES, RateFault, TaxRate, TaxRules, TaxZone};
