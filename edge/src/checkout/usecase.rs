//! Opening a checkout, and completing it: one read, one commit.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::checkout::{
    AgreedLine, CheckoutState, LIFETIME_MILLIS, ManualPayment, NotCompletable, NotHonoured, NotPlaceable, PlacedLine,
    complete as completable, place,
};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountId, CartId, CheckoutId, OrderId, VariantId};
use headlesspro_shared::kernel::money::{Money, MoneyError};
use headlesspro_shared::orders::{FulfillmentState, OrderState, PaymentState};
use headlesspro_shared::shipping::{Charge, Choice};
use headlesspro_shared::tax::Missing;
use headlesspro_shared::totals::{GiftTotals, Totals, deliveries};
use serde_json::json;

use super::bargain::{Bargain, NoBargain, bargain};
use super::quotes::{self, Purchase, Refused};
use super::store::{self, Checkout};
use crate::app::Ctx;
use crate::cart::{self, Contents};
use crate::catalog::{Advance, PriceIn, Touched};
use crate::failure::{Failure, Unavailable};
use crate::journal::{self, Change, Claim, Event, PERSONAL, Recorded};
use crate::ledger::{self, Tenders, Unusable};
use crate::orders::{
    self, NewOrder, NewPayment, Of, OrderBody, OrderLineBody, PERSONAL_MEMBERS, PaymentBody, Personal,
};
use crate::port::sql::{Commit, Committed, Rows};
use crate::shipping::{self, NotShipped};
use crate::totals::{self, Agreed, Priced, TotalsBody, Wanted};
use crate::vault::DataKey;
use crate::wire::{AddressBody, MoneyBody, value_of};
use crate::{catalog, identity, inventory, promotions};

/// What a buyer brings to a checkout.
pub struct Open {
    pub cart: CartId,
    pub email: Email,
    pub shipping_address: AddressBody,
    /// What it is to be sent by.
    pub shipping_methods: Vec<Choice>,
    /// How it is to be paid; none: not chosen yet.
    pub payment_method: Option<ManualPayment>,
    /// The token of a quote.
    pub quote: Option<String>,
}

/// Why there is no checkout.
#[derive(Debug)]
pub enum OpenError {
    NoSuchCart,
    /// More than money can be counted.
    TooExpensive,
    /// Taxes depend on what the address does not say.
    AddressLacks(Vec<Missing>),
    NotPlaceable(NotPlaceable),
    NotShipped(Box<NotShipped>),
    /// The quote gives nothing.
    NotHonoured(NotHonoured),
}

/// Why there is no order.
#[derive(Debug)]
pub enum CompleteError {
    /// Refused by the lines: gone, short, or at another price.
    NotPlaceable(NotPlaceable),
    NotCompletable(NotCompletable),
    /// Another checkout has used the quote up.
    NotHonoured(NotHonoured),
    /// The checkout became this order, by a request with another idempotency key.
    AlreadyPlaced(OrderId),
    /// It costs something else by now than the buyer has agreed to: both.
    TotalsChanged(Box<[Totals; 2]>),
    /// It cannot be sent any more as the buyer has agreed to.
    NotShipped(Box<NotShipped>),
    /// Gift cards or store credit that cannot be used as wanted.
    Unusable(Unusable),
    /// So much is left to be paid, and nobody has said how.
    PaymentRequired(Money),
}

/// How a buyer settles an order.
#[derive(Debug)]
pub struct Settling {
    /// Of what no gift card and no store credit pays.
    pub method: Option<ManualPayment>,
    pub wanted: ledger::Wanted,
}

/// The word of the trigger that refuses a second order with a quote.
const QUOTE_USED: &str = "QUOTE_USED";

/// Rules that change as often while one order is placed are somebody's who does nothing else.
const MOST_COMMITS: usize = 8;

/// A first answer, or the same again.
pub enum Answered {
    Fresh { location: String, body: String },
    Replayed(Recorded),
}

