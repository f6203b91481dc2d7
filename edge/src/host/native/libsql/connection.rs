//! One SQLite connection with its prepared statements: the only place that calls the C library.
//!
//! The crate's own `Connection` is not used. It reads text up to the first NUL character, panics on
//! text that is not UTF-8, and copies the error message and the SQL once for every row.
#![expect(unsafe_code, reason = "the C interface of libSQL; each block says why it is sound")]

mod prepared;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_int, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use libsql::ffi;

use super::writer::soon;
use crate::port::sql::refusal::{self, Extended};
use crate::port::sql::{Refusal, Rows, SqlError, Statement, Value};
pub(in crate::host::native) use prepared::{Column, Prepared};

/// Why one statement failed.
#[derive(Debug)]
pub(in crate::host::native) enum StepError {
    /// The statement's own failure; the connection goes on.
    Refused(Refusal),
    /// No statement of the batch can be answered.
    Fatal(SqlError),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host::native) enum Purpose {
    /// Refuses to change anything.
    Read,
    /// The writer, which syncs the log itself.
    Write,
    /// A client's stream of statements, which syncs every commit.
    Stream,
}

/// An open connection. Used by one thread at a time; may move between threads.
pub(in crate::host::native) struct Connection {
    raw: NonNull<ffi::sqlite3>,
    /// Statements whose text is a constant, by its address.
    fixed: HashMap<(usize, usize), Prepared>,
    /// Statements whose text was put together.
    composed: HashMap<Box<str>, Prepared>,
    /// Read by the progress handler through a pointer, hence the box.
    deadline: Box<Cell<Option<Instant>>>,
}

// SAFETY: the handle and its statements are reached only through `&mut Connection`, so one thread at a
// time uses them; SQLite allows moving a connection between threads in that case (NOMUTEX).
unsafe impl Send for Connection {}

impl Connection {
    const FIXED: usize = 512;
    const COMPOSED: usize = 64;
    /// Instructions of SQLite's machine between two looks at the clock: some 20 µs.
    const INSTRUCTIONS_PER_LOOK: c_int = 1000;
    const LARGEST_VALUE: c_int = 10 * 1024 * 1024;
    /// How long SQLite itself waits for a lock that another process holds.
    const BUSY: Duration = Duration::from_secs(5);

