//! `/api/v1/admin/bulk/upserts` and `/api/v1/jobs/bulk`.

use std::sync::Arc;

use axum::Extension;
use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{BulkJobKind, Id};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::job::{self, BulkError};
use super::store::{Job, LineError, Mode, NewJob, Part};
use super::sweep;
use crate::app::{Ctx, Spent};
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, Parsed, PathId, PathText, Query, QueryParams, RawBody};
use crate::failure::Halt;
use crate::journal::{Answered, Claim, created};
use crate::organizations::{answer, changed_meanwhile, page_answer};
use crate::problem::Problem;
use crate::products::openapi::BulkFault;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// Hosts take 10 MiB.
pub const LIMIT: usize = 8 * 1024 * 1024;
/// Eight tebibytes of lines.
const MOST_PARTS: i64 = 1_000_000;
/// Of the list of errors.
pub const SORT: &str = "line";
/// Of the list of jobs.
pub const NEWEST: &str = "newest";
pub const STATES: [&str; 3] = ["open", "finished", "cancelled"];
const FOREIGN: &str = "is not a cursor of this list";

pub fn routes() -> Routes {
    let all = Access::Key(Scope::CatalogWrite);
    Routes::new()
        .get("/api/v1/admin/bulk/upserts", all, list)
        .post("/api/v1/admin/bulk/upserts", all, create)
        .get("/api/v1/admin/bulk/upserts/{id}", all, show)
        .get("/api/v1/admin/bulk/upserts/{id}/errors", all, errors)
        .put("/api/v1/admin/bulk/upserts/{id}/parts/{number}", all, put)
        .post("/api/v1/admin/bulk/upserts/{id}/finish", all, finish)
        .post("/api/v1/admin/bulk/upserts/{id}/cancel", all, cancel)
        .post("/api/v1/jobs/bulk", Access::Key(Scope::JobsRun), run)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreateBulkUpsert", deny_unknown_fields)]
pub struct CreateBody {
    /// What becomes of members that a line leaves out. `merge`, which it is where this is left out: they stay as they
    /// are, and null takes one away. `replace`: they get their defaults.
    #[schemars(extend("enum" = ["merge", "replace", null]))]
    pub mode: Option<String>,
    /// Everything is checked and counted, and no product is written.
    pub dry_run: Option<bool>,
    /// For whoever made it, such as the name of the file.
    #[schemars(length(max = 200))]
    pub name: Option<String>,
}

pub struct Create {
    mode: Mode,
    dry_run: bool,
    name: String,
}

impl Parse for CreateBody {
    type Parsed = Create;

    fn parse(self, errors: &mut FieldErrors) -> Option<Create> {
        let mode = errors.optional("mode", self.mode, |mode| mode.parse()).unwrap_or_default();
        let name = self.name.filter(|name| !name.trim().is_empty());
        let name = errors.optional("name", name, |name| name.parse::<Line<200>>());
        let name = name.map(|name| name.as_str().to_owned()).unwrap_or_default();
        errors.is_empty().then_some(Create { mode, dry_run: self.dry_run.unwrap_or_default(), name })
    }
}

/// A bulk upsert, with how far it has come.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BulkUpsert")]
pub struct JobBody {
    #[schemars(with = "IdText<BulkJobKind>")]
    pub id: String,
    pub name: String,
    #[schemars(extend("enum" = ["merge", "replace"]))]
    pub mode: &'static str,
    /// Whether its lines are only checked and counted: what they would make and change.
    pub dry_run: bool,
    #[schemars(extend("enum" = ["open", "finished", "cancelled"]))]
    pub state: String,
    /// That were begun.
    pub parts: i64,
    pub parts_done: i64,
    /// The first one that is not done: where to go on.
    pub next_part: i64,
    #[serde(flatten)]
    pub counts: CountsBody,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BulkUpserts")]
pub struct JobsBody {
    /// The newest first.
    pub items: Vec<JobBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What became of lines.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BulkCounts")]
pub struct CountsBody {
    /// That are dealt with, blank ones among them.
    pub lines: i64,
    pub created: i64,
    pub updated: i64,
    /// They say what is there already.
    pub unchanged: i64,
    /// Left out because of an error.
    pub failed: i64,
}

/// How far a part has come.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BulkPart")]
pub struct PartBody {
    pub part: i64,
    /// If not, the same request again goes on.
    pub is_done: bool,
    pub bytes: i64,
    pub bytes_done: i64,
    #[serde(flatten)]
    pub counts: CountsBody,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BulkErrors")]
pub struct ErrorsBody {
    /// In the order of parts and lines; of each part the first 10,000.
    pub items: Vec<LineErrorBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A line that was left out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BulkError")]
pub struct LineErrorBody {
    pub part: i64,
    /// In its part, counted from 1.
    pub line: i64,
    #[schemars(with = "Vec<BulkFault>")]
    pub errors: Box<RawValue>,
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let Create { mode, dry_run, name } = &body.parsed;
    let (job, is_replay) = job::create(&ctx, &NewJob { name, mode: *mode, dry_run: *dry_run }, claim.as_ref()).await?;
    let location = job::location(job.id);
    let body = serde_json::to_string(&JobBody::from(job)).unwrap_or_default();
    Ok(created(Answered { location, body, is_replay }))
}

struct JobsQuery {
    state: Option<&'static str>,
    before: Option<Id<BulkJobKind>>,
    limit: Limit,
}

impl Query for JobsQuery {
    fn parse(params: &mut QueryParams) -> JobsQuery {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let state = params.take("filter[state]", |state| {
            STATES.into_iter().find(|known| *known == state).ok_or("must be open, finished or cancelled")
        });
        let before = params.take("cursor", |cursor| {
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(NEWEST) {
                Ok([CursorPart::Text(id)]) => id.parse().map_err(|_| FOREIGN),
                _ => Err(FOREIGN),
            }
        });
        JobsQuery { state, before, limit }
    }
}

async fn list(ctx: Ctx, Parsed(query): Parsed<JobsQuery>, uri: Uri) -> Result<Response, Problem> {
    let (jobs, is_more) = job::list(&ctx, query.state, query.before, query.limit.get()).await?;
    let last = jobs.last().filter(|_| is_more);
    let next_cursor = last.map(|last| Cursor::new(NEWEST, vec![CursorPart::Text(last.id.to_string())]).to_string());
    let body = JobsBody { items: jobs.into_iter().map(JobBody::from).collect(), next_cursor: next_cursor.clone() };
    Ok(page_answer(&body, next_cursor.as_deref(), &uri))
}

async fn show(ctx: Ctx, PathId(id): PathId<BulkJobKind>) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &JobBody::from(job::show(&ctx, id).await?)))
}

async fn put(
    ctx: Ctx,
    PathText([id, number]): PathText<2>,
    headers: HeaderMap,
    RawBody(content): RawBody<LIMIT>,
) -> Result<Response, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(essence.as_str(), "application/jsonl" | "application/x-ndjson" | "application/json-lines") {
        return Err(not_json_lines());
    }
    let id: Id<BulkJobKind> = id.parse().map_err(|_| Problem::not_found())?;
    let number = number.parse().ok().filter(|number| (1..=MOST_PARTS).contains(number));
    let part = super::put(&ctx, id, number.ok_or_else(Problem::not_found)?, &content).await?;
    let status = if part.is_done() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(answer(status, &PartBody::from(part)))
}

async fn finish(ctx: Ctx, PathId(id): PathId<BulkJobKind>) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &JobBody::from(job::finish(&ctx, id, false).await?)))
}

