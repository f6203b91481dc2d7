//! Cases that somebody else has documented, or complained of.

use super::*;

/// Lines (unit price, quantity), promotions in the order of their ids, and what is taken off each line.
type Case = (&'static str, &'static [(i64, i64)], Vec<Effect>, &'static [i64]);

fn check(cases: Vec<Case>, change: impl Fn(&mut Basket)) {
    for (source, lines, effects, expected) in cases {
        let mut basket = basket(lines);
        change(&mut basket);
        let discounts = evaluate(&book(effects.into_iter().map(automatic)), &basket).expect(source);
        assert_eq!(by_line(&discounts), expected, "{source}");
    }
}

#[test]
fn what_others_document_comes_out() {
    check(
        vec![
            // Shopify Help Center, "Examples of discount combinations": pants, shirts and boots.
            (
                "Shopify: two fixed product discounts",
                &[(10_000, 1), (5_000, 1), (20_000, 1)],
                vec![on(&[1], off_units(2_000)), on(&[2], off_units(1_000))],
                &[2_000, 1_000, 0],
            ),
            (
                "Shopify: a product discount, then 10 % of what is left of the order: 297.00",
                &[(10_000, 1), (5_000, 1), (20_000, 1)],
                vec![percent(100_000), on(&[1], off_units(2_000))],
                &[2_800, 500, 2_000],
            ),
            (
                "Shopify: a percentage of the order before an amount off it, whichever is older: 295.00",
                &[(10_000, 1), (5_000, 1), (20_000, 1)],
                vec![off_order(2_000), percent(100_000)],
                &[1_571, 786, 3_143],
            ),
            (
                "Shopify takes 10 % and 15 % off the same subtotal (262.50); here one follows the other: 267.75",
                &[(35_000, 1)],
                vec![percent(100_000), percent(150_000)],
                &[8_225],
            ),
            (
                "Optimizely, Prioritize discounts, example 1: 56",
                &[(10_000, 1)],
                vec![percent(200_000), percent(300_000)],
                &[4_400],
            ),
            (
                "Optimizely, Prioritize discounts, example 2: 50",
                &[(10_000, 1)],
                vec![off_units(2_000), off_units(3_000)],
                &[5_000],
            ),
            (
                "commercetools: 10 % of a price that is halved already",
                &[(10_000, 1)],
                vec![percent(500_000), percent(100_000)],
                &[5_500],
            ),
            // A sum of 1,234.36, as in the report.
            ("Vendure 3003: 1110.92, not 1110.85", &[(30_859, 4)], vec![percent(100_000)], &[12_344]),
            (
                "Vendure 3003: the error does not grow with the quantity",
                &[(95, 9_999)],
                vec![percent(100_000)],
                &[94_991],
            ),
            ("Vendure 2662: 6.2 % of ten at 38.23", &[(3_823, 10)], vec![percent(62_000)], &[2_370]),
            ("Vendure 1773: 10.5 % of 25.00 is 2.63", &[(2_500, 1)], vec![percent(105_000)], &[263]),
            (
                "Vendure 653: an amount off the order in proportion to prices",
                &[(10_000, 1), (30_000, 1)],
                vec![off_order(1_000)],
                &[250, 750],
            ),
            (
                "Medusa 12805, 12429: 100 % leave 0, not -1.6e-14",
                &[(3_333, 3), (1, 7)],
                vec![percent(1_000_000)],
                &[9_999, 7],
            ),
            (
                "Medusa 14899: two discounts above the cart leave 0",
                &[(1_500, 1)],
                vec![off_order(1_000), percent(100_000)],
                &[1_150],
            ),
            (
                "Medusa 14899: two amounts above the cart leave 0",
                &[(1_500, 1)],
                vec![off_order(1_000), off_order(1_000)],
                &[1_500],
            ),
            ("Medusa 14817: 34.116425 is charged as 34.12", &[(3_987, 1)], vec![percent(144_307)], &[575]),
            ("Medusa 12789: 98.9009 is 98.90", &[(9_999, 1)], vec![percent(10_892)], &[109]),
            (
                "Medusa 9002: of two of the same, one is bought and one is got",
                &[(1_000, 2)],
                vec![buy_get(1, 1, 1_000_000)],
                &[1_000],
            ),
            ("Medusa 9002: of three, two are bought", &[(1_000, 3)], vec![buy_get(2, 1, 1_000_000)], &[1_000]),
            (
                "Medusa 14432: five at once get no more than two for two",
                &[(1_000, 5)],
                vec![buy_get(1, 1, 1_000_000)],
                &[2_000],
            ),
            ("Medusa 11259: the second at half its price", &[(1_000, 2)], vec![buy_get(1, 1, 500_000)], &[500]),
            (
                "commercetools, MultiBuy, Cheapest: three for two",
                &[(3_000, 1), (1_000, 1), (2_000, 1)],
                vec![buy_get(2, 1, 1_000_000)],
                &[0, 1_000, 0],
            ),
            ("WooCommerce 17536: 100 % of 9.99", &[(999, 1)], vec![percent(1_000_000)], &[999]),
            ("VirtoCommerce vc-storefront 122: 10 % of 49.95 is 5.00", &[(4_995, 1)], vec![percent(100_000)], &[500]),
            (
                "openfoodnetwork 9254: lines sum to the order, three share 1.00",
                &[(1_000, 1), (1_000, 1), (1_000, 1)],
                vec![off_order(100)],
                &[34, 33, 33],
            ),
            (
                "PrestaShop 11195: lines sum to the order, seven share 10.00",
                &[(999, 1); 7],
                vec![off_order(1_000)],
                &[143, 143, 143, 143, 143, 143, 142],
            ),
            (
                "Umbraco.Commerce.Issues 126: lines sum to the order, 0.04 by what they cost",
                &[(1, 1), (2, 1), (3, 1)],
                vec![off_order(4)],
                &[1, 1, 2],
            ),
            (
                "an amount above the order takes all of it",
                &[(333, 3), (100, 1)],
                vec![off_order(1_000_000)],
                &[999, 100],
            ),
            ("an amount above a unit takes all of it", &[(333, 3), (9_000, 1)], vec![off_units(500)], &[999, 500]),
            ("what costs nothing gets nothing", &[(0, 3), (100, 1)], vec![off_order(10)], &[0, 10]),
        ],
        |_| {},
    );
}

#[test]
fn a_percentage_is_rounded_once_for_the_order_where_the_basket_says_so() {
    check(
        vec![
            (
                "commercetools refresher 2026: three times 0.333 are 1.00",
                &[(333, 1), (333, 1), (333, 1)],
                vec![percent(100_000)],
                &[34, 33, 33],
            ),
            ("seven times 0.05", &[(5, 1); 7], vec![percent(100_000)], &[1, 1, 1, 1, 0, 0, 0]),
            ("100 %", &[(333, 1), (1, 1)], vec![percent(1_000_000)], &[333, 1]),
        ],
        |basket| basket.rounded_per = RoundedPer::Order,
    );
    check(
        vec![
            ("for each line: three times 0.33", &[(333, 1), (333, 1), (333, 1)], vec![percent(100_000)], &[33, 33, 33]),
            ("for each line: seven times 0.01", &[(5, 1); 7], vec![percent(100_000)], &[1; 7]),
        ],
        |_| {},
    );
}

#[test]
fn a_half_goes_where_the_store_says() {
    // 2.5, 3.5 and, as in WooCommerce 17536, half of 9.99, which is 4.99 there.
    for (rounding, expected) in [
        (RoundingMode::HalfUp, [3, 4, 500]),
        (RoundingMode::HalfEven, [2, 4, 500]),
        (RoundingMode::HalfDown, [2, 3, 499]),
    ] {
        let mut basket = basket(&[(5, 1), (7, 1), (999, 1)]);
        basket.rounding = rounding;
        let discounts = evaluate(&book([automatic(percent(500_000))]), &basket).unwrap();
        assert_eq!(by_line(&discounts), expected, "{rounding}");
    }
}

#[test]
fn currencies_have_the_decimals_they_have() {
    check(
        vec![
            ("JPY 10 % of 1,005", &[(1_005, 1)], vec![percent(100_000)], &[101]),
            ("JPY 500 off three lines", &[(980, 1), (980, 1), (980, 1)], vec![off_order(500)], &[167, 167, 166]),
        ],
        |basket| basket.currency = Currency::JPY,
    );
    check(
        vec![
            ("BHD 15 % of 1.235", &[(1_235, 1)], vec![percent(150_000)], &[185]),
            (
                "BHD 1.000 off three lines",
                &[(2_500, 1), (2_500, 1), (2_500, 1)],
                vec![off_order(1_000)],
                &[334, 333, 333],
            ),
        ],
        |basket| basket.currency = Currency::BHD,
    );
    let mut dollars = basket(&[(1_000, 1)]);
    dollars.currency = Currency::USD;
    let discounts = evaluate(&book([automatic(off_order(100)), automatic(percent(100_000))]), &dollars).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::OtherCurrency));
    assert_eq!(by_line(&discounts), [100]);
}

