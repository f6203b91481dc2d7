//! The operations of customers, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AccountKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{CustomerBody, CustomersBody};
use super::usecase::{CustomerError, state_name};
use crate::identity::openapi::{operation, wrong_page};
use crate::openapi::{
    AllowedActions, Answer, Budget, Header, Operation, Parameter, entropy, id, if_match, not_found, of, redis, time,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), show(), suspend(), resume()]
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/customers", "listCustomers", Scope::CustomersRead)
        .says(
            "Lists the customers",
            "Accounts of the organization that are nobody's of the staff, the newest first. All of its stores have the \
             same ones.",
        )
        .budget(Budget::new(1, 1, 0))
        .parameters(Parameter::page())
        .parameters([Parameter::query(
            "filter[email]",
            "The one with this address, in whatever capitals.",
            json!({ "type": "string", "format": "email" }),
            "grace@example.com",
        )])
        .answer(Answer::json::<CustomersBody>(200, "A page of customers.").headers([Header::Link]).example(
            "one",
            "One customer",
            json!({ "items": [customer(true)], "nextCursor": null }),
        ))
        .problems(wrong_page())
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/customers/{id}", "getCustomer", Scope::CustomersRead)
        .says("Shows a customer", "By the id of the account. Whoever is of the staff is no customer.")
        .budget(Budget::new(1, 1, 0))
        .parameters([customer_id()])
        .answer(answer(true))
        .problems(not_found())
}

fn suspend() -> Operation {
    changing("/api/v1/customers/{id}/suspend", "suspendCustomer")
        .says(
            "Suspends a customer",
            "Nobody logs in to the account any more, and its sessions end within a minute. Orders and profile stay. \
             One who is suspended stays so.",
        )
        .answer(answer(false))
}

fn resume() -> Operation {
    changing("/api/v1/customers/{id}/resume", "resumeCustomer")
        .says("Ends a suspension", "The customer logs in again. One who is active stays so.")
        .answer(answer(true))
}

fn changing(path: &'static str, id: &'static str) -> Operation {
    operation(Method::POST, path, id, Scope::CustomersWrite)
        .budget(Budget::new(2, 9, 1))
        .parameters([customer_id(), Parameter::if_match()])
        .problems(not_found())
        .problems(redis())
        .problems(entropy())
        .problems(if_match(CustomerError::VersionMismatch { current: 8 }))
        .problems(vec![of(CustomerError::Changing, "Others are changing the same.").with::<AllowedActions>()])
}

fn customer_id() -> Parameter {
    Parameter::path(
        "id",
        "The id of the customer's account.",
        json!({ "type": "string", "pattern": "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$" }),
        id::<AccountKind>(1).to_string(),
    )
}

fn answer(is_active: bool) -> Answer {
    let example = customer(is_active);
    Answer::json::<CustomerBody>(200, "The customer.").headers([Header::Etag]).example(
        "customer",
        "A customer",
        example,
    )
}

fn customer(is_active: bool) -> Value {
    json!({
        "id": id::<AccountKind>(1).to_string(),
        "email": "grace@example.com",
        "name": "Grace Hopper",
        "phone": "+49 30 1234567",
        "locale": "en",
        "state": state_name(is_active),
        "emailVerifiedAt": time(0),
        "version": 3,
        "createdAt": time(0),
    })
}
