//! `/api/v1/products` and `/api/v1/categories`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::PriceBound;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CategoryKind, ProductId};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::store::{ListFilter, Sort, SortKey};
use super::usecase::{self, Answer, ListQuery};
use crate::app::Ctx;
use crate::extract::{Parsed, PathText, Query, QueryParams, next_link};
use crate::port::sql::Value;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::IdText;

/// The shopper's browser asks again; a shared cache answers for a minute, and for ten more while it
/// fetches anew. An answer depends on the key, which names the tenant: caches must tell keys apart.
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=0, s-maxage=60, stale-while-revalidate=600");

pub fn routes() -> Routes {
    let access = Access::Key(Scope::CatalogRead);
    Routes::new()
        .get("/api/v1/products", access, list)
        .get("/api/v1/products/{idOrHandle}", Access::Record(Scope::CatalogRead), product)
        .get("/api/v1/categories", access, categories)
}

/// A node of the category tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Category")]
pub struct CategoryBody {
    #[schemars(with = "IdText<CategoryKind>")]
    pub id: String,
    /// Null for a root.
    #[schemars(with = "Option<IdText<CategoryKind>>")]
    pub parent_id: Option<String>,
    pub handle: String,
    pub name: String,
    /// Handles from the root: `outdoor/tents`.
    pub path: String,
}

async fn product(ctx: Ctx, PathText([key]): PathText<1>, headers: HeaderMap) -> Result<Response, Problem> {
    let answer = usecase::product(&ctx, &key).await?;
    Ok(cacheable(answer, &headers, None))
}

async fn list(ctx: Ctx, Parsed(query): Parsed<ListQuery>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let mut answer = usecase::list(&ctx, query).await?;
    answer.tags.push(format!("products-{}", ctx.tenant().store));
    Ok(cacheable(answer, &headers, Some(&uri)))
}

async fn categories(
    ctx: Ctx,
    Parsed(page): Parsed<CategoryPage>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let answer = usecase::categories(&ctx, &page.after, page.limit).await?;
    Ok(cacheable(answer, &headers, Some(&uri)))
}

/// The answer with a strong ETag, or 304 when the caller has it.
fn cacheable(answer: Answer, request: &HeaderMap, uri: Option<&Uri>) -> Response {
    let etag = format!("\"{:032x}\"", xxh3_128(answer.json.as_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, CACHEABLE);
    headers.insert(VARY, HeaderValue::from_static("Authorization, X-Publishable-Key"));
    let link = uri.zip(answer.next.as_deref()).map(|(uri, next)| next_link(uri, next));
    let texts =
        [(ETAG, Some(etag.clone())), (HeaderName::from_static("cache-tag"), Some(answer.tags.join(","))), (LINK, link)];
    for (name, text) in texts {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
    let known = request.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    if known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == etag || tag == "*") {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    (headers, answer.json).into_response()
}

impl Query for ListQuery {
    fn parse(params: &mut QueryParams) -> ListQuery {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let (sort_name, sort) = params.take("sort", sort_of).unwrap_or(("newest", NEWEST));
        let price = |text: &str| text.parse::<PriceBound>().map(PriceBound::ten_thousandths);
        let filter = ListFilter {
            category: params.take("filter[category]", text),
            vendor: params.take("filter[vendor]", text),
            tag: params.take("filter[tag]", |tag| text(tag).map(|tag| tag.to_lowercase())),
            price_from: params.take("filter[price][min]", price),
            price_to: params.take("filter[price][max]", price),
            in_stock: params.take("filter[inStock]", |text| match text {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err("must be true or false"),
            }),
        };
        if let (Some(from), Some(to)) = (filter.price_from, filter.price_to)
            && to < from
        {
            params.report("filter[price][max]", "is below filter[price][min]");
        }
        let after = params.take("cursor", |cursor| after_of(cursor, sort_name, sort));
        ListQuery { filter, sort, sort_name, after, limit: limit.get() }
    }
}

const NEWEST: Sort = Sort { key: SortKey::Created, descending: true };

fn sort_of(name: &str) -> Result<(&'static str, Sort), &'static str> {
    let sort = |key, descending| Sort { key, descending };
    match name {
        "newest" => Ok(("newest", NEWEST)),
        "title" => Ok(("title", sort(SortKey::Title, false))),
        "-title" => Ok(("-title", sort(SortKey::Title, true))),
        "price" => Ok(("price", sort(SortKey::Price, false))),
        "-price" => Ok(("-price", sort(SortKey::Price, true))),
        _ => Err("must be one of newest, title, -title, price, -price"),
    }
}

fn after_of(cursor: &str, sort_name: &str, sort: Sort) -> Result<(Value, ProductId), String> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    let (key, id) = match cursor.parts_for(sort_name).map_err(|error| error.to_string())? {
        [CursorPart::Integer(integer), CursorPart::Text(id)] if sort.key != SortKey::Title => {
            (Value::Integer(*integer), id)
        }
        [CursorPart::Text(text), CursorPart::Text(id)] if sort.key == SortKey::Title => (Value::Text(text.clone()), id),
        _ => return Err(FOREIGN.to_owned()),
    };
    Ok((key, id.parse().map_err(|_| FOREIGN)?))
}

/// Text of a filter: at most 255 characters.
fn text(text: &str) -> Result<String, &'static str> {
    match text.chars().count() {
        0 => Err("must not be empty"),
        1..=255 => Ok(text.to_owned()),
        _ => Err("must have at most 255 characters"),
    }
}

/// Which categories are asked for.
struct CategoryPage {
    after: String,
    limit: i64,
}

impl Query for CategoryPage {
    fn parse(params: &mut QueryParams) -> CategoryPage {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let after = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for("path") {
                Ok([CursorPart::Text(path)]) => Ok(path.clone()),
                _ => Err(FOREIGN),
            }
        });
        CategoryPage { after: after.unwrap_or_default(), limit: limit.get() }
    }
}
