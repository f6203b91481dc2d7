//! Areas: where a rule of tax or of shipping holds, and which of several is meant by an address.

mod postcode;
mod region;

use serde::{Deserialize, Serialize};

use crate::kernel::country::Country;
use postcode::Closeness;

pub use postcode::{InvalidPattern, InvalidPostcode, Postcode, PostcodePattern};
pub use region::{InvalidRegion, Region};

/// Of one area.
pub const MOST_POSTCODES: usize = 500;

/// Where something goes, or comes from, as far as areas tell places apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    pub country: Country,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<Postcode>,
}

impl Place {
    /// The place of an address. A region that is no code, and a postcode without letters and digits, are left out.
    pub fn of_address(country: Country, region: Option<&str>, postcode: Option<&str>) -> Place {
        Place {
            country,
            region: region.and_then(|region| Region::of_address(country, region)),
            postcode: postcode.and_then(|postcode| postcode.parse().ok()),
        }
    }

    /// The place said with less, from the country alone to all that is known: with longer and longer beginnings of the
    /// postcode, each without the region and with it.
    pub fn parts_of(&self) -> impl Iterator<Item = Place> {
        let postcode = self.postcode.as_ref().map_or("", Postcode::as_str);
        let beginnings = (0..=postcode.len()).map(|length| postcode.get(..length).and_then(|text| text.parse().ok()));
        let regions = || std::iter::once(None).chain(self.region.clone().map(Some));
        beginnings.flat_map(move |postcode: Option<Postcode>| {
            regions().map(move |region| Place { country: self.country, region, postcode: postcode.clone() })
        })
    }
}

/// Everywhere, a country, a region of it, or those of its postcodes that one of the patterns covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AreaFields", into = "AreaFields")]
pub struct Area(AreaFields);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AreaFields {
    /// None: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<Country>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
    /// None: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    postcodes: Vec<PostcodePattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArea {
    #[error("a region or postcodes need their country")]
    NoCountry,
    #[error("the region is not of that country")]
    ForeignRegion,
    #[error("an area has at most {MOST_POSTCODES} patterns of postcodes")]
    TooManyPostcodes,
}

impl TryFrom<AreaFields> for Area {
    type Error = InvalidArea;

    fn try_from(fields: AreaFields) -> Result<Area, InvalidArea> {
        if fields.country.is_none() && (fields.region.is_some() || !fields.postcodes.is_empty()) {
            return Err(InvalidArea::NoCountry);
        }
        if fields.region.as_ref().is_some_and(|region| Some(region.country()) != fields.country) {
            return Err(InvalidArea::ForeignRegion);
        }
        if MOST_POSTCODES < fields.postcodes.len() {
            return Err(InvalidArea::TooManyPostcodes);
        }
        Ok(Area(fields))
    }
}

impl From<Area> for AreaFields {
    fn from(area: Area) -> AreaFields {
        area.0
    }
}

/// How closely an area describes a place. In order: everywhere; the country; the region; the postcode by a prefix, the
/// longer the closer; by a range, the narrower the closer; by itself. A postcode within a region is closer than the
/// same without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity {
    country: bool,
    postcode: Option<Closeness>,
    region: bool,
}

impl Area {
    pub const fn everywhere() -> Area {
        Area(AreaFields { country: None, region: None, postcodes: Vec::new() })
    }

    pub const fn country(country: Country) -> Area {
        Area(AreaFields { country: Some(country), region: None, postcodes: Vec::new() })
    }

    pub fn region(region: Region) -> Area {
        Area(AreaFields { country: Some(region.country()), region: Some(region), postcodes: Vec::new() })
    }

    /// # Errors
    /// [`InvalidArea::TooManyPostcodes`].
    pub fn postcodes(country: Country, postcodes: Vec<PostcodePattern>) -> Result<Area, InvalidArea> {
        Area::try_from(AreaFields { country: Some(country), region: None, postcodes })
    }

    /// # Errors
    /// [`InvalidArea`].
    pub fn of(
        country: Option<Country>,
        region: Option<Region>,
        postcodes: Vec<PostcodePattern>,
    ) -> Result<Area, InvalidArea> {
        Area::try_from(AreaFields { country, region, postcodes })
    }

    /// The country, the region and the patterns that it is made of.
    pub fn parts(&self) -> (Option<Country>, Option<&Region>, &[PostcodePattern]) {
        (self.0.country, self.0.region.as_ref(), &self.0.postcodes)
    }

