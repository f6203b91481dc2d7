//! Rules, signals and verdicts on the wire.

use headlesspro_shared::fraud::{
    Condition, Counts, FraudSettings, MOST_CONDITIONS, MOST_COUNT, MOST_RULES, Reason, Rule, Signals, UNCOUNTED,
    Verdict, Windows,
};
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::money::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extract::{FieldErrors, Parse};
use crate::ledger::positive;
use crate::tax::{each, text_of};
use crate::wire::MoneyBody;

/// What has to be so for a rule to hold. What nobody has said holds no condition.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FraudCondition", deny_unknown_fields)]
pub struct ConditionBody {
    /// `count`: there were more attempts to buy than `over` in the window, this one with them. `distance`: billing and shipping
    /// are more than `over` kilometres from each other, by the middles of their countries. `countries-differ`: they are in
    /// two. `shipping-country`, `billing-country`: is one of `countries`. `order-total`: the order comes to `amount` or more,
    /// in its currency. `first-order`: the buyer has not ordered before. `provider-risk`: the payment provider says `level` or
    /// worse.
    #[schemars(required, extend("enum" = ["count", "distance", "countries-differ", "shipping-country", "billing-country",
        "order-total", "first-order", "provider-risk"]))]
    pub kind: Option<String>,
    /// With `count`: by what attempts are counted. `address` is the shipping address, `ip` the network address that the request
    /// comes from, `card` what a payment provider calls the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["email", "address", "ip", "card", null]))]
    pub by: Option<String>,
    /// With `count`, up to 1,000, and with `distance`, in kilometres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 20_000))]
    pub over: Option<i64>,
    /// With `shipping-country` and `billing-country`: ISO 3166-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 249), inner(regex(pattern = "^[A-Z]{2}$")))]
    pub countries: Option<Vec<String>>,
    /// With `order-total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<MoneyBody>")]
    pub amount: Option<Money>,
    /// With `provider-risk`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["normal", "elevated", "highest", null]))]
    pub level: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FraudRule", deny_unknown_fields)]
pub struct RuleBody {
    /// What the staff is told; each once. Shoppers are never told.
    #[schemars(required, regex(pattern = "^[a-z][a-z0-9-]{0,39}$"))]
    pub reason: Option<String>,
    /// The sharpest of all rules that hold decides: `block` makes no order, `review` one that a person looks at.
    #[schemars(required, extend("enum" = ["allow", "review", "block"]))]
    pub outcome: Option<String>,
    /// All of them have to hold. None: it always holds.
    #[schemars(length(max = 10))]
    pub when: Option<Vec<ConditionBody>>,
}

/// For how many seconds attempts are counted; an hour where it is left out.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FraudWindows", deny_unknown_fields)]
pub struct WindowsBody {
    #[schemars(range(min = 60, max = 2_592_000))]
    pub email: Option<i64>,
    #[schemars(range(min = 60, max = 2_592_000))]
    pub address: Option<i64>,
    #[schemars(range(min = 60, max = 2_592_000))]
    pub ip: Option<i64>,
    #[schemars(range(min = 60, max = 2_592_000))]
    pub card: Option<i64>,
}

/// All of how a store judges orders.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReplaceFraudSettings", deny_unknown_fields)]
pub struct ReplaceBody {
    /// In the order in which reasons are told. None: every order is placed.
    #[schemars(required, length(max = 50))]
    pub rules: Option<Vec<RuleBody>>,
    #[schemars(with = "Option<WindowsBody>")]
    pub windows: Option<WindowsBody>,
    /// How long the counters may take; 500 where it is left out.
    #[schemars(range(min = 50, max = 5_000))]
    pub timeout_millis: Option<i64>,
    /// What becomes of an order that a rule would need counters for, where they do not answer in time; `review` where it is
    /// left out.
    #[schemars(extend("enum" = ["allow", "review", "block", null]))]
    pub without_counts: Option<String>,
}

/// How often something was seen in its window; left out where there is nothing to count by.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FraudCounts", deny_unknown_fields)]
pub struct CountsBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub email: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub address: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub ip: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub card: Option<i64>,
}

