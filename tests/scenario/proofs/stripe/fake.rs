//! A small Stripe of our own, which does as the real one says that it does: keys are remembered with what was answered to
//! them, a payment intent goes its way, and what is refused is refused in its words.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::SECRET_KEY;
use crate::app::{Stage, serve_at};

type Fields = BTreeMap<String, String>;

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    pub key: Option<String>,
    pub fields: Fields,
}

#[derive(Default)]
struct Books {
    intents: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    /// By the key: what was asked for, and what was answered.
    answered: BTreeMap<String, (String, Fields, u16, Value)>,
    asked: Vec<Asked>,
    /// Of how many further answers whose line ends so the server in front makes something else.
    loses: Vec<&'static str>,
}

#[derive(Clone, Default)]
pub struct Stripe(Arc<Mutex<Books>>);

impl Stripe {
    /// At the address that the hosts of the stage know.
    pub async fn start(stage: &Stage) -> Stripe {
        let stripe = Stripe::default();
        let at = stripe.clone();
        let router = Router::new().fallback(move |request: Request| {
            let at = at.clone();
            async move { at.answer(request).await }
        });
        serve_at(stage.provider_port(), router).await.unwrap();
        stripe
    }

    /// The next answer to a line that ends so is lost, after all is done.
    pub fn loses(&self, end: &'static str) {
        self.0.lock().unwrap().loses.push(end);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().asked.clone()
    }

    /// The lines since the last look.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.drain(..).map(|asked| asked.line).collect()
    }

    /// The intent of a payment of ours.
    pub fn intent(&self, payment: &Value) -> Value {
        let books = self.0.lock().unwrap();
        let of = |intent: &&Value| intent["metadata"]["payment_id"] == payment["id"];
        let all: Vec<&Value> = books.intents.values().filter(of).collect();
        assert!(all.len() < 2, "one for each payment: {all:?}");
        all.first().map_or(Value::Null, |intent| (*intent).clone())
    }

    /// The buyer has acted, well or badly.
    pub fn act(&self, payment: &Value, is_good: bool) {
        let id = self.intent(payment)["id"].as_str().unwrap().to_owned();
        let mut books = self.0.lock().unwrap();
        let intent = books.intents.get_mut(&id).unwrap();
        assert_eq!(intent["status"], "requires_action");
        if is_good { pay(intent) } else { decline(intent, "payment_intent_authentication_failure") }
    }

    /// A refund that had gone well comes back.
    pub fn bounce(&self, refund: &Value) {
        let mut books = self.0.lock().unwrap();
        let of = |one: &&mut Value| one["metadata"]["refund_id"] == refund["id"];
        let found = books.refunds.values_mut().find(of).unwrap();
        (found["status"], found["failure_reason"]) = (json!("failed"), json!("expired_or_canceled_card"));
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 100_000).await.unwrap();
        let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let (path, key) = (parts.uri.path().to_owned(), text("idempotency-key"));
        let line = format!("{} {path}", parts.method);
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let given = form_urlencoded::parse(&body).chain(form_urlencoded::parse(query));
        let fields: Fields = given.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let mut books = self.0.lock().unwrap();
        books.asked.push(Asked { line: line.clone(), key: key.clone(), fields: fields.clone() });
        assert_eq!(text("stripe-version").as_deref(), Some("2026-10-28.endive"));
        if text("authorization") != Some(format!("Bearer {SECRET_KEY}")) {
            return answer(401, &error("invalid_request_error", "api_key_invalid"), false);
        }
        let known = key.as_ref().and_then(|key| books.answered.get(key)).cloned();
        let (status, body, is_replayed) = match known {
            Some((line_then, fields_then, ..)) if (&line_then, &fields_then) != (&line, &fields) => {
                (400, error("idempotency_error", "idempotency_key_reused"), false)
            }
            Some((_, _, status, body)) => (status, body, true),
            None => {
                if line.starts_with("POST") {
                    assert_eq!(text("content-type").as_deref(), Some("application/x-www-form-urlencoded"));
                }
                let (status, body) = books.handle(&line, &fields);
                if let Some(key) = key {
                    books.answered.insert(key, (line.clone(), fields, status, body.clone()));
                }
                (status, body, false)
            }
        };
        if let Some(at) = books.loses.iter().position(|end| line.ends_with(end)) {
            books.loses.remove(at);
            return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::from("<html>")).unwrap();
        }
        answer(status, &body, is_replayed)
    }
}

fn answer(status: u16, body: &Value, is_replayed: bool) -> Response {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if is_replayed {
        response = response.header("idempotent-replayed", "true");
    }
    response.body(Body::from(body.to_string())).unwrap()
}

fn error(kind: &str, code: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": "not ours to tell" } })
}

fn wrong(code: &str) -> (u16, Value) {
    (400, error("invalid_request_error", code))
}

/// Takes the money, or reserves it.
fn pay(intent: &mut Value) {
    let (name, status) = match intent["capture_method"].as_str() {
        Some("manual") => ("amount_capturable", "requires_capture"),
        _ => ("amount_received", "succeeded"),
    };
    (intent[name], intent["status"]) = (intent["amount"].clone(), json!(status));
    (intent["next_action"], intent["last_payment_error"]) = (Value::Null, Value::Null);
}

