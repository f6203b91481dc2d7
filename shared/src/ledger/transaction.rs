//! What a ledger moves at once.

use std::collections::BTreeMap;

use super::{Account, TransactionKind};
use crate::kernel::money::{Currency, Money};

/// The most that a card or a customer can have, in minor units: what every client of the API reads exactly.
pub const MOST_BALANCE: i64 = 9_007_199_254_740_991;

/// What a gift card may be issued with, in minor units: whoever finds its code can spend it, and a digit too many is typed
/// soon.
pub const MOST_ISSUED: i64 = 1_000_000_000;

/// What one account is given (above zero) or loses (below zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    pub amount: Money,
}

/// Entries that sum to zero in each currency: at most one for an account in a currency, and none of zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    kind: TransactionKind,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    #[error("the entries in {0} do not sum to zero")]
    Unbalanced(Currency),
    #[error("nothing is moved")]
    Empty,
    #[error("the amounts are too large")]
    Overflow,
}

impl Transaction {
    /// Adds up what concerns the same account.
    ///
    /// # Errors
    /// [`LedgerError`] where entries do not sum to zero, move nothing, or add up to more than can be counted.
    pub fn of(kind: TransactionKind, entries: impl IntoIterator<Item = Entry>) -> Result<Transaction, LedgerError> {
        let mut amounts: BTreeMap<(Account, Currency), i64> = BTreeMap::new();
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for Entry { account, amount } in entries {
            let (currency, minor) = (amount.currency(), amount.minor());
            let sum = amounts.entry((account, currency)).or_default();
            *sum = sum.checked_add(minor).ok_or(LedgerError::Overflow)?;
            let total = sums.entry(currency).or_default();
            *total = total.checked_add(i128::from(minor)).ok_or(LedgerError::Overflow)?;
        }
        if let Some((currency, _)) = sums.iter().find(|(_, sum)| **sum != 0) {
            return Err(LedgerError::Unbalanced(*currency));
        }
        amounts.retain(|_, minor| *minor != 0);
        if amounts.is_empty() {
            return Err(LedgerError::Empty);
        }
        let entry = |((account, currency), minor)| Entry { account, amount: Money::new(minor, currency) };
        Ok(Transaction { kind, entries: amounts.into_iter().map(entry).collect() })
    }

    /// Moves `amount` into `account`, out of `from`; below zero, the other way round.
    ///
    /// # Errors
    /// [`LedgerError::Empty`] for zero, [`LedgerError::Overflow`] for what has no opposite.
    pub fn between(
        kind: TransactionKind,
        account: Account,
        from: Account,
        amount: Money,
    ) -> Result<Transaction, LedgerError> {
        let opposite = amount.checked_neg().map_err(|_| LedgerError::Overflow)?;
        Transaction::of(kind, [Entry { account, amount }, Entry { account: from, amount: opposite }])
    }

    pub const fn kind(&self) -> TransactionKind {
        self.kind
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::id::{AccountId, GiftCardId};

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn what_does_not_sum_to_zero_is_no_transaction() {
        let card = Account::GiftCard(GiftCardId::from_u128(1));
        let of = |entries: &[(Account, Money)]| {
            let entries = entries.iter().map(|(account, amount)| Entry { account: *account, amount: *amount });
            Transaction::of(TransactionKind::Adjust, entries)
        };
        assert_eq!(of(&[(card, eur(5))]), Err(LedgerError::Unbalanced(Currency::EUR)));
        let dollars = Money::new(-5, Currency::USD);
        assert_eq!(of(&[(card, eur(5)), (Account::Sales, dollars)]), Err(LedgerError::Unbalanced(Currency::EUR)));
        assert_eq!(of(&[]), Err(LedgerError::Empty));
        assert_eq!(of(&[(card, eur(5)), (card, eur(-5))]), Err(LedgerError::Empty));
        assert_eq!(of(&[(card, eur(i64::MAX)), (card, eur(1))]), Err(LedgerError::Overflow));
        let merged = of(&[(card, eur(2)), (Account::Sales, eur(-5)), (card, eur(3))]).unwrap();
        let amounts: Vec<i64> = merged.entries().iter().map(|entry| entry.amount.minor()).collect();
        assert_eq!(amounts, [5, -5]);
        let most = Transaction::between(TransactionKind::Issue, card, Account::Issuance, eur(i64::MIN));
        assert_eq!(most, Err(LedgerError::Overflow));
    }

    /// What an organization does with two cards and a customer's credit: issue, adjust, redeem.
    fn any_operation() -> impl Strategy<Value = (TransactionKind, Account, Account, Money)> {
        let holders = [1, 2].map(GiftCardId::from_u128).map(Account::GiftCard).to_vec();
        let holders = [holders, vec![Account::StoreCredit(AccountId::from_u128(1))]].concat();
        let kinds = vec![
            (TransactionKind::Issue, Account::Issuance),
            (TransactionKind::Adjust, Account::Adjustment),
            (TransactionKind::Redeem, Account::Sales),
        ];
        let currencies = vec![Currency::EUR, Currency::JPY];
        (prop::sample::select(holders), prop::sample::select(kinds), any::<i64>(), prop::sample::select(currencies))
            .prop_map(|(holder, (kind, from), minor, currency)| (kind, holder, from, Money::new(minor, currency)))
    }

    proptest! {
        #[test]
        fn a_ledger_sums_to_zero_whatever_is_done_in_whichever_order(
            operations in prop::collection::vec(any_operation(), 0..60),
        ) {
            let mut balances: BTreeMap<(Account, Currency), i64> = BTreeMap::new();
            for (kind, holder, from, amount) in operations {
                let Ok(transaction) = Transaction::between(kind, holder, from, amount) else {
                    prop_assert!(amount.is_zero() || amount.minor() == i64::MIN);
                    continue;
                };
                prop_assert_eq!(transaction.kind(), kind);
                // As the database does: all of it, or where a holder would be below zero or it overflows, nothing.
                let mut after = balances.clone();
                let is_done = transaction.entries().iter().all(|entry| {
                    let balance = after.entry((entry.account, entry.amount.currency())).or_default();
                    let sum = balance.checked_add(entry.amount.minor());
                    *balance = sum.unwrap_or_default();
                    let is_liability = matches!(entry.account, Account::GiftCard(_) | Account::StoreCredit(_));
                    sum.is_some_and(|sum| !is_liability || (0..=MOST_BALANCE).contains(&sum))
                });
                if is_done {
                    balances = after;
                }
            }
            for currency in [Currency::EUR, Currency::JPY] {
                let of_currency = balances.iter().filter(|((_, of), _)| *of == currency);
                prop_assert_eq!(of_currency.map(|(_, balance)| i128::from(*balance)).sum::<i128>(), 0);
            }
        }

        #[test]
        fn any_entries_are_refused_or_sum_to_zero(minors in prop::collection::vec(any::<i64>(), 0..6)) {
            let entries = minors.iter().enumerate().map(|(at, minor)| Entry {
                account: Account::GiftCard(GiftCardId::from_u128(u128::try_from(at % 3).unwrap())),
                amount: eur(*minor),
            });
            if let Ok(transaction) = Transaction::of(TransactionKind::Adjust, entries) {
                let sum: i128 = transaction.entries().iter().map(|entry| i128::from(entry.amount.minor())).sum();
                prop_assert_eq!(sum, 0);
                prop_assert!(transaction.entries().iter().all(|entry| !entry.amount.is_zero()));
            }
        }
    }
}
