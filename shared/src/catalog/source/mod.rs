//! A product as the merchant gave it. Whatever is stored of a product is derived from this, whoever wrote it: a
//! request, a file.
//!
//! Its JSON is the one of the API and of the column `product.source`: members without a value are left out, and
//! those of an object that the merchant names stand in the order of their names. [`Source::read`] finds everything
//! that is wrong with such a JSON; what it lets through, it reads back equal.

mod channels;
mod derived;
#[cfg(test)]
mod exported;
mod imported;
mod named;
mod patch;
mod prices;
mod read;
mod reader;
mod settle;
#[cfg(test)]
mod tests;
mod translated;
#[cfg(test)]
mod translated_tests;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

pub use named::{NamedTranslation, NamedTranslations};
pub use patch::{merge_patch, unknown_members};
pub use prices::{PriceChange, Quote};
pub use reader::Fault;
pub(in crate::catalog) use reader::{Reader, escaped};
pub use settle::Likeness;
pub use translated::Translation;

use super::import::{ProductStatus, WeightUnit};
use crate::kernel::country::Country;
use crate::kernel::handle::Handle;
use crate::kernel::id::{FileId, ImageId, VariantId};
use crate::kernel::locale::Locale;
use crate::kernel::money::{Currency, Money};
use crate::kernel::sku::Sku;
use crate::kernel::tax_class::TaxClass;
use crate::kernel::time::Timestamp;
use crate::media::{FocalPoint, decimal};

/// Of a product. More columns of a product file would be needed for more.
pub const MOST_OPTIONS: usize = 3;
pub const MOST_VARIANTS: usize = 2_048;
pub const MOST_IMAGES: usize = 250;
pub const MOST_TAGS: usize = 250;
/// As many as a store has.
pub const MOST_CHANNELS: usize = 100;
/// Of the free data of a product or a variant, as JSON.
pub const MOST_METADATA_BYTES: usize = 16 << 10;
/// Of the attributes of a product or a variant, as JSON.
pub const MOST_ATTRIBUTES_BYTES: usize = 64 << 10;
pub const MOST_DESCRIPTION_BYTES: usize = 512 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    pub handle: Handle,
    /// 1 to 255 characters on one line.
    pub title: String,
    /// HTML exactly as given, at most 512 KiB. Not sanitised.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product_type: String,
    pub status: ProductStatus,
    /// From when on an active product is shown; from the start where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Timestamp>,
    /// Until when, this moment not included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpublish_at: Option<Timestamp>,
    /// The category's id; as it comes in, its path may stand in the place of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The ids of the channels that it is published in, in their order; none: in all there are. As they come in, handles
    /// may stand in the place of ids: see [`Source::settle_channels`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// In the order given, without repetitions (case aside).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SourceOption>,
    /// In display order, each URL once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<SourceImage>,
    #[serde(skip_serializing_if = "SourceSeo::is_empty")]
    pub seo: SourceSeo,
    /// By key, as the store has declared them: see [`attribute`](crate::catalog::attribute).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
    /// The staff's own: not in a storefront's answers.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What is said in other locales than the store's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub translations: BTreeMap<Locale, Translation>,
    /// At least one.
    pub variants: Vec<SourceVariant>,
}

/// What a buyer chooses: `Size`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceOption {
    pub name: String,
    /// The order of its values. Those that are not here follow, as the variants name them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceImage {
    /// `None` while it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ImageId>,
    /// Absolute, `http` or `https`.
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alt: String,
    /// The store's file that it is; then its address is the file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<FileId>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_decimals")]
    pub focal_point: Option<FocalPoint>,
}

/// `{"x": 0.5, "y": 0.375}`.
fn in_decimals<S: Serializer>(focal_point: &Option<FocalPoint>, serializer: S) -> Result<S::Ok, S::Error> {
    let parts = focal_point.iter().flat_map(|focal| [("x", focal.x), ("y", focal.y)]);
    serializer.collect_map(parts.map(|(name, part)| (name, decimal(part).parse::<Number>().ok())))
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SourceSeo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceVariant {
    /// `None` while it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<VariantId>,
    pub sku: Sku,
    /// One value for each option of the product, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Zero or more. `None` only where the product is a draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Above zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare_at_price: Option<Money>,
    /// Of a reduction, the lowest price of the 30 days before it. What comes in does not count: [`Source::settle`].
    #[serde(rename = "lowestPrice30Days", skip_serializing_if = "Option::is_none")]
    pub lowest_price: Option<Money>,
    /// In other currencies than the store's own, each by its code. It is sold in those alone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<Currency, Quote>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_unit: Option<WeightUnit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Dimensions>,
    /// The code of the Harmonized System, for customs: 6 to 13 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_country: Option<Country>,
    pub requires_shipping: bool,
    pub taxable: bool,
    /// How it is taxed; none: as `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<TaxClass>,
    /// One of the product's images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    pub inventory: SourceInventory,
    /// As those of the product.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// In millimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dimensions {
    pub length_mm: i64,
    pub width_mm: i64,
    pub height_mm: i64,
}

/// The stock of a variant as the merchant last counted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceInventory {
    /// Zero or more. Another number is a new count; the same one says nothing new, and what was sold since stays
    /// sold.
    pub quantity: i64,
    /// Whether units are counted at all.
    pub tracked: bool,
    /// Whether it is sold on when nothing is left.
    pub continue_selling: bool,
}
