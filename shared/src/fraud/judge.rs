//! The verdict.

use serde::{Deserialize, Serialize};

use super::distance::distance_km;
use super::rule::{Condition, Counted, FraudSettings, Outcome, RiskLevel, Rule};
use crate::kernel::country::Country;
use crate::kernel::money::Money;

/// The reason where a rule would need counters that did not answer. No rule has it for its own.
pub const UNCOUNTED: &str = "counters-unavailable";

/// How often something was seen in its window, this time with it. None: there is nothing to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub email: Option<u32>,
    pub address: Option<u32>,
    pub ip: Option<u32>,
    pub card: Option<u32>,
}

impl Counts {
    pub const fn of(self, counted: Counted) -> Option<u32> {
        match counted {
            Counted::Email => self.email,
            Counted::Address => self.address,
            Counted::Ip => self.ip,
            Counted::Card => self.card,
        }
    }
}

/// All that a verdict depends on beside the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signals {
    /// None: the counters did not answer.
    pub counts: Option<Counts>,
    pub shipping_country: Option<Country>,
    pub billing_country: Option<Country>,
    pub total: Option<Money>,
    pub is_first_order: Option<bool>,
    pub provider_risk: Option<RiskLevel>,
}

impl Signals {
    /// Between billing and shipping.
    pub fn distance_km(&self) -> Option<u32> {
        let (shipping, billing) = self.shipping_country.zip(self.billing_country)?;
        distance_km(shipping, billing)
    }
}

/// A rule that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub reason: String,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub outcome: Outcome,
    /// Every rule that holds, in their order; then that nobody has counted, where that matters.
    pub reasons: Vec<Reason>,
}

/// Whether something holds, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    /// It depends on counters that did not answer.
    Perhaps,
}

/// The sharpest outcome of all rules that hold. Where counters did not answer, a rule that could hold by them counts as
/// [`FraudSettings::without_counts`] once.
pub fn judge(settings: &FraudSettings, signals: &Signals) -> Verdict {
    let mut reasons = Vec::new();
    let mut is_uncounted = false;
    for rule in &settings.rules {
        match rule.holds(signals) {
            Holds::Yes => reasons.push(Reason { reason: rule.reason.clone(), outcome: rule.outcome }),
            Holds::No => {}
            Holds::Perhaps => is_uncounted = true,
        }
    }
    if is_uncounted {
        reasons.push(Reason { reason: UNCOUNTED.to_owned(), outcome: settings.without_counts });
    }
    let outcome = reasons.iter().map(|reason| reason.outcome).max().unwrap_or(Outcome::Allow);
    Verdict { outcome, reasons }
}

impl Rule {
    fn holds(&self, signals: &Signals) -> Holds {
        let mut all = Holds::Yes;
        for condition in &self.when {
            match condition.holds(signals) {
                Holds::Yes => {}
                Holds::No => return Holds::No,
                Holds::Perhaps => all = Holds::Perhaps,
            }
        }
        all
    }
}

