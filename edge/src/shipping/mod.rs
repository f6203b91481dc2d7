//! How a store ships: zones with methods, and what is offered for goods and a destination.

mod http;
pub mod openapi;
mod store;
mod usecase;
mod wire;

pub use self::http::routes;
