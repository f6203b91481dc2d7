//! Checkout: from a cart to an order, in one commit.

mod http;
pub mod openapi;
mod store;
mod usecase;

pub use http::{CheckoutBody, CheckoutLineBody, CompleteCheckoutBody, ManualPaymentBody, OpenCheckoutBody, routes};
