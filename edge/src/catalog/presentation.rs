//! How categories and collections present themselves: changing what is said of them beside their name.

use serde_json::{Map, Value};

use headlesspro_shared::catalog::attribute::Owner;
use headlesspro_shared::catalog::source::{Fault, NamedTranslation, NamedTranslations};
use headlesspro_shared::kernel::locale::{Locale, Locales};

use super::attributes::given::{self, Given};
use super::document::sanitise;
use super::store::taxonomy::Presentation;
use crate::app::{Ctx, Tenant};
use crate::failure::Failure;
use crate::journal::{Change, told};
use crate::media;
use crate::organizations;
use crate::port::sql::{Commit, Rows, SqlError, Statement};

/// The most bytes of metadata, as JSON without blanks.
const MOST_METADATA: usize = 16 << 10;

/// What is to be changed of a [`Presentation`].
#[derive(Debug, Default)]
pub struct PresentationPatch {
    pub description: Option<String>,
    pub image_url: Option<Option<String>>,
    pub metadata: Option<Value>,
    pub seo_title: Option<Option<String>>,
    pub seo_description: Option<Option<String>>,
    /// To be merged into what is there.
    pub translations: Option<Value>,
    /// Values by key, to be merged into what is there.
    pub attributes: Option<Value>,
}

/// What cannot be said of a category or collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresentationError {
    Invalid(Vec<Fault>),
    /// The image is called as a file of the store, and is none.
    ImageMissing,
}

impl Presentation {
    /// Has the commit refuse an image of this that `before` does not have and that is gone. Answers the number of the
    /// statement.
    pub fn guard_image(&self, ctx: &Ctx, commit: &mut Commit, before: Option<&Presentation>) -> Option<usize> {
        let url = self.image_url.as_deref();
        let url = url.filter(|url| before.and_then(|before| before.image_url.as_deref()) != Some(*url))?;
        media::guard_image(ctx, url).map(|guard| commit.push(guard))
    }
}

/// Has the audit tell the values of attributes that are others, where some are.
pub fn tell_attributes(change: Change, was: Option<&Presentation>, is: Option<&Presentation>) -> Change {
    let values = |one: Option<&Presentation>| {
        let shown: Map<_, _> = one.and_then(|one| serde_json::from_str(&one.attributes).ok()).unwrap_or_default();
        Value::Object(given::values_of(&shown))
    };
    let (before, after) = told::difference(&values(was), &values(is));
    if before == after {
        return change;
    }
    let change = if was.is_some() { change.had("attributes", before) } else { change };
    if is.is_some() { change.has("attributes", after) } else { change }
}

impl PresentationPatch {
    /// The statements whose rows [`PresentationPatch::apply`] takes.
    pub fn reads(&self, tenant: Tenant) -> Vec<Statement> {
        let attributes = self.attributes.iter().flat_map(|patch| given::reads(tenant, patch));
        attributes.chain(self.translations.iter().map(|_| organizations::locales(tenant))).collect()
    }

    /// `presentation` with this change, of a category or a collection. Answers what a commit is to know of the values
    /// of attributes.
    ///
    /// # Errors
    /// [`PresentationError::Invalid`] with all that is wrong, and those of the database.
    pub async fn apply(
        &self,
        ctx: &Ctx,
        of: Owner,
        presentation: &mut Presentation,
        rows: &[Rows],
    ) -> Result<Given, Failure<PresentationError>> {
        let mut faults = self.say(presentation, &locales_of(rows.last().filter(|_| self.translations.is_some()))?);
        let mut given = Given::default();
        if let Some(patch) = &self.attributes {
            match given::give(ctx, of, patch, &mut presentation.attributes, rows).await {
                Ok(values) => given = values,
                Err(Failure::Rejected(found)) => faults.extend(found),
                Err(failure) => return Err(failure.map(PresentationError::Invalid)),
            }
        }
        if faults.is_empty() { Ok(given) } else { Err(Failure::Rejected(PresentationError::Invalid(faults))) }
    }

    /// All but the values of attributes, in a store of these locales. Answers what is wrong.
    fn say(&self, presentation: &mut Presentation, locales: &Locales) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(html) = &self.description {
            presentation.description = sanitise(html);
            presentation.description_html.clone_from(html);
        }
        if let Some(url) = &self.image_url {
            presentation.image_url.clone_from(url);
        }
        if let Some(patch) = &self.metadata {
            let mut metadata = serde_json::from_str(&presentation.metadata).unwrap_or_default();
            merge(&mut metadata, patch);
            presentation.metadata = metadata.to_string();
            if MOST_METADATA < presentation.metadata.len() {
                let reason = format!("has more than {MOST_METADATA} bytes with what is there");
                faults.push(Fault { path: "metadata".to_owned(), reason });
            }
        }
        if let Some(title) = &self.seo_title {
            presentation.seo_title.clone_from(title);
        }
        if let Some(text) = &self.seo_description {
            presentation.seo_description.clone_from(text);
        }
        if let Some(patch) = &self.translations {
            let given = presentation.given_translations.as_ref().unwrap_or(&presentation.translations);
            let mut json: Value = serde_json::from_str(given).unwrap_or_default();
            let known = NamedTranslations::read(&json).unwrap_or_default();
            merge(&mut json, patch);
            match NamedTranslations::read(&json) {
                Ok(said) => {
                    faults.extend(said.foreign(&known, locales));
                    let given = json_of(&said);
                    presentation.translations = json_of(&said.made_safe(sanitise));
                    presentation.given_translations = Some(given).filter(|given| *given != presentation.translations);
                }
                Err(found) => faults.extend(found),
            }
        }
        faults
    }
}

