//! The operations of shipping, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ShippingMethodKind, ShippingZoneKind, VariantKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{AskBody, RatesBody};
use super::wire::{WriteZoneBody, ZoneBody, ZoneListBody};
use crate::openapi::{
    Answer, Budget, Cache, Operation, RequestBody, credentials, database, id, json_body, money, time,
};
use crate::tax::{Described, zone_operations};

const TAG: &str = "Shipping";

pub fn operations() -> Vec<Operation> {
    let mut operations = vec![rates()];
    operations.extend(zone_operations::<ShippingZoneKind, WriteZoneBody, ZoneBody, ZoneListBody>(&Described {
        tag: TAG,
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
    }));
    operations
}

fn rates() -> Operation {
    Operation::new(Method::POST, "/api/v1/shipping-rates", "askShippingRates", TAG)
        .says(
            "Says what shipping costs",
            "For a destination and some variants, at their prices before promotions. Nothing is kept of the question.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(1, 2, 0))
        .problems(credentials(Scope::CartWrite))
        .problems(database())
        .body(RequestBody::json::<AskBody>("What is to be shipped, and where to.").example(
            "tents",
            "Two tents to Germany",
            json!({
                "destination": { "country": "DE", "postcode": "10827" },
                "lines": [{ "variantId": id::<VariantKind>(1).to_string(), "quantity": 2 }],
            }),
        ))
        .answer(Answer::json::<RatesBody>(200, "What is offered.").example(
            "parcel",
            "A parcel",
            json!({ "groups": [{
                "lines": [0],
                "weightGrams": 4_700,
                "quantity": 2,
                "subtotal": money(4_000),
                "zoneId": id::<ShippingZoneKind>(1).to_string(),
                "noZone": null,
                "offers": [{
                    "methodId": id::<ShippingMethodKind>(1).to_string(),
                    "service": null,
                    "name": "Parcel",
                    "price": money(890),
                    "otherwise": null,
                }],
            }] }),
        ))
        .problems(json_body())
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
