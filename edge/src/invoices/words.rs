//! The fixed words of documents, and how amounts are written, by language.

use headlesspro_shared::invoices::{Document, Kind, Language, TaxSum};
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;

pub struct Words {
    pub invoice: &'static str,
    pub credit_note: &'static str,
    /// Followed by the number of an invoice.
    pub credits: &'static str,
    pub date: &'static str,
    pub order: &'static str,
    pub ordered: &'static str,
    pub reason: &'static str,
    pub tax_id: &'static str,
    pub ships_to: &'static str,
    pub item: &'static str,
    pub quantity: &'static str,
    pub unit_price: &'static str,
    pub amount: &'static str,
    pub discount: &'static str,
    pub net: &'static str,
    /// Between a tax and what it is on.
    pub on: &'static str,
    pub total: &'static str,
    pub includes_tax: &'static str,
    pub paid_by: &'static str,
    pub gift_card: &'static str,
    pub store_credit: &'static str,
    pub exempt_by: &'static str,
    pub page: &'static str,
    decimal: char,
    thousands: char,
}

const ENGLISH: Words = Words {
    invoice: "Invoice",
    credit_note: "Credit note",
    credits: "Corrects invoice",
    date: "Date",
    order: "Order",
    ordered: "Ordered",
    reason: "Reason",
    tax_id: "Tax number",
    ships_to: "Delivered to",
    item: "Item",
    quantity: "Quantity",
    unit_price: "Unit price",
    amount: "Amount",
    discount: "Discount",
    net: "Net",
    on: "on",
    total: "Total",
    includes_tax: "Unit prices include the tax.",
    paid_by: "Paid by",
    gift_card: "gift card",
    store_credit: "store credit",
    exempt_by: "Exempt from tax by certificate",
    page: "Page",
    decimal: '.',
    thousands: ',',
};

const GERMAN: Words = Words {
    invoice: "Rechnung",
    credit_note: "Rechnungskorrektur",
    credits: "Berichtigt Rechnung",
    date: "Datum",
    order: "Bestellung",
    ordered: "Bestellt am",
    reason: "Grund",
    tax_id: "USt-IdNr. / Steuernummer",
    ships_to: "Lieferung an",
    item: "Artikel",
    quantity: "Menge",
    unit_price: "Einzelpreis",
    amount: "Betrag",
    discount: "Rabatt",
    net: "Netto",
    on: "auf",
    total: "Gesamtbetrag",
    includes_tax: "Einzelpreise enthalten die Steuer.",
    paid_by: "Bezahlt mit",
    gift_card: "Geschenkkarte",
    store_credit: "Guthaben",
    exempt_by: "Steuerbefreit durch Bescheinigung",
    page: "Seite",
    decimal: ',',
    thousands: '.',
};

const FRENCH: Words = Words {
    invoice: "Facture",
    credit_note: "Avoir",
    credits: "Rectifie la facture",
    date: "Date",
    order: "Commande",
    ordered: "Commandé le",
    reason: "Motif",
    tax_id: "Numéro de TVA",
    ships_to: "Livré à",
    item: "Article",
    quantity: "Quantité",
    unit_price: "Prix unitaire",
    amount: "Montant",
    discount: "Remise",
    net: "Total HT",
    on: "sur",
    total: "Total TTC",
    includes_tax: "Les prix unitaires comprennent la taxe.",
    paid_by: "Payé par",
    gift_card: "carte cadeau",
    store_credit: "avoir client",
    exempt_by: "Exonéré par le certificat",
    page: "Page",
    decimal: ',',
    thousands: '\u{a0}',
};

const SPANISH: Words = Words {
    invoice: "Factura",
    credit_note: "Factura rectificativa",
    credits: "Rectifica la factura",
    date: "Fecha",
    order: "Pedido",
    ordered: "Pedido el",
    reason: "Motivo",
    tax_id: "NIF / NIF-IVA",
    ships_to: "Entregado a",
    item: "Artículo",
    quantity: "Cantidad",
    unit_price: "Precio unitario",
    amount: "Importe",
    discount: "Descuento",
    net: "Base imponible",
    on: "sobre",
    total: "Total",
    includes_tax: "Los precios unitarios incluyen el impuesto.",
    paid_by: "Pagado con",
    gift_card: "tarjeta regalo",
    store_credit: "saldo a favor",
    exempt_by: "Exento según el certificado",
    page: "Página",
    decimal: ',',
    thousands: '.',
};

