//! The operations of attributes, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AttributeKind;
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::http::LIMIT;
use super::usecase::AttributeError;
use crate::catalog::openapi::query_problems;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body_within, not_found, of, time,
};
use crate::wire::{IdText, MomentText};

/// An attribute that products, variants, categories or collections may have.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteAttribute", deny_unknown_fields)]
pub struct WriteAttribute {
    /// What values are given by. Of its own in the store, and never another: lower-case letters, digits, `-` and `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[a-z][a-z0-9_-]*$"))]
    pub key: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    /// What has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["product", "variant", "category", "collection"]))]
    pub of: Option<String>,
    /// What its values are: texts of at most 5,000 characters; whole numbers; decimals in texts, such as `"12.5"`, with
    /// at most 15 digits before the point and 9 after it; `true` or `false`; dates such as `2026-11-22`; money in the
    /// store's currency; `http` or `https` addresses; ids of other things of the store; lists of at most 128 of one of
    /// these; any JSON of at most 16 KiB. Once there are values it stays as it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [
        "text", "number", "decimal", "boolean", "date", "money", "url", "reference", "list", "json"
    ]))]
    pub value_type: Option<String>,
    /// What a list's elements are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [
        "text", "number", "decimal", "boolean", "date", "money", "url", "reference", null
    ]))]
    pub items: Option<String>,
    /// What references refer to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["product", "category", "collection", "file", null]))]
    pub target: Option<String>,
    /// Whether lists of products, categories or collections can be narrowed by it, as `attribute.` and its key; false
    /// where it is left out.
    /// Addresses, JSON and texts of more than 255 characters are not found so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filterable: Option<bool>,
    /// The texts that there are; any where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub choices: Option<Vec<String>>,
    /// The lowest number, decimal, date or amount, as its values are given. Another limit holds for what is written from
    /// then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
}

/// An attribute as it is declared.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Attribute")]
pub struct AttributeAnswer {
    #[schemars(with = "IdText<AttributeKind>")]
    pub id: String,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
    #[serde(flatten)]
    pub attribute: WriteAttribute,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AttributeList")]
pub struct AttributeListAnswer {
    /// In the order of their keys.
    pub items: Vec<AttributeAnswer>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete()]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    let budget = if method == Method::GET { Budget::new(1, 2, 0) } else { Budget::new(2, 9, 0) };
    Operation::new(method, path, id, "Catalog")
        .cache(Cache::Personal)
        .budget(budget)
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/admin/attributes", "listAttributes")
        .says("Lists attributes", "In the order of their keys; a store declares 250 at most.")
        .parameters(Parameter::page())
        .answer(Answer::json::<AttributeListAnswer>(200, "A page of attributes.").headers([Header::Link]).example(
            "one",
            "One attribute",
            json!({ "items": [material(true)], "nextCursor": null }),
        ))
        .problems(query_problems())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/admin/attributes", "createAttribute")
        .says("Declares an attribute", "From then on what it is `of` may have values of it.")
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<WriteAttribute>("The attribute.").example(
            "material",
            "A text that products have",
            material(false),
        ))
        .answer(
            Answer::json::<AttributeAnswer>(201, "The attribute.")
                .headers([Header::Location, Header::IdempotentReplayed, Header::CatalogVersion])
                .example("material", "A new attribute", material(true)),
        )
        .problems(body_problems())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![of(AttributeError::TooMany, "There are 250 already.").with::<AllowedActions>()])
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/admin/attributes/{idOrKey}", "getAttribute")
        .says("Shows an attribute", "By its id or its key.")
        .parameters([key()])
        .answer(answer().headers([Header::Etag]))
        .problems(not_found())
}

fn change() -> Operation {
    operation(Method::PATCH, "/api/v1/admin/attributes/{idOrKey}", "changeAttribute")
        .says(
            "Changes an attribute",
            "The body is a JSON Merge Patch (RFC 7396). Another `of`, `type`, `items` or `target` is refused while \
             there are values. Other limits hold for what is written from then on: what is there stays.",
        )
        .parameters([key(), Parameter::if_match()])
        .body(RequestBody::json::<WriteAttribute>("What is to be changed.").example(
            "choices",
            "Other choices",
            json!({ "choices": ["oak", "pine", "ash"] }),
        ))
        .answer(answer().headers([Header::Etag, Header::CatalogVersion]))
        .problems(body_problems())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(AttributeError::VersionMismatch { current: 8 }))
        .problems(in_use())
}

fn delete() -> Operation {
    operation(Method::DELETE, "/api/v1/admin/attributes/{idOrKey}", "deleteAttribute")
        .says(
            "Deletes an attribute",
            "One that no product, whatever its status, no category and no collection has a value of.",
        )
        .parameters([key(), Parameter::if_match()])
        .answer(Answer::empty(204, "The attribute is gone.").headers([Header::CatalogVersion]))
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(AttributeError::VersionMismatch { current: 8 }))
        .problems(in_use())
}

fn body_problems() -> Vec<crate::openapi::Problem> {
    json_body_within(LIMIT, "The body has more than 128 KiB.")
}

fn in_use() -> Vec<crate::openapi::Problem> {
    vec![
        of(AttributeError::InUse("material".to_owned()), "Something has values of it.").with::<AllowedActions>(),
        of(AttributeError::Changing, "Somebody else is changing the same.").with::<AllowedActions>(),
    ]
}

fn key() -> Parameter {
    let schema = json!({ "type": "string" });
    Parameter::path("idOrKey", "The attribute's id, or its key.", schema, id::<AttributeKind>(1).to_string())
}

fn answer() -> Answer {
    Answer::json::<AttributeAnswer>(200, "The attribute.").example("material", "An attribute", material(true))
}

/// As it is sent, or, `is_kept`, as it is shown.
fn material(is_kept: bool) -> Value {
    let mut material = json!({
        "key": "material",
        "name": "Material",
        "of": "product",
        "type": "text",
        "filterable": true,
        "choices": ["oak", "pine"],
    });
    if let (true, Value::Object(members)) = (is_kept, &mut material) {
        members.insert("id".to_owned(), id::<AttributeKind>(1).to_string().into());
        members.insert("version".to_owned(), 1.into());
        members.insert("createdAt".to_owned(), time(0).into());
        members.insert("updatedAt".to_owned(), time(0).into());
    }
    material
}
