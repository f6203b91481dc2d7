//! Organizations and their stores: the tenants.

pub mod openapi;

mod http;
mod impersonations;
mod invitations;
mod members;
mod roles;
mod settings;
mod store;
mod usecase;

pub use http::routes;
pub use store::tenant::StoreSummary;
pub use usecase::{Opened, all, open_store};