impl Words {
    pub const fn of(language: Language) -> &'static Words {
        match language {
            Language::En => &ENGLISH,
            Language::De => &GERMAN,
            Language::Fr => &FRENCH,
            Language::Es => &SPANISH,
        }
    }

    pub fn title(&self, document: &Document) -> String {
        let kind = match document.kind {
            Kind::Invoice => self.invoice,
            Kind::CreditNote => self.credit_note,
        };
        format!("{kind} {}", document.number)
    }

    /// `1,234.50 EUR`.
    pub fn money(&self, minor: i64, document: &Document) -> String {
        let text = Money::new(minor, document.currency).amount_text();
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
        let mut grouped = String::from(sign);
        for (at, digit) in digits.chars().enumerate() {
            if at != 0 && (digits.len().saturating_sub(at)).is_multiple_of(3) {
                grouped.push(self.thousands);
            }
            grouped.push(digit);
        }
        if !rest.is_empty() {
            grouped.push(self.decimal);
            grouped.push_str(rest);
        }
        format!("{grouped} {}", document.currency)
    }

    /// `19 % VAT on 1,234.50 EUR`.
    pub fn tax(&self, tax: &TaxSum, document: &Document) -> String {
        format!("{} {} {} {}", tax.name, self.percent(tax.ppm), self.on, self.money(tax.net, document))
    }

    /// `7.75 %` of 77,500 parts per million.
    pub fn percent(&self, ppm: i64) -> String {
        let (whole, rest) = (ppm.div_euclid(10_000), ppm.rem_euclid(10_000));
        let rest = format!("{rest:04}");
        let rest = rest.trim_end_matches('0');
        if rest.is_empty() { format!("{whole} %") } else { format!("{whole}{}{rest} %", self.decimal) }
    }

    /// How a tender is named.
    pub fn tender<'a>(&self, method: &'a str) -> &'a str
    where
        Self: 'a,
    {
        match method {
            "gift-card" => self.gift_card,
            "store-credit" => self.store_credit,
            method => method,
        }
    }
}

/// The day, in UTC.
pub fn day(at: Timestamp) -> String {
    at.to_string().split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::invoices::Seller;

    use super::*;

    fn document(currency: &str) -> Document {
        let at = Timestamp::from_millis(1_795_512_600_000);
        Document {
            kind: Kind::Invoice,
            number: "1".to_owned(),
            issued_at: at,
            order_number: 1001,
            placed_at: at,
            currency: currency.parse().unwrap(),
            language: Language::En,
            seller: Seller { name: String::new(), address: Vec::new(), tax_id: None, email: None },
            items: Vec::new(),
            taxes: Vec::new(),
            net: 0,
            tax: 0,
            gross: 0,
            tax_included: false,
            tenders: Vec::new(),
            credits: None,
            reason: None,
            footer: None,
        }
    }

    #[test]
    fn amounts_are_written_as_the_language_writes_them() {
        let euro = document("EUR");
        for (language, text) in [
            (Language::En, "1,234,567.80 EUR"),
            (Language::De, "1.234.567,80 EUR"),
            (Language::Fr, "1\u{a0}234\u{a0}567,80 EUR"),
        ] {
            assert_eq!(Words::of(language).money(123_456_780, &euro), text);
        }
        assert_eq!(Words::of(Language::En).money(-100_000, &document("JPY")), "-100,000 JPY");
        assert_eq!(Words::of(Language::Es).money(999, &document("KWD")), "0,999 KWD");
        assert_eq!(Words::of(Language::De).percent(77_500), "7,75 %");
        assert_eq!(Words::of(Language::De).percent(190_000), "19 %");
        assert_eq!(day(euro.issued_at), "2026-11-24");
    }
}
