//! Which promotions apply beside which.

use super::*;

fn group(key: &str, priority: i32, within: Within, excludes: &[&str]) -> StackingGroup {
    let excludes = excludes.iter().map(|key| (*key).to_owned()).collect();
    StackingGroup { key: key.to_owned(), priority, within, excludes }
}

fn in_group(key: &str, effect: Effect) -> Definition {
    Definition { group: Some(key.to_owned()), ..automatic(effect) }
}

fn with_groups(definitions: impl IntoIterator<Item = Definition>, groups: Vec<StackingGroup>) -> PromotionBook {
    PromotionBook { groups, ..book(definitions) }
}

#[test]
fn of_a_group_of_alternatives_the_one_that_saves_most_applies() {
    // commercetools, 2025-06-23: only the most beneficial discount of a discount group.
    let definitions = [percent(100_000), off_order(1_500), percent(150_000)].map(|effect| in_group("season", effect));
    let book = with_groups(definitions, vec![group("season", 0, Within::Best, &[])]);
    let discounts = evaluate(&book, &basket(&[(10_000, 1)])).unwrap();
    assert_eq!(by_line(&discounts), [1_500]);
    // 15.00 by either: the percentage comes first.
    assert_eq!(outcome_of(&discounts, 3), applied(1_500));
    for id in [1, 2] {
        assert_eq!(outcome_of(&discounts, id), refused(Refusal::NotCombinable { with: promotion(3) }));
    }
}

#[test]
fn of_groups_that_exclude_each_other_the_better_one_applies() {
    let definitions = || {
        let codes = [percent(100_000), percent(100_000)].map(|effect| in_group("codes", effect));
        codes.into_iter().chain([in_group("sale", off_order(1_900)), automatic(off_units(100))])
    };
    // One of two says so: that is enough.
    for groups in [
        vec![group("codes", -1, Within::Stack, &["sale"]), group("sale", -2, Within::Stack, &[])],
        vec![group("sale", -2, Within::Stack, &["codes"]), group("codes", -1, Within::Stack, &[])],
    ] {
        let book = with_groups(definitions(), groups);
        // 1.00 off, then 10 % twice: 18.81 of 99.00; the sale takes 19.00.
        let discounts = evaluate(&book, &basket(&[(10_000, 1)])).unwrap();
        assert_eq!(by_line(&discounts), [2_000]);
        assert_eq!(outcome_of(&discounts, 1), refused(Refusal::NotCombinable { with: promotion(3) }));
        let saved: Vec<_> = discounts.trace.alternatives.iter().map(|alternative| alternative.saves).collect();
        assert_eq!(saved, [2_000, 1_981]);
        // Of twice as much, the percentages are the better ones.
        let discounts = evaluate(&book, &basket(&[(20_000, 1)])).unwrap();
        assert_eq!(by_line(&discounts), [3_881]);
        assert_eq!(outcome_of(&discounts, 3), refused(Refusal::NotCombinable { with: promotion(1) }));
    }
}

#[test]
fn groups_that_exclude_nothing_of_each_other_apply_together() {
    // `b` goes with neither, `a` and `c` go together.
    let definitions = [("a", 1_000), ("b", 1_500), ("c", 1_000)].map(|(key, off)| in_group(key, off_order(off)));
    let groups = vec![
        group("a", 0, Within::Stack, &["b"]),
        group("b", 0, Within::Stack, &["c"]),
        group("c", 0, Within::Stack, &[]),
    ];
    let discounts = evaluate(&with_groups(definitions, groups), &basket(&[(10_000, 1)])).unwrap();
    assert_eq!(by_line(&discounts), [2_000]);
    assert_eq!(outcome_of(&discounts, 2), refused(Refusal::NotCombinable { with: promotion(1) }));
}

#[test]
fn ties_go_to_the_higher_priority_then_the_lower_id() {
    let groups = |first, second| vec![group("a", first, Within::Stack, &["b"]), group("b", second, Within::Stack, &[])];
    let definitions = || [in_group("b", off_order(500)), in_group("a", off_order(500))];
    for (first, second, winner) in [(2, 1, 2), (1, 2, 1)] {
        let book = with_groups(definitions(), groups(first, second));
        let discounts = evaluate(&book, &basket(&[(10_000, 1)])).unwrap();
        assert_eq!(discounts.redemptions[0].promotion, promotion(winner));
    }
    let exclusive = || Definition { exclusive: true, ..automatic(off_order(500)) };
    let discounts = evaluate(&book([exclusive(), exclusive()]), &basket(&[(10_000, 1)])).unwrap();
    assert_eq!(discounts.redemptions.iter().map(|one| one.promotion).collect::<Vec<_>>(), [promotion(1)]);
}

