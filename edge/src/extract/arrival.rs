//! What a request brings along that shows no key.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::app::Spent;
use crate::limits::{ClientAddress, Postponed};
use crate::middleware::RequestId;
use crate::port::defer::Defer;

/// For a handler that finds out itself who is calling: [`Ctx::of_arrival`](crate::app::Ctx::of_arrival) makes the
/// request's context of it.
#[derive(Clone)]
pub struct Arrival {
    pub spent: Arc<Spent>,
    pub request_id: Arc<str>,
    pub defer: Option<Arc<dyn Defer>>,
    /// Limits that are still to be asked for.
    pub postponed: Option<Arc<Postponed>>,
    /// As far as the platform tells.
    pub address: Option<ClientAddress>,
}

impl<S: Sync> FromRequestParts<S> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Arrival, Infallible> {
        let extensions = &parts.extensions;
        Ok(Arrival {
            spent: extensions.get::<Arc<Spent>>().cloned().unwrap_or_default(),
            request_id: extensions.get::<RequestId>().map_or_else(|| Arc::from("none"), |id| Arc::clone(&id.0)),
            defer: extensions.get::<Arc<dyn Defer>>().cloned(),
            postponed: extensions.get::<Arc<Postponed>>().cloned(),
            address: extensions.get::<ClientAddress>().copied(),
        })
    }
}
