//! The decision.

use std::collections::{BTreeMap, BTreeSet};

use super::delivery::{Delivery, DeliveryLine, MOST_LINES, Totals};
use super::external::{ExternalFallback, ExternalOutcome, RateGroup, RateQuestion};
use super::offer::{Group, NoZone, Offer, OfferKind, Offered, WhyNot, WhyPrice};
use super::price::{self, FreeOverOf, Price};
use super::rules::{Pickup, ShippingMethod, ShippingRules, ShippingZone};
use crate::kernel::area;
use crate::kernel::id::LocationId;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShippingError {
    #[error("at most {MOST_LINES} lines can be shipped together")]
    TooManyLines,
    #[error("the amount, weight or quantity of `{0}` is negative")]
    Negative(String),
    #[error("the amounts are too large")]
    Overflow,
}

/// What each group of `delivery` is offered, groups in the order in which their first lines stand. None where nothing
/// needs shipping.
///
/// # Errors
/// [`ShippingError`], for hostile input only.
pub fn rates(rules: &ShippingRules, delivery: &Delivery) -> Result<Vec<Group>, ShippingError> {
    parcels(delivery, |parcel| group(rules, parcel))
}

/// What is to be asked of external providers before [`rates`] answers for good: of each that a method names which a group
/// is offered as far as its conditions go, one question with all such groups. The providers in the order of their names.
///
/// # Errors
/// As [`rates`].
pub fn questions(rules: &ShippingRules, delivery: &Delivery) -> Result<Vec<RateQuestion>, ShippingError> {
    let Some(destination) = &delivery.destination else { return Ok(Vec::new()) };
    let mut groups: BTreeMap<String, Vec<RateGroup>> = BTreeMap::new();
    parcels(delivery, |parcel| {
        let Parcel { delivery, location, lines, totals, .. } = parcel;
        let asked = zone_of(rules, parcel).into_iter().flat_map(|zone| &zone.methods).filter_map(|method| {
            let against = method.conditions.against(delivery.currency, Some(destination), location, lines, totals);
            match &method.price {
                Price::External { provider, .. } if against.is_empty() => Some(provider.clone()),
                Price::External { .. } | Price::Flat { .. } | Price::Table { .. } | Price::Expression { .. } => None,
            }
        });
        for provider in asked.collect::<BTreeSet<_>>() {
            let groups = groups.entry(provider).or_default();
            groups.push(RateGroup {
                key: groups.len().to_string(),
                location,
                weight: totals.weight,
                subtotal: totals.subtotal,
                quantity: totals.quantity,
                lines: lines.iter().map(|line| (*line).clone()).collect(),
            });
        }
    })?;
    let question = |(provider, groups)| RateQuestion {
        provider,
        currency: delivery.currency,
        destination: destination.clone(),
        groups,
    };
    Ok(groups.into_iter().map(question).collect())
}

/// What `of` makes of each group.
fn parcels<T>(delivery: &Delivery, mut of: impl FnMut(Parcel) -> T) -> Result<Vec<T>, ShippingError> {
    if MOST_LINES < delivery.lines.len() {
        return Err(ShippingError::TooManyLines);
    }
    let is_negative = |line: &&DeliveryLine| line.amount < 0 || line.weight < 0 || line.quantity < 0;
    if let Some(line) = delivery.lines.iter().find(is_negative) {
        return Err(ShippingError::Negative(line.key.clone()));
    }
    let order = Totals::of(&delivery.lines).ok_or(ShippingError::Overflow)?;
    grouped(delivery)
        .into_iter()
        .map(|(location, lines)| {
            let totals = Totals::of(lines.iter().copied()).ok_or(ShippingError::Overflow)?;
            Ok(of(Parcel { delivery, order: &order, location, lines: &lines, totals: &totals }))
        })
        .collect()
}

/// Lines by where they ship from, in the order of the first of each.
fn grouped(delivery: &Delivery) -> Vec<(Option<LocationId>, Vec<&DeliveryLine>)> {
    let mut groups: Vec<(Option<LocationId>, Vec<&DeliveryLine>)> = Vec::new();
    let mut places: BTreeMap<Option<LocationId>, usize> = BTreeMap::new();
    for line in delivery.lines.iter().filter(|line| line.needs_shipping) {
        let place = *places.entry(line.location).or_insert_with(|| {
            groups.push((line.location, Vec::new()));
            groups.len().saturating_sub(1)
        });
        if let Some((_, lines)) = groups.get_mut(place) {
            lines.push(line);
        }
    }
    groups
}

/// A group, with what its methods look at.
#[derive(Clone, Copy)]
struct Parcel<'a> {
    delivery: &'a Delivery,
    order: &'a Totals,
    location: Option<LocationId>,
    lines: &'a [&'a DeliveryLine],
    totals: &'a Totals,
}

