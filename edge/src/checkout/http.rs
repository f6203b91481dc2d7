//! `/api/v1/checkouts`.

use std::convert::Infallible;

use axum::response::{IntoResponse, Response};
use headlesspro_shared::checkout::{CheckoutState, LineProblem, ManualPayment, NotCompletable, NotPlaceable};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{
    CartKind, CheckoutKind, PaymentProviderId, ProductKind, QuoteKind, VariantId, VariantKind,
};
use headlesspro_shared::kernel::money::{Money, MoneyError};
use headlesspro_shared::ledger::GiftCardCode;
use headlesspro_shared::tax::Missing;
use headlesspro_shared::totals::{GiftTotals, LineTotals, Totals};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::completing::{self, CompleteError, Settling};
use super::opening::{self, Open, OpenError};
use super::quotes;
use super::store::Checkout;
use super::usecase::{self, Answered};
use crate::app::Ctx;
use crate::catalog::{fields, unversioned};
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, PathId};
use crate::journal::Claim;
use crate::ledger::{self, Credit, Wanted};
use crate::payments::{self, Means, Provided};
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::shipping::{ChoiceBody, choices};
use crate::totals::{CodeBody, DeliveryBody, TaxesBody, TotalsBody, codes, deliveries, line_sums, line_taxes};
use crate::wire::{AddressBody, IdText, MomentText, MoneyBody, value_of};

pub fn routes() -> Routes {
    let access = Access::Key(Scope::CheckoutWrite);
    Routes::new()
        .post("/api/v1/checkouts", access, open)
        .get("/api/v1/checkouts/{id}", access, show)
        .post("/api/v1/checkouts/{id}/complete", access, complete)
        .post("/api/v1/checkouts/{id}/payment", access, go_on)
        .and(quotes::http::routes())
}

/// Of a quote's token: those of carts with the most lines have some 40 KB.
const LONGEST_QUOTE: usize = 64 * 1024;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OpenCheckout", deny_unknown_fields)]
pub struct OpenCheckoutBody {
    #[schemars(required, regex(pattern = r"^cart_[0-7][0-9a-hjkmnp-tv-z]{25}$"))]
    pub cart_id: Option<String>,
    #[schemars(required, email)]
    pub email: Option<String>,
    #[schemars(required, with = "AddressBody")]
    pub shipping_address: Option<AddressBody>,
    /// Whom it is charged to; the shipping address where it is left out.
    pub billing_address: Option<AddressBody>,
    /// Of what `POST /api/v1/shipping-rates` offers, one for each group. Left out where the store ships by no methods, or
    /// nothing has to be shipped.
    #[schemars(length(max = 100))]
    pub shipping_methods: Option<Vec<ChoiceBody>>,
    /// How it is to be paid, for promotions that depend on it; they do not apply as long as nobody says.
    #[schemars(extend("enum" = ["paid", "on-account", null]))]
    pub payment_method: Option<String>,
    /// The token of a quote for this cart, whose prices, promotions and taxes hold instead of today's.
    #[schemars(length(max = 65_536))]
    pub quote: Option<String>,
}

/// How the order is paid.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CompleteCheckout", deny_unknown_fields)]
pub struct CompleteCheckoutBody {
    /// Of what gift cards and store credit leave; where that is nothing, it may be left out, and there is no payment.
    #[schemars(with = "Option<PaymentChoiceBody>")]
    pub payment: Option<PaymentChoiceBody>,
    /// Codes, each once, at most ten. They pay first, in this order, each as much as is on it and is needed.
    #[schemars(length(max = 10))]
    pub gift_cards: Option<Vec<String>>,
    /// Of the customer who is logged in.
    #[schemars(with = "Option<UseCreditBody>")]
    pub store_credit: Option<UseCreditBody>,
}

/// How much of the own store credit pays, after gift cards; never more than is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UseStoreCredit", deny_unknown_fields)]
pub struct UseCreditBody {
    /// Above zero, in the order's currency, and refused where there is less; left out: as much as there is.
    #[schemars(with = "Option<MoneyBody>")]
    pub amount: Option<Money>,
}

