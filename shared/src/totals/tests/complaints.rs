//! What users of other systems complain of, thread by thread: each rounding and discount of C24 to C30 in the list of what is
//! expected of this one, with the amounts that the thread tells where it tells any.

use super::super::{Delivery, Rules, Totals, refund, refund_amount, tax_question, total};
use super::cases::{cart, off, percent, rules, sums, with_code};
use super::random::AT;
use crate::kernel::area::Area;
use crate::kernel::id::{TaxRateId, TaxZoneId};
use crate::kernel::money::{Currency, Rate};
use crate::kernel::time::Timestamp;
use crate::organizations::{RoundingMode, TaxMode};
use crate::promotions::{Outcome, Reduction, Refusal, Trigger};
use crate::tax::{
    ProviderAnswer, ProviderLine, ProviderOutcome, ProviderRate, RoundingPer, ShippingTax, TaxRate, TaxRules, TaxZone,
};

use RoundingMode::{HalfDown, HalfEven, HalfUp};
use TaxMode::{Exclusive, Inclusive};

/// One rate everywhere, and what bears none.
fn taxed(currency: Currency, ppm: i64, mode: TaxMode) -> Rules {
    let rate = |id, class: &str, ppm| TaxRate {
        id: TaxRateId::from_u128(id),
        name: class.to_owned(),
        classes: vec![class.parse().unwrap()],
        ppm,
        compound: false,
        from: None,
        until: None,
    };
    let zone = TaxZone {
        id: TaxZoneId::from_u128(1),
        name: "everywhere".to_owned(),
        areas: vec![Area::everywhere()],
        rates: vec![rate(1, "standard", ppm), rate(2, "untaxed", 0)],
    };
    let tax = TaxRules { zones: vec![zone], ..TaxRules::none() };
    let shipping_tax = ShippingTax::Class { class: "untaxed".parse().unwrap() };
    Rules { tax, shipping_tax, ..rules(currency, "DE", mode, RoundingPer::Line) }
}

struct Complaint {
    thread: &'static str,
    currency: Currency,
    /// Parts per million, and whether prices hold it.
    tax: (i64, TaxMode),
    rounding: RoundingMode,
    by: fn() -> Reduction,
    lines: &'static [(i64, i64)],
    shipping: i64,
    /// Discount, net, tax and total.
    expected: [i64; 4],
}

const PLAIN: Complaint = Complaint {
    thread: "",
    currency: Currency::EUR,
    tax: (190_000, Inclusive),
    rounding: HalfUp,
    by: nothing,
    lines: &[],
    shipping: 0,
    expected: [0; 4],
};

fn nothing() -> Reduction {
    percent(0)
}

fn all() -> Reduction {
    percent(1_000_000)
}

fn tenth() -> Reduction {
    percent(100_000)
}

