//! Showing, making, changing and deleting collections, and choosing their products.

use std::convert::Infallible;

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::catalog::attribute::Owner;
use headlesspro_shared::catalog::sitemap::{collection_page, segment};
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use serde_json::{Value as Json, json};

use super::http;
use crate::app::{Ctx, Tenant};
use crate::catalog::attributes::asked;
use crate::catalog::attributes::given::Given;
use crate::catalog::categories::usecase::{Name, PlacedChange};
use crate::catalog::filling::{SLICE, emptied, filled};
use crate::catalog::pages::pages_of;
use crate::catalog::presentation::{
    PresentationError, PresentationPatch, handles_taken, say, say_only, tell_attributes, translations_of,
};
use crate::catalog::shown::{Answer, Read, Touched, advance, categories_tag, written};
use crate::catalog::spoken::Spoken;
use crate::catalog::store;
use crate::catalog::store::collection::{self, Collection, Rule};
use crate::catalog::store::facet::{self, AttributeFilter};
use crate::catalog::store::taxonomy::{Presentation, cut, guard_changed};
use crate::catalog::store::{addressed, membership, placement};
use crate::catalog::usecase::WrongFilter;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Constraint, Refusal, Rows, SqlError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectionError {
    HandleTaken,
    Presentation(PresentationError),
    TooMany,
    TooManyRules,
    /// A rule's products have no places.
    ManualOrderOfRule,
    /// A condition asks for a category that is not there.
    CategoryMissing,
    /// Its products are found by a rule.
    HasRule,
    /// Of the request's products, by their ids.
    ProductsMissing(Vec<String>),
    VersionMismatch {
        current: i64,
    },
    Changing,
}

/// Why a handle cannot be a collection's.
pub const HANDLE_TAKEN: &str = "another collection has this handle";

type Outcome<T> = Result<T, Failure<CollectionError>>;

fn rejected<T>(error: CollectionError) -> Outcome<T> {
    Err(Failure::Rejected(error))
}

/// A collection to be made.
pub struct NewCollection {
    pub name: Name,
    pub handle: Handle,
    pub rule: Option<Rule>,
    pub order: Option<ProductOrder>,
    pub presentation: PresentationPatch,
}

/// What of a collection is to be changed; what is `None` stays.
#[derive(Default)]
pub struct CollectionChange {
    pub name: Option<Name>,
    pub handle: Option<Handle>,
    /// `Some(None)`: its products are chosen from then on.
    pub rule: Option<Option<Rule>>,
    pub order: Option<ProductOrder>,
    pub presentation: PresentationPatch,
}

/// One page of the collections after a handle that have what is asked for, as it is shown.
///
/// # Errors
/// [`WrongFilter`], and those of the database.
pub async fn page(
    ctx: &Ctx,
    asked: &AttributeFilter,
    after: &str,
    limit: i64,
    chain: &[Locale],
) -> Result<Read, Failure<WrongFilter>> {
    let tenant = ctx.tenant();
    let mut reads =
        vec![collection::list(tenant, asked, after, limit.saturating_add(1), chain), store::version(tenant)];
    reads.extend(asked::reads(tenant, asked));
    let rows = ctx.read(reads).await?;
    let version = store::version_of(rows.get(1))?;
    asked::check(ctx, asked, &[Owner::Collection], rows.get(2)).await?;
    let mut found = rows.first().map(collection::collections_of).transpose()?.unwrap_or_default();
    let (shown, has_more) = cut(rows.first(), limit)?;
    found.truncate(shown);
    let last = found.last().filter(|_| has_more);
    let next = last.map(|last| Cursor::new("handle", vec![CursorPart::Text(last.handle.clone())]).to_string());
    for collection in &mut found {
        say_only(&mut collection.handle, &mut collection.name, &mut collection.presentation, chain);
    }
    let json = http::render_list(found, next.clone(), ctx.principal().await?.currency);
    Ok(Read {
        version,
        turn: None,
        answer: Some(Answer { json, tags: vec![categories_tag(tenant.store)], next, record: None, moved_to: None }),
    })
}

