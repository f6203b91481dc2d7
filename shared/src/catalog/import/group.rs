//! The rows of one handle, which make up one product.

use std::collections::BTreeMap;

use super::cell;
use super::header::{Column, NAMES, OPTIONS};
use super::image::{Images, MOST_IMAGES};
use super::problems::Problems;
use super::row::Row;
use super::variant::{self, DEFAULT_VALUE, MOST_VARIANTS, VariantRules};
use super::{Parsed, ParsedProduct, ParsedVariant, ProductOption, ProductStatus, synthesis};
use crate::catalog::tree::MOST_LEVELS;
use crate::kernel::card_number::has_card_number;
use crate::kernel::handle::Handle;
use crate::kernel::money::Currency;
use crate::kernel::sku::Sku;

const MOST_CHARS: usize = 255;
const MOST_SEO_DESCRIPTION_CHARS: usize = 1_000;
const MOST_BODY_BYTES: usize = 512 << 10;
const MOST_TAGS: usize = 250;

/// A product while its rows are read.
pub(super) struct Group {
    currency: Currency,
    problems: Problems,
    /// Without options, variants and images, which stand beside it.
    product: ParsedProduct,
    option_names: Vec<String>,
    variants: Vec<ParsedVariant>,
    /// Lines by option values.
    lines: BTreeMap<Vec<String>, u64>,
    images: Images,
    too_many_variants: bool,
    sku_column: String,
}

impl Group {
    /// Takes the first row, which describes the product.
    pub(super) fn start(row: Row<'_>, handle: Handle, currency: Currency) -> Group {
        let mut problems = Problems::new(row.text(Column::Handle));
        if handle.as_str() != row.text(Column::Handle) {
            let name = row.header.name(Column::Handle);
            problems.warn(row.line, Some(name), format!("is imported as `{handle}`"));
        }
        let product = product(row, handle, &mut problems);
        let mut group = Group {
            currency,
            option_names: option_names(row, &mut problems),
            product,
            problems,
            variants: Vec::new(),
            lines: BTreeMap::new(),
            images: Images::default(),
            too_many_variants: false,
            sku_column: row.header.name(Column::Sku).to_owned(),
        };
        if group.is_whole(row) {
            group.images.add(row, &mut group.problems);
            group.add_variant(row);
        }
        group
    }

    /// Takes a further row: of a variant, of an image, or of both.
    pub(super) fn add(&mut self, row: Row<'_>) {
        if !self.is_whole(row) {
            return;
        }
        if !row.is_given(Column::Handle) {
            self.problems.error(row.line, Some(row.header.name(Column::Handle)), "is empty");
            return;
        }
        self.images.add(row, &mut self.problems);
        if variant::is_variant(row) {
            self.add_variant(row);
        } else if !row.is_given(Column::Image) {
            self.problems.warn(row.line, None, "the row has neither a variant nor an image and is left out");
        }
    }

    /// The product, or everything that is wrong with it.
    pub(super) fn finish(mut self) -> Parsed {
        let line = self.product.line;
        self.settle_skus();
        for variant in &self.variants {
            if let Some(url) = &variant.image_url {
                self.images.add_of_variant(url);
            }
        }
        if self.images.are_too_many() {
            self.problems.error(line, None, format!("the product has more than {MOST_IMAGES} images"));
        }
        if self.too_many_variants {
            self.problems.error(line, None, format!("the product has more than {MOST_VARIANTS} variants"));
        }
        match self.problems.finish(line) {
            Err(errors) => Parsed::Refused { errors },
            Ok(warnings) => {
                let options = options(self.option_names, &self.variants);
                let images = self.images.finish();
                let product = ParsedProduct { options, variants: self.variants, images, ..self.product };
                Parsed::Product { product: Box::new(product), warnings }
            }
        }
    }

