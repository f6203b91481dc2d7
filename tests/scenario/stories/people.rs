//! People register, confirm their addresses, and get at their accounts by mail.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::sessions::{as_person, log_in_with, refresh};
use crate::client::Answer;
use crate::world::{Shop, World};

pub const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "incorrect mule cell";

pub async fn a_customer_registers_confirms_and_logs_in(world: World) {
    let email = world.email("grace");
    let body = json!({ "email": email, "password": PASSWORD, "name": "Grace Hopper", "locale": "ko-KR" });
    let registered = world.ours.shopper.post("/api/v1/auth/register").json(&body).send().await.expect(202);
    assert!(registered.spent().sql <= 2, "one read, one commit: {registered}");
    log_in_with(&world.ours, &email, PASSWORD).await.expect_problem(401, "login-refused");

    let token = world.mailed_secret(&email, "account/verify").await;
    assert!(world.mails(&email)[0].subject.contains("이메일"), "in the person's language");
    assert_eq!(confirm(&world.ours, &token, PASSWORD).await.expect(200).json(), json!({ "passwordSet": true }));
    confirm(&world.ours, &token, PASSWORD).await.expect_problem(410, "link-gone");
    let welcome = world.mail(&email, "Grace Hopper").await;
    assert!(welcome.subject.contains("환영"), "{}", welcome.subject);

    let tokens = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    assert_eq!(tokens.json()["account"]["role"], "customer");
    let me = as_person(&world, &tokens).get("/api/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["email"], &me["name"]), (&json!(email), &json!("Grace Hopper")));
    assert!(me["emailVerifiedAt"].is_string(), "{me}");
    // The other shop knows nobody of that address.
    log_in_with(&world.theirs, &email, PASSWORD).await.expect_problem(401, "login-refused");
}

pub async fn a_taken_address_is_answered_as_a_free_one_and_its_owner_told(world: World) {
    let (taken, free) = (world.email("taken"), world.email("free"));
    sign_up(&world, &taken).await;
    let first = register(&world.ours, &taken, OTHER).await.expect(202);
    let second = register(&world.ours, &free, OTHER).await.expect(202);
    assert_eq!(shape(&first), shape(&second));
    assert_eq!(first.spent().sql, second.spent().sql);
    world.mail(&taken, "has an account already").await;
    log_in_with(&world.ours, &taken, OTHER).await.expect_problem(401, "login-refused");
    log_in_with(&world.ours, &taken, PASSWORD).await.expect(200);

    // Asking for mails tells as little.
    for path in ["/api/v1/auth/verify-email/resend", "/api/v1/auth/password/forgot", "/api/v1/auth/magic"] {
        let ask = async |email: &str| world.ours.shopper.post(path).json(&json!({ "email": email })).send().await;
        let answers =
            [ask(&taken).await, ask(&free).await, ask(&world.email("nobody")).await].map(|one| one.expect(202));
        for answer in &answers {
            assert_eq!(shape(answer), shape(&answers[0]), "{path}");
            assert_eq!(answer.spent().sql, answers[0].spent().sql, "{path}");
        }
    }
    assert_eq!(world.mails(&world.email("nobody")).len(), 0);
}

pub async fn what_counts_is_what_was_chosen_for_the_confirmed_link(world: World) {
    let email = world.email("pioneer");
    // Somebody else is first, with a password they know.
    register(&world.ours, &email, OTHER).await.expect(202);
    let theirs = world.mailed_secret(&email, "account/verify").await;
    register(&world.ours, &email, PASSWORD).await.expect(202);
    let mine = crate::eventually::eventually("a second mail", std::time::Duration::from_secs(20), async || {
        let newest = world.mailed_secret(&email, "account/verify").await;
        (newest != theirs).then_some(newest)
    })
    .await;
    assert_eq!(confirm(&world.ours, &mine, PASSWORD).await.expect(200).json()["passwordSet"], true);
    verify(&world.ours, &theirs).await.expect_problem(410, "link-gone");
    log_in_with(&world.ours, &email, OTHER).await.expect_problem(401, "login-refused");
    log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
}

pub async fn a_strangers_password_opens_no_account_that_somebody_else_confirms(world: World) {
    // A stranger registers somebody's address, who opens the link: with another password, or with none.
    for (name, given) in [("named", Some(PASSWORD)), ("silent", None)] {
        let email = world.email(name);
        register(&world.ours, &email, OTHER).await.expect(202);
        let token = world.mailed_secret(&email, "account/verify").await;
        let confirmed = match given {
            Some(password) => confirm(&world.ours, &token, password).await,
            None => verify(&world.ours, &token).await,
        };
        assert_eq!(confirmed.expect(200).json(), json!({ "passwordSet": false }));
        for password in [OTHER, PASSWORD] {
            log_in_with(&world.ours, &email, password).await.expect_problem(401, "login-refused");
        }
        // The address is its owner's, and so is the choice.
        forgot(&world.ours, &email).await.expect(202);
        let token = world.mailed_secret(&email, "account/reset-password").await;
        reset(&world.ours, &token, PASSWORD).await.expect(204);
        log_in_with(&world.ours, &email, OTHER).await.expect_problem(401, "login-refused");
        log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    }
}

pub async fn a_link_that_is_sent_again_sets_no_password(world: World) {
    let email = world.email("again");
    register(&world.ours, &email, OTHER).await.expect(202);
    let first = world.mailed_secret(&email, "account/verify").await;
    let resend = world.ours.shopper.post("/api/v1/auth/verify-email/resend").json(&json!({ "email": email }));
    resend.send().await.expect(202);
    let second = crate::eventually::eventually("a second mail", std::time::Duration::from_secs(20), async || {
        let newest = world.mailed_secret(&email, "account/verify").await;
        (newest != first).then_some(newest)
    })
    .await;
    let too_long = confirm(&world.ours, &second, &"x".repeat(513)).await;
    assert_eq!(too_long.expect_problem(422, "invalid-request").places(), ["#/password"]);
    assert_eq!(confirm(&world.ours, &second, OTHER).await.expect(200).json()["passwordSet"], false);
    log_in_with(&world.ours, &email, OTHER).await.expect_problem(401, "login-refused");
    confirm(&world.ours, &first, OTHER).await.expect_problem(410, "link-gone");
}

pub async fn a_link_is_used_once_also_by_twenty_at_once(world: World) {
    let email = world.email("twenty");
    let twenty = join_all((0..20).map(|_| register(&world.ours, &email, PASSWORD))).await;
    twenty.into_iter().for_each(|answer| drop(answer.expect(202)));
    let token = world.mailed_secret(&email, "account/verify").await;
    assert_eq!(won(join_all((0..20).map(|_| verify(&world.ours, &token))).await), 1);

    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
    let token = world.mailed_secret(&email, "account/magic").await;
    assert_eq!(won(join_all((0..20).map(|_| exchange(&world.ours, &token, None))).await), 1);

    forgot(&world.ours, &email).await.expect(202);
    let token = world.mailed_secret(&email, "account/reset-password").await;
    assert_eq!(won(join_all((0..20).map(|_| reset(&world.ours, &token, OTHER))).await), 1);
    log_in_with(&world.ours, &email, OTHER).await.expect(200);
}

pub async fn all_wrong_fields_of_a_registration_are_named(world: World) {
    let post = async |body: Value| world.ours.shopper.post("/api/v1/auth/register").json(&body).send().await;
    let wrong = json!({ "email": "ada", "password": "x", "name": "\u{7}", "locale": "english", "role": "owner" });
    let mut places = post(wrong).await.expect_problem(422, "invalid-request").places();
    places.sort();
    assert_eq!(places, ["#/email", "#/locale", "#/name", "#/role"]);
    let email = world.email("short");
    for password in ["short", "password", email.as_str()] {
        let refused = post(json!({ "email": email, "password": password })).await;
        assert_eq!(refused.expect_problem(422, "invalid-request").places(), ["#/password"], "{password}");
    }
    assert_eq!(post(json!({})).await.expect(422).places(), ["#/email", "#/password"]);
    for token in ["", "x", &"x".repeat(43), &"é".repeat(43), &"x".repeat(9_000)] {
        verify(&world.ours, token).await.expect_problem(410, "link-gone");
        exchange(&world.ours, token, None).await.expect_problem(410, "link-gone");
        reset(&world.ours, token, PASSWORD).await.expect_problem(410, "link-gone");
    }
    // It takes a person, whatever else one is.
    let change = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
    world.ours.merchant.post("/api/v1/auth/password").json(&change).send().await.expect_problem(403, "missing-scope");
}

pub async fn a_changed_password_ends_the_other_sessions(world: World) {
    let email = world.email("changes");
    sign_up(&world, &email).await;
    let lost = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    let mine = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    let person = as_person(&world, &mine);
    let change = async |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        person.post("/api/v1/auth/password").json(&body).send().await
    };
    change(OTHER, "another good one").await.expect_problem(403, "wrong-password");
    assert_eq!(change(PASSWORD, "short").await.expect(422).places(), ["#/newPassword"]);
    assert_eq!(change(PASSWORD, &email).await.expect(422).places(), ["#/newPassword"]);
    change(PASSWORD, OTHER).await.expect(204);
    change(PASSWORD, OTHER).await.expect_problem(403, "wrong-password");

    refresh(&world.ours, &lost).await.expect_problem(401, "session-ended");
    refresh(&world.ours, &mine).await.expect(200);
    log_in_with(&world.ours, &email, PASSWORD).await.expect_problem(401, "login-refused");
    log_in_with(&world.ours, &email, OTHER).await.expect(200);
    world.mail(&email, "was changed on").await;
}

