use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Fault, Likeness, MOST_METADATA_BYTES, Source, merge_patch, unknown_members};
use crate::catalog::import::{ImportReader, Parsed};
use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;

fn read(json: &Value) -> Source {
    Source::read(json, Currency::EUR).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Paths of what is wrong, in their order.
fn wrong(json: &Value) -> Vec<String> {
    let mut paths: Vec<String> =
        Source::read(json, Currency::EUR).expect_err("faults").into_iter().map(|fault| fault.path).collect();
    paths.sort();
    paths
}

fn settled(mut source: Source, known: Option<&Source>, likeness: Likeness) -> (Source, usize) {
    let mut number = 0_u8;
    let mut random = || {
        number = number.wrapping_add(1);
        Ok::<_, ()>([number; 10])
    };
    let now = Timestamp::from_millis(if known.is_some() { 2 } else { 1 });
    let gone = source.settle(known, likeness, now, &mut random).unwrap().len();
    (source, gone)
}

fn tent() -> Value {
    json!({
        "title": "Tunnel Tent",
        "status": "active",
        "options": [{ "name": "Colour", "values": ["Sand"] }],
        "images": [{ "url": "https://example.com/a.jpg" }],
        "variants": [
            { "sku": "T-M", "options": ["Moss"], "price": { "amount": "189", "currency": "EUR" } },
            { "sku": "T-S", "options": ["Sand"], "price": { "amount": "209.00", "currency": "EUR" } },
        ],
    })
}

#[test]
fn what_is_left_out_has_its_default() {
    let source = read(&json!({ "title": " Tunnel Tent " }));
    assert_eq!((source.handle.as_str(), source.title.as_str()), ("tunnel-tent", "Tunnel Tent"));
    assert_eq!(source.status.name(), "draft");
    let [variant] = source.variants.as_slice() else { panic!("{:?}", source.variants) };
    assert_eq!(
        (variant.sku.as_str(), variant.requires_shipping, variant.inventory.tracked),
        ("tunnel-tent", true, false)
    );
    let named = read(&json!({ "title": "T", "handle": "tent", "options": [{ "name": "Size" }],
        "variants": [{ "options": ["M"], "inventory": { "quantity": 4 } }] }));
    assert_eq!(named.variants[0].sku.as_str(), "tent_M");
    assert_eq!(named.variants[0].inventory.counted(), Some(4));
}

#[test]
fn the_values_of_an_option_stand_in_its_order_and_then_in_the_variants() {
    let mut json = tent();
    json["options"][0]["values"] = json!(["Sand", "Gone"]);
    let source = read(&json);
    assert_eq!(source.values_of(0, &source.options[0]), ["Sand", "Moss"]);
    assert_eq!(source.price_range().map(|(min, max)| (min.minor(), max.minor())), Some((18_900, 20_900)));
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let mut json = tent();
    json["handle"] = json!("tent\u{202e}");
    json["title"] = json!("a\nb");
    json["vendor"] = json!(7);
    json["coupon"] = json!("FREE");
    json["publishAt"] = json!("2026-11-22T10:00:00Z");
    json["unpublishAt"] = json!("2026-11-22T10:00:00Z");
    json["images"][0]["url"] = json!("javascript:alert(1)");
    json["seo"] = json!({ "titel": "x" });
    json["metadata"] = json!({ "long": "x".repeat(MOST_METADATA_BYTES) });
    json["variants"][0]["price"] = json!({ "amount": "1.234", "currency": "USD" });
    json["variants"][1]["sku"] = json!("T-M");
    json["variants"][1]["options"] = json!(["Moss"]);
    json["variants"][1]["hsCode"] = json!("63.06");
    json["variants"][1]["dimensions"] = json!({ "lengthMm": -1 });
    assert_eq!(
        wrong(&json),
        [
            "coupon",
            "handle",
            "images/0/url",
            "metadata",
            "seo/titel",
            "title",
            "unpublishAt",
            "variants/0/price/amount",
            "variants/0/price/currency",
            "variants/1/dimensions/heightMm",
            "variants/1/dimensions/lengthMm",
            "variants/1/dimensions/widthMm",
            "variants/1/hsCode",
            "variants/1/options",
            "variants/1/sku",
            "vendor",
        ]
    );
}

#[test]
fn one_wrong_type_is_one_error() {
    for (pointer, path) in [
        ("/title", "title"),
        ("/status", "status"),
        ("/options", "options"),
        ("/images", "images"),
        ("/variants", "variants"),
        ("/variants/0", "variants/0"),
        ("/variants/0/options", "variants/0/options"),
        ("/variants/0/price", "variants/0/price"),
        ("/variants/0/price/amount", "variants/0/price/amount"),
        ("/variants/0/sku", "variants/0/sku"),
    ] {
        let mut json = tent();
        *json.pointer_mut(pointer).unwrap() = json!(true);
        assert_eq!(wrong(&json), [path]);
    }
    let mut elsewhere = tent();
    elsewhere["variants"][1]["imageUrl"] = json!("https://example.com/b.jpg");
    assert_eq!(wrong(&elsewhere), ["variants/1/imageUrl"]);
    for (pointer, paths) in [
        ("/title", vec!["handle", "title"]),
        ("/variants/0/price", vec!["variants/0/price"]),
        ("/variants/0/price/currency", vec!["variants/0/price/currency"]),
    ] {
        let mut json = tent();
        *json.pointer_mut(pointer).unwrap() = Value::Null;
        let found = wrong(&json);
        assert!(found.iter().all(|path| paths.contains(&path.as_str())) && !found.is_empty(), "{found:?}");
    }
    assert_eq!(wrong(&json!([])), ["", "title"]);
    assert_eq!(wrong(&json!({ "title": "!?" })), ["handle"]);
}

#[test]
fn no_option_stands_twice_and_no_list_is_too_long() {
    let twice = json!({ "title": "T", "options": [{ "name": "Size" }, { "name": "size" }],
        "variants": [{ "options": ["M", "M"] }] });
    assert_eq!(wrong(&twice), ["options/1/name"]);
    let four = json!({ "title": "T", "options": [{ "name": "a" }, { "name": "b" }, { "name": "c" }, { "name": "d" }] });
    assert!(wrong(&four).contains(&"options".to_owned()));
    let many: Vec<Value> = (0..2_049).map(|number| json!({ "options": [number.to_string()] })).collect();
    assert_eq!(wrong(&json!({ "title": "T", "options": [{ "name": "a" }], "variants": many })), ["variants"]);
}

#[test]
fn variants_keep_their_ids() {
    let (known, _) = settled(read(&tent()), None, Likeness::Sku);
    let ids: Vec<_> = known.variants.iter().map(|variant| variant.id).collect();
    let json = serde_json::to_value(&known).unwrap();

    // By its id, whatever else is another; by its SKU; by its options. The fourth is new.
    let mut changed = json.clone();
    changed["options"][0]["values"] = json!([]);
    changed["variants"] = json!([
        { "sku": "NEW", "options": ["Blue"], "price": json["variants"][0]["price"] },
        { "id": ids[1], "sku": "S2", "options": ["Sand dune"], "price": json["variants"][0]["price"] },
        { "sku": "T-M", "options": ["Olive"], "price": json["variants"][0]["price"] },
    ]);
    let (after, gone) = settled(read(&changed), Some(&known), Likeness::Sku);
    assert_eq!(after.variants[1].id, ids[1]);
    assert_eq!(after.variants[2].id, ids[0]);
    assert!(!ids.contains(&after.variants[0].id) && gone == 0);
    assert_eq!(after.images[0].id, known.images[0].id);

    // Two swap their SKUs: in a file the options tell them apart, in a request the SKU.
    let mut swapped = json.clone();
    for (at, sku) in [(0, "T-S"), (1, "T-M")] {
        swapped["variants"][at].as_object_mut().unwrap().remove("id");
        swapped["variants"][at]["sku"] = json!(sku);
    }
    let by = |likeness| settled(read(&swapped), Some(&known), likeness).0.variants[0].id;
    assert_eq!((by(Likeness::Options), by(Likeness::Sku)), (ids[0], ids[1]));

    let one = json!({ "title": "T", "variants": [{ "id": ids[1] }], "images": [{ "id": known.images[0].id, "url": "https://a.example" }] });
    let paths = |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.path).collect::<Vec<_>>();
    assert_eq!(paths(read(&one).foreign_ids(None)), ["variants/0/id", "images/0/id"]);
    assert_eq!(paths(read(&one).foreign_ids(Some(&known))), Vec::<String>::new());
}

