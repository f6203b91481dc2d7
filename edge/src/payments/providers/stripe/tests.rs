//! What cannot be waited for: keys that are a day old, and answers that are broken for good.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use headlesspro_shared::kernel::id::PaymentId;
use headlesspro_shared::kernel::money::Currency;
use http::{Request, Response};
use serde_json::json;

use super::*;
use crate::port::fetch::tenants::TenantFetch;
use crate::port::fetch::{Fetch, FetchError, Limits};

/// Answers in this order, and keeps what it was asked.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<(u16, bool, Value)>>,
    asked: Mutex<Vec<String>>,
}

impl Fetch for Scripted {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        let key = request.headers().get("idempotency-key").map_or("-", |key| key.to_str().unwrap());
        let place = request.uri().path_and_query().unwrap();
        self.asked.lock().unwrap().push(format!("{} {place} {key}", request.method()));
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            let Some((status, is_replayed, body)) = answer else { return Err(FetchError::Timeout(limits.timeout)) };
            let mut response = Response::builder().status(status);
            if is_replayed {
                response = response.header("idempotent-replayed", "true");
            }
            Ok(response.body(Bytes::from(body.to_string())).unwrap())
        })
    }
}

const PAYMENT: [u8; 10] = [7; 10];

fn call() -> Call {
    Call {
        payment: PaymentId::new(Timestamp::from_millis(0), PAYMENT),
        reference: None,
        amount: Money::new(1_000, Currency::EUR),
        captures_later: false,
        return_url: None,
    }
}

fn intent(id: &str, status: &str, received: i64) -> Value {
    json!({
        "id": id, "status": status, "currency": "eur", "amount": 1_000, "amount_received": received,
        "amount_capturable": 0, "metadata": { "payment_id": call().payment },
    })
}

