//! What people know their devices by.

/// Of the products that a `User-Agent` names (RFC 9110, section 10.1.5) the first that is here tells the browser: most
/// browsers name those that they want to be taken for, too.
const BROWSERS: [(&str, &str); 18] = [
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER(", "NAVER"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("okhttp/", "an app"),
    ("CFNetwork/", "an app"),
    ("Dart/", "an app"),
];

/// Of systems likewise: Android names Linux, and iPhones name Mac OS X.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Darwin", "an Apple device"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Which browser runs on which system, as far as a `User-Agent` says: `Firefox on Windows`. One of a few texts, whatever
/// it says: versions, models and names that somebody gave a device tell people apart, and are not repeated.
pub fn device_of(user_agent: &str) -> String {
    let named = |known: &[(&str, &'static str)]| {
        known.iter().find(|(token, _)| user_agent.contains(token)).map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("something on {system}"),
        (None, None) => "something unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn devices_are_known_by_browser_and_system() {
        for (user_agent, device) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 \
                 Safari/537.36 Edg/131.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 CriOS/131.0.0.0 Mobile/15E148 Safari/604.1",
                "Chrome on iOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-S918N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
                 Chrome/130.0.0.0 Mobile Safari/537.36;KAKAOTALK 2510000",
                "KakaoTalk on Android",
            ),
            ("Acme/12 CFNetwork/1568.200.51 Darwin/24.1.0", "an app on an Apple device"),
            ("curl/8.5.0", "curl"),
            ("Ada's phone (Linux)", "something on Linux"),
            ("impersonated by usr_01h455vb4pex5vsknk084sn02q", "something unknown"),
            ("", "something unknown"),
        ] {
            assert_eq!(device_of(user_agent), device, "{user_agent}");
        }
    }

    #[test]
    fn each_name_is_found_by_its_token() {
        for (token, name) in BROWSERS {
            assert_eq!(device_of(token), name);
        }
    }

    #[test]
    fn names_have_letters_and_blanks_alone() {
        // By which the database tells them from a header.
        for (_, name) in BROWSERS.iter().chain(&SYSTEMS) {
            assert!(name.chars().all(|sign| sign.is_ascii_alphabetic() || sign == ' '), "{name}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_what_is_said_is_repeated(user_agent in ".{0,200}") {
            let words: BTreeSet<&str> =
                BROWSERS.iter().chain(&SYSTEMS).map(|(_, name)| *name).chain(["something", "unknown"]).collect();
            let told = device_of(&user_agent);
            prop_assert!(told.split(" on ").all(|part| words.contains(part) || part == "something unknown"), "{}", told);
        }
    }
}