/// Settling by the merchant's word (`manual` with a method), or by a payment provider (its id with a token).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CompletePayment", deny_unknown_fields)]
pub struct PaymentChoiceBody {
    /// `manual`, or the id of one of the store's payment providers.
    #[schemars(required, regex(pattern = r"^(manual|psp_[0-7][0-9a-hjkmnp-tv-z]{25})$"))]
    pub provider: Option<String>,
    /// Of `manual`: `paid`: the merchant has the money (needs a key with `payments:write`). `on-account`: the buyer owes it.
    #[schemars(extend("enum" = ["paid", "on-account", null]))]
    pub method: Option<String>,
    /// Of a provider: what its own form has given for the means of payment. Never a card number.
    #[schemars(length(min = 1, max = 500))]
    pub token: Option<String>,
    /// Of a provider: where the buyer comes back to from what it asks of him.
    #[schemars(length(min = 1, max = 2_000))]
    pub return_url: Option<String>,
}

/// Another means of payment, where the last was declined; nothing, to hear how the payment stands.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "GoOnWithPayment", deny_unknown_fields)]
pub struct GoOnBody {
    /// What the provider's own form has given for it.
    #[schemars(length(min = 1, max = 500))]
    pub token: Option<String>,
    #[schemars(length(min = 1, max = 2_000))]
    pub return_url: Option<String>,
}

