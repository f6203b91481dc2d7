//! A merchant's rules of shipping.

use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use super::expression::ExpressionTooLarge;
use super::price::{Amounts, FreeOver, Price, Row};
use crate::kernel::area::Area;
use crate::kernel::id::{LocationId, ShippingMethodId, ShippingZoneId};
use crate::tax::ShippingTax;

/// Of one merchant.
pub const MOST_ZONES: usize = 300;
/// Of one zone, and of places to pick up.
pub const MOST_METHODS: usize = 100;
/// Of one table, in one currency.
pub const MOST_ROWS: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippingRules {
    /// The order decides between zones that describe a place equally closely.
    pub zones: Vec<ShippingZone>,
    #[serde(default)]
    pub pickups: Vec<Pickup>,
}

/// Where the same methods are offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippingZone {
    pub id: ShippingZoneId,
    pub name: String,
    pub areas: Vec<Area>,
    /// In the order that they are shown.
    pub methods: Vec<ShippingMethod>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShippingMethod {
    pub id: ShippingMethodId,
    pub name: String,
    pub price: Price,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_over: Option<FreeOver>,
    #[serde(default)]
    pub conditions: Conditions,
    /// How the charge is taxed; none: as the store's settings say.
    #[serde(default, with = "kept_tax")]
    pub tax: Option<ShippingTax>,
}

/// As it stands in a zone. A release from before there was a settings' say reads no method without it, and wrote
/// `proportional` with an empty list of lines where the merchant had said nothing: that is what none is written as.
mod kept_tax {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::tax::{ShippingTax, TaxClass};

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
    enum Kept {
        Class {
            class: TaxClass,
        },
        Proportional {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            lines: Option<Vec<String>>,
        },
    }

    #[expect(clippy::ref_option, reason = "what serde asks for")]
    pub fn serialize<S: Serializer>(tax: &Option<ShippingTax>, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = match tax {
            None => Kept::Proportional { lines: Some(Vec::new()) },
            Some(ShippingTax::Proportional { .. }) => Kept::Proportional { lines: None },
            Some(ShippingTax::Class { class }) => Kept::Class { class: class.clone() },
        };
        kept.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ShippingTax>, D::Error> {
        Ok(match Kept::deserialize(deserializer)? {
            Kept::Proportional { lines: Some(_) } => None,
            Kept::Proportional { lines: None } => Some(ShippingTax::Proportional { lines: Vec::new() }),
            Kept::Class { class } => Some(ShippingTax::Class { class }),
        })
    }
}

/// The buyer fetches it where it is: no address is needed, and no zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pickup {
    pub location: LocationId,
    pub method: ShippingMethod,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShippingRules {
    #[error("there are at most {MOST_ZONES} zones")]
    TooManyZones,
    #[error("a zone has at most {MOST_METHODS} methods, and there are as many places to pick up at most")]
    TooManyMethods,
    #[error("two methods are {0}")]
    SameMethod(ShippingMethodId),
    #[error("the table of {0} has more than {MOST_ROWS} rows in a currency")]
    TooManyRows(ShippingMethodId),
    #[error("the rows of {0} do not rise, so that one is never reached")]
    RowsOutOfOrder(ShippingMethodId),
    #[error("an amount of {0} is negative")]
    NegativeAmount(ShippingMethodId),
    #[error("{0}: {1}")]
    Expression(ShippingMethodId, ExpressionTooLarge),
}

impl ShippingRules {
    fn methods(&self) -> impl Iterator<Item = &ShippingMethod> {
        let of_zones = self.zones.iter().flat_map(|zone| &zone.methods);
        of_zones.chain(self.pickups.iter().map(|pickup| &pickup.method))
    }

