//! Reading the catalog.

use std::borrow::Cow;

use headlesspro_shared::catalog::ProductOrder;
use headlesspro_shared::catalog::attribute::Owner;
use headlesspro_shared::catalog::fieldset::Fieldset;
use headlesspro_shared::catalog::sitemap::{product_page, told_in};
use headlesspro_shared::catalog::source::Source;
use headlesspro_shared::identity::Role;
use headlesspro_shared::kernel::id::ProductId;
use headlesspro_shared::kernel::money::{Currency, Money};
use serde_json::value::RawValue;

use super::attributes::asked;
use super::categories::usecase as categories;
use super::collections::usecase as collections;
use super::cursors::{After, cursor_after};
use super::document::{VariantPiece, list_answer, product_answer, with_texts};
use super::prices::{range_in, variant_in};
use super::selected::select;
use super::shown::{Answer, Read, lists_tag, stock_tag};
use super::spoken::Spoken;
use super::store::channel::in_channel;
use super::store::facet::AttributeFilter;
use super::store::{self, ListFilter, Sort};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::port::sql::{Row, Rows, SqlError};

/// A product's source, as its column has it. Its category is the row's: one that is given up hands its products on
/// without writing each.
///
/// # Errors
/// [`Unavailable::Corrupt`] when it does not read back.
pub fn source_of(json: &str, category: Option<&str>, currency: Currency) -> Result<Source, Unavailable> {
    let corrupt = |reason: String| Unavailable::corrupt(format!("a product's source: {reason}"));
    let json = serde_json::from_str(json).map_err(|error| corrupt(error.to_string()))?;
    let source = Source::read(&json, currency).map_err(|faults| {
        let first = faults.into_iter().next();
        corrupt(first.map_or_else(String::new, |fault| format!("{} {}", fault.path, fault.reason)))
    })?;
    Ok(Source { category: category.map(str::to_owned), ..source })
}

/// What a list is asked for.
pub struct ListQuery {
    pub filter: ListFilter,
    pub sort: Sort,
    /// The sort's name, which the cursor carries.
    pub sort_name: &'static str,
    pub after: Option<After>,
    pub limit: i64,
    /// Whether the category or collection says the order itself; `sort` does not count then.
    pub own_order: bool,
    /// Of the prices; the store's own where it is none.
    pub currency: Option<Currency>,
    /// Whether it is wanted how many fit.
    pub is_counted: bool,
    /// What is wanted of each product; all where it is none.
    pub fields: Option<Fieldset>,
}

/// As many as fit a list, unless they are more: what is counted is read.
pub const MOST_COUNTED: i64 = 1_000;

/// What a list of products belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    Category,
    Collection,
}

/// What a storefront asks the catalog.
pub enum Question {
    /// By id or handle, with prices in a currency, and what is wanted of it.
    Product(String, Option<Currency>, Option<Fieldset>),
    List(ListQuery),
    /// The products of what has this id, path or handle, which the filter asks for.
    Shelf(Shelf, String, ListQuery),
    /// By id or handle.
    Collection(String),
    /// After a handle.
    Collections {
        after: String,
        limit: i64,
        attributes: AttributeFilter,
    },
    /// By id or path.
    Category(String),
    Categories(categories::Page, AttributeFilter),
}

impl Question {
    /// What is wanted of each product; all where it is none.
    pub fn fields(&self) -> Option<&Fieldset> {
        match self {
            Question::Product(_, _, fields) => fields.as_ref(),
            Question::List(query) | Question::Shelf(_, _, query) => query.fields.as_ref(),
            Question::Collection(_)
            | Question::Collections { .. }
            | Question::Category(_)
            | Question::Categories(..) => None,
        }
    }
}

/// Parameters that ask for what the store does not have, each with the reason.
#[derive(Debug)]
pub struct WrongFilter(pub Vec<(String, String)>);

