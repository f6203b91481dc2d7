//! The header: which column of the file is what, in both generations.

use super::ImportError;

/// What a cell means. The order is that of `NAMES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Column {
    Handle,
    Title,
    Body,
    Vendor,
    Category,
    Type,
    Tags,
    Published,
    Status,
    Option1Name,
    Option2Name,
    Option3Name,
    Option1Value,
    Option2Value,
    Option3Value,
    Sku,
    Grams,
    Weight,
    WeightUnit,
    InventoryTracker,
    InventoryQuantity,
    InventoryPolicy,
    Price,
    CompareAt,
    RequiresShipping,
    Taxable,
    Barcode,
    VariantImage,
    Image,
    ImagePosition,
    ImageAlt,
    SeoTitle,
    SeoDescription,
}

/// For each column its names, whatever the case: the older generation's first, then the newer's. What stands
/// once has the same name in both.
pub(super) const NAMES: [(Column, &[&str]); 33] = [
    (Column::Handle, &["Handle", "URL handle"]),
    (Column::Title, &["Title"]),
    (Column::Body, &["Body (HTML)", "Description"]),
    (Column::Vendor, &["Vendor"]),
    (Column::Category, &["Product Category", "Standard Product Type", "Standardized Product Type"]),
    (Column::Type, &["Type", "Custom Product Type"]),
    (Column::Tags, &["Tags"]),
    (Column::Published, &["Published", "Published on online store"]),
    (Column::Status, &["Status"]),
    (Column::Option1Name, &["Option1 Name"]),
    (Column::Option2Name, &["Option2 Name"]),
    (Column::Option3Name, &["Option3 Name"]),
    (Column::Option1Value, &["Option1 Value"]),
    (Column::Option2Value, &["Option2 Value"]),
    (Column::Option3Value, &["Option3 Value"]),
    (Column::Sku, &["Variant SKU", "SKU"]),
    (Column::Grams, &["Variant Grams", "Weight value (grams)"]),
    (Column::Weight, &["Variant Weight", "Weight value"]),
    (Column::WeightUnit, &["Variant Weight Unit", "Weight unit for display", "Weight unit"]),
    (Column::InventoryTracker, &["Variant Inventory Tracker", "Inventory tracker"]),
    (Column::InventoryQuantity, &["Variant Inventory Qty", "Inventory quantity"]),
    (Column::InventoryPolicy, &["Variant Inventory Policy", "Continue selling when out of stock"]),
    (Column::Price, &["Variant Price", "Price"]),
    (Column::CompareAt, &["Variant Compare At Price", "Compare-at price"]),
    (Column::RequiresShipping, &["Variant Requires Shipping", "Requires shipping"]),
    (Column::Taxable, &["Variant Taxable", "Charge tax"]),
    (Column::Barcode, &["Variant Barcode", "Barcode"]),
    (Column::VariantImage, &["Variant Image", "Variant image URL"]),
    (Column::Image, &["Image Src", "Product image URL"]),
    (Column::ImagePosition, &["Image Position"]),
    (Column::ImageAlt, &["Image Alt Text"]),
    (Column::SeoTitle, &["SEO Title"]),
    (Column::SeoDescription, &["SEO Description"]),
];

/// The most options a product may have, as names and values.
pub(super) const OPTIONS: [(Column, Column); 3] = [
    (Column::Option1Name, Column::Option1Value),
    (Column::Option2Name, Column::Option2Value),
    (Column::Option3Name, Column::Option3Value),
];

const REQUIRED: [Column; 3] = [Column::Handle, Column::Title, Column::Price];

/// Where the columns stand in one file.
#[derive(Debug)]
pub(super) struct Header {
    /// By `Column as usize`: index in a row and name as the file writes it.
    places: [Option<(usize, String)>; NAMES.len()],
    /// Columns of a fourth or later option: index and name.
    pub(super) further_options: Vec<(usize, String)>,
    /// Columns that are not imported.
    pub(super) ignored: Vec<String>,
    pub(super) width: usize,
}