/// Signals that are made up: each may be left out.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PreviewFraud", deny_unknown_fields)]
pub struct PreviewBody {
    /// Left out: the counters do not answer.
    #[schemars(with = "Option<CountsBody>")]
    pub counts: Option<CountsBody>,
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub shipping_country: Option<String>,
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub billing_country: Option<String>,
    #[schemars(with = "Option<MoneyBody>")]
    pub total: Option<Money>,
    pub first_order: Option<bool>,
    #[schemars(extend("enum" = ["normal", "elevated", "highest", null]))]
    pub provider_risk: Option<String>,
}

/// What a verdict was made of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FraudSignals")]
pub struct SignalsBody {
    /// Null: nothing was counted, or the counters did not answer.
    pub counts: Option<CountsBody>,
    pub shipping_country: Option<String>,
    pub billing_country: Option<String>,
    /// Between the middles of the two countries.
    pub distance_km: Option<u32>,
    pub total: Option<MoneyBody>,
    pub first_order: Option<bool>,
    #[schemars(extend("enum" = ["normal", "elevated", "highest", null]))]
    pub provider_risk: Option<String>,
}

/// A rule that holds; or `counters-unavailable`, where one would need counters that did not answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FraudReason")]
pub struct ReasonBody {
    pub reason: String,
    #[schemars(extend("enum" = ["allow", "review", "block"]))]
    pub outcome: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FraudVerdict")]
pub struct VerdictBody {
    #[schemars(extend("enum" = ["allow", "review", "block"]))]
    pub outcome: &'static str,
    /// In the order of the rules.
    pub reasons: Vec<ReasonBody>,
}

/// Of all settings as they are kept.
const MOST_BYTES: usize = 65_536;

impl ConditionBody {
    const fn of(kind: String) -> ConditionBody {
        ConditionBody { kind: Some(kind), by: None, over: None, countries: None, amount: None, level: None }
    }

    fn parse(self, errors: &mut FieldErrors) -> Option<Condition> {
        let ConditionBody { kind, by, over, countries, amount, level } = self;
        let kind = errors.required("kind", kind, Ok::<_, String>)?;
        let takes: &[&str] = match kind.as_str() {
            "count" => &["by", "over"],
            "distance" => &["over"],
            "countries-differ" | "first-order" => &[],
            "shipping-country" | "billing-country" => &["countries"],
            "order-total" => &["amount"],
            "provider-risk" => &["level"],
            _ => {
                errors.push(
                    "kind",
                    "must be count, distance, countries-differ, shipping-country, billing-country, order-total, first-order or \
                     provider-risk",
                );
                return None;
            }
        };
        let given = [
            ("by", by.is_some()),
            ("over", over.is_some()),
            ("countries", countries.is_some()),
            ("amount", amount.is_some()),
            ("level", level.is_some()),
        ];
        for (name, _) in given.iter().filter(|(name, is_given)| *is_given && !takes.contains(name)) {
            errors.push(name, format!("does not belong to {kind}"));
        }
        match kind.as_str() {
            "count" => {
                let by = errors.required("by", by, |by| by.parse());
                let over = errors.required("over", over, |over| whole(over, 0, MOST_COUNT));
                Some(Condition::Count { by: by?, over: over? })
            }
            "distance" => {
                let over = errors.required("over", over, |over| whole(over, 0, FARTHEST_KM));
                Some(Condition::Distance { over_km: over? })
            }
            "shipping-country" => Some(Condition::ShippingCountry { countries: listed(errors, countries)? }),
            "billing-country" => Some(Condition::BillingCountry { countries: listed(errors, countries)? }),
            "order-total" => Some(Condition::OrderTotal { at_least: errors.required("amount", amount, positive)? }),
            "provider-risk" => {
                Some(Condition::ProviderRisk { at_least: errors.required("level", level, |level| level.parse())? })
            }
            "first-order" => Some(Condition::FirstOrder),
            _ => Some(Condition::CountriesDiffer),
        }
    }
}

/// That anybody may make up.
const MOST_SEEN: u32 = 1_000_000;
/// Half the earth's circumference is little more.
const FARTHEST_KM: u32 = 20_000;

fn whole(number: i64, least: u32, most: u32) -> Result<u32, String> {
    let number = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("must be {least} to {most}"))
}