/// Agrees to today's prices of what is in the cart, or to those of a quote.
pub async fn open(
    ctx: &Ctx,
    command: Open,
    claim: Option<&Claim>,
    render: impl Fn(&Checkout) -> String,
) -> Result<Answered, Failure<OpenError>> {
    let tenant = ctx.tenant();
    let shown = command.quote.as_deref().map(quotes::shown).transpose();
    let shown = shown.map_err(|error| Failure::Rejected(OpenError::NotHonoured(error)))?;
    let Contents { currency, lines: wanted, codes } = match cart::contents(ctx, command.cart).await {
        Ok(contents) => contents,
        // What was answered before is recorded, whatever has become of the cart.
        Err(failure @ (Failure::NotFound | Failure::Unavailable(_))) => {
            return match (answered_before(ctx, claim).await?, failure) {
                (Some(first), _) => Ok(Answered::Replayed(first)),
                (None, Failure::NotFound) => Err(Failure::Rejected(OpenError::NoSuchCart)),
                (None, failure) => Err(failure),
            };
        }
        Err(failure) => return Err(failure),
    };
    let variants = wanted.iter().map(|(variant, _)| *variant);
    // Known: the cart is told to verified callers only.
    let channel = ctx.channel();
    let email_hash = identity::email_hash(ctx.app(), tenant, &command.email);
    let account = totals::buyer(ctx).await?;
    let names = names(account, &email_hash);
    let offers = catalog::offers(tenant, variants.clone(), Some(currency), channel, ctx.now);
    let mut reads = vec![offers, identity::data_key_statement(tenant), orders::is_first(tenant, &email_hash, account)];
    let destination = destination(&command.shipping_address);
    let country = destination.as_ref().map(|place| place.country);
    match &shown {
        Some(shown) => reads.extend(quotes::reads(tenant, shown, variants, country, ctx.now)),
        None => reads.extend(totals::reads(tenant, variants, currency, &codes, &names, country, ctx.now)),
    }
    let known = reads.len();
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    let key = key_of(ctx, rows.get(1))?;
    if let Some(first) = journal::replay_sealed(tenant, claim, rows.get(known), &key)? {
        return Ok(Answered::Replayed(first));
    }
    let offers = rows.first().map(catalog::offers_of).transpose()?.unwrap_or_default();
    let rules = rows.get(3..known).unwrap_or_default();
    let ends = ctx.now.checked_add_millis(LIFETIME_MILLIS).unwrap_or(ctx.now);
    let (bargained, quote, expires_at) = if let Some(shown) = &shown {
        let purchase = Purchase { cart: command.cart, currency, lines: &wanted, account, place: destination.as_ref() };
        let honoured = quotes::honoured(ctx, shown, rules, &purchase, offers, &key).await;
        let honoured = honoured.map_err(|failure| failure.map(OpenError::from))?;
        (honoured.bargain, Some(honoured.quote), honoured.expires_at.min(ends))
    } else {
        let basis = totals::basis_of(rules, ctx.now)?;
        let wanted = Wanted {
            lines: wanted,
            currency,
            channel,
            customer: names.into_iter().next(),
            is_first_order: rows.get(2).map(orders::is_first_of).transpose()?,
            codes,
            destination,
            payment_method: command.payment_method.map(|method| method.name().to_owned()),
            deliveries: Vec::new(),
        };
        let bargained = bargain(ctx, &basis, offers, wanted, &command.shipping_methods, &key).await;
        (bargained.map_err(|failure| failure.map(OpenError::from))?, None, ends)
    };
    let Bargain { placement, priced: Priced { agreed, gifts }, charges, tax_exemption } = bargained;
    let agreed = agreed.as_kept();
    let checkout = Checkout {
        id: ctx.new_id()?,
        cart: command.cart,
        state: CheckoutState::Open,
        personal: Personal {
            email: command.email.to_string(),
            shipping_address: command.shipping_address,
            tax_exemption,
        },
        lines: placement.lines.into_iter().chain(given(&agreed.totals, &gifts)).collect(),
        total: Money::new(agreed.totals.total, currency),
        agreed: Some(agreed),
        charges: Some(charges),
        quote,
        channel,
        created_at: ctx.now,
        expires_at,
    };
    let (location, body) = (format!("/api/v1/checkouts/{}", checkout.id), render(&checkout));
    let mut commit = Commit::new();
    let personal_sealed = checkout.personal.seal(ctx.app(), tenant, &key, Of::Checkout(checkout.id))?;
    commit.push(store::insert(tenant, &checkout, &personal_sealed));
    if let Some(claim) = claim {
        let sealed = journal::seal_body(tenant, claim, &body, &key, &*ctx.app().entropy)?;
        commit.push(journal::record(tenant, claim, 201, &location, &sealed, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    let actor = &ctx.principal().await?.actor;
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, opened(&checkout)));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(Answered::Fresh { location, body }),
        Committed::Refused { refusal, diagnosis, .. } => {
            match journal::replay_sealed(tenant, claim, diagnosis.first(), &key)? {
                Some(first) => Ok(Answered::Replayed(first)),
                None => Err(unexplained(&refusal)),
            }
        }
    }
}

