//! Going on with a list, in the request that wrote and from the job.

use std::convert::Infallible;

use futures_util::future::join_all;
use headlesspro_shared::kernel::id::CollectionId;
use headlesspro_shared::kernel::time::Timestamp;

use crate::app::{App, Ctx};
use crate::catalog::shown::{Touched, advance, advance_at, written, written_at};
use crate::catalog::store::collection::{self, Collection};
use crate::catalog::store::listing;
use crate::catalog::store::membership::{self, Unfilled};
use crate::failure::{Failure, Unavailable};
use crate::jobs::is_over;
use crate::port::sql::{Commit, Committed, DatabaseNumber, Refusal, Rows, Sql, SqlError};

/// Products a commit.
pub const SLICE: i64 = 2_000;

/// A request works for so long, and so does a run of the job: hosts give them 30 s.
const WORKS_FOR_MILLIS: i64 = 15_000;

/// Stores that one read of the job names, at most.
const STORES: i64 = 100;

/// The collection, with as many products held against what it says as a request comes to. It is written already: what
/// keeps the rest from being done is no reason to refuse the request.
pub async fn filled(ctx: &Ctx, collection: Collection) -> Collection {
    let Some(after) = collection.filled_to.clone() else { return collection };
    go_on(ctx, collection.id, after, false).await.unwrap_or(collection)
}

/// Goes on with a collection after a product, as far as a request comes; `is_followed` by others, a CDN is told of them
/// together. Answers it as it is then, where anything was done.
pub async fn go_on(ctx: &Ctx, id: CollectionId, after: String, is_followed: bool) -> Option<Collection> {
    let (mut reached, mut next) = (None, Some(after));
    while let Some(after) = next.take().filter(|_| has_time(ctx)) {
        match filled_further(ctx, id, &after, is_followed).await {
            Ok(Some(further)) => {
                next.clone_from(&further.filled_to);
                reached = Some(further);
            }
            // Somebody has deleted it, or goes on with it.
            Ok(None) => {}
            Err(failure) => log::warn!("a collection waits for the job: {failure:?}"),
        }
    }
    reached
}

async fn filled_further(
    ctx: &Ctx,
    id: CollectionId,
    after: &str,
    is_followed: bool,
) -> Result<Option<Collection>, Failure<Infallible>> {
    let mut commit = Commit::new();
    let guard = membership::go_on(&mut commit, ctx.tenant(), id, after, SLICE);
    let advanced = advance(ctx, &mut commit, touched(id))?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, after } => {
            let further = only(&after)?;
            let is_followed = is_followed || further.as_ref().is_some_and(|further| further.filled_to.is_some());
            written(ctx, &rows, if is_followed { advanced.followed() } else { advanced })?;
            Ok(further)
        }
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(Failure::Unavailable(unexplained(&refusal))),
    }
}

/// Takes products out of a list that is gone, as many as a request comes to. What is left stands in nobody's way: no
/// list has that id again, and a product that is written leaves it behind.
pub async fn emptied(ctx: &Ctx, kind: &str, id: &str) {
    while has_time(ctx) {
        let mut commit = Commit::new();
        listing::clear(&mut commit, ctx.tenant(), kind, id, SLICE);
        match ctx.commit(&commit).await {
            Ok(Committed::Done { after, .. }) if after.first().is_some_and(|rows| !rows.is_empty()) => {}
            _ => return,
        }
    }
}

pub fn has_time(ctx: &Ctx) -> bool {
    !is_over(&*ctx.app().clock, ctx.now, WORKS_FOR_MILLIS)
}

/// What a run of the job has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FillRun {
    pub commits: u32,
    /// Collections that are ready now.
    pub filled: u32,
    /// Round trips to the databases.
    pub round_trips: u32,
}

impl FillRun {
    fn add(&mut self, other: FillRun) {
        self.commits = self.commits.saturating_add(other.commits);
        self.filled = self.filled.saturating_add(other.filled);
        self.round_trips = self.round_trips.saturating_add(other.round_trips);
    }
}

