//! Checkout: from a cart to an order, in one commit.

mod bargain;
mod http;
pub mod openapi;
mod quotes;
mod store;
mod usecase;

pub use http::{CheckoutBody, CheckoutLineBody, CompleteCheckoutBody, ManualPaymentBody, OpenCheckoutBody, routes};
