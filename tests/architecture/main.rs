//! The design's rules, asserted on the source: who may import whom, a tenant in every statement, the size
//! and names of files, the reasons of dependencies, and the plans of queries.
#![expect(clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

mod addresses;
mod dependencies;
mod devices;
mod files;
mod filled_rules;
mod handles;
mod imports;
mod manifests;
mod plans;
mod price_books;
mod product_filters;
mod product_lists;
mod purges;
mod requests;
mod shipping_rules;
mod steps;
mod taxonomy_lists;
mod tenant;
mod triggers;

#[path = "../support/secrets.rs"]
mod secrets;
#[path = "../support/source.rs"]
mod source;
