//! Opening a checkout, and completing it: one read, one commit.

use headlesspro_shared::checkout::{
    AgreedLine, CheckoutState, LIFETIME_MILLIS, ManualPayment, NotCompletable, NotPlaceable, Placement, agree,
    complete as completable, place,
};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{CartId, CheckoutId, OrderId};
use headlesspro_shared::orders::{FulfillmentState, OrderState, PaymentState};
use serde_json::json;

use super::store::{self, Checkout};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, Claim, Event, PERSONAL, Recorded};
use crate::orders::{self, NewOrder, OrderBody, OrderLineBody, PaymentBody};
use crate::port::sql::{Commit, Committed, Rows};
use crate::wire::{AddressBody, MoneyBody};
use crate::{cart, catalog, inventory};

/// What a buyer brings to a checkout.
pub struct Open {
    pub cart: CartId,
    pub email: Email,
    pub shipping_address: AddressBody,
}

/// Why there is no checkout.
#[derive(Debug)]
pub enum OpenError {
    NoSuchCart,
    NotPlaceable(NotPlaceable),
}

/// Why there is no order.
#[derive(Debug)]
pub enum CompleteError {
    /// Refused by the lines: gone, short, or at another price.
    NotPlaceable(NotPlaceable),
    NotCompletable(NotCompletable),
    /// The checkout became this order, by a request with another idempotency key.
    AlreadyPlaced(OrderId),
}

/// A first answer, or the same again.
pub enum Answered {
    Fresh { location: String, body: String },
    Replayed(Recorded),
}

/// Agrees to today's prices of what is in the cart.
pub async fn open(
    ctx: &Ctx,
    command: Open,
    claim: Option<&Claim>,
    render: impl Fn(&Checkout) -> String,
) -> Result<Answered, Failure<OpenError>> {
    let tenant = ctx.tenant();
    let currency = ctx.principal().await?.currency;
    let wanted = match cart::contents(ctx, command.cart).await {
        Err(Failure::NotFound) => return Err(Failure::Rejected(OpenError::NoSuchCart)),
        wanted => wanted?,
    };
    let mut reads = vec![catalog::offers(tenant, wanted.iter().map(|(variant, _)| *variant))];
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    if let Some(first) = replay(claim, rows.get(1))? {
        return Ok(Answered::Replayed(first));
    }
    let offers = rows.first().map(catalog::offers_of).transpose()?.unwrap_or_default();
    let placement =
        agree(&wanted, currency, &offers).map_err(|error| Failure::Rejected(OpenError::NotPlaceable(error)))?;
    let checkout = Checkout {
        id: ctx.new_id()?,
        cart: command.cart,
        state: CheckoutState::Open,
        email: command.email.to_string(),
        shipping_address: command.shipping_address,
        lines: placement.lines,
        total: placement.total,
        created_at: ctx.now,
        expires_at: ctx.now.checked_add_millis(LIFETIME_MILLIS).unwrap_or(ctx.now),
    };
    let (location, body) = (format!("/api/v1/checkouts/{}", checkout.id), render(&checkout));
    let mut commit = Commit::new();
    commit.push(store::insert(tenant, &checkout));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &location, &body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    let actor = &ctx.principal().await?.actor;
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, opened(&checkout)));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Answered::Fresh { location, body }),
        Committed::Refused { refusal, diagnosis, .. } => match replay(claim, diagnosis.first())? {
            Some(first) => Ok(Answered::Replayed(first)),
            None => Err(unexplained(&refusal)),
        },
    }
}

fn opened(checkout: &Checkout) -> Change {
    let state = json!({
        "cartId": checkout.cart.to_string(),
        "state": "open",
        "email": checkout.email,
        "shippingAddress": checkout.shipping_address,
        "lineCount": checkout.lines.len(),
        "total": MoneyBody::from(checkout.total),
    });
    Change::new("checkout.open", checkout.id).after(state).redacted(PERSONAL)
}

