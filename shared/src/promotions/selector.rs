//! Which lines a rule is about.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::kernel::id::{CategoryId, CollectionId, ProductId, VariantId};

/// Things that lines are of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Items {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub variants: BTreeSet<VariantId>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub products: BTreeSet<ProductId>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub collections: BTreeSet<CollectionId>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<CategoryId>,
}

impl Items {
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn len(&self) -> usize {
        let sizes = [self.variants.len(), self.products.len(), self.collections.len(), self.categories.len()];
        sizes.into_iter().fold(0, usize::saturating_add)
    }
}

/// The lines that are of any of `any_of`, or all where it is empty, without those that are of any of `none_of`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    #[serde(skip_serializing_if = "Items::is_empty")]
    pub any_of: Items,
    #[serde(skip_serializing_if = "Items::is_empty")]
    pub none_of: Items,
    /// Leaves out lines whose price is reduced already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exclude_sale: bool,
}

impl Selector {
    pub fn is_everything(&self) -> bool {
        self.any_of.is_empty() && self.none_of.is_empty() && !self.exclude_sale
    }
}