/// The answer that was given to the claim before, if it was: one read, none without a claim.
async fn answered_before(ctx: &Ctx, claim: Option<&Claim>) -> Result<Option<Recorded>, Failure<OpenError>> {
    let Some(known) = claim else { return Ok(None) };
    let tenant = ctx.tenant();
    let reads = vec![identity::data_key_statement(tenant), journal::idempotency_record(tenant, &known.key)];
    let rows = ctx.read(reads).await?;
    journal::replay_sealed(tenant, claim, rows.get(1), &key_of(ctx, rows.first())?)
}

/// The organization's data key, from the rows of its statement.
fn key_of(ctx: &Ctx, rows: Option<&Rows>) -> Result<DataKey, Unavailable> {
    identity::data_key_of(ctx.app(), ctx.tenant(), rows)
}

/// Where it goes, as far as taxes ask about that.
fn destination(address: &AddressBody) -> Option<Place> {
    let country = address.country_code.as_deref()?.parse().ok()?;
    Some(Place::of_address(country, address.region.as_deref(), address.postal_code.as_deref()))
}

/// What the buyer's redemptions are counted by: the account if there is one, and the address.
fn names(account: Option<AccountId>, email_hash: &str) -> Vec<String> {
    account.map(|account| account.to_string()).into_iter().chain([email_hash.to_owned()]).collect()
}

/// Gifts as lines: each costs its price, all of which is taken off.
fn given(totals: &Totals, offers: &[Offer]) -> Vec<PlacedLine> {
    let line = |(gift, offer): (&GiftTotals, &Offer)| PlacedLine {
        variant: gift.variant,
        product: gift.product,
        sku: offer.sku.clone(),
        title: offer.title.clone(),
        variant_title: offer.variant_title.clone(),
        quantity: gift.quantity,
        unit_price: gift.price.unit_price,
        total: Money::new(gift.amount, totals.currency),
    };
    totals.gifts.iter().zip(offers).map(line).collect()
}

fn methods(checkout: &Checkout) -> Vec<String> {
    checkout.charges.iter().flatten().map(|charge| charge.method.to_string()).collect()
}

fn opened(checkout: &Checkout) -> Change {
    let state = json!({
        "cartId": checkout.cart.to_string(),
        "state": "open",
        "email": checkout.personal.email,
        "shippingAddress": checkout.personal.shipping_address,
        "lineCount": checkout.lines.len(),
        "shippingMethodIds": methods(checkout),
        "total": MoneyBody::from(checkout.total),
        "channelId": checkout.channel.map(|id| id.to_string()),
        "quoteId": checkout.quote.map(|id| id.to_string()),
    });
    Change::new("checkout.open", checkout.id).after(state).redacted(PERSONAL)
}

