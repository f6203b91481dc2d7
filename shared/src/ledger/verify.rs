//! Reading a ledger whole, and telling where it does not add up.
//!
//! Nothing here can happen while the database's triggers are there. This is for what somebody did without them, and for
//! whoever wants to know rather than believe.

use std::fmt;

use crate::kernel::money::Currency;
use crate::kernel::report::Report;

/// An entry as it is stored, with what its account said of itself in the same snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub account: String,
    pub currency: Currency,
    /// Counts from 1 in an account.
    pub number: i64,
    /// Minor units, as all amounts here.
    pub amount: i64,
    /// After it.
    pub balance: i64,
    pub standing: Standing,
}

/// What an account says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub balance: i64,
    /// How many entries it has.
    pub entries: i64,
}

/// Where a ledger does not add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Entries with these numbers are gone.
    Removed { account: String, currency: Currency, first: i64, last: i64 },
    /// Entries that the account knows nothing of.
    Added { account: String, currency: Currency, first: i64, last: i64 },
    /// The balance after an entry does not follow from the one before.
    Unfollowing { account: String, currency: Currency, number: i64, balance: i64, expected: i64 },
    /// The account has another balance than its last entry.
    Balance { account: String, currency: Currency, balance: i64, expected: i64 },
    /// What one transaction moved does not sum to zero.
    Unbalanced { transaction: String, currency: Currency, sum: i128 },
    /// A transaction that has moved nothing.
    Empty { transaction: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Removed { account, currency, first, last } => {
                write!(f, "{account} in {currency}: {} gone", entries(*first, *last))
            }
            Fault::Added { account, currency, first, last } => {
                write!(f, "{account} in {currency}: {} nothing to the account", entries(*first, *last))
            }
            Fault::Unfollowing { account, currency, number, balance, expected } => {
                write!(f, "{account} in {currency}: after entry {number} there are {balance}, and should be {expected}")
            }
            Fault::Balance { account, currency, balance, expected } => {
                write!(f, "{account} in {currency}: the balance is {balance}, and its entries come to {expected}")
            }
            Fault::Unbalanced { transaction, currency, sum } => {
                write!(f, "{transaction}: its entries in {currency} sum to {sum}, and not to zero")
            }
            Fault::Empty { transaction } => write!(f, "{transaction}: it has no entries"),
        }
    }
}

fn entries(first: i64, last: i64) -> String {
    if first == last { format!("entry {first} is") } else { format!("entries {first} to {last} are") }
}

/// Takes an organization's entries by account, currency and number; and its transactions, each with what it moved.
#[derive(Debug, Default)]
pub struct Verifier {
    account: Option<Posted>,
    transaction: Option<Moving>,
    report: Report<Fault>,
}

/// A transaction whose entries are being added up.
#[derive(Debug)]
struct Moving {
    id: String,
    sums: Vec<(Currency, i128)>,
}

impl Verifier {
    /// The next entry.
    pub fn entry(&mut self, entry: Posted) {
        self.report.row();
        let is_of_last =
            |last: &Posted| (last.account.as_str(), last.currency) == (entry.account.as_str(), entry.currency);
        if !self.account.as_ref().is_some_and(is_of_last) {
            self.end_account();
        }
        let (last, before) = self.account.as_ref().map_or((0, 0), |last| (last.number, last.balance));
        let next = last.saturating_add(1);
        let (account, currency) = (entry.account.clone(), entry.currency);
        if next < entry.number {
            // What was before it is not known.
            let last = entry.number.saturating_sub(1);
            self.report.fault(Fault::Removed { account, currency, first: next, last });
        } else {
            let expected = before.saturating_add(entry.amount);
            if expected != entry.balance {
                let (number, balance) = (entry.number, entry.balance);
                self.report.fault(Fault::Unfollowing { account, currency, number, balance, expected });
            }
        }
        self.account = Some(entry);
    }

    /// An account without any entry.
    pub fn untouched(&mut self, account: String, currency: Currency, standing: Standing) {
        if 0 < standing.entries {
            self.report.fault(Fault::Removed { account, currency, first: 1, last: standing.entries });
        } else if standing.balance != 0 {
            self.report.fault(Fault::Balance { account, currency, balance: standing.balance, expected: 0 });
        }
    }

    /// The next transaction, whose entries follow.
    pub fn transaction(&mut self, id: &str) {
        self.end_transaction();
        self.transaction = Some(Moving { id: id.to_owned(), sums: Vec::new() });
    }

