//! The exports' operations, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ProductKind, VariantKind};
use http::Method;
use serde_json::json;

use super::usecase::{MOST_PRODUCTS, Place};
use crate::openapi::{
    Answer, Budget, Cache, Header, Operation, Parameter, credentials, database, id, min_version, money, of,
};
use crate::problem::Problem;

const CSV: &str = "\
Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,\
Option1 name,Option1 value,Option2 name,Option2 value,Option3 name,Option3 value,Price,Compare-at price,Charge tax,\
Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),Weight unit for display,\
Requires shipping,Product image URL,Image position,Image alt text,Variant image URL,SEO title,SEO description\r\n\
Camping Mug,camping-mug,,Northwind,Outdoor > Kitchen,Mug,steel,TRUE,active,MUG-1,,Title,Default Title,,,,,12.50,,TRUE,\
shopify,40,DENY,120,g,TRUE,,,,,,\r\n";

const SAYS: &str = "Every product, drafts and archived ones too, in the order of their ids. An answer is a slice of at \
    most `size` products and, unless one of them is longer, about 2 MB; `Link` leads to the next slice, which begins \
    where it ends, however much later. Each slice is read at one moment: what is changed meanwhile is as it is when \
    its slice is read, a product that is made comes last, and none comes twice. Where `Catalog-Version` is the same \
    in all slices, nothing was changed.";

pub fn operations() -> Vec<Operation> {
    vec![csv(), lines()]
}

fn operation(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    let after = id_of(1);
    let cursor = Place { done: 1_000, total: Some(24_628), after }.cursor();
    let size = json!({ "type": "integer", "minimum": 1, "maximum": MOST_PRODUCTS, "default": MOST_PRODUCTS });
    Operation::new(Method::GET, path, id, "Catalog")
        .says(summary, SAYS)
        .cache(Cache::Personal)
        .parameters([
            Parameter::min_version(),
            Parameter::query("cursor", "Where the slice begins: from `Link`.", json!({ "type": "string" }), cursor),
            Parameter::query("size", "How many products a slice has at most.", size, 500),
        ])
        .problems(credentials(Scope::CatalogWrite))
        .problems(database())
        .problems(min_version())
        .problems(vec![of(
            Problem::parameter("cursor", "is not a cursor of this export"),
            "Query parameters are unknown or not valid; `errors` lists them all.",
        )])
}

fn id_of(number: u8) -> String {
    id::<ProductKind>(number).to_string()
}

fn csv() -> Operation {
    let header = json!({ "type": "string", "enum": ["newer", "older"], "default": "newer" });
    operation(
        "/api/v1/admin/exports/products.csv",
        "exportProductFile",
        "Exports products as Shopify's product CSV, which an import takes back without a change",
    )
    .budget(Budget::new(2, 4, 0))
    .parameters([Parameter::query("header", "Of which generation the columns' names are.", header, "older")])
    .answer(
        Answer::text(200, "text/csv", "A slice of the file; the first one begins with the header.")
            .headers([Header::Link, Header::ExportProgress, Header::CatalogVersion])
            .example("mug", "The only slice of a small store", CSV.into()),
    )
}

fn lines() -> Operation {
    let line = json!({
        "id": id_of(1),
        "handle": "camping-mug",
        "title": "Camping Mug",
        "status": "active",
        "variants": [{
            "id": id::<VariantKind>(1).to_string(),
            "sku": "MUG-1",
            "price": money(1_250),
            "requiresShipping": true,
            "taxable": true,
            "inventory": { "quantity": 40, "tracked": true, "continueSelling": false },
        }],
    });
    operation(
        "/api/v1/admin/exports/products.jsonl",
        "exportProductLines",
        "Exports products as JSON Lines, which a bulk upsert takes back without a change",
    )
    .budget(Budget::new(1, 2, 0))
    .answer(
        Answer::text(200, "application/jsonl", "A slice of the file: of each product its id and its source.")
            .headers([Header::Link, Header::ExportProgress, Header::CatalogVersion])
            .example("mug", "The only slice of a small store", format!("{line}\n").into()),
    )
}
