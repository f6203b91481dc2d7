//! The problems an operation can answer with. Each is shown by an instance that the handlers' own code
//! makes, so status, code and members cannot differ from what is sent.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::limits::Subject;
use headlesspro_shared::organizations::OrganizationStatus;
use schemars::JsonSchema;

use super::schema::SchemaOf;
use crate::extract;
use crate::failure::{Denied, Failure, PlanExceeded, Unavailable};
use crate::port::entropy::NoEntropy;
use crate::port::kv::KvError;
use crate::port::sql::SqlError;
use crate::problem as wire;

/// One problem, and when it is answered.
#[derive(Debug, Clone)]
pub struct Problem {
    pub sample: wire::Problem,
    pub when: &'static str,
    /// The members it has beside the standard ones.
    pub members: Option<SchemaOf>,
}

pub type Problems = Vec<Problem>;

/// A problem without members of its own.
pub fn of(sample: impl Into<wire::Problem>, when: &'static str) -> Problem {
    Problem { sample: sample.into(), when, members: None }
}

impl Problem {
    /// A problem with the members of `T`.
    #[must_use]
    pub fn with<T: JsonSchema>(mut self) -> Problem {
        self.members = Some(SchemaOf::of::<T>());
        self
    }
}

/// Of every route that asks for a key.
pub fn credentials(scope: Scope) -> Problems {
    vec![
        of(Denied::NoCredentials, "There is no API key."),
        of(Denied::BadCredentials, "The API key is unknown, expired or revoked."),
        of(Denied::MissingScope(scope), "The key lacks the scope.").with::<MissingScope>(),
    ]
    .into_iter()
    .chain(shut())
    .collect()
}

/// Of every route that asks for a credential.
pub fn shut() -> Problems {
    vec![of(Denied::Shut(OrganizationStatus::Suspended), "The organization is suspended or closed.").with::<Shut>()]
}

/// Of every route that is counted.
pub(super) fn rate_limited() -> Problems {
    vec![of(wire::Problem::rate_limited(Subject::Address, 2), "There are too many requests; nothing was done.")]
}

/// Of every route that asks for an id.
pub fn not_found() -> Problems {
    vec![of(wire::Problem::not_found(), "There is no such thing in the key's store.")]
}

/// Of every route that needs the database.
pub fn database() -> Problems {
    vec![
        of(Unavailable::Corrupt(String::new()), "A defect of ours."),
        of(Unavailable::Sql(SqlError::Timeout), "The database does not answer."),
    ]
}

/// Of a list.
pub fn wrong_query() -> Problems {
    vec![of(
        wire::Problem::parameter("limit", "the limit must be a number between 1 and 250"),
        "Query parameters are unknown or not valid; `errors` lists them all.",
    )]
}

/// Of every route that needs a cart.
pub fn carts() -> Problems {
    vec![of(Unavailable::Carts(KvError::Timeout), "Redis, where carts are kept, does not answer.")]
}

/// Of every route that needs Redis for anything else.
pub fn redis() -> Problems {
    vec![of(
        Unavailable::Kv(KvError::Timeout),
        "Redis, which counts attempts and knows what was revoked, does not answer.",
    )]
}

/// Of every route that a token opens only while it is known whether it was revoked.
pub(super) fn revocations() -> Problems {
    vec![of(wire::Problem::sessions_unavailable(), "Redis, which knows the tokens that were revoked, does not answer.")]
}

/// Of every route that makes ids.
pub fn entropy() -> Problems {
    vec![of(Unavailable::Entropy(NoEntropy(String::new())), "The host gives no randomness.")]
}

const INVALID_HEADER: &str = "A header is missing or not valid; `errors` names it.";

/// Of every route with an `Idempotency-Key`.
pub fn idempotency() -> Problems {
    vec![
        of(wire::Problem::bad_header("Idempotency-Key", "must have 1 to 255 visible ASCII characters"), INVALID_HEADER),
        of(Failure::<wire::Problem>::IdempotencyMismatch, "The idempotency key was used for another request."),
    ]
}

/// Of every route with an `If-Match`; `mismatch` is what it answers when the version is another.
pub fn if_match(mismatch: impl Into<wire::Problem>) -> Problems {
    vec![
        of(wire::Problem::bad_header("If-Match", "must be a version in quotes, such as \"7\""), INVALID_HEADER),
        of(mismatch, "It is at another version.").with::<VersionMismatch>(),
    ]
}

/// Of every route with a `Min-Version`.
pub fn min_version() -> Problems {
    let unknown = of(wire::Problem::version_unknown(42), "`Min-Version` asks for a version that there is not.");
    [min_version_of_staff(), vec![unknown.with::<VersionMismatch>()]].concat()
}

/// Of every route with a `Min-Version` whose answer is always the current one then.
pub fn min_version_of_staff() -> Problems {
    let reason = "must be a version, as Catalog-Version tells it: 42";
    vec![of(wire::Problem::bad_header("Min-Version", reason), INVALID_HEADER)]
}

/// Of every route with a body of at most `limit` bytes.
pub fn raw_body(limit: usize, too_large: &'static str) -> Problems {
    vec![of(extract::incomplete(), "The body broke off."), of(extract::too_large(limit), too_large).with::<TooLarge>()]
}

/// Of every route with a JSON body.
pub fn json_body() -> Problems {
    json_body_within(extract::JSON_LIMIT, "The body has more than 256 KiB.")
}

/// Of every route with a JSON body of at most `limit` bytes.
pub fn json_body_within(limit: usize, too_large: &'static str) -> Problems {
    let mut problems = raw_body(limit, too_large);
    let field = wire::FieldError {
        at: wire::Place::Pointer("#/quantity".to_owned()),
        detail: "the quantity must be between 1 and 9999".to_owned(),
    };
    problems.extend([
        of(
            extract::malformed("The body is not JSON: EOF while parsing an object.".to_owned()),
            "The body is not JSON in UTF-8.",
        ),
        of(extract::not_json(), "The body is sent as another media type than `application/json`."),
        of(wire::Problem::invalid(vec![field]), "Fields are missing, unknown or not valid; `errors` lists them all."),
    ]);
    problems
}

#[derive(JsonSchema)]
pub struct MissingScope {
    /// The scope that the key lacks.
    #[schemars(extend("examples" = ["orders:read"]))]
    pub scope: String,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OrganizationNotActive")]
pub struct Shut {
    #[schemars(extend("enum" = ["suspended", "closed"]))]
    pub organization_status: String,
}

/// Of every route that makes something that a plan limits; `limit` is its name in the plan.
pub fn plan_limit(limit: &'static str, when: &'static str) -> Problems {
    vec![of(PlanExceeded { limit, most: 10, used: 10 }, when).with::<PlanMembers>()]
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PlanLimitReached")]
pub struct PlanMembers {
    /// What the plan limits: `stores`, `members` or `apiKeys`.
    pub limit: String,
    pub most: i64,
    /// How much there is.
    pub used: i64,
    /// What can still be done.
    pub allowed_actions: Vec<String>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedActions {
    /// What can still be done.
    pub allowed_actions: Vec<String>,
}

#[derive(JsonSchema)]
pub struct VersionMismatch {
    /// The version it is at.
    pub version: i64,
}

#[derive(JsonSchema)]
#[schemars(rename = "BodyTooLarge")]
pub struct TooLarge {
    /// How many bytes a body may have.
    pub limit: u32,
}
