//! `/api/v1/tax-settings` and `/api/v1/tax-zones`.

use std::str::FromStr;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::area::Place;
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::TaxZoneKind;
use headlesspro_shared::tax::{CrossBorder, ProviderFallback, TaxRate, vat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exemptions::http as exemptions;
use super::provider::TaxProvider;
use super::store::{KeptSettings, LaidZone};
use super::usecase::{self, LaidDown, NewProvider, SettingsChange, TaxError};
use super::zones::http as zones;
use super::zones::wire::{PlaceBody, ShippingTaxBody};
use crate::app::Ctx;
use crate::catalog::{changed_meanwhile, fields, version_mismatch, versioned};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, given};
use crate::journal::{Claim, created};
use crate::outbound::{NOT_ADMITTED, NewEndpoint, origin_of};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let (read, write) = (Scope::TaxRead, Scope::TaxWrite);
    Routes::new()
        .get("/api/v1/tax-settings", Access::Key(read), settings)
        .patch("/api/v1/tax-settings", Access::Key(write), change_settings)
        .and(exemptions::routes())
        .and(zones::routes::<TaxRate>("/api/v1/tax-zones", "/api/v1/tax-zones/{id}", read, write))
        .post("/api/v1/tax-zones/presets", Access::Key(write), lay_down)
}

/// What becomes of a price that holds the tax when it goes where another tax holds.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CrossBorder", deny_unknown_fields)]
pub struct CrossBorderBody {
    /// `gross`: everybody pays the price as shown. `net`: the tax of `origin` is taken off and that of the destination put
    /// on.
    #[schemars(required, extend("enum" = ["gross", "net"]))]
    pub keep: Option<String>,
    /// Where the prices are made; with `net` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<PlaceBody>,
}

/// Whom a store asks for its taxes. Neither its secret nor what its URL has beside the origin is ever shown.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaxProvider")]
pub struct ProviderBody {
    /// Scheme and host of the URL; null for whoever may not change the settings.
    pub origin: Option<String>,
    pub timeout_millis: u16,
    #[schemars(extend("enum" = ["rules", "refuse"]))]
    pub fallback: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SetTaxProvider", deny_unknown_fields)]
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
    /// Without an answer in time that fits: `rules` taxes by the zones, `refuse` sells nothing.
    #[schemars(required, extend("enum" = ["rules", "refuse"]))]
    pub fallback: Option<String>,
}

/// How a store taxes, beside its zones.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaxSettings")]
pub struct SettingsBody {
    pub cross_border: CrossBorderBody,
    /// What the tax is rounded once for: each line, all lines of one rate, or the order.
    #[schemars(extend("enum" = ["line", "rate", "order"]))]
    pub tax_rounded_per: String,
    /// What a discount in percent is rounded once for.
    #[schemars(extend("enum" = ["line", "order"]))]
    pub discounts_rounded_per: String,
    /// How what a delivery costs is taxed, unless its method says so itself.
    pub shipping_tax: ShippingTaxBody,
    /// Whose tax carts have, of which nobody knows where they go: that is a checkout's address. Null: none.
    pub sells_from: Option<PlaceBody>,
    /// Who says what the tax of a checkout is, in the place of the zones. Null: nobody.
    pub provider: Option<ProviderBody>,
    /// Grows with each change; also the ETag. 0 as long as nothing was changed.
    pub version: i64,
    #[schemars(with = "Option<MomentText>")]
    pub updated_at: Option<String>,
}

