//! The catalog's tables: `product`, `variant`, `variant_price`, `product_price_range`, `price_change`, `product_image`,
//! `product_facet`, `category`, `category_product`, `collection`, `collection_condition`, `collection_product`,
//! `product_translation`, `product_former_translation`, `attribute_definition`, `category_facet`, `collection_facet`,
//! `channel`, `category_address`, `collection_handle`, `collection_former_handle`, `cache_purge`.

pub mod addressed;
pub mod attribute;
mod bulk;
pub mod category;
pub mod channel;
pub mod collection;
mod export;
pub mod facet;
mod goods;
mod line_facts;
mod list;
mod list_among;
mod list_condition;
pub mod listing;
pub mod membership;
mod named;
pub mod placement;
mod price;
pub mod purge;
mod read;
mod single;
mod sitemap;
pub mod taxonomy;
pub mod translation;
mod version;

pub use bulk::{
    CategoryRow, Chunk, FacetRow, ImageRow, KnownChunk, KnownProduct, ProductRow, ReadVersion, VariantRow, known,
    known_of, write,
};
pub use export::{category_steps, category_steps_of, export_count, export_count_of, export_slice, export_slice_of};
pub use goods::{goods, goods_of};
pub use line_facts::{LineFacts, line_facts, line_facts_of};
pub use list::{ListFilter, Page, Sort, SortKey, count, count_of, list};
pub use named::{
    TakenByOthers, categories_named, categories_named_of, products_named, products_named_of, taken_by_others,
    taken_by_others_of,
};
pub use price::{
    Applied, HistoryPage, PriceChangeRow, PriceRow, currencies, currencies_of, history, history_of, prices_before,
    prices_before_of, prices_in, prices_of, told_prices,
};
pub use read::{FORMER, PriceIn, guard_for_sale, guard_prices, offers, offers_of, product};
pub use single::{
    OneProduct, StaffPage, Taken, category_id, category_id_of, delete, list_all, list_in, one, one_of, taken, taken_of,
};
pub use sitemap::{
    SitemapCategory, SitemapCollection, SitemapProduct, said_of, sitemap_categories, sitemap_categories_of,
    sitemap_collections, sitemap_collections_of, sitemap_pages, sitemap_pages_of, sitemap_products,
    sitemap_products_of,
};
pub use translation::TranslationRow;
pub use version::{advance, turn, turn_of, version, version_of};
