//! `/api/v1/admin/channels`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::ChannelKind;
use http::header::ETAG;
use http::{HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, BY_HANDLE, ChannelChange, ChannelError, NewChannel};
use crate::app::Ctx;
use crate::catalog::categories::http::handle_of;
use crate::catalog::categories::usecase::Name;
use crate::catalog::staff::http::{AfterText, changed_meanwhile, fields, listed, nothing, version_mismatch, versioned};
use crate::catalog::store::channel::Channel;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathText, Query, QueryParams};
use crate::journal::{Answered, Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let (one, all) = (Access::Record(Scope::CatalogWrite), Access::Key(Scope::CatalogWrite));
    Routes::new()
        .get("/api/v1/admin/channels", all, list)
        .post("/api/v1/admin/channels", all, create)
        .get("/api/v1/admin/channels/{idOrHandle}", one, show)
        .patch("/api/v1/admin/channels/{idOrHandle}", one, change)
        .delete("/api/v1/admin/channels/{idOrHandle}", one, delete)
}

/// Where a store sells: a storefront, a marketplace, a till.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Channel")]
pub struct ChannelBody {
    #[schemars(with = "IdText<ChannelKind>")]
    pub id: String,
    /// Unique in its store.
    pub handle: String,
    pub name: String,
    /// Whether all that is published everywhere is in it. Until then no key is of it: send the request that made it
    /// again, with its `Idempotency-Key`, or change it.
    pub ready: bool,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChannelList")]
pub struct ChannelListBody {
    /// In the order of their handles.
    pub items: Vec<ChannelBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateChannel", deny_unknown_fields)]
pub struct CreateChannelBody {
    #[schemars(required, length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Lower-case letters, digits and `-`; made from the name when left out.
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
}

/// A merge patch (RFC 7396): what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangeChannel", deny_unknown_fields)]
pub struct ChangeChannelBody {
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    #[schemars(length(min = 1, max = 255))]
    pub handle: Option<String>,
}

impl Parse for CreateChannelBody {
    type Parsed = NewChannel;

    fn parse(self, errors: &mut FieldErrors) -> Option<NewChannel> {
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let handle = handle_of(errors, self.handle, name.as_ref());
        Some(NewChannel { name: name?, handle: handle? })
    }
}

impl Parse for ChangeChannelBody {
    type Parsed = ChannelChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<ChannelChange> {
        let name = errors.optional("name", self.name, |name| name.parse::<Name>());
        let handle = errors.optional("handle", self.handle, |handle| handle.parse::<Handle>());
        errors.is_empty().then_some(ChannelChange { name, handle })
    }
}

/// Which channels are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_HANDLE))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next) = usecase::list(&ctx, &page.after, page.limit).await?;
    let body = ChannelListBody { items: found.iter().map(body_of).collect(), next_cursor: next };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateChannelBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let (channel, is_replay) = usecase::create(&ctx, body.parsed, claim.as_ref()).await?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", channel.version)).ok();
    let (location, body) = (usecase::location(&channel), text(&body_of(&channel)));
    let mut response = created(Answered { location, body, is_replay });
    response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
    Ok(response)
}

async fn show(ctx: Ctx, PathText([key]): PathText<1>) -> Result<Response, Problem> {
    Ok(shown(&usecase::find(&ctx, &key).await?))
}

async fn change(
    ctx: Ctx,
    PathText([key]): PathText<1>,
    IfMatch(version): IfMatch,
    body: Json<ChangeChannelBody>,
) -> Result<Response, Problem> {
    Ok(shown(&usecase::change(&ctx, &key, &body.parsed, version).await?))
}

async fn delete(ctx: Ctx, PathText([key]): PathText<1>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    usecase::delete(&ctx, &key, version).await?;
    Ok(nothing())
}

fn shown(channel: &Channel) -> Response {
    versioned(channel.version, text(&body_of(channel)))
}

fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

fn body_of(channel: &Channel) -> ChannelBody {
    ChannelBody {
        id: channel.id.to_string(),
        handle: channel.handle.clone(),
        name: channel.name.clone(),
        ready: channel.filled_to.is_none(),
        version: channel.version,
        created_at: channel.created_at.to_string(),
        updated_at: channel.updated_at.to_string(),
    }
}

impl From<ChannelError> for Problem {
    fn from(error: ChannelError) -> Problem {
        match error {
            ChannelError::HandleTaken => fields(["handle"], "another channel has this handle"),
            ChannelError::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-channels")
                .detail("The store has 100 channels already.")
                .with("allowedActions", json!([])),
            ChannelError::InUse => Problem::new(StatusCode::CONFLICT, "channel-in-use")
                .detail("Products name the channel, or a key is of it: change the products, revoke the key.")
                .with("allowedActions", json!(["rename"])),
            ChannelError::VersionMismatch { current } => version_mismatch(current),
            ChannelError::Changing => changed_meanwhile(),
        }
    }
}
