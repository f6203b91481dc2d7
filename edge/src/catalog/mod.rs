//! The catalog: products, variants, categories. Reads spend one SQL round trip and never write.

mod document;
mod http;
pub mod openapi;
mod shown;
mod store;
mod usecase;

pub use document::{
    AvailabilityBody, CardBody, CategoryRef, ImageBody, OptionBody, PriceRangeBody, ProductBody, SelectedOptionBody,
    SeoBody, VariantBody, date, sanitise,
};
pub use http::{CategoryBody, routes};
pub use shown::{Touched, advance, written};
pub use store::{
    CategoryRow, Chunk, FacetRow, ImageRow, KnownChunk, ProductRow, ReadVersion, VariantRow, guard_prices, known,
    known_of, offers, offers_of, version, version_of, write,
};
