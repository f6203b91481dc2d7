//! What holds for every book and question.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const CURRENCIES: [Currency; 4] = [EUR, USD, Currency::JPY, Currency::BHD];

fn any_money() -> impl Strategy<Value = Money> {
    let minor = prop_oneof![8 => 0..3_000i64, 1 => 0..=crate::catalog::HIGHEST_PRICE, 1 => -5..5i64];
    (minor, 0..CURRENCIES.len()).prop_map(|(minor, at)| Money::new(minor, CURRENCIES[at]))
}

fn any_target() -> impl Strategy<Value = RuleTarget> {
    prop_oneof![
        (1..3u128).prop_map(|raw| RuleTarget::Variant(VariantId::from_u128(raw))),
        (1..3u128).prop_map(|raw| RuleTarget::Product(ProductId::from_u128(raw))),
        Just(RuleTarget::All),
    ]
}

fn any_rule() -> impl Strategy<Value = PriceRule> {
    let price = prop_oneof![
        any_money().prop_map(RulePrice::Fixed),
        (-1_000_000..300_000i64).prop_map(|ppm| RulePrice::ChangePpm(Rate::from_ppm(ppm))),
    ];
    (any_target(), 1..6i64, price).prop_map(|(target, quantity, price)| PriceRule {
        target,
        min_quantity: units(quantity),
        price,
    })
}

fn any_ending() -> impl Strategy<Value = PriceEnding> {
    (0..CURRENCIES.len(), 1..200i64, 0..200i64, 0..3usize).prop_map(|(at, step, offset, way)| PriceEnding {
        currency: CURRENCIES[at],
        step,
        offset: offset % step,
        toward: Toward::ALL[way],
    })
}

fn any_rate() -> impl Strategy<Value = ExchangeRate> {
    let life = (NOW - 2..NOW + 2, 1..4i64);
    (0..CURRENCIES.len(), 0..CURRENCIES.len(), 1..100_000i64, 0..6u8, life).prop_map(
        |(base, quote, mantissa, decimals, (as_of, life))| ExchangeRate {
            rate: DecimalRate::new(mantissa, decimals).unwrap(),
            as_of: Timestamp::from_millis(as_of),
            valid_until: Timestamp::from_millis(as_of + life),
            ..rate(CURRENCIES[base], CURRENCIES[quote], "1")
        },
    )
}

fn any_list() -> impl Strategy<Value = PriceList> {
    let moment = || prop::option::of((NOW - 2..NOW + 3).prop_map(Timestamp::from_millis));
    let audience = (
        prop::collection::vec((1..3u128).prop_map(ChannelId::from_u128), 0..2),
        prop::collection::vec((1..4u128).prop_map(CustomerGroupId::from_u128), 0..3),
        prop::collection::vec((0..CURRENCIES.len()).prop_map(|at| CURRENCIES[at]), 0..2),
        moment(),
        moment(),
    );
    let content = (
        prop::option::of((1..9u128).prop_map(list_id)),
        prop::collection::vec(any_ending(), 0..2),
        prop::collection::vec(any_rule(), 0..8),
    );
    (1..9u128, any::<bool>(), -2..3i32, prop::bool::weighted(0.9), audience, content).prop_map(
        |(id, is_sale, priority, active, audience, content)| {
            let kind = if is_sale { ListKind::Sale } else { ListKind::Override };
            let (channels, groups, currencies, starts_at, ends_at) = audience;
            let (based_on, endings, rules) = content;
            let whom = PriceList { channels, groups, currencies, starts_at, ends_at, ..list(id, kind, priority) };
            PriceList { active, based_on, endings, rules, ..whom }
        },
    )
}

/// Parts that may or may not make a book.
fn any_parts() -> impl Strategy<Value = BookParts> {
    let lists = prop::collection::vec(any_list(), 0..8);
    (lists, prop::collection::vec(any_rate(), 0..8), prop::collection::vec(any_ending(), 0..2))
        .prop_map(|(lists, rates, endings)| BookParts { settlement: EUR, endings, lists, rates })
}

