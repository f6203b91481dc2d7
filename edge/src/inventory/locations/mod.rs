//! Where a store keeps what it sells: warehouses, shops.

pub mod http;
pub mod openapi;
pub mod store;
mod usecase;
