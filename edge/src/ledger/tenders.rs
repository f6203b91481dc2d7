//! What pays for an order beside its payment: planned from what is there when its completion is read, and moved in the commit
//! that places it.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::id::{AccountId, GiftCardId, LedgerTransactionId, OrderId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::ledger::{
    Account, CardFunds, CreditFunds, Entry, GiftCardCode, Problem, Shortfall, Source, Split, SplitError, Transaction,
    TransactionKind, split,
};

use super::store::transaction::Posting;
use super::store::{card, tender, transaction};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::journal;
use crate::port::sql::{Commit, Rows, SqlError, Statement};
use crate::vault::Purpose;

/// What a buyer wants to pay with, beside a payment.
#[derive(Debug, Default)]
pub struct Wanted {
    /// In the order in which they were entered, each once.
    pub cards: Vec<GiftCardCode>,
    pub credit: Option<Credit>,
}

/// How much of the own store credit; `None`: as much as there is and is needed.
#[derive(Debug, Clone, Copy)]
pub struct Credit(pub Option<Money>);

/// Cards and credit that cannot be used as wanted.
#[derive(Debug)]
pub struct Unusable {
    pub shortfalls: Vec<Shortfall>,
    /// Of the codes that were entered, the last four characters.
    pub last_fours: Vec<String>,
}

impl Unusable {
    /// How many codes are those of no card that can be used.
    pub fn guesses(&self) -> usize {
        let is_guess = |shortfall: &&Shortfall| {
            matches!((shortfall.source, shortfall.problem), (Source::Card(_), Problem::Unknown))
        };
        self.shortfalls.iter().filter(is_guess).count()
    }
}

/// Who pays how much of an order.
#[derive(Debug)]
pub struct Tenders {
    wanted: Wanted,
    buyer: Option<AccountId>,
    split: Split,
    /// Of the cards, the last four characters of their codes.
    last_fours: BTreeMap<GiftCardId, String>,
}

/// What there is.
struct Funds {
    cards: Vec<Option<CardFunds>>,
    credit: Option<CreditFunds>,
}

/// The keyed hash of a card's code, in hex.
pub fn hash_of(ctx: &Ctx, code: &GiftCardCode) -> String {
    let (organization, lookup) = (ctx.tenant().organization, &ctx.app().vault.lookup);
    hex::encode(lookup.mac(organization, Purpose::GiftCard, code.canonical().as_bytes()))
}

impl Wanted {
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty() && self.credit.is_none()
    }

    /// The statements whose rows [`Tenders::plan`] takes; none where nothing is wanted.
    pub fn reads(&self, ctx: &Ctx) -> Vec<Statement> {
        if self.is_empty() {
            return Vec::new();
        }
        let account = ctx.person().filter(|_| self.credit.is_some()).map(|person| person.account);
        let tenant = ctx.tenant();
        vec![card::by_code(tenant, &self.hashes(ctx), ctx.now), transaction::balances(tenant, account)]
    }

    fn hashes(&self, ctx: &Ctx) -> Vec<String> {
        self.cards.iter().map(|code| hash_of(ctx, code)).collect()
    }

    /// The credit of `buyer`, who is no one of the staff, in the currency of `total`.
    fn funds(&self, ctx: &Ctx, buyer: Option<AccountId>, total: Money, rows: &[Rows]) -> Result<Funds, SqlError> {
        let usable = rows.first().map(card::usable_of).transpose()?.unwrap_or_default();
        let balances = rows.get(1).map(transaction::balances_of).transpose()?.unwrap_or_default();
        let of_hash = |hash: String| usable.get(&hash).map(|card| CardFunds { id: card.id, balance: card.balance });
        let balance = balances.into_iter().find(|balance| balance.currency() == total.currency());
        let credit = self.credit.zip(buyer).map(|(Credit(wanted), account)| CreditFunds {
            account,
            balance: balance.unwrap_or(Money::zero(total.currency())),
            wanted,
        });
        Ok(Funds { cards: self.hashes(ctx).into_iter().map(of_hash).collect(), credit })
    }

    fn unusable<T>(&self, shortfalls: Vec<Shortfall>) -> Result<T, Failure<Unusable>> {
        let last_fours = self.cards.iter().map(|code| code.last_four().to_owned()).collect();
        Err(Failure::Rejected(Unusable { shortfalls, last_fours }))
    }
}

impl Tenders {
    /// Nobody but the buyer pays, by a payment.
    pub fn none(total: Money) -> Tenders {
        let (wanted, last_fours) = (Wanted::default(), BTreeMap::new());
        Tenders { wanted, buyer: None, split: Split::all_due(total), last_fours }
    }

    /// Splits `total` by the rows of [`Wanted::reads`]; `has_payment`: something else pays what is left. What would be
    /// refused by what a replica says is read once more. Nobody spends the credit of whom they only act as.
    ///
    /// # Errors
    /// [`Unusable`], and those of the database.
    pub async fn plan(
        ctx: &Ctx,
        wanted: Wanted,
        buyer: Option<AccountId>,
        (total, has_payment): (Money, bool),
        rows: &[Rows],
    ) -> Result<Tenders, Failure<Unusable>> {
        let buyer = buyer.filter(|_| ctx.impersonator().is_none());
        let mut planned = planned(ctx, &wanted, buyer, total, rows);
        let is_refused = match &planned {
            Ok((split, _)) => !has_payment && !split.due.is_zero(),
            Err(failure) => matches!(failure, Failure::Rejected(_)),
        };
        if is_refused && !wanted.is_empty() && !ctx.is_current() {
            let rows = ctx.clone().reading_what_is_current().read(wanted.reads(ctx)).await?;
            planned = self::planned(ctx, &wanted, buyer, total, &rows);
        }
        let (split, last_fours) = planned?;
        Ok(Tenders { wanted, buyer, split, last_fours })
    }

