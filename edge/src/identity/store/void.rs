//! The table `token_void`: which tokens are void before they end. Triggers write most of it, in the commit that ends a
//! session, changes what an account may, or revokes an app.

use std::sync::Arc;

use headlesspro_shared::identity::VOID_SECONDS;
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Map, Value as Json};

use crate::app::Tenant;
use crate::port::sql::{Row, SqlError, Statement};

const VOID: &str = "-- identity::void_token
INSERT INTO token_void (organization_id, subject, void_before, created_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (organization_id, subject) DO UPDATE
SET void_before = max(void_before, excluded.void_before), created_at = max(created_at, excluded.created_at)";

/// An organization's: moments, in milliseconds, by whom the tokens are of.
#[derive(Debug, Clone, Default)]
pub struct Voids(Arc<Map<String, Json>>);

impl Voids {
    /// The moment before which tokens of any of these are void.
    pub fn before(&self, subjects: &[String]) -> Option<Timestamp> {
        let moments = subjects.iter().filter_map(|subject| self.0.get(subject));
        // What does not read back voids everything.
        moments.map(|moment| Timestamp::from_millis(moment.as_i64().unwrap_or(i64::MAX))).max()
    }
}

/// A moment in milliseconds: tokens that were issued before have ended by themselves at `now`.
pub fn alive_since(now: Timestamp) -> i64 {
    now.millis().saturating_sub(VOID_SECONDS.saturating_mul(1_000))
}

/// The column `voids` of a row. `None`: there are more than such an answer holds, so each token is asked for.
///
/// # Errors
/// [`SqlError::Statement`] when the row has none.
pub fn voids(row: Row<'_>) -> Result<Option<Voids>, SqlError> {
    let Some(text) = row.get::<Option<&str>>("voids")? else { return Ok(None) };
    Ok(serde_json::from_str(text).ok().map(|voids| Voids(Arc::new(voids))))
}

/// Voids the tokens of a subject that were issued until now: of a service, or one alone by the hash of its text.
pub fn void(tenant: Tenant, subject: &str, now: Timestamp) -> Statement {
    Statement::new(VOID)
        .bind(tenant.organization.to_string())
        .bind(subject)
        .bind(now.millis().saturating_add(1))
        .bind(now.millis())
}