#[test]
fn shipping_is_free_beside_discounts_of_products() {
    // Shopify Help Center, "Examples of discount combinations", the first: 320.00 with free shipping.
    let over_100 = Condition::Subtotal { lines: Selector::default(), at_least: each(10_000), after_discounts: true };
    let book = book([
        automatic(on(&[1], off_units(2_000))),
        automatic(on(&[2], off_units(1_000))),
        Definition { condition: over_100, ..automatic(free_shipping()) },
    ]);
    let mut basket = basket(&[(10_000, 1), (5_000, 1), (20_000, 1)]);
    basket.shipping = shipping(2_000);
    let discounts = evaluate(&book, &basket).unwrap();
    assert_eq!((total(&discounts), discounts.shipping[0].discount), (3_000, 2_000));
    assert_eq!(discounts.redemptions.iter().map(|one| one.amount).collect::<Vec<_>>(), [2_000, 1_000, 2_000]);
}

#[test]
fn a_minimum_counts_what_others_left_where_it_says_so() {
    // Vendure reference, Promotion.priorityScore: buy one get one free, and 10 % off above 50.00.
    for (after_discounts, expected) in [(false, 3_300), (true, 3_000)] {
        let over_50 = Condition::Subtotal { lines: Selector::default(), at_least: each(5_000), after_discounts };
        let ten = Definition { condition: over_50, priority: -1, ..automatic(percent(100_000)) };
        let discounts = evaluate(&book([ten, automatic(buy_get(1, 1, 1_000_000))]), &basket(&[(3_000, 2)])).unwrap();
        assert_eq!(total(&discounts), expected);
        let reason = Refusal::MinimumNotMet { minimum: 5_000, missing: 2_000 };
        assert_eq!(outcome_of(&discounts, 1), if after_discounts { refused(reason) } else { applied(300) });
    }
}
