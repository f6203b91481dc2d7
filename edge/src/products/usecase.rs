//! Making, changing and deleting a product: read what is there, decide, commit.

use headlesspro_shared::catalog::import::ProductStatus;
use headlesspro_shared::catalog::source::{Fault, Likeness, Source, merge_patch, unknown_members};
use headlesspro_shared::identity::Resource;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use serde_json::{Value, json};

use super::pictures;
use crate::app::Ctx;
use crate::catalog::{
    self, Advance, Attributes, Chunk, Declared, FilesShown, OneProduct, ReadVersion, StaffPage, Standing, Touched,
};
use crate::failure::{Failure, Unavailable};
use crate::inventory::{self, Level};
use crate::journal::{self, Change, Claim, Event, told};
use crate::organizations;
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, Value as Bound};

/// Of a commit on its way to the database, which takes 10 MiB.
const MOST_COMMIT_BYTES: usize = 9 << 20;

/// The staff's list has one sort: the newest first.
pub const NEWEST: &str = "newest";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductError {
    Invalid(Vec<Fault>),
    /// It is published in channels that the caller's grants are not for.
    BeyondGrants,
    VersionMismatch {
        current: i64,
    },
    /// Somebody else changes the same, again and again.
    Changing,
}

pub type Outcome<T> = Result<T, Failure<ProductError>>;

/// A product as the staff sees it.
pub struct Shown {
    pub id: ProductId,
    pub version: i64,
    /// JSON.
    pub body: String,
}

impl Shown {
    fn new(standing: &Standing, source: &Source) -> Result<Shown, serde_json::Error> {
        let source = serde_json::to_string(source)?;
        let Standing { id, version, created_at, updated_at, .. } = *standing;
        Ok(Shown { id, version, body: catalog::source_answer(id, version, created_at, updated_at, &source) })
    }
}

/// As it is in the database.
fn shown(there: &OneProduct, source: &Source) -> Outcome<Shown> {
    let OneProduct { id, version, created_at, updated_at, .. } = *there;
    let standing = Standing { id, version, created_at, updated_at, is_new: false };
    Shown::new(&standing, source).map_err(not_rendered)
}

/// A product of any status, by id or handle.
pub async fn show(ctx: &Ctx, key: &str) -> Outcome<Shown> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_show(&ctx, key).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

async fn try_show(ctx: &Ctx, key: &str) -> Outcome<Shown> {
    let rows = ctx.read(vec![catalog::one(ctx.tenant(), key), catalog::version(ctx.tenant())]).await?;
    let there = found(ctx, rows.first()).await?;
    ctx.spent().tell_catalog_version(catalog::version_of(rows.get(1))?);
    shown(&there, &source_of(ctx, &there).await?)
}

pub async fn source_of(ctx: &Ctx, there: &OneProduct) -> Outcome<Source> {
    let currency = ctx.principal().await?.currency;
    Ok(catalog::source_of(&there.source, there.category.as_deref(), currency)?)
}

