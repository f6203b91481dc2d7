//! Hrana v3 over [`Fetch`]: libSQL's HTTP protocol (sqld, Turso).
//!
//! One round trip is one `POST {url}/v3/pipeline`. It ends with a `close`, so that the server keeps nothing
//! of ours and rolls back what is open, unless the stream is kept for the next request (see [`streams`]).
//! Source: <https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>.

mod lock;
mod request;
mod response;
mod streams;
pub(crate) mod value;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};

use self::response::Stream;
use self::streams::Streams;
use super::{Batch, Outcome, Sql, SqlError, Value};
use crate::port::BoxFuture;
use crate::port::clock::Clock;
use crate::port::fetch::{Chosen, Fetch, FetchError, Limits};

/// A database behind a Hrana URL.
#[derive(Clone)]
pub struct HranaSql {
    pipeline: Uri,
    authorization: Option<HeaderValue>,
    limits: Limits,
    fetch: Arc<dyn Fetch>,
    /// Streams to use again, with the clock that says which are too old.
    streams: Option<(Arc<Streams>, Arc<dyn Clock>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HranaUrlError {
    #[error("the database URL must begin with libsql://, https:// or http://")]
    Scheme,
    #[error("the database URL is malformed")]
    Malformed,
    #[error("the database token holds characters that no header may hold")]
    Token,
}

impl HranaSql {
    /// The server keeps answers below 10 MB; as JSON with escapes that may be more on the wire.
    const LIMITS: Limits =
        Limits { timeout: Duration::from_secs(10), max_bytes: 32 * 1024 * 1024, chosen: Chosen::ByOperator };

    /// `url` is `libsql://host` (which is https, or http with `?tls=0`), `https://` or `http://`, with a
    /// path where the server is mounted below one.
    ///
    /// # Errors
    /// [`HranaUrlError`] says what is wrong with the URL or the token.
    pub fn new(url: &str, token: Option<&str>, fetch: Arc<dyn Fetch>) -> Result<HranaSql, HranaUrlError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = base.split_once("://").ok_or(HranaUrlError::Scheme)?;
        let scheme = match (scheme, query) {
            ("libsql", "tls=0") | ("http", "") => "http",
            ("libsql", "" | "tls=1") | ("https", "") => "https",
            ("libsql" | "http" | "https", _) => return Err(HranaUrlError::Malformed),
            _ => return Err(HranaUrlError::Scheme),
        };
        let pipeline: Uri = format!("{scheme}://{}/v3/pipeline", rest.trim_end_matches('/'))
            .parse()
            .map_err(|_| HranaUrlError::Malformed)?;
        if pipeline.host().is_none_or(str::is_empty) || rest.contains(['@', '#']) {
            return Err(HranaUrlError::Malformed);
        }
        let bearer = |token| HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| HranaUrlError::Token);
        let mut authorization = token.filter(|token| !token.is_empty()).map(bearer).transpose()?;
        if let Some(header) = &mut authorization {
            header.set_sensitive(true);
        }
        Ok(HranaSql { pipeline, authorization, limits: HranaSql::LIMITS, fetch, streams: None })
    }

    /// Where its requests go: two clients of one database have the same, however its URL is written.
    pub(super) fn endpoint(&self) -> &Uri {
        &self.pipeline
    }

    /// The same database, given up on after `timeout`.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> HranaSql {
        self.limits.timeout = timeout;
        self
    }

    /// The same database, with at most `most` streams kept open between requests. A server counts each as
    /// a connection for as long as it is used at least every 5 s, and 10 s more.
    #[must_use]
    pub fn keeping_streams(mut self, most: usize, clock: Arc<dyn Clock>) -> HranaSql {
        self.streams = (0 < most).then(|| (Arc::new(Streams::new(most)), clock));
        self
    }

    async fn post(&self, body: Vec<u8>) -> Result<Answer, SqlError> {
        let mut request = http::Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.pipeline.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let answer = self.fetch.send(request, self.limits).await.map_err(|error| match error {
            FetchError::Timeout(_) => SqlError::Timeout,
            FetchError::TooLarge(_) => SqlError::TooLarge,
            FetchError::Connection(reason) | FetchError::Refused(reason) => SqlError::Unavailable(reason),
        })?;
        match answer.status() {
            StatusCode::OK => Ok(Answer::Body(answer.into_body())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(SqlError::Unauthorized),
            // Before anything of it ran.
            StatusCode::PAYLOAD_TOO_LARGE => Err(SqlError::TooLarge),
            status => {
                let words: String = String::from_utf8_lossy(answer.body()).chars().take(200).collect();
                let reason = format!("HTTP {}: {words}", status.as_u16());
                if matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) {
                    return Ok(Answer::NotAccepted(reason));
                }
                let not_well = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                Err(if not_well { SqlError::Unavailable(reason) } else { SqlError::Garbage(reason) })
            }
        }
    }
}

/// What a server answers where it is well.
enum Answer {
    Body(Bytes),
    /// The request as a whole, before anything of it ran: an unknown or expired baton, or a wrong URL.
    NotAccepted(String),
}