pub async fn sessions_are_paged_newest_first(world: World) {
    let email = world.email("paged");
    sign_up(&world, &email).await;
    let mut logins = Vec::new();
    for _ in 0..5 {
        logins.push(as_person(&world, &log_in_with(&world.ours, &email, PASSWORD).await.expect(200)));
    }
    let (mut seen, mut next) = (Vec::new(), Some("/api/v1/auth/sessions?limit=2".to_owned()));
    while let Some(path) = next {
        let page = logins[4].get(&path).send().await.expect(200);
        seen.extend(page.json()["items"].as_array().unwrap().clone());
        next = page.header("link").map(|link| link[1..].split('>').next().unwrap().to_owned());
    }
    let whole = logins[4].get("/api/v1/auth/sessions").send().await.expect(200).json();
    assert_eq!((seen.len(), json!(&seen), &whole["nextCursor"]), (5, whole["items"].clone(), &Value::Null));
    assert_eq!(seen[0]["current"], true, "the newest asks");
}

pub async fn a_forgotten_password_is_reset_by_mail(world: World) {
    let email = world.email("forgets");
    sign_up(&world, &email).await;
    let session = log_in_with(&world.ours, &email, PASSWORD).await.expect(200);
    forgot(&world.ours, &email.to_uppercase()).await.expect(202);
    let token = world.mailed_secret(&email, "account/reset-password").await;
    assert_eq!(reset(&world.ours, &token, "short").await.expect(422).places(), ["#/newPassword"]);
    // A link for one thing is good for nothing else.
    verify(&world.ours, &token).await.expect_problem(410, "link-gone");
    exchange(&world.ours, &token, None).await.expect_problem(410, "link-gone");
    reset(&world.ours, &token, OTHER).await.expect(204);
    reset(&world.ours, &token, PASSWORD).await.expect_problem(410, "link-gone");
    refresh(&world.ours, &session).await.expect_problem(401, "session-ended");
    log_in_with(&world.ours, &email, PASSWORD).await.expect_problem(401, "login-refused");
    log_in_with(&world.ours, &email, OTHER).await.expect(200);
}

