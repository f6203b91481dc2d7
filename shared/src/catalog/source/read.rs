//! From JSON to a source, or everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::prices::{LOWEST_PRICE, prices};
use super::reader::{Fault, Members, Reader};
use super::translated::translations;
use super::{
    Dimensions, MOST_ATTRIBUTES_BYTES, MOST_CHANNELS, MOST_DESCRIPTION_BYTES, MOST_IMAGES, MOST_METADATA_BYTES,
    MOST_OPTIONS, MOST_TAGS, MOST_VARIANTS, Source, SourceImage, SourceInventory, SourceOption, SourceSeo,
    SourceVariant,
};
use crate::catalog::import::{ProductStatus, check_image_url, synthesise};
use crate::kernel::handle::Handle;
use crate::kernel::money::Currency;
use crate::media::{FocalPoint, thousandths};

pub(super) const MEMBERS: [&str; 18] = [
    "handle",
    "title",
    "description",
    "vendor",
    "productType",
    "status",
    "publishAt",
    "unpublishAt",
    "category",
    "channels",
    "tags",
    "options",
    "images",
    "seo",
    "attributes",
    "metadata",
    "translations",
    "variants",
];
pub(super) const SEO: [&str; 2] = ["title", "description"];
const VARIANT: [&str; 20] = [
    "id",
    "sku",
    "options",
    "price",
    "compareAtPrice",
    LOWEST_PRICE,
    "prices",
    "barcode",
    "weightGrams",
    "weightUnit",
    "dimensions",
    "hsCode",
    "originCountry",
    "requiresShipping",
    "taxable",
    "taxClass",
    "imageUrl",
    "inventory",
    "attributes",
    "metadata",
];
const SIDES: [&str; 3] = ["lengthMm", "widthMm", "heightMm"];

pub(super) const MOST_CHARS: usize = 255;
pub(super) const MOST_ALT_CHARS: usize = 512;
pub(super) const MOST_SEO_DESCRIPTION_CHARS: usize = 1_000;
/// A path of ten handles.
const MOST_CATEGORY_CHARS: usize = 2_600;
const MOST_UNITS: i64 = 1_000_000_000;
/// Ten tonnes, and a hundred metres: beyond these it is a mistake.
const MOST_GRAMS: i64 = 10_000_000;
const MOST_MILLIMETRES: i64 = 100_000;

impl Source {
    /// Reads a product in a store of this currency. What is left out has its default: a product is a draft, its
    /// handle comes of its title, a variant's SKU of the handle and its options, and a product without variants has
    /// one.
    ///
    /// # Errors
    /// All that is wrong, at most fifty.
    pub fn read(json: &Value, currency: Currency) -> Result<Source, Vec<Fault>> {
        let mut reader = Reader::default();
        match source(&mut reader, json, currency) {
            Some(source) if reader.faults.is_empty() => Ok(source),
            _ => Err(reader.faults),
        }
    }
}

