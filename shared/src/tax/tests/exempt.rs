//! Buyers that pay no tax.

use super::*;

fn europe() -> TaxRules {
    let countries = ["DE", "FR", "ES", "GR", "GB"].map(|code| code.parse().unwrap());
    TaxRules { zones: vat::zones(&countries), reverse_charge_from: Some("DE".parse().unwrap()), ..TaxRules::none() }
}

fn ask(rules: &TaxRules, destination: Place, exemptions: Vec<Exemption>) -> Taxed {
    let question = TaxQuestion {
        destination,
        exemptions,
        ..question(TaxMode::Exclusive, RoundingPer::Line, &[("standard", 10_000), ("reduced", 1_000)])
    };
    let taxed = tax(rules, &question).unwrap();
    assert_sound(&question, &taxed);
    taxed
}

fn vat_id(number: &str) -> Exemption {
    Exemption::VatId { number: number.to_owned(), verified: true }
}

/// Directive 2006/112/EC, articles 138 and 196; for Northern Ireland, article 8 of the Windsor Framework.
#[test]
fn a_business_in_another_member_state_accounts_for_the_tax_itself() {
    for (number, destination) in [
        ("FR40303265045", place("FR", Some("75001"))),
        ("fr 40 303 265 045", place("FR", None)),
        ("EL094259216", place("GR", None)),
        ("FR40303265045", place("ES", Some("28001"))),
        ("XI123456789", place("GB", Some("BT1 5GS"))),
    ] {
        let taxed = ask(&europe(), destination, vec![vat_id(number)]);
        assert_eq!((taxed.tax, taxed.gross), (0, 11_000), "{number}");
        assert_eq!(taxed.lines[0].why, TaxReason::ReverseCharge { vat_id: number.to_owned() });
        assert_eq!(taxed.refused, []);
    }
}

#[test]
fn an_id_that_does_not_hold_says_why_and_the_tax_is_charged() {
    let france = place("FR", None);
    let unverified = Exemption::VatId { number: "FR40303265045".to_owned(), verified: false };
    for (exemption, destination, why) in [
        (vat_id("DE136695976"), france.clone(), NotExempt::OwnState),
        (vat_id("FR40303265045"), place("DE", None), NotExempt::StaysInOwnState),
        (vat_id("GB123456789"), france.clone(), NotExempt::Malformed),
        (vat_id("GR094259216"), france.clone(), NotExempt::Malformed),
        (vat_id("FR"), france.clone(), NotExempt::Malformed),
        (vat_id("ÄÖÜ"), france.clone(), NotExempt::Malformed),
        (vat_id("FR40303265045"), place("ES", Some("35001")), NotExempt::OutsideUnion),
        (vat_id("FR40303265045"), place("GB", Some("SW1A 1AA")), NotExempt::OutsideUnion),
        (unverified, france.clone(), NotExempt::Unverified),
    ] {
        let taxed = ask(&europe(), destination.clone(), vec![exemption.clone()]);
        assert_eq!(taxed.refused.iter().map(|refused| refused.why).collect::<Vec<_>>(), [why], "{exemption:?}");
        let without = ask(&europe(), destination, Vec::new());
        assert_eq!(sums(&taxed), sums(&without), "{exemption:?}");
    }
    let not_offered = TaxRules { reverse_charge_from: None, ..europe() };
    let taxed = ask(&not_offered, france, vec![vat_id("FR40303265045")]);
    assert_eq!(taxed.refused[0].why, NotExempt::NotOffered);
    assert_eq!(taxed.tax, 2_100);
}

/// Directive 2006/112/EC, article 7(1): what sets out from Monaco sets out from France, and from the Isle of Man from the
/// United Kingdom; article 138 is for goods that leave a member state.
#[test]
fn reverse_charge_is_from_the_state_whose_tax_holds_at_the_origin() {
    for (from, number, destination, expected) in [
        ("MC", "FR40303265045", place("FR", None), Some(NotExempt::OwnState)),
        ("MC", "DE136695976", place("FR", None), Some(NotExempt::StaysInOwnState)),
        ("MC", "DE136695976", place("MC", None), Some(NotExempt::StaysInOwnState)),
        ("MC", "DE136695976", place("DE", None), None),
        ("FR", "DE136695976", place("MC", None), Some(NotExempt::StaysInOwnState)),
        ("GR", "EL094259216", place("FR", None), Some(NotExempt::OwnState)),
        ("GB", "FR40303265045", place("FR", None), Some(NotExempt::NotOffered)),
        ("IM", "FR40303265045", place("FR", None), Some(NotExempt::NotOffered)),
        ("AX", "FR40303265045", place("FR", None), Some(NotExempt::NotOffered)),
        ("CH", "FR40303265045", place("FR", None), Some(NotExempt::NotOffered)),
    ] {
        let rules = TaxRules { reverse_charge_from: Some(from.parse().unwrap()), ..europe() };
        let taxed = ask(&rules, destination.clone(), vec![vat_id(number)]);
        assert_eq!(taxed.refused.first().map(|refused| refused.why), expected, "{from} {number} {destination:?}");
        let unkept = InvalidTaxRules::NoReverseCharge(from.parse().unwrap());
        let kept = if expected == Some(NotExempt::NotOffered) { Err(unkept) } else { Ok(()) };
        assert_eq!(rules.check(), kept, "{from}");
    }
}

