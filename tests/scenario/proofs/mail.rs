//! Mails that are queued leave by the provider that the host is told of, once each.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use headlesspro_edge::app::{App, Tenant};
use headlesspro_edge::notifications::{NewMail, enqueue};
use headlesspro_edge::port::sql::{Commit, Committed, Sql, Statement};
use headlesspro_edge::vault::WrappedKey;
use headlesspro_shared::notifications::{BaseUrl, Message};

use crate::app::{Kind, Stage};

/// No key of a merchant may run jobs; those of this stage may.
const ALLOW: &str = "UPDATE api_key SET scopes = scopes || ' jobs:run' WHERE kind = 'secret'";

const TENANTS: &str = "SELECT s.organization_id, s.id, k.wrapped, k.master_key_id
    FROM store s JOIN organization_key k ON k.organization_id = s.organization_id";

/// For each organization.
pub const MAILS: usize = 12;

pub fn due_mails_leave_once(stage: &Stage, kind: Kind) {
    stage.run(async {
        let mut allow = Commit::new();
        allow.push(Statement::new(ALLOW));
        stage.sql().commit(&allow).await.unwrap();
        let sent = enqueue_for_each_tenant(stage.app(), stage.sql(), "first").await;

        let world = stage.world();
        world.ours.shopper.post("/api/v1/jobs/mail").send().await.expect_problem(403, "missing-scope");
        world.nobody.post("/api/v1/jobs/mail").send().await.expect_problem(401, "no-credentials");
        let runs = join_all((0..3).map(|_| world.ours.merchant.post("/api/v1/jobs/mail").send())).await;
        let runs: Vec<_> = runs.into_iter().map(|run| run.expect(200).json()).collect();
        let count = |what: &str| runs.iter().map(|run| run[what].as_u64().unwrap()).sum::<u64>();
        assert_eq!((count("sent"), count("postponed"), count("failed")), (sent as u64, 0, 0), "{runs:?}");

        let mails = stage.mailbox().mails();
        let people: BTreeSet<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!((mails.len(), people.len()), (sent, sent));
        for mail in &mails {
            assert!(mail.text.contains("https://shop.example/login#token=secret-of-"), "{}", mail.text);
            assert!(mail.subject.ends_with("로그인 링크"), "{}", mail.subject);
        }
        println!("{kind}: {sent} mails, 3 runs at once, each sent once");
    });
}

/// Adds so many for each organization in the database, to `<round>-<store>-<number>@example.com`. Answers how many
/// there are now.
pub async fn enqueue_for_each_tenant(app: &App, sql: &dyn Sql, round: &str) -> usize {
    let tenants = sql.read(vec![Statement::new(TENANTS)]).await.unwrap().remove(0);
    let base: BaseUrl = "https://shop.example".parse().unwrap();
    let now = app.clock.now();
    let mut commit = Commit::new();
    for row in tenants.iter() {
        let tenant = Tenant { organization: row.parse("organization_id").unwrap(), store: row.parse("id").unwrap() };
        let text = |column| row.get::<&str>(column).unwrap().to_owned();
        let key = WrappedKey { wrapped: text("wrapped"), master: text("master_key_id") };
        let key = app.vault.masters.data_key(tenant.organization, &key).unwrap();
        for number in 0..MAILS {
            let person = format!("{round}-{}-{number}", tenant.store);
            let link = base.secret_page("login", &format!("secret-of-{person}"));
            let mail = NewMail {
                event_key: &person,
                to: &format!("{person}@example.com").parse().unwrap(),
                locale: &"ko-KR".parse().unwrap(),
                message: &Message::MagicLink { link, minutes: 15 },
                expires_at: now.checked_add_millis(900_000).unwrap(),
            };
            commit.push(enqueue(app, tenant, &key, &mail, now).unwrap());
        }
    }
    assert!(matches!(sql.commit(&commit).await, Ok(Committed::Done { .. })));
    tenants.len() * MAILS
}
