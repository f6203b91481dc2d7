//! Every change that was made stands in the audit log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use headlesspro_edge::port::sql::Statement;
use headlesspro_edge::routes::Route;
use http::Method;

use crate::app::Stage;
use crate::client::Answer;

/// Routes that leave no row, each with its reason.
const UNLOGGED: [(&str, &str); 24] = [
    ("POST /api/v1/cart", CART),
    ("POST /api/v1/cart/{id}/items", CART),
    ("PATCH /api/v1/cart/{id}/items/{variantId}", CART),
    ("DELETE /api/v1/cart/{id}/items/{variantId}", CART),
    ("PUT /api/v1/cart/{id}/codes", CART),
    ("POST /api/v1/auth/refresh", "goes on with a session whose beginning has a row"),
    ("POST /oauth/token", "a token of an app whose registration has a row"),
    ("POST /oauth/introspect", "asks"),
    ("POST /api/v1/promotions/{id}/preview", "asks"),
    ("POST /api/v1/gift-cards/lookup", "asks"),
    ("POST /api/v1/shipping-rates", "asks"),
    ("POST /api/v1/fraud-settings/preview", "asks"),
    ("POST /api/v1/auth/passkeys/login-options", BEGINS),
    ("POST /api/v1/auth/passkeys/registration-options", BEGINS),
    ("POST /api/v1/auth/providers/{id}/begin", BEGINS),
    ("POST /api/v1/auth/providers/{id}/link", BEGINS),
    ("POST /api/v1/checkouts/{id}/payment", "asks: what comes of it has a row"),
    ("POST /api/v1/jobs/payments", JOB),
    ("POST /api/v1/jobs/mail", JOB),
    ("POST /api/v1/jobs/files", JOB),
    ("POST /api/v1/jobs/lists", JOB),
    ("POST /api/v1/jobs/purges", JOB),
    ("POST /api/v1/jobs/bulk", JOB),
    ("POST /oauth/revoke", "the example's token is nobody's: nothing is voided"),
];

/// Beside every PATCH: what can be asked for that is so already, and changes nothing then.
const MAY_CHANGE_NOTHING: [&str; 4] = [
    "POST /api/v1/imports",
    "POST /api/v1/admin/bulk/upserts/{id}/finish",
    "POST /api/v1/stores/{id}/health",
    "PUT /api/v1/price-settings",
];

const CART: &str = "carts are in Redis alone, and gone in days";
const BEGINS: &str = "changes nothing until it is finished, which has a row";
const JOB: &str = "does what was asked for by others, whose requests have rows";

/// Requests that were answered as done, by their routes.
#[derive(Default)]
pub struct Done(Mutex<BTreeMap<String, Vec<String>>>);

impl Done {
    pub fn note(&self, route: &Route, answer: &Answer) {
        if route.method != Method::GET && (200..300).contains(&answer.status) {
            let request = answer.the("x-request-id").to_owned();
            self.0.lock().unwrap().entry(format!("{} {}", route.method, route.path)).or_default().push(request);
        }
    }

    /// Answers how many of them stand in the log: all but those of [`UNLOGGED`], and changes that change nothing.
    pub async fn are_logged(&self, stage: &Stage) -> usize {
        let rows = stage.sql().read(vec![Statement::new("SELECT DISTINCT request_id FROM audit_log")]).await.unwrap();
        let logged: BTreeSet<String> =
            rows[0].iter().map(|row| row.get::<&str>("request_id").unwrap().to_owned()).collect();
        let (mut count, mut failures) = (0, Vec::new());
        for (route, requests) in self.0.lock().unwrap().iter() {
            let found = requests.iter().filter(|request| logged.contains(*request)).count();
            let is_exception = UNLOGGED.iter().any(|(name, _)| name == route);
            let may_change_nothing = route.starts_with("PATCH ") || MAY_CHANGE_NOTHING.contains(&route.as_str());
            let is_as_agreed = match (is_exception, may_change_nothing) {
                (true, _) => found == 0,
                (false, true) => 0 < found,
                (false, false) => found == requests.len(),
            };
            if !is_as_agreed {
                failures.push(format!("{route}: {found} of {} are in the log", requests.len()));
            }
            count += found;
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        count
    }
}
