//! What API keys and apps have in common: a secret that is told once, replaced with an overlap, and used now and then.

use headlesspro_shared::kernel::id::{OrganizationId, StoreId};
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::{App, Ctx};
use crate::failure::Failure;
use crate::port::entropy::NoEntropy;
use crate::port::kv::{Command, KvError, Reply};

/// How long the moment of a last use is kept, in seconds: 90 days.
const LAST_USE_SECONDS: &str = "7776000";

/// A key or an app with the moment of its last use, as far as Redis knows.
pub struct Listed<T> {
    pub item: T,
    pub last_used_at: Option<Timestamp>,
}

/// The text of a new secret, from twenty random bytes.
///
/// # Errors
/// [`NoEntropy`] when the host has no randomness.
pub fn mint(ctx: &Ctx, mint: impl FnOnce(OrganizationId, StoreId, [u8; 20]) -> String) -> Result<String, NoEntropy> {
    let mut random = [0; 20];
    ctx.app().entropy.fill(&mut random)?;
    Ok(mint(ctx.tenant().organization, ctx.tenant().store, random))
}

/// The last four characters, by which a merchant knows a secret.
pub fn hint_of(text: &str) -> String {
    let start = text.len().saturating_sub(4);
    text.get(start..).unwrap_or_default().to_owned()
}

/// Until when a secret that is replaced now stays good.
pub fn good_until(ctx: &Ctx, overlap_seconds: i64) -> Timestamp {
    ctx.now.checked_add_millis(overlap_seconds.saturating_mul(1_000)).unwrap_or(ctx.now)
}

/// Each with its last use: one round trip to Redis, none for nobody.
pub async fn with_last_uses<T, E>(
    ctx: &Ctx,
    items: Vec<T>,
    id: impl Fn(&T) -> String,
) -> Result<Vec<Listed<T>>, Failure<E>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = vec!["MGET".to_owned()];
    command.extend(items.iter().map(|item| last_use(ctx.tenant().organization, &id(item))));
    let Reply::Array(uses) = ctx.kv(Command(command)).await? else {
        return Err(KvError::Garbage("the answer to MGET".to_owned()).into());
    };
    let moment = |reply: Reply| match reply {
        Reply::Text(text) => text.parse().ok().map(Timestamp::from_millis),
        _ => None,
    };
    Ok(items.into_iter().zip(uses).map(|(item, used)| Listed { item, last_used_at: moment(used) }).collect())
}

/// What is needed to note that a key or an app was used.
pub struct NoteUse {
    pub organization: OrganizationId,
    pub key: String,
    pub now: Timestamp,
}

/// Keeps the moment of a last use, after the response: reads never write.
pub async fn note_use(app: &App, note: NoteUse) {
    let (key, now) = (last_use(note.organization, &note.key), note.now.millis().to_string());
    if let Err(error) = app.kv.command(Command::new(["SET", &key, &now, "EX", LAST_USE_SECONDS])).await {
        log::warn!("the last use of a key was not noted: {error}");
    }
}

fn last_use(organization: OrganizationId, id: &str) -> String {
    format!("used:{organization}:{id}")
}
