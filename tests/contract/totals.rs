//! Orders as they were totalled: each is totalled again, and must come to the same.

use std::fs;
use std::path::PathBuf;

use headlesspro_shared::totals::{ENGINE_VERSION, Question, Totals};

use crate::golden::first_difference;

/// `tests/golden/totals` has each order's question, `NAME.json`, and its answer, `NAME.totals.json`.
///
/// A new one is a question that is written there, for the engine as it is, and `HP_UPDATE_GOLDEN=1`, which adds what it
/// comes to: work that out by hand before it is committed. An answer that is there is only written anew where the engine
/// has another version since, which a change that gives another amount for any input raises.
#[test]
fn an_order_comes_to_what_it_came_to() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/totals"));
    let is_updated = std::env::var_os("HP_UPDATE_GOLDEN").is_some();
    let files = fs::read_dir(&folder).expect("tests/golden/totals");
    let files = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let mut names: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".json")?.to_owned())).collect();
    names.retain(|name| !name.ends_with(".totals"));
    names.sort();
    assert!(12 <= names.len(), "some are gone: {names:?}");
    let mut faults = Vec::new();
    for name in names {
        let (asked, answered) = (folder.join(format!("{name}.json")), folder.join(format!("{name}.totals.json")));
        let text = fs::read_to_string(&asked).expect("a question");
        let mut question: Question = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_older = question.engine != ENGINE_VERSION;
        if is_older && is_updated {
            let [old, new] = [question.engine, ENGINE_VERSION].map(|engine| format!("\"engine\": {engine},"));
            fs::write(&asked, text.replacen(&old, &new, 1)).expect("the question can be written");
            question.engine = ENGINE_VERSION;
        }
        let totals = question.total().unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = format!("{}\n", serde_json::to_string_pretty(&totals).expect("totals are JSON"));
        assert!(serde_json::from_str::<Totals>(&text).is_ok_and(|read| read == totals), "{name} reads back");
        if is_updated && (is_older || !answered.exists()) {
            fs::write(&answered, text).expect("the totals can be written");
            continue;
        }
        let golden = fs::read_to_string(&answered).unwrap_or_default();
        if golden != text {
            faults.push(format!("{name}: {}", first_difference(&golden, &text)));
        }
    }
    assert!(
        faults.is_empty(),
        "{}\nWhere this is meant, raise ENGINE_VERSION, and update in the same commit: HP_UPDATE_GOLDEN=1 cargo test --test \
         contract",
        faults.join("\n")
    );
}
