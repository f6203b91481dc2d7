//! `/api/v1/promotions/{id}/codes`.

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{PromotionCodeKind, PromotionKind};
use headlesspro_shared::promotions::Code;
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, New, repeated};
use crate::app::Ctx;
use crate::catalog::AfterText;
use crate::extract::{FieldErrors, IdempotencyKey, Json, Parse, Parsed, PathId, PathText, Query, QueryParams};
use crate::journal::{Claim, created};
use crate::organizations::{nothing, page_answer};
use crate::problem::Problem;
use crate::promotions::store::code::PromotionCode;
use crate::promotions::usecase::BY_CODE;
use crate::routes::{Access, Routes};
use crate::wire::{IdText, MomentText};

/// That are added at once.
const MOST: usize = 1_000;
/// Letters of a code that is made: 50 bits at least, so that nobody finds one by trying.
const LENGTHS: std::ops::RangeInclusive<i64> = 10..=32;
const LENGTH: i64 = 12;
const MOST_PREFIX: usize = 24;

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::PromotionsRead), Access::Key(Scope::PromotionsWrite));
    Routes::new()
        .get("/api/v1/promotions/{id}/codes", read, list)
        .post("/api/v1/promotions/{id}/codes", write, add)
        .delete("/api/v1/promotions/{id}/codes/{codeId}", write, remove)
}

/// A code that leads to a promotion.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionCode")]
pub struct CodeBody {
    #[schemars(with = "IdText<PromotionCodeKind>")]
    pub id: String,
    /// In capitals. Case does not matter where it is entered.
    pub code: String,
    /// Orders that have it.
    #[schemars(range(min = 0))]
    pub used: i64,
    /// Orders that may have it; null: any number.
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
    /// Orders that may still have it; null: any number.
    #[schemars(range(min = 0))]
    pub remaining: Option<i64>,
    #[schemars(with = "MomentText")]
    pub created_at: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PromotionCodeList")]
pub struct CodeListBody {
    /// In the order of their texts.
    pub items: Vec<CodeBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Codes that were added.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddedPromotionCodes")]
pub struct AddedBody {
    pub items: Vec<CodeBody>,
}

/// Either `codes` or `generate`.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "AddPromotionCodes", deny_unknown_fields)]
pub struct AddBody {
    /// Each of 1 to 64 letters A to Z, digits, `-`, `.`, `_` and `~`; of its own in the store.
    #[schemars(length(min = 1, max = 1000))]
    pub codes: Option<Vec<String>>,
    pub generate: Option<GenerateBody>,
    /// Orders that may have each of them: 1 is for a single use. Any number where it is left out.
    #[schemars(range(min = 1))]
    pub limit: Option<i64>,
}

/// Codes that nobody guesses.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "GeneratePromotionCodes", deny_unknown_fields)]
pub struct GenerateBody {
    #[schemars(required, range(min = 1, max = 1000))]
    pub count: Option<i64>,
    /// What each begins with.
    #[schemars(length(max = 24))]
    pub prefix: Option<String>,
    /// Letters behind the prefix; 12 where it is left out.
    #[schemars(range(min = 10, max = 32))]
    pub length: Option<i64>,
}

/// What is to be added, and with which limit.
pub struct Add {
    new: New,
    limit: Option<i64>,
}

impl Parse for AddBody {
    type Parsed = Add;

    fn parse(self, errors: &mut FieldErrors) -> Option<Add> {
        let limit = errors.optional("limit", self.limit, |limit| in_range(limit, 1, i64::MAX));
        let new = match (self.codes, self.generate) {
            (Some(codes), None) => given(&codes, errors),
            (None, Some(body)) => errors.nested("generate", |errors| generated(body, errors)),
            _ => {
                errors.push("codes", "or generate must be given, and not both");
                None
            }
        };
        new.filter(|_| errors.is_empty()).map(|new| Add { new, limit })
    }
}

fn given(codes: &[String], errors: &mut FieldErrors) -> Option<New> {
    if !(1..=MOST).contains(&codes.len()) {
        errors.push("codes", "must have 1 to 1000 elements");
        return None;
    }
    let mut parsed = Vec::with_capacity(codes.len());
    for (at, code) in codes.iter().enumerate() {
        match code.parse::<Code>() {
            Ok(code) => parsed.push(code),
            Err(error) => errors.push(&format!("codes/{at}"), error.to_string()),
        }
    }
    if parsed.len() < codes.len() {
        return None;
    }
    for at in repeated(&parsed) {
        errors.push(&format!("codes/{at}"), "is there twice");
    }
    Some(New::Given(parsed))
}

fn generated(body: GenerateBody, errors: &mut FieldErrors) -> Option<New> {
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let count = errors.required("count", body.count, |count| in_range(count, 1, most));
    let length = body.length.unwrap_or(LENGTH);
    let length = errors.optional("length", Some(length), |length| in_range(length, *LENGTHS.start(), *LENGTHS.end()));
    let prefix = errors.optional("prefix", Some(body.prefix.unwrap_or_default()), |prefix| {
        let is_code = prefix.is_empty() || prefix.parse::<Code>().is_ok_and(|code| code.as_str().len() == prefix.len());
        if is_code && prefix.len() <= MOST_PREFIX {
            Ok(prefix.to_ascii_uppercase())
        } else {
            Err("must have at most 24 letters A to Z, digits, -, ., _ and ~")
        }
    });
    let size = |number: i64| usize::try_from(number).unwrap_or_default();
    Some(New::Generated { count: size(count?), prefix: prefix?, length: size(length?) })
}

fn in_range(number: i64, least: i64, most: i64) -> Result<i64, String> {
    if (least..=most).contains(&number) {
        Ok(number)
    } else if most == i64::MAX {
        Err(format!("must be {least} or more"))
    } else {
        Err(format!("must be {least} to {most}"))
    }
}

struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, BY_CODE))
    }
}

async fn list(
    ctx: Ctx,
    PathId(id): PathId<PromotionKind>,
    Parsed(Page(page)): Parsed<Page>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (found, next_cursor) = usecase::list(&ctx, id, &page.after, page.limit).await?;
    let body = CodeListBody { items: found.iter().map(body_of).collect(), next_cursor };
    Ok(page_answer(&body, body.next_cursor.as_deref(), &uri))
}

async fn add(
    ctx: Ctx,
    PathId(id): PathId<PromotionKind>,
    key: Option<IdempotencyKey>,
    body: Json<AddBody>,
) -> Result<Response, Problem> {
    let claim = key.map(|key| Claim::new(&ctx, &key, &body.bytes));
    let render = |codes: &[PromotionCode]| {
        let body = AddedBody { items: codes.iter().map(body_of).collect() };
        serde_json::to_string(&body).unwrap_or_default()
    };
    let Add { new, limit } = &body.parsed;
    Ok(created(usecase::add(&ctx, id, new, *limit, claim.as_ref(), render).await?))
}

async fn remove(ctx: Ctx, PathText([id, code]): PathText<2>) -> Result<Response, Problem> {
    let (Ok(id), Ok(code)) = (id.parse(), code.parse()) else { return Err(Problem::not_found()) };
    usecase::remove(&ctx, id, code).await?;
    Ok(nothing())
}

fn body_of(code: &PromotionCode) -> CodeBody {
    CodeBody {
        id: code.id.to_string(),
        code: code.code.to_string(),
        used: code.used,
        limit: code.limit,
        remaining: code.remaining,
        created_at: code.created_at.to_string(),
    }
}
