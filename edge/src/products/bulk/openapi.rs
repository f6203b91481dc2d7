//! The operations of bulk upserts, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::BulkJobKind;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use http::Method;
use serde_json::{Value, json};

use super::http::{
    BulkRunBody, CreateBody, ErrorsBody, JobBody, JobsBody, LIMIT, NEWEST, PartBody, SORT, STATES, not_json_lines,
};
use super::job::BulkError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy,
    id, idempotency, json_body, not_found, of, raw_body, time,
};
use crate::problem::Problem;
use crate::products::openapi::BulkPartMissing;

const LINES: &str = "{\"handle\":\"camping-mug\",\"title\":\"Camping Mug\",\"variants\":[{\"sku\":\"MUG-1\",\
\"price\":{\"amount\":\"12.50\",\"currency\":\"EUR\"}}]}\n{\"handle\":\"tunnel-tent-2\",\"vendor\":\"Northwind\"}\n";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), errors(), put(), finish(), cancel(), run()]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Catalog")
        .cache(Cache::Personal)
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
}

fn create() -> Operation {
    operation(Method::POST, "/api/v1/admin/bulk/upserts", "createBulkUpsert")
        .says(
            "Makes a bulk upsert",
            "A job that takes products as JSON Lines, in parts that fit a request. It is forgotten a month after it \
             was made. With `dryRun` its lines are checked and counted as they would be otherwise, and no product is \
             written: each commit is made up to its end and taken back.",
        )
        .budget(Budget::new(2, 4, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(
            RequestBody::json::<CreateBody>("The job.")
                .example("file", "For one file", json!({ "name": "products.jsonl" }))
                .example("dryRun", "To see what it would do", json!({ "name": "products.jsonl", "dryRun": true })),
        )
        .answer(
            Answer::json::<JobBody>(201, "The job.").headers([Header::Location, Header::IdempotentReplayed]).example(
                "new",
                "A new job",
                job("open", 0),
            ),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
}

fn list() -> Operation {
    let cursor = Cursor::new(NEWEST, vec![CursorPart::Text(id::<BulkJobKind>(1).to_string())]).to_string();
    let state = json!({ "type": "string", "enum": STATES });
    operation(Method::GET, "/api/v1/admin/bulk/upserts", "listBulkUpserts")
        .says("Lists the bulk upserts", "The newest first, with how far each has come.")
        .budget(Budget::new(1, 1, 0))
        .parameters([Parameter::query("filter[state]", "Only those of one state.", state, "open")])
        .parameters(Parameter::page())
        .answer(Answer::json::<JobsBody>(200, "A page of jobs.").headers([Header::Link]).example(
            "one",
            "A page with a following one",
            json!({ "items": [job("open", 2)], "nextCursor": cursor }),
        ))
        .problems(vec![wrong_query()])
}

fn wrong_query() -> crate::openapi::Problem {
    of(
        Problem::parameter("limit", "the limit must be a number between 1 and 250"),
        "Query parameters are unknown or not valid; `errors` lists them all.",
    )
}

fn show() -> Operation {
    operation(Method::GET, "/api/v1/admin/bulk/upserts/{id}", "getBulkUpsert")
        .says("Shows how far a bulk upsert has come", "Whoever was stopped goes on with `nextPart`.")
        .budget(Budget::new(1, 2, 0))
        .parameters([key()])
        .answer(answer("open"))
        .problems(not_found())
}

fn errors() -> Operation {
    let cursor = Cursor::new(SORT, vec![CursorPart::Integer(1), CursorPart::Integer(17)]).to_string();
    let item = json!({
        "part": 1,
        "line": 17,
        "errors": [{ "pointer": "#/variants/0/price/amount", "detail": "the amount is negative" }],
    });
    operation(Method::GET, "/api/v1/admin/bulk/upserts/{id}/errors", "listBulkUpsertErrors")
        .says("Lists the lines that were left out", "All that is wrong with each. The others went in.")
        .budget(Budget::new(1, 1, 0))
        .parameters([key()])
        .parameters(Parameter::page())
        .answer(Answer::json::<ErrorsBody>(200, "A page of lines.").headers([Header::Link]).example(
            "one",
            "A page with a following one",
            json!({ "items": [item], "nextCursor": cursor }),
        ))
        .problems(not_found())
        .problems(vec![wrong_query()])
}

fn put() -> Operation {
    let number = json!({ "type": "integer", "minimum": 1, "maximum": 1_000_000 });
    let part = |is_done: bool| {
        json!({
            "part": 3, "isDone": is_done, "bytes": 812, "bytesDone": if is_done { 812 } else { 400 },
            "lines": 3, "created": 2, "updated": 0, "unchanged": 0, "failed": 1,
        })
    };
    operation(Method::PUT, "/api/v1/admin/bulk/upserts/{id}/parts/{number}", "putBulkUpsertPart")
        .says(
            "Takes a part of a bulk upsert",
            "A line does what `POST /api/v1/products` does where its product is not there, and what `PATCH` does where \
             it is; `id` or `handle` says which it is. A line with an error is left out and listed, the others go in. \
             Some hundred lines are one commit, with how far the part has come: the same part again goes on where the \
             last request was stopped, and changes nothing where that was done. Parts may come in any order, and \
             beside each other.",
        )
        .budget(Budget::growing(3, 0))
        .parameters([key(), Parameter::path("number", "Of the part, counted from 1.", number, 3)])
        .body(RequestBody::text("application/jsonl", "One JSON object a line, at most 8 MiB in all.").example(
            "two",
            "Two products",
            LINES.into(),
        ))
        .answer(Answer::json::<PartBody>(200, "All lines are dealt with.").headers([Header::CatalogVersion]).example(
            "done",
            "Two products went in, one did not",
            part(true),
        ))
        .answer(
            Answer::json::<PartBody>(202, "There was not time enough: send the same part again.")
                .headers([Header::CatalogVersion])
                .example("more", "Half of it", part(false)),
        )
        .problems(raw_body(LIMIT, "The part has more than 8 MiB."))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(not_json_lines(), "The body is sent as another media type than `application/jsonl`."),
            of(BulkError::PartDiffers, "The part was sent before, with other content.").with::<AllowedActions>(),
            closed(),
            of(BulkError::Changing, "Somebody else is changing the same.").with::<AllowedActions>(),
        ])
}

fn finish() -> Operation {
    let missing = BulkError::PartMissing(3);
    operation(Method::POST, "/api/v1/admin/bulk/upserts/{id}/finish", "finishBulkUpsert")
        .says("Finishes a bulk upsert", "When all parts up to the last one are done. It takes no more of them then.")
        .budget(Budget::new(3, 5, 0))
        .parameters([key()])
        .answer(answer("finished"))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![closed(), of(missing, "A part is missing, or not done.").with::<BulkPartMissing>()])
}