fn source(reader: &mut Reader, json: &Value, currency: Currency) -> Option<Source> {
    let of = reader.members(json, &MEMBERS);
    let title = reader.line(of, "title", MOST_CHARS);
    if title.is_none() && of.get("title").is_none_or(is_blank) {
        reader.fault("title", "is required");
    }
    let handle = match of.get("handle") {
        Some(_) => reader.parsed::<Handle>(of, "handle"),
        None => {
            let made = title.as_deref().map(Handle::slugify);
            if made == Some(None) {
                reader.fault("handle", "is required, as the title has neither letters nor digits");
            }
            made.flatten()
        }
    };
    let description = reader.text(of, "description").unwrap_or_default();
    if MOST_DESCRIPTION_BYTES < description.len() {
        reader.fault("description", format!("has more than {MOST_DESCRIPTION_BYTES} bytes"));
    }
    let status = reader.parsed(of, "status").unwrap_or(ProductStatus::Draft);
    let (publish_at, unpublish_at) = (reader.parsed(of, "publishAt"), reader.parsed(of, "unpublishAt"));
    if publish_at.zip(unpublish_at).is_some_and(|(from, until)| until <= from) {
        reader.fault("unpublishAt", "must be after publishAt");
    }
    let (tags, channels) = (tags(reader, of), channels(reader, of));
    let options = options(reader, of);
    let images = images(reader, of);
    let seo = reader.object(of, "seo", &SEO, |reader, seo| SourceSeo {
        title: reader.line(seo, "title", MOST_CHARS),
        description: reader.line(seo, "description", MOST_SEO_DESCRIPTION_CHARS),
    });
    let count = of.get("options").is_none_or(Value::is_array).then_some(options.len());
    let rules = Rules { handle: handle.as_ref(), options: count, status, currency };
    let mut variants = reader.each(of, "variants", MOST_VARIANTS, |reader, json| variant(reader, json, &rules));
    if of.get("variants").is_none_or(|given| given.as_array().is_some_and(Vec::is_empty)) {
        let only = Value::Object(Map::new());
        let read = |reader: &mut Reader| reader.below("0", |reader| variant(reader, &only, &rules));
        variants.push(reader.below("variants", read));
    }
    each_once(reader, &variants);
    let are_known = of.get("images").is_none_or(Value::is_array) && images.iter().all(Option::is_some);
    for (at, variant) in variants.iter().enumerate().filter(|_| are_known) {
        let url = variant.as_ref().and_then(|variant| variant.image_url.as_ref());
        if url.is_some_and(|url| images.iter().flatten().all(|image| image.url != *url)) {
            reader.fault(&format!("variants/{at}/imageUrl"), "is not the url of one of the product's images");
        }
    }
    // All is read before it is known whether there is a product.
    let mut source = Source {
        description: description.to_owned(),
        vendor: reader.line(of, "vendor", MOST_CHARS).unwrap_or_default(),
        product_type: reader.line(of, "productType", MOST_CHARS).unwrap_or_default(),
        status,
        publish_at,
        unpublish_at,
        category: reader.line(of, "category", MOST_CATEGORY_CHARS),
        channels,
        tags,
        options,
        images: images.into_iter().flatten().collect(),
        seo: seo.unwrap_or_default(),
        attributes: reader.attributes(of, MOST_ATTRIBUTES_BYTES),
        metadata: reader.free(of, "metadata", MOST_METADATA_BYTES),
        translations: translations(reader, of),
        variants: variants.into_iter().flatten().collect(),
        handle: handle?,
        title: title?,
    };
    source.prune_translations();
    Some(source)
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// One that is there already, case aside, is left out.
fn tags(reader: &mut Reader, of: Members<'_>) -> Vec<String> {
    let tags = reader.each(of, "tags", MOST_TAGS, |reader, tag| reader.line_element(tag, MOST_CHARS));
    let mut seen = BTreeSet::new();
    tags.into_iter().flatten().filter(|tag| seen.insert(tag.to_lowercase())).collect()
}

/// An empty list could be meant for all as well as for none.
fn channels(reader: &mut Reader, of: Members<'_>) -> Vec<String> {
    if of.get("channels").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        reader.fault("channels", "must name a channel; without it a product is published in all of them");
    }
    let channels = reader.each(of, "channels", MOST_CHANNELS, |reader, one| reader.line_element(one, MOST_CHARS));
    channels.into_iter().flatten().collect()
}

fn options(reader: &mut Reader, of: Members<'_>) -> Vec<SourceOption> {
    let options = reader.each(of, "options", MOST_OPTIONS, |reader, option| {
        let of = reader.members(option, &["name", "values"]);
        let name = reader.line(of, "name", MOST_CHARS);
        if name.is_none() && of.get("name").is_none_or(is_blank) {
            reader.fault("name", "is required");
        }
        let values = reader.each(of, "values", MOST_VARIANTS, |reader, value| reader.line_element(value, MOST_CHARS));
        let mut seen = BTreeSet::new();
        let values = values.into_iter().flatten().filter(|value| seen.insert(value.clone())).collect();
        SourceOption { name: name.unwrap_or_default(), values }
    });
    let mut names = BTreeSet::new();
    for (at, option) in options.iter().enumerate() {
        if !option.name.is_empty() && !names.insert(option.name.to_lowercase()) {
            reader.fault(&format!("options/{at}/name"), "names two options");
        }
    }
    options
}

fn images(reader: &mut Reader, of: Members<'_>) -> Vec<Option<SourceImage>> {
    let images = reader.each(of, "images", MOST_IMAGES, |reader, image| {
        let of = reader.members(image, &["id", "url", "alt", "fileId", "focalPoint"]);
        let (id, alt) = (reader.parsed(of, "id"), reader.line(of, "alt", MOST_ALT_CHARS).unwrap_or_default());
        let (file_id, focal_point) = (reader.parsed(of, "fileId"), focal_point(reader, of));
        if of.get("url").is_none() && of.get("fileId").is_none() && image.is_object() {
            reader.fault("url", "is required, unless fileId is given");
        }
        let url = reader.text(of, "url")?.trim();
        if let Err(reason) = check_image_url(url) {
            reader.fault("url", reason);
            return None;
        }
        Some(SourceImage { id, url: url.to_owned(), alt, file_id, focal_point })
    });
    let (mut urls, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (at, image) in images.iter().enumerate() {
        let Some(image) = image else { continue };
        if !urls.insert(image.url.as_str()) {
            reader.fault(&format!("images/{at}/url"), "stands in the list already");
        }
        if image.id.is_some_and(|id| !ids.insert(id)) {
            reader.fault(&format!("images/{at}/id"), "stands in the list already");
        }
    }
    images
}

fn focal_point(reader: &mut Reader, of: Members<'_>) -> Option<FocalPoint> {
    let part = |reader: &mut Reader, of: Members<'_>, name| {
        // As it is written: 0.375 has three decimals, whatever the nearest binary number has.
        let read = of.get(name).and_then(Value::as_number).and_then(|number| thousandths(&number.to_string()));
        if read.is_none() {
            reader.fault(name, "must be a number between 0 and 1, with at most three decimals");
        }
        read
    };
    let read = |reader: &mut Reader, focal: Members<'_>| {
        let (x, y) = (part(reader, focal, "x"), part(reader, focal, "y"));
        Some(FocalPoint { x: x?, y: y? })
    };
    reader.object(of, "focalPoint", &["x", "y"], read).flatten()
}

