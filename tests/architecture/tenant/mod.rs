//! A tenant is not optional: every statement in the source keeps to one.

mod bindings;
mod cases;
pub mod check;
pub mod literals;
mod rule;
pub mod schema;
