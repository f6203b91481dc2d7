//! The operations of stores' health, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::time::Timestamp;
use http::Method;
use schemars::JsonSchema;
use serde_json::json;

use super::http::ReportHealthBody;
use super::usecase::HealthError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Operation, RequestBody, credentials, database, entropy, json_body,
    not_found, of, time,
};
use crate::organizations::settings::openapi::store_id;
use crate::wire::MomentText;

pub fn operations() -> Vec<Operation> {
    vec![report()]
}

fn report() -> Operation {
    Operation::new(Method::POST, "/api/v1/stores/{id}/health", "reportStoreHealth", "Organization")
        .cache(Cache::Personal)
        .says(
            "Reports how a store's connection is",
            "For the jobs that synchronise it. Reports go forward in time only: an earlier one than the last is \
             refused, and the last synchronisation never gets earlier.",
        )
        .budget(Budget::new(2, 5, 0))
        .parameters([store_id()])
        .body(
            RequestBody::json::<ReportHealthBody>("How it is.")
                .example("healthy", "All is well", json!({ "status": "healthy", "lastSyncAt": time(0) }))
                .example(
                    "failing",
                    "It does not work",
                    json!({ "status": "failing", "message": "401 of the platform" }),
                ),
        )
        .answer(Answer::empty(204, "It is written down."))
        .problems(credentials(Scope::StoresReport))
        .problems(database())
        .problems(json_body())
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(
                HealthError::Outdated { current: Timestamp::from_millis(1_795_512_600_000) },
                "A later report is there.",
            )
            .with::<Outdated>(),
            of(HealthError::Changing, "Others report something else at this moment.").with::<AllowedActions>(),
        ])
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReportOutdated")]
#[expect(dead_code, reason = "read by the schema's derive")]
struct Outdated {
    /// Of the report that is there.
    #[schemars(with = "MomentText")]
    observed_at: String,
    /// What can still be done.
    allowed_actions: Vec<String>,
}
