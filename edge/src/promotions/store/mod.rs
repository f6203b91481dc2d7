//! The tables `promotion`, `promotion_code`, `promotion_group`, `promotion_group_set`, `promotion_customer`,
//! `promotion_redemption` and `promotion_standing`.

mod book;
pub mod code;
pub mod group;
pub mod promotion;
mod redeemed;
mod redemption;
mod standing;

pub use book::{BOOK_STATEMENTS, book, book_of, groups, groups_of};
pub use redeemed::{Redeemed, redemptions, redemptions_of};
pub use redemption::{give_back, redeem};
pub use standing::{Standing, guard, standing, standing_of};

use crate::port::sql::Statement;

const GUARD_CHANGED: &str = "-- promotions::guard_changed
INSERT INTO violation (what) SELECT 'unchanged' WHERE changes() = 0";

/// What a page begins behind where it is the first one of a list whose newest come first: no id is behind it.
const NEWEST: &str = "~";

/// Refuses the commit when the statement before changed nothing.
pub fn guard_changed() -> Statement {
    Statement::new(GUARD_CHANGED)
}

/// Binds the page of a list whose newest come first: what it is behind, and how many are read.
fn newest_behind(statement: Statement, behind: &str, limit: i64) -> Statement {
    statement.bind(if behind.is_empty() { NEWEST } else { behind }).bind(limit)
}
