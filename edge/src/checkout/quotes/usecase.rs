//! Making a quote, and opening a checkout with one: the token is found by its hash among what is read anyway, and nothing
//! of it but the name of its key is looked at before its signature was found good.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::Offer;
use headlesspro_shared::checkout::{
    LIFETIME_MILLIS, MOST_QUOTE_SECONDS, ManualPayment, NotHonoured, NotPlaceable, QUOTE_SECONDS, QUOTE_TYPE,
    QuoteClaims, QuoteTerms, QuoteUse, agree, honour,
};
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{AccountId, CartId, QuoteId, VariantId};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::shipping::{Charge, Choice};
use headlesspro_shared::tax::Missing;
use serde_json::json;

use super::super::bargain::{Bargain, NoBargain, bargain};
use super::store::{self, NewQuote, StoredQuote};
use crate::app::{Ctx, Tenant};
use crate::cart::{self, Contents};
use crate::failure::{Failure, Unavailable};
use crate::identity::{self, SignedToken};
use crate::journal::{self, Answered, Change, Claim};
use crate::port::sql::{Commit, Committed, Rows, Statement};
use crate::totals::{self, Agreed, Priced, Standing, Wanted};
use crate::vault::DataKey;
use crate::wire::MoneyBody;
use crate::{catalog, shipping, tax};

/// What is asked for.
pub struct Asked {
    /// Seconds; a day without.
    pub seconds: Option<i64>,
    /// Where it goes; without, the taxes are those of where the store sells from, and nothing is shipped.
    pub destination: Option<Place>,
    /// What it is to be sent by there.
    pub shipping_methods: Vec<Choice>,
    /// How it is to be paid; none: not chosen yet.
    pub payment_method: Option<ManualPayment>,
}

