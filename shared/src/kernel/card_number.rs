//! Card numbers, which no request may hold and nothing may write.
//!
//! The rule: a run of 14 to 19 digits (ISO/IEC 7812), with at most one blank, hyphen or point between two of them, that
//! stands by itself (no letter, digit, `_` or `+` beside it, and no further digits behind another separator), begins as a
//! card of a scheme does, has a length that this scheme issues, and passes the Luhn test. So neither ids nor telephone
//! numbers (`+` and at most 15 digits) nor moments in milliseconds (they begin with 1) are card numbers. What has to be left
//! out by the name of its field (barcodes, tracking numbers) is the caller's to know.

use std::borrow::Cow;

const LEAST: usize = 14;
const MOST: usize = 19;

/// Whether there is a card number in it.
pub fn has_card_number(text: &str) -> bool {
    next_number(text.as_bytes(), 0).is_some()
}

/// The text with `[card number]` in the place of each.
pub fn without_card_numbers(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut from = 0;
    while let Some((start, end)) = next_number(text.as_bytes(), from) {
        kept.push_str(text.get(from..start).unwrap_or_default());
        kept.push_str("[card number]");
        from = end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Where the next one begins and ends, in bytes. One pass: a run is looked at once.
fn next_number(text: &[u8], mut from: usize) -> Option<(usize, usize)> {
    while let Some(found) = text.get(from..)?.iter().position(u8::is_ascii_digit) {
        let start = from.saturating_add(found);
        let end = end_of_run(text, start);
        let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
        let after = text.get(end).copied();
        let is_apart = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'_');
        if is_apart(before) && before != Some(b'+') && is_apart(after) && is_card(text.get(start..end)?) {
            return Some((start, end));
        }
        from = end;
    }
    None
}

/// Behind the last digit of a run whose digits have at most one separator between them.
fn end_of_run(text: &[u8], start: usize) -> usize {
    let (mut end, mut at) = (start, start);
    while let Some(byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                at = at.saturating_add(1);
                end = at;
            }
            b' ' | b'-' | b'.' if end == at => at = at.saturating_add(1),
            _ => break,
        }
    }
    end
}

fn is_card(run: &[u8]) -> bool {
    let mut digits = [0_u8; MOST];
    let mut count = 0_usize;
    for digit in run.iter().filter_map(|byte| byte.checked_sub(b'0').filter(|digit| *digit <= 9)) {
        let Some(place) = digits.get_mut(count) else { return false };
        *place = digit;
        count = count.saturating_add(1);
    }
    let digits = digits.get(..count).unwrap_or_default();
    LEAST <= count && is_of_a_scheme(digits) && passes_luhn(digits)
}

/// By the first digits, and the lengths that are issued with them. Numbers of 13 digits are none: Visa's, which nobody has
/// had since the nineties, and Maestro's are as long as German, British or Danish article numbers (EAN).
fn is_of_a_scheme(digits: &[u8]) -> bool {
    let prefix =
        digits.iter().take(4).fold(0_u32, |value, digit| value.saturating_mul(10).saturating_add(u32::from(*digit)));
    let lengths = match prefix {
        // Visa.
        4000..=4999 => 16..=19,
        // Mastercard.
        2221..=2720 | 5100..=5599 => 16..=16,
        // Mir.
        2200..=2204 => 16..=19,
        // American Express.
        3400..=3499 | 3700..=3799 => 15..=15,
        // JCB.
        3528..=3589 => 16..=19,
        // Diners Club.
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => 14..=19,
        // Discover, UnionPay.
        6011 | 6200..=6299 | 6440..=6599 => 16..=19,
        // RuPay.
        8100..=8299 | 5080..=5089 => 16..=16,
        // Maestro.
        5000..=5099 | 5600..=5899 | 6300..=6399 | 6700..=6799 => 16..=19,
        _ => return false,
    };
    lengths.contains(&digits.len())
}

/// Source: ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        let value = u32::from(*digit);
        let counted = match (place & 1, value.saturating_mul(2)) {
            (0, _) => value,
            (_, doubled) if 9 < doubled => doubled.saturating_sub(9),
            (_, doubled) => doubled,
        };
        sum.saturating_add(counted)
    });
    sum.checked_rem(10) == Some(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that schemes and providers publish for tests.
    const CARDS: [&str; 13] = [
        "4242424242424242",
        "4000056655665556",
        "5555555555554444",
        "2223003122003222",
        "5200828282828210",
        "378282246310005",
        "6011111111111117",
        "3056930009020004",
        "36227206271667",
        "6555900000604105",
        "3566002020360505",
        "6200000000000005",
        "4000000000003220",
    ];

    #[test]
    fn cards_of_every_scheme_are_found_however_they_are_written() {
        for card in CARDS {
            let groups = card.as_bytes().chunks(4).map(|group| std::str::from_utf8(group).unwrap());
            let groups: Vec<&str> = groups.collect();
            for text in [
                card.to_owned(),
                groups.join(" "),
                groups.join("-"),
                groups.join("."),
                format!("card: {card}, thanks"),
                format!("({card})"),
                format!("{card}\n"),
                format!("주문 {card} ✓"),
            ] {
                assert!(has_card_number(&text), "{text}");
                assert!(!has_card_number(&without_card_numbers(&text)), "{text}");
            }
        }
        assert_eq!(without_card_numbers("pay 4242 4242 4242 4242 now"), "pay [card number] now");
        assert_eq!(without_card_numbers("4242424242424242/378282246310005"), "[card number]/[card number]");
        assert_eq!(without_card_numbers("nothing"), "nothing");
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "",
            "4242424242424241",
            // Half of one, and one with more digits behind it.
            "424242424242",
            "42424242424242424242",
            "4242424242424242 4242424242424242",
            // German, French and Japanese article numbers (EAN-13), some of which pass the Luhn test, and an ISBN.
            "4006381333931",
            "4012345678901",
            "4000417025005",
            "3017620422003",
            "4902430698214",
            "9783161484100",
            // A British and a Portuguese one that a Maestro card could have, were they not too short.
            "5012345671093",
            "5601312050032",
            // A GTIN-14, telephone numbers, a moment in milliseconds, an IBAN.
            "14006381333938",
            "+4930901820000",
            "+49 30 9018 20000",
            "1700000000000",
            "DE89370400440532013000",
            // Ids.
            "ord_01h455vb4pex5vsknk084sn02q",
            "4242424242424242abc",
            "x4242424242424242",
            "id_4242424242424242",
            "123e4567-e89b-42d3-a456-426614174000",
            "0.4242424242424242e7",
            // Tracking numbers of UPS, USPS and DHL.
            "1Z999AA10123456784",
            "9400111899223197428490",
            "00340434161094042557",
        ] {
            assert!(!has_card_number(text), "{text}");
            assert_eq!(without_card_numbers(text), text);
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_no_card(at in 0..CARDS.len(), place in 4usize..14, by in 1u8..10) {
            let mut digits = CARDS[at].as_bytes().to_vec();
            let place = place.min(digits.len() - 1);
            digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
            prop_assert!(!has_card_number(std::str::from_utf8(&digits).unwrap()));
        }

        #[test]
        fn no_text_has_one_when_they_are_taken_out(text in "[0-9 .x-]{0,60}|[4 ]{10,40}|.{0,40}") {
            let without = without_card_numbers(&text).into_owned();
            prop_assert!(!has_card_number(&without), "{}", without);
        }
    }
}
