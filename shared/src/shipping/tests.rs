//! What is offered, and what is not.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::kernel::area::{Area, Place};
use crate::kernel::id::{LocationId, ShippingMethodId, ShippingZoneId};
use crate::kernel::money::Currency;
use crate::tax::{ShippingTax, TaxClass};

const EUR: Currency = Currency::EUR;

fn location(id: u128) -> LocationId {
    LocationId::from_u128(id)
}

fn amounts(amount: i64) -> Amounts {
    BTreeMap::from([(EUR, amount)])
}

fn method(id: u128, price: Price) -> ShippingMethod {
    ShippingMethod {
        id: ShippingMethodId::from_u128(id),
        name: format!("method {id}"),
        price,
        free_over: None,
        conditions: Conditions::default(),
        tax: Some(ShippingTax::Proportional { lines: Vec::new() }),
    }
}

fn flat(id: u128, amount: i64) -> ShippingMethod {
    method(id, Price::Flat { amounts: amounts(amount) })
}

fn zone(id: u128, areas: Vec<Area>, methods: Vec<ShippingMethod>) -> ShippingZone {
    ShippingZone { id: ShippingZoneId::from_u128(id), name: format!("zone {id}"), areas, methods }
}

fn rules(methods: Vec<ShippingMethod>) -> ShippingRules {
    ShippingRules { zones: vec![zone(1, vec![Area::everywhere()], methods)], pickups: Vec::new() }
}

/// One unit.
fn line(key: &str, amount: i64, weight: i64) -> DeliveryLine {
    DeliveryLine {
        key: key.to_owned(),
        quantity: 1,
        amount,
        weight,
        needs_shipping: true,
        location: None,
        class: None,
        tags: Vec::new(),
    }
}

fn to(country: &str, postcode: Option<&str>, lines: Vec<DeliveryLine>) -> Delivery {
    let destination = Some(Place::of_address(country.parse().unwrap(), None, postcode));
    Delivery { currency: EUR, destination, lines, external: Vec::new() }
}

fn to_germany(lines: Vec<DeliveryLine>) -> Delivery {
    to("DE", None, lines)
}

/// Of the only group's only offer.
fn offered(rules: &ShippingRules, delivery: &Delivery) -> Offered {
    let mut groups = rates(rules, delivery).unwrap();
    assert_eq!((groups.len(), groups[0].offers.len()), (1, 1));
    groups.remove(0).offers.remove(0).offered
}

fn amount(offered: &Offered) -> Option<i64> {
    match offered {
        Offered::Yes { amount, .. } => Some(*amount),
        Offered::No { .. } => None,
    }
}

fn table(measure: Measure) -> Price {
    let row = |up_to, amount| Row { up_to, amount };
    let rows = vec![row(Some(1_000), 490), row(Some(5_000), 890), row(Some(31_500), 1_690)];
    Price::Table { measure, rows: BTreeMap::from([(EUR, rows)]) }
}

#[test]
fn a_table_is_read_at_its_bounds() {
    let rules = rules(vec![method(1, table(Measure::Weight))]);
    for (weight, expected) in [
        (0, Some(490)),
        (1_000, Some(490)),
        (1_001, Some(890)),
        (5_000, Some(890)),
        (31_500, Some(1_690)),
        (31_501, None),
    ] {
        let offered = offered(&rules, &to_germany(vec![line("a", 100, weight)]));
        assert_eq!(amount(&offered), expected, "{weight} g: {offered:?}");
    }
    for measure in [Measure::Subtotal, Measure::Quantity] {
        let rules = self::rules(vec![method(1, table(measure))]);
        let heavy = DeliveryLine { quantity: 1_001, ..line("a", 1_001, 99_999) };
        assert_eq!(amount(&offered(&rules, &to_germany(vec![heavy]))), Some(890), "{measure}");
    }
}

#[test]
fn an_expression_is_of_the_whole_group() {
    let steps = Expression::Steps {
        of: Box::new(Expression::Sum(vec![Expression::Weight, Expression::Constant(-1_000)])),
        size: 500,
    };
    let above = Expression::Max(vec![Expression::Constant(0), steps]);
    let price =
        Expression::Sum(vec![Expression::Constant(500), Expression::Product(vec![Expression::Constant(100), above])]);
    let rules = rules(vec![method(1, Price::Expression { expressions: BTreeMap::from([(EUR, price)]) })]);
    assert_eq!(rules.check(), Ok(()));
    let lines = vec![line("a", 100, 800), line("b", 100, 701)];
    assert_eq!(amount(&offered(&rules, &to_germany(lines))), Some(700));

    let negative = Expression::Constant(-1);
    let rules = self::rules(vec![method(1, Price::Expression { expressions: BTreeMap::from([(EUR, negative)]) })]);
    let none = offered(&rules, &to_germany(vec![line("a", 1, 1)]));
    assert_eq!(none, Offered::No { why: vec![WhyNot::Incomputable] });
}

