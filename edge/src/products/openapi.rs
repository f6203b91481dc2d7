//! The operations on products as the staff writes them, for the OpenAPI document.

use std::collections::BTreeMap;

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CategoryKind, FileKind, ImageKind, ProductKind, VariantKind};
use http::Method;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::http::LIMIT;
use super::usecase::ProductError;
use super::wire::PriceHistoryBody;
use crate::catalog::{CardBody, DimensionsBody};
use crate::media::FocalPointBody;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body_within, min_version_of_staff, money, not_found, of, product_cursor, time,
};
use crate::problem::Problem;
use crate::wire::{IdText, MomentText, MoneyBody};

/// A product as the merchant gives it. What is left out, or null, has its default.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteProduct", deny_unknown_fields)]
pub struct WriteProduct {
    /// Made of the title where it is left out. Of its own in the store: lower-case letters, digits and dashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub handle: Option<String>,
    /// Required of a new product.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub title: Option<String>,
    /// HTML, kept as it is, of at most 512 KiB. Storefronts get it sanitised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub vendor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub product_type: Option<String>,
    /// `draft` where it is left out. All variants of one that is no draft have a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["draft", "active", "archived", null]))]
    pub status: Option<String>,
    /// From when on an active product is shown and sold; at once where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MomentText>")]
    pub publish_at: Option<String>,
    /// From when on it no longer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MomentText>")]
    pub unpublish_at: Option<String>,
    /// The category's id or path. It is kept as the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Ids or handles of the channels that it is published in, which are kept as ids; all there are where it is left
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub channels: Option<Vec<String>>,
    /// At most 250. One that is there already, whatever its case, is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250))]
    pub tags: Option<Vec<String>>,
    /// What a buyer chooses; at most 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 3))]
    pub options: Option<Vec<WriteOption>>,
    /// In display order; at most 250.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250))]
    pub images: Option<Vec<WriteImage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seo: Option<WriteSeo>,
    /// Values of attributes that the store declares of products, by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Map<String, Value>>,
    /// Free data for the staff, of at most 16 KiB. No storefront sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// What is said in other locales of the store, by locale. Each text that is left out is said as the language says
    /// it (`fr` for `fr-CA`), and at last as the product itself does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translations: Option<BTreeMap<String, Option<WriteTranslation>>>,
    /// At most 2,048. Without any, the product has one without options.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub variants: Option<Vec<WriteVariant>>,
}

/// Texts by what they stand for; null takes one away.
type SaidTexts = BTreeMap<String, Option<String>>;

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteTranslation", deny_unknown_fields)]
pub struct WriteTranslation {
    /// No other product has it in the language, or as its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seo: Option<WriteSeo>,
    /// Names of options, by the product's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<SaidTexts>,
    /// Values of options, by the option's own name and the own value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option_values: Option<BTreeMap<String, Option<SaidTexts>>>,
    /// By the images' addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_alts: Option<SaidTexts>,
}

