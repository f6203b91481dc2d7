//! What external rate providers are asked and answer, and what is done without an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::delivery::DeliveryLine;
use super::price::Amounts;
use crate::kernel::area::Place;
use crate::kernel::id::LocationId;
use crate::kernel::line::Line;
use crate::kernel::money::Currency;

/// Of one store.
pub const MOST_PROVIDERS: usize = 10;
/// Of one answer, for one group.
pub const MOST_SERVICES: usize = 50;
/// Of one rate, in minor units.
pub const MOST_RATE: i64 = 1_000_000_000_000;

/// What a store calls a provider of rates, as its methods name it: 1 to 40 of `a-z`, `0-9` and `-`, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderName(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 40 lower-case letters, digits and hyphens, a letter first")]
pub struct InvalidProviderName;

impl FromStr for ProviderName {
    type Err = InvalidProviderName;

    fn from_str(text: &str) -> Result<ProviderName, InvalidProviderName> {
        let is_plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let is_name = is_plain && text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase());
        is_name.then(|| ProviderName(text.to_owned())).ok_or(InvalidProviderName)
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one provider is asked for a delivery: all groups that are offered one of its methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateQuestion {
    /// The store's name for whom it is for, which is nothing to the provider.
    #[serde(skip)]
    pub provider: String,
    pub currency: Currency,
    pub destination: Place,
    pub groups: Vec<RateGroup>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateGroup {
    /// One of its own in the question.
    pub key: String,
    /// Where it ships from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// In grams.
    pub weight: i64,
    /// Less discounts.
    pub subtotal: i64,
    pub quantity: i64,
    pub lines: Vec<DeliveryLine>,
}

/// What a provider answers: each group of the question once, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateAnswer {
    pub groups: Vec<GroupAnswer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupAnswer {
    pub key: String,
    pub rates: Vec<ExternalRate>,
}

impl RateQuestion {
    /// What is known of each of its groups now: the provider's rates, or, of all of them, why there are none, where it has
    /// not answered, or what it answers does not fit.
    pub fn outcomes(&self, answered: Result<RateAnswer, ExternalOutcome>) -> Vec<GroupOutcome> {
        let fitting = answered.and_then(|answer| {
            self.fit(answer).map_err(|reason| ExternalOutcome::Failed { reason: reason.to_owned() })
        });
        let outcome = |(at, group): (usize, &RateGroup)| GroupOutcome {
            location: group.location,
            provider: self.provider.clone(),
            outcome: match &fitting {
                Ok(rates) => ExternalOutcome::Answered { rates: rates.get(at).cloned().unwrap_or_default() },
                Err(outcome) => outcome.clone(),
            },
        };
        self.groups.iter().enumerate().map(outcome).collect()
    }

    /// The rates of each group, in the order of the question; or what does not fit.
    fn fit(&self, answer: RateAnswer) -> Result<Vec<Vec<ExternalRate>>, &'static str> {
        let mut left: BTreeMap<String, Vec<ExternalRate>> = BTreeMap::new();
        for group in answer.groups {
            if left.insert(group.key, group.rates).is_some() {
                return Err("it names a group twice");
            }
        }
        let mut fitted = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let rates = left.remove(&group.key).ok_or("it leaves out a group")?;
            self.check(&rates)?;
            fitted.push(rates);
        }
        if left.is_empty() { Ok(fitted) } else { Err("it names a group that was not asked for") }
    }

    /// Whether what a stranger answers may be kept, shown and charged.
    fn check(&self, rates: &[ExternalRate]) -> Result<(), &'static str> {
        fn is_line<const MAX: usize>(text: &str) -> bool {
            text.parse::<Line<MAX>>().is_ok_and(|line| line.as_str() == text)
        }
        if MOST_SERVICES < rates.len() {
            return Err("it has too many rates for a group");
        }
        let (mut services, mut names) = (BTreeSet::new(), BTreeSet::new());
        for rate in rates {
            if !is_line::<100>(&rate.service) || !is_line::<200>(&rate.name) {
                return Err("it has a rate whose service or name is empty, too long or no line of text");
            }
            if !services.insert(rate.service.as_str()) || !names.insert(rate.name.as_str()) {
                return Err("it has two rates of one service or name");
            }
            if rate.currency != self.currency {
                return Err("it answers in another currency");
            }
            if !(0..=MOST_RATE).contains(&rate.amount) {
                return Err("it has a rate that is negative or too high");
            }
        }
        Ok(())
    }
}

/// What a provider said for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupOutcome {
    /// The group, by where it ships from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    pub provider: String,
    pub outcome: ExternalOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ExternalOutcome {
    /// Each of the rates is an offer; none: nothing can be shipped that way.
    Answered {
        rates: Vec<ExternalRate>,
    },
    TimedOut {
        after_millis: i64,
    },
    Failed {
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalRate {
    /// The provider's code, which tells its offers apart.
    pub service: String,
    pub name: String,
    pub amount: i64,
    pub currency: Currency,
}

/// What is done when the provider was not asked, is late, fails, or answers in another currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ExternalFallback {
    /// The method is not offered.
    Hide,
    /// It costs this.
    Flat { amounts: Amounts },
}
