//! Orders: immutable once placed.

mod http;
pub mod openapi;
mod store;

pub use http::{OrderBody, OrderLineBody, PaymentBody, routes};
pub use openapi::order_example;
pub use store::{NewOrder, by_checkout, document, document_of, insert};
