//! Which list wins, and what becomes of the others.

use super::*;
use ListKind::{Override, Sale};
use RuleTarget::{All, Product, Variant};

const THIS: RuleTarget = Variant(VariantId::from_u128(1));
const OTHER: RuleTarget = Variant(VariantId::from_u128(2));
const ITS_PRODUCT: RuleTarget = Product(ProductId::from_u128(1));

/// Price, what it is compared with, and the list that won, where one did.
type Outcome = (i64, Option<i64>, Option<u128>);

fn outcome(lists: Vec<PriceList>, base: &[BasePrice]) -> Outcome {
    let resolved = resolve(&book(lists), &question(base)).unwrap();
    let winner = (1..=9).find(|raw| PriceSource::List(list_id(*raw)) == resolved.source);
    (resolved.unit_price.minor(), resolved.compare_at_price.map(Money::minor), winner)
}

#[test]
fn one_price_wins() {
    let both = [BasePrice { price: eur(1_000), compare_at_price: Some(eur(1_200)) }];
    let cases: Vec<(&str, Vec<PriceList>, Outcome)> = vec![
        ("no list: the catalog, with what it compares with", vec![], (1_000, Some(1_200), None)),
        ("a sale shows the price that it replaces", vec![flat(1, Sale, 0, 800)], (800, Some(1_000), Some(1))),
        ("a sale is never above it", vec![flat(1, Sale, 0, 1_001)], (1_000, Some(1_200), None)),
        ("nor the same", vec![flat(1, Sale, 0, 1_000)], (1_000, Some(1_200), None)),
        ("an override replaces it", vec![flat(1, Override, 0, 900)], (900, None, Some(1))),
        ("even where it is higher", vec![flat(1, Override, 0, 1_500)], (1_500, None, Some(1))),
        ("a sale of an override", vec![flat(1, Override, 0, 900), flat(2, Sale, 0, 850)], (850, Some(900), Some(2))),
        ("not above the override", vec![flat(1, Override, 0, 900), flat(2, Sale, 0, 950)], (900, None, Some(1))),
        (
            "below a dear override, above the catalog",
            vec![flat(1, Override, 0, 1_500), flat(2, Sale, 0, 1_400)],
            (1_400, Some(1_500), Some(2)),
        ),
        (
            "an override of higher priority keeps sales away",
            vec![flat(1, Override, 5, 900), flat(2, Sale, 4, 100)],
            (900, None, Some(1)),
        ),
        (
            "a sale of higher priority meets it",
            vec![flat(1, Override, 5, 900), flat(2, Sale, 6, 850)],
            (850, Some(900), Some(2)),
        ),
        (
            "priority before price, among overrides",
            vec![flat(1, Override, 1, 700), flat(2, Override, 2, 900)],
            (900, None, Some(2)),
        ),
        (
            "priority before price, among sales",
            vec![flat(1, Sale, 1, 700), flat(2, Sale, 2, 900)],
            (900, Some(1_000), Some(2)),
        ),
        (
            "a sale that is not lower makes room",
            vec![flat(1, Sale, 1, 700), flat(2, Sale, 2, 1_000)],
            (700, Some(1_000), Some(1)),
        ),
        (
            "the same priority: the lower price",
            vec![flat(1, Sale, 0, 800), flat(2, Sale, 0, 700)],
            (700, Some(1_000), Some(2)),
        ),
        (
            "the same price: the older list",
            vec![flat(2, Sale, 0, 800), flat(1, Sale, 0, 800)],
            (800, Some(1_000), Some(1)),
        ),
        ("a free sale", vec![share(1, Sale, 0, -100)], (0, Some(1_000), Some(1))),
        ("a percentage", vec![share(1, Sale, 0, -15)], (850, Some(1_000), Some(1))),
        ("a surcharge", vec![share(1, Override, 0, 25)], (1_250, None, Some(1))),
    ];
    for (name, mut lists, expected) in cases {
        assert_eq!(outcome(lists.clone(), &both), expected, "{name}");
        lists.reverse();
        assert_eq!(outcome(lists, &both), expected, "{name}, the other way round");
    }
}

