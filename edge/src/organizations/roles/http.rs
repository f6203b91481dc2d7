//! `/api/v1/roles`.

use axum::response::Response;
use headlesspro_shared::identity::{Role, Scope, Scopes};
use headlesspro_shared::kernel::id::RoleKind;
use headlesspro_shared::organizations::CustomRoleError;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::usecase::{self, RoleError, RoleName};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, PathId};
use crate::journal::{Claim, created};
use crate::organizations::http::{answer, changed_meanwhile, field, nothing, person, version_mismatch, versioned};
use crate::organizations::store::role::CustomRole;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let read = Access::Organization(Scope::MembersRead);
    let write = Access::Organization(Scope::MembersWrite);
    Routes::new()
        .get("/api/v1/roles", read, list)
        .post("/api/v1/roles", write, create)
        .get("/api/v1/roles/{id}", read, show)
        .patch("/api/v1/roles/{id}", write, change)
        .delete("/api/v1/roles/{id}", write, delete)
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateRole", deny_unknown_fields)]
pub struct CreateRoleBody {
    /// Of its own in the organization.
    #[schemars(required, length(min = 1, max = 80))]
    pub name: Option<String>,
    /// With blanks between; none that its maker lacks.
    #[schemars(required)]
    pub scopes: Option<String>,
}

/// What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangeRole", deny_unknown_fields)]
pub struct ChangeRoleBody {
    #[schemars(length(min = 1, max = 80))]
    pub name: Option<String>,
    /// With blanks between.
    pub scopes: Option<String>,
}

/// A permission set of the organization's own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CustomRole")]
pub struct RoleBody {
    #[schemars(with = "IdText<RoleKind>")]
    pub id: String,
    pub name: String,
    /// With blanks between.
    pub scopes: String,
    /// How many members have it.
    pub members: i64,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

/// A role that every organization has.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BuiltInRole")]
pub struct BuiltInRoleBody {
    /// What it is called where a member gets it.
    pub role: String,
    /// With blanks between.
    pub scopes: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Roles")]
pub struct RolesBody {
    /// The custom ones, by name, at most 100.
    pub items: Vec<RoleBody>,
    /// Those that a member can have beside them.
    pub built_in: Vec<BuiltInRoleBody>,
}

impl Parse for CreateRoleBody {
    type Parsed = (RoleName, Scopes);

    fn parse(self, errors: &mut FieldErrors) -> Option<(RoleName, Scopes)> {
        let name = errors.required("name", self.name, |name| name.parse::<RoleName>());
        let scopes = errors.required("scopes", self.scopes, |scopes| scopes.parse::<Scopes>());
        Some((name?, scopes?))
    }
}

impl Parse for ChangeRoleBody {
    type Parsed = (Option<RoleName>, Option<Scopes>);

    fn parse(self, errors: &mut FieldErrors) -> Option<Self::Parsed> {
        let name = errors.optional("name", self.name, |name| name.parse::<RoleName>());
        let scopes = errors.optional("scopes", self.scopes, |scopes| scopes.parse::<Scopes>());
        if errors.is_empty() && name.is_none() && scopes.is_none() {
            errors.push("name", "or scopes must be given");
        }
        errors.is_empty().then_some((name, scopes))
    }
}

async fn list(ctx: Ctx) -> Result<Response, Problem> {
    let items = usecase::list(&ctx).await?.into_iter().map(RoleBody::from).collect();
    let built_in = Role::BUILT_IN.into_iter().filter(|role| role.is_staff());
    let built_in =
        built_in.map(|role| BuiltInRoleBody { role: role.to_string(), scopes: role.scopes(Scopes::NONE).to_string() });
    Ok(answer(StatusCode::OK, &RolesBody { items, built_in: built_in.collect() }))
}

async fn show(ctx: Ctx, PathId(id): PathId<RoleKind>) -> Result<Response, Problem> {
    Ok(shown(usecase::find(&ctx, id).await?))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateRoleBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    let record = |role: &CustomRole| serde_json::to_string(&RoleBody::from(role.clone())).unwrap_or_default();
    let (name, scopes) = &body.parsed;
    Ok(created(usecase::create(&ctx, actor, name, *scopes, claim.as_ref(), record).await?))
}

async fn change(
    ctx: Ctx,
    PathId(id): PathId<RoleKind>,
    IfMatch(version): IfMatch,
    body: Json<ChangeRoleBody>,
) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    let (name, scopes) = &body.parsed;
    Ok(shown(usecase::change(&ctx, actor, id, name.as_ref(), *scopes, version).await?))
}

async fn delete(ctx: Ctx, PathId(id): PathId<RoleKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    usecase::delete(&ctx, actor, id, version).await?;
    Ok(nothing())
}

fn shown(role: CustomRole) -> Response {
    versioned(StatusCode::OK, role.version, &RoleBody::from(role))
}

impl From<CustomRole> for RoleBody {
    fn from(role: CustomRole) -> RoleBody {
        RoleBody {
            id: role.id.to_string(),
            name: role.name,
            scopes: role.scopes.to_string(),
            members: role.members,
            version: role.version,
            created_at: role.created_at.to_string(),
        }
    }
}

impl From<RoleError> for Problem {
    fn from(error: RoleError) -> Problem {
        match error {
            RoleError::Refused(CustomRoleError::Membership(refused)) => refused.into(),
            RoleError::Refused(refused @ (CustomRoleError::Empty | CustomRoleError::BeyondOwn(_))) => {
                field("scopes", refused.to_string())
            }
            RoleError::NameTaken => field("name", "another role has this name"),
            RoleError::TooMany => Problem::new(StatusCode::CONFLICT, "too-many-roles")
                .detail("An organization has 100 custom roles at most.")
                .with("allowedActions", json!(["delete"])),
            RoleError::InUse => Problem::new(StatusCode::CONFLICT, "role-in-use")
                .detail("Somebody has this role, or is invited to it. Give them another one first.")
                .with("allowedActions", json!(["change"])),
            RoleError::VersionMismatch { current } => version_mismatch(current),
            RoleError::Changing => changed_meanwhile(),
        }
    }
}
