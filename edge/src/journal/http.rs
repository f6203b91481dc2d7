//! `/api/v1/audit-log`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AuditKind, StoreKind};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Answered;
use super::store::{Entry, Filter};
use super::usecase::{self, LogQuery, SORT};
use crate::app::Ctx;
use crate::extract::{Parsed, Query, QueryParams, next_link};
use crate::failure::{Failure, Unavailable};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// 201 with where the new thing is, as it is told or was told the first time.
pub fn created(answered: Answered) -> Response {
    let mut response = (StatusCode::CREATED, answered.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(location) = HeaderValue::from_str(&answered.location).ok().filter(|location| !location.is_empty()) {
        headers.insert(LOCATION, location);
    }
    if answered.is_replay {
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    response
}

pub fn routes() -> Routes {
    Routes::new().get("/api/v1/audit-log", Access::Key(Scope::AuditRead), list)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditLog")]
pub struct AuditLogBody {
    /// The newest first.
    pub items: Vec<AuditEntryBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Who did what to which thing.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEntry")]
pub struct AuditEntryBody {
    #[schemars(with = "IdText<AuditKind>")]
    pub id: String,
    /// Counts from 1 in the organization, without gaps: a missing number is a removed entry.
    #[schemars(range(min = 1))]
    pub number: i64,
    /// Null where the change was the organization's.
    #[schemars(with = "Option<IdText<StoreKind>>")]
    pub store_id: Option<String>,
    /// The id of the key or account, or `operator`.
    pub actor: String,
    /// Such as `order.place`.
    pub action: String,
    /// The id of what was changed; of many things at once, how many and which.
    pub subject: String,
    /// How it was, personal data masked; null where it is new.
    pub before: Option<Value>,
    /// How it became, personal data masked; null where it is gone.
    pub after: Option<Value>,
    /// The `X-Request-Id` of the request that did it.
    pub request_id: String,
    #[schemars(with = "MomentText")]
    pub occurred_at: String,
    /// SHA-256 of the hash before it and of this entry, in hex. Whoever keeps one can show later that the log
    /// up to here is still the same: `hp audit verify --head NUMBER:HASH`.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

impl From<Entry> for AuditEntryBody {
    fn from(entry: Entry) -> AuditEntryBody {
        AuditEntryBody {
            id: entry.id,
            number: entry.number,
            store_id: entry.store,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            before: entry.before,
            after: entry.after,
            request_id: entry.request_id,
            occurred_at: entry.occurred_at.to_string(),
            hash: entry.hash,
        }
    }
}

async fn list(ctx: Ctx, Parsed(query): Parsed<LogQuery>, uri: Uri) -> Result<Response, Problem> {
    let page = usecase::list(&ctx, &query).await?;
    let link = page.next.as_deref().and_then(|next| HeaderValue::from_str(&next_link(&uri, next)).ok());
    let items = page.entries.into_iter().map(AuditEntryBody::from).collect();
    let body = serde_json::to_string(&AuditLogBody { items, next_cursor: page.next })
        .map_err(|error| Failure::<Problem>::Unavailable(Unavailable::Corrupt(error.to_string())))?;
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.extend(link.map(|link| (LINK, link)));
    Ok((headers, body).into_response())
}

impl Query for LogQuery {
    fn parse(params: &mut QueryParams) -> LogQuery {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let filter =
            Filter { subject: params.take("filter[subject]", name), actor: params.take("filter[actor]", name) };
        let below = params.take("cursor", below).unwrap_or(i64::MAX);
        LogQuery { filter, below, limit: limit.get() }
    }
}

fn below(cursor: &str) -> Result<i64, &'static str> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    match cursor.parts_for(SORT) {
        Ok([CursorPart::Integer(number)]) => Ok(*number),
        _ => Err(FOREIGN),
    }
}

/// A subject or an actor: at most 255 characters.
fn name(text: &str) -> Result<String, &'static str> {
    match text.chars().count() {
        0 => Err("must not be empty"),
        1..=255 => Ok(text.to_owned()),
        _ => Err("must have at most 255 characters"),
    }
}
