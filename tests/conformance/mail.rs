//! Mail, from the commit that causes one to the provider: on the embedded engine and on sqld, and against a
//! provider that answers as it is told.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use headlesspro_edge::app::{App, Tenant};
use headlesspro_edge::host::native::fetch::NativeFetch;
use headlesspro_edge::host::native::mailbox::{PROVIDER_PATH, provider};
use headlesspro_edge::notifications::{Delivered, NewMail, deliver, deliver_all, enqueue};
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::BoxFuture;
use headlesspro_edge::port::clock::Clock;
use headlesspro_edge::port::entropy::HostEntropy;
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::mailer::http::{HttpMailer, InvalidMailer};
use headlesspro_edge::port::mailer::memory::Mailbox;
use headlesspro_edge::port::mailer::{Mail, MailError, Mailer};
use headlesspro_edge::port::sql::{Commit, Committed, Row, Sql, Statement};
use headlesspro_edge::scripts;
use headlesspro_edge::vault::{DataKey, WrappedKey};
use headlesspro_shared::kernel::money::Currency;
use headlesspro_shared::notifications::{LEASE_MILLIS, Message};
use tokio::sync::Notify;

use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::hand_clock::HandClock;
use crate::scripted_server::{Act, ScriptedServer};
use crate::secrets::secrets;
use crate::serve::serve;

const SECRET: &str = "secret-token-of-the-link";

/// Takes mails as it is told to.
#[derive(Default)]
struct Postman {
    taken: Mutex<Vec<Mail>>,
    /// What it answers first; afterwards it takes everything.
    answers: Mutex<VecDeque<Answer>>,
    go_on: Notify,
}

enum Answer {
    Says(MailError),
    /// Answers that it is away once it is told to go on.
    Hangs,
}

impl Postman {
    fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Answers that nobody has got yet.
    fn left(&self) -> usize {
        self.answers.lock().unwrap().len()
    }

    fn taken(&self) -> Vec<Mail> {
        self.taken.lock().unwrap().clone()
    }
}

impl Mailer for Postman {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            match answer {
                Some(Answer::Says(error)) => return Err(error),
                Some(Answer::Hangs) => {
                    self.go_on.notified().await;
                    return Err(away());
                }
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
            self.taken.lock().unwrap().push(mail);
            Ok(())
        })
    }
}

fn away() -> MailError {
    MailError::Unavailable("HTTP 503".to_owned())
}

/// A migrated database with two organizations, and a postman.
struct Post {
    app: Arc<App>,
    clock: Arc<HandClock>,
    postman: Arc<Postman>,
    ours: Tenant,
    theirs: Tenant,
    _keep: Box<dyn std::any::Any>,
}

impl Post {
    async fn embedded() -> Post {
        let database = EmbeddedDatabase::migrated().await;
        Post::over(Arc::new(database.sql.clone()), Box::new(database)).await
    }

    async fn sqld() -> Post {
        let database = SqldDatabase::migrated().await;
        Post::over(Arc::new(database.sql.clone()), Box::new(database)).await
    }

    async fn over(sql: Arc<dyn Sql>, keep: Box<dyn std::any::Any>) -> Post {
        let clock = Arc::new(HandClock::default());
        let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
        let postman = Arc::new(Postman::default());
        let app = App::new(sql, kv, clock.clone(), Arc::new(HostEntropy), secrets());
        let app = Arc::new(app.with_mailer(postman.clone()));
        let store = async |name| open_store(&app, name, name, Currency::EUR).await.unwrap().tenant;
        let (ours, theirs) = (store("Ours").await, store("Theirs").await);
        Post { app, clock, postman, ours, theirs, _keep: keep }
    }

    async fn rows(&self, sql: &'static str) -> Vec<Vec<headlesspro_edge::port::sql::Value>> {
        let rows = self.app.databases.first().read(vec![Statement::new(sql)]).await.unwrap().remove(0);
        rows.iter().map(|row| row.values.to_vec()).collect()
    }

