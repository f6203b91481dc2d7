//! What a file holds, product by product.

use super::{ProductStatus, RowError, RowWarning, WeightUnit, synthesis};
use crate::kernel::handle::Handle;
use crate::kernel::money::Money;
use crate::kernel::sku::Sku;

/// What became of the rows of one handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    Product {
        product: Box<ParsedProduct>,
        warnings: Vec<RowWarning>,
    },
    /// At least one row is wrong, so the whole product is left out. Never empty.
    Refused {
        errors: Vec<RowError>,
    },
}

/// A product as a file describes it. It has at least one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedProduct {
    pub handle: Handle,
    /// 1 to 255 characters.
    pub title: String,
    /// HTML exactly as given, at most 512 KiB. Not sanitised.
    pub body_html: String,
    /// At most 255 characters; may be empty.
    pub vendor: String,
    /// At most 255 characters; may be empty.
    pub product_type: String,
    /// From the root: the product category split at `>`, else the product type alone, else nothing.
    pub category_path: Vec<String>,
    /// Whether the file names no category, and the product type stands in for it.
    pub category_is_type: bool,
    /// In the order given, without repetitions (case aside); at most 250 of at most 255 characters.
    pub tags: Vec<String>,
    pub status: ProductStatus,
    /// None for a product with a single variant that has no options, else 1 to 3.
    pub options: Vec<ProductOption>,
    /// In the order given, 1 to 2,048.
    pub variants: Vec<ParsedVariant>,
    /// In display order, at most 250, each URL once.
    pub images: Vec<ParsedImage>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// Of the product's first row, counted from 1.
    pub line: u64,
}

impl ParsedProduct {
    /// Lets somebody else have `sku`, where it was only made up for a variant: that one gets the second form of its
    /// made-up SKU, which is as stable as the first. `false` where there is no such variant, or no other SKU for it.
    pub fn give_way(&mut self, sku: &str) -> bool {
        let is_it = |variant: &&ParsedVariant| variant.sku_synthesised && variant.sku.as_str() == sku;
        let found = self.variants.iter().find(is_it);
        let Some(other) = found.and_then(|variant| synthesis::hashed(&self.handle, &variant.option_values)) else {
            return false;
        };
        if self.variants.iter().any(|variant| variant.sku == other) {
            return false;
        }
        for variant in &mut self.variants {
            if variant.sku_synthesised && variant.sku.as_str() == sku {
                variant.sku = other;
                return true;
            }
        }
        false
    }
}

/// What a buyer chooses: `Size` with the values `S`, `M`, `L`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductOption {
    pub name: String,
    /// In the order in which the variants name them, each once.
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedVariant {
    pub sku: Sku,
    /// Whether the file gave no SKU. The synthesised one is the same on every import.
    pub sku_synthesised: bool,
    /// One for each option of the product, in their order, without control characters.
    pub option_values: Vec<String>,
    /// Zero or more. `None` only where the product is a draft.
    pub price: Option<Money>,
    /// Above zero.
    pub compare_at: Option<Money>,
    pub weight_grams: Option<i64>,
    /// The unit in which the weight is shown.
    pub weight_unit: Option<WeightUnit>,
    /// Zero or more.
    pub inventory_quantity: i64,
    /// Whether the quantity is counted: the tracker is named or, in a file without a tracker column, the
    /// quantity is given.
    pub tracked: bool,
    /// Whether it is sold on when nothing is left.
    pub continue_selling: bool,
    pub barcode: Option<String>,
    pub requires_shipping: bool,
    pub taxable: bool,
    /// One of the product's images.
    pub image_url: Option<String>,
    pub line: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedImage {
    /// An absolute `http` or `https` URL of at most 2,048 bytes.
    pub url: String,
    /// From 1, without gaps.
    pub position: u32,
    /// At most 512 characters; may be empty.
    pub alt: String,
}
