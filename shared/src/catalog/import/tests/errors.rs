//! What is refused, and how it is told.

use super::*;

#[test]
fn a_cell_that_cannot_be_read_is_named_by_line_column_and_reason() {
    let long = "x".repeat(256);
    let long_body = "x".repeat((512 << 10) + 1);
    let many_tags: Vec<String> = (0..251).map(|n| format!("tag {n}")).collect();
    let deep = ["x"; 11].join(" > ");
    for (column, text, reason) in [
        ("Variant Price", "1,234.50", "the amount contains a comma: write a decimal point"),
        ("Variant Price", "12.345", "EUR has 2 decimals, the amount has more"),
        ("Variant Price", "-1", "the amount is negative"),
        ("Variant Price", "free", "the amount is not a plain decimal number"),
        ("Variant Price", "€5", "the amount is not a plain decimal number"),
        ("Variant Price", "1e2", "the amount is not a plain decimal number"),
        ("Variant Price", "99999999999999999999", "the amount is too large"),
        ("Variant Compare At Price", "1.234,50", "the amount contains a comma"),
        ("Variant Compare At Price", "-5", "the amount is negative"),
        ("Variant SKU", &long, "the SKU has more than 255 characters"),
        ("Variant SKU", "a\nb", "the SKU contains a control character"),
        ("Variant Grams", "-5", "is not a weight"),
        ("Variant Weight Unit", "stone", "expected g, kg, oz or lb"),
        ("Variant Inventory Qty", "1.5", "is not a whole number"),
        ("Variant Inventory Qty", "many", "is not a whole number"),
        ("Variant Inventory Qty", "1000000001", "is more than 1000000000"),
        ("Variant Inventory Policy", "sometimes", "is not one of deny, continue"),
        ("Variant Taxable", "maybe", "is not one of true, false"),
        ("Variant Barcode", &long, "is longer than 255 characters"),
        ("Variant Image", "red.jpg", "is not an absolute http or https URL"),
        ("Image Src", "//images.example.com/1.jpg", "is not an absolute http or https URL"),
        ("Image Src", "javascript:alert(1)", "is not an absolute http or https URL"),
        ("Published", "perhaps", "is not one of true, false"),
        ("Status", "sold", "is not one of active, draft, archived"),
        ("Title", "Mug 4242 4242 4242 4242", "looks like a card number"),
        ("Title", &long, "is longer than 255 characters"),
        ("Vendor", &long, "is longer than 255 characters"),
        ("Type", &long, "is longer than 255 characters"),
        ("SEO Title", &long, "is longer than 255 characters"),
        ("Body (HTML)", &long_body, "is longer than 512 KiB"),
        ("Tags", &long, "has a tag of more than 255 characters"),
        ("Tags", &many_tags.join(","), "has more than 250 tags"),
        ("Product Category", &deep, "has more than 10 levels"),
        ("Handle", "!!", "holds no letter or digit"),
    ] {
        let errors = errors(&simple(&[(column, text)]));
        assert_eq!(errors.len(), 1, "{column} {text:.20}: {errors:?}");
        let error = &errors[0];
        assert_eq!((error.line, error.column.as_deref()), (2, Some(column)), "{text:.20}");
        assert!(error.reason.starts_with(reason), "{column} {text:.20}: {}", error.reason);
    }
    let error = &errors(&simple(&[("Variant Price", "-1")]))[0];
    assert_eq!(error.to_string(), "line 2, Variant Price: the amount is negative");
    assert_eq!(error.handle.as_deref(), Some("mug"));
}

#[test]
fn images_without_a_position_may_stand_but_a_wrong_position_not() {
    let image = ("Image Src", "https://images.example.com/1.jpg");
    assert_eq!(
        told(&simple(&[image, ("Image Position", "first")])),
        ["2 Image Position: is not a whole number in range"]
    );
}

#[test]
fn all_errors_of_a_product_are_listed_and_the_others_go_on() {
    let text = "Handle,Title,Variant SKU,Variant Price,Variant Grams\n\
                good,Good,G,1,1\n\
                bad,Bad,B,x,y\n\
                fine,Fine,F,2,2\n";
    assert_eq!(outcome(text), (vec!["good".to_owned(), "fine".to_owned()], 2));
}