#[derive(JsonSchema)]
#[schemars(rename = "WriteOption", deny_unknown_fields)]
pub struct WriteOption {
    /// Such as `Size`; no other option of the product has it.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The order of its values. Those that are not here follow, as the variants name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteImage", deny_unknown_fields)]
pub struct WriteImage {
    /// Of an image that is there; left out of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<ImageKind>>")]
    pub id: Option<String>,
    /// Absolute, `http` or `https`; each stands once. That of the file where there is a `fileId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub alt: Option<String>,
    /// An image among the store's files, which stays as long as a product shows it. Its alt text and focal point are
    /// the image's where those are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<FileKind>>")]
    pub file_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_point: Option<FocalPointBody>,
}

#[derive(JsonSchema)]
#[schemars(rename = "WriteSeo", deny_unknown_fields)]
pub struct WriteSeo {
    /// The product's title where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteVariant", deny_unknown_fields)]
pub struct WriteVariant {
    /// Of a variant that is there. One without is known by its SKU, else by its options, and is new where neither is
    /// there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<VariantKind>>")]
    pub id: Option<String>,
    /// Of its own in the store; made of the handle and the options where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub sku: Option<String>,
    /// One value for each option of the product, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 3))]
    pub options: Option<Vec<String>>,
    /// In the store's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<MoneyBody>,
    /// The price before a reduction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<MoneyBody>,
    /// Of a reduction, the lowest price of the 30 days before it began (Directive 98/6/EC, Article 6a). It is found when
    /// the reduction is written; what a request says of it does not count.
    #[serde(rename = "lowestPrice30Days", skip_serializing_if = "Option::is_none")]
    pub lowest_price: Option<MoneyBody>,
    /// In the store's further currencies, each by its code: the variant is sold in those alone. In none of the others
    /// is a price converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<BTreeMap<String, WritePrice>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub barcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub weight_grams: Option<i64>,
    /// In which the weight is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["g", "kg", "oz", "lb", null]))]
    pub weight_unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<DimensionsBody>,
    /// The code of the Harmonized System, for customs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{6,13}$"))]
    pub hs_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub origin_country: Option<String>,
    /// True where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_shipping: Option<bool>,
    /// True where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxable: Option<bool>,
    /// How it is taxed: `standard` where it is left out, `reduced`, or a class of the merchant's own, as the rates of tax
    /// zones name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,39}$"))]
    pub tax_class: Option<String>,
    /// The `url` of one of the product's images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<WriteInventory>,
    /// Values of attributes that the store declares of variants, by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Map<String, Value>>,
    /// Free data for the staff, of at most 16 KiB. No storefront sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// A price in one of the store's further currencies, which all its amounts have.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WritePrice", deny_unknown_fields)]
pub struct WritePrice {
    pub price: MoneyBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<MoneyBody>,
    /// As the variant's.
    #[serde(rename = "lowestPrice30Days", skip_serializing_if = "Option::is_none")]
    pub lowest_price: Option<MoneyBody>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteInventory", deny_unknown_fields)]
pub struct WriteInventory {
    /// Units as they were last counted. Another number is a new count; the same one says nothing new, and what was
    /// sold since stays sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub quantity: Option<i64>,
    /// Whether units are counted; where it is left out, whether there is a quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracked: Option<bool>,
    /// Whether it is sold on when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_selling: Option<bool>,
}

/// A product as the merchant gave it. Members without a value are left out.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProductSource")]
pub struct ProductSource {
    #[schemars(with = "IdText<ProductKind>")]
    pub id: String,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
    #[serde(flatten)]
    pub product: WriteProduct,
}

/// A product of any status as it stands in a list.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StaffProduct")]
pub struct StaffProduct {
    #[serde(flatten)]
    pub card: CardBody,
    #[schemars(extend("enum" = ["draft", "active", "archived"]))]
    pub status: String,
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StaffProducts")]
pub struct StaffProducts {
    /// The newest first.
    pub items: Vec<StaffProduct>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What is wrong with a line of a bulk upsert.
#[derive(JsonSchema)]
pub struct BulkFault {
    /// Where in the line: a JSON pointer as a fragment (RFC 6901).
    pub pointer: String,
    pub detail: String,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkPartMissing {
    /// What can still be done.
    pub allowed_actions: Vec<String>,
    /// The first part that is not done.
    pub next_part: i64,
}

pub fn operations() -> Vec<Operation> {
    let mut operations = vec![create(), change(), delete(), list(), show(), history()];
    operations.extend(super::export::openapi::operations());
    operations.extend(super::bulk::openapi::operations());
    operations
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Catalog")
        .cache(Cache::Personal)
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/products", "createProduct")
        .says(
            "Makes a product",
            "With its variants and their stock, in one commit. All that is wrong is named at once.",
        )
        .budget(Budget::new(2, 7, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<WriteProduct>("The product.")
                .example("tent", "A product with two variants", source(false))
                .example("draft", "A draft with a title alone", json!({ "title": "Tunnel Tent 3" })),
        )
        .answer(
            Answer::json::<ProductSource>(201, "The product.")
                .headers([Header::Location, Header::IdempotentReplayed, Header::Etag])
                .example("tent", "A product with two variants", source(true)),
        )
        .problems(body_problems())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(changing())
}

fn change() -> Operation {
    operation(Method::PATCH, "/api/v1/products/{idOrHandle}", "changeProduct")
        .says(
            "Changes a product",
            "The body is a JSON Merge Patch (RFC 7396) of what `GET /api/v1/admin/products/{idOrHandle}` shows: null \
             takes a member away, a list takes the place of the whole list. Variants keep their ids: each is known by \
             its id, else by its SKU, else by its options.",
        )
        .budget(Budget::new(2, 21, 0))
        .parameters([key(), Parameter::if_match()])
        .body(
            RequestBody::json::<WriteProduct>("What is to be changed, as `application/merge-patch+json` or JSON.")
                .example(
                    "publish",
                    "Published at a moment",
                    json!({
                        "status": "active",
                        "publishAt": time(48),
                        "seo": { "description": null },
                    }),
                ),
        )
        .answer(shown())
        .problems(body_problems())
        .problems(beyond_grants())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ProductError::VersionMismatch { current: 8 }))
        .problems(changing())
}

fn delete() -> Operation {
    operation(Method::DELETE, "/api/v1/products/{idOrHandle}", "deleteProduct")
        .says(
            "Deletes a product",
            "With its variants, their stock and its images. Orders keep what they copied of it; carts lose its lines. \
             To stop selling it and keep it, archive it.",
        )
        .budget(Budget::new(2, 9, 0))
        .parameters([key(), Parameter::if_match()])
        .answer(Answer::empty(204, "It is gone."))
        .problems(beyond_grants())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ProductError::VersionMismatch { current: 8 }))
        .problems(changing())
}

const LIST_HEADERS: [Header; 2] = [Header::Link, Header::CatalogVersion];

fn list() -> Operation {
    let status = json!({ "type": "string", "enum": ["draft", "active", "archived"] });
    operation(Method::GET, "/api/v1/admin/products", "listAllProducts")
        .says(
            "Lists products of any status",
            "The newest first, drafts and archived ones among them. Where the caller's grants are for channels, 1,000 \
             products are looked at for a page of the drafts, or of the archived ones, if these are more and those of \
             the channels too: it may have fewer than its limit, or none, and the list ends where `nextCursor` is null.",
        )
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .parameters([
            Parameter::query("filter[status]", "Only those of this status.", status, "draft"),
            Parameter::min_version(),
        ])
        .problems(min_version_of_staff())
        .answer(Answer::json::<StaffProducts>(200, "A page of products.").headers(LIST_HEADERS).example(
            "one",
            "A page with a following one",
            json!({
                "items": [{
                    "id": id::<ProductKind>(1).to_string(),
                    "handle": "tunnel-tent-2",
                    "title": "Tunnel Tent 2",
                    "vendor": "Northwind",
                    "image": null,
                    "priceRange": { "min": money(18_900), "max": money(20_900) },
                    "status": "draft",
                    "version": 1,
                    "createdAt": time(0),
                    "updatedAt": time(0),
                }],
                "nextCursor": product_cursor(),
            }),
        ))
        .problems(vec![of(
            Problem::parameter("limit", "the limit must be a number between 1 and 250"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/admin/products/{idOrHandle}", "getProductSource")
        .says("Shows a product as the merchant gave it", "Of any status. This is what PATCH changes.")
        .budget(Budget::new(1, 2, 0))
        .parameters([key(), Parameter::min_version()])
        .problems(min_version_of_staff())
        .answer(shown().headers([Header::CatalogVersion]))
        .problems(not_found())
}

fn history() -> Operation {
    let path = "/api/v1/admin/products/{idOrHandle}/variants/{variantId}/prices";
    let text = json!({ "type": "string" });
    let applied = |hours, cents| json!({ "at": time(hours), "price": money(cents), "compareAtPrice": null });
    operation(Method::GET, path, "listVariantPrices")
        .says("Lists the prices that a variant had", "In one currency, the newest first, each with when it began.")
        .budget(Budget::new(1, 2, 0))
        .parameters([
            key(),
            Parameter::path("variantId", "The variant's id.", text, id::<VariantKind>(1).to_string()),
            Parameter::currency("The currency of the prices; the store's own where it is left out."),
        ])
        .parameters(Parameter::page())
        .answer(Answer::json::<PriceHistoryBody>(200, "A page of prices.").headers([Header::Link]).example(
            "reduced",
            "A price that was reduced",
            json!({
                "items": [
                    { "at": time(48), "price": money(14_900), "compareAtPrice": money(18_900) },
                    applied(0, 18_900),
                ],
                "nextCursor": null,
            }),
        ))
        .problems(not_found())
        .problems(vec![of(
            Problem::parameter("limit", "the limit must be a number between 1 and 250"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
}

fn key() -> Parameter {
    let schema = json!({ "type": "string" });
    Parameter::path("idOrHandle", "The product's id, or its handle.", schema, "tunnel-tent-2")
}

fn shown() -> Answer {
    Answer::json::<ProductSource>(200, "The product.").headers([Header::Etag]).example(
        "tent",
        "A product with two variants",
        source(true),
    )
}

fn body_problems() -> Vec<crate::openapi::Problem> {
    json_body_within(LIMIT, "The body has more than 2 MiB.")
}

fn beyond_grants() -> Vec<crate::openapi::Problem> {
    vec![of(
        ProductError::BeyondGrants,
        "The caller's grants are for some channels, and it is published elsewhere too.",
    )]
}

fn changing() -> Vec<crate::openapi::Problem> {
    vec![of(ProductError::Changing, "Somebody else is changing the same.").with::<AllowedActions>()]
}

/// As it is sent, or, `is_kept`, as it is shown.
fn source(is_kept: bool) -> Value {
    let variant = |number: u8, colour: &str, cents: i64, left: i64| {
        let mut variant = json!({
            "sku": format!("TT2-{}", colour.to_uppercase()),
            "options": [colour],
            "price": money(cents),
            "prices": { "JPY": { "price": { "amount": (cents * 2).to_string(), "currency": "JPY" } } },
            "weightGrams": 2_350,
            "weightUnit": "kg",
            "dimensions": { "lengthMm": 480, "widthMm": 160, "heightMm": 160 },
            "hsCode": "630622",
            "originCountry": "VN",
            "requiresShipping": true,
            "taxable": true,
            "taxClass": "standard",
            "inventory": { "quantity": left, "tracked": true, "continueSelling": false },
        });
        if let (true, Value::Object(members)) = (is_kept, &mut variant) {
            members.insert("id".to_owned(), id::<VariantKind>(number).to_string().into());
        }
        variant
    };
    let mut source = json!({
        "handle": "tunnel-tent-2",
        "title": "Tunnel Tent 2",
        "description": "<p>Two people, three seasons, 2.4 kg.</p>",
        "vendor": "Northwind",
        "productType": "Tent",
        "status": "active",
        "category": if is_kept { id::<CategoryKind>(2).to_string() } else { "outdoor/tents".to_owned() },
        "tags": ["waterproof", "lightweight"],
        "options": [{ "name": "Colour" }],
        "seo": { "description": "A light tunnel tent for two." },
        "metadata": { "erpNumber": 4711 },
        "translations": {
            "fr": { "title": "Tente tunnel 2", "optionValues": { "Colour": { "Moss": "Mousse", "Sand": "Sable" } } },
        },
        "variants": [variant(1, "Moss", 18_900, 12), variant(2, "Sand", 20_900, 0)],
    });
    if let (true, Value::Object(members)) = (is_kept, &mut source) {
        members.insert("id".to_owned(), id::<ProductKind>(1).to_string().into());
        members.insert("version".to_owned(), 1.into());
        members.insert("createdAt".to_owned(), time(0).into());
        members.insert("updatedAt".to_owned(), time(0).into());
    }
    source
}
