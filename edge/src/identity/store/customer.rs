//! Customers, as the staff sees them: accounts that are nobody's of the staff.

use headlesspro_shared::kernel::id::AccountId;
use headlesspro_shared::kernel::time::Timestamp;

use super::account::{AccountRow, account_of};
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, Rows, Statement};

const LIST: &str = "-- identity::customers
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.phone_sealed, a.role, a.state, a.locale,
  a.email_verified_at, a.version, a.created_at
FROM account a JOIN organization_key k ON k.organization_id = a.organization_id
WHERE a.organization_id = ?1 AND a.role = 'customer' AND a.id < ?2 ORDER BY a.id DESC LIMIT ?3";

const LIST_BY_EMAIL: &str = "-- identity::customers_by_email
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.phone_sealed, a.role, a.state, a.locale,
  a.email_verified_at, a.version, a.created_at
FROM account a JOIN organization_key k ON k.organization_id = a.organization_id
WHERE a.organization_id = ?1 AND a.email_hash = ?4 AND a.role = 'customer' AND a.id < ?2 ORDER BY a.id DESC LIMIT ?3";

const FIND: &str = "-- identity::customer
SELECT k.wrapped, k.master_key_id, a.id, a.email_sealed, a.name_sealed, a.phone_sealed, a.role, a.state, a.locale,
  a.email_verified_at, a.version, a.created_at
FROM account a JOIN organization_key k ON k.organization_id = a.organization_id
WHERE a.organization_id = ?1 AND a.id = ?2 AND a.role = 'customer'";

const SET_STATE: &str = "-- identity::set_customer_state
UPDATE account SET state = ?4, version = version + 1, updated_at = ?5
WHERE organization_id = ?1 AND id = ?2 AND version = ?3 AND role = 'customer'";

/// Before which the list begins: after every id there can be.
pub const NEWEST: &str = "usr_~";

/// A customer, still sealed.
pub struct CustomerRow {
    pub account: AccountRow,
    pub is_active: bool,
}

/// The statement whose rows [`customers_of`] takes: the newest `limit` whose ids come before `before`; with the hash of
/// an e-mail address, only the one that has it.
pub fn list(tenant: Tenant, before: &str, limit: i64, email_hash: Option<&str>) -> Statement {
    let of = |sql| Statement::new(sql).bind(tenant.organization.to_string()).bind(before).bind(limit);
    match email_hash {
        None => of(LIST),
        Some(hash) => of(LIST_BY_EMAIL).bind(hash),
    }
}

/// The statement whose rows [`customers_of`] takes: the one customer, if it is one.
pub fn find(tenant: Tenant, id: AccountId) -> Statement {
    Statement::new(FIND).bind(tenant.organization.to_string()).bind(id.to_string())
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn customers_of(rows: &Rows) -> Result<Vec<CustomerRow>, Unavailable> {
    let is_active = |row: Row<'_>| row.get::<&str>("state").map(|state| state == "active");
    rows.iter().map(|row| Ok(CustomerRow { account: account_of(row)?, is_active: is_active(row)? })).collect()
}

/// Changes a customer that is at `version`: to be followed by a guard.
pub fn set_state(tenant: Tenant, id: AccountId, version: i64, is_active: bool, now: Timestamp) -> Statement {
    Statement::new(SET_STATE)
        .bind(tenant.organization.to_string())
        .bind(id.to_string())
        .bind(version)
        .bind(if is_active { "active" } else { "suspended" })
        .bind(now.millis())
}