pub async fn a_magic_link_logs_in_once(world: World) {
    let email = world.email("magic");
    // Nobody has confirmed the address, nor has the password that was chosen for it.
    register(&world.ours, &email, PASSWORD).await.expect(202);
    let confirming = world.mailed_secret(&email, "account/verify").await;
    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
    let token = world.mailed_secret(&email, "account/magic").await;
    let tokens = exchange(&world.ours, &token, None).await.expect(200);
    assert!(tokens.spent().sql <= 2, "{tokens}");
    exchange(&world.ours, &token, None).await.expect_problem(410, "link-gone");
    let me = as_person(&world, &tokens).get("/api/v1/auth/me").send().await.expect(200).json();
    assert!(me["emailVerifiedAt"].is_string(), "{me}");
    // Whoever registered it has nothing from that.
    verify(&world.ours, &confirming).await.expect_problem(410, "link-gone");
    log_in_with(&world.ours, &email, PASSWORD).await.expect_problem(401, "login-refused");
}

pub async fn a_magic_link_is_bound_to_the_browser_that_asked(world: World) {
    let email = world.email("bound");
    sign_up(&world, &email).await;
    // RFC 7636, appendix B.
    let (challenge, verifier) =
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let ask = json!({ "email": email, "codeChallenge": challenge });
    world.ours.shopper.post("/api/v1/auth/magic").json(&ask).send().await.expect(202);
    let token = world.mailed_secret(&email, "account/magic").await;
    exchange(&world.ours, &token, None).await.expect_problem(409, "link-bound");
    exchange(&world.ours, &token, Some(&"x".repeat(43))).await.expect_problem(409, "link-bound");
    exchange(&world.ours, &token, Some(verifier)).await.expect(200);
    exchange(&world.ours, &token, Some(verifier)).await.expect_problem(410, "link-gone");
    let places = exchange(&world.ours, &token, Some("short")).await.expect(422).places();
    assert_eq!(places, ["#/codeVerifier"]);
}

