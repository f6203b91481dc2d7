//! The commit that places an order: its stock, its promotions, its tenders, and what is told of it.

use headlesspro_shared::checkout::{ManualPayment, PlacedLine};
use headlesspro_shared::kernel::id::OrderId;
use headlesspro_shared::orders::{FulfillmentState, OrderState, PaymentState};
use serde_json::json;

use super::completing::CompleteError;
use super::store::{self, Checkout};
use super::usecase::hash_of_address;
use crate::app::Ctx;
use crate::catalog::{Advance, PriceIn, Touched};
use crate::failure::Failure;
use crate::fraud::{self, Judged};
use crate::journal::{self, Change, Claim, Event, PERSONAL};
use crate::ledger::{self, Tenders};
use crate::orders::{self, NewOrder, NewPayment, Of, OrderBody, OrderLineBody, PERSONAL_MEMBERS, PaidBy, PaymentBody};
use crate::payments::{self, Chosen};
use crate::port::sql::Commit;
use crate::totals::{self, Agreed, TotalsBody};
use crate::vault::DataKey;
use crate::wire::{MoneyBody, value_of};
use crate::{catalog, inventory, promotions};

/// A commit to be made, and what is told of it when it is.
pub struct OrderCommit {
    pub statements: Commit,
    pub advance: Advance,
    /// The statement that moves what is on gift cards and store credit.
    pub moves: Option<usize>,
    pub location: String,
    pub order: OrderId,
    /// Of what no tender pays.
    pub payment: Option<NewPayment>,
}

pub async fn commit_of(
    ctx: &Ctx,
    checkout: &Checkout,
    key: &DataKey,
    (method, chosen, tenders, judged): (Option<ManualPayment>, Option<&Chosen>, &Tenders, Option<&Judged>),
    claim: &Claim,
) -> Result<OrderCommit, Failure<CompleteError>> {
    let tenant = ctx.tenant();
    let id: OrderId = ctx.new_id()?;
    let due = tenders.due();
    let payment = match (chosen, method) {
        _ if due.is_zero() => None,
        (Some(chosen), _) => Some(chosen.payment(ctx.new_id()?, due, ctx.now)),
        (None, Some(method)) => Some(NewPayment { id: ctx.new_id()?, by: PaidBy::Manual(method), amount: due }),
        (None, None) => None,
    };
    let (state, payment_state) = match payment.as_ref().map(|payment| &payment.by) {
        Some(PaidBy::Provider(_)) => (OrderState::Pending, PaymentState::Pending),
        Some(PaidBy::Manual(ManualPayment::OnAccount)) => (OrderState::Confirmed, PaymentState::Pending),
        // Where nothing is left to be paid, everything is.
        Some(PaidBy::Manual(ManualPayment::Paid)) | None => (OrderState::Confirmed, PaymentState::Captured),
    };
    let mut lines = Vec::with_capacity(checkout.lines.len());
    for line in &checkout.lines {
        lines.push((ctx.new_id()?, line.clone()));
    }
    let agreed = checkout.agreed.as_ref();
    let sums = (0..lines.len()).filter_map(|place| totals::line_sums(agreed.map(|agreed| &agreed.totals), place));
    let mut order = NewOrder {
        id,
        checkout: checkout.id,
        state,
        payment_state,
        fulfillment_state: FulfillmentState::Unfulfilled,
        email_hash: hash_of_address(ctx, &checkout.personal.email)?,
        personal_sealed: checkout.personal.seal(ctx.app(), tenant, key, Of::Order(id))?,
        account: totals::buyer(ctx).await?,
        channel: checkout.channel,
        total: checkout.total,
        sums: sums.collect(),
        totals: agreed.map(|agreed| (agreed.question.clone(), agreed.totals.clone())),
        charges: checkout.charges.clone().unwrap_or_default(),
        lines,
        payment,
        document: String::new(),
    };
    let body = body_of(ctx, &order, checkout, tenders);
    order.document = document_of(&body);
    let location = format!("/api/v1/orders/{id}");
    let actor = &ctx.principal().await?.actor;
    let placed = Event {
        id: ctx.new_id()?,
        aggregate_id: id.to_string(),
        version: 1,
        name: "order.placed",
        payload: json!({
            "orderId": id.to_string(),
            "checkoutId": checkout.id.to_string(),
            "channelId": body.channel_id,
            "total": body.total,
            "lines": body.lines,
            "deliveries": body.deliveries,
        }),
    };

    let mut commit = Commit::new();
    orders::insert(&mut commit, tenant, &order, ctx.now);
    if let Some(payment) = &order.payment {
        payments::begin(&mut commit, tenant, payment, ctx.now);
    }
    if let Some(agreed) = agreed {
        for guard in agreed.guards(tenant) {
            commit.push(guard);
        }
        if agreed.question.cart.is_first_order == Some(true) && !agreed.totals.redemptions.is_empty() {
            commit.push(orders::guard_first(tenant, &order));
        }
        let currency = agreed.totals.currency;
        promotions::redeem(&mut commit, tenant, id, &agreed.totals.redemptions, currency, ctx.now);
    }
    if agreed.is_some_and(Agreed::is_fixed) {
        let variants = checkout.lines.iter().map(|line| line.variant);
        commit.push(catalog::guard_for_sale(tenant, variants, checkout.channel, ctx.now));
    } else {
        let price = |line: &PlacedLine| PriceIn {
            variant: line.variant,
            currency: line.unit_price.currency(),
            price: Some(line.unit_price),
            taxed: None,
        };
        let prices = agreed.map_or_else(|| checkout.lines.iter().map(price).collect(), Agreed::catalog_prices);
        commit.push(catalog::guard_prices(tenant, &prices, checkout.channel, ctx.now));
    }
    let moves = tenders.redeem(ctx, &mut commit, id)?;
    commit.push(inventory::take(tenant, &checkout.lines, ctx.now));
    let products = checkout.lines.iter().map(|line| line.product.to_string()).collect();
    let touched = Touched { products, stock: true, ..Touched::default() };
    let advance = catalog::advance(ctx, &mut commit, touched)?;
    commit.push(store::complete(tenant, checkout.id));
    commit.push(journal::events(tenant, "order", &[placed], ctx.now));
    if let Some(judged) = judged {
        fraud::open_review(ctx, &mut commit, id, judged)?;
    }
    // What it answers is the order itself, as it stands by then.
    commit.push(journal::record(tenant, claim, 201, &location, "", ctx.now));
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, placed_order(&body)));
    commit.push_after(orders::document(tenant, id));
    commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    commit.push_diagnosis(orders::by_checkout(tenant, checkout.id, Some(id)));
    let (variants, currency) = (checkout.lines.iter().map(|line| line.variant), checkout.total.currency());
    commit.push_diagnosis(catalog::offers(tenant, variants, Some(currency), checkout.channel, ctx.now));
    for read in tenders.reads(ctx) {
        commit.push_diagnosis(read);
    }
    Ok(OrderCommit { statements: commit, advance, moves, location, order: id, payment: order.payment })
}

