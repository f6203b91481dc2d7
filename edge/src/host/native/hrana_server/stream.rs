//! One client's stream: its connection, its transaction, its stored texts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::protocol::{
    Batch, BatchResult, Condition, Description, Parameter, Request, Statement, StatementResult, StreamResponse,
    StreamResult, Text, WireColumn, WireError,
};
use crate::host::native::libsql::EmbeddedSql;
use crate::host::native::libsql::connection::{Connection, Prepared, StepError};
use crate::host::native::libsql::steps::MAX_ANSWER_BYTES;
use crate::host::native::libsql::writer::{Lease, soon};
use crate::port::sql::{self, Rows, SqlError, Value};

/// Every method blocks, and runs on a thread for that.
pub(super) struct Stream {
    /// Held from the first write of a transaction to its end. Dropped before `sql`, whose end waits for
    /// the writer.
    lease: Option<Lease>,
    connection: Connection,
    sql: EmbeddedSql,
    /// When the open transaction must have ended.
    transaction_until: Option<Instant>,
    stored: HashMap<i32, String>,
    is_closed: bool,
    /// A PRAGMA may have changed the connection for good.
    is_altered: bool,
}

pub(super) type BatchOutcome = Result<BatchResult, WireError>;

impl Stream {
    const TRANSACTION: Duration = Duration::from_secs(5);
    const STORED: usize = 128;

    pub fn new(connection: Connection, sql: EmbeddedSql) -> Stream {
        let stored = HashMap::new();
        Stream { connection, sql, lease: None, transaction_until: None, stored, is_closed: false, is_altered: false }
    }