/// A merge patch (RFC 7396): what is left out stays. But `crossBorder`, `shippingTax`, `sellsFrom` and `provider` are given whole,
/// the last one but for its URL and secret.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeTaxSettings", deny_unknown_fields)]
pub struct ChangeSettingsBody {
    pub cross_border: Option<CrossBorderBody>,
    #[schemars(extend("enum" = ["line", "rate", "order", null]))]
    pub tax_rounded_per: Option<String>,
    #[schemars(extend("enum" = ["line", "order", null]))]
    pub discounts_rounded_per: Option<String>,
    pub shipping_tax: Option<ShippingTaxBody>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<PlaceBody>")]
    pub sells_from: Option<Option<PlaceBody>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<SetProviderBody>")]
    pub provider: Option<Option<SetProviderBody>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LayDownTaxZones", deny_unknown_fields)]
pub struct LayDownBody {
    /// Members of the European Union, `GB`, `KR`, `JP`.
    #[schemars(required, length(min = 1, max = 50), inner(regex(pattern = "^[A-Z]{2}$")))]
    pub countries: Option<Vec<String>>,
}

/// What was laid down, and where it is from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LaidDownTaxZones")]
pub struct LaidDownBody {
    /// Those that are new.
    pub made: Vec<LaidDownZone>,
    /// Those that the store had already: they are as they were. Delete one to have it laid down anew.
    pub kept: Vec<LaidDownZone>,
    pub sources: Vec<SourcesBody>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LaidDownTaxZone")]
pub struct LaidDownZone {
    #[schemars(with = "IdText<TaxZoneKind>")]
    pub id: String,
    pub name: String,
}

/// Where a country's rates are from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TaxSources")]
pub struct SourcesBody {
    pub country: String,
    pub sources: Vec<SourceBody>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TaxSource")]
pub struct SourceBody {
    pub name: String,
    /// The edition, or the day that it was read for.
    pub date: String,
}

impl CrossBorderBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<CrossBorder> {
        match (self.keep.as_deref(), self.origin) {
            (Some("gross"), None) => Some(CrossBorder::Gross),
            (Some("gross"), Some(_)) => {
                errors.push("origin", "is there only where `keep` is net");
                None
            }
            (Some("net"), Some(origin)) => {
                let origin = errors.nested("origin", |errors| origin.parse(errors));
                origin.map(|origin| CrossBorder::Net { origin })
            }
            (Some("net"), None) => {
                errors.push("origin", "is required where `keep` is net");
                None
            }
            (Some(_), _) => {
                errors.push("keep", "must be gross or net");
                None
            }
            (None, _) => {
                errors.push("keep", "is required");
                None
            }
        }
    }
}

impl SetProviderBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<NewProvider> {
        let endpoint = NewEndpoint::parse(errors, self.url, self.secret, self.timeout_millis);
        let fallback = errors.required("fallback", self.fallback, |fallback| match fallback.as_str() {
            "rules" => Ok(ProviderFallback::OwnRates),
            "refuse" => Ok(ProviderFallback::Refuse),
            _ => Err("must be rules or refuse"),
        });
        Some(NewProvider { endpoint, fallback: fallback? })
    }
}

impl ProviderBody {
    fn of(provider: &TaxProvider, may_write: bool) -> ProviderBody {
        let fallback = match provider.fallback {
            ProviderFallback::Refuse => "refuse",
            ProviderFallback::OwnRates => "rules",
        };
        ProviderBody {
            origin: may_write.then(|| origin_of(&provider.url)),
            timeout_millis: provider.timeout_millis,
            fallback: fallback.to_owned(),
        }
    }
}

impl Parse for ChangeSettingsBody {
    type Parsed = SettingsChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<SettingsChange> {
        fn one<T: FromStr<Err: ToString>>(errors: &mut FieldErrors, name: &str, text: Option<String>) -> Option<T> {
            errors.optional(name, text, |text| text.parse())
        }
        let cross_border = self.cross_border.and_then(|body| errors.nested("crossBorder", |errors| body.parse(errors)));
        let sells_from: Option<Option<Place>> = match self.sells_from {
            None => None,
            Some(None) => Some(None),
            Some(Some(place)) => errors.nested("sellsFrom", |errors| place.parse(errors)).map(Some),
        };
        let provider = match self.provider {
            None => None,
            Some(None) => Some(None),
            Some(Some(provider)) => errors.nested("provider", |errors| provider.parse(errors)).map(Some),
        };
        let change = SettingsChange {
            provider,
            cross_border,
            tax_rounded_per: one(errors, "taxRoundedPer", self.tax_rounded_per),
            discounts_rounded_per: one(errors, "discountsRoundedPer", self.discounts_rounded_per),
            shipping_tax: self.shipping_tax.and_then(|body| errors.nested("shippingTax", |errors| body.parse(errors))),
            sells_from,
        };
        errors.is_empty().then_some(change)
    }
}

impl Parse for LayDownBody {
    type Parsed = Vec<Country>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Vec<Country>> {
        let shipped: Vec<Country> = vat::countries().collect();
        let codes = errors.required("countries", self.countries, |codes| match codes.len() {
            1..=50 => Ok(codes),
            _ => Err("must be 1 to 50"),
        });
        let mut countries = Vec::new();
        for (at, code) in codes?.into_iter().enumerate() {
            let country = errors.optional(&format!("countries/{at}"), Some(code), |code| {
                let known = shipped.iter().find(|country| country.code() == code);
                known
                    .copied()
                    .ok_or("is none whose rates are shipped: members of the European Union, GB, KR and JP are")
            });
            countries.extend(country.filter(|country| !countries.contains(country)));
        }
        errors.is_empty().then_some(countries)
    }
}

async fn settings(ctx: Ctx) -> Result<Response, Problem> {
    let kept = usecase::settings(&ctx).await?;
    Ok(shown(&kept, ctx.may(Scope::TaxWrite)))
}

async fn change_settings(
    ctx: Ctx,
    IfMatch(version): IfMatch,
    body: Json<ChangeSettingsBody>,
) -> Result<Response, Problem> {
    Ok(shown(&usecase::change_settings(&ctx, &body.parsed, version).await?, true))
}

async fn lay_down(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<LayDownBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let countries = &body.parsed;
    let render = |laid: &LaidDown| text(&laid_down(laid, countries));
    Ok(created(usecase::lay_down(&ctx, countries, claim.as_ref(), render).await?))
}

fn laid_down(laid: &LaidDown, countries: &[Country]) -> LaidDownBody {
    let zones = |zones: &[LaidZone]| {
        zones.iter().map(|zone| LaidDownZone { id: zone.id.to_string(), name: zone.name.clone() }).collect()
    };
    let sources = |country: &Country| SourcesBody {
        country: country.to_string(),
        sources: vat::sources(*country)
            .into_iter()
            .map(|source| SourceBody { name: source.name.to_owned(), date: source.date.to_owned() })
            .collect(),
    };
    LaidDownBody { made: zones(&laid.made), kept: zones(&laid.kept), sources: countries.iter().map(sources).collect() }
}

fn shown(kept: &KeptSettings, may_write: bool) -> Response {
    let KeptSettings { settings, version, updated_at, .. } = kept;
    let cross_border = match &settings.cross_border {
        CrossBorder::Gross => CrossBorderBody { keep: Some("gross".to_owned()), origin: None },
        CrossBorder::Net { origin } => CrossBorderBody { keep: Some("net".to_owned()), origin: Some(origin.into()) },
    };
    let body = SettingsBody {
        cross_border,
        tax_rounded_per: settings.tax_rounded_per.to_string(),
        discounts_rounded_per: settings.discounts_rounded_per.to_string(),
        shipping_tax: (&settings.shipping_tax).into(),
        sells_from: settings.sells_from.as_ref().map(PlaceBody::from),
        provider: settings.provider.as_ref().map(|provider| ProviderBody::of(provider, may_write)),
        version: *version,
        updated_at: updated_at.map(|at| at.to_string()),
    };
    versioned(*version, text(&body))
}

fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

impl From<TaxError> for Problem {
    fn from(error: TaxError) -> Problem {
        match error {
            TaxError::TooManyZones => super::zones::usecase::ZoneError::TooMany.into(),
            TaxError::ZonesTooLarge => super::zones::usecase::ZoneError::TooLarge.into(),
            TaxError::ProviderAddress => fields(["provider/url"], NOT_ADMITTED),
            TaxError::NoProviderAddress => fields(["provider/url"], "is required"),
            TaxError::NoProviderSecret => fields(["provider/secret"], "is required"),
            TaxError::VersionMismatch { current } => version_mismatch(current),
            TaxError::Changing => changed_meanwhile(),
        }
    }
}