/// The checkout as it was opened.
pub async fn find(ctx: &Ctx, id: CheckoutId) -> Result<Checkout, Failure<OpenError>> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    let found = rows.first().map(store::checkout_of).transpose().map_err(Failure::Unavailable)?.flatten();
    found.ok_or(Failure::NotFound)
}

/// Places the order, takes its stock and settles it, all in one commit; or says everything that is in
/// the way, and changes nothing.
pub async fn complete(
    ctx: &Ctx,
    id: CheckoutId,
    method: ManualPayment,
    claim: &Claim,
) -> Result<Answered, Failure<CompleteError>> {
    let tenant = ctx.tenant();
    let rows = ctx.read(vec![store::find(tenant, id), journal::idempotency_record(tenant, &claim.key)]).await?;
    // The read has verified the caller. Only the merchant can say that an order is paid.
    match method {
        ManualPayment::Paid => ctx.require(Scope::PaymentsWrite).await?,
        ManualPayment::OnAccount => {}
    }
    if let Some(first) = replay(Some(claim), rows.get(1))? {
        return Ok(Answered::Replayed(first));
    }
    let found = rows.first().map(store::checkout_of).transpose().map_err(Failure::Unavailable)?.flatten();
    let checkout = found.ok_or(Failure::NotFound)?;
    let commit = match completable(checkout.state, checkout.expires_at, ctx.now) {
        // The commit would refuse it as well; its diagnosis then names the order.
        Ok(()) | Err(NotCompletable::Completed) => commit_of(ctx, &checkout, method, claim).await?,
        Err(error @ NotCompletable::Expired) => return Err(Failure::Rejected(CompleteError::NotCompletable(error))),
    };
    match ctx.commit(&commit.statements).await? {
        Committed::Done { after, .. } => {
            let document = after.first().map(orders::document_of).transpose()?.flatten();
            let body = document.ok_or_else(|| Failure::Unavailable(corrupt("an order was placed and is not there")))?;
            Ok(Answered::Fresh { location: commit.location, body })
        }
        Committed::Refused { refusal, diagnosis, .. } => {
            let [recorded, placed, offers] = diagnosis.as_slice() else {
                return Err(unexplained(&refusal));
            };
            if let Some(first) = replay(Some(claim), Some(recorded))? {
                return Ok(Answered::Replayed(first));
            }
            if let Some(order) = placed.first() {
                return Err(Failure::Rejected(CompleteError::AlreadyPlaced(order.parse("id")?)));
            }
            match still_placeable(&checkout, offers)? {
                Err(problems) => Err(Failure::Rejected(CompleteError::NotPlaceable(problems))),
                Ok(_) => Err(unexplained(&refusal)),
            }
        }
    }
}

fn placed_order(order: &OrderBody) -> Change {
    let state = json!({
        "checkoutId": order.checkout_id,
        "state": order.state,
        "paymentState": order.payment_state,
        "paymentMethod": order.payment.method,
        "fulfillmentState": order.fulfillment_state,
        "email": order.email,
        "shippingAddress": order.shipping_address,
        "lineCount": order.lines.len(),
        "total": order.total,
    });
    Change::new("order.place", &order.id).after(state).redacted(PERSONAL)
}

struct OrderCommit {
    statements: Commit,
    location: String,
}

