//! `hp bulk upsert`: killed half-way and started again, with nothing lost or doubled.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::exports::canonical;
use crate::program::{Dev, hp, run};

const PRODUCTS: usize = 2_000;

fn line(number: usize) -> Value {
    let variant = |size: &str, at: usize| {
        json!({
            "sku": format!("B-{number}-{size}"),
            "options": [size],
            "price": { "amount": format!("{}.50", 5 + at), "currency": "EUR" },
            "inventory": { "quantity": number % 7 },
        })
    };
    json!({
        "handle": format!("bulk-{number:05}"),
        "title": format!("Bulk {number}"),
        "description": format!("<p>{}</p>", "Made by hand. ".repeat(120)),
        "status": "active",
        "tags": ["bulk"],
        "options": [{ "name": "Size" }],
        "variants": [variant("S", 0), variant("M", 1), variant("L", 2)],
    })
}

fn written(folder: &Path, name: &str, lines: impl Iterator<Item = String>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, lines.map(|line| line + "\n").collect::<String>()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// `N` of `N created, M updated`.
fn told(said: &str, what: &str) -> usize {
    let words: Vec<&str> = said.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|word| *word == what).unwrap_or_else(|| panic!("no {what} in {said}"));
    words[at - 1].parse().unwrap()
}

#[test]
fn a_bulk_upsert_that_is_killed_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &["--seed", "none"]).interrupt().success());
    let data = data.to_str().unwrap();
    let file = written(folder.path(), "products.jsonl", (0..PRODUCTS).map(|number| line(number).to_string()));
    let count = || canonical(folder.path(), data).lines().count();

    // Killed as soon as some of it is in, again and again.
    let mut job = None;
    let mut was_killed = false;
    for _ in 0..2 {
        let mut command = hp(&["bulk", "upsert", &file, "--data", data]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let before = count();
        while count() == before && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        was_killed |= child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
        let name = said.lines().find_map(|line| line.strip_prefix("job ")).map(str::to_owned);
        // It is the same job that goes on.
        assert!(job.is_none() || job == name || name.is_none(), "{said}");
        job = job.or(name);
    }
    assert!(was_killed && count() < PRODUCTS, "it was done before it was killed");
    let said = run(&mut hp(&["bulk", "upsert", &file, "--data", data])).ok();
    assert_eq!(
        (told(&said, "created"), told(&said, "updated"), told(&said, "lines")),
        (PRODUCTS, 0, PRODUCTS),
        "{said}"
    );
    let exported = canonical(folder.path(), data);
    let mut handles: Vec<String> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["handle"].as_str().unwrap().to_owned())
        .collect();
    handles.sort();
    assert_eq!(handles, (0..PRODUCTS).map(|number| format!("bulk-{number:05}")).collect::<Vec<_>>());

    // Again it is another job, which finds nothing to do; and so is one of what was exported.
    let said = run(&mut hp(&["bulk", "upsert", &file, "--data", data])).ok();
    assert_eq!((told(&said, "created"), told(&said, "unchanged")), (0, PRODUCTS), "{said}");
    let back = written(folder.path(), "back.jsonl", exported.lines().map(str::to_owned));
    for mode in ["merge", "replace"] {
        let said = run(&mut hp(&["bulk", "upsert", &back, "--mode", mode, "--data", data])).ok();
        assert_eq!((told(&said, "updated"), told(&said, "unchanged")), (0, PRODUCTS), "{said}");
        assert_eq!(canonical(folder.path(), data), exported);
    }
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &["--seed", "none"]).interrupt().success());
    let data = data.to_str().unwrap();
    let file = written(folder.path(), "products.jsonl", (0..500).map(|number| line(number).to_string()));
    // Twice, as it changes nothing; and what is begun for real goes on with no dry run.
    for _ in 0..2 {
        let said = run(&mut hp(&["bulk", "upsert", &file, "--dry-run", "--data", data])).ok();
        assert!(said.starts_with("Nothing written (dry run). Would be: 500 created, 0 updated,"), "{said}");
        assert_eq!(canonical(folder.path(), data), "");
    }
    let listed = run(&mut hp(&["bulk", "list", "--data", data])).ok();
    assert_eq!(listed.matches("dry run").count(), 2, "{listed}");
    let job = listed.split_whitespace().next().unwrap();
    let said = run(&mut hp(&["bulk", "upsert", &file, "--job", job, "--data", data])).refused(1);
    assert!(said.contains("is a dry run"), "{said}");
    let said = run(&mut hp(&["bulk", "upsert", &file, "--data", data])).ok();
    assert!(said.starts_with("Upserted: 500 created,"), "{said}");
    // A SKU that stands twice in the file, more than a commit apart.
    let mut double = line(900);
    double["variants"][1]["sku"] = "B-1-S".into();
    let mut twin = line(901);
    twin["variants"][1]["sku"] = "B-700-S".into();
    let lines = (450..950).map(|number| if number == 900 { double.clone() } else { line(number) });
    let lines = lines.map(|line| if line["handle"] == "bulk-00901" { twin.clone() } else { line });
    let file = written(folder.path(), "more.jsonl", lines.map(|line| line.to_string()));
    let before = canonical(folder.path(), data);
    let ended = run(&mut hp(&["bulk", "upsert", &file, "--dry-run", "--data", data]));
    let counted = ["created", "unchanged", "out"].map(|what| told(&ended.stdout.replace("left out", "out"), what));
    assert_eq!((ended.code, counted), (Some(1), [448, 50, 2]), "{ended:?}");
    for line in ["error: line 451: ", "error: line 452: "] {
        assert!(ended.stderr.contains(line), "{ended:?}");
    }
    assert_eq!(canonical(folder.path(), data), before);
}

#[test]
fn a_wrong_line_is_told_by_its_line_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &["--seed", "none"]).interrupt().success());
    let data = data.to_str().unwrap();
    let lines = (0..5).map(|number| if number == 3 { "{\"title\":1".to_owned() } else { line(number).to_string() });
    let file = written(folder.path(), "wrong.jsonl", lines);
    let ended = run(&mut hp(&["bulk", "upsert", &file, "--data", data]));
    assert_eq!((ended.code, told(&ended.stdout, "created")), (Some(1), 4), "{ended:?}");
    assert!(ended.stderr.contains("error: line 4: "), "{ended:?}");
    let listed = run(&mut hp(&["bulk", "list", "--data", data])).ok();
    assert!(listed.contains("finished") && listed.contains("created 4") && listed.contains("left out 1"), "{listed}");
    assert_eq!(run(&mut hp(&["bulk", "list", "--state", "open", "--data", data])).ok(), "");
    let said = run(&mut hp(&["bulk", "upsert", &file, "--job", "bulk_x", "--data", data])).refused(1);
    assert!(said.contains("no id of a job"), "{said}");
}
