//! What Stripe answers, which is believed as far as it makes sense.

use headlesspro_shared::kernel::id::RefundId;
use headlesspro_shared::payments::{RefundState, Report, Standing, to_us};
use serde_json::Value;

use crate::payments::providers::{BuyerAction, Call, NoAnswer, RefundSaid, Said, Told};

/// Of an id, or a word.
const LONGEST_WORD: usize = 255;

/// Of a URL, or a client secret.
const LONGEST_TEXT: usize = 4_000;

fn bad(what: &str) -> NoAnswer {
    NoAnswer(format!("Stripe's answer makes no sense: {what}"))
}

/// Ids, types and codes: letters, digits, `_`, `.` and `-`.
pub fn word(value: &Value) -> Option<String> {
    let is_word = |text: &&str| {
        (1..=LONGEST_WORD).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    value.as_str().filter(is_word).map(str::to_owned)
}

fn word_at(body: &Value, path: &str) -> Option<String> {
    body.pointer(path).and_then(word)
}

fn text_at<'a>(body: &'a Value, path: &str) -> Option<&'a str> {
    let is_fit = |text: &&str| text.len() <= LONGEST_TEXT && text.bytes().all(|byte| byte.is_ascii_graphic());
    body.pointer(path).and_then(Value::as_str).filter(is_fit)
}

/// What it says of the payment of a call.
///
/// # Errors
/// [`NoAnswer`] where it is no payment intent, or another payment's.
pub fn intent(body: &Value, call: &Call) -> Result<Said, NoAnswer> {
    let reference = word_at(body, "/id").filter(|id| id.starts_with("pi_")).ok_or_else(|| bad("no payment intent"))?;
    let is_ours = match &call.reference {
        Some(known) => *known == reference,
        None => is_of(body, call),
    };
    if !is_ours {
        return Err(bad("another payment"));
    }
    let currency = call.amount.currency();
    if !text_at(body, "/currency").is_some_and(|code| code.eq_ignore_ascii_case(currency.code())) {
        return Err(bad("another currency"));
    }
    let sum = |name: &str| {
        let amount = body.get(name).and_then(Value::as_i64).filter(|amount| 0 <= *amount);
        amount.and_then(|amount| to_us(amount, currency)).ok_or_else(|| bad(name))
    };
    let (amount, received) = (sum("amount")?, sum("amount_received")?);
    let failure = body.get("last_payment_error").filter(|error| error.is_object());
    let standing = match text_at(body, "/status") {
        Some("requires_payment_method") if failure.is_some() => Standing::Declined,
        Some("requires_payment_method" | "requires_confirmation") => Standing::Open,
        Some("requires_action") => Standing::ActionRequired,
        Some("processing") => Standing::Processing,
        Some("requires_capture") => Standing::Authorized,
        Some("succeeded") => Standing::Captured,
        Some("canceled") => Standing::Cancelled,
        _ => return Err(bad("an unknown status")),
    };
    let (authorized, captured) = match standing {
        Standing::Authorized => (sum("amount_capturable")?, 0),
        Standing::Captured => (received, received),
        _ => (0, 0),
    };
    let declined = failure.filter(|_| standing == Standing::Declined);
    let code = |error| word_at(error, "/decline_code").or_else(|| word_at(error, "/code"));
    Ok(Said {
        reference: Some(reference),
        report: Report { standing, amount, authorized, captured },
        action: action(body).filter(|_| standing == Standing::ActionRequired),
        declined_for: declined.map(|error| code(error).unwrap_or_else(|| "declined".to_owned())),
    })
}

/// Whether it was made for the payment of a call.
pub fn is_of(body: &Value, call: &Call) -> bool {
    text_at(body, "/metadata/payment_id").is_some_and(|id| id == call.payment.to_string())
}

/// Where the buyer is sent, or what the shop's page goes on with.
fn action(body: &Value) -> Option<BuyerAction> {
    let url = text_at(body, "/next_action/redirect_to_url/url").filter(|url| url.starts_with("https://"));
    let url = url.map(|url| BuyerAction::Url(url.to_owned()));
    url.or_else(|| text_at(body, "/client_secret").map(|secret| BuyerAction::ClientSecret(secret.to_owned())))
}

