//! A batch's outcome as a cursor: one line of JSON an entry.
//!
//! The batch has run when the first line leaves, so memory is bounded by the limit on an answer.

use serde::Serialize;

use super::protocol::{StatementResult, WireColumn, WireError, WireRow};
use super::stream::BatchOutcome;

#[derive(Serialize)]
struct Opened {
    baton: Option<String>,
    base_url: (),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Entry<'a> {
    StepBegin { step: usize, cols: &'a [WireColumn] },
    StepEnd { affected_row_count: u64, last_insert_rowid: Option<&'a str> },
    StepError { step: usize, error: WireError },
    Row { row: WireRow<'a> },
    Error { error: WireError },
}

/// The whole body of the answer.
pub(super) fn lines(baton: Option<String>, outcome: BatchOutcome) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = Vec::new();
    line(&mut body, &Opened { baton, base_url: () })?;
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            line(&mut body, &Entry::Error { error })?;
            return Ok(body);
        }
    };
    for (step, (result, error)) in outcome.step_results.iter().zip(outcome.step_errors).enumerate() {
        if let Some(result) = result {
            step_lines(&mut body, step, result)?;
        } else if let Some(error) = error {
            line(&mut body, &Entry::StepBegin { step, cols: &[] })?;
            line(&mut body, &Entry::StepError { step, error })?;
        }
    }
    Ok(body)
}

fn step_lines(body: &mut Vec<u8>, step: usize, result: &StatementResult) -> Result<(), serde_json::Error> {
    line(body, &Entry::StepBegin { step, cols: &result.cols })?;
    for row in result.rows.iter() {
        line(body, &Entry::Row { row: WireRow(row.values) })?;
    }
    let last_insert_rowid = result.last_insert_rowid.as_deref();
    line(body, &Entry::StepEnd { affected_row_count: result.affected_row_count, last_insert_rowid })
}

fn line(body: &mut Vec<u8>, entry: &impl Serialize) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *body, entry)?;
    body.push(b'\n');
    Ok(())
}
