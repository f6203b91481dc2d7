//! The operations of store credit, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AccountKind;
use http::Method;
use serde_json::json;

use super::http::CreditBody;
use crate::catalog::query_problems;
use crate::ledger::openapi::{adjustment, changing, entries_answer, insufficient, operation};
use crate::ledger::writing::WriteError;
use crate::openapi::{
    AllowedActions, Answer, Header, Operation, Parameter, id, idempotency, json_body, money, not_found, of,
};

pub fn operations() -> Vec<Operation> {
    vec![show_own(), own_entries(), show(), adjust(), entries()]
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/customers/{id}/store-credit", "getStoreCredit", Scope::StoreCreditRead)
        .says("Shows a customer's store credit", "In each currency; it is good in every store of the organization.")
        .parameters([customer_id()])
        .answer(answer(200))
        .problems(not_found())
}

fn adjust() -> Operation {
    operation(Method::POST, "/api/v1/customers/{id}/store-credit", "adjustStoreCredit", Scope::StoreCreditWrite)
        .says("Grants a customer store credit, or deducts some", "What is there in a currency is never below zero.")
        .parameters([customer_id(), Parameter::idempotency_key(false)])
        .body(adjustment())
        .answer(answer(201).headers([Header::Location, Header::IdempotentReplayed]))
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(insufficient())
        .problems(vec![
            of(WriteError::Unverified, "Nobody has confirmed the customer's address.").with::<AllowedActions>(),
        ])
        .problems(changing())
}

fn entries() -> Operation {
    let path = "/api/v1/customers/{id}/store-credit/entries";
    operation(Method::GET, path, "listStoreCreditEntries", Scope::StoreCreditRead)
        .says("Lists what has moved a customer's store credit", "By currency, in each the newest first.")
        .parameters([customer_id()])
        .parameters(Parameter::page())
        .answer(entries_answer())
        .problems(not_found())
        .problems(query_problems())
}

fn show_own() -> Operation {
    operation(Method::GET, "/api/v1/customers/me/store-credit", "getOwnStoreCredit", Scope::ProfileRead)
        .says("Shows one's own store credit", "In each currency.")
        .answer(answer(200))
}

fn own_entries() -> Operation {
    let path = "/api/v1/customers/me/store-credit/entries";
    operation(Method::GET, path, "listOwnStoreCreditEntries", Scope::ProfileRead)
        .says("Lists what has moved one's own store credit", "By currency, in each the newest first.")
        .parameters(Parameter::page())
        .answer(entries_answer())
        .problems(query_problems())
}

fn customer_id() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The customer's id.", schema, id::<AccountKind>(1).to_string())
}

fn answer(status: u16) -> Answer {
    let example = json!({ "balances": [money(500)] });
    Answer::json::<CreditBody>(status, "What the customer can spend.").example("five", "Five euros", example)
}
