//! The catalog: products as they are imported, variants as they are offered.

mod filter;
pub mod import;
mod known;
mod offer;
mod order;
pub mod tree;
mod upsert;

pub use filter::{InvalidPriceBound, PriceBound};
pub use known::{KnownImage, KnownProduct, KnownVariant};
#[cfg(test)]
pub(crate) use offer::tests::offer as offer_for_tests;
pub use offer::{Availability, Offer};
pub use order::{LAST_PLACE, ProductOrder, UNPLACED, UnknownProductOrder};
pub use upsert::{Upsert, option_key, upsert};
