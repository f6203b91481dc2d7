//! What a server answers, read straight into [`Rows`].

use std::fmt;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::value::WireValue;
use crate::port::sql::refusal::{self, Extended};
use crate::port::sql::{Outcome, Rows, SqlError, StepOutcome, Value};

/// The outcome of a pipeline of `execute` and `close`.
pub(super) fn execute(body: &[u8]) -> Result<Outcome, SqlError> {
    let step = match first::<WireRows>(body)? {
        Ok(WireRows(rows)) => StepOutcome::Done(rows),
        Err(error) => StepOutcome::Refused(error.read()?),
    };
    Ok(Outcome { steps: vec![step] })
}

/// The outcome of a pipeline of `batch` (of `count` steps) and `close`.
pub(super) fn batch(body: &[u8], count: usize) -> Result<Outcome, SqlError> {
    let answer = match first::<WireBatch>(body)? {
        Ok(answer) => answer,
        // The batch as a whole: nothing of it ran, or its answer is too large.
        Err(error) => return Err(SqlError::Statement(error.read()?.into_message())),
    };
    if answer.step_results.len() != count || answer.step_errors.len() != count {
        return Err(garbage("the number of steps differs"));
    }
    let step = |(result, error): (Option<WireRows>, Option<WireError>)| match (result, error) {
        (Some(WireRows(rows)), None) => Ok(StepOutcome::Done(rows)),
        (None, Some(error)) => error.read().map(StepOutcome::Refused),
        (None, None) => Ok(StepOutcome::Skipped),
        (Some(_), Some(_)) => Err(garbage("a step has both a result and an error")),
    };
    let steps = answer.step_results.into_iter().zip(answer.step_errors).map(step);
    Ok(Outcome { steps: steps.collect::<Result<_, _>>()? })
}

fn first<R: DeserializeOwned>(body: &[u8]) -> Result<Result<R, WireError>, SqlError> {
    let answer: Answer<R> = serde_json::from_slice(body).map_err(|error| garbage(&error.to_string()))?;
    match answer.results.into_iter().next() {
        Some(StreamResult { response: Some(Response { result: Some(result) }), error: None }) => Ok(Ok(result)),
        Some(StreamResult { response: None, error: Some(error) }) => Ok(Err(error)),
        _ => Err(garbage("no result")),
    }
}

fn garbage(reason: &str) -> SqlError {
    SqlError::Garbage(reason.to_owned())
}

#[derive(Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct Answer<R> {
    results: Vec<StreamResult<R>>,
}

#[derive(Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct StreamResult<R> {
    response: Option<Response<R>>,
    error: Option<WireError>,
}

#[derive(Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct Response<R> {
    /// Absent for `close`.
    result: Option<R>,
}

#[derive(Deserialize)]
struct WireBatch {
    step_results: Vec<Option<WireRows>>,
    step_errors: Vec<Option<WireError>>,
}

#[derive(Deserialize)]
struct WireError {
    message: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    extended_code: Option<WireExtended>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireExtended {
    Code(i64),
    Name(String),
}

impl WireError {
    fn read(self) -> Result<refusal::Refusal, SqlError> {
        let extended = self.extended_code.map(|extended| match extended {
            WireExtended::Code(code) => Extended::Code(code),
            WireExtended::Name(name) => Extended::Name(name),
        });
        refusal::read(self.code.as_deref().unwrap_or_default(), extended.as_ref(), self.message)
    }
}

struct WireRows(Rows);

impl<'de> Deserialize<'de> for WireRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            cols: Vec<Column>,
            rows: Cells,
            #[serde(default)]
            affected_row_count: u64,
        }
        #[derive(Deserialize)]
        struct Column {
            name: Option<String>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let width = wire.cols.len();
        if wire.rows.rows.checked_mul(width) != Some(wire.rows.cells.len()) {
            return Err(D::Error::custom("a row is not as wide as its columns"));
        }
        let columns = wire.cols.into_iter().map(|column| column.name.unwrap_or_default()).collect();
        Ok(WireRows(Rows::new(columns, wire.rows.cells, wire.affected_row_count)))
    }
}

/// An array of rows, each an array of values, flattened.
struct Cells {
    cells: Vec<Value>,
    rows: usize,
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;

        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = Cells;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cells, A::Error> {
                let mut all = Cells { cells: Vec::new(), rows: 0 };
                let mut width = None;
                loop {
                    let before = all.cells.len();
                    let Some(()) = seq.next_element_seed(RowInto(&mut all.cells))? else { return Ok(all) };
                    let this = all.cells.len().saturating_sub(before);
                    if *width.get_or_insert(this) != this {
                        return Err(A::Error::custom("rows of different widths"));
                    }
                    all.rows = all.rows.saturating_add(1);
                }
            }
        }

        deserializer.deserialize_seq(RowsVisitor)
    }
}

