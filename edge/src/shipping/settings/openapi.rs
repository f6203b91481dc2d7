//! The operations of the settings, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{LocationKind, ShippingMethodKind};
use http::Method;
use serde_json::json;

use super::http::{ChangeSettingsBody, SettingsBody};
use super::usecase::SettingsError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, if_match, json_body, of, time,
};

pub fn operations() -> Vec<Operation> {
    vec![settings(), change()]
}

fn operation(method: Method, id: &'static str, scope: Scope, budget: Budget) -> Operation {
    Operation::new(method, "/api/v1/shipping-settings", id, "Shipping")
        .cache(Cache::Personal)
        .budget(budget)
        .problems(credentials(scope))
        .problems(database())
}

fn settings() -> Operation {
    operation(Method::GET, "getShippingSettings", Scope::ShippingRead, Budget::new(1, 2, 0))
        .says("Shows how the store ships", "Whom it asks for rates, and what picking up costs.")
        .answer(answer())
}

fn change() -> Operation {
    operation(Method::PATCH, "changeShippingSettings", Scope::ShippingWrite, Budget::growing(2, 0))
        .says("Changes how the store ships", "The body is a JSON Merge Patch (RFC 7396).")
        .parameters([Parameter::if_match()])
        .body(
            RequestBody::json::<ChangeSettingsBody>("What is to be changed.")
                .example(
                    "provider",
                    "A carrier says what its services cost",
                    json!({ "providers": { "acme": {
                "url": "https://rates.example.com/quotes",
                "secret": "sixteen-characters-or-more",
                "timeoutMillis": 800,
            } } }),
                )
                .example(
                    "pickup",
                    "Picking up costs nothing",
                    json!({ "pickups": { id::<LocationKind>(1).to_string(): {
                "name": "Pick up in Kiel",
                "price": { "by": "flat", "amounts": { "EUR": "0.00" } },
            } } }),
                ),
        )
        .answer(answer())
        .problems(json_body())
        .problems(entropy())
        .problems(if_match(SettingsError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(SettingsError::InUse, "A shipping method names it.").with::<AllowedActions>(),
            of(SettingsError::Changing, "Somebody else is changing the same.").with::<AllowedActions>(),
        ])
}

fn answer() -> Answer {
    Answer::json::<SettingsBody>(200, "The settings.").headers([Header::Etag]).example(
        "provider",
        "A carrier that is asked",
        json!({
            "providers": { "acme": { "origin": "https://rates.example.com", "timeoutMillis": 800 } },
            "pickups": { id::<LocationKind>(1).to_string(): {
                "id": id::<ShippingMethodKind>(1).to_string(),
                "name": "Pick up in Kiel",
                "price": { "by": "flat", "amounts": { "EUR": "0.00" } },
            } },
            "version": 1,
            "updatedAt": time(0),
        }),
    )
}
