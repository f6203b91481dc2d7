//! Organizations and their stores: the tenants.

pub mod openapi;

mod health;
mod http;
mod impersonations;
mod invitations;
mod members;
mod operator;
mod roles;
pub mod script;
mod settings;
mod sign_up;
mod store;
mod usecase;

pub use http::{answer, changed_meanwhile, nothing, page_answer, routes, version_mismatch, versioned};
pub use operator::{Act, OperatorError, PlanChange, act, organization, organizations};
pub use store::plan::{OrganizationSummary, OwnerState};
pub use store::settings::{MoneyRules, Organization, locales, locales_of, money_rules, money_rules_of};
pub use store::tenant::StoreSummary;
pub use usecase::{Opened, all, open_store};
