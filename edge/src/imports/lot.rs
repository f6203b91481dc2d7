//! Products that are written in one commit, and how large that becomes.

use headlesspro_shared::catalog::import::{ParsedProduct, ParsedVariant};

/// Variants a commit, so that a few huge products do not make a huge one.
const MOST_VARIANTS: usize = 2_000;

/// Bytes a commit, as [`size_of`] counts them: a server takes 10 MiB.
const MOST_BYTES: usize = 4 << 20;

/// Bytes of a product that is written alone. None is larger but one that is made to be.
pub const MOST_BYTES_ALONE: usize = 8 << 20;

/// Products on their way into one commit.
#[derive(Default)]
pub struct Lot {
    products: Vec<ParsedProduct>,
    variants: usize,
    bytes: usize,
}

impl Lot {
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// Whether `product` may be added, where a lot has at most so many. An empty lot has room for any.
    pub fn has_room(&self, product: &ParsedProduct, most: usize) -> bool {
        let variants = self.variants.saturating_add(product.variants.len());
        let bytes = || self.bytes.saturating_add(size_of(product));
        self.is_empty() || (self.products.len() < most && variants <= MOST_VARIANTS && bytes() <= MOST_BYTES)
    }

    pub fn push(&mut self, product: ParsedProduct) {
        self.variants = self.variants.saturating_add(product.variants.len());
        self.bytes = self.bytes.saturating_add(size_of(&product));
        self.products.push(product);
    }

    /// The lines on which the products start.
    pub fn lines(&self) -> impl Iterator<Item = u64> {
        self.products.iter().map(|product| product.line)
    }

    /// What was added; the lot is empty again.
    pub fn take(&mut self) -> Vec<ParsedProduct> {
        std::mem::take(self).products
    }
}

/// Whether no database would take a commit with this product.
pub fn is_too_large(product: &ParsedProduct) -> bool {
    MOST_BYTES_ALONE < size_of(product)
}

/// About how many bytes a product is on its way to the database, and rather more than fewer: most texts travel in the
/// source, in the rendered document and in a column of their own. The names and quotes around them are what an image or a variant
/// with short texts mostly consists of.
fn size_of(product: &ParsedProduct) -> usize {
    const OF_PRODUCT: usize = 2_500;
    const OF_TAG: usize = 130;
    const OF_IMAGE: usize = 560;
    const OF_VARIANT: usize = 1_700;
    let names: usize = product.options.iter().map(|option| escaped(&option.name)).sum();
    let variant = |variant: &ParsedVariant| {
        let values: usize = variant.option_values.iter().map(|value| escaped(value)).sum();
        let further = [Some(variant.sku.as_str()), variant.barcode.as_deref(), variant.image_url.as_deref()];
        let further: usize = further.into_iter().flatten().map(escaped).sum();
        // Each value stands in the options, in both titles, in the key, in the list of values, and in the source.
        OF_VARIANT
            .saturating_add(values.saturating_mul(6))
            .saturating_add(further.saturating_mul(3))
            .saturating_add(names)
    };
    let further = [Some(product.vendor.as_str()), product.seo_title.as_deref(), product.seo_description.as_deref()];
    [
        OF_PRODUCT,
        escaped(&product.body_html).saturating_mul(2),
        escaped(&product.title).saturating_mul(6),
        escaped(&product.product_type).saturating_mul(3),
        further.into_iter().flatten().map(escaped).sum::<usize>().saturating_mul(4),
        product.category_path.iter().map(|name| escaped(name)).sum::<usize>().saturating_mul(2),
        product.tags.iter().map(|tag| OF_TAG.saturating_add(escaped(tag).saturating_mul(3))).sum(),
        product
            .images
            .iter()
            .map(|image| {
                OF_IMAGE.saturating_add(escaped(&image.url).saturating_add(escaped(&image.alt)).saturating_mul(3))
            })
            .sum(),
        product.variants.iter().map(variant).sum(),
    ]
    .into_iter()
    .fold(0, usize::saturating_add)
}

/// The bytes of a text on the wire at most. Source and document are JSON in a row of JSON in a request of JSON: a quote
/// there becomes eight bytes.
fn escaped(text: &str) -> usize {
    let one = |byte: u8| match byte {
        b'"' | b'\\' => 8,
        0..0x20 => 9,
        _ => 1,
    };
    text.bytes().map(one).sum()
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::catalog::import::{ImportReader, Parsed};
    use headlesspro_shared::kernel::money::Currency;

    use super::*;

    fn product(body: &str, images: usize) -> ParsedProduct {
        let mut text = format!("Handle,Title,Variant Price,Body (HTML),Image Src\na,A,1,\"{body}\",\n");
        (0..images).for_each(|at| text.push_str(&format!("a,,,,https://images.example.com/{at}.jpg\n")));
        match ImportReader::new(text.as_bytes(), Currency::EUR).unwrap().next() {
            Some(Ok(Parsed::Product { product, .. })) => *product,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lot_is_full_by_count_and_by_everything_that_is_written() {
        let count = |product: &ParsedProduct| {
            let mut lot = Lot::default();
            while lot.has_room(product, 400) {
                lot.push(product.clone());
            }
            lot.take().len()
        };
        assert_eq!(count(&product("short", 1)), 400);
        assert!((50..200).contains(&count(&product("short", 100))), "images count");
        assert!((4..8).contains(&count(&product(&"x".repeat(300_000), 1))), "descriptions count");
        assert!((6..12).contains(&count(&product(&"\"\"".repeat(30_000), 1))), "quotes are escaped");
        assert_eq!(count(&product(&"\"\"".repeat(500_000), 250)), 1, "a lot holds at least one");
        assert!(!is_too_large(&product(&"\"\"".repeat(500_000), 250)));
    }
}
