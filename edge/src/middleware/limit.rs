//! The gate before each route that needs one: rate limits, then authorization.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{ApiKeyClaim, KeyKind};
use headlesspro_shared::limits::{Class, Standing};
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::authorize::{authorize, bearer, publishable_key};
use crate::app::{App, Spent, Tenant};
use crate::cache::pages::{Address, Found, Page};
use crate::identity::{Bearer, Countable, KeyHash, Needed, countable};
use crate::limits::{Admission, Claims, ClientAddress, Postponed};
use crate::port::defer::Defer;
use crate::problem::Problem;

// As in draft-ietf-httpapi-ratelimit-headers-06, the last draft with these three.
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How the requests of a route are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    pub class: Class,
    /// By the use case, in the round trip of a question of its own
    /// ([`Ctx::decide_first`](crate::app::Ctx::decide_first)).
    pub is_postponed: bool,
    /// Whether isolates share the answers, where the host has no cache for that.
    pub is_kept: bool,
}

/// What a route's requests go through. One layer for both: each costs as much as a step of the work itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// `None`: they are not counted.
    pub counting: Option<Counting>,
    /// `None`: anyone may call.
    pub needed: Option<Needed>,
}

pub async fn gate(
    State(gate): State<Gate>,
    Extension(app): Extension<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    match gate.counting {
        Some(counting) => limit(counting, gate.needed, app, request, next).await,
        None => serve(gate.needed, app, request, next).await,
    }
}

async fn serve(needed: Option<Needed>, app: Arc<App>, request: Request, next: Next) -> Response {
    match needed {
        Some(needed) => authorize(needed, app, request, next).await,
        None => next.run(request).await,
    }
}

/// Counts the request, and answers it with 429 where a limit is reached. What Redis said of the caller's
/// credentials in the same round trip is in the request's extensions as [`Revoked`](crate::limits::Revoked).
async fn limit(
    counting: Counting,
    needed: Option<Needed>,
    app: Arc<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let (claims, bearer) = claims(counting.class, &request, &app);
    if let Some(bearer) = bearer {
        request.extensions_mut().insert(bearer);
    }
    // Who writes may have guessed.
    if counting.class == Class::Write {
        request.extensions_mut().insert(Arc::new(claims.clone()));
    }
    let spent = request.extensions().get::<Arc<Spent>>().cloned().unwrap_or_default();
    let defer = request.extensions().get::<Arc<dyn Defer>>().cloned();
    let refusal = |admission: &Admission| {
        let refused = admission.decision.refused;
        refused.map(|(subject, wait)| Problem::rate_limited(subject, wait.seconds()).into_response())
    };
    // Whose credentials may have been revoked is asked for first.
    let (admission, mut response) = if counting.is_postponed && claims.revocations.is_empty() {
        let postponed = Arc::new(Postponed::new(claims));
        request.extensions_mut().insert(Arc::clone(&postponed));
        let response = serve(needed, Arc::clone(&app), request, next).await;
        let admission = postponed.settle(app.limiter(), &*app.kv, &*app.clock).await;
        (admission, refusal(&admission).unwrap_or(response))
    } else {
        let address = address(counting, &request, &app);
        let keys = address.as_ref().map(|(address, _)| address.keys());
        let keys = keys.as_ref().map_or(&[][..], |keys| keys.as_slice());
        let (admission, values) = app.limiter().admit_reading(&*app.kv, &*app.clock, &claims, keys).await;
        if let Some((address, (hash, tenant))) = address {
            let mut found = Found::NotAsked;
            if !values.is_empty() {
                let ((_, kept_for), now) = (app.answers(), app.clock.now());
                let page = Page::of_values(values, &address, &app.vault.lookup, now, kept_for);
                if let Some(page) = &page {
                    app.verifier().borrow(hash, tenant, &page.credential, now);
                }
                found = Found::Asked(page.map(Arc::new));
            }
            request.extensions_mut().insert((Arc::new(address), found));
        }
        request.extensions_mut().insert(admission.revoked);
        match refusal(&admission) {
            Some(refusal) => (admission, refusal),
            None => (admission, serve(needed, Arc::clone(&app), request, next).await),
        }
    };
    spent.add_kv(admission.round_trips);
    probe(app, defer.as_ref()).await;
    if !is_for_everybody(response.headers()) {
        tell(response.headers_mut(), admission.decision.standing);
    }
    response
}

/// The key that is shown, and whose it says to be.
type Shown = (KeyHash, Tenant);

/// Where isolates share the answer to the request, of whoever shows a publishable key.
fn address(counting: Counting, request: &Request, app: &App) -> Option<(Address, Shown)> {
    if !counting.is_kept || !app.shares_pages() || publishable_key(request.headers()).is_some() {
        return None;
    }
    let text = bearer(request.headers()).ok()?;
    let claim: ApiKeyClaim = text.parse().ok().filter(|claim: &ApiKeyClaim| claim.kind == KeyKind::Publishable)?;
    let tenant = Tenant { organization: claim.organization, store: claim.store };
    let hash = request.extensions().get::<Bearer>()?.hash();
    let target = request.uri().path_and_query()?.as_str();
    let languages = request.headers().get_all(ACCEPT_LANGUAGE).iter().map(|line| line.to_str().ok());
    let languages = languages.collect::<Option<Vec<_>>>()?.join(",");
    let address = Address::of((tenant.organization, tenant.store), &hash.to_hex(), target, &languages);
    Some((address, (hash, tenant)))
}

/// By what can be said without asking anybody: where it comes from, and a credential, good or not; with what was
/// read of it.
fn claims(class: Class, request: &Request, app: &App) -> (Claims, Option<Bearer>) {
    let address = request.extensions().get::<ClientAddress>().copied();
    let beside = publishable_key(request.headers());
    let text = bearer(request.headers()).ok();
    match text.and_then(|text| countable(text, beside, app.clock.now(), app.verifier())) {
        None => {
            let (caller, organization, revocations) = (None, None, Vec::new());
            (Claims { class, address, caller, organization, revocations, is_renewable: false }, None)
        }
        Some(Countable { bearer, payer, organization, revocations, is_renewable }) => {
            (Claims { class, address, caller: Some(payer), organization, revocations, is_renewable }, Some(bearer))
        }
    }
}

/// After the response where the host can: the one who asks whether Redis is back must not wait for it.
async fn probe(app: Arc<App>, defer: Option<&Arc<dyn Defer>>) {
    if !app.limiter().is_probe_due(app.clock.now()) {
        return;
    }
    let probe = Box::pin(async move { app.limiter().probe(&*app.kv).await });
    match defer {
        Some(defer) => defer.defer(probe),
        None => probe.await,
    }
}

/// A shared cache would tell one caller's numbers to another.
fn is_for_everybody(headers: &HeaderMap) -> bool {
    let directives = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    directives.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("public"))
}

fn tell(headers: &mut HeaderMap, standing: Standing) {
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(standing.reset_seconds));
}