/// What a buyer has agreed to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Checkout")]
pub struct CheckoutBody {
    #[schemars(with = "IdText<CheckoutKind>")]
    pub id: String,
    #[schemars(with = "IdText<CartKind>")]
    pub cart_id: String,
    /// The quote that it was opened with; left out where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<QuoteKind>>")]
    pub quote_id: Option<String>,
    /// `open` or `completed`.
    #[schemars(extend("enum" = ["open", "completed"]))]
    pub state: String,
    pub email: String,
    pub shipping_address: AddressBody,
    /// Left out where it is the shipping address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressBody>,
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    pub lines: Vec<CheckoutLineBody>,
    /// By what the lines are sent; left out where nothing was chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<DeliveryBody>,
    /// As it was named; left out where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["paid", "on-account"]))]
    pub payment_method: Option<String>,
    /// The cart's, and what came of each.
    pub codes: Vec<CodeBody>,
    /// What it comes to; left out for a checkout from before there were promotions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<TotalsBody>,
    /// What is to be paid: the sum of the totals of lines and deliveries.
    pub total: MoneyBody,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub created_at: String,
    /// RFC 3339, UTC. A day after it was opened, and no later than its quote.
    #[schemars(with = "MomentText")]
    pub expires_at: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CheckoutLine")]
pub struct CheckoutLineBody {
    #[schemars(with = "IdText<VariantKind>")]
    pub variant_id: String,
    #[schemars(with = "IdText<ProductKind>")]
    pub product_id: String,
    pub sku: String,
    pub title: String,
    pub variant_title: String,
    pub quantity: i64,
    pub unit_price: MoneyBody,
    /// What promotions take off; left out where that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<MoneyBody>,
    /// Left out where the store has no tax zone for where it goes, and of gifts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<TaxesBody>,
    /// Unit price times quantity, less the discount, and with the tax where prices do not hold it.
    pub total: MoneyBody,
}

async fn open(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<OpenCheckoutBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let render = |checkout: &Checkout| serde_json::to_string(&CheckoutBody::from(checkout)).unwrap_or_default();
    Ok(answer(opening::open(&ctx, body.parsed, claim.as_ref(), render).await?))
}

async fn show(ctx: Ctx, PathId(id): PathId<CheckoutKind>) -> Result<Response, Problem> {
    let checkout = usecase::find(&ctx, id).await?;
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((headers, axum::Json(CheckoutBody::from(&checkout))).into_response())
}

async fn complete(
    ctx: Ctx,
    PathId(id): PathId<CheckoutKind>,
    key: IdempotencyKey,
    body: Json<CompleteCheckoutBody>,
) -> Result<Response, Problem> {
    let claim = Claim::new(&ctx, &key, &body.bytes);
    match completing::complete(&ctx, id, body.parsed, &claim).await {
        Ok(answered) => Ok(answer(answered)),
        Err(failure) => Err(failure.into()),
    }
}

async fn go_on(ctx: Ctx, PathId(id): PathId<CheckoutKind>, body: Json<GoOnBody>) -> Result<Response, Problem> {
    // Whoever may see the checkout.
    usecase::find(&ctx, id).await?;
    Ok(unversioned(payments::go_on(&ctx, id, body.parsed).await?))
}

/// 201 with the body as it was first given.
fn answer(answered: Answered) -> Response {
    let (status, location, body, replayed) = match answered {
        Answered::Fresh { location, body } => (StatusCode::CREATED, location, body, false),
        Answered::Replayed(first) => {
            (StatusCode::from_u16(first.status).unwrap_or(StatusCode::CREATED), first.location, first.body, true)
        }
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(LOCATION, location);
    }
    if replayed {
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    response
}

impl From<&Checkout> for CheckoutBody {
    fn from(checkout: &Checkout) -> CheckoutBody {
        let totals = checkout.agreed.as_ref().map(|agreed| &agreed.totals);
        let lines = checkout.lines.iter().enumerate().map(|(place, line)| {
            let sums = line_sums(totals, place);
            CheckoutLineBody {
                variant_id: line.variant.to_string(),
                product_id: line.product.to_string(),
                sku: line.sku.clone(),
                title: line.title.clone(),
                variant_title: line.variant_title.clone(),
                quantity: line.quantity.get(),
                unit_price: line.unit_price.into(),
                discount: sums.map(|sums| sums.discount).filter(|discount| !discount.is_zero()).map(MoneyBody::from),
                taxes: line_taxes(totals, place),
                total: sums.map_or(line.total, |sums| sums.total).into(),
            }
        });
        CheckoutBody {
            id: checkout.id.to_string(),
            cart_id: checkout.cart.to_string(),
            quote_id: checkout.quote.map(|id| id.to_string()),
            state: match checkout.state {
                CheckoutState::Open => "open".to_owned(),
                CheckoutState::Completed => "completed".to_owned(),
            },
            email: checkout.personal.email.clone(),
            shipping_address: checkout.personal.shipping_address.clone(),
            billing_address: checkout.personal.billing_address.clone(),
            currency: checkout.total.currency().to_string(),
            lines: lines.collect(),
            deliveries: deliveries(checkout.charges.as_deref().unwrap_or_default(), checkout.agreed.as_ref()),
            payment_method: checkout.agreed.as_ref().and_then(|agreed| agreed.question.cart.payment_method.clone()),
            codes: codes(&[], totals),
            totals: totals.map(TotalsBody::from),
            total: checkout.total.into(),
            created_at: checkout.created_at.to_string(),
            expires_at: checkout.expires_at.to_string(),
        }
    }
}

impl Parse for OpenCheckoutBody {
    type Parsed = Open;

    fn parse(self, errors: &mut FieldErrors) -> Option<Open> {
        let cart = errors.required("cartId", self.cart_id, |id| id.parse());
        let email = errors.required("email", self.email, |email| email.parse());
        let address = errors.required("shippingAddress", self.shipping_address, Ok::<_, Infallible>);
        let address = address.and_then(|address| errors.nested("shippingAddress", |errors| address.parse(errors)));
        let billing = self.billing_address.map(|body| errors.nested("billingAddress", |errors| body.parse(errors)));
        let shipping_methods = choices(errors, self.shipping_methods);
        let payment_method = errors.optional("paymentMethod", self.payment_method, |name| manual(&name));
        let quote = errors.optional("quote", self.quote, |token| match token.len() {
            1..=LONGEST_QUOTE => Ok(token),
            _ => Err(format!("must have 1 to {LONGEST_QUOTE} characters")),
        });
        let in_quote = "is what the quote says: leave it out";
        if quote.is_some() && !shipping_methods.is_empty() {
            errors.push("shippingMethods", in_quote);
        }
        if quote.is_some() && payment_method.is_some() {
            errors.push("paymentMethod", in_quote);
        }
        let (cart, email, shipping_address) = (cart?, email?, address?.into());
        let billing_address = billing.flatten().map(AddressBody::from);
        let open = Open { cart, email, shipping_address, billing_address, shipping_methods, payment_method, quote };
        errors.is_empty().then_some(open)
    }
}

impl Parse for CompleteCheckoutBody {
    type Parsed = Settling;

    fn parse(self, errors: &mut FieldErrors) -> Option<Settling> {
        let mut cards = Vec::new();
        let codes = self.gift_cards.unwrap_or_default();
        if MOST_CARDS < codes.len() {
            errors.push("giftCards", "must have at most ten elements");
        }
        for (at, code) in codes.iter().enumerate().take(MOST_CARDS) {
            match code.parse::<GiftCardCode>() {
                Ok(code) if cards.contains(&code) => errors.push(&format!("giftCards/{at}"), "is there twice"),
                Ok(code) => cards.push(code),
                Err(error) => errors.push(&format!("giftCards/{at}"), error.to_string()),
            }
        }
        let credit = self.store_credit.map(|credit| {
            errors.nested("storeCredit", |errors| Credit(errors.optional("amount", credit.amount, ledger::positive)))
        });
        let payment = self.payment.map(|payment| errors.nested("payment", |errors| payment.parse(errors)));
        let wanted = Wanted { cards, credit };
        if payment.is_none() && wanted.is_empty() {
            errors.push("payment", "is required where no gift card and no store credit pays");
        }
        let (method, provided) = match payment.flatten() {
            Some(Chosen::Manual(method)) => (Some(method), None),
            Some(Chosen::Provided(provided)) => (None, Some(provided)),
            None => (None, None),
        };
        errors.is_empty().then_some(Settling { method, provided, wanted })
    }
}

/// How what is left is paid.
enum Chosen {
    Manual(ManualPayment),
    Provided(Provided),
}

impl PaymentChoiceBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Chosen> {
        let provider = errors.required("provider", self.provider, |name| match name.as_str() {
            "manual" => Ok(None),
            id => id.parse::<PaymentProviderId>().map(Some).map_err(|_| "must be manual, or a payment provider's id"),
        })?;
        let Some(provider) = provider else {
            for (path, is_given) in [("token", self.token.is_some()), ("returnUrl", self.return_url.is_some())] {
                if is_given {
                    errors.push(path, "is a payment provider's: leave it out");
                }
            }
            return errors.required("method", self.method, |name| manual(&name)).map(Chosen::Manual);
        };
        if self.method.is_some() {
            errors.push("method", "is for manual alone: leave it out");
        }
        let token = errors.required("token", self.token, token);
        let return_url = errors.optional("returnUrl", self.return_url, return_url);
        token.map(|token| Chosen::Provided(Provided { provider, means: Means { token, return_url } }))
    }
}

fn token(text: String) -> Result<String, &'static str> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_visible && (1..=500).contains(&text.len()) {
        Ok(text)
    } else {
        Err("must have 1 to 500 visible ASCII characters")
    }
}