async fn commit_of(
    ctx: &Ctx,
    checkout: &Checkout,
    method: ManualPayment,
    claim: &Claim,
) -> Result<OrderCommit, Failure<CompleteError>> {
    let tenant = ctx.tenant();
    let id: OrderId = ctx.new_id()?;
    let payment_state = match method {
        ManualPayment::Paid => PaymentState::Captured,
        ManualPayment::OnAccount => PaymentState::Pending,
    };
    let mut lines = Vec::with_capacity(checkout.lines.len());
    for line in &checkout.lines {
        lines.push((ctx.new_id()?, line.clone()));
    }
    let mut order = NewOrder {
        id,
        checkout: checkout.id,
        state: OrderState::Confirmed,
        payment_state,
        fulfillment_state: FulfillmentState::Unfulfilled,
        email: checkout.email.clone(),
        total: checkout.total,
        lines,
        payment: ctx.new_id()?,
        method,
        document: String::new(),
    };
    let body = body_of(ctx, &order, checkout);
    order.document = serde_json::to_string(&body).map_err(|error| Failure::Unavailable(corrupt(&error.to_string())))?;
    let location = format!("/api/v1/orders/{id}");
    let actor = &ctx.principal().await?.actor;
    let placed = Event {
        id: ctx.new_id()?,
        aggregate_id: id.to_string(),
        version: 1,
        name: "order.placed",
        payload: json!({ "orderId": id.to_string(), "checkoutId": checkout.id.to_string(), "total": body.total, "lines": body.lines }),
    };

    let mut commit = Commit::new();
    orders::insert(&mut commit, tenant, &order, ctx.now);
    commit.push(catalog::guard_prices(tenant, &checkout.lines));
    commit.push(inventory::take(tenant, &checkout.lines, ctx.now));
    commit.push(store::complete(tenant, checkout.id));
    commit.push(journal::events(tenant, "order", &[placed], ctx.now));
    commit.push(journal::record_from_order(tenant, claim, 201, &location, id, ctx.now));
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, placed_order(&body)));
    commit.push_after(orders::document(tenant, id));
    commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    commit.push_diagnosis(orders::by_checkout(tenant, checkout.id, id));
    commit.push_diagnosis(catalog::offers(tenant, checkout.lines.iter().map(|line| line.variant)));
    Ok(OrderCommit { statements: commit, location })
}

fn body_of(ctx: &Ctx, order: &NewOrder, checkout: &Checkout) -> OrderBody {
    let lines = order.lines.iter().map(|(id, line)| OrderLineBody {
        id: id.to_string(),
        variant_id: line.variant.to_string(),
        product_id: line.product.to_string(),
        sku: line.sku.clone(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        quantity: line.quantity.get(),
        unit_price: line.unit_price.into(),
        total: line.total.into(),
    });
    OrderBody {
        id: order.id.to_string(),
        number: 0,
        checkout_id: checkout.id.to_string(),
        state: order.state.to_string(),
        payment_state: order.payment_state.to_string(),
        fulfillment_state: order.fulfillment_state.to_string(),
        email: order.email.clone(),
        shipping_address: checkout.shipping_address.clone(),
        lines: lines.collect(),
        total: order.total.into(),
        payment: PaymentBody {
            id: order.payment.to_string(),
            provider: "manual".to_owned(),
            method: order.method.name().to_owned(),
            state: order.payment_state.to_string(),
            amount: order.total.into(),
        },
        placed_at: ctx.now.to_string(),
    }
}

/// Decides again, on what the refused commit saw. The order that is being placed had its own lines taken
/// off nothing: the guards come before the stock.
fn still_placeable(
    checkout: &Checkout,
    offers: &Rows,
) -> Result<Result<Placement, NotPlaceable>, Failure<CompleteError>> {
    let agreed: Vec<AgreedLine> = checkout
        .lines
        .iter()
        .map(|line| AgreedLine { variant: line.variant, quantity: line.quantity, unit_price: line.unit_price })
        .collect();
    Ok(place(&agreed, checkout.total.currency(), &catalog::offers_of(offers)?))
}

fn replay<E>(claim: Option<&Claim>, rows: Option<&Rows>) -> Result<Option<Recorded>, Failure<E>> {
    let (Some(claim), Some(rows)) = (claim, rows) else { return Ok(None) };
    claim.replay(journal::recorded(rows)?)
}

fn unexplained<E>(refusal: &crate::port::sql::Refusal) -> Failure<E> {
    Failure::Unavailable(corrupt(&format!("a commit was refused: {refusal:?}")))
}

fn corrupt(what: &str) -> Unavailable {
    Unavailable::Corrupt(what.to_owned())
}
