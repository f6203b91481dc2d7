//! Address books.

use headlesspro_shared::kernel::id::{AccountId, AddressId};
use headlesspro_shared::kernel::time::Timestamp;

use super::keys::wrapped;
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::identity::caller::Person;
use crate::port::sql::{Row, Rows, SqlError, Statement};
use crate::vault::WrappedKey;

/// The data key in each row, also where there is no address.
const LIST: &str = "-- identity::addresses
SELECT k.wrapped, k.master_key_id, d.id, d.address_sealed, d.is_default_shipping, d.is_default_billing, d.version,
  d.created_at, d.updated_at
FROM organization_key k LEFT JOIN address d ON d.organization_id = k.organization_id AND d.account_id = ?2
WHERE k.organization_id = ?1 ORDER BY d.created_at, d.id";

const FIND: &str = "-- identity::address
SELECT k.wrapped, k.master_key_id, d.id, d.address_sealed, d.is_default_shipping, d.is_default_billing, d.version,
  d.created_at, d.updated_at
FROM address d JOIN organization_key k ON k.organization_id = d.organization_id
WHERE d.organization_id = ?1 AND d.account_id = ?2 AND d.id = ?3";

/// Takes the defaults from whichever address has them, for the one that gets them.
const YIELD: &str = "-- identity::yield_default_addresses
UPDATE address SET is_default_shipping = iif(?4, 0, is_default_shipping),
  is_default_billing = iif(?5, 0, is_default_billing)
WHERE organization_id = ?1 AND account_id = ?2 AND id <> ?3
  AND ((?4 AND is_default_shipping = 1) OR (?5 AND is_default_billing = 1))";

/// A full book takes none.
const INSERT: &str = "-- identity::insert_address
INSERT INTO address (organization_id, account_id, id, address_sealed, is_default_shipping, is_default_billing,
  created_at, updated_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7
FROM (SELECT count(*) AS count FROM address a WHERE a.organization_id = ?1 AND a.account_id = ?2) held
WHERE held.count < ?8";

const UPDATE: &str = "-- identity::update_address
UPDATE address SET address_sealed = coalesce(?4, address_sealed),
  is_default_shipping = coalesce(?5, is_default_shipping), is_default_billing = coalesce(?6, is_default_billing),
  version = version + 1, updated_at = ?7
WHERE organization_id = ?1 AND account_id = ?2 AND id = ?3 AND (?8 IS NULL OR version = ?8)";

const DELETE: &str = "-- identity::delete_address
DELETE FROM address
WHERE organization_id = ?1 AND account_id = ?2 AND id = ?3 AND (?4 IS NULL OR version = ?4)";

/// An address of a book, still sealed.
pub struct AddressRow {
    pub key: WrappedKey,
    pub id: AddressId,
    pub address_sealed: String,
    pub is_default_shipping: bool,
    pub is_default_billing: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Whether an address becomes the default of a kind, or ceases to be it; `None`: stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Defaults {
    pub shipping: Option<bool>,
    pub billing: Option<bool>,
}

/// The statement whose rows [`addresses_of`] and [`data_key_of`] take.
pub fn list(tenant: Tenant, account: AccountId) -> Statement {
    Statement::new(LIST).bind(tenant.organization.to_string()).bind(account.to_string())
}

/// # Errors
/// [`Unavailable`] when a row does not read back.
pub fn addresses_of(rows: &Rows) -> Result<Vec<AddressRow>, Unavailable> {
    let mut addresses = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        if row.get::<Option<&str>>("id")?.is_some() {
            addresses.push(address_of(row)?);
        }
    }
    Ok(addresses)
}

/// The statement whose rows [`addresses_of`] takes.
pub fn find(tenant: Tenant, account: AccountId, id: AddressId) -> Statement {
    of_account(FIND, tenant, account, id)
}

fn address_of(row: Row<'_>) -> Result<AddressRow, SqlError> {
    Ok(AddressRow {
        key: wrapped(row)?,
        id: row.parse("id")?,
        address_sealed: row.get::<&str>("address_sealed")?.to_owned(),
        is_default_shipping: row.get::<i64>("is_default_shipping")? == 1,
        is_default_billing: row.get::<i64>("is_default_billing")? == 1,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

/// Makes room for `id` as a default: to be pushed before it becomes one.
pub fn yield_defaults(tenant: Tenant, person: Person, id: AddressId, defaults: Defaults) -> Statement {
    of_account(YIELD, tenant, person.account, id)
        .bind(defaults.shipping == Some(true))
        .bind(defaults.billing == Some(true))
}

/// Adds an address, unless the book holds `most` already: to be followed by a guard.
pub fn insert(
    tenant: Tenant,
    person: Person,
    id: AddressId,
    sealed: &str,
    defaults: Defaults,
    most: i64,
    now: Timestamp,
) -> Statement {
    of_account(INSERT, tenant, person.account, id)
        .bind(sealed)
        .bind(defaults.shipping == Some(true))
        .bind(defaults.billing == Some(true))
        .bind(now.millis())
        .bind(most)
}

/// Changes what is given, where the address is at the expected version: to be followed by a guard.
pub fn update(
    tenant: Tenant,
    person: Person,
    id: AddressId,
    sealed: Option<&str>,
    defaults: Defaults,
    expected: Option<i64>,
    now: Timestamp,
) -> Statement {
    of_account(UPDATE, tenant, person.account, id)
        .bind(sealed)
        .bind(defaults.shipping)
        .bind(defaults.billing)
        .bind(now.millis())
        .bind(expected)
}

/// To be followed by a guard.
pub fn delete(tenant: Tenant, person: Person, id: AddressId, expected: Option<i64>) -> Statement {
    of_account(DELETE, tenant, person.account, id).bind(expected)
}

fn of_account(sql: &'static str, tenant: Tenant, account: AccountId, id: AddressId) -> Statement {
    Statement::new(sql).bind(tenant.organization.to_string()).bind(account.to_string()).bind(id.to_string())
}
