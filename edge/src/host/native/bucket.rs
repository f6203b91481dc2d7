//! Files on a developer's machine: a folder that takes what [`Bucket`](crate::port::blob::Bucket) has signed, and
//! shows everybody what is in it.
//!
//! It exists in `hp dev` alone, which listens on loopback. `wrangler dev` and `spin up` beside it use the same one.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::{StreamExt, stream};
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::media::ContentType;
use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use subtle::ConstantTimeEq;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::clock::SystemClock;
use crate::port::blob::Settings;
use crate::port::blob::sigv4::{Credentials, Signable, encoded_path, signature};
use crate::port::clock::Clock;

/// The bucket's name.
pub const NAME: &str = "media";

/// What stands before the bucket's name in its address.
pub const PARENT: &str = "/dev";

const REGION: &str = "auto";
const ACCESS_KEY_ID: &str = "dev";

/// The settings of this bucket at `origin`: `http://127.0.0.1:8788`.
pub struct DevBucket {
    pub endpoint: String,
    pub public_url: String,
    pub secret: String,
}

impl DevBucket {
    pub fn at(origin: &str, secret: &str) -> DevBucket {
        let endpoint = format!("{origin}{PARENT}");
        DevBucket { public_url: format!("{endpoint}/{NAME}"), endpoint, secret: secret.to_owned() }
    }

    pub fn settings(&self) -> Settings<'_> {
        Settings {
            endpoint: &self.endpoint,
            region: REGION,
            bucket: NAME,
            access_key_id: ACCESS_KEY_ID,
            secret_access_key: &self.secret,
            public_url: &self.public_url,
        }
    }
}

struct Folder {
    path: PathBuf,
    credentials: Credentials,
}

/// The endpoint over `folder`, which need not be there yet, for whoever signs with `secret`.
pub fn router(folder: PathBuf, secret: &str) -> Router {
    let credentials =
        Credentials { access_key_id: ACCESS_KEY_ID.to_owned(), secret: secret.to_owned(), region: REGION.to_owned() };
    let state = Arc::new(Folder { path: folder, credentials });
    Router::new().route(&format!("{PARENT}/{NAME}/{{*key}}"), any(serve)).with_state(state)
}

async fn serve(State(folder): State<Arc<Folder>>, request: Request) -> Response {
    let mut response = match request.method().clone() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        method => {
            let answered = match file_of(&folder.path, request.uri().path()) {
                None => Err(StatusCode::NOT_FOUND),
                // What is there is public, as behind a deployment's own public address.
                Some(file) if method == Method::GET || method == Method::HEAD => show(&file, request.headers()).await,
                Some(_) if !is_signed(&folder.credentials, &request) => Err(StatusCode::FORBIDDEN),
                Some(file) => match method {
                    Method::PUT => take(&file, request.into_body()).await,
                    Method::DELETE => remove(&file).await,
                    _ => Err(StatusCode::METHOD_NOT_ALLOWED),
                },
            };
            answered.unwrap_or_else(IntoResponse::into_response)
        }
    };
    // Pages of a back office, wherever it is, upload from the browser.
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, PUT"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The file of a path: every part of its key is letters, digits, `_`, `-` and dots, and begins with no dot.
fn file_of(folder: &Path, path: &str) -> Option<PathBuf> {
    let key = path.strip_prefix(PARENT)?.strip_prefix('/')?.strip_prefix(NAME)?.strip_prefix('/')?;
    let is_part = |part: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
    };
    key.split('/').all(|part| is_part(&part)).then(|| folder.join(key))
}

