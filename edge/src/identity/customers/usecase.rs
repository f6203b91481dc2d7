//! Listing customers and showing one; suspending one and ending that.

use headlesspro_shared::identity::Resource;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::AccountId;
use serde_json::{Value as Json, json};

use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::customer::{self, CustomerRow};
use crate::identity::usecase::{Account, end_sessions, ended_sessions, hash_email, opened, unexplained, void_tokens};
use crate::journal::{self, Change};
use crate::port::sql::{Commit, Committed, Rows};

/// How often a change is decided anew when somebody else was quicker.
const ATTEMPTS: usize = 4;

/// Which customers are asked for.
pub struct Wanted {
    pub email: Option<Email>,
    /// Those whose ids come before this one.
    pub before: String,
    pub limit: i64,
}

/// A customer, with what is sealed opened.
pub struct Customer {
    pub account: Account,
    pub is_active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerError {
    VersionMismatch {
        current: i64,
    },
    /// Others are changing the same.
    Changing,
}

/// One page of the customers, the newest first, and whether there are more.
pub async fn list(ctx: &Ctx, wanted: &Wanted) -> Result<(Vec<Customer>, bool), Failure<CustomerError>> {
    let hash = wanted.email.as_ref().map(|email| hash_email(ctx.app(), ctx.tenant(), email));
    let asked = wanted.limit.saturating_add(1);
    let rows = ctx.read(vec![customer::list(ctx.tenant(), &wanted.before, asked, hash.as_deref())]).await?;
    let mut found = rows.first().map(customer::customers_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = limit < found.len();
    found.truncate(limit);
    let customers = found.into_iter().map(|row| shown(ctx, row)).collect::<Result<_, _>>()?;
    Ok((customers, more))
}

/// One customer. Whoever is of the staff is none.
pub async fn find(ctx: &Ctx, id: AccountId) -> Result<Customer, Failure<CustomerError>> {
    let rows = ctx.read(vec![customer::find(ctx.tenant(), id)]).await?;
    Ok(shown(ctx, reached(ctx, id, rows.first()).await?)?)
}

/// The customer of the row, whom the caller's grants reach.
async fn reached(ctx: &Ctx, id: AccountId, rows: Option<&Rows>) -> Result<CustomerRow, Failure<CustomerError>> {
    let found = only(rows)?;
    if ctx.reaches(&Resource::of_organization().record(id)).await? { Ok(found) } else { Err(Failure::NotFound) }
}

/// Suspends a customer, or ends that: one read, one commit, one call of Redis, and the first two again when somebody
/// else was quicker. A customer who is suspended logs in nowhere, and tokens that were issued before are void within a
/// minute. One who is in that state already stays in it.
pub async fn set_active(
    ctx: &Ctx,
    id: AccountId,
    is_active: bool,
    expected: Option<i64>,
) -> Result<Customer, Failure<CustomerError>> {
    let tenant = ctx.tenant();
    for _ in 0..ATTEMPTS {
        let rows = ctx.read(vec![customer::find(tenant, id)]).await?;
        let before = reached(ctx, id, rows.first()).await?;
        let version = before.account.version;
        if expected.is_some_and(|expected| expected != version) {
            return Err(Failure::Rejected(CustomerError::VersionMismatch { current: version }));
        }
        if before.is_active == is_active {
            return Ok(shown(ctx, before)?);
        }
        let mut commit = Commit::new();
        commit.push(customer::set_state(tenant, id, version, is_active, ctx.now));
        let guard = commit.push(guard_changed());
        let ended = (!is_active).then(|| commit.push(end_sessions(tenant, id, "suspended", ctx.now)));
        let action = if is_active { "customer.resume" } else { "customer.suspend" };
        let change = Change::new(action, id).before(state(before.is_active)).after(state(is_active)).of_organization();
        commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
        commit.push_after(customer::find(tenant, id));
        match ctx.commit(&commit).await? {
            Committed::Done { rows, after } => {
                if let Some(ended) = ended {
                    void_tokens(ctx, &ended_sessions(rows.get(ended))?, &[id.to_string()]).await;
                }
                return Ok(shown(ctx, only(after.first())?)?);
            }
            Committed::Refused { statement, .. } if statement == guard => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(CustomerError::Changing))
}

/// What the audit log keeps.
fn state(is_active: bool) -> Json {
    json!({ "state": state_name(is_active) })
}

pub const fn state_name(is_active: bool) -> &'static str {
    if is_active { "active" } else { "suspended" }
}

fn only(rows: Option<&Rows>) -> Result<CustomerRow, Failure<CustomerError>> {
    let found = rows.map(customer::customers_of).transpose()?.unwrap_or_default();
    found.into_iter().next().ok_or(Failure::NotFound)
}

fn shown(ctx: &Ctx, row: CustomerRow) -> Result<Customer, Unavailable> {
    Ok(Customer { account: opened(ctx, row.account)?, is_active: row.is_active })
}
