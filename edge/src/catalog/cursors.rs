//! The cursors of the lists of products: the place of what a page ends with, in the list's order.
//!
//! Whoever is in a channel is told of nothing outside it. But a page may end before its limit, at a product that was
//! looked at and is not theirs (see `store::list_among`); and a place that they made up would have the list begin
//! anywhere. So to them a place is sealed under a key of the organization: they hand it back, and can neither read it
//! nor make one. Everybody else may know all that a page ends with.

use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};

use super::store::SortKey;
use crate::app::{Ctx, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::port::sql::{Row, SqlError, Value};
use crate::vault::{LookupKey, Purpose};

/// Why a text cannot be the cursor of a list of products.
pub const FOREIGN: &str = "is not a cursor of this list";

/// What a list goes on after: the sort key's value and the id of the last one of the page before.
pub type Place = (Value, ProductId);

/// The same as a request says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After(Cursor);

impl After {
    /// Of a cursor whose sort is the list's.
    ///
    /// # Errors
    /// [`FOREIGN`], when it is of another list.
    pub fn of(cursor: Cursor, key: SortKey) -> Result<After, &'static str> {
        if sealed_of(&cursor).is_none() {
            place_of(&cursor, key).ok_or(FOREIGN)?;
        }
        Ok(After(cursor))
    }

    /// What it says, of a caller who may say so.
    ///
    /// # Errors
    /// [`FOREIGN`], when it does not open, or the caller is in a channel and it is not sealed; those of the database.
    pub async fn place(&self, ctx: &Ctx, key: SortKey) -> Result<Place, Failure<&'static str>> {
        let opened = match sealed_of(&self.0) {
            Some(_) => opened(&ctx.app().vault.lookup, ctx.tenant(), &self.0),
            None => Some(self.0.clone()).filter(|_| ctx.channel().is_none()),
        };
        match opened.and_then(|cursor| place_of(&cursor, key)) {
            Some(place) => Ok(place),
            None => {
                // Nobody is told before it is known who asks.
                ctx.principal().await?;
                Err(Failure::Rejected(FOREIGN))
            }
        }
    }
}

/// The cursor of the page after the one that ends with this row, for the caller.
///
/// # Errors
/// [`Unavailable::Sql`] when the row is of another shape.
pub fn cursor_after(ctx: &Ctx, row: Row<'_>, sort: &str) -> Result<String, Unavailable> {
    let key = match row.get::<&Value>("place")? {
        Value::Integer(integer) => CursorPart::Integer(*integer),
        Value::Text(text) => CursorPart::Text(text.clone()),
        Value::Null | Value::Real(_) | Value::Blob(_) => {
            return Err(SqlError::Statement("a sort key is neither integer nor text".to_owned()).into());
        }
    };
    let cursor = Cursor::new(sort, vec![key, CursorPart::Text(row.get::<&str>("id")?.to_owned())]);
    if ctx.channel().is_none() {
        return Ok(cursor.to_string());
    }
    let sealed = sealed(&ctx.app().vault.lookup, ctx.tenant(), &cursor);
    sealed.map(|sealed| sealed.to_string()).ok_or_else(|| Unavailable::corrupt("a place that cannot be sealed"))
}

/// A cursor that says no more than its sort.
pub fn sealed(lookup: &LookupKey, tenant: Tenant, cursor: &Cursor) -> Option<Cursor> {
    let (sort, place) = (cursor.sort(), cursor.to_string());
    let sealed = lookup.seal(tenant.organization, Purpose::Cursor, &list(tenant, sort), place.as_bytes())?;
    Some(Cursor::new(sort, vec![CursorPart::Text(sealed)]))
}

/// What was sealed in a cursor, of this store and in the same sort.
pub fn opened(lookup: &LookupKey, tenant: Tenant, cursor: &Cursor) -> Option<Cursor> {
    let opened = lookup.open(tenant.organization, Purpose::Cursor, &list(tenant, cursor.sort()), sealed_of(cursor)?);
    String::from_utf8(opened.ok()?).ok()?.parse().ok()
}

fn list(tenant: Tenant, sort: &str) -> String {
    format!("products|{}|{sort}", tenant.store)
}

fn sealed_of(cursor: &Cursor) -> Option<&str> {
    match cursor.parts_for(cursor.sort()) {
        Ok([CursorPart::Text(sealed)]) => Some(sealed),
        _ => None,
    }
}

fn place_of(cursor: &Cursor, key: SortKey) -> Option<Place> {
    let (place, id) = match cursor.parts_for(cursor.sort()).ok()? {
        [CursorPart::Integer(integer), CursorPart::Text(id)] if key != SortKey::Title => (Value::Integer(*integer), id),
        [CursorPart::Text(text), CursorPart::Text(id)] if key == SortKey::Title => (Value::Text(text.clone()), id),
        _ => return None,
    };
    Some((place, id.parse().ok()?))
}
