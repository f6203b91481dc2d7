//! The audit log as a chain: each row's hash depends on the row before it.

mod chain;

pub use chain::{Digest, Fault, Head, Link, Verifier};
