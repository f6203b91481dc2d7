//! What a product says in other locales, and what it says in one of them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::read::{MOST_ALT_CHARS, MOST_CHARS, MOST_SEO_DESCRIPTION_CHARS, SEO};
use super::reader::{Fault, Members, Reader};
use super::{MOST_DESCRIPTION_BYTES, MOST_IMAGES, MOST_OPTIONS, MOST_VARIANTS, Source, SourceSeo};
use crate::kernel::handle::Handle;
use crate::kernel::locale::{Locale, Locales};

/// Twice as many as a store has locales: what it gave up stays, until somebody takes it away.
pub(super) const MOST_TRANSLATIONS: usize = 40;

const MEMBERS: [&str; 7] = ["handle", "title", "description", "seo", "options", "optionValues", "imageAlts"];

/// What is said in one locale. What is left out is said as its [fallbacks](Locale::fallbacks) say it, and at last as
/// the product's own members do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Translation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// HTML as given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "SourceSeo::is_empty")]
    pub seo: SourceSeo,
    /// By the names that options have in the product.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// By an option's name, and then by the value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub option_values: BTreeMap<String, BTreeMap<String, String>>,
    /// By an image's address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub image_alts: BTreeMap<String, String>,
}

impl Source {
    /// The product as it is said in `locale`: each text by itself as the nearest translation that has it says it, else
    /// as the product's own. Without translations, for they are in it.
    #[must_use]
    pub fn in_locale(&self, locale: &Locale) -> Source {
        let mut said = self.clone();
        said.translations = BTreeMap::new();
        // The nearest is said last.
        let mut chain: Vec<&Translation> =
            locale.fallbacks().filter_map(|locale| self.translations.get(&locale)).collect();
        chain.reverse();
        for translation in chain {
            let Translation { handle, title, description, seo, .. } = translation;
            said.handle = handle.as_ref().unwrap_or(&said.handle).clone();
            said.title = title.as_ref().unwrap_or(&said.title).clone();
            if !description.is_empty() {
                said.description.clone_from(description);
            }
            said.seo.title = seo.title.clone().or(said.seo.title);
            said.seo.description = seo.description.clone().or(said.seo.description);
            for image in &mut said.images {
                if let Some(alt) = translation.image_alts.get(&image.url) {
                    image.alt.clone_from(alt);
                }
            }
            // By what they are called in the product itself.
            for (at, option) in self.options.iter().enumerate() {
                self.say_option(&mut said, at, &option.name, translation);
            }
        }
        said
    }

    /// Says the option with this number, and its values, in `said`.
    fn say_option(&self, said: &mut Source, at: usize, name: &str, translation: &Translation) {
        if let (Some(option), Some(translated)) = (said.options.get_mut(at), translation.options.get(name)) {
            option.name.clone_from(translated);
        }
        let Some(values) = translation.option_values.get(name) else { return };
        let say = |said: &mut String, own: &String| {
            if let Some(translated) = values.get(own) {
                said.clone_from(translated);
            }
        };
        if let (Some(option), Some(own)) = (said.options.get_mut(at), self.options.get(at)) {
            option.values.iter_mut().zip(&own.values).for_each(|(value, own)| say(value, own));
        }
        for (variant, own) in said.variants.iter_mut().zip(&self.variants) {
            if let (Some(value), Some(own)) = (variant.options.get_mut(at), own.options.get(at)) {
                say(value, own);
            }
        }
    }

    /// Whether the variants are called otherwise than in `said`, of the same product.
    pub fn has_other_options(&self, said: &Source) -> bool {
        let names = |source: &Source| source.options.iter().map(|option| option.name.clone()).collect::<Vec<_>>();
        let values = self.variants.iter().map(|variant| &variant.options);
        names(self) != names(said) || !values.eq(said.variants.iter().map(|variant| &variant.options))
    }

    /// Leaves out of the translations what speaks of options and images that the product does not have, and those in
    /// which nothing is left.
    pub fn prune_translations(&mut self) {
        let Source { translations, options, images, variants, .. } = self;
        for translation in translations.values_mut() {
            translation.options.retain(|name, _| options.iter().any(|option| option.name == *name));
            translation.option_values.retain(|name, values| {
                let Some(at) = options.iter().position(|option| option.name == *name) else { return false };
                let listed = |value: &String| options.iter().any(|one| one.name == *name && one.values.contains(value));
                values.retain(|value, _| {
                    listed(value) || variants.iter().any(|variant| variant.options.get(at) == Some(value))
                });
                !values.is_empty()
            });
            translation.image_alts.retain(|url, _| images.iter().any(|image| image.url == *url));
        }
        translations.retain(|_, translation| *translation != Translation::default());
    }

