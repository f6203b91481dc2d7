//! The states and their rates.

use super::source::{
    AT_2016, AT_2026, BOOKLET, CY_2023, CZ_2015, CZ_2024, DE_2020, EC_2014, EE_2025, FI_2026, GR_2015, HMRC, IT_2016,
    LT_2026, LU_2015, LU_2023, LV_2018, MT_2024, NL_2019, NTA, NTS, RO_2025, SI_2020, SK_2023, SK_2025, Source, TEDB,
};

/// The first date, the rate in parts per million, and where it is written; the next one ends it.
pub(super) type Period = (&'static str, i64, &'static Source);

pub(super) struct State {
    pub code: &'static str,
    pub name: &'static str,
    /// What the tax is called there.
    pub tax: &'static str,
    /// Hours in winter.
    pub utc_offset: i64,
    pub has_summer_time: bool,
    pub is_member: bool,
    /// Countries of ISO 3166-1 where its rates hold too.
    pub also: &'static [&'static str],
    pub rates: &'static [(&'static str, &'static [Period])],
}

const ZERO: (&str, &[Period]) = ("zero", &[("1977-01-01", 0, &TEDB)]);
const ZERO_GB: (&str, &[Period]) = ("zero", &[("1977-01-01", 0, &HMRC)]);
const ZERO_KR: (&str, &[Period]) = ("zero", &[("1977-07-01", 0, &NTS)]);
const ZERO_JP: (&str, &[Period]) = ("zero", &[("1989-04-01", 0, &NTA)]);

macro_rules! states {
    ($($code:literal $name:literal $tax:literal utc $offset:literal $(summer $summer:literal)? $(member $member:literal)?
        also [$($also:literal),*] { $($class:literal: [$($from:literal $ppm:literal, $source:ident;)*])* } $zero:ident)*) => {
        pub(super) static STATES: &[State] = &[$(State {
            code: $code,
            name: $name,
            tax: $tax,
            utc_offset: $offset,
            has_summer_time: false $(|| $summer)?,
            is_member: false $(|| $member)?,
            also: &[$($also),*],
            rates: &[$(($class, &[$(($from, $ppm, &$source)),*])),*, $zero],
        }),*];
    };
}