fn cancel() -> Operation {
    operation(Method::POST, "/api/v1/admin/bulk/upserts/{id}/cancel", "cancelBulkUpsert")
        .says("Cancels a bulk upsert", "It takes no more parts. What is written stays.")
        .budget(Budget::new(3, 5, 0))
        .parameters([key()])
        .answer(answer("cancelled"))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![closed()])
}

fn run() -> Operation {
    Operation::new(Method::POST, "/api/v1/jobs/bulk", "removeBulkUpsertsOver", "Jobs")
        .says(
            "Removes bulk upserts that are over",
            "For a scheduler, once an hour, on hosts without a cron of their own. Jobs are forgotten a month after they \
             were made, and what a dry run has kept goes once it has ended: after the response to who makes or ends a \
             job of the store. This removes what was left over, for up to ten seconds.",
        )
        .cache(Cache::Never)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<BulkRunBody>(200, "What was done.").example(
            "all",
            "All that is over is gone",
            json!({ "removed": 12_000, "isDone": true }),
        ))
        .problems(credentials(Scope::JobsRun))
        .problems(database())
}

fn closed() -> crate::openapi::Problem {
    of(BulkError::Closed("finished".to_owned()), "The job is finished or cancelled.").with::<AllowedActions>()
}

fn key() -> Parameter {
    Parameter::path("id", "The job's id.", json!({ "type": "string" }), id::<BulkJobKind>(1).to_string())
}

fn answer(state: &str) -> Answer {
    Answer::json::<JobBody>(200, "The job.").example("two", "Two parts are done", job(state, 2))
}

fn job(state: &str, parts: i64) -> Value {
    let lines = if parts == 0 { 0 } else { 9_000 };
    json!({
        "id": id::<BulkJobKind>(1).to_string(),
        "name": "products.jsonl",
        "mode": "merge",
        "dryRun": false,
        "state": state,
        "parts": parts,
        "partsDone": parts,
        "nextPart": parts.saturating_add(1),
        "lines": lines,
        "created": lines,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}
