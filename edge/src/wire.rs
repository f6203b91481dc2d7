//! Wire types that every context's answers share.

use std::borrow::Cow;
use std::marker::PhantomData;

use headlesspro_shared::kernel::address::PostalAddress;
use headlesspro_shared::kernel::id::Kind;
use headlesspro_shared::kernel::money::Money;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::extract::FieldErrors;

/// What is written as JSON, as a tree. It goes by the text, since what is also written as text is then compiled once.
pub fn value_of<T: Serialize>(body: &T) -> Value {
    serde_json::to_string(body).and_then(|text| serde_json::from_str(&text)).unwrap_or_default()
}

/// The members of what is written as an object; of anything else none.
pub fn members_of<T: Serialize>(body: &T) -> Map<String, Value> {
    match value_of(body) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

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

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Address", deny_unknown_fields)]
pub struct AddressBody {
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub company: Option<String>,
    #[schemars(required, length(min = 1, max = 200))]
    pub line1: Option<String>,
    #[schemars(length(min = 1, max = 200))]
    pub line2: Option<String>,
    #[schemars(required, length(min = 1, max = 200))]
    pub city: Option<String>,
    /// State, province or county.
    #[schemars(length(min = 1, max = 100))]
    pub region: Option<String>,
    #[schemars(length(min = 1, max = 20))]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schemars(required, regex(pattern = r"^[A-Z]{2}$"))]
    pub country_code: Option<String>,
    #[schemars(length(min = 1, max = 40))]
    pub phone: Option<String>,
}

impl AddressBody {
    /// The address; reports every wrong field.
    pub fn parse(self, errors: &mut FieldErrors) -> Option<PostalAddress> {
        let body = self;
        let name = errors.required("name", body.name, |text| text.parse());
        let company = errors.optional("company", body.company, |text| text.parse());
        let line1 = errors.required("line1", body.line1, |text| text.parse());
        let line2 = errors.optional("line2", body.line2, |text| text.parse());
        let city = errors.required("city", body.city, |text| text.parse());
        let region = errors.optional("region", body.region, |text| text.parse());
        let postal_code = errors.optional("postalCode", body.postal_code, |text| text.parse());
        let country = errors.required("countryCode", body.country_code, |code| code.parse());
        let phone = errors.optional("phone", body.phone, |text| text.parse());
        Some(PostalAddress {
            name: name?,
            company,
            line1: line1?,
            line2,
            city: city?,
            region,
            postal_code,
            country: country?,
            phone,
        })
    }
}

impl From<PostalAddress> for AddressBody {
    fn from(address: PostalAddress) -> AddressBody {
        AddressBody {
            name: Some(address.name.to_string()),
            company: address.company.map(|text| text.to_string()),
            line1: Some(address.line1.to_string()),
            line2: address.line2.map(|text| text.to_string()),
            city: Some(address.city.to_string()),
            region: address.region.map(|text| text.to_string()),
            postal_code: address.postal_code.map(|text| text.to_string()),
            country_code: Some(address.country.to_string()),
            phone: address.phone.map(|text| text.to_string()),
        }
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
