//! What the examples are made of: one small order, seen from every operation.

use headlesspro_shared::kernel::id::{Id, Kind, ProductKind};
use headlesspro_shared::kernel::money::{Currency, Money};
use headlesspro_shared::kernel::page::{Cursor, CursorPart};
use headlesspro_shared::kernel::time::Timestamp;
use serde_json::{Value, json};

use crate::wire::MoneyBody;

/// 2026-11-24T09:30:00.000Z
const MOMENT: i64 = 1_795_512_600_000;

/// The `number`th id of its kind.
pub fn id<K: Kind>(number: u8) -> Id<K> {
    let spread = number.wrapping_mul(37);
    Id::new(Timestamp::from_millis(MOMENT), [spread, 0x5c, 0xa1, 0x09, 0xe3, 0x77, 0x2b, 0xd4, 0x68, number])
}

/// `hours` after the shop of the examples was filled, RFC 3339.
pub fn time(hours: i64) -> String {
    Timestamp::from_millis(hours.saturating_mul(3_600_000).saturating_add(MOMENT)).to_string()
}

/// Where the page after the first product of the examples starts.
pub fn product_cursor() -> String {
    let parts = vec![CursorPart::Integer(MOMENT), CursorPart::Text(id::<ProductKind>(1).to_string())];
    Cursor::new("newest", parts).to_string()
}

pub fn euros(cents: i64) -> Money {
    Money::new(cents, Currency::EUR)
}

pub fn money(cents: i64) -> Value {
    json!(MoneyBody::from(euros(cents)))
}

/// An address as a client sends it.
pub fn address() -> Value {
    json!({
        "name": "Grace Hopper",
        "line1": "Hauptstrasse 12",
        "city": "Berlin",
        "postalCode": "10827",
        "countryCode": "DE",
    })
}

/// The same as it is answered: what was left out is null.
pub fn address_answer() -> Value {
    let mut address = address();
    for name in ["company", "line2", "region", "phone"] {
        address.as_object_mut().map(|members| members.insert(name.to_owned(), Value::Null));
    }
    address
}