#[test]
fn within_a_list_the_closer_rule_and_the_higher_tier_come_first() {
    let rules = [
        fixed(THIS, 1, eur(900)),
        fixed(THIS, 10, eur(800)),
        fixed(THIS, 50, eur(700)),
        fixed(ITS_PRODUCT, 1, eur(650)),
        percent(All, 1, -50),
        percent(All, 100, -60),
        fixed(OTHER, 1, eur(1)),
    ];
    for (name, rules, quantity, expected) in [
        ("first tier", &rules[..], 1, 900),
        ("just below the second", &rules[..], 9, 900),
        ("the second is reached", &rules[..], 10, 800),
        ("just below the third", &rules[..], 49, 800),
        ("the third", &rules[..], 50, 700),
        ("above the last", &rules[..], 9_999, 700),
        ("below the first tier: the product's", &rules[1..], 9, 650),
        ("no rule for the variant: the product's", &rules[3..], 1, 650),
        ("none for the product: everything's", &rules[4..], 99, 500),
        ("and its tier", &rules[4..], 100, 400),
        ("a tier that is not reached leaves the catalog", &rules[5..], 99, 1_000),
        ("another variant's price", &rules[6..], 1, 1_000),
    ] {
        let book = book(vec![PriceList { rules: rules.to_vec(), ..list(1, Override, 0) }]);
        let base = [at(eur(1_000))];
        let asked = PriceQuestion { quantity: units(quantity), ..question(&base) };
        assert_eq!(resolve(&book, &asked).unwrap().unit_price, eur(expected), "{name}");
    }
}

#[test]
fn a_list_takes_part_for_whom_and_when_it_is_meant() {
    let moment = |millis| Some(Timestamp::from_millis(millis));
    let base = [at(eur(1_000))];
    let sale = || flat(1, Sale, 0, 800);
    for (name, list, verdict) in [
        ("everybody", sale(), Verdict::Won),
        ("a draft", PriceList { active: false, ..sale() }, Verdict::Inactive),
        ("begins now", PriceList { starts_at: moment(NOW), ..sale() }, Verdict::Won),
        ("begins in a millisecond", PriceList { starts_at: moment(NOW + 1), ..sale() }, Verdict::NotStarted),
        ("ends in a millisecond", PriceList { ends_at: moment(NOW + 1), ..sale() }, Verdict::Won),
        ("ends now", PriceList { ends_at: moment(NOW), ..sale() }, Verdict::Ended),
        ("this channel", PriceList { channels: vec![ChannelId::from_u128(1)], ..sale() }, Verdict::Won),
        ("another", PriceList { channels: vec![ChannelId::from_u128(2)], ..sale() }, Verdict::OtherChannel),
        (
            "one of the groups",
            PriceList { groups: vec![CustomerGroupId::from_u128(7), CustomerGroupId::from_u128(1)], ..sale() },
            Verdict::Won,
        ),
        ("another group", PriceList { groups: vec![CustomerGroupId::from_u128(7)], ..sale() }, Verdict::OtherGroup),
        ("this currency", PriceList { currencies: vec![USD, EUR], ..sale() }, Verdict::Won),
        ("another currency", PriceList { currencies: vec![USD], ..sale() }, Verdict::OtherCurrency),
        ("no rules", list(1, Sale, 0), Verdict::NoRule),
        ("a price in dollars", PriceList { rules: vec![fixed(All, 1, usd(1))], ..sale() }, Verdict::NoRule),
        ("from ten on", PriceList { rules: vec![fixed(THIS, 10, eur(1))], ..sale() }, Verdict::BelowQuantity),
    ] {
        let considered = explain(&book(vec![list]), &question(&base)).considered;
        assert_eq!(considered[1].verdict, verdict, "{name}");
        let of_catalog = if verdict == Verdict::Won { Verdict::Replaced } else { Verdict::Won };
        assert_eq!(considered[0].verdict, of_catalog, "{name}");
    }
    // Without a channel, and in no group, only what is for everybody remains.
    for list in [
        PriceList { channels: vec![ChannelId::from_u128(1)], ..sale() },
        PriceList { groups: vec![CustomerGroupId::from_u128(1)], ..sale() },
    ] {
        let asked = PriceQuestion { channel: None, groups: &[], ..question(&base) };
        assert_eq!(resolve(&book(vec![list]), &asked).unwrap().source, PriceSource::Catalog);
    }
}

