//! Cases that somebody else has worked out.

use super::*;
use RoundingPer::{Line, Order, Rate};
use TaxMode::{Exclusive, Inclusive};

struct Case {
    source: &'static str,
    currency: Currency,
    mode: TaxMode,
    per: RoundingPer,
    /// Class and parts per million.
    rates: &'static [(&'static str, i64)],
    lines: &'static [(&'static str, i64)],
    /// Of each line.
    taxes: &'static [i64],
}

const NOTICE_700: &str = "HMRC, Notice 700 (The VAT Guide), 17.5: VAT on invoices by line or in total";
const VATREC12030: &str = "HMRC, VATREC12030: below half a penny down, half a penny and above up";
const FRACTION: &str = "HMRC, Notice 700: VAT fraction (1/6 at 20 %, 1/21 at 5 %, 7/47 at 17.5 %)";
const EN_16931: &str = "EN 16931, BR-CO-17: the tax of a category is its taxable amount times its rate, rounded";
const KOREA: &str = "NTS: 10 % on the value of supply, 10/110 of what is paid";
const NTA: &str = "NTA, Q&A on the invoice system, rounding of fractions (8 % on 27,060, 10 % on 28,158)";
const JAPAN: &str = "NTA: 8/108 and 10/110 of what is paid, one rounding for each rate";
const BAHRAIN: &str = "NBR Bahrain: 10 % since 2022, fils are thousandths";
const C24: &str = "capabilities C24: medusa#14817, #12789: a total of 34.116425, of 98.9009";
const C25: &str = "capabilities C25: vendure#3003: the difference grows with the quantity";
const C26: &str = "capabilities C26: openfoodnetwork#9254: lines do not sum to the order";
const SSUTA: &str = "Streamlined Sales and Use Tax Agreement, section 324: half a cent up";
const UK: &[(&str, i64)] = &[("standard", 200_000), ("reduced", 50_000), ("zero", 0)];
const DE: &[(&str, i64)] = &[("standard", 190_000), ("reduced", 70_000)];
const FR: &[(&str, i64)] =
    &[("standard", 200_000), ("reduced", 100_000), ("second-reduced", 55_000), ("super-reduced", 21_000)];
const TEN: &[(&str, i64)] = &[("standard", 100_000)];
const JP: &[(&str, i64)] = &[("standard", 100_000), ("reduced", 80_000)];

const fn case(
    source: &'static str,
    currency: Currency,
    (mode, per): (TaxMode, RoundingPer),
    rates: &'static [(&'static str, i64)],
    lines: &'static [(&'static str, i64)],
    taxes: &'static [i64],
) -> Case {
    Case { source, currency, mode, per, rates, lines, taxes }
}

const S: &str = "standard";
const R: &str = "reduced";

