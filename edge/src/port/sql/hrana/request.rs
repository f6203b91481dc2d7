//! What we send: `execute` or `batch`, and `close` for a stream that is not kept.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::value::ValueOnWire;
use crate::port::sql::{Condition, SqlError, Statement, Step, Value};

/// The body that runs steps with their conditions, on the stream of `baton` or a new one. One statement
/// goes as `execute`, which is less to write and to read on both sides. A stream that is kept says at the
/// end whether a transaction is still open.
pub(super) fn pipeline(steps: &[Step], baton: Option<&str>, keep: bool) -> Result<Vec<u8>, SqlError> {
    let (work, is_batch) = match steps {
        [step] if step.condition.is_none() => (Request::Execute { stmt: WireStatement(&step.statement) }, false),
        steps => (Request::Batch { batch: WireBatch { steps: Steps(steps) } }, true),
    };
    let end = match (keep, is_batch) {
        (true, false) => None,
        (true, true) => Some(Request::GetAutocommit),
        (false, _) => Some(Request::Close),
    };
    let requests = std::iter::once(work).chain(end).collect();
    serde_json::to_vec(&Pipeline { baton, requests }).map_err(|error| SqlError::Statement(error.to_string()))
}

/// The body that closes a stream.
pub(super) fn close(baton: &str) -> Result<Vec<u8>, SqlError> {
    serde_json::to_vec(&Pipeline { baton: Some(baton), requests: vec![Request::Close] })
        .map_err(|error| SqlError::Statement(error.to_string()))
}

#[derive(Serialize)]
struct Pipeline<'a> {
    baton: Option<&'a str>,
    requests: Vec<Request<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Request<'a> {
    Execute { stmt: WireStatement<'a> },
    Batch { batch: WireBatch<'a> },
    GetAutocommit,
    Close,
}

#[derive(Serialize)]
struct WireBatch<'a> {
    steps: Steps<'a>,
}

struct Steps<'a>(&'a [Step]);

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireStep))
    }
}

struct WireStep<'a>(&'a Step);

impl Serialize for WireStep<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut step = serializer.serialize_struct("Step", 2)?;
        if let Some(condition) = &self.0.condition {
            step.serialize_field("condition", &WireCondition(condition))?;
        }
        step.serialize_field("stmt", &WireStatement(&self.0.statement))?;
        step.end()
    }
}

struct WireStatement<'a>(&'a Statement);

impl Serialize for WireStatement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut statement = serializer.serialize_struct("Stmt", 2)?;
        statement.serialize_field("sql", &self.0.sql)?;
        if !self.0.args.is_empty() {
            statement.serialize_field("args", &Args(&self.0.args))?;
        }
        statement.end()
    }
}

struct Args<'a>(&'a [Value]);

impl Serialize for Args<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ValueOnWire))
    }
}

struct WireCondition<'a>(&'a Condition);

impl Serialize for WireCondition<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self.0 {
            Condition::Ok(_) => "ok",
            Condition::Not(_) => "not",
            Condition::And(_) => "and",
            Condition::Or(_) => "or",
        };
        let mut condition = serializer.serialize_struct("Condition", 2)?;
        condition.serialize_field("type", kind)?;
        match self.0 {
            Condition::Ok(step) => condition.serialize_field("step", step)?,
            Condition::Not(inner) => condition.serialize_field("cond", &WireCondition(inner))?,
            Condition::And(all) | Condition::Or(all) => condition.serialize_field("conds", &Conditions(all))?,
        }
        condition.end()
    }
}

struct Conditions<'a>(&'a [Condition]);

impl Serialize for Conditions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireCondition))
    }
}
