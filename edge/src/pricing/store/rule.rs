//! The table `price_list_rule`.

use headlesspro_shared::kernel::id::PriceListId;
use headlesspro_shared::kernel::money::{Currency, Money, Rate};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::pricing::{PriceRule, RulePrice, RuleTarget};
use serde_json::{Value as Json, json};

use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

/// Of rules for everything.
const ALL: &str = "all";

const PAGE: &str = "-- pricing::rules
SELECT r.target, r.currency, r.min_quantity, r.price_minor, r.change_ppm FROM price_list_rule r
WHERE r.organization_id = ?1 AND +r.store_id = ?2 AND r.list_id = ?3
  AND (r.target, r.currency, r.min_quantity) > (?5, ?6, ?7)
ORDER BY r.target, r.currency, r.min_quantity LIMIT ?4";

const PAGE_OF: &str = "-- pricing::rules_of
SELECT r.target, r.currency, r.min_quantity, r.price_minor, r.change_ppm FROM price_list_rule r
WHERE r.organization_id = ?1 AND +r.store_id = ?2 AND r.list_id = ?3 AND r.target = ?5
  AND (r.currency, r.min_quantity) > (?6, ?7)
ORDER BY r.currency, r.min_quantity LIMIT ?4";

const MISSING: &str = "-- pricing::targets_missing
SELECT w.value AS target FROM json_each(?3) w
WHERE NOT EXISTS (SELECT 1 FROM variant v WHERE v.organization_id = ?1 AND +v.store_id = ?2 AND v.id = w.value)
  AND NOT EXISTS (SELECT 1 FROM product p WHERE p.organization_id = ?1 AND +p.store_id = ?2 AND p.id = w.value)";

const PUT: &str = "-- pricing::put_rules
INSERT INTO price_list_rule (organization_id, store_id, list_id, target, currency, min_quantity, price_minor, change_ppm)
SELECT ?1, ?2, ?3, w.value ->> 0, w.value ->> 1, w.value ->> 2, w.value ->> 3, w.value ->> 4
FROM json_each(?4) w WHERE true
ON CONFLICT (list_id, target, currency, min_quantity) DO UPDATE
SET price_minor = excluded.price_minor, change_ppm = excluded.change_ppm WHERE organization_id = ?1";

/// A slice: nobody else writes while a commit runs.
const DELETE_ALL: &str = "-- pricing::delete_rules
DELETE FROM price_list_rule
WHERE organization_id = ?1 AND +store_id = ?2 AND list_id = ?3 AND (target, currency, min_quantity) IN (
  SELECT r.target, r.currency, r.min_quantity FROM price_list_rule r
  WHERE r.organization_id = ?1 AND r.list_id = ?3 LIMIT ?4)";

/// How many rules a commit deletes at most.
const SLICE: i64 = 5_000;

const DELETE_OF: &str = "-- pricing::delete_rules_of
DELETE FROM price_list_rule
WHERE organization_id = ?1 AND store_id = ?2 AND list_id = ?3 AND target = ?4
  AND coalesce(currency = ?5, 1) AND coalesce(min_quantity = ?6, 1)";

/// Where a page begins: after the rule with this key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct After {
    pub target: String,
    pub currency: String,
    pub min_quantity: i64,
}

/// Which rules of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named {
    /// `None`: whatever they are for.
    pub target: Option<RuleTarget>,
    pub currency: Option<Currency>,
    pub min_quantity: Option<Quantity>,
}

impl After {
    pub fn of(rule: &PriceRule) -> After {
        let currency = match rule.price {
            RulePrice::Fixed(price) => price.currency().to_string(),
            RulePrice::ChangePpm(_) => String::new(),
        };
        After { target: text_of_target(rule.target), currency, min_quantity: rule.min_quantity.get() }
    }
}

/// The statement whose rows [`rules_of`] takes: those for `target`, or all, in the order of their keys.
pub fn page(tenant: Tenant, list: PriceListId, target: Option<RuleTarget>, after: &After, limit: i64) -> Statement {
    let sql = if target.is_some() { PAGE_OF } else { PAGE };
    let from = target.map_or_else(|| after.target.clone(), text_of_target);
    let statement = tenant.statement(sql).bind(list.to_string()).bind(limit).bind(from);
    statement.bind(after.currency.as_str()).bind(after.min_quantity)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn rules_of(rows: &Rows) -> Result<Vec<PriceRule>, SqlError> {
    rows.iter().map(rule_of).collect()
}

pub(super) fn rule_of(row: Row<'_>) -> Result<PriceRule, SqlError> {
    let min_quantity = Quantity::try_from(row.get::<i64>("min_quantity")?)
        .map_err(|_| SqlError::Statement("column min_quantity is no quantity".to_owned()))?;
    let price = match row.get::<Option<i64>>("price_minor")? {
        Some(minor) => RulePrice::Fixed(Money::new(minor, row.parse("currency")?)),
        None => RulePrice::ChangePpm(Rate::from_ppm(row.get("change_ppm")?)),
    };
    Ok(PriceRule { target: read_target(row)?, min_quantity, price })
}

fn read_target(row: Row<'_>) -> Result<RuleTarget, SqlError> {
    let text = row.get::<&str>("target")?;
    if text == ALL {
        Ok(RuleTarget::All)
    } else if text.starts_with("var_") {
        row.parse("target").map(RuleTarget::Variant)
    } else {
        row.parse("target").map(RuleTarget::Product)
    }
}

/// As it stands in the table.
pub fn text_of_target(target: RuleTarget) -> String {
    match target {
        RuleTarget::Variant(id) => id.to_string(),
        RuleTarget::Product(id) => id.to_string(),
        RuleTarget::All => ALL.to_owned(),
    }
}

/// The statement whose rows are those of the rules' variants and products that the store does not have.
pub fn missing(tenant: Tenant, rules: &[PriceRule]) -> Statement {
    let ids: Vec<String> =
        rules.iter().filter(|rule| rule.target != RuleTarget::All).map(|rule| text_of_target(rule.target)).collect();
    tenant.statement(MISSING).bind(json!(ids).to_string())
}

/// Adds the rules, or sets the prices of those that are there.
pub fn put(tenant: Tenant, list: PriceListId, rules: &[PriceRule]) -> Statement {
    let row = |rule: &PriceRule| {
        let After { target, currency, min_quantity } = After::of(rule);
        let (minor, ppm) = match rule.price {
            RulePrice::Fixed(price) => (Some(price.minor()), None),
            RulePrice::ChangePpm(change) => (None, Some(change.ppm())),
        };
        json!([target, currency, min_quantity, minor, ppm])
    };
    let rows: Vec<Json> = rules.iter().map(row).collect();
    tenant.statement(PUT).bind(list.to_string()).bind(json!(rows).to_string())
}

/// Removes the rules that are named; of all a slice.
pub fn delete(tenant: Tenant, list: PriceListId, named: Named) -> Statement {
    let Some(target) = named.target else { return tenant.statement(DELETE_ALL).bind(list.to_string()).bind(SLICE) };
    let statement = tenant.statement(DELETE_OF).bind(list.to_string()).bind(text_of_target(target));
    statement.bind(named.currency.map(Currency::code)).bind(named.min_quantity.map(Quantity::get))
}