fn return_url(text: String) -> Result<String, &'static str> {
    let is_http = text.starts_with("https://") || text.starts_with("http://");
    let is_url = is_http && text.len() <= 2_000 && text.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some());
    if is_url { Ok(text) } else { Err("must be an http or https URL of at most 2000 characters") }
}

impl Parse for GoOnBody {
    type Parsed = Option<Means>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Option<Means>> {
        let token = errors.optional("token", self.token, token);
        let return_url = errors.optional("returnUrl", self.return_url, return_url);
        errors.is_empty().then(|| token.map(|token| Means { token, return_url }))
    }
}

/// That are entered for one order.
const MOST_CARDS: usize = 10;

pub(super) fn manual(name: &str) -> Result<ManualPayment, &'static str> {
    match name {
        "paid" => Ok(ManualPayment::Paid),
        "on-account" => Ok(ManualPayment::OnAccount),
        _ => Err("must be paid or on-account"),
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Problem {
        match error {
            OpenError::NoSuchCart => Problem::invalid(vec![FieldError {
                at: Place::Pointer("#/cartId".to_owned()),
                detail: "is not a cart of this store, or it has expired".to_owned(),
            }]),
            OpenError::AddressLacks(missing) => lacking("#/shippingAddress", "postalCode", missing),
            OpenError::TooExpensive => not_placeable(&NotPlaceable::Money(MoneyError::Overflow)),
            OpenError::NotPlaceable(error) => not_placeable(&error),
            OpenError::NotShipped(error) => error.refused("#/shippingAddress"),
            OpenError::NotHonoured(error) => error.into(),
        }
    }
}

impl From<CompleteError> for Problem {
    fn from(error: CompleteError) -> Problem {
        let conflict = |code| Problem::new(StatusCode::CONFLICT, code);
        match error {
            CompleteError::NotPlaceable(error) => not_placeable(&error),
            CompleteError::NotShipped(error) => error.changed(),
            CompleteError::NotHonoured(error) => error.into(),
            CompleteError::TotalsChanged(both) => {
                let [agreed, current] = &*both;
                let value = |totals| value_of(&TotalsBody::from(totals));
                totals_changed(&value(agreed), &value(current))
                    .with("lines", changed_lines(agreed, current).into())
                    .with("giftsGone", gifts_gone(agreed, current).into())
                    .with("codes", value_of(&codes(&[], Some(current))))
            }
            CompleteError::Unusable(unusable) => ledger::tenders_not_available(&unusable),
            CompleteError::NoSuchProvider => {
                fields(["payment/provider"], "is no payment provider of the store that takes payments")
            }
            // Who is refused is told of no rule.
            CompleteError::Blocked => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "order-blocked")
                .detail("The order cannot be placed. Please contact the shop."),
            CompleteError::PaymentRequired(due) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "payment-required")
                .detail("Gift cards and store credit do not pay all of it; say how the rest is paid.")
                .with("due", json!(MoneyBody::from(due))),
            CompleteError::NotCompletable(error @ NotCompletable::Expired) => {
                conflict("checkout-expired").detail(error.to_string())
            }
            CompleteError::NotCompletable(error @ NotCompletable::Completed) => {
                conflict("checkout-completed").detail(error.to_string())
            }
            CompleteError::AlreadyPlaced(order) => conflict("checkout-completed")
                .detail(NotCompletable::Completed.to_string())
                .with("orderId", order.to_string().into()),
        }
    }
}

