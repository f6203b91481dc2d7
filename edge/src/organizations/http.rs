//! The routes of organizations, and what their handlers share.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{Grant, Narrowing, Scope};
use headlesspro_shared::kernel::id::{ChannelKind, LocationKind, StoreId, StoreKind};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use headlesspro_shared::organizations::MembershipError;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{health, impersonations, invitations, members, roles, settings, sign_up};
use crate::app::Ctx;
use crate::extract::{FieldErrors, Query, QueryParams, next_link};
use crate::failure::Denied;
use crate::identity::Person;
use crate::problem::{FieldError, Place, Problem};
use crate::routes::Routes;
use crate::wire::IdText;

pub fn routes() -> Routes {
    Routes::new()
        .and(settings::http::routes())
        .and(health::http::routes())
        .and(members::http::routes())
        .and(roles::http::routes())
        .and(invitations::http::routes())
        .and(impersonations::http::routes())
        .and(sign_up::http::routes())
}

/// Scopes that hold only where `to` says; without `to`, everywhere.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Grant", deny_unknown_fields)]
pub struct GrantBody {
    /// With blanks between.
    #[schemars(required)]
    pub scopes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NarrowingBody>,
}

/// At what has *all* of the named properties.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Narrowing", deny_unknown_fields)]
pub struct NarrowingBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<StoreKind>>")]
    pub store: Option<String>,
    /// The location, and what is in stock there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<LocationKind>>")]
    pub location: Option<String>,
    /// What is in the channel: its catalog; its products, to be changed where they are in no other; its orders. The grant
    /// is kept with the channel's store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<ChannelKind>>")]
    pub channel: Option<String>,
    /// The id of a product, order, category, collection, attribute, channel, file, API key, app, store or customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z]{1,63}_[0-7][0-9a-hjkmnp-tv-z]{25}$"))]
    pub record: Option<String>,
}

/// Every token carries its grants: so many, and so many bytes of JSON.
const MOST_GRANTS: usize = 20;
const MOST_GRANT_BYTES: usize = 3_000;

/// Reads the field `grants`; left out, it is `None`.
pub fn grants(bodies: Option<Vec<GrantBody>>, errors: &mut FieldErrors) -> Option<Vec<Grant>> {
    let bodies = bodies?;
    if MOST_GRANTS < bodies.len() {
        errors.push("grants", "must be 20 at most");
        return None;
    }
    let mut grants = Vec::with_capacity(bodies.len());
    for (at, body) in bodies.into_iter().enumerate() {
        let grant = errors.nested(&format!("grants/{at}"), |errors| {
            let scopes = errors.required("scopes", body.scopes, |scopes| scopes.parse());
            let to = body.to.unwrap_or_default();
            let to = errors.nested("to", |errors| {
                let to = Narrowing {
                    store: errors.optional("store", to.store, |id| id.parse()),
                    location: errors.optional("location", to.location, |id| id.parse()),
                    channel: errors.optional("channel", to.channel, |id| id.parse()),
                    record: errors.optional("record", to.record, |id| id.parse()),
                };
                if let Err(nothing) = to.opens_something() {
                    errors.push(nothing.property(), nothing.to_string());
                }
                to
            });
            scopes.map(|scopes| Grant { scopes, to })
        });
        grants.extend(grant);
    }
    for (at, nothing) in Grant::hidden(&grants) {
        errors.push(&format!("grants/{at}/to/{}", nothing.property()), nothing.to_string());
    }
    // As they are kept, each channel with its store.
    let stores = Grant::channels(&grants).into_iter().map(|channel| (channel, StoreId::from_u128(0))).collect();
    let kept = Grant::in_stores(&grants, &stores).unwrap_or_else(|_| grants.clone());
    if MOST_GRANT_BYTES < serde_json::to_string(&kept).map_or(0, |json| json.len()) {
        errors.push("grants", "are too large for a token: 3000 bytes of JSON at most");
        return None;
    }
    Some(grants)
}

impl From<&Grant> for GrantBody {
    fn from(grant: &Grant) -> GrantBody {
        let to = (!grant.to.is_everywhere()).then(|| NarrowingBody {
            store: grant.to.store.map(|id| id.to_string()),
            location: grant.to.location.map(|id| id.to_string()),
            channel: grant.to.channel.map(|id| id.to_string()),
            record: grant.to.record.as_ref().map(ToString::to_string),
        });
        GrantBody { scopes: Some(grant.scopes.to_string()), to }
    }
}

