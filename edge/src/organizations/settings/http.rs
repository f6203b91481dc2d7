//! `/api/v1/organization`, `/api/v1/stores` and `/api/v1/platforms`.

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{OrganizationKind, StoreKind};
use headlesspro_shared::kernel::locale::{InvalidLocaleList, Locale, LocaleList};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::notifications::BaseUrl;
use headlesspro_shared::organizations::{
    MOST_CURRENCIES, PLATFORMS, Platform, RoundingMode, Settings, SettingsChange, Status, TaxMode, Timezone,
};
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, Name, OrganizationChange, SettingsError, StoreChange, Wanted};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, given};
use crate::journal::{Answered, Claim, created};
use crate::organizations::http::{
    Page, answer, changed_meanwhile, cursor_after, field, page_answer, version_mismatch, versioned,
};
use crate::organizations::store::settings::{Organization, OwnSettings, Store};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let read = Access::Organization(Scope::OrganizationRead);
    Routes::new()
        .get("/api/v1/organization", read, organization)
        .patch("/api/v1/organization", Access::Organization(Scope::OrganizationWrite), change_organization)
        .get("/api/v1/stores", read, stores)
        .post("/api/v1/stores", Access::Organization(Scope::StoresWrite), open)
        .get("/api/v1/stores/{id}", Access::Record(Scope::OrganizationRead), store)
        .patch("/api/v1/stores/{id}", Access::Record(Scope::StoresWrite), change_store)
        .get("/api/v1/platforms", Access::Key(Scope::OrganizationRead), platforms)
}

/// What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeOrganization", deny_unknown_fields)]
pub struct ChangeOrganizationBody {
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// Of new stores, unless they have another.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// Of the IANA database: `Europe/Berlin`.
    pub timezone: Option<String>,
    pub locale: Option<String>,
    /// Those that products are translated to, at most 20. The one above is one of them, whether it is listed or not.
    #[schemars(length(max = 20))]
    pub locales: Option<Vec<String>>,
    /// Whether the prices that are entered hold the tax.
    #[schemars(extend("enum" = ["inclusive", "exclusive", null]))]
    pub tax_mode: Option<String>,
    #[schemars(extend("enum" = ["half-up", "half-even", "half-down", null]))]
    pub rounding: Option<String>,
}

/// Without `platform` a storefront of its own; with one, a connection to it.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OpenStore", deny_unknown_fields)]
pub struct OpenStoreBody {
    /// Of its own in the organization.
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The organization's when left out. It never changes.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// The organization's when left out, as the next four.
    pub timezone: Option<String>,
    pub locale: Option<String>,
    /// Those that products are translated to, at most 20. The one above is one of them, whether it is listed or not.
    #[schemars(length(max = 20))]
    pub locales: Option<Vec<String>>,
    #[schemars(extend("enum" = ["inclusive", "exclusive", null]))]
    pub tax_mode: Option<String>,
    #[schemars(extend("enum" = ["half-up", "half-even", "half-down", null]))]
    pub rounding: Option<String>,
    /// The id of a platform: see `GET /api/v1/platforms`.
    pub platform: Option<String>,
    /// What the platform asks for, by its names. Kept encrypted, and never shown again.
    pub credentials: Option<BTreeMap<String, String>>,
    /// Where the links in customers' mails lead: https, or http on this machine. That of the deployment when left
    /// out. Asks for `providers:write` over the whole organization.
    #[schemars(length(max = 500))]
    pub storefront_url: Option<String>,
    /// In which variants may have prices as well; the store's own is not among them.
    #[schemars(length(max = 20), inner(regex(pattern = "^[A-Z]{3}$")))]
    pub currencies: Option<Vec<String>>,
}

