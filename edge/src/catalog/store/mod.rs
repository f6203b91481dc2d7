//! The catalog's tables: `product`, `variant`, `product_image`, `product_facet`, `category`.

mod bulk;
mod list;
mod read;
mod version;

pub use bulk::{
    CategoryRow, Chunk, FacetRow, ImageRow, KnownChunk, ProductRow, ReadVersion, VariantRow, known, known_of, write,
};
pub use list::{ListFilter, Sort, SortKey, list};
pub use read::{categories, guard_prices, offers, offers_of, product};
pub use version::{advance, version, version_of};
