//! Inviting, sending again, revoking and accepting.

use headlesspro_shared::identity::{Grant, OneTimeToken, Password, PasswordError, Role, Scopes};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, InvitationId};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::Message;
use headlesspro_shared::organizations::{
    Appointment, INVITATION_MILLIS, InvitationError, InvitationState, MembershipError, appoint,
};
use serde_json::{Value as Json, json};

use crate::app::Ctx;
use crate::failure::{Failure, PlanExceeded, Unavailable};
use crate::identity::{
    Newcomer, email_hash, hash_password, mint_secret, new_account, registered, secret_hash, verified,
};
use crate::journal::{self, Change, Claim};
use crate::notifications::{self, NewMail};
use crate::organizations::members::usecase::{actor_of, unexplained};
use crate::organizations::store::invitation::{self, InvitationRow, Invitee, NewInvitation};
use crate::organizations::store::member::{self, MemberRow};
use crate::organizations::store::{channel, guard_changed, role, settings};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, Statement};
use crate::vault::{DataKey, Place, WrappedKey};

/// How often an acceptance is decided anew when something else was quicker.
const ATTEMPTS: usize = 3;

/// Who is invited, as what.
pub struct Invite {
    pub email: Email,
    pub role: Role,
    pub grants: Vec<Grant>,
    pub locale: Locale,
}

/// An invitation, with what is sealed opened.
pub struct Shown {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    /// Of a custom role.
    pub role_name: Option<String>,
    pub grants: Vec<Grant>,
    pub state: InvitationState,
    pub invited_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// How somebody accepts.
pub struct Accept<'a> {
    pub token: &'a OneTimeToken,
    /// For an address without an account, or without a confirmed one.
    pub password: Option<&'a str>,
    pub name: Option<&'a Line<200>>,
}

