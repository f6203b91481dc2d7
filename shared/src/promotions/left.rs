//! What discounts have left of each line.

use super::PromotionError;
use super::reduce::{Share, allocate_to};
use crate::kernel::money::{Currency, Rate, Rounding};
use crate::kernel::order::sort_by_key;

/// Units that a buyer got for others are kept apart from the rest of their line, since less is left of each of them.
/// Those that were got together cost the same, and so do those of the rest.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Of each whole line.
    pub(super) lines: Vec<i64>,
    /// Of each line without what was got.
    rest: Vec<i64>,
    /// Of these, the units.
    units: Vec<i64>,
    /// In the order of the lines.
    got: Vec<Got>,
}

#[derive(Debug)]
struct Got {
    at: usize,
    units: i64,
    left: i64,
}

impl Left {
    /// As it is before any discount.
    pub(super) fn restart(&mut self, amounts: &[i64], quantities: &[i64]) {
        for (own, amounts) in [(&mut self.lines, amounts), (&mut self.rest, amounts), (&mut self.units, quantities)] {
            own.clear();
            own.extend_from_slice(amounts);
        }
        self.got.clear();
    }

    /// `units` of those that were not got yet, as a share of them.
    pub(super) fn rest(&self, at: usize, units: i64) -> Share {
        let of = |all: &[i64]| all.get(at).copied().unwrap_or(0);
        Share { left: of(&self.rest), units, of: of(&self.units) }
    }

    /// What `unit` off each unit of a line comes to. None is below nothing then.
    pub(super) fn off_units(&self, at: usize, unit: i64) -> i64 {
        self.shares(at).fold(0, |sum, (units, left)| sum.saturating_add(off(unit, units, left)))
    }

    /// The rest of a line, and then what was got of it: units, and what is left of them.
    fn shares(&self, at: usize) -> impl Iterator<Item = (i64, i64)> {
        let rest = self.rest(at, 0);
        let first = self.got.partition_point(|got| got.at < at);
        let got = self.got.get(first..).unwrap_or_default().iter().take_while(move |got| got.at == at);
        std::iter::once((rest.of, rest.left)).chain(got.map(|got| (got.units, got.left)))
    }

    /// Takes `amount`, which is at most what is left, off a line: off all its units in proportion to what is left of
    /// them, or where `unit` was to be taken off each, to that.
    ///
    /// # Errors
    /// [`PromotionError::Overflow`].
    pub(super) fn take(
        &mut self,
        at: usize,
        amount: i64,
        unit: Option<i64>,
        currency: Currency,
    ) -> Result<(), PromotionError> {
        let weight = |(units, left)| unit.map_or(left, |unit| off(unit, units, left));
        let mut parts: Vec<(usize, i64)> = self.shares(at).map(weight).enumerate().collect();
        if 1 < parts.len() {
            allocate_to(amount, currency, &mut parts)?;
        } else {
            parts = vec![(0, amount)];
        }
        let first = self.got.partition_point(|got| got.at < at);
        lower(self.lines.get_mut(at), amount);
        for (share, part) in parts {
            let left = match share.checked_sub(1) {
                None => self.rest.get_mut(at),
                Some(got) => self.got.get_mut(first.saturating_add(got)).map(|got| &mut got.left),
            };
            lower(left, part);
        }
        Ok(())
    }

    /// Sets apart the units of each line that were `got`, less `parts`: what is taken off them, in the same order.
    /// A line of which nothing is taken off may be missing there.
    ///
    /// # Errors
    /// [`PromotionError::Overflow`].
    pub(super) fn give(
        &mut self,
        got: &[(usize, i64)],
        parts: &[(usize, i64)],
        rounding: Rounding,
    ) -> Result<(), PromotionError> {
        let mut parts = parts.iter().peekable();
        for &(at, units) in got {
            let amount = parts.next_if(|(other, _)| *other == at).map_or(0, |(_, amount)| *amount);
            // Not below the amount, which is a share of the same, rounded the same way.
            let whole = self.rest(at, units).at(Rate::ONE, rounding).ok_or(PromotionError::Overflow)?;
            lower(self.lines.get_mut(at), amount);
            lower(self.rest.get_mut(at), whole);
            lower(self.units.get_mut(at), units);
            self.got.push(Got { at, units, left: whole.saturating_sub(amount) });
        }
        sort_by_key(&mut self.got, |got| got.at);
        Ok(())
    }
}

/// What `unit` off each of these units comes to.
fn off(unit: i64, units: i64, left: i64) -> i64 {
    left.min(unit.saturating_mul(units))
}

fn lower(left: Option<&mut i64>, by: i64) {
    if let Some(left) = left {
        *left = left.saturating_sub(by);
    }
}
