//! Migrations that were agreed to: a database that has applied one of them never sees it again.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use headlesspro_edge::migrate::ALL;
use sha2::{Digest, Sha256};

const GOLDEN: &str = "migrations.txt";

/// New ones are added to the golden with `HP_UPDATE_GOLDEN=1`. That changes no line that is there: whoever edits a
/// file that no database of anybody else's has applied takes its line out by hand.
#[test]
fn a_committed_migration_never_changes() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden")).join(GOLDEN);
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let now = ALL.iter().map(|migration| (migration.name, hex::encode(Sha256::digest(migration.sql))));
    let (lines, faults) = compare(&golden, now.collect());
    assert!(faults.is_empty(), "tests/golden/{GOLDEN}:\n{}", faults.join("\n"));
    if std::env::var_os("HP_UPDATE_GOLDEN").is_some() {
        fs::write(&path, lines).expect("the golden can be written");
    } else {
        assert!(golden == lines, "tests/golden/{GOLDEN} lacks new migrations: HP_UPDATE_GOLDEN=1 adds them");
    }
}

/// The golden as it would be with the new migrations, and what was done to those that it knows.
fn compare(golden: &str, now: BTreeMap<&str, String>) -> (String, Vec<String>) {
    let mut faults = Vec::new();
    for line in golden.lines() {
        let (name, hash) = line.split_once(' ').unwrap_or((line, ""));
        match now.get(name) {
            None => faults.push(format!("{name} is gone: restore the file")),
            Some(changed) if changed != hash => {
                faults.push(format!("{name} has changed: restore the file, and put the change into a new one"));
            }
            Some(_) => {}
        }
    }
    (now.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect(), faults)
}

#[test]
fn edits_and_losses_are_told_and_new_files_added() {
    let now = BTreeMap::from([("a", "1".to_owned()), ("c", "3".to_owned())]);
    assert_eq!(compare("a 1\n", now.clone()), ("a 1\nc 3\n".to_owned(), vec![]));
    let faults = |golden| compare(golden, now.clone()).1;
    assert_eq!(faults("a 2\n"), ["a has changed: restore the file, and put the change into a new one"]);
    assert_eq!(faults("a 1\nb 2\n"), ["b is gone: restore the file"]);
}
