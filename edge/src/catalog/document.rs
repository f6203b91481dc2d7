//! Rendered answers. A product is rendered when it is written; a read puts the pieces together and
//! passes them through.
//!
//! The stored pieces are JSON objects: the product without its variants, each variant, and the card of
//! a list. What changes by itself is added when they are read: availability, and the category as it is called now.

use std::borrow::Cow;
use std::collections::BTreeMap;

use headlesspro_shared::catalog::fieldset::Fieldset;
use headlesspro_shared::kernel::id::{FileKind, ImageKind, ProductId, ProductKind, VariantKind};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::selected::select;
use crate::media::FocalPointBody;
use crate::wire::{IdText, MomentText, MoneyBody};

/// A product with its variants, without their availability.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Product")]
pub struct ProductBody {
    #[schemars(with = "IdText<ProductKind>")]
    pub id: String,
    /// Unique in its store; stands in the storefront's URL.
    pub handle: String,
    pub title: String,
    /// HTML, sanitised: safe to put into a page.
    pub description: String,
    pub vendor: String,
    pub product_type: String,
    /// `active` for every product that is shown.
    #[schemars(extend("enum" = ["active"]))]
    pub status: String,
    pub tags: Vec<String>,
    pub options: Vec<OptionBody>,
    pub images: Vec<ImageBody>,
    /// Null while no variant has a price.
    pub price_range: Option<PriceRangeBody>,
    pub seo: SeoBody,
    /// By key; left out where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeBody>,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub created_at: String,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub updated_at: String,
    pub version: i64,
    // The last member: its object is left open where an answer is put together.
    /// For search engines (schema.org): stands in the page as `<script type="application/ld+json">` as it is.
    #[schemars(with = "JsonLdBody")]
    pub json_ld: Box<RawValue>,
}

/// A product as schema.org says it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "JsonLd")]
pub struct JsonLdBody {
    #[serde(rename = "@context")]
    pub context: &'static str,
    #[serde(rename = "@type")]
    pub kind: &'static str,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<JsonLdBrandBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image: Vec<String>,
    /// The product's page. Added when it is read, as the offers are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// One of each variant that has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offers: Option<Vec<JsonLdOfferBody>>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "JsonLdBrand")]
pub struct JsonLdBrandBody {
    #[serde(rename = "@type")]
    pub kind: &'static str,
    pub name: String,
}

/// A variant's offer, as it is at this moment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "JsonLdOffer")]
pub struct JsonLdOfferBody {
    #[serde(rename = "@type")]
    pub kind: &'static str,
    pub sku: String,
    pub price: String,
    pub price_currency: String,
    #[schemars(extend("enum" = [
        "https://schema.org/InStock", "https://schema.org/BackOrder", "https://schema.org/OutOfStock",
    ]))]
    pub availability: String,
}

impl JsonLdBody {
    /// A product without what is known when it is read.
    pub fn of(name: &str, description: &str, brand: &str, image: Vec<String>) -> JsonLdBody {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        JsonLdBody {
            context: "https://schema.org",
            kind: "Product",
            name: name.to_owned(),
            description: given(description),
            brand: given(brand).map(|name| JsonLdBrandBody { kind: "Brand", name }),
            image,
            url: None,
            offers: None,
        }
    }
}