#[rustfmt::skip]
const CASES: &[Case] = &[
    case(VATREC12030, Currency::GBP, (Exclusive, Line), UK, &[(S, 202), (S, 203)], &[40, 41]),
    case(VATREC12030, Currency::GBP, (Exclusive, Line), UK, &[(R, 109), (R, 110), (R, 111)], &[5, 6, 6]),
    case(VATREC12030, Currency::GBP, (Exclusive, Line), &[(S, 175_000)], &[(S, 100), (S, 99)], &[18, 17]),
    case(NOTICE_700, Currency::GBP, (Exclusive, Line), UK, &[(S, 99), (S, 99), (S, 99)], &[20, 20, 20]),
    case(NOTICE_700, Currency::GBP, (Exclusive, Order), UK, &[(S, 99), (S, 99), (S, 99)], &[20, 20, 19]),
    case(NOTICE_700, Currency::GBP, (Exclusive, Line), UK, &[(S, 1_000), ("zero", 1_000)], &[200, 0]),
    case(FRACTION, Currency::GBP, (Inclusive, Line), UK, &[(S, 120), (S, 1_000), (R, 105), (R, 100)], &[20, 167, 5, 5]),
    case(FRACTION, Currency::GBP, (Inclusive, Line), &[(S, 175_000)], &[(S, 11_750), (S, 100)], &[1_750, 15]),
    case(FRACTION, Currency::GBP, (Inclusive, Line), UK, &[(S, 999)], &[167]),
    case("UStG § 12: 19 % and 7 %", Currency::EUR, (Inclusive, Line), DE, &[(S, 11_900), (R, 10_700), (R, 299)], &[1_900, 700, 20]),
    case("UStG § 12: 19 % and 7 %", Currency::EUR, (Exclusive, Line), DE, &[(S, 50), (S, 10_000)], &[10, 1_900]),
    case(EN_16931, Currency::DKK, (Exclusive, Rate), &[(S, 250_000)], &[(S, 33), (S, 33), (S, 33)], &[9, 8, 8]),
    case(EN_16931, Currency::DKK, (Exclusive, Line), &[(S, 250_000)], &[(S, 33), (S, 33), (S, 33)], &[8, 8, 8]),
    case(EN_16931, Currency::EUR, (Exclusive, Rate), DE, &[(S, 33), (R, 33), (S, 33)], &[7, 2, 6]),
    case("CGI, articles 278 to 281 quater", Currency::EUR, (Inclusive, Order), FR,
        &[(S, 1_200), ("second-reduced", 1_055), (R, 1_100), ("super-reduced", 1_021)], &[200, 55, 100, 21]),
    case("two rates, 1 1/6 and 0.3649 together 2", Currency::EUR, (Inclusive, Order), FR,
        &[(S, 7), ("second-reduced", 7)], &[1, 1]),
    case("Finland 25.5 %: Tax Administration, since 2024-09-01", Currency::EUR, (Inclusive, Line), &[(S, 255_000)], &[(S, 12_550), (S, 999)], &[2_550, 203]),
    case(KOREA, Currency::KRW, (Inclusive, Line), TEN, &[(S, 11_000), (S, 5_500), (S, 10_000)], &[1_000, 500, 909]),
    case(KOREA, Currency::KRW, (Inclusive, Line), TEN, &[(S, 1_000), (S, 1_000), (S, 1_000)], &[91, 91, 91]),
    case(KOREA, Currency::KRW, (Inclusive, Order), TEN, &[(S, 100), (S, 100), (S, 100)], &[9, 9, 9]),
    case(KOREA, Currency::KRW, (Exclusive, Line), TEN, &[(S, 10_000), (S, 15)], &[1_000, 2]),
    case(NTA, Currency::JPY, (Exclusive, Rate), JP, &[(R, 13_861), (R, 13_199), (S, 4_389), (S, 23_769)], &[1_109, 1_056, 439, 2_377]),
    case(JAPAN, Currency::JPY, (Exclusive, Rate), TEN, &[(S, 33), (S, 33), (S, 33)], &[4, 3, 3]),
    case(JAPAN, Currency::JPY, (Exclusive, Line), TEN, &[(S, 33), (S, 33), (S, 33)], &[3, 3, 3]),
    case(JAPAN, Currency::JPY, (Inclusive, Rate), JP, &[(R, 1_080), (S, 1_100), (S, 100)], &[80, 100, 9]),
    case(BAHRAIN, Currency::BHD, (Exclusive, Line), TEN, &[(S, 1_250), (S, 1_255)], &[125, 126]),
    case(BAHRAIN, Currency::BHD, (Inclusive, Line), TEN, &[(S, 1_100), (S, 1_000)], &[100, 91]),
    case("ISO 4217: KWD has three decimals; the rate is made up", Currency::KWD, (Exclusive, Order), &[(S, 50_000)], &[(S, 12_345), (S, 5)], &[618, 0]),
    case(C24, Currency::EUR, (Exclusive, Line), &[(S, 200_000)], &[(S, 2_843)], &[569]),
    case(C24, Currency::EUR, (Exclusive, Line), TEN, &[(S, 8_991)], &[899]),
    case("capabilities C24: a 100 % discount leaves exactly nothing", Currency::EUR, (Inclusive, Order), DE, &[(S, 0), (R, 0)], &[0, 0]),
    case(C25, Currency::EUR, (Exclusive, Line), &[(S, 210_000)], &[(S, 11_100)], &[2_331]),
    case(C26, Currency::EUR, (Exclusive, Order), &[(S, 210_000)], &[(S, 10), (S, 10), (S, 10)], &[2, 2, 2]),
    case(C26, Currency::EUR, (Exclusive, Order), DE, &[(S, 10), (S, 10), (S, 10), (S, 10), (S, 10), (S, 10), (S, 10)], &[2, 2, 2, 2, 2, 2, 1]),
    case(C26, Currency::EUR, (Inclusive, Order), DE, &[(S, 333), (S, 333), (S, 334)], &[53, 53, 54]),
    case(SSUTA, Currency::USD, (Exclusive, Line), &[(S, 77_500)], &[(S, 1_000), (S, 10)], &[78, 1]),
];

