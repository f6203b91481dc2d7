//! `/api/v1/customers`, for the staff.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::AccountKind;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use http::header::ETAG;
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::usecase::{self, Customer, CustomerError, Wanted, state_name};
use crate::app::Ctx;
use crate::extract::{IfMatch, Parsed, PathId, Query, QueryParams};
use crate::identity::http::{answer, linked};
use crate::identity::store::customer::NEWEST;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// Over the whole organization, whose stores share their customers, or for one of them.
pub fn routes() -> Routes {
    let write = Access::Record(Scope::CustomersWrite);
    Routes::new()
        .get("/api/v1/customers", Access::Organization(Scope::CustomersRead), list)
        .get("/api/v1/customers/{id}", Access::Record(Scope::CustomersRead), show)
        .post("/api/v1/customers/{id}/suspend", write, suspend)
        .post("/api/v1/customers/{id}/resume", write, resume)
}

/// A customer, as the staff sees them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Customer")]
pub struct CustomerBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub id: String,
    pub email: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub locale: String,
    #[schemars(extend("enum" = ["active", "suspended"]))]
    pub state: String,
    /// Null: somebody registered the address, and nobody has confirmed it.
    #[schemars(with = "Option<MomentText>")]
    pub email_verified_at: Option<String>,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Customers")]
pub struct CustomersBody {
    /// The newest first.
    pub items: Vec<CustomerBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

const SORT: &str = "newest";

impl Query for Wanted {
    fn parse(params: &mut QueryParams) -> Wanted {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let email = params.take("filter[email]", str::parse::<Email>);
        let before = params.take("cursor", before).unwrap_or_else(|| NEWEST.to_owned());
        Wanted { email, before, limit: limit.get() }
    }
}

fn before(cursor: &str) -> Result<String, &'static str> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    match cursor.parts_for(SORT) {
        Ok([CursorPart::Text(id)]) => Ok(id.clone()),
        _ => Err(FOREIGN),
    }
}

async fn list(ctx: Ctx, Parsed(wanted): Parsed<Wanted>, uri: Uri) -> Result<Response, Problem> {
    let (customers, more) = usecase::list(&ctx, &wanted).await?;
    let last = customers.last().filter(|_| more).map(|last| CursorPart::Text(last.account.id.to_string()));
    let next_cursor = last.map(|last| Cursor::new(SORT, vec![last]).to_string());
    let body = CustomersBody { items: customers.into_iter().map(CustomerBody::from).collect(), next_cursor };
    Ok(linked(answer(StatusCode::OK, &body), &uri, body.next_cursor.as_deref()))
}

async fn show(ctx: Ctx, PathId(id): PathId<AccountKind>) -> Result<Response, Problem> {
    Ok(shown(usecase::find(&ctx, id).await?))
}

async fn suspend(ctx: Ctx, PathId(id): PathId<AccountKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    Ok(shown(usecase::set_active(&ctx, id, false, version).await?))
}

async fn resume(ctx: Ctx, PathId(id): PathId<AccountKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    Ok(shown(usecase::set_active(&ctx, id, true, version).await?))
}

fn shown(customer: Customer) -> Response {
    let etag = format!("\"{}\"", customer.account.version);
    ([(ETAG, etag)], answer(StatusCode::OK, &CustomerBody::from(customer))).into_response()
}

impl From<Customer> for CustomerBody {
    fn from(Customer { account, is_active }: Customer) -> CustomerBody {
        CustomerBody {
            id: account.id.to_string(),
            email: account.email,
            name: account.name,
            phone: account.phone,
            locale: account.locale,
            state: state_name(is_active).to_owned(),
            email_verified_at: account.email_verified_at.map(|at| at.to_string()),
            version: account.version,
            created_at: account.created_at.to_string(),
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Problem {
        match error {
            CustomerError::VersionMismatch { current } => {
                Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
                    .detail(format!("The customer is at version {current}."))
                    .with("version", current.into())
            }
            CustomerError::Changing => Problem::new(StatusCode::CONFLICT, "changed-meanwhile")
                .detail("Somebody else is changing the same. Nothing was done: look at it, and try again.")
                .with("allowedActions", json!(["retry"])),
        }
    }
}
