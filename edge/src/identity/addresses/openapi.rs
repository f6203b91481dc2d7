//! The operations of address books, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AddressKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{AddAddressBody, AddressBookBody, AddressEntryBody, ChangeAddressBody};
use super::usecase::AddressError;
use crate::identity::openapi::operation;
use crate::openapi::{
    Answer, Budget, Header, Operation, Parameter, RequestBody, address, address_answer, entropy, id, idempotency,
    if_match, json_body, not_found, of, time,
};

const BOOK: &str = "/api/v1/customers/me/addresses";
const ENTRY: &str = "/api/v1/customers/me/addresses/{id}";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), update(), delete()]
}

fn list() -> Operation {
    operation(Method::GET, BOOK, "listAddresses", Scope::ProfileRead)
        .says("Lists one's addresses", "The whole address book, oldest first.")
        .budget(Budget::new(1, 1, 0))
        .answer(Answer::json::<AddressBookBody>(200, "The address book.").example(
            "one",
            "One address",
            json!({ "items": [entry(1)] }),
        ))
}

fn create() -> Operation {
    operation(Method::POST, BOOK, "addAddress", Scope::ProfileWrite)
        .says("Adds an address", "At most 50. The first one is the default for shipping and for billing.")
        .budget(Budget::new(2, 2, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<AddAddressBody>("The address.").example(
            "default",
            "Where everything is sent",
            json!({ "address": address(), "isDefaultShipping": true }),
        ))
        .answer(
            Answer::json::<AddressEntryBody>(201, "The address was added.")
                .headers([Header::Etag, Header::Location, Header::IdempotentReplayed])
                .example("first", "The first address", entry(1)),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![of(AddressError::BookFull, "There are 50 addresses.")])
}

fn update() -> Operation {
    operation(Method::PATCH, ENTRY, "changeAddress", Scope::ProfileWrite)
        .says("Changes an address", "What is left out stays as it is; `address` takes the place of the whole one.")
        .budget(Budget::new(2, 2, 0))
        .parameters([which(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeAddressBody>("What changes.").example(
            "billing",
            "Bills go there too",
            json!({ "isDefaultBilling": true }),
        ))
        .answer(Answer::json::<AddressEntryBody>(200, "The address as it is now.").headers([Header::Etag]).example(
            "changed",
            "At its second version",
            entry(2),
        ))
        .problems(json_body())
        .problems(if_match(AddressError::VersionMismatch { current: 7 }))
        .problems(not_found())
        .problems(entropy())
}

fn delete() -> Operation {
    operation(Method::DELETE, ENTRY, "removeAddress", Scope::ProfileWrite)
        .says("Removes an address", "If it was a default, there is none until another is chosen.")
        .budget(Budget::new(1, 2, 0))
        .parameters([which(), Parameter::if_match()])
        .answer(Answer::empty(204, "The address is gone."))
        .problems(if_match(AddressError::VersionMismatch { current: 7 }))
        .problems(not_found())
        .problems(entropy())
}

fn which() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^addr_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The address.", schema, id::<AddressKind>(1).to_string())
}

fn entry(version: i64) -> Value {
    json!({
        "id": id::<AddressKind>(1).to_string(),
        "address": address_answer(),
        "isDefaultShipping": true,
        "isDefaultBilling": true,
        "version": version,
        "createdAt": time(0),
        "updatedAt": time(version - 1),
    })
}
