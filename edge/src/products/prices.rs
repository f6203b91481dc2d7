//! How a variant's prices were: its history, as the staff reads it.

use headlesspro_shared::kernel::id::VariantId;
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::page::{Cursor, CursorPart, Limit};
use headlesspro_shared::kernel::time::Timestamp;

use super::usecase::{Outcome, found, source_of};
use super::wire::{AppliedPriceBody, PriceHistoryBody};
use crate::app::Ctx;
use crate::catalog::{self, Applied, HistoryPage};
use crate::extract::{Query, QueryParams};
use crate::failure::Failure;
use crate::wire::MoneyBody;

/// The history has one sort: the newest first.
const NEWEST: &str = "newest-price";

/// Which part of a history is asked for.
pub struct Asked {
    currency: Option<Currency>,
    before: Option<i64>,
    limit: i64,
}

impl Query for Asked {
    fn parse(params: &mut QueryParams) -> Asked {
        const FOREIGN: &str = "is not a cursor of this list";
        let limit = params.take("limit", str::parse::<Limit>).unwrap_or_default();
        let currency = params.take("currency", str::parse::<Currency>);
        let before = params.take("cursor", |cursor| {
            let cursor: Cursor = cursor.parse().map_err(|_| FOREIGN)?;
            match cursor.parts_for(NEWEST) {
                Ok([CursorPart::Integer(at)]) => Ok(*at),
                _ => Err(FOREIGN),
            }
        });
        Asked { currency, before, limit: limit.get() }
    }
}

/// A page of the prices that a variant of a product had in a currency, without one in the store's own.
pub async fn history(ctx: &Ctx, key: &str, variant: &str, asked: &Asked) -> Outcome<PriceHistoryBody> {
    for ctx in ctx.attempts() {
        if let Some(settled) = ctx.settles(try_history(&ctx, key, variant, asked).await.map(Some)) {
            return settled;
        }
    }
    Err(Failure::NotFound)
}

async fn try_history(ctx: &Ctx, key: &str, variant: &str, asked: &Asked) -> Outcome<PriceHistoryBody> {
    let variant: VariantId = variant.parse().map_err(|_| Failure::NotFound)?;
    let page = HistoryPage { variant, currency: asked.currency, before: asked.before, limit: asked.limit };
    let rows = ctx.read(vec![catalog::one(ctx.tenant(), key), catalog::history(ctx.tenant(), &page)]).await?;
    let source = source_of(ctx, &found(ctx, rows.first()).await?).await?;
    let known = source.variants.iter().find(|known| known.id == Some(variant)).ok_or(Failure::NotFound)?;
    let currency = asked.currency.unwrap_or(ctx.principal().await?.currency);
    let mut rows = catalog::history_of(rows.get(1))?;
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let more = limit < rows.len();
    rows.truncate(limit);
    if let (true, None, Some(quote)) = (rows.is_empty(), asked.before, known.quote(currency)) {
        // It never changed.
        let compare_at = quote.compare_at_price.map(Money::minor);
        rows.push(Applied { at: 0, price: Some(quote.price.minor()), compare_at });
    }
    let last = rows.last().filter(|_| more).map(|last| vec![CursorPart::Integer(last.at)]);
    let money = |minor: Option<i64>| minor.map(|minor| MoneyBody::from(Money::new(minor, currency)));
    let items = rows.into_iter().map(|Applied { at, price, compare_at }| AppliedPriceBody {
        // What was first has been so since the variant was made.
        at: if at == 0 { variant.created_at() } else { Timestamp::from_millis(at) }.to_string(),
        price: money(price),
        compare_at_price: money(compare_at),
    });
    Ok(PriceHistoryBody {
        items: items.collect(),
        next_cursor: last.map(|parts| Cursor::new(NEWEST, parts).to_string()),
    })
}
