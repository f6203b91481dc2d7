//! Nobody sees what is another tenant's: every route with the ids, cursors, idempotency keys, addresses and carts of
//! somebody else.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join3;
use futures_util::stream::{self, StreamExt};
use headlesspro_edge::openapi::Operation;
use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::{Role, Scopes};
use http::Method;
use serde_json::Value;

use super::AT_ONCE;
use super::house::{House, Tenant, said};
use super::paths::{TABLE, is_of_one_store, key_for, operation_of, path_to_nothing, takes_a_key};
use super::things::Things;
use crate::app::{Kind, Stage};
use crate::world::at_own_address;

/// Lists in which whoever looks finds themself.
const OF_WHO_LOOKS: [&str; 5] = ["/auth/", "/members", "/audit-log", "/organization", "/customers/me"];

pub fn nothing_of_another_tenant_is_told(stage: &Stage, kind: Kind) {
    stage.run(async {
        let house = House::found(stage).await;
        let furnish = |tenant| Things::furnish(&house, tenant);
        let (own, sibling, theirs) = join3(furnish(&house.ours), furnish(&house.sibling), furnish(&house.theirs)).await;
        everything_can_be_tried(&theirs);
        let before = seen_by(&house, &house.theirs).await;
        let owner = house.log_in_as(&house.ours, Role::Owner).await;
        let walk = Walk { owner, house: &house, own, sibling, theirs };
        let table = || stream::iter(TABLE.iter());
        let told: Vec<usize> =
            table().map(|route| walk.ids_of_others_are_of_nothing(route)).buffered(AT_ONCE).collect().await;
        let told: usize = told.iter().sum();
        assert!(30 < told, "only {told} ids of others were tried");
        let walked: Vec<usize> =
            table().map(|route| walk.tells_nothing_of_theirs(route)).buffered(AT_ONCE).collect().await;
        let walked: usize = walked.iter().sum();
        assert!(150 < walked, "only {walked} requests were made");
        // And nothing of it did anything there.
        assert_eq!(seen_by(&house, &house.theirs).await, before);
        println!(
            "{kind}: {told} ids of others were ids of nothing; {walked} requests with another tenant's ids, cursors \
             and keys: nothing told, nothing changed"
        );
    });
}

/// What the walk would pass by is named here, with the reason.
fn everything_can_be_tried(theirs: &Things) {
    let takes_a_key = TABLE.iter().filter(|route| takes_a_key(route)).map(|route| route.path);
    let unkeyed: Vec<&str> = takes_a_key.filter(|path| !theirs.keyed.contains_key(path)).collect();
    // Whoever signs up is of no tenant.
    assert_eq!(unkeyed, ["/api/v1/organizations"], "routes that were sent no idempotency key");
    // Whoever furnishes has bought nothing in their own name, nor with a promotion, and has no credit.
    let unturned = [
        "/api/v1/promotions/{id}/redemptions",
        "/api/v1/customers/me/store-credit/entries",
        "/api/v1/customers/me/orders",
    ];
    assert_eq!(theirs.without_cursor(), unturned, "lists whose cursor was not tried");
}

/// All that an owner sees in lists, but for what changes with who looks.
async fn seen_by(house: &House<'_>, tenant: &Tenant) -> BTreeMap<&'static str, Value> {
    let owner = house.log_in_as(tenant, Role::Owner).await;
    let mut seen = house.lists(&owner).await;
    seen.retain(|path, _| !OF_WHO_LOOKS.iter().any(|own| path.contains(own)));
    // A login is a use of the storefront's key, which is noted when there is time for it.
    for key in seen.get_mut("/api/v1/api-keys").and_then(|keys| keys["items"].as_array_mut()).unwrap() {
        key["lastUsedAt"] = Value::Null;
    }
    seen
}

struct Walk<'a> {
    house: &'a House<'a>,
    /// The token of our owner.
    owner: String,
    own: Things,
    sibling: Things,
    theirs: Things,
}

impl Walk<'_> {
    /// A token of our owner's that the route may well end.
    async fn owner(&self, route: &Route) -> String {
        let is_of_oneself = route.access.scope().is_some_and(|scope| Scopes::OF_ONESELF.contains(scope));
        match is_of_oneself && route.method != Method::GET {
            true => self.house.log_in_as(&self.house.ours, Role::Owner).await,
            false => self.owner.clone(),
        }
    }

    /// Answers how many ids were tried.
    async fn ids_of_others_are_of_nothing(&self, route: &Route) -> usize {
        if route.access.scope().is_none() || !route.path.contains('{') {
            return 0;
        }
        let owner = self.owner(route).await;
        let ask = async |path: String| {
            let answer = self.house.call(&self.house.nobody, route, &path, &owner).send().await;
            (answer.status, said(&answer))
        };
        let nothing = ask(path_to_nothing(route)).await;
        let mut tried = 0;
        for (whose, things) in [("another organization's", &self.theirs), ("a sibling store's", &self.sibling)] {
            if whose == "a sibling store's" && !is_of_one_store(route) {
                continue;
            }
            let here = ask(things.path_of(route)).await;
            assert_eq!(here, nothing, "{} {} with {whose} id", route.method, route.path);
            tried += 1;
        }
        tried
    }

    /// Answers how many requests were made.
    async fn tells_nothing_of_theirs(&self, route: &Route) -> usize {
        let operation = operation_of(&route.method, route.path);
        let ours = &self.house.ours;
        let mut walked = 0;
        for (client, credential) in [
            ("owner", self.owner(route).await),
            ("secret key", ours.secret.clone()),
            ("publishable key", ours.publishable.clone()),
        ] {
            for (path, body) in self.theirs.attempts(route, operation, &self.own) {
                self.tells_nothing(operation, client, &credential, &path, &body).await;
                walked += 1;
            }
        }
        walked
    }

    async fn tells_nothing(&self, operation: &Operation, client: &str, credential: &str, path: &str, body: &str) {
        // From somewhere else each time: failed logins are counted by address.
        let by = at_own_address(&self.house.nobody);
        let (method, key) = (&operation.method, key_for(path));
        let answer = self.house.request(&by, method, path, Some(credential), Some(&key), body).send().await;
        let text = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
        let theirs = &self.house.theirs;
        let marks: BTreeSet<&str> =
            self.theirs.all_ids().chain([theirs.name, &theirs.publishable, &self.theirs.unnamed]).collect();
        let is_echo = |mark: &&&str| body.contains(**mark) && 400 <= answer.status;
        let is_told = |mark: &&&str| text.contains(**mark) && !is_echo(mark);
        let leaks: Vec<&&str> = marks.iter().filter(is_told).collect();
        assert!(leaks.is_empty(), "{answer} as {client} told {leaks:?}");
    }
}
