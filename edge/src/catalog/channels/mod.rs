//! Where a store sells: storefronts, marketplaces, tills. A product is published in all of them or in some.

pub mod http;
pub mod openapi;
mod usecase;