fn listed(errors: &mut FieldErrors, countries: Option<Vec<String>>) -> Option<Vec<Country>> {
    let codes = errors.required("countries", countries, |codes| match codes.len() {
        1..=249 => Ok(codes),
        _ => Err("must be 1 to 249"),
    })?;
    let mut parsed = Vec::with_capacity(codes.len());
    for (at, code) in codes.into_iter().enumerate() {
        parsed.extend(errors.optional(&format!("countries/{at}"), Some(code), |code| code.parse::<Country>()));
    }
    Some(parsed)
}

impl From<&Condition> for ConditionBody {
    fn from(condition: &Condition) -> ConditionBody {
        let codes = |countries: &[Country]| Some(countries.iter().map(ToString::to_string).collect());
        let of = |kind: &str| ConditionBody::of(kind.to_owned());
        match condition {
            Condition::Count { by, over } => {
                ConditionBody { by: Some(by.to_string()), over: Some((*over).into()), ..of("count") }
            }
            Condition::Distance { over_km } => ConditionBody { over: Some((*over_km).into()), ..of("distance") },
            Condition::CountriesDiffer => of("countries-differ"),
            Condition::ShippingCountry { countries } => {
                ConditionBody { countries: codes(countries), ..of("shipping-country") }
            }
            Condition::BillingCountry { countries } => {
                ConditionBody { countries: codes(countries), ..of("billing-country") }
            }
            Condition::OrderTotal { at_least } => ConditionBody { amount: Some(*at_least), ..of("order-total") },
            Condition::FirstOrder => of("first-order"),
            Condition::ProviderRisk { at_least } => {
                ConditionBody { level: Some(at_least.to_string()), ..of("provider-risk") }
            }
        }
    }
}

impl RuleBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Rule> {
        let reason = errors.required("reason", self.reason, |reason| {
            let mut letters = reason.bytes();
            let is_right = reason.len() <= 40
                && letters.next().is_some_and(|first| first.is_ascii_lowercase())
                && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-');
            match reason.as_str() {
                UNCOUNTED => Err("is the program's own word"),
                _ if is_right => Ok(reason),
                _ => Err("must be a lower-case letter and up to 39 letters, digits and hyphens"),
            }
        });
        let outcome = errors.required("outcome", self.outcome, |outcome| outcome.parse());
        if self.when.as_ref().is_some_and(|when| MOST_CONDITIONS < when.len()) {
            errors.push("when", format!("must be {MOST_CONDITIONS} at most"));
            return None;
        }
        let when = each(errors, "when", self.when, ConditionBody::parse);
        Some(Rule { reason: reason?, outcome: outcome?, when })
    }
}

impl From<&Rule> for RuleBody {
    fn from(rule: &Rule) -> RuleBody {
        RuleBody {
            reason: Some(rule.reason.clone()),
            outcome: Some(rule.outcome.to_string()),
            when: Some(rule.when.iter().map(ConditionBody::from).collect()),
        }
    }
}

impl WindowsBody {
    fn parse(self, errors: &mut FieldErrors) -> Windows {
        let Windows { email, address, ip, card } = Windows::default();
        let mut seconds = |name, given, otherwise| {
            let parsed = errors.optional(name, given, |given| whole(given, Windows::SHORTEST, Windows::LONGEST));
            parsed.unwrap_or(otherwise)
        };
        Windows {
            email: seconds("email", self.email, email),
            address: seconds("address", self.address, address),
            ip: seconds("ip", self.ip, ip),
            card: seconds("card", self.card, card),
        }
    }
}

