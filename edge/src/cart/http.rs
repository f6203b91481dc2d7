//! `/api/v1/cart`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::Availability;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CartId, CartKind, ProductKind, PromotionKind, VariantId, VariantKind};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::promotions::{Code, MOST_CODES};
use http::header::{CACHE_CONTROL, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shipping::http::rates;
use super::usecase::{self, CartError, ShownCart};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, PathText};
use crate::journal::Claim;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::totals::{CodeBody, Moment, TaxesBody, TotalsBody, codes, explanation, line_sums, line_taxes};
use crate::wire::{IdText, MomentText, MoneyBody};

pub fn routes() -> Routes {
    let access = Access::Key(Scope::CartWrite);
    Routes::new()
        .post("/api/v1/cart", access, create)
        .get("/api/v1/cart/{id}", access, show)
        .post("/api/v1/cart/{id}/items", access, add)
        .patch("/api/v1/cart/{id}/items/{variantId}", access, set)
        .delete("/api/v1/cart/{id}/items/{variantId}", access, remove)
        .put("/api/v1/cart/{id}/codes", access, enter)
        .get("/api/v1/carts/{id}/explain", Access::Key(Scope::PromotionsRead), explain)
        .post("/api/v1/shipping-rates", access, rates)
}

/// A new cart needs nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "CreateCart", deny_unknown_fields)]
pub struct CreateCartBody {
    /// One of the store's; its own when left out. It never changes.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddItem", deny_unknown_fields)]
pub struct AddItemBody {
    #[schemars(required, regex(pattern = r"^var_[0-7][0-9a-hjkmnp-tv-z]{25}$"))]
    pub variant_id: Option<String>,
    /// Units to add; 1 when left out.
    #[schemars(range(min = 1, max = 9999))]
    pub quantity: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SetItem", deny_unknown_fields)]
pub struct SetItemBody {
    /// Units the line shall hold; 0 takes it away.
    #[schemars(required, range(min = 0, max = 9999))]
    pub quantity: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EnterCodes", deny_unknown_fields)]
pub struct EnterCodesBody {
    /// At most 20, in the place of those before. Case and blanks around them do not matter.
    #[schemars(required, length(max = 20), inner(length(min = 1, max = 64)))]
    pub codes: Option<Vec<String>>,
}

/// A cart. After a mutation of lines, prices and stock are those of the catalog that its lines were added at; `GET` tells
/// today's, and those of price lists.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Cart")]
pub struct CartBody {
    #[schemars(with = "IdText<CartKind>")]
    pub id: String,
    /// Grows with each mutation; also the ETag.
    pub version: i64,
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    pub lines: Vec<CartLineBody>,
    /// Units of all lines.
    pub item_count: i64,
    /// Of the lines that can be bought, before discounts.
    pub subtotal: MoneyBody,
    /// Those that were entered.
    pub codes: Vec<CodeBody>,
    /// What comes with it for nothing; none is told after a mutation of lines.
    pub gifts: Vec<GiftBody>,
    /// Of the lines that can be bought, with promotions; null after a mutation of lines.
    pub totals: Option<TotalsBody>,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

/// What a promotion adds to an order, as one more line that costs nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CartGift")]
pub struct GiftBody {
    #[schemars(with = "IdText<PromotionKind>")]
    pub promotion_id: String,
    #[schemars(with = "IdText<VariantKind>")]
    pub variant_id: String,
    #[schemars(with = "IdText<ProductKind>")]
    pub product_id: String,
    pub product_handle: String,
    pub sku: String,
    pub title: String,
    /// The option values; empty for a product without options.
    pub variant_title: String,
    pub image_url: Option<String>,
    pub quantity: i64,
    /// What one unit costs others.
    pub unit_price: MoneyBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CartLine")]
pub struct CartLineBody {
    #[schemars(with = "IdText<VariantKind>")]
    pub variant_id: String,
    #[schemars(with = "IdText<ProductKind>")]
    pub product_id: String,
    pub product_handle: String,
    pub sku: String,
    pub title: String,
    /// The option values; empty for a product without options.
    pub variant_title: String,
    pub image_url: Option<String>,
    pub quantity: i64,
    /// What the buyer pays for one unit, before discounts.
    pub unit_price: MoneyBody,
    /// What promotions take off; null where no totals are told, and for a line that cannot be bought.
    pub discount: Option<MoneyBody>,
    /// Left out where no totals are told, and where the store has no tax zone for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<TaxesBody>,
    /// Unit price times quantity, less the discount, and with the tax where prices do not hold it.
    pub total: MoneyBody,
    /// The price when the line was added to, where it was another; null where a price list says what it costs.
    pub previous_price: Option<MoneyBody>,
    /// `available`, `insufficient-stock`, `sold-out` or `removed`. A line is never dropped silently.
    #[schemars(extend("enum" = ["available", "insufficient-stock", "sold-out", "removed"]))]
    pub status: String,
    /// Units left; null when they are not counted or the variant is gone.
    pub available: Option<i64>,
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateCartBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let shown = usecase::create(&ctx, body.parsed, claim.as_ref()).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/cart/{}", shown.cart.id));
    let mut response = answer(StatusCode::CREATED, shown);
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

async fn show(ctx: Ctx, PathId(id): PathId<CartKind>) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, usecase::show(&ctx, id).await?))
}

async fn add(
    ctx: Ctx,
    PathId(id): PathId<CartKind>,
    IfMatch(version): IfMatch,
    key: Option<IdempotencyKey>,
    body: Json<AddItemBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let (variant, quantity) = body.parsed;
    let shown = usecase::add(&ctx, id, variant, quantity, claim.as_ref(), version).await?;
    Ok(answer(StatusCode::OK, shown))
}

async fn set(
    ctx: Ctx,
    PathText(path): PathText<2>,
    IfMatch(version): IfMatch,
    body: Json<SetItemBody>,
) -> Result<Response, Problem> {
    let (id, variant) = line(path)?;
    Ok(answer(StatusCode::OK, usecase::set(&ctx, id, variant, body.parsed, version).await?))
}

async fn remove(ctx: Ctx, PathText(path): PathText<2>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    let (id, variant) = line(path)?;
    Ok(answer(StatusCode::OK, usecase::remove(&ctx, id, variant, version).await?))
}

async fn enter(
    ctx: Ctx,
    PathId(id): PathId<CartKind>,
    IfMatch(version): IfMatch,
    body: Json<EnterCodesBody>,
) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, usecase::enter(&ctx, id, body.parsed, version).await?))
}

