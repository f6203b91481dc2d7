//! What is answered: net, tax and gross of every line, and why.

use serde::{Deserialize, Serialize};

use super::exemption::RefusedExemption;
use super::question::RoundingPer;
use super::{TaxClass, TaxRate};
use crate::kernel::id::{TaxRateId, TaxZoneId};
use crate::kernel::money::Currency;
use crate::organizations::{RoundingMode, TaxMode};

/// The tax of a question. All amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Taxed {
    pub currency: Currency,
    pub mode: TaxMode,
    pub per: RoundingPer,
    pub rounding: RoundingMode,
    pub source: TaxSource,
    /// The zone that decided; none: no zone is there, and nothing is taxed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneName>,
    /// In the order of the question.
    pub lines: Vec<TaxedLine>,
    /// In the order of the question.
    pub shipping: Vec<TaxedLine>,
    /// For each rate what it is on and what it gives, lines and shipping together.
    pub rates: Vec<RateSum>,
    /// What the buyer claimed in vain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedExemption>,
    /// Of lines and shipping.
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
}

/// Who said what the tax is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum TaxSource {
    /// The merchant's own rates.
    Own,
    Provider {
        provider: String,
        /// The provider's name for its answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// The merchant's own rates, since the provider had no answer.
    OwnInstead { provider: String, problem: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ZoneName {
    pub id: TaxZoneId,
    pub name: String,
}

/// A line, or a charge for shipping. `net + tax = gross`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaxedLine {
    pub key: String,
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
    /// They sum to `tax`.
    pub rates: Vec<LineRate>,
    /// None for shipping that is taxed as what is shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<TaxClass>,
    pub why: TaxReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineRate {
    /// None for an external provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<TaxRateId>,
    pub name: String,
    pub ppm: i64,
    /// What it is on: the line's net, or of a charge for shipping the part that goes with goods of this rate. A
    /// compound rate is on the taxes before it too, which are not counted here.
    pub net: i64,
    pub tax: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateSum {
    /// None for an external provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<TaxRateId>,
    pub name: String,
    pub ppm: i64,
    /// Of what the rate is on, without any tax.
    pub net: i64,
    pub tax: i64,
}

/// Why a line is taxed as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum TaxReason {
    /// By the zone's rates for its class.
    Rated,
    /// By the zone's standard rates, since it has none for the class at that time.
    StandardInstead,
    /// Shipping, by the rates of what is shipped.
    Proportional,
    /// The goods bear no tax, wherever they go.
    NotTaxable,
    /// No rate of the zone holds at that time.
    NoRate,
    /// No zone is there.
    NoZone,
    /// By a certificate of exemption.
    Exempt { certificate: String },
    /// The buyer accounts for it. Source: Directive 2006/112/EC, articles 138 (goods) and 196 (services).
    ReverseCharge { vat_id: String },
    /// By the external provider's answer.
    Provider,
}

impl LineRate {
    pub(super) fn of(rate: &TaxRate, net: i64, tax: i64) -> LineRate {
        LineRate { rate: Some(rate.id), name: rate.name.clone(), ppm: rate.ppm, net, tax }
    }

    fn is_of(&self, sum: &RateSum) -> bool {
        self.rate == sum.rate && self.ppm == sum.ppm && self.name == sum.name
    }
}

impl Taxed {
    /// With the sums and the summary of its lines and shipping. `None` where a sum leaves `i64`.
    pub(super) fn summed(self) -> Option<Taxed> {
        let (mut net, mut tax, mut gross) = (0i64, 0i64, 0i64);
        let mut rates: Vec<RateSum> = Vec::new();
        for line in self.lines.iter().chain(&self.shipping) {
            net = net.checked_add(line.net)?;
            tax = tax.checked_add(line.tax)?;
            gross = gross.checked_add(line.gross)?;
            for rate in &line.rates {
                match rates.iter_mut().find(|sum| rate.is_of(sum)) {
                    Some(sum) => {
                        sum.net = sum.net.checked_add(rate.net)?;
                        sum.tax = sum.tax.checked_add(rate.tax)?;
                    }
                    None => rates.push(RateSum {
                        rate: rate.rate,
                        name: rate.name.clone(),
                        ppm: rate.ppm,
                        net: rate.net,
                        tax: rate.tax,
                    }),
                }
            }
        }
        Some(Taxed { rates, net, tax, gross, ..self })
    }
}

#[cfg(test)]
mod tests {
    use crate::tax::{TaxQuestion, TaxRules, Taxed, tax};

    #[test]
    fn rules_questions_and_answers_travel_as_json() {
        let rules = r#"{"zones":[{"id":"tzone_00000000000000000000000001","name":"Germany","areas":[{"country":"DE"}],
            "rates":[{"id":"trate_00000000000000000000000001","name":"MwSt.","classes":["standard"],"ppm":190000,
            "from":"2006-12-31T23:00:00.000Z"}]}],"crossBorder":{"keep":"net","origin":{"country":"DE"}},
            "reverseChargeFrom":"DE","providerFallback":"refuse"}"#;
        let question = r#"{"currency":"EUR","mode":"inclusive","per":"rate","rounding":"half-even",
            "destination":{"country":"DE","postcode":"10115"},
            "lines":[{"key":"line_1","amount":11900,"quantity":1,"class":"standard"}],
            "shipping":[{"key":"parcel","amount":1190,"tax":{"by":"proportional"}}],
            "exemptions":[{"kind":"vat-id","number":"DE136695976","verified":true}],"at":"2026-11-23T00:00:00.000Z"}"#;
        let answer = concat!(
            r#"{"currency":"EUR","mode":"inclusive","per":"rate","rounding":"half-even","source":{"by":"own"},"#,
            r#""zone":{"id":"tzone_00000000000000000000000001","name":"Germany"},"lines":[{"key":"line_1","net":10000,"#,
            r#""tax":1900,"gross":11900,"rates":[{"rate":"trate_00000000000000000000000001","name":"MwSt.","#,
            r#""ppm":190000,"net":10000,"tax":1900}],"class":"standard","why":{"kind":"rated"}}],"#,
            r#""shipping":[{"key":"parcel","net":1000,"tax":190,"gross":1190,"rates":[{"#,
            r#""rate":"trate_00000000000000000000000001","name":"MwSt.","ppm":190000,"net":1000,"tax":190}],"#,
            r#""why":{"kind":"proportional"}}],"rates":[{"rate":"trate_00000000000000000000000001","name":"MwSt.","#,
            r#""ppm":190000,"net":11000,"tax":2090}],"refused":[{"number":"DE136695976","why":"own-state"}],"#,
            r#""net":11000,"tax":2090,"gross":13090}"#
        );
        let rules: TaxRules = serde_json::from_str(rules).unwrap();
        let question: TaxQuestion = serde_json::from_str(question).unwrap();
        let taxed = tax(&rules, &question).unwrap();
        assert_eq!(serde_json::to_string(&taxed).unwrap(), answer);
        assert_eq!(serde_json::from_str::<Taxed>(answer).unwrap(), taxed);
        let again = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<TaxRules>(&again).unwrap(), rules);
        let unknown = again.replacen("\"name\"", "\"nom\"", 1);
        assert!(serde_json::from_str::<TaxRules>(&unknown).unwrap_err().to_string().contains("unknown field `nom`"));
    }
}
