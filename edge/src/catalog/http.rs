//! `/api/v1/products`, and the routes of the catalog's other parts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use headlesspro_shared::catalog::attribute::{Bound, Range, is_key};
use headlesspro_shared::catalog::fieldset::Fieldset;
use headlesspro_shared::catalog::{Freshness, PriceBound, ProductOrder};
use headlesspro_shared::identity::{Resource, Scope};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::page::{Cursor, Limit};
use headlesspro_shared::kernel::time::Timestamp;
use http::header::{
    ACCEPT_LANGUAGE, AGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, LINK, LOCATION,
    VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128, xxh3_128_with_seed};

use super::cursors::{After, FOREIGN};
use super::shown::catalog_tag;
use super::spoken::{Preference, Spoken};
use super::store::facet::AttributeFilter;
use super::store::{ListFilter, Sort, SortKey};
use super::usecase::{self, ListQuery, Question, Shelf, WrongFilter};
use super::{attributes, categories, channels, collections, fields};
use crate::app::Ctx;
use crate::cache::pages::{Address, Found, Page};
use crate::cache::{Kept, isolates};
use crate::extract::{MinVersion, Parsed, PathText, Query, QueryParams, next_link, query_of};
use crate::failure::{Denied, Failure};
use crate::port::shared_cache::SharedCache;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};

