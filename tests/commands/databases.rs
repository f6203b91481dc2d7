//! Which database a command works on, and what it does to one that is not there.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};

use crate::program::{Dev, closed_pipe, hp, run};
use crate::sqld::Sqld;

/// How many files `migrations/` holds.
fn migrations() -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    std::fs::read_dir(folder).unwrap().count()
}

/// The master keys and the lookup key that `hp keys new` prints.
pub fn new_keys() -> [String; 2] {
    let said = run(&mut hp(&["keys", "new"])).ok();
    ["MASTER_KEYS=", "LOOKUP_KEY="]
        .map(|name| said.lines().find_map(|line| line.strip_prefix(name)).expect(name).to_owned())
}

/// Opens a store; its id.
pub fn new_store(database: &str, name: &str) -> String {
    let [master_keys, lookup_key] = new_keys();
    let said = run(hp(&["store", "create", "--database", database, "--name", name, "--currency", "JPY"]).args([
        "--master-keys",
        &master_keys,
        "--lookup-key",
        &lookup_key,
    ]))
    .ok();
    let told = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).expect(name).trim().to_owned();
    assert!(told("publishable key").starts_with("pk_") && told("secret key").starts_with("sk_"), "{said}");
    told("store")
}

/// Migrates twice, opens two stores and lists them.
fn becomes_a_shop(database: &str) {
    let migrate = || run(&mut hp(&["migrate", "--database", database])).ok();
    let all = migrations();
    let first = migrate();
    assert_eq!(first.lines().filter(|line| line.starts_with("applied ")).count(), all, "{first}");
    assert!(first.ends_with(&format!("{all} applied, 0 were there before\n")), "{first}");
    assert_eq!(migrate(), format!("up to date: {all} migrations\n"));

    let stores = ["Tea", "  Trimmed \u{e9} "].map(|name| new_store(database, name));
    let listed = run(&mut hp(&["store", "list", "--database", database])).ok();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    for ((line, store), name) in lines.iter().zip(&stores).zip(["Tea", "Trimmed \u{e9}"]) {
        assert!(line.starts_with("org_") && line.ends_with(&format!("  {store}  JPY  {name}")), "{listed}");
    }
}

#[test]
fn a_database_file_is_migrated_once_and_holds_stores() {
    let folder = tempfile::tempdir().unwrap();
    becomes_a_shop(folder.path().join("shop.db").to_str().unwrap());
}

#[test]
fn a_lookup_key_may_begin_with_a_hyphen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let database = file.to_str().unwrap();
    run(&mut hp(&["migrate", "--database", database])).ok();
    // As one in 64 of those that `hp keys new` prints.
    let lookup_key = format!("-{}", "A".repeat(42));
    let create = ["store", "create", "--database", database, "--lookup-key", &lookup_key, "--master-keys"];
    run(hp(&create).arg(&new_keys()[0])).ok();
}

#[test]
fn a_libsql_server_is_migrated_once_and_holds_stores() {
    becomes_a_shop(&Sqld::start().url());
}

/// A JWT for everything in a database, as Turso and sqld take it.
fn database_token(key: &KeyPair) -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let signed = format!("{}.{}", part(r#"{"alg":"EdDSA","typ":"JWT"}"#), part(r#"{"a":"rw"}"#));
    let signature = key.sk.sign(&signed, None);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(*signature))
}

#[test]
fn a_server_that_demands_a_token_is_migrated_with_it_and_with_no_other() {
    let [key, other] = [[7; 32], [8; 32]].map(|seed| KeyPair::from_seed(Seed::new(seed)));
    let server = Sqld::guarded_by(&URL_SAFE_NO_PAD.encode(*key.pk));
    let url = server.url();
    let [right, wrong] = [&key, &other].map(database_token);
    let migrate = |arguments: &[&str], variable: Option<&str>| {
        let mut command = hp(&["migrate", "--database", &url]);
        command.args(arguments).envs(variable.map(|token| ("HP_DATABASE_TOKEN", token)));
        let ended = run(&mut command);
        for token in [&right, &wrong] {
            assert!(!ended.stdout.contains(token.as_str()) && !ended.stderr.contains(token.as_str()), "{ended:?}");
        }
        ended
    };
    let refused: [(&[&str], Option<&str>); 6] = [
        (&[], None),
        (&[], Some("")),
        (&["--token", "wrong"], None),
        (&["--token", &wrong], None),
        (&[], Some(&wrong)),
        // What is said now counts more than what was said before.
        (&["--token", &wrong], Some(&right)),
    ];
    for (arguments, variable) in refused {
        let said = migrate(arguments, variable).refused(1);
        assert_eq!(said, "hp: the database refuses the token, or that there is none\n", "{arguments:?} {variable:?}");
    }
    let said = migrate(&["--token", &format!("{right}\n")], None).refused(1);
    assert!(said.contains("characters that no header may hold"), "{said}");

    let all = migrations();
    let applied = migrate(&[], Some(&right)).ok();
    assert!(applied.ends_with(&format!("{all} applied, 0 were there before\n")), "{applied}");
    assert_eq!(migrate(&["--token", &right], Some(&wrong)).ok(), format!("up to date: {all} migrations\n"));
    let list = |token: &str| run(&mut hp(&["store", "list", "--database", &url, "--token", token]));
    assert_eq!(list(&right).ok(), "");
    let said = list(&wrong).refused(1);
    assert!(said.contains("refuses the token") && !said.contains(&wrong), "{said}");
}