    /// Opens the file, creating it when `purpose` is to write.
    pub fn open(path: &Path, purpose: Purpose) -> Result<Connection, SqlError> {
        configure_once();
        let unusable = || SqlError::Unavailable(format!("{} cannot be opened", path.display()));
        let file = CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| unusable())?;
        let create = if purpose == Purpose::Write { ffi::SQLITE_OPEN_CREATE } else { 0 };
        let flags = ffi::SQLITE_OPEN_READWRITE | create | ffi::SQLITE_OPEN_NOMUTEX | ffi::SQLITE_OPEN_EXRESCODE;
        let mut raw = ptr::null_mut();
        // SAFETY: `file` is NUL-terminated and outlives the call; `raw` is written before it is read.
        let code = unsafe { ffi::sqlite3_open_v2(file.as_ptr(), &mut raw, flags, ptr::null()) };
        let raw = NonNull::new(raw).ok_or_else(unusable)?;
        // From here on `Drop` closes the handle, also when opening failed.
        let mut connection =
            Connection { raw, fixed: HashMap::new(), composed: HashMap::new(), deadline: Box::new(Cell::new(None)) };
        if code != ffi::SQLITE_OK {
            let reason = connection.message();
            return Err(SqlError::Unavailable(format!("{}: {reason}", path.display())));
        }
        let deadline: *const Cell<Option<Instant>> = &raw const *connection.deadline;
        // SAFETY: the handle is open; the handler's argument lives as long as the connection and is only
        // read inside a call that holds `&mut Connection`. No attached databases: a statement must not
        // reach another file of this machine.
        unsafe {
            ffi::sqlite3_busy_timeout(raw.as_ptr(), c_int::try_from(Connection::BUSY.as_millis()).unwrap_or(0));
            ffi::sqlite3_limit(raw.as_ptr(), ffi::SQLITE_LIMIT_ATTACHED, 0);
            // A plan is kept, whatever is bound: libSQL is built with STAT4, and would otherwise prepare
            // every statement whose plan could depend on an argument anew each time it runs.
            let keep_plans = ffi::SQLITE_DBCONFIG_ENABLE_QPSG;
            ffi::sqlite3_db_config(raw.as_ptr(), keep_plans, 1 as c_int, ptr::null_mut::<c_int>());
            // As sqld: a value or a row it would refuse must not be found out about in production.
            ffi::sqlite3_limit(raw.as_ptr(), ffi::SQLITE_LIMIT_LENGTH, Connection::LARGEST_VALUE);
            let look = Connection::INSTRUCTIONS_PER_LOOK;
            ffi::sqlite3_progress_handler(raw.as_ptr(), look, Some(is_late), deadline.cast_mut().cast());
        }
        connection.prepare_for(purpose).map_err(|error| match error {
            StepError::Fatal(error) => error,
            StepError::Refused(refusal) => SqlError::Unavailable(refusal.into_message()),
        })?;
        Ok(connection)
    }

    fn prepare_for(&mut self, purpose: Purpose) -> Result<(), StepError> {
        let settings: &[&str] = match purpose {
            // NORMAL: a commit is in the file when it returns, and on the disk once the caller of the
            // writer has synced it (see `writer`). `query_only` is for readers.
            Purpose::Write => &[
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = NORMAL",
                "PRAGMA foreign_keys = ON",
                "PRAGMA journal_size_limit = 67108864",
                // An import changes pages all over its indexes: one that it changes again soon shall be neither
                // read nor checkpointed in between.
                "PRAGMA wal_autocheckpoint = 8000",
                "PRAGMA cache_size = -64000",
                "PRAGMA temp_store = MEMORY",
            ],
            Purpose::Stream => &["PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY"],
            // Mapping the whole file (`.cargo/config.toml` lets SQLite) saves a system call for every page that is
            // not cached.
            Purpose::Read => &[
                "PRAGMA query_only = ON",
                "PRAGMA mmap_size = 1099511627776",
                "PRAGMA cache_size = -8000",
                "PRAGMA temp_store = MEMORY",
            ],
        };
        for setting in settings {
            let answer = self.set(setting)?;
            let journal = answer.first().filter(|_| setting.contains("journal_mode"));
            if journal.is_some_and(|row| row.values != [Value::Text("wal".to_owned())]) {
                let reason = "its file system allows no write-ahead log".to_owned();
                return Err(StepError::Fatal(SqlError::Unavailable(reason)));
            }
        }
        Ok(())
    }

    /// Runs a setting, again while another process changes the same file's journal: two that do so at once each
    /// wait for the other to stop reading, so SQLite refuses both without calling its busy handler.
    fn set(&mut self, setting: &'static str) -> Result<Rows, StepError> {
        let until = soon(Connection::BUSY);
        loop {
            match self.run(&Statement::new(setting), &mut usize::MAX.clone()) {
                Err(StepError::Refused(Refusal::Busy(_))) if soon(Duration::ZERO) < until => {
                    thread::sleep(Duration::from_millis(5));
                }
                done => return done,
            }
        }
    }

    /// Runs one statement to its end. `budget` is what the answer may still hold, in bytes.
    pub fn run(&mut self, statement: &Statement, budget: &mut usize) -> Result<Rows, StepError> {
        self.prepared(statement)?.run(&statement.args, budget)
    }

    /// Interrupts whatever runs after `deadline`.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline.set(deadline);
    }

    /// Whether no transaction is open.
    pub fn is_autocommit(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { ffi::sqlite3_get_autocommit(self.raw.as_ptr()) != 0 }
    }

    /// The rowid of the last inserted row.
    pub fn last_insert_rowid(&self) -> i64 {
        // SAFETY: the handle is open.
        unsafe { ffi::sqlite3_last_insert_rowid(self.raw.as_ptr()) }
    }

    /// Rolls back whatever transaction is open.
    pub fn end_transaction(&mut self) {
        if !self.is_autocommit() {
            self.deadline.set(None);
            // A ROLLBACK fails only when there is nothing to roll back any more.
            drop(self.run(&Statement::new("ROLLBACK"), &mut usize::MAX.clone()));
        }
    }

    /// `statement` prepared, from the cache when it is there.
    pub fn prepared(&mut self, statement: &Statement) -> Result<&mut Prepared, StepError> {
        match &statement.sql {
            Cow::Borrowed(text) => {
                let key = (text.as_ptr().addr(), text.len());
                if !self.fixed.contains_key(&key) {
                    if Connection::FIXED <= self.fixed.len() {
                        self.fixed.clear();
                    }
                    self.fixed.insert(key, Prepared::new(self.raw, text)?);
                }
                self.fixed.get_mut(&key)
            }
            Cow::Owned(text) => {
                if !self.composed.contains_key(text.as_str()) {
                    if Connection::COMPOSED <= self.composed.len() {
                        self.composed.clear();
                    }
                    self.composed.insert(text.as_str().into(), Prepared::new(self.raw, text)?);
                }
                self.composed.get_mut(text.as_str())
            }
        }
        .ok_or_else(|| StepError::Fatal(SqlError::Unavailable("a prepared statement was lost".to_owned())))
    }

    /// Runs every statement of `script`, ignoring what they answer.
    pub fn run_script(&mut self, script: &str) -> Result<(), StepError> {
        let mut rest = script;
        loop {
            let (statement, tail) = Prepared::first(self.raw, rest)?;
            let Some(mut statement) = statement else { return Ok(()) };
            statement.run(&[], &mut usize::MAX.clone())?;
            rest = tail;
        }
    }

    fn message(&self) -> String {
        message(self.raw)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.fixed.clear();
        self.composed.clear();
        // SAFETY: the statements are finalized, and nobody else holds the handle.
        unsafe { ffi::sqlite3_close_v2(self.raw.as_ptr()) };
    }
}

