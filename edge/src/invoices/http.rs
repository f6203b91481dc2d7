//! `/api/v1/invoices`, `/api/v1/orders/{id}/invoices` and `/api/v1/invoice-settings`.

use axum::response::{IntoResponse, Response};
use headlesspro_shared::identity::Scope;
use headlesspro_shared::invoices::{Item, MOST_DIGITS, Seller, Series, TaxSum};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::kernel::id::{InvoiceKind, OrderKind, OrderLineKind, RefundId, RefundKind};
use headlesspro_shared::kernel::line::Line;
use headlesspro_shared::kernel::money::{Currency, Money};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::issuing::{self, IssueError, OLDEST_FIRST, Shown, Wanted};
use super::settings::{self, KeptSettings, Numbering, Settings, SettingsError};
use super::{html, pdf};
use crate::app::Ctx;
use crate::catalog::{AfterText, changed_meanwhile, fields, listed, unversioned, version_mismatch, versioned};
use crate::extract::{FieldErrors, IdempotencyKey, IfMatch, Json, Parse, Parsed, PathId, Query, QueryParams};
use crate::journal::{Answered, Claim, created};
use crate::problem::Problem;
use crate::routes::{Access, Routes};
use crate::tax::text_of;
use crate::wire::{AddressBody, IdText, MomentText, MoneyBody};

pub fn routes() -> Routes {
    let (read, write) = (Access::Key(Scope::OrdersRead), Access::Key(Scope::OrdersWrite));
    let (show, issue) = (Access::Record(Scope::OrdersRead), Access::Record(Scope::OrdersWrite));
    Routes::new()
        .get("/api/v1/invoice-settings", read, show_settings)
        .put("/api/v1/invoice-settings", write, replace_settings)
        .get("/api/v1/invoices", read, list)
        .get("/api/v1/invoices/{id}", show, find)
        .get("/api/v1/invoices/{id}/html", show, as_html)
        .get("/api/v1/invoices/{id}/pdf", show, as_pdf)
        .get("/api/v1/orders/{id}/invoices", show, of_order)
        .post("/api/v1/orders/{id}/invoices", issue, issue_invoice)
        .post("/api/v1/orders/{id}/credit-notes", issue, issue_credit_note)
}

/// Who sells.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Seller", deny_unknown_fields)]
pub struct SellerBody {
    #[schemars(required, length(min = 1, max = 200))]
    pub name: Option<String>,
    /// The lines below the name.
    #[schemars(required, length(min = 1, max = 6), inner(length(min = 1, max = 100)))]
    pub address: Option<Vec<String>>,
    /// The number for value added tax, or the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub tax_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254))]
    pub email: Option<String>,
}

/// How documents of a kind are numbered.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Numbering", deny_unknown_fields)]
pub struct NumberingBody {
    /// What stands before each number: up to 30 letters, digits and `-` `/` `_` `.`; `{year}` is the year (UTC) of a document,
    /// and each year a series of its own.
    #[schemars(required, regex(pattern = r"^([A-Za-z0-9/_.-]|\{year\}){0,30}$"))]
    pub series: Option<String>,
    /// Up to which numbers are filled with zeros; 1 where it is left out.
    #[schemars(range(min = 1, max = 12))]
    pub digits: Option<i64>,
    /// The first number of a series that has none yet; 1 where it is left out.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub first: Option<i64>,
}

