//! A product's source as the rows and rendered pieces that are written: the one way there is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use headlesspro_shared::catalog::attribute::{Definition, Definitions};
use headlesspro_shared::catalog::source::{Source, SourceImage, SourceVariant};
use headlesspro_shared::kernel::id::{ImageId, ProductId, VariantId};
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::document::{
    AttributeBody, CardBody, DimensionsBody, ImageBody, JsonLdBody, OptionBody, PriceRangeBody, ProductBody,
    SelectedOptionBody, SeoBody, VariantBody, VariantTexts, date, in_script, sanitise,
};
use super::files::FilesShown;
use super::store::channel;
use super::store::{FacetRow, ImageRow, PriceChangeRow, PriceRow, ProductRow, TranslationRow, VariantRow};
use crate::media::FocalPointBody;
use crate::wire::MoneyBody;

/// Grows when the rendered pieces change shape, so that an import renders equal products anew.
const RENDERING: &str = "6";

/// What a product's row says beside its source.
pub struct Standing {
    pub id: ProductId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Whether it is new: then its rows hold what its stock will say.
    pub is_new: bool,
}

/// What a store declares of attributes, and the files that they refer to: see [`files_shown`](super::files_shown).
pub struct Declared<'a> {
    pub definitions: &'a Definitions,
    pub files: &'a FilesShown,
}

/// The rows of one product.
pub struct ProductRows {
    pub product: ProductRow,
    pub variants: Vec<VariantRow>,
    pub images: Vec<ImageRow>,
    pub facets: Vec<FacetRow>,
    pub translations: Vec<TranslationRow>,
    /// The files that are shown as values of attributes.
    pub files: Vec<String>,
}

impl ProductRows {
    /// About how many bytes they are on their way to the database: pieces are JSON in a row of JSON in a request of
    /// JSON, where a quote becomes four bytes.
    pub fn bytes(&self) -> usize {
        const OF_ROW: usize = 400;
        let escaped = |text: &str| -> usize {
            let marks = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
            text.len().saturating_add(marks.saturating_mul(3))
        };
        let product = [&self.product.document, &self.product.card, &self.product.source].map(|text| escaped(text));
        let variants = self.variants.iter().map(|variant| escaped(&variant.document).saturating_add(OF_ROW));
        let images = self.images.iter().map(|image| escaped(&image.url).saturating_add(escaped(&image.alt)));
        let translations = self.translations.iter().flat_map(|said| {
            let variants = said.variants.as_deref().unwrap_or_default();
            [OF_ROW, escaped(&said.document), escaped(&said.card), escaped(variants)]
        });
        let others = self.images.len().saturating_add(self.facets.len()).saturating_mul(OF_ROW);
        product.into_iter().chain(variants).chain(images).chain(translations).fold(others, usize::saturating_add)
    }
}

/// What tells whether a product would be written as it is, of its source as JSON.
pub fn hash(source: &str) -> String {
    hex::encode(Sha256::new().chain_update(RENDERING).chain_update(source).finalize())
}

/// The rows of a source whose variants and images have their ids, in the place of what `was` there. `json` is the
/// source's.
///
/// # Errors
/// When a piece cannot be rendered as JSON, which no source brings about.
pub fn render(
    source: &Source,
    was: Option<&Source>,
    json: String,
    standing: &Standing,
    currency: Currency,
    attributes: &Declared<'_>,
) -> Result<ProductRows, serde_json::Error> {
    let id = standing.id.to_string();
    let images = image_rows(source, &id);
    let (document, card) = pieces(source, &images, standing, attributes)?;
    let range = source.price_range();
    let known = was.iter().flat_map(|was| &was.variants).map(|variant| (variant.id, variant));
    let known: BTreeMap<_, &SourceVariant> = known.collect();
    let mut variants = Vec::with_capacity(source.variants.len());
    let mut sellable_variants = 0_usize;
    for (position, variant) in source.variants.iter().enumerate() {
        let mut row = variant_row(source, variant, &id, position, currency, attributes)?;
        let changes = known.get(&variant.id).map(|was| variant.price_changes(was)).unwrap_or_default();
        row.price_changes = changes.iter().map(|change| PriceChangeRow::of(&row.id, change)).collect();
        if standing.is_new {
            let inventory = variant.inventory;
            (row.available, row.sellable) = (inventory.counted(), inventory.is_sellable());
            row.continue_selling = inventory.continue_selling;
            sellable_variants = sellable_variants.saturating_add(usize::from(row.sellable));
        }
        variants.push(row);
    }
    let product = ProductRow {
        handle: source.handle.to_string(),
        title: source.title.clone(),
        title_key: source.title_key(),
        vendor: source.vendor.clone(),
        product_type: source.product_type.clone(),
        status: source.status.name(),
        category: source.category.clone(),
        price_min: range.map(|(min, _)| min.minor()),
        price_max: range.map(|(_, max)| max.minor()),
        publish_at: source.publish_at.map(Timestamp::millis),
        unpublish_at: source.unpublish_at.map(Timestamp::millis),
        document,
        card,
        source_hash: hash(&json),
        source: json,
        sellable_variants,
        version: standing.version,
        created_at: standing.created_at.millis(),
        id,
    };
    let facets = facets(source, &product.id, attributes);
    let translate = |locale| translation(source, locale, standing, attributes);
    let translations = source.translations.keys().map(translate).collect::<Result<_, _>>()?;
    let mut files: Vec<String> = attributes.definitions.files(source.attribute_values()).into_iter().collect();
    files.retain(|id| attributes.files.contains_key(id));
    Ok(ProductRows { product, variants, images, facets, translations, files })
}