/// The progress handler: any answer but 0 interrupts the statement.
extern "C" fn is_late(deadline: *mut c_void) -> c_int {
    // SAFETY: `open` gave a pointer to the connection's own boxed cell, and SQLite calls this only while
    // the connection runs a statement.
    let deadline = unsafe { &*deadline.cast::<Cell<Option<Instant>>>() };
    #[expect(clippy::disallowed_methods, reason = "native only")]
    deadline.get().is_some_and(|deadline| deadline < Instant::now()).into()
}

/// Settings of the whole library: no count of all memory, which is a lock around every allocation.
fn configure_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: called before the first connection is opened, with the argument this option takes.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0 as c_int) };
    });
}

fn message(raw: NonNull<ffi::sqlite3>) -> String {
    // SAFETY: the handle is open, and the text is copied before the next call on it.
    unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(raw.as_ptr())) }.to_string_lossy().into_owned()
}

/// The failure that the connection's last call answered with `code`.
fn failure(raw: NonNull<ffi::sqlite3>, code: c_int) -> StepError {
    const MASK: c_int = 0xff;
    let message = message(raw);
    let name = match code & MASK {
        ffi::SQLITE_CONSTRAINT => "SQLITE_CONSTRAINT",
        ffi::SQLITE_MISMATCH => "SQLITE_MISMATCH",
        ffi::SQLITE_TOOBIG => "SQLITE_TOOBIG",
        ffi::SQLITE_BUSY => "SQLITE_BUSY",
        ffi::SQLITE_LOCKED => "SQLITE_LOCKED",
        ffi::SQLITE_INTERRUPT => "SQLITE_INTERRUPT",
        ffi::SQLITE_IOERR => "SQLITE_IOERR",
        ffi::SQLITE_FULL => "SQLITE_FULL",
        ffi::SQLITE_NOMEM => "SQLITE_NOMEM",
        ffi::SQLITE_CANTOPEN => "SQLITE_CANTOPEN",
        ffi::SQLITE_CORRUPT => "SQLITE_CORRUPT",
        ffi::SQLITE_NOTADB => "SQLITE_NOTADB",
        ffi::SQLITE_PROTOCOL => "SQLITE_PROTOCOL",
        // sqld parses every statement of a batch before it runs one; here the words tell.
        ffi::SQLITE_ERROR if is_syntax_error(&message) => "SQL_PARSE_ERROR",
        _ => "SQLITE_UNKNOWN",
    };
    refusal::read(name, Some(&Extended::Code(code.into())), message).map_or_else(StepError::Fatal, StepError::Refused)
}

fn is_syntax_error(message: &str) -> bool {
    message == "incomplete input"
        || message.starts_with("unrecognized token: ")
        || (message.starts_with("near \"") && message.ends_with("\": syntax error"))
}