    /// Whether the row has as many cells as the header.
    fn is_whole(&mut self, row: Row<'_>) -> bool {
        let (cells, width) = (row.cells.len(), row.header.width);
        let beyond = row.cells.iter().skip(width).any(|text| !text.trim().is_empty());
        if cells < width || beyond {
            let reason = format!("the row has {cells} cells, the header {width}: is a quote or a comma missing?");
            self.problems.error(row.line, None, reason);
            return false;
        }
        // Card numbers are taken nowhere; what these hold may look like one.
        let other = [Column::Barcode, Column::Sku, Column::Image, Column::VariantImage];
        for (column, _) in NAMES.iter().filter(|(column, _)| !other.contains(column)) {
            if has_card_number(row.raw(*column)) {
                self.problems.error(row.line, Some(row.header.name(*column)), "looks like a card number");
            }
        }
        true
    }

    fn add_variant(&mut self, row: Row<'_>) {
        if MOST_VARIANTS <= self.variants.len() {
            self.too_many_variants = true;
            return;
        }
        let rules = VariantRules {
            handle: &self.product.handle,
            option_count: self.option_names.len(),
            price_required: self.product.status != ProductStatus::Draft,
            currency: self.currency,
        };
        let Some(variant) = variant::parse(row, &rules, &mut self.problems) else { return };
        if let Some(first) = self.lines.get(&variant.option_values) {
            let column = row.header.name(Column::Option1Value);
            let reason = match variant.option_values.as_slice() {
                [] => format!("a product without options has one variant, which stands in line {first}"),
                values => format!("the options `{}` already stand in line {first}", values.join(" / ")),
            };
            self.problems.error(row.line, Some(column), reason);
            return;
        }
        self.lines.insert(variant.option_values.clone(), row.line);
        self.variants.push(variant);
    }

    /// Refuses SKUs that stand twice; a synthesised one gives way to a given one.
    fn settle_skus(&mut self) {
        let mut lines: BTreeMap<Sku, u64> = BTreeMap::new();
        let (synthesised, given): (Vec<_>, Vec<_>) =
            self.variants.iter_mut().partition(|variant| variant.sku_synthesised);
        for variant in given.into_iter().chain(synthesised) {
            if variant.sku_synthesised
                && lines.contains_key(&variant.sku)
                && let Some(sku) = synthesis::hashed(&self.product.handle, &variant.option_values)
            {
                variant.sku = sku;
            }
            match lines.get(&variant.sku) {
                Some(first) => {
                    let reason = format!("the SKU `{}` already stands in line {first}", variant.sku);
                    self.problems.error(variant.line, Some(&self.sku_column), reason);
                }
                None => {
                    lines.insert(variant.sku.clone(), variant.line);
                }
            }
        }
    }
}

fn product(row: Row<'_>, handle: Handle, problems: &mut Problems) -> ParsedProduct {
    let title = cell::line_text(row, Column::Title, MOST_CHARS, problems);
    if !row.has_title() {
        let reason = "is empty in the first row of the product";
        problems.error(row.line, Some(row.header.name(Column::Title)), reason);
    }
    let body_html = row.raw(Column::Body);
    if MOST_BODY_BYTES < body_html.len() {
        problems.error(row.line, Some(row.header.name(Column::Body)), "is longer than 512 KiB");
    }
    let product_type = cell::line_text(row, Column::Type, MOST_CHARS, problems);
    let category_path = category_path(row, &product_type, problems);
    ParsedProduct {
        handle,
        title,
        body_html: body_html.to_owned(),
        vendor: cell::line_text(row, Column::Vendor, MOST_CHARS, problems),
        category_is_type: row.text(Column::Category).split('>').all(|name| name.trim().is_empty()),
        category_path,
        product_type,
        tags: tags(row, problems),
        status: status(row, problems),
        options: Vec::new(),
        variants: Vec::new(),
        images: Vec::new(),
        seo_title: cell::optional_line_text(row, Column::SeoTitle, MOST_CHARS, problems),
        seo_description: cell::optional_line_text(row, Column::SeoDescription, MOST_SEO_DESCRIPTION_CHARS, problems),
        line: row.line,
    }
}

