//! `/api/v1/payment-providers`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::PaymentProviderKind;
use http::header::ETAG;
use http::{HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, BY_ID, Changed, Name, New, Secrets, SettingsError};
use crate::app::{Ctx, Tenant};
use crate::catalog::{AfterText, changed_meanwhile, fields, listed, nothing, version_mismatch, versioned};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::payments::providers::Kind;
use crate::payments::store::provider::{Configured, capture_name};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let access = Access::Key(Scope::PaymentsWrite);
    Routes::new()
        .get("/api/v1/payment-providers", access, list)
        .post("/api/v1/payment-providers", access, create)
        .get("/api/v1/payment-providers/{id}", access, show)
        .patch("/api/v1/payment-providers/{id}", access, change)
        .delete("/api/v1/payment-providers/{id}", access, delete)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MakePaymentProvider", deny_unknown_fields)]
pub struct MakeProviderBody {
    #[schemars(required, extend("enum" = ["sandbox", "stripe"]))]
    pub kind: Option<String>,
    #[schemars(required, length(min = 1, max = 100))]
    pub name: Option<String>,
    /// True where it is left out.
    pub active: Option<bool>,
    /// `automatic` where it is left out.
    #[schemars(extend("enum" = ["automatic", "manual", null]))]
    pub capture: Option<String>,
    /// Of `stripe`, which needs it: a secret or a restricted key (`sk_...`, `rk_...`).
    #[schemars(length(min = 16, max = 200))]
    pub secret_key: Option<String>,
    /// Of `stripe`: what the shop's page shows its form by (`pk_...`).
    #[schemars(length(min = 16, max = 200))]
    pub publishable_key: Option<String>,
    /// By which its webhooks are known; without it none is heard.
    #[schemars(length(min = 16, max = 200))]
    pub webhook_secret: Option<String>,
}

/// What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangePaymentProvider", deny_unknown_fields)]
pub struct ChangeProviderBody {
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    pub active: Option<bool>,
    #[schemars(extend("enum" = ["automatic", "manual", null]))]
    pub capture: Option<String>,
    /// Another key of the same account: what waits for a payment is asked for by it.
    #[schemars(length(min = 16, max = 200))]
    pub secret_key: Option<String>,
    #[schemars(length(min = 16, max = 200))]
    pub publishable_key: Option<String>,
    #[schemars(length(min = 16, max = 200))]
    pub webhook_secret: Option<String>,
}

/// Whom a store takes payments by. Its secrets are never shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentProvider")]
pub struct ProviderBody {
    #[schemars(with = "IdText<PaymentProviderKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["sandbox", "stripe"]))]
    pub kind: &'static str,
    /// Unique in its store.
    pub name: String,
    /// Whether orders can be paid by it; payments that there are go on.
    pub active: bool,
    /// `manual`: the merchant captures what was authorized.
    #[schemars(extend("enum" = ["automatic", "manual"]))]
    pub capture: &'static str,
    /// What the shop's page shows the provider's form by; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publishable_key: Option<String>,
    /// The path that it sends its webhooks to.
    pub webhook_path: String,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentProviders")]
pub struct ProvidersBody {
    /// The oldest first.
    pub items: Vec<ProviderBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The detail of a key that a sandbox is given.
const NOT_OF_SANDBOX: &str = "is of a provider that takes money: a sandbox has none";

fn secret(errors: &mut FieldErrors, path: &str, value: Option<String>) -> Option<String> {
    errors.optional(path, value, |secret| {
        let is_visible = secret.bytes().all(|byte| byte.is_ascii_graphic());
        match secret.len() {
            16..=200 if is_visible => Ok(secret),
            _ => Err("must have 16 to 200 visible ASCII characters"),
        }
    })
}

/// Keys of Stripe's, by what they begin with: a secret one is never taken for the one that is shown.
fn key(errors: &mut FieldErrors, path: &str, value: Option<String>, prefixes: [&str; 2]) -> Option<String> {
    let key = secret(errors, path, value)?;
    if prefixes.iter().any(|prefix| key.starts_with(prefix)) {
        return Some(key);
    }
    errors.push(path, format!("must begin with {}", prefixes.join(" or ")));
    None
}

const SECRET_KEYS: [&str; 2] = ["sk_", "rk_"];
const PUBLISHABLE_KEYS: [&str; 2] = ["pk_test_", "pk_live_"];

fn capture(errors: &mut FieldErrors, value: Option<String>) -> Option<bool> {
    errors.optional("capture", value, |name| match name.as_str() {
        "automatic" => Ok(false),
        "manual" => Ok(true),
        _ => Err("must be automatic or manual"),
    })
}

impl Parse for MakeProviderBody {
    type Parsed = New;