#[test]
fn a_file_takes_nothing_away_that_it_has_no_column_for() {
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\ntent,Tent,Colour,Moss,T-M,5\n";
    let imported = |file: &str| match ImportReader::new(file.as_bytes(), Currency::EUR).unwrap().next() {
        Some(Ok(Parsed::Product { product, .. })) => Source::of_import(&product, None),
        other => panic!("{other:?}"),
    };
    let (mut known, _) = settled(imported(file), None, Likeness::Options);
    known.publish_at = Some(Timestamp::from_millis(5));
    known.metadata.insert("erp".into(), json!(1));
    known.options[0].values = vec!["Moss".into()];
    known.variants[0].hs_code = Some("630622".into());
    known.variants[0].metadata.insert("bin".into(), json!("A1"));
    let (mut again, _) = settled(imported(file), Some(&known), Likeness::Options);
    again.keep(&known);
    assert_eq!(again, known);
}

#[test]
fn the_examples_of_the_rfc_come_out_as_it_says() {
    for (target, patch, expected) in [
        (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
        (json!({ "a": "b" }), json!({ "a": null }), json!({})),
        (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
        (json!({ "a": ["b"] }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "c" }), json!({ "a": ["b"] }), json!({ "a": ["b"] })),
        (json!({ "a": { "b": "c" } }), json!({ "a": { "b": "d", "c": null } }), json!({ "a": { "b": "d" } })),
        (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({ "a": "b" }), json!(["c"]), json!(["c"])),
        (json!({ "a": "foo" }), json!(null), json!(null)),
        (json!({ "a": "foo" }), json!("bar"), json!("bar")),
        (json!({ "e": null }), json!({ "a": 1 }), json!({ "e": null, "a": 1 })),
        (json!([1, 2]), json!({ "a": "b", "c": null }), json!({ "a": "b" })),
        (json!({}), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
    ] {
        let mut patched = target.clone();
        merge_patch(&mut patched, &patch);
        assert_eq!(patched, expected, "{target} {patch}");
    }
}

#[test]
fn a_patch_that_takes_away_what_no_product_has_is_refused_by_name() {
    let unknown = unknown_members(&json!({ "prise": null, "seo": { "titel": null }, "vendor": null }));
    assert_eq!(unknown.into_iter().map(|fault| fault.path).collect::<Vec<_>>(), ["prise", "seo/titel"]);
}

/// JSON of any shape, with the names of a product's members among others.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "title",
        "handle",
        "status",
        "variants",
        "options",
        "images",
        "price",
        "amount",
        "currency",
        "sku",
        "id",
        "url",
        "seo",
        "metadata",
        "inventory",
        "quantity",
        "tags",
        "name",
        "values",
        "x/y",
        "publishAt",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(1.5)),
        ".{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["EUR", "1.50", "active", "tent", "https://a.example/b.jpg"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A product that is right.
fn any_product() -> impl Strategy<Value = Value> {
    let text = prop::option::of("[a-zA-Z0-9 äß<>&\"]{1,20}");
    let variant = (0..100_000_i64, prop::option::of(0..50_i64), prop::option::of("[a-z]{1,5}"));
    let variants = prop::collection::btree_map("[A-Z]{1,3}", variant, 1..5);
    ("[a-z]{1,12}", text.clone(), text, variants, any::<bool>(), any::<bool>()).prop_map(
        |(title, vendor, description, variants, is_active, is_kept)| {
            let variants: Vec<Value> = variants
                .into_iter()
                .map(|(name, (cents, quantity, bin))| {
                    let amount = format!("{}.{:02}", cents / 100, cents % 100);
                    json!({
                        "sku": is_kept.then(|| format!("sku-{name}")),
                        "options": [name],
                        "price": { "amount": amount, "currency": "EUR" },
                        "inventory": quantity.map(|quantity| json!({ "quantity": quantity })),
                        "metadata": bin.map(|bin| json!({ "bin": bin })),
                    })
                })
                .collect();
            json!({
                "title": title,
                "vendor": vendor,
                "description": description,
                "status": if is_active { "active" } else { "draft" },
                "options": [{ "name": "Size" }],
                "variants": variants,
            })
        },
    )
}

proptest! {
    #[test]
    fn no_json_is_a_panic(json in any_json()) {
        if let Ok(source) = Source::read(&json, Currency::EUR) {
            prop_assert!(!source.variants.is_empty());
        }
        let _ = unknown_members(&json);
    }

    #[test]
    fn what_was_read_reads_back_equal(json in prop_oneof![any_product(), any_json()]) {
        if let Ok(source) = Source::read(&json, Currency::EUR) {
            let (source, _) = settled(source, None, Likeness::Sku);
            let kept = serde_json::to_value(&source).unwrap();
            prop_assert_eq!(Source::read(&kept, Currency::EUR), Ok(source));
        }
    }

    /// Whether a product is made as it is, or made as another and patched, it is the same in the end.
    #[test]
    fn a_patched_product_is_the_product_of_the_patched_whole(one in any_product(), other in any_product()) {
        let (known, _) = settled(read(&one), None, Likeness::Sku);
        let mut patch = other;
        patch["handle"] = json!("same");
        let mut patched = serde_json::to_value(&known).unwrap();
        merge_patch(&mut patched, &patch);
        let mut whole = one;
        merge_patch(&mut whole, &patch);
        let (patched, _) = settled(read(&patched), Some(&known), Likeness::Sku);
        let (whole, _) = settled(read(&whole), Some(&known), Likeness::Sku);
        prop_assert_eq!(patched, whole);
    }

    #[test]
    fn no_two_variants_have_one_id(one in any_product(), other in any_product()) {
        let (known, _) = settled(read(&one), None, Likeness::Sku);
        for likeness in [Likeness::Sku, Likeness::Options] {
            let mut number = 100_u8;
            let mut after = read(&other);
            let mut random = || { number += 1; Ok::<_, ()>([number; 10]) };
            let gone = after.settle(Some(&known), likeness, Timestamp::from_millis(2), &mut random).unwrap();
            let mut ids: Vec<_> = after.variants.iter().filter_map(|variant| variant.id).collect();
            prop_assert_eq!(ids.len(), after.variants.len());
            ids.extend(&gone);
            let all = ids.len();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), all);
            let kept = known.variants.iter().filter(|variant| ids.contains(&variant.id.unwrap())).count();
            prop_assert_eq!(kept, known.variants.len());
        }
    }

    #[test]
    fn a_merge_patch_is_idempotent(target in any_json(), patch in any_json()) {
        let mut once = target;
        merge_patch(&mut once, &patch);
        let mut twice = once.clone();
        merge_patch(&mut twice, &patch);
        prop_assert_eq!(once, twice);
    }
}
