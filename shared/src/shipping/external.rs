//! What external rate providers answer, and what is done without an answer.

use serde::{Deserialize, Serialize};

use super::price::Amounts;
use crate::kernel::id::LocationId;
use crate::kernel::money::Currency;

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