/// What is done at `hour` after the payment was made, with these answers, and what was asked for it.
async fn done<T>(
    hour: i64,
    answers: Vec<(u16, bool, Value)>,
    work: impl AsyncFnOnce(&Stripe<'_>) -> Result<T, NoAnswer>,
) -> (Result<T, NoAnswer>, Vec<String>) {
    let scripted = Arc::new(Scripted { answers: Mutex::new(answers.into()), ..Scripted::default() });
    let fetch = TenantFetch::new(Arc::clone(&scripted) as Arc<dyn Fetch>, "");
    let secret_key = "sk_test_0123456789".to_owned();
    let wire = Wire { fetch: Some(&fetch), url: App::STRIPE_URL, secret_key, spent: None };
    let now = Timestamp::from_millis(hour * 60 * 60 * 1_000);
    let stripe = Stripe { wire, webhook_secret: String::new(), now };
    let done = work(&stripe).await;
    let asked = scripted.asked.lock().unwrap().clone();
    (done, asked)
}

#[tokio::test]
async fn what_was_made_a_day_ago_is_looked_for_before_it_is_made_again() {
    let listed = json!({ "data": [
        intent("pi_1", "requires_payment_method", 0), intent("pi_2", "succeeded", 1_000),
        json!({ "id": "pi_3", "metadata": { "payment_id": "of_another" } }),
    ]});
    let (said, asked) = done(23, vec![(200, false, listed)], async |stripe| stripe.create(&call()).await).await;
    assert_eq!(said.unwrap().reference.as_deref(), Some("pi_2"));
    let query = format!("metadata[%22payment_id%22]%3A%22{}%22", call().payment);
    assert_eq!(asked, [format!("GET /v1/payment_intents/search?query={query} -")]);

    let made = intent("pi_4", "requires_payment_method", 0);
    let answers = vec![(200, false, json!({ "data": [] })), (200, false, made)];
    let (said, asked) = done(23, answers, async |stripe| stripe.create(&call()).await).await;
    assert_eq!((said.unwrap().reference.as_deref(), asked.len()), (Some("pi_4"), 2));
    // Where the list is no list nothing is made.
    let (said, asked) = done(23, vec![(500, false, json!({}))], async |stripe| stripe.create(&call()).await).await;
    assert!(said.is_err() && asked.len() == 1, "{asked:?}");
}

#[tokio::test]
async fn a_refund_of_a_day_ago_is_looked_for_and_never_given_twice() {
    let id = RefundId::new(Timestamp::from_millis(0), [9; 10]);
    let call = Call { reference: Some("pi_1".to_owned()), ..call() };
    let refund = json!({ "id": "re_1", "status": "failed", "failure_reason": "expired_or_canceled_card",
        "metadata": { "refund_id": id } });
    let listed = json!({ "data": [json!({ "id": "re_0", "metadata": {} }), refund] });
    let ask = async |stripe: &Stripe<'_>| stripe.refund(&call, id, 400).await;
    let (said, asked) = done(23, vec![(200, false, listed.clone())], ask).await;
    assert_eq!(said.unwrap().state, RefundState::Failed);
    assert_eq!(asked, ["GET /v1/refunds?payment_intent=pi_1&limit=100 -"]);
    // Nor where the first answer was broken, and is repeated so.
    let broken = || (500, true, json!({}));
    let (said, asked) = done(1, vec![broken(), (200, false, listed)], ask).await;
    assert_eq!((said.unwrap().state, asked.len()), (RefundState::Failed, 2));
    let (said, asked) = done(1, vec![broken(), (200, false, json!({ "data": [] }))], ask).await;
    assert!(said.is_err(), "{asked:?}");
    assert!(asked.iter().filter(|line| line.starts_with("POST")).all(|line| line.ends_with(&id.to_string())));
}

#[tokio::test]
async fn an_answer_that_stays_broken_is_gone_around() {
    let made = intent("pi_1", "requires_payment_method", 0);
    let broken = |is_replayed| (500, is_replayed, json!({}));
    let (said, asked) =
        done(1, vec![broken(true), (200, false, made)], async |stripe| stripe.create(&call()).await).await;
    assert_eq!(said.unwrap().reference.as_deref(), Some("pi_1"));
    assert_eq!(asked[1], format!("POST /v1/payment_intents {}-2", call().payment));
    // The first time nobody knows whether it is.
    let (said, asked) = done(1, vec![broken(false)], async |stripe| stripe.create(&call()).await).await;
    assert!(said.is_err() && asked.len() == 1, "{asked:?}");
    // The merchant captures by hand by now: what was asked for counts, and is as it stands by now.
    let other = (400, false, json!({ "error": { "type": "idempotency_error" } }));
    let paid = json!({ "data": [intent("pi_1", "succeeded", 1_000)] });
    let (said, asked) =
        done(1, vec![other.clone(), (200, false, paid)], async |stripe| stripe.create(&call()).await).await;
    assert_eq!(said.unwrap().report.standing, Standing::Captured);
    assert!(asked[1].starts_with("GET /v1/payment_intents/search?"), "{asked:?}");
    let none = json!({ "data": [] });
    let (said, _) = done(1, vec![other, (200, false, none)], async |stripe| stripe.create(&call()).await).await;
    assert!(said.is_err(), "it is there, and is found later");
}

#[tokio::test]
async fn whoever_is_not_known_has_not_been_refused() {
    for status in [401, 403, 404, 409, 429, 500, 503] {
        let answer = (status, false, json!({ "error": { "type": "invalid_request_error", "code": "some_code" } }));
        let (said, _) = done(1, vec![answer], async |stripe| stripe.create(&call()).await).await;
        assert_eq!(said, Err(NoAnswer(format!("Stripe answers {status} some_code"))));
    }
    let (said, _) = done(1, vec![], async |stripe| stripe.create(&call()).await).await;
    assert_eq!(said, Err(NoAnswer("Stripe does not answer in time".to_owned())));
    let answer = (400, false, json!({ "error": { "type": "invalid_request_error", "code": "amount_too_small" } }));
    let (said, _) = done(1, vec![answer], async |stripe| stripe.create(&call()).await).await;
    let said = said.unwrap();
    assert_eq!((said.reference, said.report.standing), (None, Standing::Cancelled));
    // What Stripe cannot be asked for is not asked for.
    let dear = Call { amount: Money::new(500, Currency::UGX), ..call() };
    let (said, asked) = done(1, vec![], async |stripe| stripe.create(&dear).await).await;
    assert_eq!((said.unwrap().report.standing, asked.len()), (Standing::Cancelled, 0));
}
