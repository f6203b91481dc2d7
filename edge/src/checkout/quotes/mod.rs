//! Signed quotes: made of a cart, verified by anybody with the published keys, and honoured by the checkout that is opened
//! with one.

pub(super) mod http;
pub(super) mod openapi;
mod store;
mod usecase;

pub use usecase::{Purchase, Refused, honoured, reads, shown};
