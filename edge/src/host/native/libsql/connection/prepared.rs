//! A prepared statement.

use std::ffi::{CStr, c_int};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use libsql::ffi;

use super::{StepError, failure};
use crate::port::sql::{Refusal, Rows, SqlError, Value};

/// Rows an answer has room for from the start.
const FIRST_ROWS: usize = 8;

/// Never outlives the connection that prepared it, whose caches own it.
pub(in crate::host::native) struct Prepared {
    connection: NonNull<ffi::sqlite3>,
    raw: NonNull<ffi::sqlite3_stmt>,
    columns: Arc<[String]>,
    /// How often SQLite prepared it anew because the schema changed; the columns may differ then.
    prepared: c_int,
    /// It changes nothing. BEGIN DEFERRED and COMMIT count as such, BEGIN IMMEDIATE does not.
    pub is_read_only: bool,
    /// It ran longer than a thread that serves requests may be held.
    pub is_slow: bool,
}

/// A column of a statement's answer, as its author declared it.
pub(in crate::host::native) struct Column {
    pub name: String,
    pub declared_type: Option<String>,
}

impl Prepared {
    /// Prepares a text that is exactly one statement.
    pub fn new(connection: NonNull<ffi::sqlite3>, sql: &str) -> Result<Prepared, StepError> {
        let several =
            || StepError::Fatal(SqlError::Statement("SQL string contains more than one statement".to_owned()));
        let (statement, tail) = Prepared::first(connection, sql)?;
        if !tail.trim_ascii().is_empty() && !matches!(Prepared::first(connection, tail), Ok((None, _))) {
            return Err(several());
        }
        let nothing = || SqlError::Statement("SQL string does not contain any statement".to_owned());
        statement.ok_or_else(|| StepError::Fatal(nothing()))
    }

    /// Prepares the first statement of a text, and answers what follows it. `None`: there was nothing
    /// but white space and comments.
    pub fn first(connection: NonNull<ffi::sqlite3>, sql: &str) -> Result<(Option<Prepared>, &str), StepError> {
        let answer = Prepared::first_once(connection, sql);
        if !matches!(&answer, Err(StepError::Refused(Refusal::Other(_)))) {
            return answer;
        }
        // The connection may know the schema from before another connection's change of it. Reading the
        // schema's table makes it look again.
        if let Ok((Some(mut look), _)) = Prepared::first_once(connection, "SELECT count(*) FROM sqlite_schema") {
            look.run(&[], &mut usize::MAX.clone())?;
        }
        Prepared::first_once(connection, sql)
    }

    fn first_once(connection: NonNull<ffi::sqlite3>, sql: &str) -> Result<(Option<Prepared>, &str), StepError> {
        let too_long = || StepError::Fatal(SqlError::Statement("the statement is too long".to_owned()));
        let length = c_int::try_from(sql.len()).map_err(|_| too_long())?;
        let (mut raw, mut tail) = (ptr::null_mut(), ptr::null());
        // SAFETY: the handle is open, the text is `length` bytes long, and both results are written
        // before they are read.
        let code = unsafe {
            let kept = u32::try_from(ffi::SQLITE_PREPARE_PERSISTENT).unwrap_or(0);
            ffi::sqlite3_prepare_v3(connection.as_ptr(), sql.as_ptr().cast(), length, kept, &mut raw, &mut tail)
        };
        if code != ffi::SQLITE_OK {
            return Err(failure(connection, code));
        }
        let consumed = tail.addr().saturating_sub(sql.as_ptr().addr());
        let rest = sql.get(consumed..).unwrap_or("");
        let statement = NonNull::new(raw).map(|raw| {
            let mut statement = Prepared {
                connection,
                raw,
                columns: Arc::default(),
                prepared: 0,
                // SAFETY: the statement was just prepared.
                is_read_only: unsafe { ffi::sqlite3_stmt_readonly(raw.as_ptr()) != 0 },
                is_slow: false,
            };
            statement.columns = statement.columns().into_iter().map(|column| column.name).collect();
            statement
        });
        Ok((statement, rest))
    }

