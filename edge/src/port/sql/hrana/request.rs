//! What we send: `execute` or `batch`, then `close`.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::value::ValueOnWire;
use crate::port::sql::{Condition, SqlError, Statement, Step, Value};

/// The body that runs one statement.
pub(super) fn execute(statement: &Statement) -> Result<Vec<u8>, SqlError> {
    body(Request::Execute { stmt: WireStatement(statement) })
}

/// The body that runs steps with their conditions.
pub(super) fn batch(steps: &[Step]) -> Result<Vec<u8>, SqlError> {
    body(Request::Batch { batch: WireBatch { steps: Steps(steps) } })
}

fn body(request: Request<'_>) -> Result<Vec<u8>, SqlError> {
    let pipeline = Pipeline { baton: (), requests: [request, Request::Close] };
    serde_json::to_vec(&pipeline).map_err(|error| SqlError::Statement(error.to_string()))
}

#[derive(Serialize)]
struct Pipeline<'a> {
    baton: (),
    requests: [Request<'a>; 2],
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Request<'a> {
    Execute { stmt: WireStatement<'a> },
    Batch { batch: WireBatch<'a> },
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
