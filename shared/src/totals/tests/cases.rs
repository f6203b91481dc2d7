//! Carts with their sources: what others have got wrong, and what the law or a handbook works out.

use super::super::{
    Cart, CartLine, Delivery, RefundError, Rules, Settlement, Totals, refund, refund_amount, tax_question, total,
};
use super::random::{AT, place};
use crate::kernel::id::{ProductId, PromotionCodeId, PromotionId, VariantId};
use crate::kernel::money::{Currency, Money, Rate};
use crate::kernel::quantity::Quantity;
use crate::kernel::time::Timestamp;
use crate::organizations::{RoundingMode, TaxMode};
use crate::pricing::{BasePrice, BookParts, DecimalRate, ExchangeRate, PriceBook};
use crate::promotions::{
    Amounts, BookedCode, BookedPromotion, Condition, Definition, Effect, PromotionBook, Reduction, RoundedPer,
    Selector, Trigger,
};
use crate::tax::{
    ProviderAnswer, ProviderLine, ProviderOutcome, ProviderRate, RoundingPer, ShippingTax, TaxClass, TaxRules,
    TaxSource, vat,
};

/// A store that sells in `currency` to `country`, with the rates of its law.
pub(super) fn rules(currency: Currency, country: &str, tax_mode: TaxMode, per: RoundingPer) -> Rules {
    let parts = BookParts { settlement: currency, endings: Vec::new(), lists: Vec::new(), rates: Vec::new() };
    Rules {
        prices: PriceBook::new(parts).unwrap(),
        promotions: PromotionBook::default(),
        tax: TaxRules { zones: vat::zones(&[country.parse().unwrap()]), ..TaxRules::none() },
        tax_mode,
        rounding: RoundingMode::HalfUp,
        discounts_rounded_per: RoundedPer::Line,
        tax_rounded_per: per,
        shipping_tax: ShippingTax::Class { class: TaxClass::STANDARD },
    }
}

/// Lines by unit price in minor units and quantity.
pub(super) fn cart(currency: Currency, country: &str, lines: &[(i64, i64)]) -> Cart {
    let line = |(key, (unit, units)): (u32, &(i64, i64))| CartLine {
        key,
        variant: VariantId::from_u128(u128::from(key) + 1),
        product: ProductId::from_u128(u128::from(key) + 1),
        collections: Vec::new(),
        categories: Vec::new(),
        quantity: Quantity::try_from(*units).unwrap(),
        prices: vec![BasePrice { price: Money::new(*unit, currency), compare_at_price: None }],
        tax_class: TaxClass::STANDARD,
        taxable: true,
    };
    Cart {
        currency,
        at: AT,
        channel: None,
        customer: None,
        customer_groups: Vec::new(),
        is_first_order: None,
        payment_method: None,
        codes: vec!["CODE".to_owned()],
        destination: place(country),
        exemptions: Vec::new(),
        tax_outcome: None,
        lines: (0..).zip(lines).map(line).collect(),
        gifts: Vec::new(),
        deliveries: Vec::new(),
    }
}

pub(super) fn with_code(mut rules: Rules, by: Reduction) -> Rules {
    let id = PromotionId::from_u128(1);
    let definition = Definition {
        name: "A code".to_owned(),
        active: true,
        trigger: Trigger::Code,
        starts_at: None,
        ends_at: None,
        condition: Condition::default(),
        effect: Effect::Reduce { lines: Selector::default(), by },
        group: None,
        priority: 0,
        exclusive: false,
        max_discount: Amounts::default(),
        limit: None,
        limit_per_customer: None,
    };
    rules.promotions = PromotionBook {
        promotions: vec![BookedPromotion { id, definition, used: 0, used_by_customer: 0 }],
        groups: Vec::new(),
        codes: vec![BookedCode {
            id: PromotionCodeId::from_u128(1),
            code: "CODE".parse().unwrap(),
            promotion: id,
            used: 0,
            limit: None,
        }],
    };
    rules
}

