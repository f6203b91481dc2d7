//! The tables `payment`, `payment_attempt`, `payment_event`, `payment_provider`, `refund` and `sandbox_payment`.

pub mod books;
pub mod payment;
pub mod provider;
pub mod refund;
pub mod sandbox;
