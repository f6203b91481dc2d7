//! A product of a file as a source.

use super::{Source, SourceImage, SourceInventory, SourceOption, SourceSeo, SourceVariant};
use crate::catalog::import::{ParsedProduct, ParsedVariant, split_tags};

impl Source {
    /// What a file says of a product; `category` is the id of the one it names.
    pub fn of_import(parsed: &ParsedProduct, category: Option<String>) -> Source {
        let option = |name: &String| SourceOption { name: name.clone(), values: Vec::new() };
        let seo = SourceSeo { title: parsed.seo_title.clone(), description: parsed.seo_description.clone() };
        Source {
            handle: parsed.handle.clone(),
            title: parsed.title.clone(),
            description: parsed.body_html.clone(),
            vendor: parsed.vendor.clone(),
            product_type: parsed.product_type.clone(),
            status: parsed.status,
            publish_at: None,
            unpublish_at: None,
            category,
            channels: Vec::new(),
            tags: parsed.tags.clone(),
            options: parsed.options.iter().map(|parsed| option(&parsed.name)).collect(),
            images: parsed
                .images
                .iter()
                .map(|image| SourceImage {
                    id: None,
                    url: image.url.clone(),
                    alt: image.alt.clone(),
                    file_id: None,
                    focal_point: None,
                })
                .collect(),
            seo,
            attributes: Default::default(),
            metadata: Default::default(),
            translations: Default::default(),
            variants: parsed.variants.iter().map(of_variant).collect(),
        }
    }

    /// Keeps of `known`, what there is of the product, all that a product file has no columns for. After the
    /// variants have their ids.
    pub fn keep(&mut self, known: &Source) {
        (self.publish_at, self.unpublish_at) = (known.publish_at, known.unpublish_at);
        self.channels.clone_from(&known.channels);
        self.attributes.clone_from(&known.attributes);
        self.metadata.clone_from(&known.metadata);
        self.translations.clone_from(&known.translations);
        // A comma in a tag is one between two tags in a file.
        if split_tags(&known.tags.join(", ")).eq(self.tags.iter().cloned()) {
            self.tags.clone_from(&known.tags);
        }
        for image in &mut self.images {
            if let Some(known) = known.images.iter().find(|known| known.url == image.url) {
                (image.file_id, image.focal_point) = (known.file_id, known.focal_point);
            }
        }
        for option in &mut self.options {
            if let Some(known) = known.options.iter().find(|known| known.name == option.name) {
                option.values.clone_from(&known.values);
            }
        }
        for variant in &mut self.variants {
            let Some(known) = known.variants.iter().find(|known| known.id == variant.id) else { continue };
            variant.prices.clone_from(&known.prices);
            variant.dimensions = known.dimensions;
            variant.hs_code.clone_from(&known.hs_code);
            variant.origin_country = known.origin_country;
            variant.tax_class.clone_from(&known.tax_class);
            variant.attributes.clone_from(&known.attributes);
            variant.metadata.clone_from(&known.metadata);
        }
        self.prune_translations();
    }
}

fn of_variant(parsed: &ParsedVariant) -> SourceVariant {
    SourceVariant {
        id: None,
        sku: parsed.sku.clone(),
        options: parsed.option_values.clone(),
        price: parsed.price,
        compare_at_price: parsed.compare_at,
        lowest_price: None,
        prices: Default::default(),
        barcode: parsed.barcode.clone(),
        weight_grams: parsed.weight_grams,
        weight_unit: parsed.weight_unit,
        dimensions: None,
        hs_code: None,
        origin_country: None,
        requires_shipping: parsed.requires_shipping,
        taxable: parsed.taxable,
        tax_class: None,
        image_url: parsed.image_url.clone(),
        inventory: SourceInventory {
            quantity: parsed.inventory_quantity,
            tracked: parsed.tracked,
            continue_selling: parsed.continue_selling,
        },
        attributes: Default::default(),
        metadata: Default::default(),
    }
}