/// Whether the request is one that was signed, and has not ended.
fn is_signed(credentials: &Credentials, request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let of = |name: &str| pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let mut headers = Vec::new();
    for name in of("X-Amz-SignedHeaders").split(';').filter(|name| *name != HOST.as_str()) {
        let Some(value) = text(name) else { return false };
        headers.push((name, value));
    }
    let query: Vec<(&str, &str)> =
        pairs.iter().filter(|(name, _)| name != "X-Amz-Signature").map(|(name, value)| (&**name, &**value)).collect();
    let path = encoded_path(request.uri().path());
    let signable = Signable {
        method: request.method().as_str(),
        host: text(HOST.as_str()).unwrap_or_default(),
        path: &path,
        query: &query,
        headers: &headers,
    };
    let wanted = signature(credentials, &signable, of("X-Amz-Date"));
    let is_good = bool::from(wanted.as_bytes().ct_eq(of("X-Amz-Signature").as_bytes()));
    is_good && ends(of("X-Amz-Date"), of("X-Amz-Expires")).is_some_and(|end| SystemClock.now() < end)
}

/// When what was signed at `moment` for `seconds` ends.
fn ends(moment: &str, seconds: &str) -> Option<Timestamp> {
    let (date, time) = moment.strip_suffix('Z')?.split_once('T')?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let date = [part(date, 0, 4)?, part(date, 4, 6)?, part(date, 6, 8)?].join("-");
    let time = [part(time, 0, 2)?, part(time, 2, 4)?, part(time, 4, 6)?].join(":");
    let at: Timestamp = format!("{date}T{time}Z").parse().ok()?;
    at.checked_add_millis(seconds.parse::<i64>().ok()?.checked_mul(1_000)?)
}

/// Keeps a body under its name once it is whole.
async fn take(file: &Path, body: Body) -> Result<Response, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).await.map_err(failed)?;
    }
    let part = file.with_extension("part");
    let mut kept = File::create(&part).await.map_err(failed)?;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            drop(kept);
            // Broken off: what came is of no use.
            let _left = fs::remove_file(&part).await;
            return Err(StatusCode::BAD_REQUEST);
        };
        kept.write_all(&chunk).await.map_err(failed)?;
    }
    kept.flush().await.map_err(failed)?;
    fs::rename(&part, file).await.map_err(failed)?;
    Ok(StatusCode::OK.into_response())
}

