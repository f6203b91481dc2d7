//! What a server answers, read straight into [`Rows`].

use std::fmt;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::value::WireValue;
use crate::port::sql::refusal::{self, Extended};
use crate::port::sql::{Outcome, Rows, SqlError, StepOutcome, Value};

/// The outcome of one statement, and what is left of the stream.
pub(super) fn execute(body: &[u8]) -> Result<(Outcome, Stream), SqlError> {
    let (answer, stream) = first::<WireRows>(body)?;
    let step = match answer {
        Ok(WireRows(rows)) => StepOutcome::Done(rows),
        Err(error) => StepOutcome::Refused(error.read()?),
    };
    Ok((Outcome { steps: vec![step] }, stream))
}

/// The outcome of `count` steps, and what is left of the stream.
pub(super) fn batch(body: &[u8], count: usize) -> Result<(Outcome, Stream), SqlError> {
    let (answer, stream) = first::<WireBatch>(body)?;
    let answer = match answer {
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
    Ok((Outcome { steps: steps.collect::<Result<_, _>>()? }, stream))
}

/// What is left of a stream after a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Nothing is open in it: under this baton it can be used again.
    Clean(String),
    /// A transaction is open in it, which must not wait for the server to lose patience.
    Open(String),
    Closed,
}

type First<R> = (Result<R, WireError>, Stream);

fn first<R: DeserializeOwned>(body: &[u8]) -> Result<First<R>, SqlError> {
    let answer: Answer<R> = serde_json::from_slice(body).map_err(|error| garbage(&error.to_string()))?;
    let mut results = answer.results.into_iter();
    let first = match results.next() {
        Some(StreamResult { response: Some(Response { result: Some(result), .. }), error: None }) => Ok(result),
        Some(StreamResult { response: None, error: Some(error) }) => Err(error),
        _ => return Err(garbage("no result")),
    };
    let is_clean = results.all(|result| result.response.is_some_and(|response| response.is_autocommit == Some(true)));
    let stream = match answer.baton {
        // One that goes on at another URL would need a pool for each.
        Some(baton) if is_clean && answer.base_url.is_none() => Stream::Clean(baton),
        Some(baton) => Stream::Open(baton),
        None => Stream::Closed,
    };
    Ok((first, stream))
}

fn garbage(reason: &str) -> SqlError {
    SqlError::Garbage(reason.to_owned())
}

#[derive(Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct Answer<R> {
    #[serde(default)]
    baton: Option<String>,
    #[serde(default)]
    base_url: Option<String>,
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
    /// Absent for `get_autocommit` and `close`.
    result: Option<R>,
    /// Of `get_autocommit`.
    is_autocommit: Option<bool>,
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
        let body = format!(r#"{{"baton":null,"results":[{{"type":"ok","response":{{"result":{result}}}}}]}}"#);
        execute(body.as_bytes()).map(|(outcome, _)| outcome)
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
    fn a_stream_is_used_again_when_no_transaction_is_open_and_it_lives_here() {
        let rows = r#"{"type":"ok","response":{"result":{"rows":[],"cols":[],"affected_row_count":0}}}"#;
        let end = |autocommit| format!(r#"{{"type":"ok","response":{{"is_autocommit":{autocommit}}}}}"#);
        let refused = r#"{"type":"error","error":{"message":"no"}}"#;
        let (clean, open) = (Stream::Clean("b".to_owned()), Stream::Open("b".to_owned()));
        for (fields, results, expected) in [
            (r#""baton":"b""#, rows.to_owned(), &clean),
            (r#""baton":"b""#, format!("{rows},{}", end(true)), &clean),
            (r#""baton":"b""#, format!("{rows},{}", end(false)), &open),
            (r#""baton":"b""#, format!("{rows},{refused}"), &open),
            (r#""baton":"b","base_url":"https://elsewhere""#, rows.to_owned(), &open),
            (r#""baton":null"#, rows.to_owned(), &Stream::Closed),
        ] {
            let (_, stream) = execute(format!(r#"{{{fields},"results":[{results}]}}"#).as_bytes()).unwrap();
            assert_eq!(&stream, expected, "{fields} {results}");
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
        assert_eq!(batch(body.as_bytes(), 3), Ok((Outcome { steps }, Stream::Closed)));
        assert!(matches!(batch(body.as_bytes(), 4), Err(SqlError::Garbage(_))));
    }
}
