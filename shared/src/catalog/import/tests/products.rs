//! What stands once for a product.

use super::*;
use crate::catalog::import::{ParsedImage, ProductStatus};

#[test]
fn the_first_row_describes_the_product() {
    let product = product(&simple(&[
        ("Body (HTML)", "<p>Holds <b>0.4 l</b></p>"),
        ("Vendor", " Tidewater "),
        ("Product Category", "Home & Garden > Kitchen >Drinkware"),
        ("Type", "Mug"),
        ("Tags", "enamel, camp , Enamel,,gift"),
        ("SEO Title", "Enamel mug"),
        ("SEO Description", "A mug."),
    ]));
    assert_eq!(product.handle.as_str(), "mug");
    assert_eq!((product.title.as_str(), product.vendor.as_str()), ("Mug", "Tidewater"));
    assert_eq!(product.body_html, "<p>Holds <b>0.4 l</b></p>");
    assert_eq!(product.category_path, ["Home & Garden", "Kitchen", "Drinkware"]);
    assert_eq!(product.product_type, "Mug");
    assert_eq!(product.tags, ["enamel", "camp", "gift"]);
    assert_eq!(product.seo_title.as_deref(), Some("Enamel mug"));
    assert_eq!(product.seo_description.as_deref(), Some("A mug."));
    assert_eq!((product.status, product.line), (ProductStatus::Active, 2));
}

#[test]
fn without_a_category_the_type_is_one() {
    assert_eq!(product(&simple(&[("Type", "Mugs > Enamel")])).category_path, ["Mugs > Enamel"]);
    assert_eq!(product(&simple(&[("Type", "Mugs"), ("Product Category", " > ")])).category_path, ["Mugs"]);
    assert_eq!(product(&simple(&[])).category_path, [""; 0]);
}

#[test]
fn the_status_follows_status_and_published() {
    use ProductStatus::{Active, Archived, Draft};
    for (status, published, expected) in [
        ("", "", Active),
        ("active", "TRUE", Active),
        ("Active", "", Active),
        ("active", "FALSE", Draft),
        ("", "false", Draft),
        ("draft", "TRUE", Draft),
        ("ARCHIVED", "false", Archived),
    ] {
        let product = product(&simple(&[("Status", status), ("Published", published)]));
        assert_eq!(product.status, expected, "{status} {published}");
    }
    let (product, warnings) = product_and_warnings(&simple(&[("Status", "unlisted")]));
    assert_eq!((product.status, warnings[0].reason.as_str()), (Draft, "unlisted is imported as draft"));
}

#[test]
fn further_rows_add_images_in_the_order_of_their_positions() {
    let product = product(&file(&[
        &[
            ("Handle", "mug"),
            ("Title", "Mug"),
            ("Variant Price", "9"),
            ("Image Src", "https://images.example.com/2.jpg"),
            ("Image Position", "2"),
            ("Image Alt Text", "Side"),
        ],
        &[("Handle", "mug"), ("Image Src", "https://images.example.com/1.jpg"), ("Image Position", "1")],
        &[("Handle", "mug"), ("Image Src", "https://images.example.com/9.jpg")],
        &[("Handle", "mug"), ("Image Src", "https://images.example.com/2.jpg"), ("Image Position", "7")],
    ]));
    let image = |position, url: &str, alt: &str| ParsedImage { url: url.into(), position, alt: alt.into() };
    assert_eq!(
        product.images,
        [
            image(1, "https://images.example.com/1.jpg", ""),
            image(2, "https://images.example.com/2.jpg", "Side"),
            image(3, "https://images.example.com/9.jpg", ""),
        ]
    );
    assert_eq!(product.variants.len(), 1);
}

#[test]
fn the_image_of_a_variant_is_one_of_the_product() {
    let product = product(&simple(&[
        ("Image Src", "https://images.example.com/1.jpg"),
        ("Variant Image", "https://images.example.com/red.jpg"),
    ]));
    let urls: Vec<&str> = product.images.iter().map(|image| image.url.as_str()).collect();
    assert_eq!(urls, ["https://images.example.com/1.jpg", "https://images.example.com/red.jpg"]);
    assert_eq!(product.variants[0].image_url.as_deref(), Some("https://images.example.com/red.jpg"));
}

#[test]
fn a_handle_that_is_none_becomes_one_and_says_so() {
    let (product, warnings) = product_and_warnings(&simple(&[("Handle", "Enamel_Mug 2")]));
    assert_eq!(product.handle.as_str(), "enamel-mug-2");
    assert_eq!(warnings[0].reason, "is imported as `enamel-mug-2`");
    assert_eq!((warnings[0].line, warnings[0].handle.as_deref()), (2, Some("Enamel_Mug 2")));
}

#[test]
fn line_breaks_and_tabs_in_short_texts_become_blanks() {
    let product = product(&simple(&[("Title", "Mug\r\n\tgrey"), ("Vendor", "a\u{85}b")]));
    assert_eq!((product.title.as_str(), product.vendor.as_str()), ("Mug grey", "a b"));
}
