//! A merchant's rules of shipping.

use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use super::expression::ExpressionTooLarge;
use super::price::{FreeOver, Price};
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
    /// How the charge is taxed.
    pub tax: ShippingTax,
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

impl ShippingMethod {
    fn check(&self) -> Result<(), InvalidShippingRules> {
        use super::external::ExternalFallback;
        let is_negative = match &self.price {
            Price::Flat { amounts } => amounts.values().any(|&amount| amount < 0),
            Price::External { fallback: ExternalFallback::Flat { amounts }, .. } => {
                amounts.values().any(|&amount| amount < 0)
            }
            Price::Table { rows, .. } => rows.values().flatten().any(|row| row.amount < 0),
            Price::External { fallback: ExternalFallback::Hide, .. } | Price::Expression { .. } => false,
        };
        if is_negative {
            return Err(InvalidShippingRules::NegativeAmount(self.id));
        }
        match &self.price {
            Price::Table { rows, .. } => rows.values().try_for_each(|rows| {
                if MOST_ROWS < rows.len() {
                    return Err(InvalidShippingRules::TooManyRows(self.id));
                }
                // A row without a bound is above all others.
                let bounds = rows.iter().map(|row| (row.up_to.is_none(), row.up_to));
                let rises = bounds.clone().zip(bounds.skip(1)).all(|(row, next)| row < next);
                if rises { Ok(()) } else { Err(InvalidShippingRules::RowsOutOfOrder(self.id)) }
            }),
            Price::Expression { expressions } => expressions
                .values()
                .try_for_each(|expression| expression.check())
                .map_err(|error| InvalidShippingRules::Expression(self.id, error)),
            Price::Flat { .. } | Price::External { .. } => Ok(()),
        }
    }
}
