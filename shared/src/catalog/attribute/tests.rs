use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Definition, Definitions, Known, is_key, named_ids};
use crate::catalog::source::Source;
use crate::kernel::money::Currency;

const PRODUCT: &str = "prod_01h455vb4pex5vsknk084sn02q";

fn read(json: &Value) -> Definition {
    Definition::read(json, Currency::EUR).unwrap_or_else(|faults| panic!("{json}: {faults:?}"))
}

/// Of products, filterable where that can be.
fn defined(key: &str, more: Value) -> Definition {
    let mut json = json!({ "key": key, "name": key, "of": "product" });
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    read(&json)
}

fn source(attributes: Value) -> Source {
    let product = json!({ "title": "Tent", "attributes": attributes });
    Source::read(&product, Currency::EUR).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The values in canonical form, or where it is wrong and how.
fn settled(definitions: &Definitions, attributes: Value, was: Option<&Source>) -> Result<Source, Vec<String>> {
    let ids = BTreeSet::from([PRODUCT.to_owned()]);
    let mut source = source(attributes);
    let faults = definitions.settle(&mut source, was, &Known { currency: Currency::EUR, ids: &ids });
    match faults.as_slice() {
        [] => Ok(source),
        faults => Err(faults.iter().map(|fault| format!("{} {}", fault.path, fault.reason)).collect()),
    }
}

fn value(definition: Definition, value: Value) -> Result<Value, Vec<String>> {
    let key = definition.key.clone();
    let settled = settled(&Definitions::from_iter([definition]), json!({ key.as_str(): value }), None)?;
    Ok(settled.attributes[&key].clone())
}

#[test]
fn a_value_has_one_form() {
    for (more, given, kept, found) in [
        (json!({ "type": "text" }), json!("  Solid Oak "), json!("Solid Oak"), "solid oak"),
        (json!({ "type": "number" }), json!(-12), json!(-12), "-12"),
        (json!({ "type": "decimal" }), json!("007.50"), json!("7.5"), "7.5"),
        (json!({ "type": "decimal" }), json!("-0.00"), json!("0"), "0"),
        (json!({ "type": "boolean" }), json!(true), json!(true), "true"),
        (json!({ "type": "date" }), json!("2024-02-29"), json!("2024-02-29"), "2024-02-29"),
        (
            json!({ "type": "money" }),
            json!({ "amount": "12.5", "currency": "EUR" }),
            json!({ "amount": "12.50", "currency": "EUR" }),
            "12.50",
        ),
        (json!({ "type": "url" }), json!("https://a.example/b"), json!("https://a.example/b"), ""),
        (json!({ "type": "reference", "target": "product" }), json!(PRODUCT), json!(PRODUCT), PRODUCT),
        (json!({ "type": "json" }), json!({ "a": [1.5, null] }), json!({ "a": [1.5, null] }), ""),
        (json!({ "type": "list", "items": "decimal" }), json!(["1.0", "1"]), json!(["1", "1"]), "1"),
    ] {
        let definition = defined("k", more.clone());
        assert_eq!(value(definition.clone(), given), Ok(kept.clone()), "{more}");
        assert_eq!(definition.facet_texts(&kept), BTreeSet::from([found.to_owned()]), "{more}");
        if !found.is_empty() {
            assert_eq!(definition.asked(found, Currency::EUR).as_deref(), Ok(found), "{more}");
        }
    }
}

#[test]
fn what_is_not_of_the_type_is_refused_where_it_stands() {
    let other = "cat_01h455vb4pex5vsknk084sn02q";
    let long = "x".repeat(5_001);
    for (more, wrong) in [
        (json!({ "type": "text" }), vec![json!(1), json!(" "), json!("a\u{0}b"), json!(long), json!(["a"])]),
        (json!({ "type": "text", "choices": ["oak", "pine"] }), vec![json!("Oak"), json!("ash")]),
        (json!({ "type": "number" }), vec![json!("1"), json!(1.0), json!(9_007_199_254_740_992_i64)]),
        (json!({ "type": "number", "min": 1, "max": 9 }), vec![json!(0), json!(10)]),
        (json!({ "type": "decimal" }), vec![json!(1), json!("1."), json!(".5"), json!("1e3"), json!("0.0000000001")]),
        (json!({ "type": "decimal", "min": "-0.5" }), vec![json!("-0.51"), json!("-1")]),
        (json!({ "type": "boolean" }), vec![json!("true"), json!(0)]),
        (json!({ "type": "date" }), vec![json!("2025-02-29"), json!("2025-2-1"), json!("+002025-01"), json!("")]),
        (json!({ "type": "date", "max": "2026-01-01" }), vec![json!("2026-01-02")]),
        (
            json!({ "type": "money" }),
            vec![json!("1"), json!({ "amount": "1" }), json!({ "amount": "1", "currency": "USD" })],
        ),
        (json!({ "type": "url" }), vec![json!("javascript:alert(1)"), json!("/a")]),
        (json!({ "type": "reference", "target": "product" }), vec![json!(other), json!("x")]),
        (json!({ "type": "reference", "target": "category" }), vec![json!(other)]),
        (json!({ "type": "json" }), vec![json!("x".repeat(16 << 10))]),
        (json!({ "type": "list", "items": "number" }), vec![json!(1), json!(["1"]), json!(vec![1; 129])]),
    ] {
        for wrong in wrong {
            let faults = value(defined("k", more.clone()), wrong.clone()).expect_err(&wrong.to_string());
            assert!(faults.iter().all(|fault| fault.starts_with("attributes/k")), "{faults:?}");
        }
    }
    let faults = value(defined("k", json!({ "type": "list", "items": "number" })), json!([1, "a", 2, "b"]));
    let faults = faults.unwrap_err();
    assert!(faults[0].starts_with("attributes/k/1 ") && faults[1].starts_with("attributes/k/3 "), "{faults:?}");
}

#[test]
fn what_nobody_declares_is_refused_with_what_there_is() {
    let definitions = Definitions::from_iter([
        defined("material", json!({ "type": "text" })),
        read(&json!({ "key": "size", "name": "Size", "of": "variant", "type": "number" })),
    ]);
    let faults = settled(&definitions, json!({ "size": 1, "colour": "red", "material": 7 }), None).unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(faults[0], "attributes/colour is not an attribute of a product: there are material");
    let product = json!({ "title": "Tent", "variants": [{ "attributes": { "material": "x" } }] });
    let mut product = Source::read(&product, Currency::EUR).unwrap();
    let known = Known { currency: Currency::EUR, ids: &BTreeSet::new() };
    let faults = definitions.settle(&mut product, None, &known);
    assert_eq!(faults[0].path, "variants/0/attributes/material");
    assert_eq!(definitions.unknown_in(&json!({ "attributes": { "x": null, "size": null, "y": 1 } })).len(), 1);
}

#[test]
fn a_patch_of_values_says_all_that_is_wrong_and_keeps_what_was_good() {
    let of_category = |key: &str, more: Value| {
        let mut json = json!({ "key": key, "name": key, "of": "category" });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(&json)
    };
    let definitions = Definitions::from_iter([
        of_category("season", json!({ "type": "text", "choices": ["winter"] })),
        of_category("depth", json!({ "type": "decimal" })),
        of_category("chart", json!({ "type": "json" })),
        defined("material", json!({ "type": "text" })),
    ]);
    let ids = BTreeSet::new();
    let known = Known { currency: Currency::EUR, ids: &ids };
    let was = json!({ "season": "summer", "depth": "1", "chart": { "a": 1, "b": 2 } });
    let was = was.as_object().unwrap();
    let patched = |patch: Value| definitions.patched(super::Owner::Category, was, &patch, &known);
    let values = patched(json!({ "depth": "02.50", "chart": { "a": null } })).unwrap();
    assert_eq!(Value::from(values), json!({ "season": "summer", "depth": "2.5", "chart": { "b": 2 } }));
    assert_eq!(patched(Value::Null), Ok(serde_json::Map::new()));
    assert_eq!(patched(json!({})).as_ref(), Ok(was));
    let faults = patched(json!({ "season": "spring", "depth": 1, "material": "oak", "none": null })).unwrap_err();
    let paths: BTreeSet<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    let expected = ["depth", "material", "none", "season"].map(|key| format!("attributes/{key}"));
    assert_eq!(paths, expected.iter().map(String::as_str).collect());
    assert!(faults.iter().any(|fault| fault.reason.ends_with("of a category: there are chart, depth, season")));
    for wrong in [json!([1]), json!("x"), json!({ "chart": "x".repeat(65_536) })] {
        assert_eq!(patched(wrong).unwrap_err()[0].path, "attributes");
    }
}

#[test]
fn what_was_good_stays_good() {
    let was = source(json!({ "material": "ash" }));
    let definitions = Definitions::from_iter([defined("material", json!({ "type": "text", "choices": ["oak"] }))]);
    assert!(settled(&definitions, json!({ "material": "ash" }), Some(&was)).is_ok());
    assert!(settled(&definitions, json!({ "material": "elm" }), Some(&was)).is_err());
}

#[test]
fn a_definition_says_what_goes_together() {
    let definition = |more: Value| {
        let mut json = json!({ "key": "k", "name": "K", "of": "product", "type": "text" });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Definition::read(&json, Currency::EUR)
    };
    for (more, path) in [
        (json!({ "key": "Key" }), "key"),
        (json!({ "key": "a.b" }), "key"),
        (json!({ "key": "attr_01h455vb4pex5vsknk084sn02q" }), "key"),
        (json!({ "name": " " }), "name"),
        (json!({ "of": "order" }), "of"),
        (json!({ "type": "float" }), "type"),
        (json!({ "type": "list" }), "items"),
        (json!({ "type": "list", "items": "json" }), "items"),
        (json!({ "items": "text" }), "items"),
        (json!({ "type": "reference" }), "target"),
        (json!({ "target": "product" }), "target"),
        (json!({ "type": "json", "filterable": true }), "filterable"),
        (json!({ "type": "number", "choices": ["1"] }), "choices"),
        (json!({ "choices": ["a", "a"] }), "choices"),
        (json!({ "min": 1 }), "min"),
        (json!({ "type": "number", "min": "1" }), "min"),
        (json!({ "type": "number", "min": 2, "max": 1 }), "max"),
        (json!({ "version": 1 }), "version"),
    ] {
        let faults = definition(more.clone()).expect_err(&more.to_string());
        assert_eq!(faults[0].path, path, "{more}: {faults:?}");
    }
    let made = definition(json!({ "choices": ["oak"] })).unwrap();
    let patched = made.patched(&json!({ "name": "Wood", "choices": null }), Currency::EUR).unwrap();
    assert_eq!((patched.name.as_str(), patched.choices.len(), patched.is_other_than(&made)), ("Wood", 0, false));
    let turned = made.patched(&json!({ "type": "number", "choices": null }), Currency::EUR).unwrap();
    assert!(turned.is_other_than(&made));
    assert_eq!(made.patched(&json!({ "key": "other" }), Currency::EUR).unwrap_err()[0].path, "key");
    assert_eq!(made.patched(&json!({ "unit": null }), Currency::EUR).unwrap_err()[0].path, "unit");
}

#[test]
fn files_are_what_references_to_files_say() {
    let definitions = Definitions::from_iter([
        defined("manual", json!({ "type": "reference", "target": "file" })),
        defined("films", json!({ "type": "list", "items": "reference", "target": "file" })),
        defined("fits", json!({ "type": "reference", "target": "product" })),
        defined("note", json!({ "type": "text" })),
    ]);
    let product =
        source(json!({ "manual": "file_a", "films": ["file_b", "file_a"], "fits": PRODUCT, "note": "file_c" }));
    assert_eq!(definitions.files(product.attribute_values()), BTreeSet::from(["file_a", "file_b"].map(str::to_owned)));
}

#[test]
fn the_ids_that_values_name_are_found() {
    let product = json!({
        "attributes": { "a": PRODUCT, "b": "text", "c": ["file_x", 1] },
        "variants": [{ "attributes": { "d": "col_y" } }, 7],
    });
    assert_eq!(named_ids(&product), BTreeSet::from(["col_y", "file_x", PRODUCT]));
    assert!(named_ids(&json!([{ "attributes": 1 }])).is_empty());
}

fn any_type() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({ "type": "text" }),
        json!({ "type": "number" }),
        json!({ "type": "decimal" }),
        json!({ "type": "boolean" }),
        json!({ "type": "date" }),
        json!({ "type": "money" }),
        json!({ "type": "url" }),
        json!({ "type": "reference", "target": "product" }),
        json!({ "type": "list", "items": "text" }),
        json!({ "type": "list", "items": "decimal" }),
        json!({ "type": "json" }),
    ])
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        ".{0,12}".prop_map(Value::from),
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?".prop_map(Value::from),
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "[0-9]{1,3}(\\.[0-9]{1,2})?".prop_map(|amount| json!({ "amount": amount, "currency": "EUR" })),
        Just(json!(PRODUCT)),
        Just(json!("https://a.example/x")),
    ];
    prop_oneof![scalar.clone(), prop::collection::vec(scalar, 0..4).prop_map(Value::from)]
}

proptest! {
    /// What is let through is its own canonical form, and is found by what it is written as.
    #[test]
    fn the_canonical_form_is_kept(more in any_type(), given in any_value()) {
        let definition = defined("k", more);
        if let Ok(kept) = value(definition.clone(), given) {
            prop_assert_eq!(value(definition.clone(), kept.clone()), Ok(kept.clone()));
            for text in definition.facet_texts(&kept).into_iter().filter(|text| !text.is_empty()) {
                let asked = definition.asked(&text, Currency::EUR);
                prop_assert_eq!(asked.map(|asked| asked.trim().to_owned()), Ok(text.trim().to_owned()));
            }
        }
    }

    #[test]
    fn hostile_texts_are_no_panic(more in any_type(), text in ".{0,40}") {
        let _ = defined("k", more).asked(&text, Currency::EUR);
        let _ = is_key(&text);
    }
}
