//! Importing: read what is there, decide, commit, some hundred products at a time.
//!
//! Each chunk is one commit, and importing it again changes nothing: an import that broke off is begun
//! again from the start. What takes over a SKU of a product that is still to come is written last.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::time::Duration;

use headlesspro_shared::catalog::import::{
    EncodingError, ImportError, ImportReader, Parsed, ParsedProduct, RowError, RowWarning,
};
use headlesspro_shared::catalog::source::{Likeness, Source};
use headlesspro_shared::catalog::tree::MOST_CATEGORIES;
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::CategoryId;
use headlesspro_shared::kernel::money::Currency;
use serde_json::json;

use super::lot::{Lot, MOST_BYTES_ALONE, is_too_large};
use super::place::Place;
use crate::app::Ctx;
use crate::catalog::{
    self, Advance, Attributes, CategoryRow, Chunk, Declared, KnownChunk, ReadVersion, Standing, Touched,
};
use crate::failure::{Failure, Unavailable};
use crate::inventory::{self, Level};
use crate::journal::{self, Change, Event};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, SqlError};

/// Products a commit: large enough to spread the round trip and to change a page of an index once for several of
/// them, small enough for a request's memory.
const CHUNK_PRODUCTS: usize = 400;

/// Bytes of several products in one commit: what a lot is held to, with room for what products keep.
const MOST_BYTES: usize = 6 << 20;

/// Products that wait for the end of the file. They keep to a chunk's measure, since they are written in one commit.
const HELD_PRODUCTS: usize = 500;

/// More errors, or warnings, than these are counted, not listed.
const LISTED: usize = 1_000;

/// Of a column.
pub const NOT_IMPORTED: &str = "is not a column that is imported";

/// Other imports may write the same products between our read and our commit; then we read again, each time after a
/// pause of up to so many milliseconds. Without the last of these we would give up.
const PAUSES: [u64; 7] = [50, 100, 200, 400, 800, 1_600, 2_000];

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub products: Counts,
    pub variants_written: u64,
    pub variants_removed: u64,
    /// The first thousand.
    pub errors: Vec<RowError>,
    pub error_count: u64,
    /// The first thousand.
    pub warnings: Vec<RowWarning>,
    pub warning_count: u64,
    /// Where the same file goes on; `None`: all of it is in.
    pub next: Option<Place>,
}

/// How a file is imported.
#[derive(Debug, Default)]
pub struct How {
    /// Everything is decided and nothing written.
    pub dry_run: bool,
    /// What comes before is in already.
    pub from: Place,
    /// After so long no further commit is begun. `None`: it takes what it takes.
    pub works_for_millis: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// Left out because of an error.
    pub failed: u64,
}

impl Counts {
    pub fn total(self) -> u64 {
        self.created.saturating_add(self.updated).saturating_add(self.unchanged).saturating_add(self.failed)
    }
}

