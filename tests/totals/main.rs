//! The module that `hp totals build` writes, in Node and for TypeScript; and the engine on three targets, which comes to
//! the same on each.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints how many were compared")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use headlesspro_shared::totals::Question;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What `cargo xtask build-totals` and `cargo xtask build-spin-host` have made.
fn built(file: &str) -> PathBuf {
    let path = root().join("target").join(file);
    assert!(path.exists(), "{} is missing: run `cargo xtask test totals`", path.display());
    path
}

fn module() -> PathBuf {
    built("totals/totals.wasm").parent().unwrap().to_owned()
}

/// Each golden order: its name, its question and its totals.
fn goldens() -> Vec<(String, PathBuf, PathBuf)> {
    let folder = root().join("tests/golden/totals");
    let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".totals.json")?.to_owned())).collect();
    names.sort();
    assert!(12 <= names.len(), "some are gone: {names:?}");
    let files = |name: &String| [folder.join(format!("{name}.json")), folder.join(format!("{name}.totals.json"))];
    names.iter().map(|name| (name.clone(), files(name)[0].clone(), files(name)[1].clone())).collect()
}

/// On one line, with its members as they are.
fn compact(file: &Path) -> String {
    let mut line = String::new();
    for part in fs::read_to_string(file).unwrap().lines() {
        line.push_str(part.trim_start());
    }
    line
}

fn stdout(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

fn node(script: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(root().join("tests/totals").join(script)).arg(module());
    node
}

/// The answers to these questions in Node.
fn answers(of: &str, questions: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("questions");
    let mut asked = File::create(&file).unwrap();
    questions.iter().for_each(|question| writeln!(asked, "{question}").unwrap());
    let answered = stdout(node("answers.mjs").arg(of).stdin(File::open(&file).unwrap()));
    answered.lines().map(str::to_owned).collect()
}

#[test]
fn golden_orders_come_to_the_same_in_node() {
    let (mut questions, mut totals, mut explanations) = (Vec::new(), Vec::new(), Vec::new());
    for (name, question, golden) in goldens() {
        questions.push(compact(&question));
        let question: Question = serde_json::from_str(&fs::read_to_string(question).unwrap()).unwrap();
        let native = question.total().unwrap();
        totals.push(serde_json::to_string(&native).unwrap());
        assert_eq!(
            serde_json::to_string_pretty(&native).unwrap().trim(),
            fs::read_to_string(golden).unwrap().trim(),
            "{name}"
        );
        explanations.push(serde_json::to_string(&question.explain().unwrap()).unwrap());
    }
    assert_eq!(answers("total", &questions), totals);
    assert_eq!(answers("explain", &questions), explanations);
}

#[test]
fn a_question_that_ends_badly_leaves_nothing_broken() {
    stdout(node("stops.mjs").arg(root().join("tests/golden/totals/exclusive.json")));
}

/// A literal with a member that the types do not name, or of another type than they say, does not compile.
#[test]
fn types_name_every_member_of_goldens_and_of_random_questions() {
    let folder = tempfile::tempdir().unwrap();
    let packages = folder.path().join("node_modules");
    fs::create_dir(&packages).unwrap();
    std::os::unix::fs::symlink(module(), packages.join("headlesspro-totals")).unwrap();
    fs::copy(root().join("tests/totals/sample.ts"), folder.path().join("sample.ts")).unwrap();
    let random = stdout(Command::new(built("differential/differential")).args(["questions", "0", "80"]));
    let large = stdout(Command::new(built("differential/differential")).arg("large"));
    let texts = goldens().into_iter().map(|(_, question, _)| compact(&question));
    let texts = texts.chain(random.lines().map(str::to_owned)).chain(large.lines().map(str::to_owned));
    let mut script =
        "import type { Explanation, Question, Totals } from \"headlesspro-totals\";\nimport * as all from \"./sample.js\";\nall.pay();\n".to_owned();
    let mut count = 0;
    for text in texts {
        let Ok(question) = serde_json::from_str::<Question>(&text) else { continue };
        let Ok(explanation) = question.explain() else { continue };
        count += 1;
        let written = serde_json::to_string(&question).unwrap();
        let (totals, explanation) =
            (serde_json::to_string(&explanation.totals).unwrap(), serde_json::to_string(&explanation).unwrap());
        for (name, literal) in
            [("Question", &text), ("Question", &written), ("Totals", &totals), ("Explanation", &explanation)]
        {
            script.push_str(&format!("(): {name} => ({literal});\n"));
        }
    }
    assert!(70 < count, "{count}");
    fs::write(folder.path().join("literals.ts"), script).unwrap();
    let compiler = root().join("tests/node_modules/typescript/bin/tsc");
    assert!(compiler.exists(), "{} is missing: run `npm ci --ignore-scripts` in tests/", compiler.display());
    let options = r#"{ "compilerOptions": { "noEmit": true, "strict": true, "exactOptionalPropertyTypes": true,
        "preserveSymlinks": true, "target": "es2022", "lib": ["es2022", "dom"], "module": "nodenext", "types": [] } }"#;
    fs::write(folder.path().join("tsconfig.json"), options).unwrap();
    stdout(Command::new("node").arg(compiler).args(["--project", "tsconfig.json"]).current_dir(folder.path()));
}

/// So many carts as properties have cases: `cargo xtask test --deep` asks for 100,000.
fn cases() -> u64 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
}

#[test]
fn three_targets_come_to_the_same() {
    let (program, component, host) =
        (built("differential/differential"), built("differential/differential.wasm"), built("spin/spin-host"));
    let last = cases().to_string();
    let (native, node, wasi) = thread::scope(|scope| {
        let native = scope.spawn(|| stdout(Command::new(&program).args(["digests", "0", &last])));
        let node = scope.spawn(|| {
            let mut questions =
                Command::new(&program).args(["questions", "0", &last]).stdout(Stdio::piped()).spawn().unwrap();
            let digests = stdout(node("answers.mjs").args(["digests", "0"]).stdin(questions.stdout.take().unwrap()));
            assert!(questions.wait().unwrap().success());
            digests
        });
        let words = ["digests", "0", &last];
        let wasi = scope.spawn(move || stdout(Command::new(&host).arg("--command").arg(&component).args(words)));
        (native.join().unwrap(), node.join().unwrap(), wasi.join().unwrap())
    });
    let lines: Vec<&str> = native.lines().collect();
    assert_eq!(lines.len() as u64, cases().div_ceil(1_000));
    for (at, line) in lines.iter().enumerate() {
        for (target, other) in [("wasm32-unknown-unknown", &node), ("wasm32-wasip2", &wasi)] {
            assert_eq!(other.lines().nth(at), Some(*line), "{target}: a cart of this thousand comes to something else");
        }
    }
    let refused: u64 = lines.iter().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert!(cases() / 16 < refused && refused < cases() / 4, "{refused} were refused");
    println!(
        "{} carts in {} digests are the same on three targets; {refused} of them were refused",
        cases(),
        lines.len()
    );
}
