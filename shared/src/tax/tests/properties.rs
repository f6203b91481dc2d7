//! What holds of every question.

use proptest::prelude::*;

use super::*;

const CLASSES: [&str; 4] = ["standard", "reduced", "zero", "both"];

/// Three rates of one class, of which the second may be compound, and three other classes.
fn any_rules() -> impl Strategy<Value = TaxRules> {
    (prop::collection::vec(0i64..400_000, 5), any::<bool>()).prop_map(|(ppm, compound)| {
        rules(vec![
            rate(1, "standard", "standard", ppm[0]),
            rate(2, "reduced", "reduced", ppm[1]),
            rate(3, "zero", "zero", 0),
            rate(4, "first", "both", ppm[2]),
            TaxRate { compound, ..rate(5, "second", "both", ppm[3]) },
            rate(6, "third", "both", ppm[4]),
        ])
    })
}

fn any_lines() -> impl Strategy<Value = Vec<(&'static str, i64)>> {
    let amount = prop_oneof![0i64..20, 0i64..100_000, 0i64..1_000_000_000_000];
    prop::collection::vec((prop::sample::select(&CLASSES[..]), amount), 1..20)
}

fn any_question() -> impl Strategy<Value = TaxQuestion> {
    let settings = (
        prop::sample::select(TaxMode::ALL),
        prop::sample::select(RoundingPer::ALL),
        prop::sample::select(RoundingMode::ALL),
    );
    (settings, any_lines(), 0i64..5_000, any::<bool>()).prop_map(|((mode, per, rounding), lines, shipping, own)| {
        let tax = if own {
            ShippingTax::Class { class: class("reduced") }
        } else {
            ShippingTax::Proportional { lines: Vec::new() }
        };
        let shipping = vec![ShippingCharge { key: "parcel".to_owned(), amount: shipping, tax }];
        TaxQuestion { rounding, shipping, ..question(mode, per, &lines) }
    })
}

