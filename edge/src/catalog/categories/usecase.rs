//! Showing, making, changing, moving and deleting categories, and which products stand in them.

use std::convert::Infallible;

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::catalog::attribute::Owner;
use headlesspro_shared::catalog::sitemap::{category_page, segment};
use headlesspro_shared::catalog::tree::{TreeError, level, path_in, place};
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::CategoryId;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use serde_json::{Value as Json, json};

use super::http;
use crate::app::Ctx;
use crate::catalog::attributes::asked;
use crate::catalog::attributes::given::Given;
use crate::catalog::filling;
use crate::catalog::pages::pages_of;
use crate::catalog::presentation::{
    PresentationError, PresentationPatch, handles_taken, say, say_only, tell_attributes, translations_of,
};
use crate::catalog::shown::{Answer, Read, Touched, advance, categories_tag, written};
use crate::catalog::spoken::Spoken;
use crate::catalog::store::addressed;
use crate::catalog::store::category::{self, Category};
use crate::catalog::store::facet::{self, AttributeFilter};
use crate::catalog::store::membership;
use crate::catalog::store::placement::{self, InTheWay, Placed};
use crate::catalog::store::taxonomy::{Presentation, cut, guard_changed};
use crate::catalog::store::{self};
use crate::catalog::usecase::WrongFilter;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, SqlError};

/// What a category or collection is called.
pub type Name = Line<255>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryError {
    Tree(TreeError),
    ParentMissing,
    HandleTaken,
    Presentation(PresentationError),
    TooMany,
    InUse(InTheWay),
    /// Of the request's products, by their ids.
    ProductsMissing(Vec<String>),
    VersionMismatch {
        current: i64,
    },
    Changing,
}

/// Why a handle cannot be a category's.
pub const HANDLE_TAKEN: &str = "another category of the same parent has this handle";

type Outcome<T> = Result<T, Failure<CategoryError>>;