    async fn execute(&self, sql: &'static str) {
        let mut commit = Commit::new();
        commit.push(Statement::new(sql));
        assert!(matches!(self.app.databases.first().commit(&commit).await, Ok(Committed::Done { .. })), "{sql}");
    }

    async fn key_of(&self, tenant: Tenant) -> DataKey {
        let key = "SELECT wrapped, master_key_id FROM organization_key WHERE organization_id = ?1";
        let statement = Statement::new(key).bind(tenant.organization.to_string());
        let rows = self.app.databases.first().read(vec![statement]).await.unwrap().remove(0);
        let text = |row: &Row<'_>, column| row.get::<&str>(column).unwrap().to_owned();
        let row = rows.first().unwrap();
        let wrapped = WrappedKey { wrapped: text(&row, "wrapped"), master: text(&row, "master_key_id") };
        self.app.vault.masters.data_key(tenant.organization, &wrapped).unwrap()
    }

    async fn statement(&self, tenant: Tenant, event_key: &str) -> Statement {
        let now = self.clock.now();
        let message =
            Message::ResetPassword { link: format!("https://shop.example/reset#token={SECRET}"), minutes: 60 };
        let mail = NewMail {
            event_key,
            to: &format!("{event_key}@example.com").parse().unwrap(),
            locale: &"ko".parse().unwrap(),
            message: &message,
            expires_at: now.checked_add_millis(3_600_000).unwrap(),
        };
        enqueue(&self.app, tenant, &self.key_of(tenant).await, &mail, now).unwrap()
    }

    /// A change with a mail.
    async fn enqueue(&self, tenant: Tenant, event_key: &str) {
        let mut commit = Commit::new();
        commit.push(self.statement(tenant, event_key).await);
        let done = self.app.databases.first().commit(&commit).await.unwrap();
        assert!(matches!(done, Committed::Done { .. }), "{done:?}");
    }

    /// Sent, postponed and failed.
    async fn deliver(&self) -> [u32; 3] {
        counts(deliver(&self.app, self.ours.organization).await.unwrap())
    }

    async fn states(&self) -> Vec<String> {
        let rows = self.rows("SELECT state || ' ' || attempts FROM mail ORDER BY event_key").await;
        rows.into_iter()
            .map(|row| match &row[0] {
                headlesspro_edge::port::sql::Value::Text(text) => text.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

fn counts(delivered: Delivered) -> [u32; 3] {
    [delivered.sent, delivered.postponed, delivered.failed]
}

/// Every case on both engines.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod on_embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::Post::embedded().await).await })*
        }
        mod on_sqld {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::Post::sqld().await).await })*
        }
    };
}

cases! {
    a_mail_leaves_once_and_its_secrets_are_forgotten,
    one_event_is_one_mail,
    a_refused_commit_sends_nothing,
    many_who_send_at_once_send_each_mail_once,
    a_provider_that_is_away_is_tried_again_later,
    a_mail_that_is_refused_or_too_late_is_given_up,
    whoever_dies_while_sending_loses_the_mail_to_the_next,
    without_a_provider_mails_stay_queued,
    the_cron_sends_for_every_organization,
    a_mail_that_does_not_open_is_given_up_and_a_missing_key_waited_for,
}

async fn a_mail_leaves_once_and_its_secrets_are_forgotten(post: Post) {
    post.enqueue(post.ours, "ada").await;
    let kept = post.rows("SELECT recipient_sealed, message_sealed, event_key FROM mail").await;
    let kept = format!("{kept:?}");
    assert!(kept.contains("v1.") && !kept.contains("example.com") && !kept.contains(SECRET), "{kept}");
    assert_eq!(post.deliver().await, [1, 0, 0]);
    assert_eq!(post.deliver().await, [0, 0, 0]);
    let taken = post.postman.taken();
    let [mail] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@example.com", "[Ours] 새 비밀번호를 설정해 주세요"));
    assert!(mail.text.contains(SECRET) && mail.html.contains(SECRET) && mail.id.starts_with("mail_"));
    assert!(!format!("{mail:?}").contains("example"), "{mail:?}");
    assert_eq!(post.states().await, ["sent 1"]);
    let left = post.rows("SELECT 1 FROM mail WHERE coalesce(recipient_sealed, message_sealed) IS NOT NULL").await;
    assert!(left.is_empty());
}

