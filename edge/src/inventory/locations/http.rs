//! `/api/v1/locations`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::inventory::Coordinates;
use headlesspro_shared::kernel::id::LocationKind;
use http::header::ETAG;
use http::{HeaderValue, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::store::Location;
use super::usecase::{self, BY_ID, Name, NewLocation};
use crate::app::Ctx;
use crate::catalog::{AfterText, listed, nothing};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::inventory::http::{shown, text};
use crate::journal::{Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{AddressBody, IdText, MomentText};

/// Whoever has a grant for a location sees that one and changes it; a new one is the store's.
pub fn routes() -> Routes {
    let (read, write) = (Access::Location(Scope::InventoryRead), Access::Location(Scope::InventoryWrite));
    Routes::new()
        .get("/api/v1/locations", read, list)
        .post("/api/v1/locations", Access::Key(Scope::InventoryWrite), create)
        .get("/api/v1/locations/{id}", read, show)
        .put("/api/v1/locations/{id}", write, replace)
        .delete("/api/v1/locations/{id}", write, delete)
}

/// A point on the earth (WGS 84), in micro-degrees.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Coordinates", deny_unknown_fields)]
pub struct CoordinatesBody {
    #[schemars(required, range(min = -90_000_000, max = 90_000_000))]
    pub latitude: Option<i64>,
    #[schemars(required, range(min = -180_000_000, max = 180_000_000))]
    pub longitude: Option<i64>,
}

/// All of a location.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WriteLocation", deny_unknown_fields)]
pub struct WriteLocationBody {
    #[schemars(required, length(min = 1, max = 100))]
    pub name: Option<String>,
    pub address: Option<AddressBody>,
    pub coordinates: Option<CoordinatesBody>,
    /// The smaller, the sooner it is taken from; 0 where it is left out.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub priority: Option<i64>,
    /// True where it is left out.
    pub active: Option<bool>,
    /// Whether orders are sent from it; true where it is left out.
    pub fulfils_online_orders: Option<bool>,
    /// False where it is left out.
    pub offers_pickup: Option<bool>,
}

/// Where a store keeps what it sells.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Location")]
pub struct LocationBody {
    #[schemars(with = "IdText<LocationKind>")]
    pub id: String,
    /// Unique in its store.
    pub name: String,
    pub address: Option<AddressBody>,
    pub coordinates: Option<CoordinatesBody>,
    /// The smaller, the sooner it is taken from.
    pub priority: i32,
    pub active: bool,
    /// Whether orders are sent from it.
    pub fulfils_online_orders: bool,
    pub offers_pickup: bool,
    /// Whether it is where what products and imports say of stock is. A store has one of these.
    pub is_default: bool,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Locations")]
pub struct LocationsBody {
    /// The oldest first.
    pub items: Vec<LocationBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl Parse for WriteLocationBody {
    type Parsed = NewLocation;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewLocation> {
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let address = self.address.and_then(|address| errors.nested("address", |errors| address.parse(errors)));
        let coordinates = self.coordinates.and_then(|point| {
            errors.nested("coordinates", |errors| {
                let latitude = errors.required("latitude", point.latitude, Coordinates::latitude_of);
                let longitude = errors.required("longitude", point.longitude, Coordinates::longitude_of);
                Coordinates::new(latitude?.into(), longitude?.into()).ok()
            })
        });
        let priority = errors.optional("priority", self.priority, |priority| match i32::try_from(priority) {
            Ok(priority @ 0..=1_000_000) => Ok(priority),
            _ => Err("must be between 0 and 1000000"),
        });
        if !errors.is_empty() {
            return None;
        }
        Some(NewLocation {
            name: name?,
            address: address.map(AddressBody::from),
            coordinates,
            priority: priority.unwrap_or(0),
            active: self.active.unwrap_or(true),
            fulfils_online: self.fulfils_online_orders.unwrap_or(true),
            offers_pickup: self.offers_pickup.unwrap_or(false),
        })
    }
}

/// Which locations are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_ID))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &page.after, page.limit).await?;
    let body = LocationsBody { items: found.iter().map(LocationBody::from).collect(), next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<WriteLocationBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let mut response = created(usecase::create(&ctx, &body.parsed, claim.as_ref()).await?);
    response.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
    Ok(response)
}

async fn show(ctx: Ctx, PathId(id): PathId<LocationKind>) -> Result<Response, Problem> {
    Ok(answer(&usecase::find(&ctx, id).await?))
}

async fn replace(
    ctx: Ctx,
    PathId(id): PathId<LocationKind>,
    IfMatch(version): IfMatch,
    body: Json<WriteLocationBody>,
) -> Result<Response, Problem> {
    Ok(answer(&usecase::replace(&ctx, id, &body.parsed, version).await?))
}

async fn delete(ctx: Ctx, PathId(id): PathId<LocationKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

fn answer(location: &Location) -> Response {
    shown(location.version, &LocationBody::from(location))
}

/// The location as it is answered.
pub fn render(location: &Location) -> String {
    text(&LocationBody::from(location))
}

impl From<&Location> for LocationBody {
    fn from(location: &Location) -> LocationBody {
        LocationBody {
            id: location.id.to_string(),
            name: location.name.clone(),
            address: location.address.clone(),
            coordinates: location.coordinates.map(|point| CoordinatesBody {
                latitude: Some(point.latitude().into()),
                longitude: Some(point.longitude().into()),
            }),
            priority: location.priority,
            active: location.active,
            fulfils_online_orders: location.fulfils_online,
            offers_pickup: location.offers_pickup,
            is_default: location.is_default,
            version: location.version,
            created_at: location.created_at.to_string(),
            updated_at: location.updated_at.to_string(),
        }
    }
}
