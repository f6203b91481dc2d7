//! Settings of organizations and stores. A store has its organization's unless it has its own.

use std::fmt;
use std::str::FromStr;

use crate::kernel::locale::{Locale, LocaleList, Locales};
use crate::kernel::money::{Currency, Rounding};

/// Of a store beside its own.
pub const MOST_CURRENCIES: usize = 20;

/// An IANA time zone: `UTC`, or `Area/Location` such as `Asia/Seoul`.
///
/// The form is checked, not whether the zone exists: the database of zones changes several times a year, and whoever
/// computes local times brings theirs. Source of the form: IANA tz database, file `theory.html`, "Timezone identifiers".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timezone(String);

impl Timezone {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Timezone {
    fn default() -> Timezone {
        Timezone("UTC".to_owned())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an IANA time zone such as Europe/Berlin, or UTC")]
pub struct InvalidTimezone;

impl FromStr for Timezone {
    type Err = InvalidTimezone;

    fn from_str(text: &str) -> Result<Timezone, InvalidTimezone> {
        // Longest today: America/Argentina/ComodRivadavia, 32.
        let is_part = |part: &str| {
            (1..=32).contains(&part.len())
                && part.starts_with(|first: char| first.is_ascii_uppercase())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
        };
        let parts = text.split('/').take(4).filter(|part| is_part(part)).count();
        let is_whole = parts == text.split('/').take(4).count();
        if text == "UTC" || (is_whole && (2..=3).contains(&parts)) {
            Ok(Timezone(text.to_owned()))
        } else {
            Err(InvalidTimezone)
        }
    }
}

impl fmt::Display for Timezone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(Timezone, "an IANA time zone");

/// Whether the prices that a merchant enters hold the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxMode {
    /// Gross, as in most of Europe and Asia.
    Inclusive,
    /// Net: tax is added, as in the United States.
    Exclusive,
}

named!(TaxMode, UnknownTaxMode, "inclusive or exclusive", {
    Inclusive = "inclusive",
    Exclusive = "exclusive",
});

/// How a merchant wants fractions of a minor unit rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundingMode {
    HalfUp,
    HalfEven,
    HalfDown,
}

named!(RoundingMode, UnknownRoundingMode, "half-up, half-even or half-down", {
    HalfUp = "half-up",
    HalfEven = "half-even",
    HalfDown = "half-down",
});

impl From<RoundingMode> for Rounding {
    fn from(mode: RoundingMode) -> Rounding {
        match mode {
            RoundingMode::HalfUp => Rounding::HalfUp,
            RoundingMode::HalfEven => Rounding::HalfEven,
            RoundingMode::HalfDown => Rounding::HalfDown,
        }
    }
}

/// Whether an organization or a store does business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    /// Nothing of it can be bought or changed; its data stays.
    Suspended,
}

named!(Status, UnknownStatus, "active or suspended", {
    Active = "active",
    Suspended = "suspended",
});

/// The settings that hold for an organization or a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub currency: Currency,
    pub timezone: Timezone,
    pub locale: Locale,
    /// Those that products are translated to; the one above is always one of them.
    pub locales: LocaleList,
    pub tax_mode: TaxMode,
    pub rounding: RoundingMode,
}

/// Some settings: a store's own, or a change. What is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsChange {
    pub currency: Option<Currency>,
    pub timezone: Option<Timezone>,
    pub locale: Option<Locale>,
    pub locales: Option<LocaleList>,
    pub tax_mode: Option<TaxMode>,
    pub rounding: Option<RoundingMode>,
}

impl Settings {
    #[must_use]
    pub fn with(self, change: SettingsChange) -> Settings {
        Settings {
            currency: change.currency.unwrap_or(self.currency),
            timezone: change.timezone.unwrap_or(self.timezone),
            locale: change.locale.unwrap_or(self.locale),
            locales: change.locales.unwrap_or(self.locales),
            tax_mode: change.tax_mode.unwrap_or(self.tax_mode),
            rounding: change.rounding.unwrap_or(self.rounding),
        }
    }

    /// What a storefront may be asked for.
    pub fn all_locales(&self) -> Locales {
        Locales::new(self.locale.clone(), self.locales.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn time_zones_have_the_form_of_iana() {
        for text in [
            "UTC",
            "Europe/Berlin",
            "Asia/Seoul",
            "America/Argentina/Buenos_Aires",
            "America/Port-au-Prince",
            "Etc/GMT+5",
            "America/Argentina/ComodRivadavia",
        ] {
            assert_eq!(text.parse::<Timezone>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "utc",
            "Berlin",
            "CET",
            "+01:00",
            "Europe/",
            "/Berlin",
            "Europe//Berlin",
            "europe/berlin",
            "Europe/../etc",
            "A/B/C/D",
            "Europe/Berlin ",
            "Europe/Ber\nlin",
            "Asia/서울",
            &format!("Asia/S{}", "e".repeat(32)),
        ] {
            assert_eq!(text.parse::<Timezone>(), Err(InvalidTimezone), "{text}");
        }
        assert_eq!(Timezone::default(), "UTC".parse().unwrap());
    }

    #[test]
    fn names_read_back_and_others_are_listed_in_the_error() {
        for mode in RoundingMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(*mode));
        }
        assert_eq!("gross".parse::<TaxMode>(), Err(UnknownTaxMode));
        let error = serde_json::from_str::<Status>("\"closed\"").unwrap_err().to_string();
        assert!(error.contains("expected active or suspended"), "{error}");
        assert_eq!(serde_json::to_string(&TaxMode::Inclusive).unwrap(), "\"inclusive\"");
        assert_eq!(Rounding::from(RoundingMode::HalfEven), Rounding::HalfEven);
    }

    #[test]
    fn a_store_has_its_organizations_settings_unless_it_has_its_own() {
        let organization = Settings {
            currency: Currency::EUR,
            timezone: "Europe/Berlin".parse().unwrap(),
            locale: "de-DE".parse().unwrap(),
            locales: "fr".parse().unwrap(),
            tax_mode: TaxMode::Inclusive,
            rounding: RoundingMode::HalfUp,
        };
        assert_eq!(organization.clone().with(SettingsChange::default()), organization);
        let seoul = SettingsChange {
            currency: Some(Currency::KRW),
            timezone: Some("Asia/Seoul".parse().unwrap()),
            ..SettingsChange::default()
        };
        let store = organization.clone().with(seoul);
        assert_eq!((store.currency, &store.locale), (Currency::KRW, &organization.locale));
        assert_eq!(store.timezone.as_str(), "Asia/Seoul");
        let locales = store.all_locales();
        assert_eq!(locales.all().map(Locale::as_str).collect::<Vec<_>>(), ["de-DE", "fr"]);
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text in ".{0,40}|([A-Z][a-z/_]{0,9}){1,5}") {
            if let Ok(zone) = text.parse::<Timezone>() {
                prop_assert_eq!(zone.as_str(), text);
            }
        }
    }
}
