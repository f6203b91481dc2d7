//! The route table: who may call what, who may keep the answer, and what it may cost.

use std::collections::BTreeSet;

use headlesspro_edge::openapi::{Operation, operations};
use headlesspro_edge::routes::{Access, Route, routes};
use headlesspro_shared::identity::{KeyKind, Scopes};
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
        "keys",
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

fn line(route: &Route) -> String {
    let operation = operation_of(route);
    let (scope, keys) = match route.access {
        Access::Public => ("-", "none needed".to_owned()),
        Access::Key(scope) | Access::Organization(scope) | Access::Record(scope) => {
            let may = |kind| Scopes::of_new_key(kind).contains(scope);
            let kinds = [KeyKind::Publishable, KeyKind::Secret].into_iter().filter(|kind| may(*kind));
            (scope.name(), kinds.map(|kind| kind.name()).collect::<Vec<_>>().join(" "))
        }
    };
    let budget = operation.budget;
    row([
        route.method.as_str(),
        route.path,
        scope,
        &keys,
        route.class.map_or("-", Class::name),
        operation.cache.name(),
        &budget.usual_sql.to_string(),
        &budget.most_sql.map_or_else(|| "grows".to_owned(), |most| most.to_string()),
        &budget.redis.to_string(),
        &budget.most_redis.to_string(),
        operation.id,
    ])
}

fn operation_of(route: &Route) -> Operation {
    let fits = |operation: &Operation| operation.method == route.method && operation.path == route.path;
    let operation = operations().into_iter().find(fits);
    operation.unwrap_or_else(|| panic!("{} {} is not described", route.method, route.path))
}

fn row([method, path, scope, keys, class, cache, sql, most, redis, most_redis, operation]: [&str; 11]) -> String {
    format!(
        "{method:<6} {path:<38} {scope:<14} {keys:<18} {class:<6} {cache:<8} {sql:>3} {most:>11} {redis:>5} \
         {most_redis:>13}  {operation}"
    )
}
