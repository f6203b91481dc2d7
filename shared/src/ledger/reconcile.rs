//! Holding what a provider says it has done with a merchant's money against what the ledger has posted for it.
//!
//! The provider's side is a list of movements of its balance, each with what it took for itself; ours is what was captured and
//! given back. Nothing is rounded or tolerated: whatever differs by a minor unit is told.

use std::collections::BTreeMap;
use std::fmt;

use crate::kernel::money::Currency;
use crate::kernel::report::Report;

/// What a movement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Capture,
    Refund,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Capture => "payment",
            Side::Refund => "refund",
        })
    }
}

/// A movement of the provider's balance, as its report tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The provider's id of it, once in a report.
    pub id: String,
    pub currency: Currency,
    /// Minor units; below zero, it leaves the balance.
    pub gross: i64,
    /// What the provider keeps of it.
    pub fee: i64,
    pub net: i64,
    pub of: About,
}

/// What moved the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The provider's id of the payment, or of the refund.
    Ours(Side, String),
    /// To the bank.
    Payout,
    /// A fee by itself.
    Fee,
    /// Whatever else the provider calls it.
    Other(String),
}

/// What the ledger has posted for a payment or a refund, in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub side: Side,
    pub reference: String,
    pub currency: Currency,
    /// Minor units, above zero.
    pub amount: i64,
    /// For whoever reads about it.
    pub order: String,
}

/// What differs. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The report has it under one id twice.
    Twice { id: String },
    /// It does not add up by itself.
    Net { id: String, gross: i64, fee: i64, net: i64 },
    /// The provider moved money for what the ledger knows nothing of.
    Unknown { id: String, side: Side, reference: String, currency: Currency, amount: i64 },
    /// Neither a payment, a refund, a fee nor a payout.
    Unexplained { id: String, what: String, currency: Currency, amount: i64 },
    /// The ledger has posted what the report does not have.
    Missing { side: Side, reference: String, order: String, currency: Currency, amount: i64 },
    /// In another currency.
    Currency { side: Side, reference: String, order: String, posted: Currency, reported: Currency },
    /// By so much: more than was posted above zero.
    Amount { side: Side, reference: String, order: String, currency: Currency, posted: i64, reported: i64 },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Twice { id } => write!(f, "{id}: it is in the report twice"),
            Difference::Net { id, gross, fee, net } => {
                write!(f, "{id}: {gross} less a fee of {fee} is not {net}")
            }
            Difference::Unknown { id, side, reference, currency, amount } => {
                write!(f, "{id}: {amount} {currency} of the {side} {reference}, which the ledger does not know")
            }
            Difference::Unexplained { id, what, currency, amount } => write!(f, "{id}: {amount} {currency} of {what}"),
            Difference::Missing { side, reference, order, currency, amount } => {
                write!(f, "{order}: {amount} {currency} of the {side} {reference} are not in the report")
            }
            Difference::Currency { side, reference, order, posted, reported } => {
                write!(f, "{order}: the {side} {reference} was posted in {posted}, and is reported in {reported}")
            }
            Difference::Amount { side, reference, order, currency, posted, reported } => {
                let by = i128::from(*reported).saturating_sub(i128::from(*posted));
                write!(
                    f,
                    "{order}: the {side} {reference} was posted with {posted} {currency}, and is reported with \
                    {reported}: {by}"
                )
            }
        }
    }
}

/// What a report comes to in a currency, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub captured: i128,
    pub refunded: i128,
    pub fees: i128,
    /// To the bank, above zero.
    pub paid_out: i128,
    pub other: i128,
    /// What the balance has grown by.
    pub net: i128,
}

/// What a comparison has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Movements and postings read, and what differs.
    pub report: Report<Difference>,
    pub sums: BTreeMap<Currency, Sums>,
    /// Payments and refunds that are the same on both sides.
    pub matched: u64,
}

impl Reconciled {
    /// Whether the report contradicts itself nowhere.
    pub fn is_sound(&self) -> bool {
        let contradicts = |fault: &Difference| matches!(fault, Difference::Twice { .. } | Difference::Net { .. });
        self.report.unlisted == 0 && !self.report.faults.iter().any(contradicts)
    }
}