/// Appends one row's values.
struct RowInto<'a>(&'a mut Vec<Value>);

impl<'de> serde::de::DeserializeSeed<'de> for RowInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowInto<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(WireValue(value)) = seq.next_element()? {
            self.0.push(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::sql::{Constraint, Refusal};

    fn one_cell(value: &str) -> Result<Outcome, SqlError> {
        let result =
            format!(r#"{{"rows":[[{value}]],"affected_row_count":0,"cols":[{{"name":"a","decltype":null}}]}}"#);
        execute(format!(r#"{{"baton":null,"results":[{{"type":"ok","response":{{"result":{result}}}}}]}}"#).as_bytes())
    }

    #[test]
    fn values_are_read_in_any_order_of_their_fields() {
        for (wire, value) in [
            (r#"{"type":"null"}"#, Value::Null),
            (r#"{"type":"integer","value":"-9223372036854775808"}"#, Value::Integer(i64::MIN)),
            (r#"{"value":"9223372036854775807","type":"integer"}"#, Value::Integer(i64::MAX)),
            (r#"{"type":"integer","value":7,"more":[1]}"#, Value::Integer(7)),
            (r#"{"type":"float","value":0.1}"#, Value::Real(0.1)),
            (r#"{"type":"float","value":3}"#, Value::Real(3.0)),
            (r#"{"type":"float","value":10000000000000000000}"#, Value::Real(1e19)),
            (r#"{"type":"text","value":"a\u0000\"\ud83d\ude80"}"#, Value::Text("a\0\"🚀".to_owned())),
            (r#"{"type":"blob","base64":""}"#, Value::Blob(vec![])),
            (r#"{"type":"blob","base64":"AP8"}"#, Value::Blob(vec![0, 255])),
            (r#"{"base64":"AP8=","type":"blob"}"#, Value::Blob(vec![0, 255])),
        ] {
            let rows = Rows::new(["a".to_owned()].into(), vec![value], 0);
            assert_eq!(one_cell(wire), Ok(Outcome { steps: vec![StepOutcome::Done(rows)] }), "{wire}");
        }
    }

    #[test]
    fn values_that_make_no_sense_are_garbage() {
        for wire in [
            r#"{"type":"float","value":null}"#,
            r#"{"type":"integer","value":"1.5"}"#,
            r#"{"type":"integer","value":"9223372036854775808"}"#,
            r#"{"type":"text","value":1}"#,
            r#"{"type":"blob","base64":"A"}"#,
            r#"{"type":"date","value":"x"}"#,
            r#"{"value":"x"}"#,
            r#"{"type":"null"},{"type":"null"}"#,
            r#"{"type":"null"}],[]],[["#,
            "1",
        ] {
            assert!(matches!(one_cell(wire), Err(SqlError::Garbage(_))), "{wire}");
        }
        for body in
            ["", "null", "[]", "{}", r#"{"results":[]}"#, r#"{"results":[{}]}"#, r#"{"results":[{"type":"ok"}]}"#]
        {
            assert!(matches!(execute(body.as_bytes()), Err(SqlError::Garbage(_))), "{body}");
        }
    }

    #[test]
    fn a_batch_tells_done_skipped_and_refused_apart() {
        let steps = r#"{"step_results":[{"cols":[],"rows":[],"affected_row_count":2},null,null],
            "step_errors":[null,{"message":"SQLite error: CHECK constraint failed: x","code":"SQLITE_CONSTRAINT","extended_code":275},null]}"#;
        let body = format!(r#"{{"results":[{{"type":"ok","response":{{"type":"batch","result":{steps}}}}}]}}"#);
        let refusal =
            Refusal::Constraint { constraint: Constraint::Check, message: "CHECK constraint failed: x".to_owned() };
        let done = Rows::new([].into(), vec![], 2);
        let steps = vec![StepOutcome::Done(done), StepOutcome::Refused(refusal), StepOutcome::Skipped];
        assert_eq!(batch(body.as_bytes(), 3), Ok(Outcome { steps }));
        assert!(matches!(batch(body.as_bytes(), 4), Err(SqlError::Garbage(_))));
    }
}
