//! The audit log's chain: the database computes it as Rust does, and `hp audit verify` finds what somebody else
//! did to real rows, on the embedded engine and on sqld.

use std::process::Command;
use std::sync::Arc;

use futures_util::future::join_all;
use headlesspro_edge::app::{App, Tenant};
use headlesspro_edge::host::native::clock::SystemClock;
use headlesspro_edge::journal::{By, Change, audit_by, digest_to_hex, verify};
use headlesspro_edge::organizations::open_store;
use headlesspro_edge::port::entropy::{Entropy, HostEntropy};
use headlesspro_edge::port::kv::memory::MemoryKv;
use headlesspro_edge::port::sql::turns::TakingTurns;
use headlesspro_edge::port::sql::{Commit, Committed, Sql, Statement};
use headlesspro_edge::scripts;
use headlesspro_shared::journal::{Fault, Head};
use headlesspro_shared::kernel::id::{AuditId, OrganizationId};
use headlesspro_shared::kernel::money::Currency;
use serde_json::json;

use crate::databases::{EmbeddedDatabase, SqldDatabase};
use crate::secrets::secrets;

/// A migrated database, and how `hp` is told of it.
struct Log {
    app: App,
    named: Vec<String>,
    _keep: Box<dyn std::any::Any>,
}

impl Log {
    async fn embedded() -> Log {
        let database = EmbeddedDatabase::migrated().await;
        let named = vec!["--data".to_owned(), database.folder.path().to_str().unwrap().to_owned()];
        Log::of(Arc::new(database.sql.clone()), named, Box::new(database))
    }

    async fn sqld() -> Log {
        let database = SqldDatabase::migrated().await;
        let named = vec!["--database".to_owned(), database.server.url()];
        // As every host has it: a commit that finds the lock taken is sent again.
        let sql = TakingTurns::new(Arc::new(database.sql.clone()), Arc::new(SystemClock));
        Log::of(Arc::new(sql), named, Box::new(database))
    }

    fn of(sql: Arc<dyn Sql>, named: Vec<String>, keep: Box<dyn std::any::Any>) -> Log {
        let clock = Arc::new(SystemClock);
        let kv = Arc::new(MemoryKv::new(clock.clone(), scripts::ALL));
        Log { app: App::new(sql, kv, clock, Arc::new(HostEntropy), secrets()), named, _keep: keep }
    }

    /// A store of an organization of its own, whose log has one row.
    async fn tenant(&self, name: &str) -> Tenant {
        open_store(&self.app, name, name, Currency::EUR).await.unwrap().tenant
    }

    async fn append(&self, tenant: Tenant, number: usize) {
        let change = Change::new("test.change", format!("subject of {number}"))
            .before(json!({ "text": "ein \"Ü\" 한글 \u{1f600}", "number": number }))
            .after(json!({ "long": "x".repeat(number * 7) }));
        let change = if number.is_multiple_of(3) { change.of_organization() } else { change };
        self.append_change(tenant, change).await;
    }

    async fn append_change(&self, tenant: Tenant, change: Change) {
        let mut random = [0; 10];
        HostEntropy.fill(&mut random).unwrap();
        let now = self.app.clock.now();
        let by = By { actor: "key_of_the_test", request_id: "r-1", now };
        let mut commit = Commit::new();
        commit.push(audit_by(tenant, AuditId::new(now, random), by, change));
        let done = self.app.databases.first().commit(&commit).await.unwrap();
        assert!(matches!(done, Committed::Done { .. }), "{done:?}");
    }

    /// An organization whose log has `rows` rows.
    async fn log_of(&self, name: &str, rows: usize) -> OrganizationId {
        let tenant = self.tenant(name).await;
        for number in 2..=rows {
            self.append(tenant, number).await;
        }
        tenant.organization
    }

    async fn faults(&self, organization: OrganizationId) -> Vec<Fault> {
        verify(&**self.app.databases.first(), organization, None).await.unwrap().report.faults
    }

    async fn head(&self, organization: OrganizationId) -> Head {
        verify(&**self.app.databases.first(), organization, None).await.unwrap().head.unwrap()
    }

