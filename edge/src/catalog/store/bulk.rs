//! Writing many products in one commit: one statement a table, its rows as a JSON array.
//!
//! `CROSS JOIN` keeps SQLite's planner to the order written, and `+` keeps it off an index: it has no
//! statistics (ANALYZE is blocked on servers) and would walk a whole store to find a hundred rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::kernel::id::{CategoryId, ProductId};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::media::FocalPoint;
use serde::Serialize;

use super::membership::list_in_collections;
use super::placement::list_in_categories;
use super::price::{PriceChangeRow, PriceRow, write_prices};
use super::translation::{self, TranslationRow};
use super::{addressed, attribute, channel};
use crate::app::Tenant;
use crate::media;
use crate::port::sql::{Commit, Row, Rows, SqlError, Statement};

const KNOWN_PRODUCTS: &str = "-- catalog::known_products
SELECT p.id, p.handle, p.version, p.created_at, p.product_type, p.category_id, p.source, p.source_hash
FROM json_each(?3) wanted
CROSS JOIN product p ON p.handle = wanted.value AND p.organization_id = ?1 AND p.store_id = ?2";

const SKU_OWNERS: &str = "-- catalog::sku_owners
SELECT v.sku, p.handle
FROM json_each(?3) wanted
CROSS JOIN variant v ON v.sku = wanted.value AND v.organization_id = ?1 AND v.store_id = ?2
CROSS JOIN product p ON p.id = v.product_id AND p.organization_id = ?1";

const KNOWN_CATEGORIES: &str = "-- catalog::known_categories
SELECT c.id, c.path
FROM json_each(?3) wanted
CROSS JOIN category c ON c.path = wanted.value AND c.organization_id = ?1 AND c.store_id = ?2";

const INSERT_CATEGORIES: &str = "-- catalog::insert_categories
INSERT INTO category (organization_id, store_id, id, parent_id, path, handle, name, created_at, updated_at)
SELECT ?1, ?2, r.value ->> 'id', r.value ->> 'parent', r.value ->> 'path', r.value ->> 'handle', r.value ->> 'name', ?4, ?4
FROM json_each(?3) r";

/// Refuses the commit when a product is no more what it was decided on: another import came in between, and its
/// variants are unknown here.
const GUARD_VERSIONS: &str = "-- catalog::guard_versions
INSERT INTO violation (what)
SELECT 'a product was written meanwhile'
FROM json_each(?3) r
LEFT JOIN product p ON p.id = r.value ->> 'id' AND p.organization_id = ?1 AND +p.store_id = ?2
WHERE p.version IS NOT r.value ->> 'version'";

/// A product that is there keeps its count, which follows its stock.
const UPSERT_PRODUCTS: &str = "-- catalog::upsert_products
INSERT INTO product (organization_id, store_id, id, handle, title, title_key, vendor, product_type, status,
  category_id, body_html, price_min, price_max, publish_at, unpublish_at, document, card, source, source_hash,
  sellable_variants, in_stock, version, created_at, updated_at)
SELECT ?1, ?2, r.value ->> 'id', r.value ->> 'handle', r.value ->> 'title', r.value ->> 'titleKey',
  r.value ->> 'vendor', r.value ->> 'productType', r.value ->> 'status', r.value ->> 'category',
  '', r.value ->> 'priceMin', r.value ->> 'priceMax', r.value ->> 'publishAt', r.value ->> 'unpublishAt',
  r.value ->> 'document', r.value ->> 'card', r.value ->> 'source', r.value ->> 'sourceHash',
  r.value ->> 'sellableVariants', r.value ->> 'sellableVariants' > 0, r.value ->> 'version', r.value ->> 'createdAt', ?4
