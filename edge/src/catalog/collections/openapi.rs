//! The operations of collections, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{CollectionKind, ProductKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{
    ChangeCollectionBody, CollectionBody, CollectionListBody, CreateCollectionBody, ShownCollectionBody,
};
use super::usecase::CollectionError;
use crate::catalog::categories::http::PlaceBody;
use crate::catalog::openapi::{
    BUDGET, CACHED, MovedCollectionAnswer, attributes, locale_problems, products, query_problems,
};
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body, min_version, not_found, of, time,
};

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete(), shelf(), place()]
}

fn read(path: &'static str, id: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, "Catalog")
        .cache(Cache::Catalog)
        .budget(BUDGET)
        .parameters([Parameter::if_none_match(), Parameter::min_version()])
        .problems(min_version())
        .problems(credentials(Scope::CatalogRead))
        .problems(database())
}

fn write(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Catalog")
        .cache(Cache::Personal)
        .budget(Budget::new(2, 9, 0))
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
        .problems(entropy())
}

/// For a store's first 2,000 products a rule takes two, and one more for each further 2,000.
const RULED: Budget = Budget::growing(2, 0);

fn list() -> Operation {
    read("/api/v1/collections", "listCollections")
        .says("Lists collections", "One page of the collections, in the order of their handles.")
        .parameters(Parameter::page())
        .parameters(attributes())
        .parameters(Parameter::locale())
        .answer(
            Answer::json::<CollectionListBody>(200, "A page of collections.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Link])
                .example("one", "One collection", json!({ "items": [summer()], "nextCursor": null })),
        )
        .answer(
            Answer::empty(304, "The page is the one the caller has.")
                .headers(CACHED)
                .headers([Header::ContentLanguage, Header::Link]),
        )
        .problems(query_problems())
}

fn show() -> Operation {
    read("/api/v1/collections/{idOrHandle}", "getCollection")
        .says(
            "Shows a collection",
            "By its id, or by its handle: that of the locale, or its own. One that it had leads to the present one until \
             another collection has it.",
        )
        .parameters([key()])
        .parameters(Parameter::locale())
        .answer(
            Answer::json::<ShownCollectionBody>(200, "The collection.")
                .headers(CACHED)
                .headers([Header::ContentLanguage])
                .example("summer", "A collection", shown()),
        )
        .answer(moved())
        .answer(
            Answer::empty(304, "The collection is as the caller has it.")
                .headers(CACHED)
                .headers([Header::ContentLanguage]),
        )
        .problems(locale_problems())
        .problems(not_found())
}

fn create() -> Operation {
    write(Method::POST, "/api/v1/collections", "createCollection")
        .says(
            "Makes a collection",
            "With a rule its products are those that meet it, from now on and whenever a product changes; without one \
             they are chosen. Products that are there already are held against the rule 2,000 a commit, for up to 15 \
             seconds: `ready` says whether all were, and the same request again goes on, and answers the collection as \
             it is then. A store has 10,000 collections at most, 250 of them with a rule.",
        )
        .budget(RULED)
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<CreateCollectionBody>("The collection.")
                .example("summer", "A collection with a rule", request())
                .example(
                    "valued",
                    "One with the value of an attribute that the store declares of collections",
                    json!({ "name": "Beach", "attributes": { "campaign": "summer" } }),
                )
                .example("chosen", "One whose products are chosen", json!({ "name": "Staff picks" })),
        )
        .answer(
            Answer::json::<CollectionBody>(201, "The collection.")
                .headers([Header::Location, Header::IdempotentReplayed, Header::CatalogVersion])
                .example("summer", "A new collection", summer()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(vec![
            of(CollectionError::TooMany, "There are 10,000 already.").with::<AllowedActions>(),
            of(CollectionError::TooManyRules, "There are 250 with a rule already.").with::<AllowedActions>(),
            changing(),
        ])
}

fn change() -> Operation {
    write(Method::PATCH, "/api/v1/collections/{idOrHandle}", "changeCollection")
        .says(
            "Changes a collection",
            "With another rule, the store's products are held against it 2,000 a commit, for up to 15 seconds: each stays \
             as the rule before had it until its turn comes, and `ready` says whether all had theirs. Any change goes on \
             with what is left, an empty one too.",
        )
        .budget(RULED)
        .parameters([key(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeCollectionBody>("What is to be changed.").example(
            "order",
            "Another order",
            json!({ "productOrder": "title" }),
        ))
        .answer(answer().headers([Header::Etag, Header::CatalogVersion]))
        .problems(json_body())
        .problems(not_found())
        .problems(if_match(CollectionError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(CollectionError::TooManyRules, "There are 250 with a rule already.").with::<AllowedActions>(),
            changing(),
        ])
}

fn delete() -> Operation {
    write(Method::DELETE, "/api/v1/collections/{idOrHandle}", "deleteCollection")
        .says("Deletes a collection", "Its products stay.")
        .budget(Budget::growing(3, 0))
        .parameters([key(), Parameter::if_match()])
        .answer(Answer::empty(204, "The collection is gone.").headers([Header::CatalogVersion]))
        .problems(not_found())
        .problems(if_match(CollectionError::VersionMismatch { current: 8 }))
        .problems(vec![changing()])
}

fn shelf() -> Operation {
    products("/api/v1/collections/{idOrHandle}/products", "listCollectionProducts")
        .says("Lists a collection's products", "In the collection's own order.")
        .parameters([key()])
        .answer(moved())
        .problems(not_found())
}

fn place() -> Operation {
    write(Method::POST, "/api/v1/collections/{idOrHandle}/products", "placeCollectionProducts")
        .says(
            "Chooses a collection's products",
            "Adds products, behind those that are there unless they are given a place; gives places; takes products \
             out. What others add at the same moment is added as well.",
        )
        .parameters([key()])
        .body(RequestBody::json::<PlaceBody>("The products.").example(
            "first",
            "One in the first place, one out",
            json!({
                "add": [{ "productId": id::<ProductKind>(1).to_string(), "position": 1 }],
                "remove": [id::<ProductKind>(2).to_string()],
            }),
        ))
        .answer(Answer::empty(204, "The products are where they were asked to be.").headers([Header::CatalogVersion]))
        .problems(json_body())
        .problems(not_found())
        .problems(vec![of(CollectionError::HasRule, "Its products are found by a rule.").with::<AllowedActions>()])
}

fn key() -> Parameter {
    Parameter::path(
        "idOrHandle",
        "The collection's id or handle. Writes take the handle of the default locale.",
        json!({ "type": "string" }),
        id::<CollectionKind>(1).to_string(),
    )
}

fn changing() -> crate::openapi::Problem {
    of(CollectionError::Changing, "Others are changing the same.").with::<AllowedActions>()
}

fn answer() -> Answer {
    Answer::json::<CollectionBody>(200, "The collection.").example("summer", "A collection", summer())
}

fn moved() -> Answer {
    Answer::json::<MovedCollectionAnswer>(301, "The collection has another handle now. The query is kept.")
        .headers(CACHED)
        .headers([Header::ContentLanguage, Header::Location])
        .example(
            "renamed",
            "It was called otherwise",
            json!({ "id": id::<CollectionKind>(1).to_string(), "handle": "summer" }),
        )
}

fn shown() -> Value {
    let mut shown = summer();
    if let Some(members) = shown.as_object_mut() {
        members.insert("canonicalUrl".to_owned(), json!("https://shop.example/collections/summer"));
    }
    shown
}

fn rule() -> Value {
    json!({
        "matches": "all",
        "conditions": [
            { "field": "tag", "operator": "equals", "value": "summer" },
            { "field": "price", "operator": "at-most", "value": "199.99" },
        ],
    })
}

fn request() -> Value {
    json!({
        "name": "Summer",
        "rule": rule(),
        "productOrder": "price",
        "description": "<p>Light and dry.</p>",
    })
}

fn summer() -> Value {
    json!({
        "id": id::<CollectionKind>(1).to_string(),
        "handle": "summer",
        "name": "Summer",
        "rule": rule(),
        "ready": true,
        "productOrder": "price",
        "description": "<p>Light and dry.</p>",
        "imageUrl": null,
        "metadata": {},
        "seo": { "title": "Summer", "description": "" },
        "attributes": { "campaign": { "type": "text", "value": "summer" } },
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}