pub(super) fn percent(ppm: i64) -> Reduction {
    Reduction::Percent { rate: Rate::from_ppm(ppm) }
}

pub(super) fn off(currency: Currency, minor: i64) -> Reduction {
    Reduction::PerOrder { amounts: Amounts::from([(currency, minor)]) }
}

pub(super) fn sums(totals: &Totals) -> [i64; 4] {
    [totals.discount, totals.net, totals.tax, totals.total]
}

/// Discount, net, tax and total.
#[test]
fn carts_cost_what_their_sources_say() {
    use Currency::{EUR, GBP, JPY, KRW, KWD};
    use RoundingPer::{Line, Order, Rate as PerRate};
    use TaxMode::{Exclusive, Inclusive};
    let none = || percent(0);
    for (source, currency, country, mode, per, by, lines, expected) in [
        // A total of -1.6e-14.
        ("medusa#12226", EUR, "DE", Inclusive, Line, percent(1_000_000), &[(1_999, 3), (7, 1)][..], [6_004, 0, 0, 0]),
        ("medusa#12226, of many units", EUR, "DE", Exclusive, Line, percent(1_000_000), &[(333, 7)], [2_331, 0, 0, 0]),
        // HMRC, VAT Notice 700, 17.5.1: calculated on the total, rounded once.
        ("VAT Notice 700, 17.5", GBP, "GB", Exclusive, Order, none(), &[(149, 1), (152, 1)], [0, 301, 60, 361]),
        ("the same, by line", GBP, "GB", Exclusive, Line, none(), &[(149, 1), (152, 1)], [0, 301, 60, 361]),
        ("one line of 0.02 each", GBP, "GB", Exclusive, Line, none(), &[(2, 1); 5], [0, 10, 0, 10]),
        ("the same, by order", GBP, "GB", Exclusive, Order, none(), &[(2, 1); 5], [0, 10, 2, 12]),
        // Korea, VAT Act article 30: 10 %; 11,000 won hold 1,000.
        ("VAT Act of Korea, 30", KRW, "KR", Inclusive, Line, none(), &[(11_000, 1)], [0, 10_000, 1_000, 11_000]),
        ("a won that cannot be divided", KRW, "KR", Inclusive, Line, none(), &[(10_005, 1)], [0, 9_095, 910, 10_005]),
        // Japan, qualified invoices: one rounding for each rate and invoice.
        ("NTA, invoice system", JPY, "JP", Exclusive, PerRate, none(), &[(83, 1), (115, 1)], [0, 198, 20, 218]),
        ("the same, by line", JPY, "JP", Exclusive, Line, none(), &[(85, 1), (115, 1)], [0, 200, 21, 221]),
        // No rates of Kuwait are known: nothing is taxed, and a fils is a thousandth.
        ("three decimals", KWD, "KW", Exclusive, Line, percent(333_333), &[(1_001, 3)], [1_001, 2_002, 0, 2_002]),
    ] {
        let rules = with_code(rules(currency, country, mode, per), by);
        let totals = total(&rules, &cart(currency, country, lines)).unwrap();
        assert_eq!(sums(&totals), expected, "{source}");
        let of_lines: i64 = totals.lines.iter().map(|line| line.taxes.gross).sum();
        assert_eq!(of_lines, totals.total, "{source}: the lines sum to the order");
    }
}

/// Largest remainder, the lower key first.
#[test]
fn cents_that_cannot_be_divided_go_to_the_first_lines() {
    let rules = with_code(rules(Currency::EUR, "DE", TaxMode::Inclusive, RoundingPer::Line), off(Currency::EUR, 100));
    let discounts = |lines: &[(i64, i64)]| -> Vec<i64> {
        let totals = total(&rules, &cart(Currency::EUR, "DE", lines)).unwrap();
        totals.lines.iter().map(|line| line.discount).collect()
    };
    assert_eq!(discounts(&[(500, 1); 3]), [34, 33, 33]);
    assert_eq!(discounts(&[(500, 1); 7]), [15, 15, 14, 14, 14, 14, 14]);
}

