//! The ledger read whole, for whoever wants to know whether it adds up.

use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::ledger::verify::{Posted, Standing};

use crate::port::sql::{Row, SqlError, Statement};

const POSTED: &str = "-- ledger::posted
SELECT e.account_id, e.currency, e.number, e.amount_minor, e.balance_minor, coalesce(a.balance_minor, 0) AS standing_minor,
  coalesce(a.entry_count, 0) AS entry_count
FROM ledger_entry e
LEFT JOIN ledger_account a ON a.organization_id = e.organization_id AND a.id = e.account_id AND a.currency = e.currency
WHERE e.organization_id = ?1 AND (e.account_id, e.currency, e.number) > (?2, ?3, ?4)
ORDER BY e.account_id, e.currency, e.number LIMIT ?5";

const UNTOUCHED: &str = "-- ledger::untouched
SELECT a.id, a.currency, a.balance_minor, a.entry_count FROM ledger_account a
WHERE a.organization_id = ?1 AND (a.entry_count <> 0 OR a.balance_minor <> 0)
  AND NOT EXISTS (SELECT 1 FROM ledger_entry e
    WHERE e.organization_id = a.organization_id AND e.account_id = a.id AND e.currency = a.currency)";

const TRANSACTIONS: &str = "-- ledger::transactions
SELECT id FROM ledger_transaction WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

/// Of the transactions of the page.
const MOVED: &str = "-- ledger::moved
SELECT e.transaction_id, e.currency, e.amount_minor FROM ledger_entry e
WHERE e.organization_id = ?1 AND e.transaction_id > ?2
  AND e.transaction_id <= (SELECT max(p.id) FROM (
    SELECT t.id FROM ledger_transaction t WHERE t.organization_id = ?1 AND t.id > ?2 ORDER BY t.id LIMIT ?3) p)
ORDER BY e.transaction_id";

/// What a transaction moves in an account.
pub struct Moved<'a> {
    pub transaction: &'a str,
    pub currency: Currency,
    pub amount: i64,
}

/// The statement whose rows [`posted_of`] takes: the entries behind one, in the order of accounts.
pub fn posted(organization: OrganizationId, behind: Option<&Posted>, limit: i64) -> Statement {
    let (account, currency, number) =
        behind.map_or(("", "", 0), |entry| (entry.account.as_str(), entry.currency.code(), entry.number));
    let statement = Statement::new(POSTED).bind(organization.to_string());
    statement.bind(account).bind(currency).bind(number).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn posted_of(row: Row<'_>) -> Result<Posted, SqlError> {
    Ok(Posted {
        account: row.get::<&str>("account_id")?.to_owned(),
        currency: row.parse("currency")?,
        number: row.get("number")?,
        amount: row.get("amount_minor")?,
        balance: row.get("balance_minor")?,
        standing: Standing { balance: row.get("standing_minor")?, entries: row.get("entry_count")? },
    })
}

/// The statement whose rows [`untouched_of`] takes: accounts that say they were moved, and have no entry.
pub fn untouched(organization: OrganizationId) -> Statement {
    Statement::new(UNTOUCHED).bind(organization.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn untouched_of(row: Row<'_>) -> Result<(String, Currency, Standing), SqlError> {
    let standing = Standing { balance: row.get("balance_minor")?, entries: row.get("entry_count")? };
    Ok((row.get::<&str>("id")?.to_owned(), row.parse("currency")?, standing))
}

/// The statements whose rows [`id_of`] and [`moved_of`] take: so many transactions behind one, and their entries, in order.
pub fn moved(organization: OrganizationId, behind: &str, limit: i64) -> Vec<Statement> {
    let bind = |text| Statement::new(text).bind(organization.to_string()).bind(behind).bind(limit);
    vec![bind(TRANSACTIONS), bind(MOVED)]
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn id_of(row: Row<'_>) -> Result<&str, SqlError> {
    row.get("id")
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn moved_of(row: Row<'_>) -> Result<Moved<'_>, SqlError> {
    Ok(Moved {
        transaction: row.get("transaction_id")?,
        currency: row.parse("currency")?,
        amount: row.get("amount_minor")?,
    })
}
