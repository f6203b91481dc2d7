//! How a store writes its invoices.

use headlesspro_shared::invoices::{Language, Seller};
use serde::{Deserialize, Serialize};

use super::store;
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, told};
use crate::port::sql::{Commit, Committed, Rows, SqlError};
use crate::wire::value_of;
use headlesspro_shared::kernel::time::Timestamp;

/// What a merchant says once for all invoices to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub seller: Seller,
    pub language: Language,
    /// The series of invoices, with `{year}`.
    pub invoices: Numbering,
    pub credit_notes: Numbering,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
}

/// How documents of a kind are numbered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbering {
    pub series: String,
    /// Up to which numbers are filled with zeros.
    pub digits: i64,
    /// The first number of a series that has none yet.
    pub first: i64,
}

/// As they are kept.
#[derive(Debug, Clone)]
pub struct KeptSettings {
    /// `None`: the store has none yet.
    pub settings: Option<Settings>,
    /// 0 as long as there are none.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsError {
    VersionMismatch {
        current: i64,
    },
    /// Somebody else is changing the same.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<SettingsError>>;

pub async fn settings(ctx: &Ctx) -> Outcome<KeptSettings> {
    let rows = ctx.read(vec![store::settings(ctx.tenant())]).await?;
    Ok(kept(rows.first())?)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn kept(rows: Option<&Rows>) -> Result<KeptSettings, SqlError> {
    store::settings_of(rows)
}

/// Puts settings in the place of those that are there. What is written down already stays as it is.
pub async fn replace(ctx: &Ctx, is: &Settings, expected: Option<i64>) -> Outcome<KeptSettings> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_replace(&ctx, is, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(SettingsError::Changing))
}

/// `None`: somebody else was quicker.
async fn try_replace(ctx: &Ctx, is: &Settings, expected: Option<i64>) -> Outcome<Option<KeptSettings>> {
    let tenant = ctx.tenant();
    let was = settings(ctx).await?;
    if expected.is_some_and(|version| version != was.version) {
        return Err(Failure::Rejected(SettingsError::VersionMismatch { current: was.version }));
    }
    if was.settings.as_ref() == Some(is) {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    commit.push(store::replace_settings(tenant, is, was.version, ctx.now));
    let guard = commit.push(guard_changed());
    let (before, after) = told::difference(&value_of(&was.settings), &value_of(is));
    let change = Change::new("invoice-settings.change", tenant.store).before(before).after(after);
    let payload = [("storeId", tenant.store.to_string())];
    journal::tell(ctx, &mut commit, "invoice-settings.changed", &payload, change).await?;
    commit.push_after(store::settings(tenant));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => Ok(Some(kept(after.first())?)),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => {
            Err(Failure::Unavailable(Unavailable::corrupt(format!("invoice settings were refused: {refusal:?}"))))
        }
    }
}