/// The same with prices made for France, where two of the classes have one rate.
fn any_rules_from_abroad() -> impl Strategy<Value = TaxRules> {
    (any_rules(), 0i64..400_000, 0i64..400_000).prop_map(|(rules, standard, reduced)| {
        let france = TaxZone {
            id: TaxZoneId::from_u128(2),
            name: "France".to_owned(),
            areas: vec![Area::country("FR".parse().unwrap())],
            rates: vec![rate(7, "TVA", "standard", standard), rate(8, "TVA", "reduced", reduced)],
        };
        let zones = rules.zones.into_iter().chain([france]).collect();
        TaxRules { zones, cross_border: CrossBorder::Net { origin: place("FR", None) }, ..TaxRules::none() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    #[test]
    fn lines_sum_to_the_order_and_net_and_tax_to_gross(rules in any_rules(), question in any_question()) {
        let taxed = tax(&rules, &question).unwrap();
        assert_sound(&question, &taxed);
        for (line, asked) in taxed.lines.iter().zip(&question.lines) {
            let kept = if question.mode == TaxMode::Inclusive { line.gross } else { line.net };
            prop_assert_eq!(kept, asked.amount);
        }
        prop_assert_eq!(tax(&rules, &question).unwrap(), taxed);
    }

    #[test]
    fn inclusive_and_exclusive_agree_within_one_rounding(
        rules in any_rules(),
        of in prop::sample::select(&CLASSES[..]),
        net in 0i64..1_000_000_000,
        per in prop::sample::select(RoundingPer::ALL),
        rounding in prop::sample::select(RoundingMode::ALL),
    ) {
        let exclusive = TaxQuestion { rounding, ..question(TaxMode::Exclusive, per, &[(of, net)]) };
        let added = tax(&rules, &exclusive).unwrap();
        let inclusive = TaxQuestion { rounding, ..question(TaxMode::Inclusive, per, &[(of, added.gross)]) };
        let taken_out = tax(&rules, &inclusive).unwrap();
        prop_assert!((taken_out.net - net).abs() <= 1, "{} {}", taken_out.net, net);
    }

    #[test]
    fn splitting_a_line_changes_nothing_beyond_the_rounding(
        rules in prop_oneof![any_rules(), any_rules_from_abroad()],
        question in any_question(),
        exempt: bool,
        parts in 2usize..6,
    ) {
        let certificate =
            Exemption::Certificate { number: "EX-1".to_owned(), zones: Vec::new(), from: None, until: None };
        let exemptions = if exempt { vec![certificate] } else { Vec::new() };
        let question = TaxQuestion { exemptions, ..question };
        let whole = tax(&rules, &question).unwrap();
        let mut split = question.clone();
        let line = split.lines.remove(0);
        for part in 0..parts {
            let share = line.amount / parts as i64 + i64::from(part == 0) * (line.amount % parts as i64);
            split.lines.insert(part, TaxLine { key: format!("part-{part}"), amount: share, ..line.clone() });
        }
        let parted = tax(&rules, &split).unwrap();
        assert_sound(&split, &parted);
        // Each part is rounded: half a unit for each, and half for the whole. Where a tax is taken off before, as much
        // of that, and its own tax, here below 1.4 times as much.
        let of_roundings = (parts as i64 + 1) / 2;
        let (most_tax, most_gross) = match question.per {
            RoundingPer::Line if rules.cross_border == CrossBorder::Gross => (of_roundings, of_roundings),
            RoundingPer::Line => (3 * of_roundings, 4 * of_roundings),
            RoundingPer::Rate | RoundingPer::Order => (0, 0),
        };
        prop_assert!((parted.tax - whole.tax).abs() <= most_tax, "{} {}", parted.tax, whole.tax);
        prop_assert!((parted.gross - whole.gross).abs() <= most_gross, "{} {}", parted.gross, whole.gross);
    }

    #[test]
    fn the_order_of_lines_does_not_change_the_sum(rules in any_rules(), mut question in any_question()) {
        // In proportion, a minor unit of shipping may go to another class: then the first has it.
        question.shipping[0].tax = ShippingTax::Class { class: class("both") };
        let turned = TaxQuestion { lines: question.lines.iter().rev().cloned().collect(), ..question.clone() };
        prop_assert_eq!(sums(&tax(&rules, &question).unwrap()), sums(&tax(&rules, &turned).unwrap()));
    }

    #[test]
    fn rounding_per_order_is_the_exact_sum_rounded_once(
        amounts in prop::collection::vec((0i64..1_000_000, 0i64..1_000_000), 1..20),
        low in 0i64..500_000,
        high in 0i64..500_000,
    ) {
        let lines: Vec<_> =
            amounts.iter().flat_map(|&(one, other)| [("standard", one), ("reduced", other)]).collect();
        let rules = rules(vec![rate(1, "low", "standard", low), rate(2, "high", "reduced", high)]);
        let taxed = tax(&rules, &question(TaxMode::Exclusive, RoundingPer::Order, &lines)).unwrap();
        let exact: i128 = amounts
            .iter()
            .map(|&(one, other)| i128::from(one) * i128::from(low) + i128::from(other) * i128::from(high))
            .sum();
        prop_assert_eq!(i128::from(taxed.tax), (exact + 500_000).div_euclid(1_000_000));
    }

    #[test]
    fn no_question_panics(
        amounts in prop::collection::vec((prop::sample::select(&CLASSES[..]), any::<i64>()), 0..6),
        ppm in prop::collection::vec(any::<i64>(), 0..6),
        large in prop::collection::vec(0i64..=10_000_000, 0..6),
        shipping: i64,
        at: i64,
        modes in (prop::sample::select(TaxMode::ALL), prop::sample::select(RoundingPer::ALL)),
        vat_id in "\\PC{0,20}",
    ) {
        let rates = ppm.iter().chain(&large).zip(1u128..).map(|(&ppm, id)| TaxRate {
            compound: id % 2 == 0,
            ..rate(id, "any", CLASSES[(id % 4) as usize], ppm)
        });
        let rates: Vec<_> = rates.collect();
        let tax_of_shipping = ShippingTax::Proportional { lines: Vec::new() };
        let asked = TaxQuestion {
            at: Timestamp::from_millis(at),
            shipping: vec![ShippingCharge { key: String::new(), amount: shipping, tax: tax_of_shipping }],
            exemptions: vec![Exemption::VatId { number: vat_id, verified: true }],
            ..question(modes.0, modes.1, &amounts)
        };
        let europe = Some("DE".parse().unwrap());
        for rules in [rules(rates), rules(large.iter().map(|&ppm| rate(1, "any", "both", ppm)).collect())] {
            let net = CrossBorder::Net { origin: place("FR", None) };
            let rules = TaxRules { reverse_charge_from: europe, ..rules };
            for rules in [TaxRules { cross_border: net, ..rules.clone() }, rules] {
                if let Ok(taxed) = tax(&rules, &asked) {
                    assert_sound(&asked, &taxed);
                }
            }
        }
    }
}