/// What the product says about all its variants.
struct Rules<'a> {
    handle: Option<&'a Handle>,
    /// `None` where that is wrong.
    options: Option<usize>,
    status: ProductStatus,
    currency: Currency,
}

/// `None` where there is no SKU, which has its reason elsewhere.
fn variant(reader: &mut Reader, json: &Value, rules: &Rules<'_>) -> Option<SourceVariant> {
    let of = reader.members(json, &VARIANT);
    let values = reader.each(of, "options", MOST_OPTIONS, |reader, value| reader.line_element(value, MOST_CHARS));
    let is_whole = rules.options.is_none_or(|count| values.len() == count);
    let options: Vec<String> = values.into_iter().flatten().collect();
    if json.is_object() && !is_whole && of.get("options").is_none_or(Value::is_array) {
        reader.fault("options", "must have one value for each option of the product, in their order");
    }
    let price = reader.money(of, "price", rules.currency);
    if json.is_object() && of.get("price").is_none() && rules.status != ProductStatus::Draft {
        reader.fault("price", "is required: only a draft may have no price");
    }
    let compare_at_price = reader.money(of, "compareAtPrice", rules.currency).filter(|price| !price.is_zero());
    let dimensions = reader.object(of, "dimensions", &SIDES, |reader, sides| {
        let [length_mm, width_mm, height_mm] = SIDES.map(|side| {
            if sides.get(side).is_none() {
                reader.fault(side, "is required");
            }
            reader.integer(sides, side, 0, MOST_MILLIMETRES).unwrap_or_default()
        });
        Dimensions { length_mm, width_mm, height_mm }
    });
    let hs_code = reader.line(of, "hsCode", MOST_CHARS);
    let is_code = |code: &String| (6..=13).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    if hs_code.as_ref().is_some_and(|code| !is_code(code)) {
        reader.fault("hsCode", "must have 6 to 13 digits");
    }
    let inventory = reader.object(of, "inventory", &["quantity", "tracked", "continueSelling"], |reader, inventory| {
        let quantity = reader.integer(inventory, "quantity", 0, MOST_UNITS);
        SourceInventory {
            quantity: quantity.unwrap_or_default(),
            tracked: reader.boolean(inventory, "tracked", quantity.is_some()),
            continue_selling: reader.boolean(inventory, "continueSelling", false),
        }
    });
    let given = reader.parsed(of, "sku");
    let sku = match of.get("sku") {
        Some(_) => given,
        None => rules.handle.filter(|_| is_whole).and_then(|handle| synthesise(handle, &options)),
    };
    Some(SourceVariant {
        id: reader.parsed(of, "id"),
        price,
        compare_at_price,
        lowest_price: reader.money(of, LOWEST_PRICE, rules.currency),
        prices: prices(reader, of, rules.currency),
        barcode: reader.line(of, "barcode", MOST_CHARS),
        weight_grams: reader.integer(of, "weightGrams", 0, MOST_GRAMS),
        weight_unit: reader.parsed(of, "weightUnit"),
        dimensions,
        hs_code,
        origin_country: reader.parsed(of, "originCountry"),
        requires_shipping: reader.boolean(of, "requiresShipping", true),
        taxable: reader.boolean(of, "taxable", true),
        tax_class: reader.parsed(of, "taxClass"),
        image_url: reader.text(of, "imageUrl").map(|url| url.trim().to_owned()),
        inventory: inventory.unwrap_or_default(),
        attributes: reader.attributes(of, MOST_ATTRIBUTES_BYTES),
        metadata: reader.free(of, "metadata", MOST_METADATA_BYTES),
        options,
        sku: sku?,
    })
}

/// No two variants have the same id, SKU or options.
fn each_once(reader: &mut Reader, variants: &[Option<SourceVariant>]) {
    let (mut ids, mut skus, mut options) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, variant) in variants.iter().enumerate() {
        let Some(variant) = variant else { continue };
        let mut fault = |name: &str, first: Option<usize>| {
            if let Some(first) = first {
                reader.fault(&format!("variants/{at}/{name}"), format!("stands at variants/{first} already"));
            }
        };
        fault("id", variant.id.and_then(|id| ids.insert(id, at)));
        fault("sku", skus.insert(&variant.sku, at));
        fault("options", options.insert(&variant.options, at));
    }
}
