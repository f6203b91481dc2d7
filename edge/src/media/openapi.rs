//! The operations of files, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::FileKind;
use http::Method;
use serde_json::{Value, json};

use super::http::{AnnouncedBody, ChangeFileBody, CreateFileBody, FileBody, FileRunBody, FilesBody};
use super::usecase::FileError;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, Problem, RequestBody, credentials, database,
    entropy, id, idempotency, if_match, json_body, not_found, of, time,
};
use crate::port::blob::BucketError;

const FILES: &str = "/api/v1/files";
const FILE: &str = "/api/v1/files/{id}";

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), show(), change(), delete(), complete(), run()]
}

fn operation(method: Method, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, "Files")
        .cache(Cache::Personal)
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
}

fn list() -> Operation {
    operation(Method::GET, FILES, "listFiles")
        .says("Lists files", "Those of the store, the newest first; also those that are not uploaded yet.")
        .budget(Budget::new(1, 2, 0))
        .parameters(Parameter::page())
        .answer(Answer::json::<FilesBody>(200, "A page of files.").headers([Header::Link]).example(
            "one",
            "One file",
            json!({ "items": [file("ready")], "nextCursor": null }),
        ))
        .problems(vec![of(
            crate::problem::Problem::parameter("limit", "the limit must be a number between 1 and 250"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
}

fn create() -> Operation {
    operation(Method::POST, FILES, "createFile")
        .says(
            "Makes a file to be uploaded",
            "The answer allows one upload of this kind and size, straight to the file store, for 15 minutes. Then say \
             that it is completed. A repeat with the same key is answered with the file as it is by then, and with an \
             upload that is allowed for 15 minutes more. A file that is not completed in a day is removed.",
        )
        .budget(Budget::new(2, 5, 0))
        .parameters([Parameter::idempotency_key(false)])
        .body(RequestBody::json::<CreateFileBody>("The file.").example(
            "photo",
            "A photograph",
            json!({
                "name": "tunnel-tent-2.jpg",
                "contentType": "image/jpeg",
                "bytes": 184_320,
                "alt": "A green tunnel tent by a lake",
                "focalPoint": { "x": 0.5, "y": 0.375 },
            }),
        ))
        .answer(
            Answer::json::<AnnouncedBody>(201, "The file, and its upload.")
                .headers([Header::Location, Header::IdempotentReplayed])
                .example("photo", "To be uploaded", json!({ "file": file("pending"), "upload": upload() })),
        )
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(entropy())
        .problems(vec![no_bucket()])
}

fn show() -> Operation {
    operation(Method::GET, FILE, "getFile")
        .says("Shows a file", "Where it is, and what it shows.")
        .budget(Budget::new(1, 2, 0))
        .parameters([which()])
        .answer(answer("As it is."))
        .problems(not_found())
}

fn change() -> Operation {
    operation(Method::PATCH, FILE, "changeFile")
        .says("Describes a file anew", "What shows the file already keeps what it was given.")
        .budget(Budget::new(2, 9, 0))
        .parameters([which(), Parameter::if_match()])
        .body(RequestBody::json::<ChangeFileBody>("What is to be changed.").example(
            "alt",
            "Another description, and the middle of the image",
            json!({ "alt": "A tunnel tent at dusk", "focalPoint": null }),
        ))
        .answer(answer("As it is now."))
        .problems(json_body())
        .problems(if_match(FileError::VersionMismatch { current: 7 }))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(FileError::Changing, "Others change the same file, again and again.").with::<AllowedActions>(),
        ])
}

fn delete() -> Operation {
    operation(Method::DELETE, FILE, "deleteFile")
        .says("Removes a file", "From the file store as well, soon afterwards. One that something shows stays.")
        .budget(Budget::new(2, 9, 0))
        .parameters([which(), Parameter::if_match()])
        .answer(Answer::empty(204, "The file is gone."))
        .problems(if_match(FileError::VersionMismatch { current: 7 }))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(FileError::InUse, "A product, a category or a collection shows it.").with::<AllowedActions>(),
        ])
}

fn complete() -> Operation {
    operation(Method::POST, "/api/v1/files/{id}/complete", "completeFile")
        .says(
            "Says that a file was uploaded",
            "It is looked for in the file store: its size, its content type and how it begins must be as announced. \
             One that is ready already stays so.",
        )
        .budget(Budget::new(2, 4, 0))
        .parameters([which()])
        .answer(answer("It is ready."))
        .problems(not_found())
        .problems(entropy())
        .problems(vec![
            of(FileError::NotUploaded, "It is not in the file store.").with::<AllowedActions>(),
            of(FileError::Another("It has another size than was announced."), "It is not what was announced.")
                .with::<AllowedActions>(),
            of(FileError::Bucket(BucketError::Silent), "The file store does not answer."),
            no_bucket(),
        ])
}

fn run() -> Operation {
    Operation::new(Method::POST, "/api/v1/jobs/files", "removeDueFiles", "Jobs")
        .says(
            "Removes what is due from the file store",
            "For a scheduler, once an hour, on hosts without a cron of their own. Objects are removed right after the \
             request that removes their files; this removes what was left over, and files that nobody uploaded.",
        )
        .cache(Cache::Never)
        .budget(Budget::growing(1, 0))
        .answer(Answer::json::<FileRunBody>(200, "What was done.").example(
            "two",
            "Two objects are gone",
            json!({ "removed": 2, "postponed": 0 }),
        ))
        .problems(credentials(Scope::JobsRun))
        .problems(database())
}

fn no_bucket() -> Problem {
    of(FileError::NoBucket, "The deployment keeps no files.")
}

fn which() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^file_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The file.", schema, id::<FileKind>(1).to_string())
}

fn answer(description: &'static str) -> Answer {
    Answer::json::<FileBody>(200, description).headers([Header::Etag]).example("photo", "A photograph", file("ready"))
}

fn file(status: &str) -> Value {
    let url = "https://cdn.example.com/org_1/store_1/4be1a8f07c5d4f0aa2d1b6e8c3f79d10/tunnel-tent-2.jpg";
    json!({
        "id": id::<FileKind>(1).to_string(),
        "name": "tunnel-tent-2.jpg",
        "contentType": "image/jpeg",
        "bytes": 184_320,
        "status": status,
        "url": (status == "ready").then_some(url),
        "alt": "A green tunnel tent by a lake",
        "focalPoint": { "x": 0.5, "y": 0.375 },
        "version": 1,
        "createdAt": time(0),
        "updatedAt": time(0),
    })
}

fn upload() -> Value {
    json!({
        "method": "PUT",
        "url": "https://account.r2.cloudflarestorage.com/media/org_1/store_1/4be1a8f07c5d4f0aa2d1b6e8c3f79d10/\
            tunnel-tent-2.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900&X-Amz-Signature=...",
        "headers": { "content-length": "184320", "content-type": "image/jpeg" },
        "expiresAt": time(0),
    })
}
