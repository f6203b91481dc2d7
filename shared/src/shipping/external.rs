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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use crate::kernel::area::{Area, Place};
    use crate::kernel::id::{LocationId, ShippingMethodId, ShippingZoneId};
    use crate::kernel::money::Currency;
    use crate::shipping::*;

    const EUR: Currency = Currency::EUR;

    fn method(id: u128, provider: &str, conditions: Conditions) -> ShippingMethod {
        ShippingMethod {
            id: ShippingMethodId::from_u128(id),
            name: provider.to_owned(),
            price: Price::External { provider: provider.to_owned(), fallback: ExternalFallback::Hide },
            free_over: None,
            conditions,
            tax: None,
        }
    }

    fn rules(methods: Vec<ShippingMethod>) -> ShippingRules {
        let zone = ShippingZone {
            id: ShippingZoneId::from_u128(1),
            name: "Germany".to_owned(),
            areas: vec![Area::of(Some("DE".parse().unwrap()), None, Vec::new()).unwrap()],
            methods,
        };
        ShippingRules { zones: vec![zone], pickups: Vec::new() }
    }

    fn line(key: &str, weight: i64, location: Option<u128>) -> DeliveryLine {
        DeliveryLine {
            key: key.to_owned(),
            quantity: 1,
            amount: 1_000,
            weight,
            needs_shipping: true,
            location: location.map(LocationId::from_u128),
            class: None,
            tags: Vec::new(),
        }
    }

    fn to(country: &str, lines: Vec<DeliveryLine>) -> Delivery {
        let destination = Some(Place::of_address(country.parse().unwrap(), None, None));
        Delivery { currency: EUR, destination, lines, external: Vec::new() }
    }

    fn rate(service: &str, amount: i64) -> ExternalRate {
        ExternalRate { service: service.to_owned(), name: format!("Acme {service}"), amount, currency: EUR }
    }

    fn of(groups: Vec<(&str, Vec<ExternalRate>)>) -> RateAnswer {
        let group = |(key, rates): (&str, Vec<ExternalRate>)| GroupAnswer { key: key.to_owned(), rates };
        RateAnswer { groups: groups.into_iter().map(group).collect() }
    }

    #[test]
    fn each_provider_is_asked_once_for_all_groups_that_its_methods_may_be_offered_to() {
        let light = Conditions { weight: Some(Span { min: None, max: Some(500) }), ..Conditions::default() };
        let rules = rules(vec![
            method(1, "acme", Conditions::default()),
            method(2, "acme", Conditions::default()),
            method(3, "bike", light),
        ]);
        let song = DeliveryLine { needs_shipping: false, ..line("c", 0, None) };
        let lines = vec![line("a", 400, Some(1)), line("b", 600, Some(2)), song, line("d", 50, Some(1))];
        let asked = questions(&rules, &to("DE", lines.clone())).unwrap();
        let told = |question: &RateQuestion| -> (String, Vec<(String, Vec<String>)>) {
            let keys = |group: &RateGroup| group.lines.iter().map(|line| line.key.clone()).collect();
            let groups = question.groups.iter().map(|group| (group.key.clone(), keys(group)));
            (question.provider.clone(), groups.collect())
        };
        let group = |key: &str, lines: &[&str]| (key.to_owned(), lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(
            asked.iter().map(told).collect::<Vec<_>>(),
            [
                ("acme".to_owned(), vec![group("0", &["a", "d"]), group("1", &["b"])]),
                ("bike".to_owned(), vec![group("0", &["a", "d"])]),
            ]
        );
        assert_eq!(
            (asked[0].groups[0].weight, asked[0].groups[0].subtotal, asked[0].groups[0].quantity),
            (450, 2_000, 2)
        );
        // Nobody is asked of where nothing goes, or nobody knows where to.
        assert_eq!(questions(&rules, &to("FR", lines.clone())).unwrap(), []);
        assert_eq!(questions(&rules, &Delivery { destination: None, ..to("DE", lines) }).unwrap(), []);
    }

    #[test]
    fn a_question_travels_as_json() {
        let asked =
            questions(&rules(vec![method(1, "acme", Conditions::default())]), &to("DE", vec![line("0", 5, None)]));
        let line = r#"{"key":"0","quantity":1,"amount":1000,"weight":5,"needsShipping":true}"#;
        assert_eq!(
            serde_json::to_string(&asked.unwrap()).unwrap(),
            format!(
                r#"[{{"currency":"EUR","destination":{{"country":"DE"}},"groups":[{{"key":"0","weight":5,"subtotal":1000,"quantity":1,"lines":[{line}]}}]}}]"#
            )
        );
        let answer =
            r#"{"groups":[{"key":"0","rates":[{"service":"air","name":"Acme air","amount":5,"currency":"EUR"}]}]}"#;
        assert_eq!(serde_json::from_str::<RateAnswer>(answer).unwrap(), of(vec![("0", vec![rate("air", 5)])]));
    }

    #[test]
    fn an_answer_that_does_not_fit_is_none() {
        let rules = rules(vec![method(1, "acme", Conditions::default())]);
        let delivery = to("DE", vec![line("a", 1, None), line("b", 1, Some(7))]);
        let question = &questions(&rules, &delivery).unwrap()[0];
        let two = |rates| of(vec![("0", rates), ("1", vec![rate("air", 900)])]);
        let many = |count: usize| (0..count).map(|number| rate(&number.to_string(), 1)).collect::<Vec<_>>();
        let changed = |change: fn(&mut ExternalRate)| {
            let mut rate = rate("air", 5);
            change(&mut rate);
            two(vec![rate])
        };
        let same_name = ExternalRate { name: "Acme air".to_owned(), ..rate("ground", 1) };
        for (answer, expected) in [
            (two(vec![rate("air", 0), rate("ground", MOST_RATE)]), None),
            (two(Vec::new()), None),
            (two(many(MOST_SERVICES)), None),
            (two(many(MOST_SERVICES + 1)), Some("it has too many rates for a group")),
            (two(vec![rate("air", 1), rate("air", 2)]), Some("it has two rates of one service or name")),
            (two(vec![rate("air", 1), same_name]), Some("it has two rates of one service or name")),
            (changed(|rate| rate.amount = -1), Some("it has a rate that is negative or too high")),
            (changed(|rate| rate.amount = MOST_RATE + 1), Some("it has a rate that is negative or too high")),
            (changed(|rate| rate.currency = Currency::USD), Some("it answers in another currency")),
            (
                changed(|rate| rate.service.clear()),
                Some("it has a rate whose service or name is empty, too long or no line of text"),
            ),
            (
                changed(|rate| rate.service = " air".to_owned()),
                Some("it has a rate whose service or name is empty, too long or no line of text"),
            ),
            (
                changed(|rate| rate.name = "a\nb".to_owned()),
                Some("it has a rate whose service or name is empty, too long or no line of text"),
            ),
            (
                changed(|rate| rate.name = "x".repeat(201)),
                Some("it has a rate whose service or name is empty, too long or no line of text"),
            ),
            (of(vec![("0", Vec::new())]), Some("it leaves out a group")),
            (
                of(vec![("0", Vec::new()), ("1", Vec::new()), ("2", Vec::new())]),
                Some("it names a group that was not asked for"),
            ),
            (of(vec![("0", Vec::new()), ("1", Vec::new()), ("1", Vec::new())]), Some("it names a group twice")),
        ] {
            let outcomes = question.outcomes(Ok(answer.clone()));
            assert_eq!(
                outcomes.iter().map(|one| one.location).collect::<Vec<_>>(),
                [None, Some(LocationId::from_u128(7))]
            );
            for (outcome, group) in outcomes.iter().zip(&answer.groups) {
                match (&outcome.outcome, expected) {
                    (ExternalOutcome::Answered { rates }, None) => assert_eq!(*rates, group.rates),
                    (ExternalOutcome::Failed { reason }, Some(expected)) => assert_eq!(reason, expected),
                    (outcome, expected) => panic!("{outcome:?} in the place of {expected:?}"),
                }
            }
        }
        let late = ExternalOutcome::TimedOut { after_millis: 700 };
        let outcomes = question.outcomes(Err(late.clone()));
        assert!(outcomes.len() == 2 && outcomes.iter().all(|one| one.outcome == late && one.provider == "acme"));
    }

    #[test]
    fn names_of_providers_are_plain() {
        for (text, is_name) in [
            ("acme", true),
            ("a", true),
            ("acme-2", true),
            ("2acme", false),
            ("Acme", false),
            ("", false),
            ("a/b", false),
            ("a~b", false),
        ] {
            assert_eq!(text.parse::<ProviderName>().is_ok(), is_name, "{text}");
        }
        assert!("a".repeat(40).parse::<ProviderName>().is_ok() && "a".repeat(41).parse::<ProviderName>().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

        /// Whatever a provider says, an offer of its is in the currency, not negative, and the only one of its service; and a
        /// group has none that was not answered for it.
        #[test]
        fn what_is_offered_of_an_answer_is_sound(
            places in prop::collection::vec(0u128..3, 1..6),
            answered in prop::collection::vec(
                (0u8..5, prop::collection::vec((0u8..4, 0u8..4, -5i64..2_000, any::<bool>()), 0..4)),
                0..5,
            ),
        ) {
            let rules = rules(vec![method(1, "acme", Conditions::default()), method(2, "bike", Conditions::default())]);
            let lines = places.iter().enumerate();
            let lines = lines.map(|(key, place)| line(&key.to_string(), 10, (*place != 0).then_some(*place)));
            let delivery = to("DE", lines.collect());
            let rate_of = |(service, name, amount, is_dollar): &(u8, u8, i64, bool)| ExternalRate {
                service: service.to_string(),
                name: name.to_string(),
                amount: *amount,
                currency: if *is_dollar && *amount % 3 == 0 { Currency::USD } else { EUR },
            };
            let groups = answered.iter().map(|(key, rates)| GroupAnswer {
                key: key.to_string(),
                rates: rates.iter().map(rate_of).collect(),
            });
            let answer = RateAnswer { groups: groups.collect() };
            let asked = questions(&rules, &delivery).unwrap();
            prop_assert_eq!(asked.len(), 2);
            let external: Vec<GroupOutcome> = asked
                .iter()
                .flat_map(|question| match question.provider.as_str() {
                    "acme" => question.outcomes(Ok(answer.clone())),
                    _ => question.outcomes(Err(ExternalOutcome::TimedOut { after_millis: 1 })),
                })
                .collect();
            let groups = rates(&rules, &Delivery { external, ..delivery }).unwrap();
            for (at, group) in groups.iter().enumerate() {
                let mut services = BTreeMap::new();
                for offer in &group.offers {
                    let Offered::Yes { amount, .. } = &offer.offered else { continue };
                    prop_assert!(0 <= *amount);
                    prop_assert_eq!(offer.method, ShippingMethodId::from_u128(1));
                    let service = offer.service.clone().unwrap();
                    prop_assert!(services.insert(service.clone(), *amount).is_none());
                    let said = answer.groups.iter().find(|group| group.key == at.to_string()).unwrap();
                    prop_assert!(said.rates.iter().any(|rate| rate.service == service && rate.amount == *amount));
                }
            }
        }
    }
}