/// The product of the row, which the caller's grants let be seen.
pub async fn found(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<OneProduct> {
    let one = rows.map(catalog::one_of).transpose()?.flatten().ok_or(Failure::NotFound)?;
    if ctx.reaches_part(&resource(ctx, &one)).await? { Ok(one) } else { Err(Failure::NotFound) }
}

/// The same, to be changed: what is published elsewhere too is seen and not changed.
async fn found_to_change(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<OneProduct> {
    let one = found(ctx, rows).await?;
    if ctx.reaches(&resource(ctx, &one)).await? { Ok(one) } else { Err(Failure::Rejected(ProductError::BeyondGrants)) }
}

fn resource(ctx: &Ctx, one: &OneProduct) -> Resource {
    let resource = Resource::of_store(ctx.tenant().store).record(one.id).in_channels(one.channels.iter().copied());
    if one.is_everywhere { resource.everywhere() } else { resource }
}

/// Whether the product is to be published beyond what the caller's grants are for.
async fn beyond_grants(ctx: &Ctx, source: &Source, id: Option<ProductId>) -> Outcome<Option<Fault>> {
    let channels = source.channels.iter().filter_map(|id| id.parse().ok());
    let mut resource = Resource::of_store(ctx.tenant().store).in_channels(channels);
    if let Some(id) = id {
        resource = resource.record(id);
    }
    let is_within = ctx.reaches(&if source.channels.is_empty() { resource.everywhere() } else { resource }).await?;
    let reason = "must name channels, and only those that your grants are for".to_owned();
    Ok((!is_within).then(|| Fault { path: "channels".to_owned(), reason }))
}

/// A page of the products of all statuses, in JSON, and the cursor of the next one.
pub async fn list(ctx: &Ctx, page: &StaffPage) -> Outcome<(String, Option<String>)> {
    let most = page.limit.saturating_add(1);
    let list = match ctx.channels() {
        Some(channels) => catalog::list_in(ctx.tenant(), page, &channels, most),
        None => catalog::list_all(ctx.tenant(), page, most),
    };
    let rows = ctx.read(vec![list, catalog::version(ctx.tenant())]).await?;
    ctx.spent().tell_catalog_version(catalog::version_of(rows.get(1))?);
    let rows = rows.first().ok_or(Failure::NotFound)?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut items = Vec::with_capacity(rows.len());
    let (mut last, mut is_more) = (None, limit < rows.len());
    for row in rows.iter().take(limit) {
        let at: i64 = row.get("created_at")?;
        let id: &str = row.get("id")?;
        last = Some(vec![CursorPart::Integer(at), CursorPart::Text(id.to_owned())]);
        let Some(card) = row.get::<Option<&str>>("card")? else {
            is_more = true;
            break;
        };
        items.push(catalog::staff_card(card, row.get("status")?, row.get("version")?, at, row.get("updated_at")?));
    }
    let next = last.filter(|_| is_more).map(|parts| Cursor::new(NEWEST, parts).to_string());
    let cursor = next.as_deref().map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
    Ok((format!(r#"{{"items":[{}],"nextCursor":{cursor}}}"#, items.join(",")), next))
}

/// Makes a product. Answers whether it is the answer to a repeat.
pub async fn create(ctx: &Ctx, json: &Value, claim: Option<&Claim>) -> Outcome<(Shown, bool)> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_create(&ctx, json, claim).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(ProductError::Changing))
}

/// `None`: what it names was taken away meanwhile, or somebody else was quicker.
async fn try_create(ctx: &Ctx, json: &Value, claim: Option<&Claim>) -> Outcome<Option<(Shown, bool)>> {
    let tenant = ctx.tenant();
    let category = json.get("category").and_then(Value::as_str);
    let mut reads = vec![catalog::category_id(tenant, category.map_or("", str::trim)), pictures::files(ctx, [json])];
    reads.extend(catalog::attribute_reads(tenant, [json]));
    reads.extend([catalog::currencies(tenant), catalog::all_channels(tenant)]);
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    reads.extend(translations_of(json).map(|_| organizations::locales(tenant)));
    let rows = ctx.read(reads).await?;
    if let Some(first) = replayed(ctx, claim, claim.and(rows.get(6))).await? {
        return Ok(Some((first, true)));
    }
    let (currency, further) = catalog::currencies_of(rows.get(4))?;
    let (json, mut faults) = pictures::with_files(ctx, json, rows.get(1))?;
    let mut source = match Source::read(&json, currency) {
        Ok(source) => source,
        Err(found) => {
            faults.extend(found);
            return Err(invalid(faults));
        }
    };
    faults.extend(source.foreign_ids(None));
    faults.extend(foreign_locales(&source, None, rows.last())?);
    faults.extend(source.foreign_prices(None, &further));
    faults.extend(in_category(&mut source, rows.first())?);
    faults.extend(source.settle_channels(&catalog::channel_ids(rows.get(5))?));
    faults.extend(beyond_grants(ctx, &source, None).await?);
    let attributes = Attributes::of(rows.get(2), currency)?;
    let referenced = catalog::referenced(rows.get(3), pictures::ids_of(rows.get(1))?)?;
    faults.extend(attributes.settle(&mut source, None, &referenced));
    if !faults.is_empty() {
        return Err(invalid(faults));
    }
    source.settle(None, Likeness::Sku, ctx.now, &mut || ctx.random())?;
    let standing = Standing { id: ctx.new_id()?, version: 1, created_at: ctx.now, updated_at: ctx.now, is_new: true };
    let files =
        &catalog::files_shown(ctx, rows.get(1), attributes.definitions.files(source.attribute_values())).await?;
    let (attributes, standing, source) = (&attributes, &standing, &source);
    let write = Write { ctx, currency, attributes, files, standing, source, was: None };
    let (mut commit, advance, shown) = write.commit(Vec::new()).await?;
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location(standing.id), "", ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            catalog::written(ctx, &rows, advance)?;
            Ok(Some((shown, false)))
        }
        Committed::Refused { refusal, diagnosis, .. } => {
            if let Some(first) = replayed(ctx, claim, diagnosis.get(1)).await? {
                return Ok(Some((first, true)));
            }
            match taken(source, diagnosis.first())? {
                faults if !faults.is_empty() => Err(invalid(faults)),
                _ if is_race(&refusal) => Ok(None),
                _ => Err(unexplained(&refusal)),
            }
        }
    }
}

/// Changes what `patch` says of a product, a JSON Merge Patch, and leaves the rest.
pub async fn change(ctx: &Ctx, key: &str, patch: &Value, expected: Option<i64>) -> Outcome<Shown> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, key, patch, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(ProductError::Changing))
}

