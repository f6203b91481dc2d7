//! A store's rules.

use headlesspro_shared::fraud::{FraudSettings, Signals, Verdict, judge};

use super::store::{self, KeptSettings};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, told};
use crate::port::sql::{Commit, Committed};
use crate::wire::value_of;

/// Why nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    VersionMismatch {
        current: i64,
    },
    Changing,
    /// Of a review: it was decided otherwise.
    Decided,
}

pub type Outcome<T> = Result<T, Failure<WriteError>>;

pub async fn settings(ctx: &Ctx) -> Outcome<KeptSettings> {
    let rows = ctx.read(vec![store::settings(ctx.tenant())]).await?;
    Ok(store::settings_of(rows.first())?)
}

/// What the rules say of signals that somebody makes up. Nothing is counted.
pub async fn preview(ctx: &Ctx, signals: &Signals) -> Outcome<Verdict> {
    Ok(judge(&settings(ctx).await?.settings, signals))
}

/// Puts settings in the place of those that are there.
pub async fn replace(ctx: &Ctx, is: &FraudSettings, expected: Option<i64>) -> Outcome<KeptSettings> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, is, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(WriteError::Changing))
}

/// `None`: somebody else was quicker.
async fn try_replace(ctx: &Ctx, is: &FraudSettings, expected: Option<i64>) -> Outcome<Option<KeptSettings>> {
    let tenant = ctx.tenant();
    let was = settings(ctx).await?;
    if expected.is_some_and(|version| version != was.version) {
        return Err(Failure::Rejected(WriteError::VersionMismatch { current: was.version }));
    }
    if *is == was.settings {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    commit.push(store::replace_settings(tenant, is, was.version, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, after) = told::difference(&value_of(&was.settings), &value_of(is));
    let change = Change::new("fraud-settings.change", tenant.store).before(before).after(after);
    let payload = [("storeId", tenant.store.to_string())];
    journal::tell(ctx, &mut commit, "fraud-settings.changed", &payload, change).await?;
    commit.push_after(store::settings(tenant));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => Ok(Some(store::settings_of(after.first())?)),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => {
            Err(Failure::Unavailable(Unavailable::corrupt(format!("fraud settings were refused: {refusal:?}"))))
        }
    }
}
