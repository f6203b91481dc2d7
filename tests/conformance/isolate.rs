//! An isolate of the API in this process, whose work after a response is done when it is told to, or never.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use headlesspro_edge::app::App;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::defer::Defer;
use headlesspro_edge::routes;
use http::{HeaderMap, Request};
use serde_json::Value;
use tower::ServiceExt;

#[derive(Default)]
struct Deferred(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Defer for Deferred {
    fn defer(&self, work: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(work);
    }
}

pub struct Isolate {
    router: Router,
    key: String,
    deferred: Arc<Deferred>,
}

#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// Round trips to the database.
    pub fn sql(&self) -> u32 {
        let timing = self.header("server-timing");
        let count = timing.split_once("sql;desc=\"").and_then(|(_, rest)| rest.split_once('"'));
        count.unwrap_or_else(|| panic!("{timing}")).0.parse().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Isolate {
    /// Whose requests carry `key`.
    pub fn new(app: Arc<App>, key: &str) -> Isolate {
        Isolate { router: routes::router(app), key: key.to_owned(), deferred: Arc::default() }
    }

    pub async fn call(&self, method: &str, path: &str, content_type: &str, body: String) -> Answer {
        self.call_with(method, path, ("content-type", content_type), body).await
    }

    async fn call_with(&self, method: &str, path: &str, (name, value): (&str, &str), body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.key))
            .header(name, value)
            .extension(Arc::clone(&self.deferred) as Arc<dyn Defer>);
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "application/json", String::new()).await
    }

    pub async fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        self.call_with("GET", path, header, String::new()).await
    }

    /// What is answered with success.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let answer = self.call(method, path, "application/json", body.to_string()).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        answer
    }

    pub async fn import(&self, file: String) {
        let answer = self.call("POST", "/api/v1/imports", "text/csv", file).await;
        assert_eq!((answer.status, &answer.json()["errorCount"]), (200, &Value::from(0)), "{}", answer.text());
    }

    /// Does what was to be done after the responses.
    pub async fn work_on(&self) {
        let all = std::mem::take(&mut *self.deferred.0.lock().unwrap());
        for work in all {
            work.await;
        }
    }

    /// Loses it, as a process does that ends.
    pub fn die(&self) {
        self.deferred.0.lock().unwrap().clear();
    }
}