#[rustfmt::skip]
states! {
    "AT" "Austria" "USt" utc 1 summer true member true also [] {
        "standard": ["1984-01-01" 200_000, BOOKLET;]
        "reduced": ["2014-01-01" 100_000, EC_2014;]
        "second-reduced": ["2016-01-01" 130_000, AT_2016;]
        "super-reduced": ["2026-07-01" 49_000, AT_2026;]
        "parking": ["2014-01-01" 120_000, EC_2014; "2016-01-01" 130_000, AT_2016;]
    } ZERO
    "BE" "Belgium" "BTW/TVA" utc 1 summer true member true also [] {
        "standard": ["1996-01-01" 210_000, BOOKLET;]
        "reduced": ["2014-01-01" 120_000, EC_2014;]
        "second-reduced": ["2014-01-01" 60_000, EC_2014;]
        "parking": ["2014-01-01" 120_000, EC_2014;]
    } ZERO
    "BG" "Bulgaria" "ДДС" utc 2 summer true member true also [] {
        "standard": ["1999-01-01" 200_000, BOOKLET;]
        "reduced": ["2014-01-01" 90_000, EC_2014;]
    } ZERO
    "CY" "Cyprus" "ΦΠΑ" utc 2 summer true member true also [] {
        "standard": ["1993-10-01" 80_000, BOOKLET; "2000-07-01" 100_000, BOOKLET; "2002-07-01" 130_000, BOOKLET;
            "2003-01-01" 150_000, BOOKLET; "2012-03-01" 170_000, BOOKLET; "2013-01-14" 180_000, BOOKLET;
            "2014-01-13" 190_000, BOOKLET;]
        "reduced": ["2014-01-13" 90_000, EC_2014;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014;]
        "super-reduced": ["2023-07-21" 30_000, CY_2023;]
    } ZERO
    "CZ" "Czechia" "DPH" utc 1 summer true member true also [] {
        "standard": ["1995-01-01" 220_000, BOOKLET; "2004-05-01" 190_000, BOOKLET; "2010-01-01" 200_000, BOOKLET;
            "2013-01-01" 210_000, BOOKLET;]
        "reduced": ["2014-01-01" 150_000, EC_2014; "2024-01-01" 120_000, CZ_2024;]
        "second-reduced": ["2015-01-01" 100_000, CZ_2015; "2024-01-01" 120_000, CZ_2024;]
    } ZERO
    "DE" "Germany" "MwSt." utc 1 summer true member true also [] {
        "standard": ["1998-04-01" 160_000, BOOKLET; "2007-01-01" 190_000, BOOKLET; "2020-07-01" 160_000, DE_2020;
            "2021-01-01" 190_000, DE_2020;]
        "reduced": ["2014-01-01" 70_000, EC_2014; "2020-07-01" 50_000, DE_2020; "2021-01-01" 70_000, DE_2020;]
    } ZERO
    "DK" "Denmark" "moms" utc 1 summer true member true also [] {
        "standard": ["1992-01-01" 250_000, BOOKLET;]
    } ZERO
    "EE" "Estonia" "käibemaks" utc 2 summer true member true also [] {
        "standard": ["1992-06-20" 180_000, BOOKLET; "2009-07-01" 200_000, BOOKLET; "2024-01-01" 220_000, TEDB;
            "2025-07-01" 240_000, TEDB;]
        "reduced": ["2014-01-01" 90_000, EC_2014;]
        "second-reduced": ["2025-01-01" 130_000, EE_2025;]
    } ZERO
    "ES" "Spain" "IVA" utc 1 summer true member true also [] {
        "standard": ["1995-01-01" 160_000, BOOKLET; "2010-07-01" 180_000, BOOKLET; "2012-09-01" 210_000, BOOKLET;]
        "reduced": ["2014-01-01" 100_000, EC_2014;]
        "super-reduced": ["2014-01-01" 40_000, EC_2014;]
    } ZERO
    "FI" "Finland" "ALV" utc 2 summer true member true also [] {
        "standard": ["1994-06-01" 220_000, BOOKLET; "2010-07-01" 230_000, BOOKLET; "2013-01-01" 240_000, BOOKLET;
            "2024-09-01" 255_000, TEDB;]
        "reduced": ["2014-01-01" 140_000, EC_2014; "2026-01-01" 135_000, FI_2026;]
        "second-reduced": ["2014-01-01" 100_000, EC_2014;]
    } ZERO
    "FR" "France" "TVA" utc 1 summer true member true also ["MC"] {
        "standard": ["1995-08-01" 206_000, BOOKLET; "2000-04-01" 196_000, BOOKLET; "2014-01-01" 200_000, BOOKLET;]
        "reduced": ["2014-01-01" 100_000, EC_2014;]
        "second-reduced": ["2014-01-01" 55_000, EC_2014;]
        "super-reduced": ["2014-01-01" 21_000, EC_2014;]
    } ZERO
    "GR" "Greece" "ΦΠΑ" utc 2 summer true member true also [] {
        "standard": ["1990-04-28" 180_000, BOOKLET; "2005-04-01" 190_000, BOOKLET; "2010-03-15" 210_000, BOOKLET;
            "2010-07-01" 230_000, BOOKLET; "2016-06-01" 240_000, BOOKLET;]
        "reduced": ["2014-01-01" 130_000, EC_2014;]
        "second-reduced": ["2014-01-01" 65_000, EC_2014; "2015-07-20" 60_000, GR_2015;]
    } ZERO
    "HR" "Croatia" "PDV" utc 1 summer true member true also [] {
        "standard": ["1998-08-01" 220_000, BOOKLET; "2009-08-01" 230_000, BOOKLET; "2012-03-01" 250_000, BOOKLET;]
        "reduced": ["2014-01-01" 130_000, EC_2014;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014;]
    } ZERO
    "HU" "Hungary" "ÁFA" utc 1 summer true member true also [] {
        "standard": ["1988-01-01" 250_000, BOOKLET; "2006-01-01" 200_000, BOOKLET; "2009-07-01" 250_000, BOOKLET;
            "2012-01-01" 270_000, BOOKLET;]
        "reduced": ["2014-01-01" 180_000, EC_2014;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014;]
    } ZERO
    "IE" "Ireland" "VAT" utc 0 summer true member true also [] {
        "standard": ["1991-03-01" 210_000, BOOKLET; "2001-01-01" 200_000, BOOKLET; "2002-03-01" 210_000, BOOKLET;
            "2008-12-01" 215_000, BOOKLET; "2010-01-01" 210_000, BOOKLET; "2012-01-01" 230_000, BOOKLET;
            "2020-09-01" 210_000, TEDB; "2021-03-01" 230_000, TEDB;]
        "reduced": ["2014-01-01" 135_000, EC_2014;]
        "second-reduced": ["2014-01-01" 90_000, EC_2014;]
        "super-reduced": ["2014-01-01" 48_000, EC_2014;]
        "parking": ["2014-01-01" 135_000, EC_2014;]
    } ZERO
    "IT" "Italy" "IVA" utc 1 summer true member true also [] {
        "standard": ["1997-10-01" 200_000, BOOKLET; "2011-09-17" 210_000, BOOKLET; "2013-10-01" 220_000, BOOKLET;]
        "reduced": ["2014-01-01" 100_000, EC_2014;]
        "second-reduced": ["2016-01-01" 50_000, IT_2016;]
        "super-reduced": ["2014-01-01" 40_000, EC_2014;]
    } ZERO
    "LT" "Lithuania" "PVM" utc 2 summer true member true also [] {
        "standard": ["1994-05-01" 180_000, BOOKLET; "2009-01-01" 190_000, BOOKLET; "2009-09-01" 210_000, BOOKLET;]
        "reduced": ["2014-01-01" 90_000, EC_2014; "2026-01-01" 120_000, LT_2026;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014;]
    } ZERO
    "LU" "Luxembourg" "TVA" utc 1 summer true member true also [] {
        "standard": ["1992-01-01" 150_000, BOOKLET; "2015-01-01" 170_000, BOOKLET; "2023-01-01" 160_000, TEDB;
            "2024-01-01" 170_000, TEDB;]
        "reduced": ["2014-01-01" 60_000, EC_2014; "2015-01-01" 80_000, LU_2015; "2023-01-01" 70_000, LU_2023;
            "2024-01-01" 80_000, LU_2023;]
        "super-reduced": ["2014-01-01" 30_000, EC_2014;]
        "parking": ["2014-01-01" 120_000, EC_2014; "2015-01-01" 140_000, LU_2015; "2023-01-01" 130_000, LU_2023;
            "2024-01-01" 140_000, LU_2023;]
    } ZERO
    "LV" "Latvia" "PVN" utc 2 summer true member true also [] {
        "standard": ["1995-05-01" 180_000, BOOKLET; "2009-01-01" 210_000, BOOKLET; "2011-01-01" 220_000, BOOKLET;
            "2012-07-01" 210_000, BOOKLET;]
        "reduced": ["2014-01-01" 120_000, EC_2014;]
        "second-reduced": ["2018-01-01" 50_000, LV_2018;]
    } ZERO
    "MT" "Malta" "VAT" utc 1 summer true member true also [] {
        "standard": ["1995-01-01" 150_000, BOOKLET; "2004-01-01" 180_000, BOOKLET;]
        "reduced": ["2014-01-01" 70_000, EC_2014;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014;]
        "parking": ["2024-01-01" 120_000, MT_2024;]
    } ZERO
    "NL" "Netherlands" "btw" utc 1 summer true member true also [] {
        "standard": ["1992-10-01" 175_000, BOOKLET; "2001-01-01" 190_000, BOOKLET; "2012-10-01" 210_000, BOOKLET;]
        "reduced": ["2014-01-01" 60_000, EC_2014; "2019-01-01" 90_000, NL_2019;]
    } ZERO
    "PL" "Poland" "VAT" utc 1 summer true member true also [] {
        "standard": ["1993-07-05" 220_000, BOOKLET; "2011-01-01" 230_000, BOOKLET;]
        "reduced": ["2014-01-01" 80_000, EC_2014;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014;]
    } ZERO
    "PT" "Portugal" "IVA" utc 0 summer true member true also [] {
        "standard": ["1995-01-01" 170_000, BOOKLET; "2002-06-05" 190_000, BOOKLET; "2005-07-01" 210_000, BOOKLET;
            "2008-07-01" 200_000, BOOKLET; "2010-07-01" 210_000, BOOKLET; "2011-01-01" 230_000, BOOKLET;]
        "reduced": ["2014-01-01" 130_000, EC_2014;]
        "second-reduced": ["2014-01-01" 60_000, EC_2014;]
        "parking": ["2014-01-01" 130_000, EC_2014;]
    } ZERO
    "RO" "Romania" "TVA" utc 2 summer true member true also [] {
        "standard": ["1998-02-01" 220_000, BOOKLET; "2000-01-01" 190_000, BOOKLET; "2010-07-01" 240_000, BOOKLET;
            "2016-01-01" 200_000, BOOKLET; "2017-01-01" 190_000, TEDB; "2025-08-01" 210_000, TEDB;]
        "reduced": ["2014-01-01" 90_000, EC_2014; "2025-08-01" 110_000, RO_2025;]
        "second-reduced": ["2014-01-01" 50_000, EC_2014; "2025-08-01" 110_000, RO_2025;]
    } ZERO
    "SE" "Sweden" "moms" utc 1 summer true member true also [] {
        "standard": ["1990-07-01" 250_000, BOOKLET;]
        "reduced": ["2014-01-01" 120_000, EC_2014;]
        "second-reduced": ["2014-01-01" 60_000, EC_2014;]
    } ZERO
    "SI" "Slovenia" "DDV" utc 1 summer true member true also [] {
        "standard": ["1999-07-01" 190_000, BOOKLET; "2002-01-01" 200_000, BOOKLET; "2013-07-01" 220_000, BOOKLET;]
        "reduced": ["2014-01-01" 95_000, EC_2014;]
        "second-reduced": ["2020-01-01" 50_000, SI_2020;]
    } ZERO
    "SK" "Slovakia" "DPH" utc 1 summer true member true also [] {
        "standard": ["1996-01-01" 230_000, BOOKLET; "2003-01-01" 200_000, BOOKLET; "2004-01-01" 190_000, BOOKLET;
            "2011-01-01" 200_000, BOOKLET; "2025-01-01" 230_000, SK_2025;]
        "reduced": ["2014-01-01" 100_000, EC_2014; "2025-01-01" 190_000, SK_2025;]
        "second-reduced": ["2023-01-01" 50_000, SK_2023;]
    } ZERO
    "GB" "United Kingdom" "VAT" utc 0 summer true also ["IM"] {
        "standard": ["1991-04-01" 175_000, HMRC; "2008-12-01" 150_000, HMRC; "2010-01-01" 175_000, HMRC;
            "2011-01-04" 200_000, HMRC;]
        "reduced": ["2014-01-01" 50_000, EC_2014;]
    } ZERO_GB
    "KR" "South Korea" "부가가치세" utc 9 also [] {
        "standard": ["1977-07-01" 100_000, NTS;]
    } ZERO_KR
    "JP" "Japan" "消費税" utc 9 also [] {
        "standard": ["1997-04-01" 50_000, NTA; "2014-04-01" 80_000, NTA; "2019-10-01" 100_000, NTA;]
        "reduced": ["2019-10-01" 80_000, NTA;]
    } ZERO_JP
}
