//! The catalog's operations, for the OpenAPI document.

use headlesspro_shared::catalog::fieldset::Fieldset;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CategoryKind, CollectionKind, ImageKind, ProductKind, VariantKind};
use http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

pub use super::attributes::openapi::{AttributeAnswer, AttributeListAnswer, WriteAttribute};
use super::document::{AvailabilityBody, CardBody, ProductBody, VariantBody};
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, Problems, credentials, database, id, min_version, money,
    not_found, of, product_cursor, time,
};
use crate::problem::Problem;
use crate::wire::IdText;

/// A product with its variants.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Product")]
pub struct ProductAnswer {
    #[serde(flatten)]
    pub product: ProductBody,
    /// The main one.
    pub category: Option<CategoryRef>,
    /// The product's page in the storefront: below its `storefrontUrl` at `products/` and the handle, after the locale
    /// where that is not the store's default.
    pub canonical_url: String,
    /// Its pages in all locales that something is said in, the default first, for `hreflang` links; left out where
    /// there is but one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternates: Vec<AlternateBody>,
    /// Whether one of the variants can be bought now.
    pub in_stock: bool,
    /// In the merchant's order.
    pub variants: Vec<VariantAnswer>,
}

#[derive(JsonSchema)]
#[schemars(rename = "Variant")]
pub struct VariantAnswer {
    #[serde(flatten)]
    pub variant: VariantBody,
    pub availability: AvailabilityBody,
}

/// A page in one locale.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Alternate")]
pub struct AlternateBody {
    /// BCP 47.
    pub locale: String,
    pub url: String,
}

/// The product that had the handle.
#[derive(JsonSchema)]
#[schemars(rename = "MovedProduct")]
pub struct MovedAnswer {
    #[schemars(with = "IdText<ProductKind>")]
    pub id: String,
    /// The present one.
    pub handle: String,
}

/// The category that had the path, or that is below what had the beginning of it.
#[derive(JsonSchema)]
#[schemars(rename = "MovedCategory")]
pub struct MovedCategoryAnswer {
    #[schemars(with = "IdText<CategoryKind>")]
    pub id: String,
    /// The present one, in the locale that is answered in.
    pub path: String,
}

/// The collection that had the handle.
#[derive(JsonSchema)]
#[schemars(rename = "MovedCollection")]
pub struct MovedCollectionAnswer {
    #[schemars(with = "IdText<CollectionKind>")]
    pub id: String,
    /// The present one, in the locale that is answered in.
    pub handle: String,
}

/// A product as it stands in a list.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProductCard")]
pub struct CardAnswer {
    #[serde(flatten)]
    pub card: CardBody,
    /// Whether one of the variants can be bought now.
    pub in_stock: bool,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProductList")]
pub struct ProductListAnswer {
    /// The `limit` of them. Fewer, or none, on the last page; with several filters on any other one too.
    pub items: Vec<CardAnswer>,
    /// The `cursor` of the next page; null on the last one, and on no other.
    pub next_cursor: Option<String>,
    /// With `count=true`: how many products fit, up to 1,000, or at least how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000))]
    pub count: Option<i64>,
    /// With `count=true`: whether no more than these fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_count_exact: Option<bool>,
}

/// A category as its products name it.
#[derive(JsonSchema)]
#[schemars(rename = "CategoryReference")]
pub struct CategoryRef {
    #[schemars(with = "IdText<CategoryKind>")]
    pub id: String,
    pub name: String,
    /// Handles from the root: `outdoor/tents`.
    pub path: String,
}

/// What is said in one locale. What is left out is said as the language says it (`fr` for `fr-CA`), else as it is said
/// at all.
#[derive(JsonSchema)]
#[schemars(rename = "NamedTranslation", deny_unknown_fields)]
pub struct NamedTranslationBody {
    /// No other one has it in this language, nor as its own: of a category, none with the same parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub name: Option<String>,
    /// HTML; what is shown of it is sanitised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536))]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seo: Option<NamedSeoBody>,
}

#[derive(JsonSchema)]
#[schemars(rename = "NamedSeo", deny_unknown_fields)]
pub struct NamedSeoBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_000))]
    pub description: Option<String>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryInUse {
    /// Categories below it.
    pub children: i64,
    /// Products in it, by their main category or another one.
    pub products: i64,
    /// Collections with a rule that asks for it.
    pub collections: i64,
    pub allowed_actions: Vec<String>,
}

pub fn operations() -> Vec<Operation> {
    let parts = [
        super::attributes::openapi::operations(),
        super::categories::openapi::operations(),
        super::channels::openapi::operations(),
        super::collections::openapi::operations(),
        super::filling::openapi::operations(),
        super::purges::openapi::operations(),
        super::sitemap::openapi::operations(),
    ];
    vec![list(), product()].into_iter().chain(parts.into_iter().flatten()).collect()
}

fn list() -> Operation {
    products("/api/v1/products", "listProducts")
        .says("Lists products", "One page of the active products that fit all filters.")
}