FROM json_each(?3) r WHERE true
ON CONFLICT (id) DO UPDATE SET
  handle = excluded.handle, title = excluded.title, title_key = excluded.title_key, vendor = excluded.vendor,
  product_type = excluded.product_type, status = excluded.status, category_id = excluded.category_id,
  price_min = excluded.price_min, price_max = excluded.price_max, publish_at = excluded.publish_at,
  unpublish_at = excluded.unpublish_at, document = excluded.document, card = excluded.card, source = excluded.source,
  source_hash = excluded.source_hash, version = excluded.version, updated_at = excluded.updated_at
WHERE product.organization_id = ?1 AND product.store_id = ?2";

const DELETE_VARIANTS: &str = "-- catalog::delete_variants
DELETE FROM variant WHERE organization_id = ?1 AND +store_id = ?2 AND id IN (SELECT value FROM json_each(?3))";

/// Variants may swap SKUs or options among themselves: their old ones are put out of the way first.
const RELEASE_VARIANTS: &str = "-- catalog::release_variants
UPDATE variant SET sku = id, option_key = id
WHERE organization_id = ?1 AND +store_id = ?2 AND product_id IN (SELECT value FROM json_each(?3))";

/// A variant that is there keeps what is copied from its stock.
const UPSERT_VARIANTS: &str = "-- catalog::upsert_variants
INSERT INTO variant (organization_id, store_id, id, product_id, position, sku, title, option_key, currency,
  price_minor, document, available, sellable, continue_selling)
SELECT ?1, ?2, r.value ->> 'id', r.value ->> 'product', r.value ->> 'position', r.value ->> 'sku',
  r.value ->> 'title', r.value ->> 'optionKey', r.value ->> 'currency', r.value ->> 'priceMinor',
  r.value ->> 'document', r.value ->> 'available', r.value ->> 'sellable', r.value ->> 'continueSelling'
FROM json_each(?3) r WHERE true
ON CONFLICT (id) DO UPDATE SET
  position = excluded.position, sku = excluded.sku, title = excluded.title, option_key = excluded.option_key,
  currency = excluded.currency, price_minor = excluded.price_minor, document = excluded.document
WHERE variant.organization_id = ?1 AND variant.store_id = ?2";

const DELETE_IMAGES: &str = "-- catalog::delete_images
DELETE FROM product_image WHERE organization_id = ?1 AND product_id IN (SELECT value FROM json_each(?2))";

const INSERT_IMAGES: &str = "-- catalog::insert_images
INSERT INTO product_image (organization_id, id, product_id, position, url, alt, file_id)
SELECT ?1, r.value ->> 'id', r.value ->> 'product', r.value ->> 'position', r.value ->> 'url', r.value ->> 'alt',
  r.value ->> 'file'
FROM json_each(?2) r";

const DELETE_FACETS: &str = "-- catalog::delete_facets
DELETE FROM product_facet
WHERE organization_id = ?1 AND +store_id = ?2 AND product_id IN (SELECT value FROM json_each(?3))";

/// What a facet has of its product is copied from the product's row, written before.
const INSERT_FACETS: &str = "-- catalog::insert_facets
INSERT INTO product_facet (organization_id, store_id, kind, value, product_id, active, created_at, title_key, price_min,
  publish_at, unpublish_at, ordinal)
SELECT ?1, ?2, r.value ->> 'kind', r.value ->> 'value', p.id, p.status = 'active', p.created_at, p.title_key,
  p.price_min, p.publish_at, p.unpublish_at, r.value ->> 'ordinal'
