//! A Redis endpoint that speaks Upstash's REST protocol over any [`Kv`]: `wrangler dev` and `spin up`
//! use the developer's own store through it, and so does any Upstash client.
//!
//! - `POST /` with one command as a JSON array; `POST /pipeline` and `POST /multi-exec` with several.
//! - `GET|POST|PUT /command/argument/...`: the body, if there is one, and then the query follow as
//!   further arguments.
//! - `Authorization: Bearer TOKEN` or `?_token=TOKEN`.
//! - `Upstash-Encoding: base64` encodes the strings of the answer, but for a lone `OK`.
//!
//! Source: <https://upstash.com/docs/redis/features/restapi>.

mod request;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::port::kv::{Kv, KvError, Reply};
use request::{Request, Target};

/// The largest request body, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The endpoint over `kv`, open to whoever has `token`.
pub fn router(kv: Arc<dyn Kv>, token: &str) -> Router {
    // Digests are of one length, so that their comparison tells nothing about the token's.
    let endpoint = Endpoint { kv, token: Sha256::digest(token).into() };
    Router::new().fallback(answer).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(Arc::new(endpoint))
}

struct Endpoint {
    kv: Arc<dyn Kv>,
    token: [u8; 32],
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let query = request::query(uri.query().unwrap_or_default());
    if !endpoint.admits(&headers, &query) {
        return refuse(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    if ![Method::GET, Method::POST, Method::PUT, Method::HEAD].contains(&method) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "ERR method not allowed");
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return refuse(rejection.status(), "ERR max request size exceeded"),
    };
    let request = match request::parse(uri.path(), &query, &body) {
        Ok(request) => request,
        Err(text) => return refuse(StatusCode::BAD_REQUEST, text),
    };
    let encoding = match headers.get("upstash-encoding").is_some_and(|value| value == "base64") {
        true => Encoding::Base64,
        false => Encoding::Plain,
    };
    match endpoint.run(request).await {
        Ok(Answer::One(Reply::Error(text))) => refuse(StatusCode::BAD_REQUEST, &text),
        Ok(Answer::One(reply)) => json_response(StatusCode::OK, &encoding.envelope(reply)),
        Ok(Answer::Each(replies)) => {
            let answers = replies.into_iter().map(|reply| encoding.envelope(reply)).collect();
            json_response(StatusCode::OK, &Value::Array(answers))
        }
        Err(error) => refuse(status(&error), &text(&error)),
    }
}

enum Answer {
    One(Reply),
    Each(Vec<Reply>),
}

impl Endpoint {
    fn admits(&self, headers: &HeaderMap, query: &[(String, String)]) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let in_query = query.iter().find(|(name, _)| name == "_token").map(|(_, token)| token.as_str());
        let given = bearer.or(in_query).map(|token| <[u8; 32]>::from(Sha256::digest(token)));
        given.is_some_and(|given| bool::from(given.ct_eq(&self.token)))
    }

    async fn run(&self, Request { target, commands }: Request) -> Result<Answer, KvError> {
        match target {
            Target::Pipeline => self.kv.pipeline(commands).await.map(Answer::Each),
            Target::Transaction => self.kv.transaction(commands).await.map(Answer::Each),
            Target::Command => {
                let reply = self.kv.pipeline(commands).await?.into_iter().next();
                Ok(Answer::One(reply.unwrap_or(Reply::Nil)))
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Base64,
}

impl Encoding {
    fn envelope(self, reply: Reply) -> Value {
        match reply {
            Reply::Error(text) => json!({ "error": text }),
            // Clients read a lone OK as it is, encoded or not.
            Reply::Text(text) if text == "OK" => json!({ "result": text }),
            reply => json!({ "result": self.value(reply) }),
        }
    }

    fn value(self, reply: Reply) -> Value {
        match reply {
            Reply::Nil => Value::Null,
            Reply::Integer(number) => number.into(),
            Reply::Text(text) | Reply::Error(text) => match self {
                Encoding::Plain => Value::String(text),
                Encoding::Base64 => Value::String(STANDARD.encode(text)),
            },
            Reply::Array(replies) => replies.into_iter().map(|reply| self.value(reply)).collect(),
        }
    }
}

fn status(error: &KvError) -> StatusCode {
    match error {
        KvError::Refused(_) => StatusCode::BAD_REQUEST,
        KvError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        KvError::Timeout => StatusCode::GATEWAY_TIMEOUT,
        // Ours, not the client's: its token was right.
        KvError::Unauthorized | KvError::Garbage(_) | KvError::TooLarge(_) => StatusCode::BAD_GATEWAY,
    }
}

fn text(error: &KvError) -> String {
    match error {
        KvError::Refused(text) => text.clone(),
        other => format!("ERR {other}"),
    }
}

fn refuse(status: StatusCode, error: &str) -> Response {
    json_response(status, &json!({ "error": error }))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json)], body.to_string()).into_response()
}
