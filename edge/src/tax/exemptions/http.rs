//! `/api/v1/tax-exemptions`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountId, AccountKind, TaxExemptionKind, TaxZoneId, TaxZoneKind};
use http::header::ETAG;
use http::{HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store::Certificate;
use super::usecase::{self, BY_ID, ExemptionError, NewExemption, Note, Number};
use crate::app::Ctx;
use crate::catalog::{AfterText, changed_meanwhile, fields, listed, nothing, version_mismatch, versioned};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::tax::text_of;
use crate::wire::{IdText, MomentText};

/// Of one certificate.
const MOST_ZONES: usize = 50;

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::TaxRead), Access::Key(Scope::TaxWrite));
    Routes::new()
        .get("/api/v1/tax-exemptions", read, list)
        .post("/api/v1/tax-exemptions", write, create)
        .get("/api/v1/tax-exemptions/{id}", read, show)
        .put("/api/v1/tax-exemptions/{id}", write, replace)
        .delete("/api/v1/tax-exemptions/{id}", write, delete)
}

/// All of a customer's certificate.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteTaxExemption", deny_unknown_fields)]
pub struct WriteExemptionBody {
    /// Whose it is: required of a new one. It stays with whoever has it.
    #[schemars(with = "Option<IdText<AccountKind>>")]
    pub account_id: Option<String>,
    /// Kept encrypted.
    #[schemars(required, length(min = 1, max = 100))]
    pub number: Option<String>,
    /// Kept encrypted.
    #[schemars(length(min = 1, max = 500))]
    pub note: Option<String>,
    /// The ids of the tax zones that it holds in; everywhere where it is left out or empty.
    #[schemars(length(max = 50))]
    pub zones: Option<Vec<String>>,
    /// The first instant that it holds; always has where it is left out.
    #[schemars(with = "Option<MomentText>")]
    pub from: Option<String>,
    /// The first instant that it holds no more.
    #[schemars(with = "Option<MomentText>")]
    pub until: Option<String>,
}

/// A certificate by which a customer pays no tax.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaxExemption")]
pub struct ExemptionBody {
    #[schemars(with = "IdText<TaxExemptionKind>")]
    pub id: String,
    #[schemars(with = "IdText<AccountKind>")]
    pub account_id: String,
    pub number: String,
    pub note: Option<String>,
    /// The tax zones that it holds in; none: everywhere.
    #[schemars(with = "Vec<IdText<TaxZoneKind>>")]
    pub zones: Vec<String>,
    #[schemars(with = "Option<MomentText>")]
    pub from: Option<String>,
    /// The first instant that it holds no more.
    #[schemars(with = "Option<MomentText>")]
    pub until: Option<String>,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaxExemptions")]
pub struct ExemptionsBody {
    /// The oldest first.
    pub items: Vec<ExemptionBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A certificate that an order was exempt by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UsedTaxExemption")]
pub struct UsedExemption {
    /// Of the certificate as the store has it, or had it.
    #[schemars(with = "IdText<TaxExemptionKind>")]
    pub id: String,
    /// As it was then.
    pub number: String,
}

impl Parse for WriteExemptionBody {
    type Parsed = NewExemption;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewExemption> {
        let account = errors.optional("accountId", self.account_id, |id| id.parse());
        let number = errors.required("number", self.number, |number| number.parse::<Number>());
        let note = errors.optional("note", self.note, |note| note.parse::<Note>());
        let mut zones: Vec<TaxZoneId> = Vec::new();
        for (at, zone) in self.zones.into_iter().flatten().take(MOST_ZONES.saturating_add(1)).enumerate() {
            zones.extend(errors.optional(&format!("zones/{at}"), Some(zone), |id| id.parse::<TaxZoneId>()));
        }
        if MOST_ZONES < zones.len() {
            errors.push("zones", "must be 50 at most");
        }
        let from = errors.optional("from", self.from, |at| at.parse());
        let until = errors.optional("until", self.until, |at| at.parse());
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            errors.push("until", "must be after the beginning");
        }
        if !errors.is_empty() {
            return None;
        }
        Some(NewExemption { account, number: number?, note, zones, from, until })
    }
}

/// Which certificates are asked for.
struct Page {
    after: AfterText,
    account: Option<AccountId>,
}

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        let account = params.take("filter[accountId]", str::parse::<AccountId>);
        Page { after: AfterText::take(params, BY_ID), account }
    }
}

async fn list(ctx: Ctx, Parsed(page): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &page.after.after, page.after.limit, page.account).await?;
    let body = ExemptionsBody { items: found.iter().map(ExemptionBody::from).collect(), next_cursor };
    Ok(listed(text_of(&body), body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<WriteExemptionBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let mut response = created(usecase::create(&ctx, &body.parsed, claim.as_ref(), render).await?);
    response.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
    Ok(response)
}

async fn show(ctx: Ctx, PathId(id): PathId<TaxExemptionKind>) -> Result<Response, Problem> {
    Ok(shown(&usecase::find(&ctx, id).await?))
}

async fn replace(
    ctx: Ctx,
    PathId(id): PathId<TaxExemptionKind>,
    IfMatch(version): IfMatch,
    body: Json<WriteExemptionBody>,
) -> Result<Response, Problem> {
    Ok(shown(&usecase::replace(&ctx, id, &body.parsed, version).await?))
}

async fn delete(
    ctx: Ctx,
    PathId(id): PathId<TaxExemptionKind>,
    IfMatch(version): IfMatch,
) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

fn shown(certificate: &Certificate) -> Response {
    versioned(certificate.version, render(certificate))
}

fn render(certificate: &Certificate) -> String {
    text_of(&ExemptionBody::from(certificate))
}

impl From<&Certificate> for ExemptionBody {
    fn from(certificate: &Certificate) -> ExemptionBody {
        ExemptionBody {
            id: certificate.id.to_string(),
            account_id: certificate.account.to_string(),
            number: certificate.personal.number.clone(),
            note: certificate.personal.note.clone(),
            zones: certificate.zones.iter().map(ToString::to_string).collect(),
            from: certificate.from.map(|at| at.to_string()),
            until: certificate.until.map(|at| at.to_string()),
            version: certificate.version,
            created_at: certificate.created_at.to_string(),
            updated_at: certificate.updated_at.to_string(),
        }
    }
}

impl From<ExemptionError> for Problem {
    fn from(error: ExemptionError) -> Problem {
        match error {
            ExemptionError::Invalid { fields: wrong, reason } => fields(wrong, reason),
            ExemptionError::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-tax-exemptions")
                .detail("The customer has 20 certificates already.")
                .with("allowedActions", json!([])),
            ExemptionError::VersionMismatch { current } => version_mismatch(current),
            ExemptionError::Changing => changed_meanwhile(),
        }
    }
}
