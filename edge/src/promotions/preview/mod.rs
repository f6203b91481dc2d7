//! What a promotion would take off a cart, and why.

pub mod http;
mod usecase;
