//! Checks answers against the OpenAPI document: strictly, so that what is sent and what is described
//! cannot differ.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::HeaderMap;
use serde_json::{Map, Value, json};

/// Answers of these methods are checked; the others' are no part of the document.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

pub struct Validator {
    document: Value,
    /// By the schema's text.
    compiled: Mutex<HashMap<String, Arc<jsonschema::Validator>>>,
    /// For answers of some members alone.
    sparse: OnceLock<Box<Validator>>,
}

impl Validator {
    /// The validator of `tests/golden/openapi.json`.
    pub fn from_golden() -> Validator {
        Validator::new(serde_json::from_str(include_str!("../golden/openapi.json")).unwrap_or_default())
    }

    pub fn new(document: Value) -> Validator {
        Validator { document, compiled: Mutex::default(), sparse: OnceLock::new() }
    }

    /// One that requires no member but an id, as the document says of the parameter `fields`.
    fn sparse(&self) -> &Validator {
        self.sparse.get_or_init(|| Box::new(Validator::new(of_some_members(&self.document))))
    }

    /// Checks one answer: its status is documented for the operation, the documented headers are there and
    /// fit, the body fits its schema without a member too many, and no more round trips were spent than
    /// the operation's budget has. `path` may have a query.
    ///
    /// # Errors
    /// Everything that does not fit, for people.
    pub fn check(&self, method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
        if !METHODS.contains(&method) {
            return Ok(());
        }
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let mut faults = Vec::new();
        match self.operation(method, route) {
            _ if self.is_service_problem(status, body) => self.check_service_problem(status, body, &mut faults),
            Some((template, operation)) => {
                self.check_operation(operation, query, status, &mut faults);
                match self.response(operation, status) {
                    Some(response) => {
                        let is_sparse = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "fields");
                        let validator = if is_sparse && status < 400 { self.sparse() } else { self };
                        validator.check_response(method, response, headers, body, &mut faults);
                    }
                    None => faults.push(format!("status {status} is not documented for {template}")),
                }
                check_budget(operation, headers, &mut faults);
            }
            None => self.check_service_problem(status, body, &mut faults),
        }
        if faults.is_empty() {
            return Ok(());
        }
        let body = String::from_utf8_lossy(body);
        let body: String = body.chars().take(2_000).collect();
        Err(format!(
            "{method} {path} -> {status} does not fit tests/golden/openapi.json:\n- {}\nbody: {body}",
            faults.join("\n- ")
        ))
    }

    /// What of `value` does not fit `schema`, which may refer to the document's components.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = match self.compiled(schema) {
            Ok(validator) => validator,
            Err(error) => return vec![format!("the schema itself is wrong: {error}")],
        };
        let text = |error: jsonschema::ValidationError<'_>| {
            let at = error.instance_path().to_string();
            format!("{}: {error}", if at.is_empty() { "body" } else { &at })
        };
        validator.iter_errors(value).map(text).collect()
    }

    /// A component for `{"$ref": ...}`, the value itself for anything else.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        target.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }

    fn operation(&self, method: &str, route: &str) -> Option<(&str, &Value)> {
        // GET answers HEAD, without the body.
        let method = if method == "HEAD" { "get" } else { method }.to_ascii_lowercase();
        let paths = self.document.get("paths")?.as_object()?;
        let mut found: Vec<(&String, &Value)> = paths.iter().filter(|(template, _)| fits(template, route)).collect();
        // A path without parameters goes first.
        found.sort_by_key(|(template, _)| template.matches('{').count());
        let (template, methods) = found.first()?;
        Some((template, methods.get(method)?))
    }

    fn response<'a>(&'a self, operation: &'a Value, status: u16) -> Option<&'a Value> {
        let response = operation.get("responses")?.get(status.to_string())?;
        Some(self.resolved(response))
    }

    /// A parameter that the document does not know must not have been accepted.
    fn check_operation(&self, operation: &Value, query: &str, status: u16, faults: &mut Vec<String>) {
        if !(200..400).contains(&status) {
            return;
        }
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let known: Vec<&str> = parameters
            .into_iter()
            .flatten()
            .map(|parameter| self.resolved(parameter))
            .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .collect();
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            // `attribute.KEY` stands for all that begin so.
            let is_known =
                |known: &&str| known.strip_suffix("KEY").map_or(**known == *name, |begin| name.starts_with(begin));
            if !known.iter().any(is_known) {
                faults.push(format!("query parameter {name} is accepted and not documented"));
            }
        }
    }

    fn check_response(
        &self,
        method: &str,
        response: &Value,
        headers: &HeaderMap,
        body: &[u8],
        faults: &mut Vec<String>,
    ) {
        for (name, header) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
            self.check_header(name, self.resolved(header), headers, faults);
        }
        let content = response.get("content").and_then(Value::as_object);
        let Some((media_type, content)) = content.and_then(|content| content.iter().next()) else {
            if !body.is_empty() {
                faults.push("there is a body, and none is documented".to_owned());
            }
            return;
        };
        let sent = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if sent.split(';').next().unwrap_or_default().trim() != media_type {
            faults.push(format!("Content-Type is {sent:?}, documented is {media_type}"));
        }
        if method == "HEAD" {
            if !body.is_empty() {
                faults.push("HEAD is answered with a body".to_owned());
            }
            return;
        }
        if !media_type.ends_with("json") {
            let text = Value::from(String::from_utf8_lossy(body).into_owned());
            faults.extend(self.faults(content.get("schema").unwrap_or(&Value::Bool(false)), &text));
            return;
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => faults.extend(self.faults(content.get("schema").unwrap_or(&Value::Bool(false)), &value)),
            Err(error) => faults.push(format!("the body is not JSON: {error}")),
        }
    }

    fn check_header(&self, name: &str, header: &Value, headers: &HeaderMap, faults: &mut Vec<String>) {
        let Some(sent) = headers.get(name) else {
            if header.get("required").and_then(Value::as_bool).unwrap_or(false) {
                faults.push(format!("the header {name} is missing"));
            }
            return;
        };
        let text = Value::from(String::from_utf8_lossy(sent.as_bytes()).into_owned());
        let schema = header.get("schema").cloned().unwrap_or(Value::Bool(true));
        faults.extend(self.faults(&schema, &text).into_iter().map(|fault| format!("header {name}: {fault}")));
    }

    /// Whether the body has one of the codes that belong to no operation.
    fn is_service_problem(&self, status: u16, body: &[u8]) -> bool {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        body.get("code").is_some_and(|code| self.service_codes(status).contains(&code))
    }

    fn service_codes(&self, status: u16) -> Vec<&Value> {
        let problems = self.document.get("x-problems").and_then(Value::as_array).into_iter().flatten();
        problems
            .filter(|problem| problem.get("status").and_then(Value::as_u64) == Some(u64::from(status)))
            .filter_map(|problem| problem.get("code"))
            .collect()
    }

    /// A path or method that is not described is answered by the router, with one of its own problems.
    fn check_service_problem(&self, status: u16, body: &[u8], faults: &mut Vec<String>) {
        let codes = self.service_codes(status);
        if codes.is_empty() {
            faults.push("no operation has this path and method, and the status is none of the service's".to_owned());
            return;
        }
        let schema = json!({
            "allOf": [{ "$ref": "#/components/schemas/Problem" }],
            "properties": { "code": { "enum": codes }, "status": { "const": status } },
            "unevaluatedProperties": false,
        });
        // HEAD has no body to look at.
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            faults.extend(self.faults(&schema, &value));
        }
    }

    fn compiled(&self, schema: &Value) -> Result<Arc<jsonschema::Validator>, String> {
        let key = schema.to_string();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = compiled.get(&key) {
            return Ok(Arc::clone(validator));
        }
        let mut root = Map::new();
        root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        root.insert("allOf".to_owned(), json!([schema]));
        root.insert("components".to_owned(), self.document.get("components").cloned().unwrap_or_default());
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&Value::Object(root))
            .map_err(|error| error.to_string())?;
        let validator = Arc::new(validator);
        compiled.insert(key, Arc::clone(&validator));
        Ok(validator)
    }
}

