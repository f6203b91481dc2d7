//! `/api/v1/auth/identities`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{ExternalIdentityKind, IdentityProviderKind};
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::Serialize;

use super::usecase::{self, Identity, LastWayIn};
use crate::app::Ctx;
use crate::extract::{Parsed, PathId};
use crate::identity::http::{answer, linked, nothing, person};
use crate::identity::newest::Newest;
use crate::identity::store::identity::IdentityProvider;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    Routes::new().get("/api/v1/auth/identities", Access::Key(Scope::ProfileRead), list).delete(
        "/api/v1/auth/identities/{id}",
        Access::Key(Scope::ProfileWrite),
        unlink,
    )
}

/// A person at another issuer, who comes to the account.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LinkedIdentity")]
pub struct IdentityBody {
    #[schemars(with = "IdText<ExternalIdentityKind>")]
    pub id: String,
    pub issuer: String,
    /// Null where the provider was removed: nobody comes by it.
    pub provider: Option<IdentityProviderBody>,
    /// The end of what the provider calls the person.
    pub subject_hint: String,
    /// The address that the provider told when it was linked.
    pub email: Option<String>,
    #[schemars(with = "MomentText")]
    pub linked_at: String,
    /// Its last login here, where one is known.
    #[schemars(with = "Option<MomentText>")]
    pub last_used_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderOfIdentity")]
pub struct IdentityProviderBody {
    #[schemars(with = "IdText<IdentityProviderKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["oidc", "google", "kakao", "naver"]))]
    pub kind: String,
    pub name: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LinkedIdentities")]
pub struct IdentitiesBody {
    /// The newest first.
    pub items: Vec<IdentityBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

async fn list(ctx: Ctx, Parsed(wanted): Parsed<Newest>, uri: Uri) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    let (identities, next) = usecase::list(&ctx, person.account, &wanted).await?;
    let items = identities.into_iter().map(IdentityBody::of).collect();
    let body = IdentitiesBody { items, next_cursor: next.map(Newest::cursor) };
    Ok(linked(answer(StatusCode::OK, &body), &uri, body.next_cursor.as_deref()))
}

async fn unlink(ctx: Ctx, PathId(id): PathId<ExternalIdentityKind>) -> Result<Response, Problem> {
    let person = person(&ctx).await?;
    usecase::unlink(&ctx, person.account, id).await?;
    Ok(nothing())
}

impl IdentityBody {
    fn of(identity: Identity) -> IdentityBody {
        let of_provider = |IdentityProvider { id, kind, name }| IdentityProviderBody { id: id.to_string(), kind, name };
        IdentityBody {
            id: identity.id.to_string(),
            issuer: identity.issuer,
            provider: identity.provider.map(of_provider),
            subject_hint: identity.subject_hint,
            email: identity.email,
            linked_at: identity.linked_at.to_string(),
            last_used_at: identity.last_used_at.map(|at| at.to_string()),
        }
    }
}

impl From<LastWayIn> for Problem {
    fn from(_: LastWayIn) -> Problem {
        Problem::new(StatusCode::CONFLICT, "last-login-method")
            .detail("Nothing else opens this account. Set a password, or add a passkey or another identity first.")
    }
}
