//! A merchant's rules of tax.

use serde::{Deserialize, Serialize};

use super::provider::ProviderFallback;
use super::{TaxClass, vat};
use crate::kernel::area::{Area, Place};
use crate::kernel::country::Country;
use crate::kernel::id::{TaxRateId, TaxZoneId};
use crate::kernel::time::Timestamp;

/// Of one merchant.
pub const MOST_ZONES: usize = 300;
/// Of one zone, those of the past among them.
pub const MOST_RATES: usize = 200;
/// Highest rate: 1,000 %.
const MOST_PPM: i64 = 10_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxRules {
    /// The order decides between zones that describe a place equally closely.
    pub zones: Vec<TaxZone>,
    #[serde(default)]
    pub cross_border: CrossBorder,
    /// The member state that the merchant sells from, or Monaco, whose VAT is that of France; buyers of other ones with a
    /// VAT id account for the tax themselves. None: everybody pays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverse_charge_from: Option<Country>,
    /// What is done when the external provider, if there is one, has no answer.
    #[serde(default)]
    pub provider_fallback: ProviderFallback,
}

/// Where the same taxes hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxZone {
    pub id: TaxZoneId,
    pub name: String,
    pub areas: Vec<Area>,
    /// In the order in which compound ones are put on top. None: nothing is taxed there.
    pub rates: Vec<TaxRate>,
}

/// A tax of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxRate {
    pub id: TaxRateId,
    /// As invoices say it: `MwSt.`, `GST`, `QST`.
    pub name: String,
    /// The classes that it is on.
    pub classes: Vec<TaxClass>,
    /// Parts per million: 190,000 is 19 %. 0 to 10,000,000.
    pub ppm: i64,
    /// On the amount and the taxes before it, rather than on the amount alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compound: bool,
    /// The first instant that it holds; none: always has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The first instant that it holds no more; none: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What is wrong with a rate by itself. The texts complete a sentence that begins with the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateFault {
    #[error("must be 0 to 10000000 parts per million, which is 1000 %")]
    Ppm,
    #[error("must be after the beginning")]
    Until,
    #[error("must name one class at least")]
    Classes,
}

impl RateFault {
    /// The field that is wrong, as it is written.
    pub const fn field(self) -> &'static str {
        match self {
            RateFault::Ppm => "ppm",
            RateFault::Until => "until",
            RateFault::Classes => "classes",
        }
    }

    const fn of(self, rate: TaxRateId) -> InvalidTaxRules {
        match self {
            RateFault::Ppm => InvalidTaxRules::Rate(rate),
            RateFault::Until => InvalidTaxRules::Validity(rate),
            RateFault::Classes => InvalidTaxRules::NoClass(rate),
        }
    }
}

impl TaxRate {
    /// All that is wrong with it.
    pub fn faults(&self) -> impl Iterator<Item = RateFault> {
        let ends_before = self.from.zip(self.until).is_some_and(|(from, until)| until <= from);
        [
            (!(0..=MOST_PPM).contains(&self.ppm), RateFault::Ppm),
            (ends_before, RateFault::Until),
            (self.classes.is_empty(), RateFault::Classes),
        ]
        .into_iter()
        .filter_map(|(is_wrong, fault)| is_wrong.then_some(fault))
    }

    pub(super) fn holds(&self, class: &TaxClass, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at < until)
            && self.classes.contains(class)
    }
}

/// What becomes of a price that holds the tax when it goes where another tax holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "keep", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum CrossBorder {
    /// Everybody pays the price as shown; what is left of it without the tax differs.
    #[default]
    Gross,
    /// The merchant keeps the same: the tax of `origin`, where the prices are made, is taken off, and that of the
    /// destination put on.
    Net { origin: Place },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTaxRules {
    #[error("there are at most {MOST_ZONES} zones")]
    TooManyZones,
    #[error("the zone {0} has more than {MOST_RATES} rates")]
    TooManyRates(TaxZoneId),
    #[error("the rate {0} is not between 0 and 1000 %")]
    Rate(TaxRateId),
    #[error("the rate {0} ends before it begins")]
    Validity(TaxRateId),
    #[error("the rate {0} is on no class")]
    NoClass(TaxRateId),
    #[error("{0} is not in the Union's VAT: nothing is sold from there with reverse charge")]
    NoReverseCharge(Country),
}

impl TaxRules {
    /// Rules that tax nothing.
    pub fn none() -> TaxRules {
        TaxRules {
            zones: Vec::new(),
            cross_border: CrossBorder::Gross,
            reverse_charge_from: None,
            provider_fallback: ProviderFallback::default(),
        }
    }

    /// The member state whose VAT holds where [`TaxRules::reverse_charge_from`] is, by its code; none where that is not in
    /// the Union's.
    pub(super) fn member_sold_from(&self) -> Option<&'static str> {
        vat::member_of_place(&Place::of_address(self.reverse_charge_from?, None, None))
    }

    /// Whether the rules may be kept: [`super::tax`] answers by any, this says what a merchant has got wrong.
    ///
    /// # Errors
    /// The first [`InvalidTaxRules`].
    pub fn check(&self) -> Result<(), InvalidTaxRules> {
        if MOST_ZONES < self.zones.len() {
            return Err(InvalidTaxRules::TooManyZones);
        }
        if let (Some(country), None) = (self.reverse_charge_from, self.member_sold_from()) {
            return Err(InvalidTaxRules::NoReverseCharge(country));
        }
        for zone in &self.zones {
            if MOST_RATES < zone.rates.len() {
                return Err(InvalidTaxRules::TooManyRates(zone.id));
            }
            for rate in &zone.rates {
                if let Some(fault) = rate.faults().next() {
                    return Err(fault.of(rate.id));
                }
            }
        }
        Ok(())
    }
}