/// That translations to these locales have a handle that another one has.
pub fn handles_taken(locales: &[String], reason: &str) -> PresentationError {
    let fault = |locale: &String| Fault { path: format!("translations/{locale}/handle"), reason: reason.to_owned() };
    PresentationError::Invalid(locales.iter().map(fault).collect())
}

fn json_of(translations: &NamedTranslations) -> String {
    serde_json::to_string(translations).unwrap_or_else(|_| "{}".to_owned())
}

fn locales_of(rows: Option<&Rows>) -> Result<Locales, SqlError> {
    Ok(rows.map(organizations::locales_of).transpose()?.flatten().unwrap_or_default())
}

/// What is said in other locales.
pub fn translations_of(presentation: &Presentation) -> NamedTranslations {
    if presentation.translations == "{}" {
        return NamedTranslations::default();
    }
    let json = serde_json::from_str(&presentation.translations).unwrap_or_default();
    NamedTranslations::read(&json).unwrap_or_default()
}

/// Says what is said in the locales of `chain`, the nearest first, in the place of the handle, the name and the texts.
pub fn say(handle: &mut String, name: &mut String, presentation: &mut Presentation, chain: &[Locale]) {
    if chain.is_empty() || presentation.translations == "{}" {
        return;
    }
    let said = translations_of(presentation).said(chain);
    let NamedTranslation { handle: said_handle, name: said_name, description, seo } = said;
    if let Some(said_handle) = said_handle {
        *handle = said_handle.to_string();
    }
    if let Some(said_name) = said_name {
        *name = said_name;
    }
    if !description.is_empty() {
        presentation.description = description;
    }
    presentation.seo_title = seo.title.or(presentation.seo_title.take());
    presentation.seo_description = seo.description.or(presentation.seo_description.take());
}

/// As [`say`], where nothing of other locales is told.
pub fn say_only(handle: &mut String, name: &mut String, presentation: &mut Presentation, chain: &[Locale]) {
    say(handle, name, presentation, chain);
    "{}".clone_into(&mut presentation.translations);
}

/// Merges `patch` into an object (RFC 7396); null takes all away.
fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *object = Value::Object(Map::new());
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(object) = object.as_object_mut() else { return };
    for (name, value) in members {
        match value {
            Value::Null => drop(object.remove(name)),
            Value::Object(_) => merge(object.entry(name.clone()).or_insert(Value::Null), value),
            value => drop(object.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_merged_as_rfc_7396_says() {
        let mut held = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1, 2] });
        merge(&mut held, &json!({ "a": null, "b": { "c": null, "f": { "g": null, "h": 4 } }, "e": [3], "i": {} }));
        assert_eq!(held, json!({ "b": { "d": 3, "f": { "h": 4 } }, "e": [3], "i": {} }));
        merge(&mut held, &Value::Null);
        assert_eq!(held, json!({}));
    }

    #[test]
    fn translations_are_kept_as_they_were_given_beside_what_is_shown_of_them() {
        let locales = Locales::new("en".parse().unwrap(), "fr de".parse().unwrap());
        let mut presentation = Presentation::default();
        let mut say = |translations: Value| {
            let patch = PresentationPatch { translations: Some(translations), ..PresentationPatch::default() };
            assert_eq!(patch.say(&mut presentation, &locales), []);
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            (presentation.given_translations.as_deref().map(read), read(&presentation.translations))
        };
        let (given, safe) = ("<b onclick=\"x()\">x</b><script>alert(1)</script>", "<b>x</b>");
        let both = |description| json!({ "de": { "name": "Zelte" }, "fr": { "description": description } });
        assert_eq!(say(both(given)), (Some(both(given)), both(safe)));
        // Of what was given the rest stays.
        let both = |description| json!({ "fr": { "name": "Tentes", "description": description } });
        let change = json!({ "de": null, "fr": { "name": "Tentes" } });
        assert_eq!(say(change), (Some(both(given)), both(safe)));
        // What is shown as it was given is kept once.
        assert_eq!(say(json!({ "fr": { "description": safe } })), (None, both(safe)));
        // Of what is not shown at all something is kept.
        let hidden = json!({ "fr": { "name": "Tentes", "description": "<script>x</script>" } });
        assert_eq!(say(hidden.clone()), (Some(hidden), json!({ "fr": { "name": "Tentes" } })));
    }
}