/// One page of a list in the order of its ids.
pub struct Page {
    pub after: String,
    pub limit: i64,
}

const BY_ID: &str = "id";

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let after = params.take("cursor", |cursor| {
            const FOREIGN: &str = "is not a cursor of this list";
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(BY_ID) {
                Ok([CursorPart::Text(id)]) => Ok(id.clone()),
                _ => Err(FOREIGN),
            }
        });
        Page { after: after.unwrap_or_default(), limit: limit.get() }
    }
}

/// The cursor of the page after the one that ends with `last`.
pub fn cursor_after(last: impl ToString) -> String {
    Cursor::new(BY_ID, vec![CursorPart::Text(last.to_string())]).to_string()
}

/// A page with the link to the next one.
pub fn page_answer<T: Serialize>(body: &T, next: Option<&str>, uri: &Uri) -> Response {
    let link = next.and_then(|next| HeaderValue::from_str(&next_link(uri, next)).ok());
    let mut response = answer(StatusCode::OK, body);
    response.headers_mut().extend(link.map(|link| (LINK, link)));
    response
}

pub fn answer<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let headers = [(CACHE_CONTROL, "private, no-store"), (CONTENT_TYPE, "application/json")];
    (status, headers, serde_json::to_string(body).unwrap_or_default()).into_response()
}

/// As [`answer`], with the version as ETag.
pub fn versioned<T: Serialize>(status: StatusCode, version: i64, body: &T) -> Response {
    let mut response = answer(status, body);
    let etag: Option<HeaderValue> = HeaderValue::from_str(&format!("\"{version}\"")).ok();
    response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
    response
}

pub fn nothing() -> Response {
    let headers: HeaderMap = [(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))].into_iter().collect();
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The person behind the token; a key has none, and so is nobody who could be a member.
pub async fn person(ctx: &Ctx, scope: Scope) -> Result<Person, Problem> {
    if let Some(person) = ctx.person() {
        return Ok(person);
    }
    ctx.principal().await?;
    Err(Problem::from(Denied::MissingScope(scope)))
}

/// A field of the body is wrong.
pub fn field(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::invalid(vec![FieldError { at: Place::Pointer(format!("#/{pointer}")), detail: detail.into() }])
}

/// The grants at these places name channels that are not there, or not in the stores that they name.
pub fn no_such_channels(places: &[usize]) -> Problem {
    let at = |place| Place::Pointer(format!("#/grants/{place}/to/channel"));
    let error = |place| FieldError { at: at(place), detail: "there is no such channel in the store".to_owned() };
    Problem::invalid(places.iter().map(error).collect())
}

pub fn version_mismatch(current: i64) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
        .detail(format!("It is at version {current}."))
        .with("version", current.into())
}

/// Somebody else changed the same, again and again; nothing was done.
pub fn changed_meanwhile() -> Problem {
    Problem::new(StatusCode::CONFLICT, "changed-meanwhile")
        .detail("Somebody else is changing the same. Nothing was done: look at it, and try again.")
        .with("allowedActions", json!(["retry"]))
}

impl From<MembershipError> for Problem {
    fn from(error: MembershipError) -> Problem {
        use headlesspro_shared::identity::Denial;
        let forbidden =
            |code| Problem::new(StatusCode::FORBIDDEN, code).detail(format!("This is not allowed: {error}."));
        match error {
            MembershipError::Denied(Denial::MissingScope(scope) | Denial::Elsewhere(scope)) => {
                Denied::MissingScope(scope).into()
            }
            MembershipError::ActorSuspended => forbidden("member-suspended"),
            MembershipError::NotForStaff(_) => field("role", error.to_string()),
            MembershipError::OwnersOnly => forbidden("owners-only"),
            MembershipError::BeyondOwn => forbidden("beyond-own-permissions"),
            MembershipError::LastOwner => Problem::new(StatusCode::CONFLICT, "last-owner")
                .detail("The last owner must stay an active owner. Make somebody else an owner first.")
                .with("allowedActions", json!([])),
            MembershipError::AlreadyIn(state) => Problem::new(StatusCode::CONFLICT, "member-already-there")
                .detail(format!("The member is already {state}."))
                .with("allowedActions", json!([])),
        }
    }
}
