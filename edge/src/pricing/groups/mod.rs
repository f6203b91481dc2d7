//! Customers whom a merchant treats alike: wholesale, staff, members.

pub mod http;
pub mod openapi;
pub mod usecase;