const COMPLAINTS: &[Complaint] = &[
    // 24.99 at 10.75 % and 6.44 for shipping: 34.116425 in the order, 34.12 paid.
    Complaint {
        thread: "medusa#14817, medusa#14818",
        currency: Currency::USD,
        tax: (107_500, Exclusive),
        lines: &[(2_499, 1)],
        shipping: 644,
        expected: [0, 3_143, 269, 3_412],
        ..PLAIN
    },
    // A payment of 98.9009, of which 98.90 were captured: 83.11 at 19 %.
    Complaint {
        thread: "medusa#12789",
        tax: (190_000, Exclusive),
        lines: &[(8_311, 1)],
        expected: [0, 8_311, 1_579, 9_890],
        ..PLAIN
    },
    // 2.675, shown as 2.68 and charged as 2.67.
    Complaint {
        thread: "medusa#8733",
        currency: Currency::USD,
        tax: (70_000, Exclusive),
        lines: &[(250, 1)],
        expected: [0, 250, 18, 268],
        ..PLAIN
    },
    // A total of 10.285 and 10.29 paid: 0.005 are pending for ever.
    Complaint {
        thread: "medusa#13972",
        tax: (210_000, Exclusive),
        lines: &[(850, 1)],
        expected: [0, 850, 179, 1_029],
        ..PLAIN
    },
    // 0.995 and 7 %, which are 1.06465: thousandths are there in a currency that has them, and nothing below.
    Complaint {
        thread: "medusa#13734",
        currency: Currency::KWD,
        tax: (70_000, Exclusive),
        lines: &[(995, 1)],
        expected: [0, 995, 70, 1_065],
        ..PLAIN
    },
    // 100 % off leave -1.6e-14.
    Complaint {
        thread: "medusa#12226",
        by: all,
        lines: &[(4_999, 1), (1, 3), (333, 7)],
        expected: [7_333, 0, 0, 0],
        ..PLAIN
    },
    // Ten at 38.23 with 20 % in them, 6.2 % off.
    Complaint {
        thread: "vendure#2662",
        currency: Currency::GBP,
        tax: (200_000, Inclusive),
        by: || percent(62_000),
        lines: &[(3_823, 10)],
        expected: [2_370, 29_883, 5_977, 35_860],
        ..PLAIN
    },
    // Many units at a tenth off: 1,110.92, not 1,110.85.
    Complaint {
        thread: "vendure#3003",
        by: tenth,
        lines: &[(30_859, 4)],
        expected: [12_344, 93_355, 17_737, 111_092],
        ..PLAIN
    },
    // What is rounded for each unit is off by more with each: 0.945 a unit, 0.17955 of tax.
    Complaint {
        thread: "vendure#3091",
        tax: (190_000, Exclusive),
        by: tenth,
        lines: &[(105, 100)],
        expected: [1_050, 9_450, 1_796, 11_246],
        ..PLAIN
    },
    // A coupon of 50 %: Mollie expects 11.00 × 19/119 = 1.76 of tax, and got 3.51.
    Complaint {
        thread: "vendure#1939",
        by: || percent(500_000),
        lines: &[(2_200, 1)],
        expected: [1_100, 924, 176, 1_100],
        ..PLAIN
    },
    // A cent beside the ERP, which rounds in another way: the store says how. 0.25 at 10 % are 0.025.
    Complaint {
        thread: "commercetools refresher 2026",
        tax: (100_000, Exclusive),
        lines: &[(25, 1)],
        expected: [0, 25, 3, 28],
        ..PLAIN
    },
    Complaint {
        thread: "commercetools refresher 2026, half even",
        tax: (100_000, Exclusive),
        rounding: HalfEven,
        lines: &[(25, 1)],
        expected: [0, 25, 2, 27],
        ..PLAIN
    },
    Complaint {
        thread: "commercetools refresher 2026, half down",
        tax: (100_000, Exclusive),
        rounding: HalfDown,
        lines: &[(35, 1)],
        expected: [0, 35, 3, 38],
        ..PLAIN
    },
    // Lines that do not sum to the order, so that nobody can pay: 10.00 off seven and off three lines.
    Complaint {
        thread: "openfoodnetwork#9254",
        by: || off(Currency::EUR, 1_000),
        lines: &[(999, 1); 7],
        expected: [1_000, 5_034, 959, 5_993],
        ..PLAIN
    },
    Complaint {
        thread: "PrestaShop#11195",
        by: || off(Currency::EUR, 1_000),
        lines: &[(1_000, 1); 3],
        expected: [1_000, 1_682, 318, 2_000],
        ..PLAIN
    },
    // A percentage is rounded on the lines in another way than on their sum.
    Complaint {
        thread: "Umbraco.Commerce.Issues#126",
        by: tenth,
        lines: &[(995, 1); 3],
        expected: [300, 2_256, 429, 2_685],
        ..PLAIN
    },
    // 6.62 off 6.62 before VAT: the customer was to pay 0.01.
    Complaint {
        thread: "snipcart-v3-feedback#95",
        tax: (210_000, Exclusive),
        by: || off(Currency::EUR, 662),
        lines: &[(662, 1)],
        expected: [662, 0, 0, 0],
        ..PLAIN
    },
];

#[test]
fn what_others_complain_of_comes_out() {
    for Complaint { thread, currency, tax: (ppm, mode), rounding, by, lines, shipping, expected } in COMPLAINTS {
        let rules = Rules { rounding: *rounding, ..with_code(taxed(*currency, *ppm, *mode), by()) };
        let mut cart = cart(*currency, "DE", lines);
        if *shipping != 0 {
            let (method, name) = ("post".to_owned(), "Post".to_owned());
            cart.deliveries = vec![Delivery { key: 0, method, name, amount: *shipping, lines: Vec::new(), tax: None }];
        }
        let totals = total(&rules, &cart).unwrap();
        assert_eq!(sums(&totals), *expected, "{thread}");
        let lines: i64 = totals.lines.iter().map(|line| line.taxes.gross).sum();
        let sent: i64 = totals.deliveries.iter().map(|delivery| delivery.taxes.gross).sum();
        assert_eq!(lines + sent, totals.total, "{thread}: the lines sum to the order");
        assert_eq!(given_back(&totals), totals.total, "{thread}: all of it is given back");
    }
}

/// Unit by unit, and shipping by the half.
fn given_back(totals: &Totals) -> i64 {
    let mut sum = 0;
    for line in &totals.lines {
        sum += (0..line.quantity.get()).map(|before| refund(line, before, 1).unwrap().gross).sum::<i64>();
    }
    for delivery in &totals.deliveries {
        let half = delivery.taxes.gross / 2;
        let parts = [(0, half), (half, delivery.taxes.gross - half)];
        sum +=
            parts.map(|(before, part)| refund_amount(&delivery.taxes, before, part).unwrap().gross).iter().sum::<i64>();
    }
    sum
}

