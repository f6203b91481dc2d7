//! A parsed product as the rows and rendered pieces that are written.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Upsert;
use headlesspro_shared::catalog::import::{ParsedProduct, ParsedVariant};
use headlesspro_shared::catalog::option_key;
use headlesspro_shared::kernel::id::CategoryId;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::catalog::{
    CardBody, FacetRow, ImageBody, ImageRow, OptionBody, PriceRangeBody, ProductBody, ProductRow, SelectedOptionBody,
    SeoBody, VariantBody, VariantRow, date, sanitise,
};
use crate::inventory::Level;
use crate::wire::MoneyBody;

/// Grows when the rendered pieces change shape, so that an import renders equal products anew.
const RENDERING: &str = "3";

/// The rows of one product.
pub struct ProductRows {
    pub product: ProductRow,
    pub variants: Vec<VariantRow>,
    pub images: Vec<ImageRow>,
    pub facets: Vec<FacetRow>,
    pub levels: Vec<Level>,
}

/// # Errors
/// When a piece cannot be rendered as JSON, which no parsed product brings about.
pub fn rows(
    parsed: &ParsedProduct,
    upsert: &Upsert,
    category: Option<CategoryId>,
    currency: Currency,
    now: Timestamp,
) -> Result<ProductRows, serde_json::Error> {
    let id = upsert.id.to_string();
    let images: Vec<ImageRow> = parsed
        .images
        .iter()
        .zip(&upsert.images)
        .enumerate()
        .map(|(position, (image, image_id))| ImageRow {
            id: image_id.to_string(),
            product: id.clone(),
            position,
            url: image.url.clone(),
            alt: image.alt.clone(),
        })
        .collect();
    let prices = parsed.variants.iter().filter_map(|variant| variant.price);
    let mut body = ProductBody {
        id: id.clone(),
        handle: parsed.handle.to_string(),
        title: parsed.title.clone(),
        description: sanitise(&parsed.body_html),
        vendor: parsed.vendor.clone(),
        product_type: parsed.product_type.clone(),
        status: parsed.status.name().to_owned(),
        tags: parsed.tags.clone(),
        options: parsed
            .options
            .iter()
            .map(|option| OptionBody { name: option.name.clone(), values: option.values.clone() })
            .collect(),
        images: images.iter().map(image_body).collect(),
        price_range: PriceRangeBody::of(prices.clone()),
        seo: SeoBody {
            title: parsed.seo_title.clone().unwrap_or_else(|| parsed.title.clone()),
            description: parsed.seo_description.clone().unwrap_or_default(),
        },
        created_at: date(upsert.created_at),
        updated_at: String::new(),
        version: 0,
    };
    let card = CardBody {
        id: id.clone(),
        handle: body.handle.clone(),
        title: body.title.clone(),
        vendor: body.vendor.clone(),
        image: images.first().map(image_body),
        price_range: body.price_range.clone(),
    };
    let mut variants = Vec::with_capacity(parsed.variants.len());
    let mut levels = Vec::with_capacity(parsed.variants.len());
    for (position, (variant, variant_id)) in parsed.variants.iter().zip(&upsert.variants).enumerate() {
        let variant_id = variant_id.to_string();
        levels.push(Level {
            variant: variant_id.clone(),
            product: id.clone(),
            units: variant.inventory_quantity,
            tracked: variant.tracked,
            continue_selling: variant.continue_selling,
        });
        variants.push(variant_row(parsed, variant, variant_id, &id, position, currency)?);
    }
    let facets = facets(parsed, &id);
    let source_hash = source_hash(&body, parsed, category, &variants)?;
    // The hash is of what the file says; this is what becomes of it.
    let mut sellable_variants = 0_usize;
    if upsert.created {
        for (variant, level) in variants.iter_mut().zip(&levels) {
            (variant.available, variant.sellable) = (level.counted(), level.is_sellable());
            variant.continue_selling = level.continue_selling;
            sellable_variants = sellable_variants.saturating_add(usize::from(variant.sellable));
        }
    }
    body.updated_at = date(now);
    body.version = upsert.version;
    let product = ProductRow {
        handle: body.handle.clone(),
        title: parsed.title.clone(),
        title_key: parsed.title.to_lowercase(),
        vendor: parsed.vendor.clone(),
        product_type: parsed.product_type.clone(),
        status: parsed.status.name(),
        category: category.map(|category| category.to_string()),
        body_html: parsed.body_html.clone(),
        price_min: prices.clone().map(|price| price.minor()).min(),
        price_max: prices.map(|price| price.minor()).max(),
        document: serde_json::to_string(&body)?,
        card: serde_json::to_string(&card)?,
        source_hash,
        sellable_variants,
        version: upsert.version,
        created_at: upsert.created_at.millis(),
        id,
    };
    Ok(ProductRows { product, variants, images, facets, levels })
}

fn variant_row(
    product: &ParsedProduct,
    variant: &ParsedVariant,
    id: String,
    product_id: &str,
    position: usize,
    currency: Currency,
) -> Result<VariantRow, serde_json::Error> {
    let title = variant.option_values.join(" / ");
    let options = product.options.iter().zip(&variant.option_values);
    let body = VariantBody {
        id: id.clone(),
        sku: variant.sku.to_string(),
        title: title.clone(),
        options: options
            .map(|(option, value)| SelectedOptionBody { name: option.name.clone(), value: value.clone() })
            .collect(),
        price: variant.price.map(MoneyBody::from),
        compare_at_price: variant.compare_at.map(MoneyBody::from),
        barcode: variant.barcode.clone(),
        weight_grams: variant.weight_grams,
        weight_unit: variant.weight_grams.and(variant.weight_unit).map(|unit| unit.name().to_owned()),
        requires_shipping: variant.requires_shipping,
        taxable: variant.taxable,
        image_url: variant.image_url.clone(),
    };
    Ok(VariantRow {
        id,
        product: product_id.to_owned(),
        position,
        sku: body.sku.clone(),
        title,
        option_key: option_key(variant),
        currency: currency.to_string(),
        price_minor: variant.price.map(|price| price.minor()),
        document: serde_json::to_string(&body)?,
        available: None,
        sellable: false,
        continue_selling: false,
    })
}

/// A product stands under its tags; under its categories the catalog puts it.
fn facets(parsed: &ParsedProduct, product: &str) -> Vec<FacetRow> {
    let tags = parsed.tags.iter().map(|tag| ("tag", tag.to_lowercase()));
    let values: BTreeMap<(&'static str, String), ()> = tags.map(|key| (key, ())).collect();
    values.into_keys().map(|(kind, value)| FacetRow { kind, value, product: product.to_owned() }).collect()
}

/// What an import would write, but for its date and version.
fn source_hash(
    body: &ProductBody,
    parsed: &ParsedProduct,
    category: Option<CategoryId>,
    variants: &[VariantRow],
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Source<'a>(&'a str, &'a ProductBody, &'a str, Option<CategoryId>, &'a [VariantRow]);
    let source = serde_json::to_vec(&Source(RENDERING, body, &parsed.body_html, category, variants))?;
    Ok(hex::encode(Sha256::digest(source)))
}

fn image_body(image: &ImageRow) -> ImageBody {
    ImageBody { id: image.id.clone(), url: image.url.clone(), alt: image.alt.clone() }
}
