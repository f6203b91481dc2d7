//! What zones of every kind have on the wire.

use headlesspro_shared::kernel::area::{Area, InvalidArea, Place};
use headlesspro_shared::kernel::country::Country;
use headlesspro_shared::kernel::id::{Id, Kind};
use headlesspro_shared::tax::ShippingTax;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::usecase::{LAST_POSITION, Name};
use crate::extract::FieldErrors;

/// Of one zone.
const MOST_AREAS: usize = 300;

/// Everywhere, a country, a region of it, or some of its postcodes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Area", deny_unknown_fields)]
pub struct AreaBody {
    /// ISO 3166-1 alpha-2. Everywhere where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub country: Option<String>,
    /// ISO 3166-2, of that country: `CA-QC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Of the country, or of the region: one (`78266`), those that begin so (`90*`), a range (`1000-1999`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub postcodes: Option<Vec<String>>,
}

/// A place as taxes and shipping see it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Place", deny_unknown_fields)]
pub struct PlaceBody {
    /// ISO 3166-1 alpha-2.
    #[schemars(required, regex(pattern = "^[A-Z]{2}$"))]
    pub country: Option<String>,
    /// ISO 3166-2: `CA-QC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20))]
    pub postcode: Option<String>,
}

/// How what a delivery costs is taxed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShippingTax", deny_unknown_fields)]
pub struct ShippingTaxBody {
    /// `proportional`: as what is shipped, in proportion to its amounts. `class`: by a class of its own.
    #[schemars(required, extend("enum" = ["proportional", "class"]))]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,39}$"))]
    pub class: Option<String>,
}

impl AreaBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Area> {
        let country = errors.optional("country", self.country, |code| code.parse());
        let region = errors.optional("region", self.region, |code| code.parse());
        let mut postcodes = Vec::new();
        for (at, pattern) in self.postcodes.into_iter().flatten().enumerate() {
            postcodes.extend(errors.optional(&format!("postcodes/{at}"), Some(pattern), |pattern| pattern.parse()));
        }
        if !errors.is_empty() {
            return None;
        }
        match Area::of(country, region, postcodes) {
            Ok(area) => Some(area),
            Err(error) => {
                let field = match error {
                    InvalidArea::NoCountry => "country",
                    InvalidArea::ForeignRegion => "region",
                    InvalidArea::TooManyPostcodes => "postcodes",
                };
                errors.push(field, error.to_string());
                None
            }
        }
    }
}

impl From<&Area> for AreaBody {
    fn from(area: &Area) -> AreaBody {
        let (country, region, postcodes) = area.parts();
        let postcodes: Vec<String> = postcodes.iter().map(ToString::to_string).collect();
        AreaBody {
            country: country.as_ref().map(ToString::to_string),
            region: region.map(ToString::to_string),
            postcodes: Some(postcodes).filter(|postcodes| !postcodes.is_empty()),
        }
    }
}

impl PlaceBody {
    pub fn parse(self, errors: &mut FieldErrors) -> Option<Place> {
        let country = errors.required("country", self.country, |code| code.parse::<Country>());
        let region = errors.optional("region", self.region, |code| code.parse());
        let postcode = errors.optional("postcode", self.postcode, |code| code.parse());
        Some(Place { country: country?, region, postcode })
    }
}

impl From<&Place> for PlaceBody {
    fn from(place: &Place) -> PlaceBody {
        PlaceBody {
            country: Some(place.country.to_string()),
            region: place.region.as_ref().map(ToString::to_string),
            postcode: place.postcode.as_ref().map(ToString::to_string),
        }
    }
}

impl ShippingTaxBody {
    pub fn parse(self, errors: &mut FieldErrors) -> Option<ShippingTax> {
        let class = errors.optional("class", self.class, |class| class.parse());
        match self.by.as_deref() {
            Some("proportional") => {
                if class.is_some() {
                    errors.push("class", "is there only with `by` class");
                }
                Some(ShippingTax::Proportional { lines: Vec::new() })
            }
            Some("class") => {
                if class.is_none() {
                    errors.push("class", "is required");
                }
                class.map(|class| ShippingTax::Class { class })
            }
            Some(_) => {
                errors.push("by", "must be proportional or class");
                None
            }
            None => {
                errors.push("by", "is required");
                None
            }
        }
    }
}

impl From<&ShippingTax> for ShippingTaxBody {
    fn from(tax: &ShippingTax) -> ShippingTaxBody {
        match tax {
            ShippingTax::Class { class } => {
                ShippingTaxBody { by: Some("class".to_owned()), class: Some(class.to_string()) }
            }
            ShippingTax::Proportional { .. } => ShippingTaxBody { by: Some("proportional".to_owned()), class: None },
        }
    }
}

/// The name, the place and the areas of a zone.
pub fn zone(
    errors: &mut FieldErrors,
    name: Option<String>,
    position: Option<i64>,
    areas: Option<Vec<AreaBody>>,
) -> (Option<Name>, Option<i64>, Vec<Area>) {
    let name = errors.required("name", name, |name| name.parse());
    let position = errors.optional("position", position, |position| match position {
        0..=LAST_POSITION => Ok(position),
        _ => Err("must be 0 to 1000000"),
    });
    let areas = match &areas {
        Some(given) if given.is_empty() || MOST_AREAS < given.len() => {
            errors.push("areas", "must be 1 to 300");
            None
        }
        None => {
            errors.push("areas", "is required");
            None
        }
        Some(_) => areas,
    };
    (name, position, each(errors, "areas", areas, AreaBody::parse))
}

/// What `parse` makes of the elements of a list, each with its own errors.
pub fn each<T, U>(
    errors: &mut FieldErrors,
    name: &str,
    list: Option<Vec<T>>,
    parse: impl Fn(T, &mut FieldErrors) -> Option<U>,
) -> Vec<U> {
    let mut parsed = Vec::new();
    for (at, element) in list.into_iter().flatten().enumerate() {
        parsed.extend(errors.nested(&format!("{name}/{at}"), |errors| parse(element, errors)));
    }
    parsed
}

/// The id that a rule has, or zero where it is new.
pub fn rule_id<K: Kind>(errors: &mut FieldErrors, id: Option<String>) -> Option<Id<K>> {
    match id {
        None => Some(Id::from_u128(0)),
        Some(id) => errors.optional("id", Some(id), |id| id.parse()),
    }
}
