//! What only the operator does, who stands above tenants: suspending organizations, and saying what a plan allows.

use headlesspro_shared::kernel::id::OrganizationId;
use headlesspro_shared::organizations::{IllegalStatus, Plan, StatusAction};
use serde_json::{Value as Json, json};

use super::store::guard_changed;
use super::store::plan::{self, OrganizationSummary};
use super::store::settings::{self, Organization};
use super::usecase::{OPERATOR, new_id};
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::journal::{self, By, Change};
use crate::port::sql::{Commit, Committed, Statement};

/// How often a change is made anew when somebody else was quicker.
const ATTEMPTS: usize = 4;

/// A limit of a plan: to be left, or set; the inner `None` is as much as they like.
pub type Limit = Option<Option<i64>>;

/// What of a plan is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanChange {
    pub stores: Limit,
    pub members: Limit,
    pub api_keys: Limit,
}

/// What is done to an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Status(StatusAction),
    Plan(PlanChange),
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OperatorError {
    #[error("there is no organization {0}; `hp organization list` shows them")]
    NotFound(OrganizationId),
    #[error(transparent)]
    Illegal(#[from] IllegalStatus),
    #[error("somebody else is changing the organization; try again")]
    Changing,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// All organizations of the one database that the command line names, the oldest first.
///
/// # Errors
/// [`Unavailable`].
pub async fn organizations(app: &App) -> Result<Vec<OrganizationSummary>, Unavailable> {
    let rows = app.databases.first().read(vec![plan::organizations()]).await?;
    Ok(rows.first().map(plan::summaries).transpose()?.unwrap_or_default())
}

/// # Errors
/// [`OperatorError`].
pub async fn organization(app: &App, id: OrganizationId) -> Result<Organization, OperatorError> {
    find(app, tenant_of(app, id).await?).await
}

/// Does it, in one commit with its line in the organization's audit log. A change of the status works everywhere
/// within 30 s.
///
/// # Errors
/// [`OperatorError`].
pub async fn act(app: &App, id: OrganizationId, act: Act) -> Result<Organization, OperatorError> {
    let tenant = tenant_of(app, id).await?;
    for _ in 0..ATTEMPTS {
        let before = find(app, tenant).await?;
        let mut after = before.clone();
        let (action, change) = match act {
            Act::Status(action) => {
                after.status = before.status.apply(action)?;
                let name = match action {
                    StatusAction::Suspend => "organization.suspend",
                    StatusAction::Resume => "organization.resume",
                    StatusAction::Close => "organization.close",
                };
                (name, plan::set_status(tenant, before.version, after.status))
            }
            Act::Plan(change) => {
                after.plan.stores = change.stores.unwrap_or(before.plan.stores);
                after.plan.members = change.members.unwrap_or(before.plan.members);
                after.plan.api_keys = change.api_keys.unwrap_or(before.plan.api_keys);
                ("organization.plan", plan::set_plan(tenant, before.version, &after.plan))
            }
        };
        if after == before {
            return Ok(before);
        }
        let mut commit = Commit::new();
        commit.push(change);
        let guard = commit.push(guard_changed());
        let change = Change::new(action, id).before(state(&before)).after(state(&after)).of_organization();
        commit.push(audit(app, tenant, change)?);
        let (now, payload) = (app.clock.now(), after.told());
        commit.push(journal::announcement(tenant, new_id(app, now)?, "organization.changed", &payload, now));
        match app.databases.of(id).commit(&commit).await.map_err(Unavailable::from)? {
            Committed::Done { .. } => return find(app, tenant).await,
            Committed::Refused { statement, .. } if statement == guard => {}
            Committed::Refused { refusal, .. } => {
                return Err(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}")).into());
            }
        }
    }
    Err(OperatorError::Changing)
}

async fn find(app: &App, tenant: Tenant) -> Result<Organization, OperatorError> {
    let statement = settings::organization(tenant, app.clock.now());
    let rows = app.databases.of(tenant.organization).read(vec![statement]).await.map_err(Unavailable::from)?;
    let found = rows.first().map(settings::organization_of).transpose().map_err(Unavailable::from)?;
    found.flatten().ok_or(OperatorError::NotFound(tenant.organization))
}

/// An organization by the first of its stores: it was founded with one.
async fn tenant_of(app: &App, id: OrganizationId) -> Result<Tenant, OperatorError> {
    let stores = super::usecase::all_in(&**app.databases.of(id)).await?;
    let first = stores.iter().find(|store| store.organization == id).ok_or(OperatorError::NotFound(id))?;
    Ok(Tenant { organization: id, store: first.store })
}

fn state(organization: &Organization) -> Json {
    let Plan { stores, members, api_keys } = organization.plan;
    json!({
        "status": organization.status,
        "plan": { "stores": stores, "members": members, "apiKeys": api_keys },
    })
}

fn audit(app: &App, tenant: Tenant, change: Change) -> Result<Statement, Unavailable> {
    let now = app.clock.now();
    let by = By { actor: OPERATOR, request_id: "cli", now };
    Ok(journal::audit_by(tenant, new_id(app, now)?, by, change))
}
