//! What a context says of one of its routes.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::limits::Class;
use http::Method;
use schemars::JsonSchema;
use serde_json::Value;

use super::header::Header;
use super::parameter::Parameter;
use super::problem::{Problem, Problems, credentials, database, entropy, rate_limited};
use super::schema::SchemaOf;

/// One route, described.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    pub path: &'static str,
    /// Its name in generated clients: `addCartItem`.
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub cache: Cache,
    pub budget: Budget,
    /// Which rate limits it counts against, by the route table.
    pub class: Option<Class>,
    pub parameters: Vec<Parameter>,
    pub body: Option<RequestBody>,
    /// The answers that are not problems.
    pub answers: Vec<Answer>,
    pub problems: Vec<Problem>,
}

/// Who may keep an answer, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Shared caches, for a minute; then they ask with the ETag. For less where something is published or unpublished
    /// sooner.
    Catalog,
    /// Anyone, for five minutes.
    Static,
    /// Anyone, for a minute: a key is there for two before it signs. Nobody, where the answer is not all there is.
    Keys,
    /// Nobody: it is one shopper's.
    Personal,
    /// Nobody: it is of the moment.
    Never,
}

/// Round trips an answer spends, as `Server-Timing` says them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// With a key that this isolate or process remembers.
    pub usual_sql: u32,
    /// At most, which is with a key it has not seen for 30 seconds. `None`: grows with the request, or with the
    /// databases.
    pub most_sql: Option<u32>,
    /// Where this isolate or process holds units of the caller's rate limits.
    pub redis: u32,
    /// At most, which is where it has to ask for them first.
    pub most_redis: u32,
}

#[derive(Debug, Clone)]
pub struct RequestBody {
    pub description: &'static str,
    pub media_type: &'static str,
    pub schema: SchemaOf,
    pub examples: Vec<Example>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub description: &'static str,
    /// `None`: without a body.
    pub schema: Option<SchemaOf>,
    /// Of the body.
    pub media_type: &'static str,
    pub headers: Vec<Header>,
    pub examples: Vec<Example>,
}

#[derive(Debug, Clone)]
pub struct Example {
    /// Its key in the document: `twoLines`.
    pub name: &'static str,
    pub summary: &'static str,
    pub value: Value,
}

impl Operation {
    /// One of what a store's staff manages; a read spends the first budget, a write the second.
    pub fn managed(
        (method, path): (Method, &'static str),
        id: &'static str,
        tag: &'static str,
        scope: Scope,
        [read, write]: [Budget; 2],
    ) -> Operation {
        let is_write = method != Method::GET;
        let operation = Operation::new(method, path, id, tag)
            .cache(Cache::Personal)
            .budget(if is_write { write } else { read })
            .problems(credentials(scope))
            .problems(database());
        if is_write { operation.problems(entropy()) } else { operation }
    }

    pub fn new(method: Method, path: &'static str, id: &'static str, tag: &'static str) -> Operation {
        Operation {
            method,
            path,
            id,
            tag,
            summary: "",
            description: "",
            cache: Cache::Never,
            budget: Budget::NOTHING,
            class: None,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// What it does, in a line, and what else is to be known.
    #[must_use]
    pub fn says(mut self, summary: &'static str, description: &'static str) -> Operation {
        self.summary = summary;
        self.description = description;
        self
    }

    #[must_use]
    pub fn cache(mut self, cache: Cache) -> Operation {
        self.cache = cache;
        self
    }

    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Operation {
        self.budget = budget;
        self
    }

    /// Counts it as the route table does: with one more answer, and perhaps one more round trip. Where that is the
    /// use case's own, whether an access token was revoked is still asked before.
    #[must_use]
    pub(super) fn counted(mut self, class: Option<Class>) -> Operation {
        self.class = class;
        if class.is_some() {
            self.budget.most_redis = self.budget.most_redis.saturating_add(1);
            self.problems.extend(rate_limited());
        }
        self
    }

    #[must_use]
    pub fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Operation {
        self.parameters.extend(parameters);
        self
    }

    #[must_use]
    pub fn body(mut self, body: RequestBody) -> Operation {
        self.body = Some(body);
        self
    }

    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Operation {
        self.answers.push(answer);
        self
    }

    #[must_use]
    pub fn problems(mut self, problems: Problems) -> Operation {
        self.problems.extend(problems);
        self
    }
}

impl Cache {
    /// Whether shared caches may keep it, so that it must say nothing of one caller.
    pub const fn is_shared(self) -> bool {
        match self {
            Cache::Catalog | Cache::Static | Cache::Keys => true,
            Cache::Personal | Cache::Never => false,
        }
    }

    /// The value of `Cache-Control`.
    pub const fn control(self) -> &'static str {
        match self {
            Cache::Catalog => "public, max-age=0, s-maxage=60, stale-while-revalidate=60",
            Cache::Static => "public, max-age=300",
            Cache::Keys => "public, max-age=60",
            Cache::Personal => "private, no-store",
            Cache::Never => "no-store",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Cache::Catalog => "catalog",
            Cache::Static => "static",
            Cache::Keys => "keys",
            Cache::Personal => "personal",
            Cache::Never => "never",
        }
    }
}

impl Budget {
    pub const NOTHING: Budget = Budget { usual_sql: 0, most_sql: Some(0), redis: 0, most_redis: 0 };

    pub const fn new(usual_sql: u32, most_sql: u32, redis: u32) -> Budget {
        Budget { usual_sql, most_sql: Some(most_sql), redis, most_redis: redis }
    }

    /// Of a body that is written in parts, or a question to each database: the more of them, the more round trips.
    pub const fn growing(usual_sql: u32, redis: u32) -> Budget {
        Budget { usual_sql, most_sql: None, redis, most_redis: redis }
    }
}

impl RequestBody {
    pub fn json<T: JsonSchema>(description: &'static str) -> RequestBody {
        let schema = SchemaOf::of::<T>();
        RequestBody { description, media_type: "application/json", schema, examples: Vec::new() }
    }

    /// A body that is text of another kind.
    pub fn text(media_type: &'static str, description: &'static str) -> RequestBody {
        RequestBody { description, media_type, schema: SchemaOf::of::<String>(), examples: Vec::new() }
    }

    #[must_use]
    pub fn example(mut self, name: &'static str, summary: &'static str, value: Value) -> RequestBody {
        self.examples.push(Example { name, summary, value });
        self
    }
}

impl Answer {
    pub fn json<T: JsonSchema>(status: u16, description: &'static str) -> Answer {
        let schema = Some(SchemaOf::of::<T>());
        let media_type = "application/json";
        Answer { status, description, schema, media_type, headers: Vec::new(), examples: Vec::new() }
    }

    /// A body that is text of another kind.
    pub fn text(status: u16, media_type: &'static str, description: &'static str) -> Answer {
        Answer { media_type, ..Answer::json::<String>(status, description) }
    }

    pub fn empty(status: u16, description: &'static str) -> Answer {
        Answer { schema: None, ..Answer::json::<()>(status, description) }
    }

    #[must_use]
    pub fn headers(mut self, headers: impl IntoIterator<Item = Header>) -> Answer {
        self.headers.extend(headers);
        self
    }

    #[must_use]
    pub fn example(mut self, name: &'static str, summary: &'static str, value: Value) -> Answer {
        self.examples.push(Example { name, summary, value });
        self
    }
}
