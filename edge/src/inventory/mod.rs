//! Stock: how many units of a variant can be sold, guarded by the database.

mod store;

pub use store::{Level, set_levels, take};
