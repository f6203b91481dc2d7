//! `/api/v1/apps`.

use axum::response::Response;
use headlesspro_shared::identity::{KeyName, Scope, Scopes};
use headlesspro_shared::kernel::id::AppKind;
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, AppError, Made};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, Parsed, PathId};
use crate::identity::http::{answer, linked, nothing, overlap};
use crate::identity::newest::Newest;
use crate::identity::store::app::ThirdPartyApp;
use crate::journal::{Claim, created};
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let one = Access::Record(Scope::AppsWrite);
    Routes::new()
        .get("/api/v1/apps", Access::Key(Scope::AppsRead), list)
        .post("/api/v1/apps", Access::Key(Scope::AppsWrite), create)
        .post("/api/v1/apps/{id}/rotate", one, rotate)
        .delete("/api/v1/apps/{id}", one, revoke)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateApp", deny_unknown_fields)]
pub struct CreateAppBody {
    /// What you call it.
    #[schemars(required, length(min = 1, max = 80))]
    pub name: Option<String>,
    /// The most that its tokens can carry, with blanks between.
    #[schemars(required)]
    pub scopes: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RotateApp", deny_unknown_fields)]
pub struct RotateAppBody {
    /// How long the old secret stays good, in seconds; a day when left out.
    #[schemars(range(min = 0, max = 604_800))]
    pub overlap_seconds: Option<i64>,
}

/// A third-party app without its secret, which is not kept. Its id is the `client_id` of OAuth 2.0.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "App")]
pub struct AppBody {
    #[schemars(with = "IdText<AppKind>")]
    pub id: String,
    pub name: String,
    /// With blanks between.
    pub scopes: String,
    /// The last four characters of the secret.
    pub hint: String,
    #[schemars(extend("enum" = ["active", "revoked"]))]
    pub state: String,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "Option<MomentText>")]
    pub rotated_at: Option<String>,
    #[schemars(with = "Option<MomentText>")]
    pub revoked_at: Option<String>,
    /// When it last asked for a token, to within half a minute; null where that is 90 days ago, and in the answer that
    /// makes a secret.
    #[schemars(with = "Option<MomentText>")]
    pub last_used_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Apps")]
pub struct AppsBody {
    /// The newest first.
    pub items: Vec<AppBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// An app with its new secret, shown this once: what is stored is its hash, and for an `Idempotency-Key` the sealed
/// answer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NewAppSecret")]
pub struct NewSecretBody {
    #[schemars(regex(pattern = "^cs_[0-9a-hjkmnp-tv-z]{84}$"))]
    pub client_secret: String,
    pub app: AppBody,
}

impl Parse for CreateAppBody {
    type Parsed = (KeyName, Scopes);

    fn parse(self, errors: &mut FieldErrors) -> Option<(KeyName, Scopes)> {
        let name = errors.required("name", self.name, |name| name.parse::<KeyName>());
        let scopes = errors.required("scopes", self.scopes, |scopes| scopes.parse::<Scopes>());
        Some((name?, scopes?))
    }
}

impl Parse for RotateAppBody {
    type Parsed = i64;

    fn parse(self, errors: &mut FieldErrors) -> Option<i64> {
        overlap(self.overlap_seconds, errors)
    }
}

async fn list(ctx: Ctx, Parsed(wanted): Parsed<Newest>, uri: Uri) -> Result<Response, Problem> {
    let (listed, next) = usecase::list(&ctx, &wanted).await?;
    let items = listed.into_iter().map(|listed| {
        let used = listed.last_used_at.map(|at| at.to_string());
        AppBody { last_used_at: used, ..shown(&listed.item) }
    });
    let body = AppsBody { items: items.collect(), next_cursor: next.map(Newest::cursor) };
    Ok(linked(answer(StatusCode::OK, &body), &uri, body.next_cursor.as_deref()))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateAppBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, body.parsed, claim.as_ref(), told).await?))
}

async fn rotate(
    ctx: Ctx,
    PathId(id): PathId<AppKind>,
    key: Option<IdempotencyKey>,
    body: Json<RotateAppBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::rotate(&ctx, id, body.parsed, claim.as_ref(), told).await?))
}

async fn revoke(ctx: Ctx, PathId(id): PathId<AppKind>) -> Result<Response, Problem> {
    usecase::revoke(&ctx, id).await?;
    Ok(nothing())
}

fn told(made: &Made) -> String {
    let body = NewSecretBody { client_secret: made.secret.clone(), app: shown(&made.app) };
    serde_json::to_string(&body).unwrap_or_default()
}

fn shown(app: &ThirdPartyApp) -> AppBody {
    AppBody {
        id: app.id.to_string(),
        name: app.name.clone(),
        scopes: app.scopes.to_string(),
        hint: app.hint.clone(),
        state: if app.revoked_at.is_some() { "revoked" } else { "active" }.to_owned(),
        created_at: app.created_at.to_string(),
        rotated_at: app.rotated_at.map(|at| at.to_string()),
        revoked_at: app.revoked_at.map(|at| at.to_string()),
        last_used_at: None,
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Problem {
        match error {
            AppError::Refused(refused) => {
                let at = Place::Pointer("#/scopes".to_owned());
                Problem::invalid(vec![FieldError { at, detail: refused.to_string() }])
            }
            AppError::NotActive => Problem::new(StatusCode::CONFLICT, "app-not-active")
                .detail("The app is revoked, or was given another secret at this moment.")
                .with("allowedActions", json!(["create"])),
        }
    }
}