async fn one_event_is_one_mail(post: Post) {
    for _ in 0..3 {
        post.enqueue(post.ours, "ada").await;
    }
    // Another organization's event of the same name is another one.
    post.enqueue(post.theirs, "ada").await;
    assert_eq!(post.deliver().await, [1, 0, 0]);
    post.enqueue(post.ours, "ada").await;
    assert_eq!(post.deliver().await, [0, 0, 0]);
    assert_eq!(post.states().await.len(), 2);
}

async fn a_refused_commit_sends_nothing(post: Post) {
    let mut commit = Commit::new();
    commit.push(post.statement(post.ours, "ada").await);
    commit.push(Statement::new("INSERT INTO organization (id, name, created_at) SELECT id, name, 0 FROM organization"));
    assert!(matches!(post.app.databases.first().commit(&commit).await, Ok(Committed::Refused { .. })));
    assert_eq!(post.deliver().await, [0, 0, 0]);
}

async fn many_who_send_at_once_send_each_mail_once(post: Post) {
    const MAILS: usize = 40;
    for number in 0..MAILS {
        post.enqueue(post.ours, &format!("ada{number}")).await;
    }
    let runs = join_all((0..8).map(|_| post.deliver())).await;
    assert_eq!(runs.iter().map(|[sent, _, _]| sent).sum::<u32>(), 40, "{runs:?}");
    let taken = post.postman.taken();
    let people: BTreeSet<&str> = taken.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!((taken.len(), people.len()), (MAILS, MAILS));
}

async fn a_provider_that_is_away_is_tried_again_later(post: Post) {
    for person in ["ada", "grace"] {
        post.enqueue(post.ours, person).await;
    }
    post.postman.answers([Answer::Says(away()), Answer::Says(away())]);
    assert_eq!(post.deliver().await, [0, 2, 0]);
    assert_eq!(post.deliver().await, [0, 0, 0], "not at once");
    post.clock.advance(59_000);
    assert_eq!(post.deliver().await, [0, 0, 0]);
    post.clock.advance(1_000);
    post.postman.answers([Answer::Says(away())]);
    assert_eq!(post.deliver().await, [1, 1, 0]);
    post.clock.advance(5 * 60_000);
    assert_eq!(post.deliver().await, [1, 0, 0]);
    let mut states = post.states().await;
    states.sort();
    assert_eq!(states, ["sent 2", "sent 3"]);
    // The same mail keeps its id, by which a provider knows a repeat.
    assert_eq!(post.postman.taken().iter().map(|mail| &mail.id).collect::<BTreeSet<_>>().len(), 2);
}

