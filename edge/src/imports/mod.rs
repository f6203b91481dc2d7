//! Imports: a merchant's product file becomes catalog and stock, product by product.

mod http;
mod lot;
pub mod openapi;
mod place;
mod usecase;

pub use http::{ImportReportBody, RowProblemBody, routes};
pub use usecase::{Counts, How, Report, import};
