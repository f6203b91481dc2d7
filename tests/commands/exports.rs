//! `hp export` and `hp bulk export`: files that go out and come back without a change.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Dev, hp, run};

/// The sources of all products, one a line: what an import or a bulk upsert must not change.
pub fn canonical(folder: &Path, data: &str) -> String {
    let file = folder.join("canonical.jsonl");
    run(hp(&["bulk", "export", "--data", data]).arg(&file)).ok();
    std::fs::read_to_string(&file).unwrap()
}

#[test]
fn what_is_exported_is_imported_without_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &[]).interrupt().success());
    let data = data.to_str().unwrap();
    let before = canonical(folder.path(), data);
    assert_eq!(before.lines().count(), 77);
    for header in ["older", "newer"] {
        let file = folder.path().join(format!("{header}.csv"));
        let said = run(hp(&["export", "--header", header, "--data", data]).arg(&file)).ok();
        assert!(said.starts_with("Exported: 77 products, "), "{said}");
        assert!(!folder.path().join(format!("{header}.csv.cursor")).exists());
        let said = run(hp(&["import", "--json", "--data", data]).arg(&file)).ok();
        let report: Value = serde_json::from_str(&said).unwrap();
        let unchanged = json!({ "created": 0, "updated": 0, "unchanged": 77, "failed": 0 });
        assert_eq!((&report["products"], &report["warnings"]), (&unchanged, &json!([])), "{report}");
        assert_eq!(canonical(folder.path(), data), before, "{header}");
    }
}

#[test]
fn an_export_that_broke_off_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &[]).interrupt().success());
    let data = data.to_str().unwrap();
    let whole = canonical(folder.path(), data);
    // As it is left by one that was killed while it wrote its second slice.
    let file = folder.path().join("half.jsonl");
    let first: String = whole.split_inclusive('\n').take(30).collect();
    std::fs::write(&file, format!("{first}{{\"id\":\"pr")).unwrap();
    let last: Value = serde_json::from_str(first.lines().last().unwrap()).unwrap();
    let after = last["id"].as_str().unwrap();
    let stores = run(&mut hp(&["store", "list", "--data", data])).ok();
    let store = stores.split_whitespace().nth(1).unwrap();
    let mut cursor = vec![1];
    cursor.extend([0, 0, 0, 6]);
    cursor.extend(b"export");
    for number in [30_i64, 77] {
        cursor.push(b'i');
        cursor.extend(number.to_be_bytes());
    }
    cursor.push(b't');
    cursor.extend(u32::try_from(after.len()).unwrap().to_be_bytes());
    cursor.extend(after.as_bytes());
    let cursor = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, cursor);
    let mark = format!("Lines of {store}\n{}\n1\nfalse\n{cursor}\n", first.len());
    std::fs::write(folder.path().join("half.jsonl.cursor"), mark).unwrap();
    let said = run(hp(&["bulk", "export", "--data", data]).arg(&file)).ok();
    assert!(said.starts_with("Exported: 77 products, "), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
}
