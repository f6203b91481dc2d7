//! Prices: what one unit of a variant costs a buyer at a moment, and why.
//!
//! The catalog holds a variant's price in each currency. Price lists change it for some buyers, channels, quantities
//! or times, and exchange rates bring it into currencies that the merchant has set no price in. [`resolve`] answers
//! one [`PriceQuestion`] from one [`PriceBook`]; [`explain`] answers the same and says what became of every list.
//!
//! How one price is picked:
//! 1. A list takes part while it is active, within its window (start included, end not) and meant for the channel, one
//!    of the buyer's groups and the currency. It gives one price: see [`PriceList`].
//! 2. The regular price is that of the override list of the highest priority, even where it is above the catalog's;
//!    without one it is the catalog's.
//! 3. Of the sale lists whose priority is not below that override's and whose price is below the regular price, the
//!    one of the highest priority wins. The regular price is then what to compare with, so a sale never raises one.
//! 4. Where priorities are the same, the lower price wins; where that is too, the older list, which is the lower id.
//!
//! The order in which lists and rates are handed in makes no difference. Sale and override: those of Medusa's price
//! lists (docs.medusajs.com, "Price Lists": `type`).
//!
//! What is rounded: a price that a list adjusts, once per list, and a price that is converted, once. Each goes to the
//! [`PriceEnding`] of its currency where there is one, else to whole minor units as the question says. What comes out
//! is gross or net as the catalog's prices are.

mod bases;
mod book;
mod ending;
mod error;
mod kept;
mod list;
mod question;
mod rate;
mod rates;
mod resolve;
#[cfg(test)]
mod tests;

pub use bases::{BaseError, MOST_BASES, check_bases};
pub use book::{BookError, BookParts, PriceBook};
pub use ending::{PriceEnding, Toward, UnknownToward, ending_faults};
pub use error::PricingError;
pub use list::{ListKind, PriceList, PriceRule, RulePrice, RuleTarget, UnknownListKind};
pub use question::{BasePrice, Considered, Explanation, PriceQuestion, PriceSource, PriceStep, ResolvedPrice, Verdict};
pub use rate::{DecimalRate, ExchangeRate, InvalidDecimalRate, MOST_RATE_DECIMALS};
pub use rates::Conversion;
pub use resolve::{explain, resolve};
