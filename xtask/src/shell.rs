//! Commands: each is printed before it runs, so that it can be repeated alone.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::paths::Paths;

/// A command in the checkout, with the shared target folder.
pub fn command(paths: &Paths, program: impl AsRef<OsStr>, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).current_dir(&paths.root).env("CARGO_TARGET_DIR", &paths.target).stdin(Stdio::null());
    // Cargo tells us our own package in these. Told on, they make a cargo below us build anew what depends on them, `ring`
    // and all that needs it, which a cargo that was called by hand has built already.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

pub fn cargo(paths: &Paths, words: &[&str]) -> Outcome {
    run(command(paths, "cargo", words))
}

/// Prints and runs a command; its output goes where ours goes.
pub fn run(mut command: Command) -> Outcome {
    let line = line(&command);
    println!("$ {line}");
    let status = command.status().map_err(|error| format!("cannot run `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

/// Runs one of our own commands beside others: each line that it prints begins with `name`.
pub fn ourselves(paths: &Paths, name: &str, words: &[&str]) -> Outcome {
    let run = || {
        let (reader, writer) = std::io::pipe()?;
        let mut ourselves = command(paths, std::env::current_exe()?, words);
        let mut child = ourselves.stdout(writer.try_clone()?).stderr(writer).spawn()?;
        // It holds the other ends of the pipe, which would never end.
        drop(ourselves);
        for line in BufReader::new(reader).split(b'\n') {
            println!("{name} | {}", String::from_utf8_lossy(&line?).trim_end());
        }
        child.wait()
    };
    match run() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("failed: {status}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs a command silently and answers what it printed, or nothing when there is no such program or it failed.
pub fn ask(program: impl AsRef<OsStr>, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as one would type it in the checkout.
fn line(command: &Command) -> String {
    let mut line = String::new();
    if let Some(folder) = command.get_current_dir().filter(|folder| !folder.join("xtask").is_dir()) {
        let _infallible = write!(line, "cd {} && ", folder.display());
    }
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let _infallible = write!(line, "{}={} ", name.display(), quoted(value));
        }
    }
    let program = Path::new(command.get_program());
    line.push_str(&program.display().to_string());
    for word in command.get_args() {
        line.push(' ');
        line.push_str(&quoted(word));
    }
    line
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_=./:,@+".contains(character);
    if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("'{word}'") }
}