    async fn execute(&self, sql: &'static str, organization: OrganizationId) -> Result<(), String> {
        let mut commit = Commit::new();
        let statement = Statement::new(sql);
        let count = usize::from(sql.contains("?1"));
        commit.push(if count == 1 { statement.bind(organization.to_string()) } else { statement });
        match self.app.databases.first().commit(&commit).await {
            Ok(Committed::Done { .. }) => Ok(()),
            Ok(Committed::Refused { refusal, .. }) => Err(refusal.into_message()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What `hp audit verify` says, and its exit code.
    fn hp(&self, more: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_hp"))
            .args(["audit", "verify"])
            .args(&self.named)
            .args(more)
            .env_remove("HP_DATABASE_URL")
            .output()
            .unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(told).unwrap())
    }
}

/// Every case on both engines.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod on_embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::Log::embedded().await).await })*
        }
        mod on_sqld {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::Log::sqld().await).await })*
        }
    };
}

cases! {
    the_database_hashes_as_rust_does,
    parallel_commits_are_one_chain,
    the_log_is_append_only,
    whatever_was_done_to_the_log_is_named,
    a_log_written_anew_is_found_by_a_head_kept_elsewhere,
}

async fn the_database_hashes_as_rust_does(log: Log) {
    let organization = log.log_of("Long", 600).await;
    let verified = verify(&**log.app.databases.first(), organization, None).await.unwrap();
    assert_eq!((verified.report.rows, verified.report.faults), (600, vec![]));
    let head = verified.head.unwrap();
    assert_eq!(head.number, 600);
    let (code, told) = log.hp(&[]);
    assert_eq!(
        (code, told),
        (0, format!("{organization}: 600 rows, unbroken; head 600:{}\n", digest_to_hex(&head.hash)))
    );
}

async fn parallel_commits_are_one_chain(log: Log) {
    let (ours, theirs) = (log.tenant("Ours").await, log.tenant("Theirs").await);
    join_all((0..60).map(|number| log.append(if number % 3 == 0 { theirs } else { ours }, number))).await;
    for (tenant, rows) in [(ours, 41), (theirs, 21)] {
        let verified = verify(&**log.app.databases.first(), tenant.organization, None).await.unwrap();
        assert_eq!((verified.report.rows, verified.report.faults), (rows, vec![]));
    }
}

async fn the_log_is_append_only(log: Log) {
    let organization = log.log_of("Kept", 3).await;
    for sql in [
        "UPDATE audit_log SET actor = 'nobody' WHERE organization_id = ?1",
        "UPDATE audit_log SET hash = '[]' WHERE organization_id = ?1",
        "DELETE FROM audit_log WHERE organization_id = ?1",
    ] {
        assert_eq!(log.execute(sql, organization).await, Err("the audit log is append-only".to_owned()), "{sql}");
    }
    assert_eq!(log.faults(organization).await, []);
}

/// What somebody with the database's token may do, and what is said of it.
const TAMPERING: &[(&str, &str)] = &[
    ("UPDATE audit_log SET actor = 'nobody' WHERE organization_id = ?1 AND chain_seq = 4", "row 4 ("),
    ("UPDATE audit_log SET state_after = NULL WHERE organization_id = ?1 AND chain_seq = 4", "row 4 ("),
    ("UPDATE audit_log SET store_id = NULL WHERE organization_id = ?1 AND chain_seq = 4", "row 4 ("),
    ("UPDATE audit_log SET occurred_at = occurred_at - 1 WHERE organization_id = ?1 AND chain_seq = 8", "row 8 ("),
    ("UPDATE audit_log SET hash = 'none' WHERE organization_id = ?1 AND chain_seq = 1", "row 1 ("),
    ("UPDATE audit_log SET chain_seq = 9 WHERE organization_id = ?1 AND chain_seq = 8", "row 9 ("),
    ("DELETE FROM audit_log WHERE organization_id = ?1 AND chain_seq = 1", "row 1 was removed"),
    ("DELETE FROM audit_log WHERE organization_id = ?1 AND chain_seq IN (4, 5)", "rows 4 to 5 were removed"),
    ("DELETE FROM audit_log WHERE organization_id = ?1 AND chain_seq > 6", "rows 7 to 8 were removed"),
    ("DELETE FROM audit_log WHERE organization_id = ?1", "rows 1 to 8 were removed"),
    ("DELETE FROM audit_head WHERE organization_id = ?1", "the head was removed"),
    ("UPDATE audit_head SET ae = 1 WHERE organization_id = ?1", "row 8 ("),
    ("UPDATE audit_head SET chain_seq = 6 WHERE organization_id = ?1", "rows 7 to 8 stand beyond the head"),
    (
        "INSERT INTO audit_log (organization_id, chain_seq, store_id, id, actor, action, subject, request_id, \
           occurred_at, hash)
         SELECT organization_id, 9, store_id, 'aud_stranger', actor, action, subject, request_id, occurred_at, hash
         FROM audit_log WHERE organization_id = ?1 AND chain_seq = 8",
        "rows 9 to 9 stand beyond the head",
    ),
];

