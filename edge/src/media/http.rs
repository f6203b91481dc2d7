//! `/api/v1/files` and `/api/v1/jobs/files`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::FileKind;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use headlesspro_shared::media::{ContentType, FileName, FileStatus, FocalPoint, decimal, thousandths, turns_direction};
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};

use super::store::File;
use super::usecase::{self, Announced, FileChange, FileError, NewFile};
use super::{removal, usecase::location};
use crate::app::{Ctx, Spent};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams, given};
use crate::failure::Halt;
use crate::journal::{Answered, Claim, created};
use crate::organizations::{answer, changed_meanwhile, nothing, page_answer, version_mismatch, versioned};
use crate::port::blob::{Bucket, Upload};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    // Staff alone: a publishable key reads the catalog, and must not see what is not shown yet.
    let (one, all) = (Access::Record(Scope::CatalogWrite), Access::Key(Scope::CatalogWrite));
    Routes::new()
        .get("/api/v1/files", all, list)
        .post("/api/v1/files", all, create)
        .get("/api/v1/files/{id}", one, show)
        .patch("/api/v1/files/{id}", one, change)
        .delete("/api/v1/files/{id}", one, delete)
        .post("/api/v1/files/{id}/complete", one, complete)
        .post("/api/v1/jobs/files", Access::Key(Scope::JobsRun), run)
}

/// The place of an image that must stay in sight when it is cropped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FocalPoint", deny_unknown_fields)]
pub struct FocalPointBody {
    /// From 0, the left edge, to 1, with three decimals.
    #[schemars(required, range(min = 0, max = 1))]
    pub x: Option<Number>,
    /// From 0, the upper edge, to 1, with three decimals.
    #[schemars(required, range(min = 0, max = 1))]
    pub y: Option<Number>,
}

/// A file to be uploaded.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreateFile", deny_unknown_fields)]
pub struct CreateFileBody {
    /// Ends as files of its kind do; folders before it are left out.
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    #[schemars(required, extend("enum" = [
        "image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "application/pdf", "video/mp4",
        "video/webm",
    ]))]
    pub content_type: Option<String>,
    /// Its exact size: 20 MiB at most of an image, 50 MiB of a PDF, 500 MiB of a video.
    #[schemars(required, range(min = 1, max = 524_288_000))]
    pub bytes: Option<i64>,
    /// What it shows, for whoever does not see it.
    #[schemars(length(max = 1_000))]
    pub alt: Option<String>,
    /// Of an image.
    #[schemars(with = "Option<FocalPointBody>")]
    pub focal_point: Option<FocalPointBody>,
}

/// What is left out stays as it is; a focal point of null is taken away.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeFile", deny_unknown_fields)]
pub struct ChangeFileBody {
    #[schemars(length(max = 1_000))]
    pub alt: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<FocalPointBody>")]
    pub focal_point: Option<Option<FocalPointBody>>,
}