/// Parts that make a book: what another part rules out is left away.
fn sound(mut parts: BookParts) -> BookParts {
    let mut seen = Vec::new();
    parts.lists.retain_mut(|list| {
        let mut keys = Vec::new();
        list.rules.retain(|rule| {
            let (currency, is_right) = match rule.price {
                RulePrice::Fixed(price) => (Some(price.currency()), 0 <= price.minor()),
                RulePrice::ChangePpm(_) => (None, true),
            };
            let key = (rule.target, rule.min_quantity, currency);
            let is_new = !keys.contains(&key);
            keys.push(key);
            is_new && is_right
        });
        list.endings.truncate(1);
        if list.starts_at.zip(list.ends_at).is_some_and(|(start, end)| end <= start) {
            list.ends_at = None;
        }
        let is_new = !seen.contains(&list.id);
        seen.push(list.id);
        is_new
    });
    parts.endings.truncate(1);
    let mut pairs = Vec::new();
    parts.rates.retain(|rate| {
        let pair = (rate.base, rate.quote, rate.as_of);
        let is_new = !pairs.contains(&pair) && rate.base != rate.quote;
        pairs.push(pair);
        is_new
    });
    parts
}

#[derive(Debug, Clone)]
struct Asked {
    base: Vec<BasePrice>,
    currency: Currency,
    quantity: i64,
    groups: Vec<CustomerGroupId>,
    rounding: Rounding,
}

fn any_question() -> impl Strategy<Value = Asked> {
    let base = prop::collection::vec((any_money(), prop::option::of(any_money())), 0..3);
    let groups = prop::collection::vec((1..4u128).prop_map(CustomerGroupId::from_u128), 0..3);
    (base, 0..CURRENCIES.len(), 1..8i64, groups, 0..3usize).prop_map(|(base, currency, quantity, groups, rounding)| {
        let base = base.into_iter().map(|(price, compare_at_price)| BasePrice { price, compare_at_price });
        let rounding = [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown][rounding];
        Asked { base: base.collect(), currency: CURRENCIES[currency], quantity, groups, rounding }
    })
}

impl Asked {
    fn question(&self) -> PriceQuestion<'_> {
        let Asked { base, currency, quantity, groups, rounding } = self;
        PriceQuestion { currency: *currency, quantity: units(*quantity), groups, rounding: *rounding, ..question(base) }
    }
}

fn without(parts: &BookParts, kind: ListKind) -> PriceBook {
    let mut parts = parts.clone();
    for list in parts.lists.iter_mut().filter(|list| list.kind == kind) {
        // It stays as what others are based on.
        list.channels = vec![ChannelId::from_u128(99)];
    }
    PriceBook::new(parts).unwrap()
}

