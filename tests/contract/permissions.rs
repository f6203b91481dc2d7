//! Who may call what, and that nobody sees what is another tenant's: every route of the table, with every credential
//! and with every id that is not the caller's. A route that is not in the walk fails it.

mod house;
mod timing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headlesspro_edge::openapi::{Operation, operations};
use headlesspro_edge::routes::{Route, routes};
use headlesspro_shared::identity::{Role, Scopes};
use http::Method;
use serde_json::Value;

use crate::golden::assert_golden;
use house::{House, missing, prefix_of};

/// Of ids that are not there and ids that are another tenant's, so many answers are timed.
const TIMED: usize = 301;

#[tokio::test]
async fn every_route_answers_every_credential_as_agreed() {
    let house = House::build().await;
    let own = house.furnish(&house.ours).await;
    let others = [house.furnish(&house.sibling).await, house.furnish(&house.theirs).await];
    let special = house.special_credentials().await;
    let ended = house.ended_token().await;
    let mut lines = Vec::new();
    for route in routes().table() {
        let Some(scope) = route.access.scope() else { continue };
        let path = fill(route, missing);
        let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut note = |who: &str, outcome: String| outcomes.entry(outcome).or_default().push(who.to_owned());
        for role in Role::BUILT_IN {
            let credential = match role {
                Role::Guest => house.ours.publishable.clone(),
                Role::App => house.ours.secret.clone(),
                _ => house.log_in_as(&house.ours, role).await,
            };
            let outcome = house.probe(route, &path, Some(&credential)).await;
            // Deny by default, whatever the golden says.
            let may = role.scopes(Scopes::NONE).contains(scope);
            if !may {
                assert_eq!(outcome, format!("403 missing-scope {scope}"), "{} {path} as {role}", route.method);
            }
            if route.path.contains('{') {
                for (whose, things) in ["a sibling store's", "another organization's"].iter().zip(&others) {
                    if *whose == "a sibling store's" && prefixes_of(route).iter().all(|prefix| is_shared(prefix)) {
                        continue;
                    }
                    let path = fill(route, |prefix| things.of(prefix, route));
                    let here = house.probe(route, &path, Some(&credential)).await;
                    assert_eq!(here, outcome, "{} {path} ({whose}) as {role}", route.method);
                }
                // Who may not is told so of what is there too; who may read sees it, unless it is somebody's own.
                let is_read = route.method == Method::GET;
                if !may || is_read {
                    let path = fill(route, |prefix| own.of(prefix, route));
                    let here = house.probe(route, &path, Some(&credential)).await;
                    let is_seen = may && !prefixes_of(route).iter().any(|prefix| is_personal(prefix));
                    let expected = if is_seen { "200".to_owned() } else { outcome.clone() };
                    assert_eq!(here, expected, "{} {path} (own) as {role}", route.method);
                }
            }
            note(&role.to_string(), outcome);
        }
        for (who, credential) in &special {
            note(who, house.probe(route, &path, Some(credential)).await);
        }
        let token = house.log_in_as(&house.ours, Role::Owner).await;
        let bad = [
            ("expired", house.expired.clone()),
            ("wrong-signature", wrong_signature(&token)),
            ("alg-none", alg_none(&token)),
            ("other-kind", other_kind(&house.ours.publishable)),
            ("secret-as-publishable", house.ours.secret.replacen("sk_", "pk_", 1)),
            ("ended", ended.clone()),
            ("other-store", other_store(&house.ours.secret, &house.theirs.secret)),
        ];
        for (name, credential) in bad {
            let outcome = house.probe(route, &path, Some(&credential)).await;
            assert_eq!(outcome, "401 bad-credentials", "{} {path} with {name}", route.method);
            note(name, outcome);
        }
        let nobody = house.probe(route, &path, None).await;
        assert_eq!(nobody, "401 no-credentials", "{} {path}", route.method);
        note("nobody", nobody);
        lines.push(format!("{} {}", route.method, route.path));
        lines.extend(outcomes.iter().map(|(outcome, who)| format!("  {outcome}: {}", who.join(" "))));
    }
    assert_golden("permissions.txt", &format!("{}\n", lines.join("\n")));
}

#[tokio::test]
async fn ids_of_others_are_ids_of_nothing() {
    let house = House::build().await;
    let (foreign, sibling) = (house.furnish(&house.theirs).await, house.furnish(&house.sibling).await);
    let mut told = 0;
    for route in routes().table().iter().filter(|route| route.path.contains('{')) {
        if route.access.scope().is_none() {
            continue;
        }
        let path = fill(route, missing);
        let answer = house.call(route, &path, &house.log_in_as(&house.ours, Role::Owner).await).await;
        let nothing = (answer.status, answer.without_request_id());
        for (whose, ids) in [("another organization's", &foreign), ("a sibling store's", &sibling)] {
            let prefixes = prefixes_of(route);
            if whose.starts_with("a sibling") && prefixes.iter().all(|prefix| is_shared(prefix)) {
                continue;
            }
            let path = fill(route, |prefix| ids.of(prefix, route));
            let answer = house.call(route, &path, &house.log_in_as(&house.ours, Role::Owner).await).await;
            let here = (answer.status, answer.without_request_id());
            assert_eq!(here, nothing, "{} {} with {whose} id", route.method, route.path);
            told += 1;
        }
    }
    assert!(30 < told, "only {told} ids of others were tried");
}

