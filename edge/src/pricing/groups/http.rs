//! `/api/v1/customer-groups`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{AccountId, AccountKind, CustomerGroupId, CustomerGroupKind};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, BY_ACCOUNT, BY_ID, Name};
use crate::app::Ctx;
use crate::catalog::{AfterText, listed, nothing};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, PathText, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::pricing::http::{shown, text};
use crate::pricing::store::group::{Group, Member};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// Over the whole organization, whose stores share their customers.
pub fn routes() -> Routes {
    let (read, write) = (Access::Organization(Scope::PricingRead), Access::Organization(Scope::PricingWrite));
    let write_customers = Access::Organization(Scope::CustomersWrite);
    Routes::new()
        .get("/api/v1/customer-groups", read, list)
        .post("/api/v1/customer-groups", write, create)
        .get("/api/v1/customer-groups/{id}", read, show)
        .patch("/api/v1/customer-groups/{id}", write, rename)
        .delete("/api/v1/customer-groups/{id}", write, delete)
        .get("/api/v1/customer-groups/{id}/members", Access::Organization(Scope::CustomersRead), members)
        .put("/api/v1/customer-groups/{id}/members/{accountId}", write_customers, add)
        .delete("/api/v1/customer-groups/{id}/members/{accountId}", write_customers, remove)
}

/// Customers whom a merchant treats alike.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CustomerGroup")]
pub struct GroupBody {
    #[schemars(with = "IdText<CustomerGroupKind>")]
    pub id: String,
    /// Unique in the organization.
    pub name: String,
    /// Grows with each change of the name; also the ETag.
    pub version: i64,
    #[schemars(with = "MomentText")]
    pub created_at: String,
    #[schemars(with = "MomentText")]
    pub updated_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CustomerGroups")]
pub struct GroupsBody {
    /// The oldest first.
    pub items: Vec<GroupBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CustomerGroupMember")]
pub struct MemberBody {
    #[schemars(with = "IdText<AccountKind>")]
    pub account_id: String,
    #[schemars(with = "MomentText")]
    pub added_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CustomerGroupMembers")]
pub struct MembersBody {
    /// In the order of the accounts' ids.
    pub items: Vec<MemberBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CreateCustomerGroup", deny_unknown_fields)]
pub struct CreateGroupBody {
    #[schemars(required, length(min = 1, max = 100))]
    pub name: Option<String>,
}

/// A merge patch (RFC 7396): what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ChangeCustomerGroup", deny_unknown_fields)]
pub struct ChangeGroupBody {
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
}

impl Parse for CreateGroupBody {
    type Parsed = Name;

    fn parse(self, errors: &mut FieldErrors) -> Option<Name> {
        errors.required("name", self.name, |name| name.parse::<Name>())
    }
}

impl Parse for ChangeGroupBody {
    type Parsed = Option<Name>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Option<Name>> {
        let name = errors.optional("name", self.name, |name| name.parse::<Name>());
        errors.is_empty().then_some(name)
    }
}

/// Which groups are asked for.
struct Page(AfterText);

/// Which members are asked for.
struct MemberPage(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_ID))
    }
}

impl Query for MemberPage {
    fn parse(params: &mut QueryParams) -> MemberPage {
        MemberPage(AfterText::take(params, BY_ACCOUNT))
    }
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, &page.after, page.limit).await?;
    let body = GroupsBody { items: found.into_iter().map(GroupBody::from).collect(), next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn create(ctx: Ctx, key: Option<IdempotencyKey>, body: Json<CreateGroupBody>) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    Ok(created(usecase::create(&ctx, &body.parsed, claim.as_ref()).await?))
}

async fn show(ctx: Ctx, PathId(id): PathId<CustomerGroupKind>) -> Result<Response, Problem> {
    Ok(answer(usecase::find(&ctx, id).await?))
}

async fn rename(
    ctx: Ctx,
    PathId(id): PathId<CustomerGroupKind>,
    IfMatch(version): IfMatch,
    body: Json<ChangeGroupBody>,
) -> Result<Response, Problem> {
    Ok(answer(usecase::rename(&ctx, id, body.parsed.as_ref(), version).await?))
}

async fn delete(
    ctx: Ctx,
    PathId(id): PathId<CustomerGroupKind>,
    IfMatch(version): IfMatch,
) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, version).await?;
    Ok(nothing())
}

async fn members(
    ctx: Ctx,
    PathId(id): PathId<CustomerGroupKind>,
    Parsed(MemberPage(page)): Parsed<MemberPage>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::members(&ctx, id, &page.after, page.limit).await?;
    let body = MembersBody { items: found.into_iter().map(MemberBody::from).collect(), next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn add(ctx: Ctx, PathText([group, account]): PathText<2>) -> Result<Response, Problem> {
    set_member(&ctx, &group, &account, true).await
}

async fn remove(ctx: Ctx, PathText([group, account]): PathText<2>) -> Result<Response, Problem> {
    set_member(&ctx, &group, &account, false).await
}

async fn set_member(ctx: &Ctx, group: &str, account: &str, is_member: bool) -> Result<Response, Problem> {
    let group: CustomerGroupId = group.parse().map_err(|_| Problem::not_found())?;
    let account: AccountId = account.parse().map_err(|_| Problem::not_found())?;
    usecase::set_member(ctx, group, account, is_member).await?;
    Ok(nothing())
}

fn answer(group: Group) -> Response {
    shown(group.version, &GroupBody::from(group))
}

/// The group as it is answered.
pub fn render(group: &Group) -> String {
    text(&GroupBody::from(group.clone()))
}

impl From<Group> for GroupBody {
    fn from(group: Group) -> GroupBody {
        GroupBody {
            id: group.id.to_string(),
            name: group.name,
            version: group.version,
            created_at: group.created_at.to_string(),
            updated_at: group.updated_at.to_string(),
        }
    }
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> MemberBody {
        MemberBody { account_id: member.account.to_string(), added_at: member.added_at.to_string() }
    }
}