/// What takes several statements: the numbers of the rows around are made to fit.
const RENUMBERING: &[([&str; 3], &str)] = &[
    (
        [
            "DELETE FROM audit_log WHERE organization_id = ?1 AND chain_seq = 4",
            "UPDATE audit_log SET chain_seq = chain_seq - 1 WHERE organization_id = ?1 AND chain_seq > 4",
            "UPDATE audit_head SET chain_seq = 7 WHERE organization_id = ?1",
        ],
        "row 4 (",
    ),
    (
        [
            "UPDATE audit_log SET chain_seq = chain_seq + 1000 WHERE organization_id = ?1 AND chain_seq > 4",
            "INSERT INTO audit_log (organization_id, chain_seq, store_id, id, actor, action, subject, request_id, \
               occurred_at, hash)
             SELECT organization_id, 5, store_id, 'aud_stranger', actor, action, subject, request_id, occurred_at, hash
             FROM audit_log WHERE organization_id = ?1 AND chain_seq = 4",
            "UPDATE audit_log SET chain_seq = chain_seq - 999 WHERE organization_id = ?1 AND chain_seq > 1000",
        ],
        "row 5 (aud_stranger)",
    ),
];

async fn whatever_was_done_to_the_log_is_named(log: Log) {
    let untouched = log.log_of("Untouched", 8).await;
    let mut tampered = Vec::new();
    for (sql, expected) in TAMPERING {
        tampered.push((log.log_of(sql, 8).await, vec![*sql], *expected));
    }
    for (sql, expected) in RENUMBERING {
        tampered.push((log.log_of(sql[0], 8).await, sql.to_vec(), *expected));
    }
    // The guards are the first thing to go.
    for guard in ["DROP TRIGGER audit_log_chained", "DROP TRIGGER audit_log_unchanged", "DROP TRIGGER audit_log_kept"] {
        log.execute(guard, untouched).await.unwrap();
    }
    for (organization, statements, expected) in &tampered {
        for sql in statements {
            log.execute(sql, *organization).await.unwrap();
        }
        let faults: Vec<String> = log.faults(*organization).await.iter().map(ToString::to_string).collect();
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{statements:?}: {faults:?}");
        let (code, told) = log.hp(&["--organization", &organization.to_string()]);
        assert_eq!(code, 1, "{told}");
        assert!(told.contains("BROKEN") && told.contains(expected), "{told}");
    }
    let (code, told) = log.hp(&["--organization", &untouched.to_string()]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = log.hp(&[]);
    assert_eq!(code, 1, "{told}");
    assert_eq!(told.matches("unbroken").count(), 1, "{told}");
}

async fn a_log_written_anew_is_found_by_a_head_kept_elsewhere(log: Log) {
    let tenant = log.tenant("Anew").await;
    let organization = tenant.organization;
    for number in 2..=5 {
        log.append(tenant, number).await;
    }
    let kept = log.head(organization).await;
    log.append(tenant, 6).await;
    let head = |head: Head| format!("{}:{}", head.number, digest_to_hex(&head.hash));
    let hp = |kept: Head| log.hp(&["--organization", &organization.to_string(), "--head", &head(kept)]);
    assert_eq!(hp(kept).0, 0);
    // All is removed, head and guards too, and written again by the log's own statement: a chain without a fault.
    for sql in [
        "DROP TRIGGER audit_log_kept",
        "DELETE FROM audit_log WHERE organization_id = ?1",
        "DELETE FROM audit_head WHERE organization_id = ?1",
    ] {
        log.execute(sql, organization).await.unwrap();
    }
    assert_eq!(log.faults(organization).await, [Fault::Empty]);
    for number in 1..=6 {
        log.append(tenant, number).await;
    }
    assert_eq!(log.faults(organization).await, []);
    let (code, told) = hp(kept);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("row 5 (") && told.contains("written anew"), "{told}");
    let ahead = log.head(organization).await;
    let (code, told) = hp(Head { number: 9, ..ahead });
    assert!(code == 1 && told.contains("rows 7 to 9 were removed"), "{told}");
    for wrong in ["5", "5:abc", "0:", "x:y"] {
        let (code, told) = log.hp(&["--organization", &organization.to_string(), "--head", wrong]);
        assert!(code == 2 && told.contains("expected a number"), "{told}");
    }
}