#[test]
fn a_threshold_makes_it_free_and_says_what_it_would_cost() {
    let free = |of| FreeOver { of, amounts: amounts(5_000) };
    let digital = DeliveryLine { needs_shipping: false, ..line("b", 1_000, 0) };
    for (of, first, expected) in [
        (FreeOverOf::Order, 4_000, Some(0)),
        (FreeOverOf::Order, 3_999, Some(590)),
        (FreeOverOf::Group, 4_000, Some(590)),
        (FreeOverOf::Group, 5_000, Some(0)),
    ] {
        let rules = rules(vec![ShippingMethod { free_over: Some(free(of)), ..flat(1, 590) }]);
        let delivery = to_germany(vec![line("a", first, 1), digital.clone()]);
        let offered = offered(&rules, &delivery);
        assert_eq!(amount(&offered), expected, "{of} {first}");
        if let Offered::Yes { amount: 0, why } = offered {
            let subtotal = if of == FreeOverOf::Order { first + 1_000 } else { first };
            assert_eq!(why, WhyPrice::FreeOver { threshold: 5_000, subtotal, otherwise: 590 });
        }
    }
}

#[test]
fn an_amount_is_of_one_currency() {
    let rules = rules(vec![ShippingMethod {
        free_over: Some(FreeOver { of: FreeOverOf::Order, amounts: BTreeMap::from([(EUR, 0)]) }),
        ..method(1, Price::Flat { amounts: BTreeMap::from([(EUR, 590), (Currency::KRW, 9_000)]) })
    }]);
    for (currency, expected) in [(EUR, Some(0)), (Currency::KRW, Some(9_000)), (Currency::USD, None)] {
        let delivery = Delivery { currency, ..to_germany(vec![line("a", 1, 1)]) };
        assert_eq!(amount(&offered(&rules, &delivery)), expected, "{currency}");
    }
}

#[test]
fn the_closest_zone_decides() {
    let postcodes =
        |country: &str, text: &str| Area::postcodes(country.parse().unwrap(), vec![text.parse().unwrap()]).unwrap();
    let rules = ShippingRules {
        zones: vec![
            zone(1, vec![Area::country("DE".parse().unwrap())], vec![flat(1, 490)]),
            zone(2, vec![postcodes("DE", "27498"), postcodes("ES", "35*")], vec![flat(2, 1_990)]),
        ],
        pickups: Vec::new(),
    };
    for (country, postcode, expected) in [
        ("DE", None, Ok(1)),
        ("DE", Some("10115"), Ok(1)),
        ("DE", Some("27498"), Ok(2)),
        ("ES", Some("35 001"), Ok(2)),
        ("ES", Some("28001"), Err(NoZone::NotServed)),
    ] {
        let groups = rates(&rules, &to(country, postcode, vec![line("a", 1, 1)])).unwrap();
        let zone = groups[0].zone.ok_or_else(|| groups[0].no_zone.unwrap());
        assert_eq!(zone, expected.map(ShippingZoneId::from_u128), "{country} {postcode:?}");
        assert_eq!(groups[0].offers.len(), usize::from(expected.is_ok()));
    }
}

