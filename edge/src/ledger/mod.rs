//! Gift cards and store credit: accounts of a double-entry ledger, which orders are paid from.
//!
//! A balance moves by a row of `ledger_transaction` alone: triggers post its entries and refuse it where they do not sum to
//! zero or a holder would be below zero. What pays for an order is posted in the commit that places it.

mod cards;
mod credit;
mod http;
pub mod openapi;
mod store;
mod tenders;
mod verifying;
mod wire;
mod writing;

pub use http::routes;
pub use openapi::{tenders_example, unusable_example};
pub use store::tender::give_back;
pub use tenders::{Credit, Tenders, Unusable, Wanted};
pub use verifying::verify;
pub use wire::{TenderBody, TendersNotAvailableBody, positive, tenders, tenders_not_available};