#[test]
fn an_exclusive_promotion_applies_alone_where_that_saves_more() {
    for (off, expected, is_alone) in [(2_500, 2_500, true), (1_900, 2_000, false)] {
        let book = with_codes(book([
            Definition { exclusive: true, ..automatic(off_order(off)) },
            automatic(off_order(1_000)),
            automatic(off_order(1_000)),
        ]));
        let mut basket = basket(&[(10_000, 1)]);
        basket.codes = ["A", "B", "C"].map(str::to_owned).to_vec();
        let discounts = evaluate(&book, &basket).unwrap();
        assert_eq!(total(&discounts), expected);
        let expected = if is_alone {
            let reason = Refusal::NotCombinable { with: promotion(1) };
            [applied(2_500), refused(reason), refused(reason)]
        } else {
            [refused(Refusal::NotCombinable { with: promotion(2) }), applied(1_000), applied(1_000)]
        };
        assert_eq!(outcomes(&discounts), expected);
    }
}

#[test]
fn the_higher_number_applies_first() {
    let ten = Definition { priority: 5, ..automatic(percent(100_000)) };
    for (priority, expected) in [(9, [950, 500]), (1, [1_000, 500])] {
        let five = Definition { priority, ..automatic(off_order(500)) };
        let discounts = evaluate(&book([ten.clone(), five]), &basket(&[(10_000, 1)])).unwrap();
        assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], expected.map(applied));
    }
}

#[test]
fn no_unit_is_bought_for_two_promotions() {
    let basket = basket(&[(1_000, 2), (400, 3)]);
    let book = book([automatic(buy_get(2, 1, 1_000_000)), automatic(buy_get(2, 1, 1_000_000))]);
    // Five units: the first takes three, two stay, which are too few for the second.
    let discounts = evaluate(&book, &basket).unwrap();
    assert_eq!(by_line(&discounts), [0, 400]);
    assert_eq!(outcome_of(&discounts, 2), refused(Refusal::NothingToDiscount));
    // A unit that is free leaves the others of its line at their price.
    let once = most_times(buy_get(2, 1, 1_000_000), 1);
    let book = super::book([automatic(once.clone()), automatic(once)]);
    let discounts = evaluate(&book, &super::basket(&[(1_000, 6)])).unwrap();
    assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], [applied(1_000), applied(1_000)]);
}

#[test]
fn what_is_got_is_reduced_as_what_is_left_of_it() {
    let book = book([Definition { priority: 1, ..automatic(percent(100_000)) }, automatic(buy_get(2, 1, 1_000_000))]);
    // Of three at 10.00 less 10 %, one is free: 9.00.
    let discounts = evaluate(&book, &basket(&[(1_000, 3)])).unwrap();
    assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], [applied(300), applied(900)]);
}

#[test]
fn nothing_is_taken_off_a_unit_that_is_free_already() {
    let free = Definition { priority: 1, ..automatic(buy_get(2, 1, 1_000_000)) };
    let discounts = evaluate(&book([free, automatic(off_units(100))]), &basket(&[(1_000, 3)])).unwrap();
    assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], [applied(1_000), applied(200)]);
}

