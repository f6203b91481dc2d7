//! What Redis answers.

/// Redis' answer to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Nil,
    Integer(i64),
    /// A bulk string or a simple one (`OK`).
    Text(String),
    Array(Vec<Reply>),
    /// Redis' own error text, such as `WRONGTYPE Operation against a key ...`.
    Error(String),
}

impl Reply {
    pub fn ok() -> Reply {
        Reply::text("OK")
    }

    pub fn text(text: impl AsRef<str>) -> Reply {
        Reply::Text(text.as_ref().to_owned())
    }

    /// How many of something there are.
    pub fn count(count: usize) -> Reply {
        Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Redis' yes and no: 1 and 0.
    pub fn flag(yes: bool) -> Reply {
        Reply::Integer(i64::from(yes))
    }
}
