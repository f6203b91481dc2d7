//! A bucket of object storage that speaks Amazon's S3 protocol: S3 itself, Cloudflare R2, and `hp dev`'s own.
//!
//! Files never pass through the API: a client uploads to the bucket by a presigned URL and reads from the bucket's
//! public address. What remains is to sign, to look whether an object is there, and to remove it.

pub mod sigv4;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::{BaseUrl, InvalidBaseUrl};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::fetch::{Chosen, Fetch, Limits};
use sigv4::{Credentials, Signable, presign};

/// For how long an upload may begin, in seconds.
pub const UPLOAD_SECONDS: u32 = 900;

/// For how long a request of our own is signed, in seconds: clocks differ.
const OWN_SECONDS: u32 = 300;

/// Answers hold the head of an object, or an error in XML.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), max_bytes: 64 * 1024, chosen: Chosen::ByOperator };

/// The settings of a bucket, as they were given.
pub struct Settings<'a> {
    /// `https://ACCOUNT.r2.cloudflarestorage.com`, `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: &'a str,
    /// `auto` for R2.
    pub region: &'a str,
    /// Empty where the endpoint names it already.
    pub bucket: &'a str,
    pub access_key_id: &'a str,
    pub secret_access_key: &'a str,
    /// Where everybody reads its objects.
    pub public_url: &'a str,
}

/// Settings that no bucket can be reached with. Says which, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBucket {
    #[error("MEDIA_ENDPOINT is not an absolute https URL (http on this machine only)")]
    Endpoint,
    #[error("MEDIA_REGION must be such as eu-central-1, or auto for R2")]
    Region,
    #[error("MEDIA_BUCKET must be lower-case letters, digits, dots and dashes")]
    Bucket,
    #[error("MEDIA_ACCESS_KEY_ID and MEDIA_SECRET_ACCESS_KEY must be visible characters without slashes or blanks")]
    Credentials,
    #[error("MEDIA_URL: {0}")]
    PublicUrl(#[from] InvalidBaseUrl),
}

/// The bucket does not do what is asked. Says why for the log, without the URL, which holds a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    #[error("the bucket does not answer")]
    Silent,
    #[error("the bucket answers {0}")]
    Status(u16),
    #[error("the bucket answers without a size")]
    Unreadable,
}

/// An upload that is allowed.
#[derive(Clone)]
pub struct Upload {
    pub url: String,
    /// The request must carry exactly these.
    pub headers: [(&'static str, String); 2],
    pub expires_at: Timestamp,
}

/// What there is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub bytes: i64,
    /// Without parameters, in lower case.
    pub content_type: String,
    /// Its first bytes, at most as many as were asked for.
    pub head: Bytes,
}

pub struct Bucket {
    /// Scheme and authority.
    origin: String,
    host: String,
    /// Before the key: begins and ends with a slash.
    path: String,
    credentials: Credentials,
    public: BaseUrl,
    fetch: Arc<dyn Fetch>,
}

impl Bucket {
    /// # Errors
    /// [`InvalidBucket`]; nothing is sent.
    pub fn new(settings: &Settings<'_>, fetch: Arc<dyn Fetch>) -> Result<Bucket, InvalidBucket> {
        let url: Uri = settings.endpoint.trim_end_matches('/').parse().map_err(|_| InvalidBucket::Endpoint)?;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(InvalidBucket::Endpoint);
        };
        let is_local = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
        let is_plain = !authority.as_str().contains('@') && url.query().is_none();
        let usual_port = match scheme {
            "https" if is_plain => 443,
            "http" if is_local && is_plain => 80,
            _ => return Err(InvalidBucket::Endpoint),
        };
        // As clients write it into `Host`.
        let host = match authority.port_u16() {
            Some(port) if port != usual_port => format!("{}:{port}", authority.host()),
            _ => authority.host().to_owned(),
        };
        let is_word = |text: &str, more: &[u8]| {
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
        };
        if settings.region.is_empty() || !is_word(settings.region, b"-") {
            return Err(InvalidBucket::Region);
        }
        if !is_word(settings.bucket, b"-.") {
            return Err(InvalidBucket::Bucket);
        }
        let is_visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_visible(settings.access_key_id)
            || settings.access_key_id.contains('/')
            || !is_visible(settings.secret_access_key)
        {
            return Err(InvalidBucket::Credentials);
        }
        let folder = [url.path().trim_matches('/'), settings.bucket];
        let folder: Vec<&str> = folder.into_iter().filter(|part| !part.is_empty()).collect();
        let path = if folder.is_empty() { "/".to_owned() } else { format!("/{}/", folder.join("/")) };
        Ok(Bucket {
            origin: format!("{scheme}://{host}"),
            host,
            path,
            credentials: Credentials {
                access_key_id: settings.access_key_id.to_owned(),
                secret: settings.secret_access_key.to_owned(),
                region: settings.region.to_owned(),
            },
            public: settings.public_url.parse()?,
            fetch,
        })
    }

