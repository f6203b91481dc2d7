//! What the buyer takes of what is offered.

use serde::{Deserialize, Serialize};

use super::offer::{Group, Offer, OfferKind, Offered, WhyPrice};
use crate::kernel::id::{LocationId, ShippingMethodId};
use crate::tax::ShippingTax;

/// The method for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// The group, by where it ships from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    pub method: ShippingMethodId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl Charge {
    /// Where it is picked up, or sent from.
    pub fn place(&self) -> Option<LocationId> {
        match self.kind {
            OfferKind::Pickup { location } => Some(location),
            OfferKind::Delivery => self.location,
        }
    }

    /// What it was chosen by.
    pub fn choice(&self) -> Choice {
        Choice { location: self.location, method: self.method, service: self.service.clone() }
    }
}

/// What shipping costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chosen {
    /// One for each group, in their order.
    pub charges: Vec<Charge>,
    pub total: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Charge {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    pub method: ShippingMethodId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub name: String,
    pub kind: OfferKind,
    pub amount: i64,
    pub why: WhyPrice,
    /// As the method says; where it is in proportion to what is shipped, the group's lines are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<ShippingTax>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// The groups, by where they ship from.
    #[error("{} of the deliveries have no method yet", .0.len())]
    Missing(Vec<Option<LocationId>>),
    #[error("there are two choices for one delivery")]
    Twice,
    #[error("there is a choice for a delivery that is none")]
    NoGroup,
    #[error("{0} is not offered")]
    NotOffered(ShippingMethodId),
    #[error("the amounts are too large")]
    Overflow,
}

/// Takes one offer of each group.
///
/// # Errors
/// [`ChoiceError`]; the first of `Twice` and `NoGroup`, then all that is `Missing`, then the first `NotOffered`.
pub fn choose(groups: &[Group], choices: &[Choice]) -> Result<Chosen, ChoiceError> {
    for (index, choice) in choices.iter().enumerate() {
        if !groups.iter().any(|group| group.location == choice.location) {
            return Err(ChoiceError::NoGroup);
        }
        if choices.iter().take(index).any(|earlier| earlier.location == choice.location) {
            return Err(ChoiceError::Twice);
        }
    }
    let of_group = |group: &Group| choices.iter().find(|choice| choice.location == group.location);
    let missing: Vec<_> = groups.iter().filter(|group| of_group(group).is_none()).map(|group| group.location).collect();
    if !missing.is_empty() {
        return Err(ChoiceError::Missing(missing));
    }
    let mut chosen = Chosen { charges: Vec::with_capacity(groups.len()), total: 0 };
    for (group, choice) in groups.iter().filter_map(|group| Some((group, of_group(group)?))) {
        let is_it = |offer: &&Offer| offer.method == choice.method && offer.service == choice.service;
        let offer = group.offers.iter().find(is_it).ok_or(ChoiceError::NotOffered(choice.method))?;
        let Offered::Yes { amount, why } = &offer.offered else {
            return Err(ChoiceError::NotOffered(choice.method));
        };
        chosen.total = chosen.total.checked_add(*amount).ok_or(ChoiceError::Overflow)?;
        chosen.charges.push(Charge {
            location: group.location,
            method: offer.method,
            service: offer.service.clone(),
            name: offer.name.clone(),
            kind: offer.kind,
            amount: *amount,
            why: why.clone(),
            tax: offer.tax.as_ref().map(|tax| of_lines(tax, &group.lines)),
        });
    }
    Ok(chosen)
}

fn of_lines(tax: &ShippingTax, lines: &[String]) -> ShippingTax {
    match tax {
        ShippingTax::Proportional { lines: named } if named.is_empty() => {
            ShippingTax::Proportional { lines: lines.to_vec() }
        }
        ShippingTax::Proportional { .. } | ShippingTax::Class { .. } => tax.clone(),
    }
}
