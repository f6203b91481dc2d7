//! One chunk of a part: read what is there, decide line by line, commit.

use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::source::{Fault, Likeness, Source, merge_patch, unknown_members};
use headlesspro_shared::kernel::id::{ProductId, VariantId};
use headlesspro_shared::kernel::money::Currency;
use serde_json::{Value, json};

use super::super::pictures;
use super::job::Outcome;
use super::line::Line;
use super::store::{self, Claimed, Job, LineError, Mode, Part, What};
use crate::app::Ctx;
use crate::catalog::{
    self, Advance, Attributes, Chunk, Declared, FilesShown, KnownProduct, ReadVersion, Standing, TakenByOthers, Touched,
};
use crate::failure::{Failure, Unavailable};
use crate::inventory::{self, Level};
use crate::journal::{self, Change, Event};
use crate::organizations;
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, SqlError};

/// Bytes a commit, as [`catalog::ProductRows::bytes`] counts them: a server takes 10 MiB.
const MOST_BYTES: usize = 4 << 20;
/// Of a product that is written alone.
const MOST_BYTES_ALONE: usize = 8 << 20;
/// Why a product is left out that no commit could have.
pub const TOO_LARGE: &str = "the product is too large: its texts must have fewer bytes in all";
/// Of a part's lines that are left out so many are listed; all are counted.
const MOST_LISTED: i64 = 10_000;

pub enum Written {
    /// How far the part has come.
    Done(Part),
    /// Lines whose handles or SKUs others have.
    Taken(BTreeMap<i64, Vec<Fault>>),
    /// Somebody else was quicker.
    Raced,
    /// The database takes, or answers, no so much at once.
    TooLarge,
}

/// A line's product, on its way into the commit.
struct Product {
    line: i64,
    id: String,
    handle: String,
    is_renamed: bool,
    is_new: bool,
    /// All that it has, with their paths.
    skus: Vec<String>,
}

/// What is decided of a chunk.
#[derive(Default)]
struct Decided {
    chunk: Chunk,
    products: Vec<Product>,
    levels: Vec<Level>,
    events: Vec<Event>,
    before: Vec<Value>,
    after: Vec<Value>,
    errors: Vec<LineError>,
    bytes: usize,
}

/// What the lines of a chunk have, each of which a commit has once.
#[derive(Default)]
struct Seen {
    ids: BTreeSet<ProductId>,
    handles: BTreeSet<String>,
    skus: BTreeSet<String>,
    /// Of their sources.
    bytes: usize,
}

/// What a line says.
enum Said<'a> {
    Nothing,
    Wrong(Vec<Fault>),
    /// What is there already.
    Known,
    /// A change of what a line before would have made, and only a dry run has not.
    Unjudged,
    Draft(Box<Draft<'a>>),
}

/// A product to be written.
struct Draft<'a> {
    there: Option<&'a KnownProduct>,
    /// The id that it would have got from a line before, in a dry run.
    made: Option<ProductId>,
    was: Option<Source>,
    source: Source,
    /// The source as JSON, without the lowest prices before the reductions that begin with it.
    text: String,
    reduces: bool,
    removed_variants: Vec<VariantId>,
}

/// What was read for a chunk.
struct Known {
    currency: Currency,
    /// The store's further currencies.
    further: Vec<Currency>,
    /// By what the lines name: ids and handles.
    products: BTreeMap<String, KnownProduct>,
    /// What names the products that would have been too much to read at once.
    unread: BTreeSet<String>,
    /// In a dry run, ids of the products that lines before have made or called so, by their handles.
    claimed: BTreeMap<String, String>,
    /// Ids by what the lines name: ids and paths.
    categories: BTreeMap<String, String>,
    files: Option<Rows>,
    /// Files that attributes refer to, what is there already among them.
    shown: FilesShown,
    attributes: Attributes,
    /// What attributes may refer to, of what the lines name.
    referenced: BTreeSet<String>,
    /// Ids of the store's channels, by their handles.
    channels: BTreeMap<String, String>,
    /// The store's locales, where a line says something in one.
    locales: Option<Rows>,
}

