//! Customers who are exempt from tax: the certificates that a store has of them.
//!
//! In carts, checkouts and orders a certificate goes by its id. Its number and the note may be a person's: they are
//! sealed, and opened for whoever manages them, for the order that was made by one, and for the provider that is asked.

pub mod http;
pub mod openapi;
pub mod store;
mod usecase;
