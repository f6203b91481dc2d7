//! The operation that tells a CDN what is due, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::PurgeRunBody;
use crate::openapi::{Answer, Budget, Cache, Operation, credentials, database};

pub fn operations() -> Vec<Operation> {
    vec![run()]
}

fn run() -> Operation {
    Operation::new(Method::POST, "/api/v1/jobs/purges", "sendDuePurges", "Jobs")
        .says(
            "Has the CDN take back what is due",
            "For a scheduler, once a minute, on hosts without a cron of their own. The CDN is told right after the \
             request that changes something; this tells it what was left over, for up to 25 seconds, and drops what is \
             more than a day old. Two runs at once tell it of each once. Where no CDN is set up, nothing is done.",
        )
        .cache(Cache::Never)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<PurgeRunBody>(200, "What was done.").example(
            "three",
            "The CDN was told of three writes",
            json!({ "sent": 3, "postponed": 0, "failed": 0 }),
        ))
        .problems(credentials(Scope::JobsRun))
        .problems(database())
}
