//! `/api/v1/shipping-settings`.

use std::collections::BTreeMap;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::LocationId;
use headlesspro_shared::shipping::{MOST_METHODS, MOST_PROVIDERS, Price, ProviderName};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::provider::RateProvider;
use super::super::store::KeptSettings;
use super::super::wire::MethodBody;
use super::usecase::{self, SettingsChange, SettingsError};
use crate::app::Ctx;
use crate::catalog::{changed_meanwhile, fields, version_mismatch, versioned};
use crate::extract::{FieldErrors, IfMatch, Json, Parse};
use crate::outbound::{NOT_ADMITTED, NewEndpoint, origin_of};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::MomentText;

pub fn routes() -> Routes {
    Routes::new().get("/api/v1/shipping-settings", Access::Key(Scope::ShippingRead), settings).patch(
        "/api/v1/shipping-settings",
        Access::Key(Scope::ShippingWrite),
        change,
    )
}

/// How a store ships, beside its zones.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShippingSettings")]
pub struct SettingsBody {
    /// Whom it asks for rates, by the names that methods give them.
    pub providers: BTreeMap<String, ProviderBody>,
    /// What picking up costs, by the location. It is offered at those that are active and offer it (`offersPickup`).
    pub pickups: BTreeMap<String, MethodBody>,
    /// Grows with each change; also the ETag. 0 as long as nothing was changed.
    pub version: i64,
    #[schemars(with = "Option<MomentText>")]
    pub updated_at: Option<String>,
}

/// Whom a store asks for rates. Neither its secret nor what its URL has beside the origin is ever shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RateProvider")]
pub struct ProviderBody {
    /// Scheme and host of the URL; null for whoever may not change the settings.
    pub origin: Option<String>,
    pub timeout_millis: u16,
}

/// A merge patch (RFC 7396): what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangeShippingSettings", deny_unknown_fields)]
pub struct ChangeSettingsBody {
    /// By name: 1 to 40 lower-case letters, digits and hyphens. Null takes one away that no method names. A store has ten at
    /// most.
    pub providers: Option<BTreeMap<String, Option<SetProviderBody>>>,
    /// By the id of a location of the store: what picking up there costs, given whole. No provider sets its price. The
    /// method's `id` may be left out. Null takes one away.
    pub pickups: Option<BTreeMap<String, Option<MethodBody>>>,
}

/// Given whole, but for its URL and secret.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SetRateProvider", deny_unknown_fields)]
pub struct SetProviderBody {
    /// What is posted to: https, at a public address. As it is where it is left out.
    #[schemars(length(min = 1, max = 2000))]
    pub url: Option<String>,
    /// What requests are signed with; the one that is there where it is left out. Kept encrypted, and never shown.
    #[schemars(length(min = 16, max = 200))]
    pub secret: Option<String>,
    /// From sending to the last byte of the answer; 2,000 where it is left out.
    #[schemars(range(min = 100, max = 5000))]
    pub timeout_millis: Option<i64>,
}

async fn settings(ctx: Ctx) -> Result<Response, Problem> {
    let kept = usecase::settings(&ctx).await?;
    Ok(shown(&kept, ctx.may(Scope::ShippingWrite)))
}

async fn change(ctx: Ctx, IfMatch(version): IfMatch, body: Json<ChangeSettingsBody>) -> Result<Response, Problem> {
    Ok(shown(&usecase::change(&ctx, &body.parsed, version).await?, true))
}

fn shown(kept: &KeptSettings, may_write: bool) -> Response {
    let provider = |(name, provider): (&String, &RateProvider)| {
        let origin = may_write.then(|| origin_of(&provider.url));
        (name.clone(), ProviderBody { origin, timeout_millis: provider.timeout_millis })
    };
    let body = SettingsBody {
        providers: kept.providers.iter().map(provider).collect(),
        pickups: kept.pickups.iter().map(|(location, method)| (location.to_string(), method.into())).collect(),
        version: kept.version,
        updated_at: kept.updated_at.map(|at| at.to_string()),
    };
    versioned(kept.version, serde_json::to_string(&body).unwrap_or_default())
}

/// Of one request.
const MOST_CHANGED: usize = 100;

impl Parse for ChangeSettingsBody {
    type Parsed = SettingsChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<SettingsChange> {
        let mut change = SettingsChange::default();
        let given = self.providers.unwrap_or_default();
        if MOST_CHANGED < given.len() {
            errors.push("providers", format!("must be {MOST_CHANGED} at most"));
            return None;
        }
        for (name, provider) in given {
            let Ok(name) = name.parse::<ProviderName>() else {
                // A name may be anything, and is no path then.
                errors.push("providers", "must have names of 1 to 40 lower-case letters, digits and hyphens");
                continue;
            };
            let provider = provider.map(|provider| {
                errors.nested(&format!("providers/{name}"), |errors| {
                    NewEndpoint::parse(errors, provider.url, provider.secret, provider.timeout_millis)
                })
            });
            change.providers.insert(name, provider);
        }
        let pickups = self.pickups.unwrap_or_default();
        if MOST_CHANGED < pickups.len() {
            errors.push("pickups", format!("must be {MOST_CHANGED} at most"));
            return None;
        }
        for (location, method) in pickups {
            let Ok(location) = location.parse::<LocationId>() else {
                errors.push("pickups", "must be named by ids of locations");
                continue;
            };
            let method = match method {
                None => None,
                Some(method) => {
                    let path = format!("pickups/{location}");
                    let Some(method) = errors.nested(&path, |errors| method.parse(errors)) else { continue };
                    if matches!(method.price, Price::External { .. }) {
                        errors.push(&format!("{path}/price/by"), "must be flat, table or expression");
                    }
                    Some(method)
                }
            };
            change.pickups.insert(location, method);
        }
        errors.is_empty().then_some(change)
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Problem {
        match error {
            SettingsError::TooMany => fields(["providers"], &format!("must be {MOST_PROVIDERS} at most")),
            SettingsError::Address(name) => fields([format!("providers/{name}/url")], NOT_ADMITTED),
            SettingsError::NoAddress(name) => fields([format!("providers/{name}/url")], "is required"),
            SettingsError::NoSecret(name) => fields([format!("providers/{name}/secret")], "is required"),
            SettingsError::InUse => Problem::new(StatusCode::CONFLICT, "shipping-provider-in-use")
                .detail("A shipping method names a provider that would be gone.")
                .with("allowedActions", json!([])),
            SettingsError::TooManyPickups => fields(["pickups"], &format!("must be {MOST_METHODS} at most")),
            SettingsError::PickupsTooLarge => fields(["pickups"], "are more than can be kept together"),
            SettingsError::UnknownLocation => fields(["pickups"], "names a location that the store does not have"),
            SettingsError::OtherMethod(location) => {
                fields([format!("pickups/{location}/id")], "must be the one that it has, or left out")
            }
            SettingsError::VersionMismatch { current } => version_mismatch(current),
            SettingsError::Changing => changed_meanwhile(),
        }
    }
}
