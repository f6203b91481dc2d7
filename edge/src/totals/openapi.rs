//! What several contexts say of totals, for the OpenAPI document.

use headlesspro_shared::kernel::id::{
    ProductKind, PromotionKind, ShippingMethodKind, TaxRateKind, TaxZoneKind, VariantKind,
};
use serde_json::{Value, json};

use crate::openapi::{Parameter, id, money, time};

/// `?at=`: another instant than now.
pub fn explained_at() -> Parameter {
    let schema = json!({ "type": "string", "format": "date-time" });
    Parameter::query("at", "The instant that it is evaluated at, RFC 3339; now when left out.", schema, time(24))
}

pub fn totals_example() -> Value {
    json!({
        "subtotal": money(37_800),
        "discount": money(3_780),
        "taxes": taxes_example(),
        "taxIncluded": true,
        "total": money(34_020),
    })
}

/// The same with a parcel, which costs nothing.
pub fn shipped_totals_example() -> Value {
    let mut totals = totals_example();
    if let Some(members) = totals.as_object_mut() {
        members.insert("shipping".to_owned(), money(890));
        members.insert("shippingDiscount".to_owned(), money(890));
    }
    totals
}

/// A parcel that costs nothing any more.
pub fn delivery_example() -> Value {
    json!({
        "methodId": id::<ShippingMethodKind>(1).to_string(),
        "kind": "delivery",
        "name": "Parcel",
        "lines": [0],
        "price": money(890),
        "discount": money(890),
        "taxes": { "net": money(0), "tax": money(0), "rates": [] },
        "total": money(0),
    })
}

pub fn taxes_example() -> Value {
    let rate = json!({ "name": "MwSt.", "ppm": 190_000, "net": money(28_588), "tax": money(5_432) });
    json!({ "net": money(28_588), "tax": money(5_432), "rates": [rate] })
}

pub fn entered_code_example() -> Value {
    json!({
        "code": "TENT10",
        "applied": true,
        "promotionId": id::<PromotionKind>(1).to_string(),
        "discount": money(3_780),
        "reason": null,
        "missing": null,
    })
}

pub fn explanation_example() -> Value {
    let (promotion, variant) = (id::<PromotionKind>(1).to_string(), id::<VariantKind>(1).to_string());
    json!({
        "engine": 2,
        "currency": "EUR",
        "totals": {
            "engine": 2,
            "currency": "EUR",
            "lines": [{
                "key": 0,
                "variant": variant,
                "product": id::<ProductKind>(1).to_string(),
                "quantity": 2,
                "price": {
                    "unitPrice": money(18_900),
                    "source": "catalog",
                    "steps": [{ "step": "catalog", "price": money(18_900) }],
                },
                "amount": 37_800,
                "discount": 3_780,
                "discounts": [{ "promotion": promotion, "amount": 3_780, "kind": "percent" }],
                "taxes": {
                    "net": 28_588,
                    "tax": 5_432,
                    "gross": 34_020,
                    "rates": [{
                        "rate": id::<TaxRateKind>(1).to_string(),
                        "name": "MwSt.",
                        "ppm": 190_000,
                        "net": 28_588,
                        "tax": 5_432,
                    }],
                    "class": "standard",
                    "why": { "kind": "rated" },
                },
            }],
            "subtotal": 37_800,
            "discount": 3_780,
            "taxZone": { "id": id::<TaxZoneKind>(1).to_string(), "name": "Germany" },
            "net": 28_588,
            "tax": 5_432,
            "total": 34_020,
        },
        "prices": [{ "key": 0, "considered": [{ "source": "catalog", "price": money(18_900), "verdict": "won" }] }],
        "promotions": { "considered": [{ "promotion": promotion, "outcome": { "status": "applied", "amount": 3_780 } }] },
    })
}
