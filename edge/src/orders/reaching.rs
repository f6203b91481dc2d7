//! Who comes near an order.

use headlesspro_shared::identity::Resource;
use headlesspro_shared::kernel::id::OrderId;

use super::store::channel_of;
use crate::app::Ctx;
use crate::failure::Failure;
use crate::port::sql::Rows;

/// That the order in the rows of [`document`](super::document) is there for the caller.
///
/// # Errors
/// [`Failure::NotFound`].
pub async fn reached<E>(ctx: &Ctx, order: OrderId, rows: Option<&Rows>) -> Result<(), Failure<E>> {
    let is_there = rows.is_some_and(|rows| rows.first().is_some());
    let channel = rows.map(channel_of).transpose()?.flatten();
    let resource = Resource::of_store(ctx.tenant().store).in_channels(channel).record(order);
    if is_there && ctx.reaches(&resource).await? { Ok(()) } else { Err(Failure::NotFound) }
}
