//! Reading the audit log, and proving that nobody else wrote to it.

use std::convert::Infallible;

use headlesspro_shared::journal::{Fault, Head, Verifier};
use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use headlesspro_shared::kernel::report::Report;

use super::chain;
use super::store::{self, Entry, Filter};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::port::sql::Sql;

/// The list has one sort: the newest entry first.
pub const SORT: &str = "newest";

/// Rows read at a time while verifying: an answer stays far below the database's 10 MB.
const PAGE: i64 = 500;

/// What of the log is asked for.
pub struct LogQuery {
    pub filter: Filter,
    /// Entries with numbers below this one.
    pub below: i64,
    pub limit: i64,
}

/// Entries, newest first, with the cursor of the next page.
pub struct LogPage {
    pub entries: Vec<Entry>,
    pub next: Option<String>,
}

/// One page of what the caller's store, and its organization as a whole, have seen.
pub async fn list(ctx: &Ctx, query: &LogQuery) -> Result<LogPage, Failure<Infallible>> {
    // One more than asked for tells whether there is a next page.
    let asked = query.limit.saturating_add(1);
    let answers = ctx.read(vec![store::list(ctx.tenant(), &query.filter, query.below, asked)]).await?;
    let mut entries = answers.first().map(store::entries_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = limit < entries.len();
    entries.truncate(limit);
    let last = entries.last().filter(|_| more);
    let next = last.map(|entry| Cursor::new(SORT, vec![CursorPart::Integer(entry.number)]).to_string());
    Ok(LogPage { entries, next })
}

/// What reading an organization's whole log has shown.
#[derive(Debug)]
pub struct Verified {
    pub report: Report<Fault>,
    /// The head as the database has it.
    pub head: Option<Head>,
}

/// Reads an organization's log from its first row to its last and holds each row against the one before it,
/// the last one against the head, and all against `written_down`, a head that was kept elsewhere. Rows may be
/// added meanwhile. For the operator, who stands above tenants.
///
/// # Errors
/// [`Unavailable`] when the database does not answer or is not migrated.
pub async fn verify(
    sql: &dyn Sql,
    organization: OrganizationId,
    written_down: Option<Head>,
) -> Result<Verified, Unavailable> {
    let mut verifier = Verifier::new(chain::START, chain::next, written_down);
    let mut after = 0;
    loop {
        // The head is of the same snapshot as the last page, on which all depends.
        let answers = sql.read(vec![store::head(organization), store::links(organization, after, PAGE)]).await?;
        let (Some(head), Some(links)) = (answers.first(), answers.get(1)) else {
            return Err(Unavailable::Corrupt("the audit log gave no answer".to_owned()));
        };
        for row in links.iter() {
            let link = store::link_of(organization, row)?;
            after = link.number;
            verifier.push(link);
        }
        if i64::try_from(links.len()).unwrap_or(PAGE) < PAGE {
            let head = store::head_of(head)?;
            return Ok(Verified { report: verifier.finish(head), head });
        }
    }
}