#[test]
fn one_bad_row_takes_its_whole_product_out() {
    let text = "Handle,Title,Option1 Name,Option1 Value,Variant Price\n\
                tee,Tee,Size,S,1\n\
                tee,,,M,bad\n\
                tee,,,L,1\n\
                mug,Mug,,,1\n";
    assert_eq!(outcome(text), (vec!["mug".to_owned()], 1));
}

#[test]
fn a_handle_that_comes_back_names_its_first_line() {
    let text = "Handle,Title,Variant Price\na,A,1\nb,B,1\na,A again,1\na,,\nc,C,1\nB,B again,1\n";
    assert_eq!(outcome(text).0, ["a", "b", "c"]);
    let reasons: Vec<(u64, String)> = read(text)
        .into_iter()
        .filter_map(|parsed| match parsed {
            Parsed::Refused { errors } => Some((errors[0].line, errors[0].reason.clone())),
            Parsed::Product { .. } => None,
        })
        .collect();
    let reason =
        |handle, line| format!("`{handle}` already stands in line {line}: the rows of one product must be together");
    assert_eq!(reasons, [(4, reason("a", 2)), (7, reason("B", 3))]);
}

#[test]
fn a_row_without_a_handle_or_title_is_refused() {
    let lost = "Handle,Title,Variant Price\n,Lost,1\na,A,1\n";
    assert_eq!(outcome(lost), (vec!["a".to_owned()], 1));
    let within = "Handle,Title,Image Src,Variant Price\na,A,,1\n,,https://images.example.com/1.jpg,\nb,B,,1\n";
    assert_eq!(outcome(within), (vec!["b".to_owned()], 1));
    assert_eq!(told(&within.replace("b,B,,1\n", "")), ["3 Handle: is empty"]);
    assert_eq!(told(&simple(&[("Title", "")])), ["2 Title: is empty in the first row of the product"]);
}

#[test]
fn a_row_with_too_few_or_too_many_cells_is_refused() {
    let header = "Handle,Title,Variant Price\n";
    let reason = |cells| format!("2 : the row has {cells} cells, the header 3: is a quote or a comma missing?");
    assert_eq!(told(&format!("{header}a,A\n")), [reason(2)]);
    assert_eq!(told(&format!("{header}a,A,1,5\n")), [reason(4)]);
    assert_eq!(outcome(&format!("{header}a,A,1,,\n")), (vec!["a".to_owned()], 0));
}

#[test]
fn skus_may_not_repeat_within_a_product() {
    let text = "Handle,Title,Option1 Name,Option1 Value,SKU,Price\n\
                tee,Tee,Size,S,T,1\n\
                tee,,,M,T,1\n";
    assert_eq!(told(text), ["3 SKU: the SKU `T` already stands in line 2"]);
}

#[test]
fn products_have_at_most_2048_variants_and_250_images() {
    let product = |variants: usize, images: usize| {
        let mut text = String::from("Handle,Title,Option1 Name,Option1 Value,Variant Price,Image Src\n");
        text.push_str("tee,Tee,Size,0,1,\n");
        (1..variants).for_each(|n| text.push_str(&format!("tee,,,{n},1,\n")));
        (0..images).for_each(|n| text.push_str(&format!("tee,,,,,https://images.example.com/{n}.jpg\n")));
        text
    };
    assert_eq!(outcome(&product(2_048, 250)), (vec!["tee".to_owned()], 0));
    assert_eq!(told(&product(2_049, 1)), ["2 : the product has more than 2048 variants"]);
    assert_eq!(told(&product(1, 251)), ["2 : the product has more than 250 images"]);
}

#[test]
fn a_product_full_of_errors_does_not_fill_the_memory() {
    let mut text = String::from("Handle,Title,Option1 Name,Option1 Value,Variant Price\ntee,Tee,Size,0,1\n");
    (1..2_000).for_each(|n| text.push_str(&format!("tee,,,{n},bad\n")));
    let told = told(&text);
    assert_eq!((told.len(), told[100].as_str()), (101, "2 : 1899 more errors in this product"));
}

#[test]
fn warnings_beyond_a_hundred_are_counted() {
    let mut text = String::from("Handle,Title,Option1 Name,Option1 Value,Variant Price,Inventory quantity\n");
    text.push_str("tee,Tee,Size,0,1,-1\n");
    (1..150).for_each(|n| text.push_str(&format!("tee,,,{n},1,-1\n")));
    let (_, warnings) = product_and_warnings(&text);
    assert_eq!((warnings.len(), warnings[100].reason.as_str()), (101, "50 more warnings for this product"));
}
