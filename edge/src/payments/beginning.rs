//! How an order that is placed comes to its payment.

use headlesspro_shared::kernel::id::{CheckoutId, OrderId, PaymentId, PaymentProviderId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::orders::{OrderState, PaymentState};
use headlesspro_shared::payments::{PAYABLE_FOR_MILLIS, Sums};

use super::deciding::{Acting, drive};
use super::desk::Desk;
use super::moving::shown;
use super::providers::Means;
use super::store::payment::{self, By, Payment};
use super::store::provider;
use crate::app::{Ctx, Tenant};
use crate::failure::Failure;
use crate::identity::wrapped_key;
use crate::orders::{NewPayment, PaidBy, ProviderPayment};
use crate::port::sql::{Commit, Rows, SqlError, Statement};

/// When somebody looks how it stands, where nobody has until then, in milliseconds.
const LOOK_MILLIS: i64 = 60 * 1_000;

/// What a buyer pays by, as the request says it.
#[derive(Debug, Clone)]
pub struct Provided {
    pub provider: PaymentProviderId,
    pub means: Means,
}

/// The same, by a provider that is there.
#[derive(Debug, Clone)]
pub struct Chosen {
    by: By,
    means: Means,
}

/// The provider that is named is none of the store's, or takes no payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPayable;

/// The statements whose rows [`Chosen::of`] and [`resume`] take.
pub fn reads(tenant: Tenant, checkout: CheckoutId, provided: &Provided) -> [Statement; 2] {
    [provider::of_webhook(tenant.organization, provided.provider), payment::of_checkout(tenant, checkout)]
}

impl Chosen {
    /// By the rows of the first of [`reads`].
    ///
    /// # Errors
    /// [`NotPayable`].
    pub fn of(tenant: Tenant, provided: Provided, rows: Option<&Rows>) -> Result<Chosen, Failure<NotPayable>> {
        let row = rows.and_then(Rows::first).ok_or(Failure::Rejected(NotPayable))?;
        let configured = rows.map(provider::providers_of).transpose()?.unwrap_or_default().pop();
        let is_of_store = row.parse("store_id").is_ok_and(|store| tenant.store == store);
        let configured = configured.filter(|provider| provider.is_active && is_of_store);
        let configured = configured.ok_or(Failure::Rejected(NotPayable))?;
        let by = By {
            id: configured.id,
            kind: configured.kind,
            captures_later: configured.captures_later,
            secrets_sealed: configured.secrets_sealed,
            key: wrapped_key(row)?,
        };
        Ok(Chosen { by, means: provided.means })
    }

    /// The payment of an order that is placed at `now`.
    pub fn payment(&self, id: PaymentId, amount: Money, now: Timestamp) -> NewPayment {
        let later = |millis| now.checked_add_millis(millis).unwrap_or(now);
        let payment = ProviderPayment {
            provider: self.by.id,
            kind: self.by.kind.name(),
            return_url: self.means.return_url.clone(),
            ends_at: later(PAYABLE_FOR_MILLIS),
            due_at: later(LOOK_MILLIS),
        };
        NewPayment { id, by: PaidBy::Provider(payment), amount }
    }

    /// Asks the provider for the payment of an order that was just placed, and goes on with the order: as it is then, whole.
    ///
    /// # Errors
    /// [`Failure::Unavailable`]: a repeat goes on.
    pub async fn pay<E>(self, ctx: &Ctx, order: OrderId, new: &NewPayment) -> Result<Option<String>, Failure<E>> {
        let PaidBy::Provider(provider) = &new.by else { return Ok(None) };
        let payment = Payment {
            id: new.id,
            order,
            by: Some(self.by),
            reference: None,
            state: PaymentState::Pending,
            amount: new.amount,
            sums: Sums::default(),
            review: None,
            return_url: provider.return_url.clone(),
            attempts: 1,
            ends_at: Some(provider.ends_at),
            due_at: Some(provider.due_at),
            version: 1,
            order_state: OrderState::Pending,
            refunding: 0,
        };
        go_on(ctx, payment, self.means).await
    }
}

/// Adds the first attempt of a payment to the commit that places its order.
pub fn begin(commit: &mut Commit, tenant: Tenant, payment: &NewPayment, now: Timestamp) {
    if let PaidBy::Provider(_) = payment.by {
        commit.push(payment::begin_attempt(tenant, payment.id, 1, now));
    }
}

/// Goes on with the payment of an order that another request has placed, by the rows of the second of [`reads`]: the order
/// as it is then; `None` where nothing waits.
///
/// # Errors
/// [`Failure::Unavailable`]: a repeat goes on.
pub async fn resume<E>(ctx: &Ctx, provided: Provided, rows: Option<&Rows>) -> Result<Option<String>, Failure<E>> {
    let found: Result<Option<Payment>, SqlError> = payment::payment_of(rows);
    match found? {
        Some(payment) if payment.order_state == OrderState::Pending && payment.review.is_none() => {
            go_on(ctx, payment, provided.means).await
        }
        _ => Ok(None),
    }
}

async fn go_on<E>(ctx: &Ctx, payment: Payment, means: Means) -> Result<Option<String>, Failure<E>> {
    let (desk, order, version) = (Desk::of(ctx).await?, payment.order, payment.version);
    let driven = drive(&desk, payment, Acting { means: Some(means), ..Acting::default() }).await?;
    // Somebody else may have gone on with it meanwhile.
    if driven.document.is_none() && driven.payment.version == version {
        return Ok(None);
    }
    shown(ctx, order, driven).await.map(Some)
}
