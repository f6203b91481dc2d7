//! Completing a checkout: one read, one commit, which is made again where the rules have changed meanwhile.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::checkout::{
    AgreedLine, CheckoutState, ManualPayment, NotCompletable, NotHonoured, NotPlaceable, complete as completable, place,
};
use headlesspro_shared::fraud::FraudSettings;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CheckoutId, OrderId, VariantId};
use headlesspro_shared::kernel::money::{Money, MoneyError};
use headlesspro_shared::shipping::{Charge, Choice};
use headlesspro_shared::totals::{Totals, deliveries};

use super::placing::commit_of;
use super::store::{self, Checkout};
use super::usecase::{Answered, destination, found, hash_of_address, names, unexplained};
use crate::app::Ctx;
use crate::failure::{Failure, Unavailable};
use crate::fraud::{self, Attempt, Judged};
use crate::journal::{self, Claim, Recorded};
use crate::ledger::{self, Tenders, Unusable};
use crate::payments::{Chosen, Provided};
use crate::port::sql::{Committed, Rows};
use crate::shipping::{self, NotShipped};
use crate::totals::{self, Agreed, Offered, Wanted};
use crate::vault::DataKey;
use crate::{catalog, orders, payments};

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
    /// The provider that is named is none of the store's, or takes no payments.
    NoSuchProvider,
    /// So much is left to be paid, and nobody has said how.
    PaymentRequired(Money),
    /// By the store's rules.
    Blocked,
}

/// How a buyer settles an order.
#[derive(Debug)]
pub struct Settling {
    /// Of what no gift card and no store credit pays: by the merchant's word.
    pub method: Option<ManualPayment>,
    /// Or by a provider.
    pub provided: Option<Provided>,
    pub wanted: ledger::Wanted,
}

/// The word of the trigger that refuses a second order with a quote.
const QUOTE_USED: &str = "QUOTE_USED";

/// Rules that change as often while one order is placed are somebody's who does nothing else.
const MOST_COMMITS: usize = 8;