#[test]
fn everyone_who_lost_is_told_why() {
    let lists = vec![
        flat(1, Sale, 9, 1_100),
        flat(2, Sale, 5, 880),
        flat(3, Sale, 5, 870),
        flat(4, Sale, 5, 870),
        flat(5, Sale, 4, 860),
        flat(6, Override, 3, 900),
        flat(7, Override, 3, 950),
        flat(8, Override, 3, 900),
        flat(9, Override, 2, 100),
        flat(10, Sale, 2, 100),
        PriceList { active: false, ..flat(11, Override, 1, 100) },
    ];
    let base = [at(eur(1_000))];
    let explained = explain(&book(lists), &question(&base));
    let verdicts: Vec<_> = explained.considered.iter().map(|it| (it.source, it.price, it.verdict)).collect();
    let of = |id, minor, verdict| (PriceSource::List(list_id(id)), Some(eur(minor)), verdict);
    assert_eq!(
        verdicts,
        [
            (PriceSource::Catalog, Some(eur(1_000)), Verdict::Replaced),
            of(1, 1_100, Verdict::NotLower),
            of(2, 880, Verdict::HigherPrice),
            of(3, 870, Verdict::Won),
            of(4, 870, Verdict::NewerList),
            of(5, 860, Verdict::LowerPriority),
            of(6, 900, Verdict::Replaced),
            of(7, 950, Verdict::HigherPrice),
            of(8, 900, Verdict::NewerList),
            of(9, 100, Verdict::LowerPriority),
            of(10, 100, Verdict::LowerPriority),
            (PriceSource::List(list_id(11)), None, Verdict::Inactive),
        ]
    );
    let resolved = explained.resolved.unwrap();
    assert_eq!((resolved.unit_price, resolved.compare_at_price), (eur(870), Some(eur(900))));
}

#[test]
fn lists_on_lists_round_once_each_and_tell_their_steps() {
    let nines = PriceEnding { currency: EUR, step: 100, offset: 99, toward: Toward::Nearest };
    let based = |list: PriceList, on: u128| PriceList { based_on: Some(list_id(on)), ..list };
    let lists = vec![
        // Retail is 10 % above the catalog, to .99: 10.05 is 11.055, so 10.99.
        PriceList { endings: vec![nines], active: true, ..share(1, Override, 0, 10) },
        // Wholesale is 15 % below retail: 9.3415, so 9.34.
        based(share(2, Override, 1, -15), 1),
        // Staff pays 25 % less than wholesale: 7.005, so 7.01.
        based(share(3, Override, 2, -25), 2),
    ];
    let base = [at(eur(1_005))];
    let resolved = resolve(&book(lists), &question(&base)).unwrap();
    assert_eq!(resolved.unit_price, eur(701));
    let adjusted = |list, percent: i64, from, to, ending| PriceStep::Adjusted {
        list: list_id(list),
        min_quantity: units(1),
        change_ppm: Rate::from_ppm(percent * 10_000),
        from: eur(from),
        to: eur(to),
        ending,
    };
    assert_eq!(
        resolved.steps,
        [
            PriceStep::Catalog { price: eur(1_005) },
            adjusted(1, 10, 1_005, 1_099, Some(nines)),
            adjusted(2, -15, 1_099, 934, None),
            adjusted(3, -25, 934, 701, None),
        ]
    );
}

#[test]
fn what_a_list_is_based_on_counts_while_it_is_in_force_whoever_it_is_for() {
    let base = [at(eur(1_000))];
    let half = || PriceList { based_on: Some(list_id(2)), ..share(1, Override, 9, -50) };
    let groups = vec![CustomerGroupId::from_u128(7)];
    let ended = Some(Timestamp::from_millis(NOW));
    for (name, below, expected, last) in [
        ("its price", flat(2, Override, 0, 600), 300, 2),
        ("for others too", PriceList { groups, ..flat(2, Override, 0, 600) }, 300, 2),
        ("not after it has ended", PriceList { ends_at: ended, ..flat(2, Override, 0, 600) }, 500, 2),
        ("not for another variant", PriceList { rules: vec![fixed(OTHER, 1, eur(1))], ..list(2, Override, 0) }, 500, 2),
        ("not below its quantity", PriceList { rules: vec![fixed(THIS, 9, eur(1))], ..list(2, Override, 0) }, 500, 2),
        ("a sale never above the catalog", flat(2, Sale, 0, 1_400), 500, 2),
        ("an override above it", flat(2, Override, 0, 1_400), 700, 2),
    ] {
        let resolved = resolve(&book(vec![half(), below]), &question(&base)).unwrap();
        assert_eq!((resolved.unit_price, resolved.steps.len()), (eur(expected), last), "{name}");
        assert_eq!(resolved.source, PriceSource::List(list_id(1)), "{name}");
    }
}