impl From<Windows> for WindowsBody {
    fn from(windows: Windows) -> WindowsBody {
        let Windows { email, address, ip, card } = windows;
        let [email, address, ip, card] = [email, address, ip, card].map(|seconds| Some(seconds.into()));
        WindowsBody { email, address, ip, card }
    }
}

impl Parse for ReplaceBody {
    type Parsed = FraudSettings;

    fn parse(self, errors: &mut FieldErrors) -> Option<FraudSettings> {
        let rules = errors.required("rules", self.rules, |rules| match rules.len() {
            0..=MOST_RULES => Ok(rules),
            _ => Err(format!("must be {MOST_RULES} at most")),
        });
        let rules = each(errors, "rules", rules, RuleBody::parse);
        for (at, rule) in rules.iter().enumerate() {
            if rules.iter().take(at).any(|other| other.reason == rule.reason) {
                errors.push(&format!("rules/{at}/reason"), "is there twice");
            }
        }
        let windows = self.windows.and_then(|body| errors.nested("windows", |errors| Some(body.parse(errors))));
        let timeout = errors.optional("timeoutMillis", self.timeout_millis, |millis| {
            u16::try_from(millis).ok().filter(|millis| (50..=5_000).contains(millis)).ok_or("must be 50 to 5000")
        });
        let without_counts = errors.optional("withoutCounts", self.without_counts, |outcome| outcome.parse());
        let defaults = FraudSettings::default();
        let settings = FraudSettings {
            rules,
            windows: windows.unwrap_or(defaults.windows),
            timeout_millis: timeout.unwrap_or(defaults.timeout_millis),
            without_counts: without_counts.unwrap_or(defaults.without_counts),
        };
        if MOST_BYTES < text_of(&settings).len() {
            errors.push("rules", "are too large together");
        }
        errors.is_empty().then_some(settings)
    }
}

impl CountsBody {
    fn parse(self, errors: &mut FieldErrors) -> Counts {
        let mut count = |name, given| errors.optional(name, given, |given| whole(given, 0, MOST_SEEN));
        Counts {
            email: count("email", self.email),
            address: count("address", self.address),
            ip: count("ip", self.ip),
            card: count("card", self.card),
        }
    }
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> CountsBody {
        let Counts { email, address, ip, card } = counts;
        let [email, address, ip, card] = [email, address, ip, card].map(|count| count.map(i64::from));
        CountsBody { email, address, ip, card }
    }
}

impl Parse for PreviewBody {
    type Parsed = Signals;

    fn parse(self, errors: &mut FieldErrors) -> Option<Signals> {
        let signals = Signals {
            counts: self.counts.map(|counts| errors.nested("counts", |errors| counts.parse(errors))),
            shipping_country: errors.optional("shippingCountry", self.shipping_country, |code| code.parse()),
            billing_country: errors.optional("billingCountry", self.billing_country, |code| code.parse()),
            total: self.total,
            is_first_order: self.first_order,
            provider_risk: errors.optional("providerRisk", self.provider_risk, |level| level.parse()),
        };
        errors.is_empty().then_some(signals)
    }
}

impl From<&Signals> for SignalsBody {
    fn from(signals: &Signals) -> SignalsBody {
        SignalsBody {
            counts: signals.counts.map(CountsBody::from),
            shipping_country: signals.shipping_country.map(|country| country.to_string()),
            billing_country: signals.billing_country.map(|country| country.to_string()),
            distance_km: signals.distance_km(),
            total: signals.total.map(MoneyBody::from),
            first_order: signals.is_first_order,
            provider_risk: signals.provider_risk.map(|level| level.to_string()),
        }
    }
}

impl From<&Reason> for ReasonBody {
    fn from(reason: &Reason) -> ReasonBody {
        ReasonBody { reason: reason.reason.clone(), outcome: reason.outcome.name() }
    }
}

impl From<&Verdict> for VerdictBody {
    fn from(verdict: &Verdict) -> VerdictBody {
        let reasons = verdict.reasons.iter().map(ReasonBody::from).collect();
        VerdictBody { outcome: verdict.outcome.name(), reasons }
    }
}