/// Takes the lines that go into one commit, the first one at least. `refused` are those that are known to be wrong.
pub async fn write(
    ctx: &Ctx,
    job: &Job,
    part: &Part,
    lines: Vec<Line>,
    refused: &BTreeMap<i64, Vec<Fault>>,
) -> Outcome<Written> {
    let tenant = ctx.tenant();
    let known = read(ctx, job, &lines, refused).await?;
    let (mut seen, mut taken) = (Seen::default(), Vec::with_capacity(lines.len()));
    for line in &lines {
        let said = match (&line.json, refused.get(&line.number)) {
            (None, _) => Some(Said::Nothing),
            (Some(_), Some(faults)) | (Some(Err(faults)), None) => Some(Said::Wrong(faults.clone())),
            (Some(Ok(json)), None) => seen.read(ctx, job.mode, &known, json)?,
        };
        // It belongs into the next commit.
        let Some(said) = said else { break };
        taken.push((line, said));
    }
    let reducing = taken.iter_mut().filter_map(|(_, said)| match said {
        Said::Draft(draft) if draft.reduces => Some(&mut **draft),
        _ => None,
    });
    settle_prices(ctx, &mut reducing.collect::<Vec<_>>()).await?;
    let mut decided = Decided::default();
    let mut further = Part { is_stored: true, ..part.clone() };
    for (line, said) in taken {
        let counts = &mut further.counts;
        let faults = match said {
            Said::Nothing => None,
            Said::Wrong(faults) => Some(faults),
            Said::Known => {
                counts.unchanged = counts.unchanged.saturating_add(1);
                None
            }
            Said::Unjudged => {
                counts.updated = counts.updated.saturating_add(1);
                None
            }
            Said::Draft(draft) => {
                let is_first = draft.there.is_none() && draft.made.is_none();
                let count = if is_first { &mut counts.created } else { &mut counts.updated };
                match decided.add(ctx, &known, line.number, *draft)? {
                    Ok(false) => break,
                    Ok(true) => {
                        *count = count.saturating_add(1);
                        None
                    }
                    Err(faults) => Some(faults),
                }
            }
        };
        if let Some(faults) = faults {
            if counts.failed < MOST_LISTED {
                decided.errors.push(LineError { part: part.number, line: line.number, errors: told(faults) });
            }
            counts.failed = counts.failed.saturating_add(1);
        }
        counts.lines = line.number;
        further.bytes_done = i64::try_from(line.end).unwrap_or(i64::MAX);
    }
    let mut commit = Commit::new();
    commit.push(store::guard_open(tenant, job.id));
    let [advance_part, guard] = store::advance(tenant, job.id, &further, part.bytes_done);
    commit.push(advance_part);
    let guards = commit.push(guard);
    if !decided.errors.is_empty() {
        commit.push(store::insert_errors(tenant, job.id, part.number, &decided.errors));
    }
    let mut advance = None;
    let writes = !decided.products.is_empty();
    if writes && job.dry_run {
        if let Some(refused) = try_out(ctx, job, &decided).await? {
            return Ok(refused);
        }
        let claims = decided.claims();
        commit.push(store::claim(tenant, job.id, &claims));
        commit.push_diagnosis(store::claims_of_others(tenant, job.id, &claims));
    } else if writes {
        advance = Some(decided.write(ctx, job, &mut commit).await?);
    }
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            if let Some(advance) = advance {
                catalog::written(ctx, &rows, advance)?;
            }
            Ok(Written::Done(further))
        }
        Committed::Refused { refusal: Refusal::Other(message), .. } => {
            Err(Failure::Unavailable(SqlError::Statement(message).into()))
        }
        Committed::Refused { statement, .. } if statement <= guards => Ok(Written::Raced),
        Committed::Refused { refusal, diagnosis, .. } => {
            let taken = if job.dry_run { claimed_of } else { catalog::taken_by_others_of };
            decided.refused(&refusal, diagnosis.first().map(taken).transpose()?.unwrap_or_default())
        }
    }
}

/// Makes the commit of the products up to its end and has it taken back. Answers why it was refused before.
async fn try_out(ctx: &Ctx, job: &Job, decided: &Decided) -> Outcome<Option<Written>> {
    let mut commit = Commit::new();
    let _taken_back = decided.write(ctx, job, &mut commit).await?;
    let last = commit.push(store::take_back());
    match ctx.commit(&commit).await? {
        Committed::Refused { statement, .. } if statement == last => Ok(None),
        Committed::Refused { refusal, diagnosis, .. } => {
            let taken = diagnosis.first().map(catalog::taken_by_others_of).transpose()?.unwrap_or_default();
            decided.refused(&refusal, taken).map(Some)
        }
        Committed::Done { .. } => Err(Unavailable::corrupt("what was only tried was written").into()),
    }
}

