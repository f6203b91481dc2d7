//! `/api/v1/members`.

use axum::response::Response;
use headlesspro_shared::identity::{Grant, Role, Scope};
use headlesspro_shared::kernel::id::AccountKind;
use http::{StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, Action, MemberError, Shown};
use crate::app::Ctx;
use crate::extract::{FieldErrors, IfMatch, Json, Parse, Parsed, PathId};
use crate::organizations::http::{
    GrantBody, Page, changed_meanwhile, cursor_after, field, grants, no_such_channels, nothing, page_answer, person,
    version_mismatch, versioned,
};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

pub fn routes() -> Routes {
    let read = Access::Organization(Scope::MembersRead);
    let write = Access::Organization(Scope::MembersWrite);
    Routes::new()
        .get("/api/v1/members", read, list)
        .get("/api/v1/members/{id}", read, show)
        .patch("/api/v1/members/{id}", write, appoint)
        .post("/api/v1/members/{id}/suspend", write, suspend)
        .post("/api/v1/members/{id}/resume", write, resume)
        .delete("/api/v1/members/{id}", write, remove)
        .delete("/api/v1/membership", Access::Key(Scope::ProfileWrite), leave)
}

/// What a member is to be. What is left out stays as it is.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AppointMember", deny_unknown_fields)]
pub struct AppointBody {
    /// `owner`, `admin`, `member`, `viewer` or the id of a custom role.
    pub role: Option<String>,
    /// Narrow the role to what they name; an empty list takes the narrowing away.
    #[schemars(length(max = 20))]
    pub grants: Option<Vec<GrantBody>>,
}

/// Somebody who works for the organization.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Member")]
pub struct MemberBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub id: String,
    pub email: String,
    pub name: Option<String>,
    /// `owner`, `admin`, `member`, `viewer` or the id of a custom role.
    pub role: String,
    /// Of a custom role.
    pub role_name: Option<String>,
    /// What the role allows somewhere, after its grants; with blanks between.
    pub scopes: String,
    /// Where the role holds; without any, everywhere.
    pub grants: Vec<GrantBody>,
    #[schemars(extend("enum" = ["active", "suspended"]))]
    pub state: String,
    /// Grows with each change; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Members")]
pub struct MembersBody {
    /// In the order of their ids.
    pub items: Vec<MemberBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// What an appointment asks for.
pub struct Wanted {
    role: Option<Role>,
    grants: Option<Vec<Grant>>,
}

impl Parse for AppointBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let role = errors.optional("role", self.role, |role| role.parse::<Role>());
        let grants = grants(self.grants, errors);
        if errors.is_empty() && role.is_none() && grants.is_none() {
            errors.push("role", "or grants must be given");
        }
        errors.is_empty().then_some(Wanted { role, grants })
    }
}

async fn list(ctx: Ctx, Parsed(page): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (members, more) = usecase::list(&ctx, &page.after, page.limit).await?;
    let next_cursor = members.last().filter(|_| more).map(|last| cursor_after(last.member.account));
    let body = MembersBody { items: members.into_iter().map(MemberBody::from).collect(), next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn show(ctx: Ctx, PathId(id): PathId<AccountKind>) -> Result<Response, Problem> {
    Ok(shown(usecase::find(&ctx, id).await?))
}

async fn appoint(
    ctx: Ctx,
    PathId(id): PathId<AccountKind>,
    IfMatch(version): IfMatch,
    body: Json<AppointBody>,
) -> Result<Response, Problem> {
    let Wanted { role, grants } = body.parsed;
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    told(usecase::act(&ctx, actor, id, &Action::Appoint { role, grants }, version).await?)
}

async fn suspend(ctx: Ctx, PathId(id): PathId<AccountKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    told(usecase::act(&ctx, actor, id, &Action::Suspend, version).await?)
}

async fn resume(ctx: Ctx, PathId(id): PathId<AccountKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    told(usecase::act(&ctx, actor, id, &Action::Resume, version).await?)
}

async fn remove(ctx: Ctx, PathId(id): PathId<AccountKind>, IfMatch(version): IfMatch) -> Result<Response, Problem> {
    let actor = person(&ctx, Scope::MembersWrite).await?.account;
    usecase::act(&ctx, actor, id, &Action::Remove, version).await?;
    Ok(nothing())
}

async fn leave(ctx: Ctx) -> Result<Response, Problem> {
    let own = person(&ctx, Scope::ProfileWrite).await?.account;
    usecase::act(&ctx, own, own, &Action::Leave, None).await?;
    Ok(nothing())
}

fn told(changed: Option<Shown>) -> Result<Response, Problem> {
    changed.map(shown).ok_or_else(Problem::not_found)
}

fn shown(member: Shown) -> Response {
    versioned(StatusCode::OK, member.version, &MemberBody::from(member))
}

impl From<Shown> for MemberBody {
    fn from(shown: Shown) -> MemberBody {
        let appointment = &shown.member.appointment;
        MemberBody {
            id: shown.member.account.to_string(),
            email: shown.email,
            name: shown.name,
            role: appointment.role().to_string(),
            role_name: shown.role_name,
            scopes: appointment.permissions().scopes().to_string(),
            grants: shown.grants.iter().map(GrantBody::from).collect(),
            state: shown.member.state.to_string(),
            version: shown.version,
            created_at: shown.created_at.to_string(),
        }
    }
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Problem {
        match error {
            MemberError::Refused(refused) => refused.into(),
            MemberError::NoSuchChannel(places) => no_such_channels(&places),
            MemberError::NoSuchRole => field("role", "there is no such role"),
            MemberError::VersionMismatch { current } => version_mismatch(current),
            MemberError::Changing => changed_meanwhile(),
        }
    }
}
