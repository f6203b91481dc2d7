//! Invoices and credit notes: what an order has cost, written down once, under numbers without gaps.
//!
//! A document is drawn up from the order as it is kept and never again: neither the merchant's settings nor what becomes of
//! the order changes it. HTML and PDF are made from it whenever somebody reads them.

mod drawing;
mod html;
mod http;
mod issuing;
pub mod openapi;
mod pdf;
mod settings;
mod store;
mod words;

pub use http::routes;
