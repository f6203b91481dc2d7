//! What holds for any basket and any book.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

fn any_selector() -> impl Strategy<Value = Selector> {
    let keys = || prop::collection::btree_set(1u32..7, 0..4);
    (keys(), prop::collection::btree_set(1u32..7, 0..2), any::<bool>()).prop_map(|(any_of, none_of, exclude_sale)| {
        let any_of = Items { products: any_of.into_iter().map(product).collect(), ..Items::default() };
        let none_of = Items { products: none_of.into_iter().map(product).collect(), ..Items::default() };
        Selector { any_of, none_of, exclude_sale }
    })
}

fn any_reduction() -> impl Strategy<Value = Reduction> {
    let per_line = (1i64..3_000).prop_map(|minor| Reduction::PerLine { amounts: each(minor) });
    prop_oneof![4 => any_divisible_reduction(), 1 => per_line]
}

/// One that comes to the same however units are put on lines.
fn any_divisible_reduction() -> impl Strategy<Value = Reduction> {
    prop_oneof![
        (1i64..=1_000_000).prop_map(|ppm| Reduction::Percent { rate: Rate::from_ppm(ppm) }),
        select(vec![100_000, 500_000, 1_000_000]).prop_map(|ppm| Reduction::Percent { rate: Rate::from_ppm(ppm) }),
        (1i64..3_000).prop_map(|minor| Reduction::PerUnit { amounts: each(minor) }),
        (1i64..30_000).prop_map(|minor| Reduction::PerOrder { amounts: each(minor) }),
    ]
}

fn any_effect() -> impl Strategy<Value = Effect> {
    let tier = |units| any_reduction().prop_map(move |by| Tier { at_least: Threshold::Quantity { units }, by });
    prop_oneof![
        4 => (any_selector(), any_reduction()).prop_map(|(lines, by)| Effect::Reduce { lines, by }),
        1 => (any_selector(), tier(2), tier(9))
            .prop_map(|(lines, low, high)| Effect::Tiered { lines, tiers: vec![low, high] }),
        2 => (any_selector(), 1i64..4, any_selector(), 1i64..3, 1i64..=1_000_000, prop::option::of(1i64..4)).prop_map(
            |(buy, buys, get, gets, ppm, most)| Effect::BuyGet {
                buy,
                buy_quantity: quantity(buys),
                get,
                get_quantity: quantity(gets),
                rate: Rate::from_ppm(if 500_000 < ppm { 1_000_000 } else { ppm }),
                most_repeats: most.map(quantity),
            }
        ),
        1 => Just(free_shipping()),
        1 => (1u128..4).prop_map(gift),
    ]
}

fn any_condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        3 => Just(Condition::default()),
        1 => (any_selector(), 0i64..20_000, any::<bool>()).prop_map(|(lines, minor, after_discounts)| {
            Condition::Subtotal { lines, at_least: each(minor), after_discounts }
        }),
        1 => (any_selector(), 0i64..5).prop_map(|(lines, at_least)| Condition::Quantity { lines, at_least }),
    ]
}

fn any_definition() -> impl Strategy<Value = Definition> {
    let group = prop_oneof![Just(None), select(vec!["a", "b", "c", "d"]).prop_map(|key| Some(key.to_owned()))];
    let cap = prop::option::weighted(0.3, 0i64..5_000);
    (any_effect(), any_condition(), group, -2i32..3, prop::bool::weighted(0.15), cap, prop::option::of(0i64..2))
        .prop_map(|(effect, condition, group, priority, exclusive, cap, limit)| Definition {
            condition,
            group,
            priority,
            exclusive,
            max_discount: cap.map(each).unwrap_or_default(),
            limit,
            ..automatic(effect)
        })
}

pub(in crate::promotions) fn any_book() -> impl Strategy<Value = PromotionBook> {
    let keys = || select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned);
    let groups = prop::collection::vec((prop::bool::ANY, -1i32..2, prop::collection::btree_set(keys(), 0..3)), 4);
    let definitions = prop::collection::vec((any_definition(), any::<bool>(), 0i64..2), 0..9);
    (definitions, groups).prop_map(|(definitions, groups)| {
        let mut book = book(definitions.iter().map(|(definition, ..)| definition.clone()));
        for ((booked, letter), (_, is_code, used)) in book.promotions.iter_mut().zip('A'..='Z').zip(&definitions) {
            booked.used = *used;
            if *is_code {
                booked.definition.trigger = Trigger::Code;
                book.codes.push(code(&letter.to_string(), booked.id));
            }
        }
        let groups = ["a", "b", "c", "d"].into_iter().zip(groups).map(|(key, (is_best, priority, excludes))| {
            let within = if is_best { Within::Best } else { Within::Stack };
            StackingGroup { key: key.to_owned(), priority, within, excludes }
        });
        PromotionBook { groups: groups.collect(), ..book }
    })
}

