//! Reading a slice.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::str::FromStr;

use headlesspro_shared::catalog::export::{Generation, Step, header, write};
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};

use crate::app::Ctx;
use crate::catalog;
use crate::failure::{Failure, Unavailable};

/// The most products of a slice. It has fewer where they are long.
pub const MOST_PRODUCTS: i64 = 1_000;

/// What the answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Shopify's product CSV.
    Csv(Generation),
    /// JSON Lines: of each product its id and its source, which a bulk upsert takes.
    Lines,
}

/// How far an export has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Products before this place.
    pub done: i64,
    /// How many there were at the start. `None`: too many to be counted.
    pub total: Option<i64>,
    /// The id of the last one before it; empty at the start.
    pub after: String,
}

const SORT: &str = "export";

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, &'static str> {
        const FOREIGN: &str = "is not a cursor of this export";
        let cursor: Cursor = text.parse().map_err(|_| FOREIGN)?;
        match cursor.parts_for(SORT) {
            Ok([CursorPart::Integer(done), CursorPart::Integer(total), CursorPart::Text(after)])
                if after.parse::<ProductId>().is_ok() =>
            {
                Ok(Place { done: *done, total: Some(*total).filter(|total| 0 <= *total), after: after.clone() })
            }
            _ => Err(FOREIGN),
        }
    }
}

impl Place {
    /// The cursor of what follows. A total that is not known is -1 there.
    pub fn cursor(&self) -> String {
        let parts = [CursorPart::Integer(self.done), CursorPart::Integer(self.total.unwrap_or(-1))];
        let after = CursorPart::Text(self.after.clone());
        Cursor::new(SORT, parts.into_iter().chain([after]).collect()).to_string()
    }
}

/// A part of the file.
pub struct Slice {
    pub text: String,
    /// How far it reaches.
    pub end: Place,
    /// Whether there is more after it.
    pub is_more: bool,
    /// The catalog's, at the moment it was read: where it is the same for all slices, nobody has written meanwhile.
    pub version: i64,
}

/// What follows `place`, at most `size` products, as they are at one moment.
pub async fn slice(ctx: &Ctx, form: Form, place: &Place, size: i64) -> Result<Slice, Failure<Infallible>> {
    let tenant = ctx.tenant();
    let is_first = place.after.is_empty();
    let mut reads = vec![catalog::export_slice(tenant, &place.after, size), catalog::version(tenant)];
    reads.extend(is_first.then(|| catalog::export_count(tenant)));
    let rows = ctx.read(reads).await?;
    let currency = ctx.principal().await?.currency;
    let version = catalog::version_of(rows.get(1))?;
    let total = if is_first { catalog::export_count_of(rows.get(2))? } else { place.total };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let (products, is_more) = catalog::export_slice_of(rows.first().ok_or(Failure::NotFound)?, size)?;
    let mut text = String::with_capacity(products.iter().map(|product| product.source.len().saturating_add(64)).sum());
    let mut paths: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    if let Form::Csv(generation) = form {
        if is_first {
            text.push_str(&header(generation));
        }
        let mut wanted: Vec<&str> = products.iter().filter_map(|product| product.category).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if !wanted.is_empty() {
            let rows = ctx.read(vec![catalog::category_steps(tenant, &wanted)]).await?;
            paths = rows.first().map(catalog::category_steps_of).transpose()?.unwrap_or_default();
        }
    }
    let mut end = Place { total, ..place.clone() };
    for product in products {
        let source = catalog::source_of(product.source, product.category, currency)?;
        match form {
            Form::Csv(generation) => {
                let path = source.category.as_ref().and_then(|category| paths.get(category));
                write(&mut text, generation, &source, path.map(Vec::as_slice).unwrap_or_default());
            }
            Form::Lines => {
                let source = serde_json::to_string(&source).map_err(|error| Unavailable::corrupt(error.to_string()))?;
                let members = source.strip_prefix('{').unwrap_or(&source);
                text.push_str(&format!("{{\"id\":\"{}\",{members}\n", product.id));
            }
        }
        end.done = end.done.saturating_add(1);
        end.after.clear();
        end.after.push_str(product.id);
    }
    Ok(Slice { text, end, is_more, version })
}
