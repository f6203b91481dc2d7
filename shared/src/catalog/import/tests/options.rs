//! Options and the variants they make.

use super::*;

const COLOURED: &[&[(&str, &str)]] = &[
    &[
        ("Handle", "tee"),
        ("Title", "Tee"),
        ("Option1 Name", "Size"),
        ("Option1 Value", "S"),
        ("Option2 Name", "Colour"),
        ("Option2 Value", "Red"),
        ("Variant Price", "20"),
    ],
    &[("Handle", "tee"), ("Option1 Value", "S"), ("Option2 Value", "Deep blue"), ("Variant Price", "21")],
    &[("Handle", "tee"), ("Option1 Value", "M"), ("Option2 Value", "Red"), ("Variant Price", "22")],
];

#[test]
fn rows_with_option_values_are_variants() {
    let product = product(&file(COLOURED));
    let options: Vec<(&str, Vec<&str>)> = product
        .options
        .iter()
        .map(|option| (option.name.as_str(), option.values.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(options, [("Size", vec!["S", "M"]), ("Colour", vec!["Red", "Deep blue"])]);
    let variants: Vec<(String, i64, u64)> = product
        .variants
        .iter()
        .map(|variant| (variant.option_values.join("/"), variant.price.unwrap().minor(), variant.line))
        .collect();
    let expected = [("S/Red", 2_000, 2), ("S/Deep blue", 2_100, 3), ("M/Red", 2_200, 4)];
    assert_eq!(variants, expected.map(|(values, minor, line)| (values.to_owned(), minor, line)));
}

#[test]
fn default_title_means_no_options() {
    for cells in [
        &[][..],
        &[("Option1 Name", "Title"), ("Option1 Value", "Default Title")],
        &[("Option1 Name", "title"), ("Option1 Value", "default title")],
        &[("Option1 Name", "Title")],
        &[("Option1 Value", "Default Title")],
    ] {
        let product = product(&simple(cells));
        assert_eq!((product.options.len(), product.variants.len()), (0, 1), "{cells:?}");
        assert_eq!(product.variants[0].option_values, [""; 0]);
    }
    let product = product(&simple(&[("Option1 Name", "Title"), ("Option1 Value", "Volume 2")]));
    assert_eq!(product.options[0].name, "Title", "an option may well be called Title");
}

#[test]
fn missing_skus_are_synthesised_alike_on_every_import() {
    let skus = |rows: &[&[(&str, &str)]]| -> Vec<String> {
        product(&file(rows)).variants.iter().map(|variant| variant.sku.to_string()).collect()
    };
    let all = skus(COLOURED);
    assert_eq!(all[0], "tee_S_Red");
    assert_eq!(all[2], "tee_M_Red");
    assert!(all[1].starts_with("tee_s_deep-blue."), "{}", all[1]);
    let fewer = skus(&[COLOURED[0], COLOURED[2]]);
    assert_eq!(fewer, [all[0].clone(), all[2].clone()], "other variants make no difference");
    assert!(product(&file(COLOURED)).variants.iter().all(|variant| variant.sku_synthesised));
}

#[test]
fn a_synthesised_sku_gives_way_to_a_given_one() {
    let product = product(&file(&[
        COLOURED[0],
        &[
            ("Handle", "tee"),
            ("Option1 Value", "L"),
            ("Option2 Value", "Red"),
            ("Variant Price", "1"),
            ("Variant SKU", "tee_S_Red"),
        ],
    ]));
    assert!(product.variants[0].sku.as_str().starts_with("tee_s_red."), "{}", product.variants[0].sku);
    assert_eq!(product.variants[1].sku.as_str(), "tee_S_Red");
    assert_eq!((product.variants[0].sku_synthesised, product.variants[1].sku_synthesised), (true, false));
}

#[test]
fn a_synthesised_sku_gives_way_to_another_product_once() {
    let mut product = product(&file(COLOURED));
    assert!(!product.give_way("MUG-1"), "it has no such SKU");
    assert!(product.give_way("tee_S_Red"));
    let other = product.variants[0].sku.to_string();
    assert!(other.starts_with("tee_s_red."), "{other}");
    assert!(!product.give_way(&other), "it has no third one");
    let given = self::product(&simple(&[("Variant SKU", "MUG-1")]));
    assert!(!given.clone().give_way("MUG-1"), "what is given stays");
}

#[test]
fn options_that_do_not_add_up_are_refused() {
    let with = |cells: &[(&str, &str)]| {
        let mut row = vec![("Handle", "tee"), ("Variant Price", "1")];
        row.extend(cells);
        told(&file(&[COLOURED[0], &row]))
    };
    for (cells, expected) in [
        (
            &[("Option1 Value", "S"), ("Option2 Value", "Red")][..],
            "3 Option1 Value: the options `S / Red` already stand in line 2",
        ),
        (&[("Option1 Value", "L")], "3 Option2 Value: is empty, but the product's first row names this option"),
        (
            &[("Option1 Value", "L"), ("Option2 Value", "Red"), ("Option3 Value", "Wool")],
            "3 Option3 Value: is given, but the product's first row does not name this option",
        ),
        (&[("Variant SKU", "X-1")], "3 Option1 Value: is empty, but the product's first row names this option"),
        (
            &[("Option1 Value", "L"), ("Option2 Value", "Red"), ("Option4 Value", "Wool")],
            "3 Option4 Value: a product has at most 3 options",
        ),
    ] {
        assert_eq!(with(cells)[0], expected, "{cells:?}");
    }
    for (cells, expected) in [
        (
            &[("Option1 Value", "S")][..],
            "2 Option1 Value: is given, but the product's first row does not name this option",
        ),
        (
            &[("Option1 Name", "Size"), ("Option1 Value", "S"), ("Option3 Name", "Colour"), ("Option3 Value", "Red")],
            "2 Option2 Name: is empty, but a later option has a name",
        ),
        (
            &[("Option1 Name", "Size"), ("Option1 Value", "S"), ("Option2 Name", "size"), ("Option2 Value", "M")],
            "2 Option2 Name: `size` names two options",
        ),
        (
            &[("Option1 Name", "Size"), ("Option1 Value", "")],
            "2 Option1 Value: is empty, but the product's first row names this option",
        ),
    ] {
        assert_eq!(told(&simple(cells))[0], expected, "{cells:?}");
    }
    let twice = file(&[
        &[("Handle", "mug"), ("Title", "Mug"), ("Variant Price", "1")],
        &[("Handle", "mug"), ("Variant Price", "2")],
    ]);
    assert_eq!(told(&twice), ["3 Option1 Value: a product without options has one variant, which stands in line 2"]);
}
