//! The tables `exchange_rate` and `exchange_pair`: rates with their history.

use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::pricing::ExchangeRate;
use serde_json::{Value as Json, json};

use super::moment;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

/// Of each pair the last one that was known at `?3`.
const PRESENT: &str = "-- pricing::present_rates
SELECT e.pair, e.rate, e.as_of, e.valid_until, e.source
FROM exchange_pair p
CROSS JOIN exchange_rate e ON e.store_id = p.store_id AND e.pair = p.pair AND e.organization_id = ?1 AND e.as_of = (
  SELECT max(x.as_of) FROM exchange_rate x
  WHERE x.organization_id = ?1 AND x.store_id = p.store_id AND x.pair = p.pair AND x.as_of <= ?3)
WHERE p.organization_id = ?1 AND p.store_id = ?2 AND ?4 < p.pair
ORDER BY p.pair LIMIT ?5";

const PUT_PAIRS: &str = "-- pricing::put_pairs
INSERT INTO exchange_pair (organization_id, store_id, pair)
SELECT ?1, ?2, w.value ->> 0 FROM json_each(?3) w WHERE true
ON CONFLICT DO NOTHING";

const PUT: &str = "-- pricing::put_rates
INSERT INTO exchange_rate (organization_id, store_id, pair, rate, as_of, valid_until, source)
SELECT ?1, ?2, w.value ->> 0, w.value ->> 1, w.value ->> 2, w.value ->> 3, w.value ->> 4 FROM json_each(?3) w WHERE true
ON CONFLICT (store_id, pair, as_of) DO UPDATE
SET rate = excluded.rate, valid_until = excluded.valid_until, source = excluded.source WHERE organization_id = ?1";

/// Of each pair that is written what was known before so many others that are in the past.
const FORGET: &str = "-- pricing::forget_rates
DELETE FROM exchange_rate WHERE organization_id = ?1 AND store_id = ?2 AND (pair, as_of) IN (
  SELECT e.pair, e.as_of FROM json_each(?3) w
  CROSS JOIN exchange_rate e ON e.organization_id = ?1 AND e.store_id = ?2 AND e.pair = w.value ->> 0 AND e.as_of < (
    SELECT x.as_of FROM exchange_rate x
    WHERE x.organization_id = ?1 AND x.store_id = ?2 AND x.pair = w.value ->> 0 AND x.as_of <= ?4
    ORDER BY x.as_of DESC LIMIT 1 OFFSET ?5))";

const DELETE: &str = "-- pricing::delete_rates
DELETE FROM exchange_rate WHERE organization_id = ?1 AND store_id = ?2 AND pair = ?3";

const DELETE_PAIR: &str = "-- pricing::delete_pair
DELETE FROM exchange_pair WHERE organization_id = ?1 AND store_id = ?2 AND pair = ?3";

/// Of each pair so many rates of the past are kept, the one that holds now among them.
const MOST_PAST: i64 = 500;

/// The statement whose rows [`rates_of`] takes: of each pair after `after` the last rate that was known at `at`.
pub fn present(tenant: Tenant, at: Timestamp, after: &str, limit: i64) -> Statement {
    tenant.statement(PRESENT).bind(at.millis()).bind(after).bind(limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn rates_of(rows: &Rows) -> Result<Vec<ExchangeRate>, SqlError> {
    let of = |row: Row<'_>| {
        let (base, quote) = currencies(row.get("pair")?)
            .ok_or_else(|| SqlError::Statement("column pair holds no two currencies".to_owned()))?;
        Ok(ExchangeRate {
            base,
            quote,
            rate: row.parse("rate")?,
            source: row.get::<&str>("source")?.to_owned(),
            as_of: moment(row, "as_of")?,
            valid_until: moment(row, "valid_until")?,
        })
    };
    rows.iter().map(of).collect()
}

fn currencies(pair: &str) -> Option<(Currency, Currency)> {
    let (base, quote) = pair.split_once('/')?;
    Some((base.parse().ok()?, quote.parse().ok()?))
}

/// As it stands in the tables.
pub fn pair_of(rate: &ExchangeRate) -> String {
    pair(rate.base, rate.quote)
}

fn pair(base: Currency, quote: Currency) -> String {
    format!("{base}/{quote}")
}

/// The statements that add the rates, or set those of the same pair and moment: three, of which the first forgets what was
/// known long before `now`, and the second refuses a pair too many.
pub fn put(tenant: Tenant, rates: &[ExchangeRate], now: Timestamp) -> [Statement; 3] {
    let row = |rate: &ExchangeRate| {
        let (as_of, valid_until) = (rate.as_of.millis(), rate.valid_until.millis());
        json!([pair_of(rate), rate.rate.to_string(), as_of, valid_until, rate.source])
    };
    let rows = Json::from(rates.iter().map(row).collect::<Vec<_>>()).to_string();
    let [forget, pairs, put] = [FORGET, PUT_PAIRS, PUT].map(|sql| tenant.statement(sql).bind(rows.as_str()));
    [forget.bind(now.millis()).bind(MOST_PAST.saturating_sub(1)), pairs, put]
}

/// The statements that delete a pair with all its rates: two, of which the second changes nothing where there is none.
pub fn delete(tenant: Tenant, base: Currency, quote: Currency) -> [Statement; 2] {
    [DELETE, DELETE_PAIR].map(|sql| tenant.statement(sql).bind(pair(base, quote)))
}
