//! Registering, listing, rotating and revoking apps.

use headlesspro_shared::identity::{AppScopesError, KeyName, Scopes, give_app, mint_client_secret};
use headlesspro_shared::kernel::id::AppId;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::failure::Failure;
use crate::identity::caller::{Principal, hash_of};
use crate::identity::issuing::{self, Listed, hint_of, mint};
use crate::identity::newest::Newest;
use crate::identity::repeat::{Repeatable, repeat_reads};
use crate::identity::store::api_key::guard_changed;
use crate::identity::store::app::{self, ThirdPartyApp};
use crate::identity::usecase::{unexplained, void_tokens};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Rows};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppError {
    Refused(AppScopesError),
    /// Revoked, or rotated by somebody else at this moment.
    NotActive,
}

/// An app whose secret was just made: the only time it is told, but to a repeat of the same request.
pub struct Made {
    pub app: ThirdPartyApp,
    pub secret: String,
}

/// How a secret that was just made is told.
pub type Told = fn(&Made) -> String;

/// Registers an app.
pub async fn create(
    ctx: &Ctx,
    (name, scopes): (KeyName, Scopes),
    claim: Option<&Claim>,
    told: Told,
) -> Result<Answered, Failure<AppError>> {
    let tenant = ctx.tenant();
    let (repeatable, first) = Repeatable::read(ctx, claim).await?;
    if let Some(first) = first {
        return Ok(first);
    }
    let actor = ctx.principal().await?;
    give_app(&actor.permissions, tenant.store, scopes).map_err(|error| Failure::Rejected(AppError::Refused(error)))?;
    let secret = mint(ctx, mint_client_secret)?;
    let app = ThirdPartyApp {
        id: ctx.new_id()?,
        name: name.to_string(),
        scopes,
        hint: hint_of(&secret),
        created_at: ctx.now,
        rotated_at: None,
        rotations: 0,
        revoked_at: None,
    };
    let made = Made { app, secret };
    let answered = answered(&made, told);
    let mut commit = Commit::new();
    commit.push(app::insert(tenant, &made.app, &hash_of(&made.secret)));
    repeatable.keep(ctx, &mut commit, &answered)?;
    let change = Change::new("app.create", made.app.id).after(state(&made.app));
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor.actor, change));
    announce(ctx, &mut commit, "app.created", made.app.id)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { refusal, diagnosis, .. } => {
            repeatable.answered(ctx, diagnosis.first())?.ok_or_else(|| unexplained(&refusal))
        }
    }
}

fn answered(made: &Made, told: Told) -> Answered {
    Answered::first(format!("/api/v1/apps/{}", made.app.id), told(made))
}

/// A page of the store's apps, and the one behind it.
pub async fn list(
    ctx: &Ctx,
    wanted: &Newest,
) -> Result<(Vec<Listed<ThirdPartyApp>>, Option<Newest>), Failure<AppError>> {
    let rows = ctx.read(vec![app::list(ctx.tenant(), wanted)]).await?;
    let apps = rows.first().map(app::apps_of).transpose().map_err(Failure::Unavailable)?.unwrap_or_default();
    let (apps, next) = wanted.page(apps, |app| (app.created_at, app.id.to_string()));
    Ok((issuing::with_last_uses(ctx, apps, |app| app.id.to_string()).await?, next))
}

/// Gives an app a new secret; the old one stays good for `overlap_seconds` more.
pub async fn rotate(
    ctx: &Ctx,
    id: AppId,
    overlap_seconds: i64,
    claim: Option<&Claim>,
    told: Told,
) -> Result<Answered, Failure<AppError>> {
    let tenant = ctx.tenant();
    let mut reads = vec![app::find(tenant, id)];
    reads.extend(repeat_reads(tenant, claim));
    let rows = ctx.read(reads).await?;
    let old = only(rows.first())?;
    let actor = within_reach(ctx, id).await?;
    let (repeatable, first) = Repeatable::of(ctx, claim, rows.get(1..))?;
    if let Some(first) = first {
        return Ok(first);
    }
    if old.revoked_at.is_some() {
        return Err(Failure::Rejected(AppError::NotActive));
    }
    // Whoever gets the secret gets the app's scopes.
    give_app(&actor.permissions, tenant.store, old.scopes)
        .map_err(|error| Failure::Rejected(AppError::Refused(error)))?;
    let secret = mint(ctx, mint_client_secret)?;
    let new = ThirdPartyApp {
        hint: hint_of(&secret),
        rotated_at: Some(ctx.now),
        rotations: old.rotations.saturating_add(1),
        ..old.clone()
    };
    let good_until = issuing::good_until(ctx, overlap_seconds);
    let made = Made { app: new, secret };
    let answered = answered(&made, told);
    let mut commit = Commit::new();
    commit.push(app::rotate(tenant, (&old, &made.app), &hash_of(&made.secret), good_until));
    let guard = commit.push(guard_changed());
    repeatable.keep(ctx, &mut commit, &answered)?;
    let change = Change::new("app.rotate", id).before(state(&old)).after(state(&made.app));
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor.actor, change));
    announce(ctx, &mut commit, "app.rotated", id)?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { statement, refusal, diagnosis } => match repeatable.answered(ctx, diagnosis.first())? {
            Some(first) => Ok(first),
            None if statement == guard => Err(Failure::Rejected(AppError::NotActive)),
            None => Err(unexplained(&refusal)),
        },
    }
}

/// Revokes an app: it gets no token any more, and those it has are void within 30 s. Again, it is revoked again.
pub async fn revoke(ctx: &Ctx, id: AppId) -> Result<(), Failure<AppError>> {
    let tenant = ctx.tenant();
    let actor = within_reach(ctx, id).await?.actor.clone();
    let mut commit = Commit::new();
    commit.push(app::revoke(tenant, id, ctx.now));
    let guard = commit.push(guard_changed());
    let change = Change::new("app.revoke", id).turned("isRevoked", false.into(), true.into());
    commit.push(journal::audit(ctx, ctx.new_id()?, &actor, change));
    announce(ctx, &mut commit, "app.revoked", id)?;
    commit.push_diagnosis(app::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {}
        // Revoked before, or not there.
        Committed::Refused { statement, diagnosis, .. } if statement == guard => only(diagnosis.first()).map(drop)?,
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    void_tokens(ctx, &[], &[id.to_string()]).await;
    Ok(())
}

/// The caller, whose grants reach the app.
async fn within_reach(ctx: &Ctx, id: AppId) -> Result<&Principal, Failure<AppError>> {
    ctx.reach(id).await?;
    Ok(ctx.principal().await?)
}

fn announce(ctx: &Ctx, commit: &mut Commit, name: &'static str, id: AppId) -> Result<(), Failure<AppError>> {
    let payload = [("appId", id.to_string()), ("storeId", ctx.tenant().store.to_string())];
    Ok(journal::announce(ctx, commit, name, &payload)?)
}

/// What the audit log keeps of an app.
fn state(app: &ThirdPartyApp) -> Value {
    json!({
        "id": app.id.to_string(),
        "name": app.name,
        "scopes": app.scopes.to_string(),
        "rotations": app.rotations,
    })
}

fn only(rows: Option<&Rows>) -> Result<ThirdPartyApp, Failure<AppError>> {
    let apps = rows.map(app::apps_of).transpose().map_err(Failure::Unavailable)?;
    apps.unwrap_or_default().into_iter().next().ok_or(Failure::NotFound)
}
