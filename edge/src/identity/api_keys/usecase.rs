//! Making, listing, rotating and revoking API keys.

use headlesspro_shared::identity::{IssueKeyError, KeyKind, KeyName, Scopes, issue_key, mint_api_key};
use headlesspro_shared::kernel::id::ApiKeyId;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::json;

use crate::app::{Ctx, Tenant};
use crate::failure::{Failure, PlanExceeded};
use crate::identity::caller::{Principal, hash_of};
use crate::identity::issuing::{self, Listed, hint_of};
use crate::identity::newest::Newest;
use crate::identity::repeat::{Repeatable, repeat_reads};
use crate::identity::store::api_key::{self, ApiKey, NewApiKey};
use crate::identity::usecase::unexplained;
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Rows};

/// A key to be made.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub kind: KeyKind,
    pub name: KeyName,
    /// Those of a new key where left out.
    pub scopes: Option<Scopes>,
    pub expires_at: Option<Timestamp>,
    /// The id or handle of the channel that it is of.
    pub channel: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyError {
    Refused(IssueKeyError),
    /// It would be over before it began.
    ExpiresInThePast,
    /// Only a publishable key is of a channel.
    ChannelOfSecretKey,
    NoSuchChannel,
    ChannelNotReady,
    /// Revoked, expired or replaced by another already.
    NotActive,
    /// The key that it took the place of is still good.
    Overlapping,
    PlanLimit(PlanExceeded),
}

/// A key that was just made: the only time its text is told, but to a repeat of the same request.
pub struct Made {
    pub key: ApiKey,
    pub text: String,
}

/// How a key that was just made is told.
pub type Told = fn(&Made, Timestamp) -> String;

/// Makes a key.
pub async fn create(
    ctx: &Ctx,
    wanted: Wanted,
    claim: Option<&Claim>,
    told: Told,
) -> Result<Answered, Failure<ApiKeyError>> {
    let tenant = ctx.tenant();
    let mut reads: Vec<_> = wanted.channel.iter().map(|key| api_key::find_channel(tenant, key)).collect();
    let repeat_at = reads.len();
    reads.extend(repeat_reads(tenant, claim));
    // A replica may not have heard of a channel that was made a moment ago.
    let reader = if wanted.channel.is_some() { &ctx.clone().reading_what_is_current() } else { ctx };
    let rows = if reads.is_empty() { Vec::new() } else { reader.read(reads).await? };
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(repeat_at..))?;
    if let Some(first) = first {
        return Ok(first);
    }
    let actor = ctx.principal().await?;
    let scopes = wanted.scopes.unwrap_or_else(|| Scopes::of_new_key(wanted.kind));
    issue_key(&actor.permissions, tenant.store, wanted.kind, scopes)
        .map_err(|error| Failure::Rejected(ApiKeyError::Refused(error)))?;
    if wanted.expires_at.is_some_and(|end| end <= ctx.now) {
        return Err(Failure::Rejected(ApiKeyError::ExpiresInThePast));
    }
    let channel = match &wanted.channel {
        None => None,
        Some(_) if wanted.kind == KeyKind::Secret => return Err(Failure::Rejected(ApiKeyError::ChannelOfSecretKey)),
        Some(_) => match api_key::channel_of(rows.first())? {
            None => return Err(Failure::Rejected(ApiKeyError::NoSuchChannel)),
            Some((_, false)) => return Err(Failure::Rejected(ApiKeyError::ChannelNotReady)),
            Some((channel, true)) => Some(channel),
        },
    };
    let (mut new, text) = mint(ctx, wanted.kind, scopes, wanted.name.to_string(), wanted.expires_at)?;
    new.channel = channel;
    let made = Made { key: shown(&new, ctx.now), text };
    let answered = answered(&made, told, ctx.now);
    let mut commit = Commit::new();
    let guard = commit.push(api_key::guard_plan(tenant, ctx.now));
    let channel_guard = channel.map(|channel| commit.push(api_key::guard_channel(tenant, channel)));
    commit.push_diagnosis(api_key::plan(tenant, ctx.now));
    commit.push(api_key::insert_api_key(tenant, &new, ctx.now));
    repeatable.keep(ctx, &mut commit, &answered)?;
    let change = Change::new("api-key.create", new.id).after(state(&made.key));
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor.actor, change));
    journal::announce(ctx, &mut commit, "api_key.created", &ids(tenant, new.id))?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = repeatable.answered(ctx, diagnosis.get(1))? {
                return Ok(first);
            }
            if channel_guard == Some(statement) {
                return Err(Failure::Rejected(ApiKeyError::NoSuchChannel));
            }
            let plan = diagnosis.first().map(api_key::plan_of).transpose()?.flatten();
            match plan.filter(|_| statement == guard) {
                Some(exceeded) => Err(Failure::Rejected(ApiKeyError::PlanLimit(exceeded))),
                None => Err(unexplained(&refusal)),
            }
        }
    }
}