/// 409 with what was agreed to and what it comes to now, on the wire.
pub fn totals_changed(agreed: &Value, current: &Value) -> Problem {
    Problem::new(StatusCode::CONFLICT, "totals-changed")
        .detail("It costs something else by now; open a new checkout to agree to that.")
        .with("agreed", agreed.clone())
        .with("current", current.clone())
        .with("lines", json!([]))
        .with("giftsGone", json!([]))
        .with("codes", json!([]))
}

fn changed_lines(agreed: &Totals, current: &Totals) -> Vec<Value> {
    let costs = |line: &LineTotals| (line.discount, line.taxes.tax, line.taxes.gross);
    let both = agreed.lines.iter().zip(&current.lines).filter(|(one, other)| costs(one) != costs(other));
    let line = |(one, other): (&LineTotals, &LineTotals)| {
        let money = |minor| json!(MoneyBody::from(Money::new(minor, agreed.currency)));
        let mut members = vec![
            ("variantId", one.variant.to_string().into()),
            ("agreedTotal", money(one.taxes.gross)),
            ("currentTotal", money(other.taxes.gross)),
        ];
        if one.taxes.tax != other.taxes.tax {
            members.extend([("agreedTax", money(one.taxes.tax)), ("currentTax", money(other.taxes.tax))]);
        }
        Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    both.map(line).collect()
}

/// The variants that were to come for nothing, and do not.
fn gifts_gone(agreed: &Totals, current: &Totals) -> Vec<Value> {
    let comes = |gift: &GiftTotals| current.gifts.iter().any(|other| other.variant == gift.variant);
    agreed.gifts.iter().filter(|gift| !comes(gift)).map(|gift| gift.variant.to_string().into()).collect()
}

/// What an address must say for its taxes; `postcode` is what the member is called there.
pub(super) fn lacking(address: &str, postcode: &str, missing: Vec<Missing>) -> Problem {
    let lacks = |missing: Missing| {
        let (member, what) = match missing {
            Missing::Region => ("region", "a code of ISO 3166-2, such as US-CA or CA"),
            Missing::Postcode => (postcode, "letters and digits"),
        };
        FieldError {
            at: Place::Pointer(format!("{address}/{member}")),
            detail: format!("decides what is taxed there, and must be given: {what}"),
        }
    };
    Problem::invalid(missing.into_iter().map(lacks).collect())
}

/// 409 with every line that is in the way, and what could be had instead.
pub(super) fn not_placeable(error: &NotPlaceable) -> Problem {
    match error {
        NotPlaceable::Empty => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "cart-empty").detail("The cart has no lines.")
        }
        NotPlaceable::Money(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "total-too-large").detail(error.to_string())
        }
        NotPlaceable::Lines(problems) => {
            let lines: Vec<_> = problems.iter().map(|(variant, problem)| line_problem(*variant, *problem)).collect();
            Problem::new(StatusCode::CONFLICT, "lines-not-available")
                .detail("Some lines cannot be bought as agreed; lines lists them all.")
                .with("lines", lines.into())
        }
    }
}

fn line_problem(variant: VariantId, problem: LineProblem) -> serde_json::Value {
    let variant = variant.to_string();
    match problem {
        LineProblem::Removed => json!({ "variantId": variant, "problem": "removed" }),
        LineProblem::SoldOut { requested } => {
            json!({ "variantId": variant, "problem": "sold-out", "requested": requested, "available": 0 })
        }
        LineProblem::InsufficientStock { requested, available } => {
            json!({ "variantId": variant, "problem": "insufficient-stock", "requested": requested, "available": available })
        }
        LineProblem::PriceChanged { agreed, current } => json!({
            "variantId": variant,
            "problem": "price-changed",
            "agreedPrice": MoneyBody::from(agreed),
            "currentPrice": MoneyBody::from(current),
        }),
    }
}
