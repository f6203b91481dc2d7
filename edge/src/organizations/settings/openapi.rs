//! The operations of organizations, stores and platforms, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{OrganizationKind, StoreKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{
    ChangeOrganizationBody, ChangeStoreBody, OpenStoreBody, OrganizationBody, PlatformsBody, StoreBody, StoresBody,
};
use super::usecase::SettingsError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, Problem, RequestBody, credentials, database,
    entropy, id, idempotency, if_match, json_body, not_found, of, plan_limit, time,
};
use crate::organizations::openapi::page_problems;

pub fn operations() -> Vec<Operation> {
    vec![organization(), change_organization(), stores(), open(), store(), change_store(), platforms()]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::new(method, path, id, "Organization")
        .cache(Cache::Personal)
        .problems(credentials(scope))
        .problems(database())
}

fn organization() -> Operation {
    operation(Method::GET, "/api/v1/organization", "getOrganization", Scope::OrganizationRead)
        .says("Shows the organization", "Its settings, and what its plan allows.")
        .budget(Budget::new(1, 1, 0))
        .answer(organization_answer())
        .problems(not_found())
}

fn change_organization() -> Operation {
    operation(Method::PATCH, "/api/v1/organization", "changeOrganization", Scope::OrganizationWrite)
        .says("Changes the organization", "Stores have its settings unless they have their own.")
        .budget(Budget::new(2, 9, 0))
        .parameters([Parameter::if_match()])
        .body(RequestBody::json::<ChangeOrganizationBody>("What is to be changed.").example(
            "seoul",
            "A merchant in Seoul",
            json!({ "timezone": "Asia/Seoul", "locale": "ko", "currency": "KRW" }),
        ))
        .answer(organization_answer())
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(SettingsError::VersionMismatch { current: 8 }))
        .problems(vec![changing()])
}

fn stores() -> Operation {
    operation(Method::GET, "/api/v1/stores", "listStores", Scope::OrganizationRead)
        .says("Lists the stores", "Storefronts, and connections to platforms.")
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<StoresBody>(200, "A page of stores.").headers([Header::Link]).example(
            "one",
            "One store",
            json!({ "items": [store_body(false)], "nextCursor": null }),
        ))
        .problems(page_problems())
}

fn open() -> Operation {
    operation(Method::POST, "/api/v1/stores", "openStore", Scope::StoresWrite)
        .says("Opens a store", "A storefront or, with a platform, a connection to it. Its currency never changes.")
        .budget(Budget::new(2, 3, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<OpenStoreBody>("The store.")
                .example("storefront", "A storefront", json!({ "name": "Acme Korea", "currency": "KRW" }))
                .example(
                    "marketplace",
                    "A connection",
                    json!({
                        "name": "Acme at Naver",
                        "platform": "naver-smartstore",
                        "credentials": { "clientId": "acme", "clientSecret": "secret" },
                    }),
                ),
        )
        .answer(
            Answer::json::<StoreBody>(201, "The store.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("marketplace", "A connection", store_body(true)),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(plan_limit("stores", "The plan allows no more stores."))
}

fn store() -> Operation {
    operation(Method::GET, "/api/v1/stores/{id}", "getStore", Scope::OrganizationRead)
        .says("Shows a store", "With the settings that hold for it.")
        .budget(Budget::new(1, 1, 0))
        .parameters([store_id()])
        .answer(store_answer())
        .problems(not_found())
}

fn change_store() -> Operation {
    operation(Method::PATCH, "/api/v1/stores/{id}", "changeStore", Scope::StoresWrite)
        .says(
            "Changes a store",
            "Its name, its own settings, its status and its credentials. The keys of a suspended store open nothing.",
        )
        .budget(Budget::new(2, 9, 0))
        .parameters([store_id(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeStoreBody>("What is to be changed.").example(
            "own",
            "A locale of its own, and its organization's time zone",
            json!({ "locale": "de", "locales": ["fr", "fr-CA"], "timezone": null }),
        ))
        .answer(store_answer())
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(SettingsError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(SettingsError::LastStore, "One storefront must stay active.").with::<AllowedActions>(),
            changing(),
        ])
}

fn platforms() -> Operation {
    operation(Method::GET, "/api/v1/platforms", "listPlatforms", Scope::OrganizationRead)
        .says("Lists the platforms", "What stores can be connected to, with what each offers and asks for.")
        .budget(Budget::new(0, 1, 0))
        .answer(Answer::json::<PlatformsBody>(200, "The platforms.").example(
            "one",
            "One platform",
            json!({ "items": [{
                "id": "shopify",
                "name": "Shopify",
                "abilities": ["products", "inventory", "orders"],
                "credentials": ["accessToken", "shopDomain"],
            }] }),
        ))
}

fn changing() -> Problem {
    of(SettingsError::Changing, "Others are changing the same.").with::<AllowedActions>()
}

pub fn store_id() -> Parameter {
    Parameter::path(
        "id",
        "The store's id.",
        json!({ "type": "string", "pattern": "^store_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<StoreKind>(1).to_string(),
    )
}

fn organization_answer() -> Answer {
    Answer::json::<OrganizationBody>(200, "The organization.").headers([Header::Etag]).example(
        "acme",
        "An organization",
        json!({
            "id": id::<OrganizationKind>(1).to_string(),
            "name": "Acme",
            "settings": settings(),
            "status": "active",
            "plan": { "stores": { "used": 1, "most": 10 }, "members": { "used": 3, "most": 100 }, "apiKeys": { "used": 2, "most": null } },
            "version": 7,
            "createdAt": time(0),
        }),
    )
}

fn store_answer() -> Answer {
    Answer::json::<StoreBody>(200, "The store.")
        .headers([Header::Etag])
        .example("storefront", "A storefront", store_body(false))
        .example("marketplace", "A connection", store_body(true))
}

fn settings() -> Value {
    json!({
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "locale": "de",
        "locales": ["de", "fr", "fr-CA"],
        "taxMode": "inclusive",
        "rounding": "half-up",
    })
}

fn store_body(is_connection: bool) -> Value {
    json!({
        "id": id::<StoreKind>(1).to_string(),
        "name": if is_connection { "Acme at Naver" } else { "Acme" },
        "settings": settings(),
        "ownSettings": ["locale"],
        "status": "active",
        "kind": if is_connection { "marketplace" } else { "storefront" },
        "platform": is_connection.then_some("naver-smartstore"),
        "hasCredentials": is_connection,
        "health": "unknown",
        "healthMessage": null,
        "healthAt": null,
        "lastSyncAt": null,
        "storefrontUrl": if is_connection { Value::Null } else { json!("https://shop.example") },
        "currencies": if is_connection { json!([]) } else { json!(["JPY", "USD"]) },
        "version": 1,
        "createdAt": time(0),
    })
}
