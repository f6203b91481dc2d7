//! Drawing up documents: an invoice from an order as it is kept, a credit note from its invoice.

use std::collections::BTreeMap;

use headlesspro_shared::invoices::{
    Beyond, Document, Item, Kind, TaxSum, Tender, Wanted, all_left, credited, parts, sums,
};
use headlesspro_shared::kernel::id::InvoiceId;
use headlesspro_shared::kernel::money::Money;
use headlesspro_shared::kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::store::Kept;
use crate::app::{App, Tenant};
use crate::failure::Unavailable;
use crate::identity::data_key;
use crate::payments::Refund;
use crate::port::entropy::NoEntropy;
use crate::tax::UsedExemption;
use crate::vault::{DataKey, Place};
use crate::wire::AddressBody;

/// Whom a document goes to, and what else in it is personal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Personal {
    pub buyer: AddressBody,
    pub email: String,
    /// Where it went, where that is somewhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ships_to: Option<AddressBody>,
    /// The number of the certificate by which nothing is taxed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt_by: Option<String>,
}

impl Personal {
    /// # Errors
    /// [`NoEntropy`] when the host has no randomness.
    pub fn seal(&self, app: &App, tenant: Tenant, key: &DataKey, id: InvoiceId) -> Result<String, NoEntropy> {
        let text = serde_json::to_string(self).unwrap_or_default();
        key.seal(place(tenant, &id.to_string()), text.as_bytes(), &*app.entropy)
    }

    /// # Errors
    /// [`Unavailable`] when it does not read back.
    pub fn open(app: &App, tenant: Tenant, kept: &Kept) -> Result<Personal, Unavailable> {
        let corrupt = || Unavailable::corrupt("whom an invoice goes to");
        let key = data_key(app, tenant, &kept.key)?;
        let text = key.open_text(place(tenant, &kept.id.to_string()), &kept.personal_sealed).map_err(|_| corrupt())?;
        serde_json::from_str(&text).map_err(|_| corrupt())
    }
}

fn place(tenant: Tenant, row: &str) -> Place<'_> {
    Place { organization: tenant.organization, table: "invoice", column: "personal", row }
}

/// What an invoice takes from an order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub number: i64,
    pub state: String,
    email: String,
    shipping_address: AddressBody,
    billing_address: Option<AddressBody>,
    tax_exemption: Option<UsedExemption>,
    lines: Vec<Line>,
    #[serde(default)]
    deliveries: Vec<Delivery>,
    totals: Option<Totals>,
    total: Money,
    #[serde(default)]
    tenders: Vec<OrderTender>,
    payment: Option<Payment>,
    placed_at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    sku: String,
    title: String,
    variant_title: String,
    quantity: i64,
    unit_price: Money,
    discount: Option<Money>,
    taxes: Option<Taxes>,
    total: Money,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    name: String,
    price: Money,
    discount: Option<Money>,
    taxes: Option<Taxes>,
    total: Money,
}

#[derive(Debug, Deserialize)]
struct Taxes {
    net: Money,
    rates: Vec<Rate>,
}

#[derive(Debug, Deserialize)]
struct Rate {
    name: String,
    ppm: i64,
    net: Money,
    tax: Money,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    tax_included: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct OrderTender {
    #[serde(rename = "type")]
    kind: String,
    amount: Money,
}

#[derive(Debug, Deserialize)]
struct Payment {
    method: String,
    amount: Money,
}

impl Order {
    /// An order as it is shown, whole.
    ///
    /// # Errors
    /// [`Unavailable`] when it does not read back.
    pub fn read(text: &str) -> Result<Order, Unavailable> {
        serde_json::from_str(text).map_err(|error| Unavailable::Corrupt(format!("an order's document: {error}")))
    }

    pub fn personal(&self) -> Personal {
        let ships_to = self.billing_address.as_ref().map(|_| self.shipping_address.clone());
        Personal {
            buyer: self.billing_address.as_ref().unwrap_or(&self.shipping_address).clone(),
            email: self.email.clone(),
            ships_to,
            exempt_by: self.tax_exemption.as_ref().map(|exemption| exemption.number.clone()),
        }
    }

