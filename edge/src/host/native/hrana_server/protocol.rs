//! The messages of Hrana 2 and 3.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

use crate::host::native::libsql::connection::{Column, StepError};
use crate::port::sql::hrana::value::{ValueOnWire, WireValue};
use crate::port::sql::{Refusal, Rows, SqlError};

#[derive(Deserialize)]
pub(super) struct PipelineRequest {
    #[serde(default)]
    pub baton: Option<String>,
    pub requests: Vec<Request>,
}

#[derive(Deserialize)]
pub(super) struct CursorRequest {
    #[serde(default)]
    pub baton: Option<String>,
    pub batch: Batch,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Request {
    Close,
    Execute { stmt: Statement },
    Batch { batch: Batch },
    Sequence(Text),
    Describe(Text),
    StoreSql { sql_id: i32, sql: String },
    CloseSql { sql_id: i32 },
    GetAutocommit,
}

/// A SQL text, or the number it was stored under.
#[derive(Deserialize)]
pub(super) struct Text {
    #[serde(default)]
    pub sql: Option<String>,
    #[serde(default)]
    pub sql_id: Option<i32>,
}

#[derive(Deserialize)]
pub(super) struct Statement {
    #[serde(flatten)]
    pub text: Text,
    #[serde(default)]
    pub args: Vec<WireValue>,
    #[serde(default)]
    pub named_args: Vec<NamedArg>,
    #[serde(default = "yes")]
    pub want_rows: Option<bool>,
}

fn yes() -> Option<bool> {
    Some(true)
}

#[derive(Deserialize)]
pub(super) struct NamedArg {
    pub name: String,
    pub value: WireValue,
}

#[derive(Deserialize)]
pub(super) struct Batch {
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(super) struct Step {
    #[serde(default)]
    pub condition: Option<Condition>,
    pub stmt: Statement,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Condition {
    Ok { step: usize },
    Error { step: usize },
    Not { cond: Box<Condition> },
    And { conds: Vec<Condition> },
    Or { conds: Vec<Condition> },
    IsAutocommit,
}

#[derive(Serialize)]
pub(super) struct PipelineResponse {
    pub baton: Option<String>,
    pub base_url: (),
    pub results: Vec<StreamResult>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum StreamResult {
    Ok { response: StreamResponse },
    Error { error: WireError },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum StreamResponse {
    Close,
    Execute { result: StatementResult },
    Batch { result: BatchResult },
    Sequence,
    Describe { result: Description },
    StoreSql,
    CloseSql,
    GetAutocommit { is_autocommit: bool },
}

#[derive(Serialize)]
pub(super) struct StatementResult {
    pub cols: Vec<WireColumn>,
    #[serde(rename = "rows", serialize_with = "rows")]
    pub rows: Rows,
    pub affected_row_count: u64,
    pub last_insert_rowid: Option<String>,
}

/// A list of lists of values.
fn rows<S: Serializer>(rows: &Rows, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(rows.len()))?;
    for row in rows.iter() {
        list.serialize_element(&WireRow(row.values))?;
    }
    list.end()
}

pub(super) struct WireRow<'a>(pub &'a [crate::port::sql::Value]);

impl Serialize for WireRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ValueOnWire))
    }
}

#[derive(Serialize)]
pub(super) struct WireColumn {
    name: String,
    decltype: Option<String>,
}

impl From<Column> for WireColumn {
    fn from(column: Column) -> WireColumn {
        WireColumn { name: column.name, decltype: column.declared_type }
    }
}

#[derive(Serialize)]
pub(super) struct BatchResult {
    pub step_results: Vec<Option<StatementResult>>,
    pub step_errors: Vec<Option<WireError>>,
}

#[derive(Serialize)]
pub(super) struct Description {
    pub params: Vec<Parameter>,
    pub cols: Vec<WireColumn>,
    pub is_explain: bool,
    pub is_readonly: bool,
}

#[derive(Serialize)]
pub(super) struct Parameter {
    pub name: Option<String>,
}

/// An error as sqld words it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WireError {
    pub message: String,
    pub code: &'static str,
}

impl WireError {
    pub fn new(code: &'static str, message: impl Into<String>) -> WireError {
        WireError { message: message.into(), code }
    }
}

impl From<StepError> for WireError {
    fn from(error: StepError) -> WireError {
        match error {
            StepError::Refused(refusal) => {
                let code = match &refusal {
                    Refusal::Constraint { message, .. } if message == "datatype mismatch" => "SQLITE_MISMATCH",
                    Refusal::Constraint { .. } => "SQLITE_CONSTRAINT",
                    Refusal::Busy(_) => "SQLITE_BUSY",
                    Refusal::Other(_) => "SQLITE_UNKNOWN",
                };
                WireError::new(code, format!("SQLite error: {}", refusal.into_message()))
            }
            StepError::Fatal(error) => error.into(),
        }
    }
}

impl From<SqlError> for WireError {
    fn from(error: SqlError) -> WireError {
        let code = match &error {
            SqlError::Statement(_) => "SQL_PARSE_ERROR",
            SqlError::TooLarge => "RESPONSE_TOO_LARGE",
            SqlError::Timeout => "TRANSACTION_TIMEOUT",
            SqlError::Unavailable(_) => "SQLITE_IOERR",
            SqlError::Garbage(_) | SqlError::Unauthorized => "SQLITE_UNKNOWN",
        };
        let message = match error {
            SqlError::Statement(words) => format!("SQL string could not be parsed: {words}"),
            SqlError::TooLarge => "Response is too large".to_owned(),
            SqlError::Timeout => "Transaction timed-out".to_owned(),
            other => other.to_string(),
        };
        WireError { message, code }
    }
}

/// A whole request that fails: the stream is gone.
pub(super) struct Failure {
    status: StatusCode,
    error: WireError,
}

impl Failure {
    pub fn unauthorized() -> Failure {
        let error = WireError::new("AUTH_HTTP_HEADER_INVALID", "Unauthorized: the bearer token is missing or wrong");
        Failure { status: StatusCode::UNAUTHORIZED, error }
    }

    pub fn expired() -> Failure {
        let words = "The stream has expired: it was idle for 10 s, or its transaction was open for 5 s";
        Failure { status: StatusCode::BAD_REQUEST, error: WireError::new("STREAM_EXPIRED", words) }
    }

    pub fn malformed(reason: &str) -> Failure {
        let words = format!("Cannot deserialize client message from JSON: {reason}");
        Failure { status: StatusCode::BAD_REQUEST, error: WireError::new("HTTP_BODY_INVALID", words) }
    }

    pub fn unavailable(reason: &str) -> Failure {
        Failure { status: StatusCode::SERVICE_UNAVAILABLE, error: WireError::new("UNAVAILABLE", reason) }
    }

    pub fn not_written(error: serde_json::Error) -> Failure {
        Failure::unavailable(&error.to_string())
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Failure {
        Failure { status: StatusCode::SERVICE_UNAVAILABLE, error: error.into() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.error)).into_response()
    }
}
