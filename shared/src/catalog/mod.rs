//! The catalog: products as they are given, variants as they are offered.

pub mod attribute;
pub mod export;
mod filter;
pub mod import;
mod offer;
mod order;
mod price;
mod prior;
pub mod rule;
pub mod sitemap;
pub mod source;
pub mod tree;

pub use filter::{InvalidPriceBound, PriceBound};
#[cfg(test)]
pub(crate) use offer::tests::offer as offer_for_tests;
pub use offer::{Availability, Offer};
pub use order::{LAST_PLACE, ProductOrder, UNPLACED, UnknownProductOrder};
pub use prior::{WINDOW_MILLIS, lowest_before};
