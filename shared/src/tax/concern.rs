//! What of a merchant's rules, and of a destination, decides.

use super::rules::{CrossBorder, TaxRules, TaxZone};
use crate::kernel::area::{Area, Place, closest};
use crate::kernel::id::TaxZoneId;
use crate::kernel::time::Timestamp;

impl TaxRules {
    /// The rules as far as they concern what goes to `destination`, and the destination as far as they ask about it. What
    /// nobody claims to be exempt from is taxed the same by them.
    ///
    /// Of the zones, those remain that hold there and where prices are made, each with the area that it holds by: what
    /// is kept of an order does not grow with the zones of a store. Of the destination, the country remains, the region
    /// where the zone asks for it, and as much of the postcode as it takes to find the zone: with a whole postcode, many
    /// a buyer is found.
    pub fn concerning(self, destination: &Place) -> (TaxRules, Place) {
        let holds_by = |place: &Place| -> Option<(TaxZoneId, Area)> {
            let (zone, specificity) = closest(&self.zones, |zone| &zone.areas, place)?;
            let area = zone.areas.iter().find(|area| area.covers(place) == Some(specificity))?;
            Some((zone.id, area.clone()))
        };
        let origin = match &self.cross_border {
            CrossBorder::Gross => None,
            CrossBorder::Net { origin } => Some(origin),
        };
        let holding: Vec<(TaxZoneId, Area)> =
            std::iter::once(destination).chain(origin).filter_map(holds_by).collect();
        let concerned = |zone: TaxZone| {
            let own = holding.iter().filter(|(id, _)| *id == zone.id);
            let areas: Vec<Area> = own.map(|(_, area)| area.clone()).collect();
            (!areas.is_empty()).then_some(TaxZone { areas, ..zone })
        };
        let zones: Vec<TaxZone> = self.zones.into_iter().filter_map(concerned).collect();
        let found = |place: &Place| closest(&zones, |zone| &zone.areas, place).map(|(zone, _)| zone.id);
        let meant = found(destination);
        let least = destination.parts_of().find(|part| found(part) == meant);
        let place = least.unwrap_or_else(|| destination.clone());
        (TaxRules { zones, ..self }, place)
    }

    /// The next instant after `at` at which a rate begins or ends; none: the rules stay as they are.
    pub fn turns_at(&self, at: Timestamp) -> Option<Timestamp> {
        let rates = self.zones.iter().flat_map(|zone| &zone.rates);
        rates.flat_map(|rate| [rate.from, rate.until]).flatten().filter(|turn| at < *turn).min()
    }
}
