//! The operations of price settings, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::{PutSettingsBody, SettingsBody};
use crate::openapi::{Answer, Header, Operation, Parameter, RequestBody, if_match, json_body};
use crate::pricing::openapi::{changing, operation};
use crate::pricing::writing::WriteError;

const PATH: &str = "/api/v1/price-settings";

pub fn operations() -> Vec<Operation> {
    let show = operation(Method::GET, PATH, "getPriceSettings", Scope::PricingRead)
        .says("Shows where converted prices end up", "And which currency they are converted from.")
        .answer(answer());
    let put = operation(Method::PUT, PATH, "putPriceSettings", Scope::PricingWrite)
        .says("Sets where converted prices end up", "A currency without an ending has whole minor units.")
        .parameters([Parameter::if_match()])
        .body(RequestBody::json::<PutSettingsBody>("The settings.").example(
            "won",
            "Prices in won end in 900",
            json!({ "endings": [{ "currency": "KRW", "step": 1_000, "offset": 900, "toward": "nearest" }] }),
        ))
        .answer(answer())
        .problems(json_body())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }));
    vec![show, put]
}

fn answer() -> Answer {
    Answer::json::<SettingsBody>(200, "The settings.").headers([Header::Etag]).example(
        "won",
        "Prices in won end in 900",
        json!({
            "settlementCurrency": "EUR",
            "endings": [{ "currency": "KRW", "step": 1_000, "offset": 900, "toward": "nearest" }],
            "version": 1,
        }),
    )
}