/// What other products of a dry run would have.
fn claimed_of(rows: &Rows) -> Result<TakenByOthers, SqlError> {
    let mut taken = TakenByOthers::default();
    for Claimed { what, value, .. } in store::claims_of(rows)? {
        match what {
            What::Handle => taken.handles.insert(value),
            What::Sku => taken.skus.insert(value),
        };
    }
    Ok(taken)
}

/// In a dry run, the products that lines before have made or called so.
async fn claimed(ctx: &Ctx, job: &Job, handles: &[&str]) -> Outcome<BTreeMap<String, String>> {
    if !job.dry_run {
        return Ok(BTreeMap::new());
    }
    let of = |handle: &&str| Claimed { what: What::Handle, value: (*handle).to_owned(), product: String::new() };
    let handles: Vec<Claimed> = handles.iter().map(of).collect();
    let rows = ctx.read(vec![store::claims_of_others(ctx.tenant(), job.id, &handles)]).await?;
    let claims = rows.first().map(store::claims_of).transpose()?.unwrap_or_default();
    Ok(claims.into_iter().map(|claim| (claim.value, claim.product)).collect())
}

async fn read(ctx: &Ctx, job: &Job, lines: &[Line], refused: &BTreeMap<i64, Vec<Fault>>) -> Outcome<Known> {
    let tenant = ctx.tenant();
    let is_read = |line: &&Line| !refused.contains_key(&line.number);
    let all = || lines.iter().filter(is_read).filter_map(|line| line.json.as_ref()?.as_ref().ok());
    let texts = |name: &str| -> Vec<&str> {
        let named: BTreeSet<&str> = all().filter_map(|json| json.get(name)?.as_str()).map(str::trim).collect();
        named.into_iter().collect()
    };
    // In the order of the lines: those of the first ones are read.
    let named = all().flat_map(|json| ["id", "handle"].into_iter().filter_map(move |name| json.get(name)?.as_str()));
    let named: Vec<&str> = named.map(str::trim).collect();
    let claimed = claimed(ctx, job, &named).await?;
    let mut seen = BTreeSet::new();
    let keys = named.into_iter().flat_map(|key| [Some(key), claimed.get(key).map(String::as_str)]).flatten();
    let keys: Vec<&str> = keys.filter(|key| seen.insert(*key)).collect();
    let mut reads = vec![
        catalog::products_named(tenant, &keys),
        catalog::categories_named(tenant, &texts("category")),
        pictures::files(ctx, all()),
        catalog::currencies(tenant),
        catalog::all_channels(tenant),
    ];
    reads.extend(catalog::attribute_reads(tenant, all()));
    if all().any(|json| json.get("translations").is_some_and(|translations| !translations.is_null())) {
        reads.push(organizations::locales(tenant));
    }
    let mut rows = ctx.read(reads).await?.into_iter();
    let currency = ctx.principal().await?.currency;
    let (products, unread) = rows.next().as_ref().map(catalog::products_named_of).transpose()?.unwrap_or_default();
    let categories = rows.next().as_ref().map(catalog::categories_named_of).transpose()?.unwrap_or_default();
    let files = rows.next();
    let (_, further) = catalog::currencies_of(rows.next().as_ref())?;
    let channels = catalog::channel_ids(rows.next().as_ref())?;
    let attributes = Attributes::of(rows.next().as_ref(), currency)?;
    let referenced = catalog::referenced(rows.next().as_ref(), pictures::ids_of(files.as_ref())?)?;
    let locales = rows.next();
    let mut kept = BTreeSet::new();
    let has_files = attributes.definitions.have_files();
    for there in products.values().filter(|there| has_files && there.source.contains("\"file_")) {
        let source = catalog::source_of(&there.source, None, currency)?;
        kept.extend(attributes.definitions.files(source.attribute_values()));
    }
    let shown = catalog::files_shown(ctx, files.as_ref(), kept).await?;
    Ok(Known {
        currency,
        further,
        products,
        unread,
        claimed,
        categories,
        files,
        shown,
        attributes,
        referenced,
        channels,
        locales,
    })
}

