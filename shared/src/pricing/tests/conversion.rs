//! Prices in currencies that the merchant has set none in.

use proptest::prelude::*;

use super::*;
use Currency::{BHD, CLF, CLP, CZK, GBP, JPY, KRW, OMR, XOF, XPF};
use ListKind::{Override, Sale};

fn with_rates(settlement: Currency, rates: Vec<ExchangeRate>) -> PriceBook {
    PriceBook::new(BookParts { settlement, rates, ..parts(Vec::new()) }).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

#[test]
fn amounts_are_converted_exactly_and_rounded_once() {
    for (source, rates, from, to) in [
        // Slovenia's changeover, "Rounding rules": 239.640 tolars to the euro, divided and never multiplied by an
        // inverse; an exact half goes up. Tolars had two decimals, as crowns have, and are no currency any more.
        ("500 SIT", vec![rate(EUR, CZK, "239.640")], Money::new(50_000, CZK), eur(209)),
        ("1000 SIT", vec![rate(EUR, CZK, "239.640")], Money::new(100_000, CZK), eur(417)),
        ("24.784", vec![rate(EUR, BHD, "1")], Money::new(24_784, BHD), eur(2_478)),
        ("24.785", vec![rate(EUR, BHD, "1")], Money::new(24_785, BHD), eur(2_479)),
        // Croatia's fixed rate, Council Regulation (EU) 2022/1208: 7.53450 kuna, here over crowns.
        ("100 HRK", vec![rate(EUR, CZK, "7.53450")], Money::new(10_000, CZK), eur(1_327)),
        // Council Decision 98/683/EC: 655.957 CFA francs to the euro; no decimals.
        ("10 EUR", vec![rate(EUR, XOF, "655.957")], eur(1_000), Money::new(6_560, XOF)),
        ("1000 XOF", vec![rate(EUR, XOF, "655.957")], Money::new(1_000, XOF), eur(152)),
        // French decree 98-1152: 1,000 CFP francs are 8.38 euro.
        ("1000 XPF", vec![rate(XPF, EUR, "0.00838")], Money::new(1_000, XPF), eur(838)),
        ("8.38 EUR", vec![rate(XPF, EUR, "0.00838")], eur(838), Money::new(1_000, XPF)),
        // The pegs of Bahrain, 0.376 dinar to the dollar, and Oman, 0.3845 rial: three decimals.
        ("100 USD", vec![rate(USD, BHD, "0.376")], usd(10_000), Money::new(37_600, BHD)),
        ("0.01 USD", vec![rate(USD, BHD, "0.376")], usd(1), Money::new(4, BHD)),
        ("1 BHD", vec![rate(USD, BHD, "0.376")], Money::new(1_000, BHD), usd(266)),
        ("1 OMR", vec![rate(USD, OMR, "0.3845")], Money::new(1_000, OMR), usd(260)),
        // Over a third currency that both are quoted against: 1 OMR = 0.376 / 0.3845 BHD.
        (
            "OMR in BHD",
            vec![rate(USD, OMR, "0.3845"), rate(USD, BHD, "0.376")],
            Money::new(1_000_000, OMR),
            Money::new(977_893, BHD),
        ),
        // A won is a small part of a euro: parts per million would make this 5.88 and 0.59.
        ("10000 KRW", vec![rate(KRW, EUR, "0.000587123456")], Money::new(10_000, KRW), eur(587)),
        ("1000000 KRW", vec![rate(KRW, EUR, "0.000587123456")], Money::new(1_000_000, KRW), eur(58_712)),
        // Four decimals and none: the unidad de fomento in pesos.
        ("1.2345 CLF", vec![rate(CLF, CLP, "38419.17")], Money::new(12_345, CLF), Money::new(47_428, CLP)),
        ("47428 CLP", vec![rate(CLF, CLP, "38419.17")], Money::new(47_428, CLP), Money::new(12_345, CLF)),
        ("a refund mirrors its charge", vec![rate(EUR, JPY, "172.5")], eur(-100), Money::new(-173, JPY)),
        ("the same currency", vec![], eur(5), eur(5)),
    ] {
        let converted = with_rates(EUR, rates.clone()).convert(from, to.currency(), now(), Rounding::HalfUp).unwrap();
        assert_eq!(converted.amount, to, "{source}");
        assert_eq!(converted.rates.len(), rates.len(), "{source}");
    }
}

#[test]
fn the_rate_that_was_known_then_decides_while_it_lives() {
    let moment = Timestamp::from_millis;
    let of = |as_of, valid_until, text| ExchangeRate {
        as_of: moment(as_of),
        valid_until: moment(valid_until),
        ..rate(EUR, USD, text)
    };
    let book = with_rates(EUR, vec![of(200, 300, "1.2"), of(100, 250, "1.1"), of(500, 600, "1.3")]);
    let dollars = |at| book.convert(eur(100), USD, moment(at), Rounding::HalfUp).map(|it| it.amount.minor());
    let stale = |as_of, valid_until| {
        let (as_of, valid_until) = (moment(as_of), moment(valid_until));
        Err(PricingError::StaleRate { base: EUR, quote: USD, as_of, valid_until })
    };
    for (at, expected) in [
        (99, Err(PricingError::NoRate { from: EUR, to: USD })),
        (100, Ok(110)),
        (199, Ok(110)),
        (200, Ok(120)),
        // The newer one took the place of the older, which would still be valid at 249.
        (299, Ok(120)),
        (300, stale(200, 300)),
        (499, stale(200, 300)),
        (500, Ok(130)),
        (600, stale(500, 600)),
    ] {
        assert_eq!(dollars(at), expected, "{at}");
    }
    assert_eq!(
        stale(200, 300).unwrap_err().to_string(),
        "the exchange rate of EUR in USD of 1970-01-01T00:00:00.200Z was valid until 1970-01-01T00:00:00.300Z"
    );
}

#[test]
fn the_most_direct_way_decides_even_where_it_is_stale() {
    let old = |rate: ExchangeRate| ExchangeRate { valid_until: now(), ..rate };
    let way =
        |rates| with_rates(EUR, rates).convert(usd(1_000), GBP, now(), Rounding::HalfUp).map(|it| it.amount.minor());
    let stale = |base, quote| {
        Err(PricingError::StaleRate { base, quote, as_of: Timestamp::from_millis(0), valid_until: now() })
    };
    let (direct, against) = (rate(USD, GBP, "0.8"), rate(GBP, USD, "1.6"));
    let (first, second) = (rate(EUR, USD, "2"), rate(EUR, GBP, "1"));
    let (other_first, other_second) = (rate(JPY, USD, "4"), rate(JPY, GBP, "1"));
    let both = || vec![first.clone(), second.clone()];
    for (rates, expected) in [
        ([both(), vec![direct.clone(), against.clone()]].concat(), Ok(800)),
        ([both(), vec![against.clone()]].concat(), Ok(625)),
        (both(), Ok(500)),
        // EUR before JPY; not where one of its two is stale.
        ([both(), vec![other_first.clone(), other_second.clone()]].concat(), Ok(500)),
        (vec![old(first.clone()), second.clone(), other_first, other_second], Ok(250)),
        ([both(), vec![old(direct)]].concat(), stale(USD, GBP)),
        ([both(), vec![old(against)]].concat(), stale(GBP, USD)),
        (vec![first.clone(), old(second)], stale(EUR, GBP)),
        (vec![first], Err(PricingError::NoRate { from: USD, to: GBP })),
    ] {
        assert_eq!(way(rates), expected);
    }
}

#[test]
fn a_price_of_the_currency_comes_before_a_converted_one() {
    let yen = PriceEnding { currency: JPY, step: 100, offset: 80, toward: Toward::Up };
    let lists = |lists| BookParts {
        endings: vec![yen],
        rates: vec![rate(EUR, USD, "1.25"), rate(EUR, JPY, "172.53")],
        ..parts(lists)
    };
    let dollar_sale = PriceList { rules: vec![fixed(RuleTarget::All, 1, usd(900))], ..list(1, Sale, 0) };
    let euro_sale = || flat(1, Sale, 0, 800);
    let both = [at(eur(1_000)), at(usd(1_100))];
    let reduced = [BasePrice { price: eur(1_000), compare_at_price: Some(eur(1_200)) }];
    for (name, lists, base, currency, expected) in [
        ("set for it", lists(vec![]), &both[..], USD, (1_100, None)),
        ("converted", lists(vec![]), &both[..1], USD, (1_250, None)),
        ("never from a currency that is not the store's", lists(vec![]), &both[..], JPY, (1_780, None)),
        ("what to compare with is converted too", lists(vec![]), &reduced[..], JPY, (1_780, Some(2_080))),
        ("a list's price of the currency", lists(vec![dollar_sale]), &both[..], USD, (900, Some(1_100))),
        ("a list's price, converted", lists(vec![euro_sale()]), &both[..], USD, (1_000, Some(1_100))),
        ("both converted, to endings", lists(vec![euro_sale()]), &both[..], JPY, (1_480, Some(1_780))),
        (
            "a percentage of the converted price",
            lists(vec![share(1, Sale, 0, -10)]),
            &both[..1],
            USD,
            (1_125, Some(1_250)),
        ),
    ] {
        let asked = PriceQuestion { currency, ..question(base) };
        let resolved = resolve(&PriceBook::new(lists).unwrap(), &asked).unwrap();
        let got = (resolved.unit_price.minor(), resolved.compare_at_price.map(Money::minor));
        assert_eq!((got, resolved.unit_price.currency()), (expected, currency), "{name}");
    }
    let asked = PriceQuestion { currency: JPY, ..question(&both) };
    let steps = resolve(&PriceBook::new(lists(vec![euro_sale()])).unwrap(), &asked).unwrap().steps;
    let rates = vec![rate(EUR, JPY, "172.53")];
    assert_eq!(
        steps,
        [
            PriceStep::Fixed { list: list_id(1), min_quantity: units(1), price: eur(800) },
            PriceStep::Converted { from: eur(800), to: Money::new(1_480, JPY), rates, ending: Some(yen) },
        ]
    );
}

#[test]
fn a_stale_rate_prices_nothing() {
    let stale = || vec![ExchangeRate { valid_until: now(), ..rate(EUR, USD, "1.25") }];
    let (euro, both) = ([at(eur(1_000))], [at(eur(1_000)), at(usd(1_100))]);
    let asked = |lists, base| {
        let book = PriceBook::new(BookParts { rates: stale(), ..parts(lists) }).unwrap();
        explain(&book, &PriceQuestion { currency: USD, ..question(base) })
    };
    let error = PricingError::StaleRate { base: EUR, quote: USD, as_of: Timestamp::from_millis(0), valid_until: now() };
    assert_eq!(asked(vec![], &euro).resolved, Err(error));
    // What is set in the currency needs no rate, and a list that does loses by name.
    let explained = asked(vec![flat(1, Override, 0, 800)], &both);
    assert_eq!(explained.resolved.unwrap().unit_price, usd(1_100));
    assert_eq!(explained.considered[1].verdict, Verdict::StaleRate);
    let override_in_dollars = PriceList { rules: vec![fixed(RuleTarget::All, 1, usd(700))], ..list(1, Override, 0) };
    assert_eq!(asked(vec![override_in_dollars], &euro).resolved.unwrap().unit_price, usd(700));
    // Without any rate it is simply not sold in the currency.
    let book = book(vec![flat(1, Sale, 0, 800)]);
    let explained = explain(&book, &PriceQuestion { currency: USD, ..question(&euro) });
    assert_eq!(explained.resolved, Err(PricingError::NoRate { from: EUR, to: USD }));
    assert_eq!(explained.considered[0].verdict, Verdict::NoRate);
}

proptest! {
    /// Half a minor unit is lost on the way there, which is worth `10^(from - to) / rate / 2` on the way back, and
    /// half of one there.
    #[test]
    fn there_and_back_is_within_one_rounding_each_way(
        minor in -1_000_000_000_000i64..1_000_000_000_000,
        mantissa in 1..1_000_000_000i64,
        decimals in 0..=9u8,
        from in 0..Currency::TABLE.len(),
        to in 0..Currency::TABLE.len(),
        inverted: bool,
    ) {
        let (from, to) = (Currency::TABLE[from], Currency::TABLE[to]);
        prop_assume!(from != to);
        let value = DecimalRate::new(mantissa, decimals).unwrap();
        let published = ExchangeRate { rate: value, ..if inverted { rate(to, from, "1") } else { rate(from, to, "1") } };
        let book = with_rates(EUR, vec![published]);
        let amount = Money::new(minor, from);
        let convert = |amount, to| book.convert(amount, to, now(), Rounding::HalfUp).map(|it| it.amount);
        let there = convert(amount, to);
        // The smallest rates take a trillion out of range.
        prop_assume!(there != Err(PricingError::OutOfRange));
        let back = convert(there.unwrap(), from).unwrap();
        let off = i128::from(back.minor()) - i128::from(minor);
        // A unit of `to` is `worth_numerator / worth_denominator` minor units of `from`.
        let tens = |exponent: u8| 10i128.pow(exponent.into());
        let (over, under) = (tens(from.exponent()), tens(to.exponent()));
        let (value_numerator, value_denominator) = (i128::from(value.mantissa()), tens(value.decimals()));
        let (numerator, denominator) = if inverted {
            (value_numerator * over, value_denominator * under)
        } else {
            (value_denominator * over, value_numerator * under)
        };
        prop_assert!(2 * off.abs() * denominator <= numerator + denominator, "{amount} {there:?} {back}");
    }

    #[test]
    fn no_rate_makes_a_conversion_panic(
        minor: i64,
        rates in prop::collection::vec((0..4usize, 0..4usize, 1..i64::MAX, 0..=13u8, 0..5i64, 0..5i64), 0..6),
        (from, to, moment) in (0..4usize, 0..4usize, 0..6i64),
    ) {
        const AMONG: [Currency; 4] = [EUR, JPY, BHD, CLF];
        let rates = rates.into_iter().filter_map(|(base, quote, mantissa, decimals, as_of, life)| Some(ExchangeRate {
            rate: DecimalRate::new(mantissa, decimals).ok()?,
            as_of: Timestamp::from_millis(as_of),
            valid_until: Timestamp::from_millis(as_of + life),
            ..rate(AMONG[base], AMONG[quote], "1")
        }));
        if let Ok(book) = PriceBook::new(BookParts { rates: rates.collect(), ..parts(Vec::new()) }) {
            let at = Timestamp::from_millis(moment);
            if let Ok(converted) = book.convert(Money::new(minor, AMONG[from]), AMONG[to], at, Rounding::HalfEven) {
                prop_assert!(converted.rates.iter().all(|rate| rate.as_of <= at && at < rate.valid_until));
                prop_assert_eq!(converted.amount.currency(), AMONG[to]);
            }
        }
    }
}