/// One collection by id or handle, as it is shown; or where it is, by a handle that it had.
pub async fn shown(ctx: &Ctx, key: &str, spoken: &Spoken) -> Result<Read, Failure<Infallible>> {
    let (tenant, chain) = (ctx.tenant(), &spoken.chain);
    let [found, former] = addressed::collection(tenant, key, chain);
    let rows = ctx.read(vec![found, store::version(tenant), former]).await?;
    let version = store::version_of(rows.get(1))?;
    let found = rows.first().map(collection::collections_of).transpose()?.unwrap_or_default().pop();
    let currency = ctx.principal().await?.currency;
    let Some(mut found) = found else {
        return Ok(Read { version, turn: None, answer: moved(ctx, rows.get(2), "")? });
    };
    let (own, said) = (found.handle.clone(), translations_of(&found.presentation));
    let page = |chain: &[Locale]| {
        let handle = said.said(chain).handle;
        collection_page(handle.as_ref().map_or(own.as_str(), Handle::as_str))
    };
    let page = pages_of(ctx, spoken, &said, page);
    say(&mut found.handle, &mut found.name, &mut found.presentation, chain);
    let tags = vec![found.id.to_string(), categories_tag(tenant.store)];
    let record = Some(found.id.into());
    let json = http::render_page(found, page, currency);
    Ok(Read { version, turn: None, answer: Some(Answer { json, tags, next: None, record, moved_to: None }) })
}

/// Where the collection is that had a handle, and what is `below` it in the API, from the rows that were asked for it.
pub fn moved(ctx: &Ctx, rows: Option<&Rows>, below: &str) -> Result<Option<Answer>, SqlError> {
    let moved = addressed::moved_of(rows)?;
    Ok(moved.map(|moved| {
        let to = format!("/api/v1/collections/{}{below}", segment(&moved.to));
        Answer::moved(ctx.tenant().store, &moved.id, ("handle", &moved.to), to)
    }))
}

/// Makes a collection. Of one with a rule, the store's products are held against it, the first of them in the same
/// commit. The same request again goes on with that, and answers the collection as it is then.
pub async fn create(ctx: &Ctx, new: &NewCollection, claim: Option<&Claim>) -> Outcome<Answered> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_create(&ctx, new, claim).await) {
            return settled;
        }
    }
    rejected(CollectionError::Changing)
}