async fn cancel(ctx: Ctx, PathId(id): PathId<BulkJobKind>) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, &JobBody::from(job::finish(&ctx, id, true).await?)))
}

struct ErrorsQuery {
    after: (i64, i64),
    limit: Limit,
}

impl Query for ErrorsQuery {
    fn parse(params: &mut QueryParams) -> ErrorsQuery {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let after = params.take("cursor", |cursor| {
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(SORT) {
                Ok([CursorPart::Integer(part), CursorPart::Integer(line)]) => Ok((*part, *line)),
                _ => Err(FOREIGN),
            }
        });
        ErrorsQuery { after: after.unwrap_or_default(), limit }
    }
}

async fn errors(
    ctx: Ctx,
    PathId(id): PathId<BulkJobKind>,
    Parsed(query): Parsed<ErrorsQuery>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (errors, is_more) = job::errors(&ctx, id, query.after, query.limit.get()).await?;
    let last = errors.last().filter(|_| is_more);
    let next_cursor = last.map(|last| {
        Cursor::new(SORT, vec![CursorPart::Integer(last.part), CursorPart::Integer(last.line)]).to_string()
    });
    let of = |LineError { part, line, errors }: LineError| LineErrorBody {
        part,
        line,
        errors: RawValue::from_string(errors).unwrap_or_default(),
    };
    let body = ErrorsBody { items: errors.into_iter().map(of).collect(), next_cursor: next_cursor.clone() };
    Ok(page_answer(&body, next_cursor.as_deref(), &uri))
}

