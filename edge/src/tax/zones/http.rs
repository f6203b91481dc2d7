//! The routes of a kind of zones.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::ETAG;
use http::{HeaderValue, StatusCode, Uri};
use serde::Serialize;
use serde_json::json;

use super::usecase::{self, NewZone, ZoneError};
use super::{Ruled, Zone};
use crate::app::Ctx;
use crate::catalog::{changed_meanwhile, fields, listed, nothing, version_mismatch, versioned};
use crate::extract::{IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Answered, Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// How a kind of zones is written and shown.
pub trait ZoneWire: Ruled {
    type Write: Parse<Parsed = NewZone<Self>> + Send + 'static;
    type Body: Serialize + for<'a> From<&'a Zone<Self>>;
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<B> {
    items: Vec<B>,
    next_cursor: Option<String>,
}

/// The routes at `list` and, for each zone, at `one`.
pub fn routes<R: ZoneWire>(list: &'static str, one: &'static str, read: Scope, write: Scope) -> Routes {
    Routes::new()
        .get(list, Access::Key(read), self::list::<R>)
        .post(list, Access::Key(write), create::<R>)
        .get(one, Access::Key(read), show::<R>)
        .put(one, Access::Key(write), replace::<R>)
        .delete(one, Access::Key(write), delete::<R>)
}

/// Which zones are asked for: those after a place and an id.
struct After<R> {
    after: (i64, String),
    limit: i64,
    of: std::marker::PhantomData<fn() -> R>,
}

impl<R: Ruled> Query for After<R> {
    fn parse(params: &mut QueryParams) -> After<R> {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default().get();
        let after = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(R::WORDS.list) {
                Ok([CursorPart::Integer(position), CursorPart::Text(id)]) => Ok((*position, id.clone())),
                _ => Err(FOREIGN),
            }
        });
        After { after: after.unwrap_or((-1, String::new())), limit, of: std::marker::PhantomData }
    }
}

async fn list<R: ZoneWire>(ctx: Ctx, Parsed(page): Parsed<After<R>>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list::<R>(&ctx, &page.after, page.limit).await?;
    let body = Page { items: found.iter().map(R::Body::from).collect(), next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn create<R: ZoneWire>(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<R::Write>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let (zone, is_replay) = usecase::create::<R>(&ctx, body.parsed, claim.as_ref()).await?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", zone.version)).ok();
    let (location, body) = (usecase::location::<R>(zone.id), text(&R::Body::from(&zone)));
    let mut response = created(Answered { location, body, is_replay });
    response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
    Ok(response)
}

async fn show<R: ZoneWire>(ctx: Ctx, PathId(id): PathId<R::ZoneKind>) -> Result<Response, Problem> {
    Ok(shown(&usecase::find::<R>(&ctx, id).await?))
}

async fn replace<R: ZoneWire>(
    ctx: Ctx,
    PathId(id): PathId<R::ZoneKind>,
    IfMatch(version): IfMatch,
    body: Json<R::Write>,
) -> Result<Response, Problem> {
    Ok(shown(&usecase::replace::<R>(&ctx, id, &body.parsed, version).await?))
}

async fn delete<R: ZoneWire>(
    ctx: Ctx,
    PathId(id): PathId<R::ZoneKind>,
    IfMatch(version): IfMatch,
) -> Result<Response, Problem> {
    usecase::delete::<R>(&ctx, id, version).await?;
    Ok(nothing())
}

fn shown<R: ZoneWire>(zone: &Zone<R>) -> Response {
    versioned(zone.version, text(&R::Body::from(zone)))
}

fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

impl From<ZoneError> for Problem {
    fn from(error: ZoneError) -> Problem {
        match error {
            ZoneError::UnknownRule { rules, at } => {
                fields([format!("{rules}/{at}/id")], "is none of this zone's: a new one has no id")
            }
            ZoneError::RuleTwice { rules, at } => fields([format!("{rules}/{at}/id")], "stands before already"),
            ZoneError::NamesUnknown { rules, detail } => fields([rules], detail),
            ZoneError::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-zones")
                .detail("The store has 300 zones already.")
                .with("allowedActions", json!([])),
            ZoneError::TooLarge => Problem::new(StatusCode::CONFLICT, "zones-too-large")
                .detail("The areas and rules of the store's zones would have more than a million characters of JSON.")
                .with("allowedActions", json!([])),
            ZoneError::VersionMismatch { current } => version_mismatch(current),
            ZoneError::Changing => changed_meanwhile(),
        }
    }
}