/// The shopper's browser asks again; a shared cache answers for a minute, and for another while it fetches anew, as far
/// as nothing is published or unpublished meanwhile. An answer depends on the key, which names the tenant: caches must
/// tell keys apart.
pub(super) fn cacheable(read_at: Timestamp, turn: Option<Timestamp>) -> HeaderValue {
    let Freshness { fresh, stale } = Freshness::until(turn, read_at);
    let text = match stale {
        0 => format!("public, max-age=0, s-maxage={fresh}"),
        _ => format!("public, max-age=0, s-maxage={fresh}, stale-while-revalidate={stale}"),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
}

const VARIES: HeaderValue = HeaderValue::from_static("Authorization, X-Publishable-Key");
const VARIES_BY_LANGUAGE: HeaderValue = HeaderValue::from_static("Authorization, X-Publishable-Key, Accept-Language");
/// Room for all that an answer has in the end: each is put together from what is kept.
const HEADERS: usize = 24;
pub(super) const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

pub fn routes() -> Routes {
    Routes::new()
        .kept()
        .get("/api/v1/products", Access::Channel(Scope::CatalogRead), list)
        .get("/api/v1/products/{idOrHandle}", Access::Record(Scope::CatalogRead), product)
        .and(attributes::http::routes())
        .and(categories::http::routes())
        .and(channels::http::routes())
        .and(collections::http::routes())
        .and(super::filling::http::routes())
        .and(super::purges::http::routes())
        .and(super::sitemap::http::routes())
}

async fn product(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    Parsed(ProductQuery { currency, fields }): Parsed<ProductQuery>,
    asked: Asked,
) -> Result<Response, Problem> {
    show(ctx, asked, Question::Product(key, currency, fields)).await
}

/// The parameters of a product beside its locale.
struct ProductQuery {
    currency: Option<Currency>,
    fields: Option<Fieldset>,
}

impl Query for ProductQuery {
    fn parse(params: &mut QueryParams) -> ProductQuery {
        // What it says is in `Asked`.
        let _locale: Option<Locale> = params.take("locale", str::parse);
        ProductQuery {
            currency: params.take("currency", str::parse),
            fields: params.take("fields", |names| Fieldset::parse(names, fields::PRODUCT)),
        }
    }
}

/// The products of a category or a collection.
///
/// # Errors
/// As [`show`]; and when the query asks for another category or collection of the same kind.
pub async fn show_shelf(
    ctx: Ctx,
    asked: Asked,
    shelf: Shelf,
    key: String,
    mut query: ListQuery,
) -> Result<Response, Problem> {
    let (name, own) = match shelf {
        Shelf::Category => ("filter[category]", &mut query.filter.category),
        Shelf::Collection => ("filter[collection]", &mut query.filter.collection),
    };
    if own.replace(key.clone()).is_some() {
        return Err(Problem::parameter(name, "is said by the path already"));
    }
    // Of both, the collection leads the list.
    query.own_order &= shelf == Shelf::Collection || query.filter.collection.is_none();
    show(ctx, asked, Question::Shelf(shelf, key, query)).await
}

async fn list(ctx: Ctx, Parsed(query): Parsed<ListQuery>, asked: Asked) -> Result<Response, Problem> {
    show(ctx, asked, Question::List(query)).await
}

/// What a GET of the catalog says beside its parameters.
pub struct Asked {
    uri: Uri,
    headers: HeaderMap,
    at_least: Option<i64>,
    /// Or what is wrong with the locale that is named.
    preference: Result<Preference, String>,
    /// Where isolates share the answer, and what was found there.
    shared: Option<(Arc<Address>, Found)>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked, Problem> {
        let MinVersion(at_least) = MinVersion::from_request_parts(parts, state).await?;
        let (uri, headers) = (parts.uri.clone(), parts.headers.clone());
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let mut named = query.filter(|(name, _)| name == "locale").map(|(_, locale)| locale.parse::<Locale>());
        let preference = match (named.next(), named.next()) {
            (None, _) => Ok(Preference::Accepted(accepted(&headers))),
            (Some(Ok(locale)), None) => Ok(Preference::Named(locale)),
            (Some(Err(error)), None) => Err(error.to_string()),
            (Some(_), Some(_)) => Err("is given twice".to_owned()),
        };
        let shared = parts.extensions.get::<(Arc<Address>, Found)>().cloned();
        Ok(Asked { uri, headers, at_least, preference, shared })
    }
}

/// All that `Accept-Language` says. What is no text says nothing.
fn accepted(headers: &HeaderMap) -> String {
    let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

impl Asked {
    /// The same, with what is wanted of products said in one way, however it was: so that it is kept once.
    fn of_fields(mut self, fields: &Fieldset) -> Asked {
        let pairs = form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.filter(|(name, _)| name != "fields")).append_pair("fields", &fields.to_string());
        if let Ok(uri) = format!("{}?{}", self.uri.path(), query.finish()).parse() {
            self.uri = uri;
        }
        self
    }

    /// In which locale the question is answered, as far as the store's are known: before the caller is verified, that
    /// may be wrong.
    fn spoken(&self, ctx: &Ctx) -> Result<Spoken, Problem> {
        let wrong = |reason: String| Problem::parameter("locale", reason);
        let preference = self.preference.as_ref().map_err(|reason| wrong(reason.clone()))?;
        match preference.among(&ctx.locales()) {
            Err(_) if !ctx.is_verified() => Ok(Spoken::default()),
            spoken => spoken.map_err(|error| wrong(error.to_string())),
        }
    }
}

/// The answer to a GET of the catalog: the one that is kept, or else what is read now, which is kept then.
///
/// # Errors
/// [`Problem`] when there is none, the caller may not have it, or no database knows the version that is asked for.
pub async fn show(ctx: Ctx, asked: Asked, question: Question) -> Result<Response, Problem> {
    let asked = match question.fields() {
        None => asked,
        Some(fields) => asked.of_fields(fields),
    };
    let Asked { uri, headers, at_least, .. } = &asked;
    let (at_least, target) = (*at_least, uri.path_and_query().map_or_else(|| uri.path(), |target| target.as_str()));
    let (answers, _) = ctx.app().answers();
    let store = ctx.tenant().store;
    // Whoever is not known yet is looked up with what is read.
    let may_be_kept = ctx.is_verified() && !wants_it_read(&ctx, headers).await?;
    let guess = asked.spoken(&ctx)?;
    let key = place(&ctx, &guess, target);
    let kept = answers.get(store, &key, at_least, ctx.now).filter(|_| may_be_kept);
    let (kept, version) = match kept {
        Some(kept) => kept,
        None => {
            let shared = ctx.app().shared_cache();
            let url = |key: &str| isolates::url(host(headers), store, key);
            let recalled = match shared.filter(|_| may_be_kept) {
                Some(shared) => recalled(&ctx, &**shared, url(&key), at_least, &guess).await,
                None => None,
            };
            let on_page = match &asked.shared {
                Some((address, found)) if may_be_kept => on_page(&ctx, address, found, at_least, &key).await,
                _ => None,
            };
            let (kept, key) = match recalled.or(on_page) {
                Some(kept) => (Arc::new(kept), key),
                None => {
                    let (kept, spoken) = read_anew(&ctx, &asked, &question, guess.clone()).await?;
                    let (kept, key) = (Arc::new(kept), place(&ctx, &spoken, target));
                    // That a product is elsewhere is not worth a place there.
                    let shared = shared.filter(|_| !kept.headers.contains_key(LOCATION));
                    if let Some((shared, answer)) = shared.and_then(|shared| Some((shared, kept.to_shared()?))) {
                        let (shared, url) = (Arc::clone(shared), url(&key));
                        ctx.later(async move { shared.put(url, answer).await });
                    }
                    share_page(&ctx, &asked, &key, &kept);
                    (kept, key)
                }
            };
            answers.put(store, &key, Arc::clone(&kept));
            let version = kept.version;
            (kept, version)
        }
    };
    let shown = Resource::of_store(store).in_channels(ctx.channel());
    match &kept.record {
        Some(record) => {
            if !ctx.reaches(&shown.record(record.clone())).await? {
                return Err(Problem::not_found());
            }
        }
        // Of several channels none leads the list.
        None => {
            if !ctx.reaches(&shown).await? {
                return Err(Problem::from(Denied::MissingScope(Scope::CatalogRead)));
            }
        }
    }
    ctx.spent().tell_catalog_version(version);
    Ok(respond(&kept, headers, ctx.now))
}

/// By what the answer to `target` is kept, of a caller who is verified: what is shown in a channel stands below its id.
fn place<'a>(ctx: &Ctx, spoken: &Spoken, target: &'a str) -> Cow<'a, str> {
    let key = spoken.key(target);
    match ctx.channel() {
        None => key,
        Some(channel) => format!("/{channel}{key}").into(),
    }
}

