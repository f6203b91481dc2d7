//! Checkout: from a cart to an order, in one commit.

mod bargain;
mod completing;
mod http;
pub mod openapi;
mod opening;
mod placing;
mod quotes;
mod store;
mod usecase;

pub use http::{CheckoutBody, CheckoutLineBody, CompleteCheckoutBody, OpenCheckoutBody, PaymentChoiceBody, routes};
