//! Where the rates come from.

/// A publication, as it stood on a date.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub name: &'static str,
    /// The edition, or the day that it was read for: `2021-06`, `2026-08-26`.
    pub date: &'static str,
}

macro_rules! sources {
    ($($constant:ident = $name:literal, $date:literal;)*) => {
        $(pub(super) static $constant: Source = Source { name: $name, date: $date };)*
    };
}

sources! {
    BOOKLET = "European Commission, DG TAXUD: VAT rates applied in the Member States, section VIII (evolution)", "2021-06";
    EC_2014 = "European Commission, DG TAXUD: VAT rates applied in the Member States", "2014-01";
    TEDB = "European Commission: Taxes in Europe Database (TEDB), standard rates", "2026-08-26";
    DE_2020 = "Germany: Zweites Corona-Steuerhilfegesetz, article 3 (§ 28 UStG)", "2020-06-29";
    AT_2016 = "Austria: Steuerreformgesetz 2015/2016 (§ 10 UStG)", "2016-01-01";
    AT_2026 = "Austria: amendment of the UStG for basic food", "2026-07-01";
    AT_VALLEYS = "Austria: UStG 1994, § 10(4), Jungholz and Mittelberg", "1994";
    CY_2023 = "Cyprus: VAT (Amending) Law published 2023-07-21", "2023-07-21";
    CZ_2015 = "Czechia: Act 262/2014 Coll.", "2015-01-01";
    CZ_2024 = "Czechia: Act 349/2023 Coll.", "2024-01-01";
    EE_2025 = "Estonia: Käibemaksuseadus § 15, accommodation", "2025-01-01";
    FI_2026 = "Finland: Tax Administration, reduced rate 14 % to 13.5 %", "2026-01-01";
    FR_CORSICA = "France: Code général des impôts, article 297", "2014-01-01";
    FR_OVERSEAS = "France: Code général des impôts, articles 294 and 296", "2014-01-01";
    FR_COLLECTIVITIES = "Treaty on the Functioning of the European Union, articles 349 and 355 and annex II; Directive 2006/112/EC, articles 5 and 6", "2014-01-01";
    GR_2015 = "Greece: Law 4334/2015", "2015-07-20";
    IT_2016 = "Italy: Law 208/2015", "2016-01-01";
    LT_2026 = "Lithuania: amendment of the VAT law, 9 % to 12 %", "2026-01-01";
    LU_2015 = "Luxembourg: Law of 19 December 2014", "2015-01-01";
    LU_2023 = "Luxembourg: rates for 2023", "2023-01-01";
    LV_2018 = "Latvia: Ministry of Finance, 5 % for fruit and vegetables", "2018-01-01";
    MT_2024 = "Malta: 12 % rate", "2024-01-01";
    NL_2019 = "Netherlands: Belastingplan 2019, 6 % to 9 %", "2019-01-01";
    RO_2025 = "Romania: Law 141/2025", "2025-08-01";
    SI_2020 = "Slovenia: ZDDV-1, article 41, 5 %", "2020-01-01";
    SK_2023 = "Slovakia: Act 222/2004 as amended, 5 %", "2023-01-01";
    SK_2025 = "Slovakia: Act 102/2024", "2025-01-01";
    PT_MADEIRA_2012 = "Portugal: Law 14-A/2012", "2012-04-01";
    PT_MADEIRA_2024 = "Portugal: Autoridade Tributária, Ofício Circulado 25045/2024, and Madeira's budget for 2024", "2024-12-06";
    PT_AZORES_2014 = "Portugal: Law 83-C/2013", "2014-01-01";
    PT_AZORES_2021 = "Portugal: Decreto Legislativo Regional 15-A/2021/A", "2021-07-01";
    HMRC = "HM Revenue & Customs: VAT rates; Notice 700, The VAT Guide, section 3", "2026-08-26";
    CHANNEL_ISLANDS = "HM Revenue & Customs: VAT Place of Supply (Goods), VATPOSG2300, territory of the United Kingdom", "2026-08-26";
    NTS = "National Tax Service of Korea: Value-Added Tax Act, article 30", "1977-07-01";
    NTA = "National Tax Agency of Japan: consumption tax rates", "2019-10-01";
    DIRECTIVE = "Directive 2006/112/EC, articles 6 and 7; European Commission: territorial status of EU countries and certain territories", "2019-04-14";
    WINDSOR = "Withdrawal Agreement, Protocol on Ireland/Northern Ireland (Windsor Framework), article 8", "2021-01-01";
}
