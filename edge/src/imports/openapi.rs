//! The imports' operations, for the OpenAPI document.

use headlesspro_shared::catalog::import::{ImportError, ImportReader, Parsed};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use http::Method;
use serde_json::{Value, json};

use super::http::{ImportReportBody, LIMIT, RowProblemBody, SORT, not_csv};
use super::usecase::NOT_IMPORTED;
use crate::failure::Unavailable;
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, credentials, database, entropy, of, raw_body,
};
use crate::problem::Problem;

const FILE: &str = "\
Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price\n\
tunnel-tent-2,Tunnel Tent 2,Colour,Moss,TT2-MOSS,12,189.00\n\
tunnel-tent-2,,,Sand,TT2-SAND,0,209.00\n";

/// Its third product is left out.
const WITH_AN_ERROR: &str = "\
Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Google Shopping / Gender\n\
tunnel-tent-2,Tunnel Tent 2,Colour,Moss,TT2-MOSS,189.00,\n\
tunnel-tent-2,,,Sand,TT2-SAND,209.00,\n\
trail-jacket,Trail Jacket,Size,S,TJ-S,129.00,\n\
trail-jacket,,,M,TJ-M,129.00,\n\
trail-jacket,,,L,TJ-L,129.00,\n\
camping-stove,Camping Stove,,,STOVE,-49.00,\n";

pub fn operations() -> Vec<Operation> {
    vec![import()]
}

fn import() -> Operation {
    Operation::new(Method::POST, "/api/v1/imports", "importProducts", "Catalog")
        .says(
            "Imports a product file",
            "Takes Shopify's product CSV, in both of its header generations, into catalog and stock. Products are \
             known by their handle: importing again updates them in place. A product with a wrong row is left out \
             and listed, the others go in. Up to four hundred products are one commit. A request works for 15 seconds: \
             where the file has more, the answer is 202 with a `nextCursor`, and the same file goes on with that.",
        )
        .cache(Cache::Personal)
        .budget(Budget::growing(2, 0))
        .parameters([Parameter::query(
            "dryRun",
            "`true`: say what would become of the file, and write nothing.",
            json!({ "type": "boolean", "default": false }),
            true,
        )])
        .parameters([Parameter::query(
            "cursor",
            "The `nextCursor` of the answer to the same file.",
            json!({ "type": "string" }),
            cursor(),
        )])
        .body(RequestBody::text("text/csv", "The file, in UTF-8, of at most 10 MiB.").example(
            "tent",
            "A product with two variants",
            FILE.into(),
        ))
        .answer(
            Answer::json::<ImportReportBody>(200, "What became of the file.")
                .headers([Header::CatalogVersion])
                .example(
                    "mostly",
                    "Two products went in, one did not",
                    json!({
                        "dryRun": false,
                        "products": { "created": 2, "updated": 0, "unchanged": 0, "failed": 1 },
                        "variants": { "written": 5, "removed": 0 },
                        "errorCount": 1,
                        "errors": errors(WITH_AN_ERROR),
                        "warningCount": 1,
                        "warnings": [{
                            "line": 1,
                            "column": "Google Shopping / Gender",
                            "handle": null,
                            "reason": NOT_IMPORTED,
                        }],
                        "nextCursor": null,
                    }),
                ),
        )
        .answer(
            Answer::json::<ImportReportBody>(202, "What became of the file up to where its time was over.")
                .headers([Header::CatalogVersion])
                .example(
                    "goes-on",
                    "Twenty thousand products went in, and there are more",
                    json!({
                        "dryRun": false,
                        "products": { "created": 20_000, "updated": 0, "unchanged": 0, "failed": 0 },
                        "variants": { "written": 20_000, "removed": 0 },
                        "errorCount": 0,
                        "errors": [],
                        "warningCount": 0,
                        "warnings": [],
                        "nextCursor": cursor(),
                    }),
                ),
        )
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
            of(
                Unavailable::Contended,
                "Other imports write the same products at the same moment. The products before them are in: import \
                 the file again.",
            ),
        ])
        .problems(entropy())
        .problems(database())
}

fn cursor() -> String {
    let parts = ["8a7f0c52e0b1f3a96d4c2b7e91f05d38", "20001"].map(|text| CursorPart::Text(text.to_owned()));
    Cursor::new(SORT, parts.into()).to_string()
}

/// What is said of the rows of a file.
fn errors(file: &str) -> Value {
    let reader = ImportReader::new(file.as_bytes(), Currency::EUR).into_iter().flatten();
    let errors = reader.filter_map(Result::ok).flat_map(|parsed| match parsed {
        Parsed::Refused { errors } => errors,
        Parsed::Product { .. } => Vec::new(),
    });
    errors.map(|error| json!(RowProblemBody::from(error))).collect()
}