#[test]
fn a_method_that_is_not_offered_says_every_reason() {
    let span = |min, max| Span { min, max };
    let conditions = Conditions {
        subtotal: BTreeMap::from([(EUR, span(Some(2_000), None))]),
        weight: Some(span(None, Some(1_000))),
        quantity: Some(span(Some(1), Some(3))),
        countries: vec!["AT".parse().unwrap()],
        locations: vec![location(1)],
        tags: Terms { any_of: Vec::new(), none_of: vec!["lithium".to_owned()] },
        classes: Terms { any_of: vec!["books".parse().unwrap()], none_of: Vec::new() },
    };
    let rules = rules(vec![ShippingMethod { conditions, ..flat(1, 100) }]);
    let books: TaxClass = "books".parse().unwrap();
    let good = DeliveryLine { location: Some(location(1)), class: Some(books), ..line("good", 2_000, 1_000) };
    assert_eq!(amount(&offered(&rules, &to("AT", None, vec![good.clone()]))), Some(100));

    let bad = DeliveryLine { tags: vec!["new".to_owned(), "lithium".to_owned()], ..line("bad", 1_999, 1_001) };
    let bad = DeliveryLine { quantity: 4, ..bad };
    let why = vec![
        WhyNot::Subtotal { span: span(Some(2_000), None), value: 1_999 },
        WhyNot::Weight { span: span(None, Some(1_000)), value: 1_001 },
        WhyNot::Quantity { span: span(Some(1), Some(3)), value: 4 },
        WhyNot::Country,
        WhyNot::Location,
        WhyNot::Tags { line: "bad".to_owned() },
        WhyNot::Class { line: "bad".to_owned() },
    ];
    assert_eq!(offered(&rules, &to_germany(vec![bad])), Offered::No { why });
}

#[test]
fn each_location_is_a_group_with_a_choice_of_its_own() {
    let rules = rules(vec![flat(1, 490), method(2, table(Measure::Weight))]);
    let of = |key: &str, weight, place: Option<u128>| DeliveryLine {
        location: place.map(location),
        ..line(key, 1_000, weight)
    };
    let download = DeliveryLine { needs_shipping: false, ..line("download", 999, 0) };
    let delivery = to_germany(vec![
        of("a", 900, Some(7)),
        download,
        of("b", 900, Some(5)),
        of("c", 900, Some(7)),
        of("d", 1, None),
    ]);
    let groups = rates(&rules, &delivery).unwrap();
    let seen: Vec<_> = groups.iter().map(|group| (group.location, group.lines.join(""), group.weight)).collect();
    let expected = [
        (Some(location(7)), "ac".to_owned(), 1_800),
        (Some(location(5)), "b".to_owned(), 900),
        (None, "d".to_owned(), 1),
    ];
    assert_eq!(seen, expected);

    let choice = |place: Option<u128>, method| Choice {
        location: place.map(location),
        method: ShippingMethodId::from_u128(method),
        service: None,
    };
    let all = [choice(Some(5), 2), choice(None, 1), choice(Some(7), 2)];
    let chosen = choose(&groups, &all).unwrap();
    assert_eq!(chosen.charges.iter().map(|charge| charge.amount).collect::<Vec<_>>(), [890, 490, 490]);
    assert_eq!(chosen.total, 1_870);
    let Some(ShippingTax::Proportional { lines }) = &chosen.charges[0].tax else { panic!("{chosen:?}") };
    assert_eq!(lines, &["a", "c"]);

    assert_eq!(choose(&groups, &all[..1]), Err(ChoiceError::Missing(vec![Some(location(7)), None])));
    assert_eq!(choose(&groups, &[choice(Some(5), 2), choice(Some(5), 1)]), Err(ChoiceError::Twice));
    assert_eq!(choose(&groups, &[choice(Some(6), 2)]), Err(ChoiceError::NoGroup));
    let unknown = ShippingMethodId::from_u128(9);
    let wrong = [choice(Some(5), 9), choice(None, 1), choice(Some(7), 2)];
    assert_eq!(choose(&groups, &wrong), Err(ChoiceError::NotOffered(unknown)));
}

#[test]
fn what_needs_no_shipping_costs_none() {
    let download = DeliveryLine { needs_shipping: false, ..line("download", 999, 0) };
    for lines in [vec![], vec![download]] {
        let groups = rates(&rules(vec![flat(1, 490)]), &to_germany(lines)).unwrap();
        assert_eq!(groups, []);
        assert_eq!(choose(&groups, &[]), Ok(Chosen { charges: Vec::new(), total: 0 }));
    }
}