fn rejected<T>(error: CategoryError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

/// A category to be made.
pub struct NewCategory {
    pub name: Name,
    pub handle: Handle,
    pub parent: Option<CategoryId>,
    pub position: i64,
    pub order: ProductOrder,
    pub presentation: PresentationPatch,
}

/// What of a category is to be changed; what is `None` stays.
#[derive(Default)]
pub struct CategoryChange {
    pub name: Option<Name>,
    pub handle: Option<Handle>,
    /// `Some(None)`: it becomes a root.
    pub parent: Option<Option<CategoryId>>,
    pub position: Option<i64>,
    pub order: Option<ProductOrder>,
    pub presentation: PresentationPatch,
}

/// What of a category's products is to be changed.
pub struct PlacedChange {
    pub add: Vec<Placed>,
    pub remove: Vec<String>,
}

/// Which categories are asked for.
pub enum Page {
    /// In the order of paths.
    Tree { after: String, limit: i64 },
    /// Those below another one, or the roots, by their position.
    Children { parent: Option<CategoryId>, after: (i64, String), limit: i64 },
}

/// One page of the categories that have what is asked for, as it is shown.
///
/// # Errors
/// [`WrongFilter`], and those of the database.
pub async fn page(
    ctx: &Ctx,
    page: &Page,
    asked: &AttributeFilter,
    chain: &[Locale],
) -> Result<Read, Failure<WrongFilter>> {
    let tenant = ctx.tenant();
    let (statement, limit) = match page {
        Page::Tree { after, limit } => (category::tree(tenant, asked, after, limit.saturating_add(1), chain), *limit),
        Page::Children { parent, after: (position, id), limit } => {
            (category::children(tenant, asked, *parent, (*position, id), limit.saturating_add(1), chain), *limit)
        }
    };
    let mut reads = vec![addressed::with_paths(statement, chain), store::version(tenant)];
    reads.extend(asked::reads(tenant, asked));
    let rows = ctx.read(reads).await?;
    let version = store::version_of(rows.get(1))?;
    asked::check(ctx, asked, &[Owner::Category], rows.get(2)).await?;
    let mut found = rows.first().map(category::categories_of).transpose()?.unwrap_or_default();
    let (shown, has_more) = cut(rows.first(), limit)?;
    found.truncate(shown);
    let next = found.last().filter(|_| has_more).map(|last| match page {
        Page::Tree { .. } => Cursor::new("path", vec![CursorPart::Text(last.path.clone())]).to_string(),
        Page::Children { .. } => {
            let parts = vec![CursorPart::Integer(last.position), CursorPart::Text(last.id.to_string())];
            Cursor::new("position", parts).to_string()
        }
    });
    for (category, row) in found.iter_mut().zip(rows.first().into_iter().flat_map(Rows::iter)) {
        say_only(&mut category.handle, &mut category.name, &mut category.presentation, chain);
        if !chain.is_empty() {
            category.path = addressed::told_of(row)?;
        }
    }
    let json = http::render_list(found, next.clone());
    let tags = vec![categories_tag(tenant.store)];
    Ok(Read { version, turn: None, answer: Some(Answer { json, tags, next, record: None, moved_to: None }) })
}

/// One category by id or path, as it is shown; or where it is, by a path that it had.
pub async fn shown(ctx: &Ctx, key: &str, spoken: &Spoken) -> Result<Read, Failure<Infallible>> {
    let (tenant, chain) = (ctx.tenant(), &spoken.chain);
    let [found, former] = addressed::category(tenant, key, chain);
    let rows = ctx.read(vec![addressed::with_way(found), store::version(tenant), former]).await?;
    let version = store::version_of(rows.get(1))?;
    let found = rows.first().map(category::categories_of).transpose()?.unwrap_or_default().pop();
    let Some((mut found, row)) = found.zip(rows.first().and_then(Rows::first)) else {
        return Ok(Read { version, turn: None, answer: moved(ctx, rows.get(2), "")? });
    };
    let way = addressed::way_of(row)?;
    let page = |chain: &[Locale]| category_page(&path_in(&way, chain));
    let page = pages_of(ctx, spoken, &translations_of(&found.presentation), page);
    say(&mut found.handle, &mut found.name, &mut found.presentation, chain);
    found.path = path_in(&way, chain);
    // Its path changes with any category above it.
    let tags = vec![found.id.to_string(), categories_tag(tenant.store)];
    let record = Some(found.id.into());
    let json = http::render_page(found, page);
    Ok(Read { version, turn: None, answer: Some(Answer { json, tags, next: None, record, moved_to: None }) })
}

/// Where the category is that had a path, and what is `below` it in the API, from the rows that were asked for it.
pub fn moved(ctx: &Ctx, rows: Option<&Rows>, below: &str) -> Result<Option<Answer>, SqlError> {
    let moved = addressed::moved_of(rows)?;
    Ok(moved.map(|moved| {
        let to = format!("/api/v1/categories/{}{below}", segment(&moved.to));
        Answer::moved(ctx.tenant().store, &moved.id, ("path", &moved.to), to)
    }))
}

/// One category by id or path.
async fn find(ctx: &Ctx, key: &str) -> Outcome<Category> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![category::find(ctx.tenant(), key)]).await?;
        if let Some(settled) = ctx.settles(reached(&ctx, rows.first()).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The category of the row, which the caller's grants reach.
async fn reached(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Category> {
    let found = only(rows)?;
    ctx.reach(found.id).await?;
    Ok(found)
}

/// Makes a category.
pub async fn create(ctx: &Ctx, new: &NewCategory, claim: Option<&Claim>) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_create(&ctx, new, claim).await) {
            return settled;
        }
    }
    rejected(CategoryError::Changing)
}

