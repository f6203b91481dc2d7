//! What of a cart is shipped, and what was chosen for it as a part of the cart.

use super::{Cart, CartLine, Delivery, LineTotals, Totals, TotalsError};
use crate::kernel::area::Place;
use crate::shipping::{self, Charge, DeliveryLine, Goods, Group};

/// What [`shipping::rates`] is asked for a cart: each line with what is left of it after discounts, by `totals` of the cart
/// without deliveries and gifts. So what is offered depends on no promotion that wants a delivery, and a threshold is
/// reached by what is paid for the lines; tax that comes on top does not count.
///
/// `goods` has one for each line, in their order.
///
/// # Errors
/// [`TotalsError::Overflow`].
pub fn to_ship(
    cart: &Cart,
    totals: &Totals,
    goods: &[&Goods],
    destination: Option<Place>,
) -> Result<shipping::Delivery, TotalsError> {
    let line = |((line, totals), goods): ((&CartLine, &LineTotals), &&Goods)| {
        let units = line.quantity.get();
        Ok(DeliveryLine {
            key: line.key.to_string(),
            quantity: units,
            amount: totals.amount.checked_sub(totals.discount).ok_or(TotalsError::Overflow)?,
            weight: goods.weight_grams.checked_mul(units).ok_or(TotalsError::Overflow)?,
            needs_shipping: goods.needs_shipping,
            location: goods.location,
            class: Some(line.tax_class.clone()),
            tags: goods.tags.clone(),
        })
    };
    let lines = cart.lines.iter().zip(&totals.lines).zip(goods).map(line).collect::<Result<_, TotalsError>>()?;
    Ok(shipping::Delivery { currency: cart.currency, destination, lines, external: Vec::new() })
}

/// The charges for `groups`, in their order, as deliveries of the cart that the groups are of.
pub fn deliveries(groups: &[Group], charges: &[Charge]) -> Vec<Delivery> {
    let delivery = |(key, (group, charge)): (u32, (&Group, &Charge))| Delivery {
        key,
        method: charge.method.to_string(),
        name: charge.name.clone(),
        amount: charge.amount,
        lines: group.lines.iter().filter_map(|key| key.parse().ok()).collect(),
        tax: charge.tax.clone(),
    };
    (0..).zip(groups.iter().zip(charges)).map(delivery).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::random::{Numbers, case, place};
    use super::super::{DeliveryTotals, total};
    use super::*;
    use crate::kernel::area::Area;
    use crate::kernel::id::{LocationId, ShippingMethodId, ShippingZoneId};
    use crate::shipping::{
        Choice, Conditions, FreeOver, FreeOverOf, Measure, Offered, Price, Row, ShippingMethod, ShippingRules,
        ShippingZone, WhyPrice, choose, rates,
    };
    use crate::tax::{ShippingTax, TaxClass};

    fn goods(numbers: &mut Numbers) -> Goods {
        Goods {
            needs_shipping: numbers.below(4) != 0,
            weight_grams: numbers.one(&[0, 400, 2_000, 2_900]),
            location: numbers.one(&[None, Some(LocationId::from_u128(1))]),
            tags: Vec::new(),
        }
    }

    fn rules(cart: &Cart, threshold: i64) -> ShippingRules {
        let method = |id: u128, price, tax| ShippingMethod {
            id: ShippingMethodId::from_u128(id),
            name: format!("method {id}"),
            price,
            free_over: Some(FreeOver { of: FreeOverOf::Order, amounts: BTreeMap::from([(cart.currency, threshold)]) }),
            conditions: Conditions::default(),
            tax,
        };
        let rows = vec![Row { up_to: Some(2_000), amount: 490 }, Row { up_to: None, amount: 890 }];
        let table = Price::Table { measure: Measure::Weight, rows: BTreeMap::from([(cart.currency, rows)]) };
        let flat = Price::Flat { amounts: BTreeMap::from([(cart.currency, 1_200)]) };
        let methods = vec![
            method(1, table, None),
            method(2, flat, Some(ShippingTax::Proportional { lines: Vec::new() })),
            method(3, Price::Flat { amounts: BTreeMap::new() }, Some(ShippingTax::Class { class: TaxClass::STANDARD })),
        ];
        let zone = ShippingZone {
            id: ShippingZoneId::from_u128(1),
            name: "x".to_owned(),
            areas: vec![Area::everywhere()],
            methods,
        };
        ShippingRules { zones: vec![zone], pickups: Vec::new() }
    }

    #[test]
    fn what_is_chosen_is_what_is_charged() {
        let mut charged = 0;
        for seed in 0..2_000 {
            let (totals_rules, mut cart) = case(seed);
            cart.deliveries.clear();
            cart.gifts.clear();
            let without = total(&totals_rules, &cart).unwrap();
            let mut numbers = Numbers::new(seed);
            let kinds: Vec<Goods> = cart.lines.iter().map(|_| goods(&mut numbers)).collect();
            let threshold = numbers.one(&[0, 500, 5_000, 20_000, 5_000_000]);
            let kinds: Vec<&Goods> = kinds.iter().collect();
            let delivery = to_ship(&cart, &without, &kinds, Some(place("DE"))).unwrap();
            let groups = rates(&rules(&cart, threshold), &delivery).unwrap();
            let choices: Vec<Choice> = groups
                .iter()
                .map(|group| Choice {
                    location: group.location,
                    method: ShippingMethodId::from_u128(numbers.one(&[1, 2])),
                    service: None,
                })
                .collect();
            let chosen = choose(&groups, &choices).unwrap();
            cart.deliveries = deliveries(&groups, &chosen.charges);
            let totals = total(&totals_rules, &cart).unwrap();
            assert_eq!(totals.shipping, chosen.total, "case {seed}");
            let costs = |one: &DeliveryTotals| (one.method.clone(), one.amount);
            let charges = chosen.charges.iter().map(|charge| (charge.method.to_string(), charge.amount));
            assert!(totals.deliveries.iter().map(costs).eq(charges), "case {seed}");
            // Free is what the lines reach, as they are paid for without shipping.
            let paid: i64 = without.lines.iter().map(|line| line.amount - line.discount).sum();
            for charge in &chosen.charges {
                assert_eq!(matches!(charge.why, WhyPrice::FreeOver { .. }), threshold <= paid, "case {seed}");
            }
            // A delivery names the lines that need it, each in one.
            let mut shipped: Vec<u32> = cart.deliveries.iter().flat_map(|delivery| delivery.lines.clone()).collect();
            shipped.sort_unstable();
            let mut needed: Vec<u32> = cart
                .lines
                .iter()
                .zip(&kinds)
                .filter(|(_, goods)| goods.needs_shipping)
                .map(|(line, _)| line.key)
                .collect();
            needed.sort_unstable();
            assert_eq!(shipped, needed, "case {seed}");
            let offers = groups.iter().flat_map(|group| &group.offers);
            assert!(offers.filter(|offer| matches!(offer.offered, Offered::No { .. })).count() == groups.len());
            charged += usize::from(0 < chosen.total);
        }
        assert!(300 < charged, "{charged} cost something");
    }
}
