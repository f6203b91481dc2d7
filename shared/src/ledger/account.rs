//! What a ledger has accounts of.

use std::fmt;

use crate::kernel::id::{AccountId, GiftCardId};

/// An account of an organization's ledger; with each currency it is another one.
///
/// The balance of a gift card or of store credit is what its holder can spend: a liability of the merchant's, which is
/// never below zero. The others are where that comes from and goes to; theirs may be anything, and all balances of a
/// currency add up to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    GiftCard(GiftCardId),
    /// A customer's.
    StoreCredit(AccountId),
    /// What orders were paid with.
    Sales,
    /// What gift cards were issued for.
    Issuance,
    /// What the staff has granted, deducted or corrected.
    Adjustment,
}

impl Account {
    /// The name of its kind in the database.
    pub const fn kind(self) -> &'static str {
        match self {
            Account::GiftCard(_) => "gift-card",
            Account::StoreCredit(_) => "store-credit",
            Account::Sales => "sales",
            Account::Issuance => "issuance",
            Account::Adjustment => "adjustment",
        }
    }
}

/// Its id in the organization's ledger: the card's or the customer's, and of the others the name of the kind.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::GiftCard(id) => fmt::Display::fmt(id, f),
            Account::StoreCredit(id) => fmt::Display::fmt(id, f),
            Account::Sales | Account::Issuance | Account::Adjustment => f.pad(self.kind()),
        }
    }
}

/// Why balances moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// A gift card was issued.
    Issue,
    /// The staff has granted, deducted or corrected something.
    Adjust,
    /// An order was paid.
    Redeem,
}

impl TransactionKind {
    /// The name in the database and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            TransactionKind::Issue => "issue",
            TransactionKind::Adjust => "adjust",
            TransactionKind::Redeem => "redeem",
        }
    }
}