fn status(row: Row<'_>, problems: &mut Problems) -> ProductStatus {
    const UNLISTED: &str = "unlisted";
    let names = [
        (ProductStatus::Active.name(), ProductStatus::Active),
        (ProductStatus::Draft.name(), ProductStatus::Draft),
        (ProductStatus::Archived.name(), ProductStatus::Archived),
        (UNLISTED, ProductStatus::Draft),
    ];
    let status = cell::one_of(row, Column::Status, ProductStatus::Active, &names, problems);
    if row.text(Column::Status).eq_ignore_ascii_case(UNLISTED) {
        problems.warn(row.line, Some(row.header.name(Column::Status)), "unlisted is imported as draft");
    }
    let published = cell::boolean(row, Column::Published, true, problems);
    if status == ProductStatus::Active && !published { ProductStatus::Draft } else { status }
}

fn category_path(row: Row<'_>, product_type: &str, problems: &mut Problems) -> Vec<String> {
    let column = Some(row.header.name(Column::Category));
    let text = cell::one_line(row.text(Column::Category));
    let mut path: Vec<String> =
        text.split('>').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if path.is_empty() && !product_type.is_empty() {
        path.push(product_type.to_owned());
    }
    if MOST_LEVELS < path.len() {
        problems.error(row.line, column, format!("has more than {MOST_LEVELS} levels"));
    }
    if path.iter().any(|name| name.chars().nth(MOST_CHARS).is_some()) {
        problems.error(row.line, column, format!("has a level of more than {MOST_CHARS} characters"));
    }
    path
}

fn tags(row: Row<'_>, problems: &mut Problems) -> Vec<String> {
    let column = Some(row.header.name(Column::Tags));
    let mut tags = Vec::new();
    for tag in split_tags(row.text(Column::Tags)) {
        if tag.chars().nth(MOST_CHARS).is_some() {
            problems.error(row.line, column, format!("has a tag of more than {MOST_CHARS} characters"));
            return tags;
        }
        if MOST_TAGS <= tags.len() {
            problems.error(row.line, column, format!("has more than {MOST_TAGS} tags"));
            return tags;
        }
        tags.push(tag);
    }
    tags
}

/// The tags of a cell, each once (case aside).
pub(in crate::catalog) fn split_tags(cell: &str) -> impl Iterator<Item = String> {
    let mut seen = BTreeMap::new();
    let tags = cell.split(',').map(|tag| cell::one_line(tag.trim()));
    tags.filter(move |tag| !tag.is_empty() && seen.insert(tag.to_lowercase(), ()).is_none())
}

/// The names of the product's options, none for `Title` with `Default Title` alone.
fn option_names(row: Row<'_>, problems: &mut Problems) -> Vec<String> {
    let mut names: Vec<String> =
        OPTIONS.iter().map(|&(name, _)| cell::line_text(row, name, MOST_CHARS, problems)).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    let value = row.text(Column::Option1Value);
    let is_default = value.is_empty() || value.eq_ignore_ascii_case(DEFAULT_VALUE);
    if is_default && matches!(names.as_slice(), [only] if only.eq_ignore_ascii_case("title")) {
        return Vec::new();
    }
    for (name, (column, _)) in names.iter().zip(OPTIONS) {
        let before = names.iter().take_while(|other| !std::ptr::eq(*other, name));
        let repeated = before.into_iter().any(|other| other.to_lowercase() == name.to_lowercase());
        if name.is_empty() {
            problems.error(row.line, Some(row.header.name(column)), "is empty, but a later option has a name");
        } else if repeated {
            problems.error(row.line, Some(row.header.name(column)), format!("`{name}` names two options"));
        }
    }
    names
}

fn options(names: Vec<String>, variants: &[ParsedVariant]) -> Vec<ProductOption> {
    let values = |at: usize| {
        let mut seen = BTreeMap::new();
        let all = variants.iter().filter_map(move |variant| variant.option_values.get(at));
        all.filter(|value| seen.insert(value.as_str(), ()).is_none()).cloned().collect()
    };
    names.into_iter().enumerate().map(|(at, name)| ProductOption { name, values: values(at) }).collect()
}
