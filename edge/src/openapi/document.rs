//! The document, put together from the operations.

use std::collections::BTreeMap;

use headlesspro_shared::limits::Class;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::header::{Header, cache_control};
use super::operation::{Answer, Cache, Example, Operation};
use super::parameter::Parameter;
use super::problem::{Problem, Problems, of};
use super::schema::{SchemaOf, Schemas, pascal_case};
use crate::problem as wire;
use crate::routes::{Access, Route, routes};

/// The id that problems in examples carry.
const SAMPLE_REQUEST: &str = "01939f1c2a7bd3f05e6a7b8c9d0e";

const DESCRIPTION: &str = "\
The commerce API of one HeadlessPro deployment.

**Keys.** Every path under `/api/v1` needs an API key as `Authorization: Bearer`. A publishable key (`pk_`) may \
shop; a secret key (`sk_`) belongs on a server and may also import products, read and change orders and customers, \
and say that an order is paid. Making keys, looking after members and reading the audit log take an access \
token of the organization's staff. A credential names its store: what is another store's is not there (404).

**Other issuers' tokens.** An access token of an identity provider that the organization has set up with \
`tokenAudiences` is taken as `Authorization: Bearer` beside a publishable key in `X-Publishable-Key`. It says who asks; \
what they may do is said by their account here. One that was not seen for 30 seconds costs one more round trip to the \
database and, where the issuer's keys are not remembered, some to Redis and to the issuer: `Server-Timing` tells them as \
`issuer`. Questions to providers that a store has set up, of taxes and shipping rates, are told as `provider`.

**Money** is a decimal string with its currency, never a float. **Times** are RFC 3339 in UTC. **Ids** carry \
their kind as a prefix and sort by time of creation.

**Rate limits.** A request is counted for the client's address, its key and the organization, each by the kind of \
work (`x-rate-limit`); where one is reached, the answer is 429 `rate-limited` with `Retry-After`, and nothing was \
done. `RateLimit-Limit`, `-Remaining` and `-Reset` (as in draft-ietf-httpapi-ratelimit-headers-06) are of the limit \
that is nearest. Answers that shared caches may keep have none: they would tell one caller's numbers to another.

**Errors** are problem details (RFC 9457) with a stable `code`; `errors` names every wrong field at once. Some \
codes belong to no operation: ";

/// What the API is about, in the order of the document.
const TAGS: [(&str, &str); 12] = [
    ("Identity", "People: their sessions and the tokens that speak for them."),
    ("Catalog", "Products, variants and categories. Cached: send `If-None-Match`."),
    ("Pricing", "Price lists, customer groups and exchange rates: what prices depend on besides the catalog."),
    ("Inventory", "Locations, what is in stock at them, and what has moved it."),
    ("Files", "Images, documents and videos, uploaded straight to the file store."),
    ("Tax", "Where which taxes hold, and on what."),
    ("Shipping", "Where what is shipped how, and what it costs."),
    ("Gift cards", "Gift cards and store credit: accounts of a double-entry ledger that orders are paid from."),
    ("Cart", "What a shopper means to buy. Carts live for 14 days from their last change."),
    ("Checkout", "From a cart to an order, at prices the buyer has seen."),
    ("Orders", "What was bought. Immutable."),
    ("Service", "The service itself."),
];

/// The problems that belong to no operation: of the router, and of a host in front of it.
pub fn service_problems() -> Problems {
    vec![
        of(wire::Problem::malformed_request(), "The address or the method is not valid."),
        of(wire::Problem::no_route(), "There is no such path."),
        of(wire::Problem::method_not_allowed(), "The path has other methods."),
        of(wire::Problem::provider_unavailable(""), "The issuer of another issuer's token does not answer."),
        of(wire::Problem::misconfigured("DATABASE_URL is missing"), "Whoever deployed the service left out a setting."),
    ]
}

/// The document as it is committed: keys in order, indented, with a newline at the end.
pub fn render() -> String {
    let mut text = serde_json::to_string_pretty(&sorted(document())).unwrap_or_default();
    text.push('\n');
    text
}