/// A file of the store.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "File")]
pub struct FileBody {
    #[schemars(with = "IdText<FileKind>")]
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub bytes: i64,
    /// `pending` until its upload was completed.
    #[schemars(extend("enum" = ["pending", "ready"]))]
    pub status: String,
    /// Where everybody reads it; null while it is pending, or where the deployment has no bucket.
    pub url: Option<String>,
    pub alt: String,
    pub focal_point: Option<FocalPointBody>,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

/// A request that uploads one file, to be sent as it is by anybody who has it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Upload")]
pub struct UploadBody {
    #[schemars(extend("enum" = ["PUT"]))]
    pub method: String,
    /// Secret until it ends: whoever has it may upload.
    pub url: String,
    /// All of them, exactly so: they are part of the signature. Browsers send the length by themselves.
    pub headers: BTreeMap<String, String>,
    /// Afterwards no upload begins.
    #[schemars(with = "MomentText")]
    pub expires_at: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FileWithUpload")]
pub struct AnnouncedBody {
    pub file: FileBody,
    /// Null in a repeated answer where the file is ready by then.
    pub upload: Option<UploadBody>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Files")]
pub struct FilesBody {
    /// The newest first.
    pub items: Vec<FileBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What a run has done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FileRun")]
pub struct FileRunBody {
    /// Objects that are gone from the bucket.
    pub removed: u32,
    /// To be tried again later.
    pub postponed: u32,
}

impl Parse for CreateFileBody {
    type Parsed = NewFile;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewFile> {
        let kind = |text: String| text.to_ascii_lowercase().parse::<ContentType>();
        let content_type = errors.required("contentType", self.content_type, kind);
        let name = errors.required("name", self.name, |name| match content_type {
            Some(kind) => FileName::of(&name, kind).map(Some).map_err(|error| error.to_string()),
            // Whether it ends as its kind cannot be told.
            None => Ok(None),
        });
        let bytes = errors.required("bytes", self.bytes, |bytes| {
            let most = content_type.map_or(i64::MAX, ContentType::most_bytes);
            if (1..=most).contains(&bytes) { Ok(bytes) } else { Err(format!("must be between 1 and {most}")) }
        });
        let alt = errors.optional("alt", self.alt, alt_text).unwrap_or_default();
        let focal_point = self.focal_point.and_then(|body| focal_point(body, errors));
        if focal_point.is_some() && content_type.is_some_and(|kind| !kind.is_image()) {
            errors.push("focalPoint", "is of images only");
        }
        Some(NewFile { name: name??, content_type: content_type?, bytes: bytes?, alt, focal_point })
            .filter(|_| errors.is_empty())
    }
}

impl Parse for ChangeFileBody {
    type Parsed = FileChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<FileChange> {
        let alt = errors.optional("alt", self.alt, alt_text);
        let focal_point = self.focal_point.map(|body| body.and_then(|body| focal_point(body, errors)));
        errors.is_empty().then_some(FileChange { alt, focal_point })
    }
}

fn alt_text(text: String) -> Result<String, &'static str> {
    const MOST: usize = 1_000;
    let text = text.trim();
    if MOST < text.chars().count() {
        return Err("must have at most 1000 characters");
    }
    if text.chars().any(|letter| letter.is_control() || turns_direction(letter)) {
        return Err("must not contain line breaks or other control characters");
    }
    Ok(text.to_owned())
}

fn focal_point(body: FocalPointBody, errors: &mut FieldErrors) -> Option<FocalPoint> {
    let part = |number: Number| {
        // As it is written: 0.375 has three decimals, whatever the nearest binary number has.
        thousandths(&number.to_string()).ok_or("must be between 0 and 1, with at most three decimals")
    };
    errors.nested("focalPoint", |errors| {
        let x = errors.required("x", body.x, part);
        let y = errors.required("y", body.y, part);
        Some(FocalPoint { x: x?, y: y? })
    })
}

/// Files in the opposite order of their ids.
struct Page {
    before: String,
    limit: i64,
}

const NEWEST: &str = "newest-file";

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let before = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(NEWEST) {
                Ok([CursorPart::Text(id)]) => Ok(id.clone()),
                _ => Err(FOREIGN),
            }
        });
        // Comes after every id.
        Page { before: before.unwrap_or_else(|| "file`".to_owned()), limit: limit.get() }
    }
}

async fn list(ctx: Ctx, Parsed(page): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, more) = usecase::list(&ctx, &page.before, page.limit).await?;
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| Cursor::new(NEWEST, vec![CursorPart::Text(last.id.to_string())]).to_string());
    let items = found.into_iter().map(|file| file_body(&ctx, file)).collect();
    let body = FilesBody { items, next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateFileBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let Announced { file, upload, is_replay } = usecase::create(&ctx, &body.parsed, claim.as_ref()).await?;
    let location = location(file.id);
    let body = AnnouncedBody { file: file_body(&ctx, file), upload: upload.map(UploadBody::from) };
    let body = serde_json::to_string(&body).unwrap_or_default();
    Ok(created(Answered { location, body, is_replay }))
}

