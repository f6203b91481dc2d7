//! The orders that products are shown in.

/// How the products of a category or a collection are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductOrder {
    /// By the places that the merchant gave them.
    Manual,
    #[default]
    Newest,
    Title,
    TitleDescending,
    Price,
    PriceDescending,
}

named!(ProductOrder, UnknownProductOrder, "one of manual, newest, title, -title, price, -price", {
    Manual = "manual",
    Newest = "newest",
    Title = "title",
    TitleDescending = "-title",
    Price = "price",
    PriceDescending = "-price",
});

/// The highest place that can be given. What has none comes behind it: the database gives it the largest integer that
/// every JSON reader holds.
pub const LAST_PLACE: i64 = 1_000_000_000;
