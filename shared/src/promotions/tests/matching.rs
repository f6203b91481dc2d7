//! Conditions, selectors, tiers, deliveries and gifts.

use super::*;
use crate::kernel::id::{CategoryId, ChannelId, CollectionId, CustomerGroupId};

fn holds(condition: Condition, basket: &Basket) -> Outcome {
    let definition = Definition { condition, ..automatic(off_order(1)) };
    outcome_of(&evaluate(&book([definition]), basket).unwrap(), 1)
}

fn unmet(condition: ConditionKind) -> Outcome {
    refused(Refusal::ConditionNotMet { condition })
}

fn units(lines: Selector, at_least: i64) -> Condition {
    Condition::Quantity { lines, at_least }
}

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn lines_are_selected_by_what_they_are_of() {
    let mut basket = basket(&[(100, 1), (200, 1), (400, 1), (800, 1)]);
    basket.lines[0].collections = vec![CollectionId::from_u128(9), CollectionId::from_u128(7)];
    basket.lines[1].categories = vec![CategoryId::from_u128(7)];
    basket.lines[2].is_on_sale = true;
    let collections = Items { collections: [CollectionId::from_u128(7)].into(), ..Items::default() };
    let categories = Items { categories: [CategoryId::from_u128(7)].into(), ..Items::default() };
    let variants = Items { variants: [VariantId::from_u128(3)].into(), ..Items::default() };
    let many = Items { products: (1..=200).filter(|key| *key != 2).map(product).collect(), ..Items::default() };
    let none = Items::default;
    for (any_of, none_of, exclude_sale, expected) in [
        (none(), none(), false, 1_500),
        (none(), none(), true, 1_100),
        (collections.clone(), none(), false, 100),
        (categories.clone(), none(), false, 200),
        (variants.clone(), none(), false, 400),
        (variants.clone(), none(), true, 0),
        (Items { collections: collections.collections.clone(), ..categories.clone() }, none(), false, 300),
        (none(), collections.clone(), false, 1_400),
        (many.clone(), none(), false, 1_300),
        (many, variants, true, 900),
    ] {
        let lines = Selector { any_of, none_of, exclude_sale };
        let by = Reduction::Percent { rate: Rate::ONE };
        let discounts = evaluate(&book([automatic(Effect::Reduce { lines, by })]), &basket).unwrap();
        assert_eq!(total(&discounts), expected);
    }
}

#[test]
fn what_is_missing_is_told() {
    let basket = basket(&[(1_000, 2), (500, 3)]);
    let subtotal = |lines, at_least| Condition::Subtotal { lines, at_least: each(at_least), after_discounts: false };
    for (condition, expected) in [
        (units(Selector::default(), 5), applied(1)),
        (units(Selector::default(), 7), refused(Refusal::QuantityNotMet { minimum: 7, missing: 2 })),
        (units(products(&[2]), 4), refused(Refusal::QuantityNotMet { minimum: 4, missing: 1 })),
        (units(products(&[3]), 1), refused(Refusal::QuantityNotMet { minimum: 1, missing: 1 })),
        (subtotal(Selector::default(), 3_500), applied(1)),
        (subtotal(Selector::default(), 5_000), refused(Refusal::MinimumNotMet { minimum: 5_000, missing: 1_500 })),
        (subtotal(products(&[2]), 5_000), refused(Refusal::MinimumNotMet { minimum: 5_000, missing: 3_500 })),
        (
            Condition::Subtotal {
                lines: Selector::default(),
                at_least: Amounts::from([(Currency::USD, 1)]),
                after_discounts: false,
            },
            refused(Refusal::OtherCurrency),
        ),
    ] {
        assert_eq!(holds(condition.clone(), &basket), expected, "{condition:?}");
    }
}

