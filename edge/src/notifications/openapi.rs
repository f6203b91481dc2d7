//! The operation that sends due mails, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::MailRunBody;
use crate::openapi::{Answer, Budget, Cache, Operation, credentials, database};

pub fn operations() -> Vec<Operation> {
    vec![run()]
}

fn run() -> Operation {
    Operation::new(Method::POST, "/api/v1/jobs/mail", "sendDueMail", "Jobs")
        .says(
            "Sends the mails that are due",
            "For a scheduler, once a minute, on hosts without a cron of their own. Mails leave right after the \
             request that causes them; this sends what was left over. Two runs at once send each mail once.",
        )
        .cache(Cache::Never)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<MailRunBody>(200, "What was done.").example(
            "two",
            "Two mails left, and one waits for the provider",
            json!({ "sent": 2, "postponed": 1, "failed": 0 }),
        ))
        .problems(credentials(Scope::JobsRun))
        .problems(database())
}
