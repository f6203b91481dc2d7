//! How a store ships: zones with methods, what is offered for goods and a destination, and what is taken of it.
//!
//! [`rules`] are statements for somebody else's batch of reads; [`rules_of`] what the engine asks for, with a version that
//! [`guard`] has a commit refuse by.

mod choosing;
mod http;
pub mod openapi;
mod provider;
mod settings;
mod store;
mod wire;

pub use self::http::{ChoiceBody, GroupBody, choices, groups, routes};
pub use choosing::{NotShipped, Shipment, chosen};
pub use openapi::{group_example, not_shipped, shipping_changed};
pub use provider::{Answers, NotAsked, RateProvider, RateProviders, ask};
pub use store::{RULES_STATEMENTS, StoreShipping, guard, rules, rules_of};
