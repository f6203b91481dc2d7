//! The ledger's tables: `ledger_account`, `ledger_transaction`, `ledger_entry`, `gift_card`, `order_tender`.

pub mod card;
pub mod entry;
pub mod tender;
pub mod transaction;
pub mod verify;
