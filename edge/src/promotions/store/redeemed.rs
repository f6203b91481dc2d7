//! Redemptions, as the staff sees them.

use headlesspro_shared::kernel::id::{OrderId, PromotionCodeId, PromotionId};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use headlesspro_shared::promotions::Code;

use super::newest_behind;
use crate::app::Tenant;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const LIST: &str = "-- promotions::redemptions
SELECT r.order_id, r.code_id, r.code, r.currency, r.amount_minor, r.redeemed_at FROM promotion_redemption r
WHERE r.organization_id = ?1 AND +r.store_id = ?2 AND r.promotion_id = ?3 AND r.order_id < ?4
ORDER BY r.order_id DESC LIMIT ?5";

/// A redemption as it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    pub order: OrderId,
    /// With its text: the code may be gone.
    pub code: Option<(PromotionCodeId, Code)>,
    pub amount: Money,
    pub at: Timestamp,
}

/// The statement whose rows [`redemptions_of`] takes: the newest first, those of orders behind the id `behind`.
pub fn redemptions(tenant: Tenant, promotion: PromotionId, behind: &str, limit: i64) -> Statement {
    newest_behind(tenant.statement(LIST).bind(promotion.to_string()), behind, limit)
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn redemptions_of(rows: &Rows) -> Result<Vec<Redeemed>, SqlError> {
    let of = |row: Row<'_>| {
        let code = row.get::<Option<&str>>("code_id")?;
        Ok(Redeemed {
            order: row.parse("order_id")?,
            code: code.map(|_| Ok::<_, SqlError>((row.parse("code_id")?, row.parse("code")?))).transpose()?,
            amount: Money::new(row.get("amount_minor")?, row.parse("currency")?),
            at: Timestamp::from_millis(row.get("redeemed_at")?),
        })
    };
    rows.iter().map(of).collect()
}