/// All of how a store writes its invoices.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReplaceInvoiceSettings", deny_unknown_fields)]
pub struct ReplaceSettingsBody {
    #[schemars(required, with = "SellerBody")]
    pub seller: Option<SellerBody>,
    /// Of the fixed words; `en` where it is left out.
    #[schemars(extend("enum" = ["en", "de", "fr", "es", null]))]
    pub language: Option<String>,
    #[schemars(required, with = "NumberingBody")]
    pub invoices: Option<NumberingBody>,
    #[schemars(required, with = "NumberingBody")]
    pub credit_notes: Option<NumberingBody>,
    /// What stands at the end: where to pay, who is liable.
    #[schemars(length(min = 1, max = 500))]
    pub footer: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InvoiceSettings")]
pub struct SettingsBody {
    /// Null, as the next ones, as long as there are none.
    pub seller: Option<SellerBody>,
    #[schemars(extend("enum" = ["en", "de", "fr", "es", null]))]
    pub language: Option<&'static str>,
    pub invoices: Option<NumberingBody>,
    pub credit_notes: Option<NumberingBody>,
    pub footer: Option<String>,
    /// Grows with each change; also the ETag. 0 as long as there are none.
    pub version: i64,
    #[schemars(with = "Option<MomentText>")]
    pub updated_at: Option<String>,
}

/// Nothing has to be said.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "IssueInvoice", deny_unknown_fields)]
pub struct IssueInvoiceBody {}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "IssueCreditNote", deny_unknown_fields)]
pub struct IssueCreditNoteBody {
    /// What the refund has given back. Left out: all that is left of the invoice.
    #[schemars(with = "Option<IdText<RefundKind>>")]
    pub refund_id: Option<String>,
    /// The refund's own where it is left out.
    #[schemars(length(min = 1, max = 200))]
    pub reason: Option<String>,
}

/// An invoice or a credit note. Nothing of it ever changes.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Invoice")]
pub struct InvoiceBody {
    #[schemars(with = "IdText<InvoiceKind>")]
    pub id: String,
    #[schemars(extend("enum" = ["invoice", "credit-note"]))]
    pub kind: &'static str,
    /// With its series.
    pub number: String,
    #[schemars(with = "IdText<OrderKind>")]
    pub order_id: String,
    pub order_number: i64,
    /// Of a credit note: its invoice; left out of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<InvoiceKind>>")]
    pub credits_id: Option<String>,
    /// The number of that invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits: Option<String>,
    /// Of a credit note about a refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<RefundKind>>")]
    pub refund_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[schemars(with = "MomentText")]
    pub issued_at: String,
    /// When it was bought.
    #[schemars(with = "MomentText")]
    pub placed_at: String,
    #[schemars(extend("enum" = ["en", "de", "fr", "es"]))]
    pub language: &'static str,
    pub seller: SellerBody,
    pub buyer: AddressBody,
    pub email: String,
    /// Left out where it is the buyer's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ships_to: Option<AddressBody>,
    /// The number of the certificate by which nothing is taxed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt_by: Option<String>,
    pub items: Vec<ItemBody>,
    /// By name and rate.
    pub taxes: Vec<TaxBody>,
    pub net: MoneyBody,
    pub tax: MoneyBody,
    /// With the tax: of a credit note, what is given back.
    pub total: MoneyBody,
    /// Whether unit prices and discounts hold the tax.
    pub tax_included: bool,
    /// What has paid it; empty for a credit note.
    pub tenders: Vec<TenderBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
}

