//! What stands for each variant.

use super::*;
use crate::catalog::import::{ParsedVariant, WeightUnit};
use crate::kernel::money::Money;

fn variant(cells: &[(&str, &str)]) -> ParsedVariant {
    product(&simple(cells)).variants.remove(0)
}

#[test]
fn a_bare_variant_has_the_defaults() {
    let bare = variant(&[]);
    assert_eq!(bare.price, Some(Money::new(950, Currency::EUR)));
    assert_eq!((bare.sku.as_str(), bare.sku_synthesised), ("mug", true));
    assert_eq!((bare.compare_at, bare.weight_grams, bare.weight_unit), (None, None, None));
    assert_eq!((bare.inventory_quantity, bare.tracked, bare.continue_selling), (0, false, false));
    assert_eq!((bare.requires_shipping, bare.taxable), (true, true));
    assert_eq!((bare.barcode, bare.image_url), (None, None));
}

#[test]
fn every_cell_of_a_variant_is_read() {
    let full = variant(&[
        ("Variant SKU", " MUG-1 "),
        ("Variant Compare At Price", "12.00"),
        ("Variant Grams", "350"),
        ("Variant Weight Unit", "kg"),
        ("Variant Inventory Tracker", "shopify"),
        ("Variant Inventory Qty", "42"),
        ("Variant Inventory Policy", "continue"),
        ("Variant Barcode", "'4006381333931"),
        ("Variant Requires Shipping", "FALSE"),
        ("Variant Taxable", "false"),
    ]);
    assert_eq!((full.sku.as_str(), full.sku_synthesised), ("MUG-1", false));
    assert_eq!(full.compare_at, Some(Money::new(1_200, Currency::EUR)));
    assert_eq!((full.weight_grams, full.weight_unit), (Some(350), Some(WeightUnit::Kilogram)));
    assert_eq!((full.inventory_quantity, full.tracked, full.continue_selling), (42, true, true));
    assert_eq!(full.barcode.as_deref(), Some("4006381333931"));
    assert_eq!((full.requires_shipping, full.taxable), (false, false));
}

#[test]
fn prices_are_decimals_of_the_currency() {
    for (text, minor) in [("0", 0), ("12.34", 1_234), (" 12.3 ", 1_230), ("12.3400", 1_234), ("007", 700)] {
        assert_eq!(variant(&[("Variant Price", text)]).price, Some(Money::new(minor, Currency::EUR)), "{text}");
    }
    assert_eq!(variant(&[("Variant Compare At Price", "0.00")]).compare_at, None);
}

#[test]
fn only_a_draft_may_have_no_price() {
    assert_eq!(variant(&[("Variant Price", ""), ("Status", "draft")]).price, None);
    for cells in [&[("Variant Price", "")][..], &[("Variant Price", ""), ("Status", "archived")]] {
        assert_eq!(told(&simple(cells)), ["2 Variant Price: is empty: only a draft may have no price"]);
    }
}

#[test]
fn weights_come_in_grams_or_in_their_unit() {
    for (cells, grams) in [
        (&[("Variant Grams", "907.18474")][..], 907),
        (&[("Variant Weight", "1.25"), ("Variant Weight Unit", "kg")], 1_250),
        (&[("Variant Weight", "2"), ("Variant Weight Unit", "lb")], 907),
        (&[("Variant Grams", "5"), ("Variant Weight", "1"), ("Variant Weight Unit", "kg")], 5),
        (&[("Variant Weight", "3")], 3),
    ] {
        assert_eq!(variant(cells).weight_grams, Some(grams), "{cells:?}");
    }
}

#[test]
fn stock_is_tracked_where_the_file_says_so() {
    let tracked = |cells: &[(&str, &str)]| variant(cells).tracked;
    assert!(tracked(&[("Variant Inventory Tracker", "shopify"), ("Variant Inventory Qty", "")]));
    assert!(!tracked(&[("Variant Inventory Tracker", ""), ("Variant Inventory Qty", "5")]));
    assert!(tracked(&[("Variant Inventory Qty", "0")]), "without a tracker column the quantity decides");
    assert!(!tracked(&[("Variant Inventory Qty", "")]));
}

#[test]
fn a_negative_stock_is_none_and_says_so() {
    let (product, warnings) = product_and_warnings(&simple(&[("Variant Inventory Qty", "-3")]));
    assert_eq!(product.variants[0].inventory_quantity, 0);
    assert_eq!(warnings[0].column.as_deref(), Some("Variant Inventory Qty"));
    assert_eq!(warnings[0].reason, "-3 units are imported as 0: a stock is never negative");
}
