//! The tables `ledger_account` and `ledger_transaction`.

use headlesspro_shared::kernel::id::{AccountId, LedgerTransactionId, OrderId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::ledger::{Account, Entry, Transaction};
use serde_json::{Value, json};

use crate::app::Tenant;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

/// Accounts that are there stay as they are.
const OPEN: &str = "-- ledger::open
INSERT INTO ledger_account (organization_id, id, currency, kind)
SELECT ?1, r.value ->> 'account', r.value ->> 'currency', r.value ->> 'kind' FROM json_each(?2) r
WHERE NOT EXISTS (SELECT 1 FROM ledger_account a
  WHERE a.organization_id = ?1 AND a.id = r.value ->> 'account' AND a.currency = r.value ->> 'currency')";

/// Triggers post the entries.
const POST: &str = "-- ledger::post
INSERT INTO ledger_transaction (organization_id, store_id, id, kind, entries, order_id, reason, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const GUARD_BALANCE: &str = "-- ledger::guard_balance
INSERT INTO violation (what)
SELECT 'another balance'
WHERE coalesce((SELECT a.balance_minor FROM ledger_account a
  WHERE a.organization_id = ?1 AND a.id = ?2 AND a.currency = ?3), 0) <> ?4";

const BALANCES: &str = "-- ledger::balances
SELECT a.currency, a.balance_minor FROM ledger_account a WHERE a.organization_id = ?1 AND a.id = ?2
ORDER BY a.currency";

const CUSTOMER: &str = "-- ledger::customer
SELECT a.id, a.email_verified_at IS NOT NULL AS is_verified FROM account a
WHERE a.organization_id = ?1 AND a.id = ?2 AND a.role = 'customer'";

/// A transaction to be posted, and what it is for.
pub struct Posting<'a> {
    pub id: LedgerTransactionId,
    pub transaction: &'a Transaction,
    pub order: Option<OrderId>,
    pub reason: Option<&'a str>,
}

/// Opens the accounts that are not there yet and posts the transaction. The commit is refused where a holder would have less
/// than nothing, or more than can be kept. The statement that moves the balances.
pub fn post(commit: &mut Commit, tenant: Tenant, posting: &Posting<'_>, now: Timestamp) -> usize {
    let entry = |entry: &Entry| {
        json!({
            "account": entry.account.to_string(),
            "currency": entry.amount.currency().code(),
            "kind": entry.account.kind(),
            "amount": entry.amount.minor(),
        })
    };
    let entries = Value::from_iter(posting.transaction.entries().iter().map(entry)).to_string();
    commit.push(Statement::new(OPEN).bind(tenant.organization.to_string()).bind(entries.as_str()));
    commit.push(
        tenant
            .statement(POST)
            .bind(posting.id.to_string())
            .bind(posting.transaction.kind().name())
            .bind(entries)
            .bind(posting.order.map(|id| id.to_string()))
            .bind(posting.reason)
            .bind(now.millis()),
    )
}

/// Refuses the commit unless this is the account's balance; zero where there is no such account.
pub fn guard_balance(tenant: Tenant, account: Account, balance: Money) -> Statement {
    let statement = Statement::new(GUARD_BALANCE).bind(tenant.organization.to_string()).bind(account.to_string());
    statement.bind(balance.currency().code()).bind(balance.minor())
}

/// The statement whose rows [`balances_of`] takes: what a customer has, in the order of the currencies. Of nobody: nothing.
pub fn balances(tenant: Tenant, account: Option<AccountId>) -> Statement {
    let account = account.map(|id| id.to_string()).unwrap_or_default();
    Statement::new(BALANCES).bind(tenant.organization.to_string()).bind(account)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn balances_of(rows: &Rows) -> Result<Vec<Money>, SqlError> {
    let of = |row: Row<'_>| Ok(Money::new(row.get("balance_minor")?, row.parse("currency")?));
    rows.iter().map(of).collect()
}

/// The statement that finds a customer.
pub fn customer(tenant: Tenant, id: AccountId) -> Statement {
    Statement::new(CUSTOMER).bind(tenant.organization.to_string()).bind(id.to_string())
}
