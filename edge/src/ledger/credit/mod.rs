//! Store credit: what the staff has granted a customer, in each currency. It is the customer's in every store of the
//! organization.

pub mod http;
pub mod openapi;
mod usecase;