/// Looks up what the reductions that begin are measured against, of all of them at once.
async fn settle_prices(ctx: &Ctx, drafts: &mut [&mut Draft<'_>]) -> Outcome<()> {
    let mut sources: Vec<_> = drafts
        .iter_mut()
        .map(|draft| {
            let Draft { source, was, .. } = &mut **draft;
            (source, was.as_ref())
        })
        .collect();
    catalog::settle_prices(ctx, &mut sources).await?;
    for draft in drafts {
        draft.text = serde_json::to_string(&draft.source).map_err(not_rendered)?;
    }
    Ok(())
}

impl Seen {
    /// `None`: it has to wait for what was read before to be written.
    fn read<'a>(&mut self, ctx: &Ctx, mode: Mode, known: &'a Known, given: &Value) -> Outcome<Option<Said<'a>>> {
        let wrong = |faults| Ok(Some(Said::Wrong(faults)));
        let fault = |path: &str, reason: String| Fault { path: path.to_owned(), reason };
        let (mut given, mut faults) = pictures::with_files(ctx, given, known.files.as_ref())?;
        let id = given.as_object_mut().and_then(|members| members.remove("id")).filter(|id| !id.is_null());
        let key = match (&id, given.get("handle").and_then(Value::as_str)) {
            (Some(id), _) => id.as_str().unwrap_or_default().trim().to_owned(),
            (None, Some(handle)) => handle.trim().to_owned(),
            (None, None) => {
                faults.push(fault("handle", "is required where there is no id: it says which product it is".into()));
                String::new()
            }
        };
        let claimed = known.claimed.get(&key);
        if known.unread.contains(&key) || claimed.is_some_and(|id| known.unread.contains(id)) {
            return Ok(None);
        }
        let there = known.products.get(&key).or_else(|| known.products.get(claimed?));
        if id.is_some() && there.is_none_or(|there| there.id.to_string() != key) {
            return wrong(vec![fault("id", "is no product of this store".into())]);
        }
        if there.is_some_and(|there| self.ids.contains(&there.id)) || self.handles.contains(&key) {
            return Ok(None);
        }
        let made: Option<ProductId> = match claimed.filter(|_| there.is_none()) {
            Some(id) => Some(id.parse().map_err(|_| Unavailable::corrupt("the id of a product of a dry run"))?),
            None => None,
        };
        if made.is_some() && mode == Mode::Merge {
            faults.extend(unknown_members(&given));
            faults.extend(known.attributes.definitions.unknown_in(&given));
            if !faults.is_empty() {
                return wrong(faults);
            }
            // What it changes is nowhere: it can be judged where it says all that there is of the product.
            if !given.get("variants").is_some_and(Value::is_array) || Source::read(&given, known.currency).is_err() {
                return Ok(Some(Said::Unjudged));
            }
        }
        let known_source =
            |there: &KnownProduct| catalog::source_of(&there.source, there.category.as_deref(), known.currency);
        let was = there.map(known_source).transpose()?;
        let json = match (&was, mode) {
            (Some(was), Mode::Merge) => {
                let mut json = serde_json::to_value(was).map_err(not_rendered)?;
                faults.extend(unknown_members(&given));
                faults.extend(known.attributes.definitions.unknown_in(&given));
                merge_patch(&mut json, &given);
                json
            }
            (Some(was), Mode::Replace) => {
                if let Some(members) = given.as_object_mut() {
                    members.entry("handle").or_insert_with(|| was.handle.as_str().into());
                }
                given
            }
            (None, _) => given,
        };
        let mut source = match Source::read(&json, known.currency) {
            Ok(source) if faults.is_empty() => source,
            read => {
                let found = read.err().unwrap_or_default();
                faults.retain(|fault| !found.contains(fault));
                faults.extend(found);
                return wrong(faults);
            }
        };
        faults.extend(source.foreign_ids(was.as_ref()));
        faults.extend(source.foreign_prices(was.as_ref(), &known.further));
        faults.extend(source.settle_channels(&known.channels));
        faults.extend(known.attributes.settle(&mut source, was.as_ref(), &known.referenced));
        let kept = was.as_ref().and_then(|was| was.category.as_ref());
        if let Some(category) = source.category.clone().filter(|category| kept != Some(category)) {
            source.category = known.categories.get(&category).cloned();
            if source.category.is_none() {
                faults.push(fault("category", "there is no such category".into()));
            }
        }
        let is_there = |locale| was.as_ref().is_some_and(|was| was.translations.contains_key(locale));
        if !source.translations.keys().all(is_there) {
            let locales = known.locales.as_ref().map(organizations::locales_of).transpose()?.flatten();
            faults.extend(source.foreign_locales(was.as_ref(), &locales.ok_or(Failure::NotFound)?));
        }
        if !faults.is_empty() {
            return wrong(faults);
        }
        let skus: Vec<String> = source.variants.iter().map(|variant| variant.sku.to_string()).collect();
        let handle = source.handle.to_string();
        let is_renamed = was.as_ref().is_some_and(|was| was.handle != source.handle);
        if skus.iter().any(|sku| self.skus.contains(sku)) || (is_renamed && self.handles.contains(&handle)) {
            return Ok(None);
        }
        let removed_variants = source.settle(was.as_ref(), Likeness::Sku, ctx.now, &mut || ctx.random())?;
        let text = serde_json::to_string(&source).map_err(not_rendered)?;
        // Where a reduction begins, it is another price.
        if there.is_some_and(|there| there.hash == catalog::hash(&text)) {
            return Ok(Some(Said::Known));
        }
        let bytes = self.bytes.saturating_add(text.len());
        if 0 < self.bytes && MOST_BYTES < bytes {
            return Ok(None);
        }
        self.bytes = bytes;
        self.ids.extend(there.map(|there| there.id));
        self.handles.extend(was.as_ref().map(|was| was.handle.to_string()));
        self.handles.insert(handle);
        self.skus.extend(skus);
        let reduces = !source.reductions_begun(was.as_ref()).is_empty();
        Ok(Some(Said::Draft(Box::new(Draft { there, made, was, source, text, reduces, removed_variants }))))
    }
}