/// Imports what `reader` has from `how.from` on, as far as it comes in the time it has: one chunk at least. `progress`
/// is told after each chunk.
///
/// # Errors
/// [`ImportError`] when the file is no product file from its start. One that breaks off later ends the report.
pub async fn import<R: Read>(
    ctx: &Ctx,
    mut reader: ImportReader<R>,
    how: How,
    mut progress: impl FnMut(&Report),
) -> Result<Report, Failure<ImportError>> {
    let How { dry_run, from, works_for_millis } = how;
    let currency = ctx.principal().await?.currency;
    // What a replica says may look as if it were written already.
    let current = (!dry_run).then(|| ctx.clone().reading_what_is_current());
    let ctx = current.as_ref().unwrap_or(ctx);
    let mut import = Import {
        ctx,
        currency,
        dry_run,
        sku_owners: HashMap::new(),
        accepted: HashSet::new(),
        sku_column: reader.sku_column().to_owned(),
        held: Lot::default(),
        is_ending: false,
        report: Report::default(),
    };
    let mut chunk = Lot::default();
    for column in reader.ignored_columns().iter().filter(|_| from.line == 0) {
        let reason = NOT_IMPORTED.to_owned();
        import.warn([RowWarning { line: 1, column: Some(column.clone()), reason, handle: None }]);
    }
    while let Some(parsed) = reader.next() {
        let (product, warnings) = match parsed {
            // The good products before it are in, so it is the report that says where the file went wrong.
            Err(error) if !chunk.is_empty() || 0 < import.report.products.total() || 0 < from.line => {
                import.refuse(vec![ending(&error, reader.line())]);
                break;
            }
            Err(error) => return Err(Failure::Rejected(error)),
            Ok(Parsed::Refused { errors }) => {
                if errors.iter().all(|error| from.line <= error.line) {
                    import.refuse(errors);
                }
                continue;
            }
            Ok(Parsed::Product { product, .. }) if product.line < from.line => {
                import.pass(*product, &from);
                continue;
            }
            Ok(Parsed::Product { product, warnings }) => (*product, warnings),
        };
        if is_too_large(&product) {
            import.warn(warnings);
            import.refuse(vec![too_large(&product)]);
            continue;
        }
        if !chunk.has_room(&product, CHUNK_PRODUCTS) {
            import.chunk(chunk.take()).await?;
            progress(&import.report);
            let elapsed = ctx.app().clock.now().millis().saturating_sub(ctx.now.millis());
            if works_for_millis.is_some_and(|most| most < elapsed) {
                import.report.next = Some(Place { line: product.line, held: import.held.lines().collect() });
                return Ok(import.report);
            }
        }
        // Of the one at which a request stops, the next one tells.
        import.warn(warnings);
        chunk.push(product);
    }
    import.chunk(chunk.take()).await?;
    import.is_ending = true;
    let held = import.held.take();
    import.chunk(held).await?;
    // Those of the products that waited stand where the file has them.
    import.report.errors.sort_by_key(|error| error.line);
    progress(&import.report);
    Ok(import.report)
}

/// What ended a file early, as the last of its errors. `reached` is the line on which the unread row starts.
fn ending(error: &ImportError, reached: u64) -> RowError {
    let line = match error {
        ImportError::RowTooLong { line } | ImportError::Encoding(EncodingError::NotUtf8 { line, .. }) => *line,
        _ => reached,
    };
    RowError { line, column: None, reason: format!("the import ended here: {error}"), handle: None }
}

fn too_large(product: &ParsedProduct) -> RowError {
    let reason = "the texts of the product and its variants are together too large for one commit".to_owned();
    RowError { line: product.line, column: None, reason, handle: Some(product.handle.to_string()) }
}

struct Import<'a> {
    ctx: &'a Ctx,
    currency: Currency,
    dry_run: bool,
    /// The handle that took each SKU in this file.
    sku_owners: HashMap<String, String>,
    /// In a dry run, the handles whose SKUs are those that this file gave them, whatever the database says.
    accepted: HashSet<String>,
    /// As the file's header writes it.
    sku_column: String,
    /// Products whose SKUs others have that may come later in the file, and give them away.
    held: Lot,
    /// Only what was held is left.
    is_ending: bool,
    report: Report,
}

/// What stands in the way of a product.
struct Taken {
    error: RowError,
    sku: String,
    /// The owner may come later in the file.
    may_be_freed: bool,
}

/// Whether somebody else was quicker: the same again may go well.
fn is_race(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Busy(_) => true,
        Refusal::Constraint { constraint, message } => {
            *constraint == Constraint::Unique || message.contains("what = ''")
        }
        Refusal::Other(_) => false,
    }
}

/// A chunk with what the database holds of it.
struct Decided {
    commit: Commit,
    /// The number of the statement that raises the catalog's version, and what it stands for.
    /// `None`: nothing is written.
    advance: Option<Advance>,
    counts: Counts,
    written: u64,
    removed: u64,
    /// As [`catalog::ProductRows::bytes`] counts them.
    bytes: usize,
}