#[test]
fn a_migration_goes_on_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let database = file.to_str().unwrap();
    let unread = run(hp(&["migrate", "--database", database]).stdout(closed_pipe()));
    assert_eq!((unread.code, unread.stderr.as_str()), (Some(0), ""));
    let said = run(&mut hp(&["migrate", "--database", database])).ok();
    assert_eq!(said, format!("up to date: {} migrations\n", migrations()));

    new_store(database, "Tea");
    let listed = run(hp(&["store", "list", "--database", database]).stdout(closed_pipe()));
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
    let verified = run(hp(&["audit", "verify", "--database", database]).stdout(closed_pipe()));
    assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""));
    // Keys that nobody has seen are no success.
    let said = run(hp(&["keys", "new"]).stdout(closed_pipe())).refused(1);
    assert!(said.contains("cannot write"), "{said}");
}

#[test]
fn only_a_migration_makes_a_database_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("typo.db");
    let database = file.to_str().unwrap();
    let products = folder.path().join("products.csv");
    std::fs::write(&products, "Handle,Title,Variant Price\nmug,Mug,1\n").unwrap();
    for arguments in [
        ["store", "list"].as_slice(),
        &["audit", "verify"],
        &["import", products.to_str().unwrap()],
        &["store", "create", "--master-keys", &new_keys()[0], "--lookup-key", &new_keys()[1]],
    ] {
        let said = run(hp(arguments).args(["--database", database])).refused(1);
        assert!(said.contains(&format!("there is no database {database}")), "{arguments:?}: {said}");
        assert!(said.contains("hp migrate"), "{arguments:?}: {said}");
        assert!(!file.exists(), "{arguments:?}");
    }
    run(&mut hp(&["migrate", "--database", &format!("file:{database}")])).ok();
    assert!(file.exists());
}

#[test]
fn a_data_folder_that_is_named_wins_over_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Dev::start(&data, &["--seed", "none"]).interrupt().success());
    let data = data.to_str().unwrap();
    let elsewhere = folder.path().join("elsewhere.db");
    let with_environment = |arguments: &[&str]| {
        let mut command = hp(arguments);
        // Of a deployment: neither its database nor its keys are the folder's.
        command.env("HP_DATABASE_URL", &elsewhere).env("HP_MASTER_KEYS", "wrong").env("HP_LOOKUP_KEY", "wrong");
        command
    };
    let listed = run(&mut with_environment(&["store", "list", "--data", data])).ok();
    assert!(listed.contains("Sample store"), "{listed}");
    run(&mut with_environment(&["store", "create", "--data", data, "--name", "Tea"])).ok();
    // Where no folder is named the environment says it.
    let said = run(&mut with_environment(&["store", "list"])).refused(1);
    assert!(said.contains("elsewhere.db"), "{said}");
    let both = run(&mut with_environment(&["store", "list", "--data", data, "--database", "x.db"])).refused(2);
    assert!(both.contains("--data") && both.contains("--database"), "{both}");
}

#[test]
fn names_must_say_something() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let database = file.to_str().unwrap();
    run(&mut hp(&["migrate", "--database", database])).ok();
    for (name, text) in [("--organization", ""), ("--name", " "), ("--name", "a\nb")] {
        let said = run(&mut hp(&["store", "create", "--database", database, name, text])).refused(2);
        assert!(said.contains(name) && said.contains("must not"), "{said}");
    }
    assert_eq!(run(&mut hp(&["store", "list", "--database", database])).ok(), "");
}
