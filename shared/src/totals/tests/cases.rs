//! Carts with their sources: what others have got wrong, and what the law or a handbook works out.

use super::super::{Cart, CartLine, Rules, Totals, total};
use super::random::{AT, place};
use crate::kernel::id::{ProductId, PromotionCodeId, PromotionId, VariantId};
use crate::kernel::money::{Currency, Money, Rate};
use crate::kernel::quantity::Quantity;
use crate::organizations::{RoundingMode, TaxMode};
use crate::pricing::{BasePrice, BookParts, PriceBook};
use crate::promotions::{
    Amounts, BookedCode, BookedPromotion, Condition, Definition, Effect, PromotionBook, Reduction, RoundedPer,
    Selector, Trigger,
};
use crate::tax::{RoundingPer, ShippingTax, TaxClass, TaxRules, vat};

/// A store that sells in `currency` to `country`, with the rates of its law.
fn rules(currency: Currency, country: &str, tax_mode: TaxMode, per: RoundingPer) -> Rules {
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
fn cart(currency: Currency, country: &str, lines: &[(i64, i64)]) -> Cart {
    let line = |(key, (unit, units)): (u32, &(i64, i64))| CartLine {
        key,
        variant: VariantId::from_u128(u128::from(key) + 1),
        product: ProductId::from_u128(u128::from(key) + 1),
        collections: Vec::new(),
        categories: Vec::new(),
        quantity: Quantity::try_from(*units).unwrap(),
        prices: vec![BasePrice { price: Money::new(*unit, currency), compare_at_price: None }],
        tax_class: TaxClass::STANDARD,
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
        lines: (0..).zip(lines).map(line).collect(),
        gifts: Vec::new(),
        deliveries: Vec::new(),
    }
}

fn with_code(mut rules: Rules, by: Reduction) -> Rules {
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

fn percent(ppm: i64) -> Reduction {
    Reduction::Percent { rate: Rate::from_ppm(ppm) }
}

fn off(currency: Currency, minor: i64) -> Reduction {
    Reduction::PerOrder { amounts: Amounts::from([(currency, minor)]) }
}

fn sums(totals: &Totals) -> [i64; 4] {
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
        // 34.116425 against 34.12: an amount has whole cents, once and for all.
        ("medusa#14817", EUR, "DE", Exclusive, Line, percent(150_000), &[(3_373, 1)][..], [506, 2_867, 545, 3_412]),
        // A total of -1.6e-14.
        ("medusa#12226", EUR, "DE", Inclusive, Line, percent(1_000_000), &[(1_999, 3), (7, 1)], [6_004, 0, 0, 0]),
        ("vendure#1939", EUR, "DE", Exclusive, Line, percent(1_000_000), &[(333, 7)], [2_331, 0, 0, 0]),
        // The difference grew with the quantity, since each unit was rounded.
        ("vendure#3003", EUR, "DE", Exclusive, Line, percent(100_000), &[(105, 100)], [1_050, 9_450, 1_796, 11_246]),
        // 10 % off 1,234.36 is 1,110.92, not 1,110.85.
        (
            "vendure#2662",
            EUR,
            "DE",
            Inclusive,
            Line,
            percent(100_000),
            &[(123_436, 1)],
            [12_344, 93_355, 17_737, 111_092],
        ),
        // Lines that did not sum to the order, which the gateway refused: 10.00 over 3 and 7 lines.
        ("PrestaShop#11195", EUR, "DE", Inclusive, Line, off(EUR, 1_000), &[(1_000, 1); 3], [1_000, 1_682, 318, 2_000]),
        (
            "openfoodnetwork#9254",
            EUR,
            "DE",
            Inclusive,
            Line,
            off(EUR, 1_000),
            &[(999, 1); 7],
            [1_000, 5_034, 959, 5_993],
        ),
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
