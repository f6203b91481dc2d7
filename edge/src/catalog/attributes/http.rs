//! `/api/v1/admin/attributes`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use http::{StatusCode, Uri};
use serde_json::json;

use super::usecase::{self, AttributeError, BY_KEY};
use crate::app::Ctx;
use crate::catalog::staff::http::{AfterText, changed_meanwhile, listed, nothing, version_mismatch, versioned};
use crate::catalog::store::attribute::Declared;
use crate::extract::{IdempotencyKey, IfMatch, JsonObject, Parsed, PathText, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// A hundred choices of 255 characters are 100 KiB at most.
pub(super) const LIMIT: usize = 128 * 1024;

pub fn routes() -> Routes {
    let (one, all) = (Access::Record(Scope::CatalogWrite), Access::Key(Scope::CatalogWrite));
    Routes::new()
        .get("/api/v1/admin/attributes", all, list)
        .post("/api/v1/admin/attributes", all, create)
        .get("/api/v1/admin/attributes/{idOrKey}", one, show)
        .patch("/api/v1/admin/attributes/{idOrKey}", one, change)
        .delete("/api/v1/admin/attributes/{idOrKey}", one, delete)
}

/// Which attributes are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_KEY))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (body, next) = usecase::list(&ctx, &page.after, page.limit).await?;
    Ok(listed(body, next.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: JsonObject<LIMIT>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, &body.value, claim.as_ref()).await?))
}

async fn show(ctx: Ctx, PathText([key]): PathText<1>) -> Result<Response, Problem> {
    Ok(shown(&usecase::find(&ctx, &key).await?))
}

async fn change(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    IfMatch(version): IfMatch,
    body: JsonObject<LIMIT>,
) -> Result<Response, Problem> {
    Ok(shown(&usecase::change(&ctx, &key, &body.value, version).await?))
}

async fn delete(ctx: Ctx, PathText([key]): PathText<1>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, &key, version).await?;
    Ok(nothing())
}

fn shown(declared: &Declared) -> Response {
    versioned(declared.version, usecase::render(declared))
}

impl From<AttributeError> for Problem {
    fn from(error: AttributeError) -> Problem {
        match error {
            AttributeError::Invalid(faults) => Problem::faults(faults),
            AttributeError::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-attributes")
                .detail("The store declares 250 attributes already.")
                .with("allowedActions", json!([])),
            AttributeError::InUse(key) => Problem::new(StatusCode::CONFLICT, "attribute-in-use")
                .detail(format!("Values of {key} are in use: it keeps its type, and stays."))
                .with("allowedActions", json!(["rename", "limit"])),
            AttributeError::VersionMismatch { current } => version_mismatch(current),
            AttributeError::Changing => changed_meanwhile(),
        }
    }
}