async fn try_create(ctx: &Ctx, new: &NewCollection, claim: Option<&Claim>) -> Outcome<Option<Answered>> {
    let tenant = ctx.tenant();
    let mut reads = vec![store::version(tenant)];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let said_at = reads.len();
    reads.extend(new.presentation.reads(tenant));
    let rows = ctx.read(reads).await?;
    if let Some(first) = journal::replay(claim, rows.get(1))? {
        ctx.spent().tell_catalog_version(store::version_of(rows.first())?);
        return made_before(ctx, first.into()).await.map(Some);
    }
    let mut presentation = Presentation::default();
    let given = apply(ctx, &new.presentation, &mut presentation, rows.get(said_at..)).await?;
    let usual = if new.rule.is_some() { ProductOrder::Newest } else { ProductOrder::Manual };
    let made = Collection {
        id: ctx.new_id()?,
        handle: new.handle.to_string(),
        name: new.name.to_string(),
        rule: new.rule.clone(),
        filled_to: new.rule.as_ref().map(|_| String::new()),
        order: new.order.unwrap_or(usual),
        presentation,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    check(&made)?;
    let mut commit = Commit::new();
    let image = made.presentation.guard_image(ctx, &mut commit, None);
    let guards = given.guard(&mut commit, tenant);
    commit.push(collection::insert(tenant, &made));
    if let Some(values) = &given.values {
        facet::set_of_collection(&mut commit, tenant, made.id, values);
    }
    let conditions = write_conditions(&mut commit, tenant, &made);
    if made.rule.is_some() {
        membership::begin(&mut commit, tenant, made.id, SLICE);
    }
    let advanced = advance(ctx, &mut commit, Touched::of_categories(Vec::new()))?;
    let change = Change::new("collection.create", made.id).after(state(&made));
    let change = tell_attributes(change, None, Some(&made.presentation));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, &mut commit, "collection.created", &[("collectionId", made.id.to_string())])?;
    let taken = addressed::collection_taken(tenant, made.id, &made.presentation.translations);
    commit.push_after(collection::find(tenant, &made.id.to_string()));
    let location = format!("/api/v1/collections/{}", made.id);
    let currency = ctx.principal().await?.currency;
    if let Some(claim) = claim {
        // What is answered where it is deleted before the request comes again.
        let body = http::render(in_minor_units(made, currency.exponent()), currency);
        commit.push(journal::record(tenant, claim, 201, &location, &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    commit.push_diagnosis(taken);
    match ctx.commit(&commit).await? {
        Committed::Done { rows, after } => {
            written(ctx, &rows, advanced)?;
            let made = filled(ctx, only(after.first())?).await;
            Ok(Some(Answered::first(location, http::render(made, currency))))
        }
        Committed::Refused { statement, refusal, diagnosis } => match journal::replay(claim, diagnosis.first())? {
            Some(first) => made_before(ctx, first.into()).await.map(Some),
            None if image == Some(statement) => {
                rejected(CollectionError::Presentation(PresentationError::ImageMissing))
            }
            None if guards.contains(&statement) => Ok(None),
            None => explain(&refusal, statement == conditions, diagnosis.last()),
        },
    }
}

/// What was made by the same request, as it is now; where it is gone, as it was answered first.
async fn made_before(ctx: &Ctx, first: Answered) -> Outcome<Answered> {
    let id = first.location.rsplit('/').next().unwrap_or_default();
    let rows = ctx.read(vec![collection::find(ctx.tenant(), id)]).await?;
    match only(rows.first()) {
        Ok(made) => {
            let body = http::render(filled(ctx, made).await, ctx.principal().await?.currency);
            Ok(Answered { body, ..first })
        }
        Err(Failure::NotFound) => Ok(first),
        Err(failure) => Err(failure),
    }
}

/// Changes what is given of a collection. With another rule, the store's products are held against it, the first of them
/// in the same commit. Whatever is given, what is left of them is gone on with.
pub async fn change(ctx: &Ctx, key: &str, change: &CollectionChange, expected: Option<i64>) -> Outcome<Collection> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_change(&ctx, key, change, expected).await) {
            return settled;
        }
    }
    rejected(CollectionError::Changing)
}

async fn try_change(
    ctx: &Ctx,
    key: &str,
    change: &CollectionChange,
    expected: Option<i64>,
) -> Outcome<Option<Collection>> {
    let tenant = ctx.tenant();
    let mut reads = vec![collection::find(tenant, key)];
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
    if let Some(rule) = &change.rule {
        after.rule.clone_from(rule);
    }
    after.order = change.order.unwrap_or(before.order);
    let given = apply(ctx, &change.presentation, &mut after.presentation, rows.get(said_at..)).await?;
    check(&after)?;
    if after == before {
        return if ctx.is_current() { Ok(Some(filled(ctx, before).await)) } else { Ok(None) };
    }
    let mut commit = Commit::new();
    let image = after.presentation.guard_image(ctx, &mut commit, Some(&before.presentation));
    let guards = given.guard(&mut commit, tenant);
    let update = commit.push(collection::change(tenant, &after, ctx.now));
    commit.push(guard_changed());
    let mut conditions = None;
    if change.rule.is_some() {
        if before.rule.is_some() != after.rule.is_some() {
            commit.push(membership::clear_chosen(tenant, after.id));
        }
        conditions = Some(write_conditions(&mut commit, tenant, &after));
        if before.rule.is_some() || after.rule.is_some() {
            membership::begin(&mut commit, tenant, after.id, SLICE);
        }
    }
    if let Some(values) = &given.values {
        facet::set_of_collection(&mut commit, tenant, after.id, values);
    }
    let advanced = advance(ctx, &mut commit, Touched::of_categories(vec![after.id.to_string()]))?;
    let told = Change::new("collection.change", after.id).before(state(&before)).after(state(&after));
    let told = tell_attributes(told, Some(&before.presentation), Some(&after.presentation));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    journal::announce(ctx, &mut commit, "collection.changed", &[("collectionId", after.id.to_string())])?;
    commit.push_after(collection::find(tenant, &after.id.to_string()));
    commit.push_diagnosis(addressed::collection_taken(tenant, after.id, &after.presentation.translations));
    match ctx.commit(&commit).await? {
        Committed::Done { rows, after: found } => {
            written(ctx, &rows, advanced)?;
            return Ok(Some(filled(ctx, only(found.first())?).await));
        }
        Committed::Refused { statement, .. } if statement == update.saturating_add(1) => {}
        Committed::Refused { statement, .. } if guards.contains(&statement) => {}
        Committed::Refused { statement, .. } if image == Some(statement) => {
            return rejected(CollectionError::Presentation(PresentationError::ImageMissing));
        }
        Committed::Refused { statement, refusal, diagnosis } => {
            return explain(&refusal, Some(statement) == conditions, diagnosis.first());
        }
    }
    Ok(None)
}

