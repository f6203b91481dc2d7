//! The tables `organization`, `store`, `custom_role` and `invitation`, what makes an `account` a member, and whose store a
//! `channel` is of.

pub mod channel;
pub mod health;
pub mod invitation;
pub mod member;
pub mod plan;
pub mod role;
pub mod settings;
pub mod tenant;

use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::port::sql::{Row, SqlError, Statement};
use crate::vault::WrappedKey;

/// Refuses the commit when the statement before it has changed nothing.
const GUARD_CHANGED: &str = "-- organizations::guard_changed
INSERT INTO violation (what) SELECT 'unchanged' WHERE changes() = 0";

/// The statement that refuses the commit when the one before it has changed nothing.
pub fn guard_changed() -> Statement {
    Statement::new(GUARD_CHANGED)
}

/// The columns `wrapped` and `master_key_id` of a row.
fn data_key(row: Row<'_>) -> Result<WrappedKey, SqlError> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    Ok(WrappedKey { master: text("master_key_id")?, wrapped: text("wrapped")? })
}

/// A statement on what is the organization's, whatever the store.
fn of_organization(sql: &'static str, tenant: Tenant) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string())
}

fn corrupt(what: &str) -> Unavailable {
    Unavailable::Corrupt(what.to_owned())
}
