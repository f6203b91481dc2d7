//! Reading the catalog.

use std::convert::Infallible;

use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};

use super::document::{VariantPiece, list_answer, product_answer};
use super::http::CategoryBody;
use super::shown::{Answer, Read, categories_tag, lists_tag, stock_tag};
use super::store::{self, ListFilter, Sort};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::port::sql::{Row, SqlError, Value};

/// What a list is asked for.
pub struct ListQuery {
    pub filter: ListFilter,
    pub sort: Sort,
    /// The sort's name, which the cursor carries.
    pub sort_name: &'static str,
    pub after: Option<(Value, ProductId)>,
    pub limit: i64,
}

/// What a storefront asks the catalog.
pub enum Question {
    /// By id or handle.
    Product(String),
    List(ListQuery),
    /// After a path, in the order of paths.
    Categories {
        after: String,
        limit: i64,
    },
}

/// Answers in one round trip.
pub async fn read(ctx: &Ctx, question: &Question) -> Result<Read, Failure<Infallible>> {
    match question {
        Question::Product(key) => product(ctx, key).await,
        Question::List(query) => list(ctx, query).await,
        Question::Categories { after, limit } => categories(ctx, after, *limit).await,
    }
}

/// One product by id or handle, with its variants.
async fn product(ctx: &Ctx, key: &str) -> Result<Read, Failure<Infallible>> {
    let key = key.parse::<ProductId>().map_err(|_| key);
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::product(tenant, key), store::version(tenant)]).await?;
    let version = store::version_of(rows.get(1))?;
    let rows = rows.first().ok_or(Failure::NotFound)?;
    let Some(product) = rows.first() else { return Ok(Read { version, answer: None }) };
    let id: ProductId = product.parse("id")?;
    let variants: Vec<VariantPiece<'_>> = rows.iter().skip(1).map(piece).collect::<Result<_, _>>()?;
    let json = product_answer(product.get("document")?, product.get("sellable")?, &variants);
    let answer = Answer { json, tags: vec![id.to_string()], next: None, record: Some(id.into()) };
    Ok(Read { version, answer: Some(answer) })
}

fn piece(row: Row<'_>) -> Result<VariantPiece<'_>, SqlError> {
    Ok(VariantPiece {
        document: row.get("document")?,
        sellable: row.get("sellable")?,
        available: row.get("available")?,
    })
}

/// One page of active products.
async fn list(ctx: &Ctx, query: &ListQuery) -> Result<Read, Failure<Infallible>> {
    let tenant = ctx.tenant();
    // One more than asked for tells whether there is a next page.
    let asked = query.limit.saturating_add(1);
    let page = store::list(tenant, &query.filter, query.sort, query.after.as_ref(), asked);
    let rows = ctx.read(vec![page, store::version(tenant)]).await?;
    let version = store::version_of(rows.get(1))?;
    let rows = rows.first().ok_or(Failure::NotFound)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut cards = Vec::with_capacity(rows.len());
    let mut tags = Vec::with_capacity(rows.len());
    let mut next = None;
    for (at, row) in rows.iter().take(limit).enumerate() {
        cards.push((row.get::<&str>("card")?, row.get::<bool>("sellable")?));
        tags.push(row.get::<&str>("id")?.to_owned());
        if at.saturating_add(1) == limit && limit < rows.len() {
            next = Some(cursor_after(row, query)?);
        }
    }
    tags.push(lists_tag(tenant.store));
    // What is in stock is in it or not; the products in it are named already.
    tags.extend(query.filter.in_stock.map(|_| stock_tag(tenant.store)));
    let json = list_answer(&cards, next.as_deref());
    Ok(Read { version, answer: Some(Answer { json, tags, next, record: None }) })
}

fn cursor_after(row: Row<'_>, query: &ListQuery) -> Result<String, SqlError> {
    let key = match query.sort.key.value_of(row)? {
        Value::Integer(integer) => CursorPart::Integer(integer),
        Value::Text(text) => CursorPart::Text(text),
        Value::Null | Value::Real(_) | Value::Blob(_) => {
            return Err(SqlError::Statement("a sort key is neither integer nor text".to_owned()));
        }
    };
    let id = CursorPart::Text(row.get::<&str>("id")?.to_owned());
    Ok(Cursor::new(query.sort_name, vec![key, id]).to_string())
}

/// One page of categories, in the order of their paths.
async fn categories(ctx: &Ctx, after: &str, limit: i64) -> Result<Read, Failure<Infallible>> {
    let tenant = ctx.tenant();
    let page = store::categories(tenant, after, limit.saturating_add(1));
    let rows = ctx.read(vec![page, store::version(tenant)]).await?;
    let version = store::version_of(rows.get(1))?;
    let rows = rows.first().ok_or(Failure::NotFound)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let items: Vec<CategoryBody> = rows.iter().take(limit).map(category).collect::<Result<_, _>>()?;
    let last = items.last().filter(|_| limit < rows.len());
    let next = last.map(|last| Cursor::new("path", vec![CursorPart::Text(last.path.clone())]).to_string());
    let body = serde_json::json!({ "items": items, "nextCursor": next });
    let json =
        serde_json::to_string(&body).map_err(|error| Failure::Unavailable(Unavailable::Corrupt(error.to_string())))?;
    let tags = vec![categories_tag(tenant.store)];
    Ok(Read { version, answer: Some(Answer { json, tags, next, record: None }) })
}

fn category(row: Row<'_>) -> Result<CategoryBody, SqlError> {
    let text = |column| row.get::<&str>(column).map(str::to_owned);
    Ok(CategoryBody {
        id: text("id")?,
        parent_id: row.get::<Option<&str>>("parent_id")?.map(str::to_owned),
        handle: text("handle")?,
        name: text("name")?,
        path: text("path")?,
    })
}
