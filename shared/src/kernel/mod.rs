//! What every context may import: ids, money, areas, quantities, text types, time, pages, rate limits.
//!
//! Each type is valid by construction: the only ways in are a constructor or `FromStr`/`TryFrom`, and serde
//! goes through the same door, so a bad value in a request body answers with the same sentence.

#[macro_use]
mod text;

pub mod address;
pub mod area;
pub mod card_number;
pub mod country;
pub mod email;
pub mod gcra;
pub mod handle;
pub mod html;
pub mod id;
pub mod line;
pub mod locale;
pub mod money;
pub mod order;
pub mod page;
pub mod quantity;
pub mod report;
pub mod sku;
pub mod tax_class;
pub mod time;
