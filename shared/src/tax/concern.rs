//! What of a merchant's rules, and of a destination, decides.

use std::collections::BTreeSet;

use super::rules::{CrossBorder, TaxRules, TaxZone};
use crate::kernel::area::{Area, Place, closest};
use crate::kernel::id::TaxZoneId;
use crate::kernel::time::Timestamp;

/// What an address does not say, or not as a code, and taxes depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    Region,
    Postcode,
}

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
        let holding: Vec<(TaxZoneId, Area)> = std::iter::once(destination).chain(origin).filter_map(holds_by).collect();
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

    /// What an address in a country of the zones has to say so that one of them is found, where none holds as it is: the
    /// rates of a country may differ by region and by postcode, and goods that no zone covers bear no tax.
    pub fn asks_for(&self, destination: &Place) -> Vec<Missing> {
        let areas = || self.zones.iter().flat_map(|zone| &zone.areas);
        if areas().any(|area| area.covers(destination).is_some()) {
            return Vec::new();
        }
        let of_country = areas().map(Area::parts).filter(|(country, ..)| *country == Some(destination.country));
        let mut missing = BTreeSet::new();
        for (_, region, postcodes) in of_country {
            if region.is_some() && destination.region.is_none() {
                missing.insert(Missing::Region);
            }
            // Those of another region say nothing of this one.
            let may_hold = region.is_none() || destination.region.is_none() || region == destination.region.as_ref();
            if !postcodes.is_empty() && may_hold && destination.postcode.is_none() {
                missing.insert(Missing::Postcode);
            }
        }
        missing.into_iter().collect()
    }

    /// The zone that holds at a place.
    pub fn zone_at(&self, place: &Place) -> Option<TaxZoneId> {
        closest(&self.zones, |zone| &zone.areas, place).map(|(zone, _)| zone.id)
    }

    /// The next instant after `at` at which a rate begins or ends; none: the rules stay as they are.
    pub fn turns_at(&self, at: Timestamp) -> Option<Timestamp> {
        let rates = self.zones.iter().flat_map(|zone| &zone.rates);
        rates.flat_map(|rate| [rate.from, rate.until]).flatten().filter(|turn| at < *turn).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kernel::area::Area;
    use crate::kernel::area::Place;
    use crate::kernel::id::TaxZoneId;
    use crate::organizations::TaxMode;
    use crate::tax::tests::{assert_sound, at, place, question, rate, rules};
    use crate::tax::*;

    /// Zones of Spain and Germany: of a country, of regions and of postcodes of each form.
    fn any_zones() -> impl Strategy<Value = Vec<TaxZone>> {
        let area = prop_oneof![
            Just("{}".to_owned()),
            prop::sample::select(&["ES", "DE"][..]).prop_map(|country| format!(r#"{{"country":"{country}"}}"#)),
            Just(r#"{"country":"ES","region":"ES-CN"}"#.to_owned()),
            (
                prop::sample::select(&["ES", "DE"][..]),
                prop::collection::vec("[1-3]{1,3}\\*?|1[12]-3[12]|11[12]-33[12]", 1..4)
            )
                .prop_map(|(country, codes)| format!(r#"{{"country":"{country}","postcodes":{codes:?}}}"#)),
            "[1-3]{1,3}\\*?".prop_map(|code| format!(r#"{{"country":"ES","region":"ES-CN","postcodes":["{code}"]}}"#)),
        ];
        let area = area.prop_map(|json| serde_json::from_str::<Area>(&json).unwrap());
        let zone = (prop::collection::vec(area, 1..4), 0i64..400_000);
        prop::collection::vec(zone, 0..6).prop_map(|zones| {
            let zone = |(id, (areas, ppm)): (u128, (Vec<Area>, i64))| TaxZone {
                id: TaxZoneId::from_u128(id),
                name: format!("zone {id}"),
                areas,
                rates: vec![rate(id, "VAT", "standard", ppm)],
            };
            (1..).zip(zones).map(zone).collect()
        })
    }

    fn any_place() -> impl Strategy<Value = Place> {
        (prop::sample::select(&["ES", "DE", "FR"][..]), any::<bool>(), prop::option::of("[1-3]{1,4}")).prop_map(
            |(country, region, postcode)| {
                let region = Some("ES-CN").filter(|_| region && country == "ES");
                Place::of_address(country.parse().unwrap(), region, postcode.as_deref())
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

        #[test]
        fn what_concerns_a_destination_taxes_as_all_of_it(
            zones in any_zones(),
            destination in any_place(),
            origin in prop::option::of(any_place()),
            mode in prop::sample::select(TaxMode::ALL),
        ) {
            let cross_border = origin.map_or(CrossBorder::Gross, |origin| CrossBorder::Net { origin });
            let rules = TaxRules { zones, cross_border, ..TaxRules::none() };
            let asked = TaxQuestion { destination, ..question(mode, RoundingPer::Line, &[("standard", 11_900)]) };
            let whole = tax(&rules, &asked).unwrap();
            let (kept, less) = rules.concerning(&asked.destination);
            prop_assert!(kept.zones.len() <= 2);
            prop_assert!(kept.zones.iter().all(|zone| zone.areas.len() <= 2));
            let again = tax(&kept, &TaxQuestion { destination: less, ..asked }).unwrap();
            prop_assert_eq!(again, whole);
        }
    }

    #[test]
    fn a_destination_is_kept_as_far_as_its_zone_asks() {
        let zone = |id: u128, areas: &str| TaxZone {
            id: TaxZoneId::from_u128(id),
            name: String::new(),
            areas: serde_json::from_str(areas).unwrap(),
            rates: Vec::new(),
        };
        let rules = TaxRules {
            zones: vec![
                zone(1, r#"[{"country":"US"}]"#),
                zone(2, r#"[{"country":"US","region":"US-CA"}]"#),
                zone(3, r#"[{"country":"US","region":"US-CA","postcodes":["902*","90001-90099"]},{"country":"MX"}]"#),
            ],
            ..TaxRules::none()
        };
        for (region, postcode, kept, zones) in [
            (Some("TX"), "73301", r#"{"country":"US"}"#, 1),
            (Some("CA"), "94016", r#"{"country":"US","region":"US-CA"}"#, 1),
            (Some("CA"), "90210-1234", r#"{"country":"US","region":"US-CA","postcode":"902"}"#, 1),
            (Some("CA"), "90050-1234", r#"{"country":"US","region":"US-CA","postcode":"90050"}"#, 1),
        ] {
            let place = Place::of_address("US".parse().unwrap(), region, Some(postcode));
            let (rules, less) = rules.clone().concerning(&place);
            assert_eq!(serde_json::to_string(&less).unwrap(), kept);
            assert_eq!((rules.zones.len(), rules.zones[0].areas.len()), (zones, 1), "{postcode}");
        }
        let nowhere = rules.concerning(&place("FR", Some("75001")));
        assert_eq!((nowhere.0.zones, nowhere.1), (Vec::new(), place("FR", None)));
    }

    #[test]
    fn an_address_has_to_say_what_its_zone_is_found_by() {
        let zone = |id: u128, areas: &str| TaxZone {
            id: TaxZoneId::from_u128(id),
            name: String::new(),
            areas: serde_json::from_str(areas).unwrap(),
            rates: Vec::new(),
        };
        let rules = TaxRules {
            zones: vec![
                zone(
                    1,
                    r#"[{"country":"US","region":"US-CA"},{"country":"US","region":"US-TX","postcodes":["733*"]}]"#,
                ),
                zone(2, r#"[{"country":"IT","postcodes":["23041"]}]"#),
                zone(3, r#"[{"country":"ES"},{"country":"ES","region":"ES-CN"}]"#),
            ],
            ..TaxRules::none()
        };
        let asked = |country: &str, region, postcode| {
            rules.asks_for(&Place::of_address(country.parse().unwrap(), region, postcode))
        };
        assert_eq!(asked("US", None, None), [Missing::Region, Missing::Postcode]);
        assert_eq!(asked("US", Some("Kalifornien"), Some("94016")), [Missing::Region]);
        assert_eq!(asked("US", Some("TX"), None), [Missing::Postcode]);
        assert_eq!(asked("IT", None, None), [Missing::Postcode]);
        // Where nothing is taxed, where it is found without, and where nobody has a zone, nothing is missing.
        for (country, region, postcode) in [
            ("US", Some("NY"), None),
            ("US", Some("TX"), Some("10001")),
            ("US", Some("CA"), None),
            ("IT", None, Some("00118")),
            ("ES", None, None),
            ("FR", None, None),
        ] {
            assert_eq!(asked(country, region, postcode), [], "{country} {region:?} {postcode:?}");
        }
    }

    #[test]
    fn rules_turn_when_a_rate_begins_or_ends() {
        let rates = vec![
            TaxRate { until: Some(at("2026-12-31")), ..rate(1, "VAT", "standard", 190_000) },
            TaxRate {
                from: Some(at("2026-12-31")),
                until: Some(at("2027-06-30")),
                ..rate(2, "VAT", "standard", 160_000)
            },
            TaxRate { from: Some(at("2020-07-01")), ..rate(3, "VAT", "reduced", 50_000) },
        ];
        let rules = rules(rates);
        assert_eq!(rules.turns_at(at("2026-11-23")), Some(at("2026-12-31")));
        assert_eq!(rules.turns_at(at("2026-12-31")), Some(at("2027-06-30")));
        assert_eq!(rules.turns_at(at("2027-06-30")), None);
    }

    #[test]
    fn goods_that_bear_no_tax_bear_none_anywhere() {
        let france = TaxZone {
            id: TaxZoneId::from_u128(2),
            name: "France".to_owned(),
            areas: vec![Area::country("FR".parse().unwrap())],
            rates: vec![rate(7, "TVA", "standard", 200_000)],
        };
        let mut rules = rules(vec![rate(1, "MwSt.", "standard", 190_000)]);
        rules.zones.push(france);
        for cross_border in [CrossBorder::Gross, CrossBorder::Net { origin: place("FR", None) }] {
            let rules = TaxRules { cross_border, ..rules.clone() };
            for mode in TaxMode::ALL {
                let mut asked = question(*mode, RoundingPer::Order, &[("standard", 0), ("standard", 5_000)]);
                asked.lines[1].taxable = false;
                // What is sent with goods that bear no tax bears none either.
                let tax_of = ShippingTax::Proportional { lines: Vec::new() };
                asked.shipping = vec![ShippingCharge { key: "parcel".to_owned(), amount: 490, tax: tax_of }];
                let taxed = tax(&rules, &asked).unwrap();
                assert_sound(&asked, &taxed);
                assert_eq!((taxed.tax, taxed.gross), (0, 5_490));
                assert_eq!(taxed.lines[1].why, TaxReason::NotTaxable);
                assert!(taxed.lines[1].rates.is_empty());
            }
        }
        let text = serde_json::to_string(&question(TaxMode::Inclusive, RoundingPer::Line, &[("standard", 1)])).unwrap();
        assert!(!text.contains("taxable"), "said of the others only: {text}");
    }
}
