//! Codes, counters, caps and times: what is refused says why.

use super::*;

fn entering(codes: &[&str], lines: &[(i64, i64)]) -> Basket {
    Basket { codes: codes.iter().map(|code| (*code).to_owned()).collect(), ..basket(lines) }
}

#[test]
fn a_code_is_found_however_it_is_written_and_counted_with_its_id() {
    let mut book = with_codes(book([automatic(percent(100_000))]));
    book.codes[0].code = "SAVE-10".parse().unwrap();
    let mut basket = entering(&[" save-10 ", "Save 10", "SAVE-11"], &[(1_000, 1)]);
    basket.customer = Some("usr_1".to_owned());
    let discounts = evaluate(&book, &basket).unwrap();
    let unknown = refused(Refusal::Unknown);
    assert_eq!(outcomes(&discounts), [applied(100), unknown, unknown]);
    assert_eq!(discounts.codes[0].code, " save-10 ");
    let customer = Some("usr_1".to_owned());
    let (promotion, code) = (promotion(1), Some(book.codes[0].id));
    assert_eq!(discounts.redemptions, [Redemption { promotion, code, customer, amount: 100 }]);
    // Without its code a promotion is not even considered.
    let discounts = evaluate(&book, &super::basket(&[(1_000, 1)])).unwrap();
    assert_eq!((total(&discounts), discounts.trace.considered.len()), (0, 0));
}

#[test]
fn one_promotion_applies_once_however_many_of_its_codes_are_entered() {
    let mut book = with_codes(book([automatic(off_order(100))]));
    book.codes.push(code("B", promotion(1)));
    let repeated = refused(Refusal::Repeated);
    for (codes, expected) in [
        (&["A", "B"][..], &[applied(100), repeated][..]),
        (&["B", "A"], &[repeated, applied(100)]),
        (&["a", "A"], &[applied(100), repeated]),
        (&["b"], &[applied(100)]),
    ] {
        let discounts = evaluate(&book, &entering(codes, &[(1_000, 1)])).unwrap();
        assert_eq!(outcomes(&discounts), expected, "{codes:?}");
        assert_eq!(discounts.redemptions.len(), 1);
    }
    // Where one is used up, the other still does.
    book.codes[0].limit = Some(1);
    book.codes[0].used = 1;
    let discounts = evaluate(&book, &entering(&["A", "B"], &[(1_000, 1)])).unwrap();
    assert_eq!(outcomes(&discounts), [refused(Refusal::CodeLimitReached), applied(100)]);
    assert_eq!(discounts.redemptions[0].code, Some(book.codes[1].id));
}

#[test]
fn limits_hold_for_automatic_promotions_and_for_codes() {
    // Vendure 4353: limits of automatic promotions were ignored. Vendure pull request 4660: so was that of a coupon
    // for a single use, between two checkouts.
    for is_automatic in [true, false] {
        let mut book = with_codes(book([Definition { limit: Some(100), ..automatic(percent(100_000)) }]));
        if is_automatic {
            book.promotions[0].definition.trigger = Trigger::Automatic;
        }
        for (used, expected) in [
            (0, applied(100)),
            (99, applied(100)),
            (100, refused(Refusal::LimitReached)),
            (101, refused(Refusal::LimitReached)),
        ] {
            book.promotions[0].used = used;
            let discounts = evaluate(&book, &entering(&["A"], &[(1_000, 1)])).unwrap();
            assert_eq!(outcome_of(&discounts, 1), expected);
            assert_eq!(discounts.redemptions.len(), usize::from(used < 100));
        }
    }
}

#[test]
fn a_limit_for_each_customer_needs_the_customer() {
    let mut book = book([Definition { limit_per_customer: Some(1), ..automatic(percent(100_000)) }]);
    let mut basket = basket(&[(1_000, 1)]);
    let discounts = evaluate(&book, &basket).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::NotKnownYet { fact: Fact::Customer }));
    basket.customer = Some("usr_1".to_owned());
    assert_eq!(outcome_of(&evaluate(&book, &basket).unwrap(), 1), applied(100));
    book.promotions[0].used_by_customer = 1;
    assert_eq!(outcome_of(&evaluate(&book, &basket).unwrap(), 1), refused(Refusal::CustomerLimitReached));
}