impl Sql for HranaSql {
    fn run(&self, batch: Batch) -> BoxFuture<'_, Result<Outcome, SqlError>> {
        Box::pin(async move {
            let args = batch.steps.iter().flat_map(|step| &step.statement.args);
            if args.into_iter().any(|value| matches!(value, Value::Real(real) if !real.is_finite())) {
                return Err(SqlError::Statement("JSON holds no infinite number".to_owned()));
            }
            if batch.steps.is_empty() {
                return Ok(Outcome { steps: Vec::new() });
            }
            let takes_lock = batch.takes_write_lock();
            let steps = if takes_lock { lock::spelt_out(batch) } else { batch.steps };
            let mut taken = self.streams.as_ref().map(|(streams, clock)| streams.take(clock.now()));
            let baton = taken.as_ref().and_then(|taken| taken.baton());
            let keep = taken.as_ref().is_some_and(|taken| taken.may_be_kept());
            let mut answer = self.post(request::pipeline(&steps, baton, keep)?).await?;
            if let (Answer::NotAccepted(_), Some(taken)) =
                (&answer, taken.as_mut().filter(|taken| taken.baton().is_some()))
            {
                taken.start_anew();
                answer = self.post(request::pipeline(&steps, None, keep)?).await?;
            }
            let body = match answer {
                Answer::Body(body) => body,
                Answer::NotAccepted(reason) => return Err(SqlError::Garbage(reason)),
            };
            let (outcome, stream) = match steps.as_slice() {
                [step] if step.condition.is_none() => response::execute(&body)?,
                steps => response::batch(&body, steps.len())?,
            };
            match (stream, taken, &self.streams) {
                (Stream::Clean(baton), Some(taken), Some((_, clock))) => taken.park(baton, clock.now()),
                (Stream::Open(baton), ..) => {
                    // The outcome stands, whether the server hears this or not.
                    let _closed = self.post(request::close(&baton)?).await;
                }
                _ => {}
            }
            Ok(if takes_lock { lock::own_outcome(outcome) } else { outcome })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::sql::{Condition, Statement};

    /// Keeps the request and has no answer.
    #[derive(Default)]
    struct Recorder(std::sync::Mutex<Option<http::Request<Bytes>>>);

    impl Fetch for Recorder {
        fn send(
            &self,
            request: http::Request<Bytes>,
            _limits: Limits,
        ) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
            *self.0.lock().unwrap() = Some(request);
            Box::pin(async { Err(FetchError::Connection("none".to_owned())) })
        }
    }

    fn pipeline(url: &str) -> Result<String, HranaUrlError> {
        HranaSql::new(url, None, Arc::new(Recorder::default())).map(|sql| sql.pipeline.to_string())
    }

    #[test]
    fn a_database_url_is_http_below() {
        for (url, expected) in [
            ("libsql://shop-acme.turso.io", "https://shop-acme.turso.io/v3/pipeline"),
            ("libsql://127.0.0.1:8080?tls=0", "http://127.0.0.1:8080/v3/pipeline"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v3/pipeline"),
            ("https://db.example.com/acme/", "https://db.example.com/acme/v3/pipeline"),
        ] {
            assert_eq!(pipeline(url).as_deref(), Ok(expected));
        }
        for (url, error) in [
            ("shop.db", HranaUrlError::Scheme),
            ("ws://db", HranaUrlError::Scheme),
            ("https://", HranaUrlError::Malformed),
            ("https://db.example.com?authToken=x", HranaUrlError::Malformed),
            ("https://user:pass@db.example.com", HranaUrlError::Malformed),
            ("https://db example", HranaUrlError::Malformed),
        ] {
            assert_eq!(pipeline(url), Err(error), "{url}");
        }
        let line_break = HranaSql::new("http://db", Some("a\nb"), Arc::new(Recorder::default())).err();
        assert_eq!(line_break, Some(HranaUrlError::Token));
    }

    #[tokio::test]
    async fn a_request_is_what_the_specification_says() {
        let fetch = Arc::new(Recorder::default());
        let sql = HranaSql::new("http://db", Some("secret"), Arc::clone(&fetch) as Arc<dyn Fetch>).unwrap();
        let mut steps = Batch::default();
        let first = steps.push(
            Statement::new("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)")
                .bind(i64::MIN)
                .bind(None::<i64>)
                .bind("a\"\0")
                .bind(vec![0, 255])
                .bind(Value::Real(0.5)),
            None,
        );
        let refused = Condition::And(vec![Condition::Ok(first), Condition::not_ok(first)]);
        steps.push(Statement::new("ROLLBACK"), Some(refused));
        assert!(sql.run(steps).await.is_err());
        let request = fetch.0.lock().unwrap().take().unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer secret");
        let expected = r#"{"baton":null,"requests":[{"type":"batch","batch":{"steps":[
            {"stmt":{"sql":"INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)","args":[
                {"type":"integer","value":"-9223372036854775808"},{"type":"null"},{"type":"text","value":"a\"\u0000"},
                {"type":"blob","base64":"AP8"},{"type":"float","value":0.5}]}},
            {"condition":{"type":"and","conds":[{"type":"ok","step":0},{"type":"not","cond":{"type":"ok","step":0}}]},
             "stmt":{"sql":"ROLLBACK"}}]}},{"type":"close"}]}"#;
        let parse = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(request.body()), parse(expected.as_bytes()));

        assert!((&sql as &dyn Sql).read(vec![Statement::new("SELECT 1")]).await.is_err());
        let request = fetch.0.lock().unwrap().take().unwrap();
        let expected = r#"{"baton":null,"requests":[{"type":"execute","stmt":{"sql":"SELECT 1"}},{"type":"close"}]}"#;
        assert_eq!(parse(request.body()), parse(expected.as_bytes()));
    }
}
