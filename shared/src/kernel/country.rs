//! ISO 3166-1 countries.

use std::fmt::{self, Display};
use std::str::FromStr;

/// A country or territory of ISO 3166-1, written as its two capital letters (alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(&'static str);

impl Country {
    /// The two capital letters.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Every country, in the order of the codes.
    pub fn all() -> impl Iterator<Item = Country> {
        CODES.iter().map(|code| Country(code))
    }
}

// The 249 officially assigned codes, sorted: parsing searches them by halves.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ",
    "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS",
    "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE",
    "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF",
    "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC",
    "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA",
    "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG",
    "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

/// The text is not an assigned alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 3166-1 country code of two capitals, such as DE, FR or US")]
pub struct UnknownCountry;

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Country, UnknownCountry> {
        let at = CODES.binary_search(&text).map_err(|_| UnknownCountry)?;
        CODES.get(at).map(|code| Country(code)).ok_or(UnknownCountry)
    }
}

impl Display for Country {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

serde_as_text!(Country, "an ISO 3166-1 country code");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_assigned_code_is_a_country() {
        assert_eq!(Country::all().count(), 249);
        for country in Country::all() {
            assert_eq!(country.code().parse(), Ok(country));
        }
        for code in ["DE", "GB", "US", "AX", "BQ", "SS", "TW", "ZW"] {
            assert_eq!(code.parse::<Country>().map(Country::code), Ok(code));
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in ["", "de", "De", "DEU", "D", "UK", "EU", "XX", "ZZ", " DE", "SU", "YU"] {
            assert_eq!(text.parse::<Country>(), Err(UnknownCountry), "{text}");
        }
    }

    #[test]
    fn serde_uses_the_code() {
        let country: Country = serde_json::from_str("\"FR\"").unwrap();
        assert_eq!(serde_json::to_string(&country).unwrap(), "\"FR\"");
        let error = serde_json::from_str::<Country>("\"France\"").unwrap_err();
        assert!(error.to_string().contains("ISO 3166-1"), "{error}");
    }
}
