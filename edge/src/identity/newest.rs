//! Pages of what a store has, the newest first: its API keys and its apps.

use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use headlesspro_shared::kernel::time::Timestamp;

use crate::extract::{Query, QueryParams};
use crate::port::sql::Statement;

const SORT: &str = "newest";

/// Which page is asked for.
pub struct Newest {
    /// Moment in milliseconds and id of what it comes behind.
    behind: (i64, String),
    limit: usize,
}

impl Newest {
    /// The first page, as long as one can be.
    pub fn first() -> Newest {
        Newest::behind(None, Limit::MAX.get())
    }

    fn behind(behind: Option<(i64, String)>, limit: i64) -> Newest {
        // Behind any moment there can be.
        let behind = behind.unwrap_or_else(|| (i64::MAX, String::new()));
        Newest { behind, limit: usize::try_from(limit).unwrap_or(usize::MAX) }
    }

    /// Moment, id and number of those to be read, one more than are told: whether there are more.
    pub fn bind(&self, statement: Statement) -> Statement {
        let asked = i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1);
        statement.bind(self.behind.0).bind(self.behind.1.as_str()).bind(asked)
    }

    /// What of those read is on the page, and the page behind it, if there is one.
    pub fn page<T>(&self, mut read: Vec<T>, at: impl Fn(&T) -> (Timestamp, String)) -> (Vec<T>, Option<Newest>) {
        let more = self.limit < read.len();
        read.truncate(self.limit);
        let last = read.last().filter(|_| more).map(at);
        let next = last.map(|(moment, id)| Newest { behind: (moment.millis(), id), limit: self.limit });
        (read, next)
    }

    /// The `cursor` of this page.
    pub fn cursor(self) -> String {
        Cursor::new(SORT, vec![CursorPart::Integer(self.behind.0), CursorPart::Text(self.behind.1)]).to_string()
    }
}

impl Query for Newest {
    fn parse(params: &mut QueryParams) -> Newest {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        Newest::behind(params.take("cursor", behind), limit.get())
    }
}

fn behind(cursor: &str) -> Result<(i64, String), &'static str> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    match cursor.parts_for(SORT) {
        Ok([CursorPart::Integer(moment), CursorPart::Text(id)]) => Ok((*moment, id.clone())),
        _ => Err(FOREIGN),
    }
}