/// medusa#12805: where the tax provider comes to another cent, its amount could not be taken over.
#[test]
fn the_tax_of_a_provider_is_what_it_says_to_the_cent() {
    let rules = taxed(Currency::USD, 82_500, Exclusive);
    let mut cart = cart(Currency::USD, "US", &[(999, 1)]);
    assert_eq!(sums(&total(&rules, &cart).unwrap()), [0, 999, 82, 1_081]);
    let question = tax_question(&rules, &cart).unwrap();
    let rate = ProviderRate { name: "State".to_owned(), ppm: 82_500, tax: 83 };
    let line = ProviderLine { key: question.lines[0].key.clone(), tax: 83, rates: vec![rate] };
    let answer = ProviderAnswer { reference: None, lines: vec![line], shipping: Vec::new() };
    cart.tax_outcome = Some(ProviderOutcome::Answered { provider: "somebody".to_owned(), answer });
    let totals = total(&rules, &cart).unwrap();
    assert_eq!((sums(&totals), given_back(&totals)), ([0, 999, 83, 1_082], 1_082));
}

/// medusa#10232, medusa#10686, medusa#11645, medusa#8906: what is still to be paid or given back was kept, and wrong after
/// an order had changed. It follows from what was paid and what is left: of 30.00, of which one of three goes back, 20.00.
#[test]
fn what_is_left_of_an_order_follows_from_what_went_back() {
    for (lines, paid, first) in [(&[(1_000, 3)][..], 3_000, 1_000), (&[(334, 2), (333, 1)], 1_001, 334)] {
        let totals = total(&taxed(Currency::EUR, 190_000, Inclusive), &cart(Currency::EUR, "DE", lines)).unwrap();
        assert_eq!(totals.total, paid);
        let line = &totals.lines[0];
        let back = refund(line, 0, 1).unwrap();
        assert_eq!((back.gross, back.net + back.tax), (first, first));
        let rest = refund(line, 1, line.quantity.get() - 1).unwrap();
        assert_eq!(back.gross + rest.gross, line.taxes.gross);
        assert_eq!(back.tax + rest.tax, line.taxes.tax);
        // Neither more than is left, nor what went back already.
        assert!(refund(line, line.quantity.get(), 1).is_err() && refund(line, 1, line.quantity.get()).is_err());
    }
}

/// vendure#4660: a coupon for one use was used without end; vendure#4353: limits of automatic promotions were ignored. That
/// two orders at once do not both have the last one is the database's to see to.
#[test]
fn what_is_used_up_takes_nothing_off() {
    for trigger in [Trigger::Code, Trigger::Automatic] {
        for (used, expected, is_applied) in [(0, [100, 756, 144, 900], true), (1, [0, 840, 160, 1_000], false)] {
            let mut rules = with_code(taxed(Currency::EUR, 190_000, Inclusive), tenth());
            let promotion = &mut rules.promotions.promotions[0];
            (promotion.definition.trigger, promotion.definition.limit, promotion.used) = (trigger, Some(1), used);
            if trigger == Trigger::Automatic {
                rules.promotions.codes.clear();
            }
            let totals = total(&rules, &cart(Currency::EUR, "DE", &[(1_000, 1)])).unwrap();
            assert_eq!((sums(&totals), totals.redemptions.len()), (expected, usize::from(is_applied)), "{used}");
            if trigger == Trigger::Code && !is_applied {
                assert_eq!(totals.codes[0].outcome, Outcome::Refused { reason: Refusal::LimitReached });
            }
        }
    }
}

/// saleor#16485, saleor#15025, saleor#15051: discounts came and went when a background job had time for them.
#[test]
fn a_discount_begins_and_ends_at_its_moment() {
    let mut rules =
        with_code(taxed(Currency::EUR, 190_000, Inclusive), Reduction::Percent { rate: Rate::from_ppm(100_000) });
    let moment = |millis: i64| Timestamp::from_millis(AT.millis() + millis);
    let definition = &mut rules.promotions.promotions[0].definition;
    (definition.starts_at, definition.ends_at) = (Some(moment(0)), Some(moment(1_000)));
    for (millis, discount) in [(-1, 0), (0, 100), (999, 100), (1_000, 0)] {
        let mut cart = cart(Currency::EUR, "DE", &[(1_000, 1)]);
        cart.at = moment(millis);
        assert_eq!(total(&rules, &cart).unwrap().discount, discount, "{millis} ms");
    }
}

/// The threads of C24 to C30, in the order of the list.
const THREADS: [&str; 26] = [
    "medusa#14817",
    "medusa#14818",
    "medusa#12789",
    "medusa#8733",
    "medusa#13972",
    "medusa#13734",
    "medusa#12226",
    "medusa#12805",
    "vendure#2662",
    "vendure#3003",
    "vendure#3091",
    "vendure#1939",
    "commercetools refresher 2026",
    "openfoodnetwork#9254",
    "PrestaShop#11195",
    "Umbraco.Commerce.Issues#126",
    "snipcart-v3-feedback#95",
    "medusa#10232",
    "medusa#10686",
    "medusa#11645",
    "medusa#8906",
    "vendure#4660",
    "vendure#4353",
    "saleor#16485",
    "saleor#15025",
    "saleor#15051",
];

#[test]
fn every_thread_has_a_case() {
    // What stands above in the table, or over a test.
    let source = include_str!("complaints.rs");
    let (cases, _) = source.split_once("/// The threads of C24 to C30").unwrap();
    for thread in THREADS {
        assert!(cases.contains(thread), "{thread}");
    }
}