async fn show(ctx: Ctx, PathId(id): PathId<FileKind>) -> Result<Response, Problem> {
    Ok(of_file(&ctx, usecase::show(&ctx, id).await?))
}

async fn complete(ctx: Ctx, PathId(id): PathId<FileKind>) -> Result<Response, Problem> {
    Ok(of_file(&ctx, usecase::complete(&ctx, id).await?))
}

async fn change(
    ctx: Ctx,
    PathId(id): PathId<FileKind>,
    IfMatch(version): IfMatch,
    body: Json<ChangeFileBody>,
) -> Result<Response, Problem> {
    Ok(of_file(&ctx, usecase::change(&ctx, id, &body.parsed, version).await?))
}

async fn delete(ctx: Ctx, PathId(id): PathId<FileKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

async fn run(ctx: Ctx, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    // Before anything is removed: the route itself reads nothing that would verify the caller.
    ctx.principal().await?;
    let done = removal::remove_all(ctx.app()).await.map_err(Halt::Unavailable)?;
    (0..done.round_trips).for_each(|_| spent.add_sql());
    let mut response = answer(StatusCode::OK, &FileRunBody { removed: done.removed, postponed: done.postponed });
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    Ok(response)
}

fn of_file(ctx: &Ctx, file: File) -> Response {
    versioned(StatusCode::OK, file.version, &file_body(ctx, file))
}

fn file_body(ctx: &Ctx, file: File) -> FileBody {
    let is_ready = file.status == FileStatus::Ready;
    let bucket: Option<&Bucket> = ctx.app().media().filter(|_| is_ready);
    FileBody {
        url: bucket.map(|bucket| bucket.public_url(&file.object_key)),
        id: file.id.to_string(),
        name: file.name,
        content_type: file.content_type.name().to_owned(),
        bytes: file.bytes,
        status: file.status.name().to_owned(),
        alt: file.alt,
        focal_point: file.focal_point.map(FocalPointBody::from),
        version: file.version,
        created_at: file.created_at.to_string(),
        updated_at: file.updated_at.to_string(),
    }
}

impl From<FocalPoint> for FocalPointBody {
    fn from(focal: FocalPoint) -> FocalPointBody {
        let number = |part| serde_json::from_str(&decimal(part)).ok();
        FocalPointBody { x: number(focal.x), y: number(focal.y) }
    }
}

impl From<Upload> for UploadBody {
    fn from(upload: Upload) -> UploadBody {
        UploadBody {
            method: "PUT".to_owned(),
            url: upload.url,
            headers: upload.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            expires_at: upload.expires_at.to_string(),
        }
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Problem {
        let conflict = |code, detail: &str, actions: &[&str]| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(actions))
        };
        let away = |code, detail: &str, seconds| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, code)
                .detail(detail)
                .header(http::header::RETRY_AFTER, http::HeaderValue::from_static(seconds))
        };
        match error {
            FileError::NoBucket => away(
                "no-file-store",
                "This deployment keeps no files: whoever runs it sets MEDIA_ENDPOINT and the settings beside it.",
                "3600",
            )
            .because("files are asked for, and the settings MEDIA_... are missing"),
            FileError::Bucket(error) => {
                away("file-store-unavailable", "The file store does not answer. Nothing was done: try again.", "2")
                    .because(error)
            }
            FileError::NotUploaded => conflict(
                "file-not-uploaded",
                "The file is not in the store. Upload it first; where the upload has expired, make another file.",
                &["upload", "delete"],
            ),
            FileError::Another(what) => conflict("file-differs", what, &["upload", "delete"]),
            FileError::InUse => conflict("file-in-use", "Something shows the file. Take it away there first.", &[]),
            FileError::VersionMismatch { current } => version_mismatch(current),
            FileError::Changing => changed_meanwhile(),
        }
    }
}
