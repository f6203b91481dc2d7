//! One atomic commit in one round trip, which says why when it is refused.
//!
//! ```text
//! 0            BEGIN IMMEDIATE
//! 1..n  [ok]   the statements, each after the one before
//! n+1   [ok]   COMMIT
//!       [ok]   statements that read the committed state
//!       [else] statements that explain a refusal, inside the same snapshot, then ROLLBACK
//! ```

use super::batch::BEGIN_WRITE;
use super::{Batch, Condition, Outcome, Refusal, Rows, SqlError, Statement, StepOutcome};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Commit {
    statements: Vec<Statement>,
    after: Vec<Statement>,
    diagnosis: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
    Done {
        /// The answer of each statement, in the order they were added.
        rows: Vec<Rows>,
        /// The answer of each `after` statement.
        after: Vec<Rows>,
    },
    /// Nothing was changed.
    Refused {
        /// The number of the statement that refused, 0-based, in the order they were added; one more
        /// than the last where the COMMIT itself did (a deferred foreign key).
        statement: usize,
        refusal: Refusal,
        /// The answer of each `diagnosis` statement.
        diagnosis: Vec<Rows>,
    },
}

pub(super) enum Unsettled {
    /// The lock was not had; nothing happened, and it may be tried again.
    Busy(String),
    Failed(SqlError),
}

impl Commit {
    pub fn new() -> Commit {
        Commit::default()
    }

    /// Adds a statement of the change and answers its number.
    pub fn push(&mut self, statement: Statement) -> usize {
        self.statements.push(statement);
        self.statements.len().saturating_sub(1)
    }

    /// Adds a statement that reads the committed state, and answers its number among these.
    pub fn push_after(&mut self, statement: Statement) -> usize {
        self.after.push(statement);
        self.after.len().saturating_sub(1)
    }

    /// Adds a statement that runs only when the commit is refused, and answers its number among these.
    /// It still sees what the statements before the refused one did.
    pub fn push_diagnosis(&mut self, statement: Statement) -> usize {
        self.diagnosis.push(statement);
        self.diagnosis.len().saturating_sub(1)
    }

    /// The statements of the change, for the adapters' tests and the tenant rule.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    pub(super) fn to_batch(&self) -> Batch {
        let mut batch = Batch::default();
        let mut last = batch.push(Statement::new(BEGIN_WRITE), None);
        for statement in &self.statements {
            last = batch.push(statement.clone(), Some(Condition::Ok(last)));
        }
        let committed = batch.push(Statement::new("COMMIT"), Some(Condition::Ok(last)));
        for statement in &self.after {
            batch.push(statement.clone(), Some(Condition::Ok(committed)));
        }
        let refused = Condition::And(vec![Condition::Ok(0), Condition::not_ok(committed)]);
        for statement in &self.diagnosis {
            batch.push(statement.clone(), Some(refused.clone()));
        }
        batch.push(Statement::new("ROLLBACK"), Some(refused));
        batch
    }

    pub(super) fn read_outcome(&self, outcome: Outcome) -> Result<Committed, Unsettled> {
        let mut steps = outcome.steps.into_iter();
        match steps.next() {
            Some(StepOutcome::Done(_)) => {}
            Some(StepOutcome::Refused(Refusal::Busy(message))) => return Err(Unsettled::Busy(message)),
            Some(StepOutcome::Refused(refusal)) => {
                return Err(Unsettled::Failed(SqlError::Statement(refusal.into_message())));
            }
            Some(StepOutcome::Skipped) | None => return Err(missing()),
        }
        let mut rows = Vec::with_capacity(self.statements.len());
        let mut refused = None;
        for number in 0..=self.statements.len() {
            match steps.next().ok_or_else(missing)? {
                StepOutcome::Done(answer) => rows.push(answer),
                StepOutcome::Refused(refusal) if refused.is_none() => refused = Some((number, refusal)),
                StepOutcome::Refused(_) | StepOutcome::Skipped => {}
            }
        }
        let after = answers(&mut steps, self.after.len())?;
        let diagnosis = answers(&mut steps, self.diagnosis.len())?;
        match refused {
            None if rows.len() > self.statements.len() => {
                rows.truncate(self.statements.len());
                Ok(Committed::Done { rows, after })
            }
            None => Err(missing()),
            Some((_, Refusal::Busy(message))) => Err(Unsettled::Busy(message)),
            Some((_, Refusal::Other(message))) => Err(Unsettled::Failed(SqlError::Statement(message))),
            Some((statement, refusal)) => Ok(Committed::Refused { statement, refusal, diagnosis }),
        }
    }
}

/// The answers of `count` steps, empty for those that were skipped. A refused one is a defect in our SQL,
/// which must not look like an empty answer.
fn answers(steps: &mut impl Iterator<Item = StepOutcome>, count: usize) -> Result<Vec<Rows>, Unsettled> {
    let answer = |step| match step {
        StepOutcome::Done(rows) => Ok(rows),
        StepOutcome::Skipped => Ok(Rows::default()),
        StepOutcome::Refused(refusal) => Err(Unsettled::Failed(SqlError::Statement(refusal.into_message()))),
    };
    steps.take(count).map(answer).collect()
}

fn missing() -> Unsettled {
    Unsettled::Failed(SqlError::Garbage("steps are missing from the answer".to_owned()))
}
