//! The tables `organization` and `store`.

use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

const INSERT_ORGANIZATION: &str = "-- organizations::found
INSERT INTO organization (id, name, currency, created_at) VALUES (?1, ?2, ?3, ?4)";

const INSERT_STORE: &str = "-- organizations::insert_store
INSERT INTO store (organization_id, id, name, currency, minor_unit_scale, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// Every store of every organization: for the operator's command line, which stands above tenants.
const STORES: &str = "-- organizations::stores (all tenants)
SELECT organization_id, id, name, currency FROM store ORDER BY created_at, id";

/// A store to be opened.
pub struct NewStore<'a> {
    pub name: &'a str,
    pub currency: Currency,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSummary {
    pub organization: OrganizationId,
    pub store: StoreId,
    pub name: String,
    pub currency: Currency,
}

/// Founds an organization.
pub fn found(organization: OrganizationId, name: &str, currency: Currency, now: Timestamp) -> Statement {
    Statement::new(INSERT_ORGANIZATION)
        .bind(organization.to_string())
        .bind(name)
        .bind(currency.to_string())
        .bind(now.millis())
}

pub fn insert_store(tenant: Tenant, store: &NewStore<'_>, now: Timestamp) -> Statement {
    tenant
        .statement(INSERT_STORE)
        .bind(store.name)
        .bind(store.currency.to_string())
        .bind(scale_of(store.currency))
        .bind(now.millis())
}

/// Ten-thousandths of the major unit in one minor unit.
pub fn scale_of(currency: Currency) -> i64 {
    10_i64.pow(4_u32.saturating_sub(u32::from(currency.exponent())))
}

/// The statement whose rows [`stores_of`] takes. For the operator only.
pub fn stores() -> Statement {
    Statement::new(STORES)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn stores_of(rows: &Rows) -> Result<Vec<StoreSummary>, SqlError> {
    rows.iter()
        .map(|row| {
            Ok(StoreSummary {
                organization: row.parse("organization_id")?,
                store: row.parse("id")?,
                name: row.get::<&str>("name")?.to_owned(),
                currency: row.parse("currency")?,
            })
        })
        .collect()
}
