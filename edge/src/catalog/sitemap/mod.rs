//! Sitemaps: the pages of a storefront for search engines, in pages of 50,000.

pub mod http;
pub mod openapi;
mod usecase;
