//! The operations of customer groups, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountKind, CustomerGroupKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{ChangeGroupBody, CreateGroupBody, GroupBody, GroupsBody, MembersBody};
use crate::openapi::{
    AllowedActions, Answer, Header, Operation, Parameter, RequestBody, id, idempotency, if_match, json_body, not_found,
    of, time, wrong_query,
};
use crate::pricing::openapi::{changing, operation};
use crate::pricing::writing::{Most, WriteError};

const ONE: &str = "/api/v1/customer-groups/{id}";
const MEMBER: &str = "/api/v1/customer-groups/{id}/members/{accountId}";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), rename(), delete(), members(), add(), remove()]
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/customer-groups", "listCustomerGroups", Scope::PricingRead)
        .says("Lists customer groups", "The oldest first; an organization, whose stores share them, has 1,000 at most.")
        .parameters(Parameter::page())
        .answer(Answer::json::<GroupsBody>(200, "A page of groups.").headers([Header::Link]).example(
            "one",
            "One group",
            json!({ "items": [wholesale()], "nextCursor": null }),
        ))
        .problems(wrong_query())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/customer-groups", "createCustomerGroup", Scope::PricingWrite)
        .says("Makes a customer group", "Price lists may be meant for it.")
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<CreateGroupBody>("The group.").example(
            "wholesale",
            "Whoever sells on",
            json!({ "name": "Wholesale" }),
        ))
        .answer(
            Answer::json::<GroupBody>(201, "The group.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("wholesale", "A new group", wholesale()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(vec![of(WriteError::TooMany(Most::Groups), "There are 1,000 already.").with::<AllowedActions>()])
}

fn show() -> Operation {
    operation(Method::GET, ONE, "getCustomerGroup", Scope::PricingRead)
        .says("Shows a customer group", "Without its members.")
        .parameters([group_id()])
        .answer(answer())
        .problems(not_found())
}

fn rename() -> Operation {
    operation(Method::PATCH, ONE, "changeCustomerGroup", Scope::PricingWrite)
        .says("Renames a customer group", "The body is a JSON Merge Patch (RFC 7396).")
        .parameters([group_id(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeGroupBody>("What is to be changed.").example(
            "name",
            "Another name",
            json!({ "name": "Resellers" }),
        ))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
}

fn delete() -> Operation {
    operation(Method::DELETE, ONE, "deleteCustomerGroup", Scope::PricingWrite)
        .says(
            "Deletes a customer group",
            "Its members stay customers. A price list that names no other group is then for nobody.",
        )
        .parameters([group_id(), Parameter::if_match()])
        .answer(Answer::empty(204, "The group is gone."))
        .problems(not_found())
        .problems(changing())
        .problems(if_match(WriteError::VersionMismatch { current: 8 }))
}

fn members() -> Operation {
    operation(Method::GET, "/api/v1/customer-groups/{id}/members", "listCustomerGroupMembers", Scope::CustomersRead)
        .says("Lists the members of a customer group", "By the ids of their accounts.")
        .parameters([group_id()])
        .parameters(Parameter::page())
        .answer(Answer::json::<MembersBody>(200, "A page of members.").headers([Header::Link]).example(
            "one",
            "One member",
            json!({ "items": [{ "accountId": id::<AccountKind>(1).to_string(), "addedAt": time(0) }],
                "nextCursor": null }),
        ))
        .problems(not_found())
        .problems(wrong_query())
}

fn add() -> Operation {
    operation(Method::PUT, MEMBER, "addCustomerGroupMember", Scope::CustomersWrite)
        .says("Puts a customer into a group", "One who is in it stays so.")
        .parameters([group_id(), account_id()])
        .answer(Answer::empty(204, "The customer is in the group."))
        .problems(not_found())
        .problems(changing())
}

fn remove() -> Operation {
    operation(Method::DELETE, MEMBER, "removeCustomerGroupMember", Scope::CustomersWrite)
        .says("Takes a customer out of a group", "One who is not in it stays so.")
        .parameters([group_id(), account_id()])
        .answer(Answer::empty(204, "The customer is not in the group."))
        .problems(not_found())
        .problems(changing())
}

fn group_id() -> Parameter {
    Parameter::path_id::<CustomerGroupKind>("id", "The group's id.")
}

fn account_id() -> Parameter {
    Parameter::path_id::<AccountKind>("accountId", "The id of the customer's account.")
}

fn answer() -> Answer {
    Answer::json::<GroupBody>(200, "The group.").headers([Header::Etag]).example("wholesale", "A group", wholesale())
}

fn wholesale() -> Value {
    json!({
        "id": id::<CustomerGroupKind>(1).to_string(),
        "name": "Wholesale",
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}