/// A line of the order, or a delivery.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InvoiceItem")]
pub struct ItemBody {
    /// Left out of deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText<OrderLineKind>>")]
    pub line_id: Option<String>,
    pub title: String,
    /// The variant and its SKU; left out where there is neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// 0: money alone is credited.
    pub quantity: i64,
    pub unit_price: MoneyBody,
    pub discount: MoneyBody,
    pub net: MoneyBody,
    pub taxes: Vec<TaxBody>,
    pub total: MoneyBody,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InvoiceTax")]
pub struct TaxBody {
    pub name: String,
    /// Parts per million: 190,000 is 19 %.
    pub ppm: i64,
    pub net: MoneyBody,
    pub tax: MoneyBody,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InvoiceTender")]
pub struct TenderBody {
    /// `gift-card`, `store-credit`, or how the payment was made.
    pub method: String,
    pub amount: MoneyBody,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InvoicesOfOrder")]
pub struct OfOrderBody {
    /// The oldest first.
    pub items: Vec<InvoiceBody>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Invoices")]
pub struct InvoicesBody {
    /// The oldest first.
    pub items: Vec<InvoiceBody>,
    /// The `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Which documents are asked for.
struct Page(AfterText);

impl Query for Page {
    fn parse(params: &mut QueryParams) -> Page {
        Page(AfterText::take(params, OLDEST_FIRST))
    }
}

impl SellerBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Seller> {
        let name = errors.required("name", self.name, |name| name.parse::<Line<200>>());
        let given = errors.required("address", self.address, |lines| match lines.len() {
            1..=MOST_ADDRESS_LINES => Ok(lines),
            _ => Err("must have 1 to 6 elements"),
        });
        let mut address = Vec::new();
        for (at, line) in given.into_iter().flatten().enumerate() {
            let line = errors.required(&format!("address/{at}"), Some(line), |line| line.parse::<Line<100>>());
            address.extend(line.map(|line| line.to_string()));
        }
        let tax_id = errors.optional("taxId", self.tax_id, |id| id.parse::<Line<50>>());
        let email = errors.optional("email", self.email, |email| email.parse::<Email>());
        Some(Seller {
            name: name?.to_string(),
            address,
            tax_id: tax_id.map(|id| id.to_string()),
            email: email.map(|email| email.to_string()),
        })
    }
}

impl NumberingBody {
    fn parse(self, errors: &mut FieldErrors) -> Option<Numbering> {
        let series = errors.required("series", self.series, |series| series.parse::<Series>());
        let within = |most: i64| {
            move |number: i64| match number {
                1.. if number <= most => Ok(number),
                _ => Err(format!("must be 1 to {most}")),
            }
        };
        let digits = errors.optional("digits", self.digits, within(MOST_DIGITS));
        let first = errors.optional("first", self.first, within(HIGHEST_FIRST));
        Some(Numbering { series: series?.to_string(), digits: digits.unwrap_or(1), first: first.unwrap_or(1) })
    }
}

impl Parse for ReplaceSettingsBody {
    type Parsed = Settings;

    fn parse(self, errors: &mut FieldErrors) -> Option<Settings> {
        let seller = errors.required("seller", self.seller, Ok::<_, String>);
        let seller = seller.and_then(|seller| errors.nested("seller", |errors| seller.parse(errors)));
        let language = errors.optional("language", self.language, |language| language.parse());
        let mut numbering = |name: &str, given: Option<NumberingBody>| {
            let given = errors.required(name, given, Ok::<_, String>)?;
            errors.nested(name, |errors| given.parse(errors))
        };
        let invoices = numbering("invoices", self.invoices);
        let credit_notes = numbering("creditNotes", self.credit_notes);
        let footer = errors.optional("footer", self.footer, |footer| footer.parse::<Line<500>>());
        let settings = Settings {
            seller: seller?,
            language: language.unwrap_or_default(),
            invoices: invoices?,
            credit_notes: credit_notes?,
            footer: footer.map(|footer| footer.to_string()),
        };
        errors.is_empty().then_some(settings)
    }
}

/// Of a seller.
const MOST_ADDRESS_LINES: usize = 6;
const HIGHEST_FIRST: i64 = 1_000_000_000;

impl Parse for IssueInvoiceBody {
    type Parsed = ();

    fn parse(self, _: &mut FieldErrors) -> Option<()> {
        Some(())
    }
}

impl Parse for IssueCreditNoteBody {
    type Parsed = Wanted;

