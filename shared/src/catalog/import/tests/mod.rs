//! Whole files in, products or errors out.

mod errors;
mod format;
mod generations;
mod options;
mod products;
mod sample;
mod variants;

use super::{ImportError, ImportReader, Parsed, ParsedProduct, RowError, RowWarning};
use crate::kernel::money::Currency;

fn read_bytes(bytes: &[u8]) -> Result<Vec<Parsed>, ImportError> {
    ImportReader::new(bytes, Currency::EUR)?.collect()
}

fn read(text: &str) -> Vec<Parsed> {
    read_bytes(text.as_bytes()).unwrap()
}

/// The only product of the file, with its warnings.
fn product_and_warnings(text: &str) -> (ParsedProduct, Vec<RowWarning>) {
    match read(text).as_slice() {
        [Parsed::Product { product, warnings }] => (product.as_ref().clone(), warnings.clone()),
        other => panic!("not one product: {other:#?}"),
    }
}

/// The only product of the file, which has no warnings.
fn product(text: &str) -> ParsedProduct {
    let (product, warnings) = product_and_warnings(text);
    assert_eq!(warnings, []);
    product
}

/// The errors of the file, which has no good product.
fn errors(text: &str) -> Vec<RowError> {
    let refused = |parsed| match parsed {
        Parsed::Refused { errors } => errors,
        Parsed::Product { product, .. } => panic!("imported: {product:#?}"),
    };
    read(text).into_iter().flat_map(refused).collect()
}

/// `LINE COLUMN: REASON` of each error.
fn told(text: &str) -> Vec<String> {
    errors(text)
        .into_iter()
        .map(|error| format!("{} {}: {}", error.line, error.column.unwrap_or_default(), error.reason))
        .collect()
}

/// The handles of the good products and how many errors the others have.
fn outcome(text: &str) -> (Vec<String>, usize) {
    let (mut handles, mut count) = (Vec::new(), 0);
    for parsed in read(text) {
        match parsed {
            Parsed::Product { product, .. } => handles.push(product.handle.to_string()),
            Parsed::Refused { errors } => count += errors.len(),
        }
    }
    (handles, count)
}

/// A file of the given rows. A column appears where any row names it; unnamed cells are empty.
fn file(rows: &[&[(&str, &str)]]) -> String {
    let mut header: Vec<&str> = vec!["Handle", "Title", "Variant Price"];
    for (column, _) in rows.iter().copied().flatten() {
        if !header.contains(column) {
            header.push(column);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for row in rows {
        let cell = |name: &&str| row.iter().find(|(column, _)| column == name).map_or("", |(_, text)| *text);
        writer.write_record(header.iter().map(cell)).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// A file of one product without options, with further cells.
fn simple(cells: &[(&str, &str)]) -> String {
    let mut row = vec![("Handle", "mug"), ("Title", "Mug"), ("Variant Price", "9.50")];
    row.retain(|(column, _)| cells.iter().all(|(other, _)| other != column));
    row.extend(cells);
    file(&[&row])
}
