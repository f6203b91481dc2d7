//! The operations of channels, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::ChannelKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{ChangeChannelBody, ChannelBody, ChannelListBody, CreateChannelBody};
use super::usecase::ChannelError;
use crate::catalog::openapi::query_problems;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, if_match, json_body, not_found, of, time,
};

/// Without products that are there before it, a channel takes three commits.
const WRITE: Budget = Budget::growing(6, 0);

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete()]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    let budget = if method == Method::GET { Budget::new(1, 2, 0) } else { WRITE };
    Operation::new(method, path, id, "Catalog")
        .cache(Cache::Personal)
        .budget(budget)
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/admin/channels", "listChannels")
        .says("Lists channels", "In the order of their handles; a store has 100 at most.")
        .parameters(Parameter::page())
        .answer(Answer::json::<ChannelListBody>(200, "A page of channels.").headers([Header::Link]).example(
            "one",
            "One channel",
            json!({ "items": [outlet()], "nextCursor": null }),
        ))
        .problems(query_problems())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/admin/channels", "createChannel")
        .says(
            "Makes a channel",
            "What is published in all channels is put into it. A publishable key that is of a channel \
             (`POST /api/v1/api-keys`) is shown what is published there, and nothing else.",
        )
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<CreateChannelBody>("The channel.").example(
            "outlet",
            "A second storefront",
            json!({ "name": "Outlet", "handle": "outlet" }),
        ))
        .answer(
            Answer::json::<ChannelBody>(201, "The channel.")
                .headers([Header::Etag, Header::Location, Header::IdempotentReplayed])
                .example("outlet", "A new channel", outlet()),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(entropy())
        .problems(vec![of(ChannelError::TooMany, "There are 100 already.").with::<AllowedActions>()])
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/admin/channels/{idOrHandle}", "getChannel")
        .says("Shows a channel", "By its id or its handle.")
        .parameters([key()])
        .answer(answer())
        .problems(not_found())
}

fn change() -> Operation {
    operation(Method::PATCH, "/api/v1/admin/channels/{idOrHandle}", "changeChannel")
        .says("Changes a channel", "The body is a JSON Merge Patch (RFC 7396). Products and keys keep it by its id.")
        .parameters([key(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeChannelBody>("What is to be changed.").example(
            "name",
            "Another name",
            json!({ "name": "Factory outlet" }),
        ))
        .answer(answer())
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ChannelError::VersionMismatch { current: 8 }))
        .problems(vec![of(ChannelError::Changing, "Somebody else is changing the same.").with::<AllowedActions>()])
}

fn delete() -> Operation {
    operation(Method::DELETE, "/api/v1/admin/channels/{idOrHandle}", "deleteChannel")
        .says("Deletes a channel", "One that no product names, whatever its status, and that no good key is of.")
        .parameters([key(), Parameter::if_match()])
        .answer(Answer::empty(204, "The channel is gone."))
        .problems(not_found())
        .problems(entropy())
        .problems(if_match(ChannelError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(ChannelError::InUse, "Products or keys have it.").with::<AllowedActions>(),
            of(ChannelError::Changing, "Somebody else is changing the same.").with::<AllowedActions>(),
        ])
}

fn key() -> Parameter {
    let schema = json!({ "type": "string" });
    Parameter::path("idOrHandle", "The channel's id, or its handle.", schema, id::<ChannelKind>(1).to_string())
}

fn answer() -> Answer {
    Answer::json::<ChannelBody>(200, "The channel.").headers([Header::Etag]).example("outlet", "A channel", outlet())
}

fn outlet() -> Value {
    json!({
        "id": id::<ChannelKind>(1).to_string(),
        "handle": "outlet",
        "name": "Outlet",
        "ready": true,
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}
