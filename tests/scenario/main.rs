//! The scenario: one black-box suite, told on every host.
//!
//! - `cargo test --test scenario` runs everything; `... native`, `... workers` and `... spin` one host,
//!   `... carts` one chapter on all of them. The wasm hosts run what `cargo xtask build-worker` and
//!   `cargo xtask build-spin` built last; `cargo xtask test scenario` builds them first.
//! - Stories know a base URL and keys, nothing else; what some need beyond that stands beside their names. `... remote`
//!   tells them to any deployment, as `remote.rs` says; what it does not have, its stories are ignored for.
//! - Proofs have a stage of their own, look into the database and kill what stands behind the API. They
//!   print what they measured. One is held against `tests/golden/permissions.txt`:
//!   `HP_UPDATE_GOLDEN=1 cargo test --test scenario native::proofs::every_route` writes it anew.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stdout, reason = "proofs print what they measured")]

mod batches;
mod eventually;
mod hostile;
mod log;
mod mails;
mod product_file;
mod proofs;
mod remote;
mod stories;
mod world;

#[path = "../support/app.rs"]
mod app;
#[path = "../support/authenticator.rs"]
mod authenticator;
#[path = "../support/buyers.rs"]
mod buyers;
#[path = "../support/client.rs"]
mod client;
#[path = "../support/golden.rs"]
mod golden;
#[expect(dead_code, reason = "the benchmark uses the rest")]
#[path = "../support/hosts.rs"]
mod hosts;
#[path = "../support/openapi.rs"]
mod openapi;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/secrets.rs"]
mod secrets;
#[expect(dead_code, reason = "the commands' suite asks it for a token")]
#[path = "../support/sqld.rs"]
mod sqld;
#[path = "../support/texts_like_secrets.rs"]
mod texts_like_secrets;
#[path = "../support/totp_app.rs"]
mod totp_app;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use tokio::time::Instant;

use app::{Kind, Stage};
use stories::Story;

/// The stages that stories share, each started when the first story needs it.
type Stages = BTreeMap<Kind, OnceLock<Result<Stage, String>>>;

fn main() -> ExitCode {
    log::listen();
    let arguments = Arguments::from_args();
    let stages: Arc<Stages> = Arc::new(Kind::ALL.into_iter().map(|kind| (kind, OnceLock::new())).collect());
    let mut told: Vec<Trial> = Vec::new();
    for kind in Kind::ALL {
        for (name, story) in all_stories() {
            let stages = Arc::clone(&stages);
            let name = format!("{kind}::{name}");
            told.push(Trial::test(name.clone(), move || {
                let started = Instant::now();
                tell(&stages, kind, story)?;
                tell_if_slow(&name, started);
                Ok(())
            }));
        }
    }
    told.extend(remote::stories());
    // They mostly wait for the servers that they share.
    let threads = arguments.test_threads.or(Some(4));
    let told = libtest_mimic::run(&Arguments { test_threads: threads, ..arguments.clone() }, told);
    // Ends what the stories ran on. Some proofs measure under load: each of those has the machine for itself.
    drop(stages);
    if told.has_failed() {
        log::tell_errors();
    }
    let proofs = |alone: bool| {
        let proofs = Kind::ALL.into_iter().flat_map(|kind| {
            let proofs = proofs::PROOFS.iter().filter(move |proof| proof.alone == alone && proof.kinds.contains(&kind));
            proofs.map(move |proof| {
                let name = format!("{kind}::proofs::{}", proof.name);
                Trial::test(name.clone(), move || {
                    let started = Instant::now();
                    (proof.show)(&Stage::start(kind, proof.limits).map_err(Failed::from)?, kind);
                    tell_if_slow(&name, started);
                    Ok(())
                })
            })
        });
        proofs.collect::<Vec<_>>()
    };
    let shown = libtest_mimic::run(&Arguments { test_threads: Some(4), ..arguments.clone() }, proofs(false));
    let proved = libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments.clone() }, proofs(true));
    // Everything has run by now, and has ended.
    let heard = Trial::test("the_logs_of_all_of_it_hold_no_secret", || {
        log::holds_no_secret();
        Ok(())
    });
    let heard = libtest_mimic::run(&Arguments { filter: None, exact: false, ..arguments }, vec![heard]);
    let has_failed = [told, shown, proved, heard].iter().any(Conclusion::has_failed);
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn all_stories() -> impl Iterator<Item = (String, Story)> {
    let stories = stories::STORIES.iter().map(|story| (story.name.to_owned(), *story));
    stories.chain(hostile::STORIES.iter().map(|story| (format!("hostile::{}", story.name), *story)))
}

fn tell(stages: &Stages, kind: Kind, story: Story) -> Result<(), Failed> {
    let stage = stages[&kind].get_or_init(|| Stage::start(kind, hosts::UNLIMITED));
    let stage = stage.as_ref().map_err(Failed::from)?;
    stage.run(story.tell(stage.world().at_own_address()));
    Ok(())
}

/// So that whoever waits for the suite knows for what.
fn tell_if_slow(name: &str, started: Instant) {
    if Duration::from_secs(10) < started.elapsed() {
        println!("{name} took {} s", started.elapsed().as_secs());
    }
}