/// `Cache-Control: no-cache` of somebody who may write the catalog: the answer is read now. A shopper's is left alone,
/// or anybody could have the database asked each time.
async fn wants_it_read(ctx: &Ctx, headers: &HeaderMap) -> Result<bool, Problem> {
    let control = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asks = control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"));
    Ok(asks && ctx.principal().await?.permissions.scopes().contains(Scope::CatalogWrite))
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

/// What another isolate has read lately, unless a write that went through this one has overtaken it.
async fn recalled(
    ctx: &Ctx,
    shared: &dyn SharedCache,
    url: String,
    at_least: Option<i64>,
    spoken: &Spoken,
) -> Option<Kept> {
    let (answers, kept_for) = ctx.app().answers();
    let kept = Kept::from_shared(shared.get(url).await?, varies(spoken), ctx.now, kept_for)?;
    let is_new_enough = at_least.is_none_or(|at_least| at_least <= kept.version);
    (is_new_enough && !answers.is_overtaken(ctx.tenant().store, kept.version)).then_some(kept)
}

/// What is shared at the address, unless a write that went through this isolate has overtaken it. Where it did not come
/// along with the limits, it is asked for here: that costs less than the database, which has to be asked otherwise.
async fn on_page(ctx: &Ctx, address: &Address, found: &Found, at_least: Option<i64>, key: &str) -> Option<Kept> {
    let app = ctx.app();
    let (answers, kept_for) = app.answers();
    let page = match found {
        Found::Asked(page) => page.clone()?,
        Found::NotAsked => {
            if app.limiter().is_alone() {
                return None;
            }
            ctx.spent().add_kv(1);
            let values = app.limiter().values(&*app.kv, &*app.clock, &address.keys()).await?;
            Arc::new(Page::of_values(values, address, &app.vault.lookup, ctx.now, kept_for)?)
        }
    };
    let version = page.kept.version;
    let is_new_enough = at_least.is_none_or(|at_least| at_least <= version);
    let is_shown = page.key == key && is_new_enough && !answers.is_overtaken(ctx.tenant().store, version);
    is_shown.then(|| page.kept.clone())
}

/// Puts an answer where isolates share it, after the response.
fn share_page(ctx: &Ctx, asked: &Asked, key: &str, kept: &Kept) {
    let Some((address, _)) = asked.shared.as_ref().filter(|_| !kept.headers.contains_key(LOCATION)) else { return };
    let Some(credential) = ctx.lent() else { return };
    let page = Page { credential, key: key.to_owned(), kept: kept.clone() };
    let Some(command) = page.share(address, &ctx.app().vault.lookup, ctx.now) else { return };
    let app = Arc::clone(ctx.app());
    ctx.later(async move {
        // What is not there is read again.
        let _may_be_missing = app.kv.pipeline(vec![command]).await;
    });
}

/// With the locale that it is in, of which `guess` is what was known before.
async fn read_anew(ctx: &Ctx, asked: &Asked, question: &Question, guess: Spoken) -> Result<(Kept, Spoken), Problem> {
    let Asked { uri, at_least, .. } = asked;
    let in_channel = ctx.channel();
    let mut found = match usecase::read(ctx, question, &guess).await {
        // It may be of an attribute that is new.
        Err(Failure::Rejected(wrong)) => Err(wrong),
        found => Ok(found?),
    };
    // The caller is verified now. An isolate that has not heard of the store or of the key yet reads again where it is
    // not to answer in the default locale, or in a channel.
    let spoken = asked.spoken(ctx)?;
    let too_old = at_least.filter(|at_least| !found.as_ref().is_ok_and(|found| *at_least <= found.version));
    if let Some(at_least) = too_old {
        // A replica that has not heard of it yet, or a client that asks for what never was.
        let read = usecase::read(&ctx.clone().reading_what_is_current(), question, &spoken).await?;
        if read.version < at_least {
            return Err(Problem::version_unknown(read.version));
        }
        found = Ok(read);
    } else if (&spoken.chain, ctx.channel()) != (&guess.chain, in_channel) && found.is_ok() {
        found = Ok(usecase::read(ctx, question, &spoken).await?);
    }
    let found = found?;
    ctx.spent().tell_catalog_version(found.version);
    let answer = found.answer.ok_or_else(Problem::not_found)?;
    let hash = match question.fields() {
        None => xxh3_128(answer.json.as_bytes()),
        // Told apart even where they show the same.
        Some(fields) => xxh3_128_with_seed(answer.json.as_bytes(), xxh3_64(fields.to_string().as_bytes())),
    };
    let etag = format!("\"{hash:032x}\"");
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(CACHE_CONTROL, cacheable(ctx.now, found.turn));
    headers.insert(VARY, varies(&spoken));
    if spoken.is_chosen {
        headers.extend(HeaderValue::from_str(spoken.locale.as_str()).ok().map(|locale| (CONTENT_LANGUAGE, locale)));
    }
    let link = answer.next.as_deref().map(|next| next_link(uri, next));
    let mut shown_tags = answer.tags.clone();
    shown_tags.push(catalog_tag(ctx.tenant().store));
    let tags = Some(shown_tags.join(","));
    // A CDN that looks for them elsewhere takes its header away again.
    let (name, between) = ctx.app().cdn().map_or((CACHE_TAG, ","), |cdn| cdn.tag_header());
    let tags_of_cdn = (name, Some(shown_tags.join(between)));
    let moved = (LOCATION, answer.moved_to.map(|path| path + &query_of(uri)));
    for (name, text) in [(ETAG, Some(etag.clone())), tags_of_cdn, (CACHE_TAG, tags), (LINK, link), moved] {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
    let (_, kept_for) = ctx.app().answers();
    let kept_for = i64::try_from(kept_for.as_millis()).unwrap_or(i64::MAX);
    let until = ctx.now.checked_add_millis(kept_for).unwrap_or(ctx.now);
    let kept = Kept {
        body: Bytes::from(answer.json),
        headers,
        etag,
        tags: answer.tags,
        version: found.version,
        record: answer.record,
        read_at: ctx.now,
        turn: found.turn,
        until: found.turn.map_or(until, |turn| turn.min(until)),
    };
    Ok((kept, spoken))
}

/// By what caches must tell requests apart: by the language only where that says which answer they get.
fn varies(spoken: &Spoken) -> HeaderValue {
    if spoken.depends_on_header() { VARIES_BY_LANGUAGE } else { VARIES }
}

/// The answer, or 304 when the caller has it.
fn respond(kept: &Kept, request: &HeaderMap, now: Timestamp) -> Response {
    let mut headers = kept.headers.clone();
    let age = kept.age_seconds(now);
    if 0 < age {
        // So that a shared cache does not add its minute to ours (RFC 9111, section 5.1).
        headers.insert(AGE, HeaderValue::from(age));
    }
    let known = request.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    if known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == kept.etag || tag == "*") {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(Body::from(kept.body.clone()));
    if headers.contains_key(LOCATION) {
        *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    }
    *response.headers_mut() = headers;
    response
}

/// The same for the products of a category or collection, which may say itself how they are ordered.
pub struct ShelfQuery(pub ListQuery);

impl Query for ShelfQuery {
    fn parse(params: &mut QueryParams) -> ShelfQuery {
        ShelfQuery(list_query(params, true))
    }
}

impl Query for ListQuery {
    fn parse(params: &mut QueryParams) -> ListQuery {
        let query = list_query(params, false);
        let is_placed = query.filter.category.is_some() || query.filter.collection.is_some();
        if query.sort.key == SortKey::Position && !is_placed {
            params.report("sort", "is manual in a category or a collection only");
        }
        query
    }
}

fn list_query(params: &mut QueryParams, is_shelf: bool) -> ListQuery {
    let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
    // What it says is in `Asked`.
    let _locale: Option<Locale> = params.take("locale", str::parse);
    let sort = params.take("sort", |sort| sort.parse::<ProductOrder>().map_err(|error| error.to_string()));
    let price = |text: &str| text.parse::<PriceBound>().map(PriceBound::ten_thousandths);
    let filter = ListFilter {
        category: params.take("filter[category]", text),
        collection: params.take("filter[collection]", text),
        vendor: params.take("filter[vendor]", text),
        tag: params.take("filter[tag]", |tag| text(tag).map(|tag| tag.to_lowercase())),
        price_from: params.take("filter[price][min]", price),
        price_to: params.take("filter[price][max]", price),
        in_stock: params.take("filter[inStock]", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false"),
        }),
        attributes: take_attributes(params),
        channel: None,
    };
    if let (Some(from), Some(to)) = (filter.price_from, filter.price_to)
        && to < from
    {
        params.report("filter[price][max]", "is below filter[price][min]");
    }
    let is_priced = filter.price_from.is_some() || filter.price_to.is_some();
    if is_priced && sort == Some(ProductOrder::Manual) {
        params.report("sort", "cannot be manual in a range of prices");
    }
    // Where nobody says one: of what has an order of its own, the cursor knows it.
    let mut order = sort.unwrap_or(if is_shelf && is_priced { ProductOrder::Price } else { ProductOrder::Newest });
    let after = params.take("cursor", |cursor| {
        let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN.to_owned())?;
        if is_shelf && sort.is_none() && !is_priced {
            order = cursor.sort().parse().map_err(|_| FOREIGN.to_owned())?;
        }
        cursor.parts_for(order.name()).map_err(|error| error.to_string())?;
        After::of(cursor, Sort::of(order).key).map_err(str::to_owned)
    });
    let own_order = is_shelf && sort.is_none() && !is_priced && after.is_none();
    let currency = params.take("currency", str::parse);
    let is_counted = params.take("count", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false"),
    });
    ListQuery {
        filter,
        sort: Sort::of(order),
        sort_name: order.name(),
        after,
        limit: limit.get(),
        own_order,
        currency,
        is_counted: is_counted.unwrap_or_default(),
        fields: params.take("fields", |names| Fieldset::parse(names, fields::CARD)),
    }
}