/// The OpenAPI document of every route.
pub fn document() -> Value {
    let table = routes();
    let mut schemas = Schemas::new();
    let mut shared = Shared::default();
    schemas.answer(SchemaOf::of::<wire::ProblemBody>());
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in super::operations() {
        let Some(route) = table.find(&operation.method, operation.path) else { continue };
        let described = describe(&operation, route, &mut schemas, &mut shared);
        paths.entry(operation.path).or_default().insert(operation.method.as_str().to_ascii_lowercase(), described);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info(),
        "servers": [{ "url": "/", "description": "The deployment that serves this document." }],
        "tags": TAGS.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "headers": shared.headers,
            "parameters": shared.parameters,
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `pk_...` or `sk_...`. Each operation names the scope it needs.",
                },
            },
        },
        "x-problems": service_problems().iter().map(|problem| {
            json!({ "status": problem.sample.status().as_u16(), "code": problem.sample.code(), "when": problem.when })
        }).collect::<Vec<_>>(),
    });
    share_responses(&mut document);
    schemas.finish(&mut document);
    document
}

fn info() -> Value {
    let codes: Vec<String> = service_problems()
        .iter()
        .map(|problem| format!("`{}` ({})", problem.sample.code(), problem.sample.status().as_u16()))
        .collect();
    json!({
        "title": "HeadlessPro",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "A commerce backend at the edge.",
        "description": format!("{DESCRIPTION}{}.", codes.join(", ")),
        "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
    })
}

/// Components that operations refer to.
#[derive(Default)]
struct Shared {
    headers: Map<String, Value>,
    parameters: Map<String, Value>,
}

impl Shared {
    fn header(&mut self, header: Header) -> Value {
        self.headers.entry(header.name()).or_insert_with(|| header.describe());
        json!({ "$ref": format!("#/components/headers/{}", header.name()) })
    }

    fn parameter(&mut self, parameter: &Parameter) -> Value {
        let Some(key) = parameter.shared else { return parameter.describe() };
        self.parameters.entry(key).or_insert_with(|| parameter.describe());
        json!({ "$ref": format!("#/components/parameters/{key}") })
    }
}

fn describe(operation: &Operation, route: &Route, schemas: &mut Schemas, shared: &mut Shared) -> Value {
    let mut described = Map::new();
    let mut set = |key: &str, value: Value| {
        described.insert(key.to_owned(), value);
    };
    let request_id = Parameter::request_id();
    let parameters = operation.parameters.iter().chain([&request_id]);
    set("operationId", operation.id.into());
    set("tags", json!([operation.tag]));
    set("summary", operation.summary.into());
    set("parameters", parameters.map(|parameter| shared.parameter(parameter)).collect());
    let budget = operation.budget;
    let round_trips = json!({
        "sql": budget.usual_sql,
        "sqlAtMost": budget.most_sql,
        "redis": budget.redis,
        "redisAtMost": budget.most_redis,
    });
    set("x-round-trips", round_trips);
    set("x-rate-limit", operation.class.map(Class::name).into());
    set("x-cache", operation.cache.name().into());
    let description = match route.access {
        Access::Public => {
            set("security", json!([]));
            operation.description.to_owned()
        }
        Access::Key(scope)
        | Access::Organization(scope)
        | Access::Record(scope)
        | Access::Channel(scope)
        | Access::Location(scope) => {
            set("security", json!([{ "apiKey": [] }]));
            set("x-scope", scope.name().into());
            format!("{}\n\nNeeds a key with the scope `{scope}`.", operation.description)
        }
    };
    set("description", description.trim_start().into());
    if let Some(body) = &operation.body {
        let schema = schemas.request(body.schema);
        let content = json!({ body.media_type: { "schema": schema, "examples": examples(&body.examples) } });
        set("requestBody", json!({ "required": true, "description": body.description, "content": content }));
    }
    let mut responses = Map::new();
    for answer in &operation.answers {
        responses.insert(answer.status.to_string(), success(answer, operation, schemas, shared));
    }
    let mut by_status: BTreeMap<u16, Vec<&Problem>> = BTreeMap::new();
    for problem in &operation.problems {
        let there = by_status.entry(problem.sample.status().as_u16()).or_default();
        if there.iter().all(|other| other.sample.code() != problem.sample.code()) {
            there.push(problem);
        }
    }
    for (status, problems) in by_status {
        responses.insert(status.to_string(), failure(status, &problems, operation, schemas, shared));
    }
    set("responses", responses.into());
    described.into()
}