/// Answers in one round trip.
///
/// # Errors
/// [`WrongFilter`], and those of the database.
pub async fn read(ctx: &Ctx, question: &Question, spoken: &Spoken) -> Result<Read, Failure<WrongFilter>> {
    let read = match question {
        Question::Product(key, currency, fields) => {
            return product(ctx, key, *currency, fields.as_ref(), spoken).await;
        }
        Question::List(query) => return list(ctx, query, None, spoken).await,
        Question::Shelf(shelf, key, query) => return list(ctx, query, Some((*shelf, key)), spoken).await,
        Question::Collection(key) => collections::shown(ctx, key, spoken).await,
        Question::Collections { after, limit, attributes } => {
            return collections::page(ctx, attributes, after, *limit, &spoken.chain).await;
        }
        Question::Category(key) => categories::shown(ctx, key, spoken).await,
        Question::Categories(page, attributes) => {
            return categories::page(ctx, page, attributes, &spoken.chain).await;
        }
    };
    read.map_err(|failure| failure.map(|never| match never {}))
}

/// One product by id or handle, with its variants.
async fn product(
    ctx: &Ctx,
    name: &str,
    asked: Option<Currency>,
    fields: Option<&Fieldset>,
    spoken: &Spoken,
) -> Result<Read, Failure<WrongFilter>> {
    let key = name.parse::<ProductId>().map_err(|_| name);
    let tenant = ctx.tenant();
    let mut reads = vec![store::version(tenant), store::turn(tenant, ctx.now)];
    if let Some(currency) = asked {
        reads.extend([store::currencies(tenant), store::prices_in(tenant, name, &spoken.chain, currency)]);
    }
    let first = reads.len();
    let found = if spoken.chain.is_empty() {
        vec![store::product(tenant, key, ctx.now)]
    } else {
        store::translation::product_in(tenant, key, &spoken.chain, ctx.now)
    };
    let channel = ctx.channel();
    reads.extend(found.into_iter().map(|statement| in_channel(statement, channel)));
    let rows = ctx.read(reads).await?;
    let (version, turn) = (store::version_of(rows.first())?, store::turn_of(rows.get(1))?);
    let further = further_of(asked, rows.get(2))?;
    let quotes = further.map(|currency| store::prices_of(rows.get(3), currency)).transpose()?;
    let mut rows = rows.iter().skip(first);
    let (rows, translation, former) = (rows.next(), rows.next(), rows.next());
    let (translation, former) = (translation.and_then(Rows::first), former.and_then(Rows::first));
    let rows = rows.ok_or(Failure::NotFound)?;
    // Of a product that is not shown here nothing is told, what it is called elsewhere neither.
    let translation = translation.filter(|_| !rows.is_empty());
    let Some(product) = rows.first().or(former) else { return Ok(Read { version, turn, answer: None }) };
    let id: ProductId = product.parse("id")?;
    let handle = match translation {
        Some(translation) => translation.get("shown_handle")?,
        None => product.get("name")?,
    };
    let page = product_page(handle);
    let (mut tags, record) = (vec![id.to_string()], Some(id.into()));
    if rows.is_empty() || product.get::<i64>("position")? == store::FORMER {
        // Another product may take the handle, which touches all lists.
        tags.push(lists_tag(tenant.store));
        let json = serde_json::json!({ "id": id.to_string(), "handle": handle }).to_string();
        let answer = Answer { json, tags, next: None, record, moved_to: Some(format!("/api/v1/{page}")) };
        return Ok(Read { version, turn, answer: Some(answer) });
    }
    let mut variants: Vec<VariantPiece<'_>> = rows.iter().skip(1).map(piece).collect::<Result<_, _>>()?;
    let texts = match translation {
        Some(translation) => translation.get::<Option<&str>>("variants")?,
        None => None,
    };
    let texts: Vec<&RawValue> = texts.and_then(|texts| serde_json::from_str(texts).ok()).unwrap_or_default();
    for (variant, texts) in variants.iter_mut().zip(texts) {
        variant.document = with_texts(&variant.document, texts.get()).into();
    }
    let category: Option<&str> = product.get("category")?;
    let (storefront, locales) = (ctx.storefront_of(Role::Customer), ctx.locales());
    let url = storefront.page(&spoken.page(&page));
    let mut alternates = Vec::new();
    if !locales.is_only_one() {
        let said = store::said_of(product.get("said")?)?;
        let told = told_in(&locales, product.get("name")?, &said).into_iter();
        alternates = told.map(|(locale, path)| (locale.as_str(), storefront.page(&path))).collect();
    }
    if alternates.len() < 2 {
        alternates.clear();
    }
    let mut document = Cow::Borrowed(match translation {
        Some(translation) => translation.get::<&str>("document")?,
        None => product.get("document")?,
    });
    if let Some(quotes) = quotes {
        for (variant, row) in variants.iter_mut().zip(rows.iter().skip(1)) {
            let quote = quotes.get(row.get::<&str>("id")?);
            variant.document = variant_in(&variant.document, quote).into();
            variant.price = quote.map(|quote| quote.price);
        }
        let prices = || variants.iter().filter_map(|variant| variant.price);
        let range = prices().min_by_key(|price| price.minor()).zip(prices().max_by_key(|price| price.minor()));
        document = range_in(&document, range).into();
    }
    let mut json = product_answer(&document, category, product.get("sellable")?, &url, &alternates, &variants);
    if let Some(fields) = fields {
        json = select(fields, &json).map_err(no_document)?;
    }
    // A category that is renamed or moves takes back what names it.
    tags.extend(product.get::<Option<&str>>("category_id")?.map(str::to_owned));
    let answer = Answer { json, tags, next: None, record, moved_to: None };
    Ok(Read { version, turn, answer: Some(answer) })
}

