//! Listing members, changing their roles, suspending, removing, leaving.

use std::collections::BTreeSet;

use headlesspro_shared::identity::{Grant, Role, Scopes};
use headlesspro_shared::kernel::id::{AccountId, ChannelId, InvitationId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::{
    Appointment, Member, MemberState, MembershipError, change_role, leave, remove, resume, suspend,
};
use serde_json::{Value as Json, json};

use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::identity::{end_sessions, ended_sessions, void_tokens};
use crate::journal::{self, Change};
use crate::organizations::invitations::usecase::withdraw;
use crate::organizations::store::member::{self, MemberRow, Standing};
use crate::organizations::store::{self, channel, invitation, role};
use crate::port::sql::{Commit, Committed, Refusal, Rows};
use crate::vault::Place;

/// How often a change is decided anew when somebody else was quicker.
const ATTEMPTS: usize = 4;

/// A member, with what is sealed opened.
pub struct Shown {
    pub member: Member,
    pub email: String,
    pub name: Option<String>,
    /// Of a custom role.
    pub role_name: Option<String>,
    pub grants: Vec<Grant>,
    pub version: i64,
    pub created_at: Timestamp,
}

/// What is done to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Gives another role, other grants, or both. What is `None` stays.
    Appoint {
        role: Option<Role>,
        grants: Option<Vec<Grant>>,
    },
    Suspend,
    Resume,
    /// The account stays, as a customer's.
    Remove,
    /// [`Remove`](Action::Remove), by the member.
    Leave,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberError {
    Refused(MembershipError),
    /// There is no such custom role.
    NoSuchRole,
    /// The grants at these places name a channel that is not there, or not in the store that they name.
    NoSuchChannel(Vec<usize>),
    VersionMismatch {
        current: i64,
    },
    /// Others were quicker, each time.
    Changing,
}

impl From<MembershipError> for MemberError {
    fn from(error: MembershipError) -> MemberError {
        MemberError::Refused(error)
    }
}

/// One page of the members, in the order of their ids, and whether there are more.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Result<(Vec<Shown>, bool), Failure<MemberError>> {
    let rows = ctx.read(vec![member::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let mut found = rows.first().map(member::members_of).transpose().map_err(Failure::Unavailable)?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = limit < found.len();
    found.truncate(limit);
    let shown = found.into_iter().map(|row| show(ctx, row)).collect::<Result<_, _>>();
    Ok((shown.map_err(Failure::Unavailable)?, more))
}

pub async fn find(ctx: &Ctx, id: AccountId) -> Result<Shown, Failure<MemberError>> {
    let rows = ctx.read(vec![member::find(ctx.tenant(), id)]).await?;
    show(ctx, only(rows.first())?).map_err(Failure::Unavailable)
}

/// Does `action` to the member `id`, as the member `actor`: one read, one commit, one call of Redis, and the first
/// two again when somebody else was quicker.
///
/// What the member may do elsewhere changes within a minute: tokens that were issued before are void. Repeated after
/// a lost answer it changes nothing.
pub async fn act(
    ctx: &Ctx,
    actor: AccountId,
    id: AccountId,
    action: &Action,
    expected: Option<i64>,
) -> Result<Option<Shown>, Failure<MemberError>> {
    for attempt in 1..=ATTEMPTS {
        let case = load(ctx, actor, id, action).await?;
        if let Some(current) = expected.and(Some(case.target.version)).filter(|version| Some(*version) != expected) {
            return Err(Failure::Rejected(MemberError::VersionMismatch { current }));
        }
        let next = decide(&case, action).map_err(Failure::Rejected)?;
        let now = standing(&case.target);
        if now == next {
            return Ok(Some(show(ctx, case.target).map_err(Failure::Unavailable)?));
        }
        let mut commit = Commit::new();
        let mut guarded = vec![
            commit.push(member::guard_actor(ctx.tenant(), actor, case.actor.version)),
            commit.push(member::change(ctx.tenant(), id, case.target.version, &next, ctx.now)),
            commit.push(store::guard_changed()),
        ];
        if !case.channels.is_empty() {
            guarded.push(commit.push(channel::guard_there(ctx.tenant(), &case.channels)));
        }
        if takes_away(&case, action) {
            let is_last = attempt == ATTEMPTS;
            guarded.extend(withdraw(ctx, &mut commit, &id.to_string(), &case.offered, actor, is_last)?);
        }
        let because = match action {
            Action::Suspend => Some("suspended"),
            Action::Remove | Action::Leave => Some("revoked"),
            Action::Appoint { .. } | Action::Resume => None,
        };
        let ended = because.map(|because| commit.push(end_sessions(ctx.tenant(), id, because, ctx.now)));
        let change = Change::new(name_of(action), id).before(state(&now)).after(state(&next)).of_organization();
        commit.push(journal::audit(ctx, ctx.new_id()?, &actor.to_string(), change));
        let payload = [("accountId", id.to_string()), ("role", next.role.to_string())];
        journal::announce(ctx, &mut commit, event_of(action), &payload)?;
        commit.push_after(member::find(ctx.tenant(), id));
        match ctx.commit(&commit).await? {
            Committed::Done { rows, after } => {
                let ended = ended_sessions(ended.and_then(|ended| rows.get(ended)))?;
                void_tokens(ctx, &ended, &[id.to_string()]).await;
                let after = after.first().map(member::members_of).transpose().map_err(Failure::Unavailable)?;
                let changed = after.unwrap_or_default().pop();
                return changed.map(|row| show(ctx, row)).transpose().map_err(Failure::Unavailable);
            }
            Committed::Refused { statement, .. } if guarded.contains(&statement) => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(MemberError::Changing))
}

/// What a decision is made on.
struct Case {
    actor: MemberRow,
    target: MemberRow,
    owners: u32,
    /// What the target has offered to others.
    offered: Vec<InvitationId>,
    /// The role to be given.
    role: Option<(Role, Scopes)>,
    /// The grants to be given.
    grants: Option<Vec<Grant>>,
    /// Those that they name.
    channels: BTreeSet<ChannelId>,
}

async fn load(ctx: &Ctx, actor: AccountId, id: AccountId, action: &Action) -> Result<Case, Failure<MemberError>> {
    let tenant = ctx.tenant();
    let offered = invitation::offered(tenant, &id.to_string());
    let mut reads = vec![member::find(tenant, actor), member::find(tenant, id), member::owners(tenant), offered];
    let (wanted, grants) = match action {
        Action::Appoint { role, grants } => (*role, grants.as_deref()),
        Action::Suspend | Action::Resume | Action::Remove | Action::Leave => (None, None),
    };
    let channels = Grant::channels(grants.unwrap_or_default());
    reads.push(channel::stores(tenant, &channels));
    if let Some(Role::Custom(id)) = wanted {
        reads.push(role::find(tenant, id));
    }
    let rows = ctx.read(reads).await?;
    let stores = rows.get(4).map(channel::stores_of).transpose()?.unwrap_or_default();
    let grants = grants.map(|grants| Grant::in_stores(grants, &stores)).transpose();
    let stored = rows.get(5).map(role::roles_of).transpose()?.unwrap_or_default().pop();
    let role = match wanted {
        None => None,
        Some(role @ Role::Custom(_)) => Some((role, stored.ok_or(Failure::Rejected(MemberError::NoSuchRole))?.scopes)),
        Some(role) => Some((role, Scopes::NONE)),
    };
    Ok(Case {
        actor: actor_of(rows.first())?,
        target: only(rows.get(1))?,
        owners: rows.get(2).map(member::owners_of).transpose().map_err(Failure::Unavailable)?.unwrap_or(0),
        offered: rows.get(3).map(invitation::ids_of).transpose()?.unwrap_or_default(),
        role,
        grants: grants.map_err(|places| Failure::Rejected(MemberError::NoSuchChannel(places)))?,
        channels,
    })
}

fn decide(case: &Case, action: &Action) -> Result<Standing, MemberError> {
    let (actor, target) = (&case.actor.member, &case.target.member);
    let now = standing(&case.target);
    match action {
        Action::Appoint { .. } => {
            let grants = case.grants.clone().unwrap_or_else(|| case.target.grants.clone());
            let appointment = match case.role {
                Some((role, stored)) => Appointment::new(role, stored, &grants),
                None => Appointment::new(now.role, case.target.stored, &grants),
            };
            change_role(actor, target, &appointment, case.owners)?;
            Ok(Standing { role: appointment.role(), grants, ..now })
        }
        Action::Suspend => {
            suspend(actor, target, case.owners)?;
            Ok(Standing { state: MemberState::Suspended, ..now })
        }
        Action::Resume => {
            resume(actor, target)?;
            Ok(Standing { state: MemberState::Active, ..now })
        }
        Action::Remove => {
            remove(actor, target, case.owners)?;
            Ok(gone())
        }
        Action::Leave => {
            leave(target, case.owners)?;
            Ok(gone())
        }
    }
}

/// Whether the member may do less afterwards, and so may not have offered what is still open.
fn takes_away(case: &Case, action: &Action) -> bool {
    match (action, case.role) {
        (Action::Suspend | Action::Remove | Action::Leave, _) => true,
        (Action::Resume, _) => false,
        (Action::Appoint { .. }, role) => {
            let (role, stored) = role.unwrap_or((case.target.member.appointment.role(), case.target.stored));
            let grants = case.grants.as_ref().unwrap_or(&case.target.grants);
            let next = Appointment::new(role, stored, grants);
            !next.permissions().covers(case.target.member.appointment.permissions())
        }
    }
}

fn standing(row: &MemberRow) -> Standing {
    Standing { role: row.member.appointment.role(), grants: row.grants.clone(), state: row.member.state }
}

/// Who is no member any more is a customer like any other.
fn gone() -> Standing {
    Standing { role: Role::Customer, grants: Vec::new(), state: MemberState::Active }
}

const fn name_of(action: &Action) -> &'static str {
    match action {
        Action::Appoint { .. } => "member.appoint",
        Action::Suspend => "member.suspend",
        Action::Resume => "member.resume",
        Action::Remove => "member.remove",
        Action::Leave => "member.leave",
    }
}

/// What others hear of it. Whoever is no member any more has a customer's role.
const fn event_of(action: &Action) -> &'static str {
    match action {
        Action::Appoint { .. } => "member.role_changed",
        Action::Suspend => "member.suspended",
        Action::Resume => "member.resumed",
        Action::Remove | Action::Leave => "member.removed",
    }
}

fn state(standing: &Standing) -> Json {
    json!({ "role": standing.role, "grants": standing.grants, "state": standing.state })
}

fn show(ctx: &Ctx, row: MemberRow) -> Result<Shown, Unavailable> {
    let organization = ctx.tenant().organization;
    let key = ctx.app().vault.masters.data_key(organization, &row.key);
    let key = key.map_err(|error| Unavailable::Corrupt(error.to_string()))?;
    let id = row.member.account.to_string();
    let open = |column, sealed: &str| {
        let opened = key.open_text(Place { organization, table: "account", column, row: &id }, sealed);
        opened.map_err(|error| Unavailable::Corrupt(format!("an account's {column}: {error}")))
    };
    Ok(Shown {
        email: open("email", &row.email_sealed)?,
        name: row.name_sealed.as_deref().map(|sealed| open("name", sealed)).transpose()?,
        member: row.member,
        role_name: row.role_name,
        grants: row.grants,
        version: row.version,
        created_at: row.created_at,
    })
}

fn only<E>(rows: Option<&Rows>) -> Result<MemberRow, Failure<E>> {
    let found = rows.map(member::members_of).transpose().map_err(Failure::Unavailable)?;
    found.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

/// The member who asks, from the answer of [`member::find`]. Whoever is none any more has no right to know what
/// there is.
pub fn actor_of<E>(rows: Option<&Rows>) -> Result<MemberRow, Failure<E>> {
    only(rows)
}

pub fn unexplained<E>(refusal: &Refusal) -> Failure<E> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}")))
}
