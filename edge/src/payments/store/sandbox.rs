//! The table `sandbox_payment`: what another provider would keep.

use headlesspro_shared::kernel::id::{OrganizationId, PaymentId, RefundId};
use headlesspro_shared::payments::Standing;
use serde_json::{Map, Value};

use crate::extract::stored_in;
use crate::port::sql::{Row, Rows, SqlError, Statement};

const FIND: &str = "-- payments::sandboxed
SELECT s.amount_minor, s.standing, s.becomes, s.authorized_minor, s.captured_minor, s.charges, s.token, s.attempt, s.refunds
FROM sandbox_payment s WHERE s.organization_id = ?1 AND s.id = ?2";

/// An attempt is made once, and only while nothing has come of another.
const TRY: &str = "-- payments::try_in_sandbox
INSERT INTO sandbox_payment (organization_id, id, amount_minor, standing, becomes, authorized_minor, captured_minor,
  charges, token, attempt)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (organization_id, id) DO UPDATE SET standing = excluded.standing, becomes = excluded.becomes,
  authorized_minor = excluded.authorized_minor, captured_minor = excluded.captured_minor,
  charges = sandbox_payment.charges + excluded.charges, token = excluded.token, attempt = excluded.attempt
WHERE sandbox_payment.organization_id = ?1 AND sandbox_payment.attempt < excluded.attempt
  AND sandbox_payment.standing IN ('open', 'declined')";

/// From what it was to what it becomes, once.
const TURN: &str = "-- payments::turn_in_sandbox
UPDATE sandbox_payment SET standing = ?4, becomes = NULL, authorized_minor = ?5, captured_minor = ?6, charges = ?7
WHERE organization_id = ?1 AND id = ?2 AND standing = ?3";

const REFUND: &str = "-- payments::refund_in_sandbox
UPDATE sandbox_payment SET refunds = json_set(refunds, '$.' || ?3, ?4)
WHERE organization_id = ?1 AND id = ?2 AND standing = 'captured'";

/// A payment as the sandbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandboxed {
    pub amount: i64,
    pub standing: Standing,
    /// What comes of it when somebody looks the next time.
    pub becomes: Option<Standing>,
    pub authorized: i64,
    pub captured: i64,
    /// How often money was taken.
    pub charges: i64,
    pub token: String,
    pub attempt: i64,
    pub refunds: Map<String, Value>,
}

/// The statement whose rows [`sandboxed_of`] takes.
pub fn find(organization: OrganizationId, id: PaymentId) -> Statement {
    Statement::new(FIND).bind(organization.to_string()).bind(id.to_string())
}

/// # Errors
/// [`SqlError::Statement`] when a row is of another shape.
pub fn sandboxed_of(rows: Option<&Rows>) -> Result<Option<Sandboxed>, SqlError> {
    let of = |row: Row<'_>| {
        let standing = |text: &str| {
            ALL.into_iter()
                .find(|standing| name(*standing) == text)
                .ok_or_else(|| SqlError::Statement("a standing in the sandbox".to_owned()))
        };
        Ok(Sandboxed {
            amount: row.get("amount_minor")?,
            standing: standing(row.get("standing")?)?,
            becomes: row.get::<Option<&str>>("becomes")?.map(standing).transpose()?,
            authorized: row.get("authorized_minor")?,
            captured: row.get("captured_minor")?,
            charges: row.get("charges")?,
            token: row.get::<&str>("token")?.to_owned(),
            attempt: row.get("attempt")?,
            refunds: stored_in(row, "refunds")?,
        })
    };
    rows.and_then(Rows::first).map(of).transpose()
}

pub fn attempt(organization: OrganizationId, id: PaymentId, is: &Sandboxed) -> Statement {
    Statement::new(TRY)
        .bind(organization.to_string())
        .bind(id.to_string())
        .bind(is.amount)
        .bind(name(is.standing))
        .bind(is.becomes.map(name))
        .bind(is.authorized)
        .bind(is.captured)
        .bind(is.charges)
        .bind(is.token.as_str())
        .bind(is.attempt)
}

/// Turns it from standing as it `was`; nothing happens where it stands otherwise.
pub fn turn(organization: OrganizationId, id: PaymentId, was: Standing, is: &Sandboxed) -> Statement {
    Statement::new(TURN)
        .bind(organization.to_string())
        .bind(id.to_string())
        .bind(name(was))
        .bind(name(is.standing))
        .bind(is.authorized)
        .bind(is.captured)
        .bind(is.charges)
}

/// The same refund twice is one.
pub fn refund(organization: OrganizationId, id: PaymentId, refund: RefundId, amount: i64) -> Statement {
    let organization = organization.to_string();
    Statement::new(REFUND).bind(organization).bind(id.to_string()).bind(refund.to_string()).bind(amount)
}

const ALL: [Standing; 7] = [
    Standing::Open,
    Standing::Declined,
    Standing::ActionRequired,
    Standing::Processing,
    Standing::Authorized,
    Standing::Captured,
    Standing::Cancelled,
];

const fn name(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "open",
        Standing::Declined => "declined",
        Standing::ActionRequired => "action",
        Standing::Processing => "processing",
        Standing::Authorized => "authorized",
        Standing::Captured => "captured",
        Standing::Cancelled => "cancelled",
    }
}
