//! `/api/v1/api-keys`.

use axum::response::Response;
use headlesspro_shared::identity::{KeyKind, KeyName, Scope, Scopes};
use headlesspro_shared::kernel::handle::Handle;
use headlesspro_shared::kernel::id::{ApiKeyKind, ChannelId, ChannelKind};
use headlesspro_shared::kernel::time::Timestamp;
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, ApiKeyError, Made, Wanted};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, Parsed, PathId};
use crate::identity::http::{answer, linked, nothing, overlap};
use crate::identity::newest::Newest;
use crate::identity::store::api_key::ApiKey;
use crate::journal::{Claim, created};
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let one = Access::Record(Scope::KeysWrite);
    Routes::new()
        .get("/api/v1/api-keys", Access::Key(Scope::KeysRead), list)
        .post("/api/v1/api-keys", Access::Key(Scope::KeysWrite), create)
        .post("/api/v1/api-keys/{id}/rotate", one, rotate)
        .delete("/api/v1/api-keys/{id}", one, revoke)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreateApiKey", deny_unknown_fields)]
pub struct CreateApiKeyBody {
    /// `publishable` for a storefront's source, `secret` for a server.
    #[schemars(required, extend("enum" = ["publishable", "secret"]))]
    pub kind: Option<String>,
    /// What you call it.
    #[schemars(required, length(min = 1, max = 80))]
    pub name: Option<String>,
    /// With blanks between; those of a new key of its kind when left out.
    pub scopes: Option<String>,
    /// From then on it is void. Never, when left out.
    #[schemars(with = "Option<MomentText>")]
    pub expires_at: Option<String>,
    /// Of a publishable key: the id or handle of the channel that it is shown, and whoever logs in with it. All that is
    /// active, when left out.
    #[schemars(length(min = 1, max = 255))]
    pub channel: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RotateApiKey", deny_unknown_fields)]
pub struct RotateApiKeyBody {
    /// How long the old key stays good, in seconds; a day when left out.
    #[schemars(range(min = 0, max = 604_800))]
    pub overlap_seconds: Option<i64>,
}

/// A key without its text, which is not kept.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKey")]
pub struct ApiKeyBody {
    #[schemars(with = "IdText<ApiKeyKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["publishable", "secret"]))]
    pub kind: String,
    pub name: String,
    /// The last four characters of the key.
    pub hint: String,
    /// With blanks between.
    pub scopes: String,
    /// `active`, `expired` or `revoked`.
    #[schemars(extend("enum" = ["active", "expired", "revoked"]))]
    pub state: String,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "Option<MomentText>")]
    pub expires_at: Option<String>,
    #[schemars(with = "Option<MomentText>")]
    pub revoked_at: Option<String>,
    /// The key that took its place.
    #[schemars(with = "Option<IdText<ApiKeyKind>>")]
    pub replaced_by: Option<String>,
    /// What it is shown; null: all that is active.
    #[schemars(with = "Option<IdText<ChannelKind>>")]
    pub channel: Option<String>,
    /// To within half a minute; null for a key that was not used in 90 days, and in the answer that makes one.
    #[schemars(with = "Option<MomentText>")]
    pub last_used_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ApiKeys")]
pub struct ApiKeysBody {
    /// The newest first.
    pub items: Vec<ApiKeyBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A new key, with its text. It is shown this once: what is stored is its hash, and for an `Idempotency-Key` the sealed
/// answer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NewApiKey")]
pub struct NewApiKeyBody {
    /// `pk_` or `sk_` and 84 characters.
    #[schemars(regex(pattern = "^[ps]k_[0-9a-hjkmnp-tv-z]{84}$"))]
    pub key: String,
    pub api_key: ApiKeyBody,
}

impl Parse for CreateApiKeyBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let kind = errors.required("kind", self.kind, |kind| match kind.as_str() {
            "publishable" => Ok(KeyKind::Publishable),
            "secret" => Ok(KeyKind::Secret),
            _ => Err("must be publishable or secret"),
        });
        let name = errors.required("name", self.name, |name| name.parse::<KeyName>());
        let scopes = errors.optional("scopes", self.scopes, |scopes| scopes.parse::<Scopes>());
        let expires_at = errors.optional("expiresAt", self.expires_at, |moment| moment.parse::<Timestamp>());
        let channel = errors.optional("channel", self.channel, |name| {
            let is_name = name.parse::<ChannelId>().is_ok() || name.parse::<Handle>().is_ok();
            if is_name { Ok(name) } else { Err("must be the id or the handle of a channel") }
        });
        Some(Wanted { kind: kind?, name: name?, scopes, expires_at, channel })
    }
}

