//! Who may call what: every route of the table, with every credential, and with ids that are the caller's own, a
//! sibling store's and another organization's. A route that is not in the walk fails it.

mod house;
mod isolation;
mod paths;
mod things;
mod timing;

pub use isolation::nothing_of_another_tenant_is_told;
pub use timing::{accounts_take_as_long_as_none, ids_of_others_take_as_long_as_none};

use std::collections::BTreeMap;

use futures_util::future::join3;
use futures_util::stream::{self, StreamExt};
use headlesspro_edge::routes::Route;
use headlesspro_shared::identity::{Role, Scope, Scopes};
use http::Method;
use serde_json::Value;

use crate::app::{Kind, Stage};
use crate::golden::assert_golden;
use house::{Caller, House};
use paths::{TABLE, is_of_one_store, is_personal, path_to_nothing};
use things::Things;

/// So many routes are asked at once.
const AT_ONCE: usize = 4;

pub fn every_credential_is_answered_as_agreed(stage: &Stage, kind: Kind) {
    stage.run(async {
        let house = House::found(stage).await;
        let matrix = Matrix::of(&house).await;
        let table = TABLE.iter().filter_map(|route| Some((route, route.access.scope()?)));
        let rows = stream::iter(table).map(|(route, scope)| matrix.row(route, scope)).buffered(AT_ONCE);
        let rows: Vec<String> = rows.collect().await;
        println!("{kind}: {} routes, {} requests, each answered as agreed", rows.len(), house.requests());
        assert_golden("permissions.txt", &rows.concat());
    });
}

struct Matrix<'a> {
    house: &'a House<'a>,
    own: Things,
    /// A sibling store's and another organization's.
    others: [(&'static str, Things); 2],
    /// What each caller shows where that cannot end it.
    credentials: BTreeMap<Caller, String>,
    bad: Vec<(&'static str, String)>,
}

impl Matrix<'_> {
    async fn of<'a>(house: &'a House<'a>) -> Matrix<'a> {
        let furnish = |tenant| Things::furnish(house, tenant);
        let (own, sibling, theirs) = join3(furnish(&house.ours), furnish(&house.sibling), furnish(&house.theirs)).await;
        let mut credentials = BTreeMap::new();
        for caller in Caller::all() {
            credentials.insert(caller, house.credential(caller).await);
        }
        let others = [("a sibling store's", sibling), ("another organization's", theirs)];
        Matrix { house, own, others, credentials, bad: house.bad_credentials().await }
    }

    /// The route's lines in the golden: outcomes, with who has them.
    async fn row(&self, route: &Route, scope: Scope) -> String {
        let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut note = |who: String, outcome: String| outcomes.entry(outcome).or_default().push(who);
        for caller in Caller::all() {
            note(caller.name(), self.outcome_of(caller, route, scope).await);
        }
        let path = path_to_nothing(route);
        for (name, credential) in &self.bad {
            let outcome = self.probe(route, &path, Some(credential)).await;
            assert_eq!(outcome, "401 bad-credentials", "{} {path} with {name}", route.method);
            note((*name).to_owned(), outcome);
        }
        let nobody = self.probe(route, &path, None).await;
        assert_eq!(nobody, "401 no-credentials", "{} {path}", route.method);
        note("nobody".to_owned(), nobody);
        let lines = outcomes.iter().map(|(outcome, who)| format!("  {outcome}: {}\n", who.join(" ")));
        format!("{} {}\n{}", route.method, route.path, lines.collect::<String>())
    }

    /// What a caller is answered about what is not there, after others' things were answered the same.
    async fn outcome_of(&self, caller: Caller, route: &Route, scope: Scope) -> String {
        let credential = self.credential(caller, route, scope).await;
        let path = path_to_nothing(route);
        let outcome = self.probe(route, &path, Some(&credential)).await;
        if route.path.contains('{') {
            for (whose, things) in &self.others {
                if *whose == "a sibling store's" && !is_of_one_store(route) {
                    continue;
                }
                let path = things.path_of(route);
                let here = self.probe(route, &path, Some(&credential)).await;
                assert_eq!(here, outcome, "{} {path} ({whose}) as {}", route.method, caller.name());
            }
        }
        let Caller::BuiltIn(role) = caller else { return outcome };
        // Deny by default, whatever the golden says.
        let may = role.scopes(Scopes::NONE).contains(scope);
        if !may {
            assert_eq!(outcome, format!("403 missing-scope {scope}"), "{} {path} as {role}", route.method);
        }
        // Who may not is told so of what is there too; who may read sees it, unless it is somebody's own.
        if route.path.contains('{') && (!may || route.method == Method::GET) {
            let path = self.own.path_of(route);
            let here = self.probe(route, &path, Some(&credential)).await;
            let expected = if may && !is_personal(route) { "200" } else { &outcome };
            assert_eq!(here, expected, "{} {path} (own) as {role}", route.method);
        }
        outcome
    }

    /// Whoever changes their own account, or ends a session, does it to nobody else.
    async fn credential(&self, caller: Caller, route: &Route, scope: Scope) -> String {
        let is_a_person = match caller {
            Caller::BuiltIn(role) => !matches!(role, Role::Guest | Role::App),
            Caller::CustomRole | Caller::AdminElsewhere => true,
            // Has no account.
            Caller::OauthApp => false,
        };
        let changes_oneself = Scopes::OF_ONESELF.contains(scope) && route.method != Method::GET;
        if is_a_person && changes_oneself {
            return self.house.credential(caller).await;
        }
        self.credentials[&caller].clone()
    }

    /// Status and code of a route's answer to a request without anything in it.
    async fn probe(&self, route: &Route, path: &str, credential: Option<&str>) -> String {
        let call = self.house.request(&self.house.nobody, &route.method, path, credential, None, "{}");
        let answer = call.send().await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (body["code"].as_str(), body["scope"].as_str()) {
            (Some(code), Some(scope)) => format!("{} {code} {scope}", answer.status),
            (Some(code), None) => format!("{} {code}", answer.status),
            (None, _) => answer.status.to_string(),
        }
    }
}