    fn parse(self, errors: &mut FieldErrors) -> Option<New> {
        let kind = errors.required("kind", self.kind, |kind| kind.parse());
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let captures_later = capture(errors, self.capture).unwrap_or(false);
        if kind == Some(Kind::Sandbox) {
            for (path, value) in [("secretKey", &self.secret_key), ("publishableKey", &self.publishable_key)] {
                if value.is_some() {
                    errors.push(path, NOT_OF_SANDBOX);
                }
            }
        } else if kind == Some(Kind::Stripe) && self.secret_key.is_none() {
            errors.push("secretKey", "is required");
        }
        let api_key = key(errors, "secretKey", self.secret_key, SECRET_KEYS);
        let publishable_key = key(errors, "publishableKey", self.publishable_key, PUBLISHABLE_KEYS);
        let webhook_secret = secret(errors, "webhookSecret", self.webhook_secret);
        if !errors.is_empty() {
            return None;
        }
        let secrets = Secrets { api_key, webhook_secret };
        let is_active = self.active.unwrap_or(true);
        Some(New { kind: kind?, name: name?, is_active, captures_later, publishable_key, secrets })
    }
}

impl Parse for ChangeProviderBody {
    type Parsed = Changed;

    fn parse(self, errors: &mut FieldErrors) -> Option<Changed> {
        let name = errors.optional("name", self.name, |name| name.parse::<Name>());
        let captures_later = capture(errors, self.capture);
        let api_key = key(errors, "secretKey", self.secret_key, SECRET_KEYS);
        let publishable_key = key(errors, "publishableKey", self.publishable_key, PUBLISHABLE_KEYS);
        let webhook_secret = secret(errors, "webhookSecret", self.webhook_secret);
        let secrets = Secrets { api_key, webhook_secret };
        let is_active = self.active;
        errors.is_empty().then_some(Changed { name, is_active, captures_later, publishable_key, secrets })
    }
}

/// Which providers are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_ID))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &page.after, page.limit).await?;
    let items = found.iter().map(|provider| ProviderBody::of(ctx.tenant(), provider)).collect();
    let body = ProvidersBody { items, next_cursor };
    Ok(listed(serde_json::to_string(&body).unwrap_or_default(), body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<MakeProviderBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let mut response = created(usecase::create(&ctx, &body.parsed, claim.as_ref()).await?);
    response.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
    Ok(response)
}

async fn show(ctx: Ctx, PathId(id): PathId<PaymentProviderKind>) -> Result<Response, Problem> {
    Ok(answer(&ctx, &usecase::find(&ctx, id).await?))
}

async fn change(
    ctx: Ctx,
    PathId(id): PathId<PaymentProviderKind>,
    IfMatch(version): IfMatch,
    body: Json<ChangeProviderBody>,
) -> Result<Response, Problem> {
    Ok(answer(&ctx, &usecase::change(&ctx, id, &body.parsed, version).await?))
}

async fn delete(
    ctx: Ctx,
    PathId(id): PathId<PaymentProviderKind>,
    IfMatch(version): IfMatch,
) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

fn answer(ctx: &Ctx, provider: &Configured) -> Response {
    versioned(provider.version, render(ctx.tenant(), provider))
}

/// The provider as it is answered.
pub fn render(tenant: Tenant, provider: &Configured) -> String {
    serde_json::to_string(&ProviderBody::of(tenant, provider)).unwrap_or_default()
}

impl ProviderBody {
    fn of(tenant: Tenant, provider: &Configured) -> ProviderBody {
        ProviderBody {
            id: provider.id.to_string(),
            kind: provider.kind.name(),
            name: provider.name.clone(),
            active: provider.is_active,
            capture: capture_name(provider.captures_later),
            publishable_key: provider.publishable_key.clone(),
            webhook_path: format!("/api/v1/payment-webhooks/{}/{}", tenant.organization, provider.id),
            version: provider.version,
            created_at: provider.created_at.to_string(),
            updated_at: provider.updated_at.to_string(),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Problem {
        match error {
            SettingsError::NameTaken => fields(["name"], "another payment provider has this name"),
            SettingsError::NotOfKind { path } => fields([path], NOT_OF_SANDBOX),
            SettingsError::InUse => Problem::new(StatusCode::CONFLICT, "payment-provider-in-use")
                .detail("There are payments by it: it stays. No order is paid by it where it is not active.")
                .with("allowedActions", json!(["change"])),
            SettingsError::VersionMismatch { current } => version_mismatch(current),
            SettingsError::Changing => changed_meanwhile(),
        }
    }
}
