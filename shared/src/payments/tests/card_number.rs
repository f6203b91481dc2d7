use proptest::prelude::*;

use crate::payments::{has_card_number, without_card_numbers};

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
