//! JSON Schemas (2020-12) of the wire types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Where definitions of request types stand until it is known which of them share a name with an answer's.
/// In no module for a wasm host: a test looks for it there.
pub const REQUESTS: &str = "#/components/requests/";

/// A type's schema, to be made when the document is.
#[derive(Debug, Clone, Copy)]
pub struct SchemaOf {
    reference: fn(&mut SchemaGenerator) -> Schema,
    whole: fn(&mut SchemaGenerator) -> Schema,
}

impl SchemaOf {
    pub fn of<T: JsonSchema>() -> SchemaOf {
        SchemaOf { reference: |generator| generator.subschema_for::<T>(), whole: |generator| T::json_schema(generator) }
    }
}

/// The schemas of one document.
pub struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    extra: Map<String, Value>,
}

impl Schemas {
    pub fn new() -> Schemas {
        let settings = |path: &'static str| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = path.trim_start_matches('#').into();
                settings.meta_schema = None;
            })
        };
        Schemas {
            requests: settings(REQUESTS).for_deserialize().into_generator(),
            answers: settings(SCHEMAS).for_serialize().into_generator(),
            extra: Map::new(),
        }
    }

    /// What a client sends.
    pub fn request(&mut self, schema: SchemaOf) -> Value {
        (schema.reference)(&mut self.requests).to_value()
    }

    /// What we send.
    pub fn answer(&mut self, schema: SchemaOf) -> Value {
        (schema.reference)(&mut self.answers).to_value()
    }

    /// The members that a problem with `code` has beside the standard ones, as a schema of its own.
    pub fn problem(&mut self, code: &str, status: u16, members: SchemaOf) -> Value {
        let name = format!("{}Problem", pascal_case(code));
        let mut members = (members.whole)(&mut self.answers).to_value();
        if let Some(members) = members.as_object_mut() {
            members.remove("title");
        }
        let schema = json!({
            "allOf": [{ "$ref": format!("{SCHEMAS}Problem") }, members],
            "properties": { "code": { "const": code }, "status": { "const": status } },
            "unevaluatedProperties": false,
        });
        self.extra.insert(name.clone(), schema);
        json!({ "$ref": format!("{SCHEMAS}{name}") })
    }

    /// Moves all definitions into `document`. A type that is sent and received in different shapes is
    /// there twice; what a client sends is then named `...Input`.
    pub fn finish(mut self, document: &mut Value) {
        let mut answers = self.answers.take_definitions(true);
        for (name, schema) in &mut answers {
            // Problems are extended where they are used, and closed there.
            if name != "Problem" {
                seal(schema);
            }
        }
        let mut requests = self.requests.take_definitions(true);
        let renamed = renamed(&requests, &answers);
        let new_name =
            |name: &str| if renamed.iter().any(|one| one == name) { format!("{name}Input") } else { name.to_owned() };
        let redirect =
            |reference: &str| reference.strip_prefix(REQUESTS).map(|name| format!("{SCHEMAS}{}", new_name(name)));
        for schema in requests.values_mut() {
            rewrite_references(schema, &redirect);
        }
        rewrite_references(document, &redirect);
        answers.extend(requests.into_iter().map(|(name, schema)| (new_name(&name), schema)));
        answers.extend(self.extra);
        if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
            components.insert("schemas".to_owned(), answers.into());
        }
    }
}

/// The request types that share a name with an answer's type and differ from it, or refer to one that does.
fn renamed(requests: &Map<String, Value>, answers: &Map<String, Value>) -> Vec<String> {
    let mut renamed: Vec<String> = Vec::new();
    loop {
        let before = renamed.len();
        for (name, schema) in requests {
            let Some(answer) = answers.get(name).filter(|_| !renamed.contains(name)) else { continue };
            let mut own = schema.clone();
            rewrite_references(&mut own, &|reference| {
                let name = reference.strip_prefix(REQUESTS)?;
                let suffix = if renamed.iter().any(|one| one == name) { "Input" } else { "" };
                Some(format!("{SCHEMAS}{name}{suffix}"))
            });
            if own != *answer {
                renamed.push(name.clone());
            }
        }
        if renamed.len() == before {
            return renamed;
        }
    }
}

fn rewrite_references(value: &mut Value, redirect: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        if let Some(new) = redirect(reference) {
                            *reference = new;
                        }
                    }
                    value => rewrite_references(value, redirect),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite_references(item, redirect)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `VersionMismatch` of `version-mismatch`.
pub fn pascal_case(code: &str) -> String {
    code.split('-').fold(String::new(), |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

/// Closes every object: an answer has the members that are described, and no others.
fn seal(schema: &mut Value) {
    const BRANCHES: [&str; 3] = ["allOf", "anyOf", "oneOf"];
    let Some(object) = schema.as_object_mut() else { return };
    let has_properties = object.contains_key("properties");
    let has_branches = BRANCHES.iter().any(|key| object.contains_key(*key));
    if has_properties && has_branches {
        // The branches add to the properties: only together do they close the object.
        object.insert("unevaluatedProperties".to_owned(), false.into());
    } else if has_properties {
        object.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    for (key, value) in object {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(seal),
            ("items", items) => seal(items),
            (key, Value::Array(branches)) if BRANCHES.contains(&key) && !has_properties => {
                branches.iter_mut().for_each(seal);
            }
            _ => {}
        }
    }
}
