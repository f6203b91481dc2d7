//! What categories and collections say of themselves, on the wire.

use std::collections::BTreeMap;

use headlesspro_shared::kernel::line::Line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::document::{AttributeBody, SeoBody};
use super::openapi::{AlternateBody, NamedTranslationBody};
use super::presentation::PresentationPatch;
use super::store::taxonomy::Presentation;
use crate::extract::{FieldErrors, given};

/// The most bytes of a description.
const MOST_DESCRIPTION: usize = 64 << 10;

/// The most bytes of an address.
const MOST_URL: usize = 2_048;

/// A merge patch (RFC 7396): what is left out stays, null takes away.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "SeoChange", deny_unknown_fields)]
pub struct SeoPatch {
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = 255))]
    pub title: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", length(min = 1, max = 1_000))]
    pub description: Option<Option<String>>,
}

/// The fields of a body that make up a [`PresentationPatch`].
pub struct PresentationFields {
    pub description: Option<Option<String>>,
    pub image_url: Option<Option<String>>,
    pub metadata: Option<Option<Map<String, Value>>>,
    pub seo: Option<Option<SeoPatch>>,
    pub translations: Option<Option<Map<String, Value>>>,
    pub attributes: Option<Option<Map<String, Value>>>,
}

impl PresentationFields {
    /// What they ask for; reports every wrong one.
    pub fn parse(self, errors: &mut FieldErrors) -> PresentationPatch {
        let seo = self.seo.map(Option::unwrap_or_default);
        let (title, text) = seo.map(|seo| (seo.title, seo.description)).unwrap_or_default();
        let (seo_title, seo_description) = errors
            .nested("seo", |errors| (line::<255>(errors, "title", title), line::<1_000>(errors, "description", text)));
        PresentationPatch {
            description: errors.optional("description", self.description.map(Option::unwrap_or_default), |html| {
                if html.len() <= MOST_DESCRIPTION { Ok(html) } else { Err("is longer than 64 KiB") }
            }),
            image_url: errors.optional("imageUrl", self.image_url, |url| match url {
                Some(url) if !is_image_url(&url) => Err("must be an http or https URL of at most 2048 bytes"),
                url => Ok(url),
            }),
            metadata: self.metadata.map(|metadata| metadata.map_or(Value::Null, Value::Object)),
            seo_title,
            seo_description,
            translations: self.translations.map(|said| said.map_or(Value::Null, Value::Object)),
            attributes: self.attributes.map(|values| values.map_or(Value::Null, Value::Object)),
        }
    }
}

fn line<const MAX: usize>(
    errors: &mut FieldErrors,
    name: &str,
    text: Option<Option<String>>,
) -> Option<Option<String>> {
    errors.optional(name, text, |text| {
        text.map(|text| text.parse::<Line<MAX>>().map(|line| line.to_string())).transpose()
    })
}

fn is_image_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_plain = |rest: &str| {
        rest.starts_with(|first: char| first.is_alphanumeric() || first == '[')
            && !rest.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"\\^`{|}".contains(c))
    };
    url.len() <= MOST_URL && rest.is_some_and(is_plain)
}

/// What is shown of a [`Presentation`].
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresentationBody {
    /// HTML, sanitised: safe to put into a page.
    pub description: String,
    pub image_url: Option<String>,
    /// The merchant's own.
    #[schemars(with = "Map<String, Value>")]
    pub metadata: Box<RawValue>,
    /// The name stands in for a title that is not given.
    pub seo: SeoBody,
    /// By key; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, AttributeBody>>")]
    pub attributes: Option<Box<RawValue>>,
    /// All that is said in other locales, whichever was asked for; left out where nothing is, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, NamedTranslationBody>>")]
    pub translations: Option<Box<RawValue>>,
}

impl PresentationBody {
    /// # Errors
    /// When the metadata is no JSON, which nobody writes.
    pub fn of(presentation: Presentation, name: &str) -> Result<PresentationBody, serde_json::Error> {
        Ok(PresentationBody {
            description: presentation.description,
            image_url: presentation.image_url,
            metadata: RawValue::from_string(presentation.metadata)?,
            seo: SeoBody {
                title: presentation.seo_title.unwrap_or_else(|| name.to_owned()),
                description: presentation.seo_description.unwrap_or_default(),
            },
            attributes: unless_empty(presentation.attributes)?,
            translations: unless_empty(presentation.translations)?,
        })
    }
}

fn unless_empty(object: String) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    (object != "{}").then(|| RawValue::from_string(object)).transpose()
}

/// Where a category or collection is in the storefront.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageBody {
    /// Its page: below the store's `storefrontUrl` at `categories/` and the path, or at `collections/` and the handle,
    /// after the locale where that is not the store's default.
    pub canonical_url: String,
    /// Its pages in all locales that something is said in, the default first, for `hreflang` links; left out where
    /// there is but one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternates: Vec<AlternateBody>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_at_an_address_of_the_web() {
        for good in ["https://cdn.example.com/a%20b.jpg?x=1", "http://[::1]/a", "https://größe.example/ä"] {
            assert!(is_image_url(good), "{good}");
        }
        let long = format!("https://a.example/{}", "x".repeat(MOST_URL));
        for bad in ["", "javascript:alert(1)", "https://", "//a/b", "https:///a", "https://a b", "https://a/\"x", &long]
        {
            assert!(!is_image_url(bad), "{bad}");
        }
    }
}
