//! Opening a checkout: one read, one commit.

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::checkout::{
    CheckoutState, LIFETIME_MILLIS, ManualPayment, NotHonoured, NotPlaceable, PlacedLine,
};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::CartId;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::shipping::Choice;
use headlesspro_shared::tax::Missing;
use headlesspro_shared::totals::{GiftTotals, Totals};
use serde_json::json;

use super::bargain::{Bargain, NoBargain, bargain};
use super::quotes::{self, Purchase, Refused};
use super::store::{self, Checkout};
use super::usecase::{Answered, destination, key_of, names, unexplained};
use crate::app::Ctx;
use crate::cart::{self, Contents};
use crate::failure::Failure;
use crate::journal::{self, Change, Claim, PERSONAL, Recorded};
use crate::orders::{self, Of, Personal};
use crate::port::sql::{Commit, Committed};
use crate::shipping::NotShipped;
use crate::totals::{self, Priced, Wanted};
use crate::wire::{AddressBody, MoneyBody};
use crate::{catalog, identity};

/// What a buyer brings to a checkout.
pub struct Open {
    pub cart: CartId,
    pub email: Email,
    pub shipping_address: AddressBody,
    /// That of shipping where there is none.
    pub billing_address: Option<AddressBody>,
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
    let Bargain { placement, priced: Priced { agreed, gifts }, charges, answers, tax_exemption } = bargained;
    let agreed = agreed.as_kept();
    let checkout = Checkout {
        id: ctx.new_id()?,
        cart: command.cart,
        state: CheckoutState::Open,
        personal: Personal {
            email: command.email.to_string(),
            shipping_address: command.shipping_address,
            billing_address: command.billing_address,
            tax_exemption,
        },
        lines: placement.lines.into_iter().chain(given(&agreed.totals, &gifts)).collect(),
        total: Money::new(agreed.totals.total, currency),
        agreed: Some(agreed),
        charges: Some(charges),
        answers,
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
        "billingAddress": checkout.personal.billing_address,
        "lineCount": checkout.lines.len(),
        "shippingMethodIds": methods(checkout),
        "total": MoneyBody::from(checkout.total),
        "channelId": checkout.channel.map(|id| id.to_string()),
        "quoteId": checkout.quote.map(|id| id.to_string()),
    });
    Change::new("checkout.open", checkout.id).after(state).redacted(PERSONAL)
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