#[test]
fn picking_up_needs_no_address_and_the_goods_at_the_place_if_they_have_one() {
    let pickup = |place, id| Pickup { location: location(place), method: flat(id, 0) };
    let rules = ShippingRules { pickups: vec![pickup(5, 10), pickup(6, 11)], ..rules(vec![flat(1, 490)]) };
    let at_five = DeliveryLine { location: Some(location(5)), ..line("a", 1_000, 1) };
    let nowhere = Delivery { destination: None, ..to_germany(vec![at_five.clone(), line("b", 1, 1)]) };
    let groups = rates(&rules, &nowhere).unwrap();
    assert_eq!(groups[0].offers.len(), 1);
    assert_eq!(groups[0].offers[0].kind, OfferKind::Pickup { location: location(5) });
    assert_eq!(amount(&groups[0].offers[0].offered), Some(0));
    // What has no place can be had at each.
    let places: Vec<_> = groups[1].offers.iter().map(|offer| offer.kind).collect();
    assert_eq!(places, [5, 6].map(|place| OfferKind::Pickup { location: location(place) }));
    assert_eq!((groups[0].no_zone, groups[1].no_zone), (Some(NoZone::NoDestination), Some(NoZone::NoDestination)));

    let groups = rates(&rules, &to_germany(vec![at_five])).unwrap();
    assert_eq!(
        groups[0].offers.iter().map(|offer| offer.kind == OfferKind::Delivery).collect::<Vec<_>>(),
        [true, false]
    );
}

fn external(fallback: ExternalFallback) -> ShippingRules {
    rules(vec![method(1, Price::External { provider: "acme".to_owned(), fallback })])
}

fn answered(outcome: ExternalOutcome) -> Delivery {
    let outcome = GroupOutcome { location: None, provider: "acme".to_owned(), outcome };
    Delivery { external: vec![outcome], ..to_germany(vec![line("a", 1, 1)]) }
}

#[test]
fn each_rate_of_a_provider_is_an_offer() {
    let rate = |service: &str, amount, currency| ExternalRate {
        service: service.to_owned(),
        name: format!("Acme {service}"),
        amount,
        currency,
    };
    let rules = external(ExternalFallback::Hide);
    let two = vec![rate("ground", 700, EUR), rate("air", 2_100, EUR)];
    let groups = rates(&rules, &answered(ExternalOutcome::Answered { rates: two })).unwrap();
    let offers: Vec<_> = groups[0].offers.iter().map(|offer| (offer.name.as_str(), amount(&offer.offered))).collect();
    assert_eq!(offers, [("Acme ground", Some(700)), ("Acme air", Some(2_100))]);
    let choice = |service: Option<&str>| Choice {
        location: None,
        method: ShippingMethodId::from_u128(1),
        service: service.map(str::to_owned),
    };
    assert_eq!(choose(&groups, &[choice(Some("air"))]).unwrap().total, 2_100);
    assert!(choose(&groups, &[choice(None)]).is_err());

    let none = offered(&rules, &answered(ExternalOutcome::Answered { rates: Vec::new() }));
    assert_eq!(none, Offered::No { why: vec![WhyNot::NoService { provider: "acme".to_owned() }] });
    let dollars = vec![rate("ground", 700, Currency::USD)];
    let dollars = offered(&rules, &answered(ExternalOutcome::Answered { rates: dollars }));
    let problem = "it answers in USD".to_owned();
    assert_eq!(dollars, Offered::No { why: vec![WhyNot::NoAnswer { provider: "acme".to_owned(), problem }] });
    let negative = vec![rate("ground", -1, EUR)];
    let negative = offered(&rules, &answered(ExternalOutcome::Answered { rates: negative }));
    assert_eq!(negative, Offered::No { why: vec![WhyNot::Incomputable] });
}

