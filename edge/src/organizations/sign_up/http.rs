//! `POST /api/v1/organizations`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use headlesspro_shared::identity::Password;
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{AccountKind, OrganizationKind, StoreKind};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::locale::Locale;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::limits::Class;
use headlesspro_shared::organizations::founded_name;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, Founded, SignUpError, Wanted};
use crate::app::App;
use crate::extract::{Arrival, FieldErrors, IdempotencyKey, Json, Parse};
use crate::journal::created;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::IdText;

/// Without a key: whoever signs up has none, and gets the first one here. Closed unless the deployment opens it; what
/// comes from one network address is counted.
pub fn routes() -> Routes {
    Routes::new().class(Class::Auth).postponed().post("/api/v1/organizations", Access::Public, sign_up)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SignUp", deny_unknown_fields)]
pub struct SignUpBody {
    #[schemars(required, length(min = 1, max = 200))]
    pub organization_name: Option<String>,
    /// Of its first store.
    #[schemars(required, length(min = 1, max = 200))]
    pub store_name: Option<String>,
    /// Of the store's prices, ISO 4217. It never changes; the organization's other settings do.
    #[schemars(required, regex(pattern = "^[A-Z]{3}$"))]
    pub currency: Option<String>,
    /// The owner's.
    #[schemars(required, email)]
    pub email: Option<String>,
    /// 8 to 128 characters; neither the address nor one that everybody chooses.
    #[schemars(required, length(min = 8, max = 128))]
    pub password: Option<String>,
    /// The owner's.
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The language of mails to the owner, such as `de` or `ko-KR`; `en` when left out.
    pub locale: Option<String>,
}

/// What was founded. A mail is on its way; once its address is confirmed the owner can log in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SignedUp")]
pub struct SignedUpBody {
    #[schemars(with = "IdText<OrganizationKind>")]
    pub organization_id: String,
    #[schemars(with = "IdText<StoreKind>")]
    pub store_id: String,
    /// The owner's account.
    #[schemars(with = "IdText<AccountKind>")]
    pub account_id: String,
    /// Of the store: with it the owner confirms the address and logs in. It may stand in the storefront's source.
    #[schemars(regex(pattern = "^pk_[0-9a-hjkmnp-tv-z]{84}$"))]
    pub publishable_key: String,
    #[schemars(extend("const" = "check-mail"))]
    pub next: String,
}

impl Parse for SignUpBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let organization = errors.required("organizationName", self.organization_name, |name| founded_name(&name));
        let store = errors.required("storeName", self.store_name, |name| founded_name(&name));
        let currency = errors.required("currency", self.currency, |code| code.parse::<Currency>());
        let email = errors.required("email", self.email, |email| email.parse::<Email>());
        let password = errors.required("password", self.password, Ok::<_, Infallible>);
        let password = match &email {
            Some(email) => errors.optional("password", password, |text| Password::chosen(&text, email)),
            None => None,
        };
        let name = errors.optional("name", self.name, |name| name.parse::<Line<200>>());
        let locale = errors.optional("locale", self.locale, |locale| locale.parse::<Locale>());
        let (organization, store, currency) = (organization?, store?, currency?);
        let locale = locale.unwrap_or_default();
        Some(Wanted { organization, store, currency, email: email?, password: password?, name, locale })
    }
}

/// Where it is closed nothing of the request is looked at.
async fn sign_up(
    State(app): State<Arc<App>>,
    arrival: Arrival,
    key: Result<Option<IdempotencyKey>, Problem>,
    body: Result<Json<SignUpBody>, Problem>,
) -> Result<Response, Problem> {
    usecase::is_open(&app)?;
    let (key, body) = (key?, body?);
    let claim = key.map(|key| usecase::claim(&app, &body.parsed.email, &key, &body.bytes));
    let answered = usecase::sign_up(&app, &arrival, &body.parsed, claim.as_ref(), rendered).await?;
    Ok(created(answered))
}

fn rendered(founded: &Founded) -> String {
    let body = SignedUpBody {
        organization_id: founded.ids.organization.to_string(),
        store_id: founded.ids.store.to_string(),
        account_id: founded.ids.account.to_string(),
        publishable_key: founded.publishable_key.clone(),
        next: "check-mail".to_owned(),
    };
    serde_json::to_string(&body).unwrap_or_default()
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Problem {
        match error {
            SignUpError::Closed => Problem::new(StatusCode::FORBIDDEN, "sign-up-closed")
                .detail("Nobody signs up here: whoever runs this service founds the organizations."),
            SignUpError::Wait { millis } => {
                let seconds = millis.saturating_add(999).div_euclid(1_000).max(1);
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-organizations")
                    .detail(format!("Too many were founded from here or for this address. Try again in {seconds} s."))
                    .header(RETRY_AFTER, HeaderValue::from(seconds))
            }
        }
    }
}