async fn try_create(ctx: &Ctx, new: &NewCategory, claim: Option<&Claim>) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let parent_key = new.parent.map(|parent| parent.to_string()).unwrap_or_default();
    let mut reads = vec![category::find(tenant, &parent_key), store::version(tenant)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let said_at = reads.len();
    reads.extend(new.presentation.reads(tenant));
    let rows = ctx.read(reads).await?;
    if let Some(first) = journal::replay(claim, rows.get(2))? {
        ctx.spent().tell_catalog_version(store::version_of(rows.get(1))?);
        return Ok(Some(first.into()));
    }
    let parent = parent_of(new.parent, rows.first())?;
    let mut presentation = Presentation::default();
    let given = apply(ctx, &new.presentation, &mut presentation, rows.get(said_at..)).await?;
    let made = Category {
        id: ctx.new_id()?,
        parent: new.parent,
        path: place(None, 1, parent.as_deref(), &new.handle).map_err(tree_error)?,
        handle: new.handle.to_string(),
        name: new.name.to_string(),
        position: new.position,
        order: new.order,
        presentation,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut commit = Commit::new();
    let image = made.presentation.guard_image(ctx, &mut commit, None);
    let guards = given.guard(&mut commit, tenant);
    commit.push(category::insert(tenant, &made));
    if let Some(values) = &given.values {
        facet::set_of_category(&mut commit, tenant, made.id, values);
    }
    let advanced = advance(ctx, &mut commit, Touched::of_categories(Vec::new()))?;
    let change = Change::new("category.create", made.id).after(state(&made));
    let change = tell_attributes(change, None, Some(&made.presentation));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, &mut commit, "category.created", &[("categoryId", made.id.to_string())])?;
    let taken = addressed::category_taken(tenant, made.id, made.parent, &made.presentation.translations);
    let (location, body) = (format!("/api/v1/categories/{}", made.id), http::render(made));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location, &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    commit.push_diagnosis(taken);
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            written(ctx, &rows, advanced)?;
            return Ok(Some(Answered::first(location, body)));
        }
        Committed::Refused { statement, refusal, diagnosis } => {
            if let Some(first) = journal::replay(claim, diagnosis.first())? {
                return Ok(Some(first.into()));
            }
            if image == Some(statement) {
                return rejected(CategoryError::Presentation(PresentationError::ImageMissing));
            }
            if !guards.contains(&statement) {
                explain(&refusal, diagnosis.last())?;
            }
        }
    }
    Ok(None)
}

/// Changes what is given of a category. Under another parent or with another handle, its subtree moves with it.
pub async fn change(ctx: &Ctx, key: &str, change: &CategoryChange, expected: Option<i64>) -> Outcome<Category> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, key, change, expected).await) {
            return settled;
        }
    }
    rejected(CategoryError::Changing)
}

async fn try_change(ctx: &Ctx, key: &str, change: &CategoryChange, expected: Option<i64>) -> Outcome<Option<Category>> {
    let tenant = ctx.tenant();
    let parent_key = change.parent.flatten().map(|parent| parent.to_string()).unwrap_or_default();
    let mut reads =
        vec![category::find(tenant, key), category::find(tenant, &parent_key), category::depth_below(tenant, key)];
    let said_at = reads.len();
    reads.extend(change.presentation.reads(tenant));
    let rows = ctx.read(reads).await?;
    let before = reached(ctx, rows.first()).await?;
    expect(expected, before.version)?;
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name = name.to_string();
    }
    if let Some(handle) = &change.handle {
        after.handle = handle.to_string();
    }
    after.parent = change.parent.unwrap_or(before.parent);
    after.position = change.position.unwrap_or(before.position);
    after.order = change.order.unwrap_or(before.order);
    let given = apply(ctx, &change.presentation, &mut after.presentation, rows.get(said_at..)).await?;
    if after == before {
        return Ok(Some(before).filter(|_| ctx.is_current()));
    }
    let is_moved = (after.parent, &after.handle) != (before.parent, &before.handle);
    if is_moved {
        let above = match change.parent {
            Some(parent) => parent_of(parent, rows.get(1))?,
            None => before.path.rsplit_once('/').map(|(above, _)| above.to_owned()),
        };
        let handle: Handle = after.handle.parse().map_err(|_| Unavailable::corrupt("a category's handle"))?;
        let slashes: i64 = rows.get(2).and_then(Rows::first).map(|row| row.get("slashes")).transpose()?.unwrap_or(0);
        let deepest = usize::try_from(slashes).unwrap_or(usize::MAX).saturating_add(2);
        let levels = deepest.saturating_sub(level(&before.path));
        after.path = place(Some(&before.path), levels, above.as_deref(), &handle).map_err(tree_error)?;
    }
    let mut commit = Commit::new();
    let image = after.presentation.guard_image(ctx, &mut commit, Some(&before.presentation));
    let guards = given.guard(&mut commit, tenant);
    let mut here = after.clone();
    if is_moved {
        // Among others it may have other handles: they are said where it goes to.
        here.presentation.translations.clone_from(&before.presentation.translations);
    }
    let update = commit.push(category::change(tenant, &here, ctx.now));
    commit.push(guard_changed());
    let (mut moved, mut waiting) = (None, None);
    if is_moved {
        // The commit is refused where it has another parent by now.
        let is_elsewhere = after.parent != before.parent;
        if is_elsewhere {
            commit.push(placement::leave_ancestors(tenant, after.id, after.parent));
        }
        moved = Some(commit.push(category::move_subtree(tenant, &after, ctx.now)));
        if is_elsewhere {
            commit.push(placement::enter_ancestors(tenant, after.id));
            waiting = Some(membership::begin_rules_of_categories(&mut commit, tenant, before.parent, after.parent));
        }
    } else if after.presentation.translations != before.presentation.translations {
        // The paths of all below it may be others.
        moved = Some(commit.push(category::touch_subtree(tenant, after.id, ctx.now)));
    }
    if let Some(values) = &given.values {
        facet::set_of_category(&mut commit, tenant, after.id, values);
    }
    let own = Touched::of_categories(vec![after.id.to_string()]);
    let advanced = advance(ctx, &mut commit, Touched { below: moved.map(|_| after.id), ..own })?;
    let told = Change::new("category.change", after.id).before(state(&before)).after(state(&after));
    let told = tell_attributes(told, Some(&before.presentation), Some(&after.presentation));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    let name = if is_moved { "category.moved" } else { "category.changed" };
    journal::announce(ctx, &mut commit, name, &[("categoryId", after.id.to_string())])?;
    let find = commit.push_after(category::find(tenant, &after.id.to_string()));
    commit.push_diagnosis(addressed::category_taken(tenant, after.id, after.parent, &after.presentation.translations));
    match ctx.commit(&commit).await? {
        Committed::Done { rows, after: found } => {
            let ids = moved.and_then(|moved| rows.get(moved)).map(category::ids_of).transpose()?;
            written(ctx, &rows, advanced.and(ids.unwrap_or_default()))?;
            let waiting = waiting.and_then(|waiting| found.get(waiting));
            let waiting = waiting.map(membership::waiting_of).transpose()?.unwrap_or_default();
            let last = waiting.last().map(|(collection, _)| *collection);
            for (collection, after) in waiting {
                filling::go_on(ctx, collection, after, Some(collection) != last).await;
            }
            return only(found.get(find)).map(Some);
        }
        Committed::Refused { statement, .. } if statement == update.saturating_add(1) => {}
        Committed::Refused { statement, .. } if guards.contains(&statement) => {}
        Committed::Refused { statement, .. } if image == Some(statement) => {
            return rejected(CategoryError::Presentation(PresentationError::ImageMissing));
        }
        Committed::Refused { refusal, diagnosis, .. } => explain(&refusal, diagnosis.first())?,
    }
    Ok(None)
}

