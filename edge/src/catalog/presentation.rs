//! How categories and collections present themselves: changing what is said of them beside their name.

use serde_json::{Map, Value};

use super::document::sanitise;
use super::store::taxonomy::Presentation;

/// The most bytes of metadata, as JSON without blanks.
pub const MOST_METADATA: usize = 16 << 10;

/// What is to be changed of a [`Presentation`].
#[derive(Debug, Default)]
pub struct PresentationPatch {
    pub description: Option<String>,
    pub image_url: Option<Option<String>>,
    pub metadata: Option<Value>,
    pub seo_title: Option<Option<String>>,
    pub seo_description: Option<Option<String>>,
}

/// The metadata would be larger than [`MOST_METADATA`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataTooLarge;

impl PresentationPatch {
    /// `presentation` with this change.
    ///
    /// # Errors
    /// [`MetadataTooLarge`].
    pub fn apply(&self, presentation: &mut Presentation) -> Result<(), MetadataTooLarge> {
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
                return Err(MetadataTooLarge);
            }
        }
        if let Some(title) = &self.seo_title {
            presentation.seo_title.clone_from(title);
        }
        if let Some(text) = &self.seo_description {
            presentation.seo_description.clone_from(text);
        }
        Ok(())
    }
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
}