pub async fn an_address_is_nobodys_to_flood(world: World) {
    let email = world.email("flooded");
    sign_up(&world, &email).await;
    for _ in 0..8 {
        forgot(&world.ours, &email).await.expect(202);
    }
    // The last one that may come is there; no further one follows it.
    let links = || world.mails(&email).iter().filter(|mail| mail.text.contains("account/reset-password")).count();
    crate::eventually::eventually("five mails", std::time::Duration::from_secs(20), async || {
        (links() == 5).then_some(())
    })
    .await;
    forgot(&world.ours, &email).await.expect(202);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(links(), 5);
}

pub async fn a_stranger_takes_no_mail_from_the_owner(world: World) {
    let email = world.email("besieged");
    sign_up(&world, &email).await;
    let stranger = world.ours.shopper.moved_to(std::net::Ipv4Addr::new(127, 0, 0, 7).into());
    for (path, page) in
        [("/api/v1/auth/magic", "account/magic"), ("/api/v1/auth/password/forgot", "account/reset-password")]
    {
        let body = json!({ "email": email });
        for _ in 0..6 {
            stranger.post(path).json(&body).send().await.expect(202);
        }
        let links = || world.mails(&email).iter().filter(|mail| mail.text.contains(page)).count();
        let wait = std::time::Duration::from_secs(20);
        crate::eventually::eventually("five mails", wait, async || (links() == 5).then_some(())).await;
        world.ours.shopper.post(path).json(&body).send().await.expect(202);
        crate::eventually::eventually("the owner's", wait, async || (links() == 6).then_some(())).await;
    }
    // Of many strangers not all get a mail sent.
    for last in 20..40 {
        let other = world.ours.shopper.moved_to(std::net::Ipv4Addr::new(127, 0, 0, last).into());
        other.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
    }
    let links = || world.mails(&email).iter().filter(|mail| mail.text.contains("account/magic")).count();
    let wait = std::time::Duration::from_secs(20);
    crate::eventually::eventually("twenty mails", wait, async || (links() == 20).then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(links(), 20);
}

pub async fn many_requests_at_once_take_no_mail_from_the_owner(world: World) {
    let email = world.email("stormed");
    sign_up(&world, &email).await;
    let stranger = world.ours.shopper.moved_to(std::net::Ipv4Addr::new(127, 0, 0, 8).into());
    let ask = || stranger.post("/api/v1/auth/password/forgot").json(&json!({ "email": email })).send();
    join_all((0..30).map(|_| ask())).await.into_iter().for_each(|answer| drop(answer.expect(202)));
    let links = || world.mails(&email).iter().filter(|mail| mail.text.contains("account/reset-password")).count();
    let wait = std::time::Duration::from_secs(20);
    crate::eventually::eventually("five mails", wait, async || (links() == 5).then_some(())).await;
    forgot(&world.ours, &email).await.expect(202);
    crate::eventually::eventually("the owner's", wait, async || (links() == 6).then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(links(), 6);
}

pub async fn links_that_only_strangers_can_use_take_none_from_the_owner(world: World) {
    let email = world.email("beleaguered");
    sign_up(&world, &email).await;
    let bound = json!({ "email": email, "codeChallenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" });
    for last in 9..13 {
        let stranger = world.ours.shopper.moved_to(std::net::Ipv4Addr::new(127, 0, 0, last).into());
        for _ in 0..6 {
            stranger.post("/api/v1/auth/magic").json(&bound).send().await.expect(202);
        }
    }
    let links = || world.mails(&email).iter().filter(|mail| mail.text.contains("account/magic")).count();
    let wait = std::time::Duration::from_secs(20);
    crate::eventually::eventually("twenty mails", wait, async || (links() == 20).then_some(())).await;
    // Nobody is flooded by these either; a link that anyone can use still comes.
    world.ours.shopper.post("/api/v1/auth/magic").json(&bound).send().await.expect(202);
    world.ours.shopper.post("/api/v1/auth/magic").json(&json!({ "email": email })).send().await.expect(202);
    crate::eventually::eventually("the owner's", wait, async || (links() == 21).then_some(())).await;
    let token = world.mailed_secret(&email, "account/magic").await;
    exchange(&world.ours, &token, None).await.expect(200);
    assert_eq!(links(), 21);
}

pub async fn another_tenants_links_are_gone(world: World) {
    let email = world.email("elsewhere");
    register(&world.theirs, &email, PASSWORD).await.expect(202);
    let token = world.mailed_secret(&email, "account/verify").await;
    verify(&world.ours, &token).await.expect_problem(410, "link-gone");
    verify(&world.theirs, &token).await.expect(200);
}

/// How many of several uses of one link were the first.
fn won(answers: Vec<Answer>) -> usize {
    let (first, late): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status < 300);
    late.into_iter().for_each(|answer| drop(answer.expect_problem(410, "link-gone")));
    first.len()
}

/// What an answer gives away: its status, the names of its headers, and its body.
fn shape(answer: &Answer) -> (u16, BTreeMap<String, usize>, String) {
    let mut headers = BTreeMap::new();
    for (name, value) in &answer.headers {
        // What counts requests, and the moment, differ between any two.
        let is_told = name.as_str().starts_with("ratelimit") || matches!(name.as_str(), "date" | "server-timing");
        headers.insert(name.to_string(), if is_told { 0 } else { value.len() });
    }
    (answer.status, headers, String::from_utf8_lossy(&answer.body).into_owned())
}

/// A customer with a confirmed address.
pub async fn sign_up(world: &World, email: &str) {
    register(&world.ours, email, PASSWORD).await.expect(202);
    let token = world.mailed_secret(email, "account/verify").await;
    assert_eq!(confirm(&world.ours, &token, PASSWORD).await.expect(200).json()["passwordSet"], true);
}

pub async fn register(shop: &Shop, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    shop.shopper.post("/api/v1/auth/register").json(&body).send().await
}

pub async fn confirm(shop: &Shop, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    shop.shopper.post("/api/v1/auth/verify-email").json(&body).send().await
}

/// Confirms an address without a password.
pub async fn verify(shop: &Shop, token: &str) -> Answer {
    shop.shopper.post("/api/v1/auth/verify-email").json(&json!({ "token": token })).send().await
}

async fn forgot(shop: &Shop, email: &str) -> Answer {
    shop.shopper.post("/api/v1/auth/password/forgot").json(&json!({ "email": email })).send().await
}

async fn reset(shop: &Shop, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "newPassword": password });
    shop.shopper.post("/api/v1/auth/password/reset").json(&body).send().await
}

pub async fn exchange(shop: &Shop, token: &str, verifier: Option<&str>) -> Answer {
    let body = match verifier {
        None => json!({ "token": token }),
        Some(verifier) => json!({ "token": token, "codeVerifier": verifier }),
    };
    shop.shopper.post("/api/v1/auth/magic/exchange").json(&body).send().await
}
