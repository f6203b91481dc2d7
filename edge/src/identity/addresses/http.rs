//! `/api/v1/customers/me/addresses`.

use std::convert::Infallible;

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::address::PostalAddress;
use headlesspro_shared::kernel::id::AddressKind;
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, AddressError, Entry, Wanted};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, PathId};
use crate::identity::http::{answer, nothing, person};
use crate::identity::store::address::Defaults;
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{AddressBody, IdText, MomentText};

pub fn routes() -> Routes {
    let write = Access::Key(Scope::ProfileWrite);
    Routes::new()
        .get("/api/v1/customers/me/addresses", Access::Key(Scope::ProfileRead), list)
        .post("/api/v1/customers/me/addresses", write, create)
        .patch("/api/v1/customers/me/addresses/{id}", write, update)
        .delete("/api/v1/customers/me/addresses/{id}", write, delete)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddAddress", deny_unknown_fields)]
pub struct AddAddressBody {
    #[schemars(required, with = "AddressBody")]
    pub address: Option<AddressBody>,
    /// The first address is the default of both kinds in any case.
    pub is_default_shipping: Option<bool>,
    pub is_default_billing: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeAddress", deny_unknown_fields)]
pub struct ChangeAddressBody {
    /// Takes the place of the whole address.
    #[schemars(with = "Option<AddressBody>")]
    pub address: Option<AddressBody>,
    /// True takes it from whichever address has it.
    pub is_default_shipping: Option<bool>,
    pub is_default_billing: Option<bool>,
}

/// An address of one's book.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddressEntry")]
pub struct AddressEntryBody {
    #[schemars(with = "IdText<AddressKind>")]
    pub id: String,
    pub address: AddressBody,
    pub is_default_shipping: bool,
    pub is_default_billing: bool,
    /// Grows with each change; the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AddressBook")]
pub struct AddressBookBody {
    /// Oldest first, at most 50.
    pub items: Vec<AddressEntryBody>,
}

impl Parse for AddAddressBody {
    type Parsed = (PostalAddress, Defaults);

    fn parse(self, errors: &mut FieldErrors) -> Option<(PostalAddress, Defaults)> {
        let address = errors.required("address", self.address, Ok::<_, Infallible>);
        let address = address.and_then(|address| errors.nested("address", |errors| address.parse(errors)));
        Some((address?, Defaults { shipping: self.is_default_shipping, billing: self.is_default_billing }))
    }
}

impl Parse for ChangeAddressBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let address = match self.address {
            None => None,
            Some(address) => Some(errors.nested("address", |errors| address.parse(errors))?),
        };
        let defaults = Defaults { shipping: self.is_default_shipping, billing: self.is_default_billing };
        Some(Wanted { address, defaults })
    }
}

async fn list(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let items = usecase::list(&ctx, person).await?.iter().map(AddressEntryBody::from).collect();
    Ok(answer(StatusCode::OK, &AddressBookBody { items }))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<AddAddressBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let render = |entry: &Entry| serde_json::to_string(&AddressEntryBody::from(entry)).unwrap_or_default();
    let mut response = created(usecase::create(&ctx, person, body.parsed, claim.as_ref(), render).await?);
    response.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
    Ok(response)
}

async fn update(
    ctx: Ctx,
    PathId(id): PathId<AddressKind>,
    IfMatch(expected): IfMatch,
    body: Json<ChangeAddressBody>,
) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let entry = usecase::update(&ctx, person, id, body.parsed, expected).await?;
    Ok(([(ETAG, format!("\"{}\"", entry.version))], answer(StatusCode::OK, &AddressEntryBody::from(&entry)))
        .into_response())
}

async fn delete(ctx: Ctx, PathId(id): PathId<AddressKind>, IfMatch(expected): IfMatch) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::delete(&ctx, person, id, expected).await?;
    Ok(nothing())
}

impl From<&Entry> for AddressEntryBody {
    fn from(entry: &Entry) -> AddressEntryBody {
        AddressEntryBody {
            id: entry.id.to_string(),
            address: entry.address.clone(),
            is_default_shipping: entry.is_default_shipping,
            is_default_billing: entry.is_default_billing,
            version: entry.version,
            created_at: entry.created_at.to_string(),
            updated_at: entry.updated_at.to_string(),
        }
    }
}

impl From<AddressError> for Problem {
    fn from(error: AddressError) -> Problem {
        match error {
            AddressError::BookFull => Problem::new(StatusCode::CONFLICT, "address-book-full")
                .detail("The address book holds 50 addresses. Remove one first."),
            AddressError::VersionMismatch { current } => {
                Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
                    .detail(format!("The address is at version {current}."))
                    .with("version", current.into())
            }
        }
    }
}
