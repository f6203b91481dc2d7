//! Problem details (RFC 9457): every error's shape on the wire.

use std::convert::Infallible;
use std::fmt::{self, Display};

use axum::response::{IntoResponse, Response};
use headlesspro_shared::catalog::source::Fault;
use headlesspro_shared::limits::Subject;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::{Denied, Failure, Halt, PlanExceeded, Unavailable};

/// An error answer. `code` is stable; the detail is for people and may change.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    /// Apart, so that a `Result` with a problem stays small.
    more: Box<More>,
}

#[derive(Debug, Clone, Default)]
struct More {
    detail: String,
    errors: Vec<FieldError>,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log, never for the answer.
    cause: Option<String>,
}

/// Where a request is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    #[serde(flatten)]
    pub at: Place,
    /// What is wrong with it.
    pub detail: String,
}

/// A place in a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// A JSON pointer into the body, as a URI fragment: `#/shippingAddress/city`.
    Pointer(String),
    /// The name of a query or path parameter.
    Parameter(String),
    /// The name of a header.
    Header(String),
}

/// Why a request was not done (RFC 9457).
// The shape of what `render` writes, for the OpenAPI document.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub struct ProblemBody {
    /// `https://headlesspro.dev/problems/` and the code.
    #[schemars(regex(pattern = "^https://headlesspro\\.dev/problems/[a-z-]+$"))]
    pub r#type: String,
    /// The status in words.
    pub title: String,
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// Stable; programs branch on it.
    pub code: String,
    /// For people; may change.
    pub detail: String,
    /// Every offending field at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub errors: Vec<FieldError>,
    /// Also in the `X-Request-Id` header.
    pub request_id: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str) -> Problem {
        Problem { status, code, more: Box::default() }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.more.detail = detail.into();
        self
    }

    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Problem {
        self.more.errors = errors;
        self
    }

    /// Adds a member beside the standard ones, such as `lines`.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Problem {
        self.more.extra.insert(name.to_owned(), value);
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.more.headers.push((name, value));
        self
    }

    /// What lies behind it, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Display) -> Problem {
        self.more.cause = Some(cause.to_string());
        self
    }

    /// The line a log needs of a problem that is ours and not the caller's.
    pub fn log_line(&self) -> Option<String> {
        let cause = self.more.cause.as_deref().unwrap_or_default();
        self.status.is_server_error().then(|| format!("{} {}: {cause}", self.status.as_u16(), self.code))
    }

    pub fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found").detail("There is nothing here for this key.")
    }

    /// The database has not heard of the version that the client asks for.
    pub fn version_unknown(current: i64) -> Problem {
        Problem::new(StatusCode::PRECONDITION_FAILED, "version-unknown")
            .detail(format!("The catalog is at version {current}: Min-Version asks for one that there is not."))
            .with("version", current.into())
    }

    /// One field of the query is wrong.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Problem {
        let error = FieldError { at: Place::Parameter(name.to_owned()), detail: detail.into() };
        Problem::invalid(vec![error])
    }

    /// One header is wrong.
    pub fn bad_header(name: &str, detail: impl Into<String>) -> Problem {
        let error = FieldError { at: Place::Header(name.to_owned()), detail: detail.into() };
        Problem::new(StatusCode::BAD_REQUEST, "invalid-header").detail("A header is not valid.").errors(vec![error])
    }

    /// The request is understood and its fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request")
            .detail("Some fields of the request are not valid; errors lists them all.")
            .errors(errors)
    }

    /// Fields of the body are wrong.
    pub fn faults(faults: Vec<Fault>) -> Problem {
        let one = |Fault { path, reason }| {
            let slash = if path.is_empty() { "" } else { "/" };
            FieldError { at: Place::Pointer(format!("#{slash}{path}")), detail: reason }
        };
        Problem::invalid(faults.into_iter().map(one).collect())
    }

    /// No route has this path.
    pub fn no_route() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "no-route").detail("There is no such path. See /openapi.json.")
    }

    /// Routes with this path have other methods.
    pub fn method_not_allowed() -> Problem {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")
            .detail("This path has other methods. See /openapi.json.")
    }

    /// The host got something that is no HTTP request.
    pub fn malformed_request() -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "malformed-request").detail("The address or the method is not valid.")
    }

    /// `subject` has made too many requests; in so many seconds there may be another.
    pub fn rate_limited(subject: Subject, seconds: u64) -> Problem {
        let whose = match subject {
            Subject::Address => "from this address",
            Subject::Key => "with this key",
            Subject::Account => "of this account",
            Subject::Organization => "for this organization",
        };
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate-limited")
            .detail(format!("There are too many requests {whose}. Nothing was done: try again in {seconds} s."))
            .header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The host lacks a setting; `reason` is for whoever deploys.
    pub fn misconfigured(reason: impl Display) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "misconfigured")
            .detail(format!("The service is not configured: {reason}."))
    }

    /// Nobody can tell whether the caller's token was revoked, and the request is one for which that matters.
    pub fn sessions_unavailable() -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "session-store-unavailable")
            .detail(
                "Whether your token was revoked cannot be told at this moment, so it changes nothing of the \
                 merchant's. Nothing was done: try again.",
            )
            .header(RETRY_AFTER, HeaderValue::from_static("2"))
            .because("Redis does not tell which tokens were revoked")
    }

    /// An identity provider does not answer, which is the tenant's choice and nobody's request.
    pub fn provider_unavailable(cause: impl Display) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "provider-unavailable")
            .detail("The identity provider does not answer. Try again, or log in another way.")
            .header(RETRY_AFTER, HeaderValue::from_static("10"))
            .because(cause)
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.more.headers
    }

    /// The body, with the id of the request it answers.
    pub fn render(&self, request_id: &str) -> Vec<u8> {
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("https://headlesspro.dev/problems/{}", self.code).into());
        body.insert("title".to_owned(), self.status.canonical_reason().unwrap_or("Error").into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        body.insert("code".to_owned(), self.code.into());
        body.insert("detail".to_owned(), self.more.detail.as_str().into());
        if !self.more.errors.is_empty() {
            body.insert("errors".to_owned(), serde_json::to_value(&self.more.errors).unwrap_or_default());
        }
        body.insert("requestId".to_owned(), request_id.into());
        for (name, value) in &self.more.extra {
            body.insert(name.clone(), value.clone());
        }
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// One line for a terminal.
impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.more.detail, self.code)
    }
}

