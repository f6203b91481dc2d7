//! The decision what an imported product becomes: which ids are kept, which are new, what goes.
//!
//! The file is the whole picture of a product: a variant or image it no longer names is removed.

use super::import::{ParsedProduct, ParsedVariant};
use super::known::{KnownImage, KnownProduct, KnownVariant};
use crate::kernel::id::{ImageId, ProductId, VariantId};
use crate::kernel::time::Timestamp;

/// The ids and dates a parsed product is written with; `variants` and `images` in the parsed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upsert {
    pub id: ProductId,
    pub created: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub variants: Vec<VariantId>,
    pub images: Vec<ImageId>,
    pub removed_variants: Vec<VariantId>,
}

/// The option values joined by U+001F: what tells a product's variants apart.
pub fn option_key(variant: &ParsedVariant) -> String {
    variant.option_values.join("\u{1f}")
}

/// Matches the variants of `parsed` with known ones by their options, then by SKU, and images by URL.
/// `random` is asked for each new id.
///
/// # Errors
/// Those of `random`.
pub fn upsert<E>(
    parsed: &ParsedProduct,
    known: Option<&KnownProduct>,
    now: Timestamp,
    mut random: impl FnMut() -> Result<[u8; 10], E>,
) -> Result<Upsert, E> {
    let mut left: Vec<&KnownVariant> = known.map(|known| known.variants.iter().collect()).unwrap_or_default();
    let mut take =
        |is: &dyn Fn(&KnownVariant) -> bool| left.iter().position(|variant| is(variant)).map(|at| left.remove(at).id);
    let by_options: Vec<Option<VariantId>> = parsed
        .variants
        .iter()
        .map(|variant| {
            let key = option_key(variant);
            take(&|known| known.option_key == key)
        })
        .collect();
    let mut variants = Vec::with_capacity(parsed.variants.len());
    for (variant, kept) in parsed.variants.iter().zip(by_options) {
        let kept = kept.or_else(|| take(&|known| known.sku == variant.sku.as_str()));
        variants.push(match kept {
            Some(id) => id,
            None => VariantId::new(now, random()?),
        });
    }
    let removed_variants = left.iter().map(|variant| variant.id).collect();

    let mut left: Vec<&KnownImage> = known.map(|known| known.images.iter().collect()).unwrap_or_default();
    let mut images = Vec::with_capacity(parsed.images.len());
    for image in &parsed.images {
        let kept = left.iter().position(|known| known.url == image.url).map(|at| left.remove(at).id);
        images.push(match kept {
            Some(id) => id,
            None => ImageId::new(now, random()?),
        });
    }
    Ok(Upsert {
        id: match known {
            Some(known) => known.id,
            None => ProductId::new(now, random()?),
        },
        created: known.is_none(),
        version: known.map_or(1, |known| known.version.saturating_add(1)),
        created_at: known.map_or(now, |known| known.created_at),
        variants,
        images,
        removed_variants,
    })
}