/// Places the order, takes its stock and settles it, all in one commit; or says everything that is in
/// the way, and changes nothing.
pub async fn complete(
    ctx: &Ctx,
    id: CheckoutId,
    settling: Settling,
    claim: &Claim,
) -> Result<Answered, Failure<CompleteError>> {
    let tenant = ctx.tenant();
    let Settling { method, provided, wanted } = settling;
    let recorded = journal::idempotency_record(tenant, &claim.key);
    let placed = orders::by_checkout(tenant, id, None);
    let rules = fraud::settings_statement(tenant);
    let mut reads = vec![store::find(tenant, id), recorded, placed, catalog::version(tenant), rules];
    reads.extend(provided.iter().flat_map(|provided| payments::reads(tenant, id, provided)));
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
        return replayed(ctx, first, provided, rows.get(6)).await;
    }
    let (mut checkout, key) = found(ctx, rows.first()).await?.ok_or(Failure::NotFound)?;
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
    let chosen = provided.clone().map(|provided| Chosen::of(tenant, provided, rows.get(5)));
    let chosen = chosen.transpose().map_err(|failure| failure.map(|_| CompleteError::NoSuchProvider))?;
    let is_paid = method.is_some() || chosen.is_some();
    let fraud_rules = fraud::settings_of(rows.get(4))?.settings;
    let (mut tenders, mut judged) = (Tenders::none(checkout.total), None);
    if is_open {
        let (buyer, rows) = (totals::buyer(ctx).await?, rows.get(known..).unwrap_or_default());
        // A request with codes is one that looks a code up, as is each further guess: beyond the limit nothing is told of any.
        // The staff knows all cards.
        let is_guessing = !wanted.cards.is_empty() && !totals::is_staff(ctx).await?;
        ctx.count_guesses(usize::from(is_guessing)).await?;
        let planned = Tenders::plan(ctx, wanted, buyer, (checkout.total, is_paid), rows).await;
        if let (true, Err(Failure::Rejected(unusable))) = (is_guessing, &planned) {
            ctx.count_guesses(unusable.guesses().saturating_sub(1)).await?;
        }
        tenders = planned.map_err(unusable)?;
        if !is_paid && !tenders.due().is_zero() {
            return Err(Failure::Rejected(CompleteError::PaymentRequired(tenders.due())));
        }
        judged = judge(ctx, &checkout, &fraud_rules, claim).await?;
    }
    for left in (0..MOST_COMMITS).rev() {
        let settling = (method, chosen.as_ref(), &tenders, judged.as_ref());
        let commit = commit_of(ctx, &checkout, &key, settling, claim).await?;
        match ctx.commit(&commit.statements).await? {
            Committed::Done { rows, after } => {
                catalog::written(ctx, &rows, commit.advance)?;
                let mut body = order_of(ctx, after.first())?
                    .ok_or_else(|| Unavailable::corrupt("an order was placed and is not there"))?;
                if let Some((chosen, payment)) = chosen.zip(commit.payment.as_ref()) {
                    body = chosen.pay(ctx, commit.order, payment).await?.unwrap_or(body);
                }
                return Ok(Answered::Fresh { location: commit.location, body });
            }
            Committed::Refused { statement, refusal, diagnosis } => {
                let [recorded, placed, offers, funds @ ..] = diagnosis.as_slice() else {
                    return Err(unexplained(&refusal));
                };
                if let Some(first) = replayed_order(ctx, claim, Some(recorded), Some(placed))? {
                    return replayed(ctx, first, None, None).await;
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

/// The verdict on a checkout, where the store has rules.
///
/// # Errors
/// [`CompleteError::Blocked`], which the staff is told of.
async fn judge(
    ctx: &Ctx,
    checkout: &Checkout,
    rules: &FraudSettings,
    claim: &Claim,
) -> Result<Option<Judged>, Failure<CompleteError>> {
    if rules.rules.is_empty() {
        return Ok(None);
    }
    let personal = &checkout.personal;
    let email_hash = hash_of_address(ctx, &personal.email)?;
    let known = checkout.agreed.as_ref().and_then(|agreed| agreed.question.cart.is_first_order);
    let is_first_order = match known {
        // At a quote's prices nobody has asked.
        None if rules.asks_for_first_order() => {
            let account = totals::buyer(ctx).await?;
            let rows = ctx.read(vec![orders::is_first(ctx.tenant(), &email_hash, account)]).await?;
            rows.first().map(orders::is_first_of).transpose()?
        }
        known => known,
    };
    let attempt = Attempt {
        name: format!("{}|{}", checkout.id, claim.key),
        email_hash: &email_hash,
        shipping_address: &personal.shipping_address,
        billing_address: personal.billing_address.as_ref(),
        total: checkout.total,
        is_first_order,
        card: None,
        provider_risk: None,
    };
    let judged = fraud::judge_at_checkout(ctx, rules, &attempt).await?;
    if judged.is_blocked() {
        fraud::tell_blocked(ctx, checkout.id, &judged).await?;
        return Err(Failure::Rejected(CompleteError::Blocked));
    }
    Ok(Some(judged))
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
    let (charges, answers) = match &checkout.charges {
        None => (None, None),
        Some(charges) => {
            let choices: Vec<Choice> = charges.iter().map(Charge::choice).collect();
            let before = checkout.answers.as_ref();
            let offered = totals::offered(ctx, &basis, &wanted, before).await;
            let Offered { groups, answers } = offered.map_err(|error| error.or(overflow()))?;
            let shipment = shipping::chosen(groups, &choices, wanted.currency);
            let shipment = shipment.map_err(|error| Failure::Rejected(CompleteError::NotShipped(error)))?;
            wanted.deliveries = deliveries(&shipment.groups, &shipment.charges);
            (Some(shipment.charges), answers)
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
    checkout.answers = answers;
    checkout.personal.tax_exemption = tax_exemption;
    Ok(has_changed)
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

/// The first answer again, after the payment was gone on with where the order waits for it.
async fn replayed(
    ctx: &Ctx,
    first: Recorded,
    provided: Option<Provided>,
    payment: Option<&Rows>,
) -> Result<Answered, Failure<CompleteError>> {
    let now = match provided {
        Some(provided) => payments::resume(ctx, provided, payment).await?,
        None => None,
    };
    Ok(Answered::Replayed(match now {
        Some(body) => Recorded { body, ..first },
        None => first,
    }))
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
