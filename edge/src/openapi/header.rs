//! Response headers.

use serde_json::{Value, json};

use super::operation::Cache;
use super::sample::product_cursor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The body's fingerprint, or the version of a thing that changes.
    Etag,
    CacheTag,
    /// Only of an answer that was kept for a while.
    Age,
    /// How often the catalog was written.
    CatalogVersion,
    Vary,
    /// Only where the store has several locales.
    ContentLanguage,
    /// Only where there is a next page.
    Link,
    /// Products up to here, of how many.
    ExportProgress,
    Location,
    /// Only where the answer was given before.
    IdempotentReplayed,
    RetryAfter,
    RateLimitLimit,
    RateLimitRemaining,
    RateLimitReset,
    WwwAuthenticate,
    RequestId,
    ServerTiming,
}

impl Header {
    /// What every answer has that is counted and is for the caller alone.
    pub const RATE_LIMIT: [Header; 3] = [Header::RateLimitLimit, Header::RateLimitRemaining, Header::RateLimitReset];

    /// The key under `components/headers`.
    pub const fn name(self) -> &'static str {
        match self {
            Header::Etag => "ETag",
            Header::CacheTag => "Cache-Tag",
            Header::Age => "Age",
            Header::CatalogVersion => "Catalog-Version",
            Header::Vary => "Vary",
            Header::ContentLanguage => "Content-Language",
            Header::Link => "Link",
            Header::ExportProgress => "Export-Progress",
            Header::Location => "Location",
            Header::IdempotentReplayed => "Idempotent-Replayed",
            Header::RetryAfter => "Retry-After",
            Header::RateLimitLimit => "RateLimit-Limit",
            Header::RateLimitRemaining => "RateLimit-Remaining",
            Header::RateLimitReset => "RateLimit-Reset",
            Header::WwwAuthenticate => "WWW-Authenticate",
            Header::RequestId => "X-Request-Id",
            Header::ServerTiming => "Server-Timing",
        }
    }

    pub fn describe(self) -> Value {
        let link = format!(r#"</api/v1/products?limit=20&cursor={}>; rel="next""#, product_cursor());
        let (required, description, schema, example) = match self {
            Header::Etag => (
                true,
                "Strong. Send it back as `If-None-Match` of a read, or as `If-Match` of a change.",
                pattern(r#"^"[!-~]+"$"#),
                r#""9b2f5c0d7e3a41886f0a2c4d5e6f7081""#,
            ),
            Header::CacheTag => (
                true,
                "What the answer was made of, for purging shared caches.",
                pattern("^[!-~]+(,[!-~]+)*$"),
                "prod_01jd8xk3v0f5trw1y2z3a4b5c6",
            ),
            Header::Age => (
                false,
                "Seconds since the answer was read; left out where it was read just now.",
                pattern("^[0-9]+$"),
                "7",
            ),
            Header::CatalogVersion => (
                false,
                "How often the store's catalog has been written. Send it as `Min-Version` to read nothing older. Left \
                 out while it was never written.",
                pattern("^[1-9][0-9]*$"),
                "42",
            ),
            Header::Vary => (
                true,
                "The answer is that of the key's store; by the language, where the store has several locales and none is \
                 named.",
                pattern("^Authorization, X-Publishable-Key(, Accept-Language)?$"),
                "Authorization, X-Publishable-Key",
            ),
            Header::ContentLanguage => (
                false,
                "The locale that was chosen. Left out where the store has but one, or nothing is translated.",
                pattern("^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"),
                "fr-CA",
            ),
            Header::Link => (
                false,
                "The next page (RFC 8288). Left out on the last one.",
                pattern(r#"^<[!-~]+>; rel="next"$"#),
                link.as_str(),
            ),
            Header::ExportProgress => (
                true,
                "How many products the export has come to with this slice, and how many there were at its start; `*` \
                 where those were more than 100,000.",
                pattern("^[0-9]+/([0-9]+|[*])$"),
                "1000/24628",
            ),
            Header::Location => (
                true,
                "The path of what was created.",
                pattern("^/api/v1/[!-~]+$"),
                "/api/v1/orders/ord_01jd8xq5m2e8rtb4n6v7w8x9y0",
            ),
            Header::IdempotentReplayed => (
                false,
                "`true` where the same request with the same `Idempotency-Key` was answered before: this is that answer.",
                json!({ "const": "true" }),
                "true",
            ),
            Header::RetryAfter => (true, "Seconds to wait before trying again.", pattern("^[0-9]+$"), "2"),
            Header::RateLimitLimit => (
                true,
                "Requests that can be made at once, by the limit that is nearest to being reached.",
                pattern("^[0-9]+$"),
                "2000",
            ),
            Header::RateLimitRemaining => (true, "How many of them are left now.", pattern("^[0-9]+$"), "1987"),
            Header::RateLimitReset => {
                (true, "Seconds until all of them are left again, if no more are made.", pattern("^[0-9]+$"), "1")
            }
            Header::WwwAuthenticate => {
                (true, "How to authenticate.", pattern("^Bearer "), r#"Bearer realm="headlesspro""#)
            }
            Header::RequestId => (
                true,
                "The request's own `X-Request-Id` where it had a fitting one, else a new one. Name it to support.",
                pattern("^[0-9A-Za-z._-]{1,64}$"),
                "01939f1c2a7bd3f05e6a7b8c9d0e",
            ),
            Header::ServerTiming => (
                true,
                "Round trips spent on the database and on Redis.",
                pattern(
                    r#"^sql;desc="[0-9]+", redis;desc="[0-9]+"(, issuer;desc="[0-9]+")?(, provider;desc="[0-9]+")?$"#,
                ),
                r#"sql;desc="1", redis;desc="0""#,
            ),
        };
        let mut schema = schema;
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("type".to_owned(), "string".into());
        }
        json!({ "description": description, "required": required, "schema": schema, "example": example })
    }
}

/// `Cache-Control`, whose value depends on the answer.
pub fn cache_control(cache: Cache) -> Value {
    let schema = match cache {
        Cache::Keys => json!({ "type": "string", "enum": [cache.control(), Cache::Never.control()] }),
        // Less where something is published or unpublished sooner.
        Cache::Catalog => json!({
            "type": "string",
            "pattern": "^public, max-age=0, s-maxage=([1-5]?[0-9]|60)(, stale-while-revalidate=([1-9]|[1-5][0-9]|60))?$",
        }),
        Cache::Static | Cache::Personal | Cache::Never => {
            json!({ "type": "string", "const": cache.control() })
        }
    };
    json!({ "description": "Who may keep the answer, and for how long.", "required": true, "schema": schema })
}

fn pattern(pattern: &str) -> Value {
    json!({ "pattern": pattern })
}
