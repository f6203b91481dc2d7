//! Every route of the table that takes JSON, with what is no JSON, no object, or no object of its.

use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::Role;

use super::house::{Caller, House};
use super::paths::{TABLE, operation_of};
use super::things::Things;
use crate::app::{Kind, Stage};
use crate::client::Answer;
use crate::world::at_own_address;

/// Each with how it is refused.
const NONE_OF_THEIRS: [(&str, &[u16]); 10] = [
    ("{", &[400]),
    ("nope", &[400]),
    ("{'quantity':1}", &[400]),
    ("{} {}", &[400]),
    ("[]", &[400, 422]),
    ("[[[[]]]]", &[400, 422]),
    ("\"text\"", &[400, 422]),
    ("-1.5e3", &[400, 422]),
    ("true", &[400, 422]),
    (UNKNOWN, &[422]),
];
const UNKNOWN: &str = "{\"unknownMember\":1}";

pub fn no_route_takes_a_body_that_is_none_of_its(stage: &Stage, kind: Kind) {
    stage.run(async {
        let house = House::found(stage).await;
        let own = Things::furnish(&house, &house.ours).await;
        let mut credentials = Vec::new();
        for role in [Role::Owner, Role::Customer, Role::Guest, Role::App] {
            credentials.push(house.credential(Caller::BuiltIn(role)).await);
        }
        let takes_json = |route: &&Route| {
            let body = operation_of(&route.method, route.path).body.as_ref();
            body.is_some_and(|body| body.media_type.ends_with("json"))
        };
        let mut routes = 0;
        for route in TABLE.iter().filter(takes_json) {
            let path = own.path_of(route);
            let ask = async |credential: &str, body: &str| {
                let (by, key) = (at_own_address(&house.nobody), format!("bodies-{}", house.number()));
                house.request(&by, &route.method, &path, Some(credential), Some(&key), body).send().await
            };
            let mut by = None;
            for credential in &credentials {
                if ![401, 403].contains(&ask(credential, "{").await.status) {
                    by = Some(credential);
                    break;
                }
            }
            let by = by.unwrap_or_else(|| panic!("{} {} lets nobody in", route.method, route.path));
            for (body, expected) in NONE_OF_THEIRS {
                is_refused(&ask(by, body).await, body, expected);
            }
            let deep = "{\"a\":".repeat(10_000);
            is_refused(&ask(by, &deep).await, "a deep nesting", &[400, 422]);
            routes += 1;
        }
        assert!(40 < routes, "only {routes} routes take JSON");
        println!("{kind}: {routes} routes that take JSON, {} requests, each refused by its place", house.requests());
    });
}

#[track_caller]
fn is_refused(answer: &Answer, body: &str, expected: &[u16]) {
    assert!(expected.contains(&answer.status), "{body}: {answer}");
    let places = answer.places();
    assert!(!places.is_empty(), "{body}: {answer}");
    assert!(body != UNKNOWN || places.contains(&"#/unknownMember".to_owned()), "{body}: {answer}");
}
