//! `/api/v1/carts/{id}/quotes`, and the keys that verify quotes.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use headlesspro_shared::checkout::{LEAST_QUOTE_SECONDS, MOST_QUOTE_SECONDS, NotHonoured, NotPlaceable, QUOTE_SECONDS};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CartKind, QuoteKind};
use headlesspro_shared::kernel::money::{Money, MoneyError};
use headlesspro_shared::limits::Class;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, Asked, Quote, QuoteError};
use crate::app::{App, Ctx, Spent};
use crate::checkout::bargain::NoBargain;
use crate::checkout::http::{lacking, manual, not_placeable};
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, PathId};
use crate::identity;
use crate::journal::{Claim, created};
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::shipping::{ChoiceBody, choices};
use crate::tax::PlaceBody;
use crate::totals::{DeliveryBody, TotalsBody, deliveries};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    Routes::new().post("/api/v1/carts/{id}/quotes", Access::Key(Scope::CartWrite), make).class(Class::Read).get(
        "/.well-known/quote-keys.json",
        Access::Public,
        keys,
    )
}

/// A quote needs nothing but its cart.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MakeQuote", deny_unknown_fields)]
pub struct MakeQuoteBody {
    /// Seconds that it holds: a day when left out. More than a day is for staff and secret keys.
    #[schemars(range(min = 60, max = 604_800))]
    pub expires_in: Option<i64>,
    /// Where it goes. Left out, the taxes are those of where the store sells from, and what is shipped cannot be sold with
    /// the quote by a store that ships by methods.
    pub destination: Option<PlaceBody>,
    /// Of what `POST /api/v1/shipping-rates` offers there, one for each group, as for a checkout.
    #[schemars(length(max = 100))]
    pub shipping_methods: Option<Vec<ChoiceBody>>,
    /// How it is to be paid, for promotions that depend on it.
    #[schemars(extend("enum" = ["paid", "on-account", null]))]
    pub payment_method: Option<String>,
}

/// What a cart costs until a moment, signed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Quote")]
pub struct QuoteBody {
    #[schemars(with = "IdText<QuoteKind>")]
    pub id: String,
    #[schemars(with = "IdText<CartKind>")]
    pub cart_id: String,
    /// A JWT (EdDSA) of type `quote+jwt`; the keys are at `/.well-known/quote-keys.json`.
    pub token: String,
    /// By what the lines are sent; left out where nothing was chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<DeliveryBody>,
    pub totals: TotalsBody,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub created_at: String,
    /// RFC 3339, UTC.
    #[schemars(with = "MomentText")]
    pub expires_at: String,
}

impl Quote {
    pub fn total(&self) -> Money {
        Money::new(self.agreed.totals.total, self.agreed.totals.currency)
    }
}

impl From<&Quote> for QuoteBody {
    fn from(quote: &Quote) -> QuoteBody {
        QuoteBody {
            id: quote.id.to_string(),
            cart_id: quote.cart.to_string(),
            token: quote.token.clone(),
            deliveries: deliveries(&quote.charges, Some(&quote.agreed)),
            totals: TotalsBody::from(&quote.agreed.totals),
            created_at: quote.made_at.to_string(),
            expires_at: quote.expires_at.to_string(),
        }
    }
}

async fn make(
    ctx: Ctx,
    PathId(id): PathId<CartKind>,
    key: Option<IdempotencyKey>,
    body: Json<MakeQuoteBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let render = |quote: &Quote| serde_json::to_string(&QuoteBody::from(quote)).unwrap_or_default();
    Ok(created(usecase::make(&ctx, id, body.parsed, claim.as_ref(), render).await?))
}

async fn keys(State(app): State<Arc<App>>, Extension(spent): Extension<Arc<Spent>>) -> Result<Response, Problem> {
    identity::key_set(&app, &spent, usecase::signs_since(app.clock.now())).await
}

impl Parse for MakeQuoteBody {
    type Parsed = Asked;

    fn parse(self, errors: &mut FieldErrors) -> Option<Asked> {
        let seconds = errors.optional("expiresIn", self.expires_in, |seconds| {
            match (LEAST_QUOTE_SECONDS..=MOST_QUOTE_SECONDS).contains(&seconds) {
                true => Ok(seconds),
                false => Err(format!("must be {LEAST_QUOTE_SECONDS} to {MOST_QUOTE_SECONDS}")),
            }
        });
        let place = self.destination;
        let destination = place.and_then(|place| errors.nested("destination", |errors| place.parse(errors)));
        let shipping_methods = choices(errors, self.shipping_methods);
        if destination.is_none() && !shipping_methods.is_empty() {
            errors.push("shippingMethods", "needs a destination");
        }
        let payment_method = errors.optional("paymentMethod", self.payment_method, |name| manual(&name));
        errors.is_empty().then_some(Asked { seconds, destination, shipping_methods, payment_method })
    }
}

impl From<QuoteError> for Problem {
    fn from(error: QuoteError) -> Problem {
        match error {
            QuoteError::TooLong => Problem::invalid(vec![FieldError {
                at: Place::Pointer("#/expiresIn".to_owned()),
                detail: format!("must be at most {QUOTE_SECONDS} without the scope orders:read"),
            }]),
            QuoteError::NoBargain(NoBargain::DestinationLacks(missing)) => {
                lacking("#/destination", "postcode", missing)
            }
            QuoteError::NoBargain(NoBargain::TooExpensive) => not_placeable(&NotPlaceable::Money(MoneyError::Overflow)),
            QuoteError::NoBargain(NoBargain::NotPlaceable(error)) => not_placeable(&error),
            QuoteError::NoBargain(NoBargain::NotShipped(error)) => error.refused("#/destination"),
        }
    }
}

impl From<NotHonoured> for Problem {
    fn from(error: NotHonoured) -> Problem {
        let wrong = |code| {
            let at = Place::Pointer("#/quote".to_owned());
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code)
                .detail("The quote is not good here.")
                .errors(vec![FieldError { at, detail: error.to_string() }])
        };
        let over = |code| Problem::new(StatusCode::CONFLICT, code).detail(error.to_string());
        match error {
            NotHonoured::Forged => wrong("quote-not-valid"),
            NotHonoured::OtherStore => wrong("quote-of-another-store"),
            NotHonoured::OtherCustomer => wrong("quote-of-another-customer"),
            NotHonoured::Expired => over("quote-expired"),
            NotHonoured::Used => over("quote-used"),
            NotHonoured::CartChanged => over("quote-cart-changed"),
            NotHonoured::TaxedElsewhere | NotHonoured::SentElsewhere => over("quote-destination"),
            NotHonoured::NotShipped => over("quote-not-shipped"),
        }
    }
}
