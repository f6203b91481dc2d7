//! HeadlessPro at the edge: request handlers and the adapters they run on.
//!
//! [`routes::router`] is the whole API; each host under [`host`] turns its own events into requests for
//! it and gives it the ports of [`port`]. A bounded context is a module with the same name as in
//! `headlesspro-shared`, which decides; here it is loaded, committed and rendered.

pub mod app;
pub mod cache;
pub mod cart;
pub mod catalog;
pub mod checkout;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
pub mod extract;
pub mod failure;
pub mod fraud;
pub mod host;
pub mod identity;
pub mod imports;
pub mod inventory;
pub mod invoices;
pub mod jobs;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod media;
pub mod meta;
pub mod middleware;
pub mod migrate;
pub mod notifications;
pub mod openapi;
pub mod orders;
pub mod organizations;
pub mod outbound;
pub mod payments;
pub mod port;
pub mod pricing;
pub mod problem;
pub mod products;
pub mod promotions;
pub mod routes;
pub mod scripts;
pub mod shipping;
pub mod tax;
pub mod totals;
pub mod vault;
pub mod wire;