/// The currency that is asked for, where it is not the store's own. `rows` are those of its currencies.
fn further_of(asked: Option<Currency>, rows: Option<&Rows>) -> Result<Option<Currency>, Failure<WrongFilter>> {
    let Some(asked) = asked else { return Ok(None) };
    let (own, others) = store::currencies_of(rows)?;
    if asked != own && !others.contains(&asked) {
        let reason = format!("{asked} is no currency of this store");
        return Err(Failure::Rejected(WrongFilter(vec![("currency".to_owned(), reason)])));
    }
    Ok(Some(asked).filter(|asked| *asked != own))
}

fn piece(row: Row<'_>) -> Result<VariantPiece<'_>, SqlError> {
    let price = match row.get::<Option<i64>>("price_minor")? {
        Some(minor) => Some(Money::new(minor, row.parse("currency")?)),
        None => None,
    };
    Ok(VariantPiece {
        document: Cow::Borrowed(row.get("document")?),
        sellable: row.get("sellable")?,
        available: row.get("available")?,
        sku: row.get("name")?,
        price,
    })
}

/// One page of active products; of a `shelf`, none where that is not there.
async fn list(
    ctx: &Ctx,
    query: &ListQuery,
    shelf: Option<(Shelf, &String)>,
    spoken: &Spoken,
) -> Result<Read, Failure<WrongFilter>> {
    let tenant = ctx.tenant();
    // One more than asked for tells whether there is a next page.
    let asked = query.limit.saturating_add(1);
    let further = match query.currency {
        Some(currency) if currency != ctx.principal().await?.currency => Some(currency),
        _ => None,
    };
    let channel = ctx.channel().map(|channel| channel.to_string());
    let filter = &ListFilter { channel, ..query.filter.clone() };
    let after = match &query.after {
        Some(after) => Some(after.place(ctx, query.sort.key).await.map_err(|failure| failure.map(wrong_cursor))?),
        None => None,
    };
    let page = store::Page {
        filter,
        sort: query.sort,
        own_order: query.own_order,
        after: after.as_ref(),
        limit: asked,
        now: ctx.now,
        currency: further,
    };
    let called_so = |list| store::addressed::called_so(list, filter, &spoken.chain);
    let cards = called_so(store::translation::cards_in(store::list(tenant, &page), &spoken.chain));
    let mut reads = vec![cards, store::version(tenant), store::turn(tenant, ctx.now)];
    let counted_at = reads.len();
    if query.is_counted {
        let limit = MOST_COUNTED.saturating_add(1);
        reads.push(called_so(store::count(tenant, &store::Page { after: None, limit, ..page })));
    }
    let currencies_at = reads.len();
    reads.extend(further.map(|_| store::currencies(tenant)));
    let attributes_at = reads.len();
    reads.extend(asked::reads(tenant, &query.filter.attributes));
    let shelf_at = reads.len();
    reads.extend(shelf.into_iter().flat_map(|(shelf, key)| match shelf {
        Shelf::Category => store::addressed::category(tenant, key, &spoken.chain),
        Shelf::Collection => store::addressed::collection(tenant, key, &spoken.chain),
    }));
    let asks_for_stock = |key| called_so(store::collection::asks_for_stock(tenant, key));
    reads.extend(query.filter.collection.as_deref().map(asks_for_stock));
    let rows = ctx.read(reads).await?;
    let (version, turn) = (store::version_of(rows.get(1))?, store::turn_of(rows.get(2))?);
    if further.is_some() {
        further_of(further, rows.get(currencies_at))?;
    }
    let count = if query.is_counted {
        let (found, is_more) = store::count_of(rows.get(counted_at))?;
        Some((found.min(MOST_COUNTED), found <= MOST_COUNTED && !is_more))
    } else {
        None
    };
    let owners = [Owner::Product, Owner::Variant];
    asked::check(ctx, &query.filter.attributes, &owners, rows.get(attributes_at)).await?;
    let (mut sort_name, mut shelf_tag) = (query.sort_name, None);
    if let Some((shelf, _)) = shelf {
        let Some(found) = rows.get(shelf_at).and_then(Rows::first) else {
            let former = rows.get(shelf_at.saturating_add(1));
            let answer = match shelf {
                Shelf::Category => categories::moved(ctx, former, "/products"),
                Shelf::Collection => collections::moved(ctx, former, "/products"),
            };
            return Ok(Read { version, turn, answer: answer? });
        };
        shelf_tag = Some(found.get::<&str>("id")?.to_owned());
        if query.own_order {
            sort_name = found.parse::<ProductOrder>("product_order")?.name();
        }
    }
    let stock_rule = rows.last();
    let rows = rows.first().ok_or(Failure::NotFound)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut cards = Vec::with_capacity(rows.len());
    let mut tags = Vec::with_capacity(rows.len());
    let mut next = None;
    for (at, row) in rows.iter().take(limit).enumerate() {
        let Some(card) = row.get::<Option<&str>>("card")? else {
            // How far was read, of a page that has less than it may have.
            next = Some(cursor_after(ctx, row, sort_name)?);
            break;
        };
        let mut card = Cow::Borrowed(card);
        if let Some(currency) = further {
            card = range_in(&card, range_of(row, currency)?).into();
        }
        cards.push((card, row.get::<bool>("sellable")?));
        tags.push(row.get::<&str>("id")?.to_owned());
        if at.saturating_add(1) == limit && limit < rows.len() {
            next = Some(cursor_after(ctx, row, sort_name)?);
        }
    }
    tags.push(lists_tag(tenant.store));
    let record = shelf_tag.as_deref().and_then(|id| id.parse().ok());
    tags.extend(shelf_tag);
    // What is in stock is in it or not; the products in it are named already.
    let is_ruled = query.filter.collection.is_some() && stock_rule.is_some_and(|rows| rows.first().is_some());
    if query.filter.in_stock.is_some() || is_ruled {
        tags.push(stock_tag(tenant.store));
    }
    let json = list_answer(&cards, query.fields.as_ref(), next.as_deref(), count).map_err(no_document)?;
    Ok(Read { version, turn, answer: Some(Answer { json, tags, next, record, moved_to: None }) })
}

fn wrong_cursor(reason: &str) -> WrongFilter {
    WrongFilter(vec![("cursor".to_owned(), reason.to_owned())])
}

fn no_document(error: serde_json::Error) -> Unavailable {
    Unavailable::corrupt(format!("a product's document: {error}"))
}

/// The range of prices of a card in another currency than the store's own.
fn range_of(row: Row<'_>, currency: Currency) -> Result<Option<(Money, Money)>, SqlError> {
    let Some(json) = row.get::<Option<&str>>("price_range")? else { return Ok(None) };
    let (min, max): (i64, i64) =
        serde_json::from_str(json).map_err(|error| SqlError::Statement(format!("a range of prices: {error}")))?;
    Ok(Some((Money::new(min, currency), Money::new(max, currency))))
}
