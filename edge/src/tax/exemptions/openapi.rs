//! The operations of customers' certificates, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountKind, TaxExemptionKind, TaxZoneKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{ExemptionBody, ExemptionsBody, WriteExemptionBody};
use super::usecase::ExemptionError;
use crate::openapi::{
    AllowedActions, Answer, Header, Operation, Parameter, Problem, RequestBody, entropy, id, idempotency, if_match,
    json_body, not_found, of, time,
};
use crate::tax::openapi::operation;

const ALL: &str = "/api/v1/tax-exemptions";
const ONE: &str = "/api/v1/tax-exemptions/{id}";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), replace(), delete()]
}

fn list() -> Operation {
    let account = Parameter::query(
        "filter[accountId]",
        "Those of one customer.",
        json!({ "type": "string" }),
        id::<AccountKind>(1).to_string(),
    );
    operation(Method::GET, ALL, "listTaxExemptions", Scope::TaxRead)
        .says("Lists customers' certificates of exemption", "The oldest first, with those that hold no more.")
        .parameters(Parameter::page())
        .parameters([account])
        .answer(Answer::json::<ExemptionsBody>(200, "A page of certificates.").headers([Header::Link]).example(
            "one",
            "One certificate",
            json!({ "items": [certificate()], "nextCursor": null }),
        ))
        .problems(vec![of(
            crate::problem::Problem::parameter("limit", "the limit must be a number between 1 and 250"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
}

fn create() -> Operation {
    operation(Method::POST, ALL, "createTaxExemption", Scope::TaxWrite)
        .says(
            "Adds a customer's certificate of exemption",
            "Who is logged in with it buys without tax where and while it holds. A customer has 20 at most.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(written().example("resale", "A reseller", sent(true)))
        .answer(
            Answer::json::<ExemptionBody>(201, "The certificate.")
                .headers([Header::Location, Header::Etag, Header::IdempotentReplayed])
                .example("resale", "A new certificate", certificate()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![
            of(ExemptionError::TooMany, "The customer has 20 already.").with::<AllowedActions>(),
            changing(),
        ])
}

fn show() -> Operation {
    operation(Method::GET, ONE, "getTaxExemption", Scope::TaxRead)
        .says("Shows a customer's certificate of exemption", "With its number.")
        .parameters([key()])
        .answer(answer())
        .problems(not_found())
}

fn replace() -> Operation {
    operation(Method::PUT, ONE, "replaceTaxExemption", Scope::TaxWrite)
        .says(
            "Replaces a customer's certificate of exemption",
            "What is left out is gone, but it stays its customer's. What that one has in an open checkout is totalled again.",
        )
        .parameters([key(), Parameter::if_match()])
        .body(written().example("ended", "One that ends, in one zone", sent(false)))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ExemptionError::VersionMismatch { current: 8 }))
        .problems(vec![changing()])
}

fn delete() -> Operation {
    operation(Method::DELETE, ONE, "deleteTaxExemption", Scope::TaxWrite)
        .says("Deletes a customer's certificate of exemption", "Orders that were made by it keep its number.")
        .parameters([key(), Parameter::if_match()])
        .answer(Answer::empty(204, "The certificate is gone."))
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ExemptionError::VersionMismatch { current: 8 }))
        .problems(vec![changing()])
}

fn changing() -> Problem {
    of(ExemptionError::Changing, "Somebody else is changing the same.").with::<AllowedActions>()
}

fn key() -> Parameter {
    let example = id::<TaxExemptionKind>(1).to_string();
    Parameter::path("id", "The certificate's id.", json!({ "type": "string" }), example)
}

fn written() -> RequestBody {
    RequestBody::json::<WriteExemptionBody>("All of the certificate.")
}

fn answer() -> Answer {
    let answer = Answer::json::<ExemptionBody>(200, "The certificate.").headers([Header::Etag]);
    answer.example("resale", "A certificate", certificate())
}

/// A new one, or one in the place of another.
fn sent(is_new: bool) -> Value {
    let mut sent = json!({ "number": "1-234567", "note": "Resale certificate, seen by Ada" });
    if let Value::Object(members) = &mut sent {
        if is_new {
            members.insert("accountId".to_owned(), id::<AccountKind>(1).to_string().into());
        } else {
            members.insert("zones".to_owned(), json!([id::<TaxZoneKind>(1).to_string()]));
            members.insert("until".to_owned(), time(24).into());
        }
    }
    sent
}

fn certificate() -> Value {
    let mut shown = sent(true);
    let more = json!({
        "id": id::<TaxExemptionKind>(1).to_string(),
        "zones": [id::<TaxZoneKind>(1).to_string()],
        "from": null,
        "until": time(24),
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    });
    if let Value::Object(members) = &mut shown {
        members.extend(more.as_object().cloned().unwrap_or_default());
    }
    shown
}