/// `value` as JSON that may stand in a script of a page: nothing in it ends the script.
pub fn in_script<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProductOption")]
pub struct OptionBody {
    /// Such as `Size`.
    pub name: String,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Image")]
pub struct ImageBody {
    #[schemars(with = "IdText<ImageKind>")]
    pub id: String,
    pub url: String,
    pub alt: String,
    /// Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_point: Option<FocalPointBody>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceRange")]
pub struct PriceRangeBody {
    pub min: MoneyBody,
    pub max: MoneyBody,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Seo")]
pub struct SeoBody {
    pub title: String,
    pub description: String,
}

/// A variant, without its availability.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Variant")]
pub struct VariantBody {
    #[schemars(with = "IdText<VariantKind>")]
    pub id: String,
    pub sku: String,
    /// The option values: `M / Blue`. Empty for a product without options.
    pub title: String,
    pub options: Vec<SelectedOptionBody>,
    /// Null while the merchant has not set one; such a variant is not for sale.
    pub price: Option<MoneyBody>,
    /// The price before a reduction.
    pub compare_at_price: Option<MoneyBody>,
    /// Of a reduction, the lowest price of the 30 days before it began (Directive 98/6/EC, Article 6a). Left out where
    /// there was none.
    #[serde(rename = "lowestPrice30Days", skip_serializing_if = "Option::is_none")]
    pub lowest_price: Option<MoneyBody>,
    pub barcode: Option<String>,
    pub weight_grams: Option<i64>,
    /// The unit that the merchant shows the weight in; null where there is none.
    #[schemars(extend("enum" = ["g", "kg", "oz", "lb", null]))]
    pub weight_unit: Option<String>,
    /// Left out where the merchant has given none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<DimensionsBody>,
    pub requires_shipping: bool,
    pub taxable: bool,
    /// How it is taxed: left out where that is `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<String>,
    pub image_url: Option<String>,
    /// Its own, by key; left out where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeBody>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Dimensions", deny_unknown_fields)]
pub struct DimensionsBody {
    #[schemars(range(min = 0, max = 100_000))]
    pub length_mm: i64,
    #[schemars(range(min = 0, max = 100_000))]
    pub width_mm: i64,
    #[schemars(range(min = 0, max = 100_000))]
    pub height_mm: i64,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SelectedOption")]
pub struct SelectedOptionBody {
    pub name: String,
    pub value: String,
}

/// What a variant is called: the members of its document that another locale has otherwise.
#[derive(Serialize)]
pub struct VariantTexts {
    pub title: String,
    pub options: Vec<SelectedOptionBody>,
}

/// A value of an attribute that the store declares.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "AttributeValue")]
pub struct AttributeBody {
    #[schemars(extend("enum" = [
        "text", "number", "decimal", "boolean", "date", "money", "url", "reference", "list", "json"
    ]))]
    pub r#type: String,
    /// Of a decimal, a date, a URL or a reference a text; of money an `amount` and a `currency`.
    pub value: Value,
    /// Those that the value refers to, in its order; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<AttributeFileBody>,
}

/// A file that an attribute refers to, such as a manual or a film.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AttributeFile")]
pub struct AttributeFileBody {
    #[schemars(with = "IdText<FileKind>")]
    pub id: String,
    /// Where everybody reads it.
    pub url: String,
    /// Such as `application/pdf`.
    pub content_type: &'static str,
    pub name: String,
    pub bytes: i64,
}

/// A product as it stands in a list, without its availability.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProductCard")]
pub struct CardBody {
    #[schemars(with = "IdText<ProductKind>")]
    pub id: String,
    pub handle: String,
    pub title: String,
    pub vendor: String,
    /// The first one.
    pub image: Option<ImageBody>,
    pub price_range: Option<PriceRangeBody>,
}

/// What is added to a variant when it is read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Availability")]
pub struct AvailabilityBody {
    /// Whether one can be bought now.
    pub in_stock: bool,
    /// Units left; null when they are not counted.
    pub quantity: Option<i64>,
}

pub fn date(timestamp: Timestamp) -> String {
    timestamp.to_string()
}

/// HTML of a merchant's, made safe to put into a page: scripts, handlers, frames and styles are gone.
pub fn sanitise(html: &str) -> String {
    headlesspro_shared::kernel::html::sanitize(html)
}

/// A stored variant as it is called in another locale; `texts` is a [`VariantTexts`].
///
/// In JSON `,"` stands nowhere within a text, whose quotes are escaped: what is looked for are the members.
pub fn with_texts(document: &str, texts: &str) -> String {
    let parts = document.split_once(r#","title":"#).zip(document.split_once(r#","price":"#));
    let texts = texts.strip_prefix('{').and_then(|texts| texts.strip_suffix('}'));
    match (parts, texts) {
        (Some(((before, _), (_, after))), Some(texts)) => format!(r#"{before},{texts},"price":{after}"#),
        _ => document.to_owned(),
    }
}

/// A stored variant with what is known of its stock.
pub struct VariantPiece<'a> {
    pub document: Cow<'a, str>,
    pub sellable: bool,
    pub available: Option<i64>,
    pub sku: &'a str,
    pub price: Option<Money>,
}

/// A product's answer from its stored pieces. `url` is of its page in the storefront, `alternates` are those of its
/// pages by their locales, without what would need escaping. `category` is a JSON object.
pub fn product_answer(
    document: &str,
    category: Option<&str>,
    sellable: bool,
    url: &str,
    alternates: &[(&str, String)],
    variants: &[VariantPiece<'_>],
) -> String {
    let pieces = variants.iter().map(|variant| variant.document.len().saturating_add(160));
    let mut answer = String::with_capacity(room_for(pieces.chain([document.len()])));
    if let Some(open) = document.strip_suffix("}}") {
        answer.push_str(open);
        answer.push_str(r#","url":""#);
        answer.push_str(url);
        answer.push_str(r#"","offers":["#);
        let mut between = "";
        for variant in variants {
            let Some(price) = variant.price else { continue };
            let availability = match variant.available {
                _ if !variant.sellable => "OutOfStock",
                Some(units) if units <= 0 => "BackOrder",
                _ => "InStock",
            };
            let sku = in_script(&variant.sku).unwrap_or_default();
            let (amount, currency) = (price.amount_text(), price.currency());
            answer.push_str(&format!(
                r#"{between}{{"@type":"Offer","sku":{sku},"price":"{amount}","priceCurrency":"{currency}","availability":"https://schema.org/{availability}"}}"#
            ));
            between = ",";
        }
        answer.push_str("]}");
    } else {
        answer.push_str(open(document));
    }
    answer.push_str(r#","category":"#);
    answer.push_str(category.unwrap_or("null"));
    answer.push_str(r#","canonicalUrl":""#);
    answer.push_str(url);
    answer.push('"');
    for (at, (locale, url)) in alternates.iter().enumerate() {
        let before = if at == 0 { r#","alternates":["# } else { "," };
        answer.push_str(&format!(r#"{before}{{"locale":"{locale}","url":"{url}"}}"#));
    }
    answer.push_str(if alternates.is_empty() { "" } else { "]" });
    answer.push_str(if sellable { r#","inStock":true,"variants":["# } else { r#","inStock":false,"variants":["# });
    for (at, variant) in variants.iter().enumerate() {
        if 0 < at {
            answer.push(',');
        }
        answer.push_str(open(&variant.document));
        answer.push_str(r#","availability":{"inStock":"#);
        answer.push_str(if variant.sellable { "true" } else { "false" });
        answer.push_str(r#","quantity":"#);
        match variant.available {
            Some(units) => answer.push_str(&units.max(0).to_string()),
            None => answer.push_str("null"),
        }
        answer.push_str("}}");
    }
    answer.push_str("]}");
    answer
}

/// A list's answer from stored cards, with those of their members that are wanted. `next` is the cursor of the following
/// page.
///
/// # Errors
/// When a card whose members are chosen is no JSON, which nobody writes.
pub fn list_answer(
    cards: &[(Cow<'_, str>, bool)],
    fields: Option<&Fieldset>,
    next: Option<&str>,
    count: Option<(i64, bool)>,
) -> Result<String, serde_json::Error> {
    let mut answer = String::with_capacity(room_for(cards.iter().map(|(card, _)| card.len())));
    answer.push_str(r#"{"items":["#);
    for (at, (card, sellable)) in cards.iter().enumerate() {
        if 0 < at {
            answer.push(',');
        }
        let begins = answer.len();
        answer.push_str(open(card));
        answer.push_str(if *sellable { r#","inStock":true}"# } else { r#","inStock":false}"# });
        if let Some(fields) = fields {
            let whole = answer.split_off(begins);
            answer.push_str(&select(fields, &whole)?);
        }
    }
    answer.push_str(r#"],"nextCursor":"#);
    match next {
        // A cursor is URL-safe base64: nothing in it needs escaping.
        Some(cursor) => {
            answer.push('"');
            answer.push_str(cursor);
            answer.push('"');
        }
        None => answer.push_str("null"),
    }
    if let Some((count, is_exact)) = count {
        answer.push_str(&format!(r#","count":{count},"isCountExact":{is_exact}"#));
    }
    answer.push('}');
    Ok(answer)
}

/// What the staff sees of a product: its source, and what stands beside it.
pub fn source_answer(
    id: ProductId,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    source: &str,
) -> String {
    let members = source.strip_prefix('{').unwrap_or(source);
    format!(r#"{{"id":"{id}","version":{version},"createdAt":"{created_at}","updatedAt":"{updated_at}",{members}"#)
}

/// A product as it stands in the staff's list, from its stored card.
pub fn staff_card(card: &str, status: &str, version: i64, created_at: i64, updated_at: i64) -> String {
    let [created_at, updated_at] = [created_at, updated_at].map(|millis| date(Timestamp::from_millis(millis)));
    let card = open(card);
    format!(r#"{card},"status":"{status}","version":{version},"createdAt":"{created_at}","updatedAt":"{updated_at}"}}"#)
}

/// Bytes that surely hold an answer of pieces of these lengths: growing it would copy it again and again.
fn room_for(pieces: impl Iterator<Item = usize>) -> usize {
    const ADDED_TO_A_PIECE: usize = 80;
    pieces.fold(256, |room: usize, piece| room.saturating_add(piece).saturating_add(ADDED_TO_A_PIECE))
}

/// A JSON object without its closing brace.
fn open(object: &str) -> &str {
    object.strip_suffix('}').unwrap_or(object)
}