    pub fn transaction_until(&self) -> Option<Instant> {
        self.transaction_until
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Rolls back what is open. The connection, if it is as good as new.
    pub fn end(mut self) -> Option<Connection> {
        self.connection.end_transaction();
        (!self.is_altered).then_some(self.connection)
    }

    /// Runs the requests of one pipeline.
    pub fn run_all(mut self, requests: Vec<Request>) -> (Stream, Vec<StreamResult>) {
        let mut budget = MAX_ANSWER_BYTES;
        let answer = |response: Result<StreamResponse, WireError>| match response {
            Ok(response) => StreamResult::Ok { response },
            Err(error) => StreamResult::Error { error },
        };
        let results = requests.into_iter().map(|request| answer(self.run(request, &mut budget))).collect();
        (self, results)
    }

    /// Runs one batch, for a cursor.
    pub fn run_batch(mut self, batch: Batch) -> (Stream, BatchOutcome) {
        let outcome = self.batch(batch, &mut MAX_ANSWER_BYTES.clone());
        (self, outcome)
    }

    fn run(&mut self, request: Request, budget: &mut usize) -> Result<StreamResponse, WireError> {
        if self.is_closed {
            return Err(WireError::new("STREAM_CLOSED", "the stream is closed"));
        }
        match request {
            Request::Close => {
                self.connection.end_transaction();
                self.is_closed = true;
                self.settle();
                Ok(StreamResponse::Close)
            }
            Request::Execute { stmt } => self.execute(stmt, budget).map(|result| StreamResponse::Execute { result }),
            Request::Batch { batch } => self.batch(batch, budget).map(|result| StreamResponse::Batch { result }),
            Request::Sequence(text) => self.sequence(text).map(|()| StreamResponse::Sequence),
            Request::Describe(text) => self.describe(text).map(|result| StreamResponse::Describe { result }),
            Request::StoreSql { sql_id, sql } => {
                if Stream::STORED <= self.stored.len() {
                    return Err(WireError::new("SQL_STORE_TOO_LARGE", "too many SQL texts are stored"));
                }
                self.stored.insert(sql_id, sql);
                Ok(StreamResponse::StoreSql)
            }
            Request::CloseSql { sql_id } => {
                self.stored.remove(&sql_id);
                Ok(StreamResponse::CloseSql)
            }
            Request::GetAutocommit => {
                Ok(StreamResponse::GetAutocommit { is_autocommit: self.connection.is_autocommit() })
            }
        }
    }

    fn batch(&mut self, batch: Batch, budget: &mut usize) -> BatchOutcome {
        for step in &batch.steps {
            let statement = sql::Statement::new(self.text(&step.stmt.text)?);
            if let Err(StepError::Fatal(error)) = self.connection.prepared(&statement) {
                return Err(error.into());
            }
        }
        let mut outcome = BatchResult { step_results: Vec::new(), step_errors: Vec::new() };
        for step in batch.steps {
            let runs = match &step.condition {
                None => true,
                Some(condition) => self.holds(condition, &outcome)?,
            };
            let (result, error) = match runs.then(|| self.execute(step.stmt, budget)) {
                None => (None, None),
                Some(Ok(result)) => (Some(result), None),
                Some(Err(error)) if error.code == "RESPONSE_TOO_LARGE" => return Err(error),
                Some(Err(error)) => (None, Some(error)),
            };
            outcome.step_results.push(result);
            outcome.step_errors.push(error);
        }
        Ok(outcome)
    }

    fn holds(&self, condition: &Condition, so_far: &BatchResult) -> Result<bool, WireError> {
        let unknown = || WireError::new("BATCH_COND_BAD_STEP", "Invalid reference to step in a batch condition");
        match condition {
            Condition::Ok { step } => so_far.step_results.get(*step).map(Option::is_some).ok_or_else(unknown),
            Condition::Error { step } => so_far.step_errors.get(*step).map(Option::is_some).ok_or_else(unknown),
            Condition::Not { cond } => self.holds(cond, so_far).map(|holds| !holds),
            Condition::And { conds } => conds.iter().try_fold(true, |all, cond| Ok(all & self.holds(cond, so_far)?)),
            Condition::Or { conds } => conds.iter().try_fold(false, |any, cond| Ok(any | self.holds(cond, so_far)?)),
            Condition::IsAutocommit => Ok(self.connection.is_autocommit()),
        }
    }

    fn execute(&mut self, statement: Statement, budget: &mut usize) -> Result<StatementResult, WireError> {
        let text = self.text(&statement.text)?;
        self.is_altered |= starts_with(&text, &["PRAGMA"]);
        let inserts = starts_with(&text, &["INSERT", "REPLACE", "WITH"]);
        let wants_rows = statement.want_rows.unwrap_or(true);
        let mut sql = sql::Statement::new(text);
        let prepared = self.connection.prepared(&sql)?;
        let is_read_only = prepared.is_read_only;
        sql.args = arguments(prepared, statement)?;
        let ran = self.in_turn(!is_read_only, |connection| {
            let rows = connection.run(&sql, budget)?;
            let cols = connection.prepared(&sql)?.columns().into_iter().map(WireColumn::from).collect();
            Ok(StatementResult {
                cols,
                affected_row_count: rows.affected,
                last_insert_rowid: (inserts && !is_read_only && 0 < rows.affected)
                    .then(|| connection.last_insert_rowid().to_string()),
                rows: if wants_rows { rows } else { Rows::default() },
            })
        });
        Ok(ran?)
    }

    fn sequence(&mut self, text: Text) -> Result<(), WireError> {
        let text = self.text(&text)?;
        self.is_altered = true;
        Ok(self.in_turn(true, |connection| connection.run_script(&text))?)
    }

    fn describe(&mut self, text: Text) -> Result<Description, WireError> {
        let sql = sql::Statement::new(self.text(&text)?);
        let prepared = self.connection.prepared(&sql)?;
        let parameter = |number| Parameter { name: prepared.parameter_name(number) };
        Ok(Description {
            params: (1..=prepared.parameter_count()).map(parameter).collect(),
            cols: prepared.columns().into_iter().map(WireColumn::from).collect(),
            is_explain: prepared.is_explain(),
            is_readonly: prepared.is_read_only,
        })
    }

    /// Does `work` within the time of the transaction, and with the right to write if it writes.
    fn in_turn<T>(
        &mut self,
        writes: bool,
        work: impl FnOnce(&mut Connection) -> Result<T, StepError>,
    ) -> Result<T, StepError> {
        if writes && self.lease.is_none() {
            let lease = tokio::runtime::Handle::current().block_on(self.sql.lease());
            self.lease = Some(lease.map_err(StepError::Fatal)?);
        }
        let until = *self.transaction_until.get_or_insert_with(|| soon(Stream::TRANSACTION));
        self.connection.set_deadline(Some(until));
        let done = work(&mut self.connection);
        self.connection.set_deadline(None);
        if matches!(done, Err(StepError::Fatal(SqlError::Timeout))) {
            // What the client sends next belongs to the transaction that is gone, so it must not run.
            self.connection.end_transaction();
            self.is_closed = true;
        }
        self.settle();
        done
    }

    /// Gives back the right to write once no transaction is open.
    fn settle(&mut self) {
        if self.connection.is_autocommit() {
            self.lease = None;
            self.transaction_until = None;
        }
    }

    fn text(&self, text: &Text) -> Result<String, WireError> {
        match (&text.sql, text.sql_id) {
            (Some(sql), None) => Ok(sql.clone()),
            (None, Some(id)) => self
                .stored
                .get(&id)
                .cloned()
                .ok_or_else(|| WireError::new("SQL_NOT_FOUND", "no SQL text is stored under this number")),
            (None, None) | (Some(_), Some(_)) => {
                Err(WireError::new("SQL_INVALID", "either sql or sql_id must be given"))
            }
        }
    }
}

/// The arguments in the order of the parameters. A name is given with or without its `:`, `@` or `$`.
fn arguments(prepared: &Prepared, statement: Statement) -> Result<Vec<Value>, WireError> {
    let mut positional: Vec<Option<Value>> = statement.args.into_iter().map(|value| Some(value.0)).collect();
    let mut named: HashMap<String, Value> =
        statement.named_args.into_iter().map(|arg| (arg.name, arg.value.0)).collect();
    let count = prepared.parameter_count();
    let mismatch =
        |words: String| WireError::new("ARGS_INVALID", format!("Arguments do not match SQL parameters: {words}"));
    if count < positional.len() {
        return Err(mismatch(format!("too many parameters, expected {count} found {}", positional.len())));
    }
    let argument = |number: usize| {
        let name = prepared.parameter_name(number);
        let by_name = name
            .as_deref()
            .and_then(|name| named.remove(name).or_else(|| named.remove(name.trim_start_matches([':', '@', '$']))));
        let value = by_name.or_else(|| positional.get_mut(number.saturating_sub(1)).and_then(Option::take));
        value.ok_or_else(|| mismatch(format!("value for parameter {} not found", name.unwrap_or(number.to_string()))))
    };
    (1..=count).map(argument).collect()
}

/// Whether the statement's first word is one of `words`.
fn starts_with(sql: &str, words: &[&str]) -> bool {
    let first = first_word(sql);
    words.iter().any(|word| first.eq_ignore_ascii_case(word))
}

fn first_word(sql: &str) -> Cow<'_, str> {
    let mut rest = sql.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest.chars().take_while(char::is_ascii_alphabetic).collect();
        };
        rest = after.trim_start();
    }
}
