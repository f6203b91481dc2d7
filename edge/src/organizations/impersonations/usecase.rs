//! Beginning an impersonation: one read, one commit.

use headlesspro_shared::identity::{ACCESS_SECONDS, Role, Scopes};
use headlesspro_shared::kernel::id::{AccountId, SessionId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::organizations::{ImpersonationError, MemberState, impersonate};
use serde_json::json;

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::{Impersonation, Repeatable, act_as, repeat_reads, signing_keys};
use crate::journal::{self, Answered, Change, Claim};
use crate::organizations::members::usecase::{actor_of, unexplained};
use crate::organizations::store::member;
use crate::port::sql::{Commit, Committed};

/// Why somebody acts as another.
pub type Reason = Line<200>;

/// A token by which somebody acts as another.
pub struct Begun {
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
    pub session: SessionId,
    pub account: AccountId,
    pub role: Role,
    pub scopes: Scopes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImpersonationFailure {
    Refused(ImpersonationError),
    /// The account can do nothing, and so can nobody in its name.
    TargetSuspended,
    Changing,
}

/// Begins to act as `target`, a customer or one of the staff, for as long as one access token lives. `told` is how that
/// is answered; a repeat is told the same token, which does not live longer for it.
pub async fn begin(
    ctx: &Ctx,
    actor: AccountId,
    target: AccountId,
    reason: &Reason,
    claim: Option<&Claim>,
    told: fn(Begun) -> String,
) -> Result<Answered, Failure<ImpersonationFailure>> {
    let tenant = ctx.tenant();
    let mut reads = vec![member::find(tenant, actor), member::find_account(tenant, target), signing_keys(ctx.now)];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(3..))?;
    if let Some(first) = first {
        return Ok(first);
    }
    let actor = actor_of(rows.first())?;
    let found = actor_of(rows.get(1))?;
    let refused = |error| Failure::Rejected(ImpersonationFailure::Refused(error));
    let appointment = &found.member.appointment;
    let permissions = impersonate(&actor.member, ctx.impersonator().is_some(), target, appointment).map_err(refused)?;
    if found.member.state == MemberState::Suspended {
        return Err(Failure::Rejected(ImpersonationFailure::TargetSuspended));
    }
    let (by, role) = (actor.member.account, appointment.role());
    let acting = Impersonation { account: target, role, permissions: &permissions, by };
    let mut commit = Commit::new();
    let guards = [
        commit.push(member::guard_actor(tenant, by, actor.version)),
        commit.push(member::guard_actor(tenant, target, found.version)),
    ];
    let acting = act_as(ctx, rows.get(2), &acting, &mut commit).await?;
    let session = acting.session;
    let state = json!({ "sessionId": session, "reason": reason.as_str(), "scopes": permissions.scopes() });
    let change = Change::new("impersonation.begin", target).after(state).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, &by.to_string(), change));
    let begun = Begun {
        access_token: acting.token(ctx)?,
        expires_in: ACCESS_SECONDS,
        session,
        account: target,
        role,
        scopes: permissions.scopes(),
    };
    let answered = Answered::first(String::new(), told(begun));
    repeatable.keep(ctx, &mut commit, &answered)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { statement, refusal, diagnosis } => match repeatable.answered(ctx, diagnosis.first())? {
            Some(first) => Ok(first),
            None if guards.contains(&statement) => Err(Failure::Rejected(ImpersonationFailure::Changing)),
            None => Err(unexplained(&refusal)),
        },
    }
}