/// What a report tells that the ledger does not know of: what the provider took for itself and sent to the bank. Each as the
/// id it is posted under, once, and how much left what the provider holds.
pub fn to_post(movements: &[Movement]) -> Vec<ToPost> {
    let of = |movement: &Movement| {
        let post = |kind, amount: i64| {
            let (currency, id) = (movement.currency, movement.id.clone());
            (amount != 0).then_some(ToPost { kind, id, currency, amount })
        };
        let of_itself = match movement.of {
            About::Payout => post(PostKind::Payout, movement.gross.saturating_neg()),
            About::Fee => post(PostKind::Fee, movement.gross.saturating_neg()),
            About::Ours(..) | About::Other(_) => None,
        };
        let fee = match movement.of {
            // One id, one posting: of a fee's own movement both are one.
            About::Fee => None,
            About::Payout | About::Ours(..) | About::Other(_) => post(PostKind::Fee, movement.fee),
        };
        of_itself.into_iter().chain(fee)
    };
    movements.iter().flat_map(of).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostKind {
    Fee,
    Payout,
}

impl PostKind {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            PostKind::Fee => "fee",
            PostKind::Payout => "payout",
        }
    }
}

/// A fee or a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToPost {
    pub kind: PostKind,
    /// The movement's.
    pub id: String,
    pub currency: Currency,
    /// Minor units that the provider holds no longer; below zero, more.
    pub amount: i64,
}

