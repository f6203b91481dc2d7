//! The data: what it says of dates and places that are known.

use std::collections::BTreeSet;

use super::*;

fn everything() -> TaxRules {
    let countries: Vec<_> = crate::kernel::country::Country::all().collect();
    TaxRules { zones: vat::zones(&countries), ..TaxRules::none() }
}

/// The rate, in thousandths of a percent, and the zone.
fn of(rules: &TaxRules, place: Place, class: &str, at: Timestamp) -> (i64, Option<String>) {
    let base = question(TaxMode::Exclusive, RoundingPer::Line, &[(class, 100_000)]);
    let taxed = tax(rules, &TaxQuestion { destination: place, at, ..base }).unwrap();
    (taxed.tax, taxed.zone.map(|zone| zone.name))
}

/// European Commission, TEDB, read for 2026-08-26 (standard) and 2026-04-28 (others), with Austria's 4.9 % of July.
#[test]
fn todays_rates_are_those_of_the_commission() {
    let rules = everything();
    for (country, standard, reduced) in [
        ("AT", 20_000, &[4_900, 10_000, 13_000][..]),
        ("BE", 21_000, &[6_000, 12_000]),
        ("BG", 20_000, &[9_000]),
        ("CY", 19_000, &[3_000, 5_000, 9_000]),
        ("CZ", 21_000, &[12_000]),
        ("DE", 19_000, &[7_000]),
        ("DK", 25_000, &[]),
        ("EE", 24_000, &[9_000, 13_000]),
        ("ES", 21_000, &[4_000, 10_000]),
        ("FI", 25_500, &[10_000, 13_500]),
        ("FR", 20_000, &[2_100, 5_500, 10_000]),
        ("GB", 20_000, &[5_000]),
        ("GR", 24_000, &[6_000, 13_000]),
        ("HR", 25_000, &[5_000, 13_000]),
        ("HU", 27_000, &[5_000, 18_000]),
        ("IE", 23_000, &[4_800, 9_000, 13_500]),
        ("IT", 22_000, &[4_000, 5_000, 10_000]),
        ("LT", 21_000, &[5_000, 12_000]),
        ("LU", 17_000, &[3_000, 8_000, 14_000]),
        ("LV", 21_000, &[5_000, 12_000]),
        ("MT", 18_000, &[5_000, 7_000, 12_000]),
        ("NL", 21_000, &[9_000]),
        ("PL", 23_000, &[5_000, 8_000]),
        ("PT", 23_000, &[6_000, 13_000]),
        ("RO", 21_000, &[11_000]),
        ("SE", 25_000, &[6_000, 12_000]),
        ("SI", 22_000, &[5_000, 9_500]),
        ("SK", 23_000, &[5_000, 19_000]),
        ("KR", 10_000, &[]),
        ("JP", 10_000, &[8_000]),
    ] {
        let now = at("2026-11-23");
        let zone = rules.zones.iter().find(|zone| zone.areas.contains(&Area::country(country.parse().unwrap())));
        let rates = &zone.unwrap().rates;
        let holding = rates.iter().filter(|rate| rate.from <= Some(now) && rate.until.is_none_or(|until| now < until));
        let (mut found, mut others) = (Vec::new(), BTreeSet::new());
        for rate in holding {
            match rate.classes[0].as_str() {
                "standard" => found.push(rate.ppm / 10),
                "zero" => assert_eq!(rate.ppm, 0),
                _ => drop(others.insert(rate.ppm / 10)),
            }
        }
        assert_eq!(found, [standard], "{country}");
        assert_eq!(others.into_iter().collect::<Vec<_>>(), reduced, "{country}");
    }
}

