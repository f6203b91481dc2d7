//! Wire types that every context's answers share.

use std::borrow::Cow;
use std::marker::PhantomData;

use headlesspro_shared::kernel::id::Kind;
use headlesspro_shared::kernel::money::Money;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Money")]
pub struct MoneyBody {
    /// A decimal with the currency's number of digits: `12.34` EUR, `1200` JPY, `1.234` BHD.
    #[schemars(regex(pattern = r"^-?[0-9]+(\.[0-9]+)?$"))]
    pub amount: String,
    /// ISO 4217.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> MoneyBody {
        MoneyBody { amount: money.amount_text(), currency: money.currency().to_string() }
    }
}

/// The schema of an id's text: its kind as a prefix, and 26 characters that sort by time.
pub struct IdText<K>(PhantomData<K>);

impl<K: Kind> JsonSchema for IdText<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Id", K::PREFIX).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX) })
    }
}

/// The schema of a moment's text: RFC 3339, UTC.
pub struct MomentText;

impl JsonSchema for MomentText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}