/// A quote that can be told once its commit is done.
pub struct Quote {
    pub id: QuoteId,
    pub cart: CartId,
    pub token: String,
    pub agreed: Agreed,
    pub charges: Vec<Charge>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Why there is no quote.
#[derive(Debug)]
pub enum QuoteError {
    /// Shoppers get a day at most.
    TooLong,
    NoBargain(NoBargain),
}

/// Signs what the cart costs now, which a checkout honours until it ends.
pub async fn make(
    ctx: &Ctx,
    id: CartId,
    asked: Asked,
    claim: Option<&Claim>,
    render: impl Fn(&Quote) -> String,
) -> Result<Answered, Failure<QuoteError>> {
    let tenant = ctx.tenant();
    // Whoever has a quote has the cart for as long.
    let Contents { currency, lines, codes } = match cart::kept_contents(ctx, id).await {
        Ok(contents) => contents,
        // What was answered before is recorded, whatever has become of the cart.
        Err(failure @ (Failure::NotFound | Failure::Unavailable(_))) => {
            let Some(known) = claim else { return Err(failure) };
            let rows = ctx.read(vec![journal::idempotency_record(tenant, &known.key)]).await?;
            return journal::replay(claim, rows.first())?.map_or(Err(failure), |first| Ok(first.into()));
        }
        Err(failure) => return Err(failure),
    };
    let seconds = asked.seconds.unwrap_or(QUOTE_SECONDS);
    if QUOTE_SECONDS < seconds && !totals::is_staff(ctx).await? {
        return Err(Failure::Rejected(QuoteError::TooLong));
    }
    // Known: the cart is told to verified callers only.
    let channel = ctx.channel();
    let customer = totals::buyer(ctx).await?;
    let names: Vec<String> = customer.map(|account| account.to_string()).into_iter().collect();
    let variants = lines.iter().map(|(variant, _)| *variant);
    let country = asked.destination.as_ref().map(|place| place.country);
    let offers = catalog::offers(tenant, variants.clone(), Some(currency), channel, ctx.now);
    let mut reads = vec![offers, identity::signing_keys(ctx.now), identity::data_key_statement(tenant)];
    reads.extend(totals::reads(tenant, variants, currency, &codes, &names, country, ctx.now));
    let known = reads.len();
    reads.extend(claim.map(|claim| journal::idempotency_record(tenant, &claim.key)));
    let rows = ctx.read(reads).await?;
    if let Some(first) = journal::replay(claim, rows.get(known))? {
        return Ok(first.into());
    }
    let offers = rows.first().map(catalog::offers_of).transpose()?.unwrap_or_default();
    let data_key = identity::data_key_of(ctx.app(), tenant, rows.get(2))?;
    let basis = totals::basis_of(rows.get(3..known).unwrap_or_default(), ctx.now)?;
    let wanted = Wanted {
        lines,
        currency,
        channel,
        customer: names.into_iter().next(),
        is_first_order: None,
        codes,
        destination: asked.destination.clone(),
        payment_method: asked.payment_method.map(|method| method.name().to_owned()),
        deliveries: Vec::new(),
    };
    let bargained = bargain(ctx, &basis, offers, wanted, &asked.shipping_methods, &data_key).await;
    let bargained = bargained.map_err(|failure| failure.map(QuoteError::NoBargain))?;
    let Bargain { priced: Priced { agreed, .. }, charges, tax_exemption, .. } = bargained;
    let agreed = agreed.as_kept();

    let mut commit = Commit::new();
    let key = identity::signing_key(ctx, rows.get(1), &mut commit)?;
    let terms = QuoteTerms {
        id: ctx.new_id()?,
        issuer: ctx.app().verifier().issuer.clone(),
        organization: tenant.organization,
        store: tenant.store,
        cart: id,
        channel,
        customer,
        made_at: ctx.now,
        expires_at: QuoteTerms::end(ctx.now, seconds),
    };
    let (quote_id, expires_at) = (terms.id, terms.expires_at);
    let token = key.sign_as(QUOTE_TYPE, &terms.claims(&agreed.totals))?;
    let exemption = tax_exemption.map(|used| store::seal(ctx.app(), tenant, &data_key, quote_id, &used)).transpose()?;
    let kept = NewQuote {
        id: quote_id,
        token_hash: hash_of(&token),
        cart: id,
        channel,
        customer,
        question: &agreed.question,
        // Elsewhere it would be sent, or taxed by whom the merchant asks, for something else.
        destination: asked.destination.as_ref().filter(|_| agreed.is_for_one_place()),
        charges: &charges,
        exemption_sealed: exemption,
        expires_at,
    };
    commit.push(store::insert(tenant, &kept, ctx.now));
    commit.push(store::forget(tenant, forgotten(ctx.now)));
    let quote = Quote { id: quote_id, cart: id, token, agreed, charges, made_at: ctx.now, expires_at };
    let answered = Answered::first(String::new(), render(&quote));
    if let Some(claim) = claim {
        commit.push(journal::record(tenant, claim, 201, &answered.location, &answered.body, ctx.now));
        commit.push_diagnosis(journal::idempotency_record(tenant, &claim.key));
    }
    let actor = &ctx.principal().await?.actor;
    commit.push(journal::audit(ctx, ctx.new_id()?, actor, made(&quote)));
    match ctx.commit(&commit).await? {
        Committed::Done { .. } => Ok(answered),
        Committed::Refused { refusal, diagnosis, .. } => match journal::replay(claim, diagnosis.first())? {
            Some(first) => Ok(first.into()),
            None => Err(Unavailable::corrupt(format!("a commit was refused: {refusal:?}")).into()),
        },
    }
}

/// A quote is kept for a day after its end: an order that is being placed with it still finds it.
fn forgotten(now: Timestamp) -> Timestamp {
    now.checked_add_millis(LIFETIME_MILLIS.saturating_neg()).unwrap_or(now)
}

fn made(quote: &Quote) -> Change {
    let state = json!({
        "cartId": quote.cart.to_string(),
        "channelId": quote.agreed.question.cart.channel.map(|id| id.to_string()),
        "lineCount": quote.agreed.totals.lines.len(),
        "total": MoneyBody::from(quote.total()),
        "expiresAt": quote.expires_at.to_string(),
    });
    Change::new("quote.make", quote.id).after(state)
}

fn hash_of(token: &str) -> String {
    identity::hash_of(token).to_hex()
}

/// A quote as somebody shows it.
pub struct Shown<'a> {
    token: SignedToken<'a>,
    hash: String,
}

/// # Errors
/// [`NotHonoured::Forged`] where the text has not the form of a quote.
pub fn shown(text: &str) -> Result<Shown<'_>, NotHonoured> {
    let token = SignedToken::read(text, QUOTE_TYPE).ok_or(NotHonoured::Forged)?;
    Ok(Shown { token, hash: hash_of(text) })
}

/// The statements whose rows [`honoured`] takes, for a purchase of these variants.
pub fn reads(
    tenant: Tenant,
    shown: &Shown<'_>,
    variants: impl IntoIterator<Item = VariantId>,
    country: Option<Country>,
    now: Timestamp,
) -> Vec<Statement> {
    let mut reads = vec![identity::key_of(&shown.token, signs_since(now)), store::find(tenant, &shown.hash)];
    reads.extend(tax::rules(tenant, country));
    if let Some(country) = country {
        reads.extend(shipping::rules(tenant, country));
        reads.push(catalog::goods(tenant, variants));
    }
    reads
}

/// A key is good for quotes for as long as the last that it has signed.
pub fn signs_since(now: Timestamp) -> Timestamp {
    now.checked_add_millis(MOST_QUOTE_SECONDS.saturating_mul(-1_000)).unwrap_or(now)
}

