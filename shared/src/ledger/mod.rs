//! Gift cards and store credit as accounts of a double-entry ledger, and how an order is paid from them.
//!
//! Invariants: a [`Transaction`] sums to zero in each currency; what a holder has is never below zero; nobody pays more than
//! what an order comes to. Amounts are integer minor units, and nothing is ever converted.

mod account;
mod code;
pub mod reconcile;
mod split;
pub mod stripe_report;
mod transaction;
pub mod verify;

pub use account::{Account, TransactionKind};
pub use code::{GiftCardCode, InvalidGiftCardCode, InvalidLastFour, last_four};
pub use split::{CardFunds, CreditFunds, Problem, Shortfall, Source, Split, SplitError, Tender, split};
pub use transaction::{Entry, LedgerError, MOST_BALANCE, MOST_ISSUED, Transaction};