#[test]
fn the_past_has_the_rates_of_the_past() {
    let rules = everything();
    for (country, class, date, expected) in [
        ("DE", "standard", "2006-12-31", 16_000),
        ("DE", "standard", "2020-06-30", 19_000),
        ("DE", "standard", "2020-07-01", 16_000),
        ("DE", "reduced", "2020-12-31", 5_000),
        ("DE", "standard", "2021-01-01", 19_000),
        ("EE", "standard", "2023-12-31", 20_000),
        ("EE", "standard", "2024-01-01", 22_000),
        ("EE", "standard", "2025-06-30", 22_000),
        ("EE", "standard", "2025-07-01", 24_000),
        ("SK", "standard", "2024-12-31", 20_000),
        ("SK", "reduced", "2024-12-31", 10_000),
        ("SK", "reduced", "2025-01-01", 19_000),
        ("SK", "second-reduced", "2025-01-01", 5_000),
        ("FI", "standard", "2024-08-31", 24_000),
        ("FI", "standard", "2024-09-01", 25_500),
        ("FI", "reduced", "2025-12-31", 14_000),
        ("FI", "reduced", "2026-01-01", 13_500),
        ("RO", "standard", "2025-07-31", 19_000),
        ("RO", "second-reduced", "2025-07-31", 5_000),
        ("RO", "second-reduced", "2025-08-01", 11_000),
        ("LU", "standard", "2023-06-01", 16_000),
        ("LU", "parking", "2023-06-01", 13_000),
        ("LU", "standard", "2024-01-01", 17_000),
        ("CZ", "reduced", "2023-12-31", 15_000),
        ("CZ", "second-reduced", "2024-01-01", 12_000),
        ("IE", "standard", "2020-09-01", 21_000),
        ("IE", "standard", "2021-03-01", 23_000),
        ("NL", "reduced", "2018-12-31", 6_000),
        ("LT", "reduced", "2026-01-01", 12_000),
        ("AT", "super-reduced", "2026-07-01", 4_900),
        ("GB", "standard", "2009-06-01", 15_000),
        ("GB", "standard", "2011-01-03", 17_500),
        ("GB", "standard", "2011-01-04", 20_000),
        ("JP", "standard", "2014-03-31", 5_000),
        ("JP", "standard", "2019-09-30", 8_000),
        ("JP", "reduced", "2019-10-01", 8_000),
        ("KR", "standard", "1999-01-01", 10_000),
    ] {
        assert_eq!(of(&rules, place(country, None), class, at(date)).0, expected, "{country} {class} {date}");
    }
}

/// What is held says from when; before, a reduced class has the territory's standard rate, and the reason says so.
#[test]
fn the_lower_rates_of_the_azores_are_held_since_2021() {
    let rules = everything();
    let azores = place("PT", Some("9500-321"));
    for (date, expected, why) in
        [("2021-06-30", 18_000, TaxReason::StandardInstead), ("2021-07-01", 9_000, TaxReason::Rated)]
    {
        let base = question(TaxMode::Exclusive, RoundingPer::Line, &[("reduced", 100_000)]);
        let taxed = tax(&rules, &TaxQuestion { destination: azores.clone(), at: at(date), ..base }).unwrap();
        assert_eq!((taxed.tax, &taxed.lines[0].why), (expected, &why), "{date}");
    }
}

#[test]
fn rates_change_at_midnight_of_the_place() {
    let rules = everything();
    for (country, last, first) in [
        ("EE", "2025-06-30T20:59:59.999Z", "2025-06-30T21:00:00Z"),
        ("SK", "2024-12-31T22:59:59.999Z", "2024-12-31T23:00:00Z"),
        ("GB", "2011-01-03T23:59:59.999Z", "2011-01-04T00:00:00Z"),
        ("JP", "2019-09-30T14:59:59.999Z", "2019-09-30T15:00:00Z"),
    ] {
        let rate = |time: &str| of(&rules, place(country, None), "standard", time.parse().unwrap()).0;
        assert!(rate(last) != rate(first), "{country}");
        let before = first.parse::<Timestamp>().unwrap().checked_add_millis(-1).unwrap();
        assert_eq!(rate(last), of(&rules, place(country, None), "standard", before).0, "{country}");
    }
}

