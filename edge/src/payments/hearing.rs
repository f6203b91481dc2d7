//! What providers tell by themselves.

use headlesspro_shared::kernel::id::{OrganizationId, PaymentProviderId};
use http::HeaderMap;

use super::deciding::{Acting, drive};
use super::desk::Desk;
use super::providers::NotAuthentic;
use super::refunding;
use super::store::payment::{self, By, Event};
use super::store::provider;
use crate::app::{App, Spent, Tenant};
use crate::failure::{Failure, Unavailable};
use crate::identity::wrapped_key;
use crate::port::sql::Rows;

/// Hears a webhook: what is told of a payment is a reason to look how it stands. An event that was heard before changes
/// nothing, and is as good as the first time.
///
/// # Errors
/// [`NotAuthentic`], also where there is no such provider.
pub async fn hear(
    app: &App,
    (organization, id): (OrganizationId, PaymentProviderId),
    (headers, body): (&HeaderMap, &[u8]),
    (request_id, spent): (&str, &Spent),
) -> Result<(), Failure<NotAuthentic>> {
    spent.add_sql();
    let sql = app.databases.of(organization);
    let rows = sql.read(vec![provider::of_webhook(organization, id)]).await?;
    // Whoever cannot sign is not told which providers there are.
    let nobodys = || Failure::Rejected(NotAuthentic::Signature);
    let row = rows.first().and_then(Rows::first).ok_or_else(nobodys)?;
    let configured = rows.first().map(provider::providers_of).transpose()?.unwrap_or_default().pop();
    let configured = configured.ok_or_else(nobodys)?;
    let tenant = Tenant { organization, store: row.parse("store_id")? };
    let by = By {
        id,
        kind: configured.kind,
        captures_later: configured.captures_later,
        secrets_sealed: configured.secrets_sealed,
        key: wrapped_key(row)?,
    };
    let desk = Desk::of_nobody(app, tenant, request_id, Some(spent));
    let told = desk.provider_of(&by)?.parse_webhook(headers, body, desk.now).map_err(Failure::Rejected)?;
    let Some(of) = told.payment else { return Ok(()) };
    let event = Event { provider: id, id: told.event, name: told.name, payment: of };
    let rows = desk.read(vec![payment::by_id(tenant, of), payment::heard(tenant, &event)]).await?;
    let was_heard = rows.get(1).is_some_and(|rows| rows.first().is_some());
    let found = payment::payment_of(rows.first())?;
    // Another provider's, or somebody else's: nothing of ours.
    let is_its = |payment: &payment::Payment| payment.by.as_ref().is_some_and(|by| by.id == id);
    let Some(found) = found.filter(is_its).filter(|_| !was_heard) else { return Ok(()) };
    let acting = Acting { event: Some(event), ..Acting::default() };
    if let Some(refund) = told.refund {
        refunding::look(&desk, &found, refund).await?;
    }
    match drive(&desk, found, acting).await?.no_answer {
        None => Ok(()),
        // It is told again.
        Some(no_answer) => Err(Unavailable::PaymentProvider(no_answer.0).into()),
    }
}
