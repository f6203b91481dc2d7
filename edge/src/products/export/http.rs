//! `/api/v1/admin/exports`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::export::Generation;
use headlesspro_shared::identity::Scope;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::usecase::{self, Form, MOST_PRODUCTS, Place};
use crate::app::Ctx;
use crate::extract::{MinVersion, Parsed, Query, QueryParams, next_link};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

const PROGRESS: HeaderName = HeaderName::from_static("export-progress");

pub fn routes() -> Routes {
    let all = Access::Key(Scope::CatalogWrite);
    Routes::new().get("/api/v1/admin/exports/products.csv", all, csv).get(
        "/api/v1/admin/exports/products.jsonl",
        all,
        lines,
    )
}

struct SliceQuery {
    place: Place,
    size: i64,
    /// Of CSV.
    generation: Generation,
}

/// Of either form: the other has no header, and refuses to be asked for one.
struct CsvQuery(SliceQuery);

fn slice_query(params: &mut QueryParams) -> SliceQuery {
    let size = params.take("size", |text| match text.parse() {
        Ok(size @ 1..=MOST_PRODUCTS) => Ok(size),
        _ => Err("must be a number from 1 to 1000"),
    });
    SliceQuery {
        place: params.take("cursor", str::parse).unwrap_or_default(),
        size: size.unwrap_or(MOST_PRODUCTS),
        generation: Generation::default(),
    }
}

impl Query for SliceQuery {
    fn parse(params: &mut QueryParams) -> SliceQuery {
        slice_query(params)
    }
}

impl Query for CsvQuery {
    fn parse(params: &mut QueryParams) -> CsvQuery {
        let generation = params.take("header", str::parse).unwrap_or_default();
        CsvQuery(SliceQuery { generation, ..slice_query(params) })
    }
}

async fn csv(
    ctx: Ctx,
    at_least: MinVersion,
    Parsed(CsvQuery(query)): Parsed<CsvQuery>,
    uri: Uri,
) -> Result<Response, Problem> {
    answer(&ctx, at_least, Form::Csv(query.generation), &query, &uri, "text/csv").await
}

async fn lines(
    ctx: Ctx,
    at_least: MinVersion,
    Parsed(query): Parsed<SliceQuery>,
    uri: Uri,
) -> Result<Response, Problem> {
    answer(&ctx, at_least, Form::Lines, &query, &uri, "application/jsonl").await
}

async fn answer(
    ctx: &Ctx,
    MinVersion(at_least): MinVersion,
    form: Form,
    query: &SliceQuery,
    uri: &Uri,
    media_type: &'static str,
) -> Result<Response, Problem> {
    let mut slice = usecase::slice(ctx, form, &query.place, query.size).await?;
    if let Some(at_least) = at_least.filter(|at_least| slice.version < *at_least) {
        // A replica that has not heard of it yet, or a client that asks for what never was.
        let current = ctx.clone().reading_what_is_current();
        slice = usecase::slice(&current, form, &query.place, query.size).await?;
        if slice.version < at_least {
            return Err(Problem::version_unknown(slice.version));
        }
    }
    ctx.spent().tell_catalog_version(slice.version);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // As in `Content-Range` (RFC 9110, 14.4), where the length is not known.
    let total = slice.end.total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    let progress = HeaderValue::from_str(&format!("{}/{total}", slice.end.done));
    headers.extend(progress.ok().map(|progress| (PROGRESS, progress)));
    let next = slice.is_more.then(|| HeaderValue::from_str(&next_link(uri, &slice.end.cursor())).ok());
    headers.extend(next.flatten().map(|next| (LINK, next)));
    Ok((headers, slice.text).into_response())
}