/// The checkout as it was opened.
pub async fn find(ctx: &Ctx, id: CheckoutId) -> Result<Checkout, Failure<OpenError>> {
    let rows = ctx.read(vec![store::find(ctx.tenant(), id)]).await?;
    Ok(found(ctx, rows.first())?.ok_or(Failure::NotFound)?.0)
}

/// A verified caller's: who is shown a channel finds no checkout that was opened elsewhere.
fn found(ctx: &Ctx, rows: Option<&Rows>) -> Result<Option<(Checkout, DataKey)>, Unavailable> {
    let found = rows.map(|rows| store::checkout_of(ctx.app(), ctx.tenant(), rows)).transpose()?.flatten();
    let is_shown = |checkout: &Checkout| ctx.channel().is_none_or(|channel| checkout.channel == Some(channel));
    Ok(found.filter(|(checkout, _)| is_shown(checkout)))
}

/// Places the order, takes its stock and settles it, all in one commit; or says everything that is in
/// the way, and changes nothing.
pub async fn complete(
    ctx: &Ctx,
    id: CheckoutId,
    settling: Settling,
    claim: &Claim,
) -> Result<Answered, Failure<CompleteError>> {
    let tenant = ctx.tenant();
    let Settling { method, wanted } = settling;
    let recorded = journal::idempotency_record(tenant, &claim.key);
    let placed = orders::by_checkout(tenant, id, None);
    let mut reads = vec![store::find(tenant, id), recorded, placed, catalog::version(tenant)];
    let known = reads.len();
    reads.extend(wanted.reads(ctx));
    let rows = ctx.read(reads).await?;
    // The read has verified the caller. Only the merchant can say that an order is paid.
    match method {
        Some(ManualPayment::Paid) => ctx.require(Scope::PaymentsWrite).await?,
        Some(ManualPayment::OnAccount) | None => {}
    }
    if let Some(first) = replayed_order(ctx, claim, rows.get(1), rows.get(2))? {
        // Whoever did not hear the first answer does not know its version.
        ctx.spent().tell_catalog_version(catalog::version_of(rows.get(3))?);
        return Ok(Answered::Replayed(first));
    }
    let (mut checkout, key) = found(ctx, rows.first())?.ok_or(Failure::NotFound)?;
    match completable(checkout.state, checkout.expires_at, ctx.now) {
        // The commit would refuse it as well; its diagnosis then names the order.
        Ok(()) | Err(NotCompletable::Completed) => {}
        Err(error @ NotCompletable::Expired) => return Err(Failure::Rejected(CompleteError::NotCompletable(error))),
    }
    let is_open = checkout.state == CheckoutState::Open;
    let is_otherwise = |agreed: &Agreed| !agreed.holds(ctx.now) || agreed.is_paid_otherwise(method);
    if is_open && checkout.agreed.as_ref().is_some_and(is_otherwise) {
        total_again(ctx, &mut checkout, &key, method).await?;
    }
    let mut tenders = Tenders::none(checkout.total);
    if is_open {
        let (buyer, rows) = (totals::buyer(ctx).await?, rows.get(known..).unwrap_or_default());
        tenders = Tenders::plan(ctx, wanted, buyer, checkout.total, rows).await.map_err(unusable)?;
        if method.is_none() && !tenders.due().is_zero() {
            return Err(Failure::Rejected(CompleteError::PaymentRequired(tenders.due())));
        }
    }
    for left in (0..MOST_COMMITS).rev() {
        let commit = commit_of(ctx, &checkout, &key, (method, &tenders), claim).await?;
        match ctx.commit(&commit.statements).await? {
            Committed::Done { rows, after } => {
                catalog::written(ctx, &rows, commit.advance)?;
                let body = order_of(ctx, after.first())?
                    .ok_or_else(|| Unavailable::corrupt("an order was placed and is not there"))?;
                return Ok(Answered::Fresh { location: commit.location, body });
            }
            Committed::Refused { statement, refusal, diagnosis } => {
                let [recorded, placed, offers, funds @ ..] = diagnosis.as_slice() else {
                    return Err(unexplained(&refusal));
                };
                if let Some(first) = replayed_order(ctx, claim, Some(recorded), Some(placed))? {
                    return Ok(Answered::Replayed(first));
                }
                if let Some(order) = placed.first() {
                    return Err(Failure::Rejected(CompleteError::AlreadyPlaced(order.parse("id")?)));
                }
                if refusal.is_raised(QUOTE_USED) {
                    return Err(Failure::Rejected(CompleteError::NotHonoured(NotHonoured::Used)));
                }
                still_placeable(&checkout, catalog::offers_of(offers)?)?;
                let is_moved = commit.moves.is_some_and(|moves| moves < statement);
                tenders.still_there(ctx, funds, is_moved).map_err(unusable)?;
                if checkout.agreed.is_none() {
                    return Err(unexplained(&refusal));
                }
                // The merchant has changed the rules, or others have had what was left of a promotion.
                if 0 < left && !total_again(ctx, &mut checkout, &key, method).await? {
                    return Err(unexplained(&refusal));
                }
            }
        }
    }
    Err(Failure::Unavailable(Unavailable::Contended))
}