impl Decided {
    /// Adds a line's product. `false`: the commit has no room for it any more.
    fn add(&mut self, ctx: &Ctx, known: &Known, line: i64, draft: Draft<'_>) -> Outcome<Result<bool, Vec<Fault>>> {
        let Draft { there, made, was, source, text, removed_variants, .. } = draft;
        let handle = source.handle.to_string();
        let skus = source.variants.iter().map(|variant| variant.sku.to_string()).collect();
        let is_renamed = was.as_ref().is_some_and(|was| was.handle != source.handle);
        let standing = Standing {
            id: there.map(|there| there.id).or(made).map_or_else(|| ctx.new_id(), Ok)?,
            version: there.map_or(1, |there| there.version.saturating_add(1)),
            created_at: there.map_or(ctx.now, |there| there.created_at),
            updated_at: ctx.now,
            is_new: there.is_none(),
        };
        let declared = Declared { definitions: &known.attributes.definitions, files: &known.shown };
        let rows =
            catalog::render(&source, was.as_ref(), text, &standing, known.currency, &declared).map_err(not_rendered)?;
        let size = rows.bytes();
        if MOST_BYTES_ALONE < size {
            return Ok(Err(vec![Fault { path: String::new(), reason: TOO_LARGE.into() }]));
        }
        if !self.products.is_empty() && MOST_BYTES < self.bytes.saturating_add(size) {
            return Ok(Ok(false));
        }
        self.bytes = self.bytes.saturating_add(size);
        let id = standing.id.to_string();
        let before = |id| was.as_ref()?.variants.iter().find(|variant| variant.id == id);
        let counted = source
            .variants
            .iter()
            .filter(|variant| before(variant.id).is_none_or(|before| before.inventory != variant.inventory));
        self.levels.extend(counted.map(|variant| Level::of(&id, variant)));
        if let Some(there) = there {
            self.chunk.updated_products.push(id.clone());
            self.chunk.versions.push(ReadVersion { id: id.clone(), version: there.version });
            self.before.push(json!({ "id": id, "version": there.version }));
        }
        self.after.push(json!({ "id": id, "version": standing.version, "handle": handle }));
        self.events.push(Event {
            id: ctx.new_id()?,
            version: standing.version,
            name: if standing.is_new { "product.created" } else { "product.updated" },
            payload: json!({ "productId": id, "handle": handle }),
            aggregate_id: id.clone(),
        });
        self.chunk.removed_variants.extend(removed_variants.iter().map(ToString::to_string));
        self.chunk.products.push(rows.product);
        self.chunk.variants.extend(rows.variants);
        self.chunk.images.extend(rows.images);
        self.chunk.facets.extend(rows.facets);
        self.chunk.translations.extend(rows.translations);
        self.chunk.files.extend(rows.files);
        for read in known.attributes.guarded(source.attribute_values()) {
            if self.chunk.attributes.iter().all(|there| there.id != read.id) {
                self.chunk.attributes.push(read);
            }
        }
        self.products.push(Product { line, id, handle, is_renamed, is_new: standing.is_new, skus });
        Ok(Ok(true))
    }