/// A schema that requires no member but an id.
fn of_some_members(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let of = |(name, value): (&String, &Value)| match value {
                Value::Array(names) if name == "required" => {
                    (name.clone(), names.iter().filter(|name| **name == "id").cloned().collect())
                }
                value => (name.clone(), of_some_members(value)),
            };
            members.iter().map(of).collect()
        }
        Value::Array(all) => all.iter().map(of_some_members).collect(),
        other => other.clone(),
    }
}

/// Whether `route` is one of the paths of `template` (`/cart/{id}`).
fn fits(template: &str, route: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), route.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

/// What `Server-Timing` says was spent must be within the operation's budget.
fn check_budget(operation: &Value, headers: &HeaderMap, faults: &mut Vec<String>) {
    let timing = headers.get("server-timing").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let spent = |name: &str| -> Option<u64> {
        let metric = timing.split(',').map(str::trim).find(|metric| metric.split(';').next() == Some(name))?;
        metric.split_once("desc=\"")?.1.split('"').next()?.parse().ok()
    };
    let budget = operation.get("x-round-trips");
    for (name, limit) in [("sql", "sqlAtMost"), ("redis", "redisAtMost")] {
        let limit = budget.and_then(|budget| budget.get(limit)?.as_u64());
        if let (Some(spent), Some(limit)) = (spent(name), limit)
            && limit < spent
        {
            faults.push(format!("{spent} {name} round trips were spent; the budget is {limit}"));
        }
    }
}
