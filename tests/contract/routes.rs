//! The route table: who may call what, who may keep the answer, and what it may cost.

use std::collections::BTreeSet;

use headlesspro_edge::openapi::{Operation, operations};
use headlesspro_edge::routes::{Access, Route, routes};
use headlesspro_shared::identity::{Role, Scope, Scopes};
use headlesspro_shared::limits::Class;

use crate::golden::assert_golden;
use crate::source;

#[test]
fn every_route_has_exactly_one_operation() {
    let name = |method: &http::Method, path: &str| format!("{method} {path}");
    let mut table: Vec<String> = routes().table().iter().map(|route| name(&route.method, route.path)).collect();
    let mut described: Vec<String> = operations().iter().map(|one| name(&one.method, one.path)).collect();
    table.sort();
    described.sort();
    assert_eq!(table, described, "left: the route table; right: what the openapi.rs files describe");
    let ids: BTreeSet<&str> = operations().iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), described.len(), "two operations share an id");
}

#[test]
fn the_route_table_is_the_agreed_one() {
    let mut lines: Vec<String> = routes().table().iter().map(line).collect();
    lines.sort();
    let heading = row([
        "method",
        "path",
        "scope",
        "of the",
        "OAMVCGP",
        "limits",
        "cache",
        "sql",
        "sql at most",
        "redis",
        "redis at most",
        "operation",
    ]);
    assert_golden("routes.txt", &format!("{heading}\n{}\n", lines.join("\n")));
}

#[test]
fn the_readme_names_every_route() {
    let readme = source::root().join("README.md");
    let readme = std::fs::read_to_string(readme).expect("README.md");
    for Route { method, path, .. } in routes().table() {
        let is_named = |row: &str| row.contains(&format!("{path}`")) && row.contains(method.as_str());
        assert!(readme.lines().any(|row| row.starts_with("| `") && is_named(row)), "README.md: no {method} {path}");
    }
}

#[test]
fn the_readme_counts_the_routes() {
    let readme = std::fs::read_to_string(source::root().join("README.md")).expect("README.md");
    let counted = format!("KB gzip with {} routes;", routes().table().len());
    assert!(readme.contains(&counted), "README.md: no \"{counted}\"");
}

fn line(route: &Route) -> String {
    let operation = operation_of(route);
    let over = match route.access {
        Access::Public => "-",
        Access::Key(_) => "store",
        Access::Organization(_) => "organization",
        Access::Record(_) => "record",
        Access::Channel(_) => "channel",
        Access::Location(_) => "location",
    };
    let (scope, who) = match route.access.scope() {
        None => ("-", "everybody".to_owned()),
        Some(scope) => (scope.name(), ROLES.iter().map(|(role, letter)| may(*role, scope, *letter)).collect()),
    };
    let budget = operation.budget;
    row([
        route.method.as_str(),
        route.path,
        scope,
        over,
        &who,
        route.class.map_or("-", Class::name),
        operation.cache.name(),
        &budget.usual_sql.to_string(),
        &budget.most_sql.map_or_else(|| "grows".to_owned(), |most| most.to_string()),
        &budget.redis.to_string(),
        &budget.most_redis.to_string(),
        operation.id,
    ])
}

/// The letter of a role that has the scope; customers, guests and apps by their own scopes. A guest is whoever has a
/// publishable key, an app whoever has a secret one.
const ROLES: [(Role, char); 7] = [
    (Role::Owner, 'O'),
    (Role::Admin, 'A'),
    (Role::Member, 'M'),
    (Role::Viewer, 'V'),
    (Role::Customer, 'C'),
    (Role::Guest, 'G'),
    (Role::App, 'P'),
];

fn may(role: Role, scope: Scope, letter: char) -> char {
    if role.scopes(Scopes::NONE).contains(scope) { letter } else { '-' }
}

fn operation_of(route: &Route) -> Operation {
    let fits = |operation: &Operation| operation.method == route.method && operation.path == route.path;
    let operation = operations().into_iter().find(fits);
    operation.unwrap_or_else(|| panic!("{} {} is not described", route.method, route.path))
}

fn row(columns: [&str; 12]) -> String {
    let [method, path, scope, over, who, class, cache, sql, most, redis, most_redis, operation] = columns;
    format!(
        "{method:<6} {path:<42} {scope:<19} {over:<12} {who:<9} {class:<6} {cache:<8} {sql:>3} {most:>11} {redis:>5} \
         {most_redis:>13}  {operation}"
    )
}