#[test]
fn two_lines_of_one_key_have_no_totals() {
    let rules = rules(Currency::EUR, "DE", TaxMode::Inclusive, RoundingPer::Line);
    let mut cart = cart(Currency::EUR, "DE", &[(500, 1); 2]);
    cart.lines[1].key = 0;
    assert!(total(&rules, &cart).is_err());
    cart.lines[1].key = 1;
    cart.lines[0].prices.clear();
    assert!(total(&rules, &cart).is_err(), "it has no price");
}

fn in_germany() -> Rules {
    rules(Currency::EUR, "DE", TaxMode::Inclusive, RoundingPer::Line)
}

fn delivery(amount: i64, lines: &[u32], tax: Option<ShippingTax>) -> Delivery {
    let (method, name) = ("post".to_owned(), "Post".to_owned());
    Delivery { key: 0, method, name, amount, lines: lines.to_vec(), tax }
}

#[test]
fn a_delivery_is_taxed_as_its_method_says() {
    let reduced: TaxClass = "reduced".parse().unwrap();
    let mut cart = cart(Currency::EUR, "DE", &[(1_000, 1); 2]);
    cart.lines[1].tax_class = reduced.clone();
    let proportional = |lines: &[&str]| {
        Some(ShippingTax::Proportional { lines: lines.iter().map(|line| (*line).to_owned()).collect() })
    };
    for (lines, tax, expected) in [
        // 10.70 hold 1.71 at 19 %, as the rules say, and 0.70 at 7 %.
        (&[][..], None, 171),
        (&[], Some(ShippingTax::Class { class: reduced }), 70),
        (&[1], proportional(&[]), 70),
        (&[0], proportional(&[]), 171),
        (&[0], proportional(&["1"]), 70),
        // Half of it each: 5.35 hold 0.85 and 0.35.
        (&[], proportional(&[]), 120),
    ] {
        cart.deliveries = vec![delivery(1_070, lines, tax.clone())];
        let totals = total(&in_germany(), &cart).unwrap();
        let taxes = &totals.deliveries[0].taxes;
        assert_eq!((taxes.tax, taxes.gross), (expected, 1_070), "{tax:?}");
        assert_eq!(totals.tax_zone.unwrap().name, "Germany");
    }
}

#[test]
fn a_provider_says_what_the_tax_is() {
    let rules = rules(Currency::EUR, "DE", TaxMode::Exclusive, RoundingPer::Line);
    let rules = with_code(rules, percent(100_000));
    let mut cart = cart(Currency::EUR, "DE", &[(1_000, 1)]);
    let question = tax_question(&rules, &cart).unwrap();
    // What is left after 10 %.
    assert_eq!(question.lines.iter().map(|line| line.amount).collect::<Vec<_>>(), [900]);
    let rate = ProviderRate { name: "State".to_owned(), ppm: 82_500, tax: 74 };
    let line = ProviderLine { key: question.lines[0].key.clone(), tax: 74, rates: vec![rate] };
    let answer = ProviderAnswer { reference: Some("1".to_owned()), lines: vec![line], shipping: Vec::new() };
    let provider = || "somebody".to_owned();
    cart.tax_outcome = Some(ProviderOutcome::Answered { provider: provider(), answer });
    let totals = total(&rules, &cart).unwrap();
    assert_eq!(sums(&totals), [100, 900, 74, 974]);
    assert_eq!(totals.tax_source, TaxSource::Provider { provider: provider(), reference: Some("1".to_owned()) });
    cart.tax_outcome = Some(ProviderOutcome::TimedOut { provider: provider(), after_millis: 500 });
    let totals = total(&rules, &cart).unwrap();
    assert_eq!(sums(&totals), [100, 900, 171, 1_071]);
    assert!(matches!(totals.tax_source, TaxSource::OwnInstead { .. }));
}