#[test]
fn tax_is_what_the_source_says() {
    assert!(30 <= CASES.len());
    for case in CASES {
        let rates = case.rates.iter().zip(1..).map(|((of, ppm), id)| rate(id, "VAT", of, *ppm)).collect();
        let question = TaxQuestion { currency: case.currency, ..question(case.mode, case.per, case.lines) };
        let taxed = tax(&rules(rates), &question).unwrap();
        assert_sound(&question, &taxed);
        assert_eq!(line_taxes(&taxed), case.taxes, "{} {:?} {:?}", case.source, case.mode, case.lines);
    }
}

#[test]
fn half_a_minor_unit_goes_where_the_stores_mode_says() {
    for (rounding, mode, amount, expected) in [
        (RoundingMode::HalfUp, Inclusive, 999, 167),
        (RoundingMode::HalfEven, Inclusive, 999, 166),
        (RoundingMode::HalfDown, Inclusive, 999, 166),
        (RoundingMode::HalfEven, Inclusive, 1_005, 168),
        (RoundingMode::HalfDown, Inclusive, 1_005, 167),
        (RoundingMode::HalfUp, Inclusive, 1_005, 168),
    ] {
        for per in RoundingPer::ALL {
            let question = TaxQuestion { rounding, ..question(mode, *per, &[(S, amount)]) };
            let taxed = tax(&rules(vec![rate(1, "VAT", S, 200_000)]), &question).unwrap();
            assert_eq!(line_taxes(&taxed), [expected], "{rounding} {amount} per {per}");
        }
    }
}

#[test]
fn half_even_looks_at_the_whole_order() {
    // 0.5 + 1.0 + 1.0 = 2.5, to 2; 0.5 + 1 + 2 = 3.5, to 4.
    for (lines, expected) in [(&[(S, 10), (R, 10), (R, 10)], 2), (&[(S, 10), (R, 10), (R, 20)], 4)] {
        let question = TaxQuestion { rounding: RoundingMode::HalfEven, ..question(Exclusive, Order, lines) };
        let taxed = tax(&rules(vec![rate(1, "low", S, 50_000), rate(2, "high", R, 100_000)]), &question).unwrap();
        assert_eq!(taxed.tax, expected, "{lines:?}");
    }
}

