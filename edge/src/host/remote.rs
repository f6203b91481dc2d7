//! What the wasm hosts have in common: the database and Redis are behind URLs, and are reached by the
//! host's own outbound HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::response::IntoResponse;
use headlesspro_shared::limits::{InvalidLimits, Limits};
use headlesspro_shared::notifications::InvalidBaseUrl;
use headlesspro_shared::organizations::UnknownSignUp;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};

use crate::app::{App, InvalidSecrets, Secrets};
use crate::cache::{InvalidKeepingTime, KeepingTime};
use crate::port::blob::{Bucket, InvalidBucket, Settings};
use crate::port::clock::Clock;
use crate::port::entropy::HostEntropy;
use crate::port::fetch::Fetch;
use crate::port::fetch::tenants::TenantFetch;
use crate::port::kv::upstash::{InvalidUpstash, UpstashKv};
use crate::port::mailer::http::{HttpMailer, InvalidMailer};
use crate::port::purger::{Cdn, InvalidCdn};
use crate::port::shared_cache::SharedCache;
use crate::port::sql::directory::{Directory, InvalidDirectory};
use crate::port::sql::hrana::{HranaSql, HranaUrlError};
use crate::problem::Problem;

// The settings, by their names on Workers. Spin writes them in lower case.

/// `libsql://`, `https://` or `http://`: a Hrana server (Turso, sqld, `hp dev`).
pub const DATABASE_URL: &str = "DATABASE_URL";
pub const DATABASE_TOKEN: &str = "DATABASE_TOKEN";
/// Which organizations live in a database of their own, as [`Directory`] says. Secret: it holds tokens.
pub const DATABASE_DIRECTORY: &str = "DATABASE_DIRECTORY";
/// How many streams of each database an isolate keeps open between requests; 0, as when it is missing: none.
pub const DATABASE_STREAMS: &str = "DATABASE_STREAMS";
/// The REST URL of an Upstash database, or of `hp dev`.
pub const REDIS_URL: &str = "REDIS_URL";
pub const REDIS_TOKEN: &str = "REDIS_TOKEN";
/// Where mails are handed over: a provider's HTTP API, as [`HttpMailer`] says. Without it and `MAIL_FROM` they stay
/// queued.
pub const MAIL_URL: &str = "MAIL_URL";
pub const MAIL_TOKEN: &str = "MAIL_TOKEN";
/// The sender: an address, or a name with one in angle brackets.
pub const MAIL_FROM: &str = "MAIL_FROM";
/// Where files are kept: S3, R2 or whatever speaks their protocol. Without `MEDIA_ACCESS_KEY_ID` there are none.
pub const MEDIA_ENDPOINT: &str = "MEDIA_ENDPOINT";
/// `auto` for R2, as when it is missing.
pub const MEDIA_REGION: &str = "MEDIA_REGION";
/// Empty where the endpoint names it.
pub const MEDIA_BUCKET: &str = "MEDIA_BUCKET";
pub const MEDIA_ACCESS_KEY_ID: &str = "MEDIA_ACCESS_KEY_ID";
pub const MEDIA_SECRET_ACCESS_KEY: &str = "MEDIA_SECRET_ACCESS_KEY";
/// Where everybody reads the bucket's objects.
pub const MEDIA_URL: &str = "MEDIA_URL";
/// What differs from the default [`Limits`], as their text.
pub const RATE_LIMITS: &str = "RATE_LIMITS";

/// What wraps the organizations' data keys: `id:key,id:key`, the first is current.
pub const MASTER_KEYS: &str = "MASTER_KEYS";
/// What e-mail addresses are found by, and refresh tokens known by. Never changes.
pub const LOOKUP_KEY: &str = "LOOKUP_KEY";
/// How passwords are hashed: `$argon2id$v=19$m=19456,t=2,p=1`, or `$pbkdf2-sha256$i=N` for a host that has not the
/// CPU time, with as many rounds N as it has time for.
pub const PASSWORD_HASHING: &str = "PASSWORD_HASHING";
/// The `iss` of access tokens: the origin that the API is reached at.
pub const ISSUER: &str = "ISSUER";
/// Where the links in mails lead; to the issuer unless it is set.
pub const STOREFRONT_URL: &str = "STOREFRONT_URL";
/// Origins with commas between that tenants may name as identity providers although they are private or plain http.
pub const PRIVATE_ISSUERS: &str = "PRIVATE_ISSUERS";
/// Origins with commas between that stores may name as providers of taxes and shipping rates although they are private or
/// plain http.
pub const PRIVATE_PROVIDERS: &str = "PRIVATE_PROVIDERS";
/// Where Stripe's API is, for tests: <https://api.stripe.com> when it is missing. Called as the providers above are.
pub const STRIPE_URL: &str = "STRIPE_URL";
/// `open`: anybody may found an organization; `closed`, as when it is missing: the operator does.
pub const SIGN_UP: &str = "SIGN_UP";

