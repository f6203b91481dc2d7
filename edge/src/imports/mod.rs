//! Imports: a merchant's product file becomes catalog and stock, product by product.

mod http;
mod lot;
pub mod openapi;
mod usecase;

pub use http::{ImportReportBody, RowProblemBody, routes};
pub use usecase::{Counts, Report, import};
