//! The decision which part of an order is paid by gift cards, which by store credit, and what is left to be paid.

use super::Account;
use crate::kernel::id::{AccountId, GiftCardId};
use crate::kernel::money::{Money, MoneyError};

/// A gift card that can be used, with what is on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardFunds {
    pub id: GiftCardId,
    pub balance: Money,
}

/// What a customer wants used of the own store credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditFunds {
    pub account: AccountId,
    /// In the order's currency.
    pub balance: Money,
    /// `None`: as much as there is and is needed.
    pub wanted: Option<Money>,
}

/// A part of what an order comes to, and who pays it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tender {
    pub account: Account,
    /// Above zero.
    pub amount: Money,
}

/// How an order is paid: the tenders and `due` add up to its total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The cards in the order in which they were entered, then the credit. Who pays nothing is not among them.
    pub tenders: Vec<Tender>,
    /// What is left to be paid otherwise.
    pub due: Money,
}

/// What cannot be used as wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The card at this place among those that were entered.
    Card(usize),
    Credit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// There is no such card, or it is disabled or expired: the three are not told apart. Of credit: nobody is signed in.
    Unknown,
    /// It is in another currency than the order.
    OtherCurrency,
    /// This is all that is left of it.
    Insufficient { balance: Money },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    pub source: Source,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// All of them.
    #[error("{} of the tenders cannot be used", .0.len())]
    NotAvailable(Vec<Shortfall>),
    #[error("what is left to be paid cannot be computed: {0}")]
    Money(#[from] MoneyError),
}

/// Splits `total` over the cards, in the order in which they were entered, the credit and what is left. A card (`None`: one
/// that cannot be used) pays as much as is on it and is needed; one that is not needed pays nothing.
///
/// # Errors
/// [`SplitError`], with every card that cannot be used or has nothing on it, and with credit that is less than wanted.
pub fn split(total: Money, cards: &[Option<CardFunds>], credit: Option<CreditFunds>) -> Result<Split, SplitError> {
    let mut shortfalls = Vec::new();
    let mut split = Split { tenders: Vec::new(), due: total };
    for (at, card) in cards.iter().enumerate() {
        let problem = match card {
            None => Some(Problem::Unknown),
            Some(card) if card.balance.currency() != total.currency() => Some(Problem::OtherCurrency),
            Some(card) if card.balance.minor() <= 0 => Some(Problem::Insufficient { balance: card.balance }),
            Some(card) => {
                split.pay(Account::GiftCard(card.id), card.balance)?;
                None
            }
        };
        shortfalls.extend(problem.map(|problem| Shortfall { source: Source::Card(at), problem }));
    }
    if let Some(CreditFunds { account, balance, wanted }) = credit {
        let wanted = wanted.unwrap_or(balance);
        let problem = if wanted.currency() != total.currency() || balance.currency() != total.currency() {
            Some(Problem::OtherCurrency)
        } else if balance.minor() < wanted.minor().min(split.due.minor()) {
            Some(Problem::Insufficient { balance })
        } else {
            split.pay(Account::StoreCredit(account), wanted)?;
            None
        };
        shortfalls.extend(problem.map(|problem| Shortfall { source: Source::Credit, problem }));
    }
    if shortfalls.is_empty() { Ok(split) } else { Err(SplitError::NotAvailable(shortfalls)) }
}

impl Split {
    /// Nobody but the buyer pays anything.
    pub const fn all_due(total: Money) -> Split {
        Split { tenders: Vec::new(), due: total }
    }

    /// Takes as much of `most` as is still due.
    fn pay(&mut self, account: Account, most: Money) -> Result<(), MoneyError> {
        let minor = most.minor().min(self.due.minor());
        if 0 < minor {
            let amount = Money::new(minor, self.due.currency());
            self.due = self.due.checked_sub(amount)?;
            self.tenders.push(Tender { account, amount });
        }
        Ok(())
    }

