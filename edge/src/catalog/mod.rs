//! The catalog: products, variants, categories. Reads spend one SQL round trip and never write.

mod attributes;
mod categories;
mod channels;
mod collections;
mod cursors;
mod document;
mod fields;
mod files;
mod filling;
mod http;
pub mod openapi;
mod pages;
mod presentation;
mod prices;
mod purges;
mod rendering;
mod selected;
mod shown;
mod sitemap;
mod spoken;
mod staff;
mod store;
mod usecase;
mod wire;

pub use attributes::{Attributes, reads as attribute_reads, referenced};
pub use cursors::{opened as opened_cursor, sealed as sealed_cursor};
pub use document::{CardBody, DimensionsBody, source_answer, staff_card};
pub use files::{FilesShown, files_shown};
pub use filling::{FillRun, fill_all as fill_lists};
pub use http::routes;
pub use openapi::query_problems;
pub use prices::settle_prices;
pub use purges::{PurgeRun, send_all as send_purges};
pub use rendering::{Declared, ProductRows, Standing, hash, render};
pub use shown::{Advance, Touched, advance, advance_at, written, written_at};
pub use staff::http::{
    AfterText, changed_meanwhile, fields, listed, nothing, unversioned, version_mismatch, versioned,
};
pub use store::channel::{all as all_channels, ids_by_handle as channel_ids};
pub use store::taxonomy::guard_changed;
pub use store::{
    Applied, CategoryRow, Chunk, HistoryPage, KnownChunk, KnownProduct, LineFacts, OneProduct, PriceIn, ReadVersion,
    StaffPage, Taken, TakenByOthers, categories_named, categories_named_of, category_id, category_id_of,
    category_steps, category_steps_of, currencies, currencies_of, delete, export_count, export_count_of, export_slice,
    export_slice_of, goods, goods_of, guard_for_sale, guard_prices, history, history_of, known, known_of, line_facts,
    line_facts_of, list_all, list_in, offers, offers_of, one, one_of, products_named, products_named_of, taken,
    taken_by_others, taken_by_others_of, taken_of, told_prices, version, version_of, write,
};
pub use usecase::source_of;
