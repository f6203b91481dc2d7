//! `/api/v1/imports`.

use std::io::Cursor;

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::import::{
    EncodingError, ImportError, ImportReader, RowError, RowWarning, check_encoding,
};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::limits::Class;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::usecase::{self, Report};
use crate::app::Ctx;
use crate::extract::{Parsed, Query, QueryParams, RawBody};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// The largest file a request may bring: hosts give a request 30 s and 10 MiB. `hp import` takes any size.
pub(super) const LIMIT: usize = 10 * 1024 * 1024;

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
}

impl Query for ImportQuery {
    fn parse(params: &mut QueryParams) -> ImportQuery {
        let dry_run = params.take("dryRun", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false"),
        });
        ImportQuery { dry_run: dry_run.unwrap_or(false) }
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
    check_encoding(Cursor::new(&file)).map_err(unreadable)?;
    let reader = ImportReader::new(Cursor::new(file), currency).map_err(Problem::from)?;
    let report = usecase::import(&ctx, reader, query.dry_run, |_| {}).await?;
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((headers, axum::Json(ImportReportBody::new(report, query.dry_run))).into_response())
}

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
    pub fn new(report: Report, dry_run: bool) -> ImportReportBody {
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
