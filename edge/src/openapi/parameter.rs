//! Path, query and header parameters.

use headlesspro_shared::kernel::id::Kind;
use serde_json::{Value, json};

use super::sample::{id, product_cursor};

#[derive(Debug, Clone)]
pub struct Parameter {
    pub place: Place,
    pub name: &'static str,
    pub required: bool,
    pub description: &'static str,
    pub schema: Value,
    pub example: Value,
    /// The key under `components/parameters`, for one that several operations share.
    pub shared: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

impl Parameter {
    pub fn path(name: &'static str, description: &'static str, schema: Value, example: impl Into<Value>) -> Parameter {
        let example = example.into();
        Parameter { place: Place::Path, name, required: true, description, schema, example, shared: None }
    }

    /// An id in the path.
    pub fn path_id<K: Kind>(name: &'static str, description: &'static str) -> Parameter {
        let schema = json!({ "type": "string", "pattern": format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX) });
        Parameter::path(name, description, schema, id::<K>(1).to_string())
    }

    pub fn query(name: &'static str, description: &'static str, schema: Value, example: impl Into<Value>) -> Parameter {
        let example = example.into();
        Parameter { place: Place::Query, name, required: false, description, schema, example, shared: None }
    }

    fn header(name: &'static str, description: &'static str, schema: Value, example: &'static str) -> Parameter {
        let example = example.into();
        Parameter { place: Place::Header, name, required: false, description, schema, example, shared: None }
    }

    fn shared(mut self, key: &'static str) -> Parameter {
        self.shared = Some(key);
        self
    }

    /// `limit` and `cursor`, which every list has.
    pub fn page() -> [Parameter; 2] {
        [
            Parameter::query(
                "limit",
                "How many items a page has at most.",
                json!({ "type": "integer", "minimum": 1, "maximum": 250, "default": 20 }),
                20,
            )
            .shared("Limit"),
            Parameter::query(
                "cursor",
                "The `nextCursor` of the page before. A cursor belongs to its list and sort, and does not expire.",
                json!({ "type": "string", "pattern": "^[0-9A-Za-z_-]+$" }),
                product_cursor(),
            )
            .shared("Cursor"),
        ]
    }

    /// The currency of the prices that are shown.
    pub fn currency(description: &'static str) -> Parameter {
        Parameter::query("currency", description, json!({ "type": "string", "pattern": "^[A-Z]{3}$" }), "JPY")
    }

    pub fn if_none_match() -> Parameter {
        Parameter::header(
            "If-None-Match",
            "ETags the caller has; where the answer is one of them, it is 304 without a body.",
            json!({ "type": "string" }),
            r#""9b2f5c0d7e3a41886f0a2c4d5e6f7081""#,
        )
        .shared("IfNoneMatch")
    }

    pub fn min_version() -> Parameter {
        Parameter::header(
            "Min-Version",
            "A `Catalog-Version` that the caller was told: no cache and no replica answers with anything older. Where a \
             replica has not heard of it yet, the primary is asked, with one more round trip.",
            json!({ "type": "string", "pattern": "^[0-9]+$" }),
            "42",
        )
        .shared("MinVersion")
    }

    /// How the locale of an answer is chosen.
    pub fn locale() -> [Parameter; 2] {
        [
            Parameter::query(
                "locale",
                "One of the store's locales, whatever `Accept-Language` says. To be used behind a CDN, whose caches tell \
                 addresses apart and hardly languages.",
                json!({ "type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$" }),
                "fr-CA",
            )
            .shared("Locale"),
            Parameter::header(
                "Accept-Language",
                "The locale is the store's that is found first (RFC 9110, section 12.5.4; lookup of RFC 4647), else its \
                 default one.",
                json!({ "type": "string" }),
                "fr-CA, fr;q=0.9, en;q=0.5",
            )
            .shared("AcceptLanguage"),
        ]
    }

    pub fn if_match() -> Parameter {
        Parameter::header(
            "If-Match",
            "The ETag of what is changed: the change is refused with 412 where it is at another version. Left out or \
             `*`, it is made in any case.",
            json!({ "type": "string", "pattern": r#"^("-?[0-9]+"|\*)$"# }),
            r#""7""#,
        )
        .shared("IfMatch")
    }

    /// Where the request must carry one, `required`; elsewhere it may.
    pub fn idempotency_key(required: bool) -> Parameter {
        let (description, key) = if required {
            (
                "A name for this request, new for each new one. The same key with the same body is answered as the \
                 first time and does nothing more; with another body it is refused.",
                "RequiredIdempotencyKey",
            )
        } else {
            (
                "A name for this request, new for each new one. The same key with the same body is answered as the \
                 first time and does nothing more; with another body it is refused. Without one, a repeat is a new \
                 request.",
                "IdempotencyKey",
            )
        };
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        let example = "7f9c24e5-1b0a-4f0e-9a3d-6b1f2c3d4e5f";
        Parameter { required, ..Parameter::header("Idempotency-Key", description, schema, example).shared(key) }
    }

    pub fn request_id() -> Parameter {
        Parameter::header(
            "X-Request-Id",
            "A name for the request in logs, given back in the answer: 1 to 64 letters, digits, `-`, `_` or `.`. \
             Anything else is replaced.",
            json!({ "type": "string" }),
            "storefront-4711",
        )
        .shared("RequestId")
    }

    pub fn describe(&self) -> Value {
        let place = match self.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        json!({
            "name": self.name,
            "in": place,
            "required": self.required,
            "description": self.description,
            "schema": self.schema,
            "example": self.example,
        })
    }
}
