//! The locales of a store.

use std::fmt::{self, Display};
use std::str::FromStr;

use super::{InvalidLocale, Locale};

/// Locales that a merchant lists, each once: at most 20.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocaleList(Vec<Locale>);

/// Why texts are not a list of locales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocaleList {
    #[error("expected at most {} locales", LocaleList::MOST)]
    TooMany,
    #[error(transparent)]
    Locale(#[from] InvalidLocale),
}

impl LocaleList {
    pub const MOST: usize = 20;

    /// One that is there already is left out.
    ///
    /// # Errors
    /// [`InvalidLocaleList`].
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<LocaleList, InvalidLocaleList> {
        let mut list = Vec::new();
        for text in texts {
            let locale: Locale = text.parse()?;
            if list.contains(&locale) {
                continue;
            }
            if LocaleList::MOST <= list.len() {
                return Err(InvalidLocaleList::TooMany);
            }
            list.push(locale);
        }
        Ok(LocaleList(list))
    }
}

/// With blanks between.
impl FromStr for LocaleList {
    type Err = InvalidLocaleList;

    fn from_str(text: &str) -> Result<LocaleList, InvalidLocaleList> {
        LocaleList::of(text.split_ascii_whitespace())
    }
}

impl Display for LocaleList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self.0.iter().map(Locale::as_str).collect();
        formatter.pad(&texts.join(" "))
    }
}

/// The locales of a store: that of its products' own texts, and those that they are translated to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Locales {
    default: Locale,
    others: Vec<Locale>,
}

impl Locales {
    /// The default is one of them, whether it is listed or not.
    pub fn new(default: Locale, list: LocaleList) -> Locales {
        let others = list.0.into_iter().filter(|locale| *locale != default).collect();
        Locales { default, others }
    }

    pub fn default_locale(&self) -> &Locale {
        &self.default
    }

    /// The default first.
    pub fn all(&self) -> impl Iterator<Item = &Locale> {
        std::iter::once(&self.default).chain(&self.others)
    }

    /// Whether there is but the default.
    pub fn is_only_one(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether somebody who asks for one of them may be shown a translation to `locale`: it is one of them that is
    /// not the default, or what several of those have in common (`fr` of `fr-CA`).
    pub fn takes(&self, locale: &Locale) -> bool {
        *locale != self.default && self.others.iter().any(|other| other.fallbacks().any(|broader| broader == *locale))
    }

    /// Whose translations stand for `locale`, the nearest first. None for the default, and none beyond it: there the
    /// product's own texts stand.
    pub fn chain(&self, locale: &Locale) -> Vec<Locale> {
        locale.fallbacks().take_while(|broader| *broader != self.default).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn locales(default: &str, list: &str) -> Locales {
        Locales::new(default.parse().unwrap(), list.parse().unwrap())
    }

    fn texts(chain: &[Locale]) -> Vec<&str> {
        chain.iter().map(Locale::as_str).collect()
    }

    #[test]
    fn a_list_has_each_locale_once_and_twenty_at_most() {
        let list: LocaleList = " fr  FR-ca fr ".parse().unwrap();
        assert_eq!(list.to_string(), "fr fr-CA");
        let many = |count: u8| (0..count).map(|at| format!("a{}", char::from(b'a' + at))).collect::<Vec<_>>();
        assert!(LocaleList::of(many(20).iter().map(String::as_str)).is_ok());
        assert_eq!(LocaleList::of(many(21).iter().map(String::as_str)), Err(InvalidLocaleList::TooMany));
        assert_eq!(LocaleList::of(["en fr"]), Err(InvalidLocaleList::Locale(InvalidLocale)));
    }

    #[test]
    fn the_default_is_one_of_them_and_first() {
        let all = locales("en", "fr en ar");
        assert_eq!(all.all().map(Locale::as_str).collect::<Vec<_>>(), ["en", "fr", "ar"]);
        assert!(locales("en", "en").is_only_one() && Locales::default().is_only_one() && !all.is_only_one());
    }

    #[test]
    fn translations_stand_for_a_locale_until_the_default() {
        let all = locales("fr", "fr-CA zh-Hant-TW en");
        let chain = |text: &str| all.chain(&text.parse().unwrap());
        assert_eq!(texts(&chain("zh-Hant-TW")), ["zh-Hant-TW", "zh-Hant", "zh"]);
        assert_eq!(texts(&chain("fr-CA")), ["fr-CA"]);
        assert_eq!(texts(&chain("fr")), [""; 0]);
        for (locale, is_taken) in [("fr", false), ("fr-CA", true), ("zh", true), ("zh-Hans", false), ("de", false)] {
            assert_eq!(all.takes(&locale.parse().unwrap()), is_taken, "{locale}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_may_be_written(default in "[a-b]{2}(-[A-B]{2})?", list in "([a-b]{2}(-[A-B]{2})? ){0,6}") {
            let all = locales(&default, &list);
            for locale in all.all() {
                let chain = all.chain(locale);
                prop_assert_eq!(chain.is_empty(), locale == all.default_locale());
                prop_assert!(chain.iter().all(|one| all.takes(one)), "{:?} of {:?}", chain, all);
            }
        }
    }
}
