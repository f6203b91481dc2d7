//! The operations of invoices, for the OpenAPI document.

use headlesspro_shared::identity::Scope;
use headlesspro_shared::kernel::id::{InvoiceId, InvoiceKind, OrderKind, OrderLineKind, RefundKind};
use http::Method;
use serde_json::{Value, json};

use super::http::{
    InvoiceBody, InvoicesBody, IssueCreditNoteBody, IssueInvoiceBody, OfOrderBody, ReplaceSettingsBody, SettingsBody,
};
use super::issuing::IssueError;
use super::settings::SettingsError;
use crate::catalog::query_problems;
use crate::openapi::{
    AllowedActions, Answer, Budget, Cache, Header, Operation, Parameter, RequestBody, address_answer, id, idempotency,
    if_match, json_body, money, not_found, of, time,
};

const TAG: &str = "Invoices";
const OF_ORDER: &str = "/api/v1/orders/{id}/invoices";

pub fn operations() -> Vec<Operation> {
    vec![
        show_settings(),
        replace_settings(),
        list(),
        find(),
        as_html(),
        as_pdf(),
        of_order(),
        issue_invoice(),
        issue_credit_note(),
    ]
}

fn operation(method: Method, path: &'static str, id: &'static str, scope: Scope) -> Operation {
    Operation::managed((method, path), id, TAG, scope, [Budget::new(1, 2, 0), Budget::growing(2, 0)])
        .cache(Cache::Personal)
}

fn show_settings() -> Operation {
    operation(Method::GET, "/api/v1/invoice-settings", "getInvoiceSettings", Scope::OrdersRead)
        .says("Shows how the store writes its invoices", "Without them nothing is written down.")
        .answer(settings_answer())
}

fn replace_settings() -> Operation {
    operation(Method::PUT, "/api/v1/invoice-settings", "replaceInvoiceSettings", Scope::OrdersWrite)
        .says(
            "Replaces how the store writes its invoices",
            "For those to come: what is written down stays as it is. Numbers count within a series, without gaps; another \
             `series`, or with `{year}` another year, begins at `first`.",
        )
        .parameters([Parameter::if_match()])
        .body(RequestBody::json::<ReplaceSettingsBody>("All of it.").example("shop", "A shop in Berlin", settings()))
        .answer(settings_answer())
        .problems(json_body())
        .problems(if_match(SettingsError::VersionMismatch { current: 8 }))
        .problems(vec![
            of(SettingsError::Changing, "Somebody else is changing the same.").with::<AllowedActions>(),
        ])
}

fn list() -> Operation {
    operation(Method::GET, "/api/v1/invoices", "listInvoices", Scope::OrdersRead)
        .says("Lists a store's invoices and credit notes", "The oldest first, as books are kept.")
        .parameters(Parameter::page())
        .answer(Answer::json::<InvoicesBody>(200, "A page of them.").headers([Header::Link]).example(
            "one",
            "One invoice",
            json!({ "items": [invoice()], "nextCursor": null }),
        ))
        .problems(query_problems())
}

fn find() -> Operation {
    operation(Method::GET, "/api/v1/invoices/{id}", "getInvoice", Scope::OrdersRead)
        .says("Shows an invoice or a credit note", "As it was written down.")
        .parameters([which()])
        .answer(answer(200))
        .problems(not_found())
}

fn as_html() -> Operation {
    let page = Answer::text(200, "text/html", "A page that stands by itself.");
    operation(Method::GET, "/api/v1/invoices/{id}/html", "getInvoiceHtml", Scope::OrdersRead)
        .says(
            "Shows an invoice or a credit note as a page",
            "To look at, to print and to send: nothing in it is loaded.",
        )
        .parameters([which()])
        .answer(page.example("page", "Its first line", "<!doctype html>".into()))
        .problems(not_found())
}

fn as_pdf() -> Operation {
    let pages = Answer::text(200, "application/pdf", "The file.");
    operation(Method::GET, "/api/v1/invoices/{id}/pdf", "getInvoicePdf", Scope::OrdersRead)
        .says(
            "Shows an invoice or a credit note as PDF",
            "On A4, without embedded fonts. What is written from right to left is better read as HTML.",
        )
        .parameters([which()])
        .answer(pages.example("file", "Its first line", "%PDF-1.7".into()))
        .problems(not_found())
}

fn of_order() -> Operation {
    operation(Method::GET, OF_ORDER, "listInvoicesOfOrder", Scope::OrdersRead)
        .says("Lists an order's invoice and credit notes", "The oldest first.")
        .parameters([of_which()])
        .answer(Answer::json::<OfOrderBody>(200, "All of them.").example(
            "one",
            "One invoice",
            json!({ "items": [invoice()] }),
        ))
        .problems(not_found())
}

fn issue_invoice() -> Operation {
    issuing(OF_ORDER, "issueInvoice")
        .says(
            "Writes down an order's invoice",
            "Once, under the next number of its series, from the order as it was placed. Tells `invoice.issued`. Whoever wants \
             one for each order listens to `order.confirmed`.",
        )
        .body(RequestBody::json::<IssueInvoiceBody>("Nothing.").example("none", "Nothing", json!({})))
        .problems(vec![
            of(IssueError::NotInvoiceable { state: "pending".to_owned() }, "It is not decided yet, or called off.")
                .with::<AllowedActions>(),
        ])
}

