//! Steps with conditions: the shape of Hrana's `batch`, which both adapters run.

use super::{Refusal, Rows, SqlError, Statement};

/// Takes the write lock at once, not with the first change: a transaction that has read before it may be
/// refused the lock.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// When a step runs, by what became of earlier steps (0-based).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The step ran and was not refused. For a skipped step this is false.
    Ok(usize),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

impl Condition {
    pub fn not_ok(step: usize) -> Condition {
        Condition::Not(Box::new(Condition::Ok(step)))
    }

    /// Whether it holds, given for each earlier step whether it ran and was accepted.
    pub fn holds(&self, accepted: &[bool]) -> bool {
        match self {
            Condition::Ok(step) => accepted.get(*step).copied().unwrap_or(false),
            Condition::Not(inner) => !inner.holds(accepted),
            Condition::And(all) => all.iter().all(|one| one.holds(accepted)),
            Condition::Or(any) => any.iter().any(|one| one.holds(accepted)),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub statement: Statement,
    pub condition: Option<Condition>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome {
    Skipped,
    Done(Rows),
    Refused(Refusal),
}

/// What became of each step, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub steps: Vec<StepOutcome>,
}

impl Batch {
    /// Adds a step and answers its number.
    pub fn push(&mut self, statement: Statement, condition: Option<Condition>) -> usize {
        self.steps.push(Step { statement, condition });
        self.steps.len().saturating_sub(1)
    }

    /// Whether it begins by taking the one write lock, as a [`Commit`](super::Commit) does.
    pub fn takes_write_lock(&self) -> bool {
        self.steps.first().is_some_and(|step| step.statement.sql == BEGIN_WRITE)
    }

    /// One statement needs no transaction to be a snapshot; several are put into a deferred one.
    pub fn snapshot(statements: Vec<Statement>) -> Batch {
        let mut batch = Batch::default();
        if statements.len() < 2 {
            for statement in statements {
                batch.push(statement, None);
            }
            return batch;
        }
        let mut last = batch.push(Statement::new("BEGIN DEFERRED"), None);
        for statement in statements {
            last = batch.push(statement, Some(Condition::Ok(last)));
        }
        batch.push(Statement::new("COMMIT"), Some(Condition::Ok(last)));
        batch
    }
}

impl Outcome {
    /// The rows of a [`Batch::snapshot`] of `count` statements.
    pub(super) fn into_snapshot(self, count: usize) -> Result<Vec<Rows>, SqlError> {
        let skip = usize::from(1 < count);
        let mut answers = Vec::with_capacity(count);
        for step in self.steps {
            match step {
                StepOutcome::Done(rows) => answers.push(rows),
                StepOutcome::Skipped => return Err(SqlError::Garbage("a step of a read was skipped".to_owned())),
                StepOutcome::Refused(Refusal::Busy(message)) => return Err(SqlError::Unavailable(message)),
                StepOutcome::Refused(refusal) => return Err(SqlError::Statement(refusal.into_message())),
            }
        }
        let answers: Vec<Rows> = answers.into_iter().skip(skip).take(count).collect();
        if answers.len() == count { Ok(answers) } else { Err(SqlError::Garbage("rows are missing".to_owned())) }
    }
}
