//! The cart that is measured: 50 lines, 100 active promotions of all kinds, price lists and taxes.

use std::ops::Range;

use headlesspro_shared::kernel::id::{
    CategoryKind, ChannelKind, CollectionKind, CustomerGroupKind, Id, Kind, PriceListKind, ProductKind,
    PromotionCodeKind, PromotionKind, TaxRateKind, TaxZoneKind, VariantKind,
};
use headlesspro_shared::totals::{ENGINE_VERSION, Question};
use serde_json::{Value, json};

const LINES: u32 = 50;
const PROMOTIONS: u32 = 100;
/// One in ten of them is triggered by a code.
const CODES: u32 = 10;
const COLLECTIONS: u32 = 12;
const CATEGORIES: u32 = 8;
const COUNTRIES: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The question. A wholesale customer in Germany buys from a merchant with price lists, taxes of 27 countries, and
/// promotions on collections, products, categories and deliveries, most of which meet something in the cart.
#[expect(clippy::expect_used, reason = "made of constants, and a test reads it")]
pub fn large() -> Question {
    let codes = all(0..CODES, |number| {
        let promotion = id::<PromotionKind>(number.saturating_mul(CODES).saturating_add(8));
        json!({ "id": id::<PromotionCodeKind>(number), "code": format!("CODE{number}"), "promotion": promotion })
    });
    let rules = json!({
        "prices": { "settlement": "EUR", "lists": all(0..4, price_list) },
        "promotions": {
            "promotions": all(0..PROMOTIONS, |number| {
                json!({ "id": id::<PromotionKind>(number), "used": 7, "definition": promotion(number) })
            }),
            "groups": [
                { "key": "season", "priority": 3, "within": "stack" },
                { "key": "codes", "priority": 2, "within": "stack" },
                { "key": "best", "priority": 1, "within": "best" },
                { "key": "clearance", "within": "stack", "excludes": ["best"] },
            ],
            "codes": codes,
        },
        "tax": { "zones": COUNTRIES.iter().zip(0..).map(tax_zone).collect::<Value>(), "reverseChargeFrom": "DE" },
        "taxMode": "inclusive",
        "rounding": "half-even",
        "discountsRoundedPer": "line",
        "taxRoundedPer": "rate",
        "shippingTax": { "by": "proportional" },
    });
    let cart = json!({
        "currency": "EUR",
        "at": "2026-11-23T12:00:00.000Z",
        "channel": id::<ChannelKind>(0),
        "customer": "somebody",
        "customerGroups": [id::<CustomerGroupKind>(0), id::<CustomerGroupKind>(1)],
        "isFirstOrder": false,
        "paymentMethod": "card",
        "codes": all(0..CODES, |number| json!(format!("code{number}"))),
        "destination": { "country": "DE", "postcode": "10115" },
        "lines": all(0..LINES, line),
        "gifts": [{ "variant": id::<VariantKind>(900), "product": id::<ProductKind>(900), "prices": [price(499)] }],
        "deliveries": [{ "key": 1, "method": "post", "name": "Post", "amount": 795 }],
    });
    serde_json::from_value(json!({ "engine": ENGINE_VERSION, "rules": rules, "cart": cart })).expect("a question")
}

fn id<K: Kind>(number: u32) -> Id<K> {
    Id::from_u128(u128::from(number).saturating_add(1))
}

fn all(numbers: Range<u32>, of: impl Fn(u32) -> Value) -> Value {
    numbers.map(of).collect()
}

/// Of a catalog, in cents of a euro.
fn price(cents: u32) -> Value {
    json!({ "price": money(cents) })
}

fn money(cents: u32) -> Value {
    json!({ "amount": text(cents), "currency": "EUR" })
}

