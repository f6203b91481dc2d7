//! What several contexts say of totals, for the OpenAPI document.

use headlesspro_shared::kernel::id::{ProductKind, PromotionKind, VariantKind};
use serde_json::{Value, json};

use crate::openapi::{Parameter, id, money, time};

/// `?at=`: another instant than now.
pub fn explained_at() -> Parameter {
    let schema = json!({ "type": "string", "format": "date-time" });
    Parameter::query("at", "The instant that it is evaluated at, RFC 3339; now when left out.", schema, time(24))
}

pub fn totals_example() -> Value {
    json!({ "subtotal": money(37_800), "discount": money(3_780), "total": money(34_020) })
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
                "taxes": { "net": 34_020, "tax": 0, "gross": 34_020, "class": "standard", "why": "no-zone" },
            }],
            "subtotal": 37_800,
            "discount": 3_780,
            "total": 34_020,
        },
        "prices": [{ "key": 0, "considered": [{ "source": "catalog", "price": money(18_900), "verdict": "won" }] }],
        "promotions": { "considered": [{ "promotion": promotion, "outcome": { "status": "applied", "amount": 3_780 } }] },
    })
}