#[test]
fn a_certificate_holds_in_its_zones_and_its_time() {
    let rules = rules(vec![rate(1, "Sales tax", "standard", 80_000)]);
    let certificate = |zones: &[u128], from: Option<&str>, until: Option<&str>| Exemption::Certificate {
        number: "EX-1".to_owned(),
        zones: zones.iter().map(|id| TaxZoneId::from_u128(*id)).collect(),
        from: from.map(at),
        until: until.map(at),
    };
    for (exemption, expected) in [
        (certificate(&[], None, None), None),
        (certificate(&[2, 1], Some("2026-01-01"), Some("2027-01-01")), None),
        (certificate(&[2], None, None), Some(NotExempt::OtherZone)),
        (certificate(&[], Some("2026-11-24"), None), Some(NotExempt::NotYetValid)),
        (certificate(&[], None, Some("2026-11-23")), Some(NotExempt::Expired)),
    ] {
        let taxed = ask(&rules, place("US", None), vec![exemption]);
        assert_eq!(taxed.refused.first().map(|refused| refused.why), expected);
        let exempt = TaxReason::Exempt { certificate: "EX-1".to_owned() };
        assert_eq!(taxed.lines[0].why == exempt, expected.is_none());
        assert_eq!(taxed.tax == 0, expected.is_none());
    }
    let both = vec![certificate(&[2], None, None), certificate(&[1], None, None)];
    let taxed = ask(&rules, place("US", None), both);
    assert_eq!((taxed.tax, taxed.refused.len()), (0, 1));
}

#[test]
fn the_exempt_pay_prices_without_the_tax_that_they_hold() {
    let question = TaxQuestion {
        destination: place("FR", None),
        exemptions: vec![vat_id("FR40303265045")],
        ..question(TaxMode::Inclusive, RoundingPer::Order, &[("standard", 12_000), ("second-reduced", 1_055)])
    };
    let taxed = tax(&europe(), &question).unwrap();
    assert_eq!(sums(&taxed), (11_000, 0, 11_000));
    // Prices made for Germany: 19 % and, since it has no second reduced rate, 19 % again.
    let origin = CrossBorder::Net { origin: place("DE", None) };
    let taxed = tax(&TaxRules { cross_border: origin, ..europe() }, &question).unwrap();
    assert_eq!(taxed.lines.iter().map(|line| line.gross).collect::<Vec<_>>(), [10_084, 887]);
}

/// The taxable amount is the price without the tax in it (Directive 2006/112/EC, articles 73 and 78), and how it is
/// rounded is for the rules to say (Court of Justice, C-484/06, Koninklijke Ahold): ten of 0.99 hold 9.90 × 19/119 =
/// 1.5807, a hundred of 0.02 hold 2.00 × 19/119 = 0.3193; alone they hold 0.1581, or 0.16, and 0.0032, or nothing.
#[test]
fn the_tax_in_prices_is_rounded_as_the_question_says() {
    for (amount, count, per, expected) in [
        (99, 10, RoundingPer::Order, 832),
        (99, 10, RoundingPer::Rate, 832),
        (99, 10, RoundingPer::Line, 830),
        (2, 100, RoundingPer::Order, 168),
        (2, 100, RoundingPer::Rate, 168),
        (2, 100, RoundingPer::Line, 200),
    ] {
        let question = TaxQuestion {
            exemptions: vec![vat_id("FR40303265045")],
            destination: place("FR", None),
            ..question(TaxMode::Inclusive, per, &vec![("standard", amount); count])
        };
        let origin = CrossBorder::Net { origin: place("DE", None) };
        let taxed = tax(&TaxRules { cross_border: origin, ..europe() }, &question).unwrap();
        assert_sound(&question, &taxed);
        assert_eq!(sums(&taxed), (expected, 0, expected), "{count} of {amount} per {per}");
    }
}

/// One rounding for all rates: 0.07 × 20/120 = 0.011667 and 0.07 × 5.5/105.5 = 0.003649 are 0.015316 together, 0.02;
/// each alone they are 0.01 and nothing.
#[test]
fn the_taxes_in_prices_of_several_rates_are_rounded_once_for_the_order() {
    let lines = &[("standard", 7), ("second-reduced", 7)];
    for (per, expected) in [(RoundingPer::Order, 12), (RoundingPer::Rate, 13), (RoundingPer::Line, 13)] {
        let question = TaxQuestion {
            exemptions: vec![vat_id("FR40303265045")],
            destination: place("FR", None),
            ..question(TaxMode::Inclusive, per, lines)
        };
        assert_eq!(sums(&tax(&europe(), &question).unwrap()), (expected, 0, expected), "{per}");
    }
}
