//! How a store taxes: settings, and zones with rates.
//!
//! [`rules`] are statements for somebody else's batch of reads; [`rules_of`] what the engine asks for, with a version that
//! [`guard`] has a commit refuse by.

mod exemptions;
mod http;
pub mod openapi;
mod provider;
mod store;
mod usecase;
mod wire;
mod zones;

pub use self::http::routes;
pub use exemptions::http::UsedExemption;
pub use exemptions::store::{Held, guard as guard_exemptions, held, held_of};
pub use provider::{TaxProvider, ask};
pub use store::{RULES_STATEMENTS, StoreTaxes, guard, rules, rules_of, text_of};
pub use zones::http::{ZoneWire, routes as zone_routes};
pub use zones::openapi::{Described, operations as zone_operations};
pub use zones::usecase::NewZone;
pub use zones::wire::{AreaBody, PlaceBody, ShippingTaxBody, each, rule_id, zone as parse_zone};
pub use zones::{Ruled, Zone, ZoneSql, ZoneWords};
