//! `/api/v1/imports`.

use std::io;

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::import::{
    EncodingError, ImportError, ImportReader, RowError, RowWarning, check_encoding,
};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use headlesspro_shared::limits::Class;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::place::{FOREIGN, Place};
use super::usecase::{self, How, Report};
use crate::app::Ctx;
use crate::extract::{Parsed, Query, QueryParams, RawBody};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// The largest file a request may bring: hosts give a request 30 s and 10 MiB. `hp import` takes any size.
pub(super) const LIMIT: usize = 10 * 1024 * 1024;

/// After so long a request begins no further commit, and answers how far it has come: hosts give it 30 s.
const WORKS_FOR_MILLIS: i64 = 15_000;

pub fn routes() -> Routes {
    Routes::new().class(Class::Import).post("/api/v1/imports", Access::Key(Scope::CatalogWrite), import)
}

/// What became of a product file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImportReport")]
pub struct ImportReportBody {
    /// Whether nothing was written.
    pub dry_run: bool,
    pub products: ProductCountsBody,
    pub variants: VariantCountsBody,
    /// All errors; the first thousand are listed.
    pub error_count: u64,
    pub errors: Vec<RowProblemBody>,
    /// All warnings; the first thousand are listed.
    pub warning_count: u64,
    pub warnings: Vec<RowProblemBody>,
    /// Where the time was over before the file was: the `cursor` with which the same file, sent again, goes on. What is
    /// told here is about what came before.
    pub next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImportedProducts")]
pub struct ProductCountsBody {
    pub created: u64,
    pub updated: u64,
    /// The file says what is there already.
    pub unchanged: u64,
    /// Left out because of an error.
    pub failed: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImportedVariants")]
pub struct VariantCountsBody {
    pub written: u64,
    /// Which the file no longer names.
    pub removed: u64,
}

/// Something about one row.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RowProblem")]
pub struct RowProblemBody {
    /// On which the row starts, counted from 1.
    pub line: u64,
    /// As the file's header writes it; null for the row as a whole.
    pub column: Option<String>,
    pub handle: Option<String>,
    pub reason: String,
}

struct ImportQuery {
    dry_run: bool,
    /// The mark of the file, and where it goes on.
    from: Option<(String, Place)>,
}

impl Query for ImportQuery {
    fn parse(params: &mut QueryParams) -> ImportQuery {
        let dry_run = params.take("dryRun", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false"),
        });
        let from = params.take("cursor", |text| {
            let cursor: Cursor = text.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(SORT) {
                Ok([CursorPart::Text(mark), CursorPart::Text(place)]) => Ok((mark.clone(), place.parse::<Place>()?)),
                _ => Err(FOREIGN),
            }
        });
        ImportQuery { dry_run: dry_run.unwrap_or(false), from }
    }
}

async fn import(
    ctx: Ctx,
    Parsed(query): Parsed<ImportQuery>,
    headers: HeaderMap,
    RawBody(file): RawBody<LIMIT>,
) -> Result<Response, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("text/csv") {
        return Err(not_csv());
    }
    let currency = ctx.principal().await?.currency;
    let file_mark = format!("{:032x}", xxh3_128(&file));
    let from = match query.from {
        Some((mark, _)) if mark != file_mark => return Err(Problem::parameter("cursor", OTHER_FILE)),
        from => from.map(|(_, place)| place).unwrap_or_default(),
    };
    check_encoding(io::Cursor::new(&file)).map_err(unreadable)?;
    let reader = ImportReader::new(io::Cursor::new(file), currency).map_err(Problem::from)?;
    let dry_run = query.dry_run;
    let how = How { dry_run, from, works_for_millis: Some(WORKS_FOR_MILLIS) };
    let mut report = usecase::import(&ctx, reader, how, |_| {}).await?;
    let parts = |place: Place| vec![CursorPart::Text(file_mark), CursorPart::Text(place.to_string())];
    let next_cursor = report.next.take().map(|place| Cursor::new(SORT, parts(place)).to_string());
    let status = if next_cursor.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((status, headers, axum::Json(ImportReportBody::new(report, dry_run, next_cursor))).into_response())
}

/// Of the cursor of a file.
pub(super) const SORT: &str = "import";

const OTHER_FILE: &str = "is of another file: send the one that it was answered to";

pub(super) fn not_csv() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-csv")
        .detail("The body must be a product file, sent as `Content-Type: text/csv`.")
}

fn unreadable(error: std::io::Error) -> ImportError {
    error.downcast::<EncodingError>().map_or_else(|error| ImportError::Read(error.to_string()), ImportError::Encoding)
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "file-not-importable").detail(error.to_string())
    }
}

impl ImportReportBody {
    pub fn new(report: Report, dry_run: bool, next_cursor: Option<String>) -> ImportReportBody {
        ImportReportBody {
            dry_run,
            products: ProductCountsBody {
                created: report.products.created,
                updated: report.products.updated,
                unchanged: report.products.unchanged,
                failed: report.products.failed,
            },
            variants: VariantCountsBody { written: report.variants_written, removed: report.variants_removed },
            error_count: report.error_count,
            errors: report.errors.into_iter().map(RowProblemBody::from).collect(),
            warning_count: report.warning_count,
            warnings: report.warnings.into_iter().map(RowProblemBody::from).collect(),
            next_cursor,
        }
    }
}

impl From<RowError> for RowProblemBody {
    fn from(error: RowError) -> RowProblemBody {
        RowProblemBody { line: error.line, column: error.column, handle: error.handle, reason: error.reason }
    }
}

impl From<RowWarning> for RowProblemBody {
    fn from(warning: RowWarning) -> RowProblemBody {
        RowProblemBody { line: warning.line, column: warning.column, handle: warning.handle, reason: warning.reason }
    }
}
