//! Collections: products that the merchant chose, or that meet a rule.

pub mod http;
pub mod openapi;
pub mod usecase;
