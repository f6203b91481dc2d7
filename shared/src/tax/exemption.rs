//! Buyers that pay no tax: by a certificate, or since they account for it themselves.

use serde::{Deserialize, Serialize};

use super::answer::TaxReason;
use super::question::TaxQuestion;
use super::rules::{TaxRules, TaxZone};
use super::vat;
use crate::kernel::id::TaxZoneId;
use crate::kernel::time::Timestamp;

/// What a buyer claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Exemption {
    Certificate {
        number: String,
        /// Where it holds; none: everywhere.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        zones: Vec<TaxZoneId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        /// The first instant that it holds no more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// An identification for VAT of a member state, `EL` for Greece and `XI` for Northern Ireland.
    VatId {
        number: String,
        /// Whether a register such as VIES knows it.
        verified: bool,
    },
}

impl Exemption {
    fn number(&self) -> &str {
        match self {
            Exemption::Certificate { number, .. } | Exemption::VatId { number, .. } => number,
        }
    }

    /// The next instant after `at` at which it begins to hold or ends; none: it stays as it is.
    pub fn turns_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Exemption::Certificate { from, until, .. } => {
                from.iter().chain(until).copied().filter(|turn| at < *turn).min()
            }
            Exemption::VatId { .. } => None,
        }
    }
}

/// An exemption that does not hold, by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusedExemption {
    pub number: String,
    pub why: NotExempt,
}

/// Why a claim does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotExempt {
    /// The certificate is for other zones.
    OtherZone,
    NotYetValid,
    Expired,
    /// The merchant does not sell with reverse charge, or not from where the Union's VAT holds.
    NotOffered,
    /// Not the form of a VAT id of a member state.
    Malformed,
    Unverified,
    /// The id is of the merchant's own state.
    OwnState,
    /// The goods do not leave the merchant's own state.
    StaysInOwnState,
    /// The goods go where the Union's VAT does not hold.
    OutsideUnion,
}

/// The first claim that holds, as the reason of the tax, and those before it that do not.
pub(super) fn decide(
    rules: &TaxRules,
    question: &TaxQuestion,
    zone: Option<&TaxZone>,
) -> (Option<TaxReason>, Vec<RefusedExemption>) {
    let mut refused = Vec::new();
    for exemption in &question.exemptions {
        match grant(rules, question, zone, exemption) {
            Ok(reason) => return (Some(reason), refused),
            Err(why) => refused.push(RefusedExemption { number: exemption.number().to_owned(), why }),
        }
    }
    (None, refused)
}

fn grant(
    rules: &TaxRules,
    question: &TaxQuestion,
    zone: Option<&TaxZone>,
    exemption: &Exemption,
) -> Result<TaxReason, NotExempt> {
    match exemption {
        Exemption::Certificate { number, zones, from, until } => {
            if from.is_some_and(|from| question.at < from) {
                return Err(NotExempt::NotYetValid);
            }
            if until.is_some_and(|until| until <= question.at) {
                return Err(NotExempt::Expired);
            }
            if !zones.is_empty() && !zone.is_some_and(|zone| zones.contains(&zone.id)) {
                return Err(NotExempt::OtherZone);
            }
            Ok(TaxReason::Exempt { certificate: number.clone() })
        }
        Exemption::VatId { number, verified } => {
            let origin = rules.member_sold_from().ok_or(NotExempt::NotOffered)?;
            let buyer = vat::member_of_id(number).ok_or(NotExempt::Malformed)?;
            let destination = vat::member_of_place(&question.destination).ok_or(NotExempt::OutsideUnion)?;
            // Article 138: the buyer is identified in another member state than that where the goods set out.
            if buyer == origin {
                return Err(NotExempt::OwnState);
            }
            if destination == origin {
                return Err(NotExempt::StaysInOwnState);
            }
            if !verified {
                return Err(NotExempt::Unverified);
            }
            Ok(TaxReason::ReverseCharge { vat_id: number.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exemption;
    use crate::tax::tests::at;

    #[test]
    fn a_certificate_turns_when_it_begins_and_when_it_ends() {
        let (from, until) = (Some(at("2026-01-01")), Some(at("2027-01-01")));
        let of = |from, until| Exemption::Certificate { number: "1".to_owned(), zones: Vec::new(), from, until };
        let turns = |exemption: &Exemption| {
            ["2025-06-01", "2026-01-01", "2026-06-01", "2027-01-01"].map(|now| exemption.turns_at(at(now)))
        };
        assert_eq!(turns(&of(from, until)), [from, until, until, None]);
        assert_eq!(turns(&of(None, None)), [None; 4]);
        let vat_id = Exemption::VatId { number: "FR40303265045".to_owned(), verified: true };
        assert_eq!(turns(&vat_id), [None; 4]);
    }
}
