//! Rate limits: how many requests are let through, and whom they are counted for.
//!
//! [`Limits`] names one limit for each [`Class`] of routes and each [`Subject`] that a request is counted for.
//! A [`Bucket`] is one counter, by [`gcra`](crate::kernel::gcra), from which several units can be borrowed at
//! once.

mod bucket;
mod table;
mod text;

pub use bucket::{Bucket, Standing, Taken, Wait};
pub use table::{Class, InvalidLimits, Limits, Subject, UnknownClass, UnknownSubject};
pub use text::{InvalidLimitText, limit_of};
