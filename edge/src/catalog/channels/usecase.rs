//! Making, changing and deleting a channel: read what is there, decide, commit.
//!
//! A new channel is filled with what is published everywhere, some thousand products a commit: whoever is stopped
//! anywhere goes on there. No key is of a channel that is not filled, so nobody is shown it meanwhile.

use headlesspro_shared::identity::Resource;
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::catalog::categories::usecase::Name;
use crate::catalog::filling::{SLICE, emptied, has_time};
use crate::catalog::store::channel::{self, Channel};
use crate::catalog::store::taxonomy::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::identity;
use crate::journal::{self, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows};

/// The list has one sort.
pub const BY_HANDLE: &str = "handle";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelError {
    HandleTaken,
    TooMany,
    /// Products name it, or a key is of it.
    InUse,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

pub type Outcome<T> = Result<T, Failure<ChannelError>>;

pub struct NewChannel {
    pub name: Name,
    pub handle: Handle,
}

/// What is left out stays.
pub struct ChannelChange {
    pub name: Option<Name>,
    pub handle: Option<Handle>,
}

fn rejected<T>(error: ChannelError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

/// A page of the store's channels after a handle, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Channel>, Option<String>)> {
    let rows = ctx.read(vec![channel::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let mut found = rows.first().map(channel::channels_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < found.len();
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|last| vec![CursorPart::Text(last.handle.clone())]);
    let next = last.map(|parts| Cursor::new(BY_HANDLE, parts).to_string());
    Ok((found, next))
}

/// One channel, by id or handle.
pub async fn find(ctx: &Ctx, key: &str) -> Outcome<Channel> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![channel::find(ctx.tenant(), key)]).await?;
        if let Some(settled) = ctx.settles(reached(&ctx, rows.first()).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The channel of the row, which the caller's grants reach: those for the channel do, as those for the record.
async fn reached(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Channel> {
    let found = only(rows)?;
    let resource = Resource::of_store(ctx.tenant().store).in_channels([found.id]).record(found.id);
    if ctx.reaches(&resource).await? { Ok(found) } else { Err(Failure::NotFound) }
}

/// Makes a channel and fills it. Answers whether it is the answer to a repeat, which goes on filling it.
pub async fn create(ctx: &Ctx, new: NewChannel, claim: Option<&Claim>) -> Outcome<(Channel, bool)> {
    let tenant = ctx.tenant();
    if let Some(claim) = claim {
        let rows = ctx.read(vec![journal::idempotency_record(tenant, &claim.key)]).await?;
        if let Some(made) = made_before(ctx, Some(claim), rows.first()).await? {
            return Ok((made, true));
        }
    }
    let made = Channel {
        id: ctx.new_id()?,
        handle: new.handle.to_string(),
        name: new.name.to_string(),
        filled_to: Some(String::new()),
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut commit = Commit::new();
    let insert = commit.push(channel::insert(tenant, &made));
    let change = Change::new("channel.create", made.id).after(state(&made));
    finish(ctx, &mut commit, &made, "channel.created", change).await?;
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location(&made), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok((filled(ctx, made).await?, false)),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(made) = made_before(ctx, claim, diagnosis.first()).await? {
                return Ok((made, true));
            }
            match &refusal {
                refusal if statement == insert && is_taken(refusal) => rejected(ChannelError::HandleTaken),
                refusal if refusal.is_raised("CHANNEL_COUNT") => rejected(ChannelError::TooMany),
                refusal => Err(unexplained(refusal)),
            }
        }
    }
}

/// Changes a channel, and goes on filling one that is not filled.
pub async fn change(ctx: &Ctx, key: &str, change: &ChannelChange, expected: Option<i64>) -> Outcome<Channel> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, key, change, expected).await) {
            return settled;
        }
    }
    rejected(ChannelError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_change(ctx: &Ctx, key: &str, change: &ChannelChange, expected: Option<i64>) -> Outcome<Option<Channel>> {
    let tenant = ctx.tenant();
    let was = find(ctx, key).await?;
    expect(expected, was.version)?;
    let mut is = was.clone();
    if let Some(name) = &change.name {
        is.name = name.to_string();
    }
    if let Some(handle) = &change.handle {
        is.handle = handle.to_string();
    }
    if is == was {
        return if ctx.is_current() { filled(ctx, was).await.map(Some) } else { Ok(None) };
    }
    let mut commit = Commit::new();
    let written = commit.push(channel::change(tenant, &is, ctx.now));
    let guard = commit.push(guard_changed());
    let told = Change::new("channel.change", is.id).before(state(&was)).after(state(&is));
    finish(ctx, &mut commit, &is, "channel.changed", told).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            let version = is.version.saturating_add(1);
            filled(ctx, Channel { version, updated_at: ctx.now, ..is }).await.map(Some)
        }
        Committed::Refused { statement, refusal, .. } if statement == written && is_taken(&refusal) => {
            rejected(ChannelError::HandleTaken)
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Deletes a channel that no product names and no key is of.
pub async fn delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, key, expected).await) {
            return settled;
        }
    }
    rejected(ChannelError::Changing)
}

async fn try_delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let there = find(ctx, key).await?;
    expect(expected, there.version)?;
    let mut commit = Commit::new();
    commit.push(channel::guard_unnamed(tenant, there.id));
    let unused = commit.push(identity::guard_no_key_of(tenant, there.id, ctx.now));
    commit.push(channel::delete(tenant, there.id, there.version));
    let guard = commit.push(guard_changed());
    let change = Change::new("channel.delete", there.id).before(state(&there));
    finish(ctx, &mut commit, &there, "channel.deleted", change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            emptied(ctx, channel::KIND, &there.id.to_string()).await;
            Ok(Some(()))
        }
        Committed::Refused { statement, refusal: Refusal::Constraint { .. }, .. } if statement <= unused => {
            rejected(ChannelError::InUse)
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

async fn finish(ctx: &Ctx, commit: &mut Commit, channel: &Channel, event: &'static str, change: Change) -> Outcome<()> {
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, commit, event, &[("channelId", channel.id.to_string())])?;
    Ok(())
}

/// The channel with what is published everywhere in it, as far as a request comes.
async fn filled(ctx: &Ctx, mut channel: Channel) -> Outcome<Channel> {
    while let Some(after) = channel.filled_to.as_deref().filter(|_| has_time(ctx)) {
        let mut commit = Commit::new();
        channel::fill(&mut commit, ctx.tenant(), channel.id, after, SLICE);
        match ctx.commit(&commit).await? {
            Committed::Done { after, .. } => channel = only(after.first())?,
            Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
        }
    }
    Ok(channel)
}

/// The channel of the first answer to the same request, as it is now.
async fn made_before(ctx: &Ctx, claim: Option<&Claim>, rows: Option<&Rows>) -> Outcome<Option<Channel>> {
    let Some(first) = journal::replay(claim, rows)? else { return Ok(None) };
    let id = first.location.rsplit('/').next().unwrap_or_default();
    let made = find(ctx, id).await?;
    filled(ctx, made).await.map(Some)
}

fn only(rows: Option<&Rows>) -> Outcome<Channel> {
    rows.map(channel::channels_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

pub fn location(channel: &Channel) -> String {
    format!("/api/v1/admin/channels/{}", channel.id)
}

/// What the audit log keeps.
fn state(channel: &Channel) -> Value {
    json!({ "handle": channel.handle, "name": channel.name })
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(ChannelError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

fn is_taken(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Constraint { constraint: Constraint::Unique, .. })
}

fn unexplained(refusal: &Refusal) -> Failure<ChannelError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a channel was refused: {refusal:?}")))
}
