//! Defining, listing, changing and deleting custom roles.

use headlesspro_shared::identity::Scopes;
use headlesspro_shared::kernel::id::{AccountId, InvitationId, RoleId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::organizations::{CustomRoleError, define_role};
use serde_json::{Value as Json, json};

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::void_tokens;
use crate::journal::{self, Answered, Change, Claim};
use crate::organizations::invitations::usecase::withdraw;
use crate::organizations::members::usecase::{actor_of, unexplained};
use crate::organizations::store::guard_changed;
use crate::organizations::store::invitation;
use crate::organizations::store::member::{self, MemberRow};
use crate::organizations::store::role::{self, CustomRole};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};

/// Roles an organization has at most.
pub const MOST: i64 = 100;

/// What a role is called.
pub type RoleName = Line<80>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleError {
    Refused(CustomRoleError),
    NameTaken,
    TooMany,
    /// So many members have it, or somebody is invited to it.
    InUse,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

impl From<CustomRoleError> for Failure<RoleError> {
    fn from(error: CustomRoleError) -> Failure<RoleError> {
        Failure::Rejected(RoleError::Refused(error))
    }
}

/// All roles, by name.
pub async fn list(ctx: &Ctx) -> Result<Vec<CustomRole>, Failure<RoleError>> {
    let rows = ctx.read(vec![role::list(ctx.tenant(), MOST)]).await?;
    Ok(rows.first().map(role::roles_of).transpose()?.unwrap_or_default())
}

pub async fn find(ctx: &Ctx, id: RoleId) -> Result<CustomRole, Failure<RoleError>> {
    let rows = ctx.read(vec![role::find(ctx.tenant(), id)]).await?;
    only(rows.first())
}

/// Defines a role. `record` renders what is kept of the answer for replays.
pub async fn create(
    ctx: &Ctx,
    actor: AccountId,
    name: &RoleName,
    scopes: Scopes,
    claim: Option<&Claim>,
    record: impl Fn(&CustomRole) -> String,
) -> Result<Answered, Failure<RoleError>> {
    let tenant = ctx.tenant();
    let mut reads = vec![member::find(tenant, actor), role::count(tenant)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    if let Some(first) = journal::replay(claim, rows.get(2))? {
        return Ok(first.into());
    }
    let actor = actor_of(rows.first())?;
    define_role(&actor.member, Scopes::NONE, scopes)?;
    let count: i64 = rows.get(1).and_then(Rows::first).map(|row| row.get("roles")).transpose()?.unwrap_or(0);
    if MOST <= count {
        return Err(Failure::Rejected(RoleError::TooMany));
    }
    let made =
        CustomRole { id: ctx.new_id()?, name: name.to_string(), scopes, members: 0, version: 1, created_at: ctx.now };
    let mut commit = Commit::new();
    let guard = commit.push(member::guard_actor(tenant, actor.member.account, actor.version));
    let insert = commit.push(role::insert(tenant, made.id, name.as_str(), scopes, ctx.now));
    let (location, body) = (format!("/api/v1/roles/{}", made.id), record(&made));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location, &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    audit(ctx, &mut commit, &actor, Change::new("role.create", made.id).after(state(&made)))?;
    journal::announce(ctx, &mut commit, "role.created", &[("roleId", made.id.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Answered::first(location, body)),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = journal::replay(claim, diagnosis.first())? {
                return Ok(first.into());
            }
            Err(match refusal {
                _ if statement == guard => Failure::Rejected(RoleError::Changing),
                refusal if statement == insert && is_taken(&refusal) => Failure::Rejected(RoleError::NameTaken),
                refusal => unexplained(&refusal),
            })
        }
    }
}

/// Renames a role or changes its scopes. Whoever has it can do so within a minute: tokens issued before are void.
pub async fn change(
    ctx: &Ctx,
    actor: AccountId,
    id: RoleId,
    name: Option<&RoleName>,
    scopes: Option<Scopes>,
    expected: Option<i64>,
) -> Result<CustomRole, Failure<RoleError>> {
    let tenant = ctx.tenant();
    let (actor, before, offered) = load(ctx, actor, id, expected).await?;
    let after = CustomRole {
        name: name.map_or_else(|| before.name.clone(), ToString::to_string),
        scopes: scopes.unwrap_or(before.scopes),
        version: before.version.saturating_add(1),
        ..before.clone()
    };
    define_role(&actor.member, before.scopes, after.scopes)?;
    let mut commit = Commit::new();
    let mut guards = vec![
        commit.push(member::guard_actor(tenant, actor.member.account, actor.version)),
        commit.push(role::change(tenant, id, before.version, &after.name, after.scopes, ctx.now)),
        commit.push(guard_changed()),
    ];
    let touched = commit.push(role::touch_members(tenant, id, ctx.now));
    if !before.scopes.is_subset(after.scopes) {
        // Nobody joins with more than whoever invited them may still give.
        guards.extend(withdraw(ctx, &mut commit, &id.to_string(), &offered, actor.member.account, false)?);
    }
    let change = Change::new("role.change", id).before(state(&before)).after(state(&after));
    audit(ctx, &mut commit, &actor, change)?;
    journal::announce(ctx, &mut commit, "role.changed", &[("roleId", id.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            let accounts = rows.get(touched).map(role::touched).transpose()?.unwrap_or_default();
            let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
            void_tokens(ctx, &[], &accounts).await;
            Ok(after)
        }
        Committed::Refused { refusal, .. } if is_taken(&refusal) && refused_name(&refusal) => {
            Err(Failure::Rejected(RoleError::NameTaken))
        }
        Committed::Refused { statement, .. } if guards.contains(&statement) => {
            Err(Failure::Rejected(RoleError::Changing))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Deletes a role that nobody has and nobody is invited to.
pub async fn delete(ctx: &Ctx, actor: AccountId, id: RoleId, expected: Option<i64>) -> Result<(), Failure<RoleError>> {
    let tenant = ctx.tenant();
    let (actor, before, _) = load(ctx, actor, id, expected).await?;
    define_role(&actor.member, before.scopes, before.scopes)?;
    let mut commit = Commit::new();
    commit.push(invitation::close_expired(tenant, ctx.now));
    let guards = [
        commit.push(member::guard_actor(tenant, actor.member.account, actor.version)),
        commit.push(role::delete(tenant, id, before.version)),
        commit.push(guard_changed()),
    ];
    audit(ctx, &mut commit, &actor, Change::new("role.delete", id).before(state(&before)))?;
    journal::announce(ctx, &mut commit, "role.deleted", &[("roleId", id.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        Committed::Refused { refusal, .. } if refusal.is_raised("ROLE_IN_USE") => {
            Err(Failure::Rejected(RoleError::InUse))
        }
        Committed::Refused { statement, .. } if guards.contains(&statement) => {
            Err(Failure::Rejected(RoleError::Changing))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The actor; the role, which is at the expected version; and what those have offered who have it.
async fn load(
    ctx: &Ctx,
    actor: AccountId,
    id: RoleId,
    expected: Option<i64>,
) -> Result<(MemberRow, CustomRole, Vec<InvitationId>), Failure<RoleError>> {
    let tenant = ctx.tenant();
    let offered = invitation::offered(tenant, &id.to_string());
    let rows = ctx.read(vec![member::find(tenant, actor), role::find(tenant, id), offered]).await?;
    let (actor, role) = (actor_of(rows.first())?, only(rows.get(1))?);
    let offered = rows.get(2).map(invitation::ids_of).transpose()?.unwrap_or_default();
    match expected {
        Some(version) if version != role.version => {
            Err(Failure::Rejected(RoleError::VersionMismatch { current: role.version }))
        }
        _ => Ok((actor, role, offered)),
    }
}

fn audit(ctx: &Ctx, commit: &mut Commit, actor: &MemberRow, change: Change) -> Result<(), Failure<RoleError>> {
    let actor = actor.member.account.to_string();
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change.of_organization()));
    Ok(())
}

fn state(role: &CustomRole) -> Json {
    json!({ "name": role.name, "scopes": role.scopes })
}

fn is_taken(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. })
}

fn refused_name(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { message, .. } if message.contains("custom_role.name"))
}

fn only(rows: Option<&Rows>) -> Result<CustomRole, Failure<RoleError>> {
    rows.map(role::roles_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}