/// What a run has done.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BulkRun")]
pub struct BulkRunBody {
    /// Rows of jobs that are over: what dry runs had claimed, parts, errors, and the jobs.
    pub removed: u64,
    /// Whether all is gone that was found; the next run does the rest.
    pub is_done: bool,
}

async fn run(ctx: Ctx, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    // Before anything is removed: the route itself reads nothing that would verify the caller.
    ctx.principal().await?;
    let done = sweep::sweep_all(ctx.app()).await.map_err(Halt::Unavailable)?;
    (0..done.round_trips).for_each(|_| spent.add_sql());
    let mut response = answer(StatusCode::OK, &BulkRunBody { removed: done.removed, is_done: !done.is_cut_short });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub fn not_json_lines() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json-lines")
        .detail("The body must be one JSON object a line, sent as `Content-Type: application/jsonl`.")
}

impl From<super::Counts> for CountsBody {
    fn from(counts: super::Counts) -> CountsBody {
        let super::Counts { lines, created, updated, unchanged, failed } = counts;
        CountsBody { lines, created, updated, unchanged, failed }
    }
}

impl From<Job> for JobBody {
    fn from(job: Job) -> JobBody {
        JobBody {
            id: job.id.to_string(),
            name: job.name,
            mode: job.mode.name(),
            dry_run: job.dry_run,
            state: job.state,
            parts: job.parts,
            parts_done: job.parts_done,
            next_part: job.next_part,
            counts: job.counts.into(),
            created_at: job.created_at.to_string(),
            updated_at: job.updated_at.to_string(),
        }
    }
}

impl From<Part> for PartBody {
    fn from(part: Part) -> PartBody {
        let is_done = part.is_done();
        let Part { number, bytes, bytes_done, counts, .. } = part;
        PartBody { part: number, is_done, bytes, bytes_done, counts: counts.into() }
    }
}

impl From<BulkError> for Problem {
    fn from(error: BulkError) -> Problem {
        let conflict = |code, detail: String, actions: Value| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", actions)
        };
        match error {
            BulkError::PartDiffers => conflict(
                "bulk-part-differs",
                "The part was sent before, with other content. Send what is new as another part.".to_owned(),
                json!([]),
            ),
            BulkError::Closed(state) => {
                conflict("bulk-job-closed", format!("The job is {state}: make another one."), json!([]))
            }
            BulkError::PartMissing(next) => conflict(
                "bulk-part-missing",
                format!("Part {next} is not done. Send it, and finish then."),
                json!(["send-part", "cancel"]),
            )
            .with("nextPart", next.into()),
            BulkError::Changing => changed_meanwhile(),
        }
    }
}
