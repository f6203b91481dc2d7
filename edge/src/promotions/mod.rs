//! Promotions: what a merchant gives away, and to whom. The pure engine says what they come to; here they are kept, read
//! for a basket and counted where an order has them.

mod codes;
mod groups;
mod http;
pub mod openapi;
mod preview;
mod store;
mod usecase;
pub mod wire;

pub use http::routes;
pub use store::promotion::DELETED;
pub use store::{BOOK_STATEMENTS, Standing, book, book_of, give_back, guard, redeem, standing, standing_of};
