//! A batch on one connection, as Hrana runs it.

use super::connection::{Connection, StepError};
use crate::port::sql::{Batch, Outcome, SqlError, StepOutcome};

/// What a whole answer may hold, in bytes: sqld's limit.
pub(in crate::host::native) const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;

/// Runs the steps whose conditions hold, and rolls back what is still open at the end.
pub(super) fn run(connection: &mut Connection, batch: &Batch) -> Result<Outcome, SqlError> {
    // As sqld does: a text that does not parse refuses the batch before anything of it runs.
    for step in &batch.steps {
        if let Err(StepError::Fatal(error)) = connection.prepared(&step.statement) {
            return Err(error);
        }
    }
    let outcome = run_steps(connection, batch);
    connection.end_transaction();
    outcome
}

fn run_steps(connection: &mut Connection, batch: &Batch) -> Result<Outcome, SqlError> {
    let mut budget = MAX_ANSWER_BYTES;
    let mut accepted = Vec::with_capacity(batch.steps.len());
    let mut steps = Vec::with_capacity(batch.steps.len());
    for step in &batch.steps {
        let outcome = if step.condition.as_ref().is_none_or(|condition| condition.holds(&accepted)) {
            match connection.run(&step.statement, &mut budget) {
                Ok(rows) => StepOutcome::Done(rows),
                Err(StepError::Refused(refusal)) => StepOutcome::Refused(refusal),
                Err(StepError::Fatal(error)) => return Err(error),
            }
        } else {
            StepOutcome::Skipped
        };
        accepted.push(matches!(outcome, StepOutcome::Done(_)));
        steps.push(outcome);
    }
    Ok(Outcome { steps })
}

/// How a batch must be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    /// It reads, and one of its statements was slow before.
    SlowRead,
    Write,
}

/// Prepares the batch's statements on a reading connection to see what they do.
pub(super) fn kind(connection: &mut Connection, batch: &Batch) -> Kind {
    let mut kind = Kind::Read;
    for step in &batch.steps {
        match connection.prepared(&step.statement) {
            Ok(statement) if !statement.is_read_only => return Kind::Write,
            Ok(statement) if statement.is_slow => kind = Kind::SlowRead,
            Ok(_) => {}
            // Running it will say what is wrong; or an earlier step creates what it names, which is a write.
            Err(_) => {}
        }
    }
    kind
}

/// Remembers on which kind of thread the batch's statements belong.
pub(super) fn remember(connection: &mut Connection, batch: &Batch, is_slow: bool) {
    for step in &batch.steps {
        if let Ok(statement) = connection.prepared(&step.statement) {
            statement.is_slow = is_slow;
        }
    }
}
