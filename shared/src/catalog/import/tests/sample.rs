//! The sample catalog of `hp dev`.

use std::collections::BTreeSet;

use super::*;
use crate::catalog::import::ProductStatus;

const SAMPLE: &str = include_str!("../../../../../edge/src/cli/sample_catalog.csv");

fn products(text: &str) -> Vec<ParsedProduct> {
    let good = |parsed| match parsed {
        Parsed::Product { product, warnings } => {
            assert_eq!(warnings, []);
            *product
        }
        Parsed::Refused { errors } => panic!("refused: {errors:#?}"),
    };
    read(text).into_iter().map(good).collect()
}

#[test]
fn the_sample_is_imported_whole() {
    let products = products(SAMPLE);
    let variants: Vec<_> = products.iter().flat_map(|product| &product.variants).collect();
    assert_eq!((products.len(), variants.len()), (77, 290));
}

#[test]
fn the_sample_shows_what_catalogs_hold() {
    let products = products(SAMPLE);
    let variants: Vec<_> = products.iter().flat_map(|product| &product.variants).collect();
    let with_options = |count| products.iter().filter(|product| product.options.len() == count).count();
    assert!(0 < with_options(0) && 20 <= with_options(2) && 2 <= with_options(3));
    assert!(20 <= variants.iter().filter(|variant| variant.sku_synthesised).count());
    assert!(20 <= variants.iter().filter(|variant| variant.compare_at.is_some()).count());
    assert!(10 <= variants.iter().filter(|variant| variant.inventory_quantity == 0).count());
    assert!(variants.iter().all(|variant| (0..=200).contains(&variant.inventory_quantity)));
    assert!(30 <= products.iter().filter(|product| 2 <= product.images.len()).count());
    let images = || products.iter().flat_map(|product| &product.images);
    assert!(images().all(|image| image.url.starts_with("https://images.example.com/") && image.url.is_ascii()));
    assert!(products.iter().all(|product| 3 == product.category_path.len() && !product.images.is_empty()));
    for status in [ProductStatus::Draft, ProductStatus::Archived] {
        assert_eq!(products.iter().filter(|product| product.status == status).count(), 2, "{status}");
    }
}

#[test]
fn skus_of_the_sample_are_unique_in_the_shop() {
    let products = products(SAMPLE);
    let skus: Vec<&str> =
        products.iter().flat_map(|product| &product.variants).map(|variant| variant.sku.as_str()).collect();
    assert_eq!(BTreeSet::from_iter(&skus).len(), skus.len());
}

#[test]
fn the_sample_reads_alike_under_the_newer_header() {
    let (header, rows) = SAMPLE.split_once('\n').unwrap();
    let newer = header
        .replace("Handle", "URL handle")
        .replace("Body (HTML)", "Description")
        .replace("Published", "Published on online store")
        .replace("Variant SKU", "SKU")
        .replace("Variant Grams", "Weight value (grams)")
        .replace("Variant Inventory Tracker", "Inventory tracker")
        .replace("Variant Inventory Qty", "Inventory quantity")
        .replace("Variant Inventory Policy", "Continue selling when out of stock")
        .replace("Variant Price", "Price")
        .replace("Variant Compare At Price", "Compare-at price")
        .replace("Variant Requires Shipping", "Requires shipping")
        .replace("Variant Taxable", "Charge tax")
        .replace("Variant Barcode", "Barcode")
        .replace("Image Src", "Product image URL")
        .replace("Variant Image", "Variant image URL")
        .replace("Variant Weight Unit", "Weight unit for display");
    assert_eq!(products(&format!("{newer}\n{rows}")), products(SAMPLE));
}
