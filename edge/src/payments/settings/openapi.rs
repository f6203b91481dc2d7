//! The operations of payment providers, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{OrganizationKind, PaymentProviderKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{ChangeProviderBody, MakeProviderBody, ProviderBody, ProvidersBody};
use super::usecase::SettingsError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Header, Operation, Parameter, Problems, RequestBody, id, idempotency, if_match,
    json_body, not_found, of, time, wrong_query,
};

const ALL: &str = "/api/v1/payment-providers";
const ONE: &str = "/api/v1/payment-providers/{id}";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete()]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    let budgets = [Budget::new(1, 3, 0), Budget::new(3, 11, 0)];
    Operation::managed((method, path), id, "Payments", Scope::PaymentsWrite, budgets)
}

fn list() -> Operation {
    operation(Method::GET, ALL, "listPaymentProviders")
        .says("Lists payment providers", "The oldest first.")
        .parameters(Parameter::page())
        .answer(Answer::json::<ProvidersBody>(200, "A page of payment providers.").headers([Header::Link]).example(
            "one",
            "One provider",
            json!({ "items": [kept()], "nextCursor": null }),
        ))
        .problems(wrong_query())
}

fn create() -> Operation {
    operation(Method::POST, ALL, "createPaymentProvider")
        .says(
            "Sets a payment provider up",
            "Orders name it by its id to be paid by it. What is secret is kept sealed, and never shown.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<MakeProviderBody>("All of it.").example("stripe", "Stripe", sent_to_stripe()).example(
                "sandbox",
                "A sandbox",
                sent(),
            ),
        )
        .answer(
            Answer::json::<ProviderBody>(201, "The provider.")
                .headers([Header::Etag, Header::Location, Header::IdempotentReplayed])
                .example("sandbox", "A new provider", kept()),
        )
        .problems(json_body())
        .problems(idempotency())
}

fn show() -> Operation {
    operation(Method::GET, ONE, "getPaymentProvider")
        .says("Shows a payment provider", "")
        .parameters([which()])
        .answer(answer())
        .problems(not_found())
}

fn change() -> Operation {
    operation(Method::PATCH, ONE, "changePaymentProvider")
        .says("Changes a payment provider", "What is left out stays, secrets as well.")
        .parameters([which(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeProviderBody>("What changes.").example(
            "off",
            "No order is paid by it from now on",
            json!({ "active": false }),
        ))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(changing())
        .problems(if_match(SettingsError::VersionMismatch { current: 8 }))
}

fn delete() -> Operation {
    operation(Method::DELETE, ONE, "deletePaymentProvider")
        .says("Deletes a payment provider", "One that there are payments by stays.")
        .parameters([which(), Parameter::if_match()])
        .answer(Answer::empty(204, "The provider is gone."))
        .problems(not_found())
        .problems(changing())
        .problems(if_match(SettingsError::VersionMismatch { current: 8 }))
        .problems(vec![of(SettingsError::InUse, "There are payments by it.").with::<AllowedActions>()])
}

fn changing() -> Problems {
    vec![of(SettingsError::Changing, "Others are changing the same.").with::<AllowedActions>()]
}

fn which() -> Parameter {
    Parameter::path_id::<PaymentProviderKind>("id", "The provider's id.")
}

fn answer() -> Answer {
    let answer = Answer::json::<ProviderBody>(200, "The provider.").headers([Header::Etag]);
    answer.example("sandbox", "A provider", kept())
}

fn sent() -> Value {
    json!({ "kind": "sandbox", "name": "Sandbox", "webhookSecret": "whsec_0123456789abcdef" })
}

fn sent_to_stripe() -> Value {
    json!({
        "kind": "stripe",
        "name": "Cards",
        "secretKey": "sk_test_0123456789abcdef",
        "publishableKey": "pk_test_0123456789abcdef",
        "webhookSecret": "whsec_0123456789abcdef",
        "capture": "manual",
    })
}

fn kept() -> Value {
    let provider = id::<PaymentProviderKind>(1);
    json!({
        "id": provider.to_string(),
        "kind": "sandbox",
        "name": "Sandbox",
        "active": true,
        "capture": "automatic",
        "webhookPath": format!("/api/v1/payment-webhooks/{}/{provider}", id::<OrganizationKind>(1)),
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}