/// What is left out stays as it is; null takes a store's own setting away, so that its organization's holds.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangeStore", deny_unknown_fields)]
pub struct ChangeStoreBody {
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub timezone: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub locale: Option<Option<String>>,
    /// Those that products are translated to, at most 20. The one above is one of them, whether it is listed or not.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Vec<String>>", length(max = 20))]
    pub locales: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", extend("enum" = ["inclusive", "exclusive", null]))]
    pub tax_mode: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", extend("enum" = ["half-up", "half-even", "half-down", null]))]
    pub rounding: Option<Option<String>>,
    /// The keys of a suspended store open nothing.
    #[schemars(extend("enum" = ["active", "suspended", null]))]
    pub status: Option<String>,
    /// All that the platform asks for.
    pub credentials: Option<BTreeMap<String, String>>,
    /// Where the links in customers' mails lead: https, or http on this machine. Another one asks for
    /// `providers:write` over the whole organization.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(max = 500))]
    pub storefront_url: Option<Option<String>>,
    /// In which variants may have prices as well; the store's own is not among them. Prices in one that is taken away
    /// stay, and are not shown or sold in until it is there again; what is cached may show them for a minute.
    #[schemars(length(max = 20), inner(regex(pattern = "^[A-Z]{3}$")))]
    pub currencies: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settings")]
pub struct SettingsBody {
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub currency: String,
    pub timezone: String,
    pub locale: String,
    /// Those that products are translated to, after the one above.
    pub locales: Vec<String>,
    #[schemars(extend("enum" = ["inclusive", "exclusive"]))]
    pub tax_mode: String,
    #[schemars(extend("enum" = ["half-up", "half-even", "half-down"]))]
    pub rounding: String,
}

/// How much there is of something, and how much the plan allows.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PlanLimit")]
pub struct LimitBody {
    pub used: i64,
    /// Null: as much as they like.
    pub most: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Plan")]
pub struct PlanBody {
    pub stores: LimitBody,
    pub members: LimitBody,
    /// Those that are neither revoked, expired nor replaced by one that is good, of all stores.
    pub api_keys: LimitBody,
}

/// The merchant.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Organization")]
pub struct OrganizationBody {
    #[schemars(with = "IdText<OrganizationKind>")]
    pub id: String,
    pub name: String,
    pub settings: SettingsBody,
    #[schemars(extend("enum" = ["active", "suspended", "closed"]))]
    pub status: String,
    pub plan: PlanBody,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

/// A storefront, or a connection to a platform.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Store")]
pub struct StoreBody {
    #[schemars(with = "IdText<StoreKind>")]
    pub id: String,
    pub name: String,
    /// Those that hold: its own or, where it has none, its organization's.
    pub settings: SettingsBody,
    /// The names of the settings that are its own.
    pub own_settings: Vec<String>,
    #[schemars(extend("enum" = ["active", "suspended"]))]
    pub status: String,
    #[schemars(extend("enum" = ["storefront", "marketplace"]))]
    pub kind: String,
    /// Of a connection.
    pub platform: Option<String>,
    pub has_credentials: bool,
    /// How the connection was by the last report.
    #[schemars(extend("enum" = ["unknown", "healthy", "degraded", "failing"]))]
    pub health: String,
    /// What the report says, for people.
    pub health_message: Option<String>,
    /// Of the last report.
    #[schemars(with = "Option<MomentText>")]
    pub health_at: Option<String>,
    #[schemars(with = "Option<MomentText>")]
    pub last_sync_at: Option<String>,
    /// Where the links in customers' mails lead; null: where the deployment says.
    pub storefront_url: Option<String>,
    /// In which variants may have prices, beside the one in the settings.
    pub currencies: Vec<String>,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Stores")]
pub struct StoresBody {
    /// The oldest first.
    pub items: Vec<StoreBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What stores can be connected to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Platform")]
pub struct PlatformBody {
    pub id: String,
    pub name: String,
    /// What the platform offers to connections, as it declares.
    #[schemars(extend("items" = { "enum": ["products", "inventory", "orders", "live", "messaging"] }))]
    pub abilities: Vec<String>,
    /// The names of what a connection authenticates with.
    pub credentials: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Platforms")]
pub struct PlatformsBody {
    pub items: Vec<PlatformBody>,
}

impl Parse for ChangeOrganizationBody {
    type Parsed = OrganizationChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<OrganizationChange> {
        let change = OrganizationChange {
            name: errors.optional("name", self.name, |name| name.parse::<Name>()),
            settings: SettingsChange {
                currency: errors.optional("currency", self.currency, |code| code.parse::<Currency>()),
                timezone: errors.optional("timezone", self.timezone, |zone| zone.parse::<Timezone>()),
                locale: errors.optional("locale", self.locale, |locale| locale.parse::<Locale>()),
                locales: errors.optional("locales", self.locales, |list| locales(&list)),
                tax_mode: errors.optional("taxMode", self.tax_mode, |mode| mode.parse::<TaxMode>()),
                rounding: errors.optional("rounding", self.rounding, |mode| mode.parse::<RoundingMode>()),
            },
        };
        errors.is_empty().then_some(change)
    }
}

impl Parse for OpenStoreBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let name = errors.required("name", self.name, |name| name.parse::<Name>());
        let currency = errors.optional("currency", self.currency, |code| code.parse::<Currency>());
        let own = OwnSettings {
            timezone: errors.optional("timezone", self.timezone, |zone| zone.parse::<Timezone>()),
            locale: errors.optional("locale", self.locale, |locale| locale.parse::<Locale>()),
            locales: errors.optional("locales", self.locales, |list| locales(&list)),
            tax_mode: errors.optional("taxMode", self.tax_mode, |mode| mode.parse::<TaxMode>()),
            rounding: errors.optional("rounding", self.rounding, |mode| mode.parse::<RoundingMode>()),
        };
        let platform =
            errors.optional("platform", self.platform, |id| Platform::of(&id).ok_or("there is no such platform"));
        let storefront = errors.optional("storefrontUrl", self.storefront_url, |url| storefront(&url));
        let currencies = currencies(errors, self.currencies).unwrap_or_default();
        let credentials = self.credentials;
        errors.is_empty().then_some(Wanted {
            name: name?,
            currency,
            own,
            platform,
            credentials,
            storefront,
            currencies,
        })
    }
}

impl Parse for ChangeStoreBody {
    type Parsed = StoreChange;

