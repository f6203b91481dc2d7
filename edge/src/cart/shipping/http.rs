//! `/api/v1/shipping-rates`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::kernel::id::{CartId, CartKind, VariantId, VariantKind};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::quantity::Quantity;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, Ask, AskError, Goods, Offers};
use crate::app::Ctx;
use crate::catalog::fields;
use crate::extract::{FieldErrors, Json, Parse};
use crate::problem::Problem;
use crate::shipping::{ChoiceBody, GroupBody, choices, groups};
use crate::tax::{PlaceBody, each};
use crate::totals::{DeliveryBody, TotalsBody, deliveries};
use crate::wire::IdText;

/// Of one question: as many as a cart has.
const MOST_LINES: usize = 250;

/// What is to be shipped, and where to: a cart, or some variants.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AskShippingRates", deny_unknown_fields)]
pub struct AskBody {
    /// In the place of `lines` and `currency`: those of its lines that can be bought, with its codes.
    #[schemars(with = "Option<IdText<CartKind>>")]
    pub cart_id: Option<String>,
    /// The store's own where it is left out.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
    #[schemars(length(min = 1, max = 250))]
    pub lines: Option<Vec<AskLineBody>>,
    #[schemars(required)]
    pub destination: Option<PlaceBody>,
    /// What is taken of the offers, for the totals with it: one for each group, or none.
    #[schemars(length(max = 100))]
    pub shipping_methods: Option<Vec<ChoiceBody>>,
    /// How it is to be paid, for promotions that depend on it.
    #[schemars(extend("enum" = ["paid", "on-account", null]))]
    pub payment_method: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AskShippingLine", deny_unknown_fields)]
pub struct AskLineBody {
    #[schemars(required, with = "IdText<VariantKind>")]
    pub variant_id: Option<String>,
    #[schemars(required, range(min = 1, max = 9_999))]
    pub quantity: Option<i64>,
}

/// Ways to get what is asked for, group by group, and what it comes to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingRates")]
pub struct RatesBody {
    /// What needs no shipping is in none; there are none where the store ships by no methods.
    pub groups: Vec<GroupBody>,
    /// What was chosen, one for each group; left out where nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<DeliveryBody>,
    /// Of all of it, to the destination; with what was chosen.
    pub totals: TotalsBody,
}

pub async fn rates(ctx: Ctx, body: Json<AskBody>) -> Result<Response, Problem> {
    let Offers { groups: offered, charges, agreed, is_tax_estimated } = usecase::ask(&ctx, body.parsed).await?;
    let totals = TotalsBody::from(&agreed.totals);
    let body = RatesBody {
        groups: groups(&offered, agreed.totals.currency),
        deliveries: deliveries(&charges, Some(&agreed)),
        totals: if is_tax_estimated { totals.estimated() } else { totals },
    };
    Ok(([(CACHE_CONTROL, "private, no-store")], axum::Json(body)).into_response())
}

impl Parse for AskBody {
    type Parsed = Ask;

    fn parse(self, errors: &mut FieldErrors) -> Option<Ask> {
        let cart = errors.optional("cartId", self.cart_id, |id| id.parse::<CartId>());
        let of = match cart {
            Some(cart) => {
                for (name, is_given) in [("currency", self.currency.is_some()), ("lines", self.lines.is_some())] {
                    if is_given {
                        errors.push(name, "is there only without `cartId`");
                    }
                }
                Goods::Cart(cart)
            }
            None => {
                let currency = errors.optional("currency", self.currency, |code| code.parse::<Currency>());
                let lines = errors.required("lines", self.lines, |lines| match lines.len() {
                    1..=MOST_LINES => Ok(lines),
                    _ => Err("must be 1 to 250"),
                });
                let lines = each(errors, "lines", lines, |line, errors| {
                    let variant = errors.required("variantId", line.variant_id, |id| id.parse::<VariantId>());
                    let quantity = errors.required("quantity", line.quantity, Quantity::try_from);
                    Some((variant?, quantity?))
                });
                Goods::Lines { lines, currency }
            }
        };
        let destination = errors.required("destination", self.destination, Ok::<_, std::convert::Infallible>);
        let destination = destination.and_then(|place| errors.nested("destination", |errors| place.parse(errors)));
        let shipping_methods = choices(errors, self.shipping_methods);
        let payment_method = errors.optional("paymentMethod", self.payment_method, |name| match name.as_str() {
            "paid" | "on-account" => Ok(name),
            _ => Err("must be paid or on-account"),
        });
        let destination = destination?;
        errors.is_empty().then_some(Ask { of, destination, shipping_methods, payment_method })
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Problem {
        match error {
            AskError::NoSuchCart => fields(["cartId"], "is not a cart of this store, or it has expired"),
            AskError::NotForSale(lines) => fields(
                lines.into_iter().map(|at| format!("lines/{at}/variantId")),
                "is not for sale in this store, or not in this currency",
            ),
            AskError::TooLarge => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "total-too-large")
                .detail("the total is larger than money can be counted"),
            AskError::NotShipped(error) => error.refused("#/destination"),
        }
    }
}