    pub const fn split(&self) -> &Split {
        &self.split
    }

    /// What is left for a payment.
    pub const fn due(&self) -> Money {
        self.split.due
    }

    pub fn last_four_of(&self, card: GiftCardId) -> Option<&str> {
        self.last_fours.get(&card).map(String::as_str)
    }

    /// The statements whose rows [`still_there`](Tenders::still_there) takes.
    pub fn reads(&self, ctx: &Ctx) -> Vec<Statement> {
        self.wanted.reads(ctx)
    }

    /// Whether what was planned is still there, as a refused commit has seen it; `is_moved`: after [`Tenders::redeem`].
    ///
    /// # Errors
    /// [`Unusable`], with what is gone and what is left of it.
    pub fn still_there(&self, ctx: &Ctx, rows: &[Rows], is_moved: bool) -> Result<(), Failure<Unusable>> {
        if self.wanted.is_empty() {
            return Ok(());
        }
        let mut funds = self.wanted.funds(ctx, self.buyer, self.split.due, rows)?;
        for tender in self.split.tenders.iter().filter(|_| is_moved) {
            let balance = match tender.account {
                Account::GiftCard(id) => {
                    funds.cards.iter_mut().flatten().find(|card| card.id == id).map(|card| &mut card.balance)
                }
                Account::StoreCredit(_) => funds.credit.as_mut().map(|credit| &mut credit.balance),
                Account::Sales | Account::Issuance | Account::Adjustment => None,
            };
            if let Some(balance) = balance {
                *balance = balance.checked_add(tender.amount).unwrap_or(*balance);
            }
        }
        let shortfalls = self.split.shortfalls(&funds.cards, funds.credit);
        if shortfalls.is_empty() { Ok(()) } else { self.wanted.unusable(shortfalls) }
    }

    /// Moves what was planned, in the commit that inserts the order, after it; nothing where nobody but a payment pays. The
    /// commit is refused as a whole where a balance would be below zero, or a card cannot be used any more. The statement
    /// that moves the balances, if any does.
    ///
    /// # Errors
    /// [`Unavailable`] when the host has no randomness.
    pub fn redeem(&self, ctx: &Ctx, commit: &mut Commit, order: OrderId) -> Result<Option<usize>, Unavailable> {
        let tenders = &self.split.tenders;
        if tenders.is_empty() {
            return Ok(None);
        }
        let moved = tenders.iter().flat_map(|tender| {
            let amount = Money::new(tender.amount.minor().saturating_neg(), tender.amount.currency());
            [Entry { account: tender.account, amount }, Entry { account: Account::Sales, amount: tender.amount }]
        });
        let transaction = Transaction::of(TransactionKind::Redeem, moved)
            .map_err(|error| Unavailable::corrupt(format!("the tenders of an order: {error}")))?;
        let id: LedgerTransactionId = ctx.new_id()?;
        let tenant = ctx.tenant();
        let posting = Posting { id, transaction: &transaction, order: Some(order), reason: None };
        let moves = transaction::post(commit, tenant, &posting, ctx.now);
        commit.push(tender::insert(tenant, order, id, tenders));
        for tender in tenders {
            let (name, member) = match tender.account {
                Account::GiftCard(_) => ("gift_card.redeemed", "giftCardId"),
                Account::StoreCredit(_) => ("store_credit.redeemed", "accountId"),
                Account::Sales | Account::Issuance | Account::Adjustment => continue,
            };
            let (of, amount) = (tender.account.to_string(), tender.amount);
            let payload = [
                (member, of),
                ("orderId", order.to_string()),
                ("amount", amount.amount_text()),
                ("currency", amount.currency().to_string()),
            ];
            journal::announce(ctx, commit, name, &payload)?;
        }
        Ok(Some(moves))
    }
}

type Planned = (Split, BTreeMap<GiftCardId, String>);

fn planned(
    ctx: &Ctx,
    wanted: &Wanted,
    buyer: Option<AccountId>,
    total: Money,
    rows: &[Rows],
) -> Result<Planned, Failure<Unusable>> {
    let funds = wanted.funds(ctx, buyer, total, rows)?;
    let of_nobody = Shortfall { source: Source::Credit, problem: Problem::Unknown };
    let of_nobody = (wanted.credit.is_some() && buyer.is_none()).then_some(of_nobody);
    match split(total, &funds.cards, funds.credit) {
        Ok(split) if of_nobody.is_none() => {
            let known = funds.cards.iter().flatten().map(|card| card.id);
            let last_fours = wanted.cards.iter().map(|code| code.last_four().to_owned());
            Ok((split, known.zip(last_fours).collect()))
        }
        Ok(_) => wanted.unusable(of_nobody.into_iter().collect()),
        Err(SplitError::NotAvailable(mut shortfalls)) => {
            shortfalls.extend(of_nobody);
            wanted.unusable(shortfalls)
        }
        Err(SplitError::Money(error)) => Err(Unavailable::corrupt(format!("an order's total: {error}")).into()),
    }
}
