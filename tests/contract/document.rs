//! The OpenAPI document: what the code makes, right in itself, and clean for the linter.

use std::path::Path;
use std::process::Command;

use headlesspro_edge::openapi::{document, render};
use headlesspro_shared::kernel::page::Cursor;
use serde_json::{Map, Value};

use crate::golden::assert_golden;
use crate::openapi::Validator;

#[test]
fn the_committed_document_is_the_one_the_code_makes() {
    assert_golden("openapi.json", &render());
}

#[test]
fn every_example_fits_its_own_schema() {
    let document = document();
    let validator = Validator::new(document.clone());
    let mut count = 0;
    let mut faults = Vec::new();
    for (place, schema, example) in examples(&document) {
        count += 1;
        let found = validator.faults(&schema, &example);
        faults.extend(found.into_iter().map(|fault| format!("{place}: {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 50, "only {count} examples were found");
}

/// Of a parameter, a link, and the next page of each list.
#[test]
fn every_cursor_of_an_example_is_one_that_this_api_takes() {
    let mut cursors: Vec<(String, String)> = Vec::new();
    for (place, _, example) in examples(&document()) {
        let of_list = example["nextCursor"].as_str();
        let of_parameter = example.as_str().filter(|_| place.ends_with("\"cursor\""));
        let of_link = example.as_str().filter(|_| place.ends_with(" Link"));
        let of_link = of_link.map(|link| link.split_once("cursor=").and_then(|(_, rest)| rest.split_once('>')));
        let of_link = of_link.map(|found| found.unwrap_or_else(|| panic!("{place}: {example}")).0);
        let found = of_list.or(of_parameter).or(of_link);
        cursors.extend(found.map(|cursor| (place, cursor.to_owned())));
    }
    for (place, cursor) in &cursors {
        let parsed: Cursor = cursor.parse().unwrap_or_else(|error| panic!("{place}: {cursor}: {error}"));
        let parts = ["newest", "export", "line", "import"].iter().find_map(|sort| parsed.parts_for(sort).ok());
        assert!(parts.is_some_and(|parts| !parts.is_empty()), "{place}: {parsed:?}");
    }
    for kind in ["\"cursor\"", " Link", "listProducts 200 onePage"] {
        assert!(cursors.iter().any(|(place, _)| place.ends_with(kind)), "no example of {kind} was found");
    }
}

#[test]
fn every_body_and_parameter_has_an_example() {
    let document = document();
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(resolved(&document, parameter).get("example").is_some(), "{name}: {parameter}");
        }
        let responses = operation["responses"].as_object().into_iter().flatten();
        let bodies = responses.map(|(_, response)| resolved(&document, response)).chain(operation.get("requestBody"));
        for content in bodies.filter_map(|body| body["content"].as_object()).flat_map(Map::values) {
            assert!(content["examples"].as_object().is_some_and(|examples| !examples.is_empty()), "{name}: {content}");
        }
    }
}

#[test]
fn the_linter_finds_nothing() {
    let tests = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests"));
    let redocly = tests.join("node_modules/@redocly/cli/bin/cli.js");
    assert!(redocly.exists(), "{} is missing: run `npm ci --ignore-scripts` in tests/", redocly.display());
    let lint = Command::new("node")
        .arg(redocly)
        .args(["lint", "--format=json"])
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .current_dir(tests)
        .output()
        .expect("node runs");
    let text = String::from_utf8_lossy(&lint.stdout);
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("redocly: {error}: {text}\n{}", String::from_utf8_lossy(&lint.stderr)));
    assert!(lint.status.success() && report["totals"]["warnings"] == 0, "{text}");
}

/// Each example with its place and schema.
fn examples(document: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for (name, operation) in operations(document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(document, parameter);
            let place = format!("{name} {}", parameter["name"]);
            found.push((place, parameter["schema"].clone(), parameter["example"].clone()));
        }
        let mut bodies = vec![(format!("{name} request"), &operation["requestBody"])];
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let response = resolved(document, response);
            bodies.push((format!("{name} {status}"), response));
            for (header, description) in response["headers"].as_object().into_iter().flatten() {
                let description = resolved(document, description);
                if let Some(example) = description.get("example") {
                    let place = format!("{name} {status} {header}");
                    found.push((place, description["schema"].clone(), example.clone()));
                }
            }
        }
        for (place, body) in bodies {
            for content in body["content"].as_object().into_iter().flat_map(Map::values) {
                for (key, example) in content["examples"].as_object().into_iter().flatten() {
                    found.push((format!("{place} {key}"), content["schema"].clone(), example["value"].clone()));
                }
            }
        }
    }
    found
}

fn operations(document: &Value) -> Vec<(&str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = paths.filter_map(Value::as_object).flat_map(Map::values);
    operations.map(|operation| (operation["operationId"].as_str().unwrap_or_default(), operation)).collect()
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}