/// The document and the card of a product.
fn pieces(
    source: &Source,
    images: &[ImageRow],
    standing: &Standing,
    attributes: &Declared<'_>,
) -> Result<(String, String), serde_json::Error> {
    let option = |(at, option)| {
        let values = source.values_of(at, option).into_iter().map(str::to_owned).collect();
        OptionBody { name: option.name.clone(), values }
    };
    let body = ProductBody {
        id: standing.id.to_string(),
        handle: source.handle.to_string(),
        title: source.title.clone(),
        description: sanitise(&source.description),
        vendor: source.vendor.clone(),
        product_type: source.product_type.clone(),
        status: source.status.name().to_owned(),
        tags: source.tags.clone(),
        options: source.options.iter().enumerate().map(option).collect(),
        images: images.iter().map(image_body).collect(),
        price_range: source.price_range().map(|(min, max)| PriceRangeBody { min: min.into(), max: max.into() }),
        seo: SeoBody {
            title: source.seo.title.clone().unwrap_or_else(|| source.title.clone()),
            description: source.seo.description.clone().unwrap_or_default(),
        },
        attributes: typed(attributes, &source.attributes),
        created_at: date(standing.created_at),
        updated_at: date(standing.updated_at),
        version: standing.version,
        json_ld: json_ld(source, images)?,
    };
    let card = CardBody {
        id: body.id.clone(),
        handle: body.handle.clone(),
        title: body.title.clone(),
        vendor: body.vendor.clone(),
        image: images.first().map(image_body),
        price_range: body.price_range.clone(),
    };
    Ok((serde_json::to_string(&body)?, serde_json::to_string(&card)?))
}

/// The product as it is said in a locale.
fn translation(
    source: &Source,
    locale: &Locale,
    standing: &Standing,
    attributes: &Declared<'_>,
) -> Result<TranslationRow, serde_json::Error> {
    let said = source.in_locale(locale);
    let product = standing.id.to_string();
    let (document, card) = pieces(&said, &image_rows(&said, &product), standing, attributes)?;
    let texts = |variant: &SourceVariant| VariantTexts { title: variant.title(), options: selected(&said, variant) };
    let variants = source
        .has_other_options(&said)
        .then(|| serde_json::to_string(&said.variants.iter().map(texts).collect::<Vec<_>>()))
        .transpose()?;
    let own = source.translations.get(locale).and_then(|translation| translation.handle.as_ref());
    Ok(TranslationRow {
        product,
        locale: locale.to_string(),
        handle: own.map(ToString::to_string),
        shown_handle: said.handle.to_string(),
        document,
        card,
        variants,
    })
}

fn image_rows(source: &Source, product: &str) -> Vec<ImageRow> {
    let row = |(position, image): (usize, &SourceImage)| ImageRow {
        id: image.id.as_ref().map(ImageId::to_string).unwrap_or_default(),
        product: product.to_owned(),
        position,
        url: image.url.clone(),
        alt: image.alt.clone(),
        file: image.file_id.map(|id| id.to_string()),
        focal_point: image.focal_point,
    };
    source.images.iter().enumerate().map(row).collect()
}

