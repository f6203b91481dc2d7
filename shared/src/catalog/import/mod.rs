//! Import of Shopify's product CSV, in both generations of its header.
//!
//! [`ImportReader`] turns any [`std::io::Read`] into products, one at a time: the rows of one handle stand
//! together, so no more than one product is ever in memory (and 32 bytes or so for each handle that was seen, to
//! tell a handle that comes back). Rows with errors are listed with line, column and reason; the product they
//! belong to is left out as a whole, and all others go on.
//!
//! Nothing is rounded or guessed: money is decimal text, and a text that is not one is refused.

mod cell;
mod encoding;
mod error;
mod group;
mod header;
mod image;
mod parsed;
mod problems;
mod reader;
mod row;
mod rows;
mod status;
mod synthesis;
mod variant;
mod weight;

#[cfg(test)]
mod tests;

pub(super) use group::split_tags;
pub(super) use header::Column;
pub(super) use image::check_image_url;
pub(super) use synthesis::synthesise;

pub use encoding::{EncodingError, check_encoding};
pub use error::ImportError;
pub use parsed::{Parsed, ParsedImage, ParsedProduct, ParsedVariant, ProductOption};
pub use problems::{RowError, RowWarning};
pub use reader::ImportReader;
pub use status::{InvalidProductStatus, ProductStatus};
pub use weight::{InvalidWeightUnit, WeightUnit};
