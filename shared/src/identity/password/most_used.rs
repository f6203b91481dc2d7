//! The passwords that are tried first.

/// Whether a password in lower case is among the most used ones, one character repeated, or a run such as `abcdefgh`
/// or `87654321` (NIST SP 800-63B: "repetitive or sequential characters").
pub(super) fn is_among_them(lower: &str) -> bool {
    MOST_USED.contains(&lower) || steps_evenly(lower)
}

/// Each character is as far from the one before as the first two are: 0, 1 or -1.
fn steps_evenly(text: &str) -> bool {
    let steps = text
        .chars()
        .zip(text.chars().skip(1))
        .map(|(a, b)| i64::from(u32::from(b)).checked_sub(i64::from(u32::from(a))));
    let mut steps = steps.map(Option::unwrap_or_default);
    match steps.next() {
        Some(first) if (-1..=1).contains(&first) => steps.all(|step| step == first),
        _ => false,
    }
}

/// Those of at least eight characters that head every published list of leaked passwords, in lower case. Short on
/// purpose: guessing online is made slow by the lockout, and a list that stops offline guessing weighs megabytes.
#[rustfmt::skip]
const MOST_USED: &[&str] = &[
    "1029384756", "11223344", "1122334455", "112233445566", "121212121", "123123123",
    "12312312", "123321123", "1234512345", "123456123", "1234567890", "12345678910",
    "123456789a", "12345678a", "123456789q", "1234567891", "1234qwer", "12341234", "123654789", "123qweasd",
    "12qwaszx", "147258369", "159357258", "1q2w3e4r", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx", "1qaz2wsx3edc",
    "1qazxsw2", "741852963", "789456123", "a1b2c3d4",
    "a12345678", "a123456789", "aa123456", "aa12345678", "abc12345", "abc123456", "abcd1234", 
    "access14", "administrator", "admin123", "adminadmin", "alexander", "anthony1", "asdasdasd", "asdf1234",
    "asdfasdf", "asdfghjk", "asdfghjkl", "baseball", "basketball", "benjamin", "butterfly", "changeme",
    "charlie1", "chocolate", "christian", "computer", "corvette", "danielle", "dragon123", "elizabeth",
    "football", "football1", "iloveyou", "iloveyou1", "iloveyou2", "internet", "jennifer", "letmein1",
    "liverpool", "master123", "michelle", "mustang1", "p@ssw0rd", "p@ssword", "passw0rd", "password",
    "password!", "password1", "password12", "password123", "princess", "princess1", "q1w2e3r4", "qazwsxedc",
    "qwer1234", "qwerty12", "qwerty123", "qwertyui", "qwertyuiop", "starwars", "sunshine", "superman",
    "trustno1", "welcome1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_lower_case_and_long_enough_to_matter() {
        for password in MOST_USED {
            assert!(*password == password.to_lowercase() && 8 <= password.chars().count(), "{password}");
            assert!(is_among_them(password));
        }
    }

    #[test]
    fn only_even_runs_are_runs() {
        for (text, is_run) in [
            ("aaaaaaaa", true),
            ("abcdefghi", true),
            ("zyxwvuts", true),
            ("가각갂갃간갅갆갇", true),
            ("acegikmo", false),
            ("abcdefgi", false),
            ("aaaaaaab", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(steps_evenly(text), is_run, "{text}");
        }
    }
}