/// A list of products, which says nothing of itself yet.
pub fn products(path: &'static str, id: &'static str) -> Operation {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    let price = json!({ "type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,4})?$" });
    Operation::new(Method::GET, path, id, "Catalog")
        .cache(Cache::Catalog)
        // In a currency, a caller who is not known yet is looked up first.
        .budget(Budget::new(1, 3, 0))
        .parameters(Parameter::page())
        .parameters([
            Parameter::query(
                "sort",
                "`newest` first; by `title` from A or by `price` (the lowest of a product) from the cheapest. \
                 With `-`, the other way round. By price, products without a price are left out. `manual`: by their \
                 places in the category or collection, but not in a range of prices. Left out, `newest`; of what has \
                 an order of its own, that one, and `price` in a range of prices.",
                json!({
                    "type": "string",
                    "enum": ["newest", "title", "-title", "price", "-price", "manual"],
                }),
                "price",
            ),
            Parameter::query(
                "filter[category]",
                "The category's id or path; products of the categories below it are included.",
                text.clone(),
                "outdoor/tents",
            ),
            Parameter::query("filter[collection]", "The collection's id or handle.", text.clone(), "summer"),
            Parameter::query("filter[vendor]", "The vendor, letter by letter.", text.clone(), "Northwind"),
            Parameter::query("filter[tag]", "A tag; case does not matter.", text, "waterproof"),
            Parameter::query(
                "filter[price][min]",
                "Products that are sold from this price or a higher one: their lowest, in the currency asked for.",
                price.clone(),
                "50",
            ),
            Parameter::query(
                "filter[price][max]",
                "Products that are sold from this price or a lower one, in the currency asked for.",
                price,
                "199.99",
            ),
            Parameter::query(
                "filter[inStock]",
                "`true`: products of which something can be bought now. `false`: the sold-out ones.",
                json!({ "type": "boolean" }),
                true,
            ),
            Parameter::query(
                "count",
                "`true`: the answer says how many products fit, as far as 1,000. It costs as much as a page of so many. With \
                 several filters that each fit more it says how many of the first 1,000 do.",
                json!({ "type": "boolean", "default": false }),
                true,
            ),
            Parameter::currency(
                "One of the store's currencies, its own where it is left out. A product that has no price in it is listed \
                 with `priceRange` null, and left out where prices order or narrow the list.",
            ),
            fields("handle,title,image.url"),
            Parameter::if_none_match(),
            Parameter::min_version(),
        ])
        .parameters(attributes())
        .parameters(Parameter::locale())
        .answer(
            Answer::json::<ProductListAnswer>(200, "A page of products.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Link])
                .example("onePage", "A page with a following one", products_example()),
        )
        .answer(
            Answer::empty(304, "The page is the one the caller has.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Link]),
        )
        .problems(credentials(Scope::CatalogRead))
        .problems(query_problems())
        .problems(min_version())
        .problems(database())
}

/// What lists of products, categories and collections are narrowed by.
pub fn attributes() -> [Parameter; 3] {
    let text = || json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    [
        Parameter::query(
            "attribute.KEY",
            "With the key of a filterable attribute in the place of `KEY`: those that have the value; a product, where a \
             variant has it too. Of an attribute that is a list, one of its elements. Texts whatever their case; money by \
             its amount. Several, ten at most: those that fit all of them.",
            text(),
            "oak",
        ),
        Parameter::query(
            "attribute.KEY[min]",
            "Those with a value that is this one or higher: a decimal, of numbers, decimals and money, or a date.",
            text(),
            "1.5",
        ),
        Parameter::query(
            "attribute.KEY[max]",
            "Those with a value that is this one or lower. Of several one has to be in the range.",
            text(),
            "2026-12-31",
        ),
    ]
}

fn product() -> Operation {
    Operation::new(Method::GET, "/api/v1/products/{idOrHandle}", "getProduct", "Catalog")
        .says("Shows a product", "An active product with its variants, and what is left of each.")
        .cache(Cache::Catalog)
        .budget(BUDGET)
        .parameters([
            Parameter::path(
                "idOrHandle",
                "The product's id, or its handle: that of the locale, or that of its own.",
                json!({ "type": "string" }),
                "tunnel-tent-2",
            ),
            Parameter::currency(
                "One of the store's currencies, its own where it is left out. A variant that has no price in it is shown \
                 with `price` null: it is not sold in it.",
            ),
            fields("handle,title,variants.price"),
            Parameter::if_none_match(),
            Parameter::min_version(),
        ])
        .parameters(Parameter::locale())
        .answer(
            Answer::json::<ProductAnswer>(200, "The product.")
                .headers(CACHED)
                .headers([Header::ContentLanguage])
                .example("tent", "A product with two variants", product_example()),
        )
        .answer(
            Answer::json::<MovedAnswer>(301, "The product has another handle now.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Location])
                .example(
                    "renamed",
                    "It was called otherwise",
                    json!({
                        "id": id::<ProductKind>(1).to_string(), "handle": "tunnel-tent-2",
                    }),
                ),
        )
        .answer(
            Answer::empty(304, "The product is as the caller has it.")
                .headers(CACHED)
                .headers([Header::ContentLanguage]),
        )
        .problems(credentials(Scope::CatalogRead))
        .problems(locale_problems())
        .problems(not_found())
        .problems(query_problems())
        .problems(min_version())
        .problems(database())
}

/// Which members of products are shown.
fn fields(example: &'static str) -> Parameter {
    Parameter::query(
        "fields",
        "Sparse fieldsets: the names of members of a product, with commas between them, such as `variants`; with a dot, \
         those of an object or of each object of a list, such as `variants.price`, but not of `attributes` and `jsonLd`. \
         All others are left out, whatever the answer's schema requires. `id` is always there, also of what is shown in \
         part. In which order they are named, and how often, does not count.",
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": Fieldset::MOST_BYTES,
            "pattern": r"^[0-9A-Za-z]+(\.[0-9A-Za-z]+)?(,[0-9A-Za-z]+(\.[0-9A-Za-z]+)?)*$",
        }),
        example,
    )
}

/// A second one only where a replica is behind what `Min-Version` asks for, or where this isolate hears of the store
/// for the first time and is not to answer in its default locale.
pub const BUDGET: Budget = Budget::new(1, 2, 0);

pub const CACHED: [Header; 5] = [Header::Etag, Header::CacheTag, Header::Age, Header::CatalogVersion, Header::Vary];

pub fn query_problems() -> Problems {
    vec![of(
        Problem::parameter("limit", "the limit must be a number between 1 and 250"),
        "Query parameters are unknown or not valid; `errors` lists them all.",
    )]
}

pub fn locale_problems() -> Problems {
    vec![of(
        Problem::parameter("locale", "is none of the store's locales: en, fr"),
        "The locale is none of the store's.",
    )]
}

fn image_example() -> Value {
    json!({
        "id": id::<ImageKind>(1).to_string(),
        "url": "https://images.example.com/tunnel-tent-2.jpg",
        "alt": "A green tunnel tent by a lake",
    })
}

fn products_example() -> Value {
    let card = json!({
        "id": id::<ProductKind>(1).to_string(),
        "handle": "tunnel-tent-2",
        "title": "Tunnel Tent 2",
        "vendor": "Northwind",
        "image": image_example(),
        "priceRange": { "min": money(18_900), "max": money(20_900) },
        "inStock": true,
    });
    json!({ "items": [card], "nextCursor": product_cursor() })
}

const PAGE: &str = "https://shop.example/products/tunnel-tent-2";

fn offer(sku: &str, price: &str, availability: &str) -> Value {
    json!({
        "@type": "Offer",
        "sku": sku,
        "price": price,
        "priceCurrency": "EUR",
        "availability": format!("https://schema.org/{availability}"),
    })
}

fn product_example() -> Value {
    let variant = |number: u8, colour: &str, cents: i64, left: i64| {
        json!({
            "id": id::<VariantKind>(number).to_string(),
            "sku": format!("TT2-{}", colour.to_uppercase()),
            "title": colour,
            "options": [{ "name": "Colour", "value": colour }],
            "price": money(cents),
            "compareAtPrice": null,
            "barcode": null,
            "weightGrams": 2_350,
            "weightUnit": "kg",
            "dimensions": { "lengthMm": 480, "widthMm": 160, "heightMm": 160 },
            "requiresShipping": true,
            "taxable": true,
            "imageUrl": null,
            "availability": { "inStock": 0 < left, "quantity": left },
        })
    };
    json!({
        "id": id::<ProductKind>(1).to_string(),
        "handle": "tunnel-tent-2",
        "title": "Tunnel Tent 2",
        "description": "<p>Two people, three seasons, 2.4 kg.</p>",
        "vendor": "Northwind",
        "productType": "Tent",
        "status": "active",
        "tags": ["waterproof", "lightweight"],
        "category": { "id": id::<CategoryKind>(2).to_string(), "name": "Tents", "path": "outdoor/tents" },
        "options": [{ "name": "Colour", "values": ["Moss", "Sand"] }],
        "images": [image_example()],
        "priceRange": { "min": money(18_900), "max": money(20_900) },
        "seo": { "title": "Tunnel Tent 2", "description": "A light tunnel tent for two." },
        "attributes": { "material": { "type": "text", "value": "nylon" } },
        "createdAt": time(0),
        "updatedAt": time(5),
        "version": 2,
        "jsonLd": {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": "Tunnel Tent 2",
            "description": "A light tunnel tent for two.",
            "brand": { "@type": "Brand", "name": "Northwind" },
            "image": ["https://images.example.com/tunnel-tent-2.jpg"],
            "url": PAGE,
            "offers": [offer("TT2-MOSS", "189.00", "InStock"), offer("TT2-SAND", "209.00", "OutOfStock")],
        },
        "canonicalUrl": PAGE,
        "alternates": [
            { "locale": "en", "url": PAGE },
            { "locale": "fr", "url": "https://shop.example/fr/products/tente-tunnel-2" },
        ],
        "inStock": true,
        "variants": [variant(1, "Moss", 18_900, 12), variant(2, "Sand", 20_900, 0)],
    })
}