/// Compares a report with the postings of the same time.
pub fn reconcile(movements: &[Movement], postings: &[Posting]) -> Reconciled {
    let mut report = Report::default();
    let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
    let mut ids: Vec<&str> = movements.iter().map(|movement| movement.id.as_str()).collect();
    ids.sort_unstable();
    for two in ids.windows(2) {
        if let [first, second] = two
            && first == second
        {
            report.fault(Difference::Twice { id: (*first).to_owned() });
        }
    }
    // What was reported of each; a capture may come in parts.
    let mut reported: BTreeMap<(Side, &str), Vec<&Movement>> = BTreeMap::new();
    for movement in movements {
        report.row();
        let Movement { id, currency, gross, fee, net, of } = movement;
        if gross.checked_sub(*fee) != Some(*net) {
            report.fault(Difference::Net { id: id.clone(), gross: *gross, fee: *fee, net: *net });
        }
        let sums = sums.entry(*currency).or_default();
        let (gross, fee) = (i128::from(*gross), i128::from(*fee));
        sums.net = sums.net.saturating_add(i128::from(*net));
        sums.fees = sums.fees.saturating_add(fee);
        match of {
            About::Ours(side, reference) => {
                reported.entry((*side, reference.as_str())).or_default().push(movement);
                match side {
                    Side::Capture => sums.captured = sums.captured.saturating_add(gross),
                    Side::Refund => sums.refunded = sums.refunded.saturating_sub(gross),
                }
            }
            About::Payout => sums.paid_out = sums.paid_out.saturating_sub(gross),
            // As a movement it leaves the balance by itself.
            About::Fee => sums.fees = sums.fees.saturating_sub(gross),
            About::Other(what) => {
                sums.other = sums.other.saturating_add(gross);
                let (id, currency, amount) = (id.clone(), *currency, movement.gross);
                report.fault(Difference::Unexplained { id, what: what.clone(), currency, amount });
            }
        }
    }
    let mut matched = 0_u64;
    for posting in postings {
        report.row();
        let Posting { side, reference, currency, amount, order } = posting;
        let Some(movements) = reported.remove(&(*side, reference.as_str())) else {
            report.fault(Difference::Missing {
                side: *side,
                reference: reference.clone(),
                order: order.clone(),
                currency: *currency,
                amount: *amount,
            });
            continue;
        };
        if let Some(other) = movements.iter().find(|movement| movement.currency != *currency) {
            report.fault(Difference::Currency {
                side: *side,
                reference: reference.clone(),
                order: order.clone(),
                posted: *currency,
                reported: other.currency,
            });
            continue;
        }
        let gross = movements.iter().fold(0_i64, |sum, movement| sum.saturating_add(movement.gross));
        let reported = match side {
            Side::Capture => gross,
            Side::Refund => gross.saturating_neg(),
        };
        if reported == *amount {
            matched = matched.saturating_add(1);
        } else {
            report.fault(Difference::Amount {
                side: *side,
                reference: reference.clone(),
                order: order.clone(),
                currency: *currency,
                posted: *amount,
                reported,
            });
        }
    }
    for movement in reported.into_values().flatten() {
        if let About::Ours(side, reference) = &movement.of {
            report.fault(Difference::Unknown {
                id: movement.id.clone(),
                side: *side,
                reference: reference.clone(),
                currency: movement.currency,
                amount: movement.gross,
            });
        }
    }
    Reconciled { report, sums, matched }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn movement(id: &str, gross: i64, fee: i64, of: About) -> Movement {
        Movement { id: id.to_owned(), currency: Currency::EUR, gross, fee, net: gross - fee, of }
    }

    fn ours(side: Side, reference: &str) -> About {
        About::Ours(side, reference.to_owned())
    }

    fn posting(side: Side, reference: &str, amount: i64) -> Posting {
        let order = format!("order of {reference}");
        Posting { side, reference: reference.to_owned(), currency: Currency::EUR, amount, order }
    }

    fn told(movements: &[Movement], postings: &[Posting]) -> Vec<String> {
        reconcile(movements, postings).report.faults.iter().map(Difference::to_string).collect()
    }

    #[test]
    fn what_is_the_same_on_both_sides_is_counted_and_summed() {
        let movements = [
            movement("txn_1", 2_000, 88, ours(Side::Capture, "pi_1")),
            movement("txn_2", -500, 0, ours(Side::Refund, "re_1")),
            movement("txn_3", -30, 0, About::Fee),
            movement("txn_4", -1_382, 0, About::Payout),
        ];
        let postings = [posting(Side::Capture, "pi_1", 2_000), posting(Side::Refund, "re_1", 500)];
        let Reconciled { report, sums, matched } = reconcile(&movements, &postings);
        assert_eq!((report.is_unbroken(), report.rows, matched), (true, 6, 2));
        let expected = Sums { captured: 2_000, refunded: 500, fees: 118, paid_out: 1_382, other: 0, net: 0 };
        assert_eq!(sums, [(Currency::EUR, expected)].into());
        let posted: Vec<_> = to_post(&movements).into_iter().map(|post| (post.kind, post.id, post.amount)).collect();
        let post = |kind, id: &str, amount| (kind, id.to_owned(), amount);
        assert_eq!(
            posted,
            [
                post(PostKind::Fee, "txn_1", 88),
                post(PostKind::Fee, "txn_3", 30),
                post(PostKind::Payout, "txn_4", 1_382)
            ]
        );
    }

    #[test]
    fn every_cent_that_differs_is_named() {
        let mut wrong_net = movement("txn_5", 100, 3, About::Payout);
        wrong_net.net = 98;
        let mut yen = movement("txn_6", 100, 0, ours(Side::Capture, "pi_4"));
        yen.currency = Currency::JPY;
        let movements = [
            movement("txn_1", 1_999, 0, ours(Side::Capture, "pi_1")),
            movement("txn_2", 700, 0, ours(Side::Capture, "pi_2")),
            movement("txn_2", -1, 0, ours(Side::Refund, "re_9")),
            movement("txn_4", -1_500, 0, About::Other("dispute".to_owned())),
            wrong_net,
            yen,
        ];
        let postings = [
            posting(Side::Capture, "pi_1", 2_000),
            posting(Side::Capture, "pi_3", 300),
            posting(Side::Capture, "pi_4", 100),
        ];
        assert_eq!(
            told(&movements, &postings),
            [
                "txn_2: it is in the report twice",
                "txn_4: -1500 EUR of dispute",
                "txn_5: 100 less a fee of 3 is not 98",
                "order of pi_1: the payment pi_1 was posted with 2000 EUR, and is reported with 1999: -1",
                "order of pi_3: 300 EUR of the payment pi_3 are not in the report",
                "order of pi_4: the payment pi_4 was posted in EUR, and is reported in JPY",
                "txn_2: 700 EUR of the payment pi_2, which the ledger does not know",
                "txn_2: -1 EUR of the refund re_9, which the ledger does not know",
            ]
        );
    }

    proptest! {
        /// Whatever is changed on one side is told, and nothing where nothing is.
        #[test]
        fn a_change_of_any_cent_is_told(
            amounts in prop::collection::vec(1i64..1_000_000, 1..30), at in any::<prop::sample::Index>(), by in 1i64..1_000,
        ) {
            let names: Vec<String> = (0..amounts.len()).map(|at| format!("pi_{at}")).collect();
            let of = |(at, amount): (usize, &i64)| movement(&format!("txn_{at}"), *amount, 1, ours(Side::Capture, &names[at]));
            let mut movements: Vec<Movement> = amounts.iter().enumerate().map(of).collect();
            let postings: Vec<Posting> =
                names.iter().zip(&amounts).map(|(name, amount)| posting(Side::Capture, name, *amount)).collect();
            prop_assert_eq!(told(&movements, &postings), Vec::<String>::new());
            let wrong = at.index(movements.len());
            movements[wrong].gross += by;
            movements[wrong].net += by;
            prop_assert_eq!(told(&movements, &postings).len(), 1);
        }
    }
}
