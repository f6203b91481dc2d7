//! The catalog: products as they are given, variants as they are offered.

pub mod attribute;
pub mod export;
pub mod fieldset;
mod filter;
mod freshness;
pub mod import;
mod offer;
mod order;
mod price;
mod prior;
mod purge;
pub mod rule;
pub mod sitemap;
pub mod source;
pub mod tree;

pub use filter::{InvalidPriceBound, PriceBound};
pub use freshness::Freshness;
#[cfg(test)]
pub(crate) use offer::tests::offer as offer_for_tests;
pub use offer::{Availability, Offer};
pub use order::{LAST_PLACE, ProductOrder, UnknownProductOrder};
pub use price::HIGHEST_PRICE;
pub use prior::{WINDOW_MILLIS, lowest_before};
pub use purge::{FIRST_LEASE_MILLIS, LEASE_MILLIS, PURGE_WORTH_MILLIS, next_purge};