    /// Runs it to its end with `args` for `?1`, `?2`, ... `budget` is what the answer may still hold, in
    /// bytes.
    pub fn run(&mut self, args: &[Value], budget: &mut usize) -> Result<Rows, StepError> {
        let wanted = self.parameter_count();
        if wanted != args.len() {
            let words = format!("Arguments do not match SQL parameters: {wanted} expected, {} given", args.len());
            return Err(StepError::Refused(Refusal::Other(words)));
        }
        // SAFETY: the handle is open.
        let changes_before = unsafe { ffi::sqlite3_total_changes64(self.connection.as_ptr()) };
        let running = Running { statement: self };
        running.bind(args)?;
        let mut cells = Vec::with_capacity(running.statement.columns.len().saturating_mul(FIRST_ROWS));
        while running.step()? {
            running.read_row(&mut cells, budget)?;
        }
        drop(running);
        // `changes` still holds an earlier statement's count where this one changed nothing.
        // SAFETY: the handle is open.
        let affected = unsafe {
            let is_changed = changes_before != ffi::sqlite3_total_changes64(self.connection.as_ptr());
            if is_changed { ffi::sqlite3_changes64(self.connection.as_ptr()) } else { 0 }
        };
        self.refresh_columns();
        Ok(Rows::new(Arc::clone(&self.columns), cells, u64::try_from(affected).unwrap_or(0)))
    }