impl Import<'_> {
    fn refuse(&mut self, errors: Vec<RowError>) {
        self.report.products.failed = self.report.products.failed.saturating_add(1);
        for error in errors {
            self.report.error_count = self.report.error_count.saturating_add(1);
            if self.report.errors.len() < LISTED {
                self.report.errors.push(error);
            }
        }
    }

    fn warn(&mut self, warnings: impl IntoIterator<Item = RowWarning>) {
        for warning in warnings {
            self.report.warning_count = self.report.warning_count.saturating_add(1);
            if self.report.warnings.len() < LISTED {
                self.report.warnings.push(warning);
            }
        }
    }

    /// Takes a product that was dealt with before, in another request.
    fn pass(&mut self, product: ParsedProduct, from: &Place) {
        if from.held.contains(&product.line) {
            self.held.push(product);
        } else if self.dry_run {
            // What it was given is in no database.
            self.claim(&product, &[]);
            self.accepted.insert(product.handle.to_string());
        }
    }

    /// Writes them in one commit, or in several: what a product keeps, such as its translations, may be more than what
    /// the file says of it.
    async fn chunk(&mut self, products: Vec<ParsedProduct>) -> Result<(), Failure<ImportError>> {
        let mut lots = vec![products];
        while let Some(lot) = lots.pop() {
            let mut left = self.write(lot).await?;
            if let [only] = left.as_slice() {
                self.refuse(vec![too_large(only)]);
            } else if !left.is_empty() {
                let second = left.split_off(left.len().div_ceil(2));
                lots.extend([second, left]);
            }
        }
        Ok(())
    }

    /// Writes them in one commit. Answers those that are too much for one.
    async fn write(&mut self, mut products: Vec<ParsedProduct>) -> Result<Vec<ParsedProduct>, Failure<ImportError>> {
        let mut last = None;
        for pause in PAUSES {
            if products.is_empty() {
                return Ok(products);
            }
            let known = match self.settled(&mut products).await {
                Err(failure) if failure.is_too_large() => return Ok(products),
                known => known?,
            };
            products = self.with_free_skus(products, &known);
            let are_placed: Vec<bool> = products.iter().map(|product| is_placed(product, &known)).collect();
            let decided = match self.decide(&products, known).await {
                Err(failure) if failure.is_too_large() => return Ok(products),
                decided => decided?,
            };
            if (if products.len() == 1 { MOST_BYTES_ALONE } else { MOST_BYTES }) < decided.bytes {
                return Ok(products);
            }
            if !self.dry_run && !decided.commit.statements().is_empty() {
                let committed = match self.ctx.commit(&decided.commit).await.map_err(Failure::from) {
                    Err(failure) if failure.is_too_large() => return Ok(products),
                    committed => committed?,
                };
                match committed {
                    Committed::Done { rows, .. } => {
                        if let Some(advance) = decided.advance {
                            catalog::written(self.ctx, &rows, advance)?;
                        }
                    }
                    Committed::Refused { refusal: Refusal::Other(message), .. } => {
                        return Err(Failure::Unavailable(SqlError::Statement(message).into()));
                    }
                    Committed::Refused { refusal, .. } if refusal.is_raised("CATEGORY_COUNT") => {
                        products = self.without_new_categories(products, &are_placed);
                        continue;
                    }
                    Committed::Refused { refusal, .. } => {
                        last = Some(refusal);
                        self.pause(pause).await?;
                        continue;
                    }
                }
            }
            let (sum, counts) = (&mut self.report.products, decided.counts);
            sum.created = sum.created.saturating_add(counts.created);
            sum.updated = sum.updated.saturating_add(counts.updated);
            sum.unchanged = sum.unchanged.saturating_add(counts.unchanged);
            self.report.variants_written = self.report.variants_written.saturating_add(decided.written);
            self.report.variants_removed = self.report.variants_removed.saturating_add(decided.removed);
            return Ok(Vec::new());
        }
        Err(Failure::Unavailable(match last {
            Some(refusal) if !is_race(&refusal) => Unavailable::Corrupt(format!("an import was refused: {refusal:?}")),
            _ => Unavailable::Contended,
        }))
    }

    /// Leaves out the products whose category is not there: the store can have no more of them.
    fn without_new_categories(&mut self, products: Vec<ParsedProduct>, are_placed: &[bool]) -> Vec<ParsedProduct> {
        let mut left = Vec::with_capacity(products.len());
        for (product, is_placed) in products.into_iter().zip(are_placed) {
            if *is_placed {
                left.push(product);
                continue;
            }
            let reason = format!("the store has {MOST_CATEGORIES} categories, and can have no more");
            let handle = Some(product.handle.to_string());
            self.refuse(vec![RowError { line: product.line, column: None, reason, handle }]);
        }
        left
    }

    /// Half of `millis` and up to as much again: who lost together shall not meet again.
    async fn pause(&self, millis: u64) -> Result<(), Failure<ImportError>> {
        let [random, ..] = self.ctx.random()?;
        let half = millis.saturating_div(2);
        let spread = half.saturating_mul(u64::from(random)).saturating_div(255);
        self.ctx.app().clock.sleep(Duration::from_millis(half.saturating_add(spread))).await;
        Ok(())
    }

    /// Gives another SKU to variants whose cell is empty, where somebody has the one that was made up for them.
    /// Whether there were any.
    fn give_way(&self, products: &mut [ParsedProduct], known: &KnownChunk) -> bool {
        let taken = self.taken(products, known);
        let mut has_changed = false;
        for (product, taken) in products.iter_mut().zip(taken) {
            for Taken { sku, .. } in taken {
                has_changed |= product.give_way(&sku);
            }
        }
        has_changed
    }

    /// What is known of the products, none of whose SKUs was made up for it and is another's.
    async fn settled(&self, products: &mut [ParsedProduct]) -> Result<KnownChunk, Failure<ImportError>> {
        let known = self.known(products).await?;
        if self.give_way(products, &known) { self.known(products).await } else { Ok(known) }
    }

    async fn known(&self, products: &[ParsedProduct]) -> Result<KnownChunk, Failure<ImportError>> {
        let handles: Vec<String> = products.iter().map(|product| product.handle.to_string()).collect();
        let skus: Vec<String> =
            products.iter().flat_map(|product| &product.variants).map(|variant| variant.sku.to_string()).collect();
        let mut paths: Vec<String> = products.iter().flat_map(category_steps).map(|step| step.path).collect();
        paths.sort();
        paths.dedup();
        let rows = self.ctx.read(catalog::known(self.ctx.tenant(), &handles, &skus, &paths)).await?;
        Ok(catalog::known_of(&rows)?)
    }

    /// Leaves out the products that name another product's SKU.
    ///
    /// A SKU is free when its owner is written in the same commit and names it no more: two products may swap
    /// theirs. When the owner may come later in the file, the product waits for the file's end, so that a SKU can
    /// move whichever of the two comes first. Only [`HELD_PRODUCTS`] can wait; of the rest, the row that gives a SKU
    /// away must come before the row that takes it.
    fn with_free_skus(&mut self, mut products: Vec<ParsedProduct>, known: &KnownChunk) -> Vec<ParsedProduct> {
        // Here a handle is known that is another product's in some locale, where it must find one of them only.
        products.retain(|product| {
            let handle = product.handle.as_str();
            let owner = known.translated_handles.get(handle).filter(|owner| *owner != handle);
            let of_product = owner.map(|owner| format!("the handle is that of the product {owner} in another locale"));
            let reason = of_product.or_else(|| {
                let steps = category_steps(product).into_iter();
                let step =
                    steps.filter(|_| !stays(product, known)).find(|step| known.taken_paths.contains(&step.path))?;
                Some(format!("a category cannot be at {}: another one is called so in another locale", step.path))
            });
            let error = reason.map(|reason| RowError {
                line: product.line,
                column: None,
                reason,
                handle: Some(handle.to_owned()),
            });
            let is_free = error.is_none();
            error.into_iter().for_each(|error| self.refuse(vec![error]));
            is_free
        });
        // Each product that is left out keeps its SKUs, which others may have counted on.
        loop {
            let taken = self.taken(&products, known);
            if taken.iter().all(Vec::is_empty) {
                break;
            }
            let mut left = Vec::with_capacity(products.len());
            for (product, taken) in products.into_iter().zip(taken) {
                let may_wait = !self.is_ending && taken.iter().all(|taken| taken.may_be_freed);
                if taken.is_empty() {
                    left.push(product);
                } else if may_wait && self.held.has_room(&product, HELD_PRODUCTS) {
                    self.claim(&product, &taken);
                    self.held.push(product);
                } else {
                    self.refuse(taken.into_iter().map(|taken| taken.error).collect());
                }
            }
            products = left;
        }
        for product in &products {
            self.claim(product, &[]);
            if self.dry_run {
                self.accepted.insert(product.handle.to_string());
            }
        }
        products
    }

    /// Of each product, the SKUs that others have.
    fn taken(&self, products: &[ParsedProduct], known: &KnownChunk) -> Vec<Vec<Taken>> {
        let named: HashMap<&str, HashSet<&str>> = products
            .iter()
            .map(|product| {
                let skus = product.variants.iter().map(|variant| variant.sku.as_str()).collect();
                (product.handle.as_str(), skus)
            })
            .collect();
        let given: HashMap<&str, &str> = products
            .iter()
            .flat_map(|product| product.variants.iter().map(|variant| (product.handle.as_str(), variant)))
            .filter(|(_, variant)| !variant.sku_synthesised)
            .map(|(handle, variant)| (variant.sku.as_str(), handle))
            .collect();
        // The first in the file has it, but a SKU that was made up is for whoever names it.
        let mut claims: HashMap<&str, &str> = HashMap::new();
        let mut all = Vec::with_capacity(products.len());
        for product in products {
            let handle = product.handle.as_str();
            let mut taken = Vec::new();
            for variant in &product.variants {
                let sku = variant.sku.as_str();
                let named_by = given.get(sku).copied().filter(|owner| variant.sku_synthesised && *owner != handle);
                let claimed = named_by.or_else(|| claims.get(sku).copied());
                let in_file = claimed.or_else(|| self.sku_owners.get(sku).map(String::as_str));
                let in_store = known.sku_owners.get(sku).map(String::as_str);
                let (owner, may_be_freed) = match (in_file, in_store) {
                    (Some(owner), _) => (owner, false),
                    (None, Some(owner)) => match named.get(owner) {
                        Some(names) if !names.contains(sku) => continue,
                        Some(_) => (owner, false),
                        None if self.accepted.contains(owner) => continue,
                        None => (owner, true),
                    },
                    (None, None) => continue,
                };
                if owner != handle {
                    let error = RowError {
                        line: variant.line,
                        column: Some(self.sku_column.clone()),
                        reason: format!("the SKU {sku} belongs to the product {owner}"),
                        handle: Some(handle.to_owned()),
                    };
                    taken.push(Taken { error, sku: sku.to_owned(), may_be_freed });
                }
            }
            if taken.is_empty() {
                claims.extend(product.variants.iter().map(|variant| (variant.sku.as_str(), handle)));
            }
            all.push(taken);
        }
        all
    }

    /// From here on, the SKUs of `product` that nobody else has are its own in this file.
    fn claim(&mut self, product: &ParsedProduct, taken: &[Taken]) {
        for variant in &product.variants {
            let sku = variant.sku.as_str();
            if taken.iter().all(|taken| taken.sku != sku) {
                self.sku_owners.insert(sku.to_owned(), product.handle.to_string());
            }
        }
    }

    async fn decide(&self, products: &[ParsedProduct], known: KnownChunk) -> Result<Decided, Failure<ImportError>> {
        let (ctx, tenant) = (self.ctx, self.ctx.tenant());
        // What a file keeps of attributes is in use: none of them becomes another type meanwhile, or is deleted.
        let attributes = Attributes::of(known.attributes.as_ref(), self.currency)?;
        let mut categories = known.categories;
        let mut chunk = Chunk::default();
        let mut stock: Vec<Level> = Vec::new();
        let mut events = Vec::new();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut counts = Counts::default();
        let mut sources = Vec::with_capacity(products.len());
        for parsed in products {
            let there = known.products.get(parsed.handle.as_str());
            let was = there
                .map(|there| catalog::source_of(&there.source, there.category.as_deref(), self.currency))
                .transpose()?;
            let category = match &was {
                Some(was) if keeps_category(parsed, &was.product_type) => was.category.clone(),
                _ => self.category(parsed, &mut categories, &mut chunk.categories)?.map(|id| id.to_string()),
            };
            let mut source = Source::of_import(parsed, category);
            let removed = source.settle(was.as_ref(), Likeness::Options, ctx.now, &mut || ctx.random())?;
            if let Some(was) = &was {
                source.keep(was);
            }
            sources.push((parsed, there, source, was, removed));
        }
        let mut priced: Vec<_> = sources.iter_mut().map(|(_, _, source, was, _)| (source, was.as_ref())).collect();
        catalog::settle_prices(ctx, &mut priced).await?;
        let referred =
            sources.iter().flat_map(|(_, _, source, ..)| attributes.definitions.files(source.attribute_values()));
        let files = catalog::files_shown(ctx, None, referred.collect()).await?;
        let declared = Declared { definitions: &attributes.definitions, files: &files };
        let mut bytes = 0_usize;
        for (parsed, there, source, was, removed) in sources {
            let json = serde_json::to_string(&source).map_err(not_rendered)?;
            if there.is_some_and(|there| there.hash == catalog::hash(&json)) {
                counts.unchanged = counts.unchanged.saturating_add(1);
                continue;
            }
            let standing = Standing {
                id: there.map_or_else(|| ctx.new_id(), |there| Ok(there.id))?,
                version: there.map_or(1, |there| there.version.saturating_add(1)),
                created_at: there.map_or(ctx.now, |there| there.created_at),
                updated_at: ctx.now,
                is_new: there.is_none(),
            };
            let rows = catalog::render(&source, was.as_ref(), json, &standing, self.currency, &declared);
            let rows = rows.map_err(not_rendered)?;
            bytes = bytes.saturating_add(rows.bytes());
            let id = standing.id.to_string();
            match there {
                None => counts.created = counts.created.saturating_add(1),
                Some(there) => {
                    counts.updated = counts.updated.saturating_add(1);
                    chunk.updated_products.push(id.clone());
                    chunk.versions.push(ReadVersion { id: id.clone(), version: there.version });
                    before.push(json!({ "id": id, "version": there.version }));
                }
            }
            events.push(event(ctx.new_id()?, &standing, parsed));
            after.push(json!({ "id": id, "version": standing.version, "handle": parsed.handle.as_str() }));
            chunk.removed_variants.extend(removed.iter().map(ToString::to_string));
            chunk.products.push(rows.product);
            chunk.variants.extend(rows.variants);
            chunk.images.extend(rows.images);
            chunk.facets.extend(rows.facets);
            chunk.translations.extend(rows.translations);
            chunk.files.extend(rows.files);
            stock.extend(source.variants.iter().map(|variant| Level::of(&id, variant)));
        }
        let written = u64::try_from(chunk.variants.len()).unwrap_or(u64::MAX);
        let removed = u64::try_from(chunk.removed_variants.len()).unwrap_or(u64::MAX);
        let mut commit = Commit::new();
        let mut advance = None;
        if !chunk.products.is_empty() {
            let actor = &ctx.principal().await?.actor;
            let subject = format!(
                "{} products from {}",
                chunk.products.len(),
                products.first().map_or("", |product| product.handle.as_str())
            );
            catalog::write(&mut commit, tenant, &chunk, ctx.now);
            commit.push(inventory::set_levels(tenant, &stock, ctx.now));
            let touched = Touched {
                products: chunk.updated_products.clone(),
                lists: true,
                stock: true,
                categories: !chunk.categories.is_empty(),
                ..Touched::default()
            };
            advance = Some(catalog::advance(ctx, &mut commit, touched)?);
            commit.push(journal::events(tenant, "product", &events, ctx.now));
            let mut after = json!({ "products": after, "removedVariants": chunk.removed_variants });
            if let Some((members, prices)) = after.as_object_mut().zip(catalog::told_prices(&chunk.variants)) {
                members.insert("priceChanges".to_owned(), prices);
            }
            let change = Change::new("catalog.import", subject).before(json!({ "products": before })).after(after);
            commit.push(journal::audit(ctx, ctx.new_id()?, actor, change));
        }
        Ok(Decided { commit, advance, counts, written, removed, bytes })
    }

    /// The product's category; it and its ancestors become rows where they are not there yet.
    fn category(
        &self,
        parsed: &ParsedProduct,
        known: &mut BTreeMap<String, CategoryId>,
        new: &mut Vec<CategoryRow>,
    ) -> Result<Option<CategoryId>, Failure<ImportError>> {
        let mut last: Option<CategoryId> = None;
        for step in category_steps(parsed) {
            let id = match known.get(&step.path) {
                Some(there) => *there,
                None => {
                    let id: CategoryId = self.ctx.new_id()?;
                    known.insert(step.path.clone(), id);
                    let (id_text, parent) = (id.to_string(), last.map(|parent| parent.to_string()));
                    new.push(CategoryRow {
                        id: id_text,
                        parent,
                        path: step.path,
                        handle: step.handle,
                        name: step.name,
                    });
                    id
                }
            };
            last = Some(id);
        }
        Ok(last)
    }
}

