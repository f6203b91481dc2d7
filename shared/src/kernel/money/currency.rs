//! ISO 4217 currencies.

use std::fmt::{self, Display};
use std::str::FromStr;

macro_rules! currencies {
    ($($code:ident $exponent:literal,)*) => {
        /// A currency of ISO 4217, written as its three capital letters.
        ///
        /// The table is ISO 4217's of January 2026 without the codes that have no minor unit (precious metals,
        /// `XDR`, `XXX` and the like): nothing can be priced in those.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Currency {
            $($code,)*
        }

        impl Currency {
            /// Every currency, in the order of the codes. (`ALL` is the Albanian lek.)
            pub const TABLE: &'static [Currency] = &[$(Currency::$code,)*];

            /// The three capital letters.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Currency::$code => stringify!($code),)*
                }
            }

            /// Decimal digits of the minor unit: 0 (JPY), 2 (EUR), 3 (BHD) or 4 (CLF).
            pub const fn exponent(self) -> u8 {
                match self {
                    $(Currency::$code => $exponent,)*
                }
            }
        }
    };
}

// Kept sorted by code: parsing searches it by halves.
#[rustfmt::skip]
currencies! {
    AED 2, AFN 2, ALL 2, AMD 2, AOA 2, ARS 2, AUD 2, AWG 2, AZN 2, BAM 2,
    BBD 2, BDT 2, BHD 3, BIF 0, BMD 2, BND 2, BOB 2, BOV 2, BRL 2, BSD 2,
    BTN 2, BWP 2, BYN 2, BZD 2, CAD 2, CDF 2, CHE 2, CHF 2, CHW 2, CLF 4,
    CLP 0, CNY 2, COP 2, COU 2, CRC 2, CUP 2, CVE 2, CZK 2, DJF 0, DKK 2,
    DOP 2, DZD 2, EGP 2, ERN 2, ETB 2, EUR 2, FJD 2, FKP 2, GBP 2, GEL 2,
    GHS 2, GIP 2, GMD 2, GNF 0, GTQ 2, GYD 2, HKD 2, HNL 2, HTG 2, HUF 2,
    IDR 2, ILS 2, INR 2, IQD 3, IRR 2, ISK 0, JMD 2, JOD 3, JPY 0, KES 2,
    KGS 2, KHR 2, KMF 0, KPW 2, KRW 0, KWD 3, KYD 2, KZT 2, LAK 2, LBP 2,
    LKR 2, LRD 2, LSL 2, LYD 3, MAD 2, MDL 2, MGA 2, MKD 2, MMK 2, MNT 2,
    MOP 2, MRU 2, MUR 2, MVR 2, MWK 2, MXN 2, MXV 2, MYR 2, MZN 2, NAD 2,
    NGN 2, NIO 2, NOK 2, NPR 2, NZD 2, OMR 3, PAB 2, PEN 2, PGK 2, PHP 2,
    PKR 2, PLN 2, PYG 0, QAR 2, RON 2, RSD 2, RUB 2, RWF 0, SAR 2, SBD 2,
    SCR 2, SDG 2, SEK 2, SGD 2, SHP 2, SLE 2, SOS 2, SRD 2, SSP 2, STN 2,
    SVC 2, SYP 2, SZL 2, THB 2, TJS 2, TMT 2, TND 3, TOP 2, TRY 2, TTD 2,
    TWD 2, TZS 2, UAH 2, UGX 0, USD 2, USN 2, UYI 0, UYU 2, UYW 4, UZS 2,
    VED 2, VES 2, VND 0, VUV 0, WST 2, XAD 2, XAF 0, XCD 2, XCG 2, XOF 0,
    XPF 0, YER 2, ZAR 2, ZMW 2, ZWG 2,
}

/// The text is not the code of a currency with minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an ISO 4217 currency code in capitals, such as EUR, USD or JPY")]
pub struct UnknownCurrency;

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Currency, UnknownCurrency> {
        let at = Currency::TABLE.binary_search_by(|currency| currency.code().cmp(text)).map_err(|_| UnknownCurrency)?;
        Currency::TABLE.get(at).copied().ok_or(UnknownCurrency)
    }
}

impl Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

serde_as_text!(Currency, "an ISO 4217 currency code");

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Table {
        exponent: BTreeMap<String, Option<u8>>,
    }

    #[test]
    fn the_table_is_that_of_iso_4217() {
        let table: Table =
            serde_json::from_str(include_str!("../../../../tests/cases/currency_exponents.json")).unwrap();
        let expected: Vec<(String, u8)> =
            table.exponent.into_iter().filter_map(|(code, exponent)| Some((code, exponent?))).collect();
        let ours: Vec<(String, u8)> =
            Currency::TABLE.iter().map(|currency| (currency.to_string(), currency.exponent())).collect();
        assert_eq!(ours, expected);
        for (code, exponent) in expected {
            assert_eq!(code.parse::<Currency>().map(Currency::exponent), Ok(exponent), "{code}");
        }
    }

    #[test]
    fn only_active_codes_in_capitals_are_currencies() {
        for text in ["", "eur", "Eur", "EU", "EURO", " EUR", "XXX", "XAU", "DEM", "\u{20ac}"] {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency), "{text}");
        }
    }

    #[test]
    fn serde_uses_the_code() {
        assert_eq!(serde_json::to_string(&Currency::JPY).unwrap(), "\"JPY\"");
        assert_eq!(serde_json::from_str::<Currency>("\"BHD\"").unwrap(), Currency::BHD);
        let error = serde_json::from_str::<Currency>("\"EURO\"").unwrap_err();
        assert!(error.to_string().contains("ISO 4217"), "{error}");
    }
}