    /// Where everybody reads the object.
    pub fn public_url(&self, key: &str) -> String {
        self.public.page(&sigv4::encoded_path(key))
    }

    /// Allows one object of this kind and size to be put under `key`, for as long as [`UPLOAD_SECONDS`].
    pub fn upload(&self, key: &str, content_type: &'static str, bytes: i64, at: Timestamp) -> Upload {
        let length = bytes.to_string();
        let headers = [("content-length", length.as_str()), ("content-type", content_type)];
        let url = self.presigned(&Method::PUT, key, &headers, at, UPLOAD_SECONDS);
        let expires_at = at.checked_add_millis(i64::from(UPLOAD_SECONDS).saturating_mul(1_000)).unwrap_or(at);
        Upload { url, headers: headers.map(|(name, value)| (name, value.to_owned())), expires_at }
    }

    /// What there is under `key`, with its first `head` bytes; `None` where there is nothing.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn look(&self, key: &str, head: usize, at: Timestamp) -> Result<Option<Object>, BucketError> {
        let range = HeaderValue::from_str(&format!("bytes=0-{}", head.saturating_sub(1))).ok();
        let answer = self.send(Method::GET, key, range.map(|range| (RANGE, range)), at).await?;
        let (parts, body) = answer.into_parts();
        match parts.status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {
                let bytes = size(parts.status, &parts.headers).ok_or(BucketError::Unreadable)?;
                let content_type = text(&parts.headers, &CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
                Ok(Some(Object { bytes, content_type: content_type.to_ascii_lowercase(), head: body }))
            }
            // Without the right to list, S3 answers 403 for what is not there.
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Ok(None),
            status => Err(BucketError::Status(status.as_u16())),
        }
    }

    /// Removes what is under `key`; nothing there is as good.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn remove(&self, key: &str, at: Timestamp) -> Result<(), BucketError> {
        let status = self.send(Method::DELETE, key, None, at).await?.status();
        if status.is_success() || status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(BucketError::Status(status.as_u16()))
    }

    async fn send(
        &self,
        method: Method,
        key: &str,
        header: Option<(HeaderName, HeaderValue)>,
        at: Timestamp,
    ) -> Result<http::Response<Bytes>, BucketError> {
        let mut request = http::Request::new(Bytes::new());
        let url = self.presigned(&method, key, &[], at, OWN_SECONDS);
        *request.uri_mut() = url.parse().map_err(|_| BucketError::Unreadable)?;
        *request.method_mut() = method;
        request.headers_mut().extend(header);
        // The reason may name the URL.
        self.fetch.send(request, LIMITS).await.map_err(|_| BucketError::Silent)
    }

    fn presigned(&self, method: &Method, key: &str, headers: &[(&str, &str)], at: Timestamp, seconds: u32) -> String {
        let path = sigv4::encoded_path(&format!("{}{key}", self.path));
        let request = Signable { method: method.as_str(), host: &self.host, path: &path, query: &[], headers };
        format!("{}{path}?{}", self.origin, presign(&self.credentials, &request, at, seconds))
    }
}

