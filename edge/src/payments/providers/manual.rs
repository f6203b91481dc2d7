//! The merchant's own word: what is said is so.

use headlesspro_shared::kernel::id::RefundId;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::payments::{Capabilities, RefundState, Report, Standing, Sums};
use http::HeaderMap;

use super::{Call, Means, NoAnswer, NotAuthentic, Provider, RefundSaid, Said, Told};
use crate::port::BoxFuture;

/// Knows of a payment what we do.
pub struct Manual(pub Sums);

impl Manual {
    fn said<'a>(&self, call: &Call, standing: Standing, captured: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        let authorized = self.0.authorized;
        let report = Report { standing, amount: call.amount.minor(), authorized, captured };
        let said = Said { reference: Some(call.payment.to_string()), report, action: None, declined_for: None };
        Box::pin(async move { Ok(said) })
    }
}

impl Provider for Manual {
    fn capabilities(&self) -> Capabilities {
        Capabilities { captures_less: false, ..Capabilities::ALL }
    }

    fn create<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.fetch(call)
    }

    fn confirm<'a>(&'a self, call: &'a Call, _: &'a Means, _: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.fetch(call)
    }

    fn capture<'a>(&'a self, call: &'a Call, amount: i64) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.said(call, Standing::Captured, amount)
    }

    fn void<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        self.said(call, Standing::Cancelled, 0)
    }

    fn refund<'a>(&'a self, _: &'a Call, _: RefundId, _: i64) -> BoxFuture<'a, Result<RefundSaid, NoAnswer>> {
        Box::pin(async { Ok(RefundSaid { state: RefundState::Succeeded, reference: None, failed_for: None }) })
    }

    fn fetch<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Said, NoAnswer>> {
        let standing = match (self.0.captured, self.0.is_over) {
            (1.., _) => Standing::Captured,
            (_, true) => Standing::Cancelled,
            (_, false) => Standing::Authorized,
        };
        self.said(call, standing, self.0.captured)
    }

    /// Nobody else tells anything of it.
    fn parse_webhook(&self, _: &HeaderMap, _: &[u8], _: Timestamp) -> Result<Told, NotAuthentic> {
        Err(NotAuthentic::Body)
    }
}