    /// An entry of the transaction that was told last.
    pub fn moved(&mut self, currency: Currency, amount: i64) {
        let Some(moving) = &mut self.transaction else { return };
        let amount = i128::from(amount);
        match moving.sums.iter_mut().find(|(of, _)| *of == currency) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => moving.sums.push((currency, amount)),
        }
    }

    pub fn finish(mut self) -> Report<Fault> {
        self.end_account();
        self.end_transaction();
        self.report
    }

    fn end_account(&mut self) {
        let Some(Posted { account, currency, number, balance, standing, .. }) = self.account.take() else { return };
        let next = number.saturating_add(1);
        if number < standing.entries {
            self.report.fault(Fault::Removed { account, currency, first: next, last: standing.entries });
        } else if standing.entries < number {
            let first = standing.entries.saturating_add(1);
            self.report.fault(Fault::Added { account, currency, first, last: number });
        } else if balance != standing.balance {
            self.report.fault(Fault::Balance { account, currency, balance: standing.balance, expected: balance });
        }
    }

    fn end_transaction(&mut self) {
        let Some(Moving { id, sums }) = self.transaction.take() else { return };
        if sums.is_empty() {
            self.report.fault(Fault::Empty { transaction: id });
            return;
        }
        for (currency, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            self.report.fault(Fault::Unbalanced { transaction: id.clone(), currency, sum });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An account's entries, right in every way.
    fn account(name: &str, amounts: &[i64]) -> Vec<Posted> {
        let mut balance = 0;
        let mut entries: Vec<Posted> = (1..)
            .zip(amounts)
            .map(|(number, amount)| {
                balance += amount;
                let standing = Standing { balance: 0, entries: 0 };
                let account = name.to_owned();
                Posted { account, currency: Currency::EUR, number, amount: *amount, balance, standing }
            })
            .collect();
        let standing = Standing { balance, entries: i64::try_from(amounts.len()).unwrap() };
        entries.iter_mut().for_each(|entry| entry.standing = standing);
        entries
    }

    fn faults(entries: &[Posted]) -> Vec<String> {
        let mut verifier = Verifier::default();
        entries.iter().for_each(|entry| verifier.entry(entry.clone()));
        verifier.finish().faults.iter().map(Fault::to_string).collect()
    }

    proptest! {
        #[test]
        fn what_the_triggers_write_adds_up(
            accounts in prop::collection::vec(prop::collection::vec(-1_000_000i64..1_000_000, 0..20), 0..5),
        ) {
            let named = accounts.iter().enumerate().flat_map(|(at, amounts)| account(&format!("account {at}"), amounts));
            prop_assert_eq!(faults(&named.collect::<Vec<_>>()), Vec::<String>::new());
        }

        #[test]
        fn whatever_is_taken_away_or_changed_is_told(
            amounts in prop::collection::vec((1i64..1_000).prop_flat_map(|most| -most..=most), 1..20),
            at in any::<prop::sample::Index>(), by in 1i64..1_000, what in 0..4,
        ) {
            let whole = account("card", &amounts);
            let (at, mut wrong) = (at.index(whole.len()), whole.clone());
            match what {
                0 => { wrong.remove(at); }
                1 => wrong[at].amount += by,
                2 => wrong[at].balance += by,
                _ => wrong.iter_mut().for_each(|entry| entry.standing.balance += by),
            }
            // Of an account with one entry nothing is left to show its loss: that is told by `untouched`.
            prop_assert!(!faults(&wrong).is_empty() || wrong.is_empty());
        }
    }

    #[test]
    fn each_fault_is_told_in_words() {
        let whole = account("card", &[500, -200, -100]);
        let but = |change: &dyn Fn(&mut Vec<Posted>)| {
            let mut entries = whole.clone();
            change(&mut entries);
            faults(&entries)
        };
        assert_eq!(but(&|entries| drop(entries.remove(0))), ["card in EUR: entry 1 is gone"]);
        assert_eq!(but(&|entries| entries.truncate(1)), ["card in EUR: entries 2 to 3 are gone"]);
        assert_eq!(
            but(&|entries| entries[1].balance = 400),
            [
                "card in EUR: after entry 2 there are 400, and should be 300",
                "card in EUR: after entry 3 there are 200, and should be 300",
            ]
        );
        let counted = Standing { balance: 300, entries: 2 };
        assert_eq!(
            but(&|entries| entries.iter_mut().for_each(|entry| entry.standing = counted)),
            ["card in EUR: entry 3 is nothing to the account"]
        );
        let richer = Standing { balance: 900, entries: 3 };
        assert_eq!(
            but(&|entries| entries.iter_mut().for_each(|entry| entry.standing = richer)),
            ["card in EUR: the balance is 900, and its entries come to 200"]
        );

        let mut verifier = Verifier::default();
        verifier.untouched("credit".to_owned(), Currency::EUR, Standing { balance: 5, entries: 0 });
        verifier.untouched("sales".to_owned(), Currency::JPY, Standing { balance: 5, entries: 1 });
        for (transaction, amounts) in [("one", &[5, -5][..]), ("two", &[i64::MAX, i64::MAX]), ("three", &[])] {
            verifier.transaction(transaction);
            amounts.iter().for_each(|amount| verifier.moved(Currency::EUR, *amount));
        }
        let told: Vec<String> = verifier.finish().faults.iter().map(Fault::to_string).collect();
        assert_eq!(
            told,
            [
                "credit in EUR: the balance is 5, and its entries come to 0",
                "sales in JPY: entry 1 is gone",
                "two: its entries in EUR sum to 18446744073709551614, and not to zero",
                "three: it has no entries",
            ]
        );
    }
}