/// A page of the store's keys, and the one behind it.
pub async fn list(ctx: &Ctx, wanted: &Newest) -> Result<(Vec<Listed<ApiKey>>, Option<Newest>), Failure<ApiKeyError>> {
    let rows = ctx.read(vec![api_key::list(ctx.tenant(), wanted)]).await?;
    let keys = rows.first().map(api_key::keys_of).transpose().map_err(Failure::Unavailable)?.unwrap_or_default();
    let (keys, next) = wanted.page(keys, api_key::place);
    Ok((issuing::with_last_uses(ctx, keys, |key| key.id.to_string()).await?, next))
}

/// Makes a key like `id` in its place, with as long a life before it; `id` stays good for `overlap_seconds` more.
pub async fn rotate(
    ctx: &Ctx,
    id: ApiKeyId,
    overlap_seconds: i64,
    claim: Option<&Claim>,
    told: Told,
) -> Result<Answered, Failure<ApiKeyError>> {
    let tenant = ctx.tenant();
    let mut reads = vec![api_key::find(tenant, id), api_key::predecessor(tenant, id, ctx.now)];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    let old = only(rows.first())?;
    let actor = within_reach(ctx, id).await?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(2..))?;
    if let Some(first) = first {
        return Ok(first);
    }
    let is_over = old.expires_at.is_some_and(|end| end <= ctx.now);
    if old.revoked_at.is_some() || old.replaced_by.is_some() || is_over {
        return Err(Failure::Rejected(ApiKeyError::NotActive));
    }
    let is_overlapped = |rows: Option<&Rows>| rows.is_some_and(|rows| !rows.is_empty());
    if is_overlapped(rows.get(1)) {
        return Err(Failure::Rejected(ApiKeyError::Overlapping));
    }
    issue_key(&actor.permissions, tenant.store, old.kind, old.scopes)
        .map_err(|error| Failure::Rejected(ApiKeyError::Refused(error)))?;
    // One that was to end some day is not good for ever after.
    let lifetime = old.expires_at.map(|end| end.millis().saturating_sub(old.created_at.millis()));
    let expires_at = lifetime.map(|millis| ctx.now.checked_add_millis(millis).unwrap_or(ctx.now));
    let (mut new, text) = mint(ctx, old.kind, old.scopes, old.name.clone(), expires_at)?;
    new.channel = old.channel;
    let made = Made { key: shown(&new, ctx.now), text };
    let answered = answered(&made, told, ctx.now);
    let mut commit = Commit::new();
    commit.push(api_key::insert_api_key(tenant, &new, ctx.now));
    commit.push(api_key::replace(tenant, id, new.id, (ctx.now, issuing::good_until(ctx, overlap_seconds))));
    let guard = commit.push(api_key::guard_changed());
    commit.push_diagnosis(api_key::predecessor(tenant, id, ctx.now));
    repeatable.keep(ctx, &mut commit, &answered)?;
    let change = Change::new("api-key.rotate", id).before(state(&old)).after(state(&made.key));
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor.actor, change));
    let [id_member, store] = ids(tenant, id);
    let payload = [id_member, store, ("replacedBy", new.id.to_string())];
    journal::announce(ctx, &mut commit, "api_key.rotated", &payload)?;
    journal::announce(ctx, &mut commit, "api_key.created", &ids(tenant, new.id))?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = repeatable.answered(ctx, diagnosis.get(1))? {
                return Ok(first);
            }
            // Another rotation, or a revocation, was quicker.
            let is_overlapped = is_overlapped(diagnosis.first());
            let quicker = if is_overlapped { ApiKeyError::Overlapping } else { ApiKeyError::NotActive };
            Err(if statement == guard { Failure::Rejected(quicker) } else { unexplained(&refusal) })
        }
    }
}

