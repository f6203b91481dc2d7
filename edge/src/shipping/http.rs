//! `/api/v1/shipping-zones` and `/api/v1/shipping-rates`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ShippingMethodKind, ShippingZoneKind, VariantId, VariantKind};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::shipping::{Group, NoZone, Offer, Offered, ShippingMethod, WhyPrice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, RatesError, Wanted};
use crate::app::Ctx;
use crate::catalog::{fields, unversioned};
use crate::extract::{FieldErrors, Json, Parse};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::tax::{PlaceBody, each, zone_routes};
use crate::wire::{IdText, MoneyBody};

/// Of one question: as many as a cart has.
const MOST_LINES: usize = 250;

pub fn routes() -> Routes {
    let (read, write) = (Scope::ShippingRead, Scope::ShippingWrite);
    zone_routes::<ShippingMethod>("/api/v1/shipping-zones", "/api/v1/shipping-zones/{id}", read, write).post(
        "/api/v1/shipping-rates",
        Access::Key(Scope::CartWrite),
        rates,
    )
}

/// What is to be shipped, and where to.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AskShippingRates", deny_unknown_fields)]
pub struct AskBody {
    /// The store's own where it is left out.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// As long as the buyer has not said, nothing is offered.
    pub destination: Option<PlaceBody>,
    #[schemars(required, length(min = 1, max = 250))]
    pub lines: Option<Vec<AskLineBody>>,
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

/// Ways to get what is asked for, group by group. What needs no shipping is in no group.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ShippingRates")]
pub struct RatesBody {
    pub groups: Vec<GroupBody>,
}

/// Lines that are sent together, and what that may cost.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingGroup")]
pub struct GroupBody {
    /// The places of its lines in the question.
    pub lines: Vec<usize>,
    pub weight_grams: i64,
    pub quantity: i64,
    pub subtotal: MoneyBody,
    #[schemars(with = "Option<IdText<ShippingZoneKind>>")]
    pub zone_id: Option<String>,
    /// Why there is no zone.
    #[schemars(extend("enum" = ["no-destination", "not-served", null]))]
    pub no_zone: Option<&'static str>,
    /// In the order of the zone's methods.
    pub offers: Vec<OfferBody>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingOffer")]
pub struct OfferBody {
    #[schemars(with = "IdText<ShippingMethodKind>")]
    pub method_id: String,
    /// An external provider's code for its rate.
    pub service: Option<String>,
    pub name: String,
    /// Before promotions.
    pub price: MoneyBody,
    /// What it would cost, where it costs nothing from a subtotal on that is reached.
    pub otherwise: Option<MoneyBody>,
}

impl Parse for AskBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let currency = errors.optional("currency", self.currency, |code| code.parse::<Currency>());
        let destination = self.destination.and_then(|place| errors.nested("destination", |errors| place.parse(errors)));
        let lines = errors.required("lines", self.lines, |lines| match lines.len() {
            1..=MOST_LINES => Ok(lines),
            _ => Err("must be 1 to 250"),
        });
        let lines = each(errors, "lines", lines, |line, errors| {
            let variant = errors.required("variantId", line.variant_id, |id| id.parse::<VariantId>());
            let quantity = errors.required("quantity", line.quantity, Quantity::try_from);
            Some((variant?, quantity?))
        });
        errors.is_empty().then_some(Wanted { currency, destination, lines })
    }
}

async fn rates(ctx: Ctx, body: Json<AskBody>) -> Result<Response, Problem> {
    let (currency, groups) = usecase::offered(&ctx, &body.parsed).await?;
    let body = RatesBody { groups: groups.iter().map(|group| group_body(group, currency)).collect() };
    Ok(unversioned(serde_json::to_string(&body).unwrap_or_default()))
}

fn group_body(group: &Group, currency: Currency) -> GroupBody {
    let money = |minor| MoneyBody::from(Money::new(minor, currency));
    GroupBody {
        lines: group.lines.iter().filter_map(|key| key.parse().ok()).collect(),
        weight_grams: group.weight,
        quantity: group.quantity,
        subtotal: money(group.subtotal),
        zone_id: group.zone.map(|zone| zone.to_string()),
        no_zone: group.no_zone.map(|why| match why {
            NoZone::NoDestination => "no-destination",
            NoZone::NotServed => "not-served",
        }),
        offers: group.offers.iter().filter_map(|offer| offer_body(offer, money)).collect(),
    }
}

/// `None` where it is not offered.
fn offer_body(offer: &Offer, money: impl Fn(i64) -> MoneyBody) -> Option<OfferBody> {
    let Offered::Yes { amount, why } = &offer.offered else { return None };
    let otherwise = match why {
        WhyPrice::FreeOver { otherwise, .. } => Some(money(*otherwise)),
        WhyPrice::Flat
        | WhyPrice::Table { .. }
        | WhyPrice::Expression
        | WhyPrice::External { .. }
        | WhyPrice::Fallback { .. } => None,
    };
    Some(OfferBody {
        method_id: offer.method.to_string(),
        service: offer.service.clone(),
        name: offer.name.clone(),
        price: money(*amount),
        otherwise,
    })
}

impl From<RatesError> for Problem {
    fn from(error: RatesError) -> Problem {
        match error {
            RatesError::NotForSale(lines) => fields(
                lines.into_iter().map(|at| format!("lines/{at}/variantId")),
                "is not for sale in this store, or not in this currency",
            ),
            RatesError::TooLarge(error) => fields(["lines"], &error.to_string()),
        }
    }
}