#[tokio::test]
async fn nothing_of_another_tenant_is_in_any_answer() {
    let house = House::build().await;
    house.furnish(&house.ours).await;
    let theirs = house.furnish(&house.theirs).await;
    let before = house.seen_by(&house.theirs).await;
    let marks: BTreeSet<&str> = theirs.all().chain([house.theirs.name, house.theirs.publishable.as_str()]).collect();
    let mut walked = 0;
    for operation in operations() {
        let Some(route) = routes().table().iter().find(|route| is_of(route, &operation)).cloned() else { continue };
        let path = fill(&route, |prefix| theirs.of(prefix, &route));
        for client in ["owner", "secret key", "publishable key"] {
            let credential = match client {
                "owner" => house.log_in_as(&house.ours, Role::Owner).await,
                "secret key" => house.ours.secret.clone(),
                _ => house.ours.publishable.clone(),
            };
            for (path, body) in theirs.attempts(&operation, &path) {
                let answer = house.attempt(&operation, &path, &credential, body.as_deref()).await;
                let text = answer.everything();
                let leaks: Vec<&&str> = marks.iter().filter(|mark| text.contains(**mark)).collect();
                let is_echo =
                    |mark: &&&str| body.as_deref().unwrap_or_default().contains(**mark) && 400 <= answer.status;
                let leaks: Vec<&&str> = leaks.into_iter().filter(|mark| !is_echo(mark)).collect();
                assert!(leaks.is_empty(), "{} {path} as {client} told {leaks:?}: {text}", operation.method);
                walked += 1;
            }
        }
    }
    assert!(150 < walked, "only {walked} requests were made");
    // And nothing of it did anything there.
    assert_eq!(house.seen_by(&house.theirs).await, before);
    println!("{walked} requests with another tenant's ids, cursors and keys: nothing told, nothing changed");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "measures the native router")]
async fn another_tenants_id_takes_as_long_as_one_that_is_not_there() {
    let house = House::build().await;
    let foreign = house.furnish(&house.theirs).await;
    let token = house.log_in_as(&house.ours, Role::Owner).await;
    for route in routes().table().iter().filter(|route| route.method == Method::GET && route.path.contains('{')) {
        if route.access.scope().is_none() {
            continue;
        }
        let paths = [fill(route, missing), fill(route, |prefix| foreign.of(prefix, route))];
        // A machine that does something else meanwhile is asked again.
        let mut ratio = 0.0;
        for _ in 0..6 {
            let mut times: [Vec<Duration>; 2] = Default::default();
            for round in 0..TIMED * 2 {
                let which = (round / 2 + round) % 2;
                let started = Instant::now();
                house.call(route, &paths[which], &token).await;
                times[which].push(started.elapsed());
            }
            let [missing, foreign] = times.map(median);
            ratio = foreign.as_secs_f64() / missing.as_secs_f64();
            println!("{}: missing {missing:?}, foreign {foreign:?}, {ratio:.3}", route.path);
            if (0.9..=1.1).contains(&ratio) {
                break;
            }
        }
        assert!((0.9..=1.1).contains(&ratio), "{}: {ratio}", route.path);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn is_of(route: &Route, operation: &Operation) -> bool {
    route.method == operation.method && route.path == operation.path
}

/// The route's path with an id for each parameter.
fn fill(route: &Route, id: impl Fn(&str) -> String) -> String {
    let mut path = Vec::new();
    let mut before = "";
    for segment in route.path.split('/') {
        path.push(if segment.starts_with('{') { id(prefix_of(before, segment)) } else { segment.to_owned() });
        before = segment;
    }
    path.join("/")
}

fn prefixes_of(route: &Route) -> Vec<&'static str> {
    let segments: Vec<&str> = route.path.split('/').collect();
    let pairs = segments.windows(2).filter(|pair| pair[1].starts_with('{'));
    pairs.map(|pair| prefix_of(pair[0], pair[1])).collect()
}

/// What is the organization's is in each of its stores.
fn is_shared(prefix: &str) -> bool {
    !["prod", "var", "cart", "chk", "ord", "key", "app"].contains(&prefix)
}

/// What belongs to one person, whoever else may read such things.
fn is_personal(prefix: &str) -> bool {
    ["addr", "ses", "pas", "ext"].contains(&prefix)
}

/// A signature as long as a real one, with one bit turned.
fn wrong_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("a token");
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    bytes[40] ^= 1;
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// `{"alg":"none","typ":"JWT","kid":"x"}`.
fn alg_none(token: &str) -> String {
    let payload = token.split('.').nth(1).expect("a payload");
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoieCJ9.{payload}.")
}

/// A publishable key that says it is a secret one.
fn other_kind(key: &str) -> String {
    key.replacen("pk_", "sk_", 1)
}

/// Our secret under the name of their store.
fn other_store(ours: &str, theirs: &str) -> String {
    format!("{}{}", &theirs[..55], &ours[55..])
}

/// What a body says, but for what differs each time.
pub fn without_request_id(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("requestId");
    }
    body
}
