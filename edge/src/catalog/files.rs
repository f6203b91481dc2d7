//! Files that attributes refer to, as storefronts are shown them: a reference alone would lead them nowhere.

use std::collections::{BTreeMap, BTreeSet};

use super::document::AttributeFileBody;
use crate::app::Ctx;
use crate::failure::Halt;
use crate::media;
use crate::port::sql::{Rows, SqlError};

/// By their ids. What stands here of a file never changes.
pub type FilesShown = BTreeMap<String, AttributeFileBody>;

/// Those with these ids that are the store's and are uploaded. `known` are rows of [`media::ready`], where some were
/// read before: the database is asked for others only. Without a bucket none has an address.
///
/// # Errors
/// [`Halt`] when the database does not answer.
pub async fn files_shown(ctx: &Ctx, known: Option<&Rows>, ids: BTreeSet<String>) -> Result<FilesShown, Halt> {
    let mut shown = FilesShown::new();
    add(ctx, &mut shown, known)?;
    let others: Vec<&str> = ids.iter().filter(|id| !shown.contains_key(*id)).map(String::as_str).collect();
    if !others.is_empty() && ctx.app().media().is_some() {
        let rows = ctx.read(vec![media::ready(ctx.tenant(), &others)]).await?;
        add(ctx, &mut shown, rows.first())?;
    }
    Ok(shown)
}

fn add(ctx: &Ctx, shown: &mut FilesShown, rows: Option<&Rows>) -> Result<(), SqlError> {
    let Some((bucket, rows)) = ctx.app().media().zip(rows) else { return Ok(()) };
    for file in media::files_of(rows)? {
        let id = file.id.to_string();
        let body = AttributeFileBody {
            id: id.clone(),
            url: bucket.public_url(&file.object_key),
            content_type: file.content_type.name(),
            name: file.name,
            bytes: file.bytes,
        };
        shown.insert(id, body);
    }
    Ok(())
}