#[test]
fn facts_are_held_against_conditions_and_unknown_ones_are_named() {
    let channel = ChannelId::from_u128(1);
    let group = CustomerGroupId::from_u128(1);
    let at = |millis: i64| Some(Timestamp::from_millis(NOW.millis() + millis));
    let groups = Condition::CustomerGroup { any_of: [group].into() };
    let channels = Condition::Channel { any_of: [channel].into() };
    let paid = Condition::PaymentMethod { any_of: texts(&["card"]) };
    let sent = Condition::ShippingMethod { any_of: texts(&["standard"]) };
    let unknown = |fact| refused(Refusal::NotKnownYet { fact });
    let empty = basket(&[(100, 1)]);
    for (condition, expected) in [
        (groups.clone(), unmet(ConditionKind::CustomerGroup)),
        (channels.clone(), unknown(Fact::Channel)),
        (Condition::FirstOrder, unknown(Fact::FirstOrder)),
        (paid.clone(), unknown(Fact::PaymentMethod)),
        (sent.clone(), unknown(Fact::ShippingMethod)),
        (Condition::Time { from: at(0), until: at(1) }, applied(1)),
        (Condition::Time { from: at(1), until: None }, unmet(ConditionKind::Time)),
        (Condition::Time { from: None, until: at(0) }, unmet(ConditionKind::Time)),
    ] {
        assert_eq!(holds(condition.clone(), &empty), expected, "{condition:?}");
    }
    let mut full = Basket {
        channel: Some(channel),
        customer_groups: [group].into(),
        is_first_order: Some(true),
        payment_method: Some("card".to_owned()),
        shipping: shipping(100),
        ..empty
    };
    let all = [groups, channels, Condition::FirstOrder, paid, sent];
    for condition in &all {
        assert_eq!(holds(condition.clone(), &full), applied(1), "{condition:?}");
    }
    full.shipping.push(ShippingCharge { key: 2, method: "express".to_owned(), amount: 1 });
    full.channel = Some(ChannelId::from_u128(2));
    full.is_first_order = Some(false);
    full.payment_method = Some("invoice".to_owned());
    full.customer_groups.clear();
    let kinds = [
        ConditionKind::CustomerGroup,
        ConditionKind::Channel,
        ConditionKind::FirstOrder,
        ConditionKind::PaymentMethod,
        ConditionKind::ShippingMethod,
    ];
    for (condition, kind) in all.into_iter().zip(kinds) {
        assert_eq!(holds(condition, &full), unmet(kind));
    }
}

#[test]
fn conditions_combine_in_three_values() {
    let basket = basket(&[(100, 1)]);
    let (yes, no, unknown) = (units(Selector::default(), 1), units(Selector::default(), 2), Condition::FirstOrder);
    let missing = refused(Refusal::QuantityNotMet { minimum: 2, missing: 1 });
    let asked = refused(Refusal::NotKnownYet { fact: Fact::FirstOrder });
    let all = |of: &[&Condition]| Condition::All { of: of.iter().map(|one| (*one).clone()).collect() };
    let any = |of: &[&Condition]| Condition::Any { of: of.iter().map(|one| (*one).clone()).collect() };
    let not = |of: &Condition| Condition::Not { of: Box::new(of.clone()) };
    for (condition, expected) in [
        (all(&[]), applied(1)),
        (all(&[&yes, &yes]), applied(1)),
        (all(&[&yes, &no]), missing),
        (all(&[&unknown, &no]), missing),
        (all(&[&yes, &unknown]), asked),
        (any(&[]), unmet(ConditionKind::Any)),
        (any(&[&no, &yes]), applied(1)),
        (any(&[&unknown, &yes]), applied(1)),
        (any(&[&no, &unknown]), asked),
        (any(&[&no]), missing),
        (not(&yes), unmet(ConditionKind::Not)),
        (not(&no), applied(1)),
        (not(&unknown), asked),
        (not(&not(&not(&not(&yes)))), applied(1)),
        (not(&not(&not(&not(&not(&yes))))), unmet(ConditionKind::Depth)),
    ] {
        assert_eq!(holds(condition.clone(), &basket), expected, "{condition:?}");
    }
}