pub(in crate::promotions) fn any_basket() -> impl Strategy<Value = Basket> {
    let lines = prop::collection::vec((0i64..12_000, 1i64..6, any::<bool>()), 0..7);
    let rounding = (select(RoundingMode::ALL.to_vec()), select(RoundedPer::ALL.to_vec()));
    (lines, prop::option::of(0i64..2_000), rounding).prop_map(|(lines, delivery, (rounding, rounded_per))| {
        let plain: Vec<(i64, i64)> = lines.iter().map(|(unit, units, _)| (*unit, *units)).collect();
        let mut basket = Basket { rounding, rounded_per, ..basket(&plain) };
        for (line, (.., is_on_sale)) in basket.lines.iter_mut().zip(lines) {
            line.is_on_sale = is_on_sale;
        }
        basket.codes = ('A'..='I').map(String::from).collect();
        basket.shipping = delivery.map(shipping).unwrap_or_default();
        basket.gifts = [(1, 0), (2, 700)]
            .map(|(variant, unit)| GiftOffer { variant: VariantId::from_u128(variant), unit })
            .to_vec();
        basket
    })
}

fn saved(discounts: &Discounts) -> i64 {
    discounts.redemptions.iter().map(|redemption| redemption.amount).sum()
}

fn shuffled<T>(mut all: Vec<T>, picks: &[Index]) -> Vec<T> {
    for (at, pick) in picks.iter().enumerate() {
        if !all.is_empty() {
            let (here, there) = (at % all.len(), pick.index(all.len()));
            all.swap(here, there);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    #[test]
    fn nothing_becomes_negative_and_everything_adds_up(book in any_book(), basket in any_basket()) {
        let discounts = evaluate(&book, &basket).unwrap();
        let mut by_promotion: BTreeMap<PromotionId, i64> = BTreeMap::new();
        for of in discounts.lines.iter().chain(&discounts.shipping) {
            prop_assert!(0 <= of.discount && of.discount <= of.amount, "{of:?}");
            prop_assert_eq!(of.discount, of.discounts.iter().map(|discount| discount.amount).sum::<i64>());
            for discount in &of.discounts {
                prop_assert!(0 < discount.amount);
                *by_promotion.entry(discount.promotion).or_default() += discount.amount;
            }
        }
        for gift in &discounts.gifts {
            *by_promotion.entry(gift.promotion).or_default() += gift.amount;
        }
        let redeemed: BTreeMap<_, _> = discounts.redemptions.iter().map(|one| (one.promotion, one.amount)).collect();
        prop_assert_eq!(redeemed.len(), discounts.redemptions.len());
        prop_assert_eq!(by_promotion, redeemed);
    }

    #[test]
    fn caps_and_limits_hold(book in any_book(), basket in any_basket()) {
        let discounts = evaluate(&book, &basket).unwrap();
        for redemption in &discounts.redemptions {
            let booked = book.promotions.iter().find(|booked| booked.id == redemption.promotion).unwrap();
            prop_assert!(booked.definition.limit.is_none_or(|limit| booked.used < limit));
            let cap = booked.definition.max_discount.of(basket.currency);
            let is_gift = matches!(booked.definition.effect, Effect::Gift { .. });
            prop_assert!(is_gift || cap.is_none_or(|cap| redemption.amount <= cap));
            let is_code = booked.definition.trigger == Trigger::Code;
            prop_assert_eq!(is_code, redemption.code.is_some());
        }
    }

    #[test]
    fn the_order_of_codes_lines_and_promotions_does_not_matter(
        book in any_book(), basket in any_basket(), picks in prop::collection::vec(any::<Index>(), 12),
    ) {
        let discounts = evaluate(&book, &basket).unwrap();
        let other = Basket {
            lines: shuffled(basket.lines.clone(), &picks),
            codes: shuffled(basket.codes.clone(), &picks),
            ..basket
        };
        let mut other_book = book.clone();
        other_book.promotions = shuffled(other_book.promotions, &picks);
        other_book.groups = shuffled(other_book.groups, &picks);
        other_book.codes = shuffled(other_book.codes, &picks);
        let mut others = evaluate(&other_book, &other).unwrap();
        others.lines.sort_by_key(|line| line.key);
        others.codes.sort_by(|a, b| a.code.cmp(&b.code));
        prop_assert_eq!(others, discounts);
    }

    #[test]
    fn the_best_deal_is_at_least_each_alternative(book in any_book(), basket in any_basket()) {
        let best = saved(&evaluate(&book, &basket).unwrap());
        let only = |keep: &dyn Fn(&BookedPromotion) -> bool| {
            let promotions = book.promotions.iter().filter(|booked| keep(booked)).cloned().collect();
            saved(&evaluate(&PromotionBook { promotions, ..book.clone() }, &basket).unwrap())
        };
        for exclusive in book.promotions.iter().filter(|booked| booked.definition.exclusive) {
            prop_assert!(only(&|booked| booked.id == exclusive.id) <= best);
        }
        for group in &book.groups {
            let excludes = |key: &String| {
                let other = book.groups.iter().find(|other| other.key == *key);
                *key != group.key
                    && (group.excludes.contains(key) || other.is_some_and(|other| other.excludes.contains(&group.key)))
            };
            let alternative = only(&|booked| {
                !booked.definition.exclusive && !booked.definition.group.as_ref().is_some_and(excludes)
            });
            // Where nothing of the group can apply, those that it excludes need not give way to it.
            let is_there = book.promotions.iter().any(|one| {
                one.definition.group.as_ref() == Some(&group.key)
                    && !one.definition.exclusive
                    && 0 < only(&|booked| booked.id == one.id)
            });
            prop_assert!(!is_there || alternative <= best, "{}: {alternative} above {best}", group.key);
        }
    }

    #[test]
    fn of_alternatives_in_a_group_none_alone_saves_more(
        effects in prop::collection::vec(any_effect(), 1..6), basket in any_basket(),
    ) {
        let definitions =
            effects.into_iter().map(|effect| Definition { group: Some("a".to_owned()), ..automatic(effect) });
        let group = StackingGroup { key: "a".to_owned(), priority: 0, within: Within::Best, excludes: BTreeSet::new() };
        let book = PromotionBook { groups: vec![group], ..book(definitions) };
        let discounts = evaluate(&book, &basket).unwrap();
        prop_assert!(discounts.redemptions.len() <= 1);
        for one in &book.promotions {
            let alone = PromotionBook { promotions: vec![one.clone()], ..book.clone() };
            prop_assert!(saved(&evaluate(&alone, &basket).unwrap()) <= saved(&discounts));
        }
    }

    #[test]
    fn a_line_that_is_split_costs_the_same_beyond_the_rounding(
        reductions in prop::collection::vec((any_selector(), any_divisible_reduction()), 1..4),
        buying in (1i64..4, 1i64..3, 1i64..=1_000_000),
        basket in any_basket(),
    ) {
        let whole = Basket { shipping: Vec::new(), ..basket };
        let mut split = whole.clone();
        for line in whole.lines.iter().filter(|line| 1 < line.quantity.get()) {
            split.lines.push(BasketLine { key: line.key + 100, quantity: quantity(1), ..line.clone() });
            let rest = split.lines.iter_mut().find(|other| other.key == line.key).unwrap();
            rest.quantity = quantity(line.quantity.get() - 1);
        }
        let (buy, get, ppm) = buying;
        let reduced: Vec<Definition> =
            reductions.into_iter().map(|(lines, by)| automatic(Effect::Reduce { lines, by })).collect();
        for definitions in [reduced, vec![automatic(buy_get(buy, get, ppm))]] {
            // Each promotion rounds each line once.
            let most = i64::try_from(definitions.len() * split.lines.len()).unwrap();
            let book = book(definitions);
            let [one, two] = [&whole, &split].map(|basket| total(&evaluate(&book, basket).unwrap()));
            prop_assert!((one - two).abs() <= most, "{one} and {two} of {} lines", split.lines.len());
        }
    }

    #[test]
    fn an_amount_off_each_unit_is_off_each_unit_whatever_was_got_before(
        lines in prop::collection::vec((1i64..3_000, 1i64..6), 1..5),
        (buy, get, ppm, most) in (1i64..3, 1i64..3, 1i64..=1_000_000, 1i64..3),
        off in 1i64..3_000,
    ) {
        let got = most_times(buy_get(buy, get, ppm), most);
        let both = book([Definition { priority: 1, ..automatic(got) }, automatic(off_units(off))]);
        let discounts = evaluate(&both, &basket(&lines)).unwrap();
        for (line, (unit, units)) in discounts.lines.iter().zip(&lines) {
            let by = |id| -> i64 {
                line.discounts.iter().filter(|one| one.promotion == promotion(id)).map(|one| one.amount).sum()
            };
            let (got, reduced) = (by(1), by(2));
            // Of a unit that was got, there is less by what it was got for.
            prop_assert!(reduced <= off.min(*unit) * units);
            prop_assert!(off.min(*unit) * units - reduced <= got, "{line:?}");
        }
    }

    #[test]
    fn of_alternatives_only_one_set_applies(book in any_book(), basket in any_basket()) {
        let discounts = evaluate(&book, &basket).unwrap();
        let applied: Vec<&Definition> = discounts
            .redemptions
            .iter()
            .filter_map(|one| book.promotions.iter().find(|booked| booked.id == one.promotion))
            .map(|booked| &booked.definition)
            .collect();
        prop_assert!(applied.len() <= 1 || applied.iter().all(|definition| !definition.exclusive));
        let keys: BTreeSet<&String> = applied.iter().filter_map(|definition| definition.group.as_ref()).collect();
        for group in book.groups.iter().filter(|group| keys.contains(&group.key)) {
            let rivals = group.excludes.iter().filter(|key| **key != group.key);
            prop_assert!(rivals.into_iter().all(|key| !keys.contains(key)));
            let members = applied.iter().filter(|definition| definition.group.as_ref() == Some(&group.key)).count();
            prop_assert!(group.within == Within::Stack || members <= 1);
        }
    }

    #[test]
    fn hostile_numbers_never_panic(
        book in any_book(), basket in any_basket(), numbers in prop::collection::vec(any::<i64>(), 12), ppm: i64,
    ) {
        let (mut book, mut basket) = (book, basket);
        let mut numbers = numbers.into_iter().cycle();
        let mut number = || numbers.next().unwrap();
        for booked in &mut book.promotions {
            booked.used = number();
            let definition = &mut booked.definition;
            definition.max_discount = each(number());
            definition.limit = Some(number());
            definition.condition = Condition::Subtotal {
                lines: Selector::default(), at_least: each(number()), after_discounts: true,
            };
            match &mut definition.effect {
                Effect::Reduce { by: Reduction::Percent { rate }, .. } | Effect::BuyGet { rate, .. } => {
                    *rate = Rate::from_ppm(ppm);
                }
                Effect::Reduce { by: Reduction::PerUnit { amounts } | Reduction::PerOrder { amounts }, .. } => {
                    *amounts = each(number());
                }
                Effect::Tiered { tiers, .. } => tiers.iter_mut().for_each(|tier| {
                    tier.at_least = Threshold::Subtotal { amounts: each(number()) };
                }),
                _ => {}
            }
        }
        for line in &mut basket.lines {
            line.unit = number();
        }
        for charge in &mut basket.shipping {
            charge.amount = number();
        }
        for offer in &mut basket.gifts {
            offer.unit = number();
        }
        if let Ok(discounts) = evaluate(&book, &basket) {
            for of in discounts.lines.iter().chain(&discounts.shipping) {
                prop_assert!(0 <= of.discount && of.discount <= of.amount);
            }
        }
        // Large and yet within bounds: such baskets are reduced as others are.
        for line in &mut basket.lines {
            line.unit = (line.unit & i64::MAX) / 100;
        }
        for charge in &mut basket.shipping {
            charge.amount &= i64::MAX;
        }
        for offer in &mut basket.gifts {
            offer.unit = 0;
        }
        if let Ok(discounts) = evaluate(&book, &basket) {
            for of in discounts.lines.iter().chain(&discounts.shipping) {
                prop_assert!(0 <= of.discount && of.discount <= of.amount);
            }
        }
    }

    #[test]
    fn hostile_definitions_never_panic(
        definition in any_definition(),
        name in ".{0,300}",
        ppm: i64,
        minor: i64,
        depth in 0usize..70,
        wide in 0usize..70,
    ) {
        let mut condition = Condition::All { of: vec![Condition::FirstOrder; wide] };
        for _ in 0..depth {
            condition = Condition::Not { of: Box::new(condition) };
        }
        let by = if ppm & 1 == 0 {
            Reduction::Percent { rate: Rate::from_ppm(ppm) }
        } else {
            Reduction::PerOrder { amounts: each(minor) }
        };
        let effect = Effect::Tiered {
            lines: Selector::default(),
            tiers: vec![Tier { at_least: Threshold::Quantity { units: minor }, by }; wide],
        };
        let hostile = Definition { name, condition, effect, limit: Some(minor), ..definition };
        let faults = validate(&hostile, &["a"]);
        prop_assert!(wide < 51 || faults.is_err());
        prop_assert!(depth < MOST_DEPTH || faults.is_err());
        evaluate(&book([hostile]), &basket(&[(100, 1)])).unwrap();
    }
}