/// Deletes a category that nothing is below. Its products go to its parent with `keeps_products`; without, there may
/// be none.
pub async fn delete(ctx: &Ctx, key: &str, keeps_products: bool, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, key, keeps_products, expected).await) {
            return settled;
        }
    }
    rejected(CategoryError::Changing)
}

async fn try_delete(ctx: &Ctx, key: &str, keeps_products: bool, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let before = find(ctx, key).await?;
    expect(expected, before.version)?;
    let mut commit = Commit::new();
    if keeps_products {
        placement::move_up(&mut commit, tenant, before.id);
    } else {
        commit.push(placement::clear_places(tenant, before.id));
    }
    let delete = commit.push(category::delete(tenant, before.id, before.version));
    commit.push(guard_changed());
    let advanced = advance(ctx, &mut commit, Touched::of_categories(vec![before.id.to_string()]))?;
    let change = Change::new("category.delete", before.id).before(state(&before));
    let change = tell_attributes(change, Some(&before.presentation), None);
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, &mut commit, "category.deleted", &[("categoryId", before.id.to_string())])?;
    commit.push_diagnosis(placement::in_the_way(tenant, before.id));
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            written(ctx, &rows, advanced)?;
            if keeps_products {
                filling::emptied(ctx, "category", &before.id.to_string()).await;
            }
            return Ok(Some(()));
        }
        Committed::Refused { statement, .. } if statement == delete.saturating_add(1) => {}
        Committed::Refused { statement, diagnosis, .. } if statement == delete => {
            let in_the_way = diagnosis.first().map(placement::in_the_way_of).transpose()?;
            return rejected(CategoryError::InUse(in_the_way.unwrap_or_default()));
        }
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    Ok(None)
}