/// Keys with the values and the ranges that are asked for, which the attributes' types say more about when the list is
/// read.
pub fn take_attributes(params: &mut QueryParams) -> AttributeFilter {
    const MOST: usize = 10;
    let names = params.starting_with(ATTRIBUTE);
    if MOST < names.len() {
        params.report(ATTRIBUTE, "is asked for more than ten times");
    }
    let mut asked = AttributeFilter::default();
    let mut ends = BTreeMap::<String, [Option<Bound>; 2]>::new();
    for name in names {
        let whole = name.strip_prefix(ATTRIBUTE).unwrap_or_default();
        let low = whole.strip_suffix("[min]").map(|key| (key, 0));
        let end = low.or_else(|| whole.strip_suffix("[max]").map(|key| (key, 1)));
        let key = end.map_or(whole, |(key, _)| key);
        let value = params.take(&name, |value| match is_key(key) {
            true => text(value).map(|value| value.to_lowercase()),
            false => Err("is no key of an attribute"),
        });
        let Some((value, (key, end))) = value.as_deref().zip(end) else {
            asked.values.extend(value.map(|value| (key.to_owned(), value)));
            continue;
        };
        match value.parse::<Bound>() {
            Ok(bound) => {
                if let Some(there) = ends.entry(key.to_owned()).or_default().get_mut(end) {
                    *there = Some(bound);
                }
            }
            Err(error) => params.report(&name, error.to_string()),
        }
    }
    asked.ranges.extend(ends.into_iter().filter_map(|(key, [low, high])| Some((key, Range::of(low, high)?))));
    for (key, _) in asked.ranges.iter().filter(|(_, range)| range.is_turned()) {
        params.report(&format!("{ATTRIBUTE}{key}[max]"), format!("is below {ATTRIBUTE}{key}[min]"));
    }
    asked
}

/// Before an attribute's key, what lists are narrowed by it with.
const ATTRIBUTE: &str = "attribute.";

impl From<WrongFilter> for Problem {
    fn from(WrongFilter(wrong): WrongFilter) -> Problem {
        let error = |(name, detail)| FieldError { at: Place::Parameter(name), detail };
        Problem::invalid(wrong.into_iter().map(error).collect())
    }
}

/// Text of a filter: at most 255 characters.
fn text(text: &str) -> Result<String, &'static str> {
    match text.chars().count() {
        0 => Err("must not be empty"),
        1..=255 => Ok(text.to_owned()),
        _ => Err("must have at most 255 characters"),
    }
}
