use std::sync::Mutex;

use http::StatusCode;
use serde_json::{Value, json};

use super::*;

/// Keeps what it is sent, and answers each with the next of its answers.
#[derive(Default)]
struct Recorder {
    sent: Mutex<Vec<Request<Bytes>>>,
    answers: Mutex<Vec<(u16, &'static str)>>,
}

impl Fetch for Recorder {
    fn send(&self, request: Request<Bytes>, _: Limits) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        self.sent.lock().unwrap().push(request);
        let (status, body) = self.answers.lock().unwrap().remove(0);
        let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        Box::pin(async move { Ok(answer) })
    }
}

async fn purged(cdn: &str, tags: usize, answers: &[(u16, &'static str)]) -> (Result<(), PurgeError>, Arc<Recorder>) {
    let fetch = Arc::new(Recorder { answers: Mutex::new(answers.to_vec()), ..Recorder::default() });
    let purger = cdn.parse::<Cdn>().unwrap().purger("s3cret", Arc::clone(&fetch) as Arc<dyn Fetch>).unwrap();
    assert!(tags <= purger.most_tags());
    let tags = (0..tags).map(|number| format!("prod_{number}")).collect();
    (purger.purge(tags).await, fetch)
}

fn refused_with(status: u16) -> PurgeError {
    PurgeError::Refused { status, retry_after: None }
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[tokio::test]
async fn cloudflare_is_told_a_hundred_tags_in_one_call() {
    let well = (200, r#"{"success":true,"errors":[],"result":{"id":"z"}}"#);
    let (purged_all, fetch) = purged("cloudflare:9a7806061c88ada191ed06f989cc3dac", 100, &[well]).await;
    assert_eq!(purged_all, Ok(()));
    let sent = std::mem::take(&mut *fetch.sent.lock().unwrap());
    assert_eq!((sent.len(), body(&sent[0])["tags"].as_array().unwrap().len()), (1, 100));
    assert_eq!(body(&sent[0])["tags"][99], "prod_99");
    let url = "https://api.cloudflare.com/client/v4/zones/9a7806061c88ada191ed06f989cc3dac/purge_cache";
    assert_eq!((sent[0].method(), sent[0].uri().to_string().as_str()), (&Method::POST, url));
    assert_eq!(sent[0].headers()["authorization"], "Bearer s3cret");
    assert_eq!(sent[0].headers()["content-type"], "application/json");
    assert!(!format!("{:?}", sent[0].headers()).contains("s3cret"));
    for refused in [(403, "{}"), (200, r#"{"success":false}"#), (200, "<html>")] {
        let (purged, _) = purged("cloudflare:z", 1, &[refused]).await;
        assert_eq!(purged, Err(refused_with(refused.0)));
    }
}

#[tokio::test]
async fn fastly_is_told_256_keys_in_one_call() {
    let well = (200, r#"{"prod_1":"108-1391560174-974124"}"#);
    let (purged_all, fetch) = purged("fastly:SU1Z0isxPaozGVKXdv0eY http://127.0.0.1:9/", 256, &[well]).await;
    assert_eq!(purged_all, Ok(()));
    let sent = std::mem::take(&mut *fetch.sent.lock().unwrap());
    assert_eq!(sent[0].uri(), "http://127.0.0.1:9/service/SU1Z0isxPaozGVKXdv0eY/purge");
    assert_eq!(sent[0].headers()["fastly-key"], "s3cret");
    assert_eq!((sent.len(), &body(&sent[0])["surrogate_keys"][255]), (1, &json!("prod_255")));
    assert_eq!(sent[0].headers().get("fastly-soft-purge"), None);
    assert_eq!(purged("fastly:s", 1, &[(401, "")]).await.0, Err(refused_with(401)));
}

#[tokio::test]
async fn fastly_is_asked_to_keep_what_is_stale_where_that_is_wanted() {
    let (softly, fetch) = purged("fastly-soft:s", 256, &[(200, "{}")]).await;
    assert_eq!(softly, Ok(()));
    let sent = std::mem::take(&mut *fetch.sent.lock().unwrap());
    assert!(sent.iter().all(|request| request.headers()["fastly-soft-purge"] == "1"));
    assert_eq!((sent.len(), sent[0].uri().to_string().as_str()), (1, "https://api.fastly.com/service/s/purge"));
}

#[test]
fn a_cdn_is_named_with_what_is_purged_there() {
    for wrong in [
        "",
        "cloudflare",
        "cloudflare:",
        "akamai:1",
        "fastly:../x",
        "cloudflare-soft:z",
        "fastly:a?b",
        "cloudflare:a/b",
    ] {
        assert_eq!(wrong.parse::<Cdn>(), Err(InvalidCdn::Name), "{wrong}");
    }
    let cdn: Cdn = "fastly:s".parse().unwrap();
    for token in ["", "a\nb"] {
        assert_eq!(cdn.purger(token, Arc::new(Recorder::default())).err(), Some(InvalidCdn::Token));
    }
    assert!("fastly:s not a url".parse::<Cdn>().unwrap().purger("t", Arc::new(Recorder::default())).is_err());
}