impl Header {
    pub(super) fn read(names: &csv::StringRecord) -> Result<Header, ImportError> {
        let mut header = Header {
            places: [const { None }; NAMES.len()],
            further_options: Vec::new(),
            ignored: Vec::new(),
            width: names.len(),
        };
        for (index, name) in names.iter().enumerate() {
            let name = name.trim();
            match NAMES.iter().find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name))) {
                Some(&(column, _)) => {
                    let Some(place) = header.places.get_mut(column as usize) else { continue };
                    if let Some((_, first)) = place {
                        return Err(ImportError::SameColumn { first: first.clone(), second: name.to_owned() });
                    }
                    *place = Some((index, name.to_owned()));
                }
                None if is_further_option(name) => header.further_options.push((index, name.to_owned())),
                None if name.is_empty() => {}
                None => header.ignored.push(name.chars().take(100).collect()),
            }
        }
        let missing: Vec<&'static str> =
            REQUIRED.into_iter().filter(|&column| !header.has(column)).map(first_name).collect();
        if missing.is_empty() {
            return Ok(header);
        }
        match (names.len(), names.get(0)) {
            (1, Some(line)) if line.contains(';') => Err(ImportError::Separator("semicolons")),
            (1, Some(line)) if line.contains('\t') => Err(ImportError::Separator("tabs")),
            _ => Err(ImportError::MissingColumns(missing)),
        }
    }

    /// Where `column` stands in a row.
    pub(super) fn index(&self, column: Column) -> Option<usize> {
        self.places.get(column as usize)?.as_ref().map(|&(index, _)| index)
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.index(column).is_some()
    }

    /// As the file writes it, or as Shopify does where the file has no such column.
    pub(super) fn name(&self, column: Column) -> &str {
        match self.places.get(column as usize) {
            Some(Some((_, name))) => name,
            _ => first_name(column),
        }
    }
}

fn first_name(column: Column) -> &'static str {
    NAMES.get(column as usize).and_then(|(_, names)| names.first()).copied().unwrap_or_default()
}

/// `Option4 Name`, `option12 value`.
fn is_further_option(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let number = name.strip_prefix("option").and_then(|rest| rest.split_once(' '));
    number.is_some_and(|(number, kind)| number.parse::<u8>().is_ok() && matches!(kind, "name" | "value"))
}

/// The older generation's name of every column.
#[cfg(test)]
pub(super) fn all_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter_map(|(_, names)| names.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_names_is_in_the_order_of_the_columns() {
        for (at, (column, names)) in NAMES.iter().enumerate() {
            assert_eq!(*column as usize, at);
            assert_eq!(first_name(*column), names[0]);
        }
        assert_eq!(Column::SeoDescription as usize + 1, NAMES.len());
    }

    fn read(names: &[&str]) -> Result<Header, ImportError> {
        Header::read(&csv::StringRecord::from(names))
    }

    #[test]
    fn names_are_found_whatever_their_case_and_blanks() {
        let header = read(&[" hAnDlE", "TITLE ", "price", "Colour of the day", "", "Option4 Value"]).unwrap();
        assert_eq!(header.index(Column::Price), Some(2));
        assert_eq!(header.name(Column::Price), "price");
        assert_eq!(header.name(Column::Sku), "Variant SKU");
        assert_eq!(header.ignored, ["Colour of the day"]);
        assert_eq!(header.further_options, [(5, "Option4 Value".to_owned())]);
    }

    #[test]
    fn a_header_that_cannot_be_used_says_why() {
        for (names, told) in [
            (&["Handle", "Vendor"][..], "the header has no column `Title`, `Variant Price`"),
            (&["Handle;Title;Variant Price"], "separated by semicolons"),
            (&["Handle\tTitle"], "separated by tabs"),
            (&["Handle", "Title", "Price", "URL handle"], "the columns `Handle` and `URL handle`"),
            (&["Title", "title", "Price"], "the columns `Title` and `title`"),
        ] {
            let error = read(names).unwrap_err().to_string();
            assert!(error.contains(told), "{names:?}: {error}");
        }
    }
}
