//! What shipping costs, before there is a checkout.

pub mod http;
pub mod openapi;
mod usecase;
