//! Territories of the states that have rates of their own, or none.

use super::rows::Period;
use super::source::{
    AT_VALLEYS, CHANNEL_ISLANDS, DIRECTIVE, FR_COLLECTIVITIES, FR_CORSICA, FR_OVERSEAS, PT_AZORES_2014, PT_AZORES_2021,
    PT_MADEIRA_2012, PT_MADEIRA_2024, Source, WINDSOR,
};

pub(super) struct Territory {
    /// A code of ISO 3166-2 where there is one.
    pub key: &'static str,
    pub name: &'static str,
    /// The state it belongs to.
    pub of: &'static str,
    pub regions: &'static [&'static str],
    /// In the postcodes of the state.
    pub postcodes: &'static [&'static str],
    /// Its own codes of ISO 3166-1.
    pub also: &'static [&'static str],
    /// The member state whose VAT area it is in; none: outside the Union's.
    pub member: Option<&'static str>,
    /// Whether what it has no rate of its own for is as in the rest of the state.
    pub inherits: bool,
    pub rates: &'static [(&'static str, &'static [Period])],
    /// Where its standing is written.
    pub source: &'static Source,
}

/// Without VAT.
const OUTSIDE: Territory = Territory {
    key: "",
    name: "",
    of: "",
    regions: &[],
    postcodes: &[],
    also: &[],
    member: None,
    inherits: false,
    rates: &[],
    source: &DIRECTIVE,
};

