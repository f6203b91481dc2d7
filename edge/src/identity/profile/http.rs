//! `/api/v1/customers/me`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::AccountKind;
use headlesspro_shared::kernel::line::{InvalidLine, Line};
use headlesspro_shared::kernel::locale::Locale;
use http::StatusCode;
use http::header::ETAG;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, ProfileError, Wanted};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IfMatch, Json, Parse};
use crate::identity::http::{answer, person};
use crate::identity::usecase::{Account, account};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    Routes::new().get("/api/v1/customers/me", Access::Key(Scope::ProfileRead), show).patch(
        "/api/v1/customers/me",
        Access::Key(Scope::ProfileWrite),
        change,
    )
}

/// What is left out stays as it is; an empty text takes a value away.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangeProfile", deny_unknown_fields)]
pub struct ChangeProfileBody {
    #[schemars(length(max = 200))]
    pub name: Option<String>,
    #[schemars(length(max = 40))]
    pub phone: Option<String>,
    /// The language of mails, such as `de` or `ko-KR`.
    pub locale: Option<String>,
}

/// A person, as they see themselves.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Profile")]
pub struct ProfileBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub id: String,
    pub email: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub locale: String,
    #[schemars(with = "Option<MomentText>")]
    pub email_verified_at: Option<String>,
    /// Grows with each change; the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

impl Parse for ChangeProfileBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let is_wrong = |given: bool, parsed: bool| given && !parsed;
        let given = [self.name.is_some(), self.phone.is_some(), self.locale.is_some()];
        let name = errors.optional("name", self.name, |text| emptied::<200>(&text));
        let phone = errors.optional("phone", self.phone, |text| emptied::<40>(&text));
        let locale = errors.optional("locale", self.locale, |text| text.parse::<Locale>());
        let parsed = [name.is_some(), phone.is_some(), locale.is_some()];
        let is_whole = !given.into_iter().zip(parsed).any(|(given, parsed)| is_wrong(given, parsed));
        is_whole.then_some(Wanted { name, phone, locale })
    }
}

/// A line, or none for an empty text.
fn emptied<const MAX: usize>(text: &str) -> Result<Option<Line<MAX>>, InvalidLine> {
    if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some) }
}

async fn show(ctx: Ctx) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    Ok(shown(account::<ProfileError>(&ctx, person).await?))
}

async fn change(ctx: Ctx, IfMatch(expected): IfMatch, body: Json<ChangeProfileBody>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    Ok(shown(usecase::change(&ctx, person, &body.parsed, expected).await?))
}

fn shown(account: Account) -> Response {
    let etag = format!("\"{}\"", account.version);
    let body = ProfileBody {
        id: account.id.to_string(),
        email: account.email,
        name: account.name,
        phone: account.phone,
        locale: account.locale,
        email_verified_at: account.email_verified_at.map(|at| at.to_string()),
        version: account.version,
        created_at: account.created_at.to_string(),
    };
    ([(ETAG, etag)], answer(StatusCode::OK, &body)).into_response()
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Problem {
        match error {
            ProfileError::VersionMismatch { current } => {
                Problem::new(StatusCode::PRECONDITION_FAILED, "version-mismatch")
                    .detail(format!("The profile is at version {current}."))
                    .with("version", current.into())
            }
        }
    }
}
