//! Files that say what the API was when it was last agreed to.

use std::fs;
use std::path::PathBuf;

/// Fails where `tests/golden/{name}` is not `actual`, or writes it when asked to.
pub fn assert_golden(name: &str, actual: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden")).join(name);
    if std::env::var_os("HP_UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).expect("the golden can be written");
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if golden != actual {
        panic!(
            "tests/golden/{name} is not what the code makes.\n{}\nIf this is meant, update it in the same commit: \
             HP_UPDATE_GOLDEN=1 cargo test --test {}",
            first_difference(&golden, actual),
            env!("CARGO_CRATE_NAME")
        );
    }
}

pub fn first_difference(golden: &str, actual: &str) -> String {
    let (mut golden, mut actual) = (golden.lines(), actual.lines());
    for number in 1.. {
        match (golden.next(), actual.next()) {
            (None, None) => break,
            (old, new) if old == new => {}
            (old, new) => {
                let show = |line: Option<&str>| line.unwrap_or("(end of file)").to_owned();
                return format!("line {number}\n  golden: {}\n  code:   {}", show(old), show(new));
            }
        }
    }
    "Only the line ends differ.".to_owned()
}