/// The last postcodes of Livigno (23030) and Campione (22060) before their present ones were also those of places in
/// Italy's VAT, so only the present ones tell them apart.
pub(super) static TERRITORIES: &[Territory] = &[
    Territory {
        key: "AT-6691",
        name: "Jungholz and Mittelberg",
        of: "AT",
        postcodes: &["6691", "6991", "6992", "6993"],
        member: Some("AT"),
        inherits: true,
        rates: &[("standard", &[("1984-01-01", 190_000, &AT_VALLEYS)])],
        source: &AT_VALLEYS,
        ..OUTSIDE
    },
    Territory { key: "DE-78266", name: "Büsingen am Hochrhein", of: "DE", postcodes: &["78266"], ..OUTSIDE },
    Territory { key: "DE-27498", name: "Heligoland", of: "DE", postcodes: &["27498"], ..OUTSIDE },
    Territory {
        key: "ES-CN",
        name: "Canary Islands",
        of: "ES",
        regions: &["ES-CN", "ES-GC", "ES-TF"],
        postcodes: &["35*", "38*"],
        ..OUTSIDE
    },
    Territory { key: "ES-CE", name: "Ceuta", of: "ES", regions: &["ES-CE"], postcodes: &["51*"], ..OUTSIDE },
    Territory { key: "ES-ML", name: "Melilla", of: "ES", regions: &["ES-ML"], postcodes: &["52*"], ..OUTSIDE },
    Territory {
        key: "FI-01",
        name: "Åland",
        of: "FI",
        regions: &["FI-01"],
        // Its own post puts its country before them.
        postcodes: &["22*", "AX22*"],
        also: &["AX"],
        ..OUTSIDE
    },
    Territory {
        key: "FR-20R",
        name: "Corsica",
        of: "FR",
        regions: &["FR-20R", "FR-2A", "FR-2B"],
        postcodes: &["20*"],
        member: Some("FR"),
        inherits: true,
        rates: &[
            ("second-reduced", &[("2014-01-01", 21_000, &FR_CORSICA)]),
            // Of goods and services that the article names: mineral oil, and shows and livestock.
            ("corsica-13", &[("2014-01-01", 130_000, &FR_CORSICA)]),
            ("corsica-0-9", &[("2014-01-01", 9_000, &FR_CORSICA)]),
        ],
        source: &FR_CORSICA,
        ..OUTSIDE
    },
    Territory {
        key: "FR-DOM",
        name: "Guadeloupe, Martinique and Réunion",
        of: "FR",
        regions: &["FR-971", "FR-972", "FR-974", "FR-GP", "FR-MQ", "FR-RE"],
        postcodes: &["971*", "972*", "974*"],
        also: &["GP", "MQ", "RE"],
        rates: &[
            ("standard", &[("2014-01-01", 85_000, &FR_OVERSEAS)]),
            ("reduced", &[("2014-01-01", 21_000, &FR_OVERSEAS)]),
            ("second-reduced", &[("2014-01-01", 21_000, &FR_OVERSEAS)]),
            ("super-reduced", &[("2014-01-01", 21_000, &FR_OVERSEAS)]),
            ("zero", &[("2014-01-01", 0, &FR_OVERSEAS)]),
        ],
        source: &FR_OVERSEAS,
        ..OUTSIDE
    },
    Territory {
        key: "FR-973",
        name: "French Guiana and Mayotte",
        of: "FR",
        regions: &["FR-973", "FR-976", "FR-GF", "FR-YT"],
        postcodes: &["973*", "976*"],
        also: &["GF", "YT"],
        source: &FR_OVERSEAS,
        ..OUTSIDE
    },
    // In the postcodes of France, and in no VAT: the first two among those of Guadeloupe.
    Territory {
        key: "FR-BL",
        name: "Saint-Barthélemy",
        of: "FR",
        regions: &["FR-BL"],
        postcodes: &["97133"],
        also: &["BL"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory {
        key: "FR-MF",
        name: "Saint-Martin",
        of: "FR",
        regions: &["FR-MF"],
        postcodes: &["97150"],
        also: &["MF"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory {
        key: "FR-PM",
        name: "Saint-Pierre and Miquelon",
        of: "FR",
        regions: &["FR-PM"],
        postcodes: &["975*"],
        also: &["PM"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory {
        key: "FR-TF",
        name: "French Southern Territories",
        of: "FR",
        regions: &["FR-TF"],
        postcodes: &["984*"],
        also: &["TF"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory {
        key: "FR-WF",
        name: "Wallis and Futuna",
        of: "FR",
        regions: &["FR-WF"],
        postcodes: &["986*"],
        also: &["WF"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory {
        key: "FR-PF",
        name: "French Polynesia",
        of: "FR",
        regions: &["FR-PF"],
        postcodes: &["987*"],
        also: &["PF"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory {
        key: "FR-NC",
        name: "New Caledonia",
        of: "FR",
        regions: &["FR-NC"],
        postcodes: &["988*"],
        also: &["NC"],
        source: &FR_COLLECTIVITIES,
        ..OUTSIDE
    },
    Territory { key: "GR-69", name: "Mount Athos", of: "GR", regions: &["GR-69"], postcodes: &["63086"], ..OUTSIDE },
    Territory { key: "IT-22061", name: "Campione d'Italia", of: "IT", postcodes: &["22061"], ..OUTSIDE },
    Territory { key: "IT-23041", name: "Livigno", of: "IT", postcodes: &["23041"], ..OUTSIDE },
    Territory {
        key: "PT-20",
        name: "Azores",
        of: "PT",
        regions: &["PT-20"],
        postcodes: &["9500-9999"],
        member: Some("PT"),
        inherits: true,
        rates: &[
            ("standard", &[("2014-01-01", 180_000, &PT_AZORES_2014), ("2021-07-01", 160_000, &PT_AZORES_2021)]),
            ("reduced", &[("2021-07-01", 90_000, &PT_AZORES_2021)]),
            ("second-reduced", &[("2021-07-01", 40_000, &PT_AZORES_2021)]),
            ("parking", &[("2021-07-01", 90_000, &PT_AZORES_2021)]),
        ],
        source: &PT_AZORES_2021,
        ..OUTSIDE
    },
    Territory {
        key: "PT-30",
        name: "Madeira",
        of: "PT",
        regions: &["PT-30"],
        postcodes: &["9000-9499"],
        member: Some("PT"),
        inherits: true,
        rates: &[
            ("standard", &[("2012-04-01", 220_000, &PT_MADEIRA_2012)]),
            ("reduced", &[("2012-04-01", 120_000, &PT_MADEIRA_2012)]),
            ("second-reduced", &[("2012-04-01", 50_000, &PT_MADEIRA_2012), ("2024-10-01", 40_000, &PT_MADEIRA_2024)]),
            ("parking", &[("2012-04-01", 120_000, &PT_MADEIRA_2012)]),
        ],
        source: &PT_MADEIRA_2012,
        ..OUTSIDE
    },
    // The rates of the United Kingdom, and for goods a member of the Union's VAT.
    Territory {
        key: "GB-NIR",
        name: "Northern Ireland",
        of: "GB",
        regions: &["GB-NIR"],
        postcodes: &["BT*"],
        member: Some("XI"),
        inherits: true,
        source: &WINDSOR,
        ..OUTSIDE
    },
    Territory {
        key: "JE",
        name: "Jersey",
        of: "GB",
        postcodes: &["JE*"],
        also: &["JE"],
        source: &CHANNEL_ISLANDS,
        ..OUTSIDE
    },
    Territory {
        key: "GG",
        name: "Guernsey, Alderney and Sark",
        of: "GB",
        postcodes: &["GY*"],
        also: &["GG"],
        source: &CHANNEL_ISLANDS,
        ..OUTSIDE
    },
];
