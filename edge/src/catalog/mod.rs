//! The catalog: products, variants, categories. Reads spend one SQL round trip and never write.

mod categories;
mod document;
mod http;
pub mod openapi;
mod presentation;
mod shown;
mod staff;
mod store;
mod usecase;
mod wire;

pub use document::{
    AvailabilityBody, CardBody, ImageBody, OptionBody, PriceRangeBody, ProductBody, SelectedOptionBody, SeoBody,
    VariantBody, date, sanitise,
};
pub use http::routes;
pub use shown::{Touched, advance, written};
pub use store::{
    CategoryRow, Chunk, FacetRow, ImageRow, KnownChunk, ProductRow, ReadVersion, VariantRow, guard_prices, known,
    known_of, offers, offers_of, version, version_of, write,
};
