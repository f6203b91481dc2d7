//! Inventory: where stock is kept.

mod coordinates;

pub use coordinates::{Coordinates, NotOnEarth};
