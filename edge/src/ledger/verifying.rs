//! Reading an organization's ledger whole, from the first entry to the last.

use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::report::Report;
use headlesspro_shared::ledger::verify::{Fault, Posted, Verifier};

use super::store::verify as store;
use crate::failure::Unavailable;
use crate::port::sql::Sql;

/// Entries or transactions read at a time: an answer stays far below the database's 10 MB.
const PAGE: i64 = 1_000;

/// Holds every account against its entries, and every transaction against zero. The ledger may move meanwhile. For the
/// operator, who stands above tenants.
///
/// # Errors
/// [`Unavailable`] when the database does not answer or is not migrated.
pub async fn verify(sql: &dyn Sql, organization: OrganizationId) -> Result<Report<Fault>, Unavailable> {
    let mut verifier = Verifier::default();
    let mut last: Option<Posted> = None;
    loop {
        // An account is of the same snapshot as its entries: what is posted between two pages is not missed.
        let answers = sql.read(vec![store::posted(organization, last.as_ref(), PAGE)]).await?;
        let rows = answers.first().ok_or_else(unanswered)?;
        for row in rows.iter() {
            let entry = store::posted_of(row)?;
            last = Some(entry.clone());
            verifier.entry(entry);
        }
        if is_last(rows.len()) {
            break;
        }
    }
    let answers = sql.read(vec![store::untouched(organization)]).await?;
    for row in answers.first().ok_or_else(unanswered)?.iter() {
        let (account, currency, standing) = store::untouched_of(row)?;
        verifier.untouched(account, currency, standing);
    }
    let mut last = String::new();
    loop {
        let answers = sql.read(store::moved(organization, &last, PAGE)).await?;
        let [transactions, moved] = answers.as_slice() else { return Err(unanswered()) };
        let mut moved = moved.iter().map(store::moved_of).peekable();
        for row in transactions.iter() {
            let transaction = store::id_of(row)?;
            verifier.transaction(transaction);
            while let Some(entry) =
                moved.next_if(|entry| entry.as_ref().map_or(true, |of| of.transaction == transaction))
            {
                let entry = entry?;
                verifier.moved(entry.currency, entry.amount);
            }
            transaction.clone_into(&mut last);
        }
        if is_last(transactions.len()) {
            return Ok(verifier.finish());
        }
    }
}

fn is_last(count: usize) -> bool {
    i64::try_from(count).unwrap_or(PAGE) < PAGE
}

fn unanswered() -> Unavailable {
    Unavailable::corrupt("the ledger gave no answer")
}