proptest! {
    // More where `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    #[test]
    fn the_order_of_what_is_handed_in_makes_no_difference(
        (parts, shuffled) in any_parts().prop_map(sound).prop_flat_map(|parts| {
            let lists = Just(parts.lists.clone()).prop_shuffle();
            let rates = Just(parts.rates.clone()).prop_shuffle();
            (Just(parts), lists, rates).prop_map(|(parts, mut lists, rates)| {
                for list in &mut lists {
                    list.rules.reverse();
                    list.groups.reverse();
                }
                (parts.clone(), BookParts { lists, rates, ..parts })
            })
        }),
        asked in any_question(),
    ) {
        let (one, two) = (PriceBook::new(parts).unwrap(), PriceBook::new(shuffled).unwrap());
        let explained = explain(&one, &asked.question());
        prop_assert_eq!(&explained, &explain(&two, &asked.question()));
        prop_assert_eq!(&explained, &explain(&one, &asked.question()));
    }

    #[test]
    fn every_answer_is_a_price_with_one_winner_and_its_steps(parts in any_parts().prop_map(sound), asked in any_question()) {
        let count = parts.lists.len();
        let book = PriceBook::new(parts).unwrap();
        let Explanation { resolved, considered } = explain(&book, &asked.question());
        prop_assert_eq!(&resolved, &resolve(&book, &asked.question()));
        prop_assert_eq!(considered.len(), count + 1);
        let winners: Vec<_> = considered.iter().filter(|it| it.verdict == Verdict::Won).collect();
        let Ok(resolved) = resolved else {
            prop_assert!(winners.is_empty());
            return Ok(());
        };
        prop_assert_eq!(winners.len(), 1);
        prop_assert_eq!((winners[0].source, winners[0].price), (resolved.source, Some(resolved.unit_price)));
        prop_assert_eq!(resolved.unit_price.currency(), asked.currency);
        prop_assert!((0..=crate::catalog::HIGHEST_PRICE).contains(&resolved.unit_price.minor()));
        prop_assert!(resolved.compare_at_price.is_none_or(|above| resolved.unit_price.compare(above).unwrap().is_lt()));
        let mut at = None;
        for step in &resolved.steps {
            at = Some(match step {
                PriceStep::Catalog { price } | PriceStep::Fixed { price, .. } => {
                    prop_assert_eq!(at, None);
                    *price
                }
                PriceStep::Adjusted { from, to, .. } | PriceStep::Converted { from, to, .. } => {
                    prop_assert_eq!(at, Some(*from));
                    *to
                }
            });
        }
        prop_assert_eq!(at, Some(resolved.unit_price));
    }

    #[test]
    fn until_the_book_turns_every_price_stays(parts in any_parts().prop_map(sound), asked in any_question(), part in 0..1_000i64) {
        let book = PriceBook::new(parts).unwrap();
        let question = asked.question();
        let now = question.at.millis();
        let turn = book.turns_at(question.at).map_or(now + 1_000_000, Timestamp::millis);
        prop_assert!(now < turn);
        let later = Timestamp::from_millis(now + (turn - 1 - now) * part / 999);
        prop_assert_eq!(resolve(&book, &question), resolve(&book, &PriceQuestion { at: later, ..question }));
    }

    #[test]
    fn what_is_kept_answers_as_the_whole_book_and_says_less(
        parts in any_parts().prop_map(sound),
        asked in any_question(),
        others in prop::collection::vec((1..3u128, 1..3u128, 1..8i64, any::<bool>()), 0..4),
    ) {
        let book = PriceBook::new(parts).unwrap();
        let one = asked.question();
        let mut questions = vec![one];
        questions.extend(others.into_iter().map(|(variant, product, quantity, is_priced)| PriceQuestion {
            variant: VariantId::from_u128(variant),
            product: ProductId::from_u128(product),
            quantity: units(quantity),
            base: if is_priced { one.base } else { &[] },
            ..one
        }));
        let most = questions.iter().map(|question| question.quantity).max().unwrap();
        let kept = book.kept_for(&questions);
        let mut sources = BTreeSet::new();
        for question in &questions {
            let (whole, less) = (explain(&book, question), explain(&kept, question));
            prop_assert_eq!(&whole.resolved, &less.resolved);
            let decided = |explanation: &Explanation| {
                let is_of_it = |it: &&Considered| matches!(it.verdict, Verdict::Won | Verdict::Replaced);
                explanation.considered.iter().filter(is_of_it).copied().collect::<Vec<_>>()
            };
            prop_assert_eq!(decided(&whole), decided(&less));
            // What else is there gave what it gives.
            for one in &less.considered {
                let before = whole.considered.iter().find(|other| other.source == one.source).unwrap();
                prop_assert_eq!((one.price, one.kind, one.priority), (before.price, before.kind, before.priority));
            }
            sources.extend(decided(&less).into_iter().filter_map(|it| match it.source {
                PriceSource::List(list) => Some(list),
                PriceSource::Catalog => None,
            }));
        }
        // Lists that gave nothing are there only as what another is based on.
        let bases: BTreeSet<_> = kept.lists.iter().filter_map(|list| list.based_on).collect();
        for list in &kept.lists {
            prop_assert!(sources.contains(&list.id) || bases.contains(&list.id));
            let is_own = |group: &CustomerGroupId| one.groups.contains(group) || *group == CustomerGroupId::from_u128(0);
            prop_assert!(list.groups.iter().all(is_own));
            prop_assert!(list.rules.iter().all(|rule| rule.min_quantity <= most));
        }
        // It can be stored, and kept again.
        prop_assert_eq!(&PriceBook::new(BookParts::from(kept.clone())).unwrap(), &kept);
        prop_assert_eq!(&kept.kept_for(&questions), &kept);
    }

    #[test]
    fn a_sale_never_raises_a_price(parts in any_parts().prop_map(sound), asked in any_question()) {
        let with = resolve(&PriceBook::new(parts.clone()).unwrap(), &asked.question());
        let regular = resolve(&without(&parts, ListKind::Sale), &asked.question());
        match (with, regular) {
            (Ok(with), Ok(regular)) if with.unit_price != regular.unit_price => {
                prop_assert!(with.unit_price.minor() < regular.unit_price.minor());
                prop_assert_eq!(with.compare_at_price, Some(regular.unit_price));
            }
            (with, regular) => prop_assert_eq!(with, regular),
        }
    }

    /// Said again in the plainest way: lists of euro prices for everything, each with its tiers.
    #[test]
    fn the_winner_is_the_one_that_the_rules_name(
        lists in prop::collection::vec(
            (any::<bool>(), 0..3i32, prop::collection::btree_map(1..20i64, 0..2_000i64, 0..5)), 0..8),
        quantity in 1..25i64,
        catalog in 0..2_000i64,
    ) {
        let kinds = [ListKind::Override, ListKind::Sale];
        let made = lists.iter().enumerate().map(|(at, (is_sale, priority, tiers))| {
            let rules = tiers.iter().map(|(from, price)| fixed(RuleTarget::All, *from, eur(*price))).collect();
            PriceList { rules, ..list(at as u128, kinds[usize::from(*is_sale)], *priority) }
        });
        let book = book(made.collect());
        let mut offers = Vec::new();
        for (at, (is_sale, priority, tiers)) in lists.iter().enumerate() {
            let reached = tiers.iter().filter(|(from, _)| **from <= quantity).max();
            offers.extend(reached.map(|(_, price)| (-priority, *price, at, *is_sale)));
        }
        offers.sort_unstable();
        let regular = offers.iter().find(|offer| !offer.3);
        let regular_price = regular.map_or(catalog, |offer| offer.1);
        let may_win = |offer: &&(i32, i64, usize, bool)| {
            offer.3 && offer.1 < regular_price && regular.is_none_or(|regular| offer.0 <= regular.0)
        };
        let expected = offers.iter().find(may_win).or(regular);
        let base = [at(eur(catalog))];
        let asked = PriceQuestion { quantity: units(quantity), ..question(&base) };
        let resolved = resolve(&book, &asked).unwrap();
        prop_assert_eq!(resolved.unit_price, eur(expected.map_or(catalog, |offer| offer.1)));
        let source = expected.map_or(PriceSource::Catalog, |offer| PriceSource::List(list_id(offer.2 as u128)));
        prop_assert_eq!(resolved.source, source);
    }

    #[test]
    fn what_is_hostile_is_refused_or_priced_and_never_a_panic(
        parts in any_parts(),
        asked in any_question(),
        minors in prop::collection::vec(any::<i64>(), 4),
        (ppm, step, offset, life) in any::<(i64, i64, i64, i64)>(),
    ) {
        let mut parts = parts;
        for (list, minor) in parts.lists.iter_mut().zip(&minors) {
            for rule in list.rules.iter_mut().take(2) {
                rule.price = match rule.price {
                    RulePrice::Fixed(price) => RulePrice::Fixed(Money::new(*minor, price.currency())),
                    RulePrice::ChangePpm(_) => RulePrice::ChangePpm(Rate::from_ppm(ppm)),
                };
            }
        }
        for rate in parts.rates.iter_mut().take(1) {
            rate.valid_until = Timestamp::from_millis(life);
        }
        for ending in parts.endings.iter_mut().take(1) {
            (ending.step, ending.offset) = (step, offset);
        }
        for list in &parts.lists {
            let _ = list.faults();
        }
        let base: Vec<_> = minors.iter().zip(CURRENCIES).map(|(minor, currency)| at(Money::new(*minor, currency))).collect();
        for parts in [parts.clone(), sound(parts)] {
            if let Ok(book) = PriceBook::new(parts) {
                let _ = explain(&book, &asked.question());
                let moment = Timestamp::from_millis(life);
                let _ = explain(&book, &PriceQuestion { base: &base, at: moment, ..asked.question() });
            }
        }
    }
}
