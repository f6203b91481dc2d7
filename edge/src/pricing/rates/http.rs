//! `/api/v1/exchange-rates`.

use std::convert::Infallible;

use axum::response::Response;
use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::{DecimalRate, ExchangeRate};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{self, BY_PAIR};
use crate::app::Ctx;
use crate::catalog::{AfterText, listed, nothing};
use crate::extract::{FieldErrors, Json, Parse, Parsed, Query, QueryParams};
use crate::pricing::http::text;
use crate::pricing::wire::RateShape;
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::wire::MomentText;

/// Rates of one request.
const MOST_RATES: usize = 250;

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::PricingRead), Access::Key(Scope::PricingWrite));
    Routes::new().get("/api/v1/exchange-rates", read, list).put("/api/v1/exchange-rates", write, put).delete(
        "/api/v1/exchange-rates",
        write,
        delete,
    )
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExchangeRates")]
pub struct RatesBody {
    /// Of each pair the last one that was known, by the pairs' codes.
    #[schemars(with = "Vec<RateShape>")]
    pub items: Vec<ExchangeRate>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Rates that somebody published at one moment.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PutExchangeRates", deny_unknown_fields)]
pub struct PutRatesBody {
    /// Who says so: `ecb`, `manual`.
    #[schemars(required, length(min = 1, max = 100))]
    pub source: Option<String>,
    /// From then on they are the last ones that are known.
    #[schemars(required, with = "Option<MomentText>")]
    pub as_of: Option<Timestamp>,
    /// From then on nothing is converted by them.
    #[schemars(required, with = "Option<MomentText>")]
    pub valid_until: Option<Timestamp>,
    #[schemars(required, length(min = 1, max = 250))]
    pub rates: Option<Vec<PairBody>>,
}

/// One unit of `base` is `rate` units of `quote`: of currencies, not of their minor units.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PutExchangeRate", deny_unknown_fields)]
pub struct PairBody {
    #[schemars(required, with = "Option<String>")]
    pub base: Option<Currency>,
    #[schemars(required, with = "Option<String>")]
    pub quote: Option<Currency>,
    /// An exact decimal above zero, with at most 12 decimals and 18 digits: `1478.25`.
    #[schemars(required, with = "Option<String>")]
    pub rate: Option<DecimalRate>,
}

impl Parse for PutRatesBody {
    type Parsed = Vec<ExchangeRate>;

    fn parse(self, errors: &mut FieldErrors) -> Option<Vec<ExchangeRate>> {
        let source = errors.required("source", self.source, Ok::<_, Infallible>);
        let as_of = errors.required("asOf", self.as_of, Ok::<_, Infallible>);
        let valid_until = errors.required("validUntil", self.valid_until, Ok::<_, Infallible>);
        if let Some(Err(error)) = source.as_deref().map(str::parse::<Line<100>>) {
            errors.push("source", error.to_string());
        }
        let pairs = errors.required("rates", self.rates, Ok::<_, Infallible>)?;
        if !(1..=MOST_RATES).contains(&pairs.len()) {
            errors.push("rates", format!("must have 1 to {MOST_RATES} entries"));
        }
        let mut rates: Vec<ExchangeRate> = Vec::new();
        for (at, pair) in pairs.into_iter().enumerate() {
            errors.nested(&format!("rates/{at}"), |errors| {
                let base = errors.required("base", pair.base, Ok::<_, Infallible>)?;
                let quote = errors.required("quote", pair.quote, Ok::<_, Infallible>)?;
                let rate = errors.required("rate", pair.rate, Ok::<_, Infallible>)?;
                if rates.iter().any(|other| (other.base, other.quote) == (base, quote)) {
                    errors.push("quote", "there is a rate of this pair already");
                }
                let (source, as_of, valid_until) = (source.clone()?, as_of?, valid_until?);
                rates.push(ExchangeRate { base, quote, rate, source, as_of, valid_until });
                Some(())
            });
        }
        for (at, rate) in rates.iter().enumerate() {
            if let Some(fault) = rate.fault() {
                let path = if fault.path == "quote" { format!("rates/{at}/quote") } else { fault.path };
                errors.push(&path, fault.reason);
            }
        }
        errors.is_empty().then_some(rates)
    }
}

/// Which rates are asked for.
struct Page {
    /// `None`: now.
    at: Option<Timestamp>,
    page: AfterText,
}

/// The pair that is to go; `None`: it is not named.
struct Gone(Option<(Currency, Currency)>);

impl Query for Gone {
    fn parse(params: &mut QueryParams) -> Gone {
        let mut currency = |name| {
            let mut is_named = false;
            let named = params.take(name, |text| {
                is_named = true;
                text.parse::<Currency>()
            });
            if !is_named {
                params.report(name, "must be named once, by its code");
            }
            named
        };
        let (base, quote) = (currency("base"), currency("quote"));
        Gone(base.zip(quote))
    }
}

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page { at: params.take("at", str::parse::<Timestamp>), page: AfterText::take(params, BY_PAIR) }
    }
}

async fn list(ctx: Ctx, Parsed(Page { at, page }): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let at = at.unwrap_or(ctx.now);
    let (items, next_cursor) = usecase::list(&ctx, at, &page.after, page.limit).await?;
    let body = RatesBody { items, next_cursor };
    Ok(listed(text(&body), body.next_cursor.as_deref(), &uri))
}

async fn put(ctx: Ctx, body: Json<PutRatesBody>) -> Result<Response, Problem> {
    usecase::put(&ctx, &body.parsed).await?;
    Ok(nothing())
}

async fn delete(ctx: Ctx, Parsed(Gone(pair)): Parsed<Gone>) -> Result<Response, Problem> {
    let (base, quote) = pair.ok_or_else(Problem::not_found)?;
    usecase::delete(&ctx, base, quote).await?;
    Ok(nothing())
}
