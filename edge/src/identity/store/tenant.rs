//! What every credential's row says of its tenant.

use std::sync::Arc;

use headlesspro_shared::kernel::locale::Locales;
use headlesspro_shared::notifications::BaseUrl;
use headlesspro_shared::organizations::OrganizationStatus;

use crate::failure::{Denied, Halt};
use crate::port::sql::{Row, SqlError};

/// Where the store's links lead, if it says.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn storefront(row: Row<'_>) -> Result<Option<BaseUrl>, SqlError> {
    match row.get::<Option<&str>>("storefront_url")? {
        None => Ok(None),
        Some(_) => row.parse("storefront_url").map(Some),
    }
}

/// The store's locales, of the columns `locale` and `locales`.
///
/// # Errors
/// [`SqlError::Statement`] when the row is of another shape.
pub fn locales(row: Row<'_>) -> Result<Arc<Locales>, SqlError> {
    Ok(Arc::new(Locales::new(row.parse("locale")?, row.parse("locales")?)))
}

/// Whose organization does business.
///
/// # Errors
/// [`Halt`]: denied where it does not.
pub fn open_only(row: Row<'_>) -> Result<(), Halt> {
    match row.parse("organization_status")? {
        OrganizationStatus::Active => Ok(()),
        status @ (OrganizationStatus::Suspended | OrganizationStatus::Closed) => {
            Err(Halt::Denied(Denied::Shut(status)))
        }
    }
}
