//! The imports' operations, for the OpenAPI document.

use headlesspro_shared::catalog::import::ImportError;
use headlesspro_shared::identity::Scope;
use http::Method;
use serde_json::json;

use super::http::{ImportReportBody, LIMIT, not_csv};
use crate::openapi::{
    Answer, Budget, Cache, Operation, Parameter, RequestBody, credentials, database, entropy, of, raw_body,
};
use crate::problem::Problem;

const FILE: &str = "\
Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price\n\
tunnel-tent-2,Tunnel Tent 2,Colour,Moss,TT2-MOSS,12,189.00\n\
tunnel-tent-2,,,Sand,TT2-SAND,0,209.00\n";

pub fn operations() -> Vec<Operation> {
    vec![import()]
}

fn import() -> Operation {
    Operation::new(Method::POST, "/api/v1/imports", "importProducts", "Catalog")
        .says(
            "Imports a product file",
            "Takes Shopify's product CSV, in both of its header generations, into catalog and stock. Products are \
             known by their handle: importing again updates them in place. A product with a wrong row is left out \
             and listed, the others go in. Up to four hundred products are one commit.",
        )
        .cache(Cache::Personal)
        .budget(Budget::growing(2, 0))
        .parameters([Parameter::query(
            "dryRun",
            "`true`: say what would become of the file, and write nothing.",
            json!({ "type": "boolean", "default": false }),
            true,
        )])
        .body(RequestBody::text("text/csv", "The file, in UTF-8, of at most 10 MiB.").example(
            "tent",
            "A product with two variants",
            FILE.into(),
        ))
        .answer(Answer::json::<ImportReportBody>(200, "What became of the file.").example(
            "mostly",
            "Two products went in, one did not",
            json!({
                "dryRun": false,
                "products": { "created": 2, "updated": 0, "unchanged": 0, "failed": 1 },
                "variants": { "written": 5, "removed": 0 },
                "errorCount": 1,
                "errors": [{
                    "line": 7,
                    "column": "Variant Price",
                    "handle": "camping-stove",
                    "reason": "must not be below zero",
                }],
                "warnings": [{
                    "line": 1,
                    "column": "Google Shopping / Gender",
                    "handle": null,
                    "reason": "is not a column that is imported",
                }],
            }),
        ))
        .problems(credentials(Scope::CatalogWrite))
        .problems(raw_body(LIMIT, "The file has more than 10 MiB. `hp import` takes any size."))
        .problems(vec![
            of(not_csv(), "The body is sent as another media type than `text/csv`."),
            of(
                Problem::parameter("dryRun", "must be true or false"),
                "Query parameters are unknown or not valid; `errors` lists them all.",
            ),
            of(
                ImportError::MissingColumns(vec!["Handle", "Title"]),
                "The file as a whole is no product CSV in UTF-8. What came before a row that broke it stays imported.",
            ),
        ])
        .problems(entropy())
        .problems(database())
}