impl Parse for RotateApiKeyBody {
    type Parsed = i64;

    fn parse(self, errors: &mut FieldErrors) -> Option<i64> {
        overlap(self.overlap_seconds, errors)
    }
}

async fn list(ctx: Ctx, Parsed(wanted): Parsed<Newest>, uri: Uri) -> Result<Response, Problem> {
    let (listed, next) = usecase::list(&ctx, &wanted).await?;
    let items = listed.into_iter().map(|listed| {
        let used = listed.last_used_at.map(|at| at.to_string());
        ApiKeyBody { last_used_at: used, ..shown(&listed.item, ctx.now) }
    });
    let body = ApiKeysBody { items: items.collect(), next_cursor: next.map(Newest::cursor) };
    Ok(linked(answer(StatusCode::OK, &body), &uri, body.next_cursor.as_deref()))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateApiKeyBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, body.parsed, claim.as_ref(), told).await?))
}

async fn rotate(
    ctx: Ctx,
    PathId(id): PathId<ApiKeyKind>,
    key: Option<IdempotencyKey>,
    body: Json<RotateApiKeyBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::rotate(&ctx, id, body.parsed, claim.as_ref(), told).await?))
}

async fn revoke(ctx: Ctx, PathId(id): PathId<ApiKeyKind>) -> Result<Response, Problem> {
    usecase::revoke(&ctx, id).await?;
    Ok(nothing())
}

fn told(made: &Made, now: Timestamp) -> String {
    let body = NewApiKeyBody { key: made.text.clone(), api_key: shown(&made.key, now) };
    serde_json::to_string(&body).unwrap_or_default()
}

fn shown(key: &ApiKey, now: Timestamp) -> ApiKeyBody {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        (None, _) => "active",
    };
    ApiKeyBody {
        id: key.id.to_string(),
        kind: key.kind.name().to_owned(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        scopes: key.scopes.to_string(),
        state: state.to_owned(),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|at| at.to_string()),
        revoked_at: key.revoked_at.map(|at| at.to_string()),
        replaced_by: key.replaced_by.map(|id| id.to_string()),
        channel: key.channel.map(|id| id.to_string()),
        last_used_at: None,
    }
}

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Problem {
        let field = |name: &str, detail: String| FieldError { at: Place::Pointer(format!("#/{name}")), detail };
        match error {
            ApiKeyError::Refused(refused) => Problem::invalid(vec![field("scopes", refused.to_string())]),
            ApiKeyError::ExpiresInThePast => {
                Problem::invalid(vec![field("expiresAt", "must be in the future".to_owned())])
            }
            ApiKeyError::ChannelOfSecretKey => {
                Problem::invalid(vec![field("channel", "only a publishable key is of a channel".to_owned())])
            }
            ApiKeyError::NoSuchChannel => {
                Problem::invalid(vec![field("channel", "there is no such channel".to_owned())])
            }
            ApiKeyError::ChannelNotReady => {
                Problem::invalid(vec![field("channel", "is not ready: products are still put into it".to_owned())])
            }
            ApiKeyError::PlanLimit(exceeded) => exceeded.into(),
            ApiKeyError::NotActive => Problem::new(StatusCode::CONFLICT, "api-key-not-active")
                .detail("The key is revoked, expired or replaced by another already.")
                .with("allowedActions", json!([])),
            ApiKeyError::Overlapping => Problem::new(StatusCode::CONFLICT, "api-key-overlapping")
                .detail("The key that this one took the place of is still good. Revoke that one, or wait for its end.")
                .with("allowedActions", json!([])),
        }
    }
}
