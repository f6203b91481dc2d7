//! Durable data: SQL statements in one round trip, atomic when they must be.
//!
//! The port has one primitive, [`Sql::run`]: a list of steps, each with an optional condition on
//! earlier steps, sent in one round trip on a connection of its own. [`read`](Sql::read) and
//! [`commit`](Sql::commit) put it together for the two things a use case does. Both adapters (Hrana
//! over [`Fetch`](super::fetch::Fetch), embedded libSQL) run the very same steps.

mod batch;
mod commit;
mod databases;
pub mod directory;
pub mod hrana;
pub mod refusal;
pub mod turns;
mod value;

pub use batch::{Batch, Condition, Outcome, Step, StepOutcome};
pub use commit::{Commit, Committed};
pub use databases::{DatabaseNumber, Databases};
pub use refusal::{Constraint, Refusal};
pub use value::{FromValue, Row, Rows, Statement, Value};

use super::BoxFuture;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// No connection, a connection that broke, or a server that is not well. For a commit the
    /// outcome is unknown: the caller repeats it with the same idempotency key.
    #[error("the database is not reachable: {0}")]
    Unavailable(String),
    #[error("the database did not answer in time")]
    Timeout,
    /// The request, the answer or one value exceeds 10 MB.
    #[error("a value, the request or the answer is too large")]
    TooLarge,
    /// The server answered something that is not the protocol.
    #[error("the database's answer makes no sense: {0}")]
    Garbage(String),
    /// The token is wrong or missing, or not allowed what it was used for.
    #[error("the database refuses the token, or that there is none")]
    Unauthorized,
    /// A statement the database does not accept, or a row of another shape than the code expects:
    /// a defect, or a schema that is not migrated.
    #[error("statement refused: {0}")]
    Statement(String),
}

pub trait Sql: Send + Sync {
    /// Runs the steps in order on one connection, in one round trip. A step whose condition does not
    /// hold is skipped; a refused step does not stop later ones (their conditions do). Whatever
    /// transaction is open at the end is rolled back.
    ///
    /// # Errors
    /// [`SqlError`] when there is no outcome to speak of.
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>>;
}

impl dyn Sql + '_ {
    /// Reads in one round trip; several statements see one snapshot.
    ///
    /// # Errors
    /// As [`Sql::run`]; a refused statement is [`SqlError::Statement`].
    pub async fn read(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, SqlError> {
        let count = statements.len();
        let outcome = self.run(Batch::snapshot(statements)).await?;
        outcome.into_snapshot(count)
    }

    /// As [`read`](dyn Sql::read), and sees every commit that there is: as a writer, which a replica sends on to the
    /// primary.
    ///
    /// # Errors
    /// As [`commit`](dyn Sql::commit).
    pub async fn read_current(&self, statements: Vec<Statement>) -> Result<Vec<Rows>, SqlError> {
        let mut reads = Commit::new();
        for statement in statements {
            reads.push(statement);
        }
        match self.commit(&reads).await? {
            Committed::Done { rows, .. } => Ok(rows),
            Committed::Refused { refusal, .. } => Err(SqlError::Statement(refusal.into_message())),
        }
    }

    /// Commits in one round trip, atomically: all statements, or none. A database that stays busy is
    /// [`SqlError::Unavailable`]; how long that is waited for is the adapter's, or [`turns`]'s in front of it.
    ///
    /// # Errors
    /// As [`Sql::run`]. A constraint that refuses is not an error but [`Committed::Refused`].
    pub async fn commit(&self, commit: &Commit) -> Result<Committed, SqlError> {
        let outcome = self.run(commit.to_batch()).await?;
        commit.read_outcome(outcome).map_err(|unsettled| match unsettled {
            commit::Unsettled::Busy(message) => SqlError::Unavailable(message),
            commit::Unsettled::Failed(error) => error,
        })
    }
}
