//! The operations of profiles, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AccountKind;
use http::Method;
use serde_json::json;

use super::http::{ChangeProfileBody, ProfileBody};
use super::usecase::ProfileError;
use crate::identity::openapi::operation;
use crate::openapi::{
    Answer, Budget, Header, Operation, Parameter, RequestBody, entropy, id, if_match, json_body, not_found, time,
};

const PATH: &str = "/api/v1/customers/me";

pub fn operations() -> Vec<Operation> {
    vec![show(), change()]
}

fn show() -> Operation {
    operation(Method::GET, PATH, "getProfile", Scope::ProfileRead)
        .says("Shows one's profile", "Whoever is logged in, customer or staff.")
        .budget(Budget::new(1, 1, 0))
        .answer(profile())
        .problems(not_found())
}

fn change() -> Operation {
    operation(Method::PATCH, PATH, "changeProfile", Scope::ProfileWrite)
        .says("Changes one's profile", "What is left out stays as it is; an empty text takes a value away.")
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::if_match()])
        .body(RequestBody::json::<ChangeProfileBody>("What changes.").example(
            "phone",
            "A phone number, and mails in Korean",
            json!({ "phone": "+49 30 1234567", "locale": "ko-KR" }),
        ))
        .answer(profile())
        .problems(json_body())
        .problems(if_match(ProfileError::VersionMismatch { current: 7 }))
        .problems(not_found())
        .problems(entropy())
}

fn profile() -> Answer {
    Answer::json::<ProfileBody>(200, "The profile.").headers([Header::Etag]).example(
        "customer",
        "A customer",
        json!({
            "id": id::<AccountKind>(1).to_string(),
            "email": "grace@example.com",
            "name": "Grace Hopper",
            "phone": "+49 30 1234567",
            "locale": "ko-KR",
            "emailVerifiedAt": time(0),
            "version": 3,
            "createdAt": time(0),
        }),
    )
}
