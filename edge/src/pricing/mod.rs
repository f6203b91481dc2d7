//! Prices beside the catalog's own: price lists, customer groups, exchange rates.
//!
//! [`book`] is read in somebody else's round trip, and `headlesspro_shared::pricing` answers from it. Every write here
//! raises the store's version, so that whoever has read a book commits with [`guard`] only what it still says; when a list
//! begins or ends by itself, the book says.

mod groups;
mod http;
mod lists;
pub mod openapi;
mod rates;
mod rules;
mod settings;
mod store;
pub mod wire;
mod writing;

pub use http::routes;
pub use store::book::{BOOK_STATEMENTS, Book, book, book_of};
pub use store::group::guard as guard_groups;
pub use store::list::DELETED_LISTS;
pub use store::setting::guard;
pub use writing::page;
