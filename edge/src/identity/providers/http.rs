//! `/api/v1/identity-providers`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::federation::{Issuer, ProviderKind, RedirectUri};
use headlesspro_shared::identity::{KeyName, Scope};
use headlesspro_shared::kernel::id::IdentityProviderKind;
use http::header::ETAG;
use http::{HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, ProviderChange, ProviderConfigError, Wanted, senseless};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, given};
use crate::identity::http::{answer, linked, nothing};
use crate::identity::newest::Newest;
use crate::identity::store::provider::Provider;
use crate::journal::{Claim, created};
use crate::problem::{FieldError, Place, Problem};
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// Pages and audiences of one provider.
const MOST: usize = 20;

pub fn routes() -> Routes {
    let owner = Access::Organization(Scope::ProvidersWrite);
    Routes::new()
        .get("/api/v1/identity-providers", owner, list)
        .post("/api/v1/identity-providers", owner, create)
        .patch("/api/v1/identity-providers/{id}", owner, change)
        .delete("/api/v1/identity-providers/{id}", owner, remove)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreateIdentityProvider", deny_unknown_fields)]
pub struct CreateProviderBody {
    /// `google`, `kakao` and `naver` know where they are; `oidc` is any issuer of OpenID Connect.
    #[schemars(required, extend("enum" = ["oidc", "google", "kakao", "naver"]))]
    pub kind: Option<String>,
    /// What people see on the button.
    #[schemars(required, length(min = 1, max = 80))]
    pub name: Option<String>,
    /// Of `oidc`: as its metadata names it, letter by letter.
    pub issuer: Option<String>,
    /// What the provider knows your shop by. Needed where people are sent there.
    #[schemars(length(min = 1, max = 255))]
    pub client_id: Option<String>,
    /// Kept encrypted, and never shown. Left out for a public client.
    #[schemars(length(min = 1, max = 1024))]
    pub client_secret: Option<String>,
    /// What is asked for, with blanks between; what the kind needs when left out.
    #[schemars(length(max = 255))]
    pub scope: Option<String>,
    /// The only pages that browsers are sent back to. None: nobody is sent there.
    #[schemars(length(max = 20))]
    pub redirect_uris: Option<Vec<String>>,
    /// Its access tokens are taken where their `aud` or `azp` is one of these. None: no token is.
    #[schemars(length(max = 20))]
    pub token_audiences: Option<Vec<String>>,
    /// Whether somebody without an account gets one, as a customer; true when left out.
    pub signs_up: Option<bool>,
    /// Whether its e-mail addresses count as verified where it does not say; false when left out. Whoever can choose
    /// an address there then gets the account with it here.
    pub trusts_email: Option<bool>,
}

/// What is left out stays as it is; null takes it away. Kind and issuer never change: its people are known by them.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeIdentityProvider", deny_unknown_fields)]
pub struct ChangeProviderBody {
    #[schemars(length(min = 1, max = 80))]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = 255))]
    pub client_id: Option<Option<String>>,
    /// Kept encrypted, and never shown. Null: a public client.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = 1024))]
    pub client_secret: Option<Option<String>>,
    /// Null: what the kind needs.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = 255))]
    pub scope: Option<Option<String>>,
    #[schemars(length(max = 20))]
    pub redirect_uris: Option<Vec<String>>,
    #[schemars(length(max = 20))]
    pub token_audiences: Option<Vec<String>>,
    pub signs_up: Option<bool>,
    pub trusts_email: Option<bool>,
}

/// An identity provider, without its secret.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IdentityProvider")]
pub struct ProviderBody {
    #[schemars(with = "IdText<IdentityProviderKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["oidc", "google", "kakao", "naver"]))]
    pub kind: String,
    pub name: String,
    pub issuer: String,
    pub client_id: Option<String>,
    pub has_secret: bool,
    pub scope: String,
    pub redirect_uris: Vec<String>,
    pub token_audiences: Vec<String>,
    pub signs_up: bool,
    pub trusts_email: bool,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IdentityProviders")]
pub struct ProvidersBody {
    /// The newest first.
    pub items: Vec<ProviderBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl Parse for CreateProviderBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let kind = errors.required("kind", self.kind, |kind| kind.parse::<ProviderKind>());
        let name = errors.required("name", self.name, |name| name.parse::<KeyName>());
        let issuer = match kind.map(ProviderKind::issuer) {
            None => None,
            Some(Some(preset)) if self.issuer.is_none() => Some(preset.to_owned()),
            Some(Some(_)) => {
                errors.push("issuer", "is known for this kind; leave it out");
                None
            }
            Some(None) => errors
                .required("issuer", self.issuer, |issuer| issuer.parse::<Issuer>())
                .map(|issuer| issuer.to_string()),
        };
        let client_id = errors.optional("clientId", self.client_id, |id| printable(id, 255));
        let client_secret = errors.optional("clientSecret", self.client_secret, |secret| printable(secret, 1_024));
        let scope = errors.optional("scope", self.scope, scope_of);
        let is_named = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        let (has_pages, has_audiences) = (is_named(&self.redirect_uris), is_named(&self.token_audiences));
        let redirect_uris = pages(errors, self.redirect_uris.unwrap_or_default());
        let token_audiences = audiences(errors, self.token_audiences.unwrap_or_default());
        for (field, detail) in senseless(kind, client_id.is_some(), has_pages, has_audiences) {
            errors.push(field, detail);
        }
        let kind = errors.required("kind", Some(kind?), Ok::<_, Infallible>)?;
        Some(Wanted {
            kind,
            name: name?.to_string(),
            issuer: issuer?,
            client_id,
            client_secret,
            scope: scope.unwrap_or_else(|| kind.scope().to_owned()),
            redirect_uris,
            token_audiences,
            signs_up: self.signs_up.unwrap_or(true),
            trusts_email: self.trusts_email.unwrap_or(false),
        })
    }
}

impl Parse for ChangeProviderBody {
    type Parsed = ProviderChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<ProviderChange> {
        type Field = Option<Option<String>>;
        fn text(
            errors: &mut FieldErrors,
            name: &str,
            value: Field,
            parse: impl FnOnce(String) -> Result<String, &'static str>,
        ) -> Field {
            match value {
                Some(Some(text)) => errors.optional(name, Some(text), parse).map(Some),
                left_out_or_null => left_out_or_null,
            }
        }
        let change = ProviderChange {
            name: errors.optional("name", self.name, |name| name.parse::<KeyName>()).map(|name| name.to_string()),
            client_id: text(errors, "clientId", self.client_id, |id| printable(id, 255)),
            client_secret: text(errors, "clientSecret", self.client_secret, |secret| printable(secret, 1_024)),
            scope: text(errors, "scope", self.scope, scope_of),
            redirect_uris: self.redirect_uris.map(|uris| pages(errors, uris)),
            token_audiences: self.token_audiences.map(|texts| audiences(errors, texts)),
            signs_up: self.signs_up,
            trusts_email: self.trusts_email,
        };
        errors.is_empty().then_some(change)
    }
}

fn scope_of(scope: String) -> Result<String, &'static str> {
    let is_scope = scope.len() <= 255 && scope.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if is_scope { Ok(scope) } else { Err("must have at most 255 characters of ASCII") }
}