/// Revenu Québec, "Tables of GST and QST rates", and its communiqué of 2012-12-17: the total stays as it was.
#[test]
fn the_tax_of_quebec_was_on_top_of_the_federal_one_until_2013() {
    let gst = |ppm, from: &str, until: &str| TaxRate {
        from: Some(at(from)),
        until: Some(at(until)),
        ..rate(1, "GST", S, ppm)
    };
    let qst = |ppm, compound, from: &str, until: &str| TaxRate {
        id: TaxRateId::from_u128(2),
        name: "QST".to_owned(),
        compound,
        ..gst(ppm, from, until)
    };
    let rules = rules(vec![
        gst(70_000, "1998-01-01", "2006-07-01"),
        gst(60_000, "2006-07-01", "2008-01-01"),
        gst(50_000, "2008-01-01", "2099-01-01"),
        qst(75_000, true, "1998-01-01", "2011-01-01"),
        qst(85_000, true, "2011-01-01", "2012-01-01"),
        qst(95_000, true, "2012-01-01", "2013-01-01"),
        qst(99_750, false, "2013-01-01", "2099-01-01"),
    ]);
    for (date, expected) in [
        ("2005-05-05", [700, 803]),
        ("2007-05-05", [600, 795]),
        ("2010-05-05", [500, 788]),
        ("2011-05-05", [500, 893]),
        ("2012-05-05", [500, 998]),
        ("2013-05-05", [500, 998]),
        ("2026-05-05", [500, 998]),
    ] {
        let base = question(Exclusive, Line, &[(S, 10_000)]);
        let question = TaxQuestion { currency: Currency::CAD, at: at(date), ..base };
        let taxed = tax(&rules, &question).unwrap();
        assert_sound(&question, &taxed);
        assert_eq!(taxed.rates.iter().map(|rate| rate.tax).collect::<Vec<_>>(), expected, "{date}");
        // Taken out of the price again, the same is left.
        let gross = TaxQuestion { mode: Inclusive, ..question.clone() };
        let gross = TaxQuestion { lines: vec![line(0, S, taxed.gross)], ..gross };
        assert_eq!(sums(&tax(&rules, &gross).unwrap()), sums(&taxed), "{date}");
    }
}

/// Streamlined Sales and Use Tax Agreement, section 324: the rounding is of the state's and local taxes together.
#[test]
fn taxes_of_several_authorities_are_rounded_together_and_shared() {
    let rates = vec![rate(1, "State", S, 62_500), rate(2, "County", S, 10_000), rate(3, "City", S, 5_000)];
    let question = question(Exclusive, Line, &[(S, 1_000)]);
    let taxed = tax(&rules(rates), &question).unwrap();
    assert_eq!(
        taxed.rates.iter().map(|rate| (rate.name.as_str(), rate.tax)).collect::<Vec<_>>(),
        [("State", 63), ("County", 10), ("City", 5)]
    );
}

/// Revenu Québec, "Tables of GST and QST rates": 5 % and 9.975 %, 14.975 % together, of which a third is the small one's.
#[test]
fn a_small_rate_gets_its_share_of_many_cheap_lines() {
    let rules = rules(vec![rate(1, "GST", S, 50_000), rate(2, "QST", S, 99_750)]);
    for (per, amount, expected) in [
        // 700 × 14.975 % = 104.825.
        (Rate, 7, [35, 70]),
        // A line's is 0.74875, which is 1: 100 × 5 / 14.975 = 33.39.
        (Line, 5, [33, 67]),
        (Order, 5, [25, 50]),
    ] {
        let question = question(Exclusive, per, &[(S, amount); 100]);
        let taxed = tax(&rules, &question).unwrap();
        assert_sound(&question, &taxed);
        assert_eq!(taxed.rates.iter().map(|rate| rate.tax).collect::<Vec<_>>(), expected, "{amount} per {per}");
    }
}

#[test]
fn the_summary_is_by_rate() {
    let rates = vec![rate(1, "MwSt.", S, 190_000), rate(2, "MwSt.", R, 70_000)];
    let question = question(Inclusive, Order, &[(S, 11_900), (R, 1_070), (S, 1_190)]);
    let taxed = tax(&rules(rates), &question).unwrap();
    let summary: Vec<_> = taxed.rates.iter().map(|sum| (sum.rate, sum.ppm, sum.net, sum.tax)).collect();
    let id = |id| Some(TaxRateId::from_u128(id));
    assert_eq!(summary, [(id(1), 190_000, 11_000, 2_090), (id(2), 70_000, 1_000, 70)]);
    assert_eq!(sums(&taxed), (12_000, 2_160, 14_160));
}