    /// Whether the rules may be kept: [`super::rates`] answers by any, this says what a merchant has got wrong.
    ///
    /// # Errors
    /// The first [`InvalidShippingRules`].
    pub fn check(&self) -> Result<(), InvalidShippingRules> {
        if MOST_ZONES < self.zones.len() {
            return Err(InvalidShippingRules::TooManyZones);
        }
        if MOST_METHODS < self.pickups.len() || self.zones.iter().any(|zone| MOST_METHODS < zone.methods.len()) {
            return Err(InvalidShippingRules::TooManyMethods);
        }
        let mut ids: Vec<ShippingMethodId> = self.methods().map(|method| method.id).collect();
        ids.sort_unstable();
        if let Some(same) = ids.windows(2).find(|two| two.first() == two.last()).and_then(|two| two.first()) {
            return Err(InvalidShippingRules::SameMethod(*same));
        }
        self.methods().try_for_each(ShippingMethod::check)
    }
}

/// What is wrong with the price of a method by itself. The texts complete a sentence that begins with the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MethodFault {
    #[error("must have {MOST_ROWS} rows at most")]
    TooManyRows,
    #[error("must reach further than the row before it, or it is never reached")]
    RowsOutOfOrder,
    #[error("must not be negative")]
    NegativeAmount,
    #[error("is too large: {0}")]
    Expression(ExpressionTooLarge),
}

impl MethodFault {
    const fn of(self, method: ShippingMethodId) -> InvalidShippingRules {
        match self {
            MethodFault::TooManyRows => InvalidShippingRules::TooManyRows(method),
            MethodFault::RowsOutOfOrder => InvalidShippingRules::RowsOutOfOrder(method),
            MethodFault::NegativeAmount => InvalidShippingRules::NegativeAmount(method),
            MethodFault::Expression(error) => InvalidShippingRules::Expression(method, error),
        }
    }
}

impl ShippingMethod {
    fn check(&self) -> Result<(), InvalidShippingRules> {
        self.price.faults().into_iter().next().map_or(Ok(()), |(_, fault)| Err(fault.of(self.id)))
    }
}

impl Price {
    /// All that is wrong with it, each with its place: `price/rows/EUR/2/upTo`.
    pub fn faults(&self) -> Vec<(String, MethodFault)> {
        use super::external::ExternalFallback;
        let negative = |amounts: &Amounts, path: &str| -> Vec<(String, MethodFault)> {
            let wrong = amounts.iter().filter(|(_, amount)| **amount < 0);
            wrong.map(|(currency, _)| (format!("{path}/{currency}"), MethodFault::NegativeAmount)).collect()
        };
        match self {
            Price::Flat { amounts } => negative(amounts, "price/amounts"),
            Price::External { fallback: ExternalFallback::Flat { amounts }, .. } => {
                negative(amounts, "price/fallback/amounts")
            }
            Price::External { fallback: ExternalFallback::Hide, .. } => Vec::new(),
            Price::Table { rows, .. } => rows
                .iter()
                .flat_map(|(currency, rows)| {
                    row_faults(rows).map(move |(path, fault)| (format!("price/rows/{currency}{path}"), fault))
                })
                .collect(),
            Price::Expression { expressions } => expressions
                .iter()
                .filter_map(|(currency, expression)| {
                    let error = expression.check().err()?;
                    Some((format!("price/expressions/{currency}"), MethodFault::Expression(error)))
                })
                .collect(),
        }
    }
}

/// Of a table in one currency, each with its place in it: `/2/upTo`.
fn row_faults(rows: &[Row]) -> impl Iterator<Item = (String, MethodFault)> {
    let too_many = (MOST_ROWS < rows.len()).then(|| (String::new(), MethodFault::TooManyRows));
    // A row without a bound is above all others.
    let bound = |row: &Row| (row.up_to.is_none(), row.up_to);
    let before = std::iter::once(None).chain(rows.iter().map(Some));
    let of_rows = rows.iter().zip(before).enumerate().flat_map(move |(at, (row, before))| {
        let negative = (row.amount < 0).then(|| (format!("/{at}/amount"), MethodFault::NegativeAmount));
        let is_unreached = before.is_some_and(|before| bound(row) <= bound(before));
        negative.into_iter().chain(is_unreached.then(|| (format!("/{at}/upTo"), MethodFault::RowsOutOfOrder)))
    });
    too_many.into_iter().chain(of_rows)
}