async fn explain(
    ctx: Ctx,
    PathId(id): PathId<CartKind>,
    Parsed(Moment(at)): Parsed<Moment>,
) -> Result<Response, Problem> {
    let agreed = usecase::asked(&ctx, id, at.unwrap_or(ctx.now)).await?;
    let body = explanation(&agreed.question).map_err(|_| Problem::from(CartError::TooExpensive))?;
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((headers, axum::Json(body)).into_response())
}

fn line([cart, variant]: [String; 2]) -> Result<(CartId, VariantId), Problem> {
    let cart = cart.parse().map_err(|_| Problem::not_found())?;
    let variant = variant.parse().map_err(|_| Problem::not_found())?;
    Ok((cart, variant))
}

fn answer(status: StatusCode, shown: ShownCart) -> Response {
    let replayed = shown.replayed;
    let etag = HeaderValue::from_str(&format!("\"{}\"", shown.cart.version));
    let mut response = (status, axum::Json(CartBody::from(shown))).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(etag) = etag {
        headers.insert(ETAG, etag);
    }
    if replayed {
        headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    response
}

impl From<ShownCart> for CartBody {
    fn from(shown: ShownCart) -> CartBody {
        let mut counted = 0_usize;
        let lines = shown.lines.iter().filter_map(|line| {
            let place = counted;
            counted = counted.saturating_add(usize::from(line.is_bought()));
            let sums = line_sums(shown.totals.as_ref(), place).filter(|_| line.is_bought());
            let seen = shown.cart.seen.get(&line.variant);
            let offer = shown.offers.get(&line.variant).or(seen)?;
            Some(CartLineBody {
                variant_id: line.variant.to_string(),
                product_id: offer.product.to_string(),
                product_handle: offer.product_handle.clone(),
                sku: offer.sku.clone(),
                title: offer.title.clone(),
                variant_title: offer.variant_title.clone(),
                image_url: offer.image_url.clone(),
                quantity: line.quantity.get(),
                unit_price: line.unit_price.into(),
                discount: sums.map(|sums| sums.discount.into()),
                taxes: line_taxes(shown.totals.as_ref(), place).filter(|_| line.is_bought()),
                total: sums.map_or(line.total, |sums| sums.total).into(),
                previous_price: line.previous_price.map(MoneyBody::from),
                status: line.availability.name().to_owned(),
                available: match line.availability {
                    Availability::Removed => None,
                    Availability::Available | Availability::InsufficientStock { .. } | Availability::SoldOut => {
                        offer.available.map(|units| units.max(0))
                    }
                },
            })
        });
        let given = shown.totals.iter().flat_map(|totals| &totals.gifts).zip(&shown.gifts);
        let gifts = given.map(|(gift, offer)| GiftBody {
            promotion_id: gift.promotion.to_string(),
            variant_id: gift.variant.to_string(),
            product_id: gift.product.to_string(),
            product_handle: offer.product_handle.clone(),
            sku: offer.sku.clone(),
            title: offer.title.clone(),
            variant_title: offer.variant_title.clone(),
            image_url: offer.image_url.clone(),
            quantity: gift.quantity.get(),
            unit_price: gift.price.unit_price.into(),
        });
        CartBody {
            id: shown.cart.id.to_string(),
            version: shown.cart.version,
            currency: shown.cart.currency.to_string(),
            codes: codes(&shown.cart.codes, shown.totals.as_ref()),
            gifts: gifts.collect(),
            totals: shown
                .totals
                .as_ref()
                .map(TotalsBody::from)
                .map(|totals| if shown.is_tax_estimated { totals.estimated() } else { totals }),
            lines: lines.collect(),
            item_count: shown.lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.quantity.get())),
            subtotal: shown.subtotal.into(),
            created_at: shown.cart.created_at.to_string(),
        }
    }
}

