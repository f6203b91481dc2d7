//! The operations of a kind of zones.

use headlesspro_shared::identity::Scope;
use http::Method;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::usecase::ZoneError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, Problem, RequestBody, credentials, database,
    entropy, id, idempotency, if_match, json_body, not_found, of,
};

/// What the description says of a kind of zones.
pub struct Described {
    pub tag: &'static str,
    /// The list, and one of it.
    pub paths: (&'static str, &'static str),
    /// To list, make, show, replace and delete: ids and summaries.
    pub named: [(&'static str, &'static str); 5],
    /// What is to be known of a zone.
    pub about: &'static str,
    pub read: Scope,
    pub write: Scope,
    /// As it is sent, and as it is shown.
    pub examples: (Value, Value),
}

/// The five operations, with bodies `W` in and `B` out, in lists `L`.
pub fn operations<K: headlesspro_shared::kernel::id::Kind, W: JsonSchema, B: JsonSchema, L: JsonSchema>(
    described: &Described,
) -> Vec<Operation> {
    let Described { tag, paths: (all, one), named, about, read, write, examples: (sent, shown) } = described;
    let [(list, lists), (create, creates), (show, shows), (replace, replaces), (delete, deletes)] = *named;
    let operation = |method: Method, path: &'static str, id: &'static str, scope: Scope| {
        let budget = if method == Method::GET { Budget::new(1, 2, 0) } else { Budget::growing(3, 0) };
        Operation::new(method, path, id, tag)
            .cache(Cache::Personal)
            .budget(budget)
            .problems(credentials(scope))
            .problems(database())
    };
    let key = || Parameter::path("id", "The zone's id.", json!({ "type": "string" }), id::<K>(1).to_string());
    let body = || RequestBody::json::<W>("All of the zone.").example("zone", "A zone", sent.clone());
    let answer = |status: u16| {
        Answer::json::<B>(status, "The zone.").headers([Header::Etag]).example("zone", "A zone", shown.clone())
    };
    let page = json!({ "items": [shown], "nextCursor": null });
    let changing = || of(ZoneError::Changing, "Somebody else is changing the same.").with::<AllowedActions>();
    let mismatch = || if_match(ZoneError::VersionMismatch { current: 8 });
    vec![
        operation(Method::GET, all, list, *read)
            .says(
                lists,
                "In the order of their positions: the first one holds where two describe a place equally closely.",
            )
            .parameters(Parameter::page())
            .answer(Answer::json::<L>(200, "A page of zones.").headers([Header::Link]).example("one", "A zone", page))
            .problems(vec![of(
                crate::problem::Problem::parameter("limit", "the limit must be a number between 1 and 250"),
                "Query parameters are unknown or not valid; `errors` lists them all.",
            )]),
        operation(Method::POST, all, create, *write)
            .says(creates, about)
            .parameters([Parameter::idempotency_key(false)])
            .body(body())
            .answer(answer(201).headers([Header::Location, Header::IdempotentReplayed]))
            .problems(json_body())
            .problems(idempotency())
            .problems(entropy())
            .problems(too_much()),
        operation(Method::GET, one, show, *read)
            .says(shows, "With all that it has, as a replacement names it.")
            .parameters([key()])
            .answer(answer(200))
            .problems(not_found()),
        operation(Method::PUT, one, replace, *write)
            .says(
                replaces,
                "What is left out is gone, but its position stays. What has an id keeps it; what has none is new.",
            )
            .parameters([key(), Parameter::if_match()])
            .body(body())
            .answer(answer(200))
            .problems(json_body())
            .problems(not_found())
            .problems(entropy())
            .problems(mismatch())
            .problems(too_much().into_iter().skip(1).chain([changing()]).collect()),
        operation(Method::DELETE, one, delete, *write)
            .says(deletes, "The next closest zone holds there from then on, if there is one.")
            .parameters([key(), Parameter::if_match()])
            .answer(Answer::empty(204, "The zone is gone."))
            .problems(not_found())
            .problems(entropy())
            .problems(mismatch())
            .problems(vec![changing()]),
    ]
}

fn too_much() -> Vec<Problem> {
    vec![
        of(ZoneError::TooMany, "There are 300 already.").with::<AllowedActions>(),
        of(ZoneError::TooLarge, "All of them together would be too large.").with::<AllowedActions>(),
    ]
}