#[test]
fn a_rate_that_nothing_needs_refuses_nothing() {
    let mut rules = in_germany();
    let rate = |valid_until| ExchangeRate {
        base: Currency::EUR,
        quote: Currency::USD,
        rate: "1.25".parse::<DecimalRate>().unwrap(),
        source: "ecb".to_owned(),
        as_of: Timestamp::from_millis(1_000),
        valid_until,
    };
    let cart = cart(Currency::USD, "DE", &[(1_000, 1)]);
    let mut settlement = |rates| {
        let parts = BookParts { settlement: Currency::EUR, endings: Vec::new(), lists: Vec::new(), rates };
        rules.prices = PriceBook::new(parts).unwrap();
        let totals = total(&rules, &cart).unwrap();
        assert_eq!(totals.total, 1_000);
        totals.settlement.unwrap()
    };
    let good = rate(Timestamp::from_millis(AT.millis() + 1));
    // 10.00 dollars at 1.25 for a euro.
    let converted = Settlement::Converted { total: Money::new(800, Currency::EUR), rates: vec![good.clone()] };
    assert_eq!(settlement(vec![good]), converted);
    let ExchangeRate { base, quote, as_of, .. } = rate(AT);
    assert_eq!(settlement(vec![rate(AT)]), Settlement::StaleRate { base, quote, as_of, valid_until: AT });
    assert_eq!(settlement(Vec::new()), Settlement::NoRate);
}

#[test]
fn an_amount_off_each_line_counts_what_is_the_same_once() {
    let by = Reduction::PerLine { amounts: Amounts::from([(Currency::EUR, 300)]) };
    let rules = with_code(in_germany(), by);
    let mut cart = cart(Currency::EUR, "DE", &[(1_000, 1), (1_000, 1), (2_000, 4)]);
    cart.lines[1].variant = cart.lines[0].variant;
    let totals = total(&rules, &cart).unwrap();
    assert_eq!(totals.lines.iter().map(|line| line.discount).collect::<Vec<_>>(), [150, 150, 300]);
}

#[test]
fn a_refund_tells_the_tax_of_each_rate() {
    let shown = |part: &super::super::Refund| {
        (part.net, part.rates.iter().map(|rate| (rate.net, rate.tax)).collect::<Vec<_>>(), part.gross)
    };
    // Three units for 10.00, which hold 1.60: 3.33, 3.33 and 3.34 are given back, 16 % of each being tax.
    let rules = with_code(in_germany(), off(Currency::EUR, 50));
    let totals = total(&rules, &cart(Currency::EUR, "DE", &[(350, 3)])).unwrap();
    let parts = [0, 1, 2].map(|before| shown(&refund(&totals.lines[0], before, 1).unwrap()));
    let expected = [(280, vec![(280, 53)], 333), (279, vec![(279, 54)], 333), (281, vec![(281, 53)], 334)];
    assert_eq!(parts, expected);
    // 100.00 with 5.00 of GST and 9.98 of QST: of 50.00 of these 114.98, 43.49, 2.17 and 4.34.
    let mut taxes = totals.lines[0].taxes.clone();
    (taxes.net, taxes.tax, taxes.gross) = (10_000, 1_498, 11_498);
    taxes.rates = [500, 998].map(|tax| crate::tax::LineRate { net: 10_000, tax, ..taxes.rates[0].clone() }).to_vec();
    let part = |before, amount| refund_amount(&taxes, before, amount).map(|part| shown(&part));
    assert_eq!(part(0, 5_000), Ok((4_349, vec![(4_349, 217), (4_349, 434)], 5_000)));
    assert_eq!(part(5_000, 6_498), Ok((5_651, vec![(5_651, 283), (5_651, 564)], 6_498)));
    assert_eq!(part(5_000, 6_499), Err(RefundError::TooMuch { left: 6_498 }));
    assert_eq!(part(0, 0), Err(RefundError::Nothing));
}