    fn parse(self, errors: &mut FieldErrors) -> Option<StoreChange> {
        fn own<T: std::str::FromStr<Err: ToString>>(
            errors: &mut FieldErrors,
            name: &str,
            value: Option<Option<String>>,
        ) -> Option<Option<T>> {
            match value {
                None => None,
                Some(None) => Some(None),
                Some(Some(text)) => errors.optional(name, Some(text), |text| text.parse::<T>()).map(Some),
            }
        }
        let change = StoreChange {
            name: errors.optional("name", self.name, |name| name.parse::<Name>()),
            timezone: own(errors, "timezone", self.timezone),
            locale: own(errors, "locale", self.locale),
            locales: errors.optional("locales", self.locales, |list| list.as_deref().map(locales).transpose()),
            tax_mode: own(errors, "taxMode", self.tax_mode),
            rounding: own(errors, "rounding", self.rounding),
            status: errors.optional("status", self.status, |status| status.parse::<Status>()),
            credentials: self.credentials,
            storefront: match self.storefront_url {
                None => None,
                Some(None) => Some(None),
                Some(Some(url)) => errors.optional("storefrontUrl", Some(url), |url| storefront(&url)).map(Some),
            },
            currencies: currencies(errors, self.currencies),
        };
        errors.is_empty().then_some(change)
    }
}

fn locales(list: &[String]) -> Result<LocaleList, InvalidLocaleList> {
    LocaleList::of(list.iter().map(String::as_str))
}

/// Each once, in the order of their codes.
fn currencies(errors: &mut FieldErrors, codes: Option<Vec<String>>) -> Option<Vec<Currency>> {
    let codes = codes?;
    if MOST_CURRENCIES < codes.len() {
        errors.push("currencies", format!("has more than {MOST_CURRENCIES} elements"));
        return None;
    }
    let read = |(at, code): (usize, String)| {
        errors.optional(&format!("currencies/{at}"), Some(code), |code| code.parse::<Currency>())
    };
    let read: BTreeSet<Currency> = codes.into_iter().enumerate().filter_map(read).collect();
    Some(read.into_iter().collect())
}

fn storefront(url: &str) -> Result<BaseUrl, &'static str> {
    const LONGEST: usize = 500;
    let parsed = (url.len() <= LONGEST).then(|| url.parse().ok()).flatten();
    parsed.ok_or("expected an address such as https://shop.example of at most 500 characters")
}

async fn organization(ctx: Ctx) -> Result<Response, Problem> {
    Ok(of_organization(usecase::organization(&ctx).await?))
}

async fn change_organization(
    ctx: Ctx,
    IfMatch(version): IfMatch,
    body: Json<ChangeOrganizationBody>,
) -> Result<Response, Problem> {
    Ok(of_organization(usecase::change_organization(&ctx, &body.parsed, version).await?))
}

async fn stores(ctx: Ctx, Parsed(page): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, more) = usecase::stores(&ctx, &page.after, page.limit).await?;
    let next_cursor = found.last().filter(|_| more).map(|last| cursor_after(last.id));
    let body = StoresBody { items: found.into_iter().map(StoreBody::from).collect(), next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn store(ctx: Ctx, PathId(id): PathId<StoreKind>) -> Result<Response, Problem> {
    Ok(of_store(usecase::store(&ctx, id).await?))
}

async fn open(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<OpenStoreBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let (store, is_replay) = usecase::open(&ctx, &body.parsed, claim.as_ref()).await?;
    let location = usecase::location(store.id);
    let body = serde_json::to_string(&StoreBody::from(store)).unwrap_or_default();
    Ok(created(Answered { location, body, is_replay }))
}

async fn change_store(
    ctx: Ctx,
    PathId(id): PathId<StoreKind>,
    IfMatch(version): IfMatch,
    body: Json<ChangeStoreBody>,
) -> Result<Response, Problem> {
    Ok(of_store(usecase::change_store(&ctx, id, &body.parsed, version).await?))
}

async fn platforms(ctx: Ctx) -> Result<Response, Problem> {
    ctx.principal().await?;
    let items = PLATFORMS.iter().map(PlatformBody::from).collect();
    Ok(answer(StatusCode::OK, &PlatformsBody { items }))
}

fn of_organization(organization: Organization) -> Response {
    versioned(StatusCode::OK, organization.version, &OrganizationBody::from(organization))
}

fn of_store(store: Store) -> Response {
    versioned(StatusCode::OK, store.version, &StoreBody::from(store))
}

impl From<&Settings> for SettingsBody {
    fn from(settings: &Settings) -> SettingsBody {
        SettingsBody {
            currency: settings.currency.to_string(),
            timezone: settings.timezone.to_string(),
            locale: settings.locale.to_string(),
            locales: settings.all_locales().all().map(ToString::to_string).collect(),
            tax_mode: settings.tax_mode.to_string(),
            rounding: settings.rounding.to_string(),
        }
    }
}

impl From<Organization> for OrganizationBody {
    fn from(organization: Organization) -> OrganizationBody {
        OrganizationBody {
            id: organization.id.to_string(),
            name: organization.name,
            settings: SettingsBody::from(&organization.settings),
            status: organization.status.to_string(),
            plan: PlanBody {
                stores: LimitBody { used: organization.stores, most: organization.plan.stores },
                members: LimitBody { used: organization.members, most: organization.plan.members },
                api_keys: LimitBody { used: organization.api_keys, most: organization.plan.api_keys },
            },
            version: organization.version,
            created_at: organization.created_at.to_string(),
        }
    }
}

impl From<Store> for StoreBody {
    fn from(store: Store) -> StoreBody {
        let own = [
            ("timezone", store.own.timezone.is_some()),
            ("locale", store.own.locale.is_some()),
            ("locales", store.own.locales.is_some()),
            ("taxMode", store.own.tax_mode.is_some()),
            ("rounding", store.own.rounding.is_some()),
        ];
        StoreBody {
            id: store.id.to_string(),
            name: store.name,
            settings: SettingsBody::from(&store.settings),
            own_settings: own.iter().filter(|(_, is_own)| *is_own).map(|(name, _)| (*name).to_owned()).collect(),
            status: store.status.to_string(),
            kind: if store.platform.is_some() { "marketplace" } else { "storefront" }.to_owned(),
            platform: store.platform,
            has_credentials: store.has_credentials,
            health: store.health.to_string(),
            health_message: store.health_message,
            health_at: store.health_at.map(|at| at.to_string()),
            last_sync_at: store.last_sync_at.map(|at| at.to_string()),
            storefront_url: store.storefront.map(|url| url.to_string()),
            currencies: store.currencies.iter().map(ToString::to_string).collect(),
            version: store.version,
            created_at: store.created_at.to_string(),
        }
    }
}

impl From<&Platform> for PlatformBody {
    fn from(platform: &Platform) -> PlatformBody {
        PlatformBody {
            id: platform.id.to_owned(),
            name: platform.name.to_owned(),
            abilities: platform.abilities.iter().map(ToString::to_string).collect(),
            credentials: platform.credentials.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Problem {
        match error {
            SettingsError::NameTaken => field("name", "another store has this name"),
            SettingsError::Credentials(refused) => field("credentials", refused.to_string()),
            SettingsError::OwnCurrency(own) => field("currencies", format!("{own} is the store's own currency")),
            SettingsError::PlanLimit(exceeded) => exceeded.into(),
            SettingsError::LastStore => Problem::new(StatusCode::CONFLICT, "last-store")
                .detail("One storefront must stay active, or nobody could log in any more.")
                .with("allowedActions", json!([])),
            SettingsError::VersionMismatch { current } => version_mismatch(current),
            SettingsError::Changing => changed_meanwhile(),
        }
    }
}