/// One node on the way from the root to a product's category.
struct CategoryStep {
    path: String,
    handle: String,
    name: String,
}

/// Whether the product's category is there.
fn is_placed(product: &ParsedProduct, known: &KnownChunk) -> bool {
    stays(product, known) || category_steps(product).last().is_none_or(|step| known.categories.contains_key(&step.path))
}

/// Whether the product is there and keeps its category.
fn stays(product: &ParsedProduct, known: &KnownChunk) -> bool {
    let there = known.products.get(product.handle.as_str());
    there.is_some_and(|there| keeps_category(product, &there.product_type))
}

/// Whether a product stays in the category that it stands in, whichever: the file names none, and the type that stands
/// in for one says nothing new.
fn keeps_category(product: &ParsedProduct, known_type: &str) -> bool {
    product.category_is_type && product.product_type == known_type
}

/// Names without a letter or digit have no handle and are left out.
fn category_steps(product: &ParsedProduct) -> Vec<CategoryStep> {
    let mut path = String::new();
    let mut steps = Vec::new();
    for name in &product.category_path {
        let Some(handle) = Handle::slugify(name) else { continue };
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(handle.as_str());
        steps.push(CategoryStep { path: path.clone(), handle: handle.to_string(), name: name.clone() });
    }
    steps
}

fn event(id: headlesspro_shared::kernel::id::EventId, standing: &Standing, parsed: &ParsedProduct) -> Event {
    let product = standing.id.to_string();
    Event {
        id,
        version: standing.version,
        name: if standing.is_new { "product.created" } else { "product.updated" },
        payload: json!({ "productId": product, "handle": parsed.handle.as_str() }),
        aggregate_id: product,
    }
}

fn not_rendered(error: serde_json::Error) -> Failure<ImportError> {
    Failure::Unavailable(Unavailable::Corrupt(error.to_string()))
}