/// The zone that decides for a group.
fn zone_of<'r>(rules: &'r ShippingRules, parcel: Parcel) -> Result<&'r ShippingZone, NoZone> {
    let place = parcel.delivery.destination.as_ref().ok_or(NoZone::NoDestination)?;
    area::closest(&rules.zones, |zone| &zone.areas, place).map(|(zone, _)| zone).ok_or(NoZone::NotServed)
}

fn group(rules: &ShippingRules, parcel: Parcel) -> Group {
    let zone = zone_of(rules, parcel);
    let mut offers = Vec::new();
    for method in zone.iter().flat_map(|zone| &zone.methods) {
        offer(method, OfferKind::Delivery, parcel, &mut offers);
    }
    // What has no place of its own is wherever the merchant has it fetched.
    let is_there = |pickup: &&Pickup| parcel.location.is_none_or(|location| location == pickup.location);
    for pickup in rules.pickups.iter().filter(is_there) {
        offer(&pickup.method, OfferKind::Pickup { location: pickup.location }, parcel, &mut offers);
    }
    Group {
        location: parcel.location,
        lines: parcel.lines.iter().map(|line| line.key.clone()).collect(),
        weight: parcel.totals.weight,
        subtotal: parcel.totals.subtotal,
        quantity: parcel.totals.quantity,
        zone: zone.ok().map(|zone| zone.id),
        no_zone: zone.err(),
        offers,
    }
}

fn offer(method: &ShippingMethod, kind: OfferKind, parcel: Parcel, offers: &mut Vec<Offer>) {
    let Parcel { delivery, location, lines, totals, .. } = parcel;
    let currency = delivery.currency;
    let mut put = |service: Option<&str>, name: &str, offered| {
        offers.push(Offer {
            method: method.id,
            service: service.map(str::to_owned),
            name: name.to_owned(),
            kind,
            offered,
            tax: method.tax.clone(),
        });
    };
    let against = method.conditions.against(currency, delivery.destination.as_ref(), location, lines, totals);
    if !against.is_empty() {
        return put(None, &method.name, Offered::No { why: against });
    }
    let priced = match &method.price {
        Price::Flat { amounts } => price::flat(amounts, currency),
        Price::Table { measure, rows } => price::table(*measure, rows, currency, totals),
        Price::Expression { expressions } => price::expression(expressions, currency, totals),
        Price::External { provider, fallback } => match answer(parcel, provider) {
            Ok([]) => Err(WhyNot::NoService { provider: provider.clone() }),
            Ok(rates) => {
                for rate in rates {
                    let why = WhyPrice::External { provider: provider.clone() };
                    let priced = price::not_negative(rate.amount).map(|amount| (amount, why));
                    put(Some(&rate.service), &rate.name, offered(method, parcel, priced));
                }
                return;
            }
            Err(problem) => without_answer(fallback, provider, problem, parcel),
        },
    };
    put(None, &method.name, offered(method, parcel, priced));
}

/// The provider's rates for the group, or why there are none.
fn answer<'a>(parcel: Parcel<'a>, provider: &str) -> Result<&'a [super::ExternalRate], String> {
    let asked = |outcome: &&super::GroupOutcome| outcome.location == parcel.location && outcome.provider == provider;
    match parcel.delivery.external.iter().find(asked).map(|outcome| &outcome.outcome) {
        None => Err("not asked".to_owned()),
        Some(ExternalOutcome::TimedOut { after_millis }) => Err(format!("no answer in {after_millis} ms")),
        Some(ExternalOutcome::Failed { reason }) => Err(reason.clone()),
        Some(ExternalOutcome::Answered { rates }) => {
            match rates.iter().find(|rate| rate.currency != parcel.delivery.currency) {
                Some(rate) => Err(format!("it answers in {}", rate.currency)),
                None => Ok(rates),
            }
        }
    }
}

fn without_answer(
    fallback: &ExternalFallback,
    provider: &str,
    problem: String,
    parcel: Parcel,
) -> Result<(i64, WhyPrice), WhyNot> {
    let provider = provider.to_owned();
    match fallback {
        ExternalFallback::Hide => Err(WhyNot::NoAnswer { provider, problem }),
        ExternalFallback::Flat { amounts } => {
            let (amount, _) = price::flat(amounts, parcel.delivery.currency)?;
            Ok((amount, WhyPrice::Fallback { provider, problem }))
        }
    }
}

fn offered(method: &ShippingMethod, parcel: Parcel, priced: Result<(i64, WhyPrice), WhyNot>) -> Offered {
    let (amount, why) = match priced {
        Ok(priced) => priced,
        Err(why) => return Offered::No { why: vec![why] },
    };
    let free = method.free_over.as_ref().and_then(|free| {
        let threshold = free.amounts.get(&parcel.delivery.currency).copied()?;
        let subtotal = match free.of {
            FreeOverOf::Order => parcel.order.subtotal,
            FreeOverOf::Group => parcel.totals.subtotal,
        };
        (threshold <= subtotal).then_some(WhyPrice::FreeOver { threshold, subtotal, otherwise: amount })
    });
    match free {
        Some(why) => Offered::Yes { amount: 0, why },
        None => Offered::Yes { amount, why },
    }
}