impl Condition {
    fn holds(&self, signals: &Signals) -> Holds {
        let is_in =
            |countries: &[Country], country: Option<Country>| country.is_some_and(|own| countries.contains(&own));
        let holds = match self {
            Condition::Count { by, over } => match signals.counts {
                None => return Holds::Perhaps,
                Some(counts) => counts.of(*by).is_some_and(|count| *over < count),
            },
            Condition::Distance { over_km } => signals.distance_km().is_some_and(|km| *over_km < km),
            Condition::CountriesDiffer => signals
                .shipping_country
                .zip(signals.billing_country)
                .is_some_and(|(shipping, billing)| shipping != billing),
            Condition::ShippingCountry { countries } => is_in(countries, signals.shipping_country),
            Condition::BillingCountry { countries } => is_in(countries, signals.billing_country),
            Condition::OrderTotal { at_least } => signals
                .total
                .is_some_and(|total| total.currency() == at_least.currency() && at_least.minor() <= total.minor()),
            Condition::FirstOrder => signals.is_first_order == Some(true),
            Condition::ProviderRisk { at_least } => signals.provider_risk.is_some_and(|risk| *at_least <= risk),
        };
        if holds { Holds::Yes } else { Holds::No }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(reason: &str, outcome: Outcome, when: Vec<Condition>) -> Rule {
        Rule { reason: reason.to_owned(), outcome, when }
    }

    fn settings(rules: Vec<Rule>) -> FraudSettings {
        FraudSettings { rules, ..FraudSettings::default() }
    }

    fn euros(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    fn country(code: &str) -> Option<Country> {
        Some(code.parse().unwrap())
    }

    #[test]
    fn the_sharpest_of_all_rules_that_hold_decides_and_each_is_told() {
        let many = |over| vec![Condition::Count { by: Counted::Email, over }];
        let settings = settings(vec![
            rule("second", Outcome::Review, many(1)),
            rule("fifth", Outcome::Block, many(4)),
            rule("known", Outcome::Allow, Vec::new()),
        ]);
        for (count, outcome, reasons) in [
            (1, Outcome::Allow, &["known"][..]),
            (2, Outcome::Review, &["second", "known"]),
            (5, Outcome::Block, &["second", "fifth", "known"]),
        ] {
            let counts = Some(Counts { email: Some(count), ..Counts::default() });
            let verdict = judge(&settings, &Signals { counts, ..Signals::default() });
            assert_eq!(verdict.outcome, outcome, "{count}");
            assert_eq!(verdict.reasons.iter().map(|one| one.reason.as_str()).collect::<Vec<_>>(), reasons, "{count}");
        }
    }

    #[test]
    fn each_condition_holds_by_its_signal_alone() {
        let codes = |codes: &[&str]| codes.iter().map(|code| code.parse().unwrap()).collect::<Vec<Country>>();
        let signals = Signals {
            counts: Some(Counts { ip: Some(3), ..Counts::default() }),
            shipping_country: country("DE"),
            billing_country: country("FR"),
            total: Some(euros(10_000)),
            is_first_order: Some(true),
            provider_risk: Some(RiskLevel::Elevated),
        };
        for (condition, holds) in [
            (Condition::Count { by: Counted::Ip, over: 2 }, true),
            (Condition::Count { by: Counted::Ip, over: 3 }, false),
            (Condition::Count { by: Counted::Card, over: 0 }, false),
            (Condition::Distance { over_km: 500 }, true),
            (Condition::Distance { over_km: 1_000 }, false),
            (Condition::CountriesDiffer, true),
            (Condition::ShippingCountry { countries: codes(&["AT", "DE"]) }, true),
            (Condition::BillingCountry { countries: codes(&["AT", "DE"]) }, false),
            (Condition::OrderTotal { at_least: euros(10_000) }, true),
            (Condition::OrderTotal { at_least: euros(10_001) }, false),
            (Condition::OrderTotal { at_least: Money::new(1, "USD".parse().unwrap()) }, false),
            (Condition::FirstOrder, true),
            (Condition::ProviderRisk { at_least: RiskLevel::Elevated }, true),
            (Condition::ProviderRisk { at_least: RiskLevel::Highest }, false),
        ] {
            let expected = if holds { Outcome::Block } else { Outcome::Allow };
            let is_count = matches!(condition, Condition::Count { .. });
            let settings = settings(vec![rule("a", Outcome::Block, vec![condition.clone()])]);
            assert_eq!(judge(&settings, &signals).outcome, expected, "{condition:?}");
            // Of nothing that was said, nothing holds.
            let expected = if is_count { Outcome::Review } else { Outcome::Allow };
            assert_eq!(judge(&settings, &Signals::default()).outcome, expected, "{condition:?}");
        }
    }

    #[test]
    fn without_counters_the_default_holds_where_they_would_have_mattered() {
        let many = Condition::Count { by: Counted::Address, over: 3 };
        let dear = Condition::OrderTotal { at_least: euros(5_000) };
        let mut settings = settings(vec![rule("many-dear", Outcome::Block, vec![many, dear])]);
        let judged = |settings: &FraudSettings, minor| {
            judge(settings, &Signals { total: Some(euros(minor)), ..Signals::default() })
        };
        assert_eq!(judged(&settings, 4_999), Verdict { outcome: Outcome::Allow, reasons: Vec::new() });
        for without_counts in [Outcome::Allow, Outcome::Review, Outcome::Block] {
            settings.without_counts = without_counts;
            let reasons = vec![Reason { reason: UNCOUNTED.to_owned(), outcome: without_counts }];
            assert_eq!(judged(&settings, 5_000), Verdict { outcome: without_counts, reasons });
        }
    }

    fn outcomes() -> impl Strategy<Value = Outcome> {
        prop_oneof![Just(Outcome::Allow), Just(Outcome::Review), Just(Outcome::Block)]
    }

    fn conditions() -> impl Strategy<Value = Condition> {
        let counted = prop_oneof![Just(Counted::Email), Just(Counted::Address), Just(Counted::Ip), Just(Counted::Card)];
        prop_oneof![
            (counted, 0_u32..4).prop_map(|(by, over)| Condition::Count { by, over }),
            (0_u32..9_000).prop_map(|over_km| Condition::Distance { over_km }),
            Just(Condition::CountriesDiffer),
            (0_i64..4).prop_map(|minor| Condition::OrderTotal { at_least: euros(minor) }),
            Just(Condition::FirstOrder),
        ]
    }

    fn rules() -> impl Strategy<Value = Vec<Rule>> {
        let one = (outcomes(), prop::collection::vec(conditions(), 0..3));
        prop::collection::vec(one, 0..6).prop_map(|rules| {
            let named =
                |(at, (outcome, when)): (usize, (Outcome, Vec<Condition>))| rule(&format!("r{at}"), outcome, when);
            rules.into_iter().enumerate().map(named).collect()
        })
    }

    fn signals() -> impl Strategy<Value = Signals> {
        let count = || prop::option::of(0_u32..5);
        let counts = (count(), count(), count(), count()).prop_map(|(email, address, ip, card)| Counts {
            email,
            address,
            ip,
            card,
        });
        let place = || prop::option::of(prop_oneof![Just("DE"), Just("FR"), Just("US")]);
        (prop::option::of(counts), place(), place(), 0_i64..5, prop::option::of(any::<bool>())).prop_map(
            |(counts, shipping, billing, minor, is_first_order)| Signals {
                counts,
                shipping_country: shipping.and_then(country),
                billing_country: billing.and_then(country),
                total: Some(euros(minor)),
                is_first_order,
                provider_risk: None,
            },
        )
    }

    proptest! {
        #[test]
        fn a_rule_more_never_makes_it_milder(rules in rules(), signals in signals(), without in outcomes()) {
            let mut settings = FraudSettings { rules, without_counts: without, ..FraudSettings::default() };
            let whole = judge(&settings, &signals);
            prop_assert_eq!(&whole, &judge(&settings, &signals));
            settings.rules.pop();
            prop_assert!(judge(&settings, &signals).outcome <= whole.outcome);
        }

        #[test]
        fn the_outcome_is_that_of_a_reason_and_reasons_keep_the_order_of_the_rules(
            rules in rules(), signals in signals()
        ) {
            let settings = settings(rules);
            let verdict = judge(&settings, &signals);
            let sharpest = verdict.reasons.iter().map(|one| one.outcome).max();
            prop_assert_eq!(verdict.outcome, sharpest.unwrap_or(Outcome::Allow));
            let mut rules = settings.rules.iter();
            for reason in verdict.reasons.iter().filter(|one| one.reason != UNCOUNTED) {
                prop_assert!(rules.any(|rule| rule.reason == reason.reason && rule.outcome == reason.outcome));
            }
            let is_uncounted = verdict.reasons.iter().any(|one| one.reason == UNCOUNTED);
            prop_assert!(!is_uncounted || (signals.counts.is_none() && settings.counts()));
        }

        #[test]
        fn whatever_the_counters_say_without_them_it_is_no_milder_than_the_default(
            rules in rules(), signals in signals()
        ) {
            let settings = FraudSettings { rules, without_counts: Outcome::Block, ..FraudSettings::default() };
            let uncounted = judge(&settings, &Signals { counts: None, ..signals.clone() });
            prop_assert!(judge(&settings, &signals).outcome <= uncounted.outcome);
        }
    }
}
