//! Carts and rules by number: the same number is the same case on every machine and every run.

use headlesspro_shared::kernel::area::{Area, Place};
use headlesspro_shared::kernel::id::{
    CollectionId, CustomerGroupId, PriceListId, ProductId, PromotionCodeId, PromotionId, TaxRateId, TaxZoneId,
    VariantId,
};
use headlesspro_shared::kernel::money::{Currency, Money, Rate};
use headlesspro_shared::kernel::quantity::Quantity;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::organizations::{RoundingMode, TaxMode};
use headlesspro_shared::pricing::{
    BasePrice, BookParts, ListKind, PriceBook, PriceEnding, PriceList, PriceRule, RulePrice, RuleTarget, Toward,
};
use headlesspro_shared::promotions::{
    Amounts, BookedCode, BookedPromotion, Condition, Definition, Effect, Items, PromotionBook, Reduction, RoundedPer,
    Selector, StackingGroup, Threshold, Tier, Trigger, Within,
};
use headlesspro_shared::tax::{CrossBorder, RoundingPer, ShippingTax, TaxClass, TaxRate, TaxRules, TaxZone};
use headlesspro_shared::totals::{Cart, CartLine, Delivery, GiftItem, Rules};

pub const AT: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const CURRENCIES: [Currency; 5] = [Currency::EUR, Currency::GBP, Currency::JPY, Currency::KRW, Currency::KWD];
const CLASSES: [&str; 3] = ["standard", "reduced", "zero"];
const VARIANTS: u64 = 6;
const GIFT: u128 = 900;

/// SplitMix64. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn minor(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).unwrap()
    }

    /// One time in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

fn quantity(units: u64) -> Quantity {
    Quantity::try_from(i64::try_from(units).unwrap()).unwrap()
}

fn class(name: &str) -> TaxClass {
    name.parse().unwrap()
}

fn variant(number: u64) -> VariantId {
    VariantId::from_u128(u128::from(number) + 1)
}

fn product(number: u64) -> ProductId {
    ProductId::from_u128(u128::from(number / 2) + 1)
}

fn group() -> CustomerGroupId {
    CustomerGroupId::from_u128(5)
}

pub fn case(seed: u64) -> (Rules, Cart) {
    let mut numbers = Numbers::new(seed);
    let currency = numbers.one(&CURRENCIES);
    let rules = rules(&mut numbers, currency);
    let cart = cart(&mut numbers, currency, &rules);
    (rules, cart)
}

fn rules(numbers: &mut Numbers, currency: Currency) -> Rules {
    let per_line = numbers.once_in(2);
    Rules {
        prices: prices(numbers, currency),
        promotions: promotions(numbers, currency),
        tax: taxes(numbers),
        tax_mode: numbers.one(&[TaxMode::Inclusive, TaxMode::Exclusive]),
        rounding: numbers.one(&[RoundingMode::HalfUp, RoundingMode::HalfEven, RoundingMode::HalfDown]),
        discounts_rounded_per: if per_line { RoundedPer::Line } else { RoundedPer::Order },
        tax_rounded_per: numbers.one(&[RoundingPer::Line, RoundingPer::Rate, RoundingPer::Order]),
        shipping_tax: match numbers.once_in(2) {
            true => ShippingTax::Class { class: TaxClass::STANDARD },
            false => ShippingTax::Proportional { lines: Vec::new() },
        },
    }
}

fn prices(numbers: &mut Numbers, currency: Currency) -> PriceBook {
    let lists = (0..numbers.below(4)).map(|number| {
        let is_fixed = numbers.once_in(3);
        let price = |numbers: &mut Numbers| match is_fixed {
            true => RulePrice::Fixed(Money::new(numbers.minor(20_000), currency)),
            false => RulePrice::ChangePpm(Rate::from_ppm(numbers.minor(900_000) - 700_000)),
        };
        let target = match numbers.below(3) {
            0 => RuleTarget::All,
            1 => RuleTarget::Product(product(numbers.below(VARIANTS))),
            _ => RuleTarget::Variant(variant(numbers.below(VARIANTS))),
        };
        let rule =
            |numbers: &mut Numbers, units| PriceRule { target, min_quantity: quantity(units), price: price(numbers) };
        PriceList {
            id: PriceListId::from_u128(u128::from(number) + 1),
            name: "A list".to_owned(),
            kind: numbers.one(&[ListKind::Sale, ListKind::Override]),
            priority: i32::try_from(numbers.below(3)).unwrap(),
            active: true,
            channels: Vec::new(),
            groups: if numbers.once_in(3) { vec![group()] } else { Vec::new() },
            currencies: Vec::new(),
            starts_at: None,
            ends_at: None,
            based_on: None,
            endings: match numbers.once_in(3) {
                true => vec![PriceEnding { currency, step: 100, offset: 99, toward: Toward::Nearest }],
                false => Vec::new(),
            },
            rules: vec![rule(numbers, 1), rule(numbers, 5)],
        }
    });
    let lists = lists.collect();
    PriceBook::new(BookParts { settlement: currency, endings: Vec::new(), lists, rates: Vec::new() }).unwrap()
}

