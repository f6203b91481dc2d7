//! The variant of a row.

use super::header::{Column, OPTIONS};
use super::problems::Problems;
use super::row::Row;
use super::{ParsedVariant, cell, image, synthesis, weight};
use crate::kernel::handle::Handle;
use crate::kernel::money::Currency;
use crate::kernel::sku::Sku;

pub(super) const MOST_VARIANTS: usize = 2_048;
pub(super) const DEFAULT_VALUE: &str = "Default Title";
const MOST_OPTION_CHARS: usize = 255;
const MOST_BARCODE_CHARS: usize = 255;
const MOST_UNITS: i64 = 1_000_000_000;

/// What the first row of a product says about all its variants.
pub(super) struct VariantRules<'a> {
    pub(super) handle: &'a Handle,
    pub(super) option_count: usize,
    pub(super) price_required: bool,
    pub(super) currency: Currency,
}

/// Whether a further row of a product is one of a variant, and not only of an image.
pub(super) fn is_variant(row: Row<'_>) -> bool {
    let of_options = OPTIONS.iter().any(|&(_, value)| row.is_given(value));
    of_options || [Column::Sku, Column::Price, Column::Barcode].into_iter().any(|column| row.is_given(column))
}

/// `None` where the row has no usable SKU or option values; the problems say why.
pub(super) fn parse(row: Row<'_>, rules: &VariantRules<'_>, problems: &mut Problems) -> Option<ParsedVariant> {
    let option_values = option_values(row, rules.option_count, problems);
    let sku = given_sku(row, problems);
    let price = cell::amount(row, Column::Price, rules.currency, problems);
    if rules.price_required && !row.is_given(Column::Price) {
        problems.error(row.line, Some(row.header.name(Column::Price)), "is empty: only a draft may have no price");
    }
    let compare_at = cell::amount(row, Column::CompareAt, rules.currency, problems).filter(|price| !price.is_zero());
    let (weight_grams, weight_unit) = weight::weight(row, problems);
    let inventory_quantity = inventory_quantity(row, problems);
    let tracker =
        if row.header.has(Column::InventoryTracker) { Column::InventoryTracker } else { Column::InventoryQuantity };
    let policies = [("deny", false), ("continue", true), ("false", false), ("true", true)];
    let continue_selling = cell::one_of(row, Column::InventoryPolicy, false, &policies, problems);
    let barcode = cell::optional_line_text(row, Column::Barcode, MOST_BARCODE_CHARS, problems)
        .map(|barcode| without_apostrophe(&barcode).to_owned());
    let requires_shipping = cell::boolean(row, Column::RequiresShipping, true, problems);
    let taxable = cell::boolean(row, Column::Taxable, true, problems);
    let image_url = image::url(row, Column::VariantImage, problems);

    let option_values = option_values?;
    let (sku, sku_synthesised) = match sku? {
        Some(sku) => (sku, false),
        None => (synthesis::synthesise(rules.handle, &option_values)?, true),
    };
    Some(ParsedVariant {
        sku,
        sku_synthesised,
        option_values,
        price,
        compare_at,
        weight_grams,
        weight_unit,
        inventory_quantity,
        tracked: row.is_given(tracker),
        continue_selling,
        barcode,
        requires_shipping,
        taxable,
        image_url,
        line: row.line,
    })
}

/// `Some(None)` where the file gives none, `None` where it is wrong.
fn given_sku(row: Row<'_>, problems: &mut Problems) -> Option<Option<Sku>> {
    if !row.is_given(Column::Sku) {
        return Some(None);
    }
    match without_apostrophe(row.text(Column::Sku)).parse() {
        Ok(sku) => Some(Some(sku)),
        Err(error) => {
            problems.error(row.line, Some(row.header.name(Column::Sku)), format!("{error}"));
            None
        }
    }
}

/// Spreadsheets and Shopify's export write `'0123`, so that nobody takes the text for a number. Where the text has
/// apostrophes of its own, our export writes one more.
fn without_apostrophe(text: &str) -> &str {
    let digits = text.trim_start_matches('\'');
    match text.strip_prefix('\'') {
        Some(rest) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => text,
    }
}

fn option_values(row: Row<'_>, count: usize, problems: &mut Problems) -> Option<Vec<String>> {
    let mut values = Vec::with_capacity(count);
    let mut complete = true;
    for (at, (_, column)) in OPTIONS.into_iter().enumerate() {
        let value = cell::line_text(row, column, MOST_OPTION_CHARS, problems);
        let wrong = if at < count {
            let wrong = (!row.is_given(column)).then_some("is empty, but the product's first row names this option");
            values.push(value);
            wrong
        } else {
            let expected = value.is_empty() || (count == 0 && at == 0 && value.eq_ignore_ascii_case(DEFAULT_VALUE));
            (!expected).then_some("is given, but the product's first row does not name this option")
        };
        if let Some(reason) = wrong {
            problems.error(row.line, Some(row.header.name(column)), reason);
            complete = false;
        }
    }
    for (index, name) in &row.header.further_options {
        if row.cells.get(*index).is_some_and(|text| !text.trim().is_empty()) {
            problems.error(row.line, Some(name), "a product has at most 3 options");
            complete = false;
        }
    }
    complete.then_some(values)
}

/// Zero where the cell is empty or, with a warning, negative.
fn inventory_quantity(row: Row<'_>, problems: &mut Problems) -> i64 {
    let column = Some(row.header.name(Column::InventoryQuantity));
    match cell::integer::<i64>(row, Column::InventoryQuantity, problems) {
        Some(units) if units < 0 => {
            problems.warn(row.line, column, format!("{units} units are imported as 0: a stock is never negative"));
            0
        }
        Some(units) if MOST_UNITS < units => {
            problems.error(row.line, column, format!("is more than {MOST_UNITS}"));
            0
        }
        Some(units) => units,
        None => 0,
    }
}
