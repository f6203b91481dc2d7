//! Locales.

mod accept;
mod spoken;

use std::fmt::{self, Display};
use std::str::FromStr;

pub use accept::negotiate;
pub use spoken::{InvalidLocaleList, LocaleList, Locales};

/// A language, with a script and a region where given: `de`, `de-AT`, `zh-Hant-TW`, `es-419`.
///
/// The subset `language[-Script][-REGION]` of BCP 47 (RFC 5646), in canonical case. The form is checked, not
/// whether the subtags are registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locale(String);

impl Locale {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Two or three lower-case letters.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// Four letters, the first a capital.
    pub fn script(&self) -> Option<&str> {
        self.0.split('-').skip(1).find(|subtag| subtag.len() == 4)
    }

    /// Two capitals or three digits.
    pub fn region(&self) -> Option<&str> {
        self.0.split('-').skip(1).find(|subtag| subtag.len() != 4)
    }

    /// Itself, and then what it is a special case of, the nearest first: `zh-Hant-TW`, `zh-Hant`, `zh`; at most three.
    /// Source: RFC 4647, section 3.4.
    pub fn fallbacks(&self) -> impl Iterator<Item = Locale> {
        let broader = |locale: &Locale| locale.0.rsplit_once('-').map(|(broader, _)| Locale(broader.to_owned()));
        std::iter::successors(Some(self.clone()), broader)
    }
}

/// English: what is spoken where nobody says.
impl Default for Locale {
    fn default() -> Locale {
        Locale("en".to_owned())
    }
}

/// The text is not of the form `language[-Script][-REGION]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a locale such as de, de-AT or zh-Hant-TW")]
pub struct InvalidLocale;

impl FromStr for Locale {
    type Err = InvalidLocale;

    /// Reads any case and keeps the canonical one.
    fn from_str(text: &str) -> Result<Locale, InvalidLocale> {
        let mut subtags = text.split('-').peekable();
        let letters = |subtag: &str| subtag.bytes().all(|byte| byte.is_ascii_alphabetic());

        let language = subtags.next().filter(|s| matches!(s.len(), 2 | 3) && letters(s)).ok_or(InvalidLocale)?;
        let mut canonical = language.to_ascii_lowercase();
        if let Some(script) = subtags.next_if(|s| s.len() == 4 && letters(s)) {
            canonical.push('-');
            for (at, letter) in script.chars().enumerate() {
                canonical.push(if at == 0 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() });
            }
        }
        let is_region = |s: &str| match s.len() {
            2 => letters(s),
            3 => s.bytes().all(|byte| byte.is_ascii_digit()),
            _ => false,
        };
        if let Some(region) = subtags.next_if(|s| is_region(s)) {
            canonical.push('-');
            canonical.push_str(&region.to_ascii_uppercase());
        }
        if subtags.next().is_some() {
            return Err(InvalidLocale);
        }
        Ok(Locale(canonical))
    }
}

impl Display for Locale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

serde_as_text!(Locale, "a locale");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn locales_get_their_canonical_case() {
        for (text, canonical, script, region) in [
            ("de", "de", None, None),
            ("DE-at", "de-AT", None, Some("AT")),
            ("ZH-hANT-tw", "zh-Hant-TW", Some("Hant"), Some("TW")),
            ("sr-latn", "sr-Latn", Some("Latn"), None),
            ("es-419", "es-419", None, Some("419")),
            ("gsw-CH", "gsw-CH", None, Some("CH")),
        ] {
            let locale: Locale = text.parse().unwrap();
            assert_eq!((locale.as_str(), locale.script(), locale.region()), (canonical, script, region));
            assert!(canonical.starts_with(locale.language()));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in
            ["", "d", "de_AT", "de-", "-de", "de--AT", "de-AT-AT", "de-AT-Latn", "deutsch", "de-1234", "d\u{eb}", "*"]
        {
            assert_eq!(text.parse::<Locale>(), Err(InvalidLocale), "{text}");
        }
        let error = serde_json::from_str::<Locale>("\"de_AT\"").unwrap_err();
        assert!(error.to_string().contains("such as de, de-AT"), "{error}");
    }

    proptest! {
        #[test]
        fn the_canonical_text_is_a_fixed_point(text in "[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2}|-[0-9]{3})?") {
            let locale: Locale = text.parse().unwrap();
            prop_assert_eq!(locale.to_string().parse(), Ok(locale));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,20}") {
            let _ = text.parse::<Locale>();
        }

        #[test]
        fn a_locale_falls_back_to_its_language_in_three_steps_at_most(
            text in "[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2}|-[0-9]{3})?",
        ) {
            let locale: Locale = text.parse().unwrap();
            let all: Vec<Locale> = locale.fallbacks().collect();
            prop_assert!((1..=3).contains(&all.len()));
            prop_assert_eq!(&all[0], &locale);
            prop_assert_eq!(all[all.len() - 1].as_str(), locale.language());
            for (one, broader) in all.iter().zip(&all[1..]) {
                prop_assert_eq!(one.as_str().rsplit_once('-').map(|(rest, _)| rest), Some(broader.as_str()));
                prop_assert_eq!(broader.as_str().parse(), Ok(broader.clone()));
            }
        }
    }
}
