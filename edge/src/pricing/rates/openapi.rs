//! The operations of exchange rates, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::{PutRatesBody, RatesBody};
use crate::openapi::{
    AllowedActions, Answer, Header, Operation, Parameter, RequestBody, json_body, not_found, of, time, wrong_query,
};
use crate::pricing::openapi::operation;
use crate::pricing::writing::{Most, WriteError};

const PATH: &str = "/api/v1/exchange-rates";

pub fn operations() -> Vec<Operation> {
    let at = Parameter::query(
        "at",
        "Those that were known at this moment; left out: now.",
        json!({ "type": "string", "format": "date-time" }),
        time(24),
    );
    let list = operation(Method::GET, PATH, "listExchangeRates", Scope::PricingRead)
        .says("Lists exchange rates", "Of each pair the last one, also where it is no longer valid.")
        .parameters(Parameter::page())
        .parameters([at])
        .answer(Answer::json::<RatesBody>(200, "A page of rates.").headers([Header::Link]).example(
            "one",
            "One rate",
            json!({
                "items": [{
                    "base": "EUR", "quote": "KRW", "rate": "1478.25", "source": "ecb", "asOf": time(0),
                    "validUntil": time(72),
                }],
                "nextCursor": null,
            }),
        ))
        .problems(wrong_query());
    let put = operation(Method::PUT, PATH, "putExchangeRates", Scope::PricingWrite)
        .says(
            "Sets exchange rates",
            "Up to 250 of one source and moment; of earlier ones the last 500 of a pair stay, so that earlier moments \
             can be priced again. The same pair and moment once more is a correction. Without a rate, or beyond `validUntil`, nothing is \
             converted: what has no price in a currency is not sold in it.",
        )
        .body(RequestBody::json::<PutRatesBody>("The rates.").example(
            "ecb",
            "Rates of a day",
            json!({
                "source": "ecb",
                "asOf": time(-720),
                "validUntil": time(720),
                "rates": [
                    { "base": "EUR", "quote": "KRW", "rate": "1478.25" },
                    { "base": "EUR", "quote": "JPY", "rate": "172.5" },
                ],
            }),
        ))
        .answer(Answer::empty(204, "The rates are set."))
        .problems(json_body())
        .problems(vec![
            of(WriteError::TooMany(Most::Pairs), "There would be more than 1,000 pairs.").with::<AllowedActions>(),
            of(WriteError::TooMany(Most::Rates), "Too many rates of a pair are of moments to come.")
                .with::<AllowedActions>(),
        ]);
    let currency = |name, says, example: &str| {
        let schema = json!({ "type": "string", "pattern": "^[A-Z]{3}$" });
        Parameter { required: true, ..Parameter::query(name, says, schema, example) }
    };
    let delete = operation(Method::DELETE, PATH, "deleteExchangeRates", Scope::PricingWrite)
        .says(
            "Deletes the rates of a pair",
            "All of them, with those of the past and to come: nothing is converted by the pair any more.",
        )
        .parameters([
            currency("base", "Of which one unit is told.", "EUR"),
            currency("quote", "In which it is told.", "KRW"),
        ])
        .answer(Answer::empty(204, "There are no rates of the pair."))
        .problems(not_found())
        .problems(wrong_query());
    vec![list, put, delete]
}
