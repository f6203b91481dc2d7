//! Carts in Redis: one hash a cart, one atomic script a mutation.

mod http;
mod offers;
pub mod openapi;
pub mod script;
mod shipping;
mod store;
mod usecase;

pub use http::{AddItemBody, CartBody, CartLineBody, CreateCartBody, EnterCodesBody, SetItemBody, routes};
pub use offers::OfferCache;
pub use usecase::{Contents, contents, kept_contents};
