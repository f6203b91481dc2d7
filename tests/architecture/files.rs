//! Names and sizes of files, and what may not stand in them.

use std::collections::BTreeSet;

use crate::source::{Source, sources};
use crate::tenant::schema::migrations;

/// Longer ones are two things in one file.
const MOST_LINES: usize = 800;

fn all() -> Vec<Source> {
    ["shared", "edge", "totals", "tests", "xtask"].iter().flat_map(|folder| sources(folder)).collect()
}

#[test]
fn no_file_is_too_long() {
    for source in all() {
        let lines = source.text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines, at most {MOST_LINES} are read", source.path);
    }
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    const DRAWERS: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "misc", "shared", "types"];
    for source in all() {
        for part in source.path.split('/').skip(1) {
            let name = part.trim_end_matches(".rs");
            assert!(!DRAWERS.contains(&name), "{}: name it after what it is about", source.path);
        }
    }
}

#[test]
fn nothing_is_ignored_or_allowed() {
    for source in all() {
        for attribute in attributes(&source.text) {
            let is_escape = ["ignore", "allow"].iter().any(|name| {
                attribute.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
            });
            assert!(!is_escape, "{}: #[{attribute}]: mend it, or say #[expect(..., reason)]", source.path);
            let has_reason = !attribute.starts_with("expect") || attribute.contains("reason");
            assert!(has_reason, "{}: #[{attribute}] gives no reason", source.path);
        }
    }
    assert_eq!(attributes("#[ignore]\n# ! [ allow (x) ]"), ["ignore", "allow(x)"], "the reader sees them");
}

#[test]
fn migrations_are_named_after_their_moment_and_context() {
    let contexts: BTreeSet<String> = sources("edge/src")
        .iter()
        .filter_map(|source| source.path.split('/').nth(2))
        .map(|module| module.trim_end_matches(".rs").to_owned())
        .collect();
    for (name, _) in migrations() {
        let stem = name.strip_suffix(".sql").unwrap_or_else(|| panic!("migrations/{name} is no .sql file"));
        let (moment, rest) = stem.split_once('_').unwrap_or_default();
        let (context, what) = rest.split_once('_').unwrap_or_default();
        assert!(is_moment(moment), "migrations/{name} does not begin with yyyymmddhhmm");
        assert!(contexts.contains(context), "migrations/{name}: there is no context {context:?}");
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        assert!(!what.is_empty() && what.chars().all(is_plain), "migrations/{name} does not say what it does");
    }
    for bad in ["2026", "202613010000", "202600010000", "202612320000", "202612012400", "20261201000a"] {
        assert!(!is_moment(bad), "{bad}");
    }
}

/// `yyyymmddhhmm`.
fn is_moment(text: &str) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(99);
    text.len() == 12
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=12).contains(&part(4, 6))
        && (1..=31).contains(&part(6, 8))
        && part(8, 10) < 24
        && part(10, 12) < 60
}

/// The insides of all attributes, without blanks.
fn attributes(text: &str) -> Vec<String> {
    fn collect(tokens: proc_macro2::TokenStream, found: &mut Vec<String>) {
        let mut is_after_hash = false;
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Group(group) => {
                    if is_after_hash && group.delimiter() == proc_macro2::Delimiter::Bracket {
                        found.push(group.stream().to_string().replace(' ', ""));
                    }
                    collect(group.stream(), found);
                    is_after_hash = false;
                }
                proc_macro2::TokenTree::Punct(mark) => is_after_hash = matches!(mark.as_char(), '#' | '!'),
                _ => is_after_hash = false,
            }
        }
    }
    let mut found = Vec::new();
    collect(text.parse().unwrap_or_else(|error| panic!("{error}")), &mut found);
    found
}
