//! The operations of rules, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ProductKind, VariantKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{PutRulesBody, RulesBody};
use crate::openapi::{
    AllowedActions, Answer, Budget, Header, Operation, Parameter, RequestBody, id, if_match, json_body, money,
    not_found, of, wrong_query,
};
use crate::pricing::lists::http::PriceListBody;
use crate::pricing::lists::openapi::wholesale;
use crate::pricing::openapi::{changing, list_id, operation};
use crate::pricing::writing::{Most, WriteError};

const PATH: &str = "/api/v1/price-lists/{id}/rules";

pub fn operations() -> Vec<Operation> {
    vec![list(), put(), delete()]
}

fn list() -> Operation {
    operation(Method::GET, PATH, "listPriceRules", Scope::PricingRead)
        .says("Lists the rules of a price list", "All of them, or those for exactly one thing.")
        .parameters([list_id()])
        .parameters(Parameter::page())
        .parameters(targets())
        .answer(Answer::json::<RulesBody>(200, "A page of rules.").headers([Header::Link]).example(
            "one",
            "One rule",
            json!({ "items": [tier()], "nextCursor": null }),
        ))
        .problems(not_found())
        .problems(wrong_query())
}

fn put() -> Operation {
    operation(Method::PUT, PATH, "putPriceRules", Scope::PricingWrite)
        .says(
            "Adds rules, or changes their prices",
            "Up to 1,000 at once; all others stay. A target has at most 100 quantities in a currency. Of the rules for a variant, for its product and for everything the \
             closest count; among them a price in the currency asked for, else a percentage, else a price in the \
             store's own currency, converted; and of these the one with the highest quantity that is reached.",
        )
        .parameters([list_id(), Parameter::if_match()])
        .body(
            RequestBody::json::<PutRulesBody>("The rules.")
                .example(
                    "tiers",
                    "A price from ten units on, and 15 % off everything else",
                    json!({
                        "rules": [tier(), { "target": "all", "price": { "changePpm": -150_000 } }],
                    }),
                )
                .example(
                    "product",
                    "10 % off a product",
                    json!({
                        "rules": [{
                            "target": { "product": id::<ProductKind>(1).to_string() },
                            "price": { "changePpm": -100_000 },
                        }],
                    }),
                ),
        )
        .answer(Answer::json::<PriceListBody>(200, "The price list.").headers([Header::Etag]).example(
            "wholesale",
            "A price list",
            wholesale(),
        ))
        .problems(json_body())
        .problems(not_found())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(WriteError::TooMany(Most::Rules), "It would have more than 100,000.").with::<AllowedActions>(),
            of(WriteError::TooMany(Most::Tiers), "One target would have more than 100 quantities in a currency.")
                .with::<AllowedActions>(),
        ])
}

fn delete() -> Operation {
    let currency = Parameter::query(
        "currency",
        "Those with a price in it alone.",
        json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        "EUR",
    );
    let min_quantity = Parameter::query(
        "minQuantity",
        "Those from so many units on alone.",
        json!({ "type": "integer", "minimum": 1, "maximum": 9_999 }),
        10,
    );
    operation(Method::DELETE, PATH, "deletePriceRules", Scope::PricingWrite)
        .says(
            "Deletes rules of a price list",
            "Those for one thing; all of them, where none is named: 5,000 in a commit, and what is left of an attempt that was \
             cut off by the next one.",
        )
        .budget(Budget::growing(3, 0))
        .parameters([list_id(), Parameter::if_match()])
        .parameters(targets())
        .parameters([currency, min_quantity])
        .answer(Answer::empty(204, "The rules are gone."))
        .problems(not_found())
        .problems(wrong_query())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
}

fn targets() -> [Parameter; 3] {
    let text = || json!({ "type": "string" });
    [
        Parameter::query("variantId", "Those for this variant.", text(), id::<VariantKind>(1).to_string()),
        Parameter::query("productId", "Those for this product.", text(), id::<ProductKind>(1).to_string()),
        Parameter::query("all", "Those for everything.", json!({ "type": "string", "enum": ["true"] }), "true"),
    ]
}

fn tier() -> Value {
    json!({
        "target": { "variant": id::<VariantKind>(1).to_string() },
        "minQuantity": 10,
        "price": { "fixed": money(1_050) },
    })
}
