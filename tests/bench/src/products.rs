//! Product files of any size from a fixed seed, in the form of Shopify's export.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::Outcome;

/// What a generated catalog holds.
#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    pub products: usize,
    /// 1 to 5: sizes.
    pub variants: usize,
}

const HEADER: &str = "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,\
Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,\
Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Image Src,Image Position,Image Alt Text,Status";

const SIZES: [&str; 5] = ["XS", "S", "M", "L", "XL"];
const MATERIALS: [&str; 12] =
    ["wool", "linen", "oak", "copper", "enamel", "leather", "cork", "glass", "felt", "brass", "cotton", "steel"];
const THINGS: [&str; 12] =
    ["blanket", "kettle", "lamp", "stool", "jacket", "tray", "apron", "basket", "clock", "mirror", "satchel", "scarf"];
const CATEGORIES: [&str; 4] =
    ["Home & Garden > Kitchen", "Home & Garden > Decor", "Apparel & Accessories", "Furniture > Chairs"];
const WORDS: [&str; 16] = [
    "made", "by", "hand", "in", "a", "small", "workshop", "with", "care", "from", "the", "best", "of", "what", "we",
    "found",
];

/// The handle of product `number`, from 0.
pub fn handle(number: usize) -> String {
    let (material, thing) = name(number);
    format!("{material}-{thing}-{number:06}")
}

/// Writes the catalog, one row for each variant, and answers how many rows.
///
/// # Errors
/// The file cannot be written.
pub fn write_csv(file: &Path, catalog: Catalog) -> Outcome<usize> {
    let failed = |error| format!("{}: {error}", file.display());
    let mut out = BufWriter::new(File::create(file).map_err(failed)?);
    writeln!(out, "{HEADER}").map_err(failed)?;
    for number in 0..catalog.products {
        out.write_all(product(number, catalog.variants).as_bytes()).map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    Ok(catalog.products.saturating_mul(catalog.variants))
}

/// Writes the same catalog as JSON Lines, a product a line.
///
/// # Errors
/// The file cannot be written.
pub fn write_lines(file: &Path, catalog: Catalog) -> Outcome {
    let failed = |error| format!("{}: {error}", file.display());
    let mut out = BufWriter::new(File::create(file).map_err(failed)?);
    for number in 0..catalog.products {
        writeln!(out, "{}", line(number, catalog.variants)).map_err(failed)?;
    }
    out.flush().map_err(failed)
}

fn line(number: usize, variants: usize) -> Value {
    let mut random = Random(u64::try_from(number).unwrap_or(0) ^ 0x5eed_0000_0000_0000);
    let (material, thing) = name(number);
    let handle = handle(number);
    let title = format!("{} {thing} {number}", capitalised(material));
    let mut sentence = || {
        let words: Vec<&str> = (0..14).map(|_| random.choose(&WORDS)).collect();
        format!("{}.", capitalised(&words.join(" ")))
    };
    let description = format!("<p>{} {}</p><p>{}</p>", sentence(), sentence(), sentence());
    let price = random.below(20_000).saturating_add(500);
    let kind = random.choose(&["new", "classic", "gift", "sale"]);
    let variant = |(at, size): (usize, &&str)| {
        let price = price.saturating_add(u64::try_from(at).unwrap_or(0).saturating_mul(150));
        json!({
            "sku": format!("{handle}-{size}"),
            "options": [size],
            "price": { "amount": format!("{}.{:02}", price / 100, price % 100), "currency": "EUR" },
            "weightGrams": 400,
            "inventory": { "quantity": 1_000_000 },
        })
    };
    json!({
        "handle": handle,
        "title": title,
        "description": description,
        "vendor": format!("Workshop {}", number % 40),
        "productType": thing,
        "status": "active",
        "tags": [material, kind],
        "options": [{ "name": "Size" }],
        "images": [{ "url": format!("https://cdn.example.com/p/{handle}.jpg"), "alt": title }],
        "variants": SIZES.iter().take(variants).enumerate().map(variant).collect::<Vec<_>>(),
    })
}

fn product(number: usize, variants: usize) -> String {
    // Each product from a seed of its own: the same product in a catalog of any size.
    let mut random = Random(u64::try_from(number).unwrap_or(0) ^ 0x5eed_0000_0000_0000);
    let (material, thing) = name(number);
    let handle = handle(number);
    let title = format!("{} {thing} {number}", capitalised(material));
    let sentence = |random: &mut Random| {
        let words: Vec<&str> = (0..14).map(|_| random.choose(&WORDS)).collect();
        format!("{}.", capitalised(&words.join(" ")))
    };
    let body = format!("<p>{} {}</p><p>{}</p>", sentence(&mut random), sentence(&mut random), sentence(&mut random));
    let vendor = format!("Workshop {}", random.below(40));
    let category = random.choose(&CATEGORIES);
    let tags = format!("{material}, {}", random.choose(&["new", "classic", "gift", "sale"]));
    let price = random.below(20_000).saturating_add(500);
    let mut rows = String::new();
    for (at, size) in SIZES.iter().cycle().take(variants).enumerate() {
        let first = at == 0;
        let of_product = match first {
            true => format!("{title},{body},{vendor},{category},{thing},\"{tags}\",true,Size"),
            false => ",,,,,,,".to_owned(),
        };
        let price = price.saturating_add(u64::try_from(at).unwrap_or(0).saturating_mul(150));
        let image = match first {
            true => format!("https://cdn.example.com/p/{handle}.jpg,1,{title}"),
            false => ",,".to_owned(),
        };
        let status = if first { "active" } else { "" };
        let _infallible = writeln!(
            rows,
            "{handle},{of_product},{size},{handle}-{size},{grams},shopify,1000000,deny,{}.{:02},,true,true,{image},{status}",
            price / 100,
            price % 100,
            grams = random.below(3000).saturating_add(50),
        );
    }
    rows
}

fn name(number: usize) -> (&'static str, &'static str) {
    let pick = |words: &[&'static str; 12], at: usize| words.get(at % 12).copied().unwrap_or_default();
    (pick(&MATERIALS, number), pick(&THINGS, number / 12))
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

/// SplitMix64: numbers that are the same on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(end).unwrap_or(0)
    }

    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(0))).unwrap_or(0)
    }

    fn choose(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.index(words.len())).copied().unwrap_or_default()
    }
}