/// Goes on with what every organization's requests have left over. For the job, which stands above tenants: all
/// databases at once, so that one that is away keeps no other waiting.
///
/// # Errors
/// [`Unavailable`] when a database does not answer; the others are gone on with.
pub async fn fill_all(app: &App) -> Result<FillRun, Unavailable> {
    let started = app.clock.now();
    let runs = app.databases.all().map(|(number, sql)| fill_in(app, started, number, &**sql));
    let (mut all, mut failed) = (FillRun::default(), None);
    for run in join_all(runs).await {
        match run {
            Ok(run) => all.add(run),
            Err(error) => {
                if let Some(other) = failed.replace(error) {
                    log::error!("lists: {other}");
                }
            }
        }
    }
    failed.map_or(Ok(all), Err)
}

async fn fill_in(app: &App, started: Timestamp, number: DatabaseNumber, sql: &dyn Sql) -> Result<FillRun, Unavailable> {
    let mut run = FillRun::default();
    loop {
        let commits = run.commits;
        let failed = fill_each(app, started, number, sql, &mut run).await.err();
        if run.commits == commits || is_over(&*app.clock, started, WORKS_FOR_MILLIS) {
            return failed.map_or(Ok(run), Err);
        }
    }
}

/// One commit for each store: one that has much to do keeps no other waiting, and neither does one whose commits fail.
async fn fill_each(
    app: &App,
    started: Timestamp,
    number: DatabaseNumber,
    sql: &dyn Sql,
    run: &mut FillRun,
) -> Result<(), Unavailable> {
    let (mut failed, mut last) = (None, String::new());
    loop {
        run.round_trips = run.round_trips.saturating_add(1);
        let rows = sql.read_current(vec![membership::unfilled(&last, STORES)]).await?;
        let page = rows.first().map(membership::unfilled_of).transpose()?.unwrap_or_default();
        let Some(end) = page.last() else { return failed.map_or(Ok(()), Err) };
        last = end.tenant.store.to_string();
        for unfilled in page {
            if is_over(&*app.clock, started, WORKS_FOR_MILLIS) {
                return failed.map_or(Ok(()), Err);
            }
            // What was left behind by a move is gone on with where the organization lives now.
            if app.databases.number_of(unfilled.tenant.organization) != number {
                continue;
            }
            match fill_further(app, sql, &unfilled).await {
                Ok(done) => run.add(done),
                Err(error) => {
                    log::error!("a list of {} is gone on with later: {error}", unfilled.tenant.store);
                    failed = Some(error);
                }
            }
        }
    }
}

async fn fill_further(app: &App, sql: &dyn Sql, unfilled: &Unfilled) -> Result<FillRun, Unavailable> {
    let Unfilled { tenant, collection, filled_to } = unfilled;
    let mut commit = Commit::new();
    let guard = membership::go_on(&mut commit, *tenant, *collection, filled_to, SLICE);
    let advanced = advance_at(app, *tenant, app.clock.now(), &mut commit, touched(*collection))?;
    match sql.commit(&commit).await? {
        Committed::Done { rows, after } => {
            written_at(app, *tenant, &rows, &advanced).await?;
            let is_filled = only(&after)?.is_none_or(|collection| collection.filled_to.is_none());
            Ok(FillRun { commits: 1, filled: u32::from(is_filled), round_trips: 1 })
        }
        Committed::Refused { statement, .. } if statement == guard => {
            Ok(FillRun { round_trips: 1, ..FillRun::default() })
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The collection's own answers say whether it is ready.
fn touched(id: CollectionId) -> Touched {
    Touched::of_categories(vec![id.to_string()])
}

/// What was read after a commit; none where the collection is gone.
fn only(after: &[Rows]) -> Result<Option<Collection>, SqlError> {
    Ok(after.first().map(collection::collections_of).transpose()?.unwrap_or_default().pop())
}

fn unexplained(refusal: &Refusal) -> Unavailable {
    Unavailable::corrupt(format!("a slice was refused: {refusal:?}"))
}