    /// The locales of translations that nobody in a store of `locales` would be shown. One that `known` has, what
    /// there is of the product, is let be: the store may have had it.
    pub fn foreign_locales(&self, known: Option<&Source>, locales: &Locales) -> Vec<Fault> {
        let is_known = |locale: &Locale| known.is_some_and(|known| known.translations.contains_key(locale));
        let new = self.translations.keys().filter(|locale| !is_known(locale));
        new.filter_map(|locale| foreign(locale, locales)).collect()
    }

    /// The handles of its own that the product has in other locales.
    pub fn translated_handles(&self) -> impl Iterator<Item = (&Locale, &Handle)> {
        self.translations.iter().filter_map(|(locale, translation)| Some((locale, translation.handle.as_ref()?)))
    }
}

/// What is wrong with a translation to a locale that nobody in a store of `locales` would be shown.
pub(super) fn foreign(locale: &Locale, locales: &Locales) -> Option<Fault> {
    let reason = if locales.takes(locale) {
        return None;
    } else if locale == locales.default_locale() {
        "is the store's default locale, which is not translated to".to_owned()
    } else {
        let all: Vec<&str> = locales.all().map(Locale::as_str).collect();
        format!("is none of the store's locales: {}", all.join(", "))
    };
    Some(Fault { path: format!("translations/{locale}"), reason })
}

/// The locale that a member is named by: as it is written, there is but one name for each.
pub(super) fn locale_of(reader: &mut Reader, name: &str) -> Option<Locale> {
    match name.parse::<Locale>() {
        Ok(locale) if locale.as_str() == name => return Some(locale),
        Ok(locale) => reader.fault("", format!("must be written {locale}")),
        Err(error) => reader.fault("", error),
    }
    None
}

pub(super) fn translations(reader: &mut Reader, of: Members<'_>) -> BTreeMap<Locale, Translation> {
    let read = |reader: &mut Reader, name: &str, json: &Value| {
        let locale = locale_of(reader, name);
        let translation = translation(reader, json);
        locale.map(|locale| (locale, translation))
    };
    reader.entries(of, "translations", MOST_TRANSLATIONS, &mut { read }).into_iter().flatten().collect()
}

fn translation(reader: &mut Reader, json: &Value) -> Translation {
    let of = reader.members(json, &MEMBERS);
    let description = reader.text(of, "description").unwrap_or_default().to_owned();
    if MOST_DESCRIPTION_BYTES < description.len() {
        reader.fault("description", format!("has more than {MOST_DESCRIPTION_BYTES} bytes"));
    }
    let seo = reader.object(of, "seo", &SEO, |reader, seo| SourceSeo {
        title: reader.line(seo, "title", MOST_CHARS),
        description: reader.line(seo, "description", MOST_SEO_DESCRIPTION_CHARS),
    });
    let values = |reader: &mut Reader, name: &str, json: &Value| {
        (
            name.to_owned(),
            reader.entries_of(json, MOST_VARIANTS, &mut text_of(MOST_CHARS)).into_iter().flatten().collect(),
        )
    };
    let option_values = reader.entries(of, "optionValues", MOST_OPTIONS, &mut { values });
    let options = reader.entries(of, "options", MOST_OPTIONS, &mut text_of(MOST_CHARS));
    let image_alts = reader.entries(of, "imageAlts", MOST_IMAGES, &mut text_of(MOST_ALT_CHARS));
    Translation {
        handle: of.get("handle").and_then(|_| reader.parsed(of, "handle")),
        title: reader.line(of, "title", MOST_CHARS),
        description,
        seo: seo.unwrap_or_default(),
        options: options.into_iter().flatten().collect(),
        option_values: option_values.into_iter().collect(),
        image_alts: image_alts.into_iter().flatten().collect(),
    }
}

/// Reads a text with what it stands for.
fn text_of(most: usize) -> impl FnMut(&mut Reader, &str, &Value) -> Option<(String, String)> {
    move |reader, key, json| reader.line_element(json, most).map(|text| (key.to_owned(), text))
}

/// Members that no translation has, of a patch: one that takes away what is not there leaves no trace.
pub(super) fn unknown_members(reader: &mut Reader, of: Members<'_>) {
    let each = |reader: &mut Reader, _: &str, json: &Value| {
        if json.is_object() {
            let of = reader.members(json, &MEMBERS);
            if of.get("seo").is_some_and(Value::is_object) {
                reader.object(of, "seo", &SEO, |_, _| ());
            }
        }
    };
    if of.get("translations").is_some_and(Value::is_object) {
        reader.entries(of, "translations", usize::MAX, &mut { each });
    }
}
