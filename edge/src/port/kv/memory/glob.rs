//! Redis' key patterns: `*`, `?`, `[abc]`, `[^a-z]` and `\` before a character that means itself.

/// Whether `text` matches `pattern`. Takes at most pattern times text steps, whatever the pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut pattern_rest, mut text_rest) = (pattern.as_slice(), text.as_slice());
    // Where to go on when what follows the last star does not fit: the star takes one more character.
    let mut after_star: Option<(&[char], &[char])> = None;
    loop {
        if let ['*', rest @ ..] = pattern_rest {
            after_star = Some((rest, text_rest));
            pattern_rest = rest;
            continue;
        }
        let matched = match text_rest.split_first() {
            None if pattern_rest.is_empty() => return true,
            // A star can only take more than there is.
            None => return false,
            Some((&character, rest)) => one(pattern_rest, character).map(|pattern| (pattern, rest)),
        };
        match (matched, after_star) {
            (Some(rest), _) => (pattern_rest, text_rest) = rest,
            (None, None) => return false,
            (None, Some((pattern, text))) => {
                let Some((_, shorter)) = text.split_first() else { return false };
                after_star = Some((pattern, shorter));
                (pattern_rest, text_rest) = (pattern, shorter);
            }
        }
    }
}

/// The pattern after the element that matched `character`, or nothing when it does not match.
fn one(pattern: &[char], character: char) -> Option<&[char]> {
    match pattern {
        ['?', rest @ ..] => Some(rest),
        ['[', '^', rest @ ..] => class(rest, character).and_then(|(hit, rest)| (!hit).then_some(rest)),
        ['[', rest @ ..] => class(rest, character).and_then(|(hit, rest)| hit.then_some(rest)),
        ['\\', escaped, rest @ ..] => (*escaped == character).then_some(rest),
        [literal, rest @ ..] => (*literal == character).then_some(rest),
        [] => None,
    }
}

/// Whether `character` is in the class, and what follows its `]`; an open class ends with the pattern.
fn class(mut members: &[char], character: char) -> Option<(bool, &[char])> {
    let mut hit = false;
    loop {
        members = match members {
            [] => return Some((hit, members)),
            [']', rest @ ..] => return Some((hit, rest)),
            ['\\', escaped, rest @ ..] => {
                hit |= *escaped == character;
                rest
            }
            [from, '-', to, rest @ ..] => {
                hit |= (*from.min(to)..=*from.max(to)).contains(&character);
                rest
            }
            [literal, rest @ ..] => {
                hit |= *literal == character;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("cart:*", "cart:1", true),
            ("cart:*", "card:1", false),
            ("*a*b*", "xaybz", true),
            ("*a*b", "xaybz", false),
            ("h?llo", "hallo", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hello", true),
            ("h[^e]llo", "hello", false),
            ("h[^e]llo", "hallo", true),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("h\\*llo", "h*llo", true),
            ("h\\*llo", "hello", false),
            ("[\\]]", "]", true),
            ("ü?", "üß", true),
            ("a*", "", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let pattern = "a*".repeat(50);
        let text = "a".repeat(5_000) + "b";
        assert!(!matches(&(pattern + "c"), &text));
    }
}
