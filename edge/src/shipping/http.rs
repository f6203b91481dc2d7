//! `/api/v1/shipping-zones`, and how offers and choices are written.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{LocationId, LocationKind, ShippingMethodKind, ShippingZoneKind};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::shipping::{
    Choice, ChoiceError, Group, NoZone, Offer, OfferKind, Offered, ShippingMethod, WhyPrice,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choosing::NotShipped;
use super::settings;
use crate::extract::FieldErrors;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::Routes;
use crate::tax::{each, zone_routes};
use crate::wire::{IdText, MoneyBody, value_of};

/// Of one cart.
const MOST_CHOICES: usize = 100;

pub fn routes() -> Routes {
    let (read, write) = (Scope::ShippingRead, Scope::ShippingWrite);
    zone_routes::<ShippingMethod>("/api/v1/shipping-zones", "/api/v1/shipping-zones/{id}", read, write)
        .and(settings::http::routes())
}

/// The method that a group is sent by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChosenShippingMethod", deny_unknown_fields)]
pub struct ChoiceBody {
    #[schemars(required, with = "IdText<ShippingMethodKind>")]
    pub method_id: Option<String>,
    /// That of the group; left out where it has none.
    #[schemars(with = "Option<IdText<LocationKind>>")]
    pub location_id: Option<String>,
    /// That of the offer; left out where it has none.
    #[schemars(length(min = 1, max = 100))]
    pub service: Option<String>,
}

/// Lines that are sent together, and what that may cost.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingGroup")]
pub struct GroupBody {
    /// The places of its lines, of those that are bought.
    pub lines: Vec<usize>,
    /// Where they are sent from; left out where the store does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<LocationKind>>")]
    pub location_id: Option<String>,
    pub weight_grams: i64,
    pub quantity: i64,
    pub subtotal: MoneyBody,
    #[schemars(with = "Option<IdText<ShippingZoneKind>>")]
    pub zone_id: Option<String>,
    /// Why there is no zone.
    #[schemars(extend("enum" = ["no-destination", "not-served", null]))]
    pub no_zone: Option<&'static str>,
    /// In the order of the zone's methods; then where it can be picked up.
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
    /// Where it is picked up; left out where it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<LocationKind>>")]
    pub pickup_location_id: Option<String>,
    pub name: String,
    /// Before promotions.
    pub price: MoneyBody,
    /// What it would cost, where it costs nothing from a subtotal on that is reached.
    pub otherwise: Option<MoneyBody>,
}

/// What is chosen in the field `shippingMethods`.
pub fn choices(errors: &mut FieldErrors, given: Option<Vec<ChoiceBody>>) -> Vec<Choice> {
    if given.as_ref().is_some_and(|given| MOST_CHOICES < given.len()) {
        errors.push("shippingMethods", format!("must be {MOST_CHOICES} at most"));
        return Vec::new();
    }
    each(errors, "shippingMethods", given, |choice, errors| {
        let method = errors.required("methodId", choice.method_id, |id| id.parse());
        let location = errors.optional("locationId", choice.location_id, |id| id.parse::<LocationId>());
        let service = errors.optional("service", choice.service, |service| service.parse::<Line<100>>());
        Some(Choice { location, method: method?, service: service.map(|service| service.to_string()) })
    })
}

pub fn groups(groups: &[Group], currency: Currency) -> Vec<GroupBody> {
    groups.iter().map(|group| group_body(group, currency)).collect()
}

fn group_body(group: &Group, currency: Currency) -> GroupBody {
    let money = |minor| MoneyBody::from(Money::new(minor, currency));
    GroupBody {
        lines: group.lines.iter().filter_map(|key| key.parse().ok()).collect(),
        location_id: group.location.map(|location| location.to_string()),
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
        pickup_location_id: match offer.kind {
            OfferKind::Pickup { location } => Some(location.to_string()),
            OfferKind::Delivery => None,
        },
        name: offer.name.clone(),
        price: money(*amount),
        otherwise,
    })
}

impl NotShipped {
    /// 422 for whoever is to choose, where the field `address` says where to.
    pub fn refused(&self, address: &str) -> Problem {
        let problem = |code| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code);
        let told = self.error.to_string();
        let (problem, at, detail) = match (&self.error, self.wrong()) {
            (ChoiceError::Missing(_), _) if self.is_hopeless() => {
                let detail = "Some of the lines are not shipped there; groups says which.";
                (problem("not-shippable"), address.to_owned(), detail.to_owned())
            }
            (ChoiceError::Missing(_), _) => (problem("shipping-method-required"), "#/shippingMethods".to_owned(), told),
            (_, place) => {
                let at = place.map_or_else(String::new, |place| format!("/{place}/methodId"));
                (problem("shipping-method-not-offered"), format!("#/shippingMethods{at}"), told)
            }
        };
        let error = FieldError { at: Place::Pointer(at), detail: detail.clone() };
        self.offering(problem.detail(detail).errors(vec![error]))
    }

    /// 409 for whoever has chosen what was offered.
    pub fn changed(&self) -> Problem {
        let detail = format!("It cannot be shipped as agreed: {}. Open a new checkout to choose anew.", self.error);
        let gone = self.wrong().and_then(|place| self.choices.get(place)).map(|choice| choice.method.to_string());
        let problem = Problem::new(StatusCode::CONFLICT, "shipping-changed").detail(detail);
        self.offering(problem.with("methodId", gone.into()))
    }

    fn offering(&self, problem: Problem) -> Problem {
        problem.with("groups", value_of(&groups(&self.groups, self.currency)))
    }
}