fn body_of(ctx: &Ctx, order: &NewOrder, checkout: &Checkout, tenders: &Tenders) -> OrderBody {
    let totals = order.totals.as_ref().map(|(_, totals)| totals);
    let lines = order.lines.iter().enumerate().map(|(place, (id, line))| {
        let sums = totals::line_sums(totals, place);
        OrderLineBody {
            id: id.to_string(),
            variant_id: line.variant.to_string(),
            product_id: line.product.to_string(),
            sku: line.sku.clone(),
            title: line.title.clone(),
            variant_title: line.variant_title.clone(),
            quantity: line.quantity.get(),
            unit_price: line.unit_price.into(),
            discount: sums.map(|sums| sums.discount).filter(|discount| !discount.is_zero()).map(MoneyBody::from),
            taxes: totals::line_taxes(totals, place),
            total: sums.map_or(line.total, |sums| sums.total).into(),
        }
    });
    OrderBody {
        id: order.id.to_string(),
        number: 0,
        checkout_id: checkout.id.to_string(),
        channel_id: order.channel.map(|id| id.to_string()),
        quote_id: checkout.quote.map(|id| id.to_string()),
        state: order.state.to_string(),
        payment_state: order.payment_state.to_string(),
        fulfillment_state: order.fulfillment_state.to_string(),
        email: checkout.personal.email.clone(),
        shipping_address: checkout.personal.shipping_address.clone(),
        billing_address: checkout.personal.billing_address.clone(),
        tax_exemption: checkout.personal.tax_exemption.clone(),
        lines: lines.collect(),
        deliveries: totals::deliveries(&order.charges, checkout.agreed.as_ref()),
        totals: totals.map(TotalsBody::from),
        total: order.total.into(),
        tenders: ledger::tenders(tenders),
        payment: order.payment.as_ref().map(|payment| {
            let (provider, method) = payment.by.names();
            let payable_until = match &payment.by {
                PaidBy::Manual(_) => None,
                PaidBy::Provider(provider) => Some(provider.ends_at.to_string()),
            };
            PaymentBody {
                id: payment.id.to_string(),
                provider,
                method: method.to_owned(),
                state: order.payment_state.to_string(),
                amount: payment.amount.into(),
                action: None,
                declined_for: None,
                review: None,
                payable_until,
            }
        }),
        placed_at: ctx.now.to_string(),
    }
}

/// The order without what is sealed apart from it.
fn document_of(body: &OrderBody) -> String {
    let mut document = value_of(body);
    if let Some(members) = document.as_object_mut() {
        members.retain(|name, _| !PERSONAL_MEMBERS.contains(&name.as_str()));
    }
    document.to_string()
}

fn placed_order(order: &OrderBody) -> Change {
    let state = json!({
        "checkoutId": order.checkout_id,
        "channelId": order.channel_id,
        "quoteId": order.quote_id,
        "state": order.state,
        "paymentState": order.payment_state,
        "paymentMethod": order.payment.as_ref().map(|payment| &payment.method),
        "fulfillmentState": order.fulfillment_state,
        "email": order.email,
        "shippingAddress": order.shipping_address,
        "billingAddress": order.billing_address,
        "lineCount": order.lines.len(),
        "shippingMethodIds": order.deliveries.iter().map(|delivery| &delivery.method_id).collect::<Vec<_>>(),
        "total": order.total,
        "tenders": order.tenders,
    });
    Change::new("order.place", &order.id).after(state).redacted(PERSONAL)
}
