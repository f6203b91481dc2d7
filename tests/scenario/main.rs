//! The scenario: one black-box suite, told on every host.
//!
//! - `cargo test --test scenario` runs everything; `... native`, `... workers` and `... spin` one host,
//!   `... carts` one chapter on all of them. The wasm hosts run what `cargo xtask build-worker` and
//!   `cargo xtask build-spin` built last; `cargo xtask test scenario` builds them first.
//! - Stories know a base URL and keys, nothing else. `... remote` tells them to any deployment:
//!   `HP_URL`, and `HP_OUR_PUBLISHABLE_KEY`, `HP_OUR_SECRET_KEY`, `HP_THEIR_PUBLISHABLE_KEY` and
//!   `HP_THEIR_SECRET_KEY` of two organizations, the first selling in EUR and the second in BHD. The stories
//!   come from one address in hundreds a second: deploy with `RATE_LIMITS` as [`hosts::UNLIMITED`].
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

mod eventually;
mod hostile;
mod log;
mod mails;
mod product_file;
mod proofs;
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
    told.extend(remote());
    // They mostly wait for the servers that they share.
    let threads = arguments.test_threads.or(Some(4));
    let told = libtest_mimic::run(&Arguments { test_threads: threads, ..arguments.clone() }, told);
    // Ends what the stories ran on. Some proofs measure under load: each of those has the machine for itself.
    drop(stages);
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
    let stories = stories::STORIES.iter().map(|(name, story)| ((*name).to_owned(), *story));
    stories.chain(hostile::STORIES.iter().map(|(name, story)| (format!("hostile::{name}"), *story)))
}

fn tell(stages: &Stages, kind: Kind, story: Story) -> Result<(), Failed> {
    let stage = stages[&kind].get_or_init(|| Stage::start(kind, hosts::UNLIMITED));
    let stage = stage.as_ref().map_err(Failed::from)?;
    stage.run(story(stage.world().at_own_address()));
    Ok(())
}

/// So that whoever waits for the suite knows for what.
fn tell_if_slow(name: &str, started: Instant) {
    if Duration::from_secs(10) < started.elapsed() {
        println!("{name} took {} s", started.elapsed().as_secs());
    }
}

/// The stories for a deployment somewhere else; ignored unless the environment names one.
fn remote() -> Vec<Trial> {
    let setting = |name: &str| std::env::var(name).unwrap_or_default();
    let url = setting("HP_URL").trim_end_matches('/').to_owned();
    all_stories()
        .map(|(name, story)| {
            let url = url.clone();
            let is_ignored = url.is_empty();
            let trial = Trial::test(format!("remote::{name}"), move || {
                let ours = [setting("HP_OUR_PUBLISHABLE_KEY"), setting("HP_OUR_SECRET_KEY")];
                let theirs = [setting("HP_THEIR_PUBLISHABLE_KEY"), setting("HP_THEIR_SECRET_KEY")];
                let runtime = tokio::runtime::Runtime::new().map_err(|error| Failed::from(error.to_string()))?;
                runtime.block_on(story(app::world(&url, [&ours[0], &ours[1]], [&theirs[0], &theirs[1]])));
                Ok(())
            });
            // Mails of a deployment somewhere else are read by nobody here.
            let is_by_mail =
                ["people::", "profiles::", "own_orders::", "second_factors::", "sign_ups::", "customers::"]
                    .iter()
                    .any(|chapter| name.starts_with(chapter));
            trial.with_ignored_flag(is_ignored || is_by_mail)
        })
        .collect()
}
