//! The operations of shipping, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ShippingMethodKind, ShippingZoneKind};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::shipping::{Choice, ChoiceError, Group, NoZone, Offer, OfferKind, Offered, WhyPrice};
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::choosing::NotShipped;
use super::http::GroupBody;
use super::settings;
use super::wire::{WriteZoneBody, ZoneBody, ZoneListBody};
use crate::openapi::{Operation, Problem, Problems, id, money, of, time};
use crate::problem;
use crate::tax::{Described, zone_operations};
use crate::wire::IdText;

/// What is offered, group by group.
#[derive(JsonSchema)]
#[schemars(rename = "NotShipped")]
pub struct NotShippedBody {
    pub groups: Vec<GroupBody>,
}

/// What was agreed to and is not offered any more, and what is.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingChanged")]
pub struct ShippingChangedBody {
    /// The method that is gone; null where it is none of those that were chosen.
    #[schemars(with = "Option<IdText<ShippingMethodKind>>")]
    pub method_id: Option<String>,
    pub groups: Vec<GroupBody>,
}

pub fn operations() -> Vec<Operation> {
    let mut operations = zone_operations::<ShippingZoneKind, WriteZoneBody, ZoneBody, ZoneListBody>(&Described {
        tag: "Shipping",
        paths: ("/api/v1/shipping-zones", "/api/v1/shipping-zones/{id}"),
        named: [
            ("listShippingZones", "Lists shipping zones"),
            ("createShippingZone", "Makes a shipping zone"),
            ("getShippingZone", "Shows a shipping zone"),
            ("replaceShippingZone", "Replaces a shipping zone"),
            ("deleteShippingZone", "Deletes a shipping zone"),
        ],
        about: "The zone that describes a destination most closely decides how it is shipped there. A store has 300 zones \
                at most.",
        read: Scope::ShippingRead,
        write: Scope::ShippingWrite,
        examples: (zone(false), zone(true)),
    });
    operations.extend(settings::openapi::operations());
    operations
}

/// As it is sent, or, `is_kept`, as it is shown.
fn zone(is_kept: bool) -> Value {
    let mut method = json!({
        "name": "Parcel",
        "price": { "by": "table", "measure": "weight", "rows": {
            "EUR": [{ "upTo": 1_000, "amount": "4.90" }, { "amount": "8.90" }],
        } },
        "freeOver": { "of": "order", "amounts": { "EUR": "50.00" } },
        "conditions": { "weight": { "max": 31_500 } },
        "tax": { "by": "proportional" },
    });
    if let (true, Value::Object(members)) = (is_kept, &mut method) {
        members.insert("id".to_owned(), id::<ShippingMethodKind>(1).to_string().into());
    }
    let mut zone = json!({
        "name": "Germany",
        "position": 0,
        "areas": [{ "country": "DE" }],
        "methods": [method],
    });
    if let (true, Value::Object(members)) = (is_kept, &mut zone) {
        let more = json!({
            "id": id::<ShippingZoneKind>(1).to_string(),
            "version": 1,
            "createdAt": time(0),
            "updatedAt": time(0),
        });
        members.extend(more.as_object().cloned().unwrap_or_default());
    }
    zone
}

/// What a group is offered.
pub fn group_example() -> Value {
    json!({
        "lines": [0],
        "weightGrams": 4_700,
        "quantity": 2,
        "subtotal": money(34_020),
        "zoneId": id::<ShippingZoneKind>(1).to_string(),
        "noZone": null,
        "offers": [{
            "methodId": id::<ShippingMethodKind>(1).to_string(),
            "service": null,
            "name": "Parcel",
            "price": money(890),
            "otherwise": null,
        }],
    })
}

/// Of every route that takes `shippingMethods`.
pub fn not_shipped(problem: impl Fn(Box<NotShipped>) -> problem::Problem) -> Problems {
    let told = |error: ChoiceError, is_offered, text| -> Problem {
        of(problem(Box::new(refused(error, is_offered))), text).with::<NotShippedBody>()
    };
    let missing = || ChoiceError::Missing(vec![None]);
    vec![
        told(
            missing(),
            true,
            "Something is to be shipped, and no method was chosen for it; `groups` has what is offered.",
        ),
        told(missing(), false, "Nothing is offered for some of the lines at this address; `groups` says for which."),
        told(ChoiceError::NotOffered(id(1)), true, "A method that was chosen is not offered; `groups` has what is."),
    ]
}

/// Of whoever has agreed to a method.
pub fn shipping_changed(problem: impl Fn(Box<NotShipped>) -> problem::Problem) -> Problem {
    let error = Box::new(refused(ChoiceError::NotOffered(id(2)), true));
    of(problem(error), "A method that was agreed to is not offered any more; `groups` has what is.")
        .with::<ShippingChangedBody>()
}

fn refused(error: ChoiceError, is_offered: bool) -> NotShipped {
    let offer = Offer {
        method: id(1),
        service: None,
        name: "Parcel".to_owned(),
        kind: OfferKind::Delivery,
        offered: Offered::Yes { amount: 890, why: WhyPrice::Flat },
        tax: None,
    };
    let group = Group {
        location: None,
        lines: vec!["0".to_owned()],
        weight: 4_700,
        subtotal: 34_020,
        quantity: 2,
        zone: is_offered.then(|| id(1)),
        no_zone: (!is_offered).then_some(NoZone::NotServed),
        offers: if is_offered { vec![offer] } else { Vec::new() },
    };
    let choices = match error {
        ChoiceError::NotOffered(method) => vec![Choice { location: None, method, service: None }],
        ChoiceError::Missing(_) | ChoiceError::Twice | ChoiceError::NoGroup | ChoiceError::Overflow => Vec::new(),
    };
    NotShipped { error, groups: vec![group], choices, currency: Currency::EUR }
}