fn unusable(failure: Failure<Unusable>) -> Failure<CompleteError> {
    failure.map(CompleteError::Unusable)
}

/// Totals a checkout by the rules of now, which no replica tells, paid as it is: whoever has agreed to the same may have it
/// by them. Whether anything of it has changed at all.
///
/// # Errors
/// [`CompleteError::TotalsChanged`] where it comes to something else, and [`CompleteError::NotShipped`] where it cannot be
/// sent as was agreed.
async fn total_again(
    ctx: &Ctx,
    checkout: &mut Checkout,
    key: &DataKey,
    method: Option<ManualPayment>,
) -> Result<bool, Failure<CompleteError>> {
    let ctx = &ctx.clone().reading_what_is_current();
    let Some(agreed) = &checkout.agreed else { return Ok(false) };
    let (tenant, cart) = (ctx.tenant(), &agreed.question.cart);
    let email_hash = hash_of_address(ctx, &checkout.personal.email)?;
    let wanted = Wanted {
        lines: cart.lines.iter().map(|line| (line.variant, line.quantity)).collect(),
        currency: cart.currency,
        channel: cart.channel,
        customer: cart.customer.clone(),
        is_first_order: cart.is_first_order,
        codes: cart.codes.clone(),
        // As it was said: what is kept of it in the question is what the rules of then asked about.
        destination: destination(&checkout.personal.shipping_address),
        // Whoever has named none has agreed to what it costs whichever is taken.
        payment_method: cart.payment_method.as_ref().and(method).map(|method| method.name().to_owned()),
        deliveries: Vec::new(),
    };
    let country = wanted.destination.as_ref().map(|place| place.country);
    let variants = wanted.lines.iter().map(|(variant, _)| *variant);
    // The one who opened it.
    let account = cart.customer.as_deref().and_then(|customer| customer.parse().ok());
    let offers = catalog::offers(tenant, variants.clone(), Some(wanted.currency), wanted.channel, ctx.now);
    let mut reads = vec![orders::is_first(tenant, &email_hash, account), offers];
    let names = names(account, &email_hash);
    reads.extend(totals::reads(tenant, variants, wanted.currency, &wanted.codes, &names, country, ctx.now));
    let rows = ctx.read(reads).await?;
    let [first, offers, rules @ ..] = rows.as_slice() else {
        return Err(Unavailable::corrupt("a read answered too few statements").into());
    };
    let basis = totals::basis_of(rules, ctx.now)?;
    let mut offers = catalog::offers_of(offers)?;
    let mut priced = offers.clone();
    basis.price(&mut priced, &wanted.lines, wanted.currency, wanted.channel);
    offers.retain(|variant, _| priced.get(variant).is_some_and(|offer| offer.price.is_some()));
    // What cannot be bought, or not at the catalog's price any more, has no totals either.
    still_placeable(checkout, offers)?;
    let mut wanted = Wanted { is_first_order: Some(orders::is_first_of(first)?), ..wanted };
    let overflow = || CompleteError::NotPlaceable(NotPlaceable::Money(MoneyError::Overflow));
    let charges = match &checkout.charges {
        None => None,
        Some(charges) => {
            let choices: Vec<Choice> = charges.iter().map(Charge::choice).collect();
            let groups = totals::offered(&basis, &wanted).map_err(|error| error.or(overflow()))?;
            let shipment = shipping::chosen(groups, &choices, wanted.currency);
            let shipment = shipment.map_err(|error| Failure::Rejected(CompleteError::NotShipped(error)))?;
            wanted.deliveries = deliveries(&shipment.groups, &shipment.charges);
            Some(shipment.charges)
        }
    };
    let now = totals::priced(ctx, &basis, &wanted).await.map_err(|error| error.or(overflow()))?.agreed;
    let settled = totals::settled(ctx, &basis, &wanted, (now, Some(agreed)), key).await;
    let (now, tax_exemption) = settled.map_err(|error| error.or(overflow()))?;
    if !now.totals.is_same_purchase(&agreed.totals) {
        let both = Box::new([agreed.totals.clone(), now.totals]);
        return Err(Failure::Rejected(CompleteError::TotalsChanged(both)));
    }
    let by = |agreed: &Agreed| {
        let cart = &agreed.question.cart;
        (agreed.standing, cart.is_first_order, cart.customer_groups.clone(), agreed.catalog_prices())
    };
    let has_changed = by(&now) != by(agreed) || now.totals != agreed.totals;
    checkout.agreed = Some(now.as_kept());
    checkout.charges = charges;
    checkout.personal.tax_exemption = tax_exemption;
    Ok(has_changed)
}