/// `None`: somebody else was quicker.
async fn try_change(ctx: &Ctx, key: &str, patch: &Value, expected: Option<i64>) -> Outcome<Option<Shown>> {
    let tenant = ctx.tenant();
    let mut reads = vec![catalog::one(tenant, key), pictures::files(ctx, [patch])];
    reads.extend(catalog::attribute_reads(tenant, [patch]));
    reads.extend([catalog::currencies(tenant), catalog::all_channels(tenant)]);
    reads.extend(translations_of(patch).map(|_| organizations::locales(tenant)));
    let rows = ctx.read(reads).await?;
    let there = found_to_change(ctx, rows.first()).await?;
    expect(expected, there.version)?;
    let (currency, further) = catalog::currencies_of(rows.get(4))?;
    let was = source_of(ctx, &there).await?;
    let mut json = to_json(&was)?;
    let (patch, unshown) = pictures::with_files(ctx, patch, rows.get(1))?;
    merge_patch(&mut json, &patch);
    let mut faults = unknown_members(&patch);
    faults.extend(unshown);
    let mut source = match Source::read(&json, currency) {
        Ok(source) if faults.is_empty() => source,
        read => {
            let found = read.err().unwrap_or_default();
            faults.retain(|fault| !found.contains(fault));
            faults.extend(found);
            return Err(invalid(faults));
        }
    };
    faults.extend(source.foreign_ids(Some(&was)));
    faults.extend(foreign_locales(&source, Some(&was), rows.get(6))?);
    faults.extend(source.foreign_prices(Some(&was), &further));
    faults.extend(source.settle_channels(&catalog::channel_ids(rows.get(5))?));
    faults.extend(beyond_grants(ctx, &source, Some(there.id)).await?);
    let attributes = Attributes::of(rows.get(2), currency)?;
    faults.extend(attributes.definitions.unknown_in(&patch));
    let referenced = catalog::referenced(rows.get(3), pictures::ids_of(rows.get(1))?)?;
    faults.extend(attributes.settle(&mut source, Some(&was), &referenced));
    if let Some(category) = source.category.as_deref().filter(|_| source.category != was.category) {
        let rows = ctx.read(vec![catalog::category_id(tenant, category)]).await?;
        faults.extend(in_category(&mut source, rows.first())?);
    }
    if !faults.is_empty() {
        return Err(invalid(faults));
    }
    let removed = source.settle(Some(&was), Likeness::Sku, ctx.now, &mut || ctx.random())?;
    if source == was {
        return if ctx.is_current() { shown(&there, &was).map(Some) } else { Ok(None) };
    }
    catalog::settle_prices(ctx, &mut [(&mut source, Some(&was))]).await?;
    let standing = Standing {
        id: there.id,
        version: there.version.saturating_add(1),
        created_at: there.created_at,
        updated_at: ctx.now,
        is_new: false,
    };
    let files =
        &catalog::files_shown(ctx, rows.get(1), attributes.definitions.files(source.attribute_values())).await?;
    let (attributes, standing, source) = (&attributes, &standing, &source);
    let write = Write { ctx, currency, attributes, files, standing, source, was: Some(&was) };
    let (commit, advance, shown) = write.commit(removed.iter().map(ToString::to_string).collect()).await?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            catalog::written(ctx, &rows, advance)?;
            return Ok(Some(shown));
        }
        Committed::Refused { refusal, diagnosis, .. } => match taken(source, diagnosis.first())? {
            faults if !faults.is_empty() => return Err(invalid(faults)),
            _ if is_race(&refusal) => {}
            _ => return Err(unexplained(&refusal)),
        },
    }
    Ok(None)
}

/// Deletes a product with its variants and their stock. Orders keep what they copied of it.
pub async fn delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, key, expected).await) {
            return settled;
        }
    }
    Err(Failure::Rejected(ProductError::Changing))
}

