//! The members of products that `fields` asks for.

use headlesspro_shared::catalog::fieldset::Field;

const IMAGE: &[&str] = &["id", "url", "alt", "focalPoint"];
const PRICE_RANGE: Field = Field::of("priceRange", &["min", "max"]);

/// Of a product.
pub const PRODUCT: &[Field] = &[
    Field::whole("id"),
    Field::whole("handle"),
    Field::whole("title"),
    Field::whole("description"),
    Field::whole("vendor"),
    Field::whole("productType"),
    Field::whole("status"),
    Field::whole("tags"),
    Field::of("options", &["name", "values"]),
    Field::of("images", IMAGE),
    PRICE_RANGE,
    Field::of("seo", &["title", "description"]),
    Field::whole("attributes"),
    Field::whole("createdAt"),
    Field::whole("updatedAt"),
    Field::whole("version"),
    Field::whole("jsonLd"),
    Field::of("category", &["id", "name", "path"]),
    Field::whole("canonicalUrl"),
    Field::of("alternates", &["locale", "url"]),
    Field::whole("inStock"),
    Field::of(
        "variants",
        &[
            "id",
            "sku",
            "title",
            "options",
            "price",
            "compareAtPrice",
            "lowestPrice30Days",
            "barcode",
            "weightGrams",
            "weightUnit",
            "dimensions",
            "requiresShipping",
            "taxable",
            "taxClass",
            "imageUrl",
            "attributes",
            "availability",
        ],
    ),
];

/// Of a product in a list.
pub const CARD: &[Field] = &[
    Field::whole("id"),
    Field::whole("handle"),
    Field::whole("title"),
    Field::whole("vendor"),
    Field::of("image", IMAGE),
    PRICE_RANGE,
    Field::whole("inStock"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use headlesspro_shared::catalog::fieldset::Fieldset;
    use schemars::{JsonSchema, schema_for};
    use serde_json::Value;

    use super::super::openapi::{CardAnswer, ProductAnswer};
    use super::*;

    /// The names of the members of an object, of the objects of a list, or of what a reference leads to.
    fn members(schema: &Value, whole: &Value) -> BTreeSet<String> {
        let target = schema["$ref"].as_str().and_then(|path| whole.pointer(path.trim_start_matches('#')));
        let inner = [target, schema.get("items")].into_iter().flatten();
        let inner = inner.chain(schema["anyOf"].as_array().into_iter().flatten());
        let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        own.chain(inner.flat_map(|inner| members(inner, whole))).collect()
    }

    /// Has members, and is had as a whole.
    const INDIVISIBLE: [&str; 2] = ["attributes", "jsonLd"];

    fn are_all<T: JsonSchema>(fields: &[Field]) {
        let whole = schema_for!(T).to_value();
        let names: BTreeSet<String> = fields.iter().map(|field| field.name.to_owned()).collect();
        assert_eq!((names.len(), names), (fields.len(), members(&whole, &whole)));
        for field in fields {
            let known: BTreeSet<String> = field.members.iter().map(|member| (*member).to_owned()).collect();
            let there = members(&whole["properties"][field.name], &whole);
            assert_eq!(known.is_empty(), there.is_empty() || INDIVISIBLE.contains(&field.name), "{}", field.name);
            assert!(known.is_empty() || known == there, "{}: {there:?}", field.name);
        }
        // All at once may be asked for, and every name stands in a URL and in JSON as it is.
        let of = |field: &Field| {
            let members = field.members.iter().map(|member| format!("{}.{member}", field.name));
            members.chain([field.name.to_owned()]).collect::<Vec<_>>()
        };
        let all: Vec<String> = fields.iter().flat_map(of).collect();
        assert!(all.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')));
        let some = Fieldset::parse(&all.join(","), fields).unwrap();
        assert_eq!(some.to_string().split(',').count(), fields.len());
    }

    #[test]
    fn every_member_that_is_shown_may_be_asked_for() {
        are_all::<ProductAnswer>(PRODUCT);
        are_all::<CardAnswer>(CARD);
    }
}
