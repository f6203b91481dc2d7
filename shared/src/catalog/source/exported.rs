//! What is exported as a product file reads as it was written.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Likeness, Source};
use crate::catalog::export::{Generation, Step, header, write};
use crate::catalog::import::{ImportReader, Parsed, ParsedProduct};
use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;

const BOTH: [Generation; 2] = [Generation::Older, Generation::Newer];

fn file(generation: Generation, sources: &[Source]) -> String {
    let mut csv = header(generation);
    sources.iter().for_each(|source| write(&mut csv, generation, source, &[]));
    csv
}

/// The products of a file with which nothing is wrong, and of which no column is passed over.
fn parsed(csv: &str) -> Vec<ParsedProduct> {
    let reader = ImportReader::new(csv.as_bytes(), Currency::EUR).unwrap();
    assert_eq!(reader.ignored_columns(), &[] as &[String]);
    let product = |parsed| match parsed {
        Ok(Parsed::Product { product, warnings }) if warnings.is_empty() => *product,
        other => panic!("{other:?}\n{csv}"),
    };
    reader.map(product).collect()
}

/// As an import writes it over what is `known`.
fn imported(parsed: &ParsedProduct, known: Option<&Source>) -> Source {
    let category = known.and_then(|known| known.category.clone());
    let mut source = Source::of_import(parsed, category);
    let mut number = 0_u16;
    let mut random = || {
        number += 1;
        let mut random = [0; 10];
        random[..2].copy_from_slice(&number.to_be_bytes());
        Ok::<_, ()>(random)
    };
    let now = Timestamp::from_millis(if known.is_some() { 2 } else { 1 });
    source.settle(known, Likeness::Options, now, &mut random).unwrap();
    if let Some(known) = known {
        source.keep(known);
    }
    source
}

fn read(json: &Value) -> Source {
    let mut source = Source::read(json, Currency::EUR).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut number = 0;
    let mut random = || {
        number += 1;
        Ok::<_, ()>([number; 10])
    };
    source.settle(None, Likeness::Sku, Timestamp::from_millis(1), &mut random).unwrap();
    source
}

fn whole() -> Value {
    json!({
        "handle": "tent",
        "title": "Tunnel \"Tent\", green",
        "description": " <p>Two\r\nlines, \"quoted\"</p>\n",
        "vendor": "Northwind",
        "productType": "Tent",
        "status": "active",
        "publishAt": "2026-11-22T10:00:00Z",
        "tags": ["dry", "light, very", "Sale"],
        "options": [{ "name": "Colour", "values": ["Sand", "Moss"] }, { "name": "Size" }],
        "images": [
            { "url": "https://images.example.com/a.jpg", "alt": "A tent", "focalPoint": { "x": 0.5, "y": 0.25 } },
            { "url": "https://images.example.com/b.jpg" },
            { "url": "https://images.example.com/c.jpg" },
        ],
        "seo": { "title": "The tent", "description": "Dry." },
        "metadata": { "erp": 4711 },
        "variants": [
            {
                "sku": "007", "options": ["Moss", "M"], "price": { "amount": "189", "currency": "EUR" },
                "compareAtPrice": { "amount": "200.5", "currency": "EUR" }, "barcode": "'4006381333931",
                "weightGrams": 2350, "weightUnit": "kg", "hsCode": "630622", "originCountry": "VN",
                "imageUrl": "https://images.example.com/b.jpg", "inventory": { "quantity": 7 },
                "dimensions": { "lengthMm": 1, "widthMm": 2, "heightMm": 3 }, "metadata": { "bin": "A1" },
            },
            {
                "sku": "''8", "options": ["Sand", "M"], "price": { "amount": "0.07", "currency": "EUR" },
                "requiresShipping": false, "taxable": false,
                "inventory": { "quantity": 3, "tracked": false, "continueSelling": true },
            },
        ],
    })
}

#[test]
fn a_product_reads_as_it_was_written() {
    let source = read(&whole());
    let older = file(Generation::Older, std::slice::from_ref(&source));
    assert_eq!(older.matches("\r\n").count(), 5, "a row for the header, each of three images, one in a text");
    for generation in BOTH {
        let parsed = parsed(&file(generation, std::slice::from_ref(&source)));
        assert_eq!(imported(&parsed[0], Some(&source)), source, "{generation:?}");
    }
    // What there are no columns for does not come along.
    let elsewhere = imported(&parsed(&older)[0], None);
    assert_eq!((elsewhere.metadata.len(), elsewhere.publish_at, elsewhere.tags.len()), (0, None, 4));
    assert_eq!(elsewhere.variants[0].sku.as_str(), "007");
    assert_eq!(elsewhere.variants[1].sku.as_str(), "''8");
    assert_eq!(elsewhere.description, source.description);
}

#[test]
fn the_sample_catalog_reads_as_it_was_written_by_each_header() {
    const SAMPLE: &str = include_str!("../../../../edge/src/cli/sample_catalog.csv");
    let sources: Vec<Source> = parsed_sample(SAMPLE).iter().map(|product| imported(product, None)).collect();
    assert_eq!(sources.len(), 77);
    let canonical: Vec<String> = sources.iter().map(|source| serde_json::to_string(source).unwrap()).collect();
    for generation in BOTH {
        let parsed = parsed(&file(generation, &sources));
        let again = parsed.iter().zip(&sources).map(|(parsed, known)| imported(parsed, Some(known)));
        let again: Vec<String> = again.map(|source| serde_json::to_string(&source).unwrap()).collect();
        assert_eq!(again, canonical, "{generation:?}");
    }
}