    /// # Errors
    /// [`Unavailable`] when its lines do not come to its total.
    pub fn invoice(&self, settings: &Settings, now: Timestamp) -> Result<Document, Unavailable> {
        let lines = self.lines.iter().map(|line| Item {
            key: line.id.clone(),
            title: line.title.clone(),
            detail: detail(&line.variant_title, &line.sku),
            quantity: line.quantity,
            unit_price: line.unit_price.minor(),
            discount: line.discount.map_or(0, Money::minor),
            net: net(line.taxes.as_ref(), line.total),
            taxes: taxes(line.taxes.as_ref()),
            gross: line.total.minor(),
        });
        let deliveries = self.deliveries.iter().enumerate().map(|(at, delivery)| Item {
            key: format!("delivery/{at}"),
            title: delivery.name.clone(),
            detail: String::new(),
            quantity: 1,
            unit_price: delivery.price.minor(),
            discount: delivery.discount.map_or(0, Money::minor),
            net: net(delivery.taxes.as_ref(), delivery.total),
            taxes: taxes(delivery.taxes.as_ref()),
            gross: delivery.total.minor(),
        });
        let items: Vec<Item> = lines.chain(deliveries).collect();
        let tenders = self.tenders.iter().map(|tender| (&tender.kind, tender.amount));
        let tenders = tenders.chain(self.payment.iter().map(|payment| (&payment.method, payment.amount)));
        let tender = |(method, amount): (&String, Money)| Tender { method: method.clone(), amount: amount.minor() };
        let tax_included = self.totals.as_ref().and_then(|totals| totals.tax_included).unwrap_or(false);
        let document = Document {
            kind: Kind::Invoice,
            number: String::new(),
            issued_at: now,
            order_number: self.number,
            placed_at: self.placed_at,
            currency: self.total.currency(),
            language: settings.language,
            seller: settings.seller.clone(),
            items: Vec::new(),
            taxes: Vec::new(),
            net: 0,
            tax: 0,
            gross: 0,
            tax_included,
            tenders: tenders.map(tender).collect(),
            credits: None,
            reason: None,
            footer: settings.footer.clone(),
        };
        let document = summed(document, items)?;
        if document.gross == self.total.minor() {
            Ok(document)
        } else {
            Err(Unavailable::corrupt("an order's lines do not come to its total"))
        }
    }
}

/// The credit note of an invoice: of what a refund has given back, or of all that is left. `None`: nothing is.
///
/// # Errors
/// [`Unavailable`] when its amounts do not add up.
pub fn credit_note(
    (invoice, notes): (&Kept, &[&Kept]),
    refund: Option<&Refund>,
    (settings, reason): (&Settings, Option<String>),
    now: Timestamp,
) -> Result<Option<Document>, Unavailable> {
    let was = &invoice.document;
    let mut before: BTreeMap<String, i64> = BTreeMap::new();
    for item in notes.iter().flat_map(|note| &note.document.items) {
        let sum = before.entry(item.key.clone()).or_default();
        *sum = sum.saturating_add(item.gross);
    }
    let found = match refund {
        None => all_left(&was.items, &before),
        Some(refund) => match parts(&was.items, &before, &wanted(refund)) {
            Ok(found) => found,
            Err(Beyond { .. }) => return Ok(None),
        },
    };
    if found.is_empty() {
        return Ok(None);
    }
    let items = credited(&was.items, &before, &found);
    let document = Document {
        kind: Kind::CreditNote,
        number: String::new(),
        issued_at: now,
        language: settings.language,
        seller: settings.seller.clone(),
        items: Vec::new(),
        tenders: Vec::new(),
        credits: Some(was.number.clone()),
        reason,
        footer: settings.footer.clone(),
        taxes: Vec::new(),
        ..was.clone()
    };
    summed(document, items).map(Some)
}

fn wanted(refund: &Refund) -> Wanted {
    let lines: Vec<_> =
        refund.lines.iter().map(|line| (line.line_id.to_string(), line.quantity, line.amount)).collect();
    let of_lines = lines.iter().fold(0, |sum, (.., amount)| i64::saturating_add(sum, *amount));
    let beside = refund.amount.minor().saturating_sub(of_lines).saturating_sub(refund.shipping.minor());
    Wanted { lines, shipping: refund.shipping.minor(), beside: beside.max(0) }
}

fn summed(document: Document, items: Vec<Item>) -> Result<Document, Unavailable> {
    let (taxes, net, tax, gross) = sums(&items).ok_or_else(|| Unavailable::corrupt("an invoice beyond all amounts"))?;
    Ok(Document { items, taxes, net, tax, gross, ..document })
}

fn detail(variant: &str, sku: &str) -> String {
    [variant, sku].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

fn net(taxes: Option<&Taxes>, total: Money) -> i64 {
    taxes.map_or(total, |taxes| taxes.net).minor()
}

fn taxes(taxes: Option<&Taxes>) -> Vec<TaxSum> {
    let of =
        |rate: &Rate| TaxSum { name: rate.name.clone(), ppm: rate.ppm, net: rate.net.minor(), tax: rate.tax.minor() };
    taxes.into_iter().flat_map(|taxes| taxes.rates.iter().map(of)).collect()
}
