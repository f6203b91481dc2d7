//! What holds for every cart, and cases with their sources.

mod always;
mod cases;
mod complaints;
// As the differential run has them, which is no part of this crate.
#[path = "../../../../tests/differential/src/random.rs"]
pub(super) mod random;
