//! Who may call what: every route of the table, with every credential, and with ids that are the caller's own, a
//! sibling store's and another organization's, in the path and in the body. A route that is not in the walk fails it.
//!
//! A line of the golden is an outcome, in brackets what was asked for, and who was answered so:
//!
//! - `own`: what the description shows, of a thing that was made for this request alone, so that it is done;
//! - `sibling`, `foreign`: a thing of another store of the organization, and of another organization. `-named`: in the
//!   body;
//! - `colleague`: what is somebody else's in the same store;
//! - `missing`, `empty`: ids that nothing has, and a body without anything.
//!
//! Whatever was done stands in the audit log, with the request that did it.

mod audited;
mod bodies;
mod fresh;
mod house;
mod isolation;
pub mod paths;
mod things;
mod timing;

pub use bodies::no_route_takes_a_body_that_is_none_of_its;
pub use isolation::nothing_of_another_tenant_is_told;
pub use timing::{accounts_take_as_long_as_none, ids_of_others_take_as_long_as_none};

use std::collections::BTreeMap;

use futures_util::future::join3;
use futures_util::stream::{self, StreamExt};
use headlesspro_edge::routes::{Access, Route};
use headlesspro_shared::identity::{Role, Scopes};
use http::Method;
use serde_json::Value;

use crate::app::{Kind, Stage};
use crate::client::Answer;
use crate::golden::assert_golden;
use crate::world::at_own_address;
use audited::Done;
use fresh::{Fresh, Request, kinds_in_body_of};
use house::{Caller, House};
use paths::{TABLE, is_kept_by_one_store, is_of_one_store, is_personal, path_to_nothing};
use things::Things;

/// So many routes are asked at once.
const AT_ONCE: usize = 4;

pub fn every_credential_is_answered_as_agreed(stage: &Stage, kind: Kind) {
    stage.run(async {
        let house = House::found(stage).await;
        let matrix = Matrix::of(&house).await;
        let rows: Vec<String> =
            stream::iter(TABLE.iter()).map(|route| matrix.row(route)).buffered(AT_ONCE).collect().await;
        let logged = matrix.done.are_logged(stage).await;
        println!(
            "{kind}: {} routes, {} requests, each answered as agreed, {logged} changes in the audit log",
            rows.len(),
            house.requests()
        );
        assert_golden("permissions.txt", &rows.concat());
    });
}