/// Carries the problem to the request middleware, which knows the request's id and writes the body.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in &self.more.headers {
            headers.insert(name.clone(), value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        let challenge = |status, code| {
            Problem::new(status, code)
                .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"headlesspro\""))
        };
        match denied {
            Denied::NoCredentials => challenge(StatusCode::UNAUTHORIZED, "no-credentials")
                .detail("Send an API key as `Authorization: Bearer pk_...` or `Bearer sk_...`."),
            Denied::BadCredentials => challenge(StatusCode::UNAUTHORIZED, "bad-credentials")
                .detail("The API key is unknown, expired or revoked."),
            Denied::Limited { subject, seconds } => Problem::rate_limited(subject, seconds),
            Denied::MissingScope(scope) => Problem::new(StatusCode::FORBIDDEN, "missing-scope")
                .detail(format!("This needs a key with the scope {scope}."))
                .with("scope", scope.name().into()),
            Denied::Shut(status) => Problem::new(StatusCode::FORBIDDEN, "organization-not-active")
                .detail(format!("The organization is {status}. Only the operator can change that."))
                .with("organizationStatus", status.name().into()),
        }
    }
}

impl From<PlanExceeded> for Problem {
    fn from(PlanExceeded { limit, most, used }: PlanExceeded) -> Problem {
        Problem::new(StatusCode::CONFLICT, "plan-limit")
            .detail(format!("The organization's plan allows {most} {limit}, and there are {used}."))
            .with("limit", limit.into())
            .with("most", most.into())
            .with("used", used.into())
            .with("allowedActions", Value::Array(Vec::new()))
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Problem {
        let retry = |code, what: &str| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, code)
                .detail(format!("{what} does not answer. Nothing is lost: try again, with the same Idempotency-Key."))
                .header(RETRY_AFTER, HeaderValue::from_static("2"))
        };
        let cause = unavailable.to_string();
        let problem = match unavailable {
            Unavailable::Sql(crate::port::sql::SqlError::Statement(_)) | Unavailable::Corrupt(_) => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").detail("A defect of ours. It is logged.")
            }
            Unavailable::Sql(_) => retry("database-unavailable", "The database"),
            Unavailable::Carts(_) => retry("cart-store-unavailable", "The cart store"),
            Unavailable::Kv(_) => retry("session-store-unavailable", "The store of sessions and attempts"),
            Unavailable::Taxes(_) => retry("tax-provider-unavailable", "The store's tax provider"),
            Unavailable::PaymentProvider(_) => retry("payment-provider-unavailable", "The store's payment provider"),
            Unavailable::Contended => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "contended")
                .detail("Others change the same things at this moment. What was not done yet was not begun: try again.")
                .header(RETRY_AFTER, HeaderValue::from_static("5")),
            Unavailable::Entropy(_) => retry("entropy-unavailable", "The host's random source"),
        };
        problem.because(cause)
    }
}

/// A use case that decides nothing rejects nothing.
impl From<Infallible> for Problem {
    fn from(never: Infallible) -> Problem {
        match never {}
    }
}

impl From<Halt> for Problem {
    fn from(halt: Halt) -> Problem {
        match halt {
            Halt::Denied(denied) => denied.into(),
            Halt::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl<E: Into<Problem>> From<Failure<E>> for Problem {
    fn from(failure: Failure<E>) -> Problem {
        match failure {
            Failure::NotFound => Problem::not_found(),
            Failure::Rejected(error) => error.into(),
            Failure::IdempotencyMismatch => {
                let at = Place::Header("Idempotency-Key".to_owned());
                let detail = "was used for another request; use a new key for a new request".to_owned();
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused")
                    .detail("The idempotency key belongs to another request.")
                    .errors(vec![FieldError { at, detail }])
            }
            Failure::Denied(denied) => denied.into(),
            Failure::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
