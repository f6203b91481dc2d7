//! ISO 3166-2 subdivisions.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::kernel::country::Country;

/// A subdivision of a country by its ISO 3166-2 code: `CA-QC`, `ES-CN`, `PT-20`.
///
/// The form is checked and the country exists; whether the subdivision does is not, for the list changes every year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    country: Country,
    /// The whole code, in capitals.
    code: String,
}

impl Region {
    pub const fn country(&self) -> Country {
        self.country
    }

    /// The whole code, such as `CA-QC`.
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// What an address of `country` says as its region, where that is a code: `QC`, `qc` or `CA-QC`. A name, such as
    /// `Québec`, is none.
    pub fn of_address(country: Country, text: &str) -> Option<Region> {
        let text = text.trim().to_ascii_uppercase();
        let region: Region = if is_subdivision(&text) {
            format!("{}-{text}", country.code()).parse().ok()?
        } else {
            text.parse().ok()?
        };
        (region.country == country).then_some(region)
    }
}

fn is_subdivision(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 3166-2 code such as CA-QC or ES-CN")]
pub struct InvalidRegion;

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Region, InvalidRegion> {
        let (country, subdivision) = text.split_once('-').ok_or(InvalidRegion)?;
        let country = country.parse().map_err(|_| InvalidRegion)?;
        if is_subdivision(subdivision) { Ok(Region { country, code: text.to_owned() }) } else { Err(InvalidRegion) }
    }
}

impl Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.code)
    }
}

serde_as_text!(Region, "an ISO 3166-2 code");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_its_region_as_a_code_or_not_at_all() {
        let canada: Country = "CA".parse().unwrap();
        for (text, expected) in [
            ("QC", Some("CA-QC")),
            (" qc ", Some("CA-QC")),
            ("CA-QC", Some("CA-QC")),
            ("ca-qc", Some("CA-QC")),
            ("Québec", None),
            ("Ontario", None),
            ("US-NY", None),
            ("", None),
            ("-", None),
        ] {
            let region = Region::of_address(canada, text);
            assert_eq!(region.as_ref().map(Region::as_str), expected, "{text}");
        }
    }

    #[test]
    fn only_the_form_of_iso_3166_2_is_a_code() {
        for text in ["PT-20", "ES-CN", "GB-NIR", "FI-01"] {
            assert_eq!(text.parse::<Region>().unwrap().to_string(), text);
        }
        for text in ["", "ES", "ES-", "es-CN", "ES-cn", "ES-ABCD", "XX-01", "ES_CN", "ES-C N"] {
            assert_eq!(text.parse::<Region>(), Err(InvalidRegion), "{text}");
        }
    }
}
