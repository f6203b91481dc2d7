//! Who shows another issuer's token beside a publishable key.

use std::sync::Arc;

use headlesspro_shared::kernel::id::{ChannelId, IdentityProviderId};
use headlesspro_shared::kernel::locale::Locales;
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::notifications::BaseUrl;

use super::api_key::channel;
use super::provider::{LinkedRow, linked_of};
use super::tenant::{locales, storefront};
use crate::app::Tenant;
use crate::failure::Unavailable;
use crate::identity::KeyHash;
use crate::port::sql::{Row, Statement};

/// The key is good, the issuer is allowed, and the subject has an account.
const VERIFY: &str = "-- identity::verify_external
SELECT p.id AS provider_id, p.token_audiences, k.channel_id, s.currency, s.storefront_url, o.status AS organization_status,
  coalesce(s.locale, o.locale) AS locale, coalesce(s.locales, o.locales) AS locales, a.id, a.role, a.grants, a.state,
  (SELECT c.scopes FROM custom_role c WHERE c.organization_id = a.organization_id AND c.id = a.role) AS role_scopes,
  EXISTS (SELECT 1 FROM second_factor f WHERE f.organization_id = a.organization_id AND f.account_id = a.id
    AND f.confirmed_at IS NOT NULL) AS has_second_factor
FROM api_key k
JOIN store s ON s.id = k.store_id AND s.organization_id = k.organization_id AND s.status = 'active'
JOIN organization o ON o.id = k.organization_id
JOIN identity_provider p ON p.organization_id = k.organization_id AND p.issuer = ?5 AND p.removed_at IS NULL
JOIN external_identity x ON x.organization_id = k.organization_id AND x.issuer = p.issuer AND x.subject = ?6
JOIN account a ON a.id = x.account_id AND a.organization_id = k.organization_id
WHERE k.organization_id = ?1 AND k.store_id = ?2 AND k.secret_hash = ?3 AND k.kind = 'publishable'
  AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR ?4 < k.expires_at)";

/// Whom the token is about, if its issuer has signed it.
pub struct Found {
    pub provider: IdentityProviderId,
    pub audiences: Vec<String>,
    pub currency: Currency,
    pub storefront: Option<BaseUrl>,
    pub locales: Arc<Locales>,
    /// The key's.
    pub channel: Option<ChannelId>,
    pub account: LinkedRow,
}

/// The statement whose row [`found`] takes.
pub fn verify(tenant: Tenant, key: &KeyHash, (issuer, subject): (&str, &str), now: Timestamp) -> Statement {
    tenant.statement(VERIFY).bind(key.to_hex()).bind(now.millis()).bind(issuer).bind(subject)
}

/// # Errors
/// [`Unavailable`] when the row does not read back.
pub fn found(row: Row<'_>) -> Result<Found, Unavailable> {
    let audiences = serde_json::from_str(row.get("token_audiences")?);
    Ok(Found {
        provider: row.parse("provider_id")?,
        audiences: audiences.map_err(|_| Unavailable::Corrupt("a provider's token_audiences".to_owned()))?,
        currency: row.parse("currency")?,
        storefront: storefront(row)?,
        locales: locales(row)?,
        channel: channel(row)?,
        account: linked_of(row)?,
    })
}