#[test]
fn without_an_answer_the_method_is_hidden_or_costs_what_is_stated() {
    for (delivery, problem) in [
        (answered(ExternalOutcome::TimedOut { after_millis: 900 }), "no answer in 900 ms"),
        (answered(ExternalOutcome::Failed { reason: "503".to_owned() }), "503"),
        (to_germany(vec![line("a", 1, 1)]), "not asked"),
    ] {
        let (provider, problem) = ("acme".to_owned(), problem.to_owned());
        let hidden = WhyNot::NoAnswer { provider: provider.clone(), problem: problem.clone() };
        assert_eq!(offered(&external(ExternalFallback::Hide), &delivery), Offered::No { why: vec![hidden] });
        let stated = external(ExternalFallback::Flat { amounts: amounts(990) });
        let why = WhyPrice::Fallback { provider, problem };
        assert_eq!(offered(&stated, &delivery), Offered::Yes { amount: 990, why });
    }
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let id = ShippingMethodId::from_u128(1);
    let row = |up_to, amount| Row { up_to, amount };
    let with_rows =
        |rows| rules(vec![method(1, Price::Table { measure: Measure::Weight, rows: BTreeMap::from([(EUR, rows)]) })]);
    for (rules, expected) in [
        (rules(vec![flat(1, 0), flat(2, 490)]), Ok(())),
        (rules(vec![flat(1, 0), flat(1, 490)]), Err(InvalidShippingRules::SameMethod(id))),
        (rules(vec![flat(1, -1)]), Err(InvalidShippingRules::NegativeAmount(id))),
        (with_rows(vec![row(Some(1), 1), row(Some(2), 1), row(None, 2)]), Ok(())),
        (with_rows(vec![row(None, 1), row(Some(2), 1)]), Err(InvalidShippingRules::RowsOutOfOrder(id))),
        (with_rows(vec![row(Some(2), 1), row(Some(2), 1)]), Err(InvalidShippingRules::RowsOutOfOrder(id))),
        (with_rows(vec![row(Some(2), -1)]), Err(InvalidShippingRules::NegativeAmount(id))),
        (with_rows(vec![row(Some(2), 1); MOST_ROWS + 1]), Err(InvalidShippingRules::TooManyRows(id))),
    ] {
        assert_eq!(rules.check(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    #[test]
    fn charges_sum_to_the_total_and_none_is_negative(
        lines in prop::collection::vec((0i64..10_000, 0i64..20_000, 0u128..4), 1..20),
        threshold in 0i64..20_000,
        flat_amount in 0i64..2_000,
    ) {
        let free = FreeOver { of: FreeOverOf::Group, amounts: amounts(threshold) };
        let rules = rules(vec![ShippingMethod { free_over: Some(free), ..flat(1, flat_amount) }, method(2, table(Measure::Weight))]);
        let lines: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(key, &(amount, weight, place))| DeliveryLine {
                location: (place != 0).then(|| location(place)),
                ..line(&key.to_string(), amount, weight)
            })
            .collect();
        let delivery = to_germany(lines);
        let groups = rates(&rules, &delivery).unwrap();
        prop_assert_eq!(groups.iter().map(|group| group.lines.len()).sum::<usize>(), delivery.lines.len());
        prop_assert_eq!(groups.iter().map(|group| group.subtotal).sum::<i64>(), delivery.lines.iter().map(|line| line.amount).sum::<i64>());
        let choices: Vec<_> = groups
            .iter()
            .map(|group| Choice { location: group.location, method: ShippingMethodId::from_u128(1), service: None })
            .collect();
        let chosen = choose(&groups, &choices).unwrap();
        prop_assert!(chosen.charges.iter().all(|charge| charge.amount == 0 || charge.amount == flat_amount));
        prop_assert_eq!(chosen.total, chosen.charges.iter().map(|charge| charge.amount).sum::<i64>());
    }

    #[test]
    fn no_delivery_panics(
        lines in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..5),
        large in prop::collection::vec((0i64.., 0i64.., 0i64..), 0..3),
        amount: i64,
        threshold: i64,
    ) {
        let free = FreeOver { of: FreeOverOf::Order, amounts: amounts(threshold) };
        let rows = vec![Row { up_to: Some(threshold), amount }, Row { up_to: None, amount }];
        let rules = rules(vec![
            ShippingMethod { free_over: Some(free), ..flat(1, amount) },
            method(2, Price::Table { measure: Measure::Quantity, rows: BTreeMap::from([(EUR, rows)]) }),
        ]);
        for lines in [lines, large] {
            let lines = lines.iter().map(|&(amount, weight, quantity)| DeliveryLine { quantity, ..line("a", amount, weight) });
            if let Ok(groups) = rates(&rules, &to_germany(lines.collect())) {
                for offer in groups.iter().flat_map(|group| &group.offers) {
                    prop_assert!(self::amount(&offer.offered).is_none_or(|amount| 0 <= amount));
                }
            }
        }
        let _ = rules.check();
    }
}

#[test]
fn all_that_is_wrong_with_a_method_is_told_by_its_place() {
    let row = |up_to, amount| Row { up_to, amount };
    let rows = BTreeMap::from([
        (EUR, vec![row(Some(5), -1), row(Some(5), 1), row(None, 2), row(Some(9), 3)]),
        (Currency::USD, vec![row(None, -2)]),
    ]);
    let method = method(1, Price::Table { measure: Measure::Weight, rows });
    let places: Vec<String> = method.price.faults().into_iter().map(|(place, _)| place).collect();
    let expected = ["EUR/0/amount", "EUR/1/upTo", "EUR/3/upTo", "USD/0/amount"];
    assert_eq!(places, expected.map(|place| format!("price/rows/{place}")));
}
