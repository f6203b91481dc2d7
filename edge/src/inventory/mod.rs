//! Stock: where it is, and how many units of a variant can be sold, guarded by the database.

mod http;
mod locations;
pub mod openapi;
mod store;
mod writing;

pub use http::routes;
pub use locations::store::{Location, all as all_locations, locations_of};
pub use store::{Level, release, set_levels, take};
