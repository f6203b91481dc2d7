//! Organizations and their stores: the tenants.

mod store;
mod usecase;

pub use store::StoreSummary;
pub use usecase::{Opened, all, open_store};