fn text(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn line(number: u32) -> Value {
    json!({
        "key": number,
        "variant": id::<VariantKind>(number),
        "product": id::<ProductKind>(number / 2),
        "collections": [id::<CollectionKind>(number % COLLECTIONS), id::<CollectionKind>(number % 5)],
        "categories": [id::<CategoryKind>(number % CATEGORIES)],
        "quantity": number % 7 + 1,
        "prices": [price(999 + 337 * number)],
        "taxClass": if number.is_multiple_of(4) { "reduced" } else { "standard" },
    })
}

/// A wholesale list, its two adjustments, and a sale.
fn price_list(number: u32) -> Value {
    let change = |target: Value, min_quantity: u32, ppm: i32| json!({ "target": target, "minQuantity": min_quantity, "price": { "changePpm": ppm } });
    let fixed = |number: u32| {
        json!({
            "target": { "variant": id::<VariantKind>(3 * number) },
            "price": { "fixed": money(799 + 300 * number) },
        })
    };
    let product = |number: u32| json!({ "product": id::<ProductKind>(number) });
    let rules = match number {
        0 => all(0..16, fixed),
        1 => json!([change(json!("all"), 1, -50_000), change(json!("all"), 5, -80_000)]),
        2 => all(0..10, |at| change(product(2 * at), 2, -120_000)),
        _ => all(0..8, |at| change(product(3 * at), 1, -150_000)),
    };
    json!({
        "id": id::<PriceListKind>(number),
        "name": format!("List {number}"),
        "kind": if number == 3 { "sale" } else { "override" },
        // A sale below an override in priority lowers nothing.
        "priority": if number == 3 { 9 } else { 4 - number },
        "active": true,
        "groups": [id::<CustomerGroupKind>(number % 2)],
        "basedOn": if number == 2 { json!(id::<PriceListKind>(1)) } else { Value::Null },
        "endings": [{ "currency": "EUR", "step": 10, "offset": 9, "toward": "nearest" }],
        "rules": rules,
    })
}

fn promotion(number: u32) -> Value {
    let collection = json!({ "anyOf": { "collections": [id::<CollectionKind>(number % COLLECTIONS)] } });
    let category = json!({ "anyOf": { "categories": [id::<CategoryKind>(number % CATEGORIES)] }, "excludeSale": true });
    let products = all(0..6, |at| json!(id::<ProductKind>((number + 4 * at) % (LINES / 2))));
    let percent = |ppm: u32| json!({ "type": "percent", "rate": ppm });
    let subtotal = |cents: u32| json!({ "type": "subtotal", "atLeast": { "EUR": text(cents), "GBP": text(cents) } });
    let tier = |units: u32, ppm: u32| json!({ "atLeast": { "type": "quantity", "units": units }, "by": percent(ppm) });
    let mut condition = json!({ "type": "all", "of": [] });
    let effect = match number % 10 {
        0 => json!({ "type": "reduce", "lines": collection, "by": percent(20_000) }),
        1 => json!({ "type": "reduce", "lines": category, "by": percent(15_500) }),
        2 => {
            let by = json!({ "type": "per-unit", "amounts": { "EUR": "0.10", "GBP": "0.09" } });
            json!({ "type": "reduce", "lines": { "anyOf": { "products": products } }, "by": by })
        }
        3 => {
            let by = json!({ "type": "per-line", "amounts": { "EUR": "0.50" } });
            json!({ "type": "reduce", "lines": { "noneOf": { "products": products } }, "by": by })
        }
        4 => {
            json!({ "type": "tiered", "lines": collection, "tiers": [tier(3, 10_000), tier(10, 20_000), tier(30, 30_000)] })
        }
        5 => {
            let at_least = json!({ "type": "subtotal", "amounts": { "EUR": "100.00" } });
            json!({ "type": "tiered", "lines": category, "tiers": [{ "atLeast": at_least, "by": percent(12_500) }] })
        }
        6 => json!({
            "type": "buy-get", "buy": collection, "buyQuantity": 2, "get": collection, "getQuantity": 1, "rate": 250_000,
            "mostRepeats": 2,
        }),
        7 => {
            let group = json!({ "type": "customer-group", "anyOf": [id::<CustomerGroupKind>(0)] });
            condition = json!({ "type": "all", "of": [subtotal(20_000 + 1_000 * number), group] });
            json!({ "type": "reduce", "by": { "type": "per-order", "amounts": { "EUR": text(100 + number) } } })
        }
        8 => {
            let paid = json!({ "type": "not", "of": { "type": "payment-method", "anyOf": ["invoice"] } });
            condition = json!({ "type": "any", "of": [{ "type": "first-order" }, paid] });
            json!({ "type": "reduce", "lines": { "excludeSale": true }, "by": percent(5_000) })
        }
        _ if number % 20 == 9 => json!({ "type": "free-shipping", "methods": ["post"] }),
        _ => {
            condition = json!({ "type": "quantity", "lines": collection, "atLeast": 5 });
            json!({ "type": "gift", "variant": id::<VariantKind>(900), "quantity": 1 })
        }
    };
    let group = match number % 10 {
        8 => Some("codes"),
        0..=3 => Some("season"),
        4 => Some("best"),
        5 => Some("clearance"),
        _ => None,
    };
    json!({
        "name": format!("Promotion {number}"),
        "trigger": if number % 10 == 8 { "code" } else { "automatic" },
        "startsAt": "2026-11-01T00:00:00.000Z",
        "endsAt": "2026-12-01T00:00:00.000Z",
        "condition": condition,
        "effect": effect,
        "group": group,
        "priority": number % 5,
        "maxDiscount": if number.is_multiple_of(10) { json!({ "EUR": "15.00" }) } else { json!({}) },
        "limit": 100_000,
    })
}

fn tax_zone((country, number): (&&str, u32)) -> Value {
    let rate = |at: u32, class: &str, ppm: u32| {
        let id = id::<TaxRateKind>(2 * number + at);
        json!({ "id": id, "name": "VAT", "classes": [class], "ppm": ppm, "from": "2021-01-01T00:00:00.000Z" })
    };
    json!({
        "id": id::<TaxZoneKind>(number),
        "name": country,
        "areas": [{ "country": country }],
        "rates": [rate(0, "standard", 170_000 + 4_000 * number), rate(1, "reduced", 50_000 + 4_000 * number)],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use headlesspro_shared::promotions::Outcome;

    use super::*;

    #[test]
    fn most_of_it_applies() {
        let question = large();
        let promotions = &question.rules.promotions.promotions;
        assert_eq!((question.cart.lines.len(), promotions.len()), (50, 100));
        assert!(promotions.iter().all(|promotion| promotion.definition.active));
        let explanation = question.explain().unwrap();
        assert!(60 <= explanation.totals.redemptions.len(), "{:?}", explanation.promotions.considered);
        assert!(1 < explanation.promotions.alternatives.len());
        let discounts = explanation.totals.lines.iter().flat_map(|line| &line.discounts);
        let kinds: BTreeSet<String> = discounts.map(|discount| discount.kind.to_string()).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["buy-get", "per-line", "per-order", "per-unit", "percent"]);
        assert!(explanation.totals.codes.iter().all(|code| matches!(code.outcome, Outcome::Applied { .. })));
        assert_eq!(explanation.totals.rates.len(), 2);
        let lists: BTreeSet<String> =
            explanation.totals.lines.iter().map(|line| format!("{:?}", line.price.source)).collect();
        assert!(3 <= lists.len(), "{lists:?}");
    }
}
