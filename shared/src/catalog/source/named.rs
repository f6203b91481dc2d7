//! What a category or a collection is called in other locales.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::SourceSeo;
use super::read::{MOST_CHARS, MOST_SEO_DESCRIPTION_CHARS, SEO};
use super::reader::{Fault, Reader};
use super::translated::{MOST_TRANSLATIONS, locale_of};
use crate::kernel::handle::Handle;
use crate::kernel::locale::{Locale, Locales};

const MOST_DESCRIPTION_BYTES: usize = 64 << 10;

/// By locale.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct NamedTranslations(BTreeMap<Locale, NamedTranslation>);

/// What is left out is said as the next locale of a chain says it, and at last as the category or collection itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct NamedTranslation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// HTML.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "SourceSeo::is_empty")]
    pub seo: SourceSeo,
}

impl NamedTranslations {
    /// Reads `{"fr": {"name": …}}`. Those in which nothing is said are left out.
    ///
    /// # Errors
    /// All that is wrong, at most fifty, from `translations` on.
    pub fn read(json: &Value) -> Result<NamedTranslations, Vec<Fault>> {
        let mut reader = Reader::default();
        let mut read = |reader: &mut Reader, name: &str, json: &Value| {
            let locale = locale_of(reader, name);
            let of = reader.members(json, &["handle", "name", "description", "seo"]);
            let description = reader.text(of, "description").unwrap_or_default().to_owned();
            if MOST_DESCRIPTION_BYTES < description.len() {
                reader.fault("description", "is longer than 64 KiB");
            }
            let seo = reader.object(of, "seo", &SEO, |reader, seo| SourceSeo {
                title: reader.line(seo, "title", MOST_CHARS),
                description: reader.line(seo, "description", MOST_SEO_DESCRIPTION_CHARS),
            });
            let seo = seo.unwrap_or_default();
            let handle = of.get("handle").and_then(|_| reader.parsed(of, "handle"));
            Some((locale?, NamedTranslation { handle, name: reader.line(of, "name", MOST_CHARS), description, seo }))
        };
        let found = reader.below("translations", |reader| reader.entries_of(json, MOST_TRANSLATIONS, &mut read));
        let said = found.into_iter().flatten().filter(|(_, translation)| *translation != NamedTranslation::default());
        let translations = NamedTranslations(said.collect());
        if reader.faults.is_empty() { Ok(translations) } else { Err(reader.faults) }
    }

    /// Each text as the first of `chain` says it that does.
    pub fn said(&self, chain: &[Locale]) -> NamedTranslation {
        let mut said = NamedTranslation::default();
        for nearer in chain.iter().rev().filter_map(|locale| self.0.get(locale)) {
            said.handle = nearer.handle.clone().or(said.handle);
            said.name = nearer.name.clone().or(said.name);
            if !nearer.description.is_empty() {
                said.description.clone_from(&nearer.description);
            }
            said.seo.title = nearer.seo.title.clone().or(said.seo.title);
            said.seo.description = nearer.seo.description.clone().or(said.seo.description);
        }
        said
    }

    /// Whether anything is said in one of the locales of `chain`.
    pub fn is_said(&self, chain: &[Locale]) -> bool {
        chain.iter().any(|locale| self.0.contains_key(locale))
    }

    /// With each description as `safe` makes it. Those in which nothing is said then are left out.
    #[must_use]
    pub fn made_safe(mut self, safe: fn(&str) -> String) -> NamedTranslations {
        for translation in self.0.values_mut() {
            translation.description = safe(&translation.description);
        }
        self.0.retain(|_, translation| *translation != NamedTranslation::default());
        self
    }

    /// The locales that nobody in a store of `locales` would be shown, and that are not among `known`.
    pub fn foreign(&self, known: &NamedTranslations, locales: &Locales) -> Vec<Fault> {
        let foreign = self.0.keys().filter(|locale| !known.0.contains_key(*locale));
        foreign.filter_map(|locale| super::translated::foreign(locale, locales)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(json: &Value) -> NamedTranslations {
        NamedTranslations::read(json).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn names_are_said_by_the_nearest_and_wrong_ones_are_named() {
        let named = read(&json!({
            "fr": { "handle": "tentes", "name": "Tentes", "description": "<b>x</b><i>", "seo": { "title": "T" } },
            "fr-CA": { "name": "Abris", "description": null },
            "de": { "seo": {} },
        }));
        let chain = ["fr-CA", "fr"].map(|text| text.parse().unwrap());
        let said = named.said(&chain);
        assert_eq!((said.name.as_deref(), said.seo.title.as_deref()), (Some("Abris"), Some("T")));
        assert_eq!(said.description, "<b>x</b><i>");
        assert_eq!(said.handle.as_ref().map(Handle::as_str), Some("tentes"));
        assert_eq!(named.said(&[]), NamedTranslation::default());
        assert_eq!(
            (named.is_said(&chain), named.is_said(&[]), named.is_said(&["de".parse().unwrap()])),
            (true, false, false)
        );
        assert_eq!(serde_json::to_value(&named).unwrap().as_object().unwrap().len(), 2);
        assert_eq!(named.clone().made_safe(|_| "safe".to_owned()).said(&chain).description, "safe");

        let wrong = json!({ "FR": {}, "de": { "name": "a\nb", "handle": "X" }, "es": 1 });
        let faults = NamedTranslations::read(&wrong).unwrap_err();
        let mut paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["translations/FR", "translations/de/handle", "translations/de/name", "translations/es"]);

        let locales = Locales::new("en".parse().unwrap(), "fr-CA".parse().unwrap());
        let all = read(&json!({ "fr": { "name": "x" }, "en": { "name": "x" }, "es": { "name": "x" } }));
        let known = read(&json!({ "es": { "name": "y" } }));
        let foreign = all.foreign(&known, &locales);
        assert_eq!(foreign.into_iter().map(|fault| fault.path).collect::<Vec<_>>(), ["translations/en"]);
    }

    proptest! {
        #[test]
        fn fallback_is_total(
            names in proptest::collection::btree_map("fr|fr-CA|ar", proptest::option::of("[a-z]{1,4}"), 0..4),
            asked in "fr(-CA|-BE)?|ar|de",
        ) {
            let json: serde_json::Map<String, Value> =
                names.iter().map(|(locale, name)| (locale.clone(), json!({ "name": name }))).collect();
            let chain: Vec<Locale> = asked.parse::<Locale>().unwrap().fallbacks().collect();
            let expected = chain.iter().find_map(|locale| names.get(locale.as_str()).cloned().flatten());
            prop_assert_eq!(read(&json!(json)).said(&chain).name, expected);
        }
    }
}
