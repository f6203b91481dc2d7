//! Dependencies: each with its version in one place and its reason in the README.

use std::collections::BTreeSet;
use std::fs;

use toml::{Table, Value};

use crate::source::root;

/// The crates of the domain: small, pure, and the same on every target.
const PURE: [&str; 8] =
    ["base64", "csv", "minicbor", "rust_decimal", "serde", "serde_json", "thiserror", "xxhash-rust"];

/// A workspace of its own, so that its crates never enter the product's lock file.
const SPIN_HOST: &str = "tests/spin-host/Cargo.toml";

#[test]
fn versions_stand_in_the_workspace_manifest_only() {
    for member in members() {
        for (name, dependency) in dependencies(&manifest(&format!("{member}/Cargo.toml"))) {
            let is_inherited = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
            assert!(is_inherited, "{member}/Cargo.toml: {name} has a version of its own");
        }
    }
}

#[test]
fn every_dependency_of_the_workspace_is_used() {
    let used: BTreeSet<String> = members()
        .into_iter()
        .flat_map(|member| dependencies(&manifest(&format!("{member}/Cargo.toml"))))
        .map(|(name, _)| name)
        .collect();
    for name in workspace() {
        assert!(used.contains(&name), "Cargo.toml: no member uses {name}");
    }
}

#[test]
fn the_domain_depends_on_pure_crates_only() {
    let manifest = manifest("shared/Cargo.toml");
    for name in manifest.get("dependencies").and_then(Value::as_table).into_iter().flat_map(Table::keys) {
        assert!(PURE.contains(&name.as_str()), "shared/Cargo.toml: {name} is not among the pure crates");
    }
}

#[test]
fn every_dependency_has_its_reason_in_the_readme() {
    let section = readme_section("## Dependencies");
    let mut given: BTreeSet<String> = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let (names, reason) = row.trim_matches('|').split_once('|').unwrap_or_default();
        assert!(!reason.trim().is_empty(), "README.md: no reason in {row}");
        given.extend(names.split(',').map(|name| name.trim().trim_matches('`').to_owned()));
    }
    let of_spin_host = dependencies(&manifest(SPIN_HOST)).into_iter().map(|(name, _)| name);
    let wanted: BTreeSet<String> = workspace().into_iter().chain(of_spin_host).collect();
    assert_eq!(given, wanted, "left: the README's table of dependencies; right: the manifests'");
}

#[test]
fn the_spin_host_has_the_versions_of_the_workspace() {
    let manifest = manifest("Cargo.toml");
    let versions = manifest["workspace"]["dependencies"].as_table().expect("dependencies");
    let version = |dependency: &Value| dependency.get("version").unwrap_or(dependency).clone();
    for (name, dependency) in dependencies(&self::manifest(SPIN_HOST)) {
        if let Some(wanted) = versions.get(&name) {
            assert_eq!(version(&dependency), version(wanted), "{SPIN_HOST}: {name}");
        }
    }
}

#[test]
fn the_readme_names_every_npm_package() {
    let section = readme_section("## Dependencies");
    let text = fs::read_to_string(root().join("tests/package.json")).expect("tests/package.json");
    let package: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for kind in ["dependencies", "devDependencies", "optionalDependencies"] {
        for name in package.get(kind).and_then(serde_json::Value::as_object).into_iter().flatten().map(|(name, _)| name)
        {
            let of_scope = name.split_once('/').map(|(scope, _)| format!("`{scope}/*`"));
            let is_named = section.contains(&format!("`{name}`")) || of_scope.is_some_and(|all| section.contains(&all));
            assert!(is_named, "README.md does not name the npm package {name}");
        }
    }
}

/// The README's text below a heading.
fn readme_section(heading: &str) -> String {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md");
    let (_, after) = text.split_once(heading).unwrap_or_else(|| panic!("README.md has no {heading}"));
    after.split("\n## ").next().unwrap_or_default().to_owned()
}

/// The names under every `[...dependencies]` of a manifest, targets included.
fn dependencies(manifest: &Table) -> Vec<(String, Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(targets)
        .flat_map(|part| KINDS.iter().filter_map(|kind| part.get(*kind).and_then(Value::as_table)))
        .flat_map(|table| table.iter().map(|(name, dependency)| (name.clone(), dependency.clone())))
        .collect()
}

/// The folders of the workspace's crates.
fn members() -> Vec<String> {
    let manifest = manifest("Cargo.toml");
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
    members.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The dependencies of the workspace from elsewhere.
fn workspace() -> Vec<String> {
    let manifest = manifest("Cargo.toml");
    let table = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(Value::as_table);
    let table = table.cloned().unwrap_or_default();
    table.into_iter().filter(|(_, dependency)| dependency.get("path").is_none()).map(|(name, _)| name).collect()
}

pub fn manifest(path: &str) -> Table {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}