async fn try_delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![catalog::one(tenant, key)]).await?;
    let there = found_to_change(ctx, rows.first()).await?;
    expect(expected, there.version)?;
    let was = to_json(&source_of(ctx, &there).await?)?;
    let mut commit = Commit::new();
    catalog::delete(&mut commit, tenant, there.id, there.version);
    let advance = catalog::advance(ctx, &mut commit, touched(there.id))?;
    let handle = was.get("handle").cloned().unwrap_or_default();
    let event = event(ctx, there.id, there.version.saturating_add(1), "product.deleted", &handle)?;
    commit.push(journal::events(tenant, "product", &[event], ctx.now));
    let change = Change::new("product.delete", there.id).before(told::whole(&was));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => return catalog::written(ctx, &rows, advance).map(Some),
        Committed::Refused { refusal, .. } if is_race(&refusal) => {}
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    Ok(None)
}

/// A source that was decided, on its way into a commit.
struct Write<'a> {
    ctx: &'a Ctx,
    currency: Currency,
    attributes: &'a Attributes,
    files: &'a FilesShown,
    standing: &'a Standing,
    source: &'a Source,
    /// `None`: the product is new.
    was: Option<&'a Source>,
}

impl Write<'_> {
    /// The commit, whose first diagnosis [`taken`] reads, and what it makes of the product.
    async fn commit(&self, removed_variants: Vec<String>) -> Outcome<(Commit, Advance, Shown)> {
        let (ctx, tenant, source, standing) = (self.ctx, self.ctx.tenant(), self.source, self.standing);
        let json = to_json(source)?;
        let id = standing.id.to_string();
        let text = serde_json::to_string(source).map_err(not_rendered)?;
        let declared = Declared { definitions: &self.attributes.definitions, files: self.files };
        let rows = catalog::render(source, self.was, text, standing, self.currency, &declared).map_err(not_rendered)?;
        let shown = Shown::new(standing, source).map_err(not_rendered)?;
        let attributes = self.attributes.guarded(source.attribute_values());
        let mut chunk = Chunk { removed_variants, attributes, ..Chunk::default() };
        if !standing.is_new {
            chunk.updated_products.push(id.clone());
            chunk.versions.push(ReadVersion { id: id.clone(), version: standing.version.saturating_sub(1) });
        }
        chunk.products.push(rows.product);
        (chunk.variants, chunk.images, chunk.facets) = (rows.variants, rows.images, rows.facets);
        (chunk.translations, chunk.files) = (rows.translations, rows.files);
        let mut commit = Commit::new();
        catalog::write(&mut commit, tenant, &chunk, ctx.now);
        let said_before = |id| {
            let variants = self.was.map(|was| was.variants.as_slice()).unwrap_or_default();
            variants.iter().find(|variant| variant.id == id).map(|variant| variant.inventory)
        };
        let counted = source.variants.iter().filter(|variant| said_before(variant.id) != Some(variant.inventory));
        let levels: Vec<Level> = counted.map(|variant| Level::of(&id, variant)).collect();
        if !levels.is_empty() {
            commit.push(inventory::set_levels(tenant, &levels, ctx.now));
        }
        let advance = catalog::advance(ctx, &mut commit, touched(standing.id))?;
        let name = if standing.is_new { "product.created" } else { "product.updated" };
        let event = event(ctx, standing.id, standing.version, name, &source.handle.as_str().into())?;
        commit.push(journal::events(tenant, "product", &[event], ctx.now));
        let prices = catalog::told_prices(&chunk.variants);
        let change = match self.was {
            None => Change::new("product.create", standing.id).after(told::whole(&json)),
            Some(was) => {
                let (before, mut after) = told::difference(&to_json(was)?, &json);
                if let Some((members, prices)) = after.as_object_mut().zip(prices) {
                    members.insert("priceChanges".to_owned(), prices);
                }
                Change::new("product.change", standing.id).before(before).after(after)
            }
        };
        commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
        commit.push_diagnosis(catalog::taken(tenant, standing.id, source));
        if MOST_COMMIT_BYTES < size_of(&commit) {
            let reason = "the product is too large: its texts must have fewer bytes in all";
            return Err(invalid(vec![Fault { path: String::new(), reason: reason.to_owned() }]));
        }
        Ok((commit, advance, shown))
    }
}

/// By a write of one product.
fn touched(id: ProductId) -> Touched {
    Touched { products: vec![id.to_string()], lists: true, stock: true, ..Touched::default() }
}

/// Bytes of a commit on the wire, where its texts stand in JSON.
fn size_of(commit: &Commit) -> usize {
    let args = commit.statements().iter().flat_map(|statement| &statement.args);
    args.map(|arg| match arg {
        Bound::Text(text) => {
            let escaped = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
            text.len().saturating_add(escaped)
        }
        _ => 0,
    })
    .fold(0, usize::saturating_add)
}