/// What it says of a refund.
///
/// # Errors
/// [`NoAnswer`] where it is none, or another one.
pub fn refund(body: &Value, id: RefundId) -> Result<RefundSaid, NoAnswer> {
    let reference = word_at(body, "/id").ok_or_else(|| bad("no refund"))?;
    if !is_refund(body, id) {
        return Err(bad("another refund"));
    }
    let state = match text_at(body, "/status") {
        Some("succeeded") => RefundState::Succeeded,
        Some("pending" | "requires_action") => RefundState::Pending,
        Some("failed" | "canceled") => RefundState::Failed,
        _ => return Err(bad("an unknown status")),
    };
    let failed_for = (state == RefundState::Failed)
        .then(|| word_at(body, "/failure_reason").or_else(|| word_at(body, "/status")))
        .flatten();
    Ok(RefundSaid { state, reference: Some(reference), failed_for })
}

pub fn is_refund(body: &Value, id: RefundId) -> bool {
    text_at(body, "/metadata/refund_id").is_some_and(|of| of == id.to_string())
}

/// What an event tells, and of what: intents, charges and refunds have our ids among their metadata. `None`: no event.
pub fn event(body: &Value) -> Option<Told> {
    let of = |name: &str| text_at(body, &format!("/data/object/metadata/{name}"));
    Some(Told {
        event: word_at(body, "/id")?,
        name: word_at(body, "/type")?,
        payment: of("payment_id").and_then(|id| id.parse().ok()),
        refund: of("refund_id").and_then(|id| id.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use headlesspro_shared::kernel::id::PaymentId;
    use headlesspro_shared::kernel::money::{Currency, Money};
    use headlesspro_shared::kernel::time::Timestamp;
    use serde_json::json;

    use super::*;

    fn call(reference: Option<&str>, amount: Money) -> Call {
        Call {
            payment: PaymentId::new(Timestamp::from_millis(1), [7; 10]),
            reference: reference.map(str::to_owned),
            amount,
            captures_later: false,
            return_url: None,
        }
    }

    fn answer(status: &str) -> Value {
        let payment = call(None, Money::new(0, Currency::EUR)).payment;
        json!({
            "id": "pi_1", "status": status, "currency": "eur", "amount": 1_000, "amount_received": 0,
            "amount_capturable": 0, "metadata": { "payment_id": payment }, "client_secret": "pi_1_secret_2",
        })
    }

    fn with(mut body: Value, changes: &Value) -> Value {
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    #[test]
    fn each_status_is_where_a_payment_stands() {
        let call = call(None, Money::new(1_000, Currency::EUR));
        for (status, more, standing, sums) in [
            ("requires_payment_method", json!({}), Standing::Open, (0, 0)),
            ("requires_payment_method", json!({ "last_payment_error": {} }), Standing::Declined, (0, 0)),
            ("requires_confirmation", json!({}), Standing::Open, (0, 0)),
            ("requires_action", json!({}), Standing::ActionRequired, (0, 0)),
            ("processing", json!({}), Standing::Processing, (0, 0)),
            ("requires_capture", json!({ "amount_capturable": 1_000 }), Standing::Authorized, (1_000, 0)),
            ("succeeded", json!({ "amount_received": 1_000 }), Standing::Captured, (1_000, 1_000)),
            ("succeeded", json!({ "amount_received": 700 }), Standing::Captured, (700, 700)),
            ("canceled", json!({}), Standing::Cancelled, (0, 0)),
        ] {
            let said = intent(&with(answer(status), &more), &call).unwrap();
            let report = Report { standing, amount: 1_000, authorized: sums.0, captured: sums.1 };
            assert_eq!(said.report, report, "{status} {more}");
            assert_eq!(said.reference.as_deref(), Some("pi_1"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_answer() {
        let euros = Money::new(1_000, Currency::EUR);
        let long = "p".repeat(256);
        for (reference, changes) in [
            (None, json!({ "status": "unheard_of" })),
            (None, json!({ "status": 7 })),
            (None, json!({ "currency": "usd" })),
            (None, json!({ "currency": null })),
            (None, json!({ "amount": "1000" })),
            (None, json!({ "amount": 1_000.5 })),
            (None, json!({ "amount_received": -1 })),
            (None, json!({ "amount": 18_446_744_073_709_551_615_u64 })),
            (None, json!({ "metadata": { "payment_id": "pay_of_somebody_else" } })),
            (None, json!({ "metadata": null })),
            (None, json!({ "id": "../refunds" })),
            (None, json!({ "id": "pi_/../refunds" })),
            (None, json!({ "id": format!("pi_{long}") })),
            (None, json!({ "id": "ch_1" })),
            (Some("pi_2"), json!({})),
        ] {
            let body = with(answer("succeeded"), &changes);
            assert!(intent(&body, &call(reference, euros)).is_err(), "{body}");
        }
        for body in [Value::Null, json!([]), json!("pi_1"), json!({})] {
            assert!(intent(&body, &call(None, euros)).is_err(), "{body}");
            assert!(refund(&body, RefundId::new(Timestamp::from_millis(1), [7; 10])).is_err(), "{body}");
            assert_eq!(event(&body), None);
        }
        // Its name is known: what somebody has written among its metadata does not matter any more.
        assert!(intent(&with(answer("succeeded"), &json!({ "metadata": {} })), &call(Some("pi_1"), euros)).is_ok());
    }

    #[test]
    fn the_buyer_is_sent_by_https_or_goes_on_in_the_shop() {
        let call = call(None, Money::new(1_000, Currency::EUR));
        let secret = Some(BuyerAction::ClientSecret("pi_1_secret_2".to_owned()));
        let to = |url: &str| json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url } });
        for (next, expected) in [
            (to("https://hooks.stripe.com/3ds"), Some(BuyerAction::Url("https://hooks.stripe.com/3ds".to_owned()))),
            (to("javascript:alert(1)"), secret.clone()),
            (to("http://hooks.stripe.com/3ds"), secret.clone()),
            (to(&format!("https://{}", "a".repeat(LONGEST_TEXT))), secret.clone()),
            (json!({ "type": "use_stripe_sdk" }), secret),
        ] {
            let said = intent(&with(answer("requires_action"), &json!({ "next_action": next })), &call).unwrap();
            assert_eq!(said.action, expected, "{next}");
        }
        assert_eq!(intent(&answer("succeeded"), &call).unwrap().action, None);
    }

    /// Source: `tests/cases/currency_exponents.json` by way of [`to_us`].
    #[test]
    fn amounts_are_counted_as_stripe_counts_them() {
        for (minor, currency, theirs) in [
            (500, Currency::JPY, 500),
            (500, Currency::ISK, 50_000),
            (1_000, Currency::MGA, 10),
            (5_120, Currency::KWD, 5_120),
        ] {
            let call = call(None, Money::new(minor, currency));
            let changes = json!({ "currency": currency.code().to_ascii_lowercase(), "amount": theirs,
                "amount_received": theirs });
            let said = intent(&with(answer("succeeded"), &changes), &call).unwrap();
            assert_eq!((said.report.amount, said.report.captured), (minor, minor), "{currency}");
        }
        let half = json!({ "currency": "isk", "amount": 150, "amount_received": 0 });
        let isk = call(None, Money::new(100, Currency::ISK));
        assert!(intent(&with(answer("processing"), &half), &isk).is_err());
    }

    #[test]
    fn why_a_card_was_declined_is_a_word() {
        let call = call(None, Money::new(1_000, Currency::EUR));
        for (error, word) in [
            (json!({ "code": "card_declined", "decline_code": "insufficient_funds" }), "insufficient_funds"),
            (json!({ "code": "expired_card" }), "expired_card"),
            (json!({ "code": "<script>" }), "declined"),
            (json!({}), "declined"),
        ] {
            let body = with(answer("requires_payment_method"), &json!({ "last_payment_error": error }));
            assert_eq!(intent(&body, &call).unwrap().declined_for.as_deref(), Some(word));
        }
    }

    #[test]
    fn refunds_and_events_are_known_by_our_ids() {
        let id = RefundId::new(Timestamp::from_millis(1), [7; 10]);
        let body = |status: &str| json!({ "id": "re_1", "status": status, "metadata": { "refund_id": id } });
        for (status, state) in [
            ("succeeded", RefundState::Succeeded),
            ("pending", RefundState::Pending),
            ("requires_action", RefundState::Pending),
            ("failed", RefundState::Failed),
            ("canceled", RefundState::Failed),
        ] {
            assert_eq!(refund(&body(status), id).unwrap().state, state, "{status}");
        }
        assert!(refund(&body("else"), id).is_err());
        assert!(refund(&body("succeeded"), RefundId::new(Timestamp::from_millis(2), [7; 10])).is_err());
        let told = event(&json!({ "id": "evt_1", "type": "refund.failed", "data": { "object": body("failed") } }));
        assert_eq!(told.map(|told| (told.payment, told.refund)), Some((None, Some(id))));
        assert_eq!(event(&json!({ "id": "evt_1" })), None);
    }
}