/// Deletes a collection; its products stay.
pub async fn delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<()> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_delete(&ctx, key, expected).await) {
            return settled;
        }
    }
    rejected(CollectionError::Changing)
}

async fn try_delete(ctx: &Ctx, key: &str, expected: Option<i64>) -> Outcome<Option<()>> {
    let tenant = ctx.tenant();
    let before = find(ctx, key).await?;
    expect(expected, before.version)?;
    let mut commit = Commit::new();
    let delete = commit.push(collection::delete(tenant, before.id, before.version));
    commit.push(guard_changed());
    let advanced = advance(ctx, &mut commit, Touched::of_categories(vec![before.id.to_string()]))?;
    let change = Change::new("collection.delete", before.id).before(state(&before));
    let change = tell_attributes(change, Some(&before.presentation), None);
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, change));
    journal::announce(ctx, &mut commit, "collection.deleted", &[("collectionId", before.id.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => {
            written(ctx, &rows, advanced)?;
            emptied(ctx, "collection", &before.id.to_string()).await;
            return Ok(Some(()));
        }
        Committed::Refused { statement, .. } if statement == delete.saturating_add(1) => {}
        Committed::Refused { refusal, .. } => return Err(unexplained(&refusal)),
    }
    Ok(None)
}

/// Adds products to a collection, gives them places in it, and takes them out.
pub async fn place_products(ctx: &Ctx, key: &str, change: &PlacedChange) -> Outcome<()> {
    let tenant = ctx.tenant();
    let id = find(ctx, key).await?.id;
    let added: Vec<String> = change.add.iter().map(|one| one.product.to_string()).collect();
    let mut commit = Commit::new();
    let manual = commit.push(membership::guard_manual(tenant, id));
    let (guard, missing) = placement::guard_products(tenant, &added);
    let guard = commit.push(guard);
    commit.push_diagnosis(missing);
    commit.push(membership::dismiss(tenant, id, &change.remove));
    commit.push(membership::choose(tenant, id, &change.add));
    let touched: Vec<&str> = added.iter().chain(&change.remove).map(String::as_str).collect();
    membership::list_in_collections(&mut commit, tenant, &touched);
    let advanced = advance(ctx, &mut commit, Touched { lists: true, ..Touched::default() })?;
    let told = Change::new("collection.products", id).after(json!({ "added": added, "removed": change.remove }));
    commit.push(journal::audit(ctx, ctx.new_id()?, &ctx.principal().await?.actor, told));
    journal::announce(ctx, &mut commit, "collection.products-changed", &[("collectionId", id.to_string())])?;
    match ctx.commit(&commit).await? {
        Committed::Done { rows, .. } => written(ctx, &rows, advanced),
        Committed::Refused { statement, .. } if statement == manual => rejected(CollectionError::HasRule),
        Committed::Refused { statement, diagnosis, .. } if statement == guard => {
            let missing = diagnosis.first().map(placement::missing_of).transpose()?.unwrap_or_default();
            rejected(CollectionError::ProductsMissing(missing))
        }
        Committed::Refused { refusal, .. } => Err(unexplained(&refusal)),
    }
}

/// Has the commit write the rule's conditions. Answers the number of the statement.
fn write_conditions(commit: &mut Commit, tenant: Tenant, collection: &Collection) -> usize {
    let conditions = collection.rule.as_ref().map_or(&[][..], |rule| &rule.conditions);
    collection::set_conditions(commit, tenant, collection.id, conditions)
}

/// The collection as it is read back: what a price is compared with, in the currency's minor units.
fn in_minor_units(mut collection: Collection, exponent: u8) -> Collection {
    let scale = 10_i64.saturating_pow(4_u32.saturating_sub(u32::from(exponent)));
    for condition in collection.rule.iter_mut().flat_map(|rule| &mut rule.conditions) {
        if condition.field == "price" {
            let is_lower = condition.operator == headlesspro_shared::catalog::rule::Operator::AtLeast;
            let up = if is_lower { scale.saturating_sub(1) } else { 0 };
            condition.number = condition.number.map(|number| number.saturating_add(up).saturating_div(scale));
        }
    }
    collection
}

async fn find(ctx: &Ctx, key: &str) -> Outcome<Collection> {
    for ctx in ctx.attempts() {
        let rows = ctx.read(vec![collection::find(ctx.tenant(), key)]).await?;
        if let Some(settled) = ctx.settles(reached(&ctx, rows.first()).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

/// The collection of the row, which the caller's grants reach.
async fn reached(ctx: &Ctx, rows: Option<&Rows>) -> Outcome<Collection> {
    let found = only(rows)?;
    ctx.reach(found.id).await?;
    Ok(found)
}

fn only(rows: Option<&Rows>) -> Outcome<Collection> {
    rows.map(collection::collections_of).transpose()?.unwrap_or_default().pop().ok_or(Failure::NotFound)
}

fn check(collection: &Collection) -> Outcome<()> {
    match collection.order {
        ProductOrder::Manual if collection.rule.is_some() => rejected(CollectionError::ManualOrderOfRule),
        _ => Ok(()),
    }
}

/// What the database's guards say of a commit. `taken` are the handles that are others', if it was about one.
fn explain<T>(refusal: &Refusal, is_conditions: bool, taken: Option<&Rows>) -> Outcome<T> {
    let Refusal::Constraint { constraint, message } = refusal else { return Err(unexplained(refusal)) };
    match (constraint, message.as_str()) {
        (Constraint::Trigger, "COLLECTION_COUNT") => rejected(CollectionError::TooMany),
        (Constraint::Trigger, "COLLECTION_RULE_COUNT") => rejected(CollectionError::TooManyRules),
        (Constraint::Trigger, "HANDLE_TAKEN") | (Constraint::Unique, _) => {
            let taken = addressed::taken_of(taken)?;
            rejected(match taken.as_slice() {
                [] => CollectionError::HandleTaken,
                taken => CollectionError::Presentation(handles_taken(taken, HANDLE_TAKEN)),
            })
        }
        (Constraint::NotNull | Constraint::ForeignKey, _) if is_conditions => {
            rejected(CollectionError::CategoryMissing)
        }
        _ => Err(unexplained(refusal)),
    }
}

fn unexplained(refusal: &Refusal) -> Failure<CollectionError> {
    Failure::Unavailable(Unavailable::Corrupt(format!("a commit was refused: {refusal:?}")))
}

/// `rows` are those that the change asks for.
async fn apply(
    ctx: &Ctx,
    patch: &PresentationPatch,
    presentation: &mut Presentation,
    rows: Option<&[Rows]>,
) -> Outcome<Given> {
    let given = patch.apply(ctx, Owner::Collection, presentation, rows.unwrap_or_default()).await;
    given.map_err(|failure| failure.map(CollectionError::Presentation))
}

fn expect(expected: Option<i64>, current: i64) -> Outcome<()> {
    match expected {
        Some(version) if version != current => rejected(CollectionError::VersionMismatch { current }),
        _ => Ok(()),
    }
}

/// What the audit log keeps.
fn state(collection: &Collection) -> Json {
    json!({
        "name": collection.name,
        "handle": collection.handle,
        "conditions": collection.rule.as_ref().map(|rule| rule.conditions.len()),
        "productOrder": collection.order.name(),
        "version": collection.version,
    })
}
