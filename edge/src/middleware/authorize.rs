//! Who may call a route with a scope.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::{Role, Scope};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};

use super::request::RequestId;
use crate::app::{App, Ctx, Spent};
use crate::extract::MinVersion;
use crate::failure::Denied;
use crate::identity::{Bearer, Caller, Needed, external_caller};
use crate::limits::{Claims, Postponed, Revoked};
use crate::port::defer::Defer;
use crate::problem::Problem;

/// Puts a [`Ctx`] into the request, and lets no answer out before its caller is verified: a handler that
/// read nothing has verified nothing.
pub(super) async fn authorize(needed: Needed, app: Arc<App>, mut request: Request, next: Next) -> Response {
    let scope = needed.scope;
    let now = app.clock.now();
    let revoked = request.extensions().get::<Revoked>().copied().unwrap_or(Revoked::Before(None));
    let void_before = match revoked {
        Revoked::Before(moment) => moment,
        Revoked::Unknown => None,
    };
    let spent = request.extensions().get::<Arc<Spent>>().cloned().unwrap_or_default();
    let caller = match (bearer(request.headers()), publishable_key(request.headers())) {
        (Ok(token), Some(key)) => {
            external_caller(&app, &spent, (key, token), needed, void_before).await.map_err(Problem::from)
        }
        (Ok(text), None) => {
            let read = request.extensions().get::<Bearer>().cloned().or_else(|| Bearer::read(text));
            read.ok_or(Denied::BadCredentials)
                .and_then(|read| Caller::of_bearer(text, read, needed, void_before, now, &app))
                .map_err(Problem::from)
        }
        (Err(denied), _) => Err(Problem::from(denied)),
    };
    let caller = match caller {
        Ok(caller) => Arc::new(caller),
        Err(problem) => return problem.into_response(),
    };
    if revoked == Revoked::Unknown && caller.has_token() && is_privileged(scope, request.method()) {
        return Problem::sessions_unavailable().into_response();
    }
    let at_least = match (scope == Scope::CatalogWrite).then(|| MinVersion::of(request.headers())).transpose() {
        Ok(at_least) => at_least.and_then(|at_least| at_least.0),
        Err(problem) => return problem.into_response(),
    };
    let extensions = request.extensions_mut();
    let request_id = extensions.get::<RequestId>().map_or_else(|| Arc::from("none"), |id| Arc::clone(&id.0));
    let defer = extensions.get::<Arc<dyn Defer>>().cloned();
    let postponed = extensions.get::<Arc<Postponed>>().cloned();
    let claims = extensions.get::<Arc<Claims>>().cloned();
    let ctx = Ctx::new(app, caller, spent, now, request_id).deferring(defer).postponing(postponed).claiming(claims);
    // What the staff asks for has no cache that could be new enough, and is rarely asked for.
    extensions.insert(if at_least.is_some() { ctx.clone().reading_what_is_current() } else { ctx.clone() });

    // Files are large: a key that is not good shall not make us hold one.
    if scope == Scope::CatalogWrite
        && !request.method().is_safe()
        && let Err(halt) = ctx.principal().await
    {
        return Problem::from(halt).into_response();
    }
    let response = next.run(request).await;
    // A denial or an outage tells nothing of the tenant, and asking again would cost the same again: a database that
    // has just not answered is not asked a second time.
    let status = response.status();
    if status.is_server_error() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return response;
    }
    match ctx.principal().await {
        Ok(_) => response,
        Err(halt) => Problem::from(halt).into_response(),
    }
}

/// What a token that may have been revoked must not do while nobody can tell: change what is the merchant's.
pub fn is_privileged(scope: Scope, method: &Method) -> bool {
    !method.is_safe() && !Role::Customer.built_in_scopes().is_some_and(|scopes| scopes.contains(scope))
}

/// What says the tenant of another issuer's token. A header that is no text names no key, and is no key that is good.
pub(super) fn publishable_key(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-publishable-key").map(|value| value.to_str().unwrap_or_default())
}

/// Keys travel in a header and nowhere else: a query string ends up in logs.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Denied> {
    let header = headers.get(AUTHORIZATION).ok_or(Denied::NoCredentials)?;
    let text = header.to_str().map_err(|_| Denied::BadCredentials)?;
    let (scheme, key) = text.split_once(' ').ok_or(Denied::BadCredentials)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(key.trim()) } else { Err(Denied::BadCredentials) }
}