FROM json_each(?3) r
CROSS JOIN product p ON p.id = r.value ->> 'product' AND p.organization_id = ?1 AND +p.store_id = ?2";

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryRow {
    pub id: String,
    pub parent: Option<String>,
    pub path: String,
    pub handle: String,
    pub name: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductRow {
    pub id: String,
    pub handle: String,
    pub title: String,
    pub title_key: String,
    pub vendor: String,
    pub product_type: String,
    pub status: &'static str,
    pub category: Option<String>,
    pub price_min: Option<i64>,
    pub price_max: Option<i64>,
    pub publish_at: Option<i64>,
    pub unpublish_at: Option<i64>,
    pub document: String,
    pub card: String,
    /// As the merchant gave it, in JSON.
    pub source: String,
    pub source_hash: String,
    /// Of a new product.
    pub sellable_variants: usize,
    pub version: i64,
    pub created_at: i64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VariantRow {
    pub id: String,
    pub product: String,
    pub position: usize,
    pub sku: String,
    pub title: String,
    pub option_key: String,
    pub currency: String,
    pub price_minor: Option<i64>,
    /// In further currencies.
    #[serde(skip)]
    pub prices: Vec<PriceRow>,
    #[serde(skip)]
    pub price_changes: Vec<PriceChangeRow>,
    pub document: String,
    /// Of a variant of a new product, what its stock will say; of others, as if there were none.
    pub available: Option<i64>,
    pub sellable: bool,
    pub continue_selling: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct ImageRow {
    pub id: String,
    pub product: String,
    pub position: usize,
    pub url: String,
    pub alt: String,
    /// The store's file that it is.
    pub file: Option<String>,
    /// Stands in the documents only.
    #[serde(skip)]
    pub focal_point: Option<FocalPoint>,
}

#[derive(Debug, Clone, Serialize)]
pub struct FacetRow {
    /// `tag`, `channel`, or `attribute:` and a key.
    pub kind: Cow<'static, str>,
    pub value: String,
    /// Where the value stands among others, of those that have an order.
    pub ordinal: Option<String>,
    pub product: String,
}

/// What the database holds of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProduct {
    pub id: ProductId,
    pub version: i64,
    pub created_at: Timestamp,
    /// The id of its main category.
    pub category: Option<String>,
    pub product_type: String,
    /// Of what was written last.
    pub hash: String,
    /// In JSON.
    pub source: String,
}

/// What the database holds of the products of a chunk.
#[derive(Debug, Default)]
pub struct KnownChunk {
    /// By handle.
    pub products: BTreeMap<String, KnownProduct>,
    /// The handle of the product that has a SKU.
    pub sku_owners: BTreeMap<String, String>,
    /// By path.
    pub categories: BTreeMap<String, CategoryId>,
    /// Paths that are no category's and cannot become one's: another category is called so in some locale.
    pub taken_paths: BTreeSet<String>,
    /// The handle of the product that has a handle in some other locale.
    pub translated_handles: BTreeMap<String, String>,
    /// What the store declares.
    pub attributes: Option<Rows>,
}

/// The statements whose rows [`known_of`] takes.
pub fn known(tenant: Tenant, handles: &[String], skus: &[String], paths: &[String]) -> Vec<Statement> {
    vec![
        tenant.statement(KNOWN_PRODUCTS).bind(json(handles)),
        tenant.statement(SKU_OWNERS).bind(json(skus)),
        tenant.statement(KNOWN_CATEGORIES).bind(json(paths)),
        addressed::paths_taken(tenant, paths),
        translation::owners(tenant, handles),
        attribute::all(tenant),
    ]
}

/// # Errors
/// [`SqlError::Statement`] when rows are of another shape.
pub fn known_of(rows: &[Rows]) -> Result<KnownChunk, SqlError> {
    let [products, skus, categories, paths, handles, attributes] = rows else {
        return Err(SqlError::Garbage("rows are missing".to_owned()));
    };
    let mut chunk = KnownChunk { attributes: Some(attributes.clone()), ..KnownChunk::default() };
    for row in products.iter() {
        chunk.products.insert(row.get::<&str>("handle")?.to_owned(), known_product_of(row)?);
    }
    for row in skus.iter() {
        chunk.sku_owners.insert(row.get::<&str>("sku")?.to_owned(), row.get::<&str>("handle")?.to_owned());
    }
    for row in categories.iter() {
        chunk.categories.insert(row.get::<&str>("path")?.to_owned(), row.parse("id")?);
    }
    chunk.taken_paths = addressed::paths_taken_of(paths)?.into_iter().collect();
    chunk.translated_handles = translation::owners_of(handles)?;
    Ok(chunk)
}

/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn known_product_of(row: Row<'_>) -> Result<KnownProduct, SqlError> {
    Ok(KnownProduct {
        id: row.parse("id")?,
        version: row.get("version")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        category: row.get::<Option<&str>>("category_id")?.map(str::to_owned),
        product_type: row.get::<&str>("product_type")?.to_owned(),
        hash: row.get::<&str>("source_hash")?.to_owned(),
        source: row.get::<&str>("source")?.to_owned(),
    })
}

/// A product or an attribute that is there, at the version on which was decided.
#[derive(Debug, Clone, Serialize)]
pub struct ReadVersion {
    pub id: String,
    pub version: i64,
}

/// The rows of one chunk.
#[derive(Debug, Default)]
pub struct Chunk {
    pub categories: Vec<CategoryRow>,
    pub products: Vec<ProductRow>,
    pub variants: Vec<VariantRow>,
    /// The products among these that were there before.
    pub updated_products: Vec<String>,
    /// What these were read at.
    pub versions: Vec<ReadVersion>,
    /// What the attributes were read at whose values were decided on.
    pub attributes: Vec<ReadVersion>,
    pub removed_variants: Vec<String>,
    pub images: Vec<ImageRow>,
    pub facets: Vec<FacetRow>,
    pub translations: Vec<TranslationRow>,
    /// Files that attributes refer to, as they were read.
    pub files: Vec<String>,
}

/// Adds the statements that write `chunk`.
pub fn write(commit: &mut Commit, tenant: Tenant, chunk: &Chunk, now: Timestamp) {
    let ids: Vec<&str> = chunk.products.iter().map(|product| product.id.as_str()).collect();
    if !chunk.versions.is_empty() {
        commit.push(guard_versions(tenant, &chunk.versions));
    }
    if !chunk.attributes.is_empty() {
        commit.push(attribute::guard_declared(tenant, &chunk.attributes));
    }
    if !chunk.files.is_empty() {
        commit.push(media::guard_ready(tenant, &chunk.files));
    }
    if !chunk.categories.is_empty() {
        commit.push(tenant.statement(INSERT_CATEGORIES).bind(json(&chunk.categories)).bind(now.millis()));
    }
    // Before the products change: a change is passed on to the facets that are there.
    commit.push(tenant.statement(DELETE_FACETS).bind(json(&ids)));
    commit.push(tenant.statement(UPSERT_PRODUCTS).bind(json(&chunk.products)).bind(now.millis()));
    if !chunk.removed_variants.is_empty() {
        commit.push(tenant.statement(DELETE_VARIANTS).bind(json(&chunk.removed_variants)));
    }
    if !chunk.updated_products.is_empty() {
        commit.push(tenant.statement(RELEASE_VARIANTS).bind(json(&chunk.updated_products)));
    }
    commit.push(tenant.statement(UPSERT_VARIANTS).bind(json(&chunk.variants)));
    let organization = tenant.organization.to_string();
    commit.push(Statement::new(DELETE_IMAGES).bind(organization.as_str()).bind(json(&ids)));
    commit.push(Statement::new(INSERT_IMAGES).bind(organization).bind(json(&chunk.images)));
    commit.push(tenant.statement(INSERT_FACETS).bind(json(&chunk.facets)));
    channel::publish(commit, tenant, &ids, &chunk.facets);
    translation::write(commit, tenant, &chunk.updated_products, &chunk.translations);
    list_in_categories(commit, tenant, &ids);
    write_prices(commit, tenant, chunk, now);
    // Rules ask for all that is written before.
    list_in_collections(commit, tenant, &ids);
}

/// Refuses the commit unless these are at these versions.
pub(super) fn guard_versions(tenant: Tenant, versions: &[ReadVersion]) -> Statement {
    tenant.statement(GUARD_VERSIONS).bind(json(versions))
}

fn json<T: Serialize + ?Sized>(rows: &T) -> String {
    serde_json::to_string(rows).unwrap_or_default()
}