/// The size of the whole object: after the slash of `bytes 0-31/1234`, or the length of an answer with all of it.
fn size(status: StatusCode, headers: &HeaderMap) -> Option<i64> {
    let told = match status {
        StatusCode::PARTIAL_CONTENT => text(headers, &CONTENT_RANGE).rsplit('/').next()?,
        _ => text(headers, &CONTENT_LENGTH),
    };
    told.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::BoxFuture;
    use crate::port::fetch::FetchError;

    /// Answers everything alike, or nothing.
    struct Told(Option<(u16, Headers, &'static [u8])>);

    type Headers = &'static [(&'static str, &'static str)];

    impl Fetch for Told {
        fn send(&self, _: http::Request<Bytes>, _: Limits) -> BoxFuture<'_, Result<http::Response<Bytes>, FetchError>> {
            Box::pin(async move {
                let Some((status, headers, body)) = self.0 else {
                    return Err(FetchError::Connection("http://secret".to_owned()));
                };
                let mut answer = http::Response::builder().status(status);
                for (name, value) in headers {
                    answer = answer.header(*name, *value);
                }
                Ok(answer.body(Bytes::from_static(body)).unwrap())
            })
        }
    }

    const GOOD: Settings<'_> = Settings {
        endpoint: "https://account.r2.cloudflarestorage.com/",
        region: "auto",
        bucket: "media",
        access_key_id: "id",
        secret_access_key: "secret/+=",
        public_url: "https://cdn.example/files",
    };

    fn bucket(settings: &Settings<'_>, told: Told) -> Result<Bucket, InvalidBucket> {
        Bucket::new(settings, Arc::new(told))
    }

    #[test]
    fn an_upload_is_of_one_kind_and_size_under_one_key() {
        let upload = |endpoint, name| {
            let settings = Settings { endpoint, bucket: name, ..GOOD };
            let at = Timestamp::from_millis(1_795_512_600_000);
            bucket(&settings, Told(None)).unwrap().upload("org_1/a.png", "image/png", 1_234, at)
        };
        let one = upload(GOOD.endpoint, "media");
        let url = "https://account.r2.cloudflarestorage.com/media/org_1/a.png?X-Amz-Algorithm=";
        assert!(one.url.starts_with(url) && one.url.contains("X-Amz-Expires=900&"), "{}", one.url);
        assert!(!one.url.contains("secret"), "{}", one.url);
        let headers = [("content-length", "1234".to_owned()), ("content-type", "image/png".to_owned())];
        assert_eq!((one.headers, one.expires_at), (headers, Timestamp::from_millis(1_795_513_500_000)));
        for (endpoint, name, path) in [
            ("https://media.s3.amazonaws.com:443", "", "https://media.s3.amazonaws.com/org_1/"),
            ("http://127.0.0.1:9000/dev/", "media", "http://127.0.0.1:9000/dev/media/org_1/"),
        ] {
            let made = upload(endpoint, name).url;
            assert!(made.starts_with(path), "{made}");
        }
        let shown = bucket(&GOOD, Told(None)).unwrap().public_url("org_1/a.png");
        assert_eq!(shown, "https://cdn.example/files/org_1/a.png");
    }

    #[test]
    fn settings_that_lead_nowhere_are_named_and_not_shown() {
        let refused = |settings| bucket(&settings, Told(None)).err().unwrap();
        for endpoint in ["", "bucket", "http://s3.example", "https://u:secret@s3.example", "https://s3.example?x=1"] {
            assert_eq!(refused(Settings { endpoint, ..GOOD }), InvalidBucket::Endpoint, "{endpoint}");
        }
        assert_eq!(refused(Settings { region: "", ..GOOD }), InvalidBucket::Region);
        assert_eq!(refused(Settings { bucket: "a/b", ..GOOD }), InvalidBucket::Bucket);
        assert_eq!(refused(Settings { access_key_id: "a/b", ..GOOD }), InvalidBucket::Credentials);
        assert_eq!(refused(Settings { secret_access_key: "", ..GOOD }), InvalidBucket::Credentials);
        let shown = refused(Settings { public_url: "ftp://x", ..GOOD }).to_string();
        assert!(shown.starts_with("MEDIA_URL: expected an address"), "{shown}");
    }

    #[tokio::test]
    async fn what_is_there_is_told_with_its_size_kind_and_head() {
        let look = async |told| bucket(&GOOD, Told(told)).unwrap().look("k", 4, Timestamp::from_millis(0)).await;
        let object =
            |bytes, head| Object { bytes, content_type: "image/png".to_owned(), head: Bytes::from_static(head) };
        let part = [("content-range", "bytes 0-3/1234"), ("content-type", "image/PNG; x=y")];
        let part: &'static [_] = Box::leak(Box::new(part));
        assert_eq!(look(Some((206, part, b"\x89PNG"))).await, Ok(Some(object(1_234, b"\x89PNG"))));
        let whole: &'static [_] = &[("content-length", "2"), ("content-type", "image/png")];
        assert_eq!(look(Some((200, whole, b"ab"))).await, Ok(Some(object(2, b"ab"))));
        for status in [403, 404] {
            assert_eq!(look(Some((status, &[], b"<Error/>"))).await, Ok(None));
        }
        assert_eq!(look(Some((206, &[("content-range", "bytes 0-3/*")], b""))).await, Err(BucketError::Unreadable));
        assert_eq!(look(Some((503, &[], b""))).await, Err(BucketError::Status(503)));
        assert_eq!(look(None).await, Err(BucketError::Silent));
        assert_eq!(BucketError::Silent.to_string(), "the bucket does not answer");
    }
}
