//! What stands in an invoice or a credit note, but for whom it goes to.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::kernel::money::Currency;
use crate::kernel::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Invoice,
    CreditNote,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Invoice => "invoice",
            Kind::CreditNote => "credit-note",
        }
    }
}

/// The kind is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be invoice or credit-note")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        [Kind::Invoice, Kind::CreditNote].into_iter().find(|kind| kind.name() == text).ok_or(UnknownKind)
    }
}

/// In which its fixed words are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    De,
    Fr,
    Es,
}

impl Language {
    pub const ALL: [Language; 4] = [Language::En, Language::De, Language::Fr, Language::Es];

    pub const fn name(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::De => "de",
            Language::Fr => "fr",
            Language::Es => "es",
        }
    }
}

/// The language is none that there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be en, de, fr or es")]
pub struct UnknownLanguage;

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Language, UnknownLanguage> {
        Language::ALL.into_iter().find(|language| language.name() == text).ok_or(UnknownLanguage)
    }
}

/// Who has sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seller {
    pub name: String,
    /// As they stand below the name.
    pub address: Vec<String>,
    /// The number for value added tax or the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A tax at one rate, with what it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxSum {
    pub name: String,
    /// Parts per million.
    pub ppm: i64,
    /// In minor units, as all amounts here.
    pub net: i64,
    pub tax: i64,
}

/// A line of an order, or a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The id of the order's line; `delivery/0` and so on are the deliveries.
    pub key: String,
    pub title: String,
    /// Which variant it is, and its SKU.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// 0: money alone is credited.
    pub quantity: i64,
    pub unit_price: i64,
    #[serde(default)]
    pub discount: i64,
    pub net: i64,
    pub taxes: Vec<TaxSum>,
    /// With the tax.
    pub gross: i64,
}

impl Item {
    pub fn is_delivery(&self) -> bool {
        self.key.starts_with("delivery/")
    }
}

/// What a gift card, store credit or the payment has paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    /// `gift-card`, `store-credit`, or how the payment was made.
    pub method: String,
    pub amount: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub kind: Kind,
    /// With its series; empty until it is written down.
    #[serde(default)]
    pub number: String,
    pub issued_at: Timestamp,
    pub order_number: i64,
    /// When it was bought.
    pub placed_at: Timestamp,
    pub currency: Currency,
    pub language: Language,
    pub seller: Seller,
    pub items: Vec<Item>,
    /// By name and rate.
    pub taxes: Vec<TaxSum>,
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
    /// Whether unit prices and discounts hold the tax.
    pub tax_included: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<Tender>,
    /// Of a credit note: the number of its invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<String>,
    /// Of a credit note: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What stands at the end of each page of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
}

/// The sums of items: the taxes by name and rate, net, tax and gross. `None`: they are beyond all amounts.
pub fn sums(items: &[Item]) -> Option<(Vec<TaxSum>, i64, i64, i64)> {
    let mut taxes: BTreeMap<(&str, i64), (i64, i64)> = BTreeMap::new();
    let (mut net, mut gross) = (0_i64, 0_i64);
    for item in items {
        net = net.checked_add(item.net)?;
        gross = gross.checked_add(item.gross)?;
        for tax in &item.taxes {
            let sum = taxes.entry((&tax.name, tax.ppm)).or_default();
            *sum = (sum.0.checked_add(tax.net)?, sum.1.checked_add(tax.tax)?);
        }
    }
    let tax = gross.checked_sub(net)?;
    let taxes = taxes.into_iter().map(|((name, ppm), (net, tax))| TaxSum { name: name.to_owned(), ppm, net, tax });
    Some((taxes.collect(), net, tax, gross))
}
