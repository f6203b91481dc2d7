//! `/api/v1/price-lists/{id}/rules`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::PriceListKind;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::pricing::{PriceRule, RuleTarget};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::usecase::{self, BY_KEY};
use crate::app::Ctx;
use crate::catalog::{listed, nothing};
use crate::extract::{FieldErrors, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams, stored};
use crate::pricing::http::text;
use crate::pricing::lists::http::answer;
use crate::pricing::store::rule::{After, Named};
use crate::pricing::wire::RuleShape;
use crate::problem::Problem;
use crate::routes::{Access, Routes};

/// Rules of one request.
const MOST_RULES: usize = 1_000;

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::PricingRead), Access::Key(Scope::PricingWrite));
    Routes::new()
        .get("/api/v1/price-lists/{id}/rules", read, list)
        .put("/api/v1/price-lists/{id}/rules", write, put)
        .delete("/api/v1/price-lists/{id}/rules", write, delete)
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PriceRules")]
pub struct RulesBody {
    /// Those for everything first, then by the ids of products, then of variants; each by currency, percentages first,
    /// and by quantity.
    #[schemars(with = "Vec<RuleShape>")]
    pub items: Vec<PriceRule>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PutPriceRules", deny_unknown_fields)]
pub struct PutRulesBody {
    /// A rule is known by its target, quantity and currency; of a percentage, without one.
    #[schemars(required, with = "Option<Vec<RuleShape>>", length(min = 1, max = 1_000))]
    pub rules: Option<Vec<Value>>,
}

impl Parse for PutRulesBody {
    type Parsed = Vec<PriceRule>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Vec<PriceRule>> {
        let rules = errors.required("rules", self.rules, Ok::<_, Infallible>)?;
        if !(1..=MOST_RULES).contains(&rules.len()) {
            errors.push("rules", format!("must have 1 to {MOST_RULES} entries"));
        }
        let mut parsed = Vec::new();
        for (at, rule) in rules.into_iter().enumerate() {
            let read = |rule: Value| stored::<PriceRule>(&rule.to_string());
            parsed.extend(errors.optional(&format!("rules/{at}"), Some(rule), read));
        }
        errors.is_empty().then_some(parsed)
    }
}

/// Which rules are asked for.
struct Page {
    named: Named,
    after: After,
    limit: i64,
}

/// Which rules are to go.
struct Gone(Named);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        let named = Named { target: target(params), ..Named::default() };
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default().get();
        Page { named, after: params.take("cursor", after).unwrap_or_default(), limit }
    }
}

impl Query for Gone {
    fn parse(params: &mut QueryParams) -> Gone {
        let target = target(params);
        let currency = params.take("currency", str::parse::<Currency>);
        let min_quantity = params.take("minQuantity", |text| {
            let units = text.parse::<i64>().map_err(|_| "must be a whole number".to_owned())?;
            Quantity::try_from(units).map_err(|error| error.to_string())
        });
        for (name, is_given) in [("currency", currency.is_some()), ("minQuantity", min_quantity.is_some())] {
            if is_given && target.is_none() {
                params.report(name, "is taken with variantId, productId or all");
            }
        }
        Gone(Named { target, currency, min_quantity })
    }
}

/// Takes the one thing that the rules are for.
fn target(params: &mut QueryParams) -> Option<RuleTarget> {
    let variant = params.take("variantId", |id| id.parse().map(RuleTarget::Variant));
    let product = params.take("productId", |id| id.parse().map(RuleTarget::Product));
    let all = params.take("all", |all| if all == "true" { Ok(RuleTarget::All) } else { Err("must be true") });
    let mut given = [variant, product, all].into_iter().flatten();
    let target = given.next();
    if given.next().is_some() {
        params.report("productId", "is not taken with another of variantId, productId and all");
    }
    target
}

fn after(cursor: &str) -> Result<After, &'static str> {
    const FOREIGN: &str = "is not a cursor of this list";
    let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
    match cursor.parts_for(BY_KEY) {
        Ok([CursorPart::Text(target), CursorPart::Text(currency), CursorPart::Integer(min_quantity)]) => {
            Ok(After { target: target.clone(), currency: currency.clone(), min_quantity: *min_quantity })
        }
        _ => Err(FOREIGN),
    }
}

async fn list(
    ctx: Ctx,
    PathId(id): PathId<PriceListKind>,
    Parsed(page): Parsed<Page>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (items, next_cursor) = usecase::list(&ctx, id, page.named, (&page.after, page.limit)).await?;
    let body = RulesBody { items, next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn put(
    ctx: Ctx,
    PathId(id): PathId<PriceListKind>,
    IfMatch(version): IfMatch,
    body: Json<PutRulesBody>,
) -> Result<Response, Problem> {
    Ok(answer(usecase::put(&ctx, id, &body.parsed, version).await?))
}

async fn delete(
    ctx: Ctx,
    PathId(id): PathId<PriceListKind>,
    IfMatch(version): IfMatch,
    Parsed(Gone(named)): Parsed<Gone>,
) -> Result<Response, Problem> {
    usecase::delete(&ctx, id, named, version).await?;
    Ok(nothing())
}
