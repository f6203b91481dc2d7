//! Which variants and images a product keeps, and which are new.

use super::{Fault, Source, SourceVariant};
use crate::kernel::id::{ImageId, VariantId};
use crate::kernel::time::Timestamp;

/// By what a variant without an id is known first, and then by the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// In a file, which describes the product.
    Options,
    /// In a request, which names a variant.
    Sku,
}

impl Likeness {
    fn holds(self, one: &SourceVariant, other: &SourceVariant) -> bool {
        match self {
            Likeness::Options => one.options == other.options,
            Likeness::Sku => one.sku == other.sku,
        }
    }

    fn other(self) -> Likeness {
        match self {
            Likeness::Options => Likeness::Sku,
            Likeness::Sku => Likeness::Options,
        }
    }
}

impl Source {
    /// The ids that are given and are not those of `known`, what there is of the product.
    pub fn foreign_ids(&self, known: Option<&Source>) -> Vec<Fault> {
        let of = |known: &Source, id| known.variants.iter().any(|variant| variant.id == Some(id));
        let variants = self.variants.iter().map(|variant| variant.id).enumerate();
        let variants = variants
            .filter(|(_, id)| id.is_some_and(|id| !known.is_some_and(|known| of(known, id))))
            .map(|(at, _)| Fault { path: format!("variants/{at}/id"), reason: "is no variant of this product".into() });
        let of = |known: &Source, id| known.images.iter().any(|image| image.id == Some(id));
        let images = self.images.iter().map(|image| image.id).enumerate();
        let images = images
            .filter(|(_, id)| id.is_some_and(|id| !known.is_some_and(|known| of(known, id))))
            .map(|(at, _)| Fault { path: format!("images/{at}/id"), reason: "is no image of this product".into() });
        variants.chain(images).collect()
    }

    /// Gives each variant and image the id of what it is in `known`, or a new one, for which `random` is asked. Of
    /// reductions that go on it keeps what is known.
    /// Answers the variants of `known` that are gone.
    ///
    /// # Errors
    /// Those of `random`.
    pub fn settle<E>(
        &mut self,
        known: Option<&Source>,
        first: Likeness,
        now: Timestamp,
        random: &mut dyn FnMut() -> Result<[u8; 10], E>,
    ) -> Result<Vec<VariantId>, E> {
        let mut left: Vec<&SourceVariant> = known.map(|known| known.variants.iter().collect()).unwrap_or_default();
        left.retain(|known| self.variants.iter().all(|variant| variant.id.is_none() || variant.id != known.id));
        for likeness in [first, first.other()] {
            for variant in self.variants.iter_mut().filter(|variant| variant.id.is_none()) {
                let found = left.iter().position(|known| likeness.holds(variant, known));
                variant.id = found.and_then(|at| left.remove(at).id);
            }
        }
        for variant in self.variants.iter_mut().filter(|variant| variant.id.is_none()) {
            variant.id = Some(VariantId::new(now, random()?));
        }
        self.keep_lowest_prices(known);
        let known_images = known.map(|known| known.images.as_slice()).unwrap_or_default();
        let taken: Vec<ImageId> = self.images.iter().filter_map(|image| image.id).collect();
        for image in self.images.iter_mut().filter(|image| image.id.is_none()) {
            let found = known_images.iter().find(|known| known.url == image.url).and_then(|known| known.id);
            image.id = match found.filter(|id| !taken.contains(id)) {
                Some(id) => Some(id),
                None => Some(ImageId::new(now, random()?)),
            };
        }
        Ok(left.into_iter().filter_map(|variant| variant.id).collect())
    }
}