/// Who has joined.
pub struct Joined {
    pub account: AccountId,
    pub role: Role,
    pub organization: String,
    /// Whether the account is new.
    pub created: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvitationFailure {
    Refused(MembershipError),
    NoSuchRole,
    /// The grants at these places name a channel that is not there, or not in the store that they name.
    NoSuchChannel(Vec<usize>),
    /// The address is a member's.
    AlreadyMember,
    /// The address is that of a suspended account.
    AccountSuspended,
    /// The address is invited already.
    AlreadyInvited(InvitationId),
    NotOpen(InvitationError),
    PlanLimit(PlanExceeded),
    PasswordRequired,
    Password(PasswordError),
    Changing,
}

impl From<MembershipError> for Failure<InvitationFailure> {
    fn from(error: MembershipError) -> Failure<InvitationFailure> {
        Failure::Rejected(InvitationFailure::Refused(error))
    }
}

type Outcome<T> = Result<T, Failure<InvitationFailure>>;

/// Invites somebody; the mail leaves with the commit. Answers whether it is the answer to a repeat.
pub async fn invite(ctx: &Ctx, actor: AccountId, invite: &Invite, claim: Option<&Claim>) -> Outcome<(Shown, bool)> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let hash = email_hash(app, tenant, &invite.email);
    let mut reads = vec![member::find(tenant, actor), invitation::prepare(tenant, &hash, ctx.now)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let (channels, at) = (Grant::channels(&invite.grants), reads.len());
    reads.push(channel::stores(tenant, &channels));
    if let Role::Custom(id) = invite.role {
        reads.push(role::find(tenant, id));
    }
    let rows = ctx.read(reads).await?;
    if let Some(first) = replayed(ctx, claim, rows.get(2)).await? {
        return Ok((first, true));
    }
    let actor = actor_of(rows.first())?;
    let prepared = rows.get(1).map(invitation::prepared_of).transpose()?.ok_or(Failure::NotFound)?;
    let stored = match invite.role {
        Role::Custom(_) => {
            let found = rows.last().map(role::roles_of).transpose()?.unwrap_or_default().pop();
            found.ok_or(Failure::Rejected(InvitationFailure::NoSuchRole))?.scopes
        }
        _ => Scopes::NONE,
    };
    let stores = rows.get(at).map(channel::stores_of).transpose()?.unwrap_or_default();
    let grants = Grant::in_stores(&invite.grants, &stores);
    let grants = grants.map_err(|places| Failure::Rejected(InvitationFailure::NoSuchChannel(places)))?;
    appoint(&actor.member, &Appointment::new(invite.role, stored, &grants))?;
    match prepared.taken {
        Some((role, _)) if role != Role::Customer => {
            return Err(Failure::Rejected(InvitationFailure::AlreadyMember));
        }
        Some((_, false)) => return Err(Failure::Rejected(InvitationFailure::AccountSuspended)),
        Some((_, true)) | None => {}
    }
    if let Some(open) = prepared.open {
        return Err(Failure::Rejected(InvitationFailure::AlreadyInvited(open)));
    }

    let id: InvitationId = ctx.new_id()?;
    let key = data_key(ctx, &prepared.key)?;
    let (token, token_hash) = mint_secret(app)?;
    let expires_at = ends(ctx.now);
    let text = id.to_string();
    let email_sealed = key.seal(place(ctx, &text), invite.email.as_str().as_bytes(), &*app.entropy)?;
    let new = NewInvitation {
        id,
        email_hash: &hash,
        email_sealed: &email_sealed,
        role: invite.role,
        grants: &grants,
        locale: &invite.locale,
        token_hash: &token_hash,
        invited_by: actor.member.account,
        expires_at,
    };
    let mut commit = Commit::new();
    let mut guards = vec![commit.push(member::guard_actor(tenant, actor.member.account, actor.version))];
    if !channels.is_empty() {
        guards.push(commit.push(channel::guard_there(tenant, &channels)));
    }
    commit.push(invitation::close_expired(tenant, ctx.now));
    let insert = commit.push(invitation::insert(tenant, &new, ctx.now));
    let mail =
        Mailing { id, version: 1, to: &invite.email, locale: &invite.locale, organization: prepared.organization };
    commit.push(mail.enqueue(ctx, &key, &actor, &token, expires_at)?);
    if let Some(claim) = claim {
        // The address is sealed where it is kept; a repeat reads it there.
        commit.push(journal::record(tenant, claim, 201, &location(id), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    let change = Change::new("invitation.create", id).after(state(invite.role, &grants, expires_at));
    commit.push(audit(ctx, &actor, change)?);
    journal::announce(ctx, &mut commit, "invitation.created", &[("invitationId", text)])?;
    commit.push_after(invitation::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => {
            notifications::deliver_later(ctx);
            Ok((show(ctx, only(after.first())?)?, false))
        }
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = replayed(ctx, claim, diagnosis.first()).await? {
                return Ok((first, true));
            }
            let is_unique = matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. });
            Err(if guards.contains(&statement) || (statement == insert && is_unique) {
                Failure::Rejected(InvitationFailure::Changing)
            } else {
                unexplained(&refusal)
            })
        }
    }
}

/// One page of the invitations, in the order of their ids, and whether there are more.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Shown>, bool)> {
    let rows = ctx.read(vec![invitation::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let mut found = rows.first().map(invitation::invitations_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = limit < found.len();
    found.truncate(limit);
    Ok((found.into_iter().map(|row| show(ctx, row)).collect::<Result<_, _>>()?, more))
}

/// Sends an open invitation again, with another link and a new time; the link before is good no more.
pub async fn resend(ctx: &Ctx, actor: AccountId, id: InvitationId) -> Outcome<Shown> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let (actor, row) = load(ctx, actor, id).await?;
    appoint(&actor.member, &row.appointment)?;
    row.invitation.revoke(ctx.now).map_err(|error| Failure::Rejected(InvitationFailure::NotOpen(error)))?;
    let key = data_key(ctx, &row.key)?;
    let email = email_of(ctx, &key, &row)?;
    let (token, token_hash) = mint_secret(app)?;
    let expires_at = ends(ctx.now);
    let mut commit = Commit::new();
    let guards = [
        commit.push(member::guard_actor(tenant, actor.member.account, actor.version)),
        commit.push(invitation::renew(tenant, &row, &token_hash, expires_at)),
        commit.push(guard_changed()),
    ];
    let (version, organization) = (row.version.saturating_add(1), row.organization.clone());
    let mail = Mailing { id, version, to: &email, locale: &row.locale, organization };
    commit.push(mail.enqueue(ctx, &key, &actor, &token, expires_at)?);
    let role = row.appointment.role();
    let change = Change::new("invitation.resend", id)
        .before(state(role, &row.grants, row.invitation.expires_at))
        .after(state(role, &row.grants, expires_at));
    commit.push(audit(ctx, &actor, change)?);
    commit.push_after(invitation::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => {
            notifications::deliver_later(ctx);
            Ok(show(ctx, only(after.first())?)?)
        }
        Committed::Refused { statement, .. } if guards.contains(&statement) => {
            Err(Failure::Rejected(InvitationFailure::Changing))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Revokes an open invitation. Again, it is revoked again.
pub async fn revoke(ctx: &Ctx, actor: AccountId, id: InvitationId) -> Outcome<()> {
    let tenant = ctx.tenant();
    for _ in 0..ATTEMPTS {
        let (actor, row) = load(ctx, actor, id).await?;
        appoint(&actor.member, &row.appointment)?;
        match row.invitation.revoke(ctx.now) {
            Ok(()) => {}
            Err(InvitationError::NotOpen(InvitationState::Revoked)) => return Ok(()),
            Err(error) => return Err(Failure::Rejected(InvitationFailure::NotOpen(error))),
        }
        let mut commit = Commit::new();
        let guards = [
            commit.push(member::guard_actor(tenant, actor.member.account, actor.version)),
            commit.push(invitation::revoke(tenant, &row, ctx.now)),
            commit.push(guard_changed()),
        ];
        let before = state(row.appointment.role(), &row.grants, row.invitation.expires_at);
        let change = Change::new("invitation.revoke", id).before(before);
        push_revoked(ctx, &mut commit, actor.member.account, id, change)?;
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => return Ok(()),
            Committed::Refused { statement, .. } if guards.contains(&statement) => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(InvitationFailure::Changing))
}

/// Withdrawn invitations with a row and an event each in one commit: a hundred are written in well under a second.
const MOST_TOLD: usize = 100;

/// Revokes what somebody offered who cannot offer it any more: `by` is an account's id, or that of the role of many.
/// Answers the number of the guard, which refuses where `offered` is not all of it by then. There is none where
/// `whatever` else they offer meanwhile, nor of more than [`MOST_TOLD`]: whoever goes on offering must not keep
/// themselves from being shut out, and what nobody has read of is revoked without a row of its own.
pub fn withdraw<E>(
    ctx: &Ctx,
    commit: &mut Commit,
    by: &str,
    offered: &[InvitationId],
    actor: AccountId,
    whatever: bool,
) -> Result<Option<usize>, Failure<E>> {
    commit.push(invitation::revoke_offered(ctx.tenant(), by, ctx.now));
    let is_guarded = !whatever && offered.len() <= MOST_TOLD;
    let guard = is_guarded.then(|| commit.push(invitation::guard_count(offered.len())));
    for id in offered.iter().copied().take(MOST_TOLD) {
        push_revoked(ctx, commit, actor, id, Change::new("invitation.revoke", id))?;
    }
    Ok(guard)
}

/// Adds what the audit log keeps, and what others hear.
fn push_revoked<E>(
    ctx: &Ctx,
    commit: &mut Commit,
    actor: AccountId,
    id: InvitationId,
    change: Change,
) -> Result<(), Failure<E>> {
    let change = change.turned("state", "open".into(), "revoked".into()).of_organization();
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor.to_string(), change));
    Ok(journal::announce(ctx, commit, "invitation.revoked", &[("invitationId", id.to_string())])?)
}

/// Accepts an invitation by the secret of its mail: makes an account with a password, or adds to the one that the
/// address has. Of two at once one wins.
pub async fn accept(ctx: &Ctx, accept: &Accept<'_>) -> Outcome<Joined> {
    let tenant = ctx.tenant();
    let token_hash = secret_hash(accept.token);
    for _ in 0..ATTEMPTS {
        let rows = ctx.read(vec![invitation::by_token(tenant, &token_hash)]).await?;
        let row = only(rows.first())?;
        let invitee = rows.first().map(invitation::invitee_of).transpose()?.flatten();
        let key = data_key(ctx, &row.key)?;
        let email = email_of(ctx, &key, &row)?;
        let refused = |error| Failure::Rejected(InvitationFailure::NotOpen(error));
        row.invitation.accept(&email, &email, ctx.now).map_err(refused)?;
        if row.role_is_gone {
            return Err(refused(InvitationError::NotOpen(InvitationState::Revoked)));
        }
        let (account, join) = joining(ctx, &row, invitee, &email, &key, accept)?;
        let mut commit = Commit::new();
        commit.push(invitation::accept(tenant, &row, ctx.now));
        commit.push(guard_changed());
        for statement in join {
            commit.push(statement);
        }
        commit.push(guard_changed());
        if invitee.is_none() {
            commit.push(registered(ctx, account, row.appointment.role())?);
        }
        // Whoever has the link has read the mail.
        if !invitee.is_some_and(|invitee| invitee.is_verified) {
            commit.push(verified(ctx, account)?);
        }
        commit.push_diagnosis(settings::organization(tenant, ctx.now));
        let guarded = commit.statements().len();
        let change = Change::new("invitation.accept", row.id)
            .after(json!({ "accountId": account, "role": row.appointment.role(), "grants": row.grants }))
            .turned("state", "open".into(), "accepted".into())
            .had("role", invitee.map(|invitee| invitee.role.to_string()).into());
        let account_id = ("accountId", account.to_string());
        commit.push(journal::audit(ctx, ctx.new_id()?, &account_id.1, change.of_organization()));
        let accepted = [("invitationId", row.id.to_string()), account_id.clone()];
        journal::announce(ctx, &mut commit, "invitation.accepted", &accepted)?;
        let joined = [account_id, ("role", row.appointment.role().to_string())];
        journal::announce(ctx, &mut commit, "member.joined", &joined)?;
        match ctx.commit(&commit).await? {
            Committed::Done { .. } => {
                let (role, organization) = (row.appointment.role(), row.organization);
                return Ok(Joined { account, role, organization, created: invitee.is_none() });
            }
            Committed::Refused { refusal, diagnosis, .. } if refusal.is_raised("PLAN_LIMIT") => {
                let there = diagnosis.first().map(settings::organization_of).transpose()?.flatten();
                let exceeded = there.and_then(|there| there.exceeded_members());
                return Err(exceeded.map_or_else(
                    || unexplained(&refusal),
                    |exceeded| Failure::Rejected(InvitationFailure::PlanLimit(exceeded)),
                ));
            }
            Committed::Refused { statement, refusal: Refusal::Constraint { .. }, .. } if statement < guarded => {}
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Err(Failure::Rejected(InvitationFailure::Changing))
}

/// Who joins, by which statements; the last of them changes nothing where somebody else was quicker.
fn joining(
    ctx: &Ctx,
    row: &InvitationRow,
    invitee: Option<Invitee>,
    email: &Email,
    key: &DataKey,
    accept: &Accept<'_>,
) -> Outcome<(AccountId, Vec<Statement>)> {
    let (app, tenant) = (ctx.app(), ctx.tenant());
    let rejected = |failure| Err(Failure::Rejected(failure));
    let chosen = || {
        let text = accept.password.ok_or(Failure::Rejected(InvitationFailure::PasswordRequired))?;
        Password::chosen(text, email).map_err(|error| Failure::Rejected(InvitationFailure::Password(error)))
    };
    match invitee {
        Some(invitee) if invitee.role != Role::Customer => rejected(InvitationFailure::AlreadyMember),
        Some(invitee) if !invitee.is_active => rejected(InvitationFailure::AccountSuspended),
        Some(invitee) if invitee.is_verified => {
            Ok((invitee.account, vec![invitation::join(tenant, invitee.account, row, (None, None), ctx.now)]))
        }
        Some(invitee) => {
            let (password, account) = (hash_password(app, &chosen()?)?, invitee.account);
            let (organization, id) = (tenant.organization, account.to_string());
            let place = Place { organization, table: "account", column: "name", row: &id };
            let name = accept.name.map(|name| key.seal(place, name.as_str().as_bytes(), &*app.entropy)).transpose()?;
            Ok((account, vec![invitation::join(tenant, account, row, (Some(&password), name.as_deref()), ctx.now)]))
        }
        None => {
            let (id, password) = (ctx.new_id()?, chosen()?);
            let newcomer = Newcomer { id, email, password: &password, name: accept.name, locale: &row.locale };
            let account = new_account(app, tenant, key, &newcomer, ctx.now)?;
            Ok((id, vec![account, invitation::join(tenant, id, row, (None, None), ctx.now)]))
        }
    }
}

/// A mail with an invitation's link.
struct Mailing<'a> {
    id: InvitationId,
    version: i64,
    to: &'a Email,
    locale: &'a Locale,
    organization: String,
}

impl Mailing<'_> {
    fn enqueue(
        self,
        ctx: &Ctx,
        key: &DataKey,
        inviter: &MemberRow,
        token: &OneTimeToken,
        expires_at: Timestamp,
    ) -> Outcome<Statement> {
        // No store says where it leads: it makes a member of the organization.
        let link = ctx.app().storefront().secret_page("invitation", token.as_str());
        let minutes = u32::try_from(INVITATION_MILLIS.div_euclid(60_000)).unwrap_or(u32::MAX);
        let id = inviter.member.account.to_string();
        let place = Place { organization: ctx.tenant().organization, table: "account", column: "name", row: &id };
        let inviter = inviter.name_sealed.as_deref().and_then(|sealed| key.open_text(place, sealed).ok());
        let message = Message::Invitation { link, minutes, organization: self.organization, inviter };
        let event_key = format!("invitation:{}:{}", self.id, self.version);
        let mail = NewMail { event_key: &event_key, to: self.to, locale: self.locale, message: &message, expires_at };
        Ok(notifications::enqueue(ctx.app(), ctx.tenant(), key, &mail, ctx.now)?)
    }
}

pub fn location(id: InvitationId) -> String {
    format!("/api/v1/invitations/{id}")
}

async fn load(ctx: &Ctx, actor: AccountId, id: InvitationId) -> Outcome<(MemberRow, InvitationRow)> {
    let rows = ctx.read(vec![member::find(ctx.tenant(), actor), invitation::find(ctx.tenant(), id)]).await?;
    Ok((actor_of(rows.first())?, only(rows.get(1))?))
}

/// The first answer to the same request, read anew.
async fn replayed(ctx: &Ctx, claim: Option<&Claim>, rows: Option<&Rows>) -> Outcome<Option<Shown>> {
    let (Some(claim), Some(rows)) = (claim, rows) else { return Ok(None) };
    let Some(first) = claim.replay(journal::recorded(rows)?)? else { return Ok(None) };
    let id = first.location.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    let rows = ctx.read(vec![invitation::find(ctx.tenant(), id)]).await?;
    Ok(Some(show(ctx, only(rows.first())?)?))
}

fn audit(ctx: &Ctx, actor: &MemberRow, change: Change) -> Outcome<Statement> {
    let actor = actor.member.account.to_string();
    Ok(journal::audit(ctx, ctx.new_id()?, &actor, change.of_organization()))
}

fn state(role: Role, grants: &[Grant], expires_at: Timestamp) -> Json {
    json!({ "role": role, "grants": grants, "expiresAt": expires_at.to_string() })
}

fn ends(now: Timestamp) -> Timestamp {
    now.checked_add_millis(INVITATION_MILLIS).unwrap_or(now)
}

fn place<'a>(ctx: &Ctx, id: &'a str) -> Place<'a> {
    Place { organization: ctx.tenant().organization, table: "invitation", column: "email", row: id }
}

fn data_key(ctx: &Ctx, wrapped: &WrappedKey) -> Result<DataKey, Unavailable> {
    let key = ctx.app().vault.masters.data_key(ctx.tenant().organization, wrapped);
    key.map_err(|error| Unavailable::Corrupt(error.to_string()))
}

fn email_of(ctx: &Ctx, key: &DataKey, row: &InvitationRow) -> Result<Email, Unavailable> {
    let opened = key.open_text(place(ctx, &row.id.to_string()), &row.email_sealed).ok();
    let email = opened.and_then(|text| text.parse().ok());
    email.ok_or_else(|| Unavailable::Corrupt("an invitation's address".to_owned()))
}

fn show(ctx: &Ctx, row: InvitationRow) -> Result<Shown, Unavailable> {
    let email = email_of(ctx, &data_key(ctx, &row.key)?, &row)?;
    Ok(Shown {
        id: row.id,
        email: email.as_str().to_owned(),
        role: row.appointment.role(),
        role_name: row.role_name,
        grants: row.grants,
        state: row.invitation.state(ctx.now),
        invited_by: row.invited_by,
        created_at: row.created_at,
        expires_at: row.invitation.expires_at,
    })
}

fn only(rows: Option<&Rows>) -> Outcome<InvitationRow> {
    let found = rows.map(invitation::invitations_of).transpose()?;
    found.unwrap_or_default().pop().ok_or(Failure::NotFound)
}
