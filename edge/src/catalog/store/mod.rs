//! The catalog's tables: `product`, `variant`, `product_image`, `product_facet`, `category`.

mod bulk;
mod read;

pub use bulk::{CategoryRow, Chunk, FacetRow, ImageRow, KnownChunk, ProductRow, VariantRow, known, known_of, write};
pub use read::{ListFilter, Sort, SortKey, categories, guard_prices, list, offers, offers_of, product};