/// Puts products into a category beside their main one, gives them places in it, and takes them out.
pub async fn place_products(ctx: &Ctx, key: &str, change: &PlacedChange) -> Outcome<()> {
    let tenant = ctx.tenant();
    let category = find(ctx, key).await?;
    let added: Vec<String> = change.add.iter().map(|one| one.product.to_string()).collect();
    let mut commit = Commit::new();
    let (guard, missing) = placement::guard_products(tenant, &added);
    let guard = commit.push(guard);
    commit.push_diagnosis(missing);
    commit.push(placement::remove_from_category(tenant, category.id, &change.remove));
    commit.push(placement::place_in_category(tenant, category.id, &change.add));
    let touched: Vec<&str> = added.iter().chain(&change.remove).map(String::as_str).collect();
    placement::list_in_categories(&mut commit, tenant, &touched);
    membership::list_in_collections(&mut commit, tenant, &touched);
    let advanced = advance(ctx, &mut commit, Touched { lists: true, ..Touched::default() })?;
    let told = Change::new("category.products", category.id).after(json!({ "added": added, "removed": change.remove }));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    journal::announce(ctx, &mut commit, "category.products-changed", &[("categoryId", category.id.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => written(ctx, &rows, advanced),
        Committed::Refused { statement, diagnosis, .. } if statement == guard => {
            let missing = diagnosis.first().map(placement::missing_of).transpose()?.unwrap_or_default();
            rejected(CategoryError::ProductsMissing(missing))
        }
        // The category was deleted meanwhile.
        Committed::Refused { refusal: Refusal::Constraint { constraint: Constraint::ForeignKey, .. }, .. } => {
            Err(Failure::NotFound)
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// The path of the wanted parent, from the rows that were asked for it.
fn parent_of(wanted: Option<CategoryId>, rows: Option<&Rows>) -> Outcome<Option<String>> {
    let found = rows.map(category::categories_of).transpose()?.unwrap_or_default().pop();
    match (wanted, found) {
        (None, _) => Ok(None),
        (Some(_), Some(found)) => Ok(Some(found.path)),
        (Some(_), None) => rejected(CategoryError::ParentMissing),
    }
}

/// What the database's guards say of a commit; nothing where the same again may go well. `taken` are the handles that
/// are others', if the refusal was about one.
fn explain(refusal: &Refusal, taken: Option<&Rows>) -> Outcome<()> {
    let Refusal::Constraint { constraint, message } = refusal else { return Err(unexplained(refusal)) };
    match (constraint, message.as_str()) {
        (Constraint::Trigger, "CATEGORY_CYCLE") => rejected(CategoryError::Tree(TreeError::Cycle)),
        (Constraint::Trigger, "CATEGORY_DEPTH") => rejected(CategoryError::Tree(TreeError::TooDeep)),
        (Constraint::Trigger, "CATEGORY_COUNT") => rejected(CategoryError::TooMany),
        (Constraint::Trigger, "HANDLE_TAKEN") | (Constraint::Unique, _) => {
            let taken = addressed::taken_of(taken)?;
            rejected(match taken.as_slice() {
                [] => CategoryError::HandleTaken,
                taken => CategoryError::Presentation(handles_taken(taken, HANDLE_TAKEN)),
            })
        }
        // Its parent has moved or is gone since it was read.
        (Constraint::Trigger, "CATEGORY_PATH") | (Constraint::NotNull | Constraint::ForeignKey, _) => Ok(()),
        _ => Err(unexplained(refusal)),
    }
}

fn unexplained(refusal: &Refusal) -> Failure<CategoryError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}")))
}

fn tree_error(error: TreeError) -> Failure<CategoryError> {
    Failure::Rejected(CategoryError::Tree(error))
}

/// `rows` are those that the change asks for.
async fn apply(
    ctx: &Ctx,
    patch: &PresentationPatch,
    presentation: &mut Presentation,
    rows: Option<&[Rows]>,
) -> Outcome<Given> {
    let given = patch.apply(ctx, Owner::Category, presentation, rows.unwrap_or_default()).await;
    given.map_err(|failure| failure.map(CategoryError::Presentation))
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(CategoryError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

/// What the audit log keeps.
fn state(category: &Category) -> Json {
    json!({
        "name": category.name,
        "path": category.path,
        "position": category.position,
        "productOrder": category.order.name(),
        "version": category.version,
    })
}

fn only(rows: Option<&Rows>) -> Outcome<Category> {
    rows.map(category::categories_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}