fn success(answer: &Answer, operation: &Operation, schemas: &mut Schemas, shared: &mut Shared) -> Value {
    let mut headers = Map::new();
    let cache = operation.cache;
    headers.insert("Cache-Control".to_owned(), cache_control(cache));
    let counted = rate_limits(operation, cache);
    for header in answer.headers.iter().chain(&[Header::RequestId, Header::ServerTiming]).chain(counted) {
        headers.insert(header.name().to_owned(), shared.header(*header));
    }
    let mut response = json!({ "description": answer.description, "headers": headers });
    if let (Some(schema), Some(response)) = (answer.schema, response.as_object_mut()) {
        let schema = schemas.answer(schema);
        let body = json!({ "schema": schema, "examples": examples(&answer.examples) });
        let content: Map<String, Value> = [(answer.media_type.to_owned(), body)].into_iter().collect();
        response.insert("content".to_owned(), content.into());
    }
    response
}

/// The headers of an answer that is counted and that no shared cache keeps.
fn rate_limits(operation: &Operation, cache: Cache) -> &'static [Header] {
    if operation.class.is_some() && !cache.is_shared() { &Header::RATE_LIMIT } else { &[] }
}

fn failure(
    status: u16,
    problems: &[&Problem],
    operation: &Operation,
    schemas: &mut Schemas,
    shared: &mut Shared,
) -> Value {
    let mut headers = Map::new();
    headers.insert("Cache-Control".to_owned(), cache_control(Cache::Never));
    let mut sent = HeaderMap::new();
    for (name, value) in problems.iter().flat_map(|problem| problem.sample.headers()) {
        sent.insert(name.clone(), value.clone());
    }
    let known =
        [Header::RetryAfter, Header::WwwAuthenticate].into_iter().filter(|known| sent.contains_key(known.name()));
    let counted = rate_limits(operation, Cache::Never).iter().copied();
    for header in known.chain([Header::RequestId, Header::ServerTiming]).chain(counted) {
        headers.insert(header.name().to_owned(), shared.header(header));
    }
    let mut plain = Vec::new();
    let mut shapes = Vec::new();
    let mut shown = Map::new();
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    let mut description = format!("{reason}. The `code` says why:\n");
    for problem in problems {
        let code = problem.sample.code();
        description.push_str(&format!("\n- `{code}`: {}", problem.when));
        let body: Value = serde_json::from_slice(&problem.sample.render(SAMPLE_REQUEST)).unwrap_or_default();
        shown.insert(code.to_owned(), json!({ "summary": problem.when, "value": body }));
        match problem.members {
            Some(members) => shapes.push(schemas.problem(code, status, members)),
            None => plain.push(code),
        }
    }
    if !plain.is_empty() {
        plain.sort_unstable();
        plain.dedup();
        let plain = json!({
            "allOf": [{ "$ref": "#/components/schemas/Problem" }],
            "properties": { "code": { "enum": plain }, "status": { "const": status } },
            "unevaluatedProperties": false,
        });
        shapes.insert(0, plain);
    }
    let schema = match shapes.as_slice() {
        [one] => one.clone(),
        _ => json!({ "oneOf": shapes }),
    };
    json!({
        "description": description,
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema, "examples": shown } },
    })
}

fn examples(examples: &[Example]) -> Value {
    let entry =
        |example: &Example| (example.name.to_owned(), json!({ "summary": example.summary, "value": example.value }));
    Value::Object(examples.iter().map(entry).collect())
}

/// Moves each response that several operations share into the components, named after its codes.
fn share_responses(document: &mut Value) {
    let mut uses: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for response in responses_of(document) {
        if let Some(name) = shared_name(response) {
            uses.entry(response.to_string()).or_insert((name, 0)).1 += 1;
        }
    }
    let mut shared = Map::new();
    for (text, (name, count)) in &uses {
        let is_alone = uses.values().filter(|(other, _)| other == name).count() == 1;
        if 1 < *count
            && is_alone
            && let Ok(response) = serde_json::from_str(text)
        {
            shared.insert(name.clone(), response);
        }
    }
    for response in responses_of(document) {
        if let Some(name) = shared_name(response).filter(|name| shared.get(name) == Some(response)) {
            *response = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("responses".to_owned(), shared.into());
    }
}

fn responses_of(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations =
        paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    let responses = operations.filter_map(|operation| operation.get_mut("responses")?.as_object_mut());
    responses.flat_map(Map::values_mut)
}

/// `NoCredentialsOrBadCredentials`, of a response with problems.
fn shared_name(response: &Value) -> Option<String> {
    let examples = response.pointer("/content/application~1problem+json/examples")?.as_object()?;
    let names: Vec<String> = examples.keys().map(|code| pascal_case(code)).collect();
    Some(names.join("Or"))
}

/// The same with the keys of every object in order, whatever map serde_json was built with.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let ordered: BTreeMap<String, Value> =
                object.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
