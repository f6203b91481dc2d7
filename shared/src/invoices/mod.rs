//! Invoices and credit notes: what an order has cost, and what of it was given back, written down once and for all.
//!
//! A document never changes. What is wrong with an invoice is put right by a credit note, which names it; all credit notes
//! of an invoice come to no more than it does. Numbers count within a series, without gaps (Council Directive 2006/112/EC,
//! article 226 (2): "a sequential number, based on one or more series, which uniquely identifies the invoice").

mod credit;
mod document;
mod series;

pub use credit::{Beyond, Part, Wanted, all_left, credited, parts};
pub use document::{Document, Item, Kind, Language, Seller, TaxSum, Tender, sums};
pub use series::{InvalidSeries, MOST_DIGITS, Series};
