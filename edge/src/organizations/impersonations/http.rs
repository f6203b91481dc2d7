//! `/api/v1/impersonations`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountId, AccountKind, SessionKind};
use headlesspro_shared::organizations::ImpersonationError;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, Begun, ImpersonationFailure, Reason};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse};
use crate::journal::{Claim, created};
use crate::organizations::http::{changed_meanwhile, field, person};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::IdText;

pub fn routes() -> Routes {
    let access = Access::Organization(Scope::MembersImpersonate);
    Routes::new().post("/api/v1/impersonations", access, begin)
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Impersonate", deny_unknown_fields)]
pub struct ImpersonateBody {
    /// Whom to act as: a customer, or somebody of the staff who may no more than you.
    #[schemars(required, with = "Option<IdText<AccountKind>>")]
    pub account_id: Option<String>,
    /// Stands in the audit log.
    #[schemars(required, length(min = 1, max = 200))]
    pub reason: Option<String>,
}

/// An access token of somebody else. It cannot be refreshed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Impersonation")]
pub struct ImpersonationBody {
    #[schemars(regex(pattern = r"^[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+$"))]
    pub access_token: String,
    #[schemars(extend("const" = "Bearer"))]
    pub token_type: String,
    /// Seconds.
    #[schemars(range(min = 1, max = 900))]
    pub expires_in: i64,
    /// Who is acted as sees it among the own sessions, and can end it.
    #[schemars(with = "IdText<SessionKind>")]
    pub session_id: String,
    #[schemars(with = "IdText<AccountKind>")]
    pub account_id: String,
    pub role: String,
    /// What the token allows; with blanks between.
    pub scopes: String,
}

impl Parse for ImpersonateBody {
    type Parsed = (AccountId, Reason);

    fn parse(self, errors: &mut FieldErrors) -> Option<(AccountId, Reason)> {
        let account = errors.required("accountId", self.account_id, |id| id.parse::<AccountId>());
        let reason = errors.required("reason", self.reason, |reason| reason.parse::<Reason>());
        Some((account?, reason?))
    }
}

async fn begin(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<ImpersonateBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let actor = person(&ctx, Scope::MembersImpersonate).await?.account;
    let (account, reason) = &body.parsed;
    Ok(created(usecase::begin(&ctx, actor, *account, reason, claim.as_ref(), told).await?))
}

fn told(begun: Begun) -> String {
    let body = ImpersonationBody {
        access_token: begun.access_token,
        token_type: "Bearer".to_owned(),
        expires_in: begun.expires_in,
        session_id: begun.session.to_string(),
        account_id: begun.account.to_string(),
        role: begun.role.to_string(),
        scopes: begun.scopes.to_string(),
    };
    serde_json::to_string(&body).unwrap_or_default()
}

impl From<ImpersonationFailure> for Problem {
    fn from(failure: ImpersonationFailure) -> Problem {
        match failure {
            ImpersonationFailure::Refused(ImpersonationError::Membership(refused)) => refused.into(),
            ImpersonationFailure::Refused(ImpersonationError::Oneself) => {
                field("accountId", "nobody impersonates themselves")
            }
            ImpersonationFailure::Refused(ImpersonationError::Nested) => {
                Problem::new(StatusCode::FORBIDDEN, "nested-impersonation")
                    .detail("Who acts as somebody else already acts as nobody more.")
            }
            ImpersonationFailure::TargetSuspended => Problem::new(StatusCode::CONFLICT, "account-suspended")
                .detail("The account is suspended: nobody acts in its name.")
                .with("allowedActions", json!([])),
            ImpersonationFailure::Changing => changed_meanwhile(),
        }
    }
}
