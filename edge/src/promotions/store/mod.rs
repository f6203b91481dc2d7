//! The tables `promotion`, `promotion_code`, `promotion_group`, `promotion_group_set`, `promotion_customer`,
//! `promotion_redemption` and `promotion_standing`.

mod book;
mod redemption;
mod standing;

pub use book::{BOOK_STATEMENTS, book, book_of};
pub use redemption::redeem;
pub use standing::{Standing, guard, standing, standing_of};