/// Puts the category's id where its path may stand; says so where there is no such category.
fn in_category(source: &mut Source, rows: Option<&Rows>) -> Outcome<Option<Fault>> {
    if source.category.is_none() {
        return Ok(None);
    }
    source.category = rows.map(catalog::category_id_of).transpose()?.flatten();
    let fault = || Fault { path: "category".to_owned(), reason: "there is no such category".to_owned() };
    Ok(source.category.is_none().then(fault))
}

fn translations_of(json: &Value) -> Option<&Value> {
    json.get("translations").filter(|translations| !translations.is_null())
}

/// Translations that nobody would be shown. `rows` are the store's locales, where they were read: without any
/// translation in what is asked for, there is none that is new.
fn foreign_locales(source: &Source, was: Option<&Source>, rows: Option<&Rows>) -> Outcome<Vec<Fault>> {
    if source.translations.keys().all(|locale| was.is_some_and(|was| was.translations.contains_key(locale))) {
        return Ok(Vec::new());
    }
    let locales = rows.map(organizations::locales_of).transpose()?.flatten().ok_or(Failure::NotFound)?;
    Ok(source.foreign_locales(was, &locales))
}

/// What of the source others have.
fn taken(source: &Source, rows: Option<&Rows>) -> Outcome<Vec<Fault>> {
    let taken = rows.map(catalog::taken_of).transpose()?.unwrap_or_default();
    let mut faults = Vec::new();
    if taken.handle {
        faults.push(Fault { path: "handle".to_owned(), reason: "another product has this handle".to_owned() });
    }
    for locale in taken.locales {
        let reason = "another product has this handle".to_owned();
        faults.push(Fault { path: format!("translations/{locale}/handle"), reason });
    }
    for (at, variant) in source.variants.iter().enumerate() {
        if taken.skus.iter().any(|sku| sku == variant.sku.as_str()) {
            let reason = format!("a variant of another product has the SKU {}", variant.sku);
            faults.push(Fault { path: format!("variants/{at}/sku"), reason });
        }
    }
    Ok(faults)
}

fn event(ctx: &Ctx, id: ProductId, version: i64, name: &'static str, handle: &Value) -> Outcome<Event> {
    let aggregate_id = id.to_string();
    let payload = json!({ "productId": aggregate_id, "handle": handle });
    Ok(Event { id: ctx.new_id()?, aggregate_id, version, name, payload })
}

pub fn location(id: ProductId) -> String {
    format!("/api/v1/admin/products/{id}")
}

/// The status of that name, as its column has it.
pub fn status_of(name: &str) -> Result<&'static str, String> {
    name.parse().map(ProductStatus::name).map_err(|error| error.to_string())
}

/// The product of the first answer to the same request, as it is now.
async fn replayed(ctx: &Ctx, claim: Option<&Claim>, rows: Option<&Rows>) -> Outcome<Option<Shown>> {
    let Some(first) = journal::replay(claim, rows)? else { return Ok(None) };
    let id = first.location.rsplit('/').next().unwrap_or_default();
    let rows = ctx.read(vec![catalog::one(ctx.tenant(), id)]).await?;
    let there = found(ctx, rows.first()).await?;
    shown(&there, &source_of(ctx, &there).await?).map(Some)
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => Err(Failure::Rejected(ProductError::VersionMismatch { current })),
        _ => Ok(()),
    }
}

fn to_json(source: &Source) -> Outcome<Value> {
    serde_json::to_value(source).map_err(not_rendered)
}

fn invalid(faults: Vec<Fault>) -> Failure<ProductError> {
    Failure::Rejected(ProductError::Invalid(faults))
}

fn not_rendered(error: serde_json::Error) -> Failure<ProductError> {
    Failure::Unavailable(Unavailable::Corrupt(error.to_string()))
}

/// Whether somebody else was quicker.
fn is_race(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Busy(_) => true,
        Refusal::Constraint { constraint, message } => {
            // Its category may have been given up, or a channel or a file.
            let is_gone = message.contains("what = ''") || refusal.is_raised("FILE_NOT_READY");
            let is_taken = refusal.is_raised("HANDLE_TAKEN");
            matches!(constraint, Constraint::Unique | Constraint::ForeignKey) || is_gone || is_taken
        }
        Refusal::Other(_) => false,
    }
}

fn unexplained(refusal: &Refusal) -> Failure<ProductError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a product was refused: {refusal:?}")))
}
