//! Export as Shopify's product CSV, in either generation of its header: what [`import`](super::import) reads back.
//!
//! Importing what was exported changes nothing. What the file has no column for, an import leaves as it is
//! ([`Source::keep`]): ids, `metadata`, moments of publication, the order of an option's values, files and focal points
//! of images, dimensions and customs data. It does not come along into another store. Two things cannot be said in
//! such a file: U+0000, which is left out of descriptions, and a product whose one option is called `Title` with the
//! value `Default Title`, which is how the file says that there is none.
//!
//! The quantity is the one that was counted last ([`SourceInventory`](super::source::SourceInventory)), not what is
//! left of it: read back, that would be a new count, and what is sold meanwhile would be forgotten.

use std::str::FromStr;

use super::import::{Column, ProductStatus};
use super::source::{Source, SourceVariant};
use crate::kernel::handle::Handle;
use crate::kernel::money::Money;

/// Which names the columns have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// `Handle`, `Variant SKU`, `Variant Inventory Qty`.
    Older,
    /// `URL handle`, `SKU`, `Inventory quantity`.
    #[default]
    Newer,
}

/// The text names no generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be older or newer")]
pub struct UnknownGeneration;

impl FromStr for Generation {
    type Err = UnknownGeneration;

    fn from_str(text: &str) -> Result<Generation, UnknownGeneration> {
        match text {
            "older" => Ok(Generation::Older),
            "newer" => Ok(Generation::Newer),
            _ => Err(UnknownGeneration),
        }
    }
}

/// In Shopify's order, without the columns that no import takes.
const OLDER: [(Column, &str); 31] = [
    (Column::Handle, "Handle"),
    (Column::Title, "Title"),
    (Column::Body, "Body (HTML)"),
    (Column::Vendor, "Vendor"),
    (Column::Category, "Product Category"),
    (Column::Type, "Type"),
    (Column::Tags, "Tags"),
    (Column::Published, "Published"),
    (Column::Option1Name, "Option1 Name"),
    (Column::Option1Value, "Option1 Value"),
    (Column::Option2Name, "Option2 Name"),
    (Column::Option2Value, "Option2 Value"),
    (Column::Option3Name, "Option3 Name"),
    (Column::Option3Value, "Option3 Value"),
    (Column::Sku, "Variant SKU"),
    (Column::Grams, "Variant Grams"),
    (Column::InventoryTracker, "Variant Inventory Tracker"),
    (Column::InventoryQuantity, "Variant Inventory Qty"),
    (Column::InventoryPolicy, "Variant Inventory Policy"),
    (Column::Price, "Variant Price"),
    (Column::CompareAt, "Variant Compare At Price"),
    (Column::RequiresShipping, "Variant Requires Shipping"),
    (Column::Taxable, "Variant Taxable"),
    (Column::Barcode, "Variant Barcode"),
    (Column::Image, "Image Src"),
    (Column::ImagePosition, "Image Position"),
    (Column::ImageAlt, "Image Alt Text"),
    (Column::SeoTitle, "SEO Title"),
    (Column::SeoDescription, "SEO Description"),
    (Column::VariantImage, "Variant Image"),
    (Column::WeightUnit, "Variant Weight Unit"),
];

/// The older header ends with it.
const OLDER_STATUS: (Column, &str) = (Column::Status, "Status");

/// In Shopify's order, without the columns that no import takes.
const NEWER: [(Column, &str); 32] = [
    (Column::Title, "Title"),
    (Column::Handle, "URL handle"),
    (Column::Body, "Description"),
    (Column::Vendor, "Vendor"),
    (Column::Category, "Product category"),
    (Column::Type, "Type"),
    (Column::Tags, "Tags"),
    (Column::Published, "Published on online store"),
    (Column::Status, "Status"),
    (Column::Sku, "SKU"),
    (Column::Barcode, "Barcode"),
    (Column::Option1Name, "Option1 name"),
    (Column::Option1Value, "Option1 value"),
    (Column::Option2Name, "Option2 name"),
    (Column::Option2Value, "Option2 value"),
    (Column::Option3Name, "Option3 name"),
    (Column::Option3Value, "Option3 value"),
    (Column::Price, "Price"),
    (Column::CompareAt, "Compare-at price"),
    (Column::Taxable, "Charge tax"),
    (Column::InventoryTracker, "Inventory tracker"),
    (Column::InventoryQuantity, "Inventory quantity"),
    (Column::InventoryPolicy, "Continue selling when out of stock"),
    (Column::Grams, "Weight value (grams)"),
    (Column::WeightUnit, "Weight unit for display"),
    (Column::RequiresShipping, "Requires shipping"),
    (Column::Image, "Product image URL"),
    (Column::ImagePosition, "Image position"),
    (Column::ImageAlt, "Image alt text"),
    (Column::VariantImage, "Variant image URL"),
    (Column::SeoTitle, "SEO title"),
    (Column::SeoDescription, "SEO description"),
];

fn columns(generation: Generation) -> impl Iterator<Item = (Column, &'static str)> {
    let (all, last) = match generation {
        Generation::Older => (OLDER.as_slice(), Some(OLDER_STATUS)),
        Generation::Newer => (NEWER.as_slice(), None),
    };
    all.iter().copied().chain(last)
}

/// The first line of a file.
pub fn header(generation: Generation) -> String {
    let mut csv = String::new();
    row(&mut csv, columns(generation).map(|(_, name)| name.to_owned()));
    csv
}

/// A category on the way from the root: what it is called in its path, and its name.
pub struct Step {
    pub handle: String,
    pub name: String,
}