/// How long an isolate shows what it has read of a catalog, at most: 0 to 60 seconds; 10 when it is missing.
pub const CATALOG_CACHE_SECONDS: &str = "CATALOG_CACHE_SECONDS";

/// On Workers alone. `yes`: Redis is told of each write of a catalog, for isolates of Spin on the same database and
/// Redis, who tell each other anyway.
pub const TELL_SPIN: &str = "TELL_SPIN";

/// The CDN in front that is told what to take back, as [`Cdn`] says.
pub const CDN: &str = "CDN";
pub const CDN_TOKEN: &str = "CDN_TOKEN";

/// Every setting there is, for a host that cannot look one up by its name alone.
#[cfg(target_os = "wasi")]
pub const SETTINGS: [&str; 28] = [
    DATABASE_URL,
    DATABASE_TOKEN,
    DATABASE_DIRECTORY,
    DATABASE_STREAMS,
    REDIS_URL,
    REDIS_TOKEN,
    MAIL_URL,
    MAIL_TOKEN,
    MAIL_FROM,
    MEDIA_ENDPOINT,
    MEDIA_REGION,
    MEDIA_BUCKET,
    MEDIA_ACCESS_KEY_ID,
    MEDIA_SECRET_ACCESS_KEY,
    MEDIA_URL,
    RATE_LIMITS,
    MASTER_KEYS,
    LOOKUP_KEY,
    PASSWORD_HASHING,
    ISSUER,
    STOREFRONT_URL,
    PRIVATE_ISSUERS,
    PRIVATE_PROVIDERS,
    STRIPE_URL,
    SIGN_UP,
    CATALOG_CACHE_SECONDS,
    CDN,
    CDN_TOKEN,
];

