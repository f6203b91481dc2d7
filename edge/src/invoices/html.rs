//! A document as a page, which stands by itself: no script, no picture, nothing that is loaded.

use std::fmt::Write;

use headlesspro_shared::invoices::{Document, Item};

use super::drawing::Personal;
use super::words::{Words, day};
use crate::wire::AddressBody;

const STYLE: &str = "body{font:14px/1.45 sans-serif;color:#111;max-width:50em;margin:2em auto;padding:0 1em}\
h1{font-size:1.6em}header,footer{color:#444}table{width:100%;border-collapse:collapse;margin:1.5em 0}\
th,td{text-align:left;padding:.35em .5em .35em 0;border-bottom:1px solid #ddd;vertical-align:top}\
.n{text-align:right;white-space:nowrap}small{color:#555}tfoot td{border:0}.t td{font-weight:bold}\
address{font-style:normal;white-space:pre-line;margin:1em 0}";

/// The whole page, in UTF-8.
pub fn render(document: &Document, personal: &Personal) -> String {
    let words = Words::of(document.language);
    let title = escaped(&words.title(document));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
         <body>\n",
        document.language.name()
    );
    let seller = &document.seller;
    let mut from = vec![seller.name.clone()];
    from.extend(seller.address.iter().cloned());
    from.extend(seller.tax_id.iter().map(|id| format!("{}: {id}", words.tax_id)));
    from.extend(seller.email.iter().cloned());
    put(&mut page, format_args!("<header><address>{}</address></header>\n", escaped(&from.join("\n"))));
    put(
        &mut page,
        format_args!("<address>{}</address>\n<h1>{title}</h1>\n<p>", escaped(&lines(&personal.buyer).join("\n"))),
    );
    for (at, (name, value)) in facts(document, personal).into_iter().enumerate() {
        let br = if at == 0 { "" } else { "<br>\n" };
        put(&mut page, format_args!("{br}{}: {}", escaped(name), escaped(&value)));
    }
    put(
        &mut page,
        format_args!(
            "</p>\n<table><thead><tr><th>{}</th><th class=\"n\">{}</th><th class=\"n\">{}</th><th class=\"n\">{}</th></tr></thead>\n<tbody>\n",
            words.item, words.quantity, words.unit_price, words.amount
        ),
    );
    for item in &document.items {
        put_item(&mut page, words, document, item);
    }
    page.push_str("</tbody>\n<tfoot>\n");
    for (name, amount, is_total) in sums(words, document) {
        let class = if is_total { " class=\"t\"" } else { "" };
        put(
            &mut page,
            format_args!(
                "<tr{class}><td colspan=\"3\">{}</td><td class=\"n\">{}</td></tr>\n",
                escaped(&name),
                escaped(&amount)
            ),
        );
    }
    page.push_str("</tfoot></table>\n");
    for note in notes(words, document) {
        put(&mut page, format_args!("<p>{}</p>\n", escaped(&note)));
    }
    if let Some(footer) = &document.footer {
        put(&mut page, format_args!("<footer>{}</footer>\n", escaped(footer)));
    }
    page.push_str("</body></html>\n");
    page
}

fn put_item(page: &mut String, words: &Words, document: &Document, item: &Item) {
    let small = below(words, document, item);
    let small = if small.is_empty() { String::new() } else { format!("<br><small>{}</small>", escaped(&small)) };
    let quantity = if item.quantity == 0 { String::new() } else { item.quantity.to_string() };
    let price = if item.quantity == 0 { String::new() } else { words.money(item.unit_price, document) };
    put(
        page,
        format_args!(
            "<tr><td>{}{small}</td><td class=\"n\">{quantity}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            escaped(&item.title),
            escaped(&price),
            escaped(&words.money(item.gross, document))
        ),
    );
}

/// What stands below an item's title.
pub fn below(words: &Words, document: &Document, item: &Item) -> String {
    let discount = (item.discount != 0).then(|| format!("{} {}", words.discount, words.money(item.discount, document)));
    let taxes = item.taxes.iter().map(|tax| format!("{} {}", tax.name, words.percent(tax.ppm)));
    let detail = Some(item.detail.clone()).filter(|detail| !detail.is_empty());
    detail.into_iter().chain(discount).chain(taxes).collect::<Vec<_>>().join(" · ")
}

/// What is said of the document itself.
pub fn facts(document: &Document, personal: &Personal) -> Vec<(&'static str, String)> {
    let of = Words::of(document.language);
    let mut facts = vec![
        (of.date, day(document.issued_at)),
        (of.order, document.order_number.to_string()),
        (of.ordered, day(document.placed_at)),
    ];
    facts.extend(document.credits.iter().map(|number| (of.credits, number.clone())));
    facts.extend(document.reason.iter().map(|reason| (of.reason, reason.clone())));
    facts.extend(personal.ships_to.iter().map(|address| (of.ships_to, lines(address).join(", "))));
    facts.extend(personal.exempt_by.iter().map(|number| (of.exempt_by, number.clone())));
    facts
}

/// The sums below the items, with what has paid them; whether each is the total.
pub fn sums(words: &Words, document: &Document) -> Vec<(String, String, bool)> {
    let money = |minor| words.money(minor, document);
    let mut sums = Vec::new();
    if !document.taxes.is_empty() {
        sums.push((words.net.to_owned(), money(document.net), false));
        sums.extend(document.taxes.iter().map(|tax| (words.tax(tax, document), money(tax.tax), false)));
    }
    sums.push((words.total.to_owned(), money(document.gross), true));
    let tenders = document.tenders.iter();
    sums.extend(tenders.map(|of| (format!("{} {}", words.paid_by, words.tender(&of.method)), money(of.amount), false)));
    sums
}

/// What is said below.
pub fn notes(words: &Words, document: &Document) -> Vec<String> {
    let includes = document.tax_included && !document.taxes.is_empty();
    includes.then(|| words.includes_tax.to_owned()).into_iter().collect()
}

/// An address as it stands on an envelope.
pub fn lines(address: &AddressBody) -> Vec<String> {
    let AddressBody { name, company, line1, line2, city, region, postal_code, country_code, .. } = address;
    let place = [postal_code, city, region].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let above = [company, name, line1, line2].into_iter().flatten().cloned();
    above.chain(Some(place).filter(|place| !place.is_empty())).chain(country_code.clone()).collect()
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _written = page.write_fmt(text);
}

/// As text and inside quotes, whatever it is.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            character => safe.push(character),
        }
    }
    safe
}
