//! Showing and setting where converted prices end up.

use headlesspro_shared::pricing::PriceEnding;
use serde_json::json;

use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::journal::Change;
use crate::port::sql::{Commit, Committed};
use crate::pricing::store::setting::{self, Setting};
use crate::pricing::writing::{Outcome, WriteError, expect, rejected, tell, unexplained};

pub async fn find(ctx: &Ctx) -> Outcome<Setting> {
    let rows = ctx.read(vec![setting::find(ctx.tenant())]).await?;
    Ok(setting::setting_of(rows.first())?)
}

/// Sets the endings.
pub async fn put(ctx: &Ctx, endings: &[PriceEnding], expected: Option<i64>) -> Outcome<Setting> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_put(&ctx, endings, expected).await) {
            return settled;
        }
    }
    rejected(WriteError::Changing)
}

/// `None`: somebody else was quicker.
async fn try_put(ctx: &Ctx, endings: &[PriceEnding], expected: Option<i64>) -> Outcome<Option<Setting>> {
    let tenant = ctx.tenant();
    let was = find(ctx).await?;
    expect(expected, was.settings_version)?;
    if was.endings == endings {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    commit.push(setting::advance(tenant));
    commit.push(setting::put(tenant, endings, was.settings_version));
    let guard = commit.push(guard_changed());
    let change = Change::new("price-settings.put", tenant.store)
        .before(json!({ "endings": was.endings }))
        .after(json!({ "endings": endings }));
    tell(ctx, &mut commit, "price-settings.changed", &[("storeId", tenant.store.to_string())], change).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            let settings_version = was.settings_version.saturating_add(1);
            Ok(Some(Setting { endings: endings.to_vec(), settings_version, ..was }))
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}
