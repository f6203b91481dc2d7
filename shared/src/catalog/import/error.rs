//! Why a whole file cannot be imported.

use super::EncodingError;

/// What ends an import. Products that were given out before it are good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("the file is empty")]
    Empty,
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    #[error("the columns are separated by {0}: save the file with commas between the columns")]
    Separator(&'static str),
    #[error("the header has no column {}; Shopify's product export has them", list(.0))]
    MissingColumns(Vec<&'static str>),
    #[error("the columns `{first}` and `{second}` of the header mean the same: remove one of them")]
    SameColumn { first: String, second: String },
    #[error("the row that starts in line {line} is longer than 2 MiB: is a closing quote missing?")]
    RowTooLong { line: u64 },
    #[error("the file cannot be read: {0}")]
    Read(String),
}

fn list(names: &[&'static str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