impl From<NoBargain> for OpenError {
    fn from(error: NoBargain) -> OpenError {
        match error {
            NoBargain::TooExpensive => OpenError::TooExpensive,
            NoBargain::DestinationLacks(missing) => OpenError::AddressLacks(missing),
            NoBargain::NotPlaceable(error) => OpenError::NotPlaceable(error),
            NoBargain::NotShipped(error) => OpenError::NotShipped(error),
        }
    }
}

impl From<Refused> for OpenError {
    fn from(refused: Refused) -> OpenError {
        match refused {
            Refused::NotHonoured(error) => OpenError::NotHonoured(error),
            Refused::NotPlaceable(error) => OpenError::NotPlaceable(error),
            Refused::AddressLacks(missing) => OpenError::AddressLacks(missing),
        }
    }
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
        "lineCount": order.lines.len(),
        "shippingMethodIds": order.deliveries.iter().map(|delivery| &delivery.method_id).collect::<Vec<_>>(),
        "total": order.total,
        "tenders": order.tenders,
    });
    Change::new("order.place", &order.id).after(state).redacted(PERSONAL)
}

struct OrderCommit {
    statements: Commit,
    advance: Advance,
    /// The statement that moves what is on gift cards and store credit.
    moves: Option<usize>,
    location: String,
}

