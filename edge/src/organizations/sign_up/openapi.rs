//! The operation of signing up, for the OpenAPI document.

use headlesspro_shared::identity::{KeyKind, mint_api_key};
use headlesspro_shared::kernel::id::{AccountKind, OrganizationKind, StoreKind};
use http::Method;
use serde_json::json;

use super::http::{SignUpBody, SignedUpBody};
use super::usecase::SignUpError;
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, database, entropy, id, idempotency, json_body,
    of, redis,
};

pub fn operations() -> Vec<Operation> {
    vec![sign_up()]
}

fn sign_up() -> Operation {
    Operation::new(Method::POST, "/api/v1/organizations", "signUp", "Organization")
        .says(
            "Founds an organization",
            "With a first store, its publishable key and an owner. Needs no key, and is open only where the deployment \
             says so. A mail goes to the owner, whose page confirms the address at `/api/v1/auth/verify-email` with \
             the new store's publishable key (the link has it in `key`); only then can the owner log in, and make \
             other keys. Five an hour at most from one network address.",
        )
        .cache(Cache::Personal)
        .budget(Budget::new(1, 1, 1))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<SignUpBody>("What is founded, and by whom.").example(
            "acme",
            "A merchant in Berlin",
            json!({
                "organizationName": "Acme",
                "storeName": "Acme shop",
                "currency": "EUR",
                "email": "owner@acme.example",
                "password": "correct horse battery",
                "name": "Grace Hopper",
                "locale": "de",
            }),
        ))
        .answer(
            Answer::json::<SignedUpBody>(201, "It is founded, and a mail is on its way.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example(
                    "acme",
                    "An organization",
                    json!({
                        "organizationId": id::<OrganizationKind>(1).to_string(),
                        "storeId": id::<StoreKind>(1).to_string(),
                        "accountId": id::<AccountKind>(1).to_string(),
                        "publishableKey": publishable_key(),
                        "next": "check-mail",
                    }),
                ),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(database())
        .problems(redis())
        .problems(entropy())
        .problems(vec![
            of(SignUpError::Closed, "The deployment lets nobody sign up."),
            of(
                SignUpError::Wait { millis: 700_000 },
                "Five were founded in the last hour from the network address, or for the e-mail address.",
            ),
        ])
}

fn publishable_key() -> String {
    mint_api_key(KeyKind::Publishable, id::<OrganizationKind>(1), id::<StoreKind>(1), [7; 20])
}