impl Parse for CreateCartBody {
    type Parsed = Option<Currency>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Option<Currency>> {
        let currency = errors.optional("currency", self.currency, |code| code.parse::<Currency>());
        errors.is_empty().then_some(currency)
    }
}

impl Parse for AddItemBody {
    type Parsed = (VariantId, Quantity);

    fn parse(self, errors: &mut FieldErrors) -> Option<(VariantId, Quantity)> {
        let variant = errors.required("variantId", self.variant_id, |id| id.parse());
        let quantity = errors.required("quantity", Some(self.quantity.unwrap_or(1)), Quantity::try_from);
        Some((variant?, quantity?))
    }
}

impl Parse for EnterCodesBody {
    type Parsed = Vec<String>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Vec<String>> {
        let codes = errors.required("codes", self.codes, |codes| match codes.len() {
            0..=MOST_CODES => Ok(codes),
            _ => Err(format!("must be at most {MOST_CODES}")),
        })?;
        let mut entered: Vec<String> = Vec::with_capacity(codes.len());
        for (place, code) in codes.into_iter().enumerate() {
            let code = errors.required(&format!("codes/{place}"), Some(code), |code| code.parse::<Code>());
            // Entered twice, it is there once.
            entered.extend(code.map(|code| code.to_string()).filter(|code| !entered.contains(code)));
        }
        errors.is_empty().then_some(entered)
    }
}

impl Parse for SetItemBody {
    type Parsed = i64;

    fn parse(self, errors: &mut FieldErrors) -> Option<i64> {
        errors.required("quantity", self.quantity, |units| match units {
            0 => Ok(0),
            units => Quantity::try_from(units).map(Quantity::get),
        })
    }
}

impl From<CartError> for Problem {
    fn from(error: CartError) -> Problem {
        let unprocessable = |code, pointer: &str| {
            let at = Place::Pointer(pointer.to_owned());
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code)
                .detail(error.to_string())
                .errors(vec![FieldError { at, detail: error.to_string() }])
        };
        match error {
            CartError::NotSoldIn(_) => {
                let at = Place::Pointer("#/currency".to_owned());
                Problem::invalid(vec![FieldError { at, detail: error.to_string() }])
            }
            CartError::NotForSale => unprocessable("variant-not-for-sale", "#/variantId"),
            CartError::OverQuantity { would_hold } => {
                unprocessable("line-too-large", "#/quantity").with("wouldHold", would_hold.into())
            }
            CartError::OverLines => unprocessable("cart-full", "#/variantId"),
            CartError::TooExpensive => unprocessable("total-too-large", "#/quantity"),
            CartError::NoLine => Problem::new(StatusCode::NOT_FOUND, "no-such-line").detail(error.to_string()),
            CartError::VersionMismatch { current } => Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
                .detail(error.to_string())
                .with("version", current.into()),
        }
    }
}