fn answered(made: &Made, told: Told, now: Timestamp) -> Answered {
    Answered::first(format!("/api/v1/api-keys/{}", made.key.id), told(made, now))
}

/// Revokes a key: it is void everywhere within 30 s. Again, it is revoked again.
pub async fn revoke(ctx: &Ctx, id: ApiKeyId) -> Result<(), Failure<ApiKeyError>> {
    let tenant = ctx.tenant();
    let actor = within_reach(ctx, id).await?.actor.clone();
    let mut commit = Commit::new();
    commit.push(api_key::revoke(tenant, id, ctx.now));
    let guard = commit.push(api_key::guard_changed());
    let change = Change::new("api-key.revoke", id).turned("isRevoked", false.into(), true.into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    journal::announce(ctx, &mut commit, "api_key.revoked", &ids(tenant, id))?;
    commit.push_diagnosis(api_key::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(()),
        // Revoked before, or not there.
        Committed::Refused { statement, diagnosis, .. } if statement == guard => only(diagnosis.first()).map(drop),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The caller, whose grants reach the key.
async fn within_reach(ctx: &Ctx, id: ApiKeyId) -> Result<&Principal, Failure<ApiKeyError>> {
    ctx.reach(id).await?;
    Ok(ctx.principal().await?)
}

fn mint(
    ctx: &Ctx,
    kind: KeyKind,
    scopes: Scopes,
    name: String,
    expires_at: Option<Timestamp>,
) -> Result<(NewApiKey, String), Failure<ApiKeyError>> {
    let text = issuing::mint(ctx, |organization, store, random| mint_api_key(kind, organization, store, random))?;
    let (hash, hint) = (hash_of(&text), hint_of(&text));
    let key = NewApiKey { id: ctx.new_id()?, kind, hash, scopes, name, hint, expires_at, channel: None };
    Ok((key, text))
}

fn shown(new: &NewApiKey, now: Timestamp) -> ApiKey {
    ApiKey {
        id: new.id,
        kind: new.kind,
        scopes: new.scopes,
        name: new.name.clone(),
        hint: new.hint.clone(),
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        replaced_by: None,
        channel: new.channel,
    }
}

/// What the events of a key say.
pub fn ids(tenant: Tenant, id: ApiKeyId) -> [(&'static str, String); 2] {
    [("apiKeyId", id.to_string()), ("storeId", tenant.store.to_string())]
}

/// What the audit log keeps of a key.
pub fn state(key: &ApiKey) -> serde_json::Value {
    json!({
        "id": key.id.to_string(),
        "kind": key.kind.name(),
        "name": key.name,
        "scopes": key.scopes.to_string(),
        "expiresAt": key.expires_at.map(|end| end.to_string()),
        "channel": key.channel.map(|channel| channel.to_string()),
    })
}

fn only(rows: Option<&Rows>) -> Result<ApiKey, Failure<ApiKeyError>> {
    let keys = rows.map(api_key::keys_of).transpose().map_err(Failure::Unavailable)?;
    keys.unwrap_or_default().into_iter().next().ok_or(Failure::NotFound)
}