async fn commit_of(
    ctx: &Ctx,
    checkout: &Checkout,
    key: &DataKey,
    (method, tenders): (Option<ManualPayment>, &Tenders),
    claim: &Claim,
) -> Result<OrderCommit, Failure<CompleteError>> {
    let tenant = ctx.tenant();
    let id: OrderId = ctx.new_id()?;
    let due = tenders.due();
    let payment_state = match method.filter(|_| !due.is_zero()) {
        Some(ManualPayment::OnAccount) => PaymentState::Pending,
        // Where nothing is left to be paid, everything is.
        Some(ManualPayment::Paid) | None => PaymentState::Captured,
    };
    let payment = match method.filter(|_| !due.is_zero()) {
        Some(method) => Some(NewPayment { id: ctx.new_id()?, method, amount: due }),
        None => None,
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
        state: OrderState::Confirmed,
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
    // What it answers is the order itself, which never changes.
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
    Ok(OrderCommit { statements: commit, advance, moves, location })
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
        tax_exemption: checkout.personal.tax_exemption.clone(),
        lines: lines.collect(),
        deliveries: totals::deliveries(&order.charges, checkout.agreed.as_ref()),
        totals: totals.map(TotalsBody::from),
        total: order.total.into(),
        tenders: ledger::tenders(tenders),
        payment: order.payment.as_ref().map(|payment| PaymentBody {
            id: payment.id.to_string(),
            provider: "manual".to_owned(),
            method: payment.method.name().to_owned(),
            state: order.payment_state.to_string(),
            amount: payment.amount.into(),
        }),
        placed_at: ctx.now.to_string(),
    }
}

/// Decides again on what is bought, as the refused commit saw it: the order that is being placed had its own lines taken
/// off nothing, since the guards come before the stock. What is no reason here, but other totals: a gift that is gone, and
/// another price than the catalog's.
fn still_placeable(checkout: &Checkout, mut offers: BTreeMap<VariantId, Offer>) -> Result<(), Failure<CompleteError>> {
    let agreed = checkout.agreed.as_ref();
    let bought = agreed.map_or(checkout.lines.len(), |agreed| agreed.question.cart.lines.len());
    let mut lines = Vec::with_capacity(bought);
    for (place, line) in checkout.lines.iter().take(bought).enumerate() {
        let is_repriced = agreed.is_some_and(|agreed| !agreed.is_at_catalog_price(place));
        if let Some(offer) = offers.get_mut(&line.variant).filter(|_| is_repriced) {
            offer.price = Some(line.unit_price);
        }
        lines.push(AgreedLine { variant: line.variant, quantity: line.quantity, unit_price: line.unit_price });
    }
    match place(&lines, checkout.total.currency(), &offers) {
        Ok(_) => Ok(()),
        Err(problems) => Err(Failure::Rejected(CompleteError::NotPlaceable(problems))),
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

fn hash_of_address(ctx: &Ctx, email: &str) -> Result<String, Unavailable> {
    let email: Email = email.parse().map_err(|_| Unavailable::corrupt("a checkout's e-mail address"))?;
    Ok(identity::email_hash(ctx.app(), ctx.tenant(), &email))
}

/// The order in an answer, whole.
fn order_of(ctx: &Ctx, rows: Option<&Rows>) -> Result<Option<String>, Unavailable> {
    let found = rows.map(orders::orders_of).transpose()?.unwrap_or_default();
    found.first().map(|order| orders::whole(ctx.app(), ctx.tenant(), order)).transpose()
}

/// The first answer to a completion: what is recorded of it, with the order that it placed.
fn replayed_order<E>(
    ctx: &Ctx,
    claim: &Claim,
    recorded: Option<&Rows>,
    placed: Option<&Rows>,
) -> Result<Option<Recorded>, Failure<E>> {
    let Some(first) = journal::replay(Some(claim), recorded)? else { return Ok(None) };
    let body = order_of(ctx, placed)?.ok_or_else(|| Unavailable::corrupt("an order that was answered is not there"))?;
    Ok(Some(Recorded { body, ..first }))
}

fn unexplained<E>(refusal: &crate::port::sql::Refusal) -> Failure<E> {
    Failure::Unavailable(Unavailable::corrupt(format!("a commit was refused: {refusal:?}")))
}
