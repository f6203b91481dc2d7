//! The tables `promotion`, `promotion_code`, `promotion_group`, `promotion_group_set`, `promotion_customer` and
//! `promotion_redemption`.

mod book;
mod redemption;

pub use book::{BOOK_STATEMENTS, book, book_of};
pub use redemption::{Exhausted, Spent, exhausted, exhausted_of, redeem};