async fn remove(file: &Path) -> Result<Response, StatusCode> {
    match fs::remove_file(file).await {
        Ok(()) => {
            // Each file has a folder of its own.
            if let Some(parent) = file.parent() {
                let _not_empty = fs::remove_dir(parent).await;
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn show(file: &Path, request: &HeaderMap) -> Result<Response, StatusCode> {
    const CHUNK: u64 = 64 * 1024;
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let kind = ContentType::of_ending(name).ok_or(StatusCode::NOT_FOUND)?;
    let mut kept = File::open(file).await.map_err(|_| StatusCode::NOT_FOUND)?;
    let size = kept.metadata().await.map_err(|_| StatusCode::NOT_FOUND)?.len();
    let range = request.get(RANGE).and_then(|range| range.to_str().ok()).and_then(|range| range_of(range, size));
    let (from, to) = range.unwrap_or((0, size.saturating_sub(1)));
    kept.seek(SeekFrom::Start(from)).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let length = to.saturating_sub(from).saturating_add(u64::from(0 < size));
    let parts = stream::try_unfold((kept, length), |(mut kept, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let mut chunk = Vec::new();
        let read = (&mut kept).take(left.min(CHUNK)).read_to_end(&mut chunk).await?;
        let left = if read == 0 { 0 } else { left.saturating_sub(u64::try_from(read).unwrap_or(left)) };
        Ok(Some((chunk, (kept, left))))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &str| headers.extend(HeaderValue::from_str(value).ok().map(|v| (name, v)));
    say(CONTENT_TYPE, kind.name());
    say(CONTENT_LENGTH, &length.to_string());
    say(ACCEPT_RANGES, "bytes");
    if range.is_some() {
        say(CONTENT_RANGE, &format!("bytes {from}-{to}/{size}"));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The first and the last byte of `bytes=0-31` or `bytes=32-`; of anything else none, so that the whole is shown.
fn range_of(range: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let from: u64 = from.parse().ok()?;
    let last = size.checked_sub(1)?;
    let to = if to.is_empty() { last } else { to.parse::<u64>().ok()?.min(last) };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;
    use crate::host::native::fetch::NativeFetch;
    use crate::port::blob::{Bucket, Upload};

    /// The bucket, its folder, and a client.
    async fn open() -> (Bucket, tempfile::TempDir, reqwest::Client) {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let dev = DevBucket::at(&format!("http://{}", listener.local_addr().unwrap()), "secret");
        let router = router(folder.path().join("media"), "secret");
        tokio::spawn(super::super::server::serve(listener, router, std::future::pending()));
        let bucket = Bucket::new(&dev.settings(), Arc::new(NativeFetch::new().unwrap())).unwrap();
        (bucket, folder, reqwest::Client::builder().no_proxy().build().unwrap())
    }

    async fn put(http: &reqwest::Client, upload: &Upload, body: &'static str) -> u16 {
        let mut request = http.put(&upload.url).body(body);
        for (name, value) in upload.headers.iter().filter(|(name, _)| *name != "content-length") {
            request = request.header(*name, value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    const KEY: &str = "org_1/store_1/ab/shirt.png";

    #[tokio::test]
    async fn what_is_signed_is_kept_shown_and_removed() {
        let (bucket, _folder, http) = open().await;
        let now = || SystemClock.now();
        assert_eq!(bucket.look(KEY, 4, now()).await, Ok(None));
        assert_eq!(put(&http, &bucket.upload(KEY, "image/png", 5, now()), "12345").await, 200);
        let there = bucket.look(KEY, 4, now()).await.unwrap().unwrap();
        assert_eq!((there.bytes, there.content_type.as_str(), &*there.head), (5, "image/png", &b"1234"[..]));
        let shown = http.get(bucket.public_url(KEY)).send().await.unwrap();
        assert_eq!(shown.headers()[CONTENT_TYPE], "image/png");
        assert_eq!(shown.text().await.unwrap(), "12345");
        let rest = http.get(bucket.public_url(KEY)).header("range", "bytes=3-").send().await.unwrap();
        assert_eq!((rest.status().as_u16(), rest.text().await.unwrap()), (206, "45".to_owned()));
        assert_eq!(bucket.remove(KEY, now()).await, Ok(()));
        assert_eq!(bucket.remove(KEY, now()).await, Ok(()));
        assert_eq!(bucket.look(KEY, 4, now()).await, Ok(None));
    }

    #[tokio::test]
    async fn what_differs_from_what_was_signed_is_refused() {
        let (bucket, folder, http) = open().await;
        let now = SystemClock.now();
        let good = bucket.upload(KEY, "image/png", 5, now);
        let another = |change: &dyn Fn(&mut Upload)| {
            let mut upload = good.clone();
            change(&mut upload);
            upload
        };
        assert_eq!(put(&http, &good, "123456").await, 403, "another size");
        assert_eq!(put(&http, &another(&|u| u.headers[1].1 = "text/html".to_owned()), "12345").await, 403);
        assert_eq!(put(&http, &another(&|u| u.url = u.url.replace("shirt", "skirt")), "12345").await, 403);
        assert_eq!(put(&http, &another(&|u| u.url = u.url.replace("Expires=900", "Expires=901")), "12345").await, 403);
        assert_eq!(put(&http, &another(&|u| u.url.truncate(u.url.find('?').unwrap())), "12345").await, 403);
        let ended = now.checked_add_millis(-901_000).unwrap();
        assert_eq!(put(&http, &bucket.upload(KEY, "image/png", 5, ended), "12345").await, 403, "ended");
        assert_eq!(http.delete(&good.url).send().await.unwrap().status().as_u16(), 403, "another method");
        for key in ["../secrets.json", "a/.././b.png", ".hidden.png", "a//b.png", "a%2f..%2fb.png"] {
            let path = format!("{PARENT}/{NAME}/{key}");
            assert_eq!(file_of(folder.path(), &path), None, "{key}");
        }
        assert!(!folder.path().join("media").exists(), "nothing was kept");
    }
}
