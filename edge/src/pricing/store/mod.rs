//! Pricing's tables: `customer_group`, `customer_group_member`, `price_setting`, `price_list`, `price_list_rule`,
//! `exchange_pair`, `exchange_rate`.

pub mod book;
pub mod group;
pub mod list;
pub mod rate;
pub mod rule;
pub mod setting;

use headlesspro_shared::kernel::time::Timestamp;

use crate::port::sql::{Row, SqlError};

/// The moment in a column.
fn moment(row: Row<'_>, column: &str) -> Result<Timestamp, SqlError> {
    row.get(column).map(Timestamp::from_millis)
}