    fn parse(self, errors: &mut FieldErrors) -> Option<Wanted> {
        let refund = errors.optional("refundId", self.refund_id, |id| id.parse::<RefundId>());
        let reason = errors.optional("reason", self.reason, |reason| reason.parse::<Line<200>>());
        let reason = reason.map(|reason| reason.to_string());
        errors.is_empty().then_some(Wanted::CreditNote { refund, reason })
    }
}

async fn show_settings(ctx: Ctx) -> Result<Response, Problem> {
    Ok(settings_shown(&settings::settings(&ctx).await?))
}

async fn replace_settings(
    ctx: Ctx,
    IfMatch(version): IfMatch,
    body: Json<ReplaceSettingsBody>,
) -> Result<Response, Problem> {
    Ok(settings_shown(&settings::replace(&ctx, &body.parsed, version).await?))
}

async fn list(ctx: Ctx, Parsed(Page(page)): Parsed<Page>, uri: Uri) -> Result<Response, Problem> {
    let (found, next_cursor) = issuing::list(&ctx, &page.after, page.limit).await?;
    let body = InvoicesBody { items: found.iter().map(InvoiceBody::from).collect(), next_cursor };
    Ok(listed(text_of(&body), body.next_cursor.as_deref(), &uri))
}

async fn find(ctx: Ctx, PathId(id): PathId<InvoiceKind>) -> Result<Response, Problem> {
    Ok(unversioned(text_of(&InvoiceBody::from(&issuing::find(&ctx, id).await?))))
}

async fn as_html(ctx: Ctx, PathId(id): PathId<InvoiceKind>) -> Result<Response, Problem> {
    let shown = issuing::find(&ctx, id).await?;
    let page = html::render(&shown.kept.document, &shown.personal);
    Ok(file(&shown, "text/html; charset=utf-8", "html", page.into_bytes()))
}

async fn as_pdf(ctx: Ctx, PathId(id): PathId<InvoiceKind>) -> Result<Response, Problem> {
    let shown = issuing::find(&ctx, id).await?;
    let pages = pdf::render(&shown.kept.document, &shown.personal);
    Ok(file(&shown, "application/pdf", "pdf", pages))
}

async fn of_order(ctx: Ctx, PathId(id): PathId<OrderKind>) -> Result<Response, Problem> {
    let found = issuing::of_order(&ctx, id).await?;
    Ok(unversioned(text_of(&OfOrderBody { items: found.iter().map(InvoiceBody::from).collect() })))
}

async fn issue_invoice(
    ctx: Ctx,
    PathId(id): PathId<OrderKind>,
    key: IdempotencyKey,
    body: Json<IssueInvoiceBody>,
) -> Result<Response, Problem> {
    let claim = Claim::new(&ctx, &key, &body.bytes);
    Ok(issued(&issuing::issue(&ctx, id, &Wanted::Invoice, &claim).await?))
}

async fn issue_credit_note(
    ctx: Ctx,
    PathId(id): PathId<OrderKind>,
    key: IdempotencyKey,
    body: Json<IssueCreditNoteBody>,
) -> Result<Response, Problem> {
    let claim = Claim::new(&ctx, &key, &body.bytes);
    Ok(issued(&issuing::issue(&ctx, id, &body.parsed, &claim).await?))
}

fn issued(issued: &issuing::Issued) -> Response {
    let location = issuing::location(issued.shown.kept.id);
    let body = text_of(&InvoiceBody::from(&issued.shown));
    created(Answered { location, body, is_replay: issued.is_replay })
}

/// A document to look at, named after its number.
fn file(shown: &Shown, content_type: &'static str, extension: &str, bytes: Vec<u8>) -> Response {
    let number = shown.kept.document.number.replace('/', "-");
    let disposition = HeaderValue::from_str(&format!("inline; filename=\"{number}.{extension}\""));
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Nothing in it runs or loads, whatever titles hold.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.extend(disposition.ok().map(|value| (CONTENT_DISPOSITION, value)));
    (headers, bytes).into_response()
}

fn settings_shown(kept: &KeptSettings) -> Response {
    let settings = kept.settings.as_ref();
    let body = SettingsBody {
        seller: settings.map(|settings| (&settings.seller).into()),
        language: settings.map(|settings| settings.language.name()),
        invoices: settings.map(|settings| (&settings.invoices).into()),
        credit_notes: settings.map(|settings| (&settings.credit_notes).into()),
        footer: settings.and_then(|settings| settings.footer.clone()),
        version: kept.version,
        updated_at: kept.updated_at.map(|at| at.to_string()),
    };
    versioned(kept.version, text_of(&body))
}

impl From<&Seller> for SellerBody {
    fn from(seller: &Seller) -> SellerBody {
        SellerBody {
            name: Some(seller.name.clone()),
            address: Some(seller.address.clone()),
            tax_id: seller.tax_id.clone(),
            email: seller.email.clone(),
        }
    }
}

impl From<&Numbering> for NumberingBody {
    fn from(numbering: &Numbering) -> NumberingBody {
        NumberingBody {
            series: Some(numbering.series.clone()),
            digits: Some(numbering.digits),
            first: Some(numbering.first),
        }
    }
}

impl From<&Shown> for InvoiceBody {
    fn from(Shown { kept, personal }: &Shown) -> InvoiceBody {
        let document = &kept.document;
        let currency = document.currency;
        let money = |minor| MoneyBody::from(Money::new(minor, currency));
        let tender = |method: &str, amount| TenderBody { method: method.to_owned(), amount: money(amount) };
        InvoiceBody {
            id: kept.id.to_string(),
            kind: document.kind.name(),
            number: document.number.clone(),
            order_id: kept.order.to_string(),
            order_number: document.order_number,
            credits_id: kept.credits.map(|id| id.to_string()),
            credits: document.credits.clone(),
            refund_id: kept.refund.map(|id| id.to_string()),
            reason: document.reason.clone(),
            issued_at: document.issued_at.to_string(),
            placed_at: document.placed_at.to_string(),
            language: document.language.name(),
            seller: (&document.seller).into(),
            buyer: personal.buyer.clone(),
            email: personal.email.clone(),
            ships_to: personal.ships_to.clone(),
            exempt_by: personal.exempt_by.clone(),
            items: document.items.iter().map(|item| item_body(item, currency)).collect(),
            taxes: document.taxes.iter().map(|tax| tax_body(tax, currency)).collect(),
            net: money(document.net),
            tax: money(document.tax),
            total: money(document.gross),
            tax_included: document.tax_included,
            tenders: document.tenders.iter().map(|of| tender(&of.method, of.amount)).collect(),
            footer: document.footer.clone(),
        }
    }
}

fn item_body(item: &Item, currency: Currency) -> ItemBody {
    let money = |minor| MoneyBody::from(Money::new(minor, currency));
    ItemBody {
        line_id: Some(item.key.clone()).filter(|_| !item.is_delivery()),
        title: item.title.clone(),
        detail: Some(item.detail.clone()).filter(|detail| !detail.is_empty()),
        quantity: item.quantity,
        unit_price: money(item.unit_price),
        discount: money(item.discount),
        net: money(item.net),
        taxes: item.taxes.iter().map(|tax| tax_body(tax, currency)).collect(),
        total: money(item.gross),
    }
}

fn tax_body(tax: &TaxSum, currency: Currency) -> TaxBody {
    let money = |minor| MoneyBody::from(Money::new(minor, currency));
    TaxBody { name: tax.name.clone(), ppm: tax.ppm, net: money(tax.net), tax: money(tax.tax) }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Problem {
        match error {
            SettingsError::VersionMismatch { current } => version_mismatch(current),
            SettingsError::Changing => changed_meanwhile(),
        }
    }
}

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Problem {
        let conflict = |code, detail: String, actions: &[&str]| {
            Problem::new(StatusCode::CONFLICT, code).detail(detail).with("allowedActions", json!(actions))
        };
        match error {
            IssueError::NoSettings => conflict(
                "no-invoice-settings",
                "Nobody has said who sells: put /api/v1/invoice-settings first.".to_owned(),
                &["put-invoice-settings"],
            ),
            IssueError::Exists(id) => {
                conflict("invoice-exists", format!("It is written down already: {id}."), &["read"])
                    .with("invoiceId", json!(id.to_string()))
            }
            IssueError::NotInvoiceable { state } => {
                conflict("order-not-invoiceable", format!("An order that is {state} is not invoiced."), &[])
            }
            IssueError::NotInvoiced => {
                conflict("order-not-invoiced", "There is no invoice to credit.".to_owned(), &["issue-invoice"])
            }
            IssueError::NoSuchRefund => fields(["refundId"], "is no refund of the order"),
            IssueError::NotGivenBack { state } => {
                conflict("refund-not-succeeded", format!("The refund is {state}: nothing was given back."), &[])
            }
            IssueError::NothingLeft => {
                conflict("nothing-to-credit", "The invoice is credited as far as it goes.".to_owned(), &[])
            }
            IssueError::Changing => changed_meanwhile(),
        }
    }
}