#[test]
fn a_broken_base_does_no_harm() {
    let base = [at(eur(1_000))];
    let on = |list: PriceList, base: u128| PriceList { based_on: Some(list_id(base)), ..list };
    for (lists, verdict) in [
        (vec![on(share(1, Sale, 0, -10), 1)], Verdict::BaseCycle),
        (vec![on(share(1, Sale, 0, -10), 2), on(share(2, Sale, 0, -10), 1)], Verdict::BaseCycle),
        (vec![on(share(1, Sale, 0, -10), 9)], Verdict::BaseUnknown),
        (
            (1..=9)
                .map(|id| if id == 9 { share(9, Sale, 0, -10) } else { on(share(id, Sale, 0, -10), id + 1) })
                .collect(),
            Verdict::BaseTooDeep,
        ),
    ] {
        let explained = explain(&book(lists), &question(&base));
        assert_eq!(explained.considered[1].verdict, verdict);
        assert!(explained.resolved.is_ok());
    }
    // Its own fixed prices hold.
    let mut cyclic = on(flat(1, Sale, 0, 700), 1);
    cyclic.rules.push(percent(OTHER, 1, -10));
    assert_eq!(resolve(&book(vec![cyclic]), &question(&base)).unwrap().unit_price, eur(700));
}

#[test]
fn without_a_regular_price_there_is_nothing_to_sell() {
    let no_price = Err(PricingError::NoPrice { currency: EUR });
    let asked =
        |lists: Vec<PriceList>, base: &[BasePrice]| resolve(&book(lists), &question(base)).map(|it| it.unit_price);
    assert_eq!(asked(vec![], &[]), no_price);
    assert_eq!(asked(vec![flat(1, Sale, 0, 100), share(2, Override, 0, -10)], &[]), no_price);
    assert_eq!(asked(vec![], &[at(usd(100))]), no_price);
    // An override list sells what the catalog does not, and then it can be on sale.
    assert_eq!(asked(vec![flat(1, Override, 0, 100)], &[]), Ok(eur(100)));
    assert_eq!(asked(vec![flat(1, Override, 0, 100), flat(2, Sale, 0, 90)], &[]), Ok(eur(90)));
    assert_eq!(asked(vec![], &[at(eur(-1))]), Err(PricingError::OutOfRange));
    // A percentage that takes the price out of range loses.
    let highest = crate::catalog::HIGHEST_PRICE;
    let explained = explain(&book(vec![share(1, Override, 0, 1)]), &question(&[at(eur(highest))])).considered;
    assert_eq!((explained[0].verdict, explained[1].verdict), (Verdict::Won, Verdict::OutOfRange));
}

#[test]
fn a_book_that_could_not_have_been_written_is_refused() {
    let refused = |parts: BookParts| PriceBook::new(parts).unwrap_err();
    let twice = parts(vec![flat(1, Sale, 0, 1), flat(1, Override, 3, 2)]);
    assert_eq!(refused(twice), BookError::DuplicateList(list_id(1)));
    let error = refused(parts(vec![flat(1, Sale, 0, -1)]));
    assert!(matches!(&error, BookError::List { fault, .. } if fault.path == "rules/0/price"), "{error}");
    let nines = PriceEnding { currency: EUR, step: 100, offset: 99, toward: Toward::Up };
    let error = refused(BookParts { endings: vec![nines, nines], ..parts(vec![]) });
    assert!(matches!(error, BookError::Ending { currency: EUR, .. }), "{error}");
    let rates = vec![rate(EUR, USD, "1.1"), rate(EUR, USD, "1.2")];
    let error = refused(BookParts { rates, ..parts(vec![]) });
    assert!(matches!(error, BookError::Rate { base: EUR, quote: USD, .. }), "{error}");
    let error = refused(BookParts { rates: vec![rate(EUR, EUR, "1")], ..parts(vec![]) });
    assert!(error.to_string().contains("another currency"), "{error}");
}