#[test]
fn a_unit_that_was_got_for_less_keeps_its_own_price() {
    let first = |effect| Definition { priority: 1, ..automatic(effect) };
    let half = || most_times(buy_get(1, 1, 500_000), 1);
    for (source, before, after, lines, expected) in [
        // 5.00 are left of the one and 10.00 of the other: 8.00 off each, down to nothing, are 5.00 and 8.00.
        ("an amount off each unit", half(), off_units(800), &[(1_000, 2)][..], [500, 1_300]),
        // The two units that nobody has counted cost 10.00 each, not 8.75.
        ("the next of four", half(), buy_get(1, 1, 1_000_000), &[(1_000, 4)], [500, 1_000]),
        // 5.00 and 10.00: half of it is 2.50 and 5.00, of the order as of the lines.
        ("a percentage", half(), percent(500_000), &[(1_000, 2)], [500, 750]),
        ("an amount off the order", half(), off_order(750), &[(1_000, 2)], [500, 750]),
        ("an amount off each line", half(), off_lines(750), &[(1_000, 2)], [500, 750]),
        // Half of 9.99 is 5.00, half up: 4.99 are left.
        ("an odd price", half(), off_units(800), &[(999, 2)], [500, 1_299]),
    ] {
        let discounts = evaluate(&book([first(before), automatic(after)]), &basket(lines)).unwrap();
        assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], expected.map(applied), "{source}");
    }
    // What a cap leaves of a free unit is still that unit's: 9.00 of one, nothing off the others.
    let capped = Definition { max_discount: each(100), ..first(most_times(buy_get(1, 1, 1_000_000), 1)) };
    let discounts = evaluate(&book([capped, automatic(off_units(950))]), &basket(&[(1_000, 2)])).unwrap();
    assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], [100, 900 + 950].map(applied));
    // A percentage in between is off both: 5.00 and 10.00 less 20 % are 4.00 and 8.00, of which 6.00 leave 0 and 2.00.
    let between = [
        Definition { priority: 2, ..automatic(half()) },
        Definition { priority: 1, ..automatic(percent(200_000)) },
        automatic(off_units(600)),
    ];
    let discounts = evaluate(&book(between), &basket(&[(1_000, 2)])).unwrap();
    assert_eq!([1, 2, 3].map(|id| outcome_of(&discounts, id)), [500, 300, 1_000].map(applied));
}

#[test]
fn what_costs_nothing_is_not_got_instead_of_what_costs_something() {
    // Buy two, get one free: of three at 10.00 one is free, whether something that costs nothing is there too or not.
    let free = || buy_get(2, 1, 1_000_000);
    for lines in [&[(1_000, 3)][..], &[(1_000, 3), (0, 1)]] {
        let discounts = evaluate(&book([automatic(free())]), &basket(lines)).unwrap();
        assert_eq!(total(&discounts), 1_000, "{lines:?}");
    }
    let gone = Definition { priority: 1, ..automatic(on(&[2], percent(1_000_000))) };
    let discounts = evaluate(&book([gone, automatic(free())]), &basket(&[(1_000, 3), (500, 1)])).unwrap();
    assert_eq!(by_line(&discounts), [1_000, 500]);
    // Where nothing else is left there is nothing to get.
    let discounts = evaluate(&book([automatic(free())]), &basket(&[(0, 3)])).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::NothingToDiscount));
}

#[test]
fn tiers_take_their_turn_by_the_tier_that_is_reached() {
    let tier = |units, by| Tier { at_least: Threshold::Quantity { units }, by };
    let tiers = vec![
        tier(1, Reduction::Percent { rate: Rate::from_ppm(50_000) }),
        tier(10, Reduction::PerOrder { amounts: each(2_000) }),
    ];
    let book = book([automatic(Effect::Tiered { lines: Selector::default(), tiers }), automatic(percent(100_000))]);
    // Ten at 20.00: 10 % are 20.00, and then 20.00 off the order. The other way round 10 % of 180.00 would be 18.00.
    let discounts = evaluate(&book, &basket(&[(2_000, 10)])).unwrap();
    assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], [2_000, 2_000].map(applied));
    // Nine: 5 % of 180.00, being older, and 10 % of 171.00.
    let discounts = evaluate(&book, &basket(&[(2_000, 9)])).unwrap();
    assert_eq!([outcome_of(&discounts, 1), outcome_of(&discounts, 2)], [900, 1_710].map(applied));
}

#[test]
fn an_amount_off_each_line_is_the_same_for_any_number_of_units() {
    let discounts = evaluate(&book([automatic(off_lines(300))]), &basket(&[(1_000, 1), (1_000, 5), (50, 2)])).unwrap();
    assert_eq!(by_line(&discounts), [300, 300, 100]);
    assert_eq!(discounts.lines[0].discounts[0].kind, DiscountKind::PerLine);
    let dollars = Basket { currency: Currency::USD, ..basket(&[(1_000, 1)]) };
    let discounts = evaluate(&book([automatic(off_lines(300))]), &dollars).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::OtherCurrency));
}
