//! The table `ledger_entry`: what has moved an account's balance.

use headlesspro_shared::kernel::id::{LedgerTransactionId, OrderId};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- ledger::entries
SELECT e.currency, e.number, e.amount_minor, e.balance_minor, t.id, t.kind, t.reason, t.order_id, t.created_at
FROM ledger_entry e
JOIN ledger_transaction t ON t.organization_id = e.organization_id AND t.id = e.transaction_id
WHERE e.organization_id = ?1 AND e.account_id = ?2 AND (e.currency, e.number) < (?3, ?4)
ORDER BY e.currency DESC, e.number DESC LIMIT ?5";

/// Behind every currency.
const FIRST: (&str, i64) = ("~", 0);

/// A page of entries: behind this currency and number, where it is not the first one.
pub struct Page {
    pub behind: Option<(Currency, i64)>,
    pub limit: i64,
}

/// What has moved a balance, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Counts from 1 in an account.
    pub number: i64,
    pub transaction: LedgerTransactionId,
    pub kind: String,
    pub amount: Money,
    /// After it.
    pub balance: Money,
    pub reason: Option<String>,
    pub order: Option<OrderId>,
    pub at: Timestamp,
}

/// The statement whose rows [`entries_of`] takes: of the account with this id, by currency, in each the newest first; one
/// more than the page has.
pub fn list(tenant: Tenant, account: &str, page: &Page) -> Statement {
    let (currency, number) = page.behind.map_or(FIRST, |(currency, number)| (currency.code(), number));
    let statement = Statement::new(LIST).bind(tenant.organization.to_string()).bind(account);
    statement.bind(currency).bind(number).bind(page.limit.saturating_add(1))
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn entries_of(rows: &Rows) -> Result<Vec<Moved>, SqlError> {
    let of = |row: Row<'_>| {
        let currency: Currency = row.parse("currency")?;
        Ok(Moved {
            number: row.get("number")?,
            transaction: row.parse("id")?,
            kind: row.get::<&str>("kind")?.to_owned(),
            amount: Money::new(row.get("amount_minor")?, currency),
            balance: Money::new(row.get("balance_minor")?, currency),
            reason: row.get::<Option<&str>>("reason")?.map(str::to_owned),
            order: row.get::<Option<&str>>("order_id")?.map(|_| row.parse("order_id")).transpose()?,
            at: Timestamp::from_millis(row.get("created_at")?),
        })
    };
    rows.iter().map(of).collect()
}