/// Why the service cannot be built. Names settings, never the values of those that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum Misconfigured {
    #[error("the setting {0} is missing")]
    Missing(&'static str),
    #[error("DATABASE_STREAMS must be a whole number: how many streams of a database an isolate keeps open")]
    Streams,
    #[error("DATABASE_URL or DATABASE_TOKEN: {0}")]
    Database(#[from] HranaUrlError),
    #[error("DATABASE_DIRECTORY: {0}")]
    Directory(#[from] InvalidDirectory),
    #[error(transparent)]
    Secrets(#[from] InvalidSecrets),
    #[error("REDIS_URL or REDIS_TOKEN: {0}")]
    Redis(#[from] InvalidUpstash),
    #[error(transparent)]
    Mail(#[from] InvalidMailer),
    #[error(transparent)]
    Media(#[from] InvalidBucket),
    #[error("STOREFRONT_URL: {0}")]
    Storefront(#[from] InvalidBaseUrl),
    #[error("RATE_LIMITS: {0}")]
    RateLimits(#[from] InvalidLimits),
    #[error("SIGN_UP: {0}")]
    SignUp(#[from] UnknownSignUp),
    #[error("CATALOG_CACHE_SECONDS: {0}")]
    Cache(#[from] InvalidKeepingTime),
    #[error("TELL_SPIN must be yes or no")]
    TellSpin,
    #[error(transparent)]
    Cdn(#[from] InvalidCdn),
    /// On Spin alone.
    #[cfg(target_os = "wasi")]
    #[error("CLIENT_ADDRESS_HEADER is not the name of a header")]
    AddressHeader,
}

/// The application over a host's ports, and its router. `setting` answers a setting by its name; a token may be
/// missing (a server on this machine wants none) and so may the directory, the rate limits and the mail provider,
/// another URL may not.
pub fn service(
    setting: impl Fn(&str) -> Option<String>,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    shared_cache: Option<Arc<dyn SharedCache>>,
) -> Result<(Router, Arc<App>), Misconfigured> {
    let wanted = |name| setting(name).filter(|value| !value.is_empty()).ok_or(Misconfigured::Missing(name));
    let streams = match setting(DATABASE_STREAMS).filter(|value| !value.is_empty()) {
        None => 0,
        Some(value) => value.parse().map_err(|_| Misconfigured::Streams)?,
    };
    let open = |url: &str, token: Option<&str>| {
        let sql = HranaSql::new(url, token, Arc::clone(&fetch))?;
        Ok(sql.keeping_streams(streams, Arc::clone(&clock)))
    };
    let first = open(&wanted(DATABASE_URL)?, setting(DATABASE_TOKEN).as_deref())?;
    let directory: Directory = setting(DATABASE_DIRECTORY).unwrap_or_default().parse()?;
    let databases = directory.open(first, &clock, open)?;
    let kv = UpstashKv::new(Arc::clone(&fetch), &wanted(REDIS_URL)?, &setting(REDIS_TOKEN).unwrap_or_default())?;
    let limits: Limits = setting(RATE_LIMITS).unwrap_or_default().parse()?;
    super::log::install();
    let secrets = Secrets::from_settings(
        &wanted(MASTER_KEYS)?,
        &wanted(LOOKUP_KEY)?,
        setting(ISSUER),
        setting(PASSWORD_HASHING),
    )?;
    let mut app = App::new(databases, Arc::new(kv), clock, Arc::new(HostEntropy), secrets).with_limits(limits);
    if let (Ok(url), Ok(from)) = (wanted(MAIL_URL), wanted(MAIL_FROM)) {
        let mailer = HttpMailer::new(&url, &setting(MAIL_TOKEN).unwrap_or_default(), &from, Arc::clone(&fetch))?;
        app = app.with_mailer(Arc::new(mailer));
    }
    if let Ok(cdn) = wanted(CDN) {
        let cdn: Cdn = cdn.parse()?;
        app = app.with_cdn(cdn.purger(&setting(CDN_TOKEN).unwrap_or_default(), Arc::clone(&fetch))?);
    }
    if let Ok(access_key_id) = wanted(MEDIA_ACCESS_KEY_ID) {
        let settings = Settings {
            endpoint: &wanted(MEDIA_ENDPOINT)?,
            region: &wanted(MEDIA_REGION).unwrap_or_else(|_| "auto".to_owned()),
            bucket: &setting(MEDIA_BUCKET).unwrap_or_default(),
            access_key_id: &access_key_id,
            secret_access_key: &wanted(MEDIA_SECRET_ACCESS_KEY)?,
            public_url: &wanted(MEDIA_URL)?,
        };
        app = app.with_media(Bucket::new(&settings, Arc::clone(&fetch))?);
    }
    let private = |name| TenantFetch::new(Arc::clone(&fetch), &setting(name).unwrap_or_default());
    app = app.with_tenant_fetch(private(PRIVATE_ISSUERS)).with_provider_fetch(private(PRIVATE_PROVIDERS));
    if let Ok(url) = wanted(STRIPE_URL) {
        url.trim_end_matches('/').clone_into(&mut app.stripe_url);
    }
    if let Ok(url) = wanted(STOREFRONT_URL) {
        app = app.with_storefront(url.parse()?);
    }
    if let Ok(sign_up) = wanted(SIGN_UP) {
        app = app.with_sign_up(sign_up.parse()?);
    }
    if let Ok(seconds) = wanted(CATALOG_CACHE_SECONDS) {
        let KeepingTime(time) = seconds.parse()?;
        app = app.keeping_answers_for(time);
    }
    app = match (shared_cache, setting(TELL_SPIN).as_deref()) {
        (None, _) => app.sharing_pages(),
        (Some(cache), Some("yes")) => app.with_shared_cache(cache).telling_of_writes(),
        (Some(cache), None | Some("" | "no")) => app.with_shared_cache(cache),
        (Some(_), Some(_)) => return Err(Misconfigured::TellSpin),
    };
    let app = Arc::new(app);
    Ok((crate::routes::router(Arc::clone(&app)), app))
}

/// The answer while the settings are wrong. The detail is for whoever deploys.
pub fn misconfigured(reason: &Misconfigured) -> Response<Body> {
    outside_the_router(Problem::misconfigured(reason))
}

/// A problem that the router's own layers have not seen, and so without a request id.
pub fn outside_the_router(problem: Problem) -> Response<Body> {
    let body = problem.render("");
    let mut response = problem.into_response();
    *response.body_mut() = Body::from(body);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// Puts the target in origin form (`/path?query`) and the host's name in `Host`, as HTTP/1.1 has them, so
/// that the router sees the same request on every host.
pub fn in_origin_form(request: &mut Request<Body>) {
    let authority = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let (false, Some(authority)) = (request.headers().contains_key(header::HOST), authority) {
        request.headers_mut().insert(header::HOST, authority);
    }
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = target.map_or_else(Uri::default, Uri::from);
}

/// Takes away the length of 0 that axum gives to every empty answer, from those that have no body by
/// definition (RFC 9110, 8.6): a 304 would contradict the 200 it stands for.
pub fn without_stray_length(response: &mut Response<Body>) {
    if is_bodyless(response.status()) && response.body().is_end_stream() {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
}

/// Statuses that never have a body.
pub fn is_bodyless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}
