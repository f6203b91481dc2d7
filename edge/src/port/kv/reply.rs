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

    /// What it is made of, for a log: of a text its length alone. An error is Redis' own words.
    pub fn shape(&self) -> String {
        match self {
            Reply::Nil => "nil".to_owned(),
            Reply::Integer(_) => "an integer".to_owned(),
            Reply::Text(text) => format!("a text of {} bytes", text.len()),
            Reply::Array(items) => {
                let first: Vec<String> = items.iter().take(16).map(Reply::shape).collect();
                format!("an array of {}: [{}]", items.len(), first.join(", "))
            }
            Reply::Error(text) => format!("the error {:?}", text.chars().take(200).collect::<String>()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_says_nothing_of_what_texts_say() {
        let reply = Reply::Array(vec![Reply::text("sk_s3cret"), Reply::Integer(7), Reply::Array(vec![Reply::Nil])]);
        assert_eq!(reply.shape(), "an array of 3: [a text of 9 bytes, an integer, an array of 1: [nil]]");
        assert_eq!(Reply::Error("ERR no".to_owned()).shape(), "the error \"ERR no\"");
    }
}
