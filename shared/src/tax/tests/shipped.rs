//! How shipping is taxed.

use super::*;

fn charge(amount: i64, tax: ShippingTax) -> ShippingCharge {
    ShippingCharge { key: "parcel".to_owned(), amount, tax }
}

fn proportional(lines: &[&str]) -> ShippingTax {
    ShippingTax::Proportional { lines: lines.iter().map(|&key| key.to_owned()).collect() }
}

fn germany() -> TaxRules {
    rules(vec![rate(1, "MwSt.", "standard", 190_000), rate(2, "MwSt.", "reduced", 70_000)])
}

fn ask(mode: TaxMode, per: RoundingPer, lines: &[(&str, i64)], shipping: ShippingCharge) -> Taxed {
    let question = TaxQuestion { shipping: vec![shipping], ..question(mode, per, lines) };
    let taxed = tax(&germany(), &question).unwrap();
    assert_sound(&question, &taxed);
    taxed
}

#[test]
fn shipping_has_its_own_class_or_that_of_the_goods() {
    let lines = &[("standard", 7_500), ("reduced", 2_500)];
    let own = ShippingTax::Class { class: class("standard") };
    let taxed = ask(TaxMode::Exclusive, RoundingPer::Line, lines, charge(500, own));
    assert_eq!((taxed.shipping[0].tax, &taxed.shipping[0].why), (95, &TaxReason::Rated));

    // 3.75 at 19 % (0.7125) and 1.25 at 7 % (0.0875).
    let taxed = ask(TaxMode::Exclusive, RoundingPer::Line, lines, charge(500, proportional(&[])));
    let shipped = &taxed.shipping[0];
    assert_eq!((shipped.net, shipped.tax, &shipped.why, &shipped.class), (500, 80, &TaxReason::Proportional, &None));
    let parts: Vec<_> = shipped.rates.iter().map(|rate| (rate.ppm, rate.net, rate.tax)).collect();
    assert_eq!(parts, [(190_000, 375, 71), (70_000, 125, 9)]);
    assert_eq!(taxed.rates.iter().map(|sum| (sum.net, sum.tax)).collect::<Vec<_>>(), [(7_875, 1_496), (2_625, 184)]);
}

/// UStAE 3.10 and 10.1: what is ancillary shares the goods' rates; 5.95 on goods of 119.00 and 10.70 gross.
#[test]
fn shipping_that_holds_its_tax_is_split_by_what_the_goods_cost() {
    let lines = &[("standard", 11_900), ("reduced", 1_070)];
    let taxed = ask(TaxMode::Inclusive, RoundingPer::Rate, lines, charge(595, proportional(&[])));
    let shipped = &taxed.shipping[0];
    assert_eq!(shipped.gross, 595);
    assert_eq!(shipped.rates.iter().map(|rate| rate.net + rate.tax).collect::<Vec<_>>(), [546, 49]);
}

#[test]
fn a_delivery_is_taxed_as_its_own_lines_are() {
    let lines = &[("standard", 100), ("reduced", 100)];
    for (keys, expected) in [(&["line-0"][..], 190), (&["line-1"], 70), (&["line-0", "line-1"], 130)] {
        let taxed = ask(TaxMode::Exclusive, RoundingPer::Line, lines, charge(1_000, proportional(keys)));
        assert_eq!(taxed.shipping[0].tax, expected, "{keys:?}");
    }
}

#[test]
fn shipping_of_gifts_alone_is_taxed_as_standard() {
    for lines in [&[][..], &[("reduced", 0)]] {
        let taxed = ask(TaxMode::Exclusive, RoundingPer::Order, lines, charge(100, proportional(&[])));
        assert_eq!(taxed.shipping[0].tax, 19, "{lines:?}");
    }
    let taxed = ask(TaxMode::Exclusive, RoundingPer::Order, &[("reduced", 5)], charge(0, proportional(&[])));
    assert_eq!(taxed.shipping[0].gross, 0);
}

/// EN 16931, BR-CO-17: what has one rate is one amount. 4.99 × 7/107 = 0.3264; as 2.50 and 2.49, 0.1636 and 0.1629.
#[test]
fn shipping_of_classes_with_the_same_rate_is_one_amount() {
    let books = TaxRate { classes: vec![class("reduced"), class("books")], ..rate(1, "MwSt.", "reduced", 70_000) };
    let lines = &[("reduced", 100), ("books", 100)];
    for (mode, expected) in [(TaxMode::Inclusive, 33), (TaxMode::Exclusive, 35)] {
        let shipping = vec![charge(499, proportional(&[]))];
        let question = TaxQuestion { shipping, ..question(mode, RoundingPer::Line, lines) };
        let taxed = tax(&rules(vec![books.clone()]), &question).unwrap();
        assert_sound(&question, &taxed);
        let shipped = &taxed.shipping[0];
        assert_eq!((shipped.tax, shipped.rates.len()), (expected, 1), "{mode:?}");
        assert_eq!((&shipped.why, &shipped.class), (&TaxReason::Proportional, &None));
    }
}

#[test]
fn a_line_counts_once_however_often_its_key_is_named() {
    let lines = &[("standard", 100), ("reduced", 100)];
    let both = ask(TaxMode::Exclusive, RoundingPer::Line, lines, charge(1_000, proportional(&["line-0", "line-1"])));
    let named = proportional(&["line-1", "line-0", "line-1", "no such line"]);
    assert_eq!(ask(TaxMode::Exclusive, RoundingPer::Line, lines, charge(1_000, named)), both);
    let nothing = ask(TaxMode::Exclusive, RoundingPer::Line, lines, charge(100, proportional(&["no such line"])));
    assert_eq!(nothing.shipping[0].tax, 19, "as if it were all there is");
}

#[test]
fn naming_every_line_of_the_largest_order_is_naming_none() {
    let lines: Vec<(&str, i64)> =
        (1..10_000).map(|amount| (if amount % 3 == 0 { "reduced" } else { "standard" }, amount)).collect();
    let keys: Vec<String> = (0..lines.len()).rev().map(|key| format!("line-{key}")).collect();
    assert_eq!(lines.len() + 1, MOST_LINES);
    let all = ask(TaxMode::Inclusive, RoundingPer::Rate, &lines, charge(49_999, proportional(&[])));
    let named = ShippingTax::Proportional { lines: keys };
    assert_eq!(ask(TaxMode::Inclusive, RoundingPer::Rate, &lines, charge(49_999, named)), all);
}
