//! How much a statement makes the database do: the steps of SQLite's virtual machine, which are the same on
//! every machine, in place of time.
#![expect(unsafe_code, reason = "the crate shows neither a statement's counters nor its handle")]

use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr::{null, null_mut};

use headlesspro_edge::port::sql::Value;
use libsql::ffi;

/// A connection of its own to a database's file.
pub struct Counted(*mut ffi::sqlite3);

impl Counted {
    pub fn open(path: &Path) -> Counted {
        let path = CString::new(path.to_str().expect("UTF-8")).expect("a path");
        let mut raw = null_mut();
        // SAFETY: the path ends in NUL and the handle is written before it is read.
        let code = unsafe { ffi::sqlite3_open(path.as_ptr(), &raw mut raw) };
        assert_eq!(code, ffi::SQLITE_OK, "{path:?}");
        Counted(raw)
    }

    /// Runs statements without arguments.
    pub fn execute(&self, sql: &str) {
        self.try_execute(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// The same, or why not.
    pub fn try_execute(&self, sql: &str) -> Result<(), String> {
        let text = CString::new(sql).expect("no NUL");
        // SAFETY: the connection is open, the text ends in NUL.
        let code = unsafe { ffi::sqlite3_exec(self.0, text.as_ptr(), None, null_mut(), null_mut()) };
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.error()) }
    }

    /// The first column of each row, and the steps it took.
    pub fn query(&self, sql: &str, args: &[Value]) -> (Vec<String>, c_int) {
        let text = CString::new(sql).expect("no NUL");
        let mut statement = null_mut();
        // SAFETY: the connection is open, the text ends in NUL; the statement lives until it is finalized, and a
        // column's text is copied before the next step.
        unsafe {
            let code = ffi::sqlite3_prepare_v2(self.0, text.as_ptr(), -1, &raw mut statement, null_mut());
            assert_eq!(code, ffi::SQLITE_OK, "{}: {sql}", self.error());
            for (number, value) in (1..).zip(args) {
                let code = match value {
                    Value::Integer(integer) => ffi::sqlite3_bind_int64(statement, number, *integer),
                    Value::Text(text) => {
                        let length = c_int::try_from(text.len()).expect("a short text");
                        ffi::sqlite3_bind_text(statement, number, text.as_ptr().cast(), length, None)
                    }
                    Value::Null => ffi::sqlite3_bind_null(statement, number),
                    other => panic!("{other:?} is no argument of a list"),
                };
                assert_eq!(code, ffi::SQLITE_OK, "{}: {sql}", self.error());
            }
            let mut rows = Vec::new();
            while ffi::sqlite3_step(statement) == ffi::SQLITE_ROW {
                let first = ffi::sqlite3_column_text(statement, 0);
                assert_ne!(first, null(), "{sql}");
                rows.push(CStr::from_ptr(first.cast()).to_str().expect("UTF-8").to_owned());
            }
            let steps = ffi::sqlite3_stmt_status(statement, ffi::SQLITE_STMTSTATUS_VM_STEP, 0);
            let code = ffi::sqlite3_finalize(statement);
            assert_eq!(code, ffi::SQLITE_OK, "{}: {sql}", self.error());
            (rows, steps)
        }
    }

    fn error(&self) -> String {
        // SAFETY: the connection is open; the text is copied at once.
        unsafe { CStr::from_ptr(ffi::sqlite3_errmsg(self.0)) }.to_string_lossy().into_owned()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // SAFETY: nothing else has the handle.
        unsafe { ffi::sqlite3_close(self.0) };
    }
}
