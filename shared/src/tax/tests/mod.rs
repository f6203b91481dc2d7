//! Cases with their sources, and what holds of every question.

mod cases;
mod exempt;
mod properties;
mod provided;
mod rates_of_states;
mod shipped;

use super::*;
use crate::kernel::area::{Area, Place};
use crate::kernel::id::{TaxRateId, TaxZoneId};
use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;
use crate::organizations::{RoundingMode, TaxMode};

pub(super) fn class(text: &str) -> TaxClass {
    text.parse().unwrap()
}

pub(super) fn at(date: &str) -> Timestamp {
    format!("{date}T12:00:00Z").parse().unwrap()
}

pub(super) fn place(country: &str, postcode: Option<&str>) -> Place {
    Place::of_address(country.parse().unwrap(), None, postcode)
}

/// A rate on one class.
pub(super) fn rate(id: u128, name: &str, of: &str, ppm: i64) -> TaxRate {
    TaxRate {
        id: TaxRateId::from_u128(id),
        name: name.to_owned(),
        classes: vec![class(of)],
        ppm,
        compound: false,
        from: None,
        until: None,
    }
}

/// One zone everywhere.
pub(super) fn rules(rates: Vec<TaxRate>) -> TaxRules {
    let zone =
        TaxZone { id: TaxZoneId::from_u128(1), name: "everywhere".to_owned(), areas: vec![Area::everywhere()], rates };
    TaxRules { zones: vec![zone], ..TaxRules::none() }
}

pub(super) fn line(key: usize, of: &str, amount: i64) -> TaxLine {
    TaxLine { key: format!("line-{key}"), amount, quantity: 1, class: class(of), taxable: true }
}

/// Lines of `(class, amount)`, in euros to Germany, half up.
pub(super) fn question(mode: TaxMode, per: RoundingPer, lines: &[(&str, i64)]) -> TaxQuestion {
    TaxQuestion {
        currency: Currency::EUR,
        mode,
        per,
        rounding: RoundingMode::HalfUp,
        destination: place("DE", None),
        lines: lines.iter().enumerate().map(|(key, (of, amount))| line(key, of, *amount)).collect(),
        shipping: Vec::new(),
        exemptions: Vec::new(),
        at: at("2026-11-23"),
    }
}

pub(super) fn line_taxes(taxed: &Taxed) -> Vec<i64> {
    taxed.lines.iter().map(|line| line.tax).collect()
}

pub(super) fn sums(taxed: &Taxed) -> (i64, i64, i64) {
    (taxed.net, taxed.tax, taxed.gross)
}

/// What holds of every answer.
pub(super) fn assert_sound(question: &TaxQuestion, taxed: &Taxed) {
    let all = || taxed.lines.iter().chain(&taxed.shipping);
    for line in all() {
        assert_eq!(line.net + line.tax, line.gross, "{line:?}");
        assert!(0 <= line.net && 0 <= line.tax, "{line:?}");
        assert_eq!(line.rates.iter().map(|rate| rate.tax).sum::<i64>(), line.tax, "{line:?}");
        assert!(line.rates.iter().all(|rate| 0 <= rate.tax), "{line:?}");
    }
    assert_eq!(all().map(|line| line.net).sum::<i64>(), taxed.net);
    assert_eq!(all().map(|line| line.tax).sum::<i64>(), taxed.tax);
    assert_eq!(all().map(|line| line.gross).sum::<i64>(), taxed.gross);
    assert_eq!(taxed.rates.iter().map(|rate| rate.tax).sum::<i64>(), taxed.tax);
    let keys = |lines: &[TaxedLine]| lines.iter().map(|line| line.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&taxed.lines), question.lines.iter().map(|line| line.key.clone()).collect::<Vec<_>>());
    assert_eq!(keys(&taxed.shipping), question.shipping.iter().map(|line| line.key.clone()).collect::<Vec<_>>());
}