fn reduction(numbers: &mut Numbers, currency: Currency) -> Reduction {
    match numbers.below(4) {
        0 => Reduction::Percent { rate: Rate::from_ppm(numbers.minor(1_000_000) + 1) },
        1 => Reduction::PerUnit { amounts: Amounts::from([(currency, numbers.minor(3_000) + 1)]) },
        2 => Reduction::PerLine { amounts: Amounts::from([(currency, numbers.minor(3_000) + 1)]) },
        _ => Reduction::PerOrder { amounts: Amounts::from([(currency, numbers.minor(9_000) + 1)]) },
    }
}

fn selector(numbers: &mut Numbers) -> Selector {
    if numbers.once_in(2) {
        return Selector::default();
    }
    let mut any_of = Items::default();
    any_of.variants.insert(variant(numbers.below(VARIANTS)));
    any_of.collections.insert(CollectionId::from_u128(1));
    Selector { any_of, exclude_sale: numbers.once_in(3), ..Selector::default() }
}

fn effect(numbers: &mut Numbers, currency: Currency) -> Effect {
    match numbers.below(7) {
        0..=2 => Effect::Reduce { lines: selector(numbers), by: reduction(numbers, currency) },
        3 => Effect::Tiered {
            lines: selector(numbers),
            tiers: (1..=2)
                .map(|tier| Tier {
                    at_least: Threshold::Quantity { units: 3 * tier },
                    by: reduction(numbers, currency),
                })
                .collect(),
        },
        4 => Effect::BuyGet {
            buy: selector(numbers),
            buy_quantity: quantity(numbers.below(3) + 1),
            get: selector(numbers),
            get_quantity: quantity(numbers.below(2) + 1),
            rate: Rate::from_ppm(numbers.one(&[1_000_000, 500_000, 333_333])),
            most_repeats: None,
        },
        5 => Effect::FreeShipping { methods: Default::default() },
        _ => Effect::Gift { variant: VariantId::from_u128(GIFT), quantity: quantity(1) },
    }
}

fn promotions(numbers: &mut Numbers, currency: Currency) -> PromotionBook {
    let mut book = PromotionBook {
        groups: vec![
            StackingGroup { key: "a".to_owned(), priority: 1, within: Within::Best, excludes: ["b".to_owned()].into() },
            StackingGroup { key: "b".to_owned(), priority: 2, within: Within::Stack, excludes: Default::default() },
        ],
        ..PromotionBook::default()
    };
    for number in 0..numbers.below(6) {
        let id = PromotionId::from_u128(u128::from(number) + 1);
        let trigger = numbers.one(&[Trigger::Automatic, Trigger::Code]);
        let definition = Definition {
            name: "A promotion".to_owned(),
            active: true,
            trigger,
            starts_at: None,
            ends_at: None,
            condition: match numbers.once_in(3) {
                true => Condition::Subtotal {
                    lines: Selector::default(),
                    at_least: Amounts::from([(currency, numbers.minor(30_000))]),
                    after_discounts: numbers.once_in(2),
                },
                false => Condition::default(),
            },
            effect: effect(numbers, currency),
            group: match numbers.below(3) {
                0 => Some("a".to_owned()),
                1 => Some("b".to_owned()),
                _ => None,
            },
            priority: i32::try_from(numbers.below(3)).unwrap(),
            exclusive: numbers.once_in(8),
            max_discount: match numbers.once_in(6) {
                true => Amounts::from([(currency, numbers.minor(5_000) + 1)]),
                false => Amounts::default(),
            },
            limit: None,
            limit_per_customer: None,
        };
        if trigger == Trigger::Code {
            book.codes.push(BookedCode {
                id: PromotionCodeId::from_u128(u128::from(number) + 1),
                code: format!("CODE{number}").parse().unwrap(),
                promotion: id,
                used: 0,
                limit: None,
            });
        }
        book.promotions.push(BookedPromotion { id, definition, used: 0, used_by_customer: 0 });
    }
    book
}