async fn a_mail_that_is_refused_or_too_late_is_given_up(post: Post) {
    post.enqueue(post.ours, "ada").await;
    post.postman.answers([Answer::Says(MailError::Refused("HTTP 422".to_owned()))]);
    assert_eq!(post.deliver().await, [0, 0, 1]);
    post.enqueue(post.ours, "grace").await;
    post.clock.advance(3_600_000);
    assert_eq!(post.deliver().await, [0, 0, 1]);
    // One whose next attempt would come too late is given up at once.
    post.enqueue(post.ours, "linus").await;
    post.clock.advance(3_599_000);
    post.postman.answers([Answer::Says(away())]);
    assert_eq!(post.deliver().await, [0, 0, 1]);
    assert!(post.postman.taken().is_empty());
    assert_eq!(post.states().await, ["failed 1", "failed 1", "failed 1"]);
    let told = post.rows("SELECT event_key, last_error, recipient_sealed FROM mail ORDER BY event_key").await;
    let told = format!("{told:?}");
    for word in ["HTTP 422", "too late", "HTTP 503", "Null"] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

async fn whoever_dies_while_sending_loses_the_mail_to_the_next(post: Post) {
    post.enqueue(post.ours, "ada").await;
    post.postman.answers([Answer::Hangs, Answer::Hangs]);
    let delivering = || {
        let (app, organization) = (post.app.clone(), post.ours.organization);
        tokio::spawn(async move { deliver(&app, organization).await.unwrap() })
    };
    // Whose it is stands in the database before the postman is called.
    let has_taken = async |state: &str, left: usize| {
        let taken = async {
            while post.states().await != [state] || post.postman.left() != left {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), taken).await.unwrap();
    };
    let dies = delivering();
    has_taken("queued 1", 1).await;
    dies.abort();
    post.clock.advance(LEASE_MILLIS - 1);
    assert_eq!(post.deliver().await, [0, 0, 0], "it is still the first one's");
    post.clock.advance(1);
    // The second is not dead but slow: it comes back after a third has sent the mail, and changes nothing any more.
    let slow = delivering();
    has_taken("queued 2", 0).await;
    post.clock.advance(LEASE_MILLIS);
    assert_eq!(post.deliver().await, [1, 0, 0]);
    post.postman.go_on.notify_one();
    assert_eq!(counts(slow.await.unwrap()), [0, 1, 0]);
    assert_eq!(post.states().await, ["sent 3"]);
    post.clock.advance(LEASE_MILLIS * 10);
    assert_eq!(post.deliver().await, [0, 0, 0]);
    assert_eq!(post.postman.taken().len(), 1);
}

async fn without_a_provider_mails_stay_queued(post: Post) {
    post.enqueue(post.ours, "ada").await;
    let kv = Arc::new(MemoryKv::new(post.clock.clone(), scripts::ALL));
    let clock: Arc<dyn Clock> = post.clock.clone();
    let silent = App::new(Arc::clone(post.app.databases.first()), kv, clock, Arc::new(HostEntropy), secrets());
    assert_eq!(counts(deliver_all(&silent).await.unwrap()), [0, 0, 0]);
    assert_eq!(post.states().await, ["queued 0"]);
    assert_eq!(post.deliver().await, [1, 0, 0]);
}

async fn the_cron_sends_for_every_organization(post: Post) {
    for (tenant, person) in [(post.ours, "ada"), (post.theirs, "grace"), (post.theirs, "linus")] {
        post.enqueue(tenant, person).await;
    }
    let runs = join_all((0..3).map(|_| deliver_all(&post.app))).await;
    let sent: u32 = runs.into_iter().map(|run| run.unwrap().sent).sum();
    assert_eq!((sent, post.postman.taken().len()), (3, 3));
    let of_theirs = post.postman.taken().into_iter().filter(|mail| mail.subject.contains("Theirs")).count();
    assert_eq!(of_theirs, 2);
}

async fn a_mail_that_does_not_open_is_given_up_and_a_missing_key_waited_for(post: Post) {
    for person in ["ada", "grace"] {
        post.enqueue(post.ours, person).await;
    }
    // Somebody with the database's token wants Ada's mail for another address.
    post.execute(
        "UPDATE mail SET recipient_sealed = (SELECT m.recipient_sealed FROM mail m WHERE m.event_key = 'grace')
         WHERE event_key = 'ada'",
    )
    .await;
    assert_eq!(post.deliver().await, [1, 0, 1]);
    assert_eq!(post.states().await, ["failed 1", "sent 1"]);
    post.enqueue(post.ours, "linus").await;
    post.execute("UPDATE organization_key SET master_key_id = 'gone'").await;
    assert_eq!(post.deliver().await, [0, 1, 0]);
    post.execute("UPDATE organization_key SET master_key_id = 'm1'").await;
    post.clock.advance(60_000);
    assert_eq!(post.deliver().await, [1, 0, 0]);
}

fn mail() -> Mail {
    Mail {
        id: "mail_01h455vb4pex5vsknk084sn02q".to_owned(),
        to: "ada@example.com".parse().unwrap(),
        subject: "제목 \"1\"".to_owned(),
        text: format!("line\n{SECRET}"),
        html: "<p>\u{1f600}</p>".to_owned(),
    }
}

fn http_mailer(url: &str, token: &str) -> HttpMailer {
    HttpMailer::new(url, token, "Acme <shop@example.com>", Arc::new(NativeFetch::new().unwrap())).unwrap()
}

#[tokio::test]
async fn a_provider_gets_one_post_with_all_of_the_mail() {
    let server = ScriptedServer::answering(202, "{}").await;
    http_mailer(&format!("{}/v1/send?x=1", server.url()), "t0k").send(mail()).await.unwrap();
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    for line in [
        "post /v1/send?x=1 http/1.1",
        "authorization: bearer t0k",
        "content-type: application/json",
        "idempotency-key: mail_01h455vb4pex5vsknk084sn02q",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let expected = serde_json::json!({
        "from": "Acme <shop@example.com>",
        "to": "ada@example.com",
        "subject": "제목 \"1\"",
        "text": format!("line\n{SECRET}"),
        "html": "<p>\u{1f600}</p>",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_providers_answer_says_whether_to_come_again_and_never_what_was_in_the_mail() {
    for (status, comes_again) in [
        (400, false),
        (401, true),
        (403, true),
        (404, true),
        (408, true),
        (409, true),
        (413, false),
        (422, false),
        (429, true),
        (301, true),
        (500, true),
        (503, true),
    ] {
        let server = ScriptedServer::answering(status, format!("no mail for ada@example.com: {SECRET}")).await;
        let error = http_mailer(&server.url(), "t0k").send(mail()).await.unwrap_err();
        assert_eq!(matches!(error, MailError::Unavailable(_)), comes_again, "{status}: {error}");
        let told = format!("{error} {error:?}");
        assert!(told.contains(&status.to_string()) && !told.contains("ada") && !told.contains(SECRET), "{told}");
    }
    let broken = ScriptedServer::start(vec![Act::Close]).await;
    for url in [broken.url(), "http://127.0.0.1:1".to_owned()] {
        let error = http_mailer(&url, "t0k").send(mail()).await.unwrap_err();
        assert_eq!(error, MailError::Unavailable("no connection".to_owned()));
    }
}

#[tokio::test]
async fn settings_that_no_mail_can_be_sent_with_are_named_without_their_value() {
    let new = |url: &str, token: &str, from: &str| {
        HttpMailer::new(url, token, from, Arc::new(NativeFetch::new().unwrap())).err()
    };
    assert_eq!(new("https://mail.example/send", "", "shop@example.com"), None);
    for url in ["", "mail.example", "ftp://mail.example", "http://mail.example", "https://user:pass@mail.example"] {
        assert_eq!(new(url, "t", "shop@example.com"), Some(InvalidMailer::Url), "{url}");
    }
    assert_eq!(new("https://mail.example", "a\nb", "shop@example.com"), Some(InvalidMailer::Token));
    for from in ["", "shop", "Acme <shop>", "A\r\nBcc: x <shop@example.com>", "Acme shop@example.com"] {
        assert_eq!(new("https://mail.example", "t", from), Some(InvalidMailer::From), "{from}");
    }
}

#[tokio::test]
async fn the_developers_mailbox_takes_what_the_adapter_sends() {
    let mailbox = Arc::new(Mailbox::default());
    let (url, _task) = serve(provider(mailbox.clone(), "t0k")).await;
    let url = format!("{url}{PROVIDER_PATH}");
    http_mailer(&url, "t0k").send(mail()).await.unwrap();
    assert_eq!(mailbox.mails(), [mail()]);
    let refused = http_mailer(&url, "other").send(mail()).await.unwrap_err();
    assert_eq!(refused, MailError::Unavailable("HTTP 401".to_owned()));
    assert_eq!(mailbox.mails().len(), 1);
}
