//! Why the database refused a step, the same on every adapter.

use super::SqlError;

/// The kind of a constraint. A primary key counts as [`Unique`](Constraint::Unique): SQLite words both
/// alike, and sqld passes on nothing but the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    Check,
    ForeignKey,
    NotNull,
    Unique,
    /// `RAISE(ABORT, ...)` in a trigger.
    Trigger,
    /// A value of another type than the `STRICT` column's.
    DataType,
}

/// The database's own words for a refused step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A constraint of the schema; `message` is SQLite's, such as `CHECK constraint failed: available >= 0`.
    Constraint { constraint: Constraint, message: String },
    /// Another writer held the lock for too long; nothing of this step happened.
    Busy(String),
    /// Anything else: a missing table, wrong arguments. A defect of ours, or a schema not migrated.
    Other(String),
}

impl Refusal {
    /// Whether a trigger of ours refused, by its word.
    pub fn is_raised(&self, word: &str) -> bool {
        matches!(self, Refusal::Constraint { constraint: Constraint::Trigger, message } if message == word)
    }

    pub fn into_message(self) -> String {
        match self {
            Refusal::Constraint { message, .. } | Refusal::Busy(message) | Refusal::Other(message) => message,
        }
    }
}

/// An error code more precise than `SQLITE_CONSTRAINT`, where the database gives one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extended {
    /// SQLite's extended result code, such as 2067.
    Code(i64),
    /// Its name, such as `SQLITE_CONSTRAINT_UNIQUE`.
    Name(String),
}

/// Reads an error of one statement: the name of its code (SQLite's, or one of Hrana's), the extended
/// code and SQLite's message.
///
/// # Errors
/// A failure that is not this step's: the statement does not parse, the answer is too large, the
/// database is not well.
pub fn read(code: &str, extended: Option<&Extended>, message: String) -> Result<Refusal, SqlError> {
    let message = match message.strip_prefix("SQLite error: ") {
        Some(words) => words.to_owned(),
        None => message,
    };
    match code {
        "SQLITE_CONSTRAINT" => {
            let constraint = extended.and_then(from_extended).unwrap_or_else(|| from_words(&message));
            Ok(Refusal::Constraint { constraint, message })
        }
        "SQLITE_MISMATCH" => Ok(Refusal::Constraint { constraint: Constraint::DataType, message }),
        "SQLITE_BUSY" | "SQLITE_LOCKED" | "TRANSACTION_BUSY" => Ok(Refusal::Busy(message)),
        "SQL_PARSE_ERROR" | "SQL_NO_STATEMENT" | "SQL_MANY_STATEMENTS" => Err(SqlError::Statement(message)),
        "RESPONSE_TOO_LARGE" | "SQLITE_TOOBIG" => Err(SqlError::TooLarge),
        "SQLITE_INTERRUPT" | "TRANSACTION_TIMEOUT" => Err(SqlError::Timeout),
        // BLOCKED is Turso's for an account over its quota.
        "SQLITE_IOERR" | "SQLITE_FULL" | "SQLITE_NOMEM" | "SQLITE_CANTOPEN" | "SQLITE_CORRUPT" | "SQLITE_NOTADB"
        | "SQLITE_PROTOCOL" | "BLOCKED" | "PROXY_ERROR" => Err(SqlError::Unavailable(message)),
        _ => Ok(Refusal::Other(message)),
    }
}

/// Source of the numbers: <https://sqlite.org/rescode.html>.
fn from_extended(extended: &Extended) -> Option<Constraint> {
    match extended {
        Extended::Code(code) => match code {
            275 => Some(Constraint::Check),
            787 => Some(Constraint::ForeignKey),
            1299 => Some(Constraint::NotNull),
            1555 | 2067 | 2579 => Some(Constraint::Unique),
            1811 => Some(Constraint::Trigger),
            3091 => Some(Constraint::DataType),
            _ => None,
        },
        Extended::Name(name) => match name.as_str() {
            "SQLITE_CONSTRAINT_CHECK" => Some(Constraint::Check),
            "SQLITE_CONSTRAINT_FOREIGNKEY" => Some(Constraint::ForeignKey),
            "SQLITE_CONSTRAINT_NOTNULL" => Some(Constraint::NotNull),
            "SQLITE_CONSTRAINT_PRIMARYKEY" | "SQLITE_CONSTRAINT_UNIQUE" | "SQLITE_CONSTRAINT_ROWID" => {
                Some(Constraint::Unique)
            }
            "SQLITE_CONSTRAINT_TRIGGER" => Some(Constraint::Trigger),
            "SQLITE_CONSTRAINT_DATATYPE" => Some(Constraint::DataType),
            _ => None,
        },
    }
}

/// Only a trigger chooses its own words.
fn from_words(message: &str) -> Constraint {
    const WORDS: &[(&str, Constraint)] = &[
        ("CHECK constraint failed", Constraint::Check),
        ("FOREIGN KEY constraint failed", Constraint::ForeignKey),
        ("NOT NULL constraint failed", Constraint::NotNull),
        ("UNIQUE constraint failed", Constraint::Unique),
        ("cannot store ", Constraint::DataType),
    ];
    let known = WORDS.iter().find(|(words, _)| message.starts_with(words));
    known.map_or(Constraint::Trigger, |(_, constraint)| *constraint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_is_known_by_its_extended_code_its_name_or_its_words() {
        let words = "UNIQUE constraint failed: product.handle";
        for (extended, message, expected) in [
            (None, words, Constraint::Unique),
            (None, "SQLite error: CHECK constraint failed: available >= 0", Constraint::Check),
            (None, "OUT_OF_STOCK", Constraint::Trigger),
            (Some(Extended::Code(1555)), words, Constraint::Unique),
            (Some(Extended::Code(1811)), words, Constraint::Trigger),
            (Some(Extended::Name("SQLITE_CONSTRAINT_TRIGGER".to_owned())), words, Constraint::Trigger),
            (Some(Extended::Name("SQLITE_CONSTRAINT".to_owned())), words, Constraint::Unique),
        ] {
            let refusal = read("SQLITE_CONSTRAINT", extended.as_ref(), message.to_owned()).unwrap();
            let message = message.trim_start_matches("SQLite error: ").to_owned();
            assert_eq!(refusal, Refusal::Constraint { constraint: expected, message });
        }
    }
}
