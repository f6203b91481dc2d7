//! Which of a store's locales a browser prefers.

use super::{Locale, Locales};

/// More ranges than these are not looked at.
const MOST_RANGES: usize = 32;

/// A weight of one, in thousandths.
const ONE: u16 = 1_000;

/// The locale that is meant for whoever sends this `Accept-Language`; the default where none is.
///
/// The ranges are looked up one after the other, by their weights, and of equal weights in their order (RFC 4647,
/// section 3.4): `fr-CA` finds `fr-CA`, else `fr`. Where that finds nothing, what the range is the beginning of is
/// taken: `pt` finds `pt-BR` (section 3.3.1). A range of weight 0 keeps its locales from being found by others that
/// are less exact (RFC 9110, section 12.4.2). What is malformed is passed by.
pub fn negotiate<'a>(header: &str, locales: &'a Locales) -> &'a Locale {
    if locales.is_only_one() {
        return locales.default_locale();
    }
    let mut ranges: Vec<(&str, u16)> = header.split(',').take(MOST_RANGES).filter_map(range).collect();
    let refused: Vec<&str> = ranges.iter().filter(|(_, weight)| *weight == 0).map(|(range, _)| *range).collect();
    ranges.retain(|(_, weight)| 0 < *weight);
    // Stable: equal weights keep their order.
    ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    ranges.iter().find_map(|(range, _)| find(range, &refused, locales)).unwrap_or_else(|| locales.default_locale())
}

/// `fr-CA;q=0.8` as its range and its weight; `None` where it is neither.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';');
    let range = parts.next()?.trim();
    let is_range = range == "*"
        || range
            .split('-')
            .all(|subtag| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let weight = match parts.next() {
        None => ONE,
        Some(parameter) => {
            let (name, value) = parameter.split_once('=')?;
            weight(value.trim()).filter(|_| name.trim().eq_ignore_ascii_case("q"))?
        }
    };
    (is_range && parts.next().is_none()).then_some((range, weight))
}

/// `0.8`, with three decimals at most, in thousandths.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if 3 < decimals.len() || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(ONE),
        _ => None,
    }
}

fn find<'a>(range: &str, refused: &[&str], locales: &'a Locales) -> Option<&'a Locale> {
    let mut wanted = range;
    loop {
        let found = locales.all().find(|locale| locale.as_str().eq_ignore_ascii_case(wanted));
        // An exact range is stronger than one of weight 0 that is less so.
        if let Some(locale) = found.filter(|locale| wanted == range || !is_refused(locale, refused)) {
            return Some(locale);
        }
        let Some((broader, _)) = wanted.rsplit_once('-') else { break };
        // What stands alone only introduces the next one (RFC 4647, section 3.4).
        wanted = broader.rsplit_once('-').filter(|(_, last)| last.len() == 1).map_or(broader, |(rest, _)| rest);
    }
    if range == "*" {
        return locales.all().find(|locale| !is_refused(locale, refused));
    }
    locales.all().find(|locale| begins_with(locale, range) && !is_refused(locale, refused))
}

fn is_refused(locale: &Locale, refused: &[&str]) -> bool {
    refused.iter().any(|range| locale.as_str().eq_ignore_ascii_case(range) || begins_with(locale, range))
}

/// Whether the locale is a special case of the range.
fn begins_with(locale: &Locale, range: &str) -> bool {
    let text = locale.as_str();
    let begins = text.get(..range.len()).is_some_and(|start| start.eq_ignore_ascii_case(range));
    begins && text.get(range.len()..).is_some_and(|rest| rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::LocaleList;
    use super::*;

    fn store() -> Locales {
        Locales::new("en".parse().unwrap(), "fr fr-CA pt-BR ar zh-Hant-TW".parse().unwrap())
    }

    #[test]
    fn the_range_of_the_highest_weight_that_finds_one_decides() {
        let store = store();
        for (header, expected) in [
            ("", "en"),
            ("fr", "fr"),
            ("FR-ca", "fr-CA"),
            ("fr-BE", "fr"),
            ("fr-CA-x-private", "fr-CA"),
            ("fr-x-private", "fr"),
            ("de, fr;q=0.5", "fr"),
            ("en;q=0.3, ar;q=0.9", "ar"),
            ("ar;q=0.5, fr;q=0.5", "ar"),
            ("pt", "pt-BR"),
            ("zh", "zh-Hant-TW"),
            ("zh-Hant", "zh-Hant-TW"),
            ("zh-Hans-CN", "en"),
            ("de", "en"),
            ("*", "en"),
            ("de, *;q=0.1", "en"),
            ("*, en;q=0", "fr"),
            ("fr;q=0, fr-BE, ar;q=0.1", "ar"),
            ("fr;q=0, fr-CA", "fr-CA"),
            ("fr;q=0", "en"),
            ("fr ; q=0.7 , ar ; Q=0.8", "ar"),
            // Malformed, one by one.
            ("fr;q=2, ar;q=0.1", "ar"),
            ("fr;q=0.1234, ar;q=0.1", "ar"),
            ("fr;level=1, ar;q=0.1", "ar"),
            ("fr;q=0.9;x=1, ar;q=0.1", "ar"),
            ("fr_CA, ar;q=0.1", "ar"),
            ("é, ar;q=0.1", "ar"),
            (";q=1,,;,-,ar;q=0.001", "ar"),
        ] {
            assert_eq!(negotiate(header, &store).as_str(), expected, "{header}");
        }
        let many = format!("{}ar", "de,".repeat(100_000));
        assert_eq!(negotiate(&many, &store).as_str(), "en", "nobody has so many languages");
    }

    #[test]
    fn weights_have_three_decimals() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.125", Some(125)),
            ("1", Some(1_000)),
            ("1.000", Some(1_000)),
            ("1.001", None),
            ("0.1234", None),
            ("-1", None),
            ("+0.5", None),
            ("0.-1", None),
            ("", None),
            (".5", None),
        ] {
            assert_eq!(weight(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_header_finds_a_locale_of_the_store(header in ".{0,80}|([a-z*]{1,3}(-[A-Za-z0-9]{1,8})?(;q=[01](.[0-9]{0,4})?)?[, ]{0,3}){0,12}") {
            let store = store();
            let found = negotiate(&header, &store);
            prop_assert!(store.all().any(|locale| locale == found));
        }

        #[test]
        fn whoever_asks_for_one_of_them_before_all_gets_it(at in 0_usize..6, rest in "(, [a-z]{2};q=0.[0-9]{1,3}){0,5}") {
            let store = store();
            let wanted = store.all().nth(at).unwrap();
            prop_assert_eq!(negotiate(&format!("{wanted}{rest}"), &store), wanted);
            prop_assert_eq!(negotiate(&wanted.as_str().to_uppercase(), &store), wanted);
        }

        #[test]
        fn a_store_of_one_locale_has_nothing_to_negotiate(header in ".{0,40}") {
            let one = Locales::new("ko".parse().unwrap(), LocaleList::default());
            prop_assert_eq!(negotiate(&header, &one).as_str(), "ko");
        }
    }
}
