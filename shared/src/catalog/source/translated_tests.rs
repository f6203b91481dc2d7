use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Source, merge_patch, unknown_members};
use crate::kernel::locale::{Locale, Locales};
use crate::kernel::money::Currency;

fn tent(translations: &Value) -> Value {
    json!({
        "title": "Tunnel Tent",
        "handle": "tent",
        "description": "<p>Light</p>",
        "options": [{ "name": "Colour", "values": ["Sand", "Moss"] }, { "name": "Size" }],
        "images": [{ "url": "https://example.com/a.jpg", "alt": "A tent" }, { "url": "https://example.com/b.jpg" }],
        "variants": [{ "sku": "T-M", "options": ["Moss", "L"] }, { "sku": "T-S", "options": ["Sand", "L"] }],
        "translations": translations,
    })
}

fn read(json: &Value) -> Source {
    Source::read(json, Currency::EUR).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn in_locale(source: &Source, locale: &str) -> Source {
    source.in_locale(&locale.parse().unwrap())
}

fn wrong(translations: &Value) -> Vec<String> {
    let faults = Source::read(&tent(translations), Currency::EUR).expect_err("faults");
    faults.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn each_text_is_said_by_the_nearest_that_has_it() {
    let source = read(&tent(&json!({
        "fr": {
            "handle": "tente",
            "title": "Tente",
            "seo": { "title": "La tente" },
            "options": { "Colour": "Couleur" },
            "optionValues": { "Colour": { "Moss": "Mousse", "Sand": "Sable" } },
            "imageAlts": { "https://example.com/a.jpg": "Une tente" },
        },
        "fr-CA": { "title": "Tente-tunnel", "optionValues": { "Colour": { "Moss": "Vert" } } },
    })));
    let said = in_locale(&source, "fr-CA");
    assert_eq!((said.handle.as_str(), said.title.as_str()), ("tente", "Tente-tunnel"));
    assert_eq!((said.description.as_str(), said.seo.title.as_deref()), ("<p>Light</p>", Some("La tente")));
    assert_eq!(said.options[0].name, "Couleur");
    assert_eq!(said.options[1].name, "Size");
    assert_eq!(said.values_of(0, &said.options[0]), ["Sable", "Vert"]);
    assert_eq!(said.variants[0].title(), "Vert / L");
    assert_eq!((said.images[0].alt.as_str(), said.images[1].alt.as_str()), ("Une tente", ""));
    assert!(source.has_other_options(&said) && said.translations.is_empty());
    // What has none says the product's own.
    let own = Source { translations: Default::default(), ..source.clone() };
    assert_eq!(in_locale(&source, "de"), own);
    assert!(!source.has_other_options(&own));
}

#[test]
fn what_speaks_of_nothing_of_the_product_is_left_out() {
    let source = read(&tent(&json!({
        "de": { "optionValues": { "Colour": { "Blue": "Blau" }, "Weight": { "Sand": "x" } }, "seo": {} },
        "fr": { "title": "Tente", "options": { "Width": "Largeur" }, "imageAlts": { "https://example.com/z": "x" } },
    })));
    let kept = serde_json::to_value(&source.translations).unwrap();
    assert_eq!(kept, json!({ "fr": { "title": "Tente" } }));
    assert_eq!(read(&serde_json::to_value(&source).unwrap()), source);
}

#[test]
fn everything_that_is_wrong_with_translations_is_found() {
    let faults = wrong(&json!({
        "FR-ca": {},
        "de_AT": {},
        "de": { "handle": "a\u{202e}b", "title": "a\nb", "colour": 1, "seo": { "titel": "x" } },
        "es": { "options": { "Colour": 1 }, "optionValues": { "Colour": [] }, "imageAlts": { "https://a/b": "x".repeat(513) } },
        "it": "Tenda",
        "nl": { "handle": "a b" },
    }));
    let mut faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    faults.sort_unstable();
    let expected = [
        "translations/FR-ca",
        "translations/de/colour",
        "translations/de/handle",
        "translations/de/seo/titel",
        "translations/de/title",
        "translations/de_AT",
        "translations/es/imageAlts/https:~1~1a~1b",
        "translations/es/optionValues/Colour",
        "translations/es/options/Colour",
        "translations/it",
        "translations/nl/handle",
    ];
    assert_eq!(faults, expected);
    assert_eq!(wrong(&json!([])), ["translations"]);
    let many: serde_json::Map<String, Value> = (b'a'..=b'z')
        .flat_map(|a| [b'a', b'b'].map(|b| (format!("{}{}", char::from(a), char::from(b)), json!({}))))
        .collect();
    assert_eq!(wrong(&json!(many)), ["translations"]);
}

#[test]
fn a_patch_changes_one_text_and_takes_one_locale_away() {
    let mut json = tent(&json!({ "fr": { "title": "Tente", "handle": "tente" }, "de": { "title": "Zelt" } }));
    let patch = json!({ "translations": { "fr": { "handle": null, "description": "Léger" }, "de": null } });
    assert!(unknown_members(&patch).is_empty());
    merge_patch(&mut json, &patch);
    let translations = serde_json::to_value(read(&json).translations).unwrap();
    assert_eq!(translations, json!({ "fr": { "title": "Tente", "description": "Léger" } }));
    let unknown = unknown_members(&json!({ "translations": { "fr": { "titel": null }, "de": null } }));
    assert_eq!(unknown.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(), ["translations/fr/titel"]);
}

#[test]
fn only_a_locale_that_somebody_may_ask_for_is_translated_to() {
    let locales = Locales::new("en".parse().unwrap(), "fr-CA de".parse().unwrap());
    let title = json!({ "title": "x" });
    let source =
        read(&tent(&json!({ "fr": title, "fr-CA": title, "de": title, "es": title, "en": title, "de-AT": title })));
    let foreign = |known: Option<&Source>| {
        source.foreign_locales(known, &locales).into_iter().map(|fault| fault.path).collect::<Vec<_>>()
    };
    assert_eq!(foreign(None), ["translations/de-AT", "translations/en", "translations/es"]);
    assert!(source.foreign_locales(None, &locales)[2].reason.ends_with("en, fr-CA, de"));
    let known = read(&tent(&json!({ "es": title })));
    assert_eq!(foreign(Some(&known)), ["translations/de-AT", "translations/en"]);
}

fn texts() -> impl Strategy<Value = Value> {
    let text = || proptest::option::of("[a-c]{1,3}");
    (text(), text(), text(), text(), text(), text(), text()).prop_map(|(handle, title, html, seo, name, value, alt)| {
        json!({
            "handle": handle, "title": title, "description": html, "seo": { "title": seo },
            "options": { "Colour": name }, "optionValues": { "Colour": { "Moss": value } },
            "imageAlts": { "https://example.com/a.jpg": alt },
        })
    })
}

/// What a source says, text by text; absent ones are empty.
fn said(source: &Source) -> [String; 7] {
    [
        source.handle.to_string(),
        source.title.clone(),
        source.description.clone(),
        source.seo.title.clone().unwrap_or_default(),
        source.options[0].name.clone(),
        source.variants[0].options[0].clone(),
        source.images[0].alt.clone(),
    ]
}

fn given(translation: &Value) -> [String; 7] {
    [
        "/handle",
        "/title",
        "/description",
        "/seo/title",
        "/options/Colour",
        "/optionValues/Colour/Moss",
        "/imageAlts/https:~1~1example.com~1a.jpg",
    ]
    .map(|pointer| translation.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned())
}

proptest! {
    /// Whatever is translated, each text of each locale is the first that somebody has given along the way.
    #[test]
    fn fallback_is_total(
        translations in proptest::collection::btree_map("zh|zh-Hant|zh-Hant-TW|fr|fr-CA", texts(), 0..5),
        asked in "zh(-Hant)?(-TW)?|fr(-CA|-BE)?|de",
    ) {
        let source = read(&tent(&json!(translations)));
        let locale: Locale = asked.parse().unwrap();
        let mut expected = said(&source);
        for (at, text) in expected.iter_mut().enumerate() {
            let mut chain = locale.fallbacks().filter_map(|one| translations.get(one.as_str()));
            let nearest = chain.find_map(|one| Some(given(one)[at].clone()).filter(|text| !text.is_empty()));
            if let Some(nearest) = nearest {
                *text = nearest;
            }
        }
        let shown = source.in_locale(&locale);
        prop_assert_eq!(said(&shown), expected);
        prop_assert_eq!(shown.variants.len(), source.variants.len());
        // What is said in a locale, is said in it again.
        prop_assert_eq!(shown.in_locale(&locale), shown);
        prop_assert_eq!(read(&serde_json::to_value(&source).unwrap()), source);
    }
}
