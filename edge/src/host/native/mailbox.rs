//! Mail on a developer's machine: shown in the terminal and at `/dev/mailbox`, sent to nobody.
//!
//! Both show what is in the mails, links with their secrets included, and so exist in `hp dev` alone, which
//! listens on loopback. No host of a deployment has either. `wrangler dev` and `spin up` beside `hp dev` hand
//! their mails to the same mailbox, through an endpoint that takes what
//! [`HttpMailer`](crate::port::mailer::http::HttpMailer) sends.

use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use headlesspro_shared::kernel::email::Email;
use headlesspro_shared::notifications::escape;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::port::BoxFuture;
use crate::port::mailer::memory::Mailbox;
use crate::port::mailer::{Mail, MailError, Mailer};

/// Where the mailbox is shown.
pub const PATH: &str = "/dev/mailbox";

/// Where mails are handed over, on the port of the database and Redis.
pub const PROVIDER_PATH: &str = "/dev/mail";

/// No script, no image, no style sheet from anywhere: a mail is shown, not run.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");

/// Writes each mail to the terminal and keeps it.
pub struct ConsoleMailer(pub Arc<Mailbox>);

impl Mailer for ConsoleMailer {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        // A terminal would obey control characters.
        let text: String =
            mail.text.chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter }).collect();
        let shown = format!("\nmail to {}: {}\n  | {}\n", mail.to, mail.subject, text.replace('\n', "\n  | "));
        // The mailbox has it too, should the terminal be gone.
        let _closed = std::io::stdout().lock().write_all(shown.as_bytes());
        self.0.send(mail)
    }
}

/// The mailbox's page, beside `api` and outside of its layers: the API lets pages of any origin read its answers.
pub fn beside(api: Router, mailbox: Arc<Mailbox>) -> Router {
    let page = Router::new().route(PATH, get(show)).layer(from_fn(loopback_only)).with_state(mailbox);
    page.fallback_service(api)
}

/// A mail provider for whoever has `token`, in the form of [`HttpMailer`](crate::port::mailer::http::HttpMailer).
pub fn provider(mailer: Arc<dyn Mailer>, token: &str) -> Router {
    // Digests are of one length, so that their comparison tells nothing about the token's.
    let provider = Provider { mailer, token: Sha256::digest(token).into() };
    Router::new().route(PROVIDER_PATH, post(take)).with_state(Arc::new(provider))
}

struct Provider {
    mailer: Arc<dyn Mailer>,
    token: [u8; 32],
}

#[derive(Deserialize)]
struct Handed {
    to: Email,
    subject: String,
    text: String,
    html: String,
}

async fn take(State(provider): State<Arc<Provider>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = text("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if !bool::from(<[u8; 32]>::from(Sha256::digest(token)).ct_eq(&provider.token)) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(Handed { to, subject, text: plain, html }) = serde_json::from_slice(&body) else {
        return StatusCode::UNPROCESSABLE_ENTITY;
    };
    let mail = Mail { id: text("idempotency-key").to_owned(), to, subject, text: plain, html };
    match provider.mailer.send(mail).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A page of another site that made its own name point to this machine sends that name.
async fn loopback_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or(request.uri().host());
    if host.is_some_and(is_loopback) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "The mailbox is shown at localhost only.").into_response()
    }
}

/// Whether `name` or `name:port` means this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn show(State(mailbox): State<Arc<Mailbox>>, headers: HeaderMap) -> Response {
    let mails = mailbox.mails();
    let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (kind, body) = if accepts.contains("application/json") {
        ("application/json", json!({ "items": mails.iter().map(as_json).collect::<Vec<Value>>() }).to_string())
    } else {
        ("text/html; charset=utf-8", page(&mails))
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    (headers, body).into_response()
}

fn as_json(mail: &Mail) -> Value {
    json!({
        "id": mail.id,
        "to": mail.to.as_str(),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    })
}