#[test]
fn a_promotion_has_its_time() {
    // Saleor 16485 and 15025: discounts did nothing until a job had run. Here nothing but the instant is asked for.
    let at = |millis: i64| Timestamp::from_millis(NOW.millis() + millis);
    let definition = Definition { starts_at: Some(at(0)), ends_at: Some(at(1_000)), ..automatic(percent(100_000)) };
    for (millis, expected) in [
        (-1, refused(Refusal::NotStarted { starts_at: at(0) })),
        (0, applied(100)),
        (999, applied(100)),
        (1_000, refused(Refusal::Expired { ended_at: at(1_000) })),
    ] {
        let basket = Basket { at: at(millis), ..basket(&[(1_000, 1)]) };
        let discounts = evaluate(&book([definition.clone()]), &basket).unwrap();
        assert_eq!(outcome_of(&discounts, 1), expected, "{millis}");
    }
    let off = Definition { active: false, ..definition };
    let discounts = evaluate(&book([off]), &basket(&[(1_000, 1)])).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::Inactive));
}

#[test]
fn a_cap_is_shared_by_the_lines_it_would_have_reduced() {
    let capped = |effect| Definition { max_discount: each(1_000), ..automatic(effect) };
    let lines = [(10_000, 1), (5_000, 1), (5_000, 1)];
    for (effect, expected) in [
        (percent(500_000), [500, 250, 250]),
        (percent(10_000), [100, 50, 50]),
        (off_order(9_000), [500, 250, 250]),
        (on(&[2, 3], off_units(900)), [0, 500, 500]),
        (buy_get(1, 1, 1_000_000), [0, 1_000, 0]),
    ] {
        let discounts = evaluate(&book([capped(effect.clone())]), &basket(&lines)).unwrap();
        assert_eq!(by_line(&discounts), expected, "{effect:?}");
    }
    let mut basket = Basket { currency: Currency::USD, ..basket(&lines) };
    let discounts = evaluate(&book([capped(percent(500_000))]), &basket).unwrap();
    assert_eq!(outcome_of(&discounts, 1), refused(Refusal::OtherCurrency), "no cap must not mean no limit");
    basket.currency = Currency::EUR;
    basket.shipping = shipping(1_500);
    let discounts = evaluate(&book([capped(free_shipping())]), &basket).unwrap();
    assert_eq!(discounts.shipping[0].discount, 1_000);
}

#[test]
fn what_cannot_be_computed_is_an_error() {
    let none = PromotionBook::default();
    let twice = Basket { lines: vec![line(1, 1, 1), line(1, 1, 1)], ..basket(&[]) };
    assert_eq!(evaluate(&none, &twice), Err(PromotionError::RepeatedKey));
    assert_eq!(evaluate(&none, &basket(&[(-1, 1)])), Err(PromotionError::Negative));
    assert_eq!(evaluate(&none, &basket(&[(i64::MAX, 2)])), Err(PromotionError::Overflow));
    assert_eq!(evaluate(&none, &basket(&[(i64::MAX, 1), (1, 1)])), Err(PromotionError::Overflow));
    let many = Basket { codes: vec![String::new(); MOST_CODES + 1], ..basket(&[]) };
    assert_eq!(evaluate(&none, &many), Err(PromotionError::TooManyCodes));
    let mut double = book([automatic(percent(1)), automatic(percent(1))]);
    double.promotions[1].id = promotion(1);
    assert_eq!(evaluate(&double, &basket(&[])), Err(PromotionError::RepeatedPromotion));
    let group = StackingGroup { key: "a".to_owned(), priority: 0, within: Within::Best, excludes: BTreeSet::new() };
    let crowd = PromotionBook { groups: vec![group; MOST_GROUPS + 1], ..PromotionBook::default() };
    assert_eq!(evaluate(&crowd, &basket(&[])), Err(PromotionError::TooManyGroups));
    let delivery = |amount| Basket { shipping: shipping(amount), ..basket(&[]) };
    assert_eq!(evaluate(&none, &delivery(-1)), Err(PromotionError::Negative));
    assert_eq!(evaluate(&none, &delivery(1)).unwrap().shipping[0].discount, 0);
}
