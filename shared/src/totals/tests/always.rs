//! Properties, over random carts and rules.

use proptest::prelude::ProptestConfig;

use super::super::{LineTotals, Question, Refund, Rules, Taxes, Totals, explain, refund, refund_amount, total};
use super::random::{Numbers, case};
use crate::kernel::quantity::Quantity;
use crate::organizations::TaxMode;
use crate::pricing::BookParts;
use crate::tax::{CrossBorder, RoundingPer};

/// As many as other properties have where `PROPTEST_CASES` asks for more.
fn cases() -> u64 {
    ProptestConfig::default().cases.max(2_000).into()
}

/// The totals of as many cases, each with its number.
fn all() -> impl Iterator<Item = (u64, Totals)> {
    (0..cases()).map(|seed| {
        let (rules, cart) = case(seed);
        (seed, total(&rules, &cart).unwrap_or_else(|error| panic!("case {seed}: {error}")))
    })
}

#[test]
fn parts_sum_to_the_totals_and_nothing_is_negative() {
    for (seed, totals) in all() {
        let mut sums = [0_i64; 3];
        let taxes = totals.lines.iter().map(|line| &line.taxes).chain(totals.deliveries.iter().map(|one| &one.taxes));
        for taxes in taxes {
            assert_eq!(taxes.net + taxes.tax, taxes.gross, "case {seed}");
            assert_eq!(taxes.rates.iter().map(|rate| rate.tax).sum::<i64>(), taxes.tax, "case {seed}");
            assert!(0 <= taxes.net && 0 <= taxes.tax, "case {seed}");
            sums = [sums[0] + taxes.net, sums[1] + taxes.tax, sums[2] + taxes.gross];
        }
        assert_eq!(sums, [totals.net, totals.tax, totals.total], "case {seed}");
        let of_rates: i64 = totals.rates.iter().map(|rate| rate.tax).sum();
        assert_eq!(of_rates, totals.tax, "case {seed}");
    }
}

#[test]
fn no_discount_is_above_what_it_is_taken_off() {
    for (seed, totals) in all() {
        for LineTotals { price, quantity, amount, discount, discounts, .. } in &totals.lines {
            assert_eq!(price.unit_price.minor() * quantity.get(), *amount, "case {seed}");
            assert_eq!(discounts.iter().map(|one| one.amount).sum::<i64>(), *discount, "case {seed}");
            assert!((0..=*amount).contains(discount), "case {seed}");
        }
        let lines = |of: fn(&LineTotals) -> i64| totals.lines.iter().map(of).sum::<i64>();
        assert_eq!([lines(|line| line.amount), lines(|line| line.discount)], [totals.subtotal, totals.discount]);
        let off = totals.discount + totals.shipping_discount + totals.gifts.iter().map(|gift| gift.amount).sum::<i64>();
        let redeemed: i64 = totals.redemptions.iter().map(|redemption| redemption.amount).sum();
        assert_eq!(off, redeemed, "case {seed}: what is counted is what is taken off");
    }
}

#[test]
fn what_is_paid_is_what_is_left_and_the_tax_that_is_added() {
    for (seed, totals) in all() {
        let (rules, cart) = case(seed);
        let left = totals.subtotal - totals.discount + totals.shipping - totals.shipping_discount;
        match rules.tax_mode {
            TaxMode::Exclusive => assert_eq!((totals.net, totals.total), (left, left + totals.tax), "case {seed}"),
            TaxMode::Inclusive if rules.tax.cross_border == CrossBorder::Gross => {
                assert_eq!(totals.total, left, "case {seed}");
            }
            // The tax of one place is taken off and that of another put on.
            TaxMode::Inclusive if cart.destination == super::random::place("DE") => {
                assert_eq!(totals.total, left, "case {seed}");
            }
            TaxMode::Inclusive => {}
        }
    }
}

#[test]
fn whatever_is_given_back_adds_up_to_what_was_paid() {
    for (seed, totals) in all() {
        let mut numbers = Numbers::new(seed);
        for line in &totals.lines {
            let (quantity, mut before, mut parts) = (line.quantity.get(), 0, Vec::new());
            while before < quantity {
                let units = (1 + i64::try_from(numbers.below(3)).unwrap()).min(quantity - before);
                parts.push(refund(line, before, units).unwrap());
                before += units;
            }
            assert_adds_up(seed, &line.taxes, &parts);
            assert!(refund(line, before, 1).is_err() && refund(line, 0, 0).is_err());
        }
        let paid = totals.deliveries.iter().map(|delivery| &delivery.taxes);
        for taxes in paid.chain(totals.lines.iter().map(|line| &line.taxes)) {
            let (mut before, mut parts) = (0, Vec::new());
            let step = numbers.one(&[1 + taxes.gross / 3, 1 + taxes.gross / 50, 1 + taxes.gross]);
            while before < taxes.gross {
                let amount = step.min(taxes.gross - before);
                let part = refund_amount(taxes, before, amount).unwrap();
                assert_eq!(part.gross, amount, "case {seed}");
                parts.push(part);
                before += amount;
            }
            assert_adds_up(seed, taxes, &parts);
            assert!(refund_amount(taxes, before, 1).is_err() && refund_amount(taxes, 0, 0).is_err());
        }
    }
}

