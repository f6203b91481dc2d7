//! Card numbers in requests: none is taken, whatever the field, so that none is ever written.

use headlesspro_shared::kernel::card_number::has_card_number;
use serde_json::Value;

/// Fields of numbers that are others' and may look like a card's.
const OTHER_NUMBERS: [&str; 10] =
    ["barcode", "barcodes", "gtin", "ean", "isbn", "upc", "sku", "skus", "trackingNumber", "trackingNumbers"];

/// The least number of as many digits as the shortest card number has.
const LEAST: u64 = 10_000_000_000_000;

/// The paths of the fields that have a card number.
pub fn card_numbers(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    // Paths are made for a body that has one alone.
    if has_one(body) {
        look(body, "", &mut found);
    }
    found
}

/// Whether a parameter of a query or a form has a card number.
pub fn is_card_number(name: &str, value: &str) -> bool {
    let last = name.trim_end_matches(']').rsplit(['[', '.']).next().unwrap_or_default();
    has_card_number(name) || (!is_other(last) && has_card_number(value))
}

fn is_other(name: &str) -> bool {
    OTHER_NUMBERS.contains(&name)
}

fn has_one(value: &Value) -> bool {
    match value {
        Value::String(text) => has_card_number(text),
        Value::Number(number) => {
            number.as_u64().is_some_and(|number| LEAST <= number && has_card_number(&number.to_string()))
        }
        Value::Array(elements) => elements.iter().any(has_one),
        Value::Object(members) => {
            members.iter().any(|(name, member)| !is_other(name) && (has_card_number(name) || has_one(member)))
        }
        Value::Null | Value::Bool(_) => false,
    }
}

fn look(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                look(element, &below(path, &at.to_string()), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !is_other(name)) {
                // A name may be a secret as well: then it is not told.
                match has_card_number(name) {
                    true => found.push(path.to_owned()),
                    false => look(member, &below(path, name), found),
                }
            }
        }
        Value::String(_) | Value::Number(_) if has_one(value) => found.push(path.to_owned()),
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {}
    }
}

/// The detail of such a field.
pub const CARD_NUMBER: &str =
    "looks like a card number: none is taken here. Pay by a token of the payment provider's own form";

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn card_numbers_are_refused_wherever_they_are_and_never_told() {
        let body = json!({
            "note": "my card is 4242 4242 4242 4242",
            "lines": [{ "title": "a" }, { "title": 4_242_424_242_424_242_u64 }],
            "4242424242424242": true,
        });
        let mut refused = card_numbers(&body);
        refused.sort();
        assert_eq!(refused, ["", "lines/1/title", "note"]);
    }

    #[test]
    fn other_numbers_are_taken() {
        for body in [
            json!({ "barcode": "4242424242424242", "variants": [{ "gtin": "4000056655665556", "sku": "4242424242424242" }] }),
            json!({ "barcode": "4006381333931", "phone": "+4930901820000", "at": 1_700_000_000_000_u64 }),
            json!({ "number": 1_001, "id": "ord_01h455vb4pex5vsknk084sn02q", "x": null, "y": 4_242_424_242_424_242.5 }),
        ] {
            assert_eq!(card_numbers(&body), [""; 0], "{body}");
        }
    }

    #[test]
    fn parameters_are_looked_at_as_fields_are() {
        for (name, value, expected) in [
            ("q", "4242 4242 4242 4242", true),
            ("4242424242424242", "", true),
            ("filter[sku]", "4242424242424242", false),
            ("filter[variants.barcode]", "4242424242424242", false),
            ("filter[title]", "4242424242424242", true),
            ("q", "4006381333931", false),
        ] {
            assert_eq!(is_card_number(name, value), expected, "{name}={value}");
        }
    }
}
