//! What the operator says of an organization: whether it does business, and what its plan allows.

use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::{OrganizationStatus, Plan};

use super::of_organization;
use crate::app::Tenant;
use crate::port::sql::{Rows, SqlError, Statement};

/// Every organization: for the operator's command line, which stands above tenants.
const ORGANIZATIONS: &str = "-- organizations::organizations (all tenants)
SELECT o.id, o.name, o.status, o.created_at, (
  SELECT max(a.email_verified_at IS NOT NULL) FROM account a WHERE a.organization_id = o.id AND a.role = 'owner'
) AS owner_confirmed
FROM organization o ORDER BY o.created_at, o.id";

const SET_STATUS: &str = "-- organizations::set_status
UPDATE organization SET status = ?3, version = version + 1 WHERE id = ?1 AND version = ?2";

const SET_PLAN: &str = "-- organizations::set_plan
UPDATE organization SET most_stores = ?3, most_members = ?4, most_api_keys = ?5, version = version + 1
WHERE id = ?1 AND version = ?2";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationSummary {
    pub id: OrganizationId,
    pub name: String,
    pub status: OrganizationStatus,
    pub created_at: Timestamp,
    pub owner: OwnerState,
}

/// Whether there is somebody whom an organization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerState {
    /// Nobody is made an owner yet.
    None,
    /// Somebody signed up, and no owner has confirmed an address: it may be anybody's.
    Unconfirmed,
    Confirmed,
}

impl OwnerState {
    pub const fn name(self) -> &'static str {
        match self {
            OwnerState::None => "none",
            OwnerState::Unconfirmed => "unconfirmed",
            OwnerState::Confirmed => "confirmed",
        }
    }
}

/// The statement whose rows [`summaries`] takes. For the operator only.
pub fn organizations() -> Statement {
    Statement::new(ORGANIZATIONS)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn summaries(rows: &Rows) -> Result<Vec<OrganizationSummary>, SqlError> {
    rows.iter()
        .map(|row| {
            Ok(OrganizationSummary {
                id: row.parse("id")?,
                name: row.get::<&str>("name")?.to_owned(),
                status: row.parse("status")?,
                created_at: Timestamp::from_millis(row.get("created_at")?),
                owner: match row.get::<Option<i64>>("owner_confirmed")? {
                    None => OwnerState::None,
                    Some(0) => OwnerState::Unconfirmed,
                    Some(_) => OwnerState::Confirmed,
                },
            })
        })
        .collect()
}

/// Changes an organization that is at `version`.
pub fn set_status(tenant: Tenant, version: i64, status: OrganizationStatus) -> Statement {
    of_organization(SET_STATUS, tenant).bind(version).bind(status.name())
}

/// Changes an organization that is at `version`.
pub fn set_plan(tenant: Tenant, version: i64, plan: &Plan) -> Statement {
    of_organization(SET_PLAN, tenant).bind(version).bind(plan.stores).bind(plan.members).bind(plan.api_keys)
}