    /// How closely the area describes `place`; `None` where it does not hold there.
    pub fn covers(&self, place: &Place) -> Option<Specificity> {
        let Area(AreaFields { country, region, postcodes }) = self;
        if country.is_some_and(|country| country != place.country) || (region.is_some() && *region != place.region) {
            return None;
        }
        let closeness = if postcodes.is_empty() {
            None
        } else {
            let postcode = place.postcode.as_ref()?;
            Some(postcodes.iter().filter_map(|pattern| pattern.covers(postcode)).max()?)
        };
        Some(Specificity { country: country.is_some(), postcode: closeness, region: region.is_some() })
    }
}

/// The one of `zones` whose areas describe `place` most closely, by [`Specificity`]; of equally close ones the first.
pub fn closest<'a, Z>(
    zones: &'a [Z],
    areas_of: impl Fn(&'a Z) -> &'a [Area],
    place: &Place,
) -> Option<(&'a Z, Specificity)> {
    let mut closest: Option<(&Z, Specificity)> = None;
    for zone in zones {
        if let Some(specificity) = areas_of(zone).iter().filter_map(|area| area.covers(place)).max()
            && closest.is_none_or(|(_, best)| best < specificity)
        {
            closest = Some((zone, specificity));
        }
    }
    closest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(json: &str) -> Area {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_closest_zone_is_meant_and_of_equals_the_first() {
        let zones: Vec<(&str, Vec<Area>)> = [
            ("everywhere", "{}"),
            ("spain", r#"{"country":"ES"}"#),
            ("canaries by region", r#"{"country":"ES","region":"ES-CN"}"#),
            ("canaries by prefix", r#"{"country":"ES","postcodes":["35*","38*"]}"#),
            ("a range", r#"{"country":"ES","postcodes":["35000-35099"]}"#),
            ("one", r#"{"country":"ES","postcodes":["35001"]}"#),
            ("one of the region", r#"{"country":"ES","region":"ES-CN","postcodes":["35001"]}"#),
            ("one again", r#"{"country":"ES","postcodes":["35001"]}"#),
        ]
        .map(|(name, json)| (name, vec![area(json)]))
        .to_vec();
        let meant = |country: &str, region: Option<&str>, postcode: Option<&str>| {
            let place = Place::of_address(country.parse().unwrap(), region, postcode);
            closest(&zones, |zone| &zone.1, &place).map(|(zone, _)| zone.0)
        };
        assert_eq!(meant("FR", None, Some("35001")), Some("everywhere"));
        assert_eq!(meant("ES", None, None), Some("spain"));
        assert_eq!(meant("ES", Some("Las Palmas"), Some("28001")), Some("spain"));
        assert_eq!(meant("ES", Some("CN"), None), Some("canaries by region"));
        assert_eq!(meant("ES", Some("CN"), Some("35500")), Some("canaries by prefix"));
        assert_eq!(meant("ES", None, Some("35050")), Some("a range"));
        assert_eq!(meant("ES", None, Some("35001")), Some("one"));
        assert_eq!(meant("ES", Some("CN"), Some("35 001")), Some("one of the region"));
        assert_eq!(
            closest(&[] as &[Vec<Area>], |zone| zone, &Place::of_address("ES".parse().unwrap(), None, None)),
            None
        );
    }

    #[test]
    fn an_area_that_contradicts_itself_is_refused() {
        for (json, reason) in [
            (r#"{"region":"ES-CN"}"#, "need their country"),
            (r#"{"postcodes":["35*"]}"#, "need their country"),
            (r#"{"country":"FR","region":"ES-CN"}"#, "not of that country"),
            (r#"{"country":"FR","postcodes":["[0-9]"]}"#, "the beginning of one"),
            (r#"{"country":"FR","city":"Lyon"}"#, "unknown field"),
        ] {
            let error = serde_json::from_str::<Area>(json).unwrap_err();
            assert!(error.to_string().contains(reason), "{json}: {error}");
        }
        let many = vec!["1*".parse().unwrap(); MOST_POSTCODES + 1];
        assert_eq!(Area::postcodes("FR".parse().unwrap(), many), Err(InvalidArea::TooManyPostcodes));
        let text = r#"{"country":"ES","region":"ES-CN","postcodes":["35*"]}"#;
        assert_eq!(serde_json::to_string(&area(text)).unwrap(), text);
    }
}
