//! Payments: who takes them, and how an order that waits for one comes to its end.
//!
//! A provider is never called inside a commit. The order is placed first, pending, with its stock held; then its provider is
//! asked, under keys that follow from the payment's id; then a second commit goes on with the order, or gives back what it
//! holds. Whoever dies in between leaves a row that a repeat, a return, a webhook and the sweeper each go on from: they
//! follow the same rule, [`headlesspro_shared::payments::next`], and of two that decide at once one does.

mod beginning;
mod deciding;
mod desk;
mod hearing;
mod http;
mod moving;
pub mod openapi;
mod providers;
mod reconciling;
mod refunding;
mod settings;
mod signature;
mod store;
mod sweeping;

pub use beginning::{Chosen, NotPayable, Provided, begin, reads, resume};
pub use http::routes;
pub use moving::{MoveError, go_on};
pub use openapi::{MOST_SQL, changing, pending_order_example};
pub use providers::Means;
pub use reconciling::{post, reconcile, stripe_accounts};
pub use store::books::StripeAccount;
pub use store::refund::{Refund, list as refunds, refunds_of};
pub use sweeping::sweep_all;
