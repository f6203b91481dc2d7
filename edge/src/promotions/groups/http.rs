//! `/api/v1/promotion-groups`.

use std::collections::BTreeSet;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::promotions::{StackingGroup, Within};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase;
use crate::app::Ctx;
use crate::extract::{FieldErrors, IfMatch, Json, Parse};
use crate::organizations::versioned;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::PromotionsRead), Access::Key(Scope::PromotionsWrite));
    Routes::new().get("/api/v1/promotion-groups", read, show).put("/api/v1/promotion-groups", write, replace)
}

/// The stacking groups of a store.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PromotionGroups")]
pub struct GroupsBody {
    /// In the order of their keys.
    pub groups: Vec<GroupBody>,
    /// Grows with each change; also the ETag. 0: there were never any.
    pub version: i64,
}

/// Promotions that are treated alike.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PromotionGroup")]
pub struct GroupBody {
    /// What promotions name it by.
    pub key: String,
    /// Among the groups; the promotions of none have 0. The higher number applies first.
    pub priority: i32,
    /// Whether its promotions add up, or the best one alone applies.
    #[schemars(extend("enum" = ["stack", "best"]))]
    pub within: &'static str,
    /// Keys of groups that do not apply beside it. Of those, the ones apply that save most.
    pub excludes: BTreeSet<String>,
}

/// All groups of a store, at most twelve.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WritePromotionGroups", deny_unknown_fields)]
pub struct WriteGroupsBody {
    #[schemars(required, length(max = 12))]
    pub groups: Option<Vec<WriteGroupBody>>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "WritePromotionGroup", deny_unknown_fields)]
pub struct WriteGroupBody {
    /// Lower-case letters, digits, `-` and `_`.
    #[schemars(required, length(min = 1, max = 64), regex(pattern = "^[a-z][a-z0-9_-]*$"))]
    pub key: Option<String>,
    /// 0 where it is left out.
    pub priority: Option<i32>,
    #[schemars(required, extend("enum" = ["stack", "best"]))]
    pub within: Option<String>,
    pub excludes: Option<BTreeSet<String>>,
}

impl Parse for WriteGroupsBody {
    type Parsed = Vec<StackingGroup>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Vec<StackingGroup>> {
        let groups = errors.required("groups", self.groups, Ok::<_, String>)?;
        let mut parsed = Vec::with_capacity(groups.len());
        for (at, group) in groups.into_iter().enumerate() {
            parsed.extend(errors.nested(&format!("groups/{at}"), |errors| {
                let key = errors.required("key", group.key, Ok::<_, String>);
                let within = errors.required("within", group.within, |within| within.parse::<Within>());
                let (priority, excludes) = (group.priority.unwrap_or_default(), group.excludes.unwrap_or_default());
                Some(StackingGroup { key: key?, priority, within: within?, excludes })
            }));
        }
        errors.is_empty().then_some(parsed)
    }
}

async fn show(ctx: Ctx) -> Result<Response, Problem> {
    let (groups, version) = usecase::show(&ctx).await?;
    Ok(shown(groups, version))
}

async fn replace(ctx: Ctx, IfMatch(version): IfMatch, body: Json<WriteGroupsBody>) -> Result<Response, Problem> {
    let (groups, version) = usecase::replace(&ctx, &body.parsed, version).await?;
    Ok(shown(groups, version))
}

fn shown(groups: Vec<StackingGroup>, version: i64) -> Response {
    let body_of = |group: StackingGroup| GroupBody {
        key: group.key,
        priority: group.priority,
        within: group.within.name(),
        excludes: group.excludes,
    };
    let body = GroupsBody { groups: groups.into_iter().map(body_of).collect(), version };
    versioned(StatusCode::OK, version, &body)
}