struct Matrix<'a> {
    house: &'a House<'a>,
    own: Things,
    /// A sibling store's and another organization's.
    others: [(&'static str, Things); 2],
    fresh: Fresh<'a>,
    /// What each caller shows where that cannot end it.
    credentials: BTreeMap<Caller, String>,
    bad: Vec<(&'static str, String)>,
    done: Done,
}

/// What one caller was answered, by what was asked for.
type Columns = Vec<(&'static str, String)>;

impl Matrix<'_> {
    async fn of<'a>(house: &'a House<'a>) -> Matrix<'a> {
        let furnish = |tenant| Things::furnish(house, tenant);
        let (own, sibling, theirs) = join3(furnish(&house.ours), furnish(&house.sibling), furnish(&house.theirs)).await;
        let mut credentials = BTreeMap::new();
        for caller in Caller::all() {
            credentials.insert(caller, house.credential(caller).await);
        }
        let others = [("sibling", sibling), ("foreign", theirs)];
        let (fresh, bad) = (Fresh::of(house).await, house.bad_credentials().await);
        Matrix { house, own, others, fresh, credentials, bad, done: Done::default() }
    }

    /// The route's lines in the golden: outcomes, with what was asked for and who has them.
    async fn row(&self, route: &Route) -> String {
        let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut note = |who: String, columns: Columns| {
            let mut asked: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (column, outcome) in columns {
                asked.entry(outcome).or_default().push(column);
            }
            for (outcome, columns) in asked {
                outcomes.entry(format!("{outcome} ({})", columns.join(" "))).or_default().push(who.clone());
            }
        };
        for caller in Caller::all() {
            note(caller.name(), self.outcomes_of(caller, route).await);
        }
        let mut nobody = self.shut(route, None).await;
        for (name, credential) in &self.bad {
            let columns = self.shut(route, Some(credential)).await;
            let expected = |(_, outcome): &(&str, String)| outcome == "401 bad-credentials";
            // What is everybody's asks nobody who they are.
            let is_shut = if route.access.scope().is_some() { columns.iter().all(expected) } else { columns == nobody };
            assert!(is_shut, "{} {} with {name}: {columns:?}", route.method, route.path);
            note((*name).to_owned(), columns);
        }
        let is_named = |(_, outcome): &(&str, String)| outcome == "401 no-credentials";
        let is_shut = route.access.scope().is_none() || nobody.iter().all(is_named);
        assert!(is_shut, "{} {} without a credential: {nobody:?}", route.method, route.path);
        if route.access.scope().is_none() {
            let request = self.fresh.request(&self.own, route, &self.house.ours.publishable).await;
            nobody.push(("own", self.made(route, &request, None).await));
        }
        note("nobody".to_owned(), nobody);
        let lines = outcomes.iter().map(|(outcome, who)| format!("  {outcome}: {}\n", who.join(" ")));
        format!("{} {}\n{}", route.method, route.path, lines.collect::<String>())
    }

    /// What somebody is answered who is let in nowhere: about nothing, and about what is there.
    async fn shut(&self, route: &Route, credential: Option<&str>) -> Columns {
        let mut columns = vec![(nothing(route), self.probe(route, &path_to_nothing(route), credential).await)];
        if route.path.contains('{') {
            columns.push(("own", self.probe(route, &self.own.path_of(route), credential).await));
        }
        columns
    }

    /// What a caller is answered: about what is not there, about others' things, and about what is their own.
    async fn outcomes_of(&self, caller: Caller, route: &Route) -> Columns {
        let who = caller.name();
        let credential = self.credential(caller, route).await;
        let outcome = self.probe(route, &path_to_nothing(route), Some(&credential)).await;
        // Deny by default, whatever the golden says.
        let is_let_in = !outcome.starts_with("403 missing-scope");
        if let (Caller::BuiltIn(role), Some(scope)) = (caller, route.access.scope()) {
            let may = role.scopes(Scopes::NONE).contains(scope);
            assert_eq!(is_let_in, may, "{} {} as {role}: {outcome}", route.method, route.path);
        }
        // A list is of more than a record.
        let is_list = matches!(route.access, Access::Channel(_) | Access::Location(_));
        assert!(caller != Caller::AdminOfNothing || !is_list || !is_let_in, "{} as {who}: {outcome}", route.path);
        if !is_let_in {
            let mut columns = vec![(nothing(route), outcome)];
            if route.path.contains('{') {
                // Whoever may not is told so of what is there too.
                columns.push(("own", self.probe(route, &self.own.path_of(route), Some(&credential)).await));
                for (whose, things) in self.others_of(route) {
                    columns.push((whose, self.probe(route, &things.path_of(route), Some(&credential)).await));
                }
            }
            let expected = route.access.scope().map(|scope| format!("403 missing-scope {scope}"));
            let is_shut = columns.iter().all(|(_, outcome)| Some(outcome) == expected.as_ref());
            assert!(is_shut, "{} {} as {who}: {columns:?}", route.method, route.path);
            return columns;
        }
        let mut columns = Vec::new();
        if route.path.contains('{') {
            let ask = async |path: String| {
                let request = self.fresh.request_at(path, &self.own, route, &credential).await;
                self.made(route, &request, Some(&credential)).await
            };
            let missing = ask(path_to_nothing(route)).await;
            let colleague = is_personal(route).then_some(("colleague", &self.own));
            for (whose, things) in self.others_of(route).chain(colleague) {
                let here = ask(things.path_of(route)).await;
                assert_eq!(here, missing, "{} {} ({whose}) as {who}", route.method, route.path);
                columns.push((whose, here));
            }
            columns.push(("missing", missing));
        } else {
            columns.push(("empty", outcome));
        }
        // What a body names. The organization's own things are the sibling store's as well.
        let named = kinds_in_body_of(route);
        for (whose, things) in &self.others {
            let is_others = *whose == "foreign" || named.iter().any(|kind| is_kept_by_one_store(kind));
            if !named.is_empty() && is_others {
                let credential = self.credential(caller, route).await;
                let request = self.fresh.request_naming(things, &self.own, route, &credential).await;
                let here = self.made(route, &request, Some(&credential)).await;
                let is_done = here.starts_with('2');
                assert!(!is_done, "{} {} with a {whose} id as {who}", route.method, route.path);
                columns.push((if *whose == "sibling" { "sibling-named" } else { "foreign-named" }, here));
            }
        }
        let credential = self.credential(caller, route).await;
        let request = self.fresh.request(&self.own, route, &credential).await;
        let own = self.made(route, &request, Some(&credential)).await;
        // Each handler asks whether the caller's grants are for what it was asked about.
        let is_asked = caller == Caller::AdminOfNothing && matches!(route.access, Access::Record(_));
        assert!(!is_asked || own == "404 not-found", "{} {} as {who}: {own}", route.method, route.path);
        columns.push(("own", own));
        columns
    }

    /// What there is of others that the route could be asked about, if it were the caller's.
    fn others_of(&self, route: &Route) -> impl Iterator<Item = (&'static str, &Things)> {
        // What is the organization's is the sibling store's as well.
        let is_of_one_store = is_of_one_store(route);
        let is_others = move |whose: &str| whose == "foreign" || is_of_one_store;
        self.others.iter().filter(move |(whose, _)| is_others(whose)).map(|(whose, things)| (*whose, things))
    }

    /// Whoever changes their own account, or ends a session, does it to nobody else.
    async fn credential(&self, caller: Caller, route: &Route) -> String {
        let is_a_person = match caller {
            Caller::BuiltIn(role) => !matches!(role, Role::Guest | Role::App),
            Caller::CustomRole | Caller::AdminElsewhere | Caller::AdminOfNothing => true,
            // Has no account.
            Caller::OauthApp => false,
        };
        let is_of_oneself = route.access.scope().is_some_and(|scope| Scopes::OF_ONESELF.contains(scope));
        if is_a_person && is_of_oneself && route.method != Method::GET {
            return self.house.credential(caller).await;
        }
        self.credentials[&caller].clone()
    }

    /// Status and code of a route's answer to a request without anything in it.
    async fn probe(&self, route: &Route, path: &str, credential: Option<&str>) -> String {
        let call = self.house.request(&self.house.nobody, &route.method, path, credential, None, "{}");
        self.answered(route, &call.send().await)
    }

    /// The same of a request as a client makes it.
    async fn made(&self, route: &Route, request: &Request, credential: Option<&str>) -> String {
        let Request { path, body, key } = request;
        // From somewhere else each time: what opens an account is counted by address.
        let by = at_own_address(&self.house.nobody);
        let answer = self.house.request(&by, &route.method, path, credential, Some(key), body).send().await;
        self.answered(route, &answer)
    }

    fn answered(&self, route: &Route, answer: &Answer) -> String {
        self.done.note(route, answer);
        outcome_of(answer)
    }
}

/// What a route is asked about that is not there: things with these ids, or what a body would say.
fn nothing(route: &Route) -> &'static str {
    if route.path.contains('{') { "missing" } else { "empty" }
}

fn outcome_of(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().map(|text| format!(" {text}")).unwrap_or_default();
    // OAuth says `error` where all others say `code`.
    let error = if answer.status < 400 { String::new() } else { text("error") };
    let (code, scope) = if answer.status < 400 { Default::default() } else { (text("code"), text("scope")) };
    format!("{}{code}{error}{scope}", answer.status)
}