/// All units of each line at once, and each delivery whole.
#[test]
fn a_refund_of_everything_is_the_payment() {
    for (seed, totals) in all() {
        let lines = totals.lines.iter().map(|line| refund(line, 0, line.quantity.get()).unwrap());
        let sent = totals.deliveries.iter().map(|delivery| &delivery.taxes).filter(|taxes| taxes.gross != 0);
        let parts: Vec<Refund> = lines.chain(sent.map(|taxes| refund_amount(taxes, 0, taxes.gross).unwrap())).collect();
        let sum = |of: fn(&Refund) -> i64| parts.iter().map(of).sum::<i64>();
        let back = [sum(|part| part.net), sum(|part| part.tax), sum(|part| part.gross)];
        assert_eq!(back, [totals.net, totals.tax, totals.total], "case {seed}");
    }
}

fn assert_adds_up(seed: u64, taxes: &Taxes, parts: &[Refund]) {
    let sum = |of: &dyn Fn(&Refund) -> i64| parts.iter().map(of).sum::<i64>();
    let sums = [sum(&|part| part.net), sum(&|part| part.tax), sum(&|part| part.gross)];
    assert_eq!(sums, [taxes.net, taxes.tax, taxes.gross], "case {seed}");
    for part in parts {
        let of_rates: i64 = part.rates.iter().map(|rate| rate.tax).sum();
        assert_eq!((part.net + part.tax, of_rates), (part.gross, part.tax), "case {seed}");
        assert!(0 <= part.net && part.rates.iter().all(|rate| 0 <= rate.tax && 0 <= rate.net), "case {seed}: {part:?}");
    }
    for (at, rate) in taxes.rates.iter().enumerate().filter(|_| !parts.is_empty()) {
        let given = [sum(&|part| part.rates[at].net), sum(&|part| part.rates[at].tax)];
        // Where nothing is left without the tax, there is nothing that a rate could be on.
        assert_eq!(given, [if taxes.net == 0 { 0 } else { rate.net }, rate.tax], "case {seed}");
    }
}

#[test]
fn neither_the_order_of_codes_nor_that_of_lines_matters() {
    for (seed, totals) in all() {
        let (rules, mut cart) = case(seed);
        cart.codes.reverse();
        cart.lines.reverse();
        cart.deliveries.reverse();
        let mut turned = total(&rules, &cart).unwrap();
        turned.codes.reverse();
        turned.lines.reverse();
        turned.deliveries.reverse();
        let shown = |totals: &Totals| (totals.lines.clone(), totals.codes.clone(), totals.redemptions.clone());
        assert_eq!(shown(&turned), shown(&totals), "case {seed}");
        let sums = |totals: &Totals| [totals.subtotal, totals.discount, totals.net, totals.tax, totals.total];
        assert_eq!(sums(&turned), sums(&totals), "case {seed}");
    }
}

#[test]
fn splitting_a_line_changes_nothing_but_a_tax_that_is_rounded_for_each_line() {
    for (seed, totals) in all() {
        let (rules, mut cart) = case(seed);
        let Some(at) = cart.lines.iter().position(|line| 1 < line.quantity.get()) else { continue };
        let mut second = cart.lines[at].clone();
        second.key = u32::try_from(cart.lines.len()).unwrap();
        cart.lines[at].quantity = Quantity::MIN;
        second.quantity = Quantity::try_from(second.quantity.get() - 1).unwrap();
        cart.lines.push(second);
        let split = total(&rules, &cart).unwrap();
        let of = |totals: &Totals| (totals.subtotal, totals.discount, totals.redemptions.clone(), totals.codes.clone());
        assert_eq!(of(&split), of(&totals), "case {seed}");
        // Where a line's price holds the tax of another place, that is taken off it, rounded, before the tax here.
        let is_foreign = rules.tax.cross_border != CrossBorder::Gross && rules.tax_mode == TaxMode::Inclusive;
        let bound = i64::from(rules.tax_rounded_per == RoundingPer::Line) + 2 * i64::from(is_foreign);
        let [tax, total] = [split.tax - totals.tax, split.total - totals.total].map(i64::abs);
        assert!(tax <= bound && total <= bound, "case {seed}: {tax} of tax, {total} in all");
    }
}

#[test]
fn what_did_nothing_can_be_left_out() {
    let (mut promotions, mut lists) = (0, 0);
    for (seed, totals) in all() {
        let (rules, cart) = case(seed);
        let sizes = |rules: &Rules| {
            let lists = BookParts::from(rules.prices.clone()).lists;
            (rules.promotions.promotions.len(), lists.iter().map(|list| 1 + list.rules.len()).sum::<usize>())
        };
        let before = sizes(&rules);
        let kept = Question::new(rules, cart).without_idle_rules(&totals);
        let after = sizes(&kept.rules);
        (promotions, lists) = (promotions + before.0 - after.0, lists + before.1 - after.1);
        assert_eq!(kept.total().unwrap(), totals, "case {seed}");
        assert_eq!(kept.explain().unwrap().totals, totals, "case {seed}");
    }
    assert!(0 < promotions && 0 < lists);
}

#[test]
fn an_explanation_has_the_same_totals() {
    for (seed, totals) in all().take(500) {
        let (rules, cart) = case(seed);
        let explained = explain(&rules, &cart).unwrap();
        assert_eq!(explained.totals, totals, "case {seed}");
        assert_eq!(explained.prices.len(), cart.lines.len());
        for (price, line) in explained.prices.iter().zip(&totals.lines) {
            let won = price.considered.iter().find(|one| one.source == line.price.source);
            assert!(won.is_some(), "case {seed}: {price:?}");
        }
    }
}