fn parsed_sample(csv: &str) -> Vec<ParsedProduct> {
    let product = |parsed| match parsed {
        Ok(Parsed::Product { product, .. }) => *product,
        other => panic!("{other:?}"),
    };
    ImportReader::new(csv.as_bytes(), Currency::EUR).unwrap().map(product).collect()
}

#[test]
fn a_category_is_told_by_what_leads_to_it() {
    let step = |handle: &str, name: &str| Step { handle: handle.to_owned(), name: name.to_owned() };
    let category = [step("home-garden", "Home & Garden"), step("chairs", "Seats"), step("a-b", "A > B")];
    let mut csv = header(Generation::Newer);
    write(&mut csv, Generation::Newer, &read(&json!({ "title": "T" })), &category);
    let product = parsed(&csv).remove(0);
    assert_eq!((product.category_path.join("/"), product.category_is_type), ("Home & Garden/chairs/a-b".into(), false));
    let of_type = read(&json!({ "title": "T", "productType": "Chair" }));
    assert!(parsed(&file(Generation::Older, &[of_type]))[0].category_is_type);
}

/// A product that is right, with what is awkward in a file.
fn any_product() -> impl Strategy<Value = Source> {
    let text = || prop::option::of("[a-z ,\"'<>&=ß-]{1,12}");
    let code = || prop::option::of(prop_oneof!["'{0,2}[0-9]{1,4}", "[A-Z,\" ]{1,4}"]);
    let price = prop::option::of(0..1_000_000_i64);
    let stock = (0..9_i64, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let variant = (code(), price, prop::option::of(0..9_999_i64), stock, prop::option::of(0..3_usize));
    let variants = prop::collection::btree_map("[a-zA-Z,\"]{1,3}", variant, 1..5);
    let images = prop::collection::btree_set("[a-z]{1,4}", 3..6);
    let of_product = ("[a-z]{1,9}", text(), "[a-z,\"\r\n ]{0,12}", prop::collection::vec("[a-zA-Z ]{0,3}[a-z,]", 0..4));
    (of_product, variants, images, 0..3_usize, text(), any::<bool>())
        .prop_map(|((title, vendor, description, tags), variants, images, status, seo, has_options)| {
            let images: Vec<String> = images.iter().map(|name| format!("https://images.example.com/{name}")).collect();
            let money =
                |minor: i64| json!({ "amount": format!("{}.{:02}", minor / 100, minor % 100), "currency": "EUR" });
            let status = ["draft", "active", "archived"][status];
            let variants = variants.into_iter().take(if has_options { 9 } else { 1 }).enumerate();
            let variants = variants.map(|(at, (name, (code, price, grams, stock, image)))| {
                let price = if status == "draft" { price } else { price.or(Some(5)) };
                let (quantity, tracked, sells_on, ships, taxed) = stock;
                json!({
                    "sku": code.as_ref().map(|code| format!("{code}{at}")),
                    "options": if has_options { vec![name] } else { Vec::new() },
                    "price": price.map(money),
                    "compareAtPrice": price.map(|price| money(price + 1)),
                    "barcode": code,
                    "weightGrams": grams,
                    "weightUnit": grams.filter(|grams| grams % 2 == 0).map(|_| "kg"),
                    "requiresShipping": ships,
                    "taxable": taxed,
                    "imageUrl": image.map(|at| images[at].clone()),
                    "inventory": { "quantity": quantity, "tracked": tracked, "continueSelling": sells_on },
                    "metadata": { "at": at },
                })
            });
            let tags: Vec<&String> = tags.iter().filter(|tag| !tag.trim().is_empty()).collect();
            Source::read(
                &json!({
                    "title": title,
                    "vendor": vendor,
                    "description": description,
                    "status": status,
                    "tags": tags,
                    "options": if has_options { json!([{ "name": "Size, or so" }]) } else { json!([]) },
                    "images": images.iter().map(|url| json!({ "url": url, "alt": vendor })).collect::<Vec<_>>(),
                    "seo": { "title": seo },
                    "variants": variants.collect::<Vec<_>>(),
                }),
                Currency::EUR,
            )
        })
        .prop_filter_map("two variants share what must be their own", |read| {
            let mut source = read.ok()?;
            let mut number = 0;
            let mut random = || {
                number += 1;
                Ok::<_, ()>([number; 10])
            };
            source.settle(None, Likeness::Sku, Timestamp::from_millis(1), &mut random).ok()?;
            Some(source)
        })
}

proptest! {
    #[test]
    fn any_product_reads_as_it_was_written(source in any_product()) {
        for generation in BOTH {
            let parsed = parsed(&file(generation, std::slice::from_ref(&source)));
            prop_assert_eq!(parsed.len(), 1);
            prop_assert_eq!(&imported(&parsed[0], Some(&source)), &source);
        }
    }
}
