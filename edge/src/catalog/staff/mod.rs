//! What the merchant's own requests have in common.

pub mod http;