#[test]
fn the_highest_tier_that_is_reached_counts() {
    let rate = |ppm| Reduction::Percent { rate: Rate::from_ppm(ppm) };
    let by_units = |units, ppm| Tier { at_least: Threshold::Quantity { units }, by: rate(ppm) };
    let by_sum = |minor, off| Tier {
        at_least: Threshold::Subtotal { amounts: each(minor) },
        by: Reduction::PerOrder { amounts: each(off) },
    };
    let tiered = |tiers| automatic(Effect::Tiered { lines: Selector::default(), tiers });
    let units = tiered(vec![by_units(3, 100_000), by_units(10, 200_000)]);
    let sums = tiered(vec![by_sum(5_000, 500), by_sum(10_000, 1_500)]);
    for (definition, quantity, expected) in [
        (&units, 2, refused(Refusal::QuantityNotMet { minimum: 3, missing: 1 })),
        (&units, 3, applied(300)),
        (&units, 9, applied(900)),
        (&units, 10, applied(2_000)),
        (&sums, 4, refused(Refusal::MinimumNotMet { minimum: 5_000, missing: 1_000 })),
        (&sums, 5, applied(500)),
        (&sums, 10, applied(1_500)),
    ] {
        let discounts = evaluate(&book([definition.clone()]), &basket(&[(1_000, quantity)])).unwrap();
        assert_eq!(outcome_of(&discounts, 1), expected, "{quantity}");
    }
}

#[test]
fn deliveries_are_free_by_the_named_methods() {
    let mut basket = basket(&[(1_000, 1)]);
    let free = |methods: &[&str]| book([automatic(Effect::FreeShipping { methods: texts(methods) })]);
    let discounts = evaluate(&free(&[]), &basket).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::NotKnownYet { fact: Fact::ShippingMethod }));
    basket.shipping = shipping(500);
    basket.shipping.push(ShippingCharge { key: 0, method: "express".to_owned(), amount: 900 });
    for (methods, expected) in [(&[][..], [500, 900]), (&["standard"], [500, 0]), (&["express", "x"], [0, 900])] {
        let discounts = evaluate(&free(methods), &basket).unwrap();
        let deliveries: Vec<i64> = discounts.shipping.iter().map(|delivery| delivery.discount).collect();
        assert_eq!((deliveries, total(&discounts)), (expected.to_vec(), 0));
    }
    let discounts = evaluate(&free(&["pickup"]), &basket).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::NothingToDiscount));
    assert!(discounts.redemptions.is_empty(), "what does nothing is not used up");
}

#[test]
fn a_gift_is_a_line_to_add_at_no_cost() {
    let mut basket = basket(&[(1_000, 1)]);
    let book = book([automatic(gift(7)), automatic(gift(8))]);
    basket.gifts = vec![GiftOffer { variant: VariantId::from_u128(7), unit: 450 }];
    let discounts = evaluate(&book, &basket).unwrap();
    let variant = VariantId::from_u128(7);
    let given = Gift { promotion: promotion(1), variant, quantity: quantity(1), unit: 450, amount: 450 };
    assert_eq!((&discounts.gifts[..], total(&discounts)), (&[given][..], 0));
    assert_eq!(discounts.redemptions[0].amount, 450);
    let variant = VariantId::from_u128(8);
    assert_eq!(outcome_of(&discounts, 2), refused(Refusal::GiftNotAvailable { variant }));
    // A gift that is worth nothing is still one, and still better than none.
    basket.gifts.push(GiftOffer { variant, unit: 0 });
    let alone = Definition { exclusive: true, ..automatic(gift(8)) };
    let discounts = evaluate(&super::book([automatic(on(&[9], percent(1))), alone]), &basket).unwrap();
    assert_eq!((discounts.gifts.len(), outcome_of(&discounts, 2)), (1, applied(0)));
}
