//! What is taken of what is offered.

use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::shipping::{Charge, Choice, ChoiceError, Group, Offered, choose};

/// The groups of a cart, and what was taken for each, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    pub groups: Vec<Group>,
    pub charges: Vec<Charge>,
}

/// Why a cart cannot be shipped as was chosen, with what is offered; amounts are of the currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotShipped {
    pub error: ChoiceError,
    pub groups: Vec<Group>,
    pub choices: Vec<Choice>,
    pub currency: Currency,
}

/// # Errors
/// [`NotShipped`] unless there is a choice for each group, of what it is offered.
pub fn chosen(groups: Vec<Group>, choices: &[Choice], currency: Currency) -> Result<Shipment, Box<NotShipped>> {
    match choose(&groups, choices) {
        Ok(chosen) => Ok(Shipment { groups, charges: chosen.charges }),
        Err(error) => Err(Box::new(NotShipped { error, groups, choices: choices.to_vec(), currency })),
    }
}

impl NotShipped {
    /// Whether there is nothing to choose for one of the groups without a choice.
    pub fn is_hopeless(&self) -> bool {
        let is_offered = |group: &Group| group.offers.iter().any(|offer| matches!(offer.offered, Offered::Yes { .. }));
        match &self.error {
            ChoiceError::Missing(locations) => {
                self.groups.iter().any(|group| locations.contains(&group.location) && !is_offered(group))
            }
            ChoiceError::Twice | ChoiceError::NoGroup | ChoiceError::NotOffered(_) | ChoiceError::Overflow => false,
        }
    }

    /// The place of the choice that is wrong.
    pub fn wrong(&self) -> Option<usize> {
        let is_group = |choice: &Choice| self.groups.iter().any(|group| group.location == choice.location);
        let mut places = self.choices.iter().enumerate();
        let found = match self.error {
            ChoiceError::NotOffered(method) => places.find(|(_, choice)| choice.method == method),
            ChoiceError::NoGroup => places.find(|(_, choice)| !is_group(choice)),
            ChoiceError::Twice => places.find(|(place, choice)| {
                self.choices.iter().take(*place).any(|earlier| earlier.location == choice.location)
            }),
            ChoiceError::Missing(_) | ChoiceError::Overflow => None,
        };
        found.map(|(place, _)| place)
    }
}
