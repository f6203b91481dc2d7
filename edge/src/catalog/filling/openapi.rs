//! The operation that goes on with lists, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::ListRunBody;
use crate::openapi::{Answer, Budget, Cache, Operation, credentials, database};

pub fn operations() -> Vec<Operation> {
    vec![run()]
}

fn run() -> Operation {
    Operation::new(Method::POST, "/api/v1/jobs/lists", "fillDueLists", "Jobs")
        .says(
            "Goes on with lists that are not ready",
            "For a scheduler, once a minute, on hosts without a cron of their own. The request that changes what a \
             collection has goes on for 15 seconds, some thousand products a commit; this goes on with what it left \
             over, for up to 15 seconds, a commit of each store in turn. Two runs at once do no harm.",
        )
        .cache(Cache::Never)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<ListRunBody>(200, "What was done.").example(
            "one",
            "One collection is ready",
            json!({ "commits": 50, "filled": 1 }),
        ))
        .problems(credentials(Scope::JobsRun))
        .problems(database())
}