#[test]
fn a_rate_may_be_on_several_classes_which_are_rounded_together() {
    let both = TaxRate { classes: vec![class("food"), class("newspapers")], ..rate(1, "消費税", "food", 80_000) };
    let question = question(Exclusive, Rate, &[("food", 5), ("newspapers", 5), ("food", 5)]);
    let taxed = tax(&rules(vec![both]), &question).unwrap();
    assert_eq!(taxed.tax, 1, "15 × 8 % = 1.2");
}

#[test]
fn what_a_zone_has_no_rate_for_is_taxed_as_standard_and_says_so() {
    let rated = rules(vec![rate(1, "VAT", S, 200_000), rate(2, "VAT", R, 50_000)]);
    let taxed = tax(&rated, &question(Exclusive, Line, &[(R, 100), ("typo", 100)])).unwrap();
    assert_eq!(line_taxes(&taxed), [5, 20]);
    assert_eq!(taxed.lines[0].why, TaxReason::Rated);
    assert_eq!(taxed.lines[1].why, TaxReason::StandardInstead);

    let taxed = tax(&rules(Vec::new()), &question(Exclusive, Line, &[(S, 100)])).unwrap();
    assert_eq!((taxed.tax, &taxed.lines[0].why), (0, &TaxReason::NoRate));
    let taxed = tax(&TaxRules::none(), &question(Inclusive, Line, &[(S, 100)])).unwrap();
    assert_eq!((taxed.gross, taxed.tax, &taxed.lines[0].why), (100, 0, &TaxReason::NoZone));
    assert_eq!(taxed.zone, None);
}

#[test]
fn a_price_that_holds_the_tax_goes_abroad_as_the_merchant_says() {
    let countries = ["DE", "FR", "HU"].map(|code| code.parse().unwrap());
    let home = TaxRules { zones: vat::zones(&countries), ..TaxRules::none() };
    let keep_net = TaxRules { cross_border: CrossBorder::Net { origin: place("DE", None) }, ..home.clone() };
    // 119.00 with 19 %: net 100.00.
    for (country, kept_gross, kept_net) in [
        ("DE", (10_000, 1_900, 11_900), (10_000, 1_900, 11_900)),
        ("FR", (9_917, 1_983, 11_900), (10_000, 2_000, 12_000)),
        ("HU", (9_370, 2_530, 11_900), (10_000, 2_700, 12_700)),
        ("CH", (11_900, 0, 11_900), (10_000, 0, 10_000)),
    ] {
        for per in RoundingPer::ALL {
            let to = TaxQuestion { destination: place(country, None), ..question(Inclusive, *per, &[(S, 11_900)]) };
            assert_eq!(sums(&tax(&home, &to).unwrap()), kept_gross, "{country}");
            assert_eq!(sums(&tax(&keep_net, &to).unwrap()), kept_net, "{country}");
        }
    }
    // At home nothing is rounded twice: 9.99 stays.
    let home = question(Inclusive, Line, &[(S, 999)]);
    assert_eq!(tax(&keep_net, &home).unwrap().gross, 999);
    // Prices without the tax are what they are.
    let exclusive = TaxQuestion { destination: place("FR", None), ..question(Exclusive, Line, &[(S, 10_000)]) };
    assert_eq!(sums(&tax(&keep_net, &exclusive).unwrap()), (10_000, 2_000, 12_000));
}

