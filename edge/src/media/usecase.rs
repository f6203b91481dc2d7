//! Making files, seeing them uploaded, describing and removing them.

use headlesspro_shared::kernel::id::FileId;
use headlesspro_shared::media::{ContentType, FileName, FileStatus, FocalPoint, object_key};
use serde_json::{Value as Json, json};

use super::removal::remove_later;
use super::store::{self, File};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, Claim};
use crate::port::blob::{Bucket, BucketError, Upload};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, Statement};

/// A file to be uploaded.
pub struct NewFile {
    pub name: FileName,
    pub content_type: ContentType,
    /// Of its kind's sizes.
    pub bytes: i64,
    pub alt: String,
    pub focal_point: Option<FocalPoint>,
}

/// What of a file is to be changed.
pub struct FileChange {
    pub alt: Option<String>,
    /// Taken away, or set.
    pub focal_point: Option<Option<FocalPoint>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// The deployment has no bucket.
    NoBucket,
    /// The bucket does not answer as one.
    Bucket(BucketError),
    /// It is not in the bucket.
    NotUploaded,
    /// What is in the bucket is not what was announced.
    Another(&'static str),
    /// Something shows it.
    InUse,
    VersionMismatch {
        current: i64,
    },
    Changing,
}

type Outcome<T> = Result<T, Failure<FileError>>;

/// A file with the upload that makes it ready; none where it is.
pub struct Announced {
    pub file: File,
    pub upload: Option<Upload>,
    pub is_replay: bool,
}

/// Makes a file, and allows its upload. A repeat is answered with the file as it is by then, and another signature.
pub async fn create(ctx: &Ctx, wanted: &NewFile, claim: Option<&Claim>) -> Outcome<Announced> {
    let tenant = ctx.tenant();
    let bucket = bucket(ctx).await?;
    if let Some(claim) = claim {
        let rows = ctx.read(vec![journal::idempotency_record(tenant, &claim.key)]).await?;
        if let Some(first) = replayed(ctx, bucket, claim, rows.first()).await? {
            return Ok(first);
        }
    }
    let mut random = [0; 16];
    ctx.app().entropy.fill(&mut random)?;
    let file = File {
        id: ctx.new_id()?,
        name: wanted.name.to_string(),
        content_type: wanted.content_type,
        bytes: wanted.bytes,
        object_key: object_key(tenant.organization, tenant.store, random, &wanted.name),
        alt: wanted.alt.clone(),
        focal_point: wanted.focal_point,
        status: FileStatus::Pending,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut commit = Commit::new();
    commit.push(store::insert(tenant, &file));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location(file.id), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    told(ctx, &mut commit, Change::new("file.create", file.id).after(state(&file)), "file.created", file.id).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(announced(ctx, bucket, file, false)),
        Committed::Refused { refusal, diagnosis, .. } => {
            let Some(claim) = claim else { return Err(unexplained(&refusal)) };
            let first = replayed(ctx, bucket, claim, diagnosis.first()).await?;
            first.ok_or_else(|| unexplained(&refusal))
        }
    }
}

/// Makes a file ready whose object is in the bucket. One that is ready already stays as it is.
pub async fn complete(ctx: &Ctx, id: FileId) -> Outcome<File> {
    let tenant = ctx.tenant();
    let bucket = bucket(ctx).await?;
    let file = show(ctx, id).await?;
    if file.status == FileStatus::Ready {
        return Ok(file);
    }
    let found = bucket.look(&file.object_key, ContentType::HEAD, ctx.now).await;
    let object = found.map_err(|error| Failure::Rejected(FileError::Bucket(error)))?;
    let object = object.ok_or(Failure::Rejected(FileError::NotUploaded))?;
    let another = |what| Err(Failure::Rejected(FileError::Another(what)));
    if object.bytes != file.bytes {
        return another("It has another size than was announced.");
    }
    if object.content_type != file.content_type.name() {
        return another("It was uploaded as another content type than was announced.");
    }
    if !file.content_type.begins(&object.head) {
        return another("It does not begin as a file of its content type does.");
    }
    let mut commit = Commit::new();
    commit.push(store::complete(tenant, id, ctx.now));
    let guard = commit.push(store::guard_changed());
    let change = Change::new("file.complete", id).turned("status", FileStatus::Pending.name().into(), "ready".into());
    told(ctx, &mut commit, change, "file.ready", id).await?;
    commit.push_after(store::find(tenant, id));
    commit.push_diagnosis(store::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => only(after.first()),
        // Somebody else was quicker, or it is gone.
        Committed::Refused { statement, diagnosis, .. } if statement == guard => only(diagnosis.first()),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

pub async fn show(ctx: &Ctx, id: FileId) -> Outcome<File> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
        if let Some(settled) = ctx.settles(reached(&ctx, rows.first()).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The file of the row, which the caller's grants reach.
async fn reached(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<File> {
    let found = only(rows)?;
    ctx.reach(found.id).await?;
    Ok(found)
}

/// One page, the newest first, and whether there are more.
pub async fn list(ctx: &Ctx, before: &str, limit: i64) -> Outcome<(Vec<File>, bool)> {
    let rows = ctx.read(vec![store::list(ctx.tenant(), before, limit.saturating_add(1))]).await?;
    let mut found = rows.first().map(store::files_of).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = limit < found.len();
    found.truncate(limit);
    Ok((found, more))
}

/// Describes a file anew. What shows it already keeps what it was given.
pub async fn change(ctx: &Ctx, id: FileId, change: &FileChange, expected: Option<i64>) -> Outcome<File> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, id, change, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(FileError::Changing))
}

async fn try_change(ctx: &Ctx, id: FileId, change: &FileChange, expected: Option<i64>) -> Outcome<Option<File>> {
    let tenant = ctx.tenant();
    let before = show(ctx, id).await?;
    expect(expected, before.version)?;
    let mut after = before.clone();
    if let Some(alt) = &change.alt {
        after.alt.clone_from(alt);
    }
    if let Some(focal_point) = change.focal_point {
        after.focal_point = focal_point;
    }
    if after == before {
        return Ok(Some(before).filter(|_| ctx.is_current()));
    }
    let mut commit = Commit::new();
    commit.push(store::change(tenant, &after, ctx.now));
    let guard = commit.push(store::guard_changed());
    let change = Change::new("file.change", id).before(state(&before)).after(state(&after));
    told(ctx, &mut commit, change, "file.changed", id).await?;
    commit.push_after(store::find(tenant, id));
    match ctx.commit(&commit).await? {
        Committed::Done { after, .. } => only(after.first()).map(Some),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Removes a file that nothing shows, and its object once that is committed.
pub async fn delete(ctx: &Ctx, id: FileId, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, id, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(FileError::Changing))
}

async fn try_delete(ctx: &Ctx, id: FileId, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let before = show(ctx, id).await?;
    expect(expected, before.version)?;
    let mut commit = Commit::new();
    let public_url = ctx.app().media().map(|bucket| bucket.public_url("")).unwrap_or_default();
    let in_use = commit.push(store::guard_unused(tenant, id, public_url));
    let [object, file] = store::delete(tenant, id, before.version, ctx.now);
    commit.push(object);
    let deletion = commit.push(file);
    let guard = commit.push(store::guard_changed());
    told(ctx, &mut commit, Change::new("file.delete", id).before(state(&before)), "file.deleted", id).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => {
            remove_later(ctx);
            Ok(Some(()))
        }
        Committed::Refused { statement, .. } if statement == in_use => Err(Failure::Rejected(FileError::InUse)),
        Committed::Refused { statement, .. } if statement == guard => Ok(None),
        Committed::Refused {
            statement,
            refusal: Refusal::Constraint { constraint: Constraint::ForeignKey, .. },
            ..
        } if statement == deletion => Err(Failure::Rejected(FileError::InUse)),
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The statement that refuses a commit when `url` is the address of a file of this store, and no image that is ready;
/// whatever follows it after `?` or `#`. Nothing where the address is of something else.
pub fn guard_image(ctx: &Ctx, url: &str) -> Option<Statement> {
    let tenant = ctx.tenant();
    let key = url.strip_prefix(&ctx.app().media()?.public_url(""))?;
    let key = key.split(['?', '#']).next().unwrap_or_default();
    let own = key.strip_prefix(&tenant.organization.to_string())?.strip_prefix('/')?;
    own.strip_prefix(&tenant.store.to_string())?.strip_prefix('/')?;
    Some(store::guard_image(tenant, key))
}

/// The deployment's bucket. Whether there is one is told to nobody who may not ask.
async fn bucket(ctx: &Ctx) -> Outcome<&Bucket> {
    if ctx.app().media().is_none() {
        ctx.principal().await?;
    }
    ctx.app().media().ok_or(Failure::Rejected(FileError::NoBucket))
}

async fn told(ctx: &Ctx, commit: &mut Commit, change: Change, event: &'static str, id: FileId) -> Outcome<()> {
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    Ok(journal::announce(ctx, commit, event, &[("fileId", id.to_string())])?)
}

fn announced(ctx: &Ctx, bucket: &Bucket, file: File, is_replay: bool) -> Announced {
    let upload = (file.status == FileStatus::Pending)
        .then(|| bucket.upload(&file.object_key, file.content_type.name(), file.bytes, ctx.now));
    Announced { file, upload, is_replay }
}

/// The first answer to the same request, made anew.
async fn replayed(ctx: &Ctx, bucket: &Bucket, claim: &Claim, rows: Option<&Rows>) -> Outcome<Option<Announced>> {
    let Some(first) = journal::replay(Some(claim), rows)? else { return Ok(None) };
    let id = first.location.rsplit('/').next().and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    Ok(Some(announced(ctx, bucket, show(ctx, id).await?, true)))
}

pub fn location(id: FileId) -> String {
    format!("/api/v1/files/{id}")
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => Err(Failure::Rejected(FileError::VersionMismatch { current })),
        _ => Ok(()),
    }
}

/// What the audit log keeps.
pub(super) fn state(file: &File) -> Json {
    json!({
        "name": file.name,
        "contentType": file.content_type.name(),
        "bytes": file.bytes,
        "alt": file.alt,
        "focalPointThousandths": file.focal_point.map(|focal| [focal.x, focal.y]),
    })
}

fn only(rows: Option<&Rows>) -> Outcome<File> {
    rows.map(store::files_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

fn unexplained(refusal: &Refusal) -> Failure<FileError> {
    Failure::Unavailable(Unavailable::corrupt(format!("a commit was refused: {refusal:?}")))
}
