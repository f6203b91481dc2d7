//! Prices where they are written and where they are read in another currency than the store's own.

use std::collections::BTreeMap;

use headlesspro_shared::catalog::lowest_before;
use headlesspro_shared::catalog::source::{Quote, Source};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use serde::Serialize;

use super::document::PriceRangeBody;
use super::store;
use crate::app::Ctx;
use crate::failure::Halt;
use crate::wire::MoneyBody;

/// Prices whose histories are read in one round trip: at most 4 MiB.
const AT_ONCE: usize = 4_000;

/// Looks up the lowest prices before the reductions that begin with `sources`, each beside what there is of it. To be
/// done when they are settled, and before they are rendered. Reads only where a reduction begins, and all at once.
///
/// # Errors
/// [`Halt`] when the database does not answer.
pub async fn settle_prices(ctx: &Ctx, sources: &mut [(&mut Source, Option<&Source>)]) -> Result<(), Halt> {
    let of = sources.iter().enumerate();
    let begun = of.flat_map(|(at, (source, was))| {
        source.reductions_begun(*was).into_iter().map(move |(variant, currency)| (at, variant, currency))
    });
    let begun: Vec<_> = begun.collect();
    if begun.is_empty() {
        return Ok(());
    }
    let wanted: Vec<_> = begun.iter().map(|(_, variant, currency)| (*variant, *currency)).collect();
    let mut histories = BTreeMap::new();
    for wanted in wanted.chunks(AT_ONCE) {
        let rows = ctx.read(vec![store::prices_before(ctx.tenant(), wanted, ctx.now)]).await?;
        histories.extend(store::prices_before_of(rows.first())?);
    }
    for (at, variant, currency) in begun {
        let Some((source, was)) = sources.get_mut(at) else { continue };
        let history = histories.remove(&(variant, currency)).unwrap_or_else(|| {
            // It never changed.
            let known = was.and_then(|was| was.variants.iter().find(|known| known.id == Some(variant)));
            let quote = known.and_then(|known| known.quote(currency));
            quote.map(|quote| (Timestamp::from_millis(0), Some(quote.price.minor()))).into_iter().collect()
        });
        // Whatever the clock says, this comes after all that is known.
        let last = history.iter().map(|(at, _)| at.millis().saturating_add(1)).max().unwrap_or_default();
        let began = Timestamp::from_millis(ctx.now.millis().max(last));
        if let Some(lowest) = lowest_before(history, began) {
            source.set_lowest_price(variant, Money::new(lowest, currency));
        }
    }
    Ok(())
}

/// A stored variant with what it costs in another currency; with no price, it is not sold in that.
pub fn variant_in(document: &str, quote: Option<&Quote>) -> String {
    let of = |money: Option<Money>| json(&money.map(MoneyBody::from));
    let mut prices = of(quote.map(|quote| quote.price));
    prices.push_str(COMPARE_AT);
    prices.push_str(&of(quote.and_then(|quote| quote.compare_at_price)));
    if let Some(lowest) = quote.and_then(|quote| quote.lowest_price) {
        prices.push_str(LOWEST);
        prices.push_str(&of(Some(lowest)));
    }
    with(document, PRICE, &[COMPARE_AT, LOWEST], &prices)
}

/// A stored product, or card, with its range of prices in another currency.
pub fn range_in(document: &str, range: Option<(Money, Money)>) -> String {
    let range = range.map(|(min, max)| PriceRangeBody { min: min.into(), max: max.into() });
    with(document, PRICE_RANGE, &[], &json(&range))
}

// As members follow each other in what is rendered. No text within a JSON has a `"` that is not escaped, so that these
// are found where they are members, and nowhere else.
const PRICE: &str = r#","price":"#;
const COMPARE_AT: &str = r#","compareAtPrice":"#;
const LOWEST: &str = r#","lowestPrice30Days":"#;
const PRICE_RANGE: &str = r#","priceRange":"#;

/// `document` with `value` in the place of what `member` has, and of those that follow it immediately.
fn with(document: &str, member: &str, following: &[&str], value: &str) -> String {
    let Some((before, after)) = document.split_once(member) else { return document.to_owned() };
    let mut rest = behind(after);
    for name in following {
        rest = rest.strip_prefix(name).map_or(rest, behind);
    }
    [before, member, value, rest].concat()
}

/// What follows a value that is null, or an object of objects of texts without braces.
fn behind(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix("null") {
        return rest;
    }
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth = depth.saturating_add(1),
            b'}' if depth <= 1 => return text.get(at.saturating_add(1)..).unwrap_or_default(),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::kernel::money::Currency;

    use super::*;

    #[test]
    fn prices_take_the_place_of_others_and_nothing_else_changes() {
        let yen = |minor| Money::new(minor, Currency::JPY);
        let eur = r#"{"amount":"1.00","currency":"EUR"}"#;
        let title = r#"a,\"price\":null}"#;
        for own in [
            format!(r#","price":{eur},"compareAtPrice":null"#),
            format!(r#","price":null,"compareAtPrice":{eur}"#),
            format!(r#","price":{eur},"compareAtPrice":{eur},"lowestPrice30Days":{eur}"#),
        ] {
            let document = format!(r#"{{"title":"{title}"{own},"barcode":null}}"#);
            let none = format!(r#"{{"title":"{title}","price":null,"compareAtPrice":null,"barcode":null}}"#);
            assert_eq!(variant_in(&document, None), none);
            let quote = Quote { price: yen(5), compare_at_price: Some(yen(9)), lowest_price: Some(yen(7)) };
            let shown: serde_json::Value = serde_json::from_str(&variant_in(&document, Some(&quote))).unwrap();
            let amounts = ["price", "compareAtPrice", "lowestPrice30Days"].map(|name| shown[name]["amount"].clone());
            assert_eq!(amounts, ["5", "9", "7"]);
            assert_eq!(
                (&shown["barcode"], shown["price"]["currency"].as_str()),
                (&serde_json::Value::Null, Some("JPY"))
            );
        }
        let card = format!(r#"{{"id":"x","priceRange":{{"min":{eur},"max":{eur}}},"z":1}}"#);
        assert_eq!(range_in(&card, None), r#"{"id":"x","priceRange":null,"z":1}"#);
        let money = |minor| format!(r#"{{"amount":"{minor}","currency":"JPY"}}"#);
        let expected = format!(r#"{{"id":"x","priceRange":{{"min":{},"max":{}}}}}"#, money(5), money(6));
        assert_eq!(range_in(r#"{"id":"x","priceRange":null}"#, Some((yen(5), yen(6)))), expected);
    }
}