/// Directive 2006/112/EC, articles 5 and 6; Treaty on the Functioning of the European Union, annex II; Portugal, Ofício
/// Circulado 25045/2024; France, CGI articles 294 to 297; Austria, UStG § 10(4); HMRC, VATPOSG2300.
#[test]
fn territories_have_their_own_rates_or_none() {
    let rules = everything();
    for (country, region, postcode, class, expected, zone) in [
        ("ES", None, Some("35001"), "standard", 0, "Canary Islands"),
        ("ES", Some("CN"), None, "reduced", 0, "Canary Islands"),
        ("ES", None, Some("38400"), "standard", 0, "Canary Islands"),
        ("ES", None, Some("51001"), "standard", 0, "Ceuta"),
        ("ES", None, Some("52001"), "standard", 0, "Melilla"),
        ("ES", None, Some("28001"), "standard", 21_000, "Spain"),
        ("FI", None, Some("22100"), "standard", 0, "Åland"),
        ("AX", None, None, "standard", 0, "Åland"),
        ("GR", None, Some("63086"), "standard", 0, "Mount Athos"),
        ("IT", None, Some("23041"), "standard", 0, "Livigno"),
        ("IT", None, Some("23030"), "standard", 22_000, "Italy"),
        ("IT", None, Some("22061"), "standard", 0, "Campione d'Italia"),
        ("DE", None, Some("78266"), "standard", 0, "Büsingen am Hochrhein"),
        ("DE", None, Some("27498"), "standard", 0, "Heligoland"),
        ("PT", None, Some("9000-123"), "standard", 22_000, "Madeira"),
        ("PT", Some("30"), None, "second-reduced", 4_000, "Madeira"),
        ("PT", None, Some("9500-321"), "standard", 16_000, "Azores"),
        ("PT", Some("PT-20"), None, "reduced", 9_000, "Azores"),
        ("PT", None, Some("1000-001"), "standard", 23_000, "Portugal"),
        ("FR", None, Some("20000"), "standard", 20_000, "Corsica"),
        ("FR", None, Some("20200"), "second-reduced", 2_100, "Corsica"),
        ("FR", None, Some("97110"), "standard", 8_500, "Guadeloupe, Martinique and Réunion"),
        ("RE", None, None, "standard", 8_500, "Guadeloupe, Martinique and Réunion"),
        ("FR", None, Some("97300"), "standard", 0, "French Guiana and Mayotte"),
        ("FR", None, Some("97133"), "standard", 0, "Saint-Barthélemy"),
        ("FR", None, Some("97150"), "reduced", 0, "Saint-Martin"),
        ("FR", None, Some("97500"), "standard", 0, "Saint-Pierre and Miquelon"),
        ("FR", None, Some("98413"), "standard", 0, "French Southern Territories"),
        ("FR", None, Some("98600"), "standard", 0, "Wallis and Futuna"),
        ("FR", Some("FR-PF"), Some("98714"), "standard", 0, "French Polynesia"),
        ("NC", None, None, "standard", 0, "New Caledonia"),
        ("FR", None, Some("98000"), "standard", 20_000, "France"),
        ("MC", None, Some("98000"), "standard", 20_000, "France"),
        ("MC", None, None, "standard", 20_000, "France"),
        ("FI", None, Some("22100"), "standard", 0, "Åland"),
        ("FI", None, Some("AX-22100"), "standard", 0, "Åland"),
        ("FI", None, Some("00100"), "standard", 25_500, "Finland"),
        ("AT", None, Some("6991"), "standard", 19_000, "Jungholz and Mittelberg"),
        ("AT", None, Some("6991"), "reduced", 10_000, "Jungholz and Mittelberg"),
        ("GB", None, Some("BT1 5GS"), "standard", 20_000, "Northern Ireland"),
        ("IM", None, None, "standard", 20_000, "United Kingdom"),
        ("GB", None, Some("IM1 1AA"), "standard", 20_000, "United Kingdom"),
        ("GB", None, Some("JE2 3AB"), "standard", 0, "Jersey"),
        ("GB", None, Some("gy1 2hu"), "standard", 0, "Guernsey, Alderney and Sark"),
        ("JE", None, None, "standard", 0, "Jersey"),
    ] {
        let place = Place::of_address(country.parse().unwrap(), region, postcode);
        let found = of(&rules, place, class, at("2026-11-23"));
        assert_eq!(found, (expected, Some(zone.to_owned())), "{country} {region:?} {postcode:?} {class}");
    }
    for country in ["CH", "NO", "GL", "FO", "US"] {
        assert_eq!(of(&rules, place(country, None), "standard", at("2026-11-23")), (0, None), "{country}");
    }
}

