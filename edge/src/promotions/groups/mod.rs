//! Stacking groups: which promotions combine. The groups of a store are read and written as one.

pub mod http;
mod usecase;