fn page(mails: &[Mail]) -> String {
    let items: String = mails.iter().map(item).collect();
    let items = if items.is_empty() { "<p>No mail yet.</p>".to_owned() } else { items };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Mailbox</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{font:16px/1.5 sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem}}\
         article{{border:1px solid #ccc;border-radius:8px;margin:1rem 0;padding:1rem}}h2{{font-size:1.1rem;margin:0}}\
         pre{{white-space:pre-wrap;overflow-wrap:anywhere}}iframe{{border:1px solid #ccc;height:26rem;width:100%}}\
         </style>\n</head>\n<body>\n<h1>Mailbox</h1>\n<p>What <code>hp dev</code> would have sent, newest first. \
         Nothing leaves this machine.</p>\n{items}\n</body>\n</html>\n"
    )
}

/// The HTML stands in a frame that may run and load nothing, and have no links followed in this page.
fn item(mail: &Mail) -> String {
    let (to, subject, html) = (escape(mail.to.as_str()), escape(&mail.subject), escape(&mail.html));
    let text: Vec<String> = mail.text.lines().map(linked).collect();
    format!(
        "<article>\n<h2>{subject}</h2>\n<p>to {to}</p>\n<pre>{}</pre>\n<details><summary>HTML</summary>\
         <iframe sandbox title=\"HTML of the mail\" srcdoc=\"{html}\"></iframe></details>\n</article>\n",
        text.join("\n")
    )
}

/// A line that is a link can be followed.
fn linked(line: &str) -> String {
    let text = escape(line);
    let is_link = (line.starts_with("https://") || line.starts_with("http://")) && !line.contains(char::is_whitespace);
    if is_link { format!("<a href=\"{text}\" rel=\"noreferrer\">{text}</a>") } else { text }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;

    async fn mailbox() -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        let mail = Mail {
            id: "mail_1".to_owned(),
            to: "ada@example.com".parse().unwrap(),
            subject: "Welcome <script>".to_owned(),
            text: "Log in:\nhttp://localhost:3000/login#token=1\njavascript:alert(1)".to_owned(),
            html: "<p onclick=\"alert('x')\">Hello</p>".to_owned(),
        };
        ConsoleMailer(Arc::clone(&mailbox)).send(mail).await.unwrap();
        mailbox
    }

    async fn get(host: &str, accept: &str) -> (StatusCode, HeaderMap, String) {
        let api = Router::new().fallback(|| async { "the API" });
        let request = Request::builder().uri(PATH).header(HOST, host).header(ACCEPT, accept);
        let answer = beside(api, mailbox().await).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        (head.status, head.headers, String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn mails_are_shown_as_a_page_and_as_json() {
        let (status, headers, page) = get("localhost:8787", "text/html").await;
        assert_eq!((status, headers[CACHE_CONTROL].to_str().unwrap()), (StatusCode::OK, "no-store"));
        assert!(page.contains("<a href=\"http://localhost:3000/login#token=1\""), "{page}");
        assert!(page.contains("Welcome &lt;script&gt;") && page.contains("to ada@example.com"), "{page}");
        assert!(!page.contains("<p onclick") && !page.contains("href=\"javascript"), "{page}");
        let (_, headers, body) = get("127.0.0.1:8787", "application/json").await;
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["items"][0]["to"], "ada@example.com");
    }

    #[tokio::test]
    async fn no_other_site_reads_it() {
        let (_, headers, _) = get("[::1]:8787", "text/html").await;
        assert!(!headers.contains_key("access-control-allow-origin"));
        for host in ["evil.example", "localhost.evil.example:8787", "127.0.0.1.nip.io", "[::2]:1", ""] {
            let (status, _, body) = get(host, "text/html").await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
            assert!(!body.contains("ada"), "{host}");
        }
    }

    #[tokio::test]
    async fn everything_else_is_the_api() {
        let api = Router::new().fallback(|| async { "the API" });
        let request = Request::builder().uri("/api/v1/products").body(Body::empty()).unwrap();
        let answer = beside(api, mailbox().await).oneshot(request).await.unwrap();
        assert_eq!(to_bytes(answer.into_body(), 100).await.unwrap(), "the API");
    }
}
