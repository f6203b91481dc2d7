//! What is personal in an order: sealed apart from the rest, and put back when somebody reads it who may.

use headlesspro_shared::kernel::id::{CheckoutId, OrderId};
use serde::{Deserialize, Serialize};

use super::store::StoredOrder;
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::identity::data_key;
use crate::port::entropy::NoEntropy;
use crate::tax::UsedExemption;
use crate::vault::{DataKey, Place};
use crate::wire::AddressBody;

/// The members of an order, and of the checkout before it, that say who the buyer is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Personal {
    pub email: String,
    pub shipping_address: AddressBody,
    /// Whom it is charged to, where that is not where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressBody>,
    /// The certificate by which nothing is taxed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_exemption: Option<UsedExemption>,
}

/// Their names on the wire.
pub const MEMBERS: [&str; 4] = ["email", "shippingAddress", "billingAddress", "taxExemption"];

/// Whose they are.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    Checkout(CheckoutId),
    Order(OrderId),
}

impl Of {
    fn table(self) -> &'static str {
        match self {
            Of::Checkout(_) => "checkout",
            Of::Order(_) => "orders",
        }
    }

    fn row(self) -> String {
        match self {
            Of::Checkout(id) => id.to_string(),
            Of::Order(id) => id.to_string(),
        }
    }
}

impl Personal {
    /// # Errors
    /// [`NoEntropy`] when the host has no randomness.
    pub fn seal(&self, app: &App, tenant: Tenant, key: &DataKey, of: Of) -> Result<String, NoEntropy> {
        let text = serde_json::to_string(self).unwrap_or_default();
        key.seal(place(tenant, of.table(), &of.row()), text.as_bytes(), &*app.entropy)
    }

    /// # Errors
    /// [`Unavailable`] when it does not read back.
    pub fn open(tenant: Tenant, key: &DataKey, of: Of, sealed: &str) -> Result<Personal, Unavailable> {
        let text = open_text(tenant, key, of, sealed)?;
        serde_json::from_str(&text).map_err(|_| Unavailable::Corrupt("who a buyer is".to_owned()))
    }
}

/// The order as it was placed, whole: the same bytes each time.
///
/// # Errors
/// [`Unavailable`] when it does not read back.
pub fn whole(app: &App, tenant: Tenant, order: &StoredOrder) -> Result<String, Unavailable> {
    let key = data_key(app, tenant, &order.key)?;
    let personal = open_text(tenant, &key, Of::Order(order.id), &order.personal_sealed)?;
    let joined = order.document.strip_suffix('}').zip(personal.strip_prefix('{'));
    let (document, personal) = joined.ok_or_else(|| Unavailable::Corrupt("an order's document".to_owned()))?;
    Ok(format!("{document},{personal}"))
}

fn open_text(tenant: Tenant, key: &DataKey, of: Of, sealed: &str) -> Result<String, Unavailable> {
    let opened = key.open_text(place(tenant, of.table(), &of.row()), sealed);
    opened.map_err(|error| Unavailable::Corrupt(format!("who a buyer is: {error}")))
}

fn place<'a>(tenant: Tenant, table: &'static str, row: &'a str) -> Place<'a> {
    Place { organization: tenant.organization, table, column: "personal", row }
}