fn decline(intent: &mut Value, code: &str) {
    intent["status"] = json!("requires_payment_method");
    intent["last_payment_error"] = json!({ "type": "card_error", "code": "card_declined", "decline_code": code });
    intent["next_action"] = Value::Null;
}

impl Books {
    fn handle(&mut self, line: &str, fields: &Fields) -> (u16, Value) {
        let steps: Vec<&str> = line.split(['/', ' ']).filter(|step| !step.is_empty()).collect();
        match steps.as_slice() {
            ["POST", "v1", "payment_intents"] => self.create(fields),
            ["GET", "v1", "payment_intents", id] => match self.intents.get(*id) {
                Some(intent) => (200, intent.clone()),
                None => (404, error("invalid_request_error", "resource_missing")),
            },
            ["POST", "v1", "payment_intents", id, what] => match self.intents.get_mut(*id) {
                Some(intent) => change(intent, what, fields),
                None => (404, error("invalid_request_error", "resource_missing")),
            },
            ["POST", "v1", "refunds"] => self.refund(fields),
            ["GET", "v1", "refunds", id] => (200, self.refunds[*id].clone()),
            ["GET", "v1", "refunds"] => {
                (200, json!({ "object": "list", "data": self.refunds.values().collect::<Vec<_>>() }))
            }
            _ => panic!("Stripe has no {line}"),
        }
    }

    fn create(&mut self, fields: &Fields) -> (u16, Value) {
        let amount: i64 = fields["amount"].parse().unwrap();
        if amount < 50 {
            return wrong("amount_too_small");
        }
        assert_eq!(fields["automatic_payment_methods[enabled]"], "true");
        let id = format!("pi_{:04}", self.intents.len());
        let intent = json!({
            "id": id, "object": "payment_intent", "amount": amount, "amount_received": 0, "amount_capturable": 0,
            "currency": fields["currency"], "capture_method": fields["capture_method"],
            "client_secret": format!("{id}_secret_of_the_buyer"), "status": "requires_payment_method",
            "last_payment_error": null, "next_action": null,
            "metadata": { "payment_id": fields["metadata[payment_id]"] },
            "allow_redirects": fields.get("automatic_payment_methods[allow_redirects]"),
        });
        self.intents.insert(id, intent.clone());
        (200, intent)
    }

    fn refund(&mut self, fields: &Fields) -> (u16, Value) {
        let (intent, amount): (&str, i64) = (&fields["payment_intent"], fields["amount"].parse().unwrap());
        let received = self.intents[intent]["amount_received"].as_i64().unwrap();
        let of = |one: &&Value| one["payment_intent"] == intent && one["status"] != "failed";
        let given: i64 = self.refunds.values().filter(of).map(|one| one["amount"].as_i64().unwrap()).sum();
        if received - given < amount {
            return wrong("charge_already_refunded");
        }
        let id = format!("re_{:04}", self.refunds.len());
        let refund = json!({
            "id": id, "object": "refund", "payment_intent": intent, "amount": amount,
            "status": if amount == 111 { "pending" } else { "succeeded" },
            "metadata": {
                "payment_id": fields["metadata[payment_id]"], "refund_id": fields["metadata[refund_id]"],
            },
        });
        self.refunds.insert(id, refund.clone());
        (200, refund)
    }
}

fn change(intent: &mut Value, what: &str, fields: &Fields) -> (u16, Value) {
    let status = intent["status"].as_str().unwrap().to_owned();
    match (what, status.as_str()) {
        ("confirm", "requires_payment_method") => return confirm(intent, fields),
        ("capture", "requires_capture") => {
            let amount: i64 = fields["amount_to_capture"].parse().unwrap();
            if intent["amount_capturable"].as_i64().unwrap() < amount {
                return wrong("amount_too_large");
            }
            intent["amount_received"] = json!(amount);
            (intent["amount_capturable"], intent["status"]) = (json!(0), json!("succeeded"));
        }
        ("cancel", "requires_payment_method" | "requires_action" | "requires_capture") => {
            (intent["amount_capturable"], intent["status"]) = (json!(0), json!("canceled"));
        }
        _ => return wrong("payment_intent_unexpected_state"),
    }
    (200, intent.clone())
}

fn confirm(intent: &mut Value, fields: &Fields) -> (u16, Value) {
    let token = fields.get("payment_method").or_else(|| fields.get("confirmation_token")).unwrap();
    match token.as_str() {
        "pm_card_visa" | "ctoken_1" => pay(intent),
        "pm_card_chargeDeclinedInsufficientFunds" => {
            decline(intent, "insufficient_funds");
            let mut told = error("card_error", "card_declined");
            told["error"]["decline_code"] = json!("insufficient_funds");
            told["error"]["payment_intent"] = intent.clone();
            return (402, told);
        }
        "pm_card_authenticationRequired" => {
            intent["status"] = json!("requires_action");
            intent["next_action"] = match fields.get("return_url") {
                Some(url) => {
                    let url = format!("https://hooks.stripe.com/3d_secure_2?back={url}");
                    json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url } })
                }
                None => {
                    assert_eq!(fields["use_stripe_sdk"], "true");
                    json!({ "type": "use_stripe_sdk", "use_stripe_sdk": {} })
                }
            };
        }
        "pm_bank" => intent["status"] = json!("processing"),
        _ => return (404, error("invalid_request_error", "resource_missing")),
    }
    (200, intent.clone())
}
