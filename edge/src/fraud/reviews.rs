//! Orders that a person looks at, and what that person decides.

use headlesspro_shared::fraud::ReviewState;
use headlesspro_shared::kernel::id::FraudReviewId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::{CursorPart, page};
use serde_json::json;

use super::settings::{Outcome, WriteError};
use super::store::{self, Review};
use crate::app::Ctx;
use crate::catalog::guard_changed;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change};
use crate::port::sql::{Commit, Committed, Rows};

pub type Note = Line<500>;

/// The list has one sort: the open ones first, and the oldest of them.
pub const OPEN_FIRST: &str = "open-first";

/// What somebody of the staff decides.
pub struct Decision {
    pub is_approved: bool,
    pub note: Option<Note>,
}

/// A page of the store's reviews behind a place, and the cursor of the next one.
pub async fn list(ctx: &Ctx, after: &str, limit: i64) -> Outcome<(Vec<Review>, Option<String>)> {
    let rows = ctx.read(vec![store::list(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let found = store::reviews_of(rows.first())?;
    Ok(page(found, limit, OPEN_FIRST, |last| vec![CursorPart::Text(last.place.clone())]))
}

pub async fn find(ctx: &Ctx, id: FraudReviewId) -> Outcome<Review> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(only(rows.first()).map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

fn only(rows: Option<&Rows>) -> Outcome<Review> {
    store::reviews_of(rows)?.pop().ok_or(Failure::NotFound)
}

/// Decides a review. The same decision again changes nothing.
pub async fn decide(ctx: &Ctx, id: FraudReviewId, decision: &Decision, expected: Option<i64>) -> Outcome<Review> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_decide(&ctx, id, decision, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(WriteError::Changing))
}

/// `None`: somebody else was quicker.
async fn try_decide(
    ctx: &Ctx,
    id: FraudReviewId,
    decision: &Decision,
    expected: Option<i64>,
) -> Outcome<Option<Review>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::find(tenant, id)]).await?;
    let was = only(rows.first())?;
    if expected.is_some_and(|version| version != was.version) {
        return Err(Failure::Rejected(WriteError::VersionMismatch { current: was.version }));
    }
    let (is, action, event) = match decision.is_approved {
        true => (ReviewState::Approved, "fraud-review.approve", "fraud.approved"),
        false => (ReviewState::Rejected, "fraud-review.reject", "fraud.rejected"),
    };
    if was.state == is {
        return Ok(Some(was).filter(|_| ctx.is_current()));
    }
    if was.state != ReviewState::Open {
        return Err(Failure::Rejected(WriteError::Decided));
    }
    let actor = &ctx.principal().await?.actor;
    let note = decision.note.as_ref().map(ToString::to_string);
    let mut commit = Commit::new();
    commit.push(store::decide(tenant, (id, was.version), is, note.as_deref(), (actor, ctx.now)));
    let guard = commit.push(guard_changed());
    let change = Change::new(action, id)
        .before(json!({ "state": was.state.name() }))
        .after(json!({ "state": is.name(), "orderId": was.order.to_string(), "note": note }));
    let payload = [("fraudReviewId", id.to_string()), ("orderId", was.order.to_string())];
    journal::tell(ctx, &mut commit, event, &payload, change).await?;
    commit.push_after(store::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => only(after.first()).map(Some),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => {
            Err(Failure::Unavailable(Unavailable::corrupt(format!("a review was refused: {refusal:?}"))))
        }
    }
}