/// Adds the rows of a product: of each variant, beside these the images, and then the images that are left. `category`
/// leads from the root to the product's, and is empty where it has none.
pub fn write(csv: &mut String, generation: Generation, source: &Source, category: &[Step]) {
    for at in 0..source.variants.len().max(source.images.len()) {
        row(csv, columns(generation).map(|(column, _)| cell(column, generation, source, category, at)));
    }
}

/// What stands in the row with this number, from 0.
fn cell(column: Column, generation: Generation, source: &Source, category: &[Step], at: usize) -> String {
    let variant = source.variants.get(at);
    let of = |of: &dyn Fn(&SourceVariant) -> String| variant.map(of).unwrap_or_default();
    let image = source.images.get(at);
    if at == 0 {
        let text = match column {
            Column::Title => &source.title,
            Column::Body => &source.description.replace('\0', ""),
            Column::Vendor => &source.vendor,
            Column::Category => &path(category),
            Column::Type => &source.product_type,
            Column::Tags => &source.tags.join(", "),
            Column::Published => flag(source.status == ProductStatus::Active),
            Column::Status => source.status.name(),
            Column::Option1Name if source.options.is_empty() => "Title",
            Column::Option1Value if source.options.is_empty() => "Default Title",
            Column::Option1Name => name(source, 0),
            Column::Option2Name => name(source, 1),
            Column::Option3Name => name(source, 2),
            Column::SeoTitle => source.seo.title.as_deref().unwrap_or_default(),
            Column::SeoDescription => source.seo.description.as_deref().unwrap_or_default(),
            _ => "",
        };
        if !text.is_empty() {
            return text.to_owned();
        }
    }
    match column {
        Column::Handle => source.handle.to_string(),
        Column::Option1Value => of(&|variant| value(variant, 0)),
        Column::Option2Value => of(&|variant| value(variant, 1)),
        Column::Option3Value => of(&|variant| value(variant, 2)),
        Column::Sku => of(&|variant| no_number(variant.sku.as_str())),
        Column::Grams => of(&|variant| variant.weight_grams.map(|grams| grams.to_string()).unwrap_or_default()),
        Column::WeightUnit => of(&|variant| variant.weight_unit.map(|unit| unit.to_string()).unwrap_or_default()),
        Column::InventoryTracker if variant.is_some_and(|variant| variant.inventory.tracked) => "shopify".to_owned(),
        Column::InventoryQuantity => of(&|variant| variant.inventory.quantity.to_string()),
        Column::InventoryPolicy => of(&|variant| policy(variant.inventory.continue_selling, generation).to_owned()),
        Column::Price => of(&|variant| amount(variant.price)),
        Column::CompareAt => of(&|variant| amount(variant.compare_at_price)),
        Column::RequiresShipping => of(&|variant| flag(variant.requires_shipping).to_owned()),
        Column::Taxable => of(&|variant| flag(variant.taxable).to_owned()),
        Column::Barcode => of(&|variant| no_number(variant.barcode.as_deref().unwrap_or_default())),
        Column::VariantImage => of(&|variant| variant.image_url.clone().unwrap_or_default()),
        Column::Image => image.map(|image| image.url.clone()).unwrap_or_default(),
        Column::ImagePosition => image.map(|_| at.saturating_add(1).to_string()).unwrap_or_default(),
        Column::ImageAlt => image.map(|image| image.alt.clone()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// `Outdoor > Tents`. Where a name alone would not lead an import to the same category, its handle does.
fn path(category: &[Step]) -> String {
    let leads_there = |step: &Step| {
        let made = Handle::slugify(&step.name);
        made.is_some_and(|made| made.as_str() == step.handle) && !step.name.contains('>')
    };
    let steps: Vec<&str> =
        category.iter().map(|step| if leads_there(step) { step.name.as_str() } else { &step.handle }).collect();
    steps.join(" > ")
}

fn name(source: &Source, number: usize) -> &str {
    source.options.get(number).map(|option| option.name.as_str()).unwrap_or_default()
}

fn value(variant: &SourceVariant, number: usize) -> String {
    variant.options.get(number).cloned().unwrap_or_default()
}

fn amount(money: Option<Money>) -> String {
    money.map(|money| money.amount_text()).unwrap_or_default()
}

const fn flag(is: bool) -> &'static str {
    if is { "TRUE" } else { "FALSE" }
}

const fn policy(continue_selling: bool, generation: Generation) -> &'static str {
    match (generation, continue_selling) {
        (Generation::Older, true) => "continue",
        (Generation::Older, false) => "deny",
        (Generation::Newer, true) => "CONTINUE",
        (Generation::Newer, false) => "DENY",
    }
}

/// One apostrophe before digits is taken for the one by which spreadsheets know that they are no number. A text of
/// digits behind apostrophes of its own gets one more.
fn no_number(text: &str) -> String {
    let digits = text.trim_start_matches('\'');
    let is_taken = digits.len() < text.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_taken { format!("'{text}") } else { text.to_owned() }
}

/// A record of RFC 4180: cells in quotes where they need them, the line ends in CRLF.
fn row(csv: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if 0 < at {
            csv.push(',');
        }
        let is_plain = !cell.contains(['"', ',', '\r', '\n']) && cell.trim() == cell;
        if is_plain {
            csv.push_str(&cell);
        } else {
            csv.push('"');
            csv.push_str(&cell.replace('"', "\"\""));
            csv.push('"');
        }
    }
    csv.push_str("\r\n");
}
