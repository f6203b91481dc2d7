//! The status of a product.

/// Whether a product is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProductStatus {
    Draft,
    Active,
    Archived,
}

impl ProductStatus {
    /// `draft`, `active` or `archived`.
    pub const fn name(self) -> &'static str {
        match self {
            ProductStatus::Draft => "draft",
            ProductStatus::Active => "active",
            ProductStatus::Archived => "archived",
        }
    }
}

/// The text is not the name of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected active, draft or archived")]
pub struct InvalidProductStatus;

impl std::str::FromStr for ProductStatus {
    type Err = InvalidProductStatus;

    fn from_str(text: &str) -> Result<ProductStatus, InvalidProductStatus> {
        [ProductStatus::Draft, ProductStatus::Active, ProductStatus::Archived]
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or(InvalidProductStatus)
    }
}

impl std::fmt::Display for ProductStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

serde_as_text!(ProductStatus, "active, draft or archived");