fn selected(source: &Source, variant: &SourceVariant) -> Vec<SelectedOptionBody> {
    let options = source.options.iter().zip(&variant.options);
    options.map(|(option, value)| SelectedOptionBody { name: option.name.clone(), value: value.clone() }).collect()
}

fn variant_row(
    source: &Source,
    variant: &SourceVariant,
    product: &str,
    position: usize,
    currency: Currency,
    attributes: &Declared<'_>,
) -> Result<VariantRow, serde_json::Error> {
    let body = VariantBody {
        id: variant.id.as_ref().map(VariantId::to_string).unwrap_or_default(),
        sku: variant.sku.to_string(),
        title: variant.title(),
        options: selected(source, variant),
        price: variant.price.map(MoneyBody::from),
        compare_at_price: variant.compare_at_price.map(MoneyBody::from),
        lowest_price: variant.lowest_price.map(MoneyBody::from),
        barcode: variant.barcode.clone(),
        weight_grams: variant.weight_grams,
        dimensions: variant.dimensions.map(|sides| DimensionsBody {
            length_mm: sides.length_mm,
            width_mm: sides.width_mm,
            height_mm: sides.height_mm,
        }),
        weight_unit: variant.weight_grams.and(variant.weight_unit).map(|unit| unit.name().to_owned()),
        requires_shipping: variant.requires_shipping,
        taxable: variant.taxable,
        tax_class: variant.tax_class.as_ref().map(ToString::to_string),
        image_url: variant.image_url.clone(),
        attributes: typed(attributes, &variant.attributes),
    };
    Ok(VariantRow {
        product: product.to_owned(),
        position,
        option_key: variant.option_key(),
        currency: currency.to_string(),
        price_minor: variant.price.map(|price| price.minor()),
        prices: variant.prices.values().map(|quote| PriceRow::of(&body.id, quote)).collect(),
        price_changes: Vec::new(),
        document: serde_json::to_string(&body)?,
        id: body.id,
        sku: body.sku,
        title: body.title,
        available: None,
        sellable: false,
        continue_selling: false,
    })
}

fn typed(attributes: &Declared<'_>, values: &Map<String, Value>) -> BTreeMap<String, AttributeBody> {
    let body =
        |(key, of, value): (&String, &Definition, &Value)| (key.clone(), typed_value(of, value, attributes.files));
    attributes.definitions.typed(values).map(body).collect()
}

/// A value as a storefront is shown it.
pub fn typed_value(of: &Definition, value: &Value, files: &FilesShown) -> AttributeBody {
    let files = of.files(value).filter_map(|id| files.get(id)).cloned().collect();
    AttributeBody { r#type: of.value_type.name().to_owned(), value: value.clone(), files }
}

/// A product stands under its tags, its values of attributes and the channels it names; under its categories, and
/// under all channels where it names none, the store puts it.
fn facets(source: &Source, product: &str, attributes: &Declared<'_>) -> Vec<FacetRow> {
    let tags: BTreeSet<String> = source.tags.iter().map(|tag| tag.to_lowercase()).collect();
    let tags = tags.into_iter().map(|value| (Cow::Borrowed("tag"), value, None));
    let values = attributes.definitions.facets(source.attribute_values()).into_iter().map(|(key, value)| {
        let ordinal = attributes.definitions.ordinal(&key, &value);
        (Cow::Owned(format!("attribute:{key}")), value, ordinal)
    });
    let named = source.channels.iter().flat_map(|id| [id.clone(), format!("{}{id}", channel::NAMED)]);
    let channels = named.map(|value| (Cow::Borrowed(channel::KIND), value, None));
    let row = |(kind, value, ordinal)| FacetRow { kind, value, ordinal, product: product.to_owned() };
    tags.chain(values).chain(channels).map(row).collect()
}

/// What search engines are told of the product: of its images some, of its texts those for a page's head.
fn json_ld(source: &Source, images: &[ImageRow]) -> Result<Box<RawValue>, serde_json::Error> {
    const MOST_IMAGES: usize = 10;
    let urls = images.iter().take(MOST_IMAGES).map(|image| image.url.clone()).collect();
    let description = source.seo.description.as_deref().unwrap_or_default();
    let body = JsonLdBody::of(&source.title, description, &source.vendor, urls);
    RawValue::from_string(in_script(&body)?)
}

fn image_body(image: &ImageRow) -> ImageBody {
    let focal_point = image.focal_point.map(FocalPointBody::from);
    ImageBody { id: image.id.clone(), url: image.url.clone(), alt: image.alt.clone(), focal_point }
}
