//! `/api/v1/products`, as the staff writes them, and `/api/v1/admin/products`, as it sees them.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use super::prices;
use super::usecase::{self, NEWEST, ProductError, Shown};
use crate::app::Ctx;
use crate::catalog::StaffPage;
use crate::extract::{IdempotencyKey, IfMatch, JsonObject, Parsed, PathText, Query, QueryParams, next_link};
use crate::journal::{Answered, Claim, created};
use crate::organizations::{changed_meanwhile, page_answer, version_mismatch};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// A product with two thousand variants that say all there is to say.
pub(super) const LIMIT: usize = 2 * 1024 * 1024;

pub fn routes() -> Routes {
    let (one, all) = (Access::Record(Scope::CatalogWrite), Access::Channel(Scope::CatalogWrite));
    Routes::new()
        .post("/api/v1/products", all, create)
        .patch("/api/v1/products/{idOrHandle}", one, change)
        .delete("/api/v1/products/{idOrHandle}", one, delete)
        .get("/api/v1/admin/products", all, list)
        .get("/api/v1/admin/products/{idOrHandle}", one, show)
        .get("/api/v1/admin/products/{idOrHandle}/variants/{variantId}/prices", one, history)
        .and(super::export::http::routes())
        .and(super::bulk::http::routes())
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: JsonObject<LIMIT>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let (shown, is_replay) = usecase::create(&ctx, &body.value, claim.as_ref()).await?;
    let etag = etag_of(&shown);
    let mut response = created(Answered { location: usecase::location(shown.id), body: shown.body, is_replay });
    response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
    Ok(response)
}

async fn change(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    IfMatch(version): IfMatch,
    body: JsonObject<LIMIT>,
) -> Result<Response, Problem> {
    Ok(shown(usecase::change(&ctx, &key, &body.value, version).await?))
}

async fn delete(ctx: Ctx, PathText([key]): PathText<1>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, &key, version).await?;
    Ok((StatusCode::NO_CONTENT, private()).into_response())
}

async fn show(ctx: Ctx, PathText([key]): PathText<1>) -> Result<Response, Problem> {
    Ok(shown(usecase::show(&ctx, &key).await?))
}

async fn history(
    ctx: Ctx,
    PathText([key, variant]): PathText<2>,
    Parsed(asked): Parsed<prices::Asked>,
    uri: Uri,
) -> Result<Response, Problem> {
    let body = prices::history(&ctx, &key, &variant, &asked).await?;
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn list(ctx: Ctx, Parsed(page): Parsed<StaffPage>, uri: Uri) -> Result<Response, Problem> {
    let (body, next) = usecase::list(&ctx, &page).await?;
    let link = next.and_then(|next| HeaderValue::from_str(&next_link(&uri, &next)).ok());
    let mut response = json(body);
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    Ok(response)
}

fn shown(shown: Shown) -> Response {
    let etag = etag_of(&shown);
    let mut response = json(shown.body);
    response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
    response
}

fn json(body: String) -> Response {
    let mut headers = private();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (headers, body).into_response()
}

fn private() -> HeaderMap {
    [(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))].into_iter().collect()
}

fn etag_of(shown: &Shown) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{}\"", shown.version)).ok()
}

impl Query for StaffPage {
    fn parse(params: &mut QueryParams) -> StaffPage {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let status = params.take("filter[status]", usecase::status_of);
        let after = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(NEWEST) {
                Ok([CursorPart::Integer(at), CursorPart::Text(id)]) => {
                    id.parse().map(|id| (*at, id)).map_err(|_| FOREIGN)
                }
                _ => Err(FOREIGN),
            }
        });
        StaffPage { status, after, limit: limit.get() }
    }
}

impl From<ProductError> for Problem {
    fn from(error: ProductError) -> Problem {
        match error {
            ProductError::Invalid(faults) => Problem::faults(faults),
            ProductError::BeyondGrants => Problem::new(StatusCode::FORBIDDEN, "beyond-own-permissions")
                .detail("It is published in channels that your grants are not for."),
            ProductError::VersionMismatch { current } => version_mismatch(current),
            ProductError::Changing => changed_meanwhile(),
        }
    }
}
