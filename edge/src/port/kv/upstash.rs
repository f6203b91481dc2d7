//! Redis over HTTP: Upstash's REST protocol over [`Fetch`].
//!
//! One command is a JSON array sent to `/`, several go to `/pipeline`, a transaction to
//! `/multi-exec`; each is one POST. Answers are `{"result": ...}` or `{"error": "..."}`, one or a
//! list of them. Source: <https://upstash.com/docs/redis/features/restapi>.

mod answer;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use super::{Command, KnownScripts, Kv, KvError, MAX_ANSWER, Reply, Script, refuse_empty_commands};
use crate::port::BoxFuture;
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits};

/// A client of one Upstash database, or of what speaks its protocol.
pub struct UpstashKv {
    fetch: Arc<dyn Fetch>,
    command: http::Uri,
    pipeline: http::Uri,
    transaction: http::Uri,
    authorization: HeaderValue,
    limits: Limits,
    known_scripts: KnownScripts,
}

/// Settings that no request can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUpstash {
    #[error("the Redis URL is not an absolute http or https URL")]
    Url,
    #[error("the Redis token has characters that a header cannot hold")]
    Token,
}

impl UpstashKv {
    /// `url` is the database's REST URL, such as `https://eu1-name.upstash.io`.
    ///
    /// A request may take 3 s and answer [`MAX_ANSWER`].
    ///
    /// # Errors
    /// [`InvalidUpstash`]; nothing is sent.
    pub fn new(fetch: Arc<dyn Fetch>, url: &str, token: &str) -> Result<UpstashKv, InvalidUpstash> {
        let base = url.trim_end_matches('/');
        let endpoint = |path: &str| {
            let uri: http::Uri = format!("{base}{path}").parse().map_err(|_| InvalidUpstash::Url)?;
            let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
            if is_http && uri.query().is_none() { Ok(uri) } else { Err(InvalidUpstash::Url) }
        };
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| InvalidUpstash::Token)?;
        authorization.set_sensitive(true);
        Ok(UpstashKv {
            fetch,
            command: endpoint("/")?,
            pipeline: endpoint("/pipeline")?,
            transaction: endpoint("/multi-exec")?,
            authorization,
            limits: Limits { timeout: Duration::from_secs(3), max_bytes: MAX_ANSWER, chosen: Chosen::ByOperator },
            known_scripts: KnownScripts::default(),
        })
    }

    /// The same client with another time limit for a request.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> UpstashKv {
        self.limits.timeout = timeout;
        self
    }

    /// The same client with another size limit for an answer, in bytes.
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: usize) -> UpstashKv {
        self.limits.max_bytes = max_bytes;
        self
    }

    async fn one(&self, words: &[&str]) -> Result<Reply, KvError> {
        let answer = self.post(&self.command, &words).await?;
        match answer.status().as_u16() {
            // A command that Redis refuses comes as 400 here, and as part of a 200 in a pipeline.
            200 | 400 => answer::reply(answer.body()),
            status => Err(refusal(status, answer.body())),
        }
    }

    async fn group(&self, uri: &http::Uri, commands: Vec<Command>) -> Result<Vec<Reply>, KvError> {
        refuse_empty_commands(&commands)?;
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let lines: Vec<&[String]> = commands.iter().map(|Command(words)| words.as_slice()).collect();
        let answer = self.post(uri, &lines).await?;
        let replies = match answer.status().as_u16() {
            200 => answer::replies(answer.body())?,
            status => return Err(refusal(status, answer.body())),
        };
        if replies.len() != commands.len() {
            return Err(KvError::Garbage(format!("{} answers to {} commands", replies.len(), commands.len())));
        }
        Ok(replies)
    }

    async fn post(&self, uri: &http::Uri, body: &impl serde::Serialize) -> Result<http::Response<Bytes>, KvError> {
        let body = serde_json::to_vec(body).map_err(|error| KvError::Refused(error.to_string()))?;
        let mut request = http::Request::new(Bytes::from(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri.clone();
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.fetch.send(request, self.limits).await.map_err(|error| match error {
            FetchError::Connection(reason) => KvError::Unavailable(reason),
            FetchError::Timeout(_) => KvError::Timeout,
            FetchError::TooLarge(bytes) => KvError::TooLarge(bytes),
            FetchError::Refused(reason) => KvError::Refused(reason),
        })
    }
}

impl Kv for UpstashKv {
    fn pipeline(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        async move {
            match commands.as_slice() {
                [Command(words)] if !words.is_empty() => {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    Ok(vec![self.one(&words).await?])
                }
                _ => self.group(&self.pipeline, commands).await,
            }
        }
        .boxed()
    }

    fn transaction(&self, commands: Vec<Command>) -> BoxFuture<'_, Result<Vec<Reply>, KvError>> {
        self.group(&self.transaction, commands).boxed()
    }

    fn script<'a>(
        &'a self,
        script: &'static Script,
        keys: Vec<String>,
        args: Vec<String>,
    ) -> BoxFuture<'a, Result<Reply, KvError>> {
        async move {
            let count = keys.len().to_string();
            if let Some(sha1) = self.known_scripts.sha1(script) {
                let reply = self.one(&KnownScripts::words("EVALSHA", &sha1, &count, &keys, &args)).await?;
                if !KnownScripts::is_unknown(&reply) {
                    return Ok(reply);
                }
            }
            let reply = self.one(&KnownScripts::words("EVAL", script.lua, &count, &keys, &args)).await?;
            self.known_scripts.learn(script);
            Ok(reply)
        }
        .boxed()
    }
}

/// What an HTTP status other than 200 says about the whole request.
fn refusal(status: u16, body: &[u8]) -> KvError {
    match status {
        401 | 403 => KvError::Unauthorized,
        // Too many requests passes, as does a server that is not well.
        429 | 500..=599 => KvError::Unavailable(format!("status {status}: {}", excerpt(body))),
        400..=499 => match answer::reply(body) {
            Ok(Reply::Error(text)) => KvError::Refused(text),
            _ => KvError::Garbage(format!("status {status}: {}", excerpt(body))),
        },
        _ => KvError::Garbage(format!("status {status}: {}", excerpt(body))),
    }
}

/// The first words of a body, for a log line.
fn excerpt(body: &[u8]) -> String {
    if let Ok(Reply::Error(text)) = answer::reply(body) {
        return text;
    }
    let text = String::from_utf8_lossy(body.get(..200).unwrap_or(body));
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
