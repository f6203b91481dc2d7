//! What a merchant lays down.

use serde::{Deserialize, Serialize};

use crate::kernel::country::Country;
use crate::kernel::money::Money;

/// Of one store.
pub const MOST_RULES: usize = 50;
/// Of one rule.
pub const MOST_CONDITIONS: usize = 10;
/// Attempts are counted up to here, and one beyond.
pub const MOST_COUNT: u32 = 1_000;

/// What becomes of an order; the sharper is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is placed.
    Allow,
    /// It is placed, and a person looks at it.
    Review,
    /// It is not placed.
    Block,
}

named!(Outcome, UnknownOutcome, "allow, review or block", {
    Allow = "allow",
    Review = "review",
    Block = "block",
});

/// What the payment provider thinks of a payment; the worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskLevel {
    Normal,
    Elevated,
    Highest,
}

named!(RiskLevel, UnknownRiskLevel, "normal, elevated or highest", {
    Normal = "normal",
    Elevated = "elevated",
    Highest = "highest",
});

/// By what attempts to buy are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    Email,
    /// The address that it is sent to.
    Address,
    /// The network address that it is ordered from.
    Ip,
    /// The fingerprint that a payment provider gives a card.
    Card,
}

named!(Counted, UnknownCounted, "email, address, ip or card", {
    Email = "email",
    Address = "address",
    Ip = "ip",
    Card = "card",
});

/// A condition of a rule. What nobody has said holds no condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Condition {
    /// There were more attempts than that in the window, this one with them.
    Count {
        by: Counted,
        over: u32,
    },
    /// The billing address is farther from the shipping address.
    Distance {
        over_km: u32,
    },
    /// The billing address is in another country than the shipping address.
    CountriesDiffer,
    ShippingCountry {
        countries: Vec<Country>,
    },
    BillingCountry {
        countries: Vec<Country>,
    },
    /// The order comes to as much or more, in this currency.
    OrderTotal {
        at_least: Money,
    },
    /// The buyer has not ordered before.
    FirstOrder,
    /// The payment provider thinks as ill of it, or worse.
    ProviderRisk {
        at_least: RiskLevel,
    },
}

/// All conditions of a rule hold, and it is a reason for its outcome. Without conditions it always holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// What the staff is told.
    pub reason: String,
    pub outcome: Outcome,
    pub when: Vec<Condition>,
}

/// For how many seconds attempts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    pub email: u32,
    pub address: u32,
    pub ip: u32,
    pub card: u32,
}

impl Windows {
    pub const SHORTEST: u32 = 60;
    /// Thirty days.
    pub const LONGEST: u32 = 2_592_000;

    pub const fn of(self, counted: Counted) -> u32 {
        match counted {
            Counted::Email => self.email,
            Counted::Address => self.address,
            Counted::Ip => self.ip,
            Counted::Card => self.card,
        }
    }
}

/// An hour each.
impl Default for Windows {
    fn default() -> Windows {
        Windows { email: 3_600, address: 3_600, ip: 3_600, card: 3_600 }
    }
}

/// How a store judges orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FraudSettings {
    /// In the order in which reasons are told.
    pub rules: Vec<Rule>,
    pub windows: Windows,
    /// How long the counters may take.
    pub timeout_millis: u16,
    /// What becomes of an order that a rule would need counters for, where they do not answer in time.
    pub without_counts: Outcome,
}

/// Nothing is judged: every order is taken.
impl Default for FraudSettings {
    fn default() -> FraudSettings {
        FraudSettings {
            rules: Vec::new(),
            windows: Windows::default(),
            timeout_millis: FraudSettings::TIMEOUT_MILLIS,
            without_counts: Outcome::Review,
        }
    }
}

impl FraudSettings {
    pub const TIMEOUT_MILLIS: u16 = 500;

    /// Whether a rule asks how often something was seen: else nobody has to count.
    pub fn counts(&self) -> bool {
        self.asks(|condition| matches!(condition, Condition::Count { .. }))
    }

    pub fn asks_for_first_order(&self) -> bool {
        self.asks(|condition| matches!(condition, Condition::FirstOrder))
    }

    fn asks(&self, is_asked: impl Fn(&Condition) -> bool) -> bool {
        self.rules.iter().any(|rule| rule.when.iter().any(&is_asked))
    }
}