    /// Which of the tenders there is too little for by now: of the cards that were entered, and of the credit.
    pub fn shortfalls(&self, cards: &[Option<CardFunds>], credit: Option<CreditFunds>) -> Vec<Shortfall> {
        let pays = |account: Account| self.tenders.iter().find(|tender| tender.account == account);
        let lacks = |account: Account, balance: Money| {
            let is_short = pays(account).is_some_and(|tender| balance.minor() < tender.amount.minor());
            is_short.then_some(Problem::Insufficient { balance })
        };
        let of_card = |(at, card): (usize, &Option<CardFunds>)| {
            let problem = match card {
                None => Some(Problem::Unknown),
                Some(card) => lacks(Account::GiftCard(card.id), card.balance),
            };
            problem.map(|problem| Shortfall { source: Source::Card(at), problem })
        };
        let of_credit = credit.and_then(|credit| lacks(Account::StoreCredit(credit.account), credit.balance));
        let of_credit = of_credit.map(|problem| Shortfall { source: Source::Credit, problem });
        cards.iter().enumerate().filter_map(of_card).chain(of_credit).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::money::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    fn card(number: u128, minor: i64) -> Option<CardFunds> {
        Some(CardFunds { id: GiftCardId::from_u128(number), balance: eur(minor) })
    }

    fn credit(balance: i64, wanted: Option<i64>) -> Option<CreditFunds> {
        Some(CreditFunds { account: AccountId::from_u128(1), balance: eur(balance), wanted: wanted.map(eur) })
    }

    fn amounts(split: &Split) -> (Vec<i64>, i64) {
        (split.tenders.iter().map(|tender| tender.amount.minor()).collect(), split.due.minor())
    }

    #[test]
    fn cards_pay_in_their_order_then_the_credit_and_the_rest_is_due() {
        for (total, cards, credit, expected) in [
            (100, vec![], None, (vec![], 100)),
            (100, vec![card(1, 30)], None, (vec![30], 70)),
            (100, vec![card(1, 30), card(2, 200)], credit(50, None), (vec![30, 70], 0)),
            (100, vec![card(1, 30)], credit(50, None), (vec![30, 50], 20)),
            (100, vec![card(1, 30)], credit(50, Some(20)), (vec![30, 20], 50)),
            // No more is used than is needed, whatever is wanted.
            (40, vec![card(1, 30)], credit(50, Some(20)), (vec![30, 10], 0)),
            (10, vec![], credit(50, Some(2_000)), (vec![10], 0)),
            (100, vec![], credit(0, None), (vec![], 100)),
            (0, vec![card(1, 30)], credit(50, None), (vec![], 0)),
        ] {
            let split = split(eur(total), &cards, credit).unwrap();
            assert_eq!(amounts(&split), expected, "{total} {cards:?} {credit:?}");
            assert_eq!(split.shortfalls(&cards, credit), []);
        }
    }

    #[test]
    fn everything_that_cannot_be_used_is_told_at_once() {
        let dollars = Some(CardFunds { id: GiftCardId::from_u128(2), balance: Money::new(50, Currency::USD) });
        let refused = split(eur(100), &[None, dollars, card(3, 0), card(4, 10)], credit(5, Some(6))).unwrap_err();
        let at = |source, problem| Shortfall { source, problem };
        let expected = vec![
            at(Source::Card(0), Problem::Unknown),
            at(Source::Card(1), Problem::OtherCurrency),
            at(Source::Card(2), Problem::Insufficient { balance: eur(0) }),
            at(Source::Credit, Problem::Insufficient { balance: eur(5) }),
        ];
        assert_eq!(refused, SplitError::NotAvailable(expected));
        let yen = CreditFunds {
            account: AccountId::from_u128(1),
            balance: eur(100),
            wanted: Some(Money::new(5, Currency::JPY)),
        };
        let refused = split(eur(100), &[], Some(yen)).unwrap_err();
        assert_eq!(refused, SplitError::NotAvailable(vec![at(Source::Credit, Problem::OtherCurrency)]));
    }

    #[test]
    fn what_is_gone_meanwhile_is_told_with_what_is_left() {
        let split = split(eur(100), &[card(1, 30), card(2, 40)], credit(50, None)).unwrap();
        let now = [card(1, 29), None];
        let found = split.shortfalls(&now, credit(7, None));
        let problems: Vec<_> = found.iter().map(|shortfall| (shortfall.source, shortfall.problem)).collect();
        assert_eq!(
            problems,
            [
                (Source::Card(0), Problem::Insufficient { balance: eur(29) }),
                (Source::Card(1), Problem::Unknown),
                (Source::Credit, Problem::Insufficient { balance: eur(7) }),
            ]
        );
        assert_eq!(split.shortfalls(&[card(1, 31), card(2, 40)], credit(50, None)), []);
    }

    proptest! {
        #[test]
        fn nobody_pays_more_than_they_have_and_all_pay_the_total(
            total in 0..=i64::MAX,
            cards in prop::collection::vec(0..=i64::MAX, 0..6),
            balance in 0..=i64::MAX,
            wanted in prop::option::of(1..=i64::MAX),
        ) {
            let cards: Vec<_> = (1..).zip(&cards).map(|(number, minor)| card(number, *minor)).collect();
            let credit = credit(balance, wanted);
            match split(eur(total), &cards, credit) {
                Ok(split) => {
                    let paid: i128 = split.tenders.iter().map(|tender| i128::from(tender.amount.minor())).sum();
                    prop_assert_eq!(paid + i128::from(split.due.minor()), i128::from(total));
                    prop_assert!(0 <= split.due.minor());
                    for tender in &split.tenders {
                        let most = match tender.account {
                            Account::GiftCard(id) => cards.iter().flatten().find(|card| card.id == id).unwrap().balance,
                            _ => eur(wanted.unwrap_or(balance).min(balance)),
                        };
                        prop_assert!(0 < tender.amount.minor() && tender.amount.minor() <= most.minor());
                    }
                    prop_assert_eq!(split.shortfalls(&cards, credit), vec![]);
                }
                Err(error) => {
                    let is_empty = cards.iter().flatten().any(|card| card.balance.is_zero());
                    prop_assert!(is_empty || wanted.is_some_and(|wanted| balance < wanted), "{error}");
                }
            }
        }

        #[test]
        fn no_amounts_make_it_panic(total: i64, cards in prop::collection::vec(any::<i64>(), 0..4), balance: i64, wanted: Option<i64>) {
            let cards: Vec<_> = (1..).zip(&cards).map(|(number, minor)| card(number, *minor)).collect();
            if let Ok(split) = split(eur(total), &cards, credit(balance, wanted)) {
                prop_assert!(split.tenders.iter().all(|tender| 0 < tender.amount.minor()));
            }
        }
    }
}