#[test]
fn the_unions_vat_holds_in_its_members_and_not_in_all_of_their_territories() {
    for (country, postcode, expected) in [
        ("DE", None, Some("DE")),
        ("DE", Some("27498"), None),
        ("ES", Some("35001"), None),
        ("FR", Some("20000"), Some("FR")),
        ("FR", Some("97133"), None),
        ("FR", Some("97150"), None),
        ("FR", Some("97500"), None),
        ("FR", Some("98600"), None),
        ("FR", Some("98713"), None),
        ("FR", Some("98800"), None),
        ("FR", Some("98000"), Some("FR")),
        ("MC", None, Some("FR")),
        ("RE", None, None),
        ("FI", Some("AX-22100"), None),
        ("FI", Some("00100"), Some("FI")),
        ("AX", None, None),
        ("GB", None, None),
        ("GB", Some("BT1 5GS"), Some("XI")),
        ("GB", Some("JE2 3AB"), None),
        ("IM", None, None),
        ("PT", Some("9000-123"), Some("PT")),
        ("CH", None, None),
    ] {
        assert_eq!(vat::member_of_place(&place(country, postcode)), expected, "{country} {postcode:?}");
    }
}

#[test]
fn every_row_is_dated_rises_and_names_its_source() {
    let rules = everything();
    assert_eq!(rules.check(), Ok(()));
    let mut ids = BTreeSet::new();
    for zone in &rules.zones {
        assert!(ids.insert(zone.id.to_string()), "{} has no id of its own", zone.name);
        assert!(!zone.areas.is_empty(), "{} is nowhere", zone.name);
        for rate in &zone.rates {
            assert!(ids.insert(rate.id.to_string()), "{} {:?} has no id of its own", zone.name, rate.classes);
            assert!(rate.from.is_some(), "{} {:?} has no date", zone.name, rate.classes);
        }
    }
    assert_eq!(
        vat::zones(&["DE".parse().unwrap()])[2],
        rules.zones.iter().find(|zone| zone.name == "Germany").unwrap().clone()
    );
    let rows: Vec<_> = vat::rows().collect();
    for two in rows.windows(2).filter(|two| (two[0].place, two[0].class) == (two[1].place, two[1].class)) {
        assert!(two[0].from < two[1].from, "{two:?}");
    }
    let dated = |source: &vat::Source| 4 <= source.date.len() && 10 < source.name.len();
    assert!(rows.iter().all(|row| dated(row.source)) && vat::territories().all(|(_, _, source)| dated(source)));
    assert!(150 < rows.len(), "{}", rows.len());
}

#[test]
fn every_country_says_where_its_rates_and_territories_are_from() {
    for country in vat::countries() {
        let sources = vat::sources(country);
        assert!(!sources.is_empty() && !vat::zones(&[country]).is_empty(), "{country}");
        for row in vat::rows().filter(|row| row.place == country.code()) {
            assert!(sources.contains(&row.source), "{country}: {row:?}");
        }
    }
    let portugal = vat::sources("PT".parse().unwrap());
    assert!(portugal.iter().any(|source| source.name.contains("Madeira")), "{portugal:?}");
    assert_eq!(vat::sources("US".parse().unwrap()), Vec::<&vat::Source>::new());
}