    pub fn parameter_count(&self) -> usize {
        // SAFETY: the statement is prepared.
        usize::try_from(unsafe { ffi::sqlite3_bind_parameter_count(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// The name of the parameter with this number (from 1), with its `:`, `@`, `$` or `?`.
    pub fn parameter_name(&self, number: usize) -> Option<String> {
        let number = c_int::try_from(number).ok()?;
        // SAFETY: the statement is prepared; the text is copied at once.
        unsafe { text(ffi::sqlite3_bind_parameter_name(self.raw.as_ptr(), number)) }
    }

    pub fn columns(&self) -> Vec<Column> {
        // SAFETY: the statement is prepared, the number is in range, and the texts are copied at once.
        unsafe {
            let count = ffi::sqlite3_column_count(self.raw.as_ptr());
            let column = |number| Column {
                name: text(ffi::sqlite3_column_name(self.raw.as_ptr(), number)).unwrap_or_default(),
                declared_type: text(ffi::sqlite3_column_decltype(self.raw.as_ptr(), number)),
            };
            (0..count).map(column).collect()
        }
    }

    pub fn is_explain(&self) -> bool {
        // SAFETY: the statement is prepared.
        unsafe { ffi::sqlite3_stmt_isexplain(self.raw.as_ptr()) != 0 }
    }

    fn refresh_columns(&mut self) {
        // SAFETY: the statement is prepared; 0 keeps the counter.
        let prepared = unsafe { ffi::sqlite3_stmt_status(self.raw.as_ptr(), ffi::SQLITE_STMTSTATUS_REPREPARE, 0) };
        if prepared != self.prepared {
            self.prepared = prepared;
            self.columns = self.columns().into_iter().map(|column| column.name).collect();
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: nobody else holds the statement, and its connection is still open.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// A statement between its first step and its end. Its end releases the read lock and the arguments.
struct Running<'a> {
    statement: &'a Prepared,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // SAFETY: the statement is prepared. Its errors were answered by `step` already.
        unsafe {
            ffi::sqlite3_reset(self.statement.raw.as_ptr());
            ffi::sqlite3_clear_bindings(self.statement.raw.as_ptr());
        }
    }
}

impl Running<'_> {
    fn bind(&self, args: &[Value]) -> Result<(), StepError> {
        let raw = self.statement.raw.as_ptr();
        for (number, value) in (1..).zip(args) {
            // SAFETY: the statement is prepared and has this parameter. Text and blobs are not copied
            // (SQLITE_STATIC): `args` is borrowed until `Running` is dropped, which clears the bindings.
            let code = unsafe {
                match value {
                    Value::Null => ffi::sqlite3_bind_null(raw, number),
                    Value::Integer(integer) => ffi::sqlite3_bind_int64(raw, number, *integer),
                    Value::Real(real) => ffi::sqlite3_bind_double(raw, number, *real),
                    Value::Text(text) => {
                        let (start, length) = (text.as_ptr().cast(), size(text.len()));
                        let encoding = u8::try_from(ffi::SQLITE_UTF8).unwrap_or(1);
                        ffi::sqlite3_bind_text64(raw, number, start, length, ffi::SQLITE_STATIC(), encoding)
                    }
                    Value::Blob(bytes) => {
                        // The pointer of an empty vector is not null, which would mean NULL.
                        let (start, length) = (bytes.as_ptr().cast(), size(bytes.len()));
                        ffi::sqlite3_bind_blob64(raw, number, start, length, ffi::SQLITE_STATIC())
                    }
                }
            };
            if code != ffi::SQLITE_OK {
                return Err(failure(self.statement.connection, code));
            }
        }
        Ok(())
    }

    /// Whether there is another row.
    fn step(&self) -> Result<bool, StepError> {
        // SAFETY: the statement is prepared.
        match unsafe { ffi::sqlite3_step(self.statement.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            code => Err(failure(self.statement.connection, code)),
        }
    }

    fn read_row(&self, cells: &mut Vec<Value>, budget: &mut usize) -> Result<(), StepError> {
        let raw = self.statement.raw.as_ptr();
        // SAFETY: a row is there, so its columns can be read.
        let count = unsafe { ffi::sqlite3_data_count(raw) };
        for column in 0..count {
            // SAFETY: as above. Text is asked for before its length, and both are copied before the next
            // call; SQLite answers null for an empty blob.
            let value = unsafe {
                match ffi::sqlite3_column_type(raw, column) {
                    ffi::SQLITE_INTEGER => Value::Integer(ffi::sqlite3_column_int64(raw, column)),
                    ffi::SQLITE_FLOAT => Value::Real(ffi::sqlite3_column_double(raw, column)),
                    ffi::SQLITE_TEXT => {
                        let start = ffi::sqlite3_column_text(raw, column);
                        Value::Text(utf8(bytes(start, ffi::sqlite3_column_bytes(raw, column)))?)
                    }
                    ffi::SQLITE_BLOB => {
                        let start = ffi::sqlite3_column_blob(raw, column).cast();
                        Value::Blob(bytes(start, ffi::sqlite3_column_bytes(raw, column)).to_vec())
                    }
                    _ => Value::Null,
                }
            };
            let weight = match &value {
                Value::Text(text) => text.len(),
                Value::Blob(bytes) => bytes.len(),
                Value::Null | Value::Integer(_) | Value::Real(_) => 8,
            };
            *budget = budget.checked_sub(weight).ok_or(StepError::Fatal(SqlError::TooLarge))?;
            cells.push(value);
        }
        Ok(())
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn utf8(bytes: &[u8]) -> Result<String, StepError> {
    let not_text = || StepError::Fatal(SqlError::Garbage("a text in the database is not UTF-8".to_owned()));
    str::from_utf8(bytes).map(str::to_owned).map_err(|_| not_text())
}

/// # Safety
/// `start` is null, or points to `length` bytes that live at least as long as `'a`.
unsafe fn bytes<'a>(start: *const u8, length: c_int) -> &'a [u8] {
    match usize::try_from(length) {
        // SAFETY: as the caller promises.
        Ok(length) if !start.is_null() => unsafe { slice::from_raw_parts(start, length) },
        _ => &[],
    }
}

/// # Safety
/// `start` is null, or points to a text that ends with NUL.
unsafe fn text(start: *const std::ffi::c_char) -> Option<String> {
    // SAFETY: as the caller promises.
    (!start.is_null()).then(|| unsafe { CStr::from_ptr(start) }.to_string_lossy().into_owned())
}
