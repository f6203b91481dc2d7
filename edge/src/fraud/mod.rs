//! Fraud: a store's rules, how often buyers were seen, and the orders that a person looks at.
//!
//! A checkout is judged before its commit ([`judge_at_checkout`]): one that is blocked makes no order ([`tell_blocked`]), one
//! that is to be looked at makes its order and a review in one commit ([`open_review`]). Without a rule that counts, Redis is
//! not asked.

mod http;
mod judging;
pub mod openapi;
mod reviews;
pub mod script;
mod settings;
mod store;
mod wire;

pub use http::routes;
pub use judging::{Attempt, Judged, judge_at_checkout, open_review, tell_blocked};
pub use store::{settings as settings_statement, settings_of};