/// Ten of 0.99 with 19 %: 9.90 − 9.90 × 19/119 = 8.3193, and 20 % of 8.32 is 1.664; exactly 9.90 / 1.19 × 1.2 = 9.9832.
/// Each alone: 0.99 − 0.16 = 0.83, and 20 % of it 0.166, or 0.17.
#[test]
fn the_tax_of_the_origin_is_rounded_as_that_of_the_destination_is() {
    let zones = vat::zones(&["DE", "FR"].map(|code| code.parse().unwrap()));
    let rules = TaxRules { zones, cross_border: CrossBorder::Net { origin: place("DE", None) }, ..TaxRules::none() };
    for (per, expected) in [(Order, (832, 166, 998)), (Rate, (832, 166, 998)), (Line, (830, 170, 1_000))] {
        let to = TaxQuestion { destination: place("FR", None), ..question(Inclusive, per, &[(S, 99); 10]) };
        let taxed = tax(&rules, &to).unwrap();
        assert_sound(&to, &taxed);
        assert_eq!(sums(&taxed), expected, "per {per}");
    }
}

#[test]
fn hostile_amounts_and_rates_are_errors() {
    let twenty = rules(vec![rate(1, "VAT", S, 200_000)]);
    let ask = |rules: &TaxRules, lines: &[(&str, i64)]| tax(rules, &question(Exclusive, Order, lines)).map(|_| ());
    assert_eq!(ask(&twenty, &[(S, 1), (S, -1)]), Err(TaxError::NegativeAmount("line-1".to_owned())));
    assert_eq!(ask(&twenty, &[(S, i64::MAX)]), Err(TaxError::Overflow));
    assert_eq!(ask(&twenty, &[(S, i64::MAX / 2), (S, i64::MAX / 2), (S, 9)]), Err(TaxError::Overflow));
    assert_eq!(ask(&twenty, &vec![(S, 1); MOST_LINES + 1]), Err(TaxError::TooManyLines));
    for ppm in [-1, 10_000_001, i64::MAX, i64::MIN] {
        let id = TaxRateId::from_u128(1);
        let rules = rules(vec![rate(1, "VAT", S, ppm)]);
        assert_eq!(ask(&rules, &[(S, 1)]), Err(TaxError::Rate(id)), "{ppm}");
        assert_eq!(rules.check(), Err(InvalidTaxRules::Rate(id)), "{ppm}");
    }
    let piled = (1..30).map(|id| TaxRate { compound: true, ..rate(id, "more", S, 99_999) }).collect();
    assert_eq!(ask(&rules(piled), &[(S, 1)]), Err(TaxError::Overflow));
    assert_eq!(tax(&twenty, &question(Inclusive, Line, &[(S, i64::MAX)])).unwrap().gross, i64::MAX);
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let id = TaxRateId::from_u128(1);
    let ends = TaxRate { from: Some(at("2026-01-01")), until: Some(at("2026-01-01")), ..rate(1, "VAT", S, 1) };
    assert_eq!(rules(vec![ends]).check(), Err(InvalidTaxRules::Validity(id)));
    let of_nothing = TaxRate { classes: Vec::new(), ..rate(1, "VAT", S, 1) };
    assert_eq!(rules(vec![of_nothing]).check(), Err(InvalidTaxRules::NoClass(id)));
    let many = (0..=MOST_RATES).map(|_| rate(1, "VAT", S, 1)).collect();
    assert_eq!(rules(many).check(), Err(InvalidTaxRules::TooManyRates(TaxZoneId::from_u128(1))));
    assert_eq!(rules(vec![rate(1, "VAT", S, 1)]).check(), Ok(()));
}

#[test]
fn all_that_is_wrong_with_a_rate_is_told_by_its_field() {
    let wrong = TaxRate {
        classes: Vec::new(),
        from: Some(Timestamp::from_millis(2)),
        until: Some(Timestamp::from_millis(1)),
        ..rate(1, "VAT", S, -1)
    };
    let fields: Vec<&str> = wrong.faults().map(RateFault::field).collect();
    assert_eq!(fields, ["ppm", "until", "classes"]);
    assert_eq!(rate(1, "VAT", S, 0).faults().count(), 0);
}