fn pages(errors: &mut FieldErrors, uris: Vec<String>) -> Vec<String> {
    list_of(errors, "redirectUris", uris, |uri| {
        uri.parse::<RedirectUri>().map(|uri| uri.as_str().to_owned()).map_err(|error| error.to_string())
    })
}

fn audiences(errors: &mut FieldErrors, texts: Vec<String>) -> Vec<String> {
    list_of(errors, "tokenAudiences", texts, |text| printable(text, 255).map_err(str::to_owned))
}

/// What a client's id and secret are made of (RFC 6749, appendix A).
fn printable(text: String, most: usize) -> Result<String, &'static str> {
    let is_printable = (1..=most).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if is_printable { Ok(text) } else { Err("must be printable characters of ASCII, and not too many") }
}

fn list_of(
    errors: &mut FieldErrors,
    name: &str,
    texts: Vec<String>,
    parse: impl Fn(String) -> Result<String, String>,
) -> Vec<String> {
    if MOST < texts.len() {
        errors.push(name, "must have at most 20 entries");
        return Vec::new();
    }
    let mut parsed: Vec<String> = Vec::new();
    for (at, text) in texts.into_iter().enumerate() {
        parsed.extend(errors.optional(&format!("{name}/{at}"), Some(text), &parse));
    }
    parsed
}

