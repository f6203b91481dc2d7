//! Gift cards: issued, disabled and corrected by the staff, spent by whoever knows the code.

pub mod http;
pub mod openapi;
mod usecase;
