//! The written cases: `tests/cases/kv/*.txt`.

use super::notation::{command, print, sorted};
use super::{adapters, run};

/// `# name` begins a case on an empty database, `> command` is followed by the answer on a line of its
/// own. `>~` puts the answer's elements in order first, `>%` its pairs.
const FILES: [(&str, &str); 7] = [
    ("strings", include_str!("../../cases/kv/strings.txt")),
    ("keys", include_str!("../../cases/kv/keys.txt")),
    ("hashes", include_str!("../../cases/kv/hashes.txt")),
    ("lists", include_str!("../../cases/kv/lists.txt")),
    ("sets", include_str!("../../cases/kv/sets.txt")),
    ("sorted sets", include_str!("../../cases/kv/sorted_sets.txt")),
    ("server", include_str!("../../cases/kv/server.txt")),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_adapter_gives_redis_answers() {
    let mut failures = Vec::new();
    for adapter in adapters::all().await {
        for (file, text) in FILES {
            let mut case = "";
            let mut lines = text.lines().filter(|line| !line.is_empty());
            while let Some(line) = lines.next() {
                if let Some(name) = line.strip_prefix("# ") {
                    case = name;
                    run(&*adapter.kv, "FLUSHALL").await;
                    continue;
                }
                let (order, line) = match line.split_at(2) {
                    (">~", line) => (1, line),
                    (">%", line) => (2, line),
                    ("> ", line) => (0, line),
                    _ => panic!("{file}: what is {line}?"),
                };
                let expected = lines.next().unwrap_or_else(|| panic!("{file}: no answer to {line}"));
                let reply = adapter.kv.command(command(line)).await.unwrap_or_else(|error| panic!("{line}: {error}"));
                let reply = if order == 0 { reply } else { sorted(reply, order) };
                if print(&reply) != expected.trim_end_matches('·') {
                    let name = adapter.name;
                    failures
                        .push(format!("{name}, {file}, {case}: {line}\n  is   {}\n  want {expected}", print(&reply)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