    /// Adds the statements that write the products, and answers the number of the one that raises the catalog's version.
    async fn write(&self, ctx: &Ctx, job: &Job, commit: &mut Commit) -> Outcome<Advance> {
        let tenant = ctx.tenant();
        catalog::write(commit, tenant, &self.chunk, ctx.now);
        if !self.levels.is_empty() {
            commit.push(inventory::set_levels(tenant, &self.levels, ctx.now));
        }
        let products = self.chunk.updated_products.clone();
        let touched = Touched { products, lists: true, stock: true, ..Touched::default() };
        let advance = catalog::advance(ctx, commit, touched)?;
        commit.push(journal::events(tenant, "product", &self.events, ctx.now));
        let mut change = Change::new("product.upsert", format!("{} products of {}", self.products.len(), job.id))
            .before(json!({ "products": self.before }))
            .after(json!({ "products": self.after, "removedVariants": self.chunk.removed_variants }));
        if let Some(prices) = catalog::told_prices(&self.chunk.variants) {
            change = change.has("priceChanges", prices);
        }
        commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
        let ids: Vec<&str> = self.products.iter().map(|product| product.id.as_str()).collect();
        let named_anew = self.products.iter().filter(|product| product.is_renamed || product.is_new);
        let handles: Vec<&str> = named_anew.map(|product| product.handle.as_str()).collect();
        let skus: Vec<&str> = self.products.iter().flat_map(|one| &one.skus).map(String::as_str).collect();
        commit.push_diagnosis(catalog::taken_by_others(tenant, &ids, &handles, &skus));
        Ok(advance)
    }

    /// What the products would have that no others can have.
    fn claims(&self) -> Vec<Claimed> {
        let of = |product: &Product| {
            let named = [(What::Handle, &product.handle)].into_iter();
            let named = named.chain(product.skus.iter().map(|sku| (What::Sku, sku)));
            let claimed =
                |(what, value): (What, &String)| Claimed { what, value: value.clone(), product: product.id.clone() };
            named.map(claimed).collect::<Vec<_>>()
        };
        self.products.iter().flat_map(of).collect()
    }

    /// Why the commit was refused: which lines want what others have, or else that somebody was quicker.
    fn refused(&self, refusal: &Refusal, taken: TakenByOthers) -> Outcome<Written> {
        let mut lines = BTreeMap::new();
        for product in &self.products {
            let mut faults = Vec::new();
            let is_taken = taken.handles.contains(&product.handle);
            if is_taken && product.is_new {
                // Made meanwhile, by somebody else: now it is there to be changed.
                return Ok(Written::Raced);
            }
            if is_taken && product.is_renamed {
                faults.push(Fault { path: "handle".into(), reason: "another product has this handle".into() });
            }
            for (at, sku) in product.skus.iter().enumerate().filter(|(_, sku)| taken.skus.contains(*sku)) {
                let reason = format!("a variant of another product has the SKU {sku}");
                faults.push(Fault { path: format!("variants/{at}/sku"), reason });
            }
            if !faults.is_empty() {
                lines.insert(product.line, faults);
            }
        }
        if !lines.is_empty() {
            return Ok(Written::Taken(lines));
        }
        let (is_race, is_unique) = match refusal {
            Refusal::Busy(_) => (true, false),
            Refusal::Constraint { constraint, message } => (
                // Its category may have been given up, or its file.
                *constraint == Constraint::ForeignKey || message.contains("what = ''") || message == "FILE_NOT_READY",
                *constraint == Constraint::Unique,
            ),
            Refusal::Other(_) => (false, false),
        };
        match self.products.as_slice() {
            _ if is_race => Ok(Written::Raced),
            // One line stops no other.
            [only] => {
                let is_taken = is_unique || refusal.is_raised("HANDLE_TAKEN");
                let reason = if is_taken { "another product has a handle of it in some locale" } else { "is refused" };
                let reason = reason.to_owned();
                Ok(Written::Taken([(only.line, vec![Fault { path: String::new(), reason }])].into()))
            }
            // One by one they may go well: two may have swapped what only one can have.
            _ => Ok(Written::Taken(BTreeMap::new())),
        }
    }
}

/// A line's faults as a problem names them.
fn told(faults: Vec<Fault>) -> String {
    let one = |fault: Fault| {
        let slash = if fault.path.is_empty() { "" } else { "/" };
        json!({ "pointer": format!("#{slash}{}", fault.path), "detail": fault.reason })
    };
    Value::Array(faults.into_iter().map(one).collect()).to_string()
}

fn not_rendered<E>(error: serde_json::Error) -> Failure<E> {
    Failure::Unavailable(Unavailable::Corrupt(error.to_string()))
}
