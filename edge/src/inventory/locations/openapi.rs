//! The operations of locations, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::LocationKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{LocationBody, LocationsBody, WriteLocationBody};
use crate::inventory::openapi::{changing, operation};
use crate::inventory::writing::InventoryError;
use crate::openapi::{
    AllowedActions, Answer, Header, Operation, Parameter, RequestBody, address, address_answer, id, idempotency,
    if_match, json_body, not_found, of, time, wrong_query,
};

const ALL: &str = "/api/v1/locations";
const ONE: &str = "/api/v1/locations/{id}";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), replace(), delete()]
}

fn list() -> Operation {
    operation(Method::GET, ALL, "listLocations", Scope::InventoryRead)
        .says(
            "Lists locations",
            "The oldest first; a store has 100 at most. Whoever has grants for some locations is shown those.",
        )
        .parameters(Parameter::page())
        .answer(Answer::json::<LocationsBody>(200, "A page of locations.").headers([Header::Link]).example(
            "one",
            "One location",
            json!({ "items": [kept()], "nextCursor": null }),
        ))
        .problems(wrong_query())
}

fn create() -> Operation {
    operation(Method::POST, ALL, "createLocation", Scope::InventoryWrite)
        .says("Makes a location", "Nothing is there at first.")
        .parameters([Parameter::idempotency_key(false)])
        .body(written())
        .answer(
            Answer::json::<LocationBody>(201, "The location.")
                .headers([Header::Etag, Header::Location, Header::IdempotentReplayed])
                .example("warehouse", "A new location", kept()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(vec![of(InventoryError::TooManyLocations, "There are 100 already.").with::<AllowedActions>()])
}

fn show() -> Operation {
    operation(Method::GET, ONE, "getLocation", Scope::InventoryRead)
        .says("Shows a location", "")
        .parameters([which()])
        .answer(answer())
        .problems(not_found())
}

fn replace() -> Operation {
    operation(Method::PUT, ONE, "replaceLocation", Scope::InventoryWrite)
        .says("Replaces a location", "What is left out is as in a new one. What is in stock there stays.")
        .parameters([which(), Parameter::if_match()])
        .body(written())
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(changing())
        .problems(if_match(InventoryError::VersionMismatch { current: 8 }))
}

fn delete() -> Operation {
    operation(Method::DELETE, ONE, "deleteLocation", Scope::InventoryWrite)
        .says("Deletes a location", "The store's default one stays.")
        .parameters([which(), Parameter::if_match()])
        .answer(Answer::empty(204, "The location is gone."))
        .problems(not_found())
        .problems(changing())
        .problems(if_match(InventoryError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(InventoryError::LocationIsDefault, "It is the store's default one.").with::<AllowedActions>(),
        ])
}

fn which() -> Parameter {
    Parameter::path_id::<LocationKind>("id", "The location's id.")
}

fn written() -> RequestBody {
    RequestBody::json::<WriteLocationBody>("All of the location.").example("warehouse", "A warehouse", sent())
}

fn answer() -> Answer {
    let answer = Answer::json::<LocationBody>(200, "The location.").headers([Header::Etag]);
    answer.example("warehouse", "A location", kept())
}

fn sent() -> Value {
    json!({
        "name": "Warehouse Berlin",
        "address": address(),
        "coordinates": { "latitude": 52_520_008, "longitude": 13_404_954 },
        "priority": 1,
        "fulfilsOnlineOrders": true,
        "offersPickup": true,
    })
}

fn kept() -> Value {
    let mut shown = sent();
    if let Value::Object(members) = &mut shown {
        let more = json!({
            "id": id::<LocationKind>(1).to_string(),
            "address": address_answer(),
            "active": true,
            "isDefault": false,
            "version": 1,
            "createdAt": time(0),
            "updatedAt": time(0),
        });
        members.extend(more.as_object().cloned().unwrap_or_default());
    }
    shown
}
