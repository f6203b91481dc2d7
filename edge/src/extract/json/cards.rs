//! Card numbers in bodies: none is taken, whatever the field, so that none is ever written.

use headlesspro_shared::payments::has_card_number;
use serde_json::Value;

use super::FieldErrors;

/// Fields of numbers that are others' and may look like a card's.
const OTHER_NUMBERS: [&str; 8] =
    ["barcode", "barcodes", "gtin", "ean", "isbn", "upc", "trackingNumber", "trackingNumbers"];

/// The least number of as many digits as the shortest card number has.
const LEAST: u64 = 1_000_000_000_000;

/// Refuses every field that has a card number.
pub fn refuse(body: &Value, errors: &mut FieldErrors) {
    // Paths are made for a body that has one alone.
    if has_one(body) {
        look(body, "", errors);
    }
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

fn look(value: &Value, path: &str, errors: &mut FieldErrors) {
    match value {
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                look(element, &below(path, &at.to_string()), errors);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| !is_other(name)) {
                // A name may be a secret as well: then it is not told.
                match has_card_number(name) {
                    true => errors.push(path, REFUSED),
                    false => look(member, &below(path, name), errors),
                }
            }
        }
        Value::String(_) | Value::Number(_) if has_one(value) => errors.push(path, REFUSED),
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {}
    }
}

const REFUSED: &str = "looks like a card number: none is taken here. Pay by a token of the payment provider's own form";

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Value) -> Vec<String> {
        let mut errors = FieldErrors::default();
        refuse(body, &mut errors);
        errors.errors.iter().map(|error| format!("{:?}", error.at)).collect()
    }

    #[test]
    fn card_numbers_are_refused_wherever_they_are_and_never_told() {
        let body = json!({
            "note": "my card is 4242 4242 4242 4242",
            "lines": [{ "sku": "a" }, { "sku": 4_242_424_242_424_242_u64 }],
            "4242424242424242": true,
        });
        let refused = refused(&body);
        assert_eq!(refused.len(), 3, "{refused:?}");
        assert!(
            ["#/note", "#/lines/1/sku"].iter().all(|at| refused.iter().any(|path| path.contains(at))),
            "{refused:?}"
        );
        assert!(!refused.join(" ").contains("4242"), "{refused:?}");
    }

    #[test]
    fn other_numbers_are_taken() {
        for body in [
            json!({ "barcode": "4242424242424242", "variants": [{ "gtin": "4000056655665556" }] }),
            json!({ "barcode": "4006381333931", "phone": "+4930901820000", "at": 1_700_000_000_000_u64 }),
            json!({ "number": 1_001, "id": "ord_01h455vb4pex5vsknk084sn02q", "x": null, "y": 4_242_424_242_424_242.5 }),
        ] {
            assert_eq!(refused(&body), [""; 0], "{body}");
        }
    }
}
