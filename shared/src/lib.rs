//! HeadlessPro's pure domain: every decision (price, stock, order state, permission), and nothing else.
//!
//! Invariants of the crate:
//! - No async, clock, randomness, SQL, HTTP, environment or files: `now`, ids and rows are arguments.
//! - No floats. Money is integer minor units with an ISO 4217 currency; arithmetic is checked.
//! - No panics: no `unwrap`, `expect` or indexing outside tests.
//! - The same bytes in give the same bytes out on native, wasm32-unknown-unknown and wasm32-wasip2,
//!   so nothing iterates a hash map.

#![cfg_attr(test, expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, which is right"))]

// Random carts are written for a crate that uses this one.
#[cfg(test)]
extern crate self as headlesspro_shared;

#[macro_use]
pub mod kernel;

pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod fraud;
pub mod identity;
pub mod inventory;
pub mod invoices;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod media;
pub mod notifications;
pub mod orders;
pub mod organizations;
pub mod payments;
pub mod pricing;
pub mod promotions;
pub mod shipping;
pub mod tax;
pub mod totals;
