//! Images of a product that are files of its store: their addresses are the files'.

use headlesspro_shared::catalog::attribute::named_ids;
use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::kernel::id::FileId;
use serde_json::{Value, json};

use crate::app::Ctx;
use crate::failure::Failure;
use crate::media::{self, File, FocalPointBody};
use crate::port::sql::{Rows, Statement};

/// The statement whose rows [`with_files`] takes: the files that images and attributes of these products' JSON name.
pub fn files<'a>(ctx: &Ctx, products: impl IntoIterator<Item = &'a Value>) -> Statement {
    let mut ids: Vec<&str> = Vec::new();
    for json in products {
        let images = json.get("images").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        ids.extend(images.iter().filter_map(|image| image.get("fileId")?.as_str()));
        ids.extend(named_ids(json).into_iter().filter(|id| id.starts_with("file_")));
    }
    media::ready(ctx.tenant(), &ids)
}

/// The ids of those files.
pub fn ids_of<E>(rows: Option<&Rows>) -> Result<Vec<String>, Failure<E>> {
    let found = rows.map(media::files_of).transpose()?.unwrap_or_default();
    Ok(found.iter().map(|file| file.id.to_string()).collect())
}

/// `json` with the address of each image that is a file, and with the file's description where the image has none;
/// and which of the files are none that can be shown.
pub fn with_files<E>(ctx: &Ctx, json: &Value, rows: Option<&Rows>) -> Result<(Value, Vec<Fault>), Failure<E>> {
    let (mut json, mut faults) = (json.clone(), Vec::new());
    let found: Vec<File> = rows.map(media::files_of).transpose()?.unwrap_or_default();
    let images = json.get_mut("images").and_then(Value::as_array_mut);
    for (at, image) in images.into_iter().flatten().enumerate() {
        let Some(image) = image.as_object_mut() else { continue };
        let id = image.get("fileId").and_then(Value::as_str);
        let Some(id) = id.and_then(|id| id.parse::<FileId>().ok()) else { continue };
        let file = found.iter().find(|file| file.id == id && file.content_type.is_image());
        let Some((file, bucket)) = file.zip(ctx.app().media()) else {
            let reason = "is no image among the files of this store that are ready".to_owned();
            faults.push(Fault { path: format!("images/{at}/fileId"), reason });
            // So that all else that is wrong is found as well.
            image.insert("url".to_owned(), json!(format!("https://file.invalid/{at}")));
            continue;
        };
        image.insert("url".to_owned(), bucket.public_url(&file.object_key).into());
        if !file.alt.is_empty() {
            image.entry("alt").or_insert_with(|| file.alt.as_str().into());
        }
        if let Some(focal_point) = file.focal_point {
            image.entry("focalPoint").or_insert_with(|| json!(FocalPointBody::from(focal_point)));
        }
    }
    Ok((json, faults))
}
