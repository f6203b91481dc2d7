//! What a merchant may write.

use super::*;
use crate::catalog::source::Fault;

fn paths(faults: Result<(), Vec<Fault>>) -> Vec<String> {
    faults.err().unwrap_or_default().into_iter().map(|fault| fault.path).collect()
}

#[test]
fn what_makes_sense_is_let_through() {
    let by = Reduction::Percent { rate: Rate::ONE };
    let tiers = vec![
        Tier { at_least: Threshold::Subtotal { amounts: each(100) }, by: by.clone() },
        Tier { at_least: Threshold::Subtotal { amounts: each(200) }, by },
    ];
    let effects = [
        percent(1),
        off_order(1),
        off_units(1),
        off_lines(1),
        buy_get(1, 1, 1),
        free_shipping(),
        gift(1),
        Effect::Tiered { lines: products(&[1]), tiers },
    ];
    for effect in effects {
        assert_eq!(validate(&automatic(effect), &[]), Ok(()));
    }
    let grouped = Definition { group: Some("sale".to_owned()), limit: Some(1), ..automatic(percent(1)) };
    assert_eq!(validate(&grouped, &["codes", "sale"]), Ok(()));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let rate = |ppm| Reduction::Percent { rate: Rate::from_ppm(ppm) };
    let tier = |units, ppm| Tier { at_least: Threshold::Quantity { units }, by: rate(ppm) };
    let definition = Definition {
        name: " ".to_owned(),
        starts_at: Some(NOW),
        ends_at: Some(NOW),
        group: Some("sales".to_owned()),
        exclusive: true,
        max_discount: each(0),
        limit: Some(0),
        limit_per_customer: Some(-1),
        condition: Condition::All {
            of: vec![
                Condition::Quantity { lines: Selector::default(), at_least: 0 },
                Condition::Any { of: Vec::new() },
                Condition::Not { of: Box::new(Condition::Channel { any_of: BTreeSet::new() }) },
                Condition::Time { from: None, until: None },
                Condition::PaymentMethod { any_of: [String::new()].into() },
                Condition::Subtotal {
                    lines: Selector::default(),
                    at_least: Amounts::default(),
                    after_discounts: false,
                },
            ],
        },
        ..automatic(Effect::Tiered {
            lines: Selector::default(),
            tiers: vec![tier(5, 0), tier(5, 1_000_001), tier(0, 1)],
        })
    };
    assert_eq!(
        paths(validate(&definition, &["sale"])),
        [
            "name",
            "endsAt",
            "group",
            "exclusive",
            "limit",
            "limitPerCustomer",
            "maxDiscount",
            "condition/of/0/atLeast",
            "condition/of/1/of",
            "condition/of/2/of/anyOf",
            "condition/of/3",
            "condition/of/4/anyOf/0",
            "condition/of/5/atLeast",
            "effect/tiers/0/by/rate",
            "effect/tiers/1/by/rate",
            "effect/tiers/2/atLeast/units",
            "effect/tiers",
        ]
    );
}

#[test]
fn there_is_an_end_to_what_may_be_said() {
    let mut condition = Condition::FirstOrder;
    for levels in 1..=MOST_DEPTH + 1 {
        let definition = Definition { condition: condition.clone(), ..automatic(percent(1)) };
        assert_eq!(validate(&definition, &[]).is_ok(), levels <= MOST_DEPTH, "{levels}");
        condition = Condition::Not { of: Box::new(condition) };
    }
    for size in [MOST_CONDITIONS - 1, MOST_CONDITIONS] {
        let condition = Condition::All { of: vec![Condition::FirstOrder; size] };
        let definition = Definition { condition, ..automatic(percent(1)) };
        assert_eq!(validate(&definition, &[]).is_ok(), size < MOST_CONDITIONS);
    }
    let many = (0..=u32::try_from(MOST_ITEMS).unwrap()).collect::<Vec<u32>>();
    let definition = automatic(on(&many, percent(1)));
    assert_eq!(paths(validate(&definition, &[])), ["effect/lines/anyOf"]);
    let capped = Definition { max_discount: each(1), ..automatic(gift(1)) };
    assert_eq!(paths(validate(&capped, &[])), ["maxDiscount"]);
}

#[test]
fn tiers_ascend_in_every_currency() {
    let sums = |amounts: &[(Currency, i64)]| Tier {
        at_least: Threshold::Subtotal { amounts: Amounts(amounts.iter().copied().collect()) },
        by: Reduction::Percent { rate: Rate::ONE },
    };
    let (eur, usd) = (Currency::EUR, Currency::USD);
    for (tiers, is_valid) in [
        (vec![sums(&[(eur, 1), (usd, 2)]), sums(&[(eur, 2), (usd, 3)])], true),
        (vec![sums(&[(eur, 1), (usd, 2)]), sums(&[(eur, 2), (usd, 2)])], false),
        (vec![sums(&[(eur, 1)]), sums(&[(usd, 2)])], false),
        (vec![sums(&[(eur, 1)]), sums(&[(eur, 2), (usd, 2)])], false),
        (Vec::new(), false),
    ] {
        let definition = automatic(Effect::Tiered { lines: Selector::default(), tiers });
        assert_eq!(validate(&definition, &[]).is_ok(), is_valid, "{definition:?}");
    }
}

#[test]
fn groups_exclude_groups_that_there_are() {
    let group = |key: &str, excludes: &[&str]| StackingGroup {
        key: key.to_owned(),
        priority: 0,
        within: Within::Stack,
        excludes: excludes.iter().map(|key| (*key).to_owned()).collect(),
    };
    assert_eq!(validate_group(&group("sale", &["codes"]), &["codes"]), Ok(()));
    for (group, expected) in [
        (group("Sale", &[]), "key"),
        (group("", &[]), "key"),
        (group("codes", &[]), "key"),
        (group("sale", &["sale"]), "excludes"),
        (group("sale", &["code"]), "excludes"),
    ] {
        assert_eq!(paths(validate_group(&group, &["codes"])), [expected]);
    }
    let others: Vec<String> = (0..MOST_GROUPS).map(|at| format!("g{at}")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    assert_eq!(paths(validate_group(&group("sale", &[]), &others)), [""]);
}
