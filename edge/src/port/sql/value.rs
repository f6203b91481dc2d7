//! Values, statements and rows.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use super::SqlError;

/// One SQLite value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Integer(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Value {
        Value::Blob(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// SQL text with its arguments for `?1`, `?2`, ... Contexts keep the text as constants in their
/// `store.rs`, beside the mapping of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub sql: Cow<'static, str>,
    pub args: Vec<Value>,
}

impl Statement {
    pub fn new(sql: impl Into<Cow<'static, str>>) -> Statement {
        Statement { sql: sql.into(), args: Vec::new() }
    }

    /// Binds the next argument.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Statement {
        self.args.push(value.into());
        self
    }
}

/// What one statement answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    pub columns: Arc<[String]>,
    /// Row after row, each as wide as `columns`.
    cells: Vec<Value>,
    /// Rows changed by an INSERT, UPDATE or DELETE, those changed by its triggers not counted.
    pub affected: u64,
}

impl Rows {
    /// `cells` holds row after row; a rest that fills no row is dropped.
    pub fn new(columns: Arc<[String]>, mut cells: Vec<Value>, affected: u64) -> Rows {
        let whole = cells.len().checked_rem(columns.len()).map_or(0, |rest| cells.len().saturating_sub(rest));
        cells.truncate(whole);
        Rows { columns, cells, affected }
    }

    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        self.cells.chunks_exact(self.columns.len().max(1)).map(|values| Row { columns: &self.columns, values })
    }
}

/// One row, read by the name of a column.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    /// The values in the order of the columns.
    pub values: &'a [Value],
}

impl<'a> Row<'a> {
    /// The value of `column` as `T`: `i64`, `bool`, `&str`, `&[u8]`, `&Value`, or an `Option` of these.
    ///
    /// # Errors
    /// [`SqlError::Statement`] naming the column when it is absent or of another type.
    pub fn get<T: FromValue<'a>>(&self, column: &str) -> Result<T, SqlError> {
        let value = self.columns.iter().position(|name| name == column).and_then(|at| self.values.get(at));
        let value = value.ok_or_else(|| SqlError::Statement(format!("no column {column}")))?;
        T::from_value(value).ok_or_else(|| SqlError::Statement(format!("column {column} holds another type")))
    }

    /// The text of `column`, parsed into a domain type.
    ///
    /// # Errors
    /// [`SqlError::Statement`] naming the column when it does not parse.
    pub fn parse<T: FromStr>(&self, column: &str) -> Result<T, SqlError> {
        let text: &str = self.get(column)?;
        text.parse().map_err(|_| SqlError::Statement(format!("column {column} does not parse")))
    }
}

/// A type that a column's value can be read as.
pub trait FromValue<'a>: Sized {
    fn from_value(value: &'a Value) -> Option<Self>;
}

impl<'a> FromValue<'a> for &'a Value {
    fn from_value(value: &'a Value) -> Option<Self> {
        Some(value)
    }
}

impl FromValue<'_> for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some(*integer),
            Value::Null | Value::Real(_) | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

impl FromValue<'_> for bool {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|integer| integer != 0)
    }
}

impl<'a> FromValue<'a> for &'a str {
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => None,
        }
    }
}

impl<'a> FromValue<'a> for &'a [u8] {
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Text(_) => None,
        }
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}
