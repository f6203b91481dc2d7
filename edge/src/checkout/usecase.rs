//! Checkouts as they are found, and what opening and completing one share.

use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, CheckoutId};

use super::opening::OpenError;
use super::store::{self, Checkout};
use crate::app::Ctx;
use crate::failure::{Failure, Halt, Unavailable};
use crate::journal::Recorded;
use crate::port::sql::{Refusal, Rows};
use crate::vault::DataKey;
use crate::wire::AddressBody;
use crate::{identity, totals};

/// A first answer, or the same again.
pub enum Answered {
    Fresh { location: String, body: String },
    Replayed(Recorded),
}

/// The checkout as it was opened.
pub async fn find(ctx: &Ctx, id: CheckoutId) -> Result<Checkout, Failure<OpenError>> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    Ok(found(ctx, rows.first()).await?.ok_or(Failure::NotFound)?.0)
}

/// A verified caller's: who is shown a channel finds no checkout that was opened elsewhere, and what is agreed to without a
/// customer's tax is that customer's, and the staff's.
pub async fn found(ctx: &Ctx, rows: Option<&Rows>) -> Result<Option<(Checkout, DataKey)>, Halt> {
    let found = rows.map(|rows| store::checkout_of(ctx.app(), ctx.tenant(), rows)).transpose()?.flatten();
    let Some((checkout, key)) = found else { return Ok(None) };
    let is_here = ctx.channel().is_none_or(|channel| checkout.channel == Some(channel));
    let is_theirs = checkout.personal.tax_exemption.is_none()
        || totals::is_staff(ctx).await?
        || ctx.person().is_some_and(|person| checkout.customer() == Some(person.account.to_string().as_str()));
    Ok((is_here && is_theirs).then_some((checkout, key)))
}

/// The organization's data key, from the rows of its statement.
pub fn key_of(ctx: &Ctx, rows: Option<&Rows>) -> Result<DataKey, Unavailable> {
    identity::data_key_of(ctx.app(), ctx.tenant(), rows)
}

/// Where it goes, as far as taxes ask about that.
pub fn destination(address: &AddressBody) -> Option<Place> {
    let country = address.country_code.as_deref()?.parse().ok()?;
    Some(Place::of_address(country, address.region.as_deref(), address.postal_code.as_deref()))
}

/// What the buyer's redemptions are counted by: the account if there is one, and the address.
pub fn names(account: Option<AccountId>, email_hash: &str) -> Vec<String> {
    account.map(|account| account.to_string()).into_iter().chain([email_hash.to_owned()]).collect()
}

pub fn hash_of_address(ctx: &Ctx, email: &str) -> Result<String, Unavailable> {
    let email: Email = email.parse().map_err(|_| Unavailable::corrupt("a checkout's e-mail address"))?;
    Ok(identity::email_hash(ctx.app(), ctx.tenant(), &email))
}

pub fn unexplained<E>(refusal: &Refusal) -> Failure<E> {
    Failure::Unavailable(Unavailable::corrupt(format!("a commit was refused: {refusal:?}")))
}
