//! Reading the catalog.

use std::convert::Infallible;

use headlesspro_shared::identity::Resource;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};

use super::document::{VariantPiece, list_answer, product_answer};
use super::http::CategoryBody;
use super::store::{self, ListFilter, Sort};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::port::sql::{Row, SqlError, Value};

/// An answer put together from stored pieces, with what it was made of.
pub struct Answer {
    pub json: String,
    /// `product_...` for each product in it.
    pub tags: Vec<String>,
    pub next: Option<String>,
}

/// What a list is asked for.
pub struct ListQuery {
    pub filter: ListFilter,
    pub sort: Sort,
    /// The sort's name, which the cursor carries.
    pub sort_name: &'static str,
    pub after: Option<(Value, ProductId)>,
    pub limit: i64,
}

/// One product by id or handle, with its variants.
pub async fn product(ctx: &Ctx, key: &str) -> Result<Answer, Failure<Infallible>> {
    let key = key.parse::<ProductId>().map_err(|_| key);
    let answers = ctx.read(vec![store::product(ctx.tenant(), key)]).await?;
    let rows = answers.first().ok_or(Failure::NotFound)?;
    let product = rows.first().ok_or(Failure::NotFound)?;
    let id: ProductId = product.parse("id")?;
    if !ctx.reaches(&Resource::of_store(ctx.tenant().store).record(id)).await? {
        return Err(Failure::NotFound);
    }
    let variants: Vec<VariantPiece<'_>> = rows.iter().skip(1).map(piece).collect::<Result<_, _>>()?;
    let json = product_answer(product.get("document")?, product.get("sellable")?, &variants);
    Ok(Answer { json, tags: vec![id.to_string()], next: None })
}

fn piece(row: Row<'_>) -> Result<VariantPiece<'_>, SqlError> {
    Ok(VariantPiece {
        document: row.get("document")?,
        sellable: row.get("sellable")?,
        available: row.get("available")?,
    })
}

/// One page of active products.
pub async fn list(ctx: &Ctx, query: ListQuery) -> Result<Answer, Failure<Infallible>> {
    // One more than asked for tells whether there is a next page.
    let asked = query.limit.saturating_add(1);
    let answers =
        ctx.read(vec![store::list(ctx.tenant(), &query.filter, query.sort, query.after.as_ref(), asked)]).await?;
    let rows = answers.first().ok_or(Failure::NotFound)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut cards = Vec::with_capacity(rows.len());
    let mut tags = Vec::with_capacity(rows.len());
    let mut next = None;
    for (at, row) in rows.iter().take(limit).enumerate() {
        cards.push((row.get::<&str>("card")?, row.get::<bool>("sellable")?));
        tags.push(row.get::<&str>("id")?.to_owned());
        if at.saturating_add(1) == limit && limit < rows.len() {
            next = Some(cursor_after(row, &query)?);
        }
    }
    let json = list_answer(&cards, next.as_deref());
    Ok(Answer { json, tags, next })
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
pub async fn categories(ctx: &Ctx, after: &str, limit: i64) -> Result<Answer, Failure<Infallible>> {
    let answers = ctx.read(vec![store::categories(ctx.tenant(), after, limit.saturating_add(1))]).await?;
    let rows = answers.first().ok_or(Failure::NotFound)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let items: Vec<CategoryBody> = rows.iter().take(limit).map(category).collect::<Result<_, _>>()?;
    let last = items.last().filter(|_| limit < rows.len());
    let next = last.map(|last| Cursor::new("path", vec![CursorPart::Text(last.path.clone())]).to_string());
    let body = serde_json::json!({ "items": items, "nextCursor": next });
    let json =
        serde_json::to_string(&body).map_err(|error| Failure::Unavailable(Unavailable::Corrupt(error.to_string())))?;
    Ok(Answer { json, tags: vec![format!("categories-{}", ctx.tenant().store)], next })
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
