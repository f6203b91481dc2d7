//! What all writes of this context have in common.

use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::ledger::{Account, LedgerError, MOST_BALANCE, Transaction, TransactionKind};

use super::store::transaction::{Posting, guard_balance, post};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::Repeatable;
pub use crate::journal::tell;
use crate::journal::{Answered, Change};
use crate::port::sql::{Commit, Committed, Refusal};

/// Why the staff has changed a balance.
pub type Reason = Line<200>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// Fields of the request.
    Invalid(Vec<Fault>),
    /// Nobody has confirmed the customer's address: another may have registered it.
    Unverified,
    /// There is no more on it than this.
    Insufficient {
        balance: Money,
    },
    VersionMismatch {
        current: i64,
    },
    /// Others are changing the same.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<WriteError>>;

/// A change of a balance by the staff.
pub struct Adjustment {
    /// Below zero: is taken off.
    pub amount: Money,
    pub reason: Reason,
}

pub fn rejected<T>(error: WriteError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

pub fn invalid<T>(path: &str, reason: &str) -> Outcome<T> {
    rejected(WriteError::Invalid(vec![Fault { path: path.to_owned(), reason: reason.to_owned() }]))
}

/// What is there after `amount` was added.
pub fn adjusted(balance: Money, amount: Money) -> Outcome<Money> {
    match balance.checked_add(amount) {
        Ok(sum) if sum.is_negative() => rejected(WriteError::Insufficient { balance }),
        Ok(sum) if sum.minor() <= MOST_BALANCE => Ok(sum),
        Ok(_) | Err(_) => invalid("amount", "is more than can be kept"),
    }
}

/// An amount that nothing can be posted for.
pub fn unposted(error: LedgerError) -> Failure<WriteError> {
    let fault = Fault { path: "amount".to_owned(), reason: error.to_string() };
    Failure::Rejected(WriteError::Invalid(vec![fault]))
}

/// What the staff does to a balance, and what is told of it.
pub struct Adjusting<'a> {
    pub account: Account,
    /// The balance that was read.
    pub was: Money,
    pub by: &'a Adjustment,
    pub answered: Answered,
    pub event: &'static str,
    /// By which the event names the account.
    pub of: (&'static str, String),
    pub change: Change,
}

/// Commits it with the record of its answer. `None`: the balance is another than was read.
pub async fn adjust(ctx: &Ctx, repeatable: &Repeatable<'_>, adjusting: Adjusting<'_>) -> Outcome<Option<Answered>> {
    let Adjusting { account, was, by, answered, event, of, change } = adjusting;
    let Adjustment { amount, reason } = by;
    let transaction = Transaction::between(TransactionKind::Adjust, account, Account::Adjustment, *amount);
    let transaction = transaction.map_err(unposted)?;
    let mut commit = Commit::new();
    let guard = commit.push(guard_balance(ctx.tenant(), account, was));
    let posting = Posting { id: ctx.new_id()?, transaction: &transaction, order: None, reason: Some(reason.as_str()) };
    post(&mut commit, ctx.tenant(), &posting, ctx.now);
    repeatable.keep(ctx, &mut commit, &answered)?;
    let payload = [of, ("amount", amount.amount_text()), ("currency", amount.currency().to_string())];
    let change = change.has("reason", reason.as_str().into());
    tell(ctx, &mut commit, event, &payload, change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Some(answered)),
        Committed::Refused { statement, refusal, diagnosis } => match repeatable.answered(ctx, diagnosis.first())? {
            Some(first) => Ok(Some(first)),
            None if statement == guard => Ok(None),
            None => Err(unexplained(&refusal)),
        },
    }
}

pub fn unexplained(refusal: &Refusal) -> Failure<WriteError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a write of the ledger was refused: {refusal:?}")))
}