/// What a checkout is to be opened for.
pub struct Purchase<'a> {
    pub cart: CartId,
    pub currency: Currency,
    pub lines: &'a [(VariantId, Quantity)],
    pub account: Option<AccountId>,
    pub place: Option<&'a Place>,
}

/// What a quote gives.
pub struct Honoured {
    pub quote: QuoteId,
    pub expires_at: Timestamp,
    pub bargain: Bargain,
}

/// Why a quote gives nothing.
#[derive(Debug)]
pub enum Refused {
    NotHonoured(NotHonoured),
    NotPlaceable(NotPlaceable),
    /// As without a quote.
    AddressLacks(Vec<Missing>),
}

/// What was agreed to with a quote: what it was made from, not what the rules say today. `rows` are those of [`reads`];
/// `offers` those of the lines; `data_key` is the organization's.
pub async fn honoured(
    ctx: &Ctx,
    shown: &Shown<'_>,
    rows: &[Rows],
    purchase: &Purchase<'_>,
    mut offers: BTreeMap<VariantId, Offer>,
    data_key: &DataKey,
) -> Result<Honoured, Failure<Refused>> {
    let refused = |reason| Failure::Rejected(Refused::NotHonoured(reason));
    let short = || Unavailable::corrupt("a read answered too few statements");
    let [key, kept, rows @ ..] = rows else { return Err(short().into()) };
    let (taxes, shipped) = rows.split_at_checked(tax::RULES_STATEMENTS).ok_or_else(short)?;
    let payload = identity::payload_of(&shown.token, Some(key))?.ok_or_else(|| refused(NotHonoured::Forged))?;
    let claims: QuoteClaims = serde_json::from_slice(&payload).map_err(|_| refused(NotHonoured::Forged))?;
    if (claims.org, claims.store) != (ctx.tenant().organization, ctx.tenant().store) {
        return Err(refused(NotHonoured::OtherStore));
    }
    // Kept until it is over; what another engine has totalled is over as well.
    let found = store::quote_of(ctx.tenant(), data_key, Some(kept))?;
    let Some(StoredQuote { id, quoted, question, totals, charges, tax_exemption }) = found else {
        return Err(refused(NotHonoured::Expired));
    };
    let rules = tax::rules_of(taxes)?.rules;
    let missing = purchase.place.map(|place| rules.asks_for(place)).unwrap_or_default();
    if !missing.is_empty() {
        return Err(Failure::Rejected(Refused::AddressLacks(missing)));
    }
    let asked = QuoteUse {
        now: ctx.now,
        cart: purchase.cart,
        channel: ctx.channel(),
        customer: purchase.account,
        is_staff: totals::is_staff(ctx).await?,
        lines: purchase.lines,
        tax_zone: purchase.place.and_then(|place| rules.zone_at(place)),
        destination: purchase.place,
        is_shipped: is_shipped(shipped)?,
    };
    honour(&quoted, &asked).map_err(refused)?;
    // In the quote's order, which is that of its totals.
    for line in &totals.lines {
        if let Some(offer) = offers.get_mut(&line.variant) {
            offer.price = Some(line.price.unit_price);
        }
    }
    let placement = agree(&quoted.lines, purchase.currency, &offers)
        .map_err(|error| Failure::Rejected(Refused::NotPlaceable(error)))?;
    let given: Vec<VariantId> = totals.gifts.iter().map(|gift| gift.variant).collect();
    let mut gifts = Vec::with_capacity(given.len());
    if !given.is_empty() {
        let read = catalog::offers(ctx.tenant(), given.clone(), Some(purchase.currency), ctx.channel(), ctx.now);
        let found = ctx.read(vec![read]).await?.first().map(catalog::offers_of).transpose()?.unwrap_or_default();
        for variant in given {
            // Gone from the catalog: what the quote was agreed to by cannot be had.
            gifts.push(found.get(&variant).cloned().ok_or_else(|| refused(NotHonoured::Expired))?);
        }
    }
    let agreed = Agreed { question, totals, standing: Standing::FIXED };
    let bargain = Bargain { placement, priced: Priced { agreed, gifts }, charges, answers: None, tax_exemption };
    Ok(Honoured { quote: id, expires_at: quoted.expires_at, bargain })
}

/// Whether the store ships by methods, and something of what is bought.
fn is_shipped(rows: &[Rows]) -> Result<bool, Unavailable> {
    let [rules @ .., goods] = rows else { return Ok(false) };
    let is_kept = shipping::rules_of(rules)?.is_kept;
    Ok(is_kept && catalog::goods_of(goods)?.values().any(|goods| goods.needs_shipping))
}
