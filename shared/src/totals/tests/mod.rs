//! What holds for every cart, and cases with their sources.

mod always;
mod cases;
pub(super) mod random;