async fn list(ctx: Ctx, Parsed(wanted): Parsed<Newest>, uri: Uri) -> Result<Response, Problem> {
    let (providers, next) = usecase::list(&ctx, &wanted).await?;
    let body = ProvidersBody { items: providers.iter().map(shown).collect(), next_cursor: next.map(Newest::cursor) };
    Ok(linked(answer(StatusCode::OK, &body), &uri, body.next_cursor.as_deref()))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateProviderBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let told = |provider: &Provider| serde_json::to_string(&shown(provider)).unwrap_or_default();
    let mut response = created(usecase::create(&ctx, body.parsed, claim.as_ref(), told).await?);
    response.headers_mut().insert(ETAG, HeaderValue::from_static("\"1\""));
    Ok(response)
}

async fn change(
    ctx: Ctx,
    PathId(id): PathId<IdentityProviderKind>,
    IfMatch(version): IfMatch,
    body: Json<ChangeProviderBody>,
) -> Result<Response, Problem> {
    let provider = usecase::change(&ctx, id, &body.parsed, version).await?;
    let mut response = answer(StatusCode::OK, &shown(&provider));
    let etag = HeaderValue::from_str(&format!("\"{}\"", provider.version)).ok();
    response.headers_mut().extend(etag.map(|etag| (ETAG, etag)));
    Ok(response)
}

async fn remove(ctx: Ctx, PathId(id): PathId<IdentityProviderKind>) -> Result<Response, Problem> {
    usecase::remove(&ctx, id).await?;
    Ok(nothing())
}

fn shown(provider: &Provider) -> ProviderBody {
    ProviderBody {
        id: provider.id.to_string(),
        kind: provider.kind.name().to_owned(),
        name: provider.name.clone(),
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        has_secret: provider.client_secret_sealed.is_some(),
        scope: provider.scope.clone(),
        redirect_uris: provider.redirect_uris.clone(),
        token_audiences: provider.token_audiences.clone(),
        signs_up: provider.signs_up,
        trusts_email: provider.trusts_email,
        version: provider.version,
        created_at: provider.created_at.to_string(),
    }
}

impl From<ProviderConfigError> for Problem {
    fn from(error: ProviderConfigError) -> Problem {
        match error {
            ProviderConfigError::Address => {
                let detail = "must be reached by https at a public address".to_owned();
                Problem::invalid(vec![FieldError { at: Place::Pointer("#/issuer".to_owned()), detail }])
            }
            ProviderConfigError::Exists => Problem::new(StatusCode::CONFLICT, "identity-provider-exists")
                .detail("The organization has a provider with this issuer. Change that one, or remove it first."),
            ProviderConfigError::Senseless(fields) => Problem::invalid(
                fields
                    .into_iter()
                    .map(|(field, detail)| FieldError {
                        at: Place::Pointer(format!("#/{field}")),
                        detail: detail.to_owned(),
                    })
                    .collect(),
            ),
            ProviderConfigError::VersionMismatch { current } => {
                Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
                    .detail(format!("It is at version {current}."))
                    .with("version", current.into())
            }
            ProviderConfigError::Changing => Problem::new(StatusCode::CONFLICT, "changed-meanwhile")
                .detail("Somebody else is changing the same. Nothing was done: look at it, and try again.")
                .with("allowedActions", json!(["retry"])),
        }
    }
}
