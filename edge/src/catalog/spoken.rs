//! In which locale an answer is.

use std::borrow::Cow;

use headlesspro_shared::kernel::locale::{Locale, Locales, negotiate};

/// What a request says of the locale that it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preference {
    /// `?locale=`.
    Named(Locale),
    /// `Accept-Language`, as it came; empty where it did not.
    Accepted(String),
}

/// The locale of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    pub locale: Locale,
    /// Whose translations are shown, the nearest first. None in the store's default locale.
    pub chain: Vec<Locale>,
    /// Whether it was named.
    pub is_named: bool,
    /// Whether the store has others.
    pub is_chosen: bool,
}

/// The store does not have the locale that is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is none of the store's locales: {0}")]
pub struct UnknownLocale(String);

impl Preference {
    /// The locale that a store of `locales` answers in: the one that is named, else the one that is preferred, else its
    /// default.
    ///
    /// # Errors
    /// [`UnknownLocale`].
    pub fn among(&self, locales: &Locales) -> Result<Spoken, UnknownLocale> {
        let locale = match self {
            Preference::Named(named) => locales.all().find(|locale| *locale == named).ok_or_else(|| {
                let all: Vec<&str> = locales.all().map(Locale::as_str).collect();
                UnknownLocale(all.join(", "))
            })?,
            Preference::Accepted(header) => negotiate(header, locales),
        };
        Ok(Spoken {
            locale: locale.clone(),
            chain: locales.chain(locale),
            is_named: matches!(self, Preference::Named(_)),
            is_chosen: !locales.is_only_one(),
        })
    }
}

impl Spoken {
    /// By what the answer to `target` is kept: a path, in which the locale stands first where there are several.
    pub fn key<'a>(&self, target: &'a str) -> Cow<'a, str> {
        if self.is_chosen { format!("/{}{target}", self.locale).into() } else { target.into() }
    }

    /// Whether another `Accept-Language` may get another answer.
    pub fn depends_on_header(&self) -> bool {
        self.is_chosen && !self.is_named
    }

    /// The path of a page in the storefront: after the locale, unless it is the default.
    pub fn page(&self, page: &str) -> String {
        if self.chain.is_empty() { page.to_owned() } else { format!("{}/{page}", self.locale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(preference: &Preference, locales: &Locales) -> Spoken {
        preference.among(locales).unwrap()
    }

    #[test]
    fn what_is_named_wins_and_the_key_says_what_was_chosen() {
        let many = Locales::new("en".parse().unwrap(), "fr-CA ar".parse().unwrap());
        let named = Preference::Named("fr-CA".parse().unwrap());
        let accepted = |header: &str| Preference::Accepted(header.to_owned());
        let spoken = among(&named, &many);
        assert_eq!(spoken.chain.iter().map(Locale::as_str).collect::<Vec<_>>(), ["fr-CA", "fr"]);
        assert_eq!(
            (spoken.key("/api/v1/products?limit=1"), spoken.depends_on_header()),
            ("/fr-CA/api/v1/products?limit=1".into(), false)
        );
        assert_eq!(spoken.page("products/tente"), "fr-CA/products/tente");
        let spoken = among(&accepted("de, ar;q=0.1"), &many);
        assert_eq!((spoken.key("/x"), spoken.depends_on_header()), ("/ar/x".into(), true));
        let spoken = among(&accepted(""), &many);
        assert_eq!((spoken.key("/x"), spoken.page("x"), spoken.chain.len()), ("/en/x".into(), "x".to_owned(), 0));

        let one = Locales::default();
        let spoken = among(&accepted("fr"), &one);
        assert_eq!((spoken.key("/x"), spoken.depends_on_header(), &spoken), ("/x".into(), false, &Spoken::default()));
        assert_eq!(named.among(&one), Err(UnknownLocale("en".to_owned())));
    }
}