fn issue_credit_note() -> Operation {
    issuing("/api/v1/orders/{id}/credit-notes", "issueCreditNote")
        .says(
            "Writes down a credit note of an order's invoice",
            "Of what a refund has given back, with the taxes that fall to it, or of all that is left. All credit notes of an \
             invoice come to no more than it does. Tells `credit_note.issued`.",
        )
        .body(
            RequestBody::json::<IssueCreditNoteBody>("Of what.")
                .example("refund", "Of a refund", json!({ "refundId": id::<RefundKind>(1).to_string() }))
                .example("all", "Of all that is left", json!({ "reason": "The order was called off" })),
        )
        .problems(vec![
            of(IssueError::NotInvoiced, "There is no invoice.").with::<AllowedActions>(),
            of(IssueError::NotGivenBack { state: "pending" }, "The refund is not through.").with::<AllowedActions>(),
            of(IssueError::NothingLeft, "The invoice is credited as far as it goes.").with::<AllowedActions>(),
        ])
}

/// Members of a refusal of a second one.
#[derive(serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InvoiceExists")]
struct ExistsBody {
    allowed_actions: Vec<String>,
    #[schemars(with = "crate::wire::IdText<InvoiceKind>")]
    invoice_id: String,
}

fn issuing(path: &'static str, name: &'static str) -> Operation {
    let exists: InvoiceId = id::<InvoiceKind>(1);
    operation(Method::POST, path, name, Scope::OrdersWrite)
        .parameters([of_which(), Parameter::idempotency_key(true)])
        .answer(answer(201).headers([Header::Location, Header::IdempotentReplayed]))
        .problems(json_body())
        .problems(idempotency())
        .problems(not_found())
        .problems(vec![
            of(IssueError::NoSettings, "Nobody has said who sells.").with::<AllowedActions>(),
            of(IssueError::Exists(exists), "It is written down already.").with::<ExistsBody>(),
            of(IssueError::Changing, "Others are writing down the same.").with::<AllowedActions>(),
        ])
}

fn which() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^invc_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The invoice's or credit note's id.", schema, id::<InvoiceKind>(1).to_string())
}

fn of_which() -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$" });
    Parameter::path("id", "The order's id.", schema, id::<OrderKind>(1).to_string())
}

fn seller() -> Value {
    json!({
        "name": "Nordic Camping GmbH",
        "address": ["Torstraße 1", "10119 Berlin", "Germany"],
        "taxId": "DE123456789",
        "email": "invoices@example.com",
    })
}

fn settings() -> Value {
    json!({
        "seller": seller(),
        "language": "de",
        "invoices": { "series": "R{year}-", "digits": 5, "first": 1 },
        "creditNotes": { "series": "K{year}-", "digits": 5, "first": 1 },
        "footer": "Geschäftsführung: Grace Hopper. HRB 12345 B, Amtsgericht Charlottenburg.",
    })
}

fn settings_answer() -> Answer {
    let mut shown = settings();
    if let Some(members) = shown.as_object_mut() {
        members.insert("version".to_owned(), json!(1));
        members.insert("updatedAt".to_owned(), json!(time(0)));
    }
    let none = json!({
        "seller": null, "language": null, "invoices": null, "creditNotes": null, "footer": null, "version": 0,
        "updatedAt": null,
    });
    Answer::json::<SettingsBody>(200, "The settings.")
        .headers([Header::Etag])
        .example("shop", "A shop in Berlin", shown)
        .example("none", "None yet", none)
}

fn answer(status: u16) -> Answer {
    Answer::json::<InvoiceBody>(status, "The document.").example("invoice", "Two tents", invoice())
}

fn invoice() -> Value {
    let vat = json!({ "name": "VAT", "ppm": 190_000, "net": money(30_000), "tax": money(5_700) });
    json!({
        "id": id::<InvoiceKind>(1).to_string(),
        "kind": "invoice",
        "number": "R2026-00001",
        "orderId": id::<OrderKind>(1).to_string(),
        "orderNumber": 1001,
        "issuedAt": time(30),
        "placedAt": time(25),
        "language": "de",
        "seller": seller(),
        "buyer": address_answer(),
        "email": "grace@example.com",
        "items": [{
            "lineId": id::<OrderLineKind>(1).to_string(),
            "title": "Tunnel Tent 2",
            "detail": "Moss, TT2-MOSS",
            "quantity": 2,
            "unitPrice": money(17_850),
            "discount": money(0),
            "net": money(30_000),
            "taxes": [vat],
            "total": money(35_700),
        }],
        "taxes": [vat],
        "net": money(30_000),
        "tax": money(5_700),
        "total": money(35_700),
        "taxIncluded": true,
        "tenders": [{ "method": "on-account", "amount": money(35_700) }],
    })
}