fn taxes(numbers: &mut Numbers) -> TaxRules {
    let mut number = 0;
    let mut rate = |name: &str, of: &str, ppm: i64, compound: bool| {
        number += 1;
        TaxRate {
            id: TaxRateId::from_u128(number),
            name: name.to_owned(),
            classes: vec![class(of)],
            ppm,
            compound,
            from: None,
            until: None,
        }
    };
    let zone = |number, country: &str, rates| TaxZone {
        id: TaxZoneId::from_u128(number),
        name: country.to_owned(),
        areas: vec![Area::country(country.parse().unwrap())],
        rates,
    };
    TaxRules {
        zones: vec![
            zone(1, "DE", vec![rate("MwSt.", "standard", 190_000, false), rate("MwSt.", "reduced", 70_000, false)]),
            // As it was until 2012: the provincial tax on top of the federal one.
            zone(2, "CA", vec![rate("GST", "standard", 50_000, false), rate("QST", "standard", 95_000, true)]),
            zone(3, "JP", vec![rate("VAT", "standard", 100_000, false), rate("VAT", "reduced", 80_000, false)]),
        ],
        cross_border: match numbers.once_in(4) {
            true => CrossBorder::Net { origin: place("DE") },
            false => CrossBorder::Gross,
        },
        ..TaxRules::none()
    }
}

pub fn place(country: &str) -> Place {
    Place { country: country.parse().unwrap(), region: None, postcode: None }
}

fn base(numbers: &mut Numbers, currency: Currency) -> BasePrice {
    let highest = numbers.one(&[10, 1_000, 20_000, 5_000_000]);
    let price = numbers.minor(highest);
    let compare = numbers.once_in(4).then(|| Money::new(price + numbers.minor(1_000) + 1, currency));
    BasePrice { price: Money::new(price, currency), compare_at_price: compare }
}

fn cart(numbers: &mut Numbers, currency: Currency, rules: &Rules) -> Cart {
    let prices: Vec<BasePrice> = (0..VARIANTS).map(|_| base(numbers, currency)).collect();
    let lines: Vec<CartLine> = (0..numbers.below(9) + 1)
        .map(|key| {
            let number = numbers.below(VARIANTS);
            CartLine {
                key: u32::try_from(key).unwrap(),
                variant: variant(number),
                product: product(number),
                collections: if number < 2 { vec![CollectionId::from_u128(1)] } else { Vec::new() },
                categories: Vec::new(),
                quantity: quantity(numbers.below(9) + 1),
                prices: vec![prices[usize::try_from(number).unwrap()]],
                tax_class: class(CLASSES[usize::try_from(number % 3).unwrap()]),
                taxable: number != 4,
            }
        })
        .collect();
    let deliveries = (0..numbers.below(3)).map(|key| Delivery {
        key: u32::try_from(key).unwrap(),
        method: "post".to_owned(),
        name: "Post".to_owned(),
        amount: numbers.minor(2_000),
        lines: Vec::new(),
        tax: numbers.once_in(4).then(|| ShippingTax::Class { class: class("reduced") }),
    });
    let deliveries = deliveries.collect();
    let gift = GiftItem {
        variant: VariantId::from_u128(GIFT),
        product: ProductId::from_u128(GIFT),
        prices: vec![base(numbers, currency)],
        tax_class: TaxClass::STANDARD,
    };
    Cart {
        currency,
        at: AT,
        channel: None,
        customer: Some("somebody".to_owned()),
        customer_groups: if numbers.once_in(2) { vec![group()] } else { Vec::new() },
        is_first_order: Some(numbers.once_in(2)),
        payment_method: None,
        codes: rules.promotions.codes.iter().map(|booked| booked.code.to_string()).collect(),
        destination: place(numbers.one(&["DE", "CA", "JP", "US"])),
        exemptions: Vec::new(),
        tax_outcome: None,
        lines,
        gifts: vec![gift],
        deliveries,
    }
}
