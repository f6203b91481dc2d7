//! What is there and nobody's business is told neither by an answer nor by its time: another organization's ids, and
//! whether an address has an account.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::Role;
use http::Method;
use serde_json::{Value, json};

use super::house::{House, said};
use super::paths::{TABLE, path_to_nothing};
use super::things::Things;
use crate::app::{Kind, Stage};
use crate::client::Client;
use crate::world::at_own_address;

/// So many answers of each of two kinds are timed in a round, turn by turn.
const IDS: usize = 61;
const ADDRESSES: usize = 31;

/// A machine that does something else meanwhile spoils a round: after one, three, five, seven and nine of them the
/// middle one decides.
const ROUNDS: usize = 9;

/// How far the medians of ids may be apart. In this process what is shown takes a tenth longer than what is not there;
/// behind a wasm host less of the time is the API's own.
const IDS_ALIKE: RangeInclusive<f64> = 0.9..=1.1;
const IDS_ALIKE_NATIVE: RangeInclusive<f64> = 0.93..=1.07;

/// How far those of addresses may be apart. A mail to be sent is one row more; a password that is hashed, or a read
/// that is made, for one of the two alone would be several times as long.
const ADDRESSES_ALIKE: RangeInclusive<f64> = 0.8..=1.25;

/// Fewer than the failed logins that an address has for nothing.
const FROM_ONE_ADDRESS: usize = 20;

pub fn ids_of_others_take_as_long_as_none(stage: &Stage, kind: Kind) {
    stage.run(async {
        let house = House::found(stage).await;
        let foreign = Things::furnish(&house, &house.theirs).await;
        let token = house.log_in_as(&house.ours, Role::Owner).await;
        let range = if kind == Kind::Native { IDS_ALIKE_NATIVE } else { IDS_ALIKE };
        // What a write finds first is found by the same statements on each host: there reads stand for them.
        let is_timed = |route: &&Route| route.method == Method::GET || kind == Kind::Native;
        let table = TABLE.iter().filter(|route| route.path.contains('{') && route.access.scope().is_some());
        for route in table.filter(is_timed) {
            let paths = [path_to_nothing(route), foreign.path_of(route)];
            let round = async |_| ratio_of_ids(&house, route, &paths, &token).await;
            let line = format!("{} {}", route.method, route.path);
            let ratio = alike(&line, &range, round).await;
            println!("{kind}: {line} answers about what is another's in {ratio:.3} of the time");
        }
    });
}

async fn ratio_of_ids(house: &House<'_>, route: &Route, paths: &[String; 2], token: &str) -> f64 {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for number in 0..IDS * 2 {
        let which = turn(number);
        times[which].push(house.call(&house.nobody, route, &paths[which], token).timed().await.1);
    }
    ratio(times)
}

pub fn accounts_take_as_long_as_none(stage: &Stage, kind: Kind) {
    stage.run(async {
        let house = House::found(stage).await;
        // In this process mails leave on the processors that answer: beside that nothing can be timed.
        let quiet = stage.isolate_at(Arc::new(SystemClock)).await;
        let nobody = match kind {
            Kind::Native | Kind::NativeWithRedis => stage.world_of(&quiet).nobody,
            Kind::Workers | Kind::Spin => house.nobody.clone(),
        };
        for (path, status) in [
            ("/api/v1/auth/register", 202),
            ("/api/v1/auth/login", 401),
            ("/api/v1/auth/magic", 202),
            ("/api/v1/auth/password/forgot", 202),
            ("/api/v1/auth/verify-email/resend", 202),
        ] {
            let round = async |number| ratio_of_addresses(&house, &nobody, path, status, number).await;
            let ratio = alike(path, &ADDRESSES_ALIKE, round).await;
            println!("{kind}: {path} answers about an account in {ratio:.3} of the time");
        }
    });
}

async fn ratio_of_addresses(house: &House<'_>, nobody: &Client, path: &str, status: u16, round: usize) -> f64 {
    // Each address is asked for once: what is sent to one and counted for it is bounded.
    let known: [String; ADDRESSES] = house.customers(&house.ours).await;
    let unknown = std::array::from_fn(|number| format!("nobody-{number}-{round}{}@example.com", path.len()));
    let addresses = [unknown, known];
    let mut times: [Vec<Duration>; 2] = Default::default();
    let mut answers: [Vec<Value>; 2] = Default::default();
    let mut by = nobody.clone();
    for number in 0..ADDRESSES * 2 {
        if number % FROM_ONE_ADDRESS == 0 {
            by = at_own_address(nobody).with_key(&house.ours.publishable);
            // Opens the connection.
            by.get("/healthz").send().await.expect(200);
        }
        let (which, at) = (turn(number), number / 2);
        let (answer, took) = by.post(path).json(&body(path, &addresses[which][at])).timed().await;
        times[which].push(took);
        answers[which].push(said(&answer.expect(status)));
    }
    let [of_unknown, of_known] = answers;
    assert_eq!(of_unknown, of_known, "{path}");
    ratio(times)
}

fn body(path: &str, email: &str) -> Value {
    match path.rsplit('/').next() {
        Some("register") => json!({ "email": email, "password": "another horse battery" }),
        Some("login") => json!({ "email": email, "password": "wrong horse battery" }),
        _ => json!({ "email": email }),
    }
}

/// The middle one of the rounds' ratios, once that is within `range`.
async fn alike(what: &str, range: &RangeInclusive<f64>, mut round: impl AsyncFnMut(usize) -> f64) -> f64 {
    let mut ratios = Vec::new();
    for number in 0..ROUNDS {
        ratios.push(round(number).await);
        ratios.sort_by(f64::total_cmp);
        let middle = ratios[number / 2];
        if number % 2 == 0 && range.contains(&middle) {
            return middle;
        }
    }
    panic!("{what}: {ratios:?} are not alike");
}

/// Which of two goes first changes with each pair: 0, 1, 1, 0.
fn turn(number: usize) -> usize {
    (number / 2 + number) % 2
}

/// The second median as a part of the first.
fn ratio(times: [Vec<Duration>; 2]) -> f64 {
    let [first, second] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    second / first
}
