//! What the database holds of a product that is imported again.

use crate::kernel::id::{ImageId, ProductId, VariantId};
use crate::kernel::time::Timestamp;

/// What the database holds of a product with the same handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownProduct {
    pub id: ProductId,
    pub version: i64,
    pub created_at: Timestamp,
    pub variants: Vec<KnownVariant>,
    pub images: Vec<KnownImage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownVariant {
    pub id: VariantId,
    pub sku: String,
    /// The option values joined by U+001F: what tells a product's variants apart.
    pub option_key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownImage {
    pub id: ImageId,
    pub url: String,
}
